// SPDX-License-Identifier: GPL-2.0
/*
 * Events over netlink: each kind, their order, and what becomes of a listener who does
 * not read fast enough.
 */
#include "netlink.h"

#include <limits.h>

#define MAX_PORTS	"/sys/module/ipcport/parameters/max_ports"
#define MAX_CALLS	"/sys/module/ipcport/parameters/max_calls"

/* A user who has nothing else. */
#define USER		2000

/* What comes with each event. */
#define CREATED		(BIT(EVENT_PORT) | BIT(EVENT_GENERATION) | BIT(EVENT_OWNER_PID) |	\
			 BIT(EVENT_UID))
#define DESTROYED	(CREATED | BIT(EVENT_CAUSE))
#define BOUND		(BIT(EVENT_PORT) | BIT(EVENT_GENERATION) | BIT(EVENT_NAME))
#define OWNER_DIED	(BIT(EVENT_PORT) | BIT(EVENT_OWNER_PID) | BIT(EVENT_UID) |		\
			 BIT(EVENT_CALLERS))
#define CALL_ABORTED	(BIT(EVENT_PORT) | BIT(EVENT_TOKEN) | BIT(EVENT_CALLER_PID) |		\
			 BIT(EVENT_CALLER_TID) | BIT(EVENT_OUTCOME))
#define LIMIT_HIT	(BIT(EVENT_UID) | BIT(EVENT_LIMIT_NAME) | BIT(EVENT_LIMIT_BOUND))

FIXTURE(event) {
	int fd;
	int64_t port;
	struct nl nl;		/* to ask */
	struct nl ear;		/* to listen */
	struct view view;
	long long max_ports, max_calls;
};

FIXTURE_SETUP(event)
{
	adopt_orphans();
	self->fd = dev_open();
	ASSERT_LE(0, self->fd);
	self->port = port_create(self->fd, 1);
	ASSERT_LT(0, self->port);
	self->max_ports = file_number(MAX_PORTS);
	self->max_calls = file_number(MAX_CALLS);
	ASSERT_EQ(0, nl_open(&self->nl));
	ASSERT_EQ(0, nl_open(&self->ear));
	if (nl_join(&self->ear))
		SKIP(return, "only root can listen");
}

static void number_write(const char *path, long long number)
{
	char text[32];

	snprintf(text, sizeof(text), "%lld", number);
	file_write(path, text);
}

FIXTURE_TEARDOWN(event)
{
	if (file_number(MAX_PORTS) != self->max_ports)
		number_write(MAX_PORTS, self->max_ports);
	if (file_number(MAX_CALLS) != self->max_calls)
		number_write(MAX_CALLS, self->max_calls);
	EXPECT_SOUND(&self->nl);
	EXPECT_SOUND(&self->ear);
	nl_close(&self->nl);
	nl_close(&self->ear);
	close(self->fd);
	EXPECT_TRUE(all_is_gone());
}

/* Check what comes next, and what it is about. */
#define EXPECT_EVENT(_what, _attrs, _port) do {					\
	ASSERT_EQ(0, await_event(&self->ear, &self->view));			\
	EXPECT_EQ(IPCPORT_CMD_##_what##_NTF, self->view.cmd);			\
	EXPECT_EQ(_attrs, self->view.has);					\
	EXPECT_EQ(_port, NUMBER(&self->view, EVENT_PORT));			\
} while (0)

#define EXPECT_SILENCE()	EXPECT_TRUE(hears_nothing(&self->ear, self->fd))

/* Ports. */

TEST_F(event, created_brings_the_owner_and_the_generation)
{
	int64_t port = port_create(self->fd, 1);

	EXPECT_EVENT(CREATED, CREATED, port);
	EXPECT_EQ(getpid(), NUMBER(&self->view, EVENT_OWNER_PID));
	EXPECT_EQ(geteuid(), NUMBER(&self->view, EVENT_UID));
	EXPECT_EQ(generation(&self->nl, self->port), NUMBER(&self->view, EVENT_GENERATION));
	EXPECT_SILENCE();
}

