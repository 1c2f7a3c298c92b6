/* SPDX-License-Identifier: GPL-2.0 */
/**
 * DOC: Messages
 *
 * One record per message. It is allocated and filled by the sender, before any
 * lock is taken, and stamped with who the sender is; then it moves from list to
 * list until a receiver has copied it out, or the port has gone. At each moment
 * it is in one place, and whoever guards that place guards the record: the port's
 * lock while it is queued or offered by a blocked sender, else the one thread
 * that holds it.
 */
#ifndef IPCPORT_MSG_H
#define IPCPORT_MSG_H

#include <linux/list.h>
#include <linux/types.h>
#include <linux/uidgid.h>

struct pid;

/* Bytes of a message that the kernel carries without looking at them. */
#define IPCPORT_MSG_SIZE	64

/**
 * struct ipcport_msg - a message on its way
 * @node: place in a struct ipcport_queue		(lock: that of the queue)
 * @tgid: sender's process, a reference		(const after alloc)
 * @tid: sender's thread, a reference			(const after alloc)
 * @uid: sender's effective user			(const after alloc)
 * @gid: sender's effective group			(const after alloc)
 * @time_ns: CLOCK_MONOTONIC when it was made		(const after alloc)
 * @seq: number in its port, 0 before it is pushed	(lock: that of the queue)
 * @body: what the sender wrote			(const after alloc)
 */
struct ipcport_msg {
	struct list_head node;
	struct pid *tgid;
	struct pid *tid;
	kuid_t uid;
	kgid_t gid;
	u64 time_ns;
	u64 seq;
	u8 body[IPCPORT_MSG_SIZE];
};

struct ipcport_msg *ipcport_msg_alloc_user(const void __user *body);
void ipcport_msg_free(struct ipcport_msg *msg);

int ipcport_msg_init(void);
void ipcport_msg_exit(void);

#endif /* IPCPORT_MSG_H */
