// SPDX-License-Identifier: GPL-2.0
/*
 * Limits: how many ports a user has, how large they are, and whose memory it is.
 * Who reaches one is refused and nothing else happens.
 */
#include "process.h"
#include "call.h"

#include <sys/klog.h>

#define MAX_PORTS	"/sys/module/ipcport/parameters/max_ports"
#define MAX_MESSAGES	"/sys/module/ipcport/parameters/max_messages"
#define MAX_CALLS	"/sys/module/ipcport/parameters/max_calls"
#define MAX_PROCESS_CALLS	"/sys/module/ipcport/parameters/max_process_calls"
#define MAX_CAPACITY	"/sys/module/ipcport/parameters/max_capacity"
#define FILE_MAX	"/proc/sys/fs/file-max"

/* Users who have nothing else. */
enum { USER = 2000, OTHER = 2001 };

static int number_write(const char *path, long long number)
{
	char text[32];

	snprintf(text, sizeof(text), "%lld", number);
	return file_write(path, text);
}

/* What we change for the whole system, as it was; restored whatever happens. */
static struct {
	const char *path;
	long long number;
} saved[] = {
	{ MAX_PORTS, 0 }, { MAX_MESSAGES, 0 }, { MAX_CALLS, 0 }, { MAX_PROCESS_CALLS, 0 },
	{ MAX_CAPACITY, 0 }, { FILE_MAX, 0 },
};

static pid_t main_pid;

static void restore(void)
{
	for (size_t i = 0; i < sizeof(saved) / sizeof(saved[0]); i++)
		if (saved[i].number > 0 && file_number(saved[i].path) != saved[i].number)
			number_write(saved[i].path, saved[i].number);
}

static void restore_in_main(void)
{
	if (getpid() == main_pid)
		restore();
}

static void __attribute__((constructor)) save(void)
{
	main_pid = getpid();
	for (size_t i = 0; i < sizeof(saved) / sizeof(saved[0]); i++)
		saved[i].number = file_number(saved[i].path);
	atexit(restore_in_main);
}

/* What processes of a test share. */
struct desk {
	_Atomic int phase;
	_Atomic int go;
	_Atomic int nr;
	_Atomic int last;	/* the result that ended it */
	struct ipcport_create args;
	int64_t port;		/* to call */
	int64_t tokens[64];
	int64_t ports[16384];
};

FIXTURE(limits) {
	int fd;
	struct desk *desk;
	struct cgroup cgroup;
	pid_t pids[4];
};

FIXTURE_SETUP(limits)
{
	adopt_orphans();
	self->desk = shared_alloc(sizeof(*self->desk));
	memset(self->desk->ports, 0, sizeof(self->desk->ports));
	self->fd = dev_open();
	ASSERT_LE(0, self->fd);
	if (geteuid() || saved[0].number <= 0)
		SKIP(return, "only root can set the limits");
}

FIXTURE_TEARDOWN(limits)
{
	reap_all(self->pids, 4);
	restore();
	cgroup_remove(&self->cgroup);
	close(self->fd);
	EXPECT_TRUE(all_is_gone());
}

/* Create until refused. The desk counts the ports of all who do this. */
static void create_all(int fd, struct desk *desk)
{
	int64_t port;

	for (;;) {
		port = port_create(fd, 1);
		if (port < 0)
			break;
		desk->ports[desk->nr++] = port;
	}
	desk->last = port;
}

/* A child that has as many ports as its user may have, and then does as @run says. */
static pid_t start_user(int fd, struct desk *desk, uid_t uid,
			void (*run)(int fd, struct desk *desk))
{
	pid_t pid = fork();

	if (pid)
		return pid;
	if (become(uid, uid, uid))
		_exit(1);
	create_all(fd, desk);
	if (run)
		run(fd, desk);
	desk->phase++;
	wait_until(desk->go);
	_exit(0);
}

/* How many ports a user can have now, in a new process; they end with it. */
static int count_creates(int fd, uid_t uid)
{
	struct desk *desk = shared_alloc(sizeof(*desk));
	int nr;

	desk->go = 1;
	if (reap(start_user(fd, desk, uid, NULL)) || desk->last != -EDQUOT)
		nr = -1;
	else
		nr = desk->nr;
	munmap(desk, sizeof(*desk));
	return nr;
}

static void create_once_more(int fd, struct desk *desk)
{
	memset(&desk->args, POISON, sizeof(desk->args));
	desk->args.flags = 0;
	desk->args.capacity = 3;
	desk->args.mode = 0600;
	desk->args.__reserved = 0;
	desk->last = xioctl(fd, IPCPORT_IOC_PORT_CREATE, &desk->args);
}