TEST_F(event, destroyed_by_destroy_says_so)
{
	EXPECT_EQ(0, port_destroy(self->fd, self->port));
	EXPECT_EVENT(DESTROYED, DESTROYED, self->port);
	EXPECT_EQ(IPCPORT_PORT_CAUSE_DESTROY, NUMBER(&self->view, EVENT_CAUSE));
	EXPECT_EQ(getpid(), NUMBER(&self->view, EVENT_OWNER_PID));
	EXPECT_EQ(geteuid(), NUMBER(&self->view, EVENT_UID));
	EXPECT_SILENCE();
}

TEST_F(event, destroyed_by_the_last_close_says_so)
{
	int fd = dev_open(), copy = dup(fd);
	int64_t port = port_create(fd, 1);

	EXPECT_EVENT(CREATED, CREATED, port);
	close(copy);
	EXPECT_SILENCE();
	close(fd);
	EXPECT_EVENT(DESTROYED, DESTROYED, port);
	EXPECT_EQ(IPCPORT_PORT_CAUSE_CLOSE, NUMBER(&self->view, EVENT_CAUSE));
	EXPECT_EQ(getpid(), NUMBER(&self->view, EVENT_OWNER_PID));
	EXPECT_SILENCE();
}

/* A child with a port of that capacity, which it does not receive from. */
static pid_t start_owner(int fd, uint32_t capacity, const char *name, int64_t *port)
{
	int64_t *theirs = shared_alloc(sizeof(*theirs));
	pid_t pid = fork();

	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		*port = port_create(fd, capacity);
		if (*port < 0 || (name && port_bind(fd, *port, name)))
			_exit(1);
		*(volatile int64_t *)theirs = *port;
		hold_still();
	}
	wait_until(*(volatile int64_t *)theirs);
	*port = *theirs;
	return pid;
}

TEST_F(event, destroyed_by_its_owners_exit_says_so_and_then_that_all_were_answered)
{
	int64_t port;
	pid_t pid = start_owner(self->fd, 1, "/test/dies", &port);

	EXPECT_EVENT(CREATED, CREATED, port);
	EXPECT_EQ(pid, NUMBER(&self->view, EVENT_OWNER_PID));
	EXPECT_EVENT(BOUND, BOUND, port);
	EXPECT_EQ(-SIGKILL, kill_and_reap(pid));
	EXPECT_EVENT(DESTROYED, DESTROYED | BIT(EVENT_NAME), port);
	EXPECT_STREQ("/test/dies", TEXT(&self->view, EVENT_NAME));
	EXPECT_EQ(IPCPORT_PORT_CAUSE_EXIT, NUMBER(&self->view, EVENT_CAUSE));
	EXPECT_EQ(pid, NUMBER(&self->view, EVENT_OWNER_PID));
	EXPECT_EVENT(OWNER_DIED, OWNER_DIED, port);
	EXPECT_EQ(pid, NUMBER(&self->view, EVENT_OWNER_PID));
	EXPECT_EQ(geteuid(), NUMBER(&self->view, EVENT_UID));
	EXPECT_EQ(0, NUMBER(&self->view, EVENT_CALLERS));
	EXPECT_SILENCE();
}

/* Queued, received, and for which nobody sleeps; those who wait for space have not called. */
TEST_F(event, owner_died_counts_the_calls_that_it_left)
{
	struct caller *queued, *received, *outside;
	int64_t port, token;
	pid_t pid = start_owner(self->fd, 2, NULL, &port);

	received = caller(self->fd, port);
	ASSERT_TRUE(wait_for_calls(self->fd, port, 1, 1));
	ASSERT_LT(0, recv_call(self->fd, port, 0, FAR_AWAY));
	queued = caller(self->fd, port);
	ASSERT_TRUE(wait_for_calls(self->fd, port, 1, 2));
	token = call_submit(self->fd, port, 1, 0, 0);
	ASSERT_LT(0, token);
	outside = caller(self->fd, port);
	ASSERT_TRUE(wait_for_senders(self->fd, port, 1));
	EXPECT_EVENT(CREATED, CREATED, port);
	EXPECT_EQ(-SIGKILL, kill_and_reap(pid));
	EXPECT_EVENT(DESTROYED, DESTROYED, port);
	EXPECT_EVENT(OWNER_DIED, OWNER_DIED, port);
	EXPECT_EQ(3, NUMBER(&self->view, EVENT_CALLERS));
	EXPECT_SILENCE();
	EXPECT_EQ(-EPIPE, caller_end(queued));
	EXPECT_EQ(-EPIPE, caller_end(received));
	EXPECT_EQ(-EPIPE, caller_end(outside));
	EXPECT_EQ(-EPIPE, call_collect(self->fd, port, token, 0, FAR_AWAY));
}

