/* SPDX-License-Identifier: GPL-2.0 */
/**
 * DOC: Messages
 *
 * One record per message. It is filled by the sender, before any lock is taken, and
 * stamped with who the sender is; then it moves from list to list until a receiver
 * has copied it out, or the port has gone. At each moment it is in one place, and
 * whoever guards that place guards the record: the port's lock while it is queued
 * or offered by a blocked sender, else the one thread that holds it.
 *
 * A message knows by its operations what it is. A one-way message is on its own; a
 * request begins a call, whose record it is in, and so is the notice that the call was
 * given up. Something can travel with it, its cargo, which goes when the message goes.
 */
#ifndef IPCPORT_MSG_H
#define IPCPORT_MSG_H

#include <linux/container_of.h>
#include <linux/list.h>
#include <linux/types.h>
#include <linux/uidgid.h>

#include "token.h"

struct cred;
struct iov_iter;
struct ipcport_cargo;
struct ipcport_msg;
struct pid;

/* Bytes of a message that the kernel carries without looking at them. */
#define IPCPORT_MSG_SIZE	64

/**
 * enum ipcport_notice - what a message tells that nobody sent
 * @IPCPORT_NO_NOTICE: somebody sent it
 * @IPCPORT_ABORTED: the call whose token it has was given up
 * @IPCPORT_NO_SENDERS: nobody has a handle to send with any more
 */
enum ipcport_notice {
	IPCPORT_NO_NOTICE,
	IPCPORT_ABORTED,
	IPCPORT_NO_SENDERS,
};

/**
 * struct ipcport_msg_ops - what a message is
 * @drop: the message was delivered, or never will be: let its record go. Process; may
 *	sleep; not under a port's lock.
 * @get: one more reference to the call of a request; any context. NULL if it is none.
 * @end: the port of a request has ended, so its call does; drops that reference.
 *	Process; may sleep; takes the port's lock.
 * @token: token of the call that it begins or names; any context. NULL if it is one-way.
 * @notice: what it tells, if nobody sent it
 */
struct ipcport_msg_ops {
	void (*drop)(struct ipcport_msg *msg);
	void (*get)(struct ipcport_msg *msg);
	void (*end)(struct ipcport_msg *msg);
	u64 (*token)(const struct ipcport_msg *msg);
	enum ipcport_notice notice;
};

/**
 * struct ipcport_cargo - what travels with a message
 * @drop: let it go. Process; may sleep; not under a port's lock.	(const after init)
 */
struct ipcport_cargo {
	void (*drop)(struct ipcport_cargo *cargo);
};

/**
 * ipcport_cargo_drop() - end of a cargo that is in no message
 * @cargo: the cargo or NULL
 *
 * Context: Process; may sleep; not under a port's lock.
 */
static inline void ipcport_cargo_drop(struct ipcport_cargo *cargo)
{
	if (cargo)
		cargo->drop(cargo);
}

/**
 * struct ipcport_msg - a message on its way
 * @ops: what it is; NULL for an answer, which is in no queue	(const after init)
 * @node: place in a struct ipcport_queue		(lock: that of the queue)
 * @cargo: what travels with it, or NULL		(lock: that of the queue)
 * @tgid: sender's process, a reference, or NULL for the kernel	(const after init)
 * @tid: sender's thread, a reference, or NULL for the kernel	(const after init)
 * @uid: sender's effective user			(const after init)
 * @gid: sender's effective group			(const after init)
 * @time_ns: CLOCK_MONOTONIC when it was made		(const after init)
 * @badge: mark of the handle that it was sent through, or 0	(const after init)
 * @seq: number in its port, 0 before it is pushed	(lock: that of the queue)
 * @body: what the sender wrote			(const after init)
 */
struct ipcport_msg {
	const struct ipcport_msg_ops *ops;
	struct list_head node;
	struct ipcport_cargo *cargo;
	struct pid *tgid;
	struct pid *tid;
	kuid_t uid;
	kgid_t gid;
	u64 time_ns;
	u64 badge;
	u64 seq;
	u8 body[IPCPORT_MSG_SIZE];
};

/**
 * struct ipcport_request - the message that begins a call
 * @msg: the message itself
 * @place: in port->calls while the call is open	(lock: port->waiters.lock)
 * @is_queued: whether it is in the port's queue; of a call that has ended, whether it
 *	was taken out of there				(lock: port->waiters.lock)
 * @is_with_owner: of one that is not, whether the port's owner process took it
 *						(lock: port->waiters.lock)
 */
struct ipcport_request {
	struct ipcport_msg msg;
	struct ipcport_place place;
	bool is_queued;
	bool is_with_owner;
};

/**
 * ipcport_msg_to_request() - the request that a message is
 * @msg: the message
 *
 * Context: Any.
 * Return: the request, or NULL if it is none.
 */
static inline struct ipcport_request *ipcport_msg_to_request(struct ipcport_msg *msg)
{
	return msg->ops->end ? container_of(msg, struct ipcport_request, msg) : NULL;
}

/**
 * ipcport_msg_unload() - let go what travels with a message
 * @msg: message that is in no queue
 *
 * Context: Process; may sleep; not under a port's lock.
 */
static inline void ipcport_msg_unload(struct ipcport_msg *msg)
{
	ipcport_cargo_drop(msg->cargo);
	msg->cargo = NULL;
}

/**
 * ipcport_msg_drop() - end of a message
 * @msg: message that is in no queue
 *
 * Context: Process; may sleep; not under a port's lock.
 */
static inline void ipcport_msg_drop(struct ipcport_msg *msg)
{
	msg->ops->drop(msg);
}

int ipcport_msg_init_user(struct ipcport_msg *msg, const struct ipcport_msg_ops *ops,
			  const void __user *body, u64 badge);
void ipcport_msg_init_notice(struct ipcport_msg *msg, const struct ipcport_msg_ops *ops,
			     const struct ipcport_msg *about);
void ipcport_msg_destroy(struct ipcport_msg *msg);
struct ipcport_msg *ipcport_msg_alloc_iter(struct iov_iter *body, u64 badge,
					   const struct cred *cred);

int ipcport_msg_cache_init(void);
void ipcport_msg_cache_exit(void);

#endif /* IPCPORT_MSG_H */