TEST_F_TIMEOUT(limits, of_ports_refuses_the_next_one_and_changes_nothing, LONG_TIMEOUT)
{
	struct desk *desk = self->desk;
	uint64_t poison;

	memset(&poison, POISON, sizeof(poison));
	ASSERT_EQ(0, number_write(MAX_PORTS, 5));
	self->pids[0] = start_user(self->fd, desk, USER, create_once_more);
	ASSERT_TRUE(wait_until(desk->phase));
	EXPECT_EQ(5, desk->nr);
	EXPECT_EQ(-EDQUOT, desk->last);
	EXPECT_EQ(poison, desk->args.out_port);
	EXPECT_EQ(3, desk->args.capacity);
	if (live_count("ports") >= 0) {
		EXPECT_EQ(5, live_count("ports"));
		EXPECT_EQ(1, live_count("owners"));
		EXPECT_EQ(1, live_count("users"));
	}
	for (int i = 0; i < 5; i++)
		EXPECT_PORT(self->fd, desk->ports[i], 0, 0, 0);
}

/*
 * A child of the user with one port that stays: without it the user's record would
 * end with the other ports, and what they had not given back would go unnoticed.
 */
static pid_t start_keeper(int fd, uid_t uid)
{
	_Atomic int *is_ready = shared_alloc(sizeof(*is_ready));
	pid_t pid = fork();

	if (pid) {
		wait_until(*is_ready);
		return pid;
	}
	if (become(uid, uid, uid) || port_create(fd, 1) < 0)
		_exit(1);
	*is_ready = 1;
	hold_still();
}

static void destroy_and_create(int fd, struct desk *desk)
{
	desk->last = 0;
	for (int i = 0; i < 5; i++)
		if (port_destroy(fd, desk->ports[i]))
			desk->last = -1000 - i;
	if (!desk->last) {
		desk->nr = 0;
		create_all(fd, desk);
	}
}

TEST_F_TIMEOUT(limits, of_ports_is_released_by_destroy, LONG_TIMEOUT)
{
	ASSERT_EQ(0, number_write(MAX_PORTS, 6));
	self->pids[1] = start_keeper(self->fd, USER);
	self->pids[0] = start_user(self->fd, self->desk, USER, destroy_and_create);
	ASSERT_TRUE(wait_until(self->desk->phase));
	EXPECT_EQ(5, self->desk->nr);
	EXPECT_EQ(-EDQUOT, self->desk->last);
}

TEST_F_TIMEOUT(limits, of_ports_is_released_by_close, LONG_TIMEOUT)
{
	int64_t kept = port_create(self->fd, 1);
	int fd;

	ASSERT_LT(0, kept);
	ASSERT_EQ(0, number_write(MAX_PORTS, 6));
	for (int i = 0; i < 3; i++) {
		fd = dev_open();
		ASSERT_LE(0, fd);
		self->desk->nr = 0;
		create_all(fd, self->desk);
		EXPECT_EQ(5, self->desk->nr);
		EXPECT_EQ(-EDQUOT, self->desk->last);
		/* it counts the user's ports, not the file's */
		EXPECT_EQ(-EDQUOT, port_create(self->fd, 1));
		close(fd);
	}
	EXPECT_EQ(0, port_destroy(self->fd, kept));
}

TEST_F_TIMEOUT(limits, of_ports_is_released_at_once_by_death, LONG_TIMEOUT)
{
	ASSERT_EQ(0, number_write(MAX_PORTS, 6));
	self->pids[1] = start_keeper(self->fd, USER);
	for (int i = 0; i < LESS_IN_32(100); i++) {
		self->desk->phase = 0;
		self->desk->nr = 0;
		self->pids[0] = start_user(self->fd, self->desk, USER, NULL);
		ASSERT_TRUE(wait_until(self->desk->phase));
		ASSERT_EQ(5, self->desk->nr);
		ASSERT_EQ(-EDQUOT, self->desk->last);
		ASSERT_EQ(-SIGKILL, kill_and_reap(self->pids[0]));
		self->pids[0] = 0;
	}
}

TEST_F_TIMEOUT(limits, of_ports_of_one_user_does_not_hit_another, LONG_TIMEOUT)
{
	int64_t port;

	ASSERT_EQ(0, number_write(MAX_PORTS, 5));
	self->pids[0] = start_user(self->fd, self->desk, USER, NULL);
	ASSERT_TRUE(wait_until(self->desk->phase));
	EXPECT_EQ(0, count_creates(self->fd, USER));
	EXPECT_EQ(5, count_creates(self->fd, OTHER));
	port = port_create(self->fd, 1);
	EXPECT_LT(0, port);
	EXPECT_EQ(0, port_destroy(self->fd, port));
}

TEST_F_TIMEOUT(limits, of_ports_is_one_for_all_processes_of_a_user, LONG_TIMEOUT)
{
	ASSERT_EQ(0, number_write(MAX_PORTS, 200));
	for (int i = 0; i < 4; i++)
		self->pids[i] = start_user(self->fd, self->desk, USER, NULL);
	ASSERT_TRUE(wait_until(self->desk->phase == 4));
	EXPECT_EQ(200, self->desk->nr);
	EXPECT_EQ(-EDQUOT, self->desk->last);
	if (live_count("users") >= 0)
		EXPECT_EQ(1, live_count("users"));
}

