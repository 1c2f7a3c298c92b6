// SPDX-License-Identifier: GPL-2.0
/*
 * poll(), select() and epoll on handles: what they say is what a receive or a send that
 * does not wait would find, whoever waits in them is woken when that changes, and they
 * can be closed in any order with what they look at.
 */
#include "process.h"
#include "call.h"
#include "handle.h"
#include "remote.h"

#include <sys/epoll.h>
#include <sys/select.h>

#define CAPACITY	4

/* What processes of a test share. */
struct desk {
	_Atomic int phase;
	_Atomic int go;
	int fd;			/* of the owner alone */
	int64_t port;
	int rets[8];
};

FIXTURE(poll) {
	int fd;
	int64_t port;
	int none, sender, receiver, both;
	struct desk *desk;
	pid_t pids[4];
};

typedef FIXTURE_DATA(poll) poll_data;

FIXTURE_SETUP(poll)
{
	adopt_orphans();
	self->desk = shared_alloc(sizeof(*self->desk));
	self->fd = dev_open();
	ASSERT_LE(0, self->fd);
	self->port = port_create_as(self->fd, CAPACITY, 0, IPCPORT_CREATE_F_NOTIFY_ABORT);
	ASSERT_LT(0, self->port);
	self->none = open_handle(self->fd, self->port, 0);
	ASSERT_LE(0, self->none);
	self->sender = open_handle(self->fd, self->port, R_SEND);
	ASSERT_LE(0, self->sender);
	self->receiver = open_handle(self->fd, self->port, R_RECV);
	ASSERT_LE(0, self->receiver);
	self->both = open_handle(self->fd, self->port, R_BOTH);
	ASSERT_LE(0, self->both);
}

FIXTURE_TEARDOWN(poll)
{
	reap_all(self->pids, ARRAY_SIZE(self->pids));
	/* the device file was the first */
	syscall(SYS_close_range, self->fd, ~0U, 0);
	EXPECT_TRUE(no_call_lives());
	EXPECT_TRUE(handles_live(0));
	EXPECT_TRUE(all_is_gone());
}

/* Check what poll() says of each of the four handles. */
#define EXPECT_POLL(_in, _out, _dead) do {					\
	EXPECT_EQ(_dead, poll_now(self->none));					\
	EXPECT_EQ((_out) | (_dead), poll_now(self->sender));			\
	EXPECT_EQ((_in) | (_dead), poll_now(self->receiver));			\
	EXPECT_EQ((_in) | (_out) | (_dead), poll_now(self->both));		\
} while (0)

/*
 * What is said.
 */
TEST_F_TIMEOUT(poll, says_what_the_rights_allow, LONG_TIMEOUT)
{
	EXPECT_POLL(0, POLLOUT, 0);
	for (int i = 1; i < CAPACITY; i++) {
		ASSERT_EQ(0, send_nb(self->fd, self->port, i));
		EXPECT_POLL(POLLIN, POLLOUT, 0);
	}
	ASSERT_EQ(0, send_nb(self->fd, self->port, CAPACITY));
	EXPECT_POLL(POLLIN, 0, 0);
	for (int i = 1; i < CAPACITY; i++) {
		ASSERT_EQ(i, recv_nb(self->fd, self->port));
		EXPECT_POLL(POLLIN, POLLOUT, 0);
	}
	ASSERT_EQ(CAPACITY, recv_nb(self->fd, self->port));
	EXPECT_POLL(0, POLLOUT, 0);
	EXPECT_PORT(self->fd, self->port, 0, CAPACITY, CAPACITY);
}

TEST_F_TIMEOUT(poll, says_that_the_port_has_ended, LONG_TIMEOUT)
{
	for (int i = 0; i < 2; i++)
		ASSERT_EQ(0, send_nb(self->fd, self->port, i));
	ASSERT_EQ(0, port_destroy(self->fd, self->port));
	EXPECT_POLL(POLLIN, 0, POLL_DEAD);
	EXPECT_EQ(0, recv_nb(self->receiver, 0));
	EXPECT_POLL(POLLIN, 0, POLL_DEAD);
	EXPECT_EQ(1, recv_nb(self->both, 0));
	EXPECT_POLL(0, 0, POLL_DEAD);
	EXPECT_EQ(-EPIPE, recv_nb(self->both, 0));
	EXPECT_POLL(0, 0, POLL_DEAD);
}

TEST_F_TIMEOUT(poll, is_the_same_by_select, LONG_TIMEOUT)
{
	struct timeval zero = {};
	fd_set in, out;

	for (int depth = 0; depth <= CAPACITY; depth++) {
		FD_ZERO(&in);
		FD_SET(self->none, &in);
		FD_SET(self->sender, &in);
		FD_SET(self->receiver, &in);
		out = in;
		EXPECT_EQ((depth > 0) + (depth < CAPACITY),
			  select(self->both + 1, &in, &out, NULL, &zero));
		EXPECT_EQ(depth > 0, !!FD_ISSET(self->receiver, &in));
		EXPECT_EQ(depth < CAPACITY, !!FD_ISSET(self->sender, &out));
		EXPECT_FALSE(FD_ISSET(self->none, &in) || FD_ISSET(self->none, &out));
		EXPECT_FALSE(FD_ISSET(self->sender, &in) || FD_ISSET(self->receiver, &out));
		send_nb(self->fd, self->port, depth);
	}
	/* who waits for either is to learn of the end */
	ASSERT_EQ(0, port_destroy(self->fd, self->port));
	FD_ZERO(&in);
	FD_SET(self->none, &in);
	out = in;
	EXPECT_EQ(2 - !FD_ISSET(self->none, &out), select(self->both + 1, &in, &out, NULL, &zero));
	EXPECT_TRUE(FD_ISSET(self->none, &in));
}