TEST_F(event, destroyed_with_calls_in_it_is_not_the_death_of_an_owner)
{
	struct caller *caller = caller(self->fd, self->port);

	ASSERT_TRUE(wait_for_calls(self->fd, self->port, 1, 1));
	EXPECT_EQ(0, port_destroy(self->fd, self->port));
	EXPECT_EQ(-EPIPE, caller_end(caller));
	EXPECT_EVENT(DESTROYED, DESTROYED, self->port);
	EXPECT_SILENCE();
}

/* Names. */

TEST_F(event, bound_and_unbound_bring_the_name_and_the_generation)
{
	EXPECT_EQ(0, port_bind(self->fd, self->port, "/test/event"));
	EXPECT_EVENT(BOUND, BOUND, self->port);
	EXPECT_STREQ("/test/event", TEXT(&self->view, EVENT_NAME));
	EXPECT_EQ(generation(&self->nl, self->port), NUMBER(&self->view, EVENT_GENERATION));
	EXPECT_EQ(0, port_unbind(self->fd, self->port));
	EXPECT_EVENT(UNBOUND, BOUND, self->port);
	EXPECT_STREQ("/test/event", TEXT(&self->view, EVENT_NAME));
	EXPECT_EQ(generation(&self->nl, self->port), NUMBER(&self->view, EVENT_GENERATION));
	EXPECT_SILENCE();
}

TEST_F(event, destroyed_brings_the_name_instead_of_unbound)
{
	EXPECT_EQ(0, port_bind(self->fd, self->port, "/test/event"));
	EXPECT_EVENT(BOUND, BOUND, self->port);
	EXPECT_EQ(0, port_destroy(self->fd, self->port));
	EXPECT_EVENT(DESTROYED, DESTROYED | BIT(EVENT_NAME), self->port);
	EXPECT_STREQ("/test/event", TEXT(&self->view, EVENT_NAME));
	EXPECT_SILENCE();
}

TEST_F(event, does_not_come_for_what_failed_or_changes_no_port)
{
	int handle = open_handle(self->fd, self->port, R_BOTH);

	EXPECT_EQ(-EINVAL, port_create(self->fd, 1 << 30));
	EXPECT_EQ(-ENOENT, port_destroy(self->fd, UINT64_MAX));
	EXPECT_EQ(-ENOENT, port_unbind(self->fd, self->port));
	EXPECT_EQ(-EINVAL, port_bind(self->fd, self->port, "\n"));
	EXPECT_EQ(0, send_nb(self->fd, self->port, 1));
	EXPECT_EQ(-EAGAIN, send_nb(self->fd, self->port, 1));
	EXPECT_EQ(1, recv_nb(handle, 0));
	close(handle);
	EXPECT_SILENCE();
}

/* Calls. */

/* Check the end of a call that thread @_tid made. */
#define EXPECT_ABORTED(_outcome, _token, _pid, _tid) do {			\
	EXPECT_EVENT(CALL_ABORTED, CALL_ABORTED, self->port);			\
	EXPECT_EQ(IPCPORT_CALL_##_outcome, NUMBER(&self->view, EVENT_OUTCOME));	\
	EXPECT_EQ(_token, NUMBER(&self->view, EVENT_TOKEN));			\
	EXPECT_EQ(_pid, NUMBER(&self->view, EVENT_CALLER_PID));			\
	EXPECT_EQ(_tid, NUMBER(&self->view, EVENT_CALLER_TID));			\
	EXPECT_SILENCE();							\
} while (0)

