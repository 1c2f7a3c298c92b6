/* SPDX-License-Identifier: GPL-2.0 */
/**
 * DOC: Calls
 *
 * A call is a message whose sender waits until it is answered. Its record is made
 * before the message can be seen, and holds the message. The call is open from the
 * moment in which its message is pushed into the port until it ends; meanwhile it is
 * in port->calls, and the port's lock guards it.
 *
 * However many may want to end a call (an answer, the death of the port or of who
 * received it, the caller's deadline, a signal that kills, CANCEL), all do it through
 * end_locked(), and whoever takes it out of port->calls there is the one who did.
 * The others find that it is over. So it ends once, and its outcome does not change.
 *
 * A record has three references: that of the caller, that of being open, and that of
 * its message, which can be in the queue or in a receiver's hands. A notice that it was
 * given up is a fourth. The caller's is held by the thread that waits or, while none
 * does, by the outbox of the open file that the call was made through.
 *
 * A call counts against the limits as long as its record exists, so that those who are
 * told of it late cannot be made to hold ever more.
 *
 * Who received a call without owning its port is remembered: the call is in the
 * groups of that process and of the file through which it was received, and ends when
 * one of them does.
 */
#ifndef IPCPORT_CALL_H
#define IPCPORT_CALL_H

#include <linux/refcount.h>
#include <linux/types.h>

#include "group.h"
#include "msg.h"
#include "token.h"

struct ipcport;
struct ipcport_outbox;
struct ipcport_queue;
struct ipcport_quota;
struct ipcport_wait;
struct task_struct;

/**
 * struct ipcport_kcall - a call; "struct ipcport_call" is the user interface's
 * @request: the message, and the call's place in its port
 * @ref: references					(atomic)
 * @port: where it was sent, a reference		(const after alloc)
 * @process: group of the caller's process, used	(const after alloc)
 * @quota: what it is charged to			(const after alloc)
 * @task: thread that sleeps until it ends, or is about to; NULL for none
 *						(lock: port->waiters.lock)
 * @is_over: whether it has ended; see sleep.h	(lock: port->waiters.lock)
 * @on_end: called under the port's lock when it ends, or NULL; see ipcport_call_watch()
 *						(lock: port->waiters.lock)
 * @watcher: for @on_end				(lock: port->waiters.lock)
 * @ret: how it ended: 0 or -errno; as @is_over	(lock: port->waiters.lock)
 * @status: of its answer; as @is_over		(lock: port->waiters.lock)
 * @answer: its answer, if @ret is 0; else zeroes, or the notice that it was given up
 *						(lock: port->waiters.lock)
 * @is_held: whether it is in the two groups that follow	(lock: port->waiters.lock)
 * @holder_process: place in the group of the process that received it
 *						(lock: port->waiters.lock)
 * @holder_file: place in the group of the file through which it was received
 *						(lock: port->waiters.lock)
 * @outbox: where it was put when no thread waited for it, or NULL	(const after leave)
 * @outbox_place: in outbox->calls while it is there	(lock: outbox->lock)
 * @is_claimed: whether a thread waits for it all the same	(lock: outbox->lock)
 * @file: group that keeps @outbox, used		(const after leave)
 * @caller_process: place in @process			(const after leave)
 */
struct ipcport_kcall {
	struct ipcport_request request;
	refcount_t ref;
	struct ipcport *port;
	struct ipcport_group *process;
	struct ipcport_quota *quota;

	struct task_struct *task;
	bool is_over;
	void (*on_end)(struct ipcport_kcall *call);
	void *watcher;
	int ret;
	s32 status;
	struct ipcport_msg answer;

	bool is_held;
	struct ipcport_member holder_process;
	struct ipcport_member holder_file;

	struct ipcport_outbox *outbox;
	struct ipcport_place outbox_place;
	bool is_claimed;
	struct ipcport_group *file;
	struct ipcport_member caller_process;
};

/**
 * struct ipcport_holder - who receives, if that has to be remembered
 * @process: group of the process, used; NULL if it owns the port
 * @file: group of the file, used while the ioctl runs
 */
struct ipcport_holder {
	struct ipcport_group *process;
	struct ipcport_group *file;
};

/* Making a call, and ending it: call.c */
struct ipcport_kcall *ipcport_call_alloc_user(struct ipcport *port, struct ipcport_group *process,
					      struct ipcport_quota *quota,
					      const void __user *body, u64 badge);
void ipcport_call_get(struct ipcport_kcall *call);
void ipcport_call_put(struct ipcport_kcall *call);
int ipcport_call_send(struct ipcport_kcall *call, const struct ipcport_wait *wait,
		      struct task_struct *task);
int ipcport_call_wait(struct ipcport_kcall *call, const struct ipcport_wait *wait);
bool ipcport_call_watch(struct ipcport_kcall *call, void (*on_end)(struct ipcport_kcall *call),
			void *watcher);
bool ipcport_call_cancel(struct ipcport_kcall *call);
int ipcport_call_reply(struct ipcport *port, u64 token, struct ipcport_msg *answer, s32 status);
void ipcport_call_hold(struct ipcport_queue *batch, const struct ipcport_holder *holder);
void ipcport_call_unhold(struct ipcport_queue *batch);

int ipcport_call_cache_init(void);
void ipcport_call_cache_exit(void);

#endif /* IPCPORT_CALL_H */
