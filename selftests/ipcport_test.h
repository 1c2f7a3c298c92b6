/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the tests share: one function per ioctl, which returns the ioctl's result
 * or -errno, and ways to wait for something to happen instead of for some time.
 */
#ifndef IPCPORT_TEST_H
#define IPCPORT_TEST_H

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <linux/ipcport.h>

#include "kselftest_harness.h"

/* Seconds until a test gives up on something that must happen. Emulated CPUs are slow. */
#define PATIENCE	120

/* What output buffers are filled with before the kernel may write to them. */
#define POISON		0xcc

#define HELPER		static inline __attribute__((unused))

/*
 * How often to repeat what may go wrong rarely. Below the ioctl the kernel does the
 * same for 32-bit programs, so they need not take as long.
 */
#define LESS_IN_32(nr)	((nr) / (sizeof(long) == 8 ? 1 : 10))

/* Zeroed memory that the children of this process share with it, until it ends. */
HELPER void *shared_alloc(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		abort();
	return memory;
}

HELPER int dev_open(void)
{
	int fd = open("/dev/ipcport", O_RDWR | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

HELPER int xioctl(int fd, unsigned long cmd, void *arg)
{
	int ret = ioctl(fd, cmd, arg);

	return ret < 0 ? -errno : ret;
}

HELPER int64_t port_create_as(int fd, uint32_t capacity, uint32_t mode, uint32_t flags)
{
	struct ipcport_create args = { .capacity = capacity, .mode = mode, .flags = flags };
	int ret = xioctl(fd, IPCPORT_IOC_PORT_CREATE, &args);

	return ret < 0 ? ret : (int64_t)args.out_port;
}

HELPER int64_t port_create(int fd, uint32_t capacity)
{
	return port_create_as(fd, capacity, 0, 0);
}

HELPER int64_t port_create_for_cargo(int fd, uint32_t capacity)
{
	return port_create_as(fd, capacity, 0, IPCPORT_CREATE_F_CARGO);
}

HELPER int port_destroy(int fd, uint64_t port)
{
	struct ipcport_destroy args = { .port = port };

	return xioctl(fd, IPCPORT_IOC_PORT_DESTROY, &args);
}

HELPER int port_stat(int fd, uint64_t port, struct ipcport_stat *stat)
{
	memset(stat, POISON, sizeof(*stat));
	stat->port = port;
	stat->flags = 0;
	stat->__reserved = 0;
	return xioctl(fd, IPCPORT_IOC_PORT_STAT, stat);
}

HELPER int msg_send(int fd, uint64_t port, const struct ipcport_message *messages, uint32_t count,
		    uint32_t flags, uint64_t deadline_ns)
{
	struct ipcport_send args = {
		.port = port, .messages = (uintptr_t)messages, .count = count,
		.flags = flags, .deadline_ns = deadline_ns,
	};

	return xioctl(fd, IPCPORT_IOC_MSG_SEND, &args);
}

HELPER int msg_recv(int fd, uint64_t port, struct ipcport_delivery *deliveries, uint32_t count,
		    uint32_t flags, uint64_t deadline_ns)
{
	struct ipcport_recv args = {
		.port = port, .deliveries = (uintptr_t)deliveries, .count = count,
		.flags = flags, .deadline_ns = deadline_ns,
	};

	return xioctl(fd, IPCPORT_IOC_MSG_RECV, &args);
}

/* A message that carries one number. */
HELPER struct ipcport_message message_of(uint64_t value)
{
	struct ipcport_message message = { .type = 1 };

	memcpy(message.payload, &value, sizeof(value));
	return message;
}

HELPER uint64_t value_of(const struct ipcport_message *message)
{
	uint64_t value;

	memcpy(&value, message->payload, sizeof(value));
	return value;
}

/* Send one number: 0, or -errno. */
HELPER int send_value(int fd, uint64_t port, uint64_t value, uint32_t flags, uint64_t deadline_ns)
{
	struct ipcport_message message = message_of(value);
	int ret = msg_send(fd, port, &message, 1, flags, deadline_ns);

	return ret == 1 ? 0 : ret;
}

/* Receive one number: the number, or -errno. */
HELPER int64_t recv_value(int fd, uint64_t port, uint32_t flags, uint64_t deadline_ns)
{
	struct ipcport_delivery delivery;
	int ret;

	memset(&delivery, POISON, sizeof(delivery));
	ret = msg_recv(fd, port, &delivery, 1, flags, deadline_ns);
	return ret == 1 ? (int64_t)value_of(&delivery.message) : ret;
}

#define send_nb(fd, port, value)	send_value(fd, port, value, IPCPORT_SEND_F_NONBLOCK, 0)
#define recv_nb(fd, port)		recv_value(fd, port, IPCPORT_RECV_F_NONBLOCK, 0)

HELPER uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

HELPER uint64_t in_ms(uint64_t ms)
{
	return now_ns() + ms * 1000000;
}

/* Look until @condition holds, a moment between looks; false after PATIENCE seconds. */
#define wait_until(condition) ({						\
	uint64_t _end = in_ms(PATIENCE * 1000);					\
	bool _is_met;								\
										\
	while (!(_is_met = (condition)) && now_ns() < _end)			\
		usleep(1000);							\
	_is_met;								\
})

HELPER bool has_waiters(int fd, uint64_t port, uint32_t senders, uint32_t receivers)
{
	struct ipcport_stat stat;

	return !port_stat(fd, port, &stat) && stat.out_senders == senders &&
	       stat.out_receivers == receivers;
}

/* Wait until so many threads are blocked in a port. */
#define wait_for_senders(fd, port, nr)		wait_until(has_waiters(fd, port, nr, 0))
#define wait_for_receivers(fd, port, nr)	wait_until(has_waiters(fd, port, 0, nr))

/* Check all that an operation could have changed in a port. */
#define EXPECT_PORT(_fd, _port, _depth, _sent, _received) do {			\
	struct ipcport_stat _stat;						\
										\
	EXPECT_EQ(0, port_stat(_fd, _port, &_stat));				\
	EXPECT_EQ(_depth, _stat.out_depth);					\
	EXPECT_EQ(_sent, _stat.out_sent);					\
	EXPECT_EQ(_received, _stat.out_received);				\
	EXPECT_EQ(0, _stat.out_senders);					\
	EXPECT_EQ(0, _stat.out_receivers);					\
} while (0)

/* The module's own count of live objects of a kind, from debugfs; -1 if it has none. */
HELPER long live_count(const char *kind)
{
	FILE *file = fopen("/sys/kernel/debug/ipcport/live", "r");
	char name[32];
	long nr, found = -1;

	if (!file)
		return -1;
	while (fscanf(file, "%31s %ld", name, &nr) == 2)
		if (!strcmp(name, kind))
			found = nr;
	fclose(file);
	return found;
}

/* Whether nothing of the module's lives that a test could have left. */
HELPER bool nothing_lives(void)
{
	static const char * const kinds[] = {
		"ports", "messages", "waiters", "owners", "users", "files", "handles", "cargo"
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (live_count(kinds[i]) > 0)
			return false;
	return true;
}

/* Reap a child: its exit status, or -signal if a signal ended it. */
HELPER int reap(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -1000 - errno;
	return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

/* The exit status of a child that reports the result of an operation. */
HELPER int status_of(int64_t ret)
{
	return ret < 0 ? -ret : 0;
}

#endif /* IPCPORT_TEST_H */