TEST_F(event, does_not_come_for_a_call_that_is_answered)
{
	struct server *server = server(self->fd, self->port, .nr_wanted = 1);

	EXPECT_EQ(answer_to(1), call_value(self->fd, self->port, 1, 0, FAR_AWAY));
	EXPECT_EQ(0, server_end(server));
	EXPECT_SILENCE();
}

TEST_F(event, call_aborted_comes_when_the_holder_dies)
{
	int64_t *token = shared_alloc(sizeof(*token));
	struct caller *caller = caller(self->fd, self->port);
	pid_t pid = fork();

	if (!pid) {
		*token = recv_call(self->fd, self->port, 0, FAR_AWAY);
		_exit(0);
	}
	EXPECT_EQ(0, reap(pid));
	ASSERT_LT(0, *token);
	EXPECT_EQ(-EPIPE, caller_end(caller));
	EXPECT_ABORTED(HOLDER_DIED, *token, getpid(), caller->tid);
}

TEST_F(event, call_aborted_comes_when_the_deadline_passes)
{
	struct caller *caller = caller(self->fd, self->port, .deadline_ns = in_ms(300));
	int64_t token = recv_call(self->fd, self->port, 0, FAR_AWAY);

	ASSERT_LT(0, token);
	EXPECT_EQ(-ETIMEDOUT, caller_end(caller));
	EXPECT_ABORTED(TIMED_OUT, token, getpid(), caller->tid);
}

TEST_F(event, does_not_come_for_a_call_that_did_not_get_in)
{
	ASSERT_EQ(0, send_nb(self->fd, self->port, 1));
	EXPECT_EQ(-ETIMEDOUT, call_value(self->fd, self->port, 1, 0, in_ms(50)));
	EXPECT_EQ(-EAGAIN, call_value(self->fd, self->port, 1, IPCPORT_CALL_F_NONBLOCK, 0));
	EXPECT_SILENCE();
}

TEST_F(event, call_aborted_comes_when_it_is_cancelled)
{
	int64_t token = call_submit(self->fd, self->port, 1, 0, 0);

	EXPECT_EQ(IPCPORT_CALL_QUEUED, call_cancel(self->fd, token));
	EXPECT_ABORTED(CANCELLED, token, getpid(), thread_id());
	token = call_submit(self->fd, self->port, 1, 0, 0);
	ASSERT_EQ(token, recv_call(self->fd, self->port, 0, FAR_AWAY));
	EXPECT_EQ(IPCPORT_CALL_RECEIVED, call_cancel(self->fd, token));
	EXPECT_ABORTED(CANCELLED, token, getpid(), thread_id());
	token = call_submit(self->fd, self->port, 1, 0, 0);
	ASSERT_EQ(token, recv_call(self->fd, self->port, 0, FAR_AWAY));
	ASSERT_EQ(0, call_reply(self->fd, self->port, token, 2, 0));
	EXPECT_EQ(IPCPORT_CALL_ENDED, call_cancel(self->fd, token));
	EXPECT_SILENCE();
}

TEST_F(event, call_aborted_comes_when_nobody_is_left_to_collect_it)
{
	int fd = dev_open();
	int64_t token = call_submit(fd, self->port, 1, 0, 0);

	ASSERT_LT(0, token);
	close(fd);
	EXPECT_ABORTED(CANCELLED, token, getpid(), thread_id());
}

TEST_F(event, call_aborted_comes_when_the_caller_is_killed)
{
	struct caller *caller = caller(self->fd, self->port, .is_child = true);
	int64_t token = recv_call(self->fd, self->port, 0, FAR_AWAY);

	ASSERT_LT(0, token);
	ASSERT_TRUE(wait_for_sleep(caller));
	kill(caller->pid, SIGKILL);
	EXPECT_EQ(KILLED, caller_end(caller));
	EXPECT_ABORTED(CALLER_GONE, token, caller->pid, caller->pid);
}

