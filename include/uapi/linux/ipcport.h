/* SPDX-License-Identifier: (GPL-2.0 WITH Linux-syscall-note) OR MIT */
/*
 * ipcport - ports: bounded queues of 64-byte messages between processes
 *
 * A port is a FIFO of messages that belongs to one process, its owner. Ports are
 * created, used and looked at through ioctls on an open /dev/ipcport. A port ends
 * when its owner destroys it, when its owner exits in whatever way, or when the
 * device file through which it was created is closed for the last time. Whoever
 * waits on a port when it ends is woken and told so with EPIPE.
 *
 * A message can be a call: its sender then waits for an answer, and gets one in any
 * case. Each call has a token, by which whoever received it answers.
 *
 * A handle is a file descriptor for one port, with rights that were fixed when it was
 * made. It can be passed on, polled, read and written, and it never keeps its port
 * alive. With a message can travel a file descriptor, or a handle: its cargo.
 *
 * Once the exit of an owner process can be seen by waitpid(), a pidfd or SIGCHLD,
 * nothing can be done with its ports any more, but to receive what is left in them
 * through a handle. Other signs can be seen a little
 * earlier: the end of a pipe that it held, pthread_join() of an owner thread, or
 * the return of vfork(). An open file is closed for the last time when no descriptor
 * refers to it and no ioctl on it is still running: a thread that waits in one keeps
 * it open.
 *
 * Rules that hold for every ioctl here
 *
 * - Structures only grow at their end. The kernel takes the size from the ioctl
 *   number: a shorter structure of an older program is completed with zeroes, a
 *   longer one of a newer program is taken if what this kernel does not know is
 *   zero. Members named out_* are written by the kernel, on success only (but for
 *   a structure of which only a part can be written); the others are read, and
 *   the token of CALL and REPLY_RECV is both. What is read is written back as it
 *   was read, with the rest. 32-bit and 64-bit programs use the same layout.
 * - Unknown flags and reserved members that are not zero are refused before
 *   anything happens. An ioctl that fails has changed nothing (but see RECV, and
 *   CALL and REPLY_RECV, which have two parts).
 * - Times are in nanoseconds of CLOCK_MONOTONIC, as the caller's time namespace
 *   shows it. Deadlines are points in time, so that an ioctl that is restarted
 *   after a signal does not wait longer; 0 means none. What is possible at once is
 *   done even when the deadline has passed.
 * - A signal that arrives before anything was done restarts the ioctl
 *   (SA_RESTART) or ends it with EINTR. Once something was done, success is
 *   reported. An ioctl that is restarted, for example because the process was
 *   stopped and continued, waits in the last place again.
 * - Ports are known in the network namespace in which the device file was
 *   opened, and in no other. A handle is good in all of them.
 * - The ioctls on ports, messages and calls are made on the device file, with the
 *   number of a port; or on a handle, with 0 as number (else EINVAL), where they mean the
 *   handle's port, and the handle's rights decide on SEND, CALL, RECV, REPLY and
 *   REPLY_RECV; STAT needs none. CREATE is for the device file only,
 *   ENOTTY.
 *   Through a handle, a port that has ended is EPIPE where its number is ENOENT.
 * - The device file cannot be polled: poll() and select() always say that it is
 *   ready, epoll refuses it. Handles can.
 *
 * What errno means
 *
 * ENOTTY       no such ioctl
 * EINVAL       the structure is shorter than its first version, or a value in it
 *              is out of range, or a reserved member is not zero
 * E2BIG        the structure is longer than known here, and its tail is not zero
 * EOPNOTSUPP   a flag is not known here; or a file that may not be cargo, or a port
 *              that takes none
 * EFAULT       a pointer is bad; no message was lost
 * ENOENT       no such port or name here; it never was, or it has ended. Or no such
 *              call: its token is not known, was used, or is not the caller's to use
 * EACCES       the port's mode, or the handle's rights, do not allow it
 * EPERM        only the port's owner process, or CAP_IPC_OWNER, may do it
 * EAGAIN       it would have to wait, and was asked not to
 * ETIMEDOUT    the deadline passed
 * EINTR        a signal arrived
 * EPIPE        the port ended while the caller was waiting or about to; or
 *              whoever had received the call ended without answering it
 * ECANCELED    the call was cancelled
 * EBUSY        another thread is waiting for this call already
 * EDEADLK      nobody but the calling thread could answer this call; only the
 *              plainest case is noticed, see CALL
 * EEXIST       the name is taken, or the port has one
 * EBADF        what shall be cargo is not an open file descriptor
 * EMFILE       no descriptor is free for a handle, or for cargo that was received
 * ENFILE       the system has no more files
 * EDQUOT       a limit of the user is reached; the kernel log names it, once
 * ENOMEM       no memory; at the limit of a memory cgroup its OOM killer may end
 *              one of its processes first, as with any other memory
 *
 * Who may do what
 *
 * A port has a uid, a gid (those of its creator) and a mode, like a file: write
 * permission is for SEND and CALL, read permission for RECV and REPLY, either is
 * enough for STAT.
 * The owner process may do everything, also when it has become another user since,
 * or runs another program; only it may DESTROY, BIND, UNBIND, and give badges.
 * CAP_IPC_OWNER in the user namespace that owns the network namespace may do all of that.
 * On the device file it is the calling thread that is judged, each time, not who opened
 * the file, nor whether for reading or writing. A handle is judged once, by OPEN; who has
 * it then may use it for what it allows, whoever that is.
 */