/* Space that a sender waits for is not free, and a message for a receiver not there. */
TEST_F_TIMEOUT(poll, does_not_say_what_is_somebody_elses, LONG_TIMEOUT)
{
	struct actor *actor = receiver(self->receiver, 0);

	ASSERT_TRUE(wait_for_receivers(self->fd, self->port, 1));
	EXPECT_POLL(0, POLLOUT, 0);
	ASSERT_EQ(0, send_nb(self->sender, 0, 1));
	EXPECT_POLL(0, POLLOUT, 0);
	EXPECT_EQ(1, actor_end(actor));
	EXPECT_POLL(0, POLLOUT, 0);

	for (int i = 0; i < CAPACITY; i++)
		ASSERT_EQ(0, send_nb(self->sender, 0, i));
	actor = sender(self->sender, 0, 9);
	ASSERT_TRUE(wait_for_senders(self->fd, self->port, 1));
	EXPECT_POLL(POLLIN, 0, 0);
	EXPECT_EQ(0, recv_nb(self->receiver, 0));
	EXPECT_POLL(POLLIN, 0, 0);
	EXPECT_EQ(1, actor_end(actor));
	EXPECT_POLL(POLLIN, 0, 0);
}

/*
 * A model: random operations by one who is alone, and after each a look whether poll()
 * says what a receive and a send find.
 */
enum { NR_CALLS = 6 };

struct model {
	uint32_t random;
	int depth;
	int nr_calls;
	uint64_t tokens[NR_CALLS];
};

static uint32_t next_random(struct model *model, uint32_t below)
{
	model->random = model->random * 1103515245 + 12345;
	return (model->random >> 16) % below;
}

static void forget_call(struct model *model, int i)
{
	model->tokens[i] = model->tokens[--model->nr_calls];
}

/* Returns whether everything was as the model has it. */
static bool model_step(poll_data *self, struct model *model)
{
	int ret, count = 1 + next_random(model, CAPACITY + 2), call = 0;
	struct ipcport_delivery deliveries[CAPACITY + 2 + NR_CALLS];

	if (model->nr_calls)
		call = next_random(model, model->nr_calls);
	switch (next_random(model, 7)) {
	case 0:
		ret = send_values(self->sender, 0, 0, count, IPCPORT_SEND_F_NONBLOCK, 0);
		model->depth += ret > 0 ? ret : 0;
		return ret > 0 || ret == -EAGAIN;
	case 1:
		ret = msg_recv(self->receiver, 0, deliveries, count, IPCPORT_RECV_F_NONBLOCK, 0);
		model->depth -= ret > 0 ? ret : 0;
		return ret > 0 || ret == -EAGAIN;
	case 2:
		if (!poll_now(self->receiver))
			return true;
		model->depth--;
		return read_value(self->receiver) >= 0;
	case 3:
		if (model->nr_calls == NR_CALLS)
			return true;
		ret = call_submit(self->sender, 0, 1, IPCPORT_CALL_F_NONBLOCK, 0);
		if (ret > 0) {
			model->tokens[model->nr_calls++] = ret;
			model->depth++;
		}
		return ret > 0 || ret == -EAGAIN;
	case 4:
		if (!model->nr_calls)
			return true;
		/* its message is taken back, or a notice comes instead of its end */
		ret = call_cancel(self->sender, model->tokens[call]);
		forget_call(model, call);
		if (ret == IPCPORT_CALL_QUEUED)
			model->depth--;
		else if (ret == IPCPORT_CALL_RECEIVED)
			model->depth++;
		return ret > 0;
	case 5:
		if (!model->nr_calls)
			return true;
		ret = call_reply(self->receiver, 0, model->tokens[call], 1, 0);
		if (ret)
			return ret == -ENOENT;
		call_collect(self->sender, 0, model->tokens[call], 0, FAR_AWAY);
		forget_call(model, call);
		return true;
	default:
		return msg_recv(self->receiver, 0, NULL, count, IPCPORT_RECV_F_NONBLOCK, 0) ==
		       (model->depth ? -EFAULT : -EAGAIN);
	}
}

/* Whether a receive would succeed; it does not, for its bad buffer. */
static bool can_receive(int handle)
{
	return msg_recv(handle, 0, NULL, 1, IPCPORT_RECV_F_NONBLOCK, 0) == -EFAULT;
}

/* Whether a send succeeds; it is taken back. */
static bool can_send(int handle)
{
	int64_t token = call_submit(handle, 0, 1, IPCPORT_CALL_F_NONBLOCK, 0);

	return token > 0 && call_cancel(handle, token) == IPCPORT_CALL_QUEUED;
}

TEST_F_TIMEOUT(poll, says_what_receive_and_send_find, LONG_TIMEOUT)
{
	struct model model = { .random = 4711 };
	struct ipcport_stat stat;

	for (int i = 0; i < LESS_IN_32(5000); i++) {
		ASSERT_TRUE(model_step(self, &model)) {
			TH_LOG("step %d", i);
		}
		ASSERT_EQ(0, port_stat(self->fd, self->port, &stat));
		ASSERT_EQ(model.depth, stat.out_depth);
		ASSERT_EQ(model.depth > 0, can_receive(self->receiver));
		ASSERT_EQ(model.depth < CAPACITY, can_send(self->sender));
		EXPECT_POLL(model.depth > 0 ? POLLIN : 0, model.depth < CAPACITY ? POLLOUT : 0, 0);
	}
	/* and on to the end: what is left can be received */
	ASSERT_EQ(0, port_destroy(self->fd, self->port));
	while (can_receive(self->receiver)) {
		EXPECT_POLL(POLLIN, 0, POLL_DEAD);
		ASSERT_LE(0, recv_nb(self->receiver, 0));
	}
	EXPECT_POLL(0, 0, POLL_DEAD);
}

/*
 * Waking.
 */

/* A thread that waits in poll() for one file, or in epoll_wait(). */
struct poller {
	int fd;
	short events;
	bool is_epoll;
	volatile int revents;		/* or -errno */
	volatile pid_t tid;
	volatile bool is_done;
	pthread_t thread;
};

