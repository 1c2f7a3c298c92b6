// SPDX-License-Identifier: GPL-2.0
/*
 * Waiters over netlink: who waits, in what way, where, for whom, and since when.
 */
#include "remote.h"

#include "netlink.h"

#define NR_KINDS	(IPCPORT_WAIT_NAME + 1)

/**
 * struct sleeper - a thread or child that waits in one of the ways there are
 * @fd: device file
 * @port: number of the port; not for a name
 * @kind: how to wait; how far a call comes is the test's doing
 * @is_child: whether it is a child process or a thread
 * @name: what the thread is called
 * @awaited: the name to wait for
 * @tid: the thread, 0 until it runs
 * @ret: what it got
 * @start_ns: before it began to wait
 * @thread: the thread
 * @pid: the process
 */
struct sleeper {
	int fd;
	uint64_t port;
	enum ipcport_wait_kind kind;
	bool is_child;
	const char *name;
	const char *awaited;

	volatile pid_t tid;
	int64_t ret;
	uint64_t start_ns;
	pthread_t thread;
	pid_t pid;
};

/* What is noted of those who wait: the time of the last tick. */
static uint64_t coarse_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

static void *sleeper_run(void *arg)
{
	struct sleeper *sleeper = arg;
	uint64_t deadline = FAR_AWAY;

	if (sleeper->name)
		prctl(PR_SET_NAME, sleeper->name);
	sleeper->pid = getpid();
	sleeper->start_ns = coarse_ns();
	sleeper->tid = thread_id();
	if (sleeper->kind == IPCPORT_WAIT_SEND)
		sleeper->ret = send_value(sleeper->fd, sleeper->port, 1, 0, deadline);
	else if (sleeper->kind == IPCPORT_WAIT_RECV)
		sleeper->ret = recv_value(sleeper->fd, sleeper->port, 0, deadline);
	else if (sleeper->kind == IPCPORT_WAIT_NAME)
		sleeper->ret = open_when_named(sleeper->fd, sleeper->awaited, R_SEND, deadline);
	else
		sleeper->ret = call_value(sleeper->fd, sleeper->port, 1, 0, deadline);
	return NULL;
}

static struct sleeper *sleeper_start(const struct sleeper *model)
{
	struct sleeper *sleeper = shared_alloc(sizeof(*sleeper));
	pid_t pid = 0;

	*sleeper = *model;
	if (sleeper->is_child)
		pid = child_start(sleeper_run, sleeper);
	else if (thread_start(&sleeper->thread, sleeper_run, sleeper))
		abort();
	if (!wait_until(sleeper->tid && sleeps_in_ioctl(sleeper->tid)))
		abort();
	if (pid)
		sleeper->pid = pid;
	return sleeper;
}

#define sleeper(_fd, _port, _kind, ...)						\
	sleeper_start(&(struct sleeper) { .fd = (_fd), .port = (_port), .kind = (_kind),	\
					  ##__VA_ARGS__ })

static int64_t sleeper_end(struct sleeper *sleeper)
{
	if (sleeper->is_child)
		reap(sleeper->pid);
	else
		pthread_join(sleeper->thread, NULL);
	return sleeper->ret;
}

FIXTURE(waiter) {
	int fd;
	int64_t port;
	struct nl nl;
	struct views views;
};

FIXTURE_SETUP(waiter)
{
	adopt_orphans();
	prctl(PR_SET_NAME, "waiter-owner");
	self->fd = dev_open();
	ASSERT_LE(0, self->fd);
	self->port = port_create_as(self->fd, 1, 0600, IPCPORT_CREATE_F_NOTIFY_ABORT);
	ASSERT_LT(0, self->port);
	ASSERT_EQ(0, nl_open(&self->nl));
	ASSERT_EQ(0, dump_waiters(&self->nl, &self->views));
	ASSERT_EQ(0, self->views.nr);
}

FIXTURE_TEARDOWN(waiter)
{
	EXPECT_EQ(0, dump_waiters(&self->nl, &self->views));
	EXPECT_EQ(0, self->views.nr);
	views_free(&self->views);
	EXPECT_SOUND(&self->nl);
	nl_close(&self->nl);
	close(self->fd);
	EXPECT_TRUE(all_is_gone());
}

/* Check what is shown of every waiter in a port. */
#define EXPECT_WAITER(_view, _sleeper, _kind, _owner) do {			\
	EXPECT_EQ(_kind, NUMBER(_view, WAITER_KIND));				\
	EXPECT_EQ((_sleeper)->pid, NUMBER(_view, WAITER_PID));			\
	EXPECT_EQ((_sleeper)->tid, NUMBER(_view, WAITER_TID));			\
	EXPECT_STREQ((_sleeper)->name ?: "", TEXT(_view, WAITER_COMM));		\
	EXPECT_EQ(geteuid(), NUMBER(_view, WAITER_UID));			\
	EXPECT_LE((_sleeper)->start_ns, NUMBER(_view, WAITER_SINCE));		\
	EXPECT_GE(now_ns(), NUMBER(_view, WAITER_SINCE));			\
	EXPECT_EQ((_sleeper)->port, NUMBER(_view, WAITER_PORT));		\
	EXPECT_EQ(_owner, NUMBER(_view, WAITER_OWNER_PID));			\
	EXPECT_FALSE(HAS(_view, WAITER_IS_ASYNC));				\
} while (0)

/* What is shown of whom. */
#define IN_PORT		(WAITER_ALWAYS | BIT(WAITER_COMM) | BIT(WAITER_PORT) |		\
			 BIT(WAITER_OWNER_PID) | BIT(WAITER_OWNER_COMM))