#ifndef _UAPI_LINUX_IPCPORT_H
#define _UAPI_LINUX_IPCPORT_H

#include <linux/ioctl.h>
#include <linux/types.h>

/* Bytes that a message carries for the programs that use it. */
#define IPCPORT_PAYLOAD_SIZE	48

/* Messages that one SEND or RECV takes at most. */
#define IPCPORT_BATCH_MAX	1024

/* Messages that a port holds if its creator does not say. */
#define IPCPORT_CAPACITY_DEFAULT	16

/* Bytes in a name, the zero at its end included. */
#define IPCPORT_NAME_SIZE	64

/* Permission bits of a port if its creator does not say. */
#define IPCPORT_MODE_DEFAULT	0600

/* Type of the reply that the kernel makes up for a call that ends with EPIPE. */
#define IPCPORT_TYPE_ERROR	0x80

/**
 * struct ipcport_message - what travels
 * @sender: thread id of the sender as the receiver sees it, 0 if it cannot be
 *	seen from the receiver's pid namespace. Written by the kernel; what the
 *	sender put here is not read.
 * @type: for the programs; carried as it is
 * @flags: for the programs; carried as it is
 * @payload: for the programs; carried as it is
 */
struct ipcport_message {
	__aligned_u64 sender;
	__u32 type;
	__u32 flags;
	__u8 payload[IPCPORT_PAYLOAD_SIZE];
};

/*
 * This is not a message of its sender but a notice: the sender has given up the call
 * that @token names, which had been received. Comes from ports that were created
 * with IPCPORT_CREATE_F_NOTIFY_ABORT. The message itself is zero, but for its sender.
 */
#define IPCPORT_INFO_F_ABORTED	0x1

/*
 * This is not a message but a notice: the last handle with IPCPORT_R_SEND has gone. Comes
 * from ports that were created with IPCPORT_CREATE_F_NOTIFY_NO_SENDERS. The message is
 * zero, and has no sender.
 */
#define IPCPORT_INFO_F_NO_SENDERS	0x2

/**
 * struct ipcport_info - what the kernel says of a message and its sender
 * @token: names the call that waits for an answer, 0 for a one-way message; of a
 *	reply, the call that it answers; of a notice, the call that was given up
 * @badge: mark of the handle through which the message was sent, or the answer was
 *	given; 0 if none
 * @time_ns: when it was handed to the kernel, in nanoseconds of CLOCK_MONOTONIC
 * @seq: number of the message in its port, counted from 1; 0 for a reply. A number
 *	is missing where a caller took its message back.
 * @pid: sender's process, 0 if the receiver's pid namespace does not show it
 * @tid: sender's thread, 0 if the receiver's pid namespace does not show it; for io_uring
 *	it can be a thread that the kernel made for the process
 * @uid: sender's effective user in the receiver's user namespace; the overflow
 *	uid if it has no name there. Of what was sent with write(): user of whoever made
 *	the handle's file, because a privileged program may not know where it writes.
 * @gid: sender's effective group, in the same way
 * @cargo: file descriptor that travelled with the message, -1 if none. It is a new
 *	one, closed by exec, and belongs to the receiver, also if the receiver does not
 *	look here.
 * @flags: IPCPORT_INFO_F_* bits
 * @__reserved: 0
 *
 * Nothing in here comes from the sender's memory.
 */
struct ipcport_info {
	__aligned_u64 token;
	__aligned_u64 badge;
	__aligned_u64 time_ns;
	__aligned_u64 seq;
	__u32 pid;
	__u32 tid;
	__u32 uid;
	__u32 gid;
	__s32 cargo;
	__u32 flags;
	__aligned_u64 __reserved;
};

/**
 * struct ipcport_delivery - what a receiver gets
 * @message: the message
 * @info: what the kernel says of it
 */
struct ipcport_delivery {
	struct ipcport_message message;
	struct ipcport_info info;
};

#define IPCPORT_IOC_TYPE	0xBA

/*
 * Numbers are grouped by noun: 0x00 the device, 0x10 ports, 0x20 messages, 0x30
 * calls, 0x40 handles. A number that is not defined here is not in use; it
 * answers ENOTTY, and will mean one thing only when it comes into use.
 */