static void *poller_run(void *arg)
{
	uint64_t end = in_ms(PATIENCE * 1000);
	struct poller *poller = arg;
	struct epoll_event event;
	int ret;

	poller->tid = syscall(SYS_gettid);
	if (poller->is_epoll) {
		ret = epoll_wait(poller->fd, &event, 1, PATIENCE * 1000);
		poller->revents = ret < 0 ? -errno : 0;
		/* what it finds in the end, nobody woke it for */
		if (ret == 1 && now_ns() < end)
			poller->revents = event.events;
	} else {
		poller->revents = poll_for(poller->fd, poller->events);
	}
	poller->is_done = true;
	return NULL;
}

/* Whether a thread sleeps in a system call. */
static bool is_asleep(pid_t tid)
{
	char path[64], text[32] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/syscall", tid);
	file = tid ? fopen(path, "r") : NULL;
	if (!file)
		return false;
	if (fscanf(file, "%31s", text) != 1)
		text[0] = '\0';
	fclose(file);
	return text[0] >= '0' && text[0] <= '9';
}

static struct poller *poller_launch(struct poller *poller)
{
	if (thread_start(&poller->thread, poller_run, poller))
		abort();
	wait_until(is_asleep(poller->tid) || poller->is_done);
	return poller;
}

/* Returns when it sleeps. */
static struct poller *poller_start(int fd, short events)
{
	struct poller *poller = shared_alloc(sizeof(*poller));

	poller->fd = fd;
	poller->events = events;
	return poller_launch(poller);
}

static struct poller *epoller_start(int epoll)
{
	struct poller *poller = shared_alloc(sizeof(*poller));

	poller->fd = epoll;
	poller->is_epoll = true;
	return poller_launch(poller);
}

static int poller_end(struct poller *poller)
{
	pthread_join(poller->thread, NULL);
	return poller->revents;
}

static int fill(poll_data *self)
{
	return send_values(self->fd, self->port, 0, CAPACITY, IPCPORT_SEND_F_NONBLOCK, 0);
}

/* How a message can come; 0 or more if it did, for a call its token. */
static int64_t make_message(poll_data *self, int kind)
{
	switch (kind) {
	case 0:
		return send_nb(self->fd, self->port, 1);
	case 1:
		return send_nb(self->sender, 0, 1);
	case 2:
		return write_value(self->sender, 1);
	default:
		return call_submit(self->sender, 0, 1, 0, FAR_AWAY);
	}
}

TEST_F_TIMEOUT(poll, is_woken_by_every_kind_of_message, LONG_TIMEOUT)
{
	struct poller *poller;
	int64_t token = 0;

	for (int kind = 0; kind < 4; kind++) {
		poller = poller_start(self->receiver, POLLIN);
		ASSERT_FALSE(poller->is_done);
		token = make_message(self, kind);
		EXPECT_LE(0, token);
		EXPECT_EQ(POLLIN, poller_end(poller));
		EXPECT_LE(0, recv_nb(self->receiver, 0));
	}
	/* a notice of the call that was received */
	poller = poller_start(self->receiver, POLLIN);
	ASSERT_FALSE(poller->is_done);
	EXPECT_EQ(IPCPORT_CALL_RECEIVED, call_cancel(self->sender, token));
	EXPECT_EQ(POLLIN, poller_end(poller));
	EXPECT_EQ(0, recv_nb(self->receiver, 0));
	EXPECT_POLL(0, POLLOUT, 0);
}

/* Put a call behind CAPACITY - 1 messages: its token, or -errno. */
static int64_t fill_with_call(poll_data *self)
{
	while (recv_nb(self->receiver, 0) >= 0)
		;
	for (int i = 0; i < CAPACITY - 1; i++)
		if (send_nb(self->fd, self->port, 1))
			return -EAGAIN;
	return call_submit(self->sender, 0, 1, 0, FAR_AWAY);
}

TEST_F_TIMEOUT(poll, is_woken_by_every_kind_of_space, LONG_TIMEOUT)
{
	for (int kind = 0; kind < 3; kind++) {
		int64_t token = fill_with_call(self), ret;
		struct poller *poller;

		ASSERT_LT(0, token);
		poller = poller_start(self->sender, POLLOUT);
		ASSERT_FALSE(poller->is_done);
		switch (kind) {
		case 0:
			ret = recv_nb(self->fd, self->port);
			break;
		case 1:
			ret = read_value(self->receiver);
			break;
		default:
			ret = call_cancel(self->sender, token);
		}
		EXPECT_EQ(1, ret);
		EXPECT_EQ(POLLOUT, poller_end(poller));
		EXPECT_EQ(kind < 2 ? IPCPORT_CALL_QUEUED : -ENOENT,
			  call_cancel(self->sender, token));
	}
}

/* It takes its message with it. */
TEST_F_TIMEOUT(poll, is_woken_when_a_caller_is_killed, LONG_TIMEOUT)
{
	struct caller *caller;
	struct poller *poller;

	EXPECT_EQ(IPCPORT_CALL_QUEUED, call_cancel(self->sender, fill_with_call(self)));
	caller = caller(self->sender, 0, .is_child = true);
	self->pids[0] = caller->pid;
	ASSERT_TRUE(wait_for_calls(self->fd, self->port, CAPACITY, 1));
	poller = poller_start(self->sender, POLLOUT);
	ASSERT_FALSE(poller->is_done);
	EXPECT_EQ(-SIGKILL, kill_and_reap(self->pids[0]));
	self->pids[0] = 0;
	EXPECT_EQ(POLLOUT, poller_end(poller));
	EXPECT_TRUE(has_calls(self->fd, self->port, CAPACITY - 1, 0));
}

