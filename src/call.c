// SPDX-License-Identifier: GPL-2.0
#include "call.h"

#include <linux/err.h>
#include <linux/ktime.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "count.h"
#include "limits.h"
#include "msg.h"
#include "ns.h"
#include "outcome.h"
#include "port.h"
#include "queue.h"
#include "sleep.h"
#include "token.h"
#include "trace.h"

static struct kmem_cache *call_cache;

static struct ipcport_kcall *request_to_call(struct ipcport_request *request)
{
	return container_of(request, struct ipcport_kcall, request);
}

static struct ipcport_kcall *msg_to_call(const struct ipcport_msg *msg)
{
	return container_of(msg, struct ipcport_kcall, request.msg);
}

/**
 * ipcport_call_get() - one more reference
 * @call: call that the caller has a reference to, or that a lock keeps
 *
 * Context: Any.
 */
void ipcport_call_get(struct ipcport_kcall *call)
{
	refcount_inc(&call->ref);
}

static void call_free(struct ipcport_kcall *call)
{
	ipcport_msg_destroy(&call->answer);
	ipcport_msg_destroy(&call->request.msg);
	ipcport_quota_discharge_call(call->quota);
	ipcport_group_put(call->process);
	if (call->file)
		ipcport_group_put(call->file);
	ipcport_put(call->port);
	kmem_cache_free(call_cache, call);
	ipcport_count_dec(IPCPORT_CALLS);
}

/**
 * ipcport_call_put() - drop a reference
 * @call: the call
 *
 * Context: Process; may sleep; not under a port's lock.
 */
void ipcport_call_put(struct ipcport_kcall *call)
{
	if (refcount_dec_and_test(&call->ref))
		call_free(call);
}

static void leave_holder(struct ipcport_kcall *call)
{
	ipcport_group_leave(&call->holder_process);
	ipcport_group_leave(&call->holder_file);
}

static void notice_drop(struct ipcport_msg *msg)
{
	ipcport_call_put(container_of(msg, struct ipcport_kcall, answer));
}

static u64 notice_token(const struct ipcport_msg *msg)
{
	return container_of(msg, struct ipcport_kcall, answer)->request.place.token;
}

static const struct ipcport_msg_ops notice_ops = {
	.drop = notice_drop,
	.token = notice_token,
	.notice = IPCPORT_ABORTED,
};

/* Tell the server that a call which it has received was given up, if it asked for that. */
static void notify_locked(struct ipcport_kcall *call)
{
	struct ipcport *port = call->port;

	ipcport_assert_locked(port);
	if (!port->is_notifying || port->state != IPCPORT_LIVE || call->request.is_queued)
		return;
	/* There is no answer, so its place is free. */
	ipcport_call_get(call);
	ipcport_msg_init_notice(&call->answer, &notice_ops, &call->request.msg);
	ipcport_push_notice_locked(port, &call->answer);
}

/*
 * The end of a call, whatever the cause. True for the one who ends it, who then has
 * to call after_end() without the lock; all others come too late.
 */
static bool end_locked(struct ipcport_kcall *call, int ret)
{
	struct ipcport *port = call->port;

	ipcport_assert_locked(port);
	if (!ipcport_withdraw_locked(port, &call->request))
		return false;
	trace_ipcport_call_end(port->id, call->request.place.token, ret);
	ipcport_tally_locked(port, ipcport_outcome_locked(port, ret), 1);
	/* Only the caller gives up; a server that is gone is not told. */
	if (ret && ret != -EPIPE)
		notify_locked(call);
	call->ret = ret;
	ipcport_finish(&call->is_over, call->task);
	if (call->on_end)
		call->on_end(call);
	return true;
}

static void after_end(struct ipcport_kcall *call)
{
	/* Both do not change any more, now that the call is not open. */
	if (call->is_held)
		leave_holder(call);
	if (call->request.is_queued)
		ipcport_msg_drop(&call->request.msg);	/* it was taken back */
	ipcport_call_put(call);		/* that of being open */
}

static bool call_end(struct ipcport_kcall *call, int ret)
{
	struct ipcport *port = call->port;
	bool is_ours, is_live;

	ipcport_lock(port);
	is_live = port->state == IPCPORT_LIVE;
	is_ours = end_locked(call, ret);
	ipcport_unlock(port);
	if (!is_ours)
		return false;
	/* The end of a port is told in another way. */
	if (is_live)
		ipcport_outcome_announce(port, &call->request, ret);
	after_end(call);
	return true;
}

static void request_drop(struct ipcport_msg *msg)
{
	/* The caller may keep the record for long, and has no use for this. */
	ipcport_msg_unload(msg);
	ipcport_call_put(msg_to_call(msg));
}

static void request_get(struct ipcport_msg *msg)
{
	ipcport_call_get(msg_to_call(msg));
}

static void request_end(struct ipcport_msg *msg)
{
	struct ipcport_kcall *call = msg_to_call(msg);

	call_end(call, -EPIPE);
	ipcport_call_put(call);
}

