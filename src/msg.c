// SPDX-License-Identifier: GPL-2.0
#include "msg.h"

#include <linux/cred.h>
#include <linux/err.h>
#include <linux/ktime.h>
#include <linux/pid.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>
#include <linux/uaccess.h>
#include <linux/uio.h>

#include "count.h"

/* Of one-way messages: its own, so that slabinfo tells how many there are. */
static struct kmem_cache *msg_cache;

/* Everything but the body: what the message is, and who sends it. */
static void stamp(struct ipcport_msg *msg, const struct ipcport_msg_ops *ops, u64 badge,
		  const struct cred *cred)
{
	msg->ops = ops;
	msg->cargo = NULL;
	msg->tgid = get_pid(task_tgid(current));
	msg->tid = get_pid(task_pid(current));
	msg->uid = cred->euid;
	msg->gid = cred->egid;
	msg->time_ns = ktime_get_ns();
	msg->badge = badge;
	msg->seq = 0;
}

/**
 * ipcport_msg_init_user() - make a message in place from what the sender wrote
 * @msg: memory for it
 * @ops: what it is
 * @body: IPCPORT_MSG_SIZE bytes in user memory
 * @badge: mark of the handle that it is sent through, or 0
 *
 * Context: Process; may sleep.
 * Return: 0, or -EFAULT and there is nothing to destroy.
 */
int ipcport_msg_init_user(struct ipcport_msg *msg, const struct ipcport_msg_ops *ops,
			  const void __user *body, u64 badge)
{
	if (copy_from_user(msg->body, body, IPCPORT_MSG_SIZE))
		return -EFAULT;
	stamp(msg, ops, badge, current_cred());
	return 0;
}

/**
 * ipcport_msg_init_notice() - make a message in place that nobody sent
 * @msg: memory for it
 * @ops: what it is
 * @about: message whose sender it shall have, but not its body; NULL for none
 *
 * Context: Any.
 */
void ipcport_msg_init_notice(struct ipcport_msg *msg, const struct ipcport_msg_ops *ops,
			     const struct ipcport_msg *about)
{
	*msg = (struct ipcport_msg) {
		.ops = ops,
		.uid = INVALID_UID,
		.gid = INVALID_GID,
		.time_ns = ktime_get_ns(),
	};
	if (!about)
		return;
	msg->tgid = get_pid(about->tgid);
	msg->tid = get_pid(about->tid);
	msg->uid = about->uid;
	msg->gid = about->gid;
	msg->badge = about->badge;
}

/**
 * ipcport_msg_destroy() - end of a message that was made in place
 * @msg: the message, or zeroes
 *
 * Context: Process; may sleep; not under a port's lock.
 */
void ipcport_msg_destroy(struct ipcport_msg *msg)
{
	ipcport_msg_unload(msg);
	put_pid(msg->tgid);
	put_pid(msg->tid);
}

static void oneway_drop(struct ipcport_msg *msg)
{
	ipcport_msg_destroy(msg);
	kmem_cache_free(msg_cache, msg);
	ipcport_count_dec(IPCPORT_MSGS);
}

static const struct ipcport_msg_ops oneway_ops = {
	.drop = oneway_drop,
};

/**
 * ipcport_msg_alloc_iter() - make a one-way message from what the sender wrote
 * @body: what is left to send; IPCPORT_MSG_SIZE bytes are taken off on success
 * @badge: mark of the handle that it is sent through, or 0
 * @cred: who sends, as far as users and groups go
 *
 * The record is charged to the caller's memory cgroup.
 *
 * Context: Process; may sleep.
 * Return: the message, owned by the caller, or ERR_PTR(-ENOMEM or -EFAULT).
 */
struct ipcport_msg *ipcport_msg_alloc_iter(struct iov_iter *body, u64 badge,
					   const struct cred *cred)
{
	struct ipcport_msg *msg;

	msg = kmem_cache_alloc(msg_cache, GFP_KERNEL);
	if (!msg)
		return ERR_PTR(-ENOMEM);
	if (!copy_from_iter_full(msg->body, IPCPORT_MSG_SIZE, body)) {
		kmem_cache_free(msg_cache, msg);
		return ERR_PTR(-EFAULT);
	}
	stamp(msg, &oneway_ops, badge, cred);
	ipcport_count_inc(IPCPORT_MSGS);
	return msg;
}

/**
 * ipcport_msg_cache_init() - make the cache
 *
 * Context: Process, module init.
 * Return: 0 or -ENOMEM.
 */
int ipcport_msg_cache_init(void)
{
	/* The body is filled from user memory, so usercopy must know where it is. */
	msg_cache = kmem_cache_create_usercopy("ipcport_msg", sizeof(struct ipcport_msg), 0,
					       SLAB_ACCOUNT | SLAB_HWCACHE_ALIGN,
					       offsetof(struct ipcport_msg, body),
					       IPCPORT_MSG_SIZE, NULL);
	return msg_cache ? 0 : -ENOMEM;
}

/**
 * ipcport_msg_cache_exit() - destroy the cache
 *
 * Context: Process, module exit; no message is left.
 */
void ipcport_msg_cache_exit(void)
{
	kmem_cache_destroy(msg_cache);
}
