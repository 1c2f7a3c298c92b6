/* SPDX-License-Identifier: MIT */
/*
 * libipcport - ports from C and C++: one function for each ioctl of /dev/ipcport
 *
 * The structures are those of <linux/ipcport.h>, which also says what a port is,
 * what a message carries and what each errno means.
 *
 *	struct ipcport_message message = { .type = 7 };
 *	struct ipcport_create create = { .capacity = 64 };
 *	int fd = ipcport_open();
 *	int ret = ipcport_create(fd, &create, sizeof(create));
 *
 *	ret = ipcport_send(fd, create.out_port, &message, ipcport_deadline_ms(250));
 *	if (ret == -ETIMEDOUT)
 *		...
 *
 * A client calls a port, and waits up to a second for the answer. However the server
 * ends, the client hears of it:
 *
 *	struct ipcport_message question = { .type = 7 };
 *	struct ipcport_delivery answer;
 *	struct ipcport_call call = {
 *		.port = port,
 *		.message = (uintptr_t)&question,
 *		.reply = (uintptr_t)&answer,
 *		.deadline_ns = ipcport_deadline_ms(1000),
 *	};
 *
 *	do
 *		ret = ipcport_call(fd, &call, sizeof(call));
 *	while (ret == -EINTR);
 *	if (ret == 0)
 *		...
 *
 * A server gives each answer in the system call that waits for what comes next:
 *
 *	struct ipcport_message answer = { .type = 0 };
 *	struct ipcport_delivery delivery;
 *	struct ipcport_reply_recv turn = {
 *		.port = port,
 *		.message = (uintptr_t)&answer,
 *		.delivery = (uintptr_t)&delivery,
 *	};
 *
 *	for (;;) {
 *		ret = ipcport_call_reply_recv(fd, &turn, sizeof(turn));
 *		if (ret == 0 && turn.token)
 *			turn.status = work_on(&delivery.message, &answer);
 *		else if (ret < 0 && ret != -EINTR)
 *			break;
 *	}
 *
 * What holds for every function here, unless it says otherwise:
 *
 * Result	0 or more is success, a negative errno value is failure. errno is
 *		not part of the interface; its value is the same afterwards.
 *		Whatever fails has changed nothing.
 * Waiting	Only ipcport_call(), ipcport_call_reply_recv() and the send and recv
 *		functions wait. A signal handler that was installed without
 *		SA_RESTART ends a wait with -EINTR; nothing is restarted here.
 * Deadline	A point in time in nanoseconds of CLOCK_MONOTONIC, 0 for none. What
 *		is possible at once is done even if the deadline has passed.
 * Threads	All functions may run in any number of threads, on one descriptor or
 *		several. There is no state behind them besides the descriptor.
 * Signals	All functions may be used in signal handlers and after fork(). What a
 *		child cannot do is in ipcport_call().
 * Ownership	No memory is kept or allocated: what a pointer names, also one that is
 *		a member of a structure, is used until the function returns, and stays
 *		the caller's.
 * Sizes	A structure that may grow comes with its size, sizeof(*argument), so
 *		that programs, library and module of different age work together.
 *		Members that the caller does not use must be 0. The library passes
 *		structure and size on as they are: -EINVAL and -E2BIG mean what they
 *		mean for the ioctl.
 * Descriptor	-EBADF if fd is not open, -ENOTTY if it is something else than
 *		/dev/ipcport, or if the module is too old for the function.
 */
#ifndef IPCPORT_H
#define IPCPORT_H

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/ipcport.h>

/* Version of this header, in the form that ipcport_library_version() returns. */
#define IPCPORT_LIBRARY_VERSION	"0.1.0"

/* Where the module's device file is. */
#define IPCPORT_DEVICE		"/dev/ipcport"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * ipcport_library_version() - version of the library that runs
 *
 * Return: "major.minor.patch", a constant. It can differ from
 * IPCPORT_LIBRARY_VERSION, which is what the program was compiled with.
 */
const char *ipcport_library_version(void);

/**
 * ipcport_open() - open /dev/ipcport for reading and writing
 *
 * The descriptor is closed by exec. Ports that are created through it end with its
 * last close, at the latest.
 *
 * Return: a descriptor, 0 or above, that the caller closes; or -ENOENT if the
 * module is not loaded, -EACCES if the device file's mode does not allow it,
 * -EMFILE, -ENFILE, -ENOMEM, -EINTR, or another error of open().
 */