/* Bits of ipcport_version.out_features. */
#define IPCPORT_FEATURE_MESSAGES	0x1	/* SEND and RECV */
#define IPCPORT_FEATURE_OWNER_THREAD	0x2	/* IPCPORT_CREATE_F_OWNER_THREAD */
#define IPCPORT_FEATURE_CALLS		0x4	/* CALL, REPLY, REPLY_RECV and CANCEL */
#define IPCPORT_FEATURE_HANDLES		0x8	/* OPEN, and what works on handles */
#define IPCPORT_FEATURE_NAMES		0x10	/* BIND and UNBIND */
#define IPCPORT_FEATURE_CARGO		0x20	/* IPCPORT_*_F_CARGO */
#define IPCPORT_FEATURE_URING_CALL	0x40	/* CALL through io_uring */

/**
 * struct ipcport_version - argument of IPCPORT_IOC_VERSION
 * @flags: must be 0
 * @out_version: version of the module, major << 16 | minor << 8 | patch
 * @out_features: IPCPORT_FEATURE_* bits of what this module can do
 * @out_capacity_max: the largest capacity that CREATE takes at present
 * @out_batch_max: the most messages that one SEND or RECV takes
 */
struct ipcport_version {
	__u32 flags;
	__u32 out_version;
	__aligned_u64 out_features;
	__u32 out_capacity_max;
	__u32 out_batch_max;
};

/*
 * IPCPORT_IOC_VERSION - ask what the module is and can do
 *
 * Errors: EFAULT, EOPNOTSUPP (flags).
 */
#define IPCPORT_IOC_VERSION	_IOWR(IPCPORT_IOC_TYPE, 0x00, struct ipcport_version)

/*
 * The port belongs to the calling thread alone and ends with it; otherwise it
 * belongs to the process and ends with its last thread.
 */
#define IPCPORT_CREATE_F_OWNER_THREAD	0x1

/*
 * Tell of calls that were given up: for each call that had been received from the
 * port and whose caller then stopped waiting before it was answered, one notice
 * comes through the port. It comes even if the port is full, and until it has been
 * received the call counts against the caller's limits. Where several threads receive,
 * one can get the notice before another one has got the call.
 */
#define IPCPORT_CREATE_F_NOTIFY_ABORT	0x2

/*
 * Tell when nobody has a handle to send with: each time the last handle with
 * IPCPORT_R_SEND has gone, also one that was cargo, a notice comes through the port. It
 * comes even if the port is full. There is one at a time: while it waits, what happens
 * again is told once more at most, after it, if it still holds then. It can be out of
 * date: a handle may have been made since. Who sends by number needs no handle.
 */
#define IPCPORT_CREATE_F_NOTIFY_NO_SENDERS	0x4

/*
 * Take messages that bring cargo. Without this they are refused, EOPNOTSUPP: who receives
 * from the port gets what they bring, wanted or not, and runs out of descriptors in the
 * end if it does not look.
 */
#define IPCPORT_CREATE_F_CARGO	0x8

/**
 * struct ipcport_create - argument of IPCPORT_IOC_PORT_CREATE
 * @flags: IPCPORT_CREATE_F_* bits
 * @capacity: messages the port can hold, from 1 to the module's max_capacity;
 *	0 means IPCPORT_CAPACITY_DEFAULT, or max_capacity if that is less
 * @mode: permission bits within 0666; 0 means IPCPORT_MODE_DEFAULT. The umask
 *	is not applied.
 * @__reserved: must be 0
 * @out_port: number of the new port. Numbers count up from 1 and are never used
 *	again while the module is loaded.
 */
struct ipcport_create {
	__u32 flags;
	__u32 capacity;
	__u32 mode;
	__u32 __reserved;
	__aligned_u64 out_port;
};

/*
 * IPCPORT_IOC_PORT_CREATE - make a port that the caller owns
 *
 * The port ends with DESTROY, with the exit of its owner, or with the last close
 * of the device file that this ioctl was made on, whichever comes first.
 *
 * Errors: EFAULT, EOPNOTSUPP (flags), EINVAL (capacity, mode, reserved), EDQUOT
 * (module parameters max_ports, and max_messages for the sum of the capacities,
 * both per user), ENOMEM, ENFILE (the system has no more files: each owner needs
 * one).
 */
#define IPCPORT_IOC_PORT_CREATE	_IOWR(IPCPORT_IOC_TYPE, 0x10, struct ipcport_create)

/**
 * struct ipcport_destroy - argument of IPCPORT_IOC_PORT_DESTROY
 * @port: number of the port
 * @flags: must be 0
 * @__reserved: must be 0
 */
struct ipcport_destroy {
	__aligned_u64 port;
	__u32 flags;
	__u32 __reserved;
};

/*
 * IPCPORT_IOC_PORT_DESTROY - end a port
 *
 * When it returns nobody can find the port any more, and everyone who waited on
 * it, also for the answer to a call, has been woken with EPIPE. One-way messages that
 * nobody received are dropped, unless somebody has a handle to receive them with; see
 * OPEN.
 *
 * Errors: EFAULT, EOPNOTSUPP (flags), EINVAL (reserved), ENOENT, EPIPE, EPERM.
 */
#define IPCPORT_IOC_PORT_DESTROY	_IOW(IPCPORT_IOC_TYPE, 0x11, struct ipcport_destroy)

