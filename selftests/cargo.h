/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the tests of cargo share: ways to send and to receive a file with a message, and
 * parcels: files that tell when nobody holds them any more.
 *
 *	struct parcel parcel = parcel_make();
 *
 *	EXPECT_EQ(0, cargo_send_nb(fd, port, 5, parcel.fd));
 *	parcel_leave(&parcel);
 *	EXPECT_TRUE(is_held(&parcel));
 *	EXPECT_EQ(0, port_destroy(fd, port));
 *	EXPECT_TRUE(is_released(&parcel));
 */
#ifndef IPCPORT_CARGO_H
#define IPCPORT_CARGO_H

#include "process.h"
#include "call.h"
#include "handle.h"

#include <linux/kcmp.h>
#include <sys/eventfd.h>

/* Send without; what info.cargo is then. */
#define NO_CARGO	(-1)

/* Send one number and a file: 0 or -errno. */
HELPER int cargo_send(int fd, uint64_t port, uint64_t value, int cargo, uint32_t flags,
		      uint64_t deadline_ns)
{
	struct ipcport_message message = message_of(value);
	struct ipcport_send args = {
		.port = port, .messages = (uintptr_t)&message, .count = 1,
		.flags = flags, .deadline_ns = deadline_ns,
	};
	int ret;

	if (cargo != NO_CARGO) {
		args.flags |= IPCPORT_SEND_F_CARGO;
		args.cargo = cargo;
	}
	ret = xioctl(fd, IPCPORT_IOC_MSG_SEND, &args);
	return ret == 1 ? 0 : ret;
}

#define cargo_send_nb(fd, port, value, cargo)	\
	cargo_send(fd, port, value, cargo, IPCPORT_SEND_F_NONBLOCK, 0)

/* Receive one message: 0 or -errno. */
HELPER int recv_delivery(int fd, uint64_t port, struct ipcport_delivery *delivery,
			 uint32_t flags, uint64_t deadline_ns)
{
	int ret;

	memset(delivery, POISON, sizeof(*delivery));
	ret = msg_recv(fd, port, delivery, 1, flags, deadline_ns);
	return ret == 1 ? 0 : ret;
}

/* Receive one message without waiting: its cargo, or -errno; -ENODATA if it has none. */
HELPER int cargo_recv(int fd, uint64_t port)
{
	struct ipcport_delivery delivery;
	int ret = recv_delivery(fd, port, &delivery, IPCPORT_RECV_F_NONBLOCK, 0);

	if (ret)
		return ret;
	return delivery.info.cargo == NO_CARGO ? -ENODATA : delivery.info.cargo;
}

/* Make the structure of a call with a file. */
HELPER void cargo_caller_prepare(struct caller *caller, int cargo)
{
	caller_prepare(caller);
	if (cargo == NO_CARGO)
		return;
	caller->args.flags |= IPCPORT_CALL_F_CARGO;
	caller->args.cargo = cargo;
}

/* Begin a call with a file and do not wait for its answer: its token, or -errno. */
HELPER int64_t cargo_submit(int fd, uint64_t port, uint64_t value, int cargo)
{
	struct caller caller = {
		.fd = fd, .port = port, .value = value,
		.flags = IPCPORT_CALL_F_SUBMIT | IPCPORT_CALL_F_NONBLOCK,
	};
	int ret;

	cargo_caller_prepare(&caller, cargo);
	ret = call_ioctl(fd, &caller.args);
	return ret ? ret : (int64_t)caller.args.token;
}

/* Let a thread make a call with a file. */
HELPER struct caller *cargo_caller(int fd, uint64_t port, uint64_t value, int cargo,
				   uint64_t deadline_ns)
{
	struct caller *caller = shared_alloc(sizeof(*caller));

	*caller = (struct caller){
		.fd = fd, .port = port, .value = value, .deadline_ns = deadline_ns,
	};
	cargo_caller_prepare(caller, cargo);
	if (thread_start(&caller->thread, caller_run, caller))
		abort();
	return caller;
}

/* Take the answer of an outstanding call, without waiting: 0 or -errno. */
HELPER int collect_delivery(int fd, uint64_t port, uint64_t token,
			    struct ipcport_delivery *reply)
{
	struct ipcport_call args = {
		.port = port, .reply = (uintptr_t)reply, .token = token,
		.flags = IPCPORT_CALL_F_NONBLOCK,
	};

	memset(reply, POISON, sizeof(*reply));
	return call_ioctl(fd, &args);
}

