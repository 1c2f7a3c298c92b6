/* SPDX-License-Identifier: MIT */
/*
 * libipcport - ports from C and C++: a function for each ioctl of /dev/ipcport and of handles
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
 * A handle is a descriptor for one port. It can be polled, read and written, inherited and
 * sent, and it can do what it was opened for, whoever has it:
 *
 *	int handle = ipcport_open_name(fd, "/srv/echo", IPCPORT_R_SEND, ipcport_deadline_ms(1000));
 *
 *	ret = ipcport_send(handle, 0, &message, 0);
 *
 * Much data goes as a file that nobody can change any more, which travels with a message.
 * Sender and receiver:
 *
 *	int file = ipcport_memfd_create("picture", size, &bytes);
 *
 *	memcpy(bytes, picture, size);
 *	ret = ipcport_memfd_seal(file, bytes, size);
 *	ret = ipcport_send_cargo(handle, 0, &message, file, 0, 0);
 *	close(file);
 *
 *	ret = ipcport_recv(fd, port, &delivery, 0);
 *	ret = ipcport_memfd_map(delivery.info.cargo, &bytes, &size);
 *	close(delivery.info.cargo);
 *
 * What holds for every function here, unless it says otherwise:
 *
 * Result	0 or more is success, a negative errno value is failure. errno is
 *		not part of the interface; its value is the same afterwards.
 *		Whatever fails has changed nothing.
 * Port		What is done to a port is done through the device file with the port's
 *		number, or through a handle with 0. Functions that take a structure have
 *		the number in it. On a handle, a port that has ended is -EPIPE instead of
 *		-ENOENT, what the handle has no right to do is -EACCES, and another number
 *		than 0 is -EINVAL.
 * Cargo	A delivery can bring a descriptor: info.cargo, -1 for none. It belongs to
 *		the receiver, who has to close it, wanted or not. If there is no room for
 *		it, -EMFILE, the message stays where it is.
 * Waiting	Only ipcport_call(), ipcport_call_reply_recv(), ipcport_open_name(),
 *		ipcport_open_handle() and the send and recv functions wait. A signal
 *		handler that was installed without SA_RESTART ends a wait with -EINTR;
 *		nothing is restarted here.
 * Deadline	A point in time in nanoseconds of CLOCK_MONOTONIC, 0 for none. What
 *		is possible at once is done even if the deadline has passed.
 * Threads	All functions may run in any number of threads, on one descriptor or
 *		several. There is no state behind them besides the descriptor.
 * Signals	All functions may be used in signal handlers and after fork(). What a
 *		child cannot do is in ipcport_call().
 * Ownership	No memory is kept or allocated, but for what the memfd functions map: what
 *		a pointer names, also one that is a member of a structure, is used until
 *		the function returns, and stays the caller's. So do descriptors.
 * Sizes	A structure that may grow comes with its size, sizeof(*argument), so
 *		that programs, library and module of different age work together.
 *		Members that the caller does not use must be 0. The library passes
 *		structure and size on as they are: -EINVAL and -E2BIG mean what they
 *		mean for the ioctl.
 * Descriptor	-EBADF if fd is not open, -ENOTTY if it is something else than
 *		/dev/ipcport or a handle, or if the module is too old for the function.
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
 * ipcport_close() - close a descriptor of ipcport_open(), or a handle
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
 * @fd: device file, or a handle
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
 * @fd: device file, need not be the one of ipcport_create(); or a handle
 * @port: number of the port; 0 on a handle
 *
 * Whoever waits on the port, or for the answer to a call, gets -EPIPE before this returns.
 * Messages that nobody received are dropped, unless somebody has a handle to receive them.
 *
 * Return: 0, -ENOENT (no such port, or it has ended), -EPERM (not the owner).
 */
int ipcport_destroy(int fd, uint64_t port);

/**
 * ipcport_stat() - look at a port without changing it
 * @fd: device file, or a handle
 * @stat: port is the number of the port, 0 on a handle; flags is 0; the out_ members are
 *	filled in and belong to one moment. The structure can be used again as it is.
 * @size: sizeof(*stat)
 *
 * A handle needs no rights for this, and tells of a port that has ended as well.
 *
 * Return: 0, -ENOENT, -EACCES (neither read nor write permission, nor the owner),
 * -EOPNOTSUPP (flags), -EFAULT.
 */