/* Bits of ipcport_stat.out_state. */
#define IPCPORT_STATE_READABLE	0x1	/* a message is waiting */
#define IPCPORT_STATE_WRITABLE	0x2	/* there is space for a message */
#define IPCPORT_STATE_DEAD	0x4	/* the port has ended */

/**
 * struct ipcport_stat - argument of IPCPORT_IOC_PORT_STAT
 * @port: number of the port
 * @flags: must be 0
 * @__reserved: must be 0
 * @out_state: IPCPORT_STATE_* bits. By number a port that has ended is ENOENT;
 *	IPCPORT_STATE_DEAD says that it ended while STAT looked at it.
 * @out_mode: permission bits
 * @out_capacity: messages the port can hold
 * @out_depth: messages it holds now. It can be above the capacity by what
 *	receivers put back, see RECV, and by notices.
 * @out_senders: threads that wait for space, in SEND or CALL
 * @out_receivers: threads that wait for a message, in RECV or REPLY_RECV
 * @out_uid: the port's user, in the caller's user namespace
 * @out_gid: the port's group, in the caller's user namespace
 * @out_owner_pid: owner process, 0 if the caller's pid namespace does not show it
 * @out_owner_tid: owner thread if the port belongs to a thread, else 0
 * @out_sent: messages taken in since the port was created, calls and notices included,
 *	also calls whose message was taken back
 * @out_received: messages given out since the port was created; goes down again by
 *	what receivers put back
 * @out_created_ns: when it was created, in nanoseconds of CLOCK_MONOTONIC
 * @out_calls: calls that were taken in, whether received or not, and neither
 *	answered nor given up
 * @out_port: number of the port
 * @out_send_handles: handles with IPCPORT_R_SEND that were made by OPEN. What comes of one
 *	by duplicating it, or by sending it as cargo, is the same handle here, and it
 *	counts until all of that has gone.
 * @out_recv_handles: handles with IPCPORT_R_RECV, in the same way
 * @out_name: its name, ended and filled up with zeroes; empty if it has none
 */
struct ipcport_stat {
	__aligned_u64 port;
	__u32 flags;
	__u32 __reserved;
	__u32 out_state;
	__u32 out_mode;
	__u32 out_capacity;
	__u32 out_depth;
	__u32 out_senders;
	__u32 out_receivers;
	__u32 out_uid;
	__u32 out_gid;
	__u32 out_owner_pid;
	__u32 out_owner_tid;
	__aligned_u64 out_sent;
	__aligned_u64 out_received;
	__aligned_u64 out_created_ns;
	__aligned_u64 out_calls;
	__aligned_u64 out_port;
	__u32 out_send_handles;
	__u32 out_recv_handles;
	__u8 out_name[IPCPORT_NAME_SIZE];
};

/*
 * IPCPORT_IOC_PORT_STAT - look at a port without changing it
 *
 * All members are read at one moment.
 *
 * Errors: EFAULT, EOPNOTSUPP (flags), EINVAL (reserved), ENOENT, EACCES (neither
 * read nor write permission, nor the owner process). On a handle whatever its rights,
 * and also when the port has ended.
 */
#define IPCPORT_IOC_PORT_STAT	_IOWR(IPCPORT_IOC_TYPE, 0x12, struct ipcport_stat)

/**
 * struct ipcport_bind - argument of IPCPORT_IOC_PORT_BIND
 * @port: number of the port
 * @flags: must be 0
 * @__reserved: must be 0
 * @name: 1 to 63 bytes, none of them a control character (below 0x20, or 0x7f), ended
 *	and filled up with zeroes
 */
struct ipcport_bind {
	__aligned_u64 port;
	__u32 flags;
	__u32 __reserved;
	__u8 name[IPCPORT_NAME_SIZE];
};

/*
 * IPCPORT_IOC_PORT_BIND - give a port a name
 *
 * A name means one port in its network namespace, and a port has one name at most. It
 * goes with UNBIND, or when the port ends. Any process can take any name that is
 * free; STAT and the answers tell by whom a port is served.
 *
 * Errors: EFAULT, EOPNOTSUPP (flags), EINVAL (reserved, name), ENOENT, EPIPE, EPERM,
 * EEXIST, ENOMEM.
 */
#define IPCPORT_IOC_PORT_BIND	_IOW(IPCPORT_IOC_TYPE, 0x13, struct ipcport_bind)

/**
 * struct ipcport_unbind - argument of IPCPORT_IOC_PORT_UNBIND
 * @port: number of the port
 * @flags: must be 0
 * @__reserved: must be 0
 */
struct ipcport_unbind {
	__aligned_u64 port;
	__u32 flags;
	__u32 __reserved;
};

/*
 * IPCPORT_IOC_PORT_UNBIND - take a port's name away
 *
 * Handles that were opened by it go on to work.
 *
 * Errors: EFAULT, EOPNOTSUPP (flags), EINVAL (reserved), ENOENT (no such port, or it has
 * no name), EPIPE, EPERM.
 */
#define IPCPORT_IOC_PORT_UNBIND	_IOW(IPCPORT_IOC_TYPE, 0x14, struct ipcport_unbind)