TEST_F_TIMEOUT(limits, of_ports_cannot_be_escaped_in_a_user_namespace, LONG_TIMEOUT)
{
	int status;

	ASSERT_EQ(0, number_write(MAX_PORTS, 5));
	self->pids[0] = start_user(self->fd, self->desk, USER, NULL);
	ASSERT_TRUE(wait_until(self->desk->phase));
	self->pids[1] = fork();
	if (!self->pids[1]) {
		if (become(USER, USER, USER))
			_exit(1);
		if (unshare(CLONE_NEWUSER))
			_exit(2);
		if (file_write("/proc/self/uid_map", "0 2000 1"))
			_exit(3);
		_exit(status_of(port_create(self->fd, 1)));
	}
	status = reap(self->pids[1]);
	self->pids[1] = 0;
	if (status == 2)
		SKIP(return, "users may not make user namespaces here");
	EXPECT_EQ(EDQUOT, status);
}

static void destroy_on_demand(int fd, struct desk *desk)
{
	desk->phase++;
	/* one for each step that the test takes, then create as many as it can */
	for (int i = 0; i < 3; i++) {
		wait_until(desk->go == i + 1);
		port_destroy(fd, desk->ports[i]);
		desk->last = port_create(fd, 1);
		desk->phase++;
	}
	wait_until(desk->go == 4);
	desk->nr = 0;
	create_all(fd, desk);
	desk->phase++;
	wait_until(desk->go == 5);
}

/* Let the user above take a step: what CREATE said after it. */
static int64_t take_step(struct desk *desk)
{
	int phase = desk->phase;

	desk->go++;
	return wait_until(desk->phase > phase) ? desk->last : -ETIME;
}

TEST_F_TIMEOUT(limits, of_ports_below_what_is_in_use_ends_nothing, LONG_TIMEOUT)
{
	struct desk *desk = self->desk;

	ASSERT_EQ(0, number_write(MAX_PORTS, 5));
	self->pids[0] = start_user(self->fd, desk, USER, destroy_on_demand);
	ASSERT_TRUE(wait_until(desk->phase));
	ASSERT_EQ(0, number_write(MAX_PORTS, 3));
	for (int i = 0; i < 5; i++)
		EXPECT_TRUE(is_alive(self->fd, desk->ports[i]));
	/* 5 in use: two have to go before the third makes room */
	EXPECT_EQ(-EDQUOT, take_step(desk));
	EXPECT_EQ(-EDQUOT, take_step(desk));
	EXPECT_LT(0, take_step(desk));
	EXPECT_TRUE(is_alive(self->fd, desk->ports[3]));
	EXPECT_TRUE(is_alive(self->fd, desk->ports[4]));
	ASSERT_EQ(0, number_write(MAX_PORTS, 10));
	EXPECT_EQ(-EDQUOT, take_step(desk));
	EXPECT_EQ(7, desk->nr);
}

TEST_F_TIMEOUT(limits, of_no_ports_at_all_lets_nobody_create, LONG_TIMEOUT)
{
	ASSERT_EQ(0, number_write(MAX_PORTS, 0));
	EXPECT_EQ(-EDQUOT, port_create(self->fd, 1));
	EXPECT_EQ(0, count_creates(self->fd, USER));
	EXPECT_GE(0, live_count("ports"));
	EXPECT_GE(0, live_count("owners"));
	EXPECT_GE(0, live_count("users"));
}

/* The sum of the capacities counts, whatever is in the ports. */
TEST_F_TIMEOUT(limits, of_messages_counts_what_the_ports_of_a_user_could_hold, LONG_TIMEOUT)
{
	int64_t kept, port;

	ASSERT_EQ(0, number_write(MAX_MESSAGES, 100));
	kept = port_create(self->fd, 60);
	ASSERT_LT(0, kept);
	EXPECT_EQ(-EDQUOT, port_create(self->fd, 41));
	/* what was refused counts neither as a port nor as messages */
	if (live_count("ports") >= 0)
		EXPECT_EQ(1, live_count("ports"));
	for (int i = 0; i < 3; i++) {
		port = port_create(self->fd, 40);
		EXPECT_LT(0, port);
		EXPECT_EQ(-EDQUOT, port_create(self->fd, 1));
		EXPECT_EQ(0, port_destroy(self->fd, port));
	}
	/* another user has a hundred of its own */
	EXPECT_EQ(100, count_creates(self->fd, USER));
	ASSERT_EQ(0, number_write(MAX_MESSAGES, 101));
	EXPECT_EQ(-EDQUOT, port_create(self->fd, 42));
	port = port_create(self->fd, 41);
	EXPECT_LT(0, port);
	EXPECT_EQ(0, port_destroy(self->fd, port));
	EXPECT_EQ(0, port_destroy(self->fd, kept));
}

