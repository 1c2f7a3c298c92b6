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
 * Once the exit of an owner process can be seen by waitpid(), a pidfd or SIGCHLD,
 * nothing can be done with its ports any more. Other signs can be seen a little
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
 *   a structure of which only a part can be written); the others are read. 32-bit
 *   and 64-bit programs use the same layout.
 * - Unknown flags and reserved members that are not zero are refused before
 *   anything happens. An ioctl that fails has changed nothing (but see RECV).
 * - Times are in nanoseconds of CLOCK_MONOTONIC, as the caller's time namespace
 *   shows it. Deadlines are points in time, so that an ioctl that is restarted
 *   after a signal does not wait longer; 0 means none. What is possible at once is
 *   done even when the deadline has passed.
 * - A signal that arrives before anything was done restarts the ioctl
 *   (SA_RESTART) or ends it with EINTR. Once something was done, success is
 *   reported. An ioctl that is restarted, for example because the process was
 *   stopped and continued, waits in the last place again.
 * - Ports are known in the network namespace in which the device file was
 *   opened, and in no other.
 *
 * What errno means
 *
 * ENOTTY       no such ioctl
 * EINVAL       the structure is shorter than its first version, or a value in it
 *              is out of range, or a reserved member is not zero
 * E2BIG        the structure is longer than known here, and its tail is not zero
 * EOPNOTSUPP   a flag is not known here
 * EFAULT       a pointer is bad; no message was lost
 * ENOENT       no such port here; it never was, or it has ended
 * EACCES       the port's mode does not allow it
 * EPERM        only the port's owner process may do it
 * EAGAIN       it would have to wait, and was asked not to
 * ETIMEDOUT    the deadline passed
 * EINTR        a signal arrived
 * EPIPE        the port ended while the caller was waiting or about to
 * EDQUOT       a limit of the user is reached; the kernel log names it, once
 * ENOMEM       no memory; at the limit of a memory cgroup its OOM killer may end
 *              one of its processes first, as with any other memory
 *
 * Who may do what
 *
 * A port has a uid, a gid (those of its creator) and a mode, like a file: write
 * permission is for SEND, read permission for RECV, either is enough for STAT.
 * The owner process may do everything, also when it has become another user since,
 * or runs another program; only it may DESTROY. CAP_IPC_OWNER in the user namespace
 * that owns the network namespace overrides both. It is the calling thread that is
 * judged, each time, not who opened the file, nor whether for reading or writing.
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

/* Permission bits of a port if its creator does not say. */
#define IPCPORT_MODE_DEFAULT	0600

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

/**
 * struct ipcport_info - what the kernel says of a message and its sender
 * @token: names the call that waits for an answer, 0 for a one-way message
 * @badge: mark of the handle through which the message was sent, 0 if none
 * @time_ns: when it was handed to the kernel, in nanoseconds of CLOCK_MONOTONIC
 * @seq: number of the message in its port, counted from 1
 * @pid: sender's process, 0 if the receiver's pid namespace does not show it
 * @tid: sender's thread, 0 if the receiver's pid namespace does not show it
 * @uid: sender's effective user in the receiver's user namespace; the overflow
 *	uid if it has no name there
 * @gid: sender's effective group, in the same way
 * @cargo: file descriptor that travelled with the message, -1 if none
 * @flags: 0
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
 * it has been woken with EPIPE. Messages that nobody received are dropped.
 *
 * Errors: EFAULT, EOPNOTSUPP (flags), EINVAL (reserved), ENOENT, EPERM.
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
 *	receivers put back, see RECV.
 * @out_senders: threads blocked in SEND
 * @out_receivers: threads blocked in RECV
 * @out_uid: the port's user, in the caller's user namespace
 * @out_gid: the port's group, in the caller's user namespace
 * @out_owner_pid: owner process, 0 if the caller's pid namespace does not show it
 * @out_owner_tid: owner thread if the port belongs to a thread, else 0
 * @out_sent: messages taken in since the port was created
 * @out_received: messages given out since the port was created; goes down again by
 *	what receivers put back
 * @out_created_ns: when it was created, in nanoseconds of CLOCK_MONOTONIC
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
};

/*
 * IPCPORT_IOC_PORT_STAT - look at a port without changing it
 *
 * All members are read at one moment.
 *
 * Errors: EFAULT, EOPNOTSUPP (flags), EINVAL (reserved), ENOENT, EACCES (neither
 * read nor write permission, nor the owner process).
 */
#define IPCPORT_IOC_PORT_STAT	_IOWR(IPCPORT_IOC_TYPE, 0x12, struct ipcport_stat)

/* Do not wait; the same as O_NONBLOCK on the file, for this one ioctl. */
#define IPCPORT_SEND_F_NONBLOCK	0x1

/**
 * struct ipcport_send - argument of IPCPORT_IOC_MSG_SEND
 * @port: number of the port
 * @messages: address of an array of struct ipcport_message
 * @count: messages in the array, 1 to IPCPORT_BATCH_MAX
 * @flags: IPCPORT_SEND_F_* bits
 * @deadline_ns: when to stop waiting, CLOCK_MONOTONIC; 0 for never
 */
struct ipcport_send {
	__aligned_u64 port;
	__aligned_u64 messages;
	__u32 count;
	__u32 flags;
	__aligned_u64 deadline_ns;
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
 * Errors, with no message taken in: EFAULT, EOPNOTSUPP (flags), EINVAL (count),
 * ENOENT, EACCES, EAGAIN, ETIMEDOUT, EINTR, EPIPE, ENOMEM.
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
 * been given to a thread that a signal killed. While it was out of the queue,
 * another receiver may have got a message behind it, and a sender its place.
 *
 * Errors, with no message taken out: EFAULT, EOPNOTSUPP (flags), EINVAL (count),
 * ENOENT, EACCES, EAGAIN, ETIMEDOUT, EINTR, EPIPE.
 */
#define IPCPORT_IOC_MSG_RECV	_IOW(IPCPORT_IOC_TYPE, 0x21, struct ipcport_recv)

#endif /* _UAPI_LINUX_IPCPORT_H */