TEST_F_TIMEOUT(poll, is_woken_by_a_message_that_is_put_back, LONG_TIMEOUT)
{
	struct poller *poller = poller_start(self->receiver, POLLIN);
	struct actor *actor = receiver(self->fd, self->port, .is_raw = true);

	ASSERT_TRUE(wait_for_receivers(self->fd, self->port, 1));
	ASSERT_FALSE(poller->is_done);
	/* is handed to the receiver, who has no place for it */
	ASSERT_EQ(0, send_nb(self->sender, 0, 5));
	EXPECT_EQ(-EFAULT, actor_end(actor));
	EXPECT_EQ(POLLIN, poller_end(poller));
	EXPECT_EQ(5, recv_nb(self->receiver, 0));
}

TEST_F_TIMEOUT(poll, is_woken_when_nobody_can_send_any_more, LONG_TIMEOUT)
{
	struct ipcport_delivery delivery;
	struct poller *poller;
	int sender;

	self->port = port_create_as(self->fd, 1, 0, IPCPORT_CREATE_F_NOTIFY_NO_SENDERS);
	self->receiver = open_handle(self->fd, self->port, R_RECV);
	EXPECT_EQ(0, poll_now(self->receiver));
	sender = open_handle(self->fd, self->port, R_SEND);
	poller = poller_start(self->receiver, POLLIN);
	ASSERT_FALSE(poller->is_done);
	close(sender);
	EXPECT_EQ(POLLIN, poller_end(poller));
	ASSERT_EQ(1, msg_recv(self->receiver, 0, &delivery, 1, IPCPORT_RECV_F_NONBLOCK, 0));
	EXPECT_EQ(IPCPORT_INFO_F_NO_SENDERS, delivery.info.flags);
	EXPECT_EQ(0, poll_now(self->receiver));
}

TEST_F_TIMEOUT(poll, is_woken_in_each_of_many_threads, LONG_TIMEOUT)
{
	struct poller *readers[3], *writers[3];

	ASSERT_EQ(CAPACITY, fill(self));
	for (int i = 0; i < 3; i++)
		writers[i] = poller_start(self->sender, POLLOUT);
	EXPECT_EQ(0, recv_nb(self->receiver, 0));
	for (int i = 0; i < 3; i++)
		EXPECT_EQ(POLLOUT, poller_end(writers[i]));
	while (recv_nb(self->receiver, 0) >= 0)
		;
	for (int i = 0; i < 3; i++)
		readers[i] = poller_start(self->receiver, POLLIN);
	EXPECT_EQ(0, send_nb(self->sender, 0, 1));
	for (int i = 0; i < 3; i++)
		EXPECT_EQ(POLLIN, poller_end(readers[i]));
}

TEST_F_TIMEOUT(poll, is_woken_in_another_process, LONG_TIMEOUT)
{
	self->pids[0] = fork();
	if (!self->pids[0])
		_exit(poll_for(self->receiver, POLLIN));
	ASSERT_TRUE(wait_until(is_asleep(self->pids[0])));
	ASSERT_EQ(0, send_nb(self->sender, 0, 1));
	EXPECT_EQ(POLLIN, reap(self->pids[0]));
	self->pids[0] = 0;
}

/*
 * The end of the port.
 */
enum end { DESTROY, EXIT, KILL, LAST_CLOSE };

FIXTURE(death) {
	int fd;
	struct desk *desk;
	pid_t owner;
	int handle[R_BOTH + 1];
	int epoll;
};

typedef FIXTURE_DATA(death) death_data;

FIXTURE_VARIANT(death) {
	enum end end;
};

FIXTURE_VARIANT_ADD(death, by_destroy) { .end = DESTROY };
FIXTURE_VARIANT_ADD(death, by_exit) { .end = EXIT };
FIXTURE_VARIANT_ADD(death, by_kill) { .end = KILL };
FIXTURE_VARIANT_ADD(death, by_the_last_close) { .end = LAST_CLOSE };

/* The owner: makes a port, and ends it when told to. */
static void __attribute__((noreturn)) owner_run(death_data *self, enum end end)
{
	/* where it is the exit that is to end the port, the file must not */
	int fd = end == LAST_CLOSE ? dev_open() : self->fd;
	struct desk *desk = self->desk;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	desk->port = port_create_as(fd, 1, 0666, 0);
	desk->phase = 1;
	wait_until(desk->go);
	if (end == DESTROY)
		port_destroy(fd, desk->port);
	else if (end == LAST_CLOSE)
		close(fd);
	else if (end == EXIT)
		_exit(0);
	hold_still();
}

FIXTURE_SETUP(death)
{
	adopt_orphans();
	self->desk = shared_alloc(sizeof(*self->desk));
	self->fd = dev_open();
	ASSERT_LE(0, self->fd);
	self->owner = fork();
	if (!self->owner)
		owner_run(self, variant->end);
	ASSERT_TRUE(wait_until(self->desk->phase));
	for (int rights = 0; rights <= R_BOTH; rights++) {
		self->handle[rights] = open_handle(self->fd, self->desk->port, rights);
		ASSERT_LE(0, self->handle[rights]);
	}
	self->epoll = epoll_create1(EPOLL_CLOEXEC);
	ASSERT_LE(0, self->epoll);
}

FIXTURE_TEARDOWN(death)
{
	reap_all(&self->owner, 1);
	syscall(SYS_close_range, self->fd, ~0U, 0);
	EXPECT_TRUE(handles_live(0));
	EXPECT_TRUE(all_is_gone());
}

static void end_port(death_data *self, enum end end)
{
	if (end == KILL)
		kill(self->owner, SIGKILL);
	self->desk->go = 1;
}

static int watch(int epoll, int fd, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.fd = fd };

	return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

static int watch_again(int epoll, int fd, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.fd = fd };

	return epoll_ctl(epoll, EPOLL_CTL_MOD, fd, &event) ? -errno : 0;
}