/* Limits. */

/* As another user. */
static int64_t create_as_user(int fd)
{
	pid_t pid = fork();

	if (!pid)
		_exit(become(USER, USER, USER) ? 1 : status_of(port_create(fd, 1)));
	return -reap(pid);
}

TEST_F(event, limit_hit_names_the_user_and_the_limit)
{
	number_write(MAX_PORTS, 0);
	EXPECT_EQ(-EDQUOT, create_as_user(self->fd));
	ASSERT_EQ(0, await_event(&self->ear, &self->view));
	EXPECT_EQ(IPCPORT_CMD_LIMIT_HIT_NTF, self->view.cmd);
	EXPECT_EQ(LIMIT_HIT, self->view.has);
	EXPECT_EQ(USER, NUMBER(&self->view, EVENT_UID));
	EXPECT_STREQ("max_ports", TEXT(&self->view, EVENT_LIMIT_NAME));
	EXPECT_EQ(0, NUMBER(&self->view, EVENT_LIMIT_BOUND));
	number_write(MAX_PORTS, self->max_ports);
	EXPECT_SILENCE();
}

TEST_F(event, limit_hit_comes_for_calls)
{
	int64_t port = port_create(self->fd, 16);

	EXPECT_EVENT(CREATED, CREATED, port);
	number_write(MAX_CALLS, 2);
	ASSERT_LT(0, call_submit(self->fd, port, 1, 0, 0));
	ASSERT_LT(0, call_submit(self->fd, port, 1, 0, 0));
	EXPECT_SILENCE();
	EXPECT_EQ(-EDQUOT, call_submit(self->fd, port, 1, 0, 0));
	ASSERT_EQ(0, await_event(&self->ear, &self->view));
	EXPECT_EQ(IPCPORT_CMD_LIMIT_HIT_NTF, self->view.cmd);
	EXPECT_EQ(LIMIT_HIT, self->view.has);
	EXPECT_EQ(geteuid(), NUMBER(&self->view, EVENT_UID));
	EXPECT_STREQ("max_calls", TEXT(&self->view, EVENT_LIMIT_NAME));
	EXPECT_EQ(2, NUMBER(&self->view, EVENT_LIMIT_BOUND));
	EXPECT_SILENCE();
}

/* Order. */

#define NR_OPERATIONS	1000
#define NR_SLOTS	40

/* What was done, and what has to be heard of it. */
struct entry {
	uint8_t cmd;
	int64_t port;
	char name[32];
};

struct log {
	struct entry entries[NR_OPERATIONS];
	int nr;
	struct {
		int64_t port;
		char name[32];
	} slots[NR_SLOTS];
};

static void note(struct log *log, uint8_t cmd, int64_t port, const char *name)
{
	struct entry *entry = &log->entries[log->nr++];

	*entry = (struct entry){ .cmd = cmd, .port = port };
	strcpy(entry->name, name);
}

/* Do one thing to one of the ports. */
static bool operate(struct log *log, int fd)
{
	int i = rand() % NR_SLOTS;
	int64_t *port = &log->slots[i].port;
	char *name = log->slots[i].name;

	if (!*port) {
		*port = port_create(fd, 1);
		note(log, IPCPORT_CMD_CREATED_NTF, *port, "");
		return *port > 0;
	}
	if (rand() % 3 == 0) {
		note(log, IPCPORT_CMD_DESTROYED_NTF, *port, name);
		i = port_destroy(fd, *port);
		*port = name[0] = 0;
		return !i;
	}
	if (name[0]) {
		note(log, IPCPORT_CMD_UNBOUND_NTF, *port, name);
		name[0] = '\0';
		return !port_unbind(fd, *port);
	}
	sprintf(name, "/log/%d", log->nr);
	note(log, IPCPORT_CMD_BOUND_NTF, *port, name);
	return !port_bind(fd, *port, name);
}