int ipcport_stat(int fd, struct ipcport_stat *stat, size_t size);

/**
 * ipcport_bind() - give a port a name
 * @fd: device file, or a handle
 * @port: number of the port; 0 on a handle
 * @name: 1 to 63 bytes, none of them a control character; by custom like a path, "/srv/echo"
 *
 * The name goes with ipcport_unbind(), or when the port ends. Names are not reserved for
 * anybody: who wants to know whose port it is looks at ipcport_stat(), or at the answer.
 *
 * Return: 0, -EINVAL (name), -EEXIST (the name is taken, or the port has one), -EPERM (not
 * the owner), -ENOENT, -EPIPE, -ENOMEM.
 */
int ipcport_bind(int fd, uint64_t port, const char *name);

/**
 * ipcport_unbind() - take a port's name away
 * @fd: device file, or a handle
 * @port: number of the port; 0 on a handle
 *
 * Handles that were opened by it go on to work.
 *
 * Return: 0, -ENOENT (no such port, or it has no name), -EPERM (not the owner), -EPIPE.
 */
int ipcport_unbind(int fd, uint64_t port);

/**
 * ipcport_open_handle() - make a handle
 * @fd: device file; or a handle, for another one to the same port with no more rights
 * @open: port, or name filled up with zeroes, or neither on a handle; rights, IPCPORT_R_*;
 *	flags, IPCPORT_OPEN_F_* or 0; deadline_ns for IPCPORT_OPEN_F_WAIT, or 0; badge, or 0
 * @size: sizeof(*open)
 *
 * The descriptor is closed by exec. The handle keeps its rights and its badge wherever it
 * goes, but does not keep its port alive.
 *
 * Return: a descriptor, 0 or above, that the caller closes; or -ENOENT, -EACCES (the port's
 * mode, or the rights of the handle @fd), -EPERM (a badge, by another than the owner),
 * -EINVAL (rights; name; not just one of port and name; waiting without a name),
 * -EOPNOTSUPP (flags), -ETIMEDOUT, -EINTR, -EPIPE, -EMFILE, -ENFILE, -ENOMEM, -EFAULT.
 */
int ipcport_open_handle(int fd, const struct ipcport_open *open, size_t size);

/**
 * ipcport_open_port() - make a handle for a port whose number is known
 * @fd: device file; or a handle, for another one to the same port with no more rights
 * @port: number of the port; 0 on a handle
 * @rights: IPCPORT_R_*; without any, the handle tells of the port's state and its end
 *
 * Never waits.
 *
 * Return: as ipcport_open_handle().
 */
int ipcport_open_port(int fd, uint64_t port, uint32_t rights);

/**
 * ipcport_open_name() - make a handle for the port of a name, wait for one if need be
 * @fd: from ipcport_open()
 * @name: the name
 * @rights: IPCPORT_R_*
 * @deadline_ns: when to stop waiting, 0 for never
 *
 * A client that is started before its server can wait for it so.
 *
 * Return: as ipcport_open_handle().
 */
int ipcport_open_name(int fd, const char *name, uint32_t rights, uint64_t deadline_ns);

/**
 * ipcport_try_open_name() - make a handle for the port of a name, or fail at once
 * @fd: from ipcport_open()
 * @name: the name
 * @rights: IPCPORT_R_*
 *
 * Never waits.
 *
 * Return: as ipcport_open_handle(); -ENOENT if no port has this name.
 */
int ipcport_try_open_name(int fd, const char *name, uint32_t rights);

/**
 * ipcport_send() - put one message into a port, wait for space if need be
 * @fd: device file, or a handle
 * @port: number of the port; 0 on a handle
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
 * @fd: device file, or a handle
 * @port: number of the port; 0 on a handle
 * @message: the message; sender is not read
 *
 * Never waits.
 *
 * Return: 0, -ENOENT, -EACCES, -EAGAIN (full), -EPIPE, -ENOMEM, -EFAULT.
 */
int ipcport_try_send(int fd, uint64_t port, const struct ipcport_message *message);

