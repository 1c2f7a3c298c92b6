// SPDX-License-Identifier: GPL-2.0
/*
 * Servers with the event loops of other programs: select(), poll(), epoll, and asyncio, which
 * is in another language. Each answers clients that all call at the same time. What waits
 * for the port waits on a handle, and never in vain.
 */
#include "event_server.h"

#include <sys/epoll.h>
#include <sys/select.h>

#define PYTHON		"/usr/bin/python3"
#define NO_PYTHON	"there is no " PYTHON ", or no example in $IPCPORT_PYTHON"

/* Where the Python module is, with the example that is tested here. */
static const char *python_path(void)
{
	const char *path = getenv("IPCPORT_PYTHON");

	return path ? path : "../tools/python";
}

static void example_path(char *path, size_t size)
{
	snprintf(path, size, "%s/examples/asyncio_echo_server.py", python_path());
}

static bool has_python(void)
{
	char path[256];

	example_path(path, sizeof(path));
	return !access(PYTHON, X_OK) && !access(path, R_OK);
}

static int turn_with_select(struct event_loop *loop)
{
	fd_set readable, writable;
	int nr;

	FD_ZERO(&readable);
	FD_SET(loop->handle, &readable);
	FD_ZERO(&writable);
	/* it can not send, so this never comes */
	FD_SET(loop->handle, &writable);
	nr = select(loop->handle + 1, &readable, &writable, NULL, NULL);
	if (nr < 0)
		return -errno;
	return nr == 1 && FD_ISSET(loop->handle, &readable) ? loop_serve(loop) : -EBADMSG;
}

static int turn_with_poll(struct event_loop *loop)
{
	struct pollfd pollfd = { .fd = loop->handle, .events = POLL_BOTH };

	if (poll(&pollfd, 1, -1) < 0)
		return -errno;
	return pollfd.revents == POLLIN ? loop_serve(loop) : -EBADMSG;
}

static int prepare_epoll(struct event_loop *loop)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLOUT };

	if (loop->is_edge)
		event.events |= EPOLLET;
	loop->loop_fd = epoll_create1(EPOLL_CLOEXEC);
	if (loop->loop_fd < 0)
		return -errno;
	return epoll_ctl(loop->loop_fd, EPOLL_CTL_ADD, loop->handle, &event) ? -errno : 0;
}

static int turn_with_epoll(struct event_loop *loop)
{
	struct epoll_event event;

	if (epoll_wait(loop->loop_fd, &event, 1, -1) < 0)
		return -errno;
	return event.events == EPOLLIN ? loop_serve(loop) : -EBADMSG;
}

/* The example, in place of this process. */
static void *asyncio_run(void *arg)
{
	struct event_loop *loop = arg;
	char path[256];

	example_path(path, sizeof(path));
	setenv("PYTHONPATH", python_path(), 1);
	execl(PYTHON, PYTHON, path, loop->name, "--until-no-senders", (char *)NULL);
	_exit(127);
}

/* Start a server: a handle to send to it with, or -errno. */
static int server_begin(int fd, struct event_loop *loop, bool is_asyncio, pid_t *pid)
{
	snprintf(loop->name, sizeof(loop->name), "/test/server-%d", getpid());
	*pid = child_start(is_asyncio ? asyncio_run : event_server_run, loop);
	return open_when_named(fd, loop->name, IPCPORT_R_SEND, FAR_AWAY);
}

FIXTURE(server) {
	int fd;
	int handle;
	struct event_loop loop;
	pid_t server;
	struct event_client clients[NR_CLIENTS];
};

FIXTURE_VARIANT(server) {
	int (*prepare)(struct event_loop *loop);
	int (*turn)(struct event_loop *loop);
	bool is_edge;
	bool is_asyncio;
};

FIXTURE_VARIANT_ADD(server, with_select) {
	.turn = turn_with_select,
};

FIXTURE_VARIANT_ADD(server, with_poll) {
	.turn = turn_with_poll,
};

FIXTURE_VARIANT_ADD(server, with_epoll) {
	.prepare = prepare_epoll,
	.turn = turn_with_epoll,
};

FIXTURE_VARIANT_ADD(server, with_edge_triggered_epoll) {
	.prepare = prepare_epoll,
	.turn = turn_with_epoll,
	.is_edge = true,
};

FIXTURE_VARIANT_ADD(server, with_asyncio) {
	.is_asyncio = true,
};

FIXTURE_SETUP(server)
{
	self->handle = -1;
	self->loop = (struct event_loop) {
		.prepare = variant->prepare, .turn = variant->turn, .is_edge = variant->is_edge,
		.flags = IPCPORT_OPEN_F_NONBLOCK,
	};
	self->fd = dev_open();
	ASSERT_LE(0, self->fd);
	if (variant->is_asyncio && !has_python())
		SKIP(return, NO_PYTHON);
	self->handle = server_begin(self->fd, &self->loop, variant->is_asyncio, &self->server);
	ASSERT_LE(0, self->handle);
}