TEST_F_TIMEOUT(event, comes_once_for_each_operation_and_in_their_order, LONG_TIMEOUT)
{
	struct log *log = calloc(1, sizeof(*log));
	int64_t start = generation(&self->nl, self->port);

	srand(2);
	nl_room(&self->ear, 16 << 20);
	for (int i = 0; i < NR_OPERATIONS; i++)
		ASSERT_TRUE(operate(log, self->fd));
	for (int i = 0; i < log->nr; i++) {
		struct entry *entry = &log->entries[i];

		ASSERT_EQ(0, await_event(&self->ear, &self->view));
		ASSERT_EQ(entry->cmd, self->view.cmd);
		EXPECT_EQ(entry->port, NUMBER(&self->view, EVENT_PORT));
		EXPECT_STREQ(entry->name, TEXT(&self->view, EVENT_NAME));
		EXPECT_EQ(start + i + 1, NUMBER(&self->view, EVENT_GENERATION));
	}
	EXPECT_SILENCE();
	free(log);
}

/* Threads that make ports, name and end them. */
struct churn {
	_Atomic bool *is_over;	/* instead of so many rounds */
	int nr_rounds;
	int nr_wrong;
	int fd;
	pthread_t thread;
};

static void *churn_run(void *arg)
{
	struct churn *churn = arg;
	int64_t ports[8] = {};
	char name[32];

	for (int i = 0; churn->is_over ? !*churn->is_over : i < churn->nr_rounds; i++) {
		int64_t *port = &ports[i % 8];

		if (*port)
			churn->nr_wrong += port_destroy(churn->fd, *port) != 0;
		*port = port_create(churn->fd, 1);
		snprintf(name, sizeof(name), "/churn/%d/%d", thread_id(), i);
		churn->nr_wrong += *port < 0 || port_bind(churn->fd, *port, name);
		if (i % 2)
			churn->nr_wrong += port_unbind(churn->fd, *port) != 0;
	}
	return NULL;
}

static int by_generation(const void *a, const void *b)
{
	uint64_t left = NUMBER((const struct view *)a, EVENT_GENERATION);
	uint64_t right = NUMBER((const struct view *)b, EVENT_GENERATION);

	return left < right ? -1 : left > right;
}

/* What several threads cause comes, each once: no generation is missing or doubled. */
TEST_F_TIMEOUT(event, comes_once_for_each_of_what_several_threads_do, LONG_TIMEOUT)
{
	int64_t start = generation(&self->nl, self->port), end;
	struct churn churns[4];
	struct views views = {};

	nl_room(&self->ear, 64 << 20);
	for (int i = 0; i < 4; i++) {
		churns[i] = (struct churn){ .fd = self->fd, .nr_rounds = 200 };
		ASSERT_EQ(0, thread_start(&churns[i].thread, churn_run, &churns[i]));
	}
	for (int i = 0; i < 4; i++) {
		pthread_join(churns[i].thread, NULL);
		EXPECT_EQ(0, churns[i].nr_wrong);
	}
	end = generation(&self->nl, self->port);
	for (int64_t i = start; i < end; i++) {
		ASSERT_EQ(0, await_event(&self->ear, &self->view));
		*views_add(&views) = self->view;
	}
	EXPECT_SILENCE();
	qsort(views.views, views.nr, sizeof(*views.views), by_generation);
	for (int i = 0; i < views.nr; i++)
		ASSERT_EQ(start + i + 1, NUMBER(&views.views[i], EVENT_GENERATION));
	views_free(&views);
}

/* Slow listeners. */

/* Cause more than a listener has room for, who does not read; self->ear hears it all. */
#define OVERRUN(_slow) do {							\
	nl_room(&self->ear, 4 << 20);						\
	nl_room(_slow, 4096);							\
	ASSERT_EQ(0, nl_join(_slow));						\
	for (int _i = 0; _i < 500; _i++)					\
		ASSERT_LT(0, port_create(self->fd, 1));				\
	for (int _i = 0; _i < 500; _i++)					\
		ASSERT_EQ(0, await_event(&self->ear, &self->view));		\
} while (0)

