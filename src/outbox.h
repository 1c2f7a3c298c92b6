/* SPDX-License-Identifier: GPL-2.0 */
/**
 * DOC: Outboxes
 *
 * Each open file that calls are made through has an outbox: the calls that no thread
 * waits for inside the ioctl that began them, because they were submitted, or a
 * signal came, or their answer could not be stored. It holds the caller's reference
 * to them. Whoever takes a call out of the outbox gets that reference, and with it
 * the answer, which therefore nobody gets twice.
 *
 * Who waits for such a call, a thread or a request of io_uring, claims it, so that no
 * other one does. What was left there ends with the file, and with the process that made it.
 */
#ifndef IPCPORT_OUTBOX_H
#define IPCPORT_OUTBOX_H

#include <linux/rbtree.h>
#include <linux/spinlock.h>
#include <linux/types.h>

struct ipcport_group;
struct ipcport_kcall;

/**
 * enum ipcport_progress - how far a call had come when it was cancelled
 * @IPCPORT_WAS_QUEUED: nobody had received it
 * @IPCPORT_WAS_RECEIVED: it had been received
 * @IPCPORT_WAS_OVER: it had ended
 */
enum ipcport_progress {
	IPCPORT_WAS_QUEUED,
	IPCPORT_WAS_RECEIVED,
	IPCPORT_WAS_OVER,
};

/**
 * struct ipcport_outbox - calls that are outstanding on an open file
 * @lock: guards @calls and what is said so in struct ipcport_kcall; innermost, held
 *	alone
 * @calls: struct ipcport_kcall by token	(lock: lock)
 */
struct ipcport_outbox {
	spinlock_t lock;	/* guards calls */
	struct rb_root calls;
};

void ipcport_outbox_init(struct ipcport_outbox *outbox);
void ipcport_outbox_end(struct ipcport_outbox *outbox);

void ipcport_outbox_leave(struct ipcport_outbox *outbox, struct ipcport_group *file,
			  struct ipcport_kcall *call);
void ipcport_outbox_enter(struct ipcport_outbox *outbox, struct ipcport_group *file,
			  struct ipcport_kcall *call);
struct ipcport_kcall *ipcport_outbox_claim(struct ipcport_outbox *outbox, u64 token);
void ipcport_outbox_conclude(struct ipcport_kcall *call);
int ipcport_outbox_cancel(struct ipcport_outbox *outbox, u64 token,
			  enum ipcport_progress *progress);

#endif /* IPCPORT_OUTBOX_H */
