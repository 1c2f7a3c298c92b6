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

#include "count.h"

/* Of one-way messages: its own, so that slabinfo tells how many there are. */
static struct kmem_cache *msg_cache;

/**
 * ipcport_msg_init_user() - make a message in place from what the sender wrote
 * @msg: memory for it
 * @ops: what it is
 * @body: IPCPORT_MSG_SIZE bytes in user memory
 *
 * Context: Process; may sleep.
 * Return: 0, or -EFAULT and there is nothing to destroy.
 */
int ipcport_msg_init_user(struct ipcport_msg *msg, const struct ipcport_msg_ops *ops,
			  const void __user *body)
{
	if (copy_from_user(msg->body, body, IPCPORT_MSG_SIZE))
		return -EFAULT;
	msg->ops = ops;
	msg->tgid = get_pid(task_tgid(current));
	msg->tid = get_pid(task_pid(current));
	current_euid_egid(&msg->uid, &msg->gid);
	msg->time_ns = ktime_get_ns();
	msg->seq = 0;
	return 0;
}

/**
 * ipcport_msg_init_notice() - make a message in place that tells about another one
 * @msg: memory for it
 * @ops: what it is
 * @about: message whose sender it shall have; its body is not repeated
 *
 * Context: Any.
 */
void ipcport_msg_init_notice(struct ipcport_msg *msg, const struct ipcport_msg_ops *ops,
			     const struct ipcport_msg *about)
{
	*msg = (struct ipcport_msg) {
		.ops = ops,
		.tgid = get_pid(about->tgid),
		.tid = get_pid(about->tid),
		.uid = about->uid,
		.gid = about->gid,
		.time_ns = ktime_get_ns(),
	};
}

/**
 * ipcport_msg_destroy() - end of a message that was made in place
 * @msg: the message, or zeroes
 *
 * Context: Any.
 */
void ipcport_msg_destroy(struct ipcport_msg *msg)
{
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
 * ipcport_msg_alloc_user() - make a one-way message from what the sender wrote
 * @body: IPCPORT_MSG_SIZE bytes in user memory
 *
 * The record is charged to the caller's memory cgroup.
 *
 * Context: Process; may sleep.
 * Return: the message, owned by the caller, or ERR_PTR(-ENOMEM or -EFAULT).
 */
struct ipcport_msg *ipcport_msg_alloc_user(const void __user *body)
{
	struct ipcport_msg *msg;
	int ret;

	msg = kmem_cache_alloc(msg_cache, GFP_KERNEL);
	if (!msg)
		return ERR_PTR(-ENOMEM);
	ret = ipcport_msg_init_user(msg, &oneway_ops, body);
	if (ret) {
		kmem_cache_free(msg_cache, msg);
		return ERR_PTR(ret);
	}
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