static u64 request_token(const struct ipcport_msg *msg)
{
	return msg_to_call(msg)->request.place.token;
}

static const struct ipcport_msg_ops request_ops = {
	.drop = request_drop,
	.get = request_get,
	.end = request_end,
	.token = request_token,
};

/**
 * ipcport_call_alloc_user() - make a call from what the caller wrote
 * @port: where it is to go
 * @process: group of the current process; its use passes to the call
 * @quota: quota of that process, to which one call has been charged for this one
 * @body: IPCPORT_MSG_SIZE bytes in user memory
 * @badge: mark of the handle that it is made through, or 0
 *
 * All that the call will ever need is allocated here, and charged to the caller's
 * memory cgroup. If it fails, @process and the charge are still the caller's.
 *
 * Context: Process; may sleep.
 * Return: the call with the caller's reference, or ERR_PTR(-ENOMEM or -EFAULT).
 */
struct ipcport_kcall *ipcport_call_alloc_user(struct ipcport *port, struct ipcport_group *process,
					      struct ipcport_quota *quota,
					      const void __user *body, u64 badge)
{
	struct ipcport_kcall *call;
	u64 token;
	int ret;

	call = kmem_cache_zalloc(call_cache, GFP_KERNEL);
	if (!call)
		return ERR_PTR(-ENOMEM);
	ret = ipcport_msg_init_user(&call->request.msg, &request_ops, body, badge);
	if (ret) {
		kmem_cache_free(call_cache, call);
		return ERR_PTR(ret);
	}

	token = ipcport_token_next();
	ipcport_place_init(&call->request.place, token);
	ipcport_place_init(&call->outbox_place, token);
	refcount_set(&call->ref, 1);
	ipcport_get(port);
	call->port = port;
	call->process = process;
	call->quota = quota;
	ipcport_count_inc(IPCPORT_CALLS);
	return call;
}

/**
 * ipcport_call_send() - send the message of a call
 * @call: a call that was just made
 * @wait: how long to wait for space
 * @task: the current thread, if it is going to wait for the answer; else NULL
 *
 * Context: Process; may sleep. Takes and releases the port's lock.
 * Return: 0; or -EAGAIN, -ETIMEDOUT, -ERESTARTSYS or -EPIPE, and it was not sent.
 */
int ipcport_call_send(struct ipcport_kcall *call, const struct ipcport_wait *wait,
		      struct task_struct *task)
{
	struct ipcport_queue batch = IPCPORT_QUEUE_INIT(batch);
	int ret;

	trace_ipcport_call(call->port->id, call->request.place.token);
	/* Once pushed it can end before we are back: all references are there by then. */
	refcount_set(&call->ref, 3);
	call->task = task;
	ipcport_queue_push(&batch, &call->request.msg);
	ret = ipcport_send(call->port, &batch, wait);
	if (ret > 0)
		return 0;
	refcount_set(&call->ref, 1);
	return ret;
}

/* Say who sleeps until the call ends. True if it has ended already. */
static bool set_task(struct ipcport_kcall *call, struct task_struct *task)
{
	bool is_over;

	ipcport_lock(call->port);
	call->task = task;
	is_over = call->is_over;
	ipcport_unlock(call->port);
	return is_over;
}

/* Sleep, and end the call if the reason to stop does that. */
static int sleep_until_over(struct ipcport_kcall *call, ktime_t deadline)
{
	int ret;

	if (call->task != current)	/* nobody else writes it now */
		set_task(call, current);
	ret = ipcport_sleep(&call->is_over, deadline);
	if (ipcport_is_done(&call->is_over))
		return 0;
	if (ret == -ETIMEDOUT)
		call_end(call, -ETIMEDOUT);
	else if (fatal_signal_pending(current))
		call_end(call, -EINTR);
	return ret;
}

/**
 * ipcport_call_wait() - wait until a call has ended
 * @call: a call that was sent, and that no other thread waits for
 * @wait: how long to wait
 *
 * A deadline that passes ends the call, and so does a signal that certainly kills the
 * current task. Another signal only ends the wait.
 *
 * Context: Process; may sleep. Takes and releases the port's lock.
 * Return: how it ended: 0, -EPIPE, -ETIMEDOUT, -ECANCELED or -EINTR; or -EAGAIN or
 *	-ERESTARTSYS, and it has not ended.
 */
int ipcport_call_wait(struct ipcport_kcall *call, const struct ipcport_wait *wait)
{
	int ret = wait->can_wait ? sleep_until_over(call, wait->deadline) : -EAGAIN;

	/* Once it is over nobody looks at @task any more, which spares the lock. */
	if (ipcport_is_done(&call->is_over) || set_task(call, NULL))
		return call->ret;
	return ret;
}

/**
 * ipcport_call_watch() - be told when a call has ended, instead of waiting for that
 * @call: a call that was sent, and that no thread waits for
 * @on_end: called once, under the port's lock: it must not sleep
 * @watcher: for @on_end, which finds it in @call
 *
 * Context: Process. Takes and releases the port's lock.
 * Return: false if it has ended already, and @on_end will not be called.
 */