#define IS_CALL		(IN_PORT | BIT(WAITER_TOKEN))
#define IS_RECEIVED	(IS_CALL | BIT(WAITER_HOLDER_PID) | BIT(WAITER_HOLDER_COMM))
#define FOR_NAME	(WAITER_ALWAYS | BIT(WAITER_COMM) | BIT(WAITER_NAME))

/* Each kind. */

TEST_F(waiter, that_sends_is_shown)
{
	struct sleeper *sleeper;
	struct view *view;

	ASSERT_EQ(0, send_nb(self->fd, self->port, 1));
	sleeper = sleeper(self->fd, self->port, IPCPORT_WAIT_SEND, .name = "sending");
	ASSERT_EQ(0, dump_waiters(&self->nl, &self->views));
	ASSERT_EQ(1, self->views.nr);
	view = self->views.views;
	EXPECT_WAITER(view, sleeper, IPCPORT_WAIT_SEND, getpid());
	EXPECT_STREQ("waiter-owner", TEXT(view, WAITER_OWNER_COMM));
	EXPECT_EQ(IN_PORT, view->has);
	EXPECT_EQ(1, recv_nb(self->fd, self->port));
	EXPECT_EQ(0, sleeper_end(sleeper));
}

TEST_F(waiter, that_receives_is_shown)
{
	struct sleeper *sleeper;
	struct view *view;

	ASSERT_EQ(0, port_bind(self->fd, self->port, "/test/named"));
	sleeper = sleeper(self->fd, self->port, IPCPORT_WAIT_RECV, .name = "receiving");
	ASSERT_EQ(0, dump_waiters(&self->nl, &self->views));
	ASSERT_EQ(1, self->views.nr);
	view = self->views.views;
	EXPECT_WAITER(view, sleeper, IPCPORT_WAIT_RECV, getpid());
	EXPECT_EQ(IN_PORT | BIT(WAITER_NAME), view->has);
	EXPECT_STREQ("/test/named", TEXT(view, WAITER_NAME));
	EXPECT_EQ(0, send_nb(self->fd, self->port, 7));
	EXPECT_EQ(7, sleeper_end(sleeper));
}

TEST_F(waiter, that_calls_is_shown_as_far_as_its_call_has_come)
{
	struct sleeper *sleeper;
	struct view view;
	uint64_t since;
	int64_t token;

	ASSERT_EQ(0, send_nb(self->fd, self->port, 1));
	sleeper = sleeper(self->fd, self->port, IPCPORT_WAIT_CALL_SPACE, .name = "calling",
			  .is_child = true);
	ASSERT_EQ(0, dump_waiters(&self->nl, &self->views));
	ASSERT_EQ(1, self->views.nr);
	view = self->views.views[0];
	EXPECT_WAITER(&view, sleeper, IPCPORT_WAIT_CALL_SPACE, getpid());
	EXPECT_EQ(IN_PORT, view.has);

	ASSERT_EQ(1, recv_nb(self->fd, self->port));
	ASSERT_TRUE(wait_for_calls(self->fd, self->port, 1, 1));
	ASSERT_EQ(0, dump_waiters(&self->nl, &self->views));
	ASSERT_EQ(1, self->views.nr);
	view = self->views.views[0];
	EXPECT_WAITER(&view, sleeper, IPCPORT_WAIT_CALL_QUEUED, getpid());
	EXPECT_EQ(IS_CALL, view.has);
	since = NUMBER(&view, WAITER_SINCE);

	token = recv_call(self->fd, self->port, 0, FAR_AWAY);
	EXPECT_EQ(token, NUMBER(&view, WAITER_TOKEN));
	ASSERT_EQ(0, dump_waiters(&self->nl, &self->views));
	ASSERT_EQ(1, self->views.nr);
	view = self->views.views[0];
	EXPECT_WAITER(&view, sleeper, IPCPORT_WAIT_CALL_RECEIVED, getpid());
	EXPECT_EQ(IS_RECEIVED, view.has);
	EXPECT_EQ(token, NUMBER(&view, WAITER_TOKEN));
	EXPECT_EQ(since, NUMBER(&view, WAITER_SINCE));
	EXPECT_EQ(getpid(), NUMBER(&view, WAITER_HOLDER_PID));
	EXPECT_STREQ("waiter-owner", TEXT(&view, WAITER_HOLDER_COMM));

	EXPECT_EQ(0, call_reply(self->fd, self->port, token, 5, 0));
	EXPECT_EQ(5, sleeper_end(sleeper));
}