/* What epoll says of the first file that is ready, without waiting; 0 if none is. */
static int epoll_now(int epoll)
{
	struct epoll_event event = { .events = 0 };
	int ret = epoll_wait(epoll, &event, 1, 0);

	return ret < 0 ? -errno : ret ? (int)event.events : 0;
}

TEST_F_TIMEOUT(death, ends_the_wait_of_all_who_poll, LONG_TIMEOUT)
{
	struct poller *pollers[R_BOTH + 1];

	/* full, for those who wait for space; those who wait for messages have other events */
	ASSERT_EQ(0, send_nb(self->fd, self->desk->port, 1));
	for (int rights = 0; rights <= R_BOTH; rights++) {
		pollers[rights] = poller_start(self->handle[rights], POLLOUT);
		ASSERT_FALSE(pollers[rights]->is_done);
	}
	end_port(self, variant->end);
	for (int rights = 0; rights <= R_BOTH; rights++)
		EXPECT_EQ(POLL_DEAD, poller_end(pollers[rights]));
	EXPECT_EQ(POLL_DEAD | POLLIN, poll_now(self->handle[R_RECV]));
}

TEST_F_TIMEOUT(death, ends_the_wait_for_messages, LONG_TIMEOUT)
{
	struct poller *pollers[R_BOTH + 1];

	for (int rights = 0; rights <= R_BOTH; rights++) {
		pollers[rights] = poller_start(self->handle[rights], POLLIN);
		ASSERT_FALSE(pollers[rights]->is_done);
	}
	end_port(self, variant->end);
	for (int rights = 0; rights <= R_BOTH; rights++)
		EXPECT_EQ(POLL_DEAD, poller_end(pollers[rights]));
}

TEST_F_TIMEOUT(death, ends_the_wait_in_epoll, LONG_TIMEOUT)
{
	struct poller *poller;

	ASSERT_EQ(0, watch(self->epoll, self->handle[0], 0));
	poller = epoller_start(self->epoll);
	ASSERT_FALSE(poller->is_done);
	end_port(self, variant->end);
	EXPECT_EQ(EPOLLHUP | EPOLLERR, poller_end(poller));
	/* level */
	EXPECT_EQ(EPOLLHUP | EPOLLERR, epoll_now(self->epoll));
}

TEST_F_TIMEOUT(death, is_an_edge, LONG_TIMEOUT)
{
	struct poller *poller;

	ASSERT_EQ(0, watch(self->epoll, self->handle[R_BOTH], EPOLLIN | EPOLLOUT | EPOLLET));
	EXPECT_EQ(EPOLLOUT, epoll_now(self->epoll));
	EXPECT_EQ(0, epoll_now(self->epoll));
	poller = epoller_start(self->epoll);
	ASSERT_FALSE(poller->is_done);
	end_port(self, variant->end);
	EXPECT_EQ(EPOLLHUP | EPOLLERR, poller_end(poller));
	EXPECT_EQ(0, epoll_now(self->epoll));
}

/* However they share messages, this is for each of them. */
TEST_F_TIMEOUT(death, is_told_to_all_exclusive_waiters, LONG_TIMEOUT)
{
	struct poller *pollers[4];

	for (int i = 0; i < 4; i++) {
		int epoll = epoll_create1(EPOLL_CLOEXEC);

		ASSERT_EQ(0, watch(epoll, self->handle[R_RECV], EPOLLIN | EPOLLEXCLUSIVE));
		pollers[i] = epoller_start(epoll);
		ASSERT_FALSE(pollers[i]->is_done);
	}
	end_port(self, variant->end);
	for (int i = 0; i < 4; i++)
		EXPECT_EQ(EPOLLHUP | EPOLLERR, poller_end(pollers[i]));
}

TEST_F_TIMEOUT(death, is_told_to_who_selects, LONG_TIMEOUT)
{
	fd_set in;

	FD_ZERO(&in);
	FD_SET(self->handle[0], &in);
	end_port(self, variant->end);
	EXPECT_EQ(1, select(self->handle[0] + 1, &in, NULL, NULL, NULL));
	EXPECT_EQ(POLL_DEAD, poll_now(self->handle[0]));
}

/*
 * epoll.
 */
FIXTURE(epoll) {
	int fd;
	int64_t port;
	int sender, receiver;
	int epoll;
};

FIXTURE_SETUP(epoll)
{
	self->fd = dev_open();
	ASSERT_LE(0, self->fd);
	self->port = port_create(self->fd, CAPACITY);
	ASSERT_LT(0, self->port);
	self->sender = open_handle(self->fd, self->port, R_SEND);
	ASSERT_LE(0, self->sender);
	self->receiver = open_handle(self->fd, self->port, R_RECV);
	ASSERT_LE(0, self->receiver);
	self->epoll = epoll_create1(EPOLL_CLOEXEC);
	ASSERT_LE(0, self->epoll);
}

FIXTURE_TEARDOWN(epoll)
{
	syscall(SYS_close_range, self->fd, ~0U, 0);
	EXPECT_TRUE(handles_live(0));
	EXPECT_TRUE(all_is_gone());
}

TEST_F_TIMEOUT(epoll, refuses_the_device_file, LONG_TIMEOUT)
{
	EXPECT_EQ(-EPERM, watch(self->epoll, self->fd, EPOLLIN));
}

TEST_F_TIMEOUT(epoll, by_level_tells_until_the_last_message_is_taken, LONG_TIMEOUT)
{
	ASSERT_EQ(0, watch(self->epoll, self->receiver, EPOLLIN));
	EXPECT_EQ(0, epoll_now(self->epoll));
	for (int i = 0; i < 2; i++)
		ASSERT_EQ(0, send_nb(self->sender, 0, i));
	for (int i = 0; i < 3; i++)
		EXPECT_EQ(EPOLLIN, epoll_now(self->epoll));
	EXPECT_EQ(0, recv_nb(self->receiver, 0));
	EXPECT_EQ(EPOLLIN, epoll_now(self->epoll));
	EXPECT_EQ(1, recv_nb(self->receiver, 0));
	EXPECT_EQ(0, epoll_now(self->epoll));
	/* the same for space */
	ASSERT_EQ(0, watch(self->epoll, self->sender, EPOLLOUT));
	for (int i = 0; i < CAPACITY; i++) {
		EXPECT_EQ(EPOLLOUT, epoll_now(self->epoll) & EPOLLOUT);
		ASSERT_EQ(0, send_nb(self->sender, 0, i));
		ASSERT_EQ(0, watch_again(self->epoll, self->receiver, 0));
	}
	EXPECT_EQ(0, epoll_now(self->epoll));
}

