/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the tests of handles and names share: one function per ioctl, ways to make
 * handles, what read() and write() do with numbers, what poll() and fdinfo say.
 *
 *	int sender = open_handle(fd, port, IPCPORT_R_SEND);
 *
 *	EXPECT_EQ(0, send_nb(sender, 0, 5));
 *	EXPECT_EQ(POLLOUT, poll_now(sender));
 */
#ifndef IPCPORT_HANDLE_H
#define IPCPORT_HANDLE_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include "ipcport_test.h"

#include <poll.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#define R_SEND		IPCPORT_R_SEND
#define R_RECV		IPCPORT_R_RECV
#define R_BOTH		(IPCPORT_R_SEND | IPCPORT_R_RECV)

#define MESSAGE_SIZE	sizeof(struct ipcport_message)
#define DELIVERY_SIZE	sizeof(struct ipcport_delivery)

/* poll() for both, and what it says when the port has ended. */
#define POLL_BOTH	(POLLIN | POLLOUT)
#define POLL_DEAD	(POLLERR | POLLHUP)

/* The handle's descriptor, or -errno. */
HELPER int open_ioctl(int fd, struct ipcport_open *args)
{
	return xioctl(fd, IPCPORT_IOC_HANDLE_OPEN, args);
}

HELPER int open_badged(int fd, uint64_t port, uint32_t rights, uint64_t badge)
{
	struct ipcport_open args = { .port = port, .rights = rights, .badge = badge };

	return open_ioctl(fd, &args);
}

HELPER int open_handle(int fd, uint64_t port, uint32_t rights)
{
	return open_badged(fd, port, rights, 0);
}

/* A handle out of a handle. */
HELPER int open_narrower(int handle, uint32_t rights)
{
	return open_badged(handle, 0, rights, 0);
}

/* A name as the structures have it: what is too long for it is cut off. */
HELPER void name_fill(uint8_t *to, const char *name)
{
	memset(to, 0, IPCPORT_NAME_SIZE);
	for (size_t i = 0; i < IPCPORT_NAME_SIZE && name[i]; i++)
		to[i] = name[i];
}

HELPER int open_by_name(int fd, const char *name, uint32_t rights)
{
	struct ipcport_open args = { .rights = rights };

	name_fill(args.name, name);
	return open_ioctl(fd, &args);
}

/* The same; if there is no such name, wait for it. */
HELPER int open_when_named(int fd, const char *name, uint32_t rights, uint64_t deadline_ns)
{
	struct ipcport_open args = {
		.rights = rights, .flags = IPCPORT_OPEN_F_WAIT, .deadline_ns = deadline_ns,
	};

	name_fill(args.name, name);
	return open_ioctl(fd, &args);
}

HELPER int port_bind(int fd, uint64_t port, const char *name)
{
	struct ipcport_bind args = { .port = port };

	name_fill(args.name, name);
	return xioctl(fd, IPCPORT_IOC_PORT_BIND, &args);
}

HELPER int port_unbind(int fd, uint64_t port)
{
	struct ipcport_unbind args = { .port = port };

	return xioctl(fd, IPCPORT_IOC_PORT_UNBIND, &args);
}

/* Whether a port has that name; "" for none. */
HELPER bool has_name(int fd, uint64_t port, const char *name)
{
	uint8_t expected[IPCPORT_NAME_SIZE];
	struct ipcport_stat stat;

	name_fill(expected, name);
	return !port_stat(fd, port, &stat) && !memcmp(expected, stat.out_name, sizeof(expected));
}

/* How many handles for a port there are with each right. */
#define EXPECT_HANDLES(_fd, _port, _send, _recv) do {				\
	struct ipcport_stat _handles;						\
										\
	EXPECT_EQ(0, port_stat(_fd, _port, &_handles));				\
	EXPECT_EQ(_send, _handles.out_send_handles);				\
	EXPECT_EQ(_recv, _handles.out_recv_handles);				\
} while (0)

