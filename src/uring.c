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
 * struct uring_call - what a request waits for, in the request's own memory
 * @call: the call; the request has claimed it	(const after watch)
 * @user: the caller's structure			(const after watch)
 * @reply: where the answer goes			(const after watch)
 */
struct uring_call {
	struct ipcport_kcall *call;
	struct ipcport_call __user *user;
	struct ipcport_delivery __user *reply;
};

static_assert(sizeof(struct uring_call) <= sizeof_field(struct io_uring_cmd, pdu));

static struct uring_call *cmd_to_uring_call(struct io_uring_cmd *cmd)
{
	return (struct uring_call *)cmd->pdu;
}

/* As with the ioctl, but there is nobody who could come back for what finds no place. */
static int deliver_answer(const struct uring_call *uring_call)
{
	struct ipcport_kcall *call = uring_call->call;
	struct ipcport_slot slot;
	int ret;

	ret = ipcport_answer_copy_out(uring_call->reply, call, &slot);
	if (ret)
		return ret;
	if (put_user(call->status, &uring_call->user->out_status)) {
		ipcport_slot_cancel(&slot);
		return -EFAULT;
	}
	ipcport_slot_install(&slot);
	return 0;
}

static int deliver_end(const struct uring_call *uring_call)
{
	struct ipcport_kcall *call = uring_call->call;
	int ret = call->ret;

	/* Who exits has no memory, nor descriptors, to write to any more. */
	if (current->flags & (PF_EXITING | PF_KTHREAD))
		return -ECANCELED;
	if (!ret)
		ret = deliver_answer(uring_call);
	else if (ret == -EPIPE)
		ipcport_error_copy_out(uring_call->reply, EPIPE, call->request.place.token);
	/* The result says so too, if this cannot be written. */
	put_user(0, &uring_call->user->token);
	return ret;
}

/* Runs in the task that made the request, or in a kernel thread if that is gone. */
static void conclude(struct io_uring_cmd *cmd, unsigned int issue_flags)
{
	const struct uring_call *uring_call = cmd_to_uring_call(cmd);
	struct ipcport_kcall *call = uring_call->call;
	int ret = deliver_end(uring_call);

	/* Until it is done somebody may cancel it, and look at the call. */
	io_uring_cmd_done(cmd, ret, 0, issue_flags);
	ipcport_outbox_conclude(call);
}

/* Under the lock of the call's port. */
static void call_ended(struct ipcport_kcall *call)
{
	io_uring_cmd_complete_in_task(call->watcher, conclude);
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
	struct uring_call *uring_call = cmd_to_uring_call(cmd);
	struct ipcport_call *args = ucmd->args;

	ipcport_outbox_enter(ucmd->door->outbox, ucmd->door->group, call);
	args->token = call->request.place.token;
	if (ipcport_ucmd_respond(ucmd)) {
		ipcport_call_cancel(call);
		ipcport_outbox_conclude(call);
		return -EFAULT;
	}
	uring_call->call = call;
	uring_call->user = ucmd->user;
	uring_call->reply = u64_to_user_ptr(args->reply);
	io_uring_cmd_mark_cancelable(cmd, ucmd->uring->issue_flags);
	if (!ipcport_call_watch(call, call_ended, cmd))
		io_uring_cmd_complete_in_task(cmd, conclude);
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
	ipcport_call_cancel(cmd_to_uring_call(cmd)->call);
}

#endif /* IPCPORT_HAS_URING_CMD */