/* An event for each message, also while there are others. */
TEST_F_TIMEOUT(epoll, by_edge_tells_of_each_message, LONG_TIMEOUT)
{
	ASSERT_EQ(0, watch(self->epoll, self->receiver, EPOLLIN | EPOLLET));
	EXPECT_EQ(0, epoll_now(self->epoll));
	for (int i = 0; i < CAPACITY; i++) {
		ASSERT_EQ(0, send_nb(self->sender, 0, i));
		EXPECT_EQ(EPOLLIN, epoll_now(self->epoll));
		EXPECT_EQ(0, epoll_now(self->epoll));
	}
	while (recv_nb(self->receiver, 0) >= 0)
		;
	EXPECT_EQ(0, epoll_now(self->epoll));
	ASSERT_EQ(0, send_nb(self->sender, 0, 9));
	EXPECT_EQ(EPOLLIN, epoll_now(self->epoll));
}

TEST_F_TIMEOUT(epoll, by_edge_tells_of_what_was_there_before, LONG_TIMEOUT)
{
	ASSERT_EQ(0, send_nb(self->sender, 0, 1));
	ASSERT_EQ(0, watch(self->epoll, self->receiver, EPOLLIN | EPOLLET));
	EXPECT_EQ(EPOLLIN, epoll_now(self->epoll));
	EXPECT_EQ(0, epoll_now(self->epoll));
	ASSERT_EQ(0, watch_again(self->epoll, self->receiver, EPOLLIN | EPOLLET));
	EXPECT_EQ(EPOLLIN, epoll_now(self->epoll));
}

TEST_F_TIMEOUT(epoll, by_edge_tells_of_space, LONG_TIMEOUT)
{
	ASSERT_EQ(0, watch(self->epoll, self->sender, EPOLLOUT | EPOLLET));
	EXPECT_EQ(EPOLLOUT, epoll_now(self->epoll));
	for (int round = 0; round < 3; round++) {
		while (!send_nb(self->sender, 0, 1))
			;
		EXPECT_EQ(0, epoll_now(self->epoll));
		EXPECT_EQ(1, recv_nb(self->receiver, 0));
		EXPECT_EQ(EPOLLOUT, epoll_now(self->epoll));
		EXPECT_EQ(0, epoll_now(self->epoll));
	}
}

/* Else a reader who found the queue empty meanwhile would never look again. */
TEST_F_TIMEOUT(epoll, by_edge_tells_of_a_message_that_is_put_back, LONG_TIMEOUT)
{
	ASSERT_EQ(0, watch(self->epoll, self->receiver, EPOLLIN | EPOLLET));
	ASSERT_EQ(0, send_nb(self->sender, 0, 1));
	EXPECT_EQ(EPOLLIN, epoll_now(self->epoll));
	for (int i = 0; i < 3; i++) {
		EXPECT_EQ(-EFAULT, msg_recv(self->receiver, 0, NULL, 1, 0, 0));
		EXPECT_EQ(EPOLLIN, epoll_now(self->epoll));
		EXPECT_EQ(0, epoll_now(self->epoll));
	}
	EXPECT_EQ(-EFAULT, read_at(self->receiver, NULL, DELIVERY_SIZE));
	EXPECT_EQ(EPOLLIN, epoll_now(self->epoll));
	EXPECT_EQ(1, recv_nb(self->receiver, 0));
}

TEST_F_TIMEOUT(epoll, does_not_tell_of_what_was_handed_to_a_receiver, LONG_TIMEOUT)
{
	struct actor *actor;

	ASSERT_EQ(0, watch(self->epoll, self->receiver, EPOLLIN));
	for (int i = 0; i < 10; i++) {
		actor = receiver(self->receiver, 0);
		ASSERT_TRUE(wait_for_receivers(self->fd, self->port, 1));
		ASSERT_EQ(0, send_nb(self->sender, 0, i));
		EXPECT_EQ(0, epoll_now(self->epoll));
		EXPECT_EQ(1, actor_end(actor));
		EXPECT_EQ(i, actor_value(actor));
	}
}

TEST_F_TIMEOUT(epoll, with_oneshot_tells_once_until_it_is_asked_again, LONG_TIMEOUT)
{
	ASSERT_EQ(0, watch(self->epoll, self->receiver, EPOLLIN | EPOLLONESHOT));
	ASSERT_EQ(0, send_nb(self->sender, 0, 1));
	EXPECT_EQ(EPOLLIN, epoll_now(self->epoll));
	ASSERT_EQ(0, send_nb(self->sender, 0, 2));
	EXPECT_EQ(0, epoll_now(self->epoll));
	ASSERT_EQ(0, watch_again(self->epoll, self->receiver, EPOLLIN | EPOLLONESHOT));
	EXPECT_EQ(EPOLLIN, epoll_now(self->epoll));
	EXPECT_EQ(0, epoll_now(self->epoll));
	/* not even the end is told to who does not ask */
	ASSERT_EQ(0, port_destroy(self->fd, self->port));
	EXPECT_EQ(0, epoll_now(self->epoll));
	ASSERT_EQ(0, watch_again(self->epoll, self->receiver, EPOLLIN | EPOLLONESHOT));
	EXPECT_EQ(EPOLLIN | EPOLLHUP | EPOLLERR, epoll_now(self->epoll));
}