TEST_F_TIMEOUT(limits, of_messages_does_not_use_up_that_of_ports, LONG_TIMEOUT)
{
	int64_t kept = port_create(self->fd, 1), port;

	ASSERT_LT(0, kept);
	ASSERT_EQ(0, number_write(MAX_MESSAGES, 10));
	ASSERT_EQ(0, number_write(MAX_PORTS, 2));
	for (int i = 0; i < 5; i++)
		EXPECT_EQ(-EDQUOT, port_create(self->fd, 10));
	port = port_create(self->fd, 9);
	EXPECT_LT(0, port);
	EXPECT_EQ(-EDQUOT, port_create(self->fd, 1));
	EXPECT_EQ(0, port_destroy(self->fd, port));
	EXPECT_EQ(0, port_destroy(self->fd, kept));
}

/* How often the kernel log names the limit. */
static int count_in_log(const char *text)
{
	int size = klogctl(10, NULL, 0), nr = 0;
	char *log = malloc(size + 1);
	const char *p = log;

	size = klogctl(3, log, size);
	log[size < 0 ? 0 : size] = '\0';
	while ((p = strstr(p, text))) {
		nr++;
		p++;
	}
	free(log);
	return nr;
}

/* Once since the module was loaded; other tests may have been first. */
TEST_F_TIMEOUT(limits, of_ports_is_named_in_the_log_once, LONG_TIMEOUT)
{
	int before = count_in_log("has reached max_ports="), after;

	ASSERT_EQ(0, number_write(MAX_PORTS, 1));
	for (int i = 0; i < 10; i++) {
		EXPECT_EQ(1, count_creates(self->fd, USER));
		EXPECT_EQ(1, count_creates(self->fd, OTHER));
	}
	after = count_in_log("has reached max_ports=");
	EXPECT_LE(1, after);
	EXPECT_GE(before + 1, after);
}

/*
 * Calls: those that a user, and those that a process has outstanding.
 */

/* A port that everybody may use. */
static int64_t public_port(int fd)
{
	return port_create_as(fd, 1024, 0666, 0);
}

/* Submit calls until refused. The desk counts those of all who do this. */
static void submit_all(int fd, struct desk *desk)
{
	int64_t token;

	for (;;) {
		token = call_submit(fd, desk->port, 1, IPCPORT_CALL_F_NONBLOCK, 0);
		if (token < 0)
			break;
		desk->tokens[desk->nr++] = token;
	}
	desk->last = token;
}

/* A child that has as many calls as it may have, and then does as @run says. */
static pid_t start_caller(int fd, struct desk *desk, uid_t uid,
			  void (*run)(int fd, struct desk *desk))
{
	pid_t pid = fork();

	if (pid)
		return pid;
	if (become(uid, uid, uid))
		_exit(1);
	submit_all(fd, desk);
	if (run)
		run(fd, desk);
	desk->phase++;
	wait_until(desk->go);
	_exit(0);
}

/* How many calls a user can begin now, in a new process; they end with it. */
static int count_submits(int fd, int64_t port, uid_t uid)
{
	struct desk *desk = shared_alloc(sizeof(*desk));
	int nr;

	desk->port = port;
	desk->go = 1;
	nr = reap(start_caller(fd, desk, uid, NULL)) || desk->last != -EDQUOT ? -1 : desk->nr;
	munmap(desk, sizeof(*desk));
	return nr;
}

/* Each way to begin a call, and each refused without a trace. */
static void call_once_more(int fd, struct desk *desk)
{
	struct ipcport_delivery reply;
	struct ipcport_message message = message_of(2);
	struct ipcport_call args = {
		.port = desk->port, .message = (uintptr_t)&message, .reply = (uintptr_t)&reply,
		.deadline_ns = FAR_AWAY, .out_status = POISON_STATUS,
	};

	memset(&reply, POISON, sizeof(reply));
	desk->last = call_ioctl(fd, &args);
	if (args.token || args.out_status != POISON_STATUS || !is_poisoned(&reply))
		desk->last = -1000;
	if (call_value(fd, desk->port, 2, IPCPORT_CALL_F_NONBLOCK, 0) != -EDQUOT)
		desk->last = -1001;
}

TEST_F_TIMEOUT(limits, of_calls_refuse_the_next_one_and_change_nothing, LONG_TIMEOUT)
{
	static const char * const paths[] = { MAX_CALLS, MAX_PROCESS_CALLS };
	struct desk *desk = self->desk;

	for (int i = 0; i < 2; i++) {
		restore();
		ASSERT_EQ(0, number_write(paths[i], 5));
		*desk = (struct desk) { .port = public_port(self->fd) };
		self->pids[0] = start_caller(self->fd, desk, USER, call_once_more);
		ASSERT_TRUE(wait_until(desk->phase));
		EXPECT_EQ(5, desk->nr);
		EXPECT_EQ(-EDQUOT, desk->last);
		EXPECT_TRUE(has_calls(self->fd, desk->port, 5, 5));
		EXPECT_PORT(self->fd, desk->port, 5, 5, 0);
		if (live_count("calls") >= 0)
			EXPECT_EQ(5, live_count("calls"));
		desk->go = 1;
		EXPECT_EQ(0, reap(self->pids[0]));
		self->pids[0] = 0;
		EXPECT_TRUE(has_calls(self->fd, desk->port, 0, 0));
	}
}

