// SPDX-License-Identifier: GPL-2.0
/*
 * Users over netlink: what each holds and may hold. And what is counted: messages, calls
 * and ports, which add up at any time when nobody is busy.
 */
#include "cargo.h"

#include "netlink.h"

#define PARAMETERS	"/sys/module/ipcport/parameters/"

/* Users who have nothing else. */
enum { USER = 2000, FIRST_OF_MANY = 3000 };

#define NR_MANY		300

enum { PORTS, MESSAGES, CALLS, CARGO, NR_LIMITS };

static const char * const limits[NR_LIMITS] = {
	"max_ports", "max_messages", "max_calls", "max_cargo",
};

FIXTURE(user) {
	int fd;
	int64_t port;
	struct nl nl;
	struct view view;
	struct views views;
	pid_t child;
};

FIXTURE_SETUP(user)
{
	adopt_orphans();
	self->fd = dev_open();
	ASSERT_LE(0, self->fd);
	self->port = port_create_for_cargo(self->fd, 8);
	ASSERT_LT(0, self->port);
	ASSERT_EQ(0, nl_open(&self->nl));
	if (geteuid())
		SKIP(return, "only root can become others");
}

FIXTURE_TEARDOWN(user)
{
	reap_all(&self->child, 1);
	views_free(&self->views);
	EXPECT_SOUND(&self->nl);
	nl_close(&self->nl);
	close(self->fd);
	EXPECT_TRUE(all_is_gone());
}

/* Check a whole record. */
#define EXPECT_USER(_view, _uid, _ports, _messages, _calls, _cargo) do {	\
	const uint64_t _used[] = { _ports, _messages, _calls, _cargo };		\
	char _path[128];							\
										\
	EXPECT_EQ(_uid, NUMBER(_view, USER_UID));				\
	ASSERT_EQ(NR_LIMITS, (_view)->nr_limits);				\
	for (int _i = 0; _i < NR_LIMITS; _i++) {				\
		sprintf(_path, PARAMETERS "%s", limits[_i]);			\
		EXPECT_STREQ(limits[_i], (_view)->limits[_i].name);		\
		EXPECT_EQ(_used[_i], (_view)->limits[_i].used);			\
		EXPECT_EQ(file_number(_path), (_view)->limits[_i].bound);	\
	}									\
} while (0)

#define EXPECT_ME(_ports, _messages, _calls, _cargo) do {			\
	ASSERT_EQ(0, get_plain(&self->nl, IPCPORT_CMD_USER_GET, &self->view));	\
	EXPECT_USER(&self->view, geteuid(), _ports, _messages, _calls, _cargo);	\
} while (0)

TEST_F(user, sees_what_it_holds_of_each_limit)
{
	int cargo = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int64_t port, token;

	EXPECT_ME(1, 8, 0, 0);
	port = port_create(self->fd, 5);
	EXPECT_ME(2, 13, 0, 0);
	token = call_submit(self->fd, self->port, 1, 0, 0);
	EXPECT_ME(2, 13, 1, 0);
	EXPECT_EQ(0, cargo_send(self->fd, self->port, 2, cargo, 0, 0));
	EXPECT_ME(2, 13, 1, 1);
	EXPECT_EQ(IPCPORT_CALL_QUEUED, call_cancel(self->fd, token));
	EXPECT_EQ(0, port_destroy(self->fd, port));
	EXPECT_ME(1, 8, 0, 1);
	close(cargo);
}

TEST_F(user, that_is_asked_for_is_the_one_that_is_shown)
{
	ASSERT_EQ(0, get_user(&self->nl, geteuid(), &self->view));
	EXPECT_USER(&self->view, geteuid(), 1, 8, 0, 0);
	/* who has nothing may have something */
	ASSERT_EQ(0, get_user(&self->nl, USER, &self->view));
	EXPECT_USER(&self->view, USER, 0, 0, 0, 0);
	ASSERT_EQ(0, get_user(&self->nl, UINT32_MAX - 1, &self->view));
	EXPECT_USER(&self->view, UINT32_MAX - 1, 0, 0, 0, 0);
	EXPECT_EQ(-ENOENT, get_user(&self->nl, UINT32_MAX, &self->view));
}