TEST_F_TIMEOUT(epoll, can_be_watched_by_another, LONG_TIMEOUT)
{
	int middle = epoll_create1(EPOLL_CLOEXEC), outer = epoll_create1(EPOLL_CLOEXEC);
	struct poller *poller;

	ASSERT_EQ(0, watch(middle, self->epoll, EPOLLIN));
	ASSERT_EQ(0, watch(outer, middle, EPOLLIN));
	ASSERT_EQ(0, watch(self->epoll, self->receiver, EPOLLIN));
	EXPECT_EQ(0, epoll_now(outer));
	poller = epoller_start(outer);
	ASSERT_FALSE(poller->is_done);
	ASSERT_EQ(0, send_nb(self->sender, 0, 1));
	EXPECT_EQ(EPOLLIN, poller_end(poller));
	EXPECT_EQ(POLLIN, poll_now(outer));
	EXPECT_EQ(1, recv_nb(self->receiver, 0));
	EXPECT_EQ(0, epoll_now(outer));
	poller = poller_start(outer, POLLIN);
	ASSERT_FALSE(poller->is_done);
	ASSERT_EQ(0, port_destroy(self->fd, self->port));
	EXPECT_EQ(POLLIN, poller_end(poller));
	EXPECT_EQ(EPOLLHUP | EPOLLERR, epoll_now(self->epoll));
}

/*
 * Several readers, each of which waits in an epoll of its own or in one for all, and
 * receives without waiting.
 */
struct reader {
	int epoll, handle;
	uint32_t events;
	_Atomic int *nr_left;
	int nr_received;
	int error;
	pthread_t thread;
};

static void *reader_run(void *arg)
{
	struct reader *reader = arg;
	struct epoll_event event;
	int64_t value;

	for (;;) {
		int ret = epoll_wait(reader->epoll, &event, 1, PATIENCE * 1000);

		if (ret != 1) {
			reader->error = ret ? -errno : -ETIME;
			return NULL;
		}
		/* edge triggered, so all that there is */
		while ((value = recv_nb(reader->handle, 0)) >= 0) {
			reader->nr_received++;
			--*reader->nr_left;
		}
		if (value != -EAGAIN)
			break;
	}
	reader->error = value == -EPIPE ? 0 : value;
	/* an edge is for one thread of those that share a set, who tells the next */
	watch_again(reader->epoll, reader->handle, reader->events);
	return NULL;
}

FIXTURE(readers) {
	int fd;
	int64_t port;
	int sender, receiver;
};

FIXTURE_VARIANT(readers) {
	uint32_t events;
	bool is_shared;
};

FIXTURE_VARIANT_ADD(readers, by_level) { .events = EPOLLIN };
FIXTURE_VARIANT_ADD(readers, by_edge) { .events = EPOLLIN | EPOLLET };
FIXTURE_VARIANT_ADD(readers, exclusive_by_level) { .events = EPOLLIN | EPOLLEXCLUSIVE };
FIXTURE_VARIANT_ADD(readers, exclusive_by_edge) {
	.events = EPOLLIN | EPOLLET | EPOLLEXCLUSIVE,
};

FIXTURE_VARIANT_ADD(readers, of_one_set_by_level) { .events = EPOLLIN, .is_shared = true };
FIXTURE_VARIANT_ADD(readers, of_one_set_by_edge) {
	.events = EPOLLIN | EPOLLET, .is_shared = true,
};

FIXTURE_SETUP(readers)
{
	self->fd = dev_open();
	ASSERT_LE(0, self->fd);
	self->port = port_create(self->fd, CAPACITY);
	ASSERT_LT(0, self->port);
	self->sender = open_handle(self->fd, self->port, R_SEND);
	ASSERT_LE(0, self->sender);
	self->receiver = open_handle(self->fd, self->port, R_RECV);
	ASSERT_LE(0, self->receiver);
}

FIXTURE_TEARDOWN(readers)
{
	syscall(SYS_close_range, self->fd, ~0U, 0);
	EXPECT_TRUE(handles_live(0));
	EXPECT_TRUE(all_is_gone());
}

TEST_F_TIMEOUT(readers, get_every_message_and_learn_of_the_end, LONG_TIMEOUT)
{
	enum { NR = 4 };
	const int nr_messages = LESS_IN_32(2000);
	_Atomic int nr_left = nr_messages;
	struct reader readers[NR] = {};
	int shared = epoll_create1(EPOLL_CLOEXEC), nr = 0;

	if (variant->is_shared)
		ASSERT_EQ(0, watch(shared, self->receiver, variant->events));
	for (int i = 0; i < NR; i++) {
		struct reader *reader = &readers[i];

		reader->nr_left = &nr_left;
		reader->handle = self->receiver;
		reader->events = variant->events;
		reader->epoll = variant->is_shared ? shared : epoll_create1(EPOLL_CLOEXEC);
		if (!variant->is_shared)
			ASSERT_EQ(0, watch(reader->epoll, self->receiver, variant->events));
		ASSERT_EQ(0, thread_start(&reader->thread, reader_run, reader));
	}
	for (int i = 0; i < nr_messages; i++) {
		ASSERT_EQ(0, send_value(self->sender, 0, i, 0, FAR_AWAY));
		/* now and then, all of them are asleep again */
		if (i % 97 == 0)
			EXPECT_TRUE(wait_until(nr_left == nr_messages - i - 1));
	}
	EXPECT_TRUE(wait_until(!nr_left));
	EXPECT_PORT(self->fd, self->port, 0, nr_messages, nr_messages);
	ASSERT_EQ(0, port_destroy(self->fd, self->port));
	for (int i = 0; i < NR; i++) {
		pthread_join(readers[i].thread, NULL);
		EXPECT_EQ(0, readers[i].error);
		nr += readers[i].nr_received;
	}
	EXPECT_EQ(nr_messages, nr);
}