TEST_F(event, that_finds_no_room_is_told_of_once_as_lost)
{
	int nr = 0, ret;

	OVERRUN(&self->nl);
	ASSERT_EQ(-ENOBUFS, next_event(&self->nl, &self->view));
	while (!(ret = next_event(&self->nl, &self->view)))
		nr++;
	EXPECT_EQ(-EAGAIN, ret);
	EXPECT_LT(0, nr);
	EXPECT_GT(500, nr);
	/* and it goes on to hear */
	EXPECT_EQ(0, port_destroy(self->fd, self->port));
	EXPECT_TRUE(await_event_of(&self->nl, IPCPORT_CMD_DESTROYED_NTF, self->port));
	EXPECT_TRUE(hears_nothing(&self->nl, self->fd));
}

/* Of one listener, not of the others. */
TEST_F(event, that_one_listener_loses_is_heard_by_another)
{
	OVERRUN(&self->nl);
	EXPECT_SILENCE();
}

/* What a listener knows. */
#define NR_KNOWN	8192

struct known {
	int64_t port;
	char name[IPCPORT_NAME_SIZE];
	uint64_t generation;	/* of its name */
};

struct knowledge {
	struct known known[NR_KNOWN];
	int nr;
	uint64_t generation;	/* of the dump */
	int nr_losses;
};

static struct known *know(struct knowledge *knowledge, int64_t port)
{
	for (int i = 0; i < knowledge->nr; i++)
		if (knowledge->known[i].port == port)
			return &knowledge->known[i];
	if (knowledge->nr == NR_KNOWN)
		abort();
	knowledge->known[knowledge->nr] = (struct known){ .port = port };
	return &knowledge->known[knowledge->nr++];
}

static void forget(struct knowledge *knowledge, int64_t port)
{
	*know(knowledge, port) = knowledge->known[knowledge->nr - 1];
	knowledge->nr--;
}

static bool knows(const struct knowledge *knowledge, int64_t port)
{
	for (int i = 0; i < knowledge->nr; i++)
		if (knowledge->known[i].port == port)
			return true;
	return false;
}

/* Apply what happened after the dump. */
static void learn(struct knowledge *knowledge, const struct view *view)
{
	int64_t port = NUMBER(view, EVENT_PORT);
	uint64_t generation = NUMBER(view, EVENT_GENERATION);
	struct known *known;

	if (generation <= knowledge->generation)
		return;
	if (view->cmd == IPCPORT_CMD_DESTROYED_NTF) {
		forget(knowledge, port);
		return;
	}
	known = know(knowledge, port);
	if (generation < known->generation)
		return;
	known->generation = generation;
	strcpy(known->name, TEXT(view, EVENT_NAME));
	if (view->cmd == IPCPORT_CMD_UNBOUND_NTF)
		known->name[0] = '\0';
}

/* Begin anew with a dump, in which changes may be seen that come as events once more. */
static int look(struct nl *nl, struct knowledge *knowledge)
{
	struct views views = {};
	struct view *view;
	int ret = dump_ports(nl, &views);

	knowledge->nr = 0;
	if (views.nr)
		knowledge->generation = NUMBER(views.views, PORT_GENERATION);
	for_each_view(view, &views)
		strcpy(know(knowledge, NUMBER(view, PORT_ID))->name, TEXT(view, PORT_NAME));
	views_free(&views);
	return ret;
}

/*
 * Read what is left after a loss. Until all of that is read the kernel keeps nothing new for
 * us, and does not say so again.
 */
static int drain(struct nl *ear)
{
	struct view view;
	int ret;

	do {
		ret = next_event(ear, &view);
	} while (!ret || ret == -ENOBUFS);
	return ret == -EAGAIN ? 0 : ret;
}

/* Read what there is, so many at most, and dump again after a loss: 0 or -errno. */
static int catch_up(struct nl *nl, struct nl *ear, struct knowledge *knowledge, int max)
{
	struct view view;
	int ret;

	for (int i = 0; i < max; i++) {
		ret = next_event(ear, &view);
		if (!ret) {
			learn(knowledge, &view);
		} else if (ret == -ENOBUFS) {
			knowledge->nr_losses++;
			ret = drain(ear) ?: look(nl, knowledge);
			if (ret)
				return ret;
		} else {
			return ret == -EAGAIN ? 0 : ret;
		}
	}
	return 0;
}

