// SPDX-License-Identifier: GPL-2.0
#include "uring.h"

#include <linux/build_bug.h>
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/sched.h>
#include <linux/uaccess.h>
#include <uapi/linux/ipcport.h>

#include "call.h"
#include "cargo.h"
#include "delivery.h"
#include "group.h"
#include "outbox.h"
#include "ucmd.h"

#if IPCPORT_HAS_URING_CMD

/**
 * struct ipcport_uring_wait - what a request waits for, in the request's own memory
 * @call: the call; the request has claimed it	(const after watch)
 * @user: the caller's structure			(const after watch)
 * @reply: where the answer goes			(const after watch)
 */
struct ipcport_uring_wait {
	struct ipcport_kcall *call;
	struct ipcport_call __user *user;
	struct ipcport_delivery __user *reply;
};

static_assert(sizeof(struct ipcport_uring_wait) <= sizeof_field(struct io_uring_cmd, pdu));

static struct ipcport_uring_wait *cmd_to_wait(struct io_uring_cmd *cmd)
{
	return (struct ipcport_uring_wait *)cmd->pdu;
}

/* As with the ioctl, but there is nobody who could come back for what finds no place. */
static int give_answer(const struct ipcport_uring_wait *wait)
{
	struct ipcport_kcall *call = wait->call;
	struct ipcport_slot slot;
	int ret;

	ret = ipcport_answer_copy_out(wait->reply, call, &slot);
	if (ret)
		return ret;
	if (put_user(call->status, &wait->user->out_status)) {
		ipcport_slot_cancel(&slot);
		return -EFAULT;
	}
	ipcport_slot_install(&slot);
	return 0;
}

static int give_result(const struct ipcport_uring_wait *wait)
{
	struct ipcport_kcall *call = wait->call;
	int ret = call->ret;

	/* Who exits has no memory, nor descriptors, to write to any more. */
	if (current->flags & (PF_EXITING | PF_KTHREAD))
		return -ECANCELED;
	if (!ret)
		ret = give_answer(wait);
	else if (ret == -EPIPE)
		ipcport_error_copy_out(wait->reply, EPIPE, call->request.place.token);
	/* The result says so too, if this cannot be written. */
	put_user(0, &wait->user->token);
	return ret;
}

/* Runs in the task that made the request, or in a kernel thread if that is gone. */
static void finish(struct io_uring_cmd *cmd, unsigned int issue_flags)
{
	const struct ipcport_uring_wait *wait = cmd_to_wait(cmd);
	struct ipcport_kcall *call = wait->call;
	int ret = give_result(wait);

	/* Until it is done somebody may cancel it, and look at the call. */
	io_uring_cmd_done(cmd, ret, 0, issue_flags);
	ipcport_outbox_conclude(call);
}

/* Under the lock of the call's port. */
static void call_ended(struct ipcport_kcall *call)
{
	io_uring_cmd_complete_in_task(call->watcher, finish);
}

/**
 * ipcport_uring_watch() - let a request wait for a call
 * @ucmd: the request
 * @call: call that it has just sent; its caller's reference passes to the request
 *
 * The request can be completed only by what is watched last, so it is ready by then.
 *
 * Context: Process; may sleep.
 * Return: -EIOCBQUEUED, or -EFAULT and the call is cancelled.
 */
long ipcport_uring_watch(struct ipcport_ucmd *ucmd, struct ipcport_kcall *call)
{
	struct io_uring_cmd *cmd = ucmd->uring->cmd;
	struct ipcport_uring_wait *wait = cmd_to_wait(cmd);
	struct ipcport_call *args = ucmd->args;

	ipcport_outbox_enter(ucmd->door->outbox, ucmd->door->group, call);
	args->token = call->request.place.token;
	if (ipcport_ucmd_respond(ucmd)) {
		ipcport_call_cancel(call);
		ipcport_outbox_conclude(call);
		return -EFAULT;
	}
	wait->call = call;
	wait->user = ucmd->user;
	wait->reply = u64_to_user_ptr(args->reply);
	io_uring_cmd_mark_cancelable(cmd, ucmd->uring->issue_flags);
	if (!ipcport_call_watch(call, call_ended, cmd))
		io_uring_cmd_complete_in_task(cmd, finish);
	return -EIOCBQUEUED;
}

/**
 * ipcport_uring_cancel() - end the call that a request waits for
 * @cmd: a request that waits for one
 *
 * Context: Process; may sleep.
 */
void ipcport_uring_cancel(struct io_uring_cmd *cmd)
{
	ipcport_call_cancel(cmd_to_wait(cmd)->call);
}

#endif /* IPCPORT_HAS_URING_CMD */