TEST_F(waiter, for_a_name_is_shown_without_a_port)
{
	struct sleeper *sleeper = sleeper(self->fd, 0, IPCPORT_WAIT_NAME, .name = "hoping",
					  .awaited = "/test/awaited");
	struct view *view;

	ASSERT_EQ(0, dump_waiters(&self->nl, &self->views));
	ASSERT_EQ(1, self->views.nr);
	view = self->views.views;
	EXPECT_WAITER(view, sleeper, IPCPORT_WAIT_NAME, 0);
	EXPECT_EQ(FOR_NAME, view->has);
	EXPECT_STREQ("/test/awaited", TEXT(view, WAITER_NAME));
	EXPECT_EQ(0, port_bind(self->fd, self->port, "/test/awaited"));
	EXPECT_LE(0, sleeper_end(sleeper));
	close(sleeper->ret);
}

/* Of every kind one, and who asks for some gets those only. */
TEST_F(waiter, is_among_those_of_its_port_or_name_only)
{
	int64_t empty = port_create(self->fd, 1), idle = port_create(self->fd, 1);
	struct sleeper *sleepers[4];

	ASSERT_EQ(0, send_nb(self->fd, self->port, 1));
	sleepers[0] = sleeper(self->fd, self->port, IPCPORT_WAIT_SEND);
	sleepers[1] = sleeper(self->fd, empty, IPCPORT_WAIT_RECV);
	sleepers[2] = sleeper(self->fd, 0, IPCPORT_WAIT_NAME, .awaited = "/test/one");
	sleepers[3] = sleeper(self->fd, 0, IPCPORT_WAIT_NAME, .awaited = "/test/other");
	ASSERT_EQ(0, dump_waiters(&self->nl, &self->views));
	ASSERT_EQ(4, self->views.nr);
	/* in ports by their numbers, then for names */
	EXPECT_EQ(self->port, NUMBER(&self->views.views[0], WAITER_PORT));
	EXPECT_EQ(empty, NUMBER(&self->views.views[1], WAITER_PORT));
	EXPECT_NE(NULL, find_waiter(&self->views, sleepers[2]->tid));
	EXPECT_NE(NULL, find_waiter(&self->views, sleepers[3]->tid));

	ASSERT_EQ(0, dump_waiters_in(&self->nl, empty, &self->views));
	ASSERT_EQ(1, self->views.nr);
	EXPECT_EQ(sleepers[1]->tid, NUMBER(self->views.views, WAITER_TID));
	ASSERT_EQ(0, dump_waiters_in(&self->nl, idle, &self->views));
	EXPECT_EQ(0, self->views.nr);
	/* no such port; the highest of all numbers means no port, not all of them */
	ASSERT_EQ(0, dump_waiters_in(&self->nl, idle + 1, &self->views));
	EXPECT_EQ(0, self->views.nr);
	ASSERT_EQ(0, dump_waiters_in(&self->nl, UINT64_MAX, &self->views));
	EXPECT_EQ(0, self->views.nr);
	ASSERT_EQ(0, dump_waiters_in(&self->nl, 0, &self->views));
	EXPECT_EQ(0, self->views.nr);
	ASSERT_EQ(0, dump_waiters_for(&self->nl, "/test/o", &self->views));
	EXPECT_EQ(0, self->views.nr);
	ASSERT_EQ(0, dump_waiters_for(&self->nl, "/test/other", &self->views));
	ASSERT_EQ(1, self->views.nr);
	EXPECT_EQ(sleepers[3]->tid, NUMBER(self->views.views, WAITER_TID));

	EXPECT_EQ(0, port_bind(self->fd, self->port, "/test/one"));
	EXPECT_EQ(0, port_bind(self->fd, empty, "/test/other"));
	/* before the names go again */
	EXPECT_LE(0, sleeper_end(sleepers[2]));
	EXPECT_LE(0, sleeper_end(sleepers[3]));
	EXPECT_EQ(0, port_destroy(self->fd, self->port));
	EXPECT_EQ(0, port_destroy(self->fd, empty));
	EXPECT_EQ(-EPIPE, sleeper_end(sleepers[0]));
	EXPECT_EQ(-EPIPE, sleeper_end(sleepers[1]));
	close(sleepers[2]->ret);
	close(sleepers[3]->ret);
}

static void *read_handle(void *arg)
{
	struct sleeper *sleeper = arg;

	sleeper->pid = getpid();
	sleeper->tid = thread_id();
	sleeper->ret = sleeper->kind == IPCPORT_WAIT_RECV ? read_value(sleeper->fd) :
							    write_value(sleeper->fd, 3);
	return NULL;
}