/*
 * All that hangs together is closed, in each order.
 */
static struct desk *desk;

static int64_t create_port(void)
{
	desk->fd = dev_open();
	return port_create_as(desk->fd, CAPACITY, 0666, 0);
}

static int64_t destroy_port(void)
{
	return port_destroy(desk->fd, desk->port);
}

enum piece { EPOLL, HANDLE, PORT, OWNER, NR_PIECES };

struct assembly {
	int fd;
	struct remote owner;
	int epoll, handle;
	bool is_closed[NR_PIECES];
};

/* Take one piece away: whether that was as it should be. */
static bool take_away(struct assembly *assembly, enum piece piece)
{
	assembly->is_closed[piece] = true;
	switch (piece) {
	case EPOLL:
		return !close(assembly->epoll);
	case HANDLE:
		return !close(assembly->handle);
	case PORT:
		if (assembly->is_closed[OWNER])
			return true;
		return !remote_do(&assembly->owner, destroy_port);
	case OWNER:
		return remote_kill(&assembly->owner) == -SIGKILL;
	default:
		return false;
	}
}

/* Whether what is left says what is the matter. */
static bool says_so(const struct assembly *assembly)
{
	bool is_dead = assembly->is_closed[PORT] || assembly->is_closed[OWNER];
	int expected = is_dead ? EPOLLIN | EPOLLHUP | EPOLLERR : EPOLLIN | EPOLLOUT;

	if (!assembly->is_closed[HANDLE] && poll_now(assembly->handle) != expected)
		return false;
	if (assembly->is_closed[EPOLL])
		return true;
	return epoll_now(assembly->epoll) == (assembly->is_closed[HANDLE] ? 0 : expected);
}

/* The order that has this number, of the 24 that there are. */
static void order_of(int number, enum piece *order)
{
	enum piece left[NR_PIECES] = { EPOLL, HANDLE, PORT, OWNER };

	for (int nr = NR_PIECES; nr > 0; nr--) {
		int i = number % nr;

		number /= nr;
		order[NR_PIECES - nr] = left[i];
		memmove(left + i, left + i + 1, (nr - i - 1) * sizeof(*left));
	}
}

TEST_F_TIMEOUT(epoll, goes_with_handle_port_and_owner_in_any_order, LONG_TIMEOUT)
{
	desk = shared_alloc(sizeof(*desk));
	for (int number = 0; number < 24; number++) {
		struct assembly assembly = { .fd = self->fd };
		enum piece order[NR_PIECES];

		order_of(number, order);
		remote_start(&assembly.owner);
		desk->port = remote_do(&assembly.owner, create_port);
		ASSERT_LT(0, desk->port);
		assembly.handle = open_handle(self->fd, desk->port, R_BOTH);
		assembly.epoll = epoll_create1(EPOLL_CLOEXEC);
		ASSERT_EQ(0, send_nb(self->fd, desk->port, 1));
		ASSERT_EQ(0, watch(assembly.epoll, assembly.handle, EPOLLIN | EPOLLOUT));
		EXPECT_TRUE(says_so(&assembly));
		for (int i = 0; i < NR_PIECES; i++) {
			EXPECT_TRUE(take_away(&assembly, order[i])) {
				TH_LOG("order %d, step %d", number, i);
			}
			EXPECT_TRUE(says_so(&assembly)) {
				TH_LOG("order %d, step %d", number, i);
			}
		}
		EXPECT_TRUE(handles_live(2));
		EXPECT_TRUE(wait_until(live_count("ports") == 1));
		EXPECT_TRUE(wait_until(!live_count("messages")));
	}
}

/* The same with all at once. */
struct chaos {
	_Atomic int64_t port;
	_Atomic int is_over;
	_Atomic int nr_rounds;
	_Atomic int nr_wrong;
};

static void *chaos_run(void *arg)
{
	struct chaos *chaos = arg;
	int fd = dev_open();

	while (!chaos->is_over) {
		int handle = open_handle(fd, chaos->port, R_BOTH);
		int epoll = epoll_create1(EPOLL_CLOEXEC), other = epoll_create1(EPOLL_CLOEXEC);
		bool is_first = chaos->nr_rounds++ % 2;

		if (handle < 0) {
			chaos->nr_wrong += handle != -ENOENT;
			close(epoll);
			close(other);
			continue;
		}
		chaos->nr_wrong += !!watch(epoll, handle, EPOLLIN | EPOLLET);
		chaos->nr_wrong += !!watch(other, handle, EPOLLIN | EPOLLOUT | EPOLLEXCLUSIVE);
		send_nb(handle, 0, 1);
		epoll_now(other);
		if (is_first)
			close(handle);
		chaos->nr_wrong += epoll_now(epoll) < 0;
		close(epoll);
		epoll_now(other);
		close(other);
		if (!is_first)
			close(handle);
	}
	close(fd);
	return NULL;
}

TEST_F_TIMEOUT(epoll, is_made_and_closed_while_ports_die, LONG_TIMEOUT)
{
	struct chaos chaos = { .port = port_create(self->fd, CAPACITY) };
	pthread_t threads[3];

	for (int i = 0; i < 3; i++)
		ASSERT_EQ(0, thread_start(&threads[i], chaos_run, &chaos));
	for (int i = 0; i < LESS_IN_32(1500) || chaos.nr_rounds < 10; i++) {
		int64_t old = chaos.port;

		chaos.port = port_create(self->fd, CAPACITY);
		EXPECT_EQ(0, port_destroy(self->fd, old));
	}
	chaos.is_over = 1;
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	EXPECT_EQ(0, chaos.nr_wrong);
	EXPECT_EQ(0, port_destroy(self->fd, chaos.port));
	EXPECT_TRUE(handles_live(2));
	EXPECT_TRUE(wait_until(!live_count("messages")));
}

int main(int argc, char **argv)
{
	return process_main(argc, argv);
}