/* Do not wait; the same as O_NONBLOCK on the file, for this one ioctl. */
#define IPCPORT_SEND_F_NONBLOCK	0x1

/* A file travels with the message; see CARGO below. */
#define IPCPORT_SEND_F_CARGO	0x2

/**
 * struct ipcport_send - argument of IPCPORT_IOC_MSG_SEND
 * @port: number of the port
 * @messages: address of an array of struct ipcport_message
 * @count: messages in the array, 1 to IPCPORT_BATCH_MAX
 * @flags: IPCPORT_SEND_F_* bits
 * @deadline_ns: when to stop waiting, CLOCK_MONOTONIC; 0 for never
 * @cargo: descriptor of the file; 0 without IPCPORT_SEND_F_CARGO
 * @__reserved: must be 0
 */
struct ipcport_send {
	__aligned_u64 port;
	__aligned_u64 messages;
	__u32 count;
	__u32 flags;
	__aligned_u64 deadline_ns;
	__s32 cargo;
	__u32 __reserved;
};

/*
 * IPCPORT_IOC_MSG_SEND - put messages into a port
 *
 * Waits for space as often as needed until all are in. Blocked senders are served
 * in the order in which they came. A batch of more than 16 messages may be cut into
 * pieces, and messages of other senders may come to lie between them.
 *
 * Returns how many messages were taken in, in the order of the array and at least
 * one. It is fewer than @count if a signal, the deadline, the end of the port, a
 * bad address, NONBLOCK or want of memory stopped the rest; then send the rest
 * again to learn why.
 *
 * CARGO, here and in CALL, REPLY and REPLY_RECV: with one message can travel one file
 * (here @count must be 1 then), to a port that was created with IPCPORT_CREATE_F_CARGO;
 * with an answer, to any caller. The sender keeps its descriptor. The receiver gets one of
 * its own in info.cargo, for the same open file; a descriptor that is a handle becomes
 * another descriptor for the same rights and badge. While it travels the file is kept
 * open; if nobody receives the message it is let go. Sockets of the family AF_UNIX,
 * io_uring instances and ipcport device files cannot travel, EOPNOTSUPP: they could keep
 * themselves open for ever. If the receiver has no descriptor free, message and cargo stay
 * where they are, EMFILE. Cargo of messages under way is limited per user by max_cargo,
 * EDQUOT; that of answers by the limits of calls.
 *
 * Errors, with no message taken in: EFAULT, EOPNOTSUPP (flags, cargo), EINVAL (count,
 * cargo without its flag, reserved), EBADF (cargo), ENOENT, EACCES, EAGAIN, ETIMEDOUT,
 * EINTR, EPIPE, EDQUOT, ENOMEM.
 */
#define IPCPORT_IOC_MSG_SEND	_IOW(IPCPORT_IOC_TYPE, 0x20, struct ipcport_send)

/* Do not wait; the same as O_NONBLOCK on the file, for this one ioctl. */
#define IPCPORT_RECV_F_NONBLOCK	0x1

/**
 * struct ipcport_recv - argument of IPCPORT_IOC_MSG_RECV
 * @port: number of the port
 * @deliveries: address of an array of struct ipcport_delivery
 * @count: room in the array, 1 to IPCPORT_BATCH_MAX
 * @flags: IPCPORT_RECV_F_* bits
 * @deadline_ns: when to stop waiting, CLOCK_MONOTONIC; 0 for never
 */
struct ipcport_recv {
	__aligned_u64 port;
	__aligned_u64 deliveries;
	__u32 count;
	__u32 flags;
	__aligned_u64 deadline_ns;
};

/*
 * IPCPORT_IOC_MSG_RECV - take messages out of a port
 *
 * Waits for the first message only; then takes, without waiting, as many more as
 * there are and fit. Blocked receivers are served in the order in which they came.
 *
 * Returns how many messages were stored, at least one. A message that could not
 * be stored because its place in the array cannot be written is put back to the
 * head of the queue; the ioctl is EFAULT if it was the first. So is one that had
 * been given to a thread that a signal killed, and one whose cargo finds no free
 * descriptor, EMFILE. While it was out of the queue,
 * another receiver may have got a message behind it, and a sender its place.
 *
 * A delivery whose info has a token and no flags is a call: somebody waits until it
 * is answered with REPLY or REPLY_RECV. If the process that received it, other than
 * the port's owner, exits before that, or closes the device file for the last time
 * through which it received it, the caller gets EPIPE. A token may be void already
 * when it is delivered, because its caller has just given up or the port has ended.
 *
 * Errors, with no message taken out: EFAULT, EOPNOTSUPP (flags), EINVAL (count),
 * ENOENT, EACCES, EAGAIN, ETIMEDOUT, EINTR, EPIPE, EMFILE, ENOMEM, ENFILE (the last two
 * only for cargo, and for a process that does not own the port and has to be remembered).
 */
#define IPCPORT_IOC_MSG_RECV	_IOW(IPCPORT_IOC_TYPE, 0x21, struct ipcport_recv)