int ipcport_open(void);

/**
 * ipcport_close() - close a descriptor of ipcport_open()
 * @fd: the descriptor; it is closed even if an error is returned
 *
 * If it was the last one for its open file, the ports created through it end, and
 * whoever waits on them gets -EPIPE. So does who waits for the answer to a call that
 * this process received through it, unless it owns the port. Calls that were left
 * outstanding through it end.
 * Other threads that wait through this descriptor keep the file open until they return.
 *
 * Return: 0, -EBADF, or -EINTR.
 */
int ipcport_close(int fd);

/**
 * ipcport_version() - ask what the module is and can do
 * @fd: from ipcport_open()
 * @version: all members 0; the out_ members are filled in
 * @size: sizeof(*version)
 *
 * Return: 0, -EOPNOTSUPP (flags), -EFAULT.
 */
int ipcport_version(int fd, struct ipcport_version *version, size_t size);

/**
 * ipcport_create() - make a port that the calling process owns
 * @fd: from ipcport_open()
 * @create: all members 0 for a port with the default capacity (16 messages) and
 *	mode (0600); else capacity 1 to the module's max_capacity, mode a part of
 *	0666, flags of IPCPORT_CREATE_F_*. out_port is filled in.
 * @size: sizeof(*create)
 *
 * The port ends with ipcport_destroy(), with the exit of its owner however it comes,
 * or with the last close of @fd.
 *
 * Return: 0, -EINVAL (capacity, mode), -EOPNOTSUPP (flags), -EDQUOT (the user has
 * too many ports), -ENOMEM, -ENFILE, -EFAULT.
 */
int ipcport_create(int fd, struct ipcport_create *create, size_t size);

/**
 * ipcport_destroy() - end a port
 * @fd: from ipcport_open(), in any process; need not be the one of ipcport_create()
 * @port: number of the port
 *
 * Messages that nobody received are dropped, and whoever waits on the port, or for the
 * answer to a call, gets -EPIPE, before this returns.
 *
 * Return: 0, -ENOENT (no such port, or it has ended), -EPERM (not the owner).
 */
int ipcport_destroy(int fd, uint64_t port);

/**
 * ipcport_stat() - look at a port without changing it
 * @fd: from ipcport_open()
 * @stat: port is the number of the port, flags is 0; the out_ members are filled in
 *	and belong to one moment. The structure can be used again as it is.
 * @size: sizeof(*stat)
 *
 * Return: 0, -ENOENT, -EACCES (neither read nor write permission, nor the owner),
 * -EOPNOTSUPP (flags), -EFAULT.
 */
int ipcport_stat(int fd, struct ipcport_stat *stat, size_t size);

/**
 * ipcport_send() - put one message into a port, wait for space if need be
 * @fd: from ipcport_open()
 * @port: number of the port
 * @message: the message; sender is not read
 * @deadline_ns: when to stop waiting, 0 for never
 *
 * Return: 0, -ENOENT, -EACCES, -EAGAIN (full, and O_NONBLOCK is set on @fd),
 * -ETIMEDOUT, -EINTR, -EPIPE (the port ended during the wait), -ENOMEM, -EFAULT.
 */
int ipcport_send(int fd, uint64_t port, const struct ipcport_message *message,
		 uint64_t deadline_ns);

/**
 * ipcport_try_send() - put one message into a port, or fail at once if it is full
 * @fd: from ipcport_open()
 * @port: number of the port
 * @message: the message; sender is not read
 *
 * Never waits.
 *
 * Return: 0, -ENOENT, -EACCES, -EAGAIN (full), -EPIPE, -ENOMEM, -EFAULT.
 */
int ipcport_try_send(int fd, uint64_t port, const struct ipcport_message *message);

/**
 * ipcport_send_batch() - put many messages into a port in one system call
 * @fd: from ipcport_open()
 * @port: number of the port
 * @messages: the messages, in the order in which they are to be received
 * @count: how many, 1 to IPCPORT_BATCH_MAX
 * @deadline_ns: when to stop waiting, 0 for never
 * @flags: IPCPORT_SEND_F_NONBLOCK, or 0 to wait for space as often as needed
 *
 * Messages of other senders can come to lie between those of a batch.
 *
 * Return: how many of the first messages were taken in, 1 to @count. Fewer than
 * @count is success too: send the rest again, and if what stopped it persists, that
 * returns the reason. Or, if none was taken in, -EINVAL (count), -EOPNOTSUPP (flags),
 * and the errors of ipcport_send().
 */