/* A child that holds a port for each of these users. */
static pid_t start_users(int fd, int nr)
{
	_Atomic int *is_ready = shared_alloc(sizeof(*is_ready));
	pid_t pid = fork();

	if (!pid) {
		for (int i = 0; i < nr; i++)
			if (setresuid(-1, FIRST_OF_MANY + i, -1) ||
			    port_create(fd, 1 + i) < 0 || setresuid(-1, 0, -1))
				abort();
		/* which the change of users cleared, if it was set */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		*is_ready = 1;
		hold_still();
	}
	wait_until(*is_ready);
	return pid;
}

static struct view *find_user(struct views *views, uint32_t uid)
{
	struct view *view;

	for_each_view(view, views)
		if (NUMBER(view, USER_UID) == uid)
			return view;
	return NULL;
}

/* As many as the parts of a dump cannot hold at once. */
TEST_F_TIMEOUT(user, is_once_in_a_dump_of_many, LONG_TIMEOUT)
{
	self->child = start_users(self->fd, NR_MANY);
	ASSERT_EQ(0, dump_users(&self->nl, &self->views));
	EXPECT_EQ(NR_MANY + 1, self->views.nr);
	EXPECT_LT(2, self->nl.nr_parts);
	for (int i = 0; i < NR_MANY; i++) {
		struct view *view = find_user(&self->views, FIRST_OF_MANY + i);

		ASSERT_NE(NULL, view);
		EXPECT_USER(view, FIRST_OF_MANY + i, 1, 1 + i, 0, 0);
	}
	EXPECT_NE(NULL, find_user(&self->views, geteuid()));
	EXPECT_EQ(-SIGKILL, kill_and_reap(self->child));
	self->child = 0;
	ASSERT_TRUE(wait_until(live_count("users") <= 1));
	ASSERT_EQ(0, dump_users(&self->nl, &self->views));
	EXPECT_EQ(1, self->views.nr);
}

/* Counters: those of the port, and how those of the namespace have grown. */