TEST_F(waiter, in_read_and_write_on_a_handle_is_shown)
{
	struct sleeper *sleeper = shared_alloc(sizeof(*sleeper));
	int handle = open_handle(self->fd, self->port, R_BOTH);

	*sleeper = (struct sleeper){ .fd = handle, .kind = IPCPORT_WAIT_RECV };
	ASSERT_EQ(0, thread_start(&sleeper->thread, read_handle, sleeper));
	ASSERT_TRUE(wait_for_receivers(self->fd, self->port, 1));
	ASSERT_EQ(0, dump_waiters(&self->nl, &self->views));
	ASSERT_EQ(1, self->views.nr);
	EXPECT_EQ(IPCPORT_WAIT_RECV, NUMBER(self->views.views, WAITER_KIND));
	EXPECT_EQ(sleeper->tid, NUMBER(self->views.views, WAITER_TID));
	EXPECT_EQ(0, send_nb(self->fd, self->port, 2));
	EXPECT_EQ(2, sleeper_end(sleeper));

	sleeper->kind = IPCPORT_WAIT_SEND;
	ASSERT_EQ(0, send_nb(self->fd, self->port, 2));
	ASSERT_EQ(0, thread_start(&sleeper->thread, read_handle, sleeper));
	ASSERT_TRUE(wait_for_senders(self->fd, self->port, 1));
	ASSERT_EQ(0, dump_waiters(&self->nl, &self->views));
	ASSERT_EQ(1, self->views.nr);
	EXPECT_EQ(IPCPORT_WAIT_SEND, NUMBER(self->views.views, WAITER_KIND));
	EXPECT_EQ(sleeper->tid, NUMBER(self->views.views, WAITER_TID));
	EXPECT_EQ(2, recv_nb(self->fd, self->port));
	EXPECT_EQ(MESSAGE_SIZE, sleeper_end(sleeper));
	close(handle);
}

TEST_F(waiter, in_a_servers_loop_receives)
{
	struct server *server = server(self->fd, self->port, .nr_wanted = 1);

	ASSERT_TRUE(wait_for_receivers(self->fd, self->port, 1));
	ASSERT_EQ(0, dump_waiters(&self->nl, &self->views));
	ASSERT_EQ(1, self->views.nr);
	EXPECT_EQ(IPCPORT_WAIT_RECV, NUMBER(self->views.views, WAITER_KIND));
	EXPECT_EQ(server->tid, NUMBER(self->views.views, WAITER_TID));
	EXPECT_EQ(answer_to(4), call_value(self->fd, self->port, 4, 0, FAR_AWAY));
	EXPECT_EQ(0, server_end(server));
}

/* Calls for which nobody sleeps. */

TEST_F(waiter, is_async_until_somebody_collects_its_call)
{
	int64_t token = call_submit(self->fd, self->port, 1, 0, 0);
	struct caller *caller;
	struct view *view;

	ASSERT_LT(0, token);
	ASSERT_EQ(0, dump_waiters(&self->nl, &self->views));
	ASSERT_EQ(1, self->views.nr);
	view = self->views.views;
	EXPECT_EQ(IPCPORT_WAIT_CALL_QUEUED, NUMBER(view, WAITER_KIND));
	EXPECT_EQ(token, NUMBER(view, WAITER_TOKEN));
	EXPECT_EQ(getpid(), NUMBER(view, WAITER_PID));
	EXPECT_EQ(thread_id(), NUMBER(view, WAITER_TID));
	EXPECT_STREQ("waiter-owner", TEXT(view, WAITER_COMM));
	EXPECT_EQ(IS_CALL | BIT(WAITER_IS_ASYNC), view->has);

	ASSERT_EQ(token, recv_call(self->fd, self->port, 0, FAR_AWAY));
	ASSERT_EQ(0, dump_waiters(&self->nl, &self->views));
	ASSERT_EQ(1, self->views.nr);
	EXPECT_EQ(IPCPORT_WAIT_CALL_RECEIVED, NUMBER(self->views.views, WAITER_KIND));
	EXPECT_EQ(IS_RECEIVED | BIT(WAITER_IS_ASYNC), self->views.views->has);

	caller = caller(self->fd, self->port, .token = token);
	ASSERT_TRUE(wait_for_sleep(caller));
	ASSERT_EQ(0, dump_waiters(&self->nl, &self->views));
	ASSERT_EQ(1, self->views.nr);
	EXPECT_EQ(IPCPORT_WAIT_CALL_RECEIVED, NUMBER(self->views.views, WAITER_KIND));
	EXPECT_EQ(IS_RECEIVED, self->views.views->has);
	EXPECT_EQ(0, call_reply(self->fd, self->port, token, 5, 0));
	EXPECT_EQ(0, caller_end(caller));
}