int ipcport_send_batch(int fd, uint64_t port, const struct ipcport_message *messages,
		       uint32_t count, uint64_t deadline_ns, uint32_t flags);

/**
 * ipcport_recv() - take one message out of a port, wait for it if need be
 * @fd: from ipcport_open()
 * @port: number of the port
 * @delivery: filled in on success
 * @deadline_ns: when to stop waiting, 0 for never
 *
 * If info.token is not 0 and info.flags is 0, the message is a call: its sender waits
 * until it is answered, which ipcport_call_reply() does, or until this process ends.
 *
 * Return: 0, -ENOENT, -EACCES, -EAGAIN (empty, and O_NONBLOCK is set on @fd),
 * -ETIMEDOUT, -EINTR, -EPIPE (the port ended during the wait), -EFAULT (and the
 * message stays at the head of the queue), -ENOMEM, -ENFILE.
 */
int ipcport_recv(int fd, uint64_t port, struct ipcport_delivery *delivery,
		 uint64_t deadline_ns);

/**
 * ipcport_try_recv() - take one message out of a port, or fail at once if it is empty
 * @fd: from ipcport_open()
 * @port: number of the port
 * @delivery: filled in on success
 *
 * Never waits.
 *
 * Return: 0, -ENOENT, -EACCES, -EAGAIN (empty), -EPIPE, -EFAULT, -ENOMEM, -ENFILE.
 */
int ipcport_try_recv(int fd, uint64_t port, struct ipcport_delivery *delivery);

/**
 * ipcport_recv_batch() - take many messages out of a port in one system call
 * @fd: from ipcport_open()
 * @port: number of the port
 * @deliveries: room for @count; filled from the front
 * @count: how many at most, 1 to IPCPORT_BATCH_MAX
 * @deadline_ns: when to stop waiting, 0 for never
 * @flags: IPCPORT_RECV_F_NONBLOCK, or 0 to wait for the first message
 *
 * Waits for the first message only, and then takes what is there.
 *
 * Return: how many deliveries were filled in, 1 to @count; or, if no message was taken
 * out, -EINVAL (count), -EOPNOTSUPP (flags), and the errors of ipcport_recv().
 */
int ipcport_recv_batch(int fd, uint64_t port, struct ipcport_delivery *deliveries,
		       uint32_t count, uint64_t deadline_ns, uint32_t flags);

/**
 * ipcport_call() - send a message and wait until it is answered
 * @fd: from ipcport_open()
 * @call: port; message, the address of what to send; reply, the address of a struct
 *	ipcport_delivery for the answer; deadline_ns, or 0; flags, IPCPORT_CALL_F_* or 0;
 *	token, 0 to begin a call. token and out_status are filled in.
 * @size: sizeof(*call)
 *
 * token is filled in on failure too. It says whether a call is outstanding, and the same
 * structure is what to go on with:
 *
 * 0		The answer is in reply, and the server's status in out_status. With
 *		IPCPORT_CALL_F_SUBMIT: the call was sent and is outstanding. Clear the
 *		flag and call again to wait for the answer.
 * -EINTR	Call again. With a token that waits on for the answer, and sends nothing.
 *		If token is 0 nothing was sent, and it begins anew.
 * -EAGAIN	(IPCPORT_CALL_F_NONBLOCK, or O_NONBLOCK is set on @fd) With a token: there
 *		is no answer yet; call again later, or without the flag. If token is 0 there
 *		is no space in the port, and nothing was sent.
 * -EFAULT	With a token: reply cannot be written, and the answer is kept. Mend reply
 *		and call again. If token is 0, no call is outstanding.
 * other	The call has ended, or was not begun, if token is 0; or, with -ENOENT, it
 *		was not made by this process through this open file. A call that cannot be
 *		gone on with like this, for example because of -EBUSY, stays as it was.
 *
 * With -EPIPE reply is filled in too, with a message of type IPCPORT_TYPE_ERROR.
 *
 * An outstanding call belongs to this process and to the open file of @fd; any thread may
 * go on with it, a child may not. It ends with ipcport_call_cancel(), with the last close
 * of the file, or with the process. Its deadline is that of whoever waits for it.
 *
 * Return: 0, -ENOENT (no such port, or no such call), -EACCES, -EAGAIN, -ETIMEDOUT,
 * -EINTR, -EPIPE (the port ended, or who had received the call did), -ECANCELED (by
 * ipcport_call_cancel() in another thread), -EBUSY (another thread waits for this call),
 * -EDEADLK (nobody else could answer), -EDQUOT (too many calls), -EINVAL
 * (IPCPORT_CALL_F_SUBMIT with a token), -EOPNOTSUPP (flags), -ENOMEM, -ENFILE, -EFAULT.
 */
