/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Actors: threads or children of a test that send or receive while it looks on.
 * They lie in shared memory, so that the test sees what became of its children.
 *
 *	struct actor *actor = receiver(fd, port, .is_child = true);
 *
 *	wait_for_receivers(fd, port, 1);
 *	...
 *	EXPECT_EQ(1, actor_end(actor));
 */
#ifndef IPCPORT_ACTOR_H
#define IPCPORT_ACTOR_H

#include <pthread.h>
#include <sys/prctl.h>

#include "ipcport_test.h"

/* What actor_end() returns for a child that a signal ended. */
#define KILLED		(-1000)

#define ACTOR_STACK	(64 * 1024)

/**
 * struct actor - what to do, and what became of it
 * @fd: device file
 * @port: number of the port
 * @is_sender: whether to send or to receive
 * @is_child: whether it is a child process or a thread
 * @is_raw: whether @deliveries is to be used even if it is NULL
 * @is_stream: whether @count messages are sent one by one
 * @count: messages to send, or room to receive; 0 means 1
 * @flags: of the ioctl
 * @deadline_ns: of the ioctl; 0 means when a test loses patience, so that it fails
 *	instead of hanging
 * @value: first number that is sent; each message has one more
 * @deliveries: where to receive; NULL means @delivery
 * @delivery: room for one
 * @ret: what the ioctl returned, or -errno
 * @end_ns: when it returned
 * @is_done: whether it has
 * @thread: the thread
 * @pid: the child
 */
struct actor {
	int fd;
	uint64_t port;
	bool is_sender;
	bool is_child;
	bool is_raw;
	bool is_stream;
	uint32_t count;
	uint32_t flags;
	uint64_t deadline_ns;
	uint64_t value;
	struct ipcport_delivery *deliveries;
	struct ipcport_delivery delivery;

	int ret;
	uint64_t end_ns;
	volatile bool is_done;
	pthread_t thread;
	pid_t pid;
};

/* Send @count messages with the numbers from @value on. */
HELPER int send_values(int fd, uint64_t port, uint64_t value, uint32_t count, uint32_t flags,
		       uint64_t deadline_ns)
{
	struct ipcport_message *messages = calloc(count, sizeof(*messages));
	int ret;

	for (uint32_t i = 0; i < count; i++)
		messages[i] = message_of(value + i);
	ret = msg_send(fd, port, messages, count, flags, deadline_ns);
	free(messages);
	return ret;
}

/* Send messages one by one: how many went in. */
HELPER int send_stream(int fd, uint64_t port, uint64_t value, uint32_t count, uint64_t deadline_ns)
{
	uint32_t done = 0;

	while (done < count && !send_value(fd, port, value + done, 0, deadline_ns))
		done++;
	return done;
}

HELPER void *actor_run(void *arg)
{
	struct actor *actor = arg;

	if (actor->is_stream)
		actor->ret = send_stream(actor->fd, actor->port, actor->value, actor->count,
					 actor->deadline_ns);
	else if (actor->is_sender)
		actor->ret = send_values(actor->fd, actor->port, actor->value, actor->count,
					 actor->flags, actor->deadline_ns);
	else
		actor->ret = msg_recv(actor->fd, actor->port, actor->deliveries, actor->count,
				      actor->flags, actor->deadline_ns);
	actor->end_ns = now_ns();
	actor->is_done = true;
	return NULL;
}

HELPER int thread_start(pthread_t *thread, void *(*run)(void *), void *arg)
{
	pthread_attr_t attr;
	int ret;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, ACTOR_STACK);
	ret = pthread_create(thread, &attr, run, arg);
	pthread_attr_destroy(&attr);
	return -ret;
}

/* A child that ends with the test, should the test end first. */
HELPER pid_t child_start(void *(*run)(void *), void *arg)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	run(arg);
	_exit(0);
}

HELPER struct actor *actor_start(const struct actor *model)
{
	struct actor *actor = shared_alloc(sizeof(*actor));

	*actor = *model;
	if (!actor->count)
		actor->count = 1;
	if (!actor->deadline_ns)
		actor->deadline_ns = in_ms(PATIENCE * 1000);
	memset(&actor->delivery, POISON, sizeof(actor->delivery));
	if (!actor->deliveries && !actor->is_raw)
		actor->deliveries = &actor->delivery;
	actor->ret = KILLED;
	if (actor->is_child)
		actor->pid = child_start(actor_run, actor);
	else if (thread_start(&actor->thread, actor_run, actor))
		abort();
	return actor;
}

#define sender(_fd, _port, _value, ...)						\
	actor_start(&(struct actor) { .fd = (_fd), .port = (_port), .is_sender = true,	\
				      .value = (_value), ##__VA_ARGS__ })

#define receiver(_fd, _port, ...)						\
	actor_start(&(struct actor) { .fd = (_fd), .port = (_port), ##__VA_ARGS__ })

/* Wait for its end: what the ioctl returned, or KILLED. */
HELPER int actor_end(struct actor *actor)
{
	if (actor->is_child)
		reap(actor->pid);
	else
		pthread_join(actor->thread, NULL);
	return actor->ret;
}

/* The number that a receiver got. */
HELPER uint64_t actor_value(const struct actor *actor)
{
	return value_of(&actor->delivery.message);
}

/* Whether the kernel has not written to a delivery. */
HELPER bool is_poisoned(const struct ipcport_delivery *delivery)
{
	const uint8_t *bytes = (const uint8_t *)delivery;

	for (size_t i = 0; i < sizeof(*delivery); i++)
		if (bytes[i] != POISON)
			return false;
	return true;
}

#endif /* IPCPORT_ACTOR_H */