/* End calls in each way, one by one; the room of each can be used again. */
static void end_and_call(int fd, struct desk *desk)
{
	enum { TIMEOUT, CANCEL, ANSWER, NR_WAYS };

	for (int i = 0; i < NR_WAYS && desk->last == -EDQUOT; i++) {
		int64_t token = desk->tokens[i];

		if (i == TIMEOUT)
			desk->last = call_collect(fd, desk->port, token, 0, 1) + ETIMEDOUT;
		else if (i == CANCEL)
			desk->last = call_cancel(fd, token) - IPCPORT_CALL_QUEUED;
		if (i == ANSWER) {
			desk->last = recv_call(fd, desk->port, 0, FAR_AWAY) - token;
			desk->last += call_reply(fd, desk->port, token, 7, 0);
			/* it is the caller's until it is collected */
			if (call_submit(fd, desk->port, 1, IPCPORT_CALL_F_NONBLOCK, 0) != -EDQUOT)
				desk->last = -1000;
			desk->last += call_collect(fd, desk->port, token, 0, FAR_AWAY) - 7;
		}
		if (desk->last)
			return;
		submit_all(fd, desk);
	}
}

TEST_F_TIMEOUT(limits, of_calls_are_released_by_every_end, LONG_TIMEOUT)
{
	static const char * const paths[] = { MAX_CALLS, MAX_PROCESS_CALLS };
	struct desk *desk = self->desk;

	for (int i = 0; i < 2; i++) {
		restore();
		ASSERT_EQ(0, number_write(paths[i], 5));
		*desk = (struct desk) { .port = public_port(self->fd), .go = 1 };
		EXPECT_EQ(0, reap(start_caller(self->fd, desk, USER, end_and_call)));
		EXPECT_EQ(-EDQUOT, desk->last);
		EXPECT_EQ(8, desk->nr);
		/* and by the end of the process */
		EXPECT_EQ(5, count_submits(self->fd, desk->port, USER));
	}
}

TEST_F_TIMEOUT(limits, of_calls_are_released_by_the_end_of_the_port_when_it_is_told, LONG_TIMEOUT)
{
	int64_t port = public_port(self->fd), other = public_port(self->fd), tokens[3];

	ASSERT_EQ(0, number_write(MAX_PROCESS_CALLS, 3));
	for (int i = 0; i < 3; i++)
		tokens[i] = call_submit(self->fd, port, 1, 0, FAR_AWAY);
	EXPECT_EQ(0, port_destroy(self->fd, port));
	EXPECT_EQ(-EDQUOT, call_submit(self->fd, other, 1, 0, FAR_AWAY));
	for (int i = 0; i < 3; i++) {
		EXPECT_EQ(-EPIPE, call_collect(self->fd, port, tokens[i], 0, FAR_AWAY));
		EXPECT_LT(0, call_submit(self->fd, other, 1, 0, FAR_AWAY));
		EXPECT_EQ(-EDQUOT, call_submit(self->fd, other, 1, 0, FAR_AWAY));
	}
}

TEST_F_TIMEOUT(limits, of_calls_count_those_that_are_waited_for, LONG_TIMEOUT)
{
	int64_t port = public_port(self->fd), token;
	struct caller *caller;

	ASSERT_EQ(0, number_write(MAX_PROCESS_CALLS, 1));
	caller = caller(self->fd, port);
	token = recv_call(self->fd, port, 0, FAR_AWAY);
	ASSERT_LT(0, token);
	EXPECT_EQ(-EDQUOT, call_value(self->fd, port, 1, 0, FAR_AWAY));
	EXPECT_EQ(0, call_reply(self->fd, port, token, 6, 0));
	EXPECT_EQ(0, caller_end(caller));
	EXPECT_LT(0, call_submit(self->fd, port, 1, 0, FAR_AWAY));
	EXPECT_EQ(-EDQUOT, call_submit(self->fd, port, 1, 0, FAR_AWAY));
}

TEST_F_TIMEOUT(limits, of_calls_are_for_users_and_for_processes, LONG_TIMEOUT)
{
	struct desk *desk = self->desk;

	desk->port = public_port(self->fd);
	ASSERT_EQ(0, number_write(MAX_CALLS, 10));
	ASSERT_EQ(0, number_write(MAX_PROCESS_CALLS, 4));
	for (int i = 0; i < 3; i++) {
		self->pids[i] = start_caller(self->fd, desk, USER, NULL);
		ASSERT_TRUE(wait_until(desk->phase == i + 1));
		EXPECT_EQ(i < 2 ? 4 * (i + 1) : 10, desk->nr);
	}
	EXPECT_EQ(0, count_submits(self->fd, desk->port, USER));
	EXPECT_EQ(4, count_submits(self->fd, desk->port, OTHER));
}