/* Do not wait; the same as O_NONBLOCK on the file, for this one ioctl. */
#define IPCPORT_CALL_F_NONBLOCK	0x1

/* Return as soon as the message is in the port. Not with a token. */
#define IPCPORT_CALL_F_SUBMIT	0x2

/* A file travels with the message; see CARGO at SEND. Means nothing with a token. */
#define IPCPORT_CALL_F_CARGO	0x4

/**
 * struct ipcport_call - argument of IPCPORT_IOC_CALL
 * @port: number of the port
 * @message: address of a struct ipcport_message to send; not read with a token
 * @reply: address of a struct ipcport_delivery for the answer; not used with
 *	IPCPORT_CALL_F_SUBMIT
 * @token: 0 to begin a call; else the outstanding call to go on with. Written when
 *	the ioctl returns: the call that is outstanding now, 0 if none is.
 * @deadline_ns: when to stop waiting, CLOCK_MONOTONIC; 0 for never. It covers the
 *	wait for space and the wait for the answer.
 * @flags: IPCPORT_CALL_F_* bits
 * @out_status: what the server passed as the status of its answer
 * @cargo: descriptor of the file; 0 without IPCPORT_CALL_F_CARGO; not used with a token
 * @__reserved: must be 0
 */
struct ipcport_call {
	__aligned_u64 port;
	__aligned_u64 message;
	__aligned_u64 reply;
	__aligned_u64 token;
	__aligned_u64 deadline_ns;
	__u32 flags;
	__s32 out_status;
	__s32 cargo;
	__u32 __reserved;
};

/*
 * IPCPORT_IOC_CALL - send a message and wait until it is answered
 *
 * Returns 0 when there is an answer: the message, with what the kernel says of who
 * answered, is in @reply, its status in @out_status.
 *
 * A call that was taken in ends in exactly one of these ways: with its answer; with
 * EPIPE, because the port ended, or whoever had received the call did; with
 * ETIMEDOUT, because the deadline passed while this ioctl waited; with ECANCELED,
 * because of CANCEL in another thread; or with the caller: when its process exits or
 * the device file is closed for the last time. With EPIPE @reply is written too, as
 * far as it can be: a message of type IPCPORT_TYPE_ERROR with the errno as a
 * little-endian number in the first four bytes of its payload, and no sender: pid and
 * tid are 0, uid and gid those that stand for nobody. Only the ioctl's errno proves that
 * it comes from the kernel, since servers can use the type too.
 *
 * A caller that stops waiting before anybody has received its message takes the
 * message back. If it has been received, the token is void from then on, and an
 * answer that comes later reaches nobody.
 *
 * The ioctl can stop waiting and leave the call outstanding. Then it fails, and
 * @token is not 0: EINTR, a signal arrived; EAGAIN, it was asked not to wait; EFAULT,
 * the answer is there but @reply cannot be written; EMFILE, ENFILE or ENOMEM, the answer
 * is there but its cargo finds no place. The same ioctl with this token
 * goes on waiting, from any thread of the process, through the same open file, and
 * never sends again; that is also what a restart after a signal does. CANCEL ends
 * the call. EBUSY, and ENOENT because of another @port, leave @token as it is. If it is
 * 0 after a failure, no call of this process by that token is outstanding on this open
 * file; and if the ioctl was to begin one, nobody has received it, except with the ends
 * above. If the token of a new call cannot be written, the call is cancelled; EFAULT.
 *
 * With IPCPORT_CALL_F_SUBMIT the ioctl returns 0 and the token without waiting for
 * the answer. It is collected by the same ioctl without this flag; @deadline_ns is then
 * for the wait in that ioctl, and between the two no deadline ends the call. An answer
 * that was collected is gone. A call that is over counts against the limits until it is
 * collected or cancelled.
 *
 * The same through io_uring, where IPCPORT_FEATURE_URING_CALL is set (not with 6.1): an
 * IORING_OP_URING_CMD on the device file or a handle, with IPCPORT_IOC_CALL as cmd_op and
 * a struct ipcport_uring_call as cmd. Its result is that of the ioctl, and comes when the
 * call has ended; the structures are used until then. @token and @deadline_ns must be 0,
 * and SUBMIT cannot be used: EINVAL. While the port is full @token stays 0, and
 * IORING_OP_ASYNC_CANCEL or a linked timeout can end the request; when the message is in
 * the port @token is written, and CANCEL, and nothing else, ends the call: for a limit in
 * time use IORING_OP_TIMEOUT and CANCEL. It ends with the ring too. NONBLOCK is for the
 * wait for space. If @reply or the cargo of the answer finds no place the result is EFAULT,
 * EMFILE, ENFILE or ENOMEM, and the answer is lost; so it is if the thread that made the
 * request has exited, and the result is ECANCELED then.
 *
 * Errors: EFAULT, EOPNOTSUPP (flags, cargo), EINVAL (SUBMIT with a token, cargo without
 * its flag, reserved), EBADF (cargo), ENOENT, EACCES, EAGAIN, ETIMEDOUT, EINTR, EPIPE,
 * ECANCELED, EMFILE, ENOMEM, ENFILE; EDQUOT (cargo, and module
 * parameters max_calls per user, max_process_calls per process; a process counts for
 * the user that it was when it began to use ports); EBUSY; EDEADLK (a
 * call that begins, without SUBMIT or a deadline, by the only thread of the port's
 * owner process, while it has no child, nobody else has a device file of this
 * network namespace open, nobody a handle with IPCPORT_R_RECV for the port, and no
 * other process has ever received from it).
 */