/* Answer a call with one number and a file: 0 or -errno. */
HELPER int cargo_reply(int fd, uint64_t port, uint64_t token, uint64_t value, int cargo)
{
	struct ipcport_message message = message_of(value);
	struct ipcport_reply args = {
		.port = port, .token = token, .message = (uintptr_t)&message,
	};

	if (cargo != NO_CARGO) {
		args.flags = IPCPORT_REPLY_F_CARGO;
		args.cargo = cargo;
	}
	return xioctl(fd, IPCPORT_IOC_CALL_REPLY, &args);
}

/*
 * Answer a call with one number and a file, and receive without waiting: what
 * REPLY_RECV returns; what it wrote is in *@args.
 */
HELPER int cargo_reply_recv(int fd, struct ipcport_reply_recv *args, uint64_t port,
			    uint64_t token, int cargo, struct ipcport_delivery *delivery)
{
	struct ipcport_message message = message_of(6);

	*args = (struct ipcport_reply_recv){
		.port = port, .token = token, .message = (uintptr_t)&message,
		.delivery = (uintptr_t)delivery, .flags = IPCPORT_REPLY_RECV_F_NONBLOCK,
		.out_reply_errno = POISON,
	};
	if (cargo != NO_CARGO) {
		args->flags |= IPCPORT_REPLY_RECV_F_CARGO;
		args->cargo = cargo;
	}
	return xioctl(fd, IPCPORT_IOC_CALL_REPLY_RECV, args);
}

/* Whether two descriptors are for the same open file. */
HELPER bool same_file(int fd, int other)
{
	return !syscall(SYS_kcmp, getpid(), getpid(), KCMP_FILE, fd, other);
}

/**
 * struct parcel - a file to send, of which can be seen whether anybody holds it
 * @fd: the file: the end of a pipe that can be written
 * @witness: the pipe's other end
 *
 * Children that are started later hold it too.
 */
struct parcel {
	int fd;
	int witness;
};

HELPER struct parcel parcel_make(void)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC))
		abort();
	return (struct parcel){ .fd = ends[1], .witness = ends[0] };
}

/* Close our own descriptor. */
HELPER void parcel_leave(struct parcel *parcel)
{
	close(parcel->fd);
	parcel->fd = -1;
}

HELPER bool parcel_poll(const struct parcel *parcel, int ms)
{
	struct pollfd pollfd = { .fd = parcel->witness };

	return poll(&pollfd, 1, ms) == 1 && (pollfd.revents & POLLHUP);
}

/* Whether somebody holds it. */
HELPER bool is_held(const struct parcel *parcel)
{
	return !parcel_poll(parcel, 0);
}

/* Whether nobody does, or soon will; the end of a file can take a moment. */
HELPER bool is_released(const struct parcel *parcel)
{
	return parcel_poll(parcel, PATIENCE * 1000);
}

/* Check that nobody but us holds it. */
#define EXPECT_OURS(_parcel) do {						\
	EXPECT_TRUE(is_held(_parcel));						\
	parcel_leave(_parcel);							\
	EXPECT_TRUE(is_released(_parcel));					\
} while (0)

/* Whether the module has so many files under way, or soon will. */
HELPER bool cargo_lives(long nr)
{
	uint64_t end = in_ms(10000);

	while (live_count("cargo") != nr) {
		if (now_ns() > end)
			return false;
		usleep(1000);
	}
	return true;
}

/* How many descriptors this process has open. */
HELPER int count_fds(void)
{
	DIR *fds = opendir("/proc/self/fd");
	struct dirent *entry;
	int nr = 0;

	while (fds && (entry = readdir(fds)))
		nr += entry->d_name[0] != '.';
	if (fds)
		closedir(fds);
	return nr;
}

/* The next descriptor, which those that are only reserved are not, though nobody sees them. */
HELPER int next_fd(void)
{
	int fd = eventfd(0, EFD_CLOEXEC);

	close(fd);
	return fd;
}

/* How many descriptors a process may have that is to run out of them. */
#define FEW_FDS		64

/* Leave no descriptor free: one to close, so that there is one; or -1. */
HELPER int use_up_fds(void)
{
	struct rlimit limit;
	int fd, last;

	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = FEW_FDS;
	setrlimit(RLIMIT_NOFILE, &limit);
	last = open("/dev/null", O_RDONLY | O_CLOEXEC);
	while ((fd = fcntl(last, F_DUPFD_CLOEXEC, 0)) >= 0)
		last = fd;
	return last;
}

/* Let there be enough again. */
HELPER void allow_fds(void)
{
	struct rlimit limit;

	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

#endif /* IPCPORT_CARGO_H */