FIXTURE_TEARDOWN(server)
{
	clients_kill(self->clients, self->server);
	if (self->handle >= 0)
		close(self->handle);
	EXPECT_EQ(-ENOENT, open_by_name(self->fd, self->loop.name, 0));
	close(self->fd);
	EXPECT_TRUE(no_call_lives());
	EXPECT_TRUE(handles_live(0));
	EXPECT_TRUE(all_is_gone());
}

TEST_F_TIMEOUT(server, answers_a_thousand_calls_of_eight_clients, LONG_TIMEOUT)
{
	clients_start(self->clients, self->loop.name, variant->is_asyncio);
	EXPECT_ANSWERS(self->clients, self->handle);

	/* the last handle to send with: the server is told, and ends */
	close(self->handle);
	self->handle = -1;
	EXPECT_EQ(0, reap(self->server));
	self->server = 0;
}

/* A server that waits for events, and not in an ioctl, is no exception. */
TEST_F_TIMEOUT(server, that_is_killed_leaves_no_client_waiting, LONG_TIMEOUT)
{
	struct ipcport_message message = message_of(1);
	struct ipcport_delivery reply;
	struct ipcport_call args = {
		.message = (uintptr_t)&message, .reply = (uintptr_t)&reply,
		.deadline_ns = FAR_AWAY,
	};
	int status;

	/* it has begun to serve */
	EXPECT_EQ(variant->is_asyncio ? 5 : answer_to(5),
		  call_value(self->handle, 0, 5, 0, FAR_AWAY));
	ASSERT_EQ(0, kill(self->server, SIGSTOP));
	ASSERT_EQ(self->server, waitpid(self->server, &status, WUNTRACED));
	EXPECT_EQ(0, send_value(self->handle, 0, 2, 0, FAR_AWAY));
	args.flags = IPCPORT_CALL_F_SUBMIT;
	ASSERT_EQ(0, call_ioctl(self->handle, &args));
	EXPECT_EQ(-SIGKILL, kill_and_reap(self->server));
	self->server = 0;

	args.flags = 0;
	memset(&reply, POISON, sizeof(reply));
	EXPECT_EQ(-EPIPE, call_ioctl(self->handle, &args));
	EXPECT_TRUE(is_error_reply(&reply, EPIPE));
	EXPECT_EQ(POLL_DEAD, poll_now(self->handle));
}

FIXTURE(asyncio) {
	int fd;
	int handle;
	struct event_loop loop;
	pid_t server;
};

FIXTURE_SETUP(asyncio)
{
	self->handle = -1;
	self->fd = dev_open();
	ASSERT_LE(0, self->fd);
	if (!has_python())
		SKIP(return, NO_PYTHON);
	self->handle = server_begin(self->fd, &self->loop, true, &self->server);
	ASSERT_LE(0, self->handle);
}

FIXTURE_TEARDOWN(asyncio)
{
	reap_all(&self->server, 1);
	if (self->handle >= 0)
		close(self->handle);
	close(self->fd);
	EXPECT_TRUE(all_is_gone());
}

TEST_F_TIMEOUT(asyncio, server_ends_with_a_signal_that_its_loop_handles, LONG_TIMEOUT)
{
	EXPECT_EQ(5, call_value(self->handle, 0, 5, 0, FAR_AWAY));
	ASSERT_EQ(0, kill(self->server, SIGTERM));
	EXPECT_EQ(0, reap(self->server));
	self->server = 0;
	EXPECT_EQ(-EPIPE, call_value(self->handle, 0, 6, 0, FAR_AWAY));
}

TEST_F_TIMEOUT(asyncio, server_does_not_mind_other_messages_and_callers_that_give_up, LONG_TIMEOUT)
{
	int64_t token;

	ASSERT_EQ(0, kill(self->server, SIGSTOP));
	token = call_submit(self->handle, 0, 1, 0, FAR_AWAY);
	ASSERT_LT(0, token);
	EXPECT_EQ(0, send_value(self->handle, 0, 2, 0, FAR_AWAY));
	EXPECT_EQ(-ETIMEDOUT, call_value(self->handle, 0, 3, 0, now_ns()));
	ASSERT_EQ(0, kill(self->server, SIGCONT));
	EXPECT_EQ(1, call_collect(self->handle, 0, token, 0, FAR_AWAY));
	EXPECT_EQ(5, call_value(self->handle, 0, 5, 0, FAR_AWAY));
}

TEST_HARNESS_MAIN