/**
 * ipcport_send_batch() - put many messages into a port in one system call
 * @fd: device file, or a handle
 * @port: number of the port; 0 on a handle
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
 * ipcport_send_cargo() - put one message into a port, and a file with it
 * @fd: device file, or a handle
 * @port: number of the port; 0 on a handle
 * @message: the message; sender is not read
 * @cargo: descriptor of the file; the sender keeps it
 * @deadline_ns: when to stop waiting, 0 for never
 * @flags: IPCPORT_SEND_F_NONBLOCK, or 0 to wait for space
 *
 * The port must have been created with IPCPORT_CREATE_F_CARGO. The receiver gets a
 * descriptor of its own for the same open file. If @cargo is a handle that is another handle
 * with the same rights and badge.
 *
 * Return: 0, -EBADF (@cargo is not open), -EOPNOTSUPP (flags; the port takes no cargo; or
 * @cargo is a UNIX socket, an io_uring or the device file, which cannot travel), -EDQUOT
 * (too much is under way), and the errors of ipcport_send().
 */
int ipcport_send_cargo(int fd, uint64_t port, const struct ipcport_message *message, int cargo,
		       uint64_t deadline_ns, uint32_t flags);

/**
 * ipcport_recv() - take one message out of a port, wait for it if need be
 * @fd: device file, or a handle
 * @port: number of the port; 0 on a handle
 * @delivery: filled in on success
 * @deadline_ns: when to stop waiting, 0 for never
 *
 * If info.token is not 0 and info.flags is 0, the message is a call: its sender waits
 * until it is answered, which ipcport_call_reply() does, or until this process ends.
 *
 * Return: 0, -ENOENT, -EACCES, -EAGAIN (empty, and O_NONBLOCK is set on @fd),
 * -ETIMEDOUT, -EINTR, -EPIPE (the port ended during the wait), -EFAULT and -EMFILE (and
 * the message stays at the head of the queue), -ENOMEM, -ENFILE.
 */
int ipcport_recv(int fd, uint64_t port, struct ipcport_delivery *delivery,
		 uint64_t deadline_ns);

/**
 * ipcport_try_recv() - take one message out of a port, or fail at once if it is empty
 * @fd: device file, or a handle
 * @port: number of the port; 0 on a handle
 * @delivery: filled in on success
 *
 * Never waits.
 *
 * Return: 0, -ENOENT, -EACCES, -EAGAIN (empty), -EPIPE, -EFAULT, -EMFILE, -ENOMEM, -ENFILE.
 */
int ipcport_try_recv(int fd, uint64_t port, struct ipcport_delivery *delivery);

/**
 * ipcport_recv_batch() - take many messages out of a port in one system call
 * @fd: device file, or a handle
 * @port: number of the port; 0 on a handle
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
 * @fd: device file, or a handle
 * @call: port, 0 on a handle; message, the address of what to send; reply, the address of
 *	a struct ipcport_delivery for the answer; deadline_ns, or 0; flags, IPCPORT_CALL_F_*
 *	or 0; cargo, with IPCPORT_CALL_F_CARGO the descriptor to send; token, 0 to begin a
 *	call. token and out_status are filled in.
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
 * -EMFILE	(-ENFILE and -ENOMEM too) With a token: the answer is kept, because the
 *		descriptor that comes with it has no room. Close some and call again.
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
 * -EDEADLK (nobody else could answer), -EDQUOT (too many calls, too much cargo), -EINVAL
 * (IPCPORT_CALL_F_SUBMIT with a token), -EOPNOTSUPP (flags, or cargo as for
 * ipcport_send_cargo()), -EBADF, -EMFILE, -ENFILE, -ENOMEM, -EFAULT.
 */
int ipcport_call(int fd, struct ipcport_call *call, size_t size);

/**
 * ipcport_call_reply() - answer a call
 * @fd: device file, or a handle
 * @port: number of the port from which the call was received; 0 on a handle
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
 * ipcport_call_reply_cargo() - answer a call, with a file
 * @fd: device file, or a handle
 * @port: number of the port from which the call was received; 0 on a handle
 * @token: info.token of the delivery
 * @message: the answer; sender is not read
 * @status: the caller gets it as out_status; what it means is between the two
 * @cargo: descriptor of the file, as for ipcport_send_cargo()
 *
 * Never waits.
 *
 * Return: as ipcport_call_reply(); and -EBADF, -EOPNOTSUPP and -ENOMEM, because of @cargo.
 */
