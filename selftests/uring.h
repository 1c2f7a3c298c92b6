/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the tests through io_uring share: rings of several kinds, requests to a file of
 * ours, and what became of them.
 *
 *	struct uring uring;
 *
 *	EXPECT_EQ(0, uring_start(&uring, RING_PLAIN, handle));
 *	uring_read(&uring, 1, &delivery, sizeof(delivery));
 *	EXPECT_EQ(1, uring_submit(&uring));
 *	EXPECT_EQ(sizeof(delivery), uring_result(&uring, 1));
 */
#ifndef IPCPORT_URING_TEST_H
#define IPCPORT_URING_TEST_H

#include <liburing.h>

#include "cargo.h"

/* Requests that a ring has room for. */
#define RING_SIZE	128

/* What a request has not come to yet. */
#define PENDING		(-100000)

/* How requests are made. */
enum ring_kind {
	RING_PLAIN,
	RING_SQPOLL,		/* a thread of the kernel takes them */
	RING_DEFER_TASKRUN,	/* they are completed when we ask */
	RING_ASYNC,		/* a thread of the kernel carries them out */
	RING_REGISTERED,	/* the file is registered */
};

/**
 * struct uring - a ring, and one file of ours to use through it
 * @ring: the ring
 * @kind: what kind of ring
 * @fd: the file
 * @is_open: whether the ring is
 * @res: results, by the number of the request; PENDING until they are there
 * @flags: IORING_CQE_F_* of the last of them
 */
struct uring {
	struct io_uring ring;
	enum ring_kind kind;
	int fd;
	bool is_open;
	int res[RING_SIZE];
	unsigned int flags[RING_SIZE];
};

/* Returns 0 or -errno. */
HELPER int uring_start(struct uring *uring, enum ring_kind kind, int fd)
{
	static const unsigned int flags[] = {
		[RING_SQPOLL] = IORING_SETUP_SQPOLL,
		[RING_DEFER_TASKRUN] = IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_SINGLE_ISSUER,
		[RING_REGISTERED] = 0,
	};
	struct io_uring_params params = { .flags = flags[kind], .sq_thread_idle = 1000 };
	int ret = io_uring_queue_init_params(RING_SIZE, &uring->ring, &params);

	if (ret)
		return ret;
	uring->kind = kind;
	uring->fd = fd;
	uring->is_open = true;
	for (int i = 0; i < RING_SIZE; i++)
		uring->res[i] = PENDING;
	return kind == RING_REGISTERED ? io_uring_register_files(&uring->ring, &fd, 1) : 0;
}

HELPER void uring_stop(struct uring *uring)
{
	if (uring->is_open)
		io_uring_queue_exit(&uring->ring);
	uring->is_open = false;
}

/* A new request, to which the functions below give a meaning. */
HELPER struct io_uring_sqe *uring_sqe(struct uring *uring)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&uring->ring);

	/* the kernel's thread may be slow to take them */
	while (!sqe) {
		io_uring_sqring_wait(&uring->ring);
		sqe = io_uring_get_sqe(&uring->ring);
	}
	return sqe;
}

/* Give a request to our file its number, and let it be made the way the ring is for. */
HELPER struct io_uring_sqe *uring_mark(struct uring *uring, struct io_uring_sqe *sqe,
				       unsigned int number)
{
	sqe->user_data = number;
	uring->res[number] = PENDING;
	if (uring->kind == RING_REGISTERED) {
		sqe->fd = 0;
		sqe->flags |= IOSQE_FIXED_FILE;
	} else if (uring->kind == RING_ASYNC) {
		sqe->flags |= IOSQE_ASYNC;
	}
	return sqe;
}

HELPER struct io_uring_sqe *uring_read(struct uring *uring, unsigned int number, void *to,
				       size_t size)
{
	struct io_uring_sqe *sqe = uring_sqe(uring);

	io_uring_prep_read(sqe, uring->fd, to, size, 0);
	return uring_mark(uring, sqe, number);
}

HELPER struct io_uring_sqe *uring_write(struct uring *uring, unsigned int number,
					const void *from, size_t size)
{
	struct io_uring_sqe *sqe = uring_sqe(uring);

	io_uring_prep_write(sqe, uring->fd, from, size, 0);
	return uring_mark(uring, sqe, number);
}

