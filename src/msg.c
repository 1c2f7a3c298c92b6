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

/**
 * struct ipcport_notice - a message that tells that a call was given up
 * @msg: the message itself
 * @token: names the call		(const after alloc)
 */
struct ipcport_notice {
	struct ipcport_msg msg;
	u64 token;
};

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
 * ipcport_msg_destroy() - end of a message that was made in place
 * @msg: the message
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

static void notice_drop(struct ipcport_msg *msg)
{
	ipcport_msg_destroy(msg);
	kfree(container_of(msg, struct ipcport_notice, msg));
	ipcport_count_dec(IPCPORT_MSGS);
}

static u64 notice_token(const struct ipcport_msg *msg)
{
	return container_of(msg, struct ipcport_notice, msg)->token;
}

static const struct ipcport_msg_ops notice_ops = {
	.drop = notice_drop,
	.token = notice_token,
	.is_notice = true,
};

/**
 * ipcport_msg_alloc_notice() - make what will tell that a call was given up
 * @about: request that begins the call; the notice has its sender, and no body
 *
 * The record is charged to the caller's memory cgroup.
 *
 * Context: Process; may sleep.
 * Return: the message, owned by the caller, or ERR_PTR(-ENOMEM).
 */
struct ipcport_msg *ipcport_msg_alloc_notice(const struct ipcport_request *about)
{
	struct ipcport_notice *notice;

	notice = kzalloc(sizeof(*notice), GFP_KERNEL_ACCOUNT);
	if (!notice)
		return ERR_PTR(-ENOMEM);
	notice->token = about->token;
	notice->msg.ops = &notice_ops;
	notice->msg.tgid = get_pid(about->msg.tgid);
	notice->msg.tid = get_pid(about->msg.tid);
	notice->msg.uid = about->msg.uid;
	notice->msg.gid = about->msg.gid;
	ipcport_count_inc(IPCPORT_MSGS);
	return &notice->msg;
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