static void call_on_demand(int fd, struct desk *desk)
{
	desk->phase++;
	/* one for each step that the test takes, then as many as it can */
	for (int i = 0; i < 3; i++) {
		wait_until(desk->go == i + 1);
		call_cancel(fd, desk->tokens[i]);
		desk->last = call_submit(fd, desk->port, 1, IPCPORT_CALL_F_NONBLOCK, 0) > 0 ?
			     0 : -EDQUOT;
		desk->phase++;
	}
	wait_until(desk->go == 4);
	desk->nr = 0;
	submit_all(fd, desk);
	desk->phase++;
	wait_until(desk->go == 5);
}

TEST_F_TIMEOUT(limits, of_calls_below_what_is_outstanding_end_nothing, LONG_TIMEOUT)
{
	struct desk *desk = self->desk;

	desk->port = public_port(self->fd);
	ASSERT_EQ(0, number_write(MAX_CALLS, 5));
	self->pids[0] = start_caller(self->fd, desk, USER, call_on_demand);
	ASSERT_TRUE(wait_until(desk->phase));
	ASSERT_EQ(0, number_write(MAX_CALLS, 3));
	EXPECT_TRUE(has_calls(self->fd, desk->port, 5, 5));
	EXPECT_EQ(-EDQUOT, take_step(desk));
	EXPECT_EQ(-EDQUOT, take_step(desk));
	EXPECT_EQ(0, take_step(desk));
	EXPECT_TRUE(has_calls(self->fd, desk->port, 3, 3));
	ASSERT_EQ(0, number_write(MAX_CALLS, 10));
	EXPECT_EQ(-EDQUOT, take_step(desk));
	EXPECT_EQ(7, desk->nr);
}

TEST_F_TIMEOUT(limits, of_calls_are_named_in_the_log_once, LONG_TIMEOUT)
{
	int64_t port = public_port(self->fd);

	ASSERT_EQ(0, number_write(MAX_CALLS, 2));
	EXPECT_EQ(2, count_submits(self->fd, port, USER));
	EXPECT_EQ(2, count_submits(self->fd, port, OTHER));
	EXPECT_EQ(1, count_in_log("has reached max_calls="));
	restore();
	ASSERT_EQ(0, number_write(MAX_PROCESS_CALLS, 2));
	EXPECT_EQ(2, count_submits(self->fd, port, USER));
	EXPECT_EQ(2, count_submits(self->fd, port, USER));
	EXPECT_EQ(1, count_in_log("has reached max_process_calls="));
}

static uint32_t max_capacity(int fd)
{
	struct ipcport_version version = {};

	return xioctl(fd, IPCPORT_IOC_VERSION, &version) ? 0 : version.out_capacity_max;
}

TEST_F_TIMEOUT(limits, of_capacity_can_be_changed_at_run_time, LONG_TIMEOUT)
{
	int64_t port, large = port_create(self->fd, 1024);
	struct ipcport_stat stat;

	ASSERT_LT(0, large);
	ASSERT_EQ(0, number_write(MAX_CAPACITY, 8));
	EXPECT_EQ(8, max_capacity(self->fd));
	EXPECT_EQ(-EINVAL, port_create(self->fd, 9));
	port = port_create(self->fd, 8);
	EXPECT_LT(0, port);
	EXPECT_EQ(0, port_destroy(self->fd, port));
	/* the default is above the limit now */
	port = port_create(self->fd, 0);
	ASSERT_EQ(0, port_stat(self->fd, port, &stat));
	EXPECT_EQ(8, stat.out_capacity);
	EXPECT_EQ(0, port_destroy(self->fd, port));
	/* what was larger before stays as it is */
	ASSERT_EQ(0, port_stat(self->fd, large, &stat));
	EXPECT_EQ(1024, stat.out_capacity);
	for (int i = 0; i < 9; i++)
		EXPECT_EQ(0, send_nb(self->fd, large, i));

	ASSERT_EQ(0, number_write(MAX_CAPACITY, 100000));
	EXPECT_EQ(100000, max_capacity(self->fd));
	EXPECT_EQ(-EINVAL, port_create(self->fd, 100001));
	port = port_create(self->fd, 100000);
	EXPECT_LT(0, port);
	EXPECT_EQ(0, port_destroy(self->fd, port));
	EXPECT_EQ(0, port_destroy(self->fd, large));
}

TEST_F_TIMEOUT(limits, of_capacity_0_means_1, LONG_TIMEOUT)
{
	struct ipcport_stat stat;
	int64_t port;

	ASSERT_EQ(0, number_write(MAX_CAPACITY, 0));
	EXPECT_EQ(1, max_capacity(self->fd));
	EXPECT_EQ(-EINVAL, port_create(self->fd, 2));
	port = port_create(self->fd, 0);
	ASSERT_EQ(0, port_stat(self->fd, port, &stat));
	EXPECT_EQ(1, stat.out_capacity);
	EXPECT_EQ(0, port_destroy(self->fd, port));
}