/* Read until a port is known that is the last that was made. */
static bool catch_up_with(struct nl *nl, struct nl *ear, struct knowledge *knowledge, int64_t port)
{
	return wait_until(catch_up(nl, ear, knowledge, INT_MAX) || knows(knowledge, port)) &&
	       knows(knowledge, port);
}

/* How many ports a listener knows wrongly. */
static int count_mistakes(struct nl *nl, const struct knowledge *knowledge)
{
	struct views views = {};
	int nr = 0;

	if (dump_ports(nl, &views) || views.nr != knowledge->nr)
		nr = 10000;
	for (int i = 0; i < knowledge->nr; i++) {
		struct view *view = find_port(&views, knowledge->known[i].port);

		nr += !view || strcmp(knowledge->known[i].name, TEXT(view, PORT_NAME));
	}
	views_free(&views);
	return nr;
}

TEST_F_TIMEOUT(event, that_was_lost_is_made_up_for_by_a_dump, LONG_TIMEOUT)
{
	struct knowledge *knowledge = calloc(1, sizeof(*knowledge));
	_Atomic bool is_over = false;
	struct churn churns[2];

	nl_room(&self->ear, 16384);
	for (int i = 0; i < 2; i++) {
		churns[i] = (struct churn){ .fd = self->fd, .is_over = &is_over };
		ASSERT_EQ(0, thread_start(&churns[i].thread, churn_run, &churns[i]));
	}
	ASSERT_EQ(0, look(&self->nl, knowledge));
	for (int i = 0; i < 20 || knowledge->nr_losses < 5; i++) {
		ASSERT_EQ(0, catch_up(&self->nl, &self->ear, knowledge, 1000));
		/* a listener that has other things to do */
		if (i % 3 == 0)
			usleep(20000);
	}
	is_over = true;
	for (int i = 0; i < 2; i++) {
		pthread_join(churns[i].thread, NULL);
		EXPECT_EQ(0, churns[i].nr_wrong);
	}
	ASSERT_TRUE(catch_up_with(&self->nl, &self->ear, knowledge, port_create(self->fd, 1)));
	EXPECT_LE(17, knowledge->nr);
	EXPECT_EQ(0, count_mistakes(&self->nl, knowledge));
	free(knowledge);
}

/* A listener that joined before its first dump, and loses nothing, never dumps again. */
TEST_F_TIMEOUT(event, is_enough_for_a_listener_that_joined_before_it_dumped, LONG_TIMEOUT)
{
	struct knowledge *knowledge = calloc(1, sizeof(*knowledge));
	_Atomic bool is_over = false;
	struct churn churns[2];

	nl_room(&self->ear, 256 << 20);
	for (int i = 0; i < 2; i++) {
		churns[i] = (struct churn){ .fd = self->fd, .is_over = &is_over };
		ASSERT_EQ(0, thread_start(&churns[i].thread, churn_run, &churns[i]));
	}
	for (int i = 0; i < 20; i++) {
		ASSERT_EQ(0, look(&self->nl, knowledge));
		ASSERT_EQ(0, await_event(&self->ear, &self->view));
		learn(knowledge, &self->view);
		ASSERT_EQ(0, catch_up(&self->nl, &self->ear, knowledge, 1000));
	}
	is_over = true;
	for (int i = 0; i < 2; i++)
		pthread_join(churns[i].thread, NULL);
	ASSERT_TRUE(catch_up_with(&self->nl, &self->ear, knowledge, port_create(self->fd, 1)));
	EXPECT_EQ(0, knowledge->nr_losses);
	EXPECT_EQ(0, count_mistakes(&self->nl, knowledge));
	free(knowledge);
}

int main(int argc, char **argv)
{
	return process_main(argc, argv);
}