#define IPCPORT_IOC_CALL	_IOWR(IPCPORT_IOC_TYPE, 0x30, struct ipcport_call)

/**
 * struct ipcport_uring_call - the cmd of an IORING_OP_URING_CMD that calls
 * @call: address of a struct ipcport_call
 * @__reserved: must be 0
 */
struct ipcport_uring_call {
	__aligned_u64 call;
	__aligned_u64 __reserved;
};

/* A file travels with the answer; see CARGO at SEND. */
#define IPCPORT_REPLY_F_CARGO	0x1

/**
 * struct ipcport_reply - argument of IPCPORT_IOC_CALL_REPLY
 * @port: number of the port from which the call was received
 * @token: its token, from struct ipcport_info
 * @message: address of a struct ipcport_message, the answer
 * @status: for the programs; goes to the caller's @out_status, and has no meaning
 *	for the kernel
 * @flags: IPCPORT_REPLY_F_* bits
 * @cargo: descriptor of the file; 0 without IPCPORT_REPLY_F_CARGO
 * @__reserved: must be 0
 */
struct ipcport_reply {
	__aligned_u64 port;
	__aligned_u64 token;
	__aligned_u64 message;
	__s32 status;
	__u32 flags;
	__s32 cargo;
	__u32 __reserved;
};

/*
 * IPCPORT_IOC_CALL_REPLY - answer a call
 *
 * Never waits. Whoever may receive from the port may answer its calls, in any
 * order, whichever thread or process received them.
 *
 * Errors: EFAULT, EOPNOTSUPP (flags, cargo), EINVAL (cargo without its flag, reserved),
 * EBADF and ENOMEM (cargo), ENOENT: no such port; or no call with this
 * token has been received from it and waits for an answer; or the caller may not
 * receive from it.
 */
#define IPCPORT_IOC_CALL_REPLY	_IOW(IPCPORT_IOC_TYPE, 0x31, struct ipcport_reply)

/* Do not wait; the same as O_NONBLOCK on the file, for this one ioctl. */
#define IPCPORT_REPLY_RECV_F_NONBLOCK	0x1

/* A file travels with the answer; see CARGO at SEND. Means nothing without a token. */
#define IPCPORT_REPLY_RECV_F_CARGO	0x2

/**
 * struct ipcport_reply_recv - argument of IPCPORT_IOC_CALL_REPLY_RECV
 * @port: number of the port
 * @token: call to answer, 0 for none. Written once that was answered or refused, and
 *	on success: the call that was received; 0 if it was a one-way message or a
 *	notice, or if nothing was received.
 * @message: address of a struct ipcport_message, the answer; not read without a token
 * @delivery: address of a struct ipcport_delivery for what is received
 * @deadline_ns: when to stop waiting, CLOCK_MONOTONIC; 0 for never
 * @status: status of the answer
 * @flags: IPCPORT_REPLY_RECV_F_* bits
 * @out_reply_errno: what became of the last answer that was given through this
 *	structure: 0, or ENOENT if nobody waited for it any more or the token was wrong.
 *	Written with @token, also if the ioctl fails then; left alone without a token.
 * @cargo: descriptor of the file; 0 without IPCPORT_REPLY_RECV_F_CARGO; not used without
 *	a token
 */
struct ipcport_reply_recv {
	__aligned_u64 port;
	__aligned_u64 token;
	__aligned_u64 message;
	__aligned_u64 delivery;
	__aligned_u64 deadline_ns;
	__s32 status;
	__u32 flags;
	__u32 out_reply_errno;
	__s32 cargo;
};

/*
 * IPCPORT_IOC_CALL_REPLY_RECV - answer a call, then wait for the next message
 *
 * A server's whole loop: after a success @token is the call that was received, so
 * only @message and @status are to be set before the ioctl is made again. An answer
 * that nobody waits for does not keep it from receiving.
 *
 * Once the answer was given, or refused, @token is written even if nothing could be
 * received: it is 0 then. So a restart after a signal does not answer twice.
 *
 * What RECV says of calls, of messages that are put back, and of receivers that exit
 * holds here too.
 *
 * Errors: EFAULT, EOPNOTSUPP (flags, cargo), EINVAL (cargo without its flag), EBADF
 * (cargo), ENOENT (port) and EACCES, with which nothing was answered; EAGAIN,
 * ETIMEDOUT, EINTR, EPIPE, EMFILE, ENOMEM, ENFILE. EFAULT for @message, or for a structure
 * that cannot be written, means that nothing was done; for @delivery, that the answer was
 * given, and that what was to be received is back in the port. If @token is 0 after any
 * other failure, the answer was given or refused.
 */