int ipcport_call_reply_cargo(int fd, uint64_t port, uint64_t token,
			     const struct ipcport_message *message, int32_t status, int cargo);

/**
 * ipcport_call_reply_recv() - answer a call, then wait for the next message
 * @fd: device file, or a handle
 * @reply_recv: port, 0 on a handle; message, the address of the answer, which is only used
 *	with a token; delivery, the address of a struct ipcport_delivery; deadline_ns, or 0;
 *	status of the answer; flags, IPCPORT_REPLY_RECV_F_* or 0; cargo, with
 *	IPCPORT_REPLY_RECV_F_CARGO the descriptor to send with the answer; token, the call
 *	to answer, 0 for none. token and out_reply_errno are filled in.
 * @size: sizeof(*reply_recv)
 *
 * After a success token is the call that was received, to be answered by the next time
 * that this is called with the same structure; 0 if what was received needs no answer: a
 * one-way message or, if info.flags is not 0, a notice. IPCPORT_REPLY_RECV_F_CARGO has to be
 * cleared when the next answer has none.
 *
 * token is filled in on failure too, once the answer was given: it is 0 then, so that
 * calling again does not answer twice. That nobody waited for the answer is no failure;
 * out_reply_errno is ENOENT then, and else 0.
 *
 * Return: 0, -ENOENT (port), -EACCES, -EAGAIN (empty; IPCPORT_REPLY_RECV_F_NONBLOCK, or
 * O_NONBLOCK is set on @fd), -ETIMEDOUT, -EINTR, -EPIPE (the port ended during the wait),
 * -EFAULT (message, or the structure itself: nothing was done; delivery: the answer was
 * given, and what was to be received stays in the port), -EINVAL (cargo without its flag),
 * -EOPNOTSUPP (flags), -EBADF and -EOPNOTSUPP (cargo, with which nothing was done), -EMFILE,
 * -ENFILE, -ENOMEM.
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
 * ipcport_memfd_create() - make a file in memory, to be filled, sealed and sent
 * @name: shown in /proc, for people; up to 249 bytes, not unique
 * @size: bytes of the file, at least 1
 * @bytes: set to where it is mapped, for reading and writing; all bytes are 0
 *
 * The descriptor is closed by exec. The mapping ends with ipcport_memfd_seal().
 *
 * Return: a descriptor, 0 or above, that the caller closes; or -EINVAL (name, size),
 * -EMFILE, -ENFILE, -ENOMEM.
 */
int ipcport_memfd_create(const char *name, size_t size, void **bytes);

/**
 * ipcport_memfd_seal() - take care that nobody can change a file in memory any more
 * @fd: from ipcport_memfd_create()
 * @bytes: where that mapped it; is unmapped, on failure too
 * @size: its size
 *
 * Then it is ready for ipcport_send_cargo(). The one who fills it can map it again to read.
 *
 * Return: 0; or -EBUSY (it is mapped for writing elsewhere too, in a child for example),
 * -EINVAL (@fd is no such file, or @bytes and @size no such place), -EPERM (it is sealed).
 */
int ipcport_memfd_seal(int fd, void *bytes, size_t size);

/**
 * ipcport_memfd_map() - look into a file in memory that somebody else has sent
 * @fd: what came as cargo
 * @bytes: set to where it is mapped, for reading only; the caller ends that with munmap()
 * @size: set to its size, which the sender has chosen
 *
 * Only what was sealed as by ipcport_memfd_seal() is mapped. So the sender cannot change what
 * has been checked already, nor cut the file short, which would be SIGBUS. The descriptor
 * may be closed afterwards.
 *
 * Return: 0; or -EPERM (it is not sealed), -EINVAL (it is not a file in memory, or empty, or
 * made of huge pages), -ENOMEM.
 */
int ipcport_memfd_map(int fd, const void **bytes, size_t *size);

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