static void on_signal(int signal)
{
}

TEST_F(waiter, that_was_interrupted_is_async)
{
	struct sigaction action = { .sa_handler = on_signal };
	struct caller *caller;

	sigaction(SIGUSR1, &action, NULL);
	caller = caller(self->fd, self->port);
	ASSERT_TRUE(wait_for_calls(self->fd, self->port, 1, 1));
	ASSERT_TRUE(wait_for_sleep(caller));
	pthread_kill(caller->thread, SIGUSR1);
	ASSERT_EQ(-EINTR, caller_end(caller));
	ASSERT_EQ(0, dump_waiters(&self->nl, &self->views));
	ASSERT_EQ(1, self->views.nr);
	EXPECT_EQ(caller->args.token, NUMBER(self->views.views, WAITER_TOKEN));
	EXPECT_TRUE(HAS(self->views.views, WAITER_IS_ASYNC));
	EXPECT_EQ(IPCPORT_CALL_QUEUED, call_cancel(self->fd, caller->args.token));
}

/* It is over: only its answer lies there. */
TEST_F(waiter, whose_call_was_answered_does_not_wait)
{
	int64_t token = call_submit(self->fd, self->port, 1, 0, 0);

	ASSERT_EQ(token, recv_call(self->fd, self->port, 0, FAR_AWAY));
	ASSERT_EQ(0, call_reply(self->fd, self->port, token, 5, 0));
	ASSERT_EQ(0, dump_waiters(&self->nl, &self->views));
	EXPECT_EQ(0, self->views.nr);
	EXPECT_EQ(5, call_collect(self->fd, self->port, token, 0, FAR_AWAY));
}

TEST_F(waiter, that_is_killed_does_not_wait)
{
	struct sleeper *sleeper;

	sleeper = sleeper(self->fd, self->port, IPCPORT_WAIT_CALL_QUEUED, .is_child = true);
	ASSERT_LT(0, recv_call(self->fd, self->port, 0, FAR_AWAY));
	EXPECT_EQ(-SIGKILL, kill_and_reap(sleeper->pid));
	ASSERT_EQ(0, dump_waiters(&self->nl, &self->views));
	EXPECT_EQ(0, self->views.nr);
}

TEST_F(waiter, in_a_port_that_ends_does_not_wait)
{
	struct sleeper *sleeper = sleeper(self->fd, self->port, IPCPORT_WAIT_CALL_QUEUED);

	EXPECT_EQ(0, port_destroy(self->fd, self->port));
	ASSERT_EQ(0, dump_waiters(&self->nl, &self->views));
	EXPECT_EQ(0, self->views.nr);
	EXPECT_EQ(-EPIPE, sleeper_end(sleeper));
}

/* Processes. */

#define NR_LINKS	3

/* What the processes of a chain share. Each owns a port, and may call the next one's. */
struct chain {
	int fd;
	int64_t ports[NR_LINKS];
	int64_t tokens[NR_LINKS];	/* received in that port */
	uint64_t start_ns;
	int nr_calls;
};

static struct chain *chain;

/* Which link we are. */
static int who;

static int64_t be_link(int number)
{
	char name[16];

	who = number;
	snprintf(name, sizeof(name), "link-%d", number);
	prctl(PR_SET_NAME, name);
	chain->ports[who] = port_create(chain->fd, 1);
	return chain->ports[who];
}

static int64_t be_first(void)
{
	return be_link(0);
}

static int64_t be_second(void)
{
	return be_link(1);
}

static int64_t be_third(void)
{
	return be_link(2);
}

static int64_t call_next(void)
{
	return call_value(chain->fd, chain->ports[(who + 1) % NR_LINKS], 7, 0, FAR_AWAY);
}

static int64_t receive_own(void)
{
	chain->tokens[who] = recv_call(chain->fd, chain->ports[who], 0, FAR_AWAY);
	return chain->tokens[who];
}

/* Another process than the owner. */
static int64_t receive_last(void)
{
	prctl(PR_SET_NAME, "holder");
	chain->tokens[2] = recv_call(chain->fd, chain->ports[2], 0, FAR_AWAY);
	return chain->tokens[2];
}

static int64_t answer_own(void)
{
	return call_reply(chain->fd, chain->ports[who], chain->tokens[who], 8, 0);
}

static int64_t answer_last(void)
{
	return call_reply(chain->fd, chain->ports[2], chain->tokens[2], 8, 0);
}

FIXTURE(chain) {
	struct remote links[NR_LINKS], holder;
	struct nl nl;
	struct views views;
};

FIXTURE_SETUP(chain)
{
	static remote_order * const be[] = { be_first, be_second, be_third };

	adopt_orphans();
	chain = shared_alloc(sizeof(*chain));
	chain->fd = dev_open();
	ASSERT_LE(0, chain->fd);
	for (int i = 0; i < NR_LINKS; i++) {
		remote_start(&self->links[i]);
		ASSERT_LT(0, remote_do(&self->links[i], be[i]));
	}
	remote_start(&self->holder);
	chain->start_ns = coarse_ns();
	ASSERT_EQ(0, nl_open(&self->nl));
}