bool ipcport_call_watch(struct ipcport_kcall *call, void (*on_end)(struct ipcport_kcall *call),
			void *watcher)
{
	bool is_over;

	ipcport_lock(call->port);
	is_over = call->is_over;
	if (!is_over) {
		call->watcher = watcher;
		call->on_end = on_end;
	}
	ipcport_unlock(call->port);
	return !is_over;
}

/**
 * ipcport_call_cancel() - end a call whose caller does not want the answer
 * @call: a call that was sent
 *
 * Context: Process; may sleep. Takes and releases the port's lock.
 * Return: whether that ended it; it may have been over before.
 */
bool ipcport_call_cancel(struct ipcport_kcall *call)
{
	return call_end(call, -ECANCELED);
}

/**
 * ipcport_call_reply() - answer a call
 * @port: where it was received
 * @token: its token
 * @answer: the answer; consumed on success
 * @status: goes with the answer
 *
 * Context: Process; may sleep. Takes and releases the port's lock.
 * Return: 0, or -ENOENT: no call with this token was received and waits.
 */
int ipcport_call_reply(struct ipcport *port, u64 token, struct ipcport_msg *answer, s32 status)
{
	struct ipcport_kcall *call = NULL;
	struct ipcport_request *request;

	ipcport_lock(port);
	request = ipcport_find_request_locked(port, token);
	if (request && !request->is_queued) {
		call = request_to_call(request);
		call->answer = *answer;
		call->status = status;
		trace_ipcport_reply(port->id, token, status);
		end_locked(call, 0);
	}
	ipcport_unlock(port);
	if (!call)
		return -ENOENT;
	after_end(call);
	return 0;
}

static void holder_get(void *object)
{
	ipcport_call_get(object);
}

static void holder_end(void *object, enum ipcport_cause cause)
{
	call_end(object, -EPIPE);
	ipcport_call_put(object);
}

static const struct ipcport_member_ops holder_ops = {
	.get = holder_get,
	.end = holder_end,
};

static void hold_locked(struct ipcport_kcall *call, const struct ipcport_holder *holder)
{
	ipcport_assert_locked(call->port);
	if (!ipcport_place_is_taken(&call->request.place))
		return;
	call->is_held = true;
	ipcport_group_join(ipcport_group_get(holder->process), &call->holder_process,
			   call, &holder_ops);
	ipcport_group_join(ipcport_group_get(holder->file), &call->holder_file,
			   call, &holder_ops);
}

static bool unhold_locked(struct ipcport_kcall *call)
{
	bool was_held = call->is_held && ipcport_place_is_taken(&call->request.place);

	ipcport_assert_locked(call->port);
	if (was_held)
		call->is_held = false;
	return was_held;
}

/**
 * ipcport_call_hold() - remember who received calls
 * @batch: messages that the current process received; those that are no calls, or have
 *	ended, are left alone
 * @holder: the current process, and the file it uses
 *
 * Context: Process. Takes and releases the port's lock, and in it those of the groups.
 */
void ipcport_call_hold(struct ipcport_queue *batch, const struct ipcport_holder *holder)
{
	struct ipcport_kcall *call;
	struct ipcport_msg *msg;

	list_for_each_entry(msg, &batch->msgs, node) {
		if (msg->ops != &request_ops)
			continue;
		call = msg_to_call(msg);
		ipcport_lock(call->port);
		hold_locked(call, holder);
		ipcport_unlock(call->port);
	}
}

/**
 * ipcport_call_unhold() - forget who received calls, which are about to be put back
 * @batch: messages that ipcport_call_hold() was called for
 *
 * Context: Process; may sleep. Takes and releases the port's lock.
 */
void ipcport_call_unhold(struct ipcport_queue *batch)
{
	struct ipcport_kcall *call;
	struct ipcport_msg *msg;
	bool was_held;

	list_for_each_entry(msg, &batch->msgs, node) {
		if (msg->ops != &request_ops)
			continue;
		call = msg_to_call(msg);
		ipcport_lock(call->port);
		was_held = unhold_locked(call);
		ipcport_unlock(call->port);
		if (was_held)
			leave_holder(call);
	}
}

/**
 * ipcport_call_cache_init() - make the cache of call records
 *
 * Context: Process, module init.
 * Return: 0 or -ENOMEM.
 */
int ipcport_call_cache_init(void)
{
	/* The body is filled from user memory, so usercopy must know where it is. */
	call_cache = kmem_cache_create_usercopy("ipcport_call", sizeof(struct ipcport_kcall), 0,
						SLAB_ACCOUNT | SLAB_HWCACHE_ALIGN,
						offsetof(struct ipcport_kcall, request.msg.body),
						IPCPORT_MSG_SIZE, NULL);
	return call_cache ? 0 : -ENOMEM;
}

/**
 * ipcport_call_cache_exit() - destroy the cache
 *
 * Context: Process, module exit; no call is left.
 */
void ipcport_call_cache_exit(void)
{
	kmem_cache_destroy(call_cache);
}