int ipcport_call(int fd, struct ipcport_call *call, size_t size);

/**
 * ipcport_call_reply() - answer a call
 * @fd: from ipcport_open()
 * @port: number of the port from which the call was received
 * @token: info.token of the delivery
 * @message: the answer; sender is not read
 * @status: the caller gets it as out_status; what it means is between the two
 *
 * Never waits. Any process that may receive from the port may answer, once.
 *
 * Return: 0, -ENOENT (no such port; or nobody waits for this answer any more, or ever
 * did; or the caller may not receive from the port), -EFAULT.
 */
int ipcport_call_reply(int fd, uint64_t port, uint64_t token,
		       const struct ipcport_message *message, int32_t status);

/**
 * ipcport_call_reply_recv() - answer a call, then wait for the next message
 * @fd: from ipcport_open()
 * @reply_recv: port; message, the address of the answer, which is only used with a token;
 *	delivery, the address of a struct ipcport_delivery; deadline_ns, or 0; status of the
 *	answer; flags, IPCPORT_REPLY_RECV_F_* or 0; token, the call to answer, 0 for none.
 *	token and out_reply_errno are filled in.
 * @size: sizeof(*reply_recv)
 *
 * After a success token is the call that was received, to be answered by the next time
 * that this is called with the same structure; 0 if what was received needs no answer: a
 * one-way message or, with IPCPORT_INFO_F_ABORTED in info.flags, a notice.
 *
 * token is filled in on failure too, once the answer was given: it is 0 then, so that
 * calling again does not answer twice. That nobody waited for the answer is no failure;
 * out_reply_errno is ENOENT then, and else 0.
 *
 * Return: 0, -ENOENT (port), -EACCES, -EAGAIN (empty; IPCPORT_REPLY_RECV_F_NONBLOCK, or
 * O_NONBLOCK is set on @fd), -ETIMEDOUT, -EINTR, -EPIPE (the port ended during the wait),
 * -EFAULT (message, or the structure itself: nothing was done; delivery: the answer was
 * given, and what was to be received stays in the port), -EINVAL (reserved), -EOPNOTSUPP
 * (flags), -ENOMEM, -ENFILE.
 */
int ipcport_call_reply_recv(int fd, struct ipcport_reply_recv *reply_recv, size_t size);

/**
 * ipcport_call_cancel() - end an outstanding call
 * @fd: a descriptor of the open file through which ipcport_call() was made
 * @token: what ipcport_call() left in token
 * @state: set on success to how far the call had come, IPCPORT_CALL_QUEUED,
 *	IPCPORT_CALL_RECEIVED or IPCPORT_CALL_ENDED; may be NULL
 *
 * Never waits. A thread of this process that waits for the call gets -ECANCELED. If
 * nobody had received the call, nobody will.
 *
 * Return: 0, -ENOENT (no such call of this process and this open file).
 */
int ipcport_call_cancel(int fd, uint64_t token, uint32_t *state);

/**
 * ipcport_deadline_ns() - the deadline that lies so many nanoseconds ahead
 * @ns: any number; beyond the end of the clock (292 years) means that end
 *
 * Return: a deadline, never 0.
 */
uint64_t ipcport_deadline_ns(uint64_t ns);

/**
 * ipcport_deadline_ms() - the deadline that lies so many milliseconds ahead
 * @ms: any number; beyond the end of the clock (292 years) means that end
 *
 * Return: a deadline, never 0.
 */
uint64_t ipcport_deadline_ms(uint64_t ms);

#ifdef __cplusplus
}
#endif

#endif /* IPCPORT_H */