FIXTURE_TEARDOWN(chain)
{
	for (int i = 0; i < NR_LINKS; i++)
		remote_kill(&self->links[i]);
	remote_kill(&self->holder);
	EXPECT_EQ(0, dump_waiters(&self->nl, &self->views));
	EXPECT_EQ(0, self->views.nr);
	views_free(&self->views);
	EXPECT_SOUND(&self->nl);
	nl_close(&self->nl);
	close(chain->fd);
	EXPECT_TRUE(all_is_gone());
}

/* Check that link @_i waits for the next, and how far its call is; @_holder 0: not received. */
#define EXPECT_LINK(_i, _holder, _holder_comm) do {				\
	struct view *_view = find_waiter(&self->views, self->links[_i].pid);	\
	int _next = ((_i) + 1) % NR_LINKS;					\
	char _comm[16], _owner[16];						\
										\
	snprintf(_comm, sizeof(_comm), "link-%d", _i);				\
	snprintf(_owner, sizeof(_owner), "link-%d", _next);			\
	ASSERT_NE(NULL, _view);							\
	EXPECT_EQ((_holder) ? IPCPORT_WAIT_CALL_RECEIVED : IPCPORT_WAIT_CALL_QUEUED,	\
		  NUMBER(_view, WAITER_KIND));					\
	EXPECT_EQ((_holder) ? IS_RECEIVED : IS_CALL, _view->has);		\
	EXPECT_EQ(self->links[_i].pid, NUMBER(_view, WAITER_PID));		\
	EXPECT_STREQ(_comm, TEXT(_view, WAITER_COMM));				\
	EXPECT_EQ(chain->ports[_next], NUMBER(_view, WAITER_PORT));		\
	EXPECT_EQ(self->links[_next].pid, NUMBER(_view, WAITER_OWNER_PID));	\
	EXPECT_STREQ(_owner, TEXT(_view, WAITER_OWNER_COMM));			\
	EXPECT_LE(chain->start_ns, NUMBER(_view, WAITER_SINCE));		\
	EXPECT_GE(now_ns(), NUMBER(_view, WAITER_SINCE));			\
	if (_holder) {								\
		EXPECT_EQ(_holder, NUMBER(_view, WAITER_HOLDER_PID));		\
		EXPECT_STREQ(_holder_comm, TEXT(_view, WAITER_HOLDER_COMM));	\
		EXPECT_EQ(chain->tokens[_next], NUMBER(_view, WAITER_TOKEN));	\
	}									\
} while (0)

TEST_F_TIMEOUT(chain, of_three_processes_is_shown_up_to_who_holds_the_last_call, LONG_TIMEOUT)
{
	remote_tell(&self->links[0], call_next);
	ASSERT_LT(0, remote_do(&self->links[1], receive_own));
	remote_tell(&self->links[1], call_next);
	ASSERT_LT(0, remote_do(&self->holder, receive_last));
	ASSERT_EQ(0, dump_waiters(&self->nl, &self->views));
	ASSERT_EQ(2, self->views.nr);
	EXPECT_LINK(0, self->links[1].pid, "link-1");
	EXPECT_LINK(1, self->holder.pid, "holder");
	EXPECT_LE(NUMBER(find_waiter(&self->views, self->links[0].pid), WAITER_SINCE),
		  NUMBER(find_waiter(&self->views, self->links[1].pid), WAITER_SINCE));

	/* and it dissolves from its end */
	EXPECT_EQ(0, remote_do(&self->holder, answer_last));
	EXPECT_EQ(8, remote_result(&self->links[1]));
	ASSERT_EQ(0, dump_waiters(&self->nl, &self->views));
	ASSERT_EQ(1, self->views.nr);
	EXPECT_LINK(0, self->links[1].pid, "link-1");
	EXPECT_EQ(0, remote_do(&self->links[1], answer_own));
	EXPECT_EQ(8, remote_result(&self->links[0]));
}