#define IPCPORT_IOC_CALL_REPLY_RECV	\
	_IOWR(IPCPORT_IOC_TYPE, 0x32, struct ipcport_reply_recv)

/* How far a call had come when it was cancelled: ipcport_cancel.out_state. */
#define IPCPORT_CALL_QUEUED	1	/* nobody had received it; it was taken back */
#define IPCPORT_CALL_RECEIVED	2	/* it was received, and not answered yet */
#define IPCPORT_CALL_ENDED	3	/* it was over; an answer nobody waits for is dropped */

/**
 * struct ipcport_cancel - argument of IPCPORT_IOC_CALL_CANCEL
 * @token: the outstanding call
 * @flags: must be 0
 * @out_state: IPCPORT_CALL_*
 */
struct ipcport_cancel {
	__aligned_u64 token;
	__u32 flags;
	__u32 out_state;
};

/*
 * IPCPORT_IOC_CALL_CANCEL - end an outstanding call
 *
 * The call must have been made by this process through this open file. A thread
 * that waits for it gets ECANCELED; one whose ioctl is just being restarted because of
 * a signal finds that there is no such call, ENOENT.
 *
 * Errors: EFAULT (@out_state cannot be written: the call is cancelled all the same),
 * EOPNOTSUPP (flags), ENOENT.
 */
#define IPCPORT_IOC_CALL_CANCEL	_IOWR(IPCPORT_IOC_TYPE, 0x33, struct ipcport_cancel)

/* Rights of a handle. */
#define IPCPORT_R_SEND	0x1	/* SEND, CALL and write() */
#define IPCPORT_R_RECV	0x2	/* RECV, REPLY, REPLY_RECV and read() */

/* If there is no port of this name, wait until there is one. */
#define IPCPORT_OPEN_F_WAIT	0x1

/* The handle shall have O_NONBLOCK set. */
#define IPCPORT_OPEN_F_NONBLOCK	0x2

/**
 * struct ipcport_open - argument of IPCPORT_IOC_HANDLE_OPEN
 * @port: number of the port, 0 if @name says which, or if the ioctl is made on a handle
 * @badge: mark that the messages carry that are sent through the handle; 0 for none, or
 *	for that of the handle on which the ioctl is made
 * @deadline_ns: when to stop waiting for the name, CLOCK_MONOTONIC; 0 for never
 * @rights: IPCPORT_R_* bits
 * @flags: IPCPORT_OPEN_F_* bits
 * @name: name of the port, ended and filled up with zeroes; empty if it is not used
 */
struct ipcport_open {
	__aligned_u64 port;
	__aligned_u64 badge;
	__aligned_u64 deadline_ns;
	__u32 rights;
	__u32 flags;
	__u8 name[IPCPORT_NAME_SIZE];
};

/*
 * IPCPORT_IOC_HANDLE_OPEN - make a handle
 *
 * Returns a new file descriptor, which is closed by exec. On the device file the port's
 * mode must allow the rights that are asked for, as for the ioctls; without any rights, as
 * for STAT. On a handle (@port 0, no name) they must be among the handle's own. Only the
 * port's owner process (or CAP_IPC_OWNER) can choose a badge: who has a handle cannot
 * change or drop it.
 *
 * What a handle is for: the ioctls with port number 0; read() and write(); poll().
 *
 * - read() is RECV with an array of struct ipcport_delivery, and write() is SEND with one
 *   of struct ipcport_message; they return bytes, and the size must be that of a whole
 *   number of them, EINVAL. readv() and writev() too. With O_NONBLOCK or RWF_NOWAIT
 *   they do not wait. What the handle has no right for is EACCES.
 * - poll() says POLLIN if a message can be received (with IPCPORT_R_RECV), POLLOUT if there
 *   is space (with IPCPORT_R_SEND), and POLLERR and POLLHUP if the port has ended. There can
 *   be messages left to receive then; epoll's edge triggered mode tells of each message,
 *   and of space, as with pipes, when the port was full before.
 * - /proc/PID/fdinfo/FD says which port it is for, its rights and its badge.
 *
 * A handle does not keep its port alive. When the port has ended, who has a handle with
 * IPCPORT_R_RECV open can still receive the one-way messages that were in it; when nobody
 * has, or only as cargo, they are dropped; until then the port counts against the limits
 * of its user. Calls made through a handle are outstanding on
 * it, and calls received through it by another process than the owner end with its last
 * close, as with the device file.
 *
 * Errors: EFAULT, EOPNOTSUPP (flags), EINVAL (rights, port, name, WAIT without a name),
 * ENOENT, EACCES, EPERM (badge), EPIPE, ETIMEDOUT, EINTR, EMFILE, ENFILE, ENOMEM.
 */
#define IPCPORT_IOC_HANDLE_OPEN	_IOW(IPCPORT_IOC_TYPE, 0x40, struct ipcport_open)

#endif /* _UAPI_LINUX_IPCPORT_H */