HELPER struct io_uring_sqe *uring_poll(struct uring *uring, unsigned int number,
				       unsigned int events)
{
	struct io_uring_sqe *sqe = uring_sqe(uring);

	io_uring_prep_poll_add(sqe, uring->fd, events);
	return uring_mark(uring, sqe, number);
}

/* Cancel a request; that is a request too. */
HELPER void uring_cancel(struct uring *uring, unsigned int number, unsigned int victim)
{
	struct io_uring_sqe *sqe = uring_sqe(uring);

	io_uring_prep_cancel64(sqe, victim, 0);
	sqe->user_data = number;
	uring->res[number] = PENDING;
}

/* How many were submitted, or -errno. The kernel has begun with them then. */
HELPER int uring_submit(struct uring *uring)
{
	int ret = io_uring_submit(&uring->ring);

	while (uring->kind == RING_SQPOLL && io_uring_sq_ready(&uring->ring))
		usleep(100);
	return ret;
}

/* Note what has come to an end. */
HELPER void uring_reap(struct uring *uring)
{
	struct io_uring_cqe *cqe;

	while (!io_uring_peek_cqe(&uring->ring, &cqe)) {
		uring->res[cqe->user_data] = cqe->res;
		uring->flags[cqe->user_data] = cqe->flags;
		io_uring_cqe_seen(&uring->ring, cqe);
	}
}

/* Whether a request has come to an end; if it may, it does so now. */
HELPER bool uring_is_done(struct uring *uring, unsigned int number)
{
	io_uring_get_events(&uring->ring);
	uring_reap(uring);
	return uring->res[number] != PENDING;
}

/* Wait until it has: its result, or PENDING after PATIENCE seconds. */
HELPER int uring_result(struct uring *uring, unsigned int number)
{
	struct __kernel_timespec moment = { .tv_sec = 1 };
	uint64_t end = in_ms(PATIENCE * 1000);
	struct io_uring_cqe *cqe;

	uring_reap(uring);
	while (uring->res[number] == PENDING && now_ns() < end) {
		io_uring_wait_cqe_timeout(&uring->ring, &cqe, &moment);
		uring_reap(uring);
	}
	return uring->res[number];
}

/* The same, of a request that can come to something several times. */
HELPER int uring_next(struct uring *uring, unsigned int number)
{
	int res = uring_result(uring, number);

	uring->res[number] = PENDING;
	return res;
}

/*
 * Calls.
 */

/**
 * struct uring_call - a call through io_uring, and what became of it
 * @message: what is sent
 * @reply: poison, then the reply
 * @args: what CALL takes; the kernel writes it
 * @cmd: what IORING_OP_URING_CMD takes
 */
struct uring_call {
	struct ipcport_message message;
	struct ipcport_delivery reply;
	struct ipcport_call args;
	struct ipcport_uring_call cmd;
};

/* Make the structures of a call with one number, on a handle (@port 0) or not. */
HELPER void uring_call_prepare(struct uring_call *call, uint64_t port, uint64_t value)
{
	*call = (struct uring_call){
		.message = message_of(value),
		.args = {
			.port = port,
			.message = (uintptr_t)&call->message,
			.reply = (uintptr_t)&call->reply,
			.out_status = POISON_STATUS,
		},
		.cmd = { .call = (uintptr_t)&call->args },
	};
	memset(&call->reply, POISON, sizeof(call->reply));
}

/* Make the request of a call that was prepared. */
HELPER struct io_uring_sqe *uring_call_begin(struct uring *uring, unsigned int number,
					     const struct uring_call *call)
{
	struct io_uring_sqe *sqe = uring_sqe(uring);

	io_uring_prep_rw(IORING_OP_URING_CMD, sqe, uring->fd, NULL, 0, 0);
	sqe->cmd_op = IPCPORT_IOC_CALL;
	memcpy(sqe->cmd, &call->cmd, sizeof(call->cmd));
	return uring_mark(uring, sqe, number);
}

/* The token, as soon as the kernel has written it. */
HELPER uint64_t uring_call_token(const struct uring_call *call)
{
	const volatile uint64_t *token = (const volatile uint64_t *)&call->args.token;

	wait_until(*token);
	return *token;
}

/* Whether the kernel says that it takes calls this way. */
HELPER bool has_uring_calls(int fd)
{
	struct ipcport_version version = {};

	return !xioctl(fd, IPCPORT_IOC_VERSION, &version) &&
	       version.out_features & IPCPORT_FEATURE_URING_CALL;
}

#endif /* IPCPORT_URING_TEST_H */