TEST_F_TIMEOUT(chain, of_three_processes_in_a_circle_is_shown_as_one, LONG_TIMEOUT)
{
	remote_tell(&self->links[0], call_next);
	ASSERT_LT(0, remote_do(&self->links[1], receive_own));
	remote_tell(&self->links[1], call_next);
	ASSERT_LT(0, remote_do(&self->links[2], receive_own));
	remote_tell(&self->links[2], call_next);
	ASSERT_TRUE(wait_for_calls(chain->fd, chain->ports[0], 1, 1));
	ASSERT_EQ(0, dump_waiters(&self->nl, &self->views));
	ASSERT_EQ(3, self->views.nr);
	EXPECT_LINK(0, self->links[1].pid, "link-1");
	EXPECT_LINK(1, self->links[2].pid, "link-2");
	EXPECT_LINK(2, 0, "");

	/* the end of one of them frees the others */
	EXPECT_EQ(-SIGKILL, remote_kill(&self->links[1]));
	EXPECT_EQ(-EPIPE, remote_result(&self->links[0]));
	ASSERT_EQ(0, dump_waiters(&self->nl, &self->views));
	ASSERT_EQ(1, self->views.nr);
	EXPECT_LINK(2, 0, "");
	EXPECT_LT(0, remote_do(&self->links[0], receive_own));
	EXPECT_EQ(0, remote_do(&self->links[0], answer_own));
	EXPECT_EQ(8, remote_result(&self->links[2]));
}

/* Many. */

#define NR_CROWD	2000

static int by_tid(const void *a, const void *b)
{
	uint64_t left = NUMBER((const struct view *)a, WAITER_TID);
	uint64_t right = NUMBER((const struct view *)b, WAITER_TID);

	return left < right ? -1 : left > right;
}

static int by_token(const void *a, const void *b)
{
	uint64_t left = NUMBER((const struct view *)a, WAITER_TOKEN);
	uint64_t right = NUMBER((const struct view *)b, WAITER_TOKEN);

	return left < right ? -1 : left > right;
}

static int count_equal(const struct views *views, int (*order)(const void *, const void *))
{
	int nr = 0;

	qsort(views->views, views->nr, sizeof(*views->views), order);
	for (size_t i = 1; i < views->nr; i++)
		nr += !order(&views->views[i - 1], &views->views[i]);
	return nr;
}

/* In one port: calls received and queued, and then senders in line behind them. */
#define NR_CALLS	(NR_CROWD * 3 / 4)
#define NR_SENDERS	(NR_CROWD - NR_CALLS)

static bool crowd_gather(int fd, uint64_t port, struct actor **actors)
{
	for (int i = 0; i < NR_CALLS; i++)
		if (call_submit(fd, port, 1, 0, 0) <= 0 ||
		    (i < NR_CALLS / 2 && recv_call(fd, port, 0, 0) <= 0))
			return false;
	while (!send_nb(fd, port, 1))
		;
	for (int i = 0; i < NR_SENDERS; i++)
		actors[i] = sender(fd, port, i, .deadline_ns = in_ms(1000000));
	return wait_for_senders(fd, port, NR_SENDERS);
}

static size_t count_kind(const struct views *views, uint64_t port, enum ipcport_wait_kind kind)
{
	struct view *view;
	size_t nr = 0;

	for_each_view(view, views)
		nr += NUMBER(view, WAITER_KIND) == kind && NUMBER(view, WAITER_PORT) == port;
	return nr;
}

/* By thread, or by call. */
static int by_number(const void *a, const void *b)
{
	const struct view *views[] = { a, b };
	uint64_t numbers[2];

	for (int i = 0; i < 2; i++)
		numbers[i] = HAS(views[i], WAITER_TOKEN) ? NUMBER(views[i], WAITER_TOKEN) << 32 :
							   NUMBER(views[i], WAITER_TID);
	return numbers[0] < numbers[1] ? -1 : numbers[0] > numbers[1];
}

TEST_F_TIMEOUT(waiter, one_of_2000_in_a_port_is_shown_once_as_all_the_others, LONG_TIMEOUT)
{
	struct actor **actors = calloc(NR_SENDERS, sizeof(*actors));
	int64_t port = port_create(self->fd, 1000);

	ASSERT_TRUE(crowd_gather(self->fd, port, actors));
	ASSERT_EQ(0, dump_waiters(&self->nl, &self->views));
	EXPECT_EQ(NR_CROWD, self->views.nr);
	EXPECT_LT(10, self->nl.nr_parts);
	EXPECT_EQ(0, count_equal(&self->views, by_number));
	EXPECT_EQ(NR_SENDERS, count_kind(&self->views, port, IPCPORT_WAIT_SEND));
	EXPECT_EQ(NR_CALLS / 2, count_kind(&self->views, port, IPCPORT_WAIT_CALL_QUEUED));
	EXPECT_EQ(NR_CALLS / 2, count_kind(&self->views, port, IPCPORT_WAIT_CALL_RECEIVED));
	ASSERT_EQ(0, dump_waiters_in(&self->nl, port, &self->views));
	EXPECT_EQ(NR_CROWD, self->views.nr);
	EXPECT_EQ(0, count_equal(&self->views, by_number));
	EXPECT_EQ(0, port_destroy(self->fd, port));
	for (int i = 0; i < NR_SENDERS; i++)
		EXPECT_EQ(-EPIPE, actor_end(actors[i]));
	free(actors);
}

/* A thread that receives half of the calls, and others that come and are cancelled. */
struct bustle {
	_Atomic bool is_over;
	_Atomic int nr_received, nr_allowed;
	int nr_wrong;
	int fd;
	uint64_t port;
};

