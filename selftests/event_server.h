/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the tests of servers with event loops share: the server, which is a child with a port
 * that has a name, and clients, which call it. What differs is how a server waits.
 *
 *	self->server = child_start(event_server_run, &self->loop);
 *	self->handle = open_when_named(self->fd, self->loop.name, IPCPORT_R_SEND, FAR_AWAY);
 *	...
 *	EXPECT_ANSWERS(self->clients, self->handle);
 *	close(self->handle);
 *	EXPECT_EQ(0, reap(self->server));
 */
#ifndef IPCPORT_EVENT_SERVER_H
#define IPCPORT_EVENT_SERVER_H

#include "process.h"
#include "call.h"
#include "handle.h"

#define NR_CLIENTS	8

/* Calls of each client. */
#define NR_CALLS	125

/* Fewer than there are clients, so that some of them wait for space. */
#define CAPACITY	6

/* Messages that a server reads at a time; fewer than there can be. */
#define BATCH		4

/**
 * struct event_loop - a server with an event loop
 * @name: name of its port
 * @prepare: called once, with @handle open: 0 or -errno
 * @turn: called until @is_over: wait, then answer what has come; 0 or -errno
 * @is_edge: whether the wait tells only of what is new, so that all has to be read each time
 * @is_early: whether the wait can end although there is nothing to read
 * @flags: of the handle, IPCPORT_OPEN_F_*
 * @handle: for the port, to receive
 * @loop_fd: for @prepare and @turn
 * @nr_calls: calls answered
 * @is_over: whether it has been told that there are no more clients
 */
struct event_loop {
	char name[IPCPORT_NAME_SIZE];
	int (*prepare)(struct event_loop *loop);
	int (*turn)(struct event_loop *loop);
	bool is_edge, is_early;
	uint32_t flags;

	int handle;
	int loop_fd;
	uint32_t nr_calls;
	bool is_over;
};

/* Answer a call, or see in a notice that it was the last one: 0 or -errno. */
HELPER int loop_answer(struct event_loop *loop, const struct ipcport_delivery *delivery)
{
	uint64_t value = value_of(&delivery->message);

	if (delivery->info.flags == IPCPORT_INFO_F_NO_SENDERS) {
		loop->is_over = true;
		return 0;
	}
	if (!delivery->info.token)
		return -EBADMSG;
	loop->nr_calls++;
	return call_reply(loop->handle, 0, delivery->info.token, answer_to(value), 0);
}

/* Answer what read() has brought: 0 or -errno. */
HELPER int loop_answer_all(struct event_loop *loop, const struct ipcport_delivery *deliveries,
			   ssize_t size)
{
	int ret = 0;

	if (size <= 0 || size % DELIVERY_SIZE)
		return -EBADMSG;
	for (size_t i = 0; i < size / DELIVERY_SIZE && !ret; i++)
		ret = loop_answer(loop, &deliveries[i]);
	return ret;
}

/* Read when there is said to be something, and answer it: 0 or -errno. */
HELPER int loop_serve(struct event_loop *loop)
{
	struct ipcport_delivery deliveries[BATCH];
	bool is_early = loop->is_early;
	ssize_t size;
	int ret;

	do {
		memset(deliveries, POISON, sizeof(deliveries));
		size = read(loop->handle, deliveries, sizeof(deliveries));
		if (size < 0)
			return errno == EAGAIN && is_early ? 0 : -errno;
		ret = loop_answer_all(loop, deliveries, size);
		is_early = true;
	} while (!ret && loop->is_edge);
	return ret;
}

/* Make a port, a handle to receive from it, and then the name: 0 or -errno. */
HELPER int loop_open(struct event_loop *loop)
{
	struct ipcport_open args = { .rights = IPCPORT_R_RECV, .flags = loop->flags };
	int fd = dev_open();
	int64_t port;

	if (fd < 0)
		return fd;
	port = port_create_as(fd, CAPACITY, 0, IPCPORT_CREATE_F_NOTIFY_NO_SENDERS);
	if (port < 0)
		return port;
	args.port = port;
	loop->handle = open_ioctl(fd, &args);
	if (loop->handle < 0)
		return loop->handle;
	return port_bind(fd, port, loop->name);
}

/* A server's whole life: exits with 0 when all was answered, or with what went wrong. */
HELPER void *event_server_run(void *arg)
{
	struct event_loop *loop = arg;
	int ret = loop_open(loop);

	if (!ret && loop->prepare)
		ret = loop->prepare(loop);
	while (!ret && !loop->is_over)
		ret = loop->turn(loop);
	if (!ret && loop->nr_calls != NR_CLIENTS * NR_CALLS)
		ret = -ERANGE;
	_exit(-ret);
}

/**
 * struct event_client - a child that calls
 * @pid: the child, 0 if there is none
 * @name: name of the port
 * @first: number of its first call; each has one more
 * @is_echo: whether the server answers with the same number, or answer_to() it
 */
struct event_client {
	pid_t pid;
	const char *name;
	uint64_t first;
	bool is_echo;
};

HELPER void *event_client_run(void *arg)
{
	struct event_client *client = arg;
	int handle = open_when_named(dev_open(), client->name, IPCPORT_R_SEND, FAR_AWAY);
	int64_t ret;

	if (handle < 0)
		_exit(-handle);
	for (uint64_t value = client->first; value < client->first + NR_CALLS; value++) {
		ret = call_value(handle, 0, value, 0, FAR_AWAY);
		if (ret < 0)
			_exit(-ret);
		if (ret != (int64_t)(client->is_echo ? value : answer_to(value)))
			_exit(ERANGE);
	}
	_exit(0);
}

HELPER void clients_start(struct event_client *clients, const char *name, bool is_echo)
{
	for (int i = 0; i < NR_CLIENTS; i++) {
		clients[i] = (struct event_client){
			.name = name, .first = 1 + i * NR_CALLS, .is_echo = is_echo,
		};
		clients[i].pid = child_start(event_client_run, &clients[i]);
	}
}

/* Check that all clients got their answers, and the port is as if nothing had been. */
#define EXPECT_ANSWERS(_clients, _handle) do {					\
	for (int _i = 0; _i < NR_CLIENTS; _i++) {				\
		EXPECT_EQ(0, reap((_clients)[_i].pid));				\
		(_clients)[_i].pid = 0;						\
	}									\
	EXPECT_PORT(_handle, 0, 0, NR_CLIENTS * NR_CALLS, NR_CLIENTS * NR_CALLS); \
	EXPECT_IDLE(_handle, 0);						\
	EXPECT_HANDLES(_handle, 0, 1, 1);					\
} while (0)

/* End all children, whatever they are doing; for teardown. */
HELPER void clients_kill(struct event_client *clients, pid_t server)
{
	pid_t pids[NR_CLIENTS + 1] = { server };

	for (int i = 0; i < NR_CLIENTS; i++)
		pids[i + 1] = clients[i].pid;
	reap_all(pids, ARRAY_SIZE(pids));
}

#endif /* IPCPORT_EVENT_SERVER_H */