/* Each owner needs a file that nobody sees; for a moment the system has no more. */
TEST_F_TIMEOUT(limits, of_files_in_the_system_refuses_an_owner_and_changes_nothing, LONG_TIMEOUT)
{
	/* the kernel counts files in lots, per CPU, before it looks at the limit */
	for (int i = 0; i < 256; i++)
		ASSERT_LE(0, open("/dev/null", O_RDONLY));
	ASSERT_EQ(0, number_write(FILE_MAX, 1));
	self->pids[0] = start_user(self->fd, self->desk, USER, NULL);
	EXPECT_TRUE(wait_until(self->desk->phase));
	ASSERT_EQ(0, number_write(FILE_MAX, saved[3].number));
	EXPECT_EQ(0, self->desk->nr);
	EXPECT_EQ(-ENFILE, self->desk->last);
	EXPECT_GE(0, live_count("ports"));
	EXPECT_GE(0, live_count("owners"));
	EXPECT_GE(0, live_count("users"));
}

/* Memory. */

#define MESSAGES	20000
#define PORTS		10000
/* What so many of either take at least, and what the kernel counts ahead at most. */
#define CHARGE		(1280LL * 1024)

static int cgroup_join(const struct cgroup *cgroup)
{
	return cgroup_write(cgroup, "cgroup.procs", getpid());
}

/* Queue messages until @max or an error: what ended it. */
static int send_many(int fd, uint64_t port, int max, struct desk *desk)
{
	static struct ipcport_message messages[256];
	int ret;

	while (desk->nr < max) {
		ret = msg_send(fd, port, messages, 256, IPCPORT_SEND_F_NONBLOCK, 0);
		if (ret < 0)
			return ret;
		desk->nr += ret;
	}
	return 0;
}

static int recv_many(int fd, uint64_t port)
{
	static struct ipcport_delivery deliveries[256];
	int ret, nr = 0;

	while ((ret = msg_recv(fd, port, deliveries, 256, IPCPORT_RECV_F_NONBLOCK, 0)) > 0)
		nr += ret;
	return nr;
}

/* Make everything that the process will use be there, and be charged already. */
static void settle_in(struct desk *desk, const struct cgroup *cgroup)
{
	if (cgroup_join(cgroup) || mlockall(MCL_CURRENT | MCL_FUTURE))
		_exit(1);
	desk->phase = 1;
	wait_until(desk->go == 1);
}

TEST_F_TIMEOUT(limits, of_memory_count_queued_messages_for_their_sender, LONG_TIMEOUT)
{
	struct desk *desk = self->desk;
	long long before, full;
	int64_t port;

	if (!cgroup_make(&self->cgroup, -1))
		SKIP(return, "no memory controller in /sys/fs/cgroup");
	ASSERT_EQ(0, number_write(MAX_CAPACITY, MESSAGES + 1024));
	port = port_create(self->fd, MESSAGES + 1024);
	ASSERT_LT(0, port);
	self->pids[0] = fork();
	if (!self->pids[0]) {
		settle_in(desk, &self->cgroup);
		desk->last = send_many(self->fd, port, MESSAGES, desk);
		desk->phase = 2;
		wait_until(desk->go == 2);
		_exit(0);
	}
	ASSERT_TRUE(wait_until(desk->phase == 1));
	before = cgroup_read(&self->cgroup, "memory.current");
	desk->go = 1;
	ASSERT_TRUE(wait_until(desk->phase == 2));
	ASSERT_EQ(0, desk->last);
	full = cgroup_read(&self->cgroup, "memory.current");
	EXPECT_LE(before + CHARGE, full);

	EXPECT_EQ(desk->nr, recv_many(self->fd, port));
	EXPECT_TRUE(wait_until(cgroup_read(&self->cgroup, "memory.current") < full - CHARGE));
	desk->go = 2;
	EXPECT_EQ(0, reap(self->pids[0]));
	self->pids[0] = 0;
	EXPECT_EQ(0, port_destroy(self->fd, port));
}

TEST_F_TIMEOUT(limits, of_memory_count_ports_for_their_creator_until_it_dies, LONG_TIMEOUT)
{
	struct desk *desk = self->desk;
	long long before, full;

	if (!cgroup_make(&self->cgroup, -1))
		SKIP(return, "no memory controller in /sys/fs/cgroup");
	ASSERT_EQ(0, number_write(MAX_PORTS, PORTS));
	self->pids[0] = fork();
	if (!self->pids[0]) {
		settle_in(desk, &self->cgroup);
		create_all(self->fd, desk);
		desk->phase = 2;
		hold_still();
	}
	ASSERT_TRUE(wait_until(desk->phase == 1));
	before = cgroup_read(&self->cgroup, "memory.current");
	desk->go = 1;
	ASSERT_TRUE(wait_until(desk->phase == 2));
	EXPECT_EQ(PORTS, desk->nr);
	EXPECT_EQ(-EDQUOT, desk->last);
	full = cgroup_read(&self->cgroup, "memory.current");
	EXPECT_LE(before + CHARGE, full);
	EXPECT_EQ(-SIGKILL, kill_and_reap(self->pids[0]));
	self->pids[0] = 0;
	EXPECT_TRUE(wait_until(cgroup_read(&self->cgroup, "memory.current") < full - CHARGE));
}