/* Write one number: the bytes written, or -errno. */
HELPER ssize_t write_value(int handle, uint64_t value)
{
	struct ipcport_message message = message_of(value);
	ssize_t ret = write(handle, &message, sizeof(message));

	return ret < 0 ? -errno : ret;
}

/* Read one number: the number, or -errno; -ENODATA if nothing was read. */
HELPER int64_t read_value(int handle)
{
	struct ipcport_delivery delivery;
	ssize_t ret;

	memset(&delivery, POISON, sizeof(delivery));
	ret = read(handle, &delivery, sizeof(delivery));
	if (ret < 0)
		return -errno;
	return ret == sizeof(delivery) ? (int64_t)value_of(&delivery.message) : -ENODATA;
}

/* read() and write() of what may be anywhere: bytes, or -errno. */
HELPER ssize_t read_at(int handle, void *address, size_t size)
{
	ssize_t ret = syscall(SYS_read, handle, address, size);

	return ret < 0 ? -errno : ret;
}

HELPER ssize_t write_at(int handle, const void *address, size_t size)
{
	ssize_t ret = syscall(SYS_write, handle, address, size);

	return ret < 0 ? -errno : ret;
}

/* Put O_NONBLOCK on a file, or take it off. */
HELPER int set_nonblock(int fd, bool is_nonblock)
{
	int flags = fcntl(fd, F_GETFL);

	flags = is_nonblock ? flags | O_NONBLOCK : flags & ~O_NONBLOCK;
	return fcntl(fd, F_SETFL, flags) ? -errno : 0;
}

/* What poll() says without waiting, or -errno. */
HELPER int poll_now(int fd)
{
	struct pollfd pollfd = { .fd = fd, .events = POLL_BOTH };
	int ret = poll(&pollfd, 1, 0);

	return ret < 0 ? -errno : pollfd.revents;
}

/*
 * What poll() says when one of these events has come; 0 after PATIENCE seconds, whatever
 * it finds then: nobody woke it.
 */
HELPER int poll_for(int fd, short events)
{
	struct pollfd pollfd = { .fd = fd, .events = events };
	uint64_t end = in_ms(PATIENCE * 1000);
	int ret;

	do {
		ret = poll(&pollfd, 1, PATIENCE * 1000);
	} while (ret < 0 && errno == EINTR);
	if (ret < 0)
		return -errno;
	return now_ns() < end ? pollfd.revents : 0;
}

/* The value of a line of /proc/self/fdinfo, without what surrounds it: 0 or -errno. */
HELPER int fdinfo_line(int fd, const char *key, char *value, size_t size)
{
	char path[64], line[256];
	size_t length = strlen(key);
	int ret = -ENOENT;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	file = fopen(path, "r");
	if (!file)
		return -errno;
	while (ret && fgets(line, sizeof(line), file)) {
		if (strncmp(line, key, length) || strncmp(line + length, ":\t", 2))
			continue;
		line[strcspn(line, "\n")] = '\0';
		snprintf(value, size, "%s", line + length + 2);
		ret = 0;
	}
	fclose(file);
	return ret;
}

/* Whether fdinfo says this of a handle. */
HELPER bool fdinfo_says(int fd, const char *key, const char *expected)
{
	char value[256] = "";

	return !fdinfo_line(fd, key, value, sizeof(value)) && !strcmp(value, expected);
}

HELPER bool fdinfo_says_number(int fd, const char *key, const char *format, uint64_t number)
{
	char expected[64];

	snprintf(expected, sizeof(expected), format, (unsigned long long)number);
	return fdinfo_says(fd, key, expected);
}

/* Whether a handle is closed by exec. */
HELPER bool is_cloexec(int fd)
{
	return fcntl(fd, F_GETFD) == FD_CLOEXEC;
}

/* Whether the module has so many handles, or soon will; their end takes a moment. */
HELPER bool handles_live(long nr)
{
	uint64_t end = in_ms(10000);

	while (live_count("handles") != nr) {
		if (now_ns() > end)
			return false;
		usleep(1000);
	}
	return true;
}

#endif /* IPCPORT_HANDLE_H */
