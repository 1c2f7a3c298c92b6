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

/* Its own cache, so that slabinfo tells how many messages there are. */
static struct kmem_cache *msg_cache;

static void stamp(struct ipcport_msg *msg)
{
	msg->tgid = get_pid(task_tgid(current));
	msg->tid = get_pid(task_pid(current));
	current_euid_egid(&msg->uid, &msg->gid);
	msg->time_ns = ktime_get_ns();
	msg->seq = 0;
}

/**
 * ipcport_msg_alloc_user() - make a message from what the sender wrote
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

	msg = kmem_cache_alloc(msg_cache, GFP_KERNEL);
	if (!msg)
		return ERR_PTR(-ENOMEM);
	if (copy_from_user(msg->body, body, IPCPORT_MSG_SIZE)) {
		kmem_cache_free(msg_cache, msg);
		return ERR_PTR(-EFAULT);
	}
	stamp(msg);
	ipcport_count_inc(IPCPORT_MSGS);
	return msg;
}

/**
 * ipcport_msg_free() - end of a message
 * @msg: message that is in no queue, or NULL
 *
 * Context: Process; not under a port's lock.
 */
void ipcport_msg_free(struct ipcport_msg *msg)
{
	if (!msg)
		return;
	put_pid(msg->tgid);
	put_pid(msg->tid);
	kmem_cache_free(msg_cache, msg);
	ipcport_count_dec(IPCPORT_MSGS);
}

/**
 * ipcport_msg_init() - make the cache
 *
 * Context: Process, module init.
 * Return: 0 or -ENOMEM.
 */
int ipcport_msg_init(void)
{
	/* The body is filled from user memory, so usercopy must know where it is. */
	msg_cache = kmem_cache_create_usercopy("ipcport_msg", sizeof(struct ipcport_msg), 0,
					       SLAB_ACCOUNT | SLAB_HWCACHE_ALIGN,
					       offsetof(struct ipcport_msg, body),
					       IPCPORT_MSG_SIZE, NULL);
	return msg_cache ? 0 : -ENOMEM;
}

/**
 * ipcport_msg_exit() - destroy the cache
 *
 * Context: Process, module exit; no message is left.
 */
void ipcport_msg_exit(void)
{
	kmem_cache_destroy(msg_cache);
}