static void *bustle_run(void *arg)
{
	struct bustle *bustle = arg;
	int64_t tokens[8] = {};

	for (uint32_t i = 0; !bustle->is_over; i++) {
		int64_t *token = &tokens[i % 8];

		if (*token && call_cancel(bustle->fd, *token) < 0)
			bustle->nr_wrong++;
		*token = call_submit(bustle->fd, bustle->port, 1, 0, 0);
		if (*token < 0)
			bustle->nr_wrong++;
		if (bustle->nr_received < bustle->nr_allowed) {
			bustle->nr_wrong += recv_call(bustle->fd, bustle->port, 0, 0) <= 0;
			bustle->nr_received++;
		}
	}
	for (int i = 0; i < 8; i++)
		bustle->nr_wrong += tokens[i] && call_cancel(bustle->fd, tokens[i]) < 0;
	return NULL;
}

static int count_unseen(const struct views *views, const int64_t *tokens, int nr)
{
	int nr_unseen = 0;

	qsort(views->views, views->nr, sizeof(*views->views), by_token);
	for (int i = 0; i < nr; i++) {
		struct view key;

		NUMBER(&key, WAITER_TOKEN) = tokens[i];
		nr_unseen += !bsearch(&key, views->views, views->nr, sizeof(key), by_token);
	}
	return nr_unseen;
}

/* What waits from the beginning of a dump to its end is in it, also when it is received. */
TEST_F_TIMEOUT(waiter, that_stays_is_never_missing_while_others_come_and_go, LONG_TIMEOUT)
{
	int64_t *tokens = calloc(NR_CROWD, sizeof(*tokens));
	struct bustle bustle = { .fd = self->fd };
	pthread_t thread;

	bustle.port = port_create(self->fd, 1024);
	ASSERT_LT(0, bustle.port);
	for (int i = 0; i < NR_CROWD; i++) {
		tokens[i] = call_submit(self->fd, bustle.port, 1, 0, 0);
		ASSERT_LT(0, tokens[i]);
		if (i >= 1000 && i < 1990)
			ASSERT_LT(0, recv_call(self->fd, bustle.port, 0, 0));
	}
	ASSERT_EQ(0, thread_start(&thread, bustle_run, &bustle));
	for (int i = 0; i < 13; i++) {
		/* some are received during each dump but the last */
		if (i < 10)
			bustle.nr_allowed += NR_CROWD / 2 / 10;
		ASSERT_EQ(0, dump_waiters_in(&self->nl, bustle.port, &self->views));
		EXPECT_EQ(0, count_unseen(&self->views, tokens, NR_CROWD));
	}
	ASSERT_TRUE(wait_until(bustle.nr_received == NR_CROWD / 2));
	bustle.is_over = true;
	pthread_join(thread, NULL);
	EXPECT_EQ(0, bustle.nr_wrong);
	ASSERT_EQ(0, dump_waiters_in(&self->nl, bustle.port, &self->views));
	EXPECT_EQ(NR_CROWD, self->views.nr);
	EXPECT_EQ(0, count_equal(&self->views, by_token));
	EXPECT_EQ(0, port_destroy(self->fd, bustle.port));
	free(tokens);
}

TEST_F_TIMEOUT(waiter, for_names_is_shown_with_all_the_others, LONG_TIMEOUT)
{
	struct sleeper *sleepers[200];
	char names[200][32];

	for (int i = 0; i < 200; i++) {
		snprintf(names[i], sizeof(names[i]), "/test/%d", i / 2);
		sleepers[i] = sleeper(self->fd, 0, IPCPORT_WAIT_NAME, .awaited = names[i]);
	}
	ASSERT_EQ(0, dump_waiters(&self->nl, &self->views));
	EXPECT_EQ(200, self->views.nr);
	EXPECT_EQ(0, count_equal(&self->views, by_tid));
	for (int i = 0; i < 200; i++) {
		struct view *view = find_waiter(&self->views, sleepers[i]->tid);

		ASSERT_NE(NULL, view);
		EXPECT_STREQ(names[i], TEXT(view, WAITER_NAME));
	}
	ASSERT_EQ(0, dump_waiters_for(&self->nl, "/test/7", &self->views));
	EXPECT_EQ(2, self->views.nr);
	for (int i = 0; i < 200; i += 2) {
		ASSERT_EQ(0, port_bind(self->fd, self->port, names[i]));
		EXPECT_LE(0, sleeper_end(sleepers[i]));
		EXPECT_LE(0, sleeper_end(sleepers[i + 1]));
		close(sleepers[i]->ret);
		close(sleepers[i + 1]->ret);
		ASSERT_EQ(0, port_unbind(self->fd, self->port));
	}
}

int main(int argc, char **argv)
{
	return process_main(argc, argv);
}