/* The OOM killer must not take us: then there is nobody else, and no memory. */
static void be_immortal(void)
{
	if (file_write("/proc/self/oom_score_adj", "-1000"))
		_exit(1);
}

TEST_F_TIMEOUT(limits, of_memory_refuse_a_message_with_enomem, LONG_TIMEOUT)
{
	struct desk *desk = self->desk;
	int64_t port;

	if (!cgroup_make(&self->cgroup, 4 << 20))
		SKIP(return, "no memory controller in /sys/fs/cgroup");
	ASSERT_EQ(0, number_write(MAX_CAPACITY, 1000000));
	ASSERT_EQ(0, number_write(MAX_MESSAGES, 2000000));
	port = port_create(self->fd, 1000000);
	ASSERT_LT(0, port);
	self->pids[0] = fork();
	if (!self->pids[0]) {
		be_immortal();
		settle_in(desk, &self->cgroup);
		desk->last = send_many(self->fd, port, 1000000, desk);
		_exit(0);
	}
	ASSERT_TRUE(wait_until(desk->phase == 1));
	desk->go = 1;
	EXPECT_EQ(0, reap(self->pids[0]));
	self->pids[0] = 0;
	EXPECT_EQ(-ENOMEM, desk->last);
	EXPECT_LT(1000, desk->nr);
	EXPECT_PORT(self->fd, port, desk->nr, desk->nr, 0);
	if (live_count("messages") >= 0)
		EXPECT_EQ(desk->nr, live_count("messages"));
	/* nobody else is short of memory */
	EXPECT_EQ(0, send_nb(self->fd, port, 1));
	EXPECT_EQ(desk->nr + 1, recv_many(self->fd, port));
	EXPECT_EQ(0, port_destroy(self->fd, port));
}

TEST_F_TIMEOUT(limits, of_memory_refuse_a_port_with_enomem, LONG_TIMEOUT)
{
	struct desk *desk = self->desk;

	if (!cgroup_make(&self->cgroup, 2 << 20))
		SKIP(return, "no memory controller in /sys/fs/cgroup");
	ASSERT_EQ(0, number_write(MAX_PORTS, 16384));
	self->pids[0] = fork();
	if (!self->pids[0]) {
		be_immortal();
		settle_in(desk, &self->cgroup);
		create_all(self->fd, desk);
		desk->phase = 2;
		wait_until(desk->go == 2);
		_exit(0);
	}
	ASSERT_TRUE(wait_until(desk->phase == 1));
	desk->go = 1;
	ASSERT_TRUE(wait_until(desk->phase == 2));
	EXPECT_EQ(-ENOMEM, desk->last);
	EXPECT_LT(1000, desk->nr);
	if (live_count("ports") >= 0) {
		EXPECT_EQ(desk->nr, live_count("ports"));
		EXPECT_EQ(1, live_count("owners"));
	}
	for (int i = 0; i < desk->nr; i++)
		ASSERT_TRUE(is_alive(self->fd, desk->ports[i]));
	desk->go = 2;
	EXPECT_EQ(0, reap(self->pids[0]));
	self->pids[0] = 0;
}

TEST_F_TIMEOUT(limits, of_memory_kill_only_the_one_who_sends_too_much, LONG_TIMEOUT)
{
	struct desk *desk = self->desk;
	struct ipcport_stat stat;
	int64_t port;

	if (!cgroup_make(&self->cgroup, 4 << 20))
		SKIP(return, "no memory controller in /sys/fs/cgroup");
	ASSERT_EQ(0, number_write(MAX_CAPACITY, 1000000));
	ASSERT_EQ(0, number_write(MAX_MESSAGES, 2000000));
	port = port_create(self->fd, 1000000);
	ASSERT_LT(0, port);
	self->pids[1] = fork();
	if (!self->pids[1])
		hold_still();
	self->pids[0] = fork();
	if (!self->pids[0]) {
		settle_in(desk, &self->cgroup);
		desk->last = send_many(self->fd, port, 1000000, desk);
		_exit(0);
	}
	ASSERT_TRUE(wait_until(desk->phase == 1));
	desk->go = 1;
	EXPECT_EQ(-SIGKILL, reap(self->pids[0]));
	self->pids[0] = 0;
	EXPECT_EQ(0, kill(self->pids[1], 0));
	/* what got in is there, the chunk that did not is not */
	ASSERT_EQ(0, port_stat(self->fd, port, &stat));
	EXPECT_LE(desk->nr, stat.out_depth);
	EXPECT_GE(desk->nr + 256, stat.out_depth);
	if (live_count("messages") >= 0)
		EXPECT_EQ(stat.out_depth, live_count("messages"));
	EXPECT_EQ(stat.out_depth, recv_many(self->fd, port));
	EXPECT_EQ(0, port_destroy(self->fd, port));
}

int main(int argc, char **argv)
{
	return process_main(argc, argv);
}