#define EXPECT_GROWN(_before, _after, _what, _by)	\
	EXPECT_EQ(NUMBER(_before, COUNTERS_##_what) + (_by), NUMBER(_after, COUNTERS_##_what))

/* What happens to calls, by outcome. */
static const int outcomes[] = {
	IPCPORT_A_COUNTERS_ANSWERED, IPCPORT_A_COUNTERS_PORT_DIED,
	IPCPORT_A_COUNTERS_HOLDER_DIED, IPCPORT_A_COUNTERS_TIMED_OUT,
	IPCPORT_A_COUNTERS_CANCELLED, IPCPORT_A_COUNTERS_CALLER_GONE,
};

FIXTURE(counter) {
	int fd;
	int64_t port;
	struct nl nl;
	struct view before, after, view;
};

FIXTURE_SETUP(counter)
{
	adopt_orphans();
	self->fd = dev_open();
	ASSERT_LE(0, self->fd);
	self->port = port_create(self->fd, 8);
	ASSERT_LT(0, self->port);
	ASSERT_EQ(0, nl_open(&self->nl));
	ASSERT_EQ(0, get_plain(&self->nl, IPCPORT_CMD_COUNTERS_GET, &self->before));
}

FIXTURE_TEARDOWN(counter)
{
	EXPECT_SOUND(&self->nl);
	nl_close(&self->nl);
	close(self->fd);
	EXPECT_TRUE(all_is_gone());
}

/* Read those of the namespace, and of the port if it lives. */
#define LOOK() do {								\
	ASSERT_EQ(0, get_plain(&self->nl, IPCPORT_CMD_COUNTERS_GET, &self->after));	\
	get_port(&self->nl, self->port, &self->view);				\
} while (0)

/* Check that calls have had one outcome, and no other. */
#define EXPECT_OUTCOME(_outcome, _nr) do {					\
	for (size_t _i = 0; _i < sizeof(outcomes) / sizeof(outcomes[0]); _i++)	\
		EXPECT_EQ(self->before.number[outcomes[_i]] +			\
			  (outcomes[_i] == IPCPORT_A_COUNTERS_##_outcome ? (_nr) : 0),	\
			  self->after.number[outcomes[_i]]);			\
	EXPECT_GROWN(&self->before, &self->after, CALLS, _nr);			\
} while (0)

TEST_F(counter, of_messages_counts_what_is_sent_received_and_dropped)
{
	for (int i = 0; i < 5; i++)
		ASSERT_EQ(0, send_nb(self->fd, self->port, i));
	for (int i = 0; i < 3; i++)
		ASSERT_EQ(i, recv_nb(self->fd, self->port));
	LOOK();
	EXPECT_EQ(5, COUNTER(&self->view, SENT));
	EXPECT_EQ(3, COUNTER(&self->view, RECEIVED));
	EXPECT_EQ(0, COUNTER(&self->view, DROPPED));
	EXPECT_GROWN(&self->before, &self->after, SENT, 5);
	EXPECT_GROWN(&self->before, &self->after, RECEIVED, 3);
	EXPECT_GROWN(&self->before, &self->after, DROPPED, 0);
	EXPECT_EQ(0, port_destroy(self->fd, self->port));
	LOOK();
	EXPECT_GROWN(&self->before, &self->after, SENT, 5);
	EXPECT_GROWN(&self->before, &self->after, RECEIVED, 3);
	EXPECT_GROWN(&self->before, &self->after, DROPPED, 2);
	EXPECT_GROWN(&self->before, &self->after, CALLS, 0);
}

TEST_F(counter, of_messages_does_not_count_what_was_put_back)
{
	ASSERT_EQ(0, send_nb(self->fd, self->port, 1));
	EXPECT_EQ(-EFAULT, msg_recv(self->fd, self->port, NULL, 1, 0, 0));
	LOOK();
	EXPECT_EQ(0, COUNTER(&self->view, RECEIVED));
	EXPECT_GROWN(&self->before, &self->after, SENT, 1);
	EXPECT_GROWN(&self->before, &self->after, RECEIVED, 0);
}

/* What is left in a port that has ended is dropped when nobody can receive it any more. */
TEST_F(counter, of_messages_counts_what_a_handle_receives_after_the_end)
{
	int handle = open_handle(self->fd, self->port, R_RECV);

	for (int i = 0; i < 3; i++)
		ASSERT_EQ(0, send_nb(self->fd, self->port, i));
	ASSERT_EQ(0, port_destroy(self->fd, self->port));
	EXPECT_EQ(0, recv_nb(handle, 0));
	close(handle);
	ASSERT_TRUE(handles_live(0));
	LOOK();
	EXPECT_GROWN(&self->before, &self->after, SENT, 3);
	EXPECT_GROWN(&self->before, &self->after, RECEIVED, 1);
	EXPECT_GROWN(&self->before, &self->after, DROPPED, 2);
}

TEST_F(counter, of_calls_counts_answers)
{
	struct server *server = server(self->fd, self->port, .nr_wanted = 3);

	for (int i = 0; i < 3; i++)
		EXPECT_EQ(answer_to(i), call_value(self->fd, self->port, i, 0, FAR_AWAY));
	EXPECT_EQ(0, server_end(server));
	LOOK();
	EXPECT_OUTCOME(ANSWERED, 3);
	EXPECT_EQ(3, COUNTER(&self->view, CALLS));
	EXPECT_EQ(3, COUNTER(&self->view, ANSWERED));
	EXPECT_EQ(3, COUNTER(&self->view, SENT));
	EXPECT_EQ(3, COUNTER(&self->view, RECEIVED));
}

TEST_F(counter, of_calls_counts_what_its_ports_end_leaves_open)
{
	int64_t token = call_submit(self->fd, self->port, 1, 0, 0);

	ASSERT_EQ(token, recv_call(self->fd, self->port, 0, FAR_AWAY));
	ASSERT_LT(0, call_submit(self->fd, self->port, 1, 0, 0));
	EXPECT_EQ(0, port_destroy(self->fd, self->port));
	LOOK();
	EXPECT_OUTCOME(PORT_DIED, 2);
	EXPECT_GROWN(&self->before, &self->after, SENT, 2);
	EXPECT_GROWN(&self->before, &self->after, RECEIVED, 1);
	EXPECT_GROWN(&self->before, &self->after, DROPPED, 1);
}

TEST_F(counter, of_calls_counts_what_a_dead_holder_leaves_open)
{
	int64_t token = call_submit(self->fd, self->port, 1, 0, 0);
	pid_t pid = fork();

	if (!pid)
		_exit(recv_call(self->fd, self->port, 0, FAR_AWAY) <= 0);
	EXPECT_EQ(0, reap(pid));
	EXPECT_EQ(-EPIPE, call_collect(self->fd, self->port, token, 0, FAR_AWAY));
	LOOK();
	EXPECT_OUTCOME(HOLDER_DIED, 1);
	EXPECT_EQ(1, COUNTER(&self->view, HOLDER_DIED));
}

TEST_F(counter, of_calls_counts_deadlines)
{
	EXPECT_EQ(-ETIMEDOUT, call_value(self->fd, self->port, 1, 0, in_ms(20)));
	LOOK();
	EXPECT_OUTCOME(TIMED_OUT, 1);
	EXPECT_EQ(1, COUNTER(&self->view, TIMED_OUT));
	/* its request has gone, and nobody received it */
	EXPECT_EQ(1, COUNTER(&self->view, SENT));
	EXPECT_EQ(0, COUNTER(&self->view, RECEIVED));
	EXPECT_EQ(1, COUNTER(&self->view, DROPPED));
	EXPECT_EQ(0, NUMBER(&self->view, PORT_DEPTH));
}

TEST_F(counter, of_calls_counts_cancels_of_each_kind)
{
	int fd = dev_open();
	int64_t token = call_submit(self->fd, self->port, 1, 0, 0);

	ASSERT_EQ(token, recv_call(self->fd, self->port, 0, FAR_AWAY));
	ASSERT_LT(0, call_submit(fd, self->port, 1, 0, 0));
	EXPECT_EQ(IPCPORT_CALL_RECEIVED, call_cancel(self->fd, token));
	close(fd);
	LOOK();
	EXPECT_OUTCOME(CANCELLED, 2);
	EXPECT_EQ(2, COUNTER(&self->view, CANCELLED));
	EXPECT_EQ(1, COUNTER(&self->view, DROPPED));
}

TEST_F(counter, of_calls_counts_callers_that_are_killed)
{
	struct caller *caller = caller(self->fd, self->port, .is_child = true);

	ASSERT_TRUE(wait_for_calls(self->fd, self->port, 1, 1));
	ASSERT_TRUE(wait_for_sleep(caller));
	kill(caller->pid, SIGKILL);
	EXPECT_EQ(KILLED, caller_end(caller));
	LOOK();
	EXPECT_OUTCOME(CALLER_GONE, 1);
	EXPECT_EQ(1, COUNTER(&self->view, CALLER_GONE));
	EXPECT_EQ(1, COUNTER(&self->view, DROPPED));
}

TEST_F(counter, of_calls_does_not_count_what_did_not_get_in)
{
	for (int i = 0; i < 8; i++)
		ASSERT_EQ(0, send_nb(self->fd, self->port, i));
	EXPECT_EQ(-ETIMEDOUT, call_value(self->fd, self->port, 1, 0, in_ms(20)));
	EXPECT_EQ(-EAGAIN, send_nb(self->fd, self->port, 1));
	LOOK();
	EXPECT_OUTCOME(TIMED_OUT, 0);
	EXPECT_GROWN(&self->before, &self->after, SENT, 8);
}

TEST_F(counter, of_messages_counts_notices)
{
	int64_t port = port_create_as(self->fd, 4, 0, IPCPORT_CREATE_F_NOTIFY_ABORT), token;

	self->port = port;
	token = call_submit(self->fd, port, 1, 0, 0);
	ASSERT_EQ(token, recv_call(self->fd, port, 0, FAR_AWAY));
	EXPECT_EQ(IPCPORT_CALL_RECEIVED, call_cancel(self->fd, token));
	LOOK();
	EXPECT_EQ(1, NUMBER(&self->view, PORT_DEPTH));
	EXPECT_EQ(2, COUNTER(&self->view, SENT));
	EXPECT_EQ(1, COUNTER(&self->view, RECEIVED));
	/* a notice has the token of what was given up */
	EXPECT_EQ(token, recv_call(self->fd, port, 0, FAR_AWAY));
	LOOK();
	EXPECT_EQ(2, COUNTER(&self->view, RECEIVED));
}

TEST_F(counter, of_ports_counts_each_way_to_end)
{
	int fd = dev_open();
	pid_t pid;

	ASSERT_LT(0, port_create(fd, 1));
	close(fd);
	pid = fork();
	if (!pid)
		_exit(port_create(self->fd, 1) <= 0);
	EXPECT_EQ(0, reap(pid));
	EXPECT_EQ(0, port_destroy(self->fd, self->port));
	LOOK();
	EXPECT_GROWN(&self->before, &self->after, CREATED, 2);
	EXPECT_GROWN(&self->before, &self->after, CLOSED, 1);
	EXPECT_GROWN(&self->before, &self->after, EXITED, 1);
	EXPECT_GROWN(&self->before, &self->after, DESTROYED, 1);
}

int main(int argc, char **argv)
{
	return process_main(argc, argv);
}
