// SPDX-License-Identifier: GPL-2.0
#include "exchange.h"

#include <linux/atomic.h>
#include <linux/err.h>
#include <linux/fdtable.h>
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/list.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/uio.h>
#include <uapi/linux/ipcport.h>

#include "access.h"
#include "call.h"
#include "cargo.h"
#include "delivery.h"
#include "group.h"
#include "limits.h"
#include "msg.h"
#include "outbox.h"
#include "owner.h"
#include "port.h"
#include "queue.h"
#include "registry.h"
#include "ucmd.h"
#include "uring.h"

static int is_file(const void *wanted, struct file *file, unsigned int fd)
{
	return file == wanted;
}

/*
 * Has nobody else a file to receive with: neither a handle, nor the port's device file,
 * which the current process has, alone, in descriptors that are its own?
 */
static bool has_files_alone(struct ipcport *port)
{
	const struct file *file = NULL;

	if (atomic_read(&current->files->count) != 1)
		return false;

	/* It is open as long as the port is LIVE. */
	ipcport_lock(port);
	if (port->state == IPCPORT_LIVE && !port->nr_recv_handles && file_count(port->file) == 1)
		file = port->file;
	ipcport_unlock(port);
	return file && iterate_fd(current->files, 0, is_file, file);
}

/*
 * Could nobody but the current thread answer a call to @port? It is the only thread of
 * the owner, and no other process can receive: none ever has, none has an open file to
 * do it with, and there is no child that might be about to get one.
 */
static bool is_alone(const struct ipcport_ucmd *ucmd, struct ipcport *port)
{
	return ipcport_is_owner(port) && get_nr_threads(current) == 1 &&
	       list_empty(&current->children) && !READ_ONCE(port->has_guests) &&
	       atomic_read(&ucmd->door->ns->nr_files) == 1 && has_files_alone(port);
}

/* Make a call of the current process, charged to it. */
static struct ipcport_kcall *make_call(const struct ipcport_ucmd *ucmd, struct ipcport *port)
{
	const struct ipcport_call *args = ucmd->args;
	struct ipcport_group *process = ipcport_owner_get_kept(ucmd->door->group);
	struct ipcport_cargo *cargo = NULL;
	struct ipcport_quota *quota;
	struct ipcport_kcall *call;
	int ret;

	if (IS_ERR(process))
		return ERR_CAST(process);
	quota = ipcport_owner_quota(process);
	ret = ipcport_quota_charge_call(quota, ucmd->door->ns->net);
	if (ret)
		goto err_put_process;
	if (args->flags & IPCPORT_CALL_F_CARGO) {
		cargo = ipcport_cargo_import_for(port, args->cargo);
		if (IS_ERR(cargo)) {
			ret = PTR_ERR(cargo);
			goto err_discharge;
		}
	}
	call = ipcport_call_alloc_user(port, process, quota, u64_to_user_ptr(args->message),
				       ipcport_door_badge(ucmd->door));
	if (IS_ERR(call)) {
		ret = PTR_ERR(call);
		goto err_drop_cargo;
	}
	call->request.msg.cargo = cargo;
	return call;

err_drop_cargo:
	ipcport_cargo_drop(cargo);
err_discharge:
	ipcport_quota_discharge_call(quota);
err_put_process:
	ipcport_group_put(process);
	return ERR_PTR(ret);
}

/*
 * Leave a call outstanding, and tell the caller by which token, unless the caller gave
 * it: then the structure says so already. If that fails nobody can go on with the call,
 * so it is cancelled.
 */
static long leave(struct ipcport_ucmd *ucmd, struct ipcport_kcall *call, long ret)
{
	const bool is_known = call->outbox;
	const u64 token = call->request.place.token;
	struct ipcport_outbox *outbox = ucmd->door->outbox;
	struct ipcport_call *args = ucmd->args;
	enum ipcport_progress progress;

	/* From here on @call is not ours: another thread can go on with it. */
	ipcport_outbox_leave(outbox, ucmd->door->group, call);
	if (is_known)
		return ret;
	args->token = token;
	if (!ipcport_ucmd_respond(ucmd))
		return ret;
	ipcport_outbox_cancel(outbox, token, &progress);
	return -EFAULT;
}

/* No call is outstanding any more. The error says so too, if this cannot be written. */
static void forget_token(struct ipcport_ucmd *ucmd)
{
	struct ipcport_call *args = ucmd->args;

	args->token = 0;
	if (ipcport_ucmd_respond(ucmd))
		return;
}

/* Give the caller an answer. If that cannot be done, the call stays outstanding. */
static long deliver_answer(struct ipcport_ucmd *ucmd, struct ipcport_kcall *call)
{
	struct ipcport_call *args = ucmd->args;
	struct ipcport_slot slot;
	long ret;

	ret = ipcport_answer_copy_out(u64_to_user_ptr(args->reply), call, &slot);
	if (ret)
		return leave(ucmd, call, ret);
	args->token = 0;
	args->out_status = call->status;
	if (ipcport_ucmd_respond(ucmd)) {
		ipcport_slot_cancel(&slot);
		return leave(ucmd, call, -EFAULT);
	}
	ipcport_slot_install(&slot);
	ipcport_outbox_conclude(call);
	return 0;
}

/*
 * The current thread waited for a call, and this came of it. The call goes last, when
 * all that there is to tell has been told.
 */
static long conclude(struct ipcport_ucmd *ucmd, struct ipcport_kcall *call, long ret)
{
	const struct ipcport_call *args = ucmd->args;

	if (!ret)
		return deliver_answer(ucmd, call);
	if (ret == -EAGAIN || ret == -ERESTARTSYS)
		return leave(ucmd, call, ret);
	if (ret == -EPIPE)
		ipcport_error_copy_out(u64_to_user_ptr(args->reply), EPIPE,
				       call->request.place.token);
	if (args->token)
		forget_token(ucmd);
	ipcport_outbox_conclude(call);
	return ret;
}

static long begin(struct ipcport_ucmd *ucmd, struct ipcport *port, const struct ipcport_wait *wait)
{
	const struct ipcport_call *args = ucmd->args;
	const bool is_submit = args->flags & IPCPORT_CALL_F_SUBMIT;
	struct ipcport_kcall *call;
	long ret;

	if (!is_submit && !ucmd->uring && wait->can_wait && wait->deadline == KTIME_MAX &&
	    is_alone(ucmd, port))
		return -EDEADLK;
	/* An answer must find a structure that can be written. */
	ret = ipcport_ucmd_respond(ucmd);
	if (ret)
		return ret;
	call = make_call(ucmd, port);
	if (IS_ERR(call))
		return PTR_ERR(call);

	ret = ipcport_call_send(call, wait, is_submit || ucmd->uring ? NULL : current);
	if (ret) {
		if (ret == -EPIPE && !is_submit)
			ipcport_error_copy_out(u64_to_user_ptr(args->reply), EPIPE, 0);
		ipcport_call_put(call);
		return ret;
	}
	if (is_submit)
		return leave(ucmd, call, 0);
	if (ucmd->uring)
		return ipcport_uring_watch(ucmd, call);
	return conclude(ucmd, call, ipcport_call_wait(call, wait));
}

static long begin_on_port(struct ipcport_ucmd *ucmd, const struct ipcport_wait *wait)
{
	const struct ipcport_call *args = ucmd->args;
	struct ipcport *port;
	long ret;

	port = ipcport_door_get_port(ucmd->door, args->port, MAY_WRITE);
	if (IS_ERR(port))
		return PTR_ERR(port);
	ret = begin(ucmd, port, wait);
	ipcport_put(port);
	return ret;
}

/* The port may have ended; what counts is that the call was made by this process. */
static long go_on(struct ipcport_ucmd *ucmd, const struct ipcport_wait *wait)
{
	const struct ipcport_call *args = ucmd->args;
	struct ipcport_kcall *call;

	if (ucmd->door->handle && args->port)
		return -EINVAL;
	call = ipcport_outbox_claim(ucmd->door->outbox, args->token);
	if (call == ERR_PTR(-ENOENT))
		forget_token(ucmd);
	if (IS_ERR(call))
		return PTR_ERR(call);
	if (!ucmd->door->handle && call->port->id != args->port)
		return leave(ucmd, call, -ENOENT);
	return conclude(ucmd, call, ipcport_call_wait(call, wait));
}

static int parse_call(const struct ipcport_ucmd *ucmd)
{
	const struct ipcport_call *args = ucmd->args;
	const bool is_submit = args->flags & IPCPORT_CALL_F_SUBMIT;

	if (args->flags & ~(IPCPORT_CALL_F_NONBLOCK | IPCPORT_CALL_F_SUBMIT | IPCPORT_CALL_F_CARGO))
		return -EOPNOTSUPP;
	if (args->__reserved || (args->cargo && !(args->flags & IPCPORT_CALL_F_CARGO)))
		return -EINVAL;
	if (args->token && is_submit)
		return -EINVAL;
	if (ucmd->uring && (args->token || args->deadline_ns || is_submit))
		return -EINVAL;
	return 0;
}

long ipcport_ioctl_call(struct ipcport_ucmd *ucmd)
{
	const struct ipcport_call *args = ucmd->args;
	struct ipcport_wait wait;
	int ret;

	ret = parse_call(ucmd);
	if (ret)
		return ret;
	wait = ipcport_ucmd_wait(ucmd, args->flags & IPCPORT_CALL_F_NONBLOCK, args->deadline_ns);
	return args->token ? go_on(ucmd, &wait) : begin_on_port(ucmd, &wait);
}

/* What REPLY does, and REPLY_RECV first; @port is the one that @args means. */
static int answer(const struct ipcport_door *door, struct ipcport *port,
		  const struct ipcport_reply *args)
{
	struct ipcport_cargo *cargo = NULL;
	struct ipcport_msg msg;
	int ret;

	if (args->flags & IPCPORT_REPLY_F_CARGO) {
		/* A call can have one answer, so the limits of calls hold for it. */
		cargo = ipcport_cargo_import(args->cargo, NULL);
		if (IS_ERR(cargo))
			return PTR_ERR(cargo);
	}
	ret = ipcport_msg_init_user(&msg, NULL, u64_to_user_ptr(args->message),
				    ipcport_door_badge(door));
	if (ret) {
		ipcport_cargo_drop(cargo);
		return ret;
	}
	msg.cargo = cargo;
	ret = ipcport_call_reply(port, args->token, &msg, args->status);
	if (ret)
		ipcport_msg_destroy(&msg);
	return ret;
}

long ipcport_ioctl_reply(struct ipcport_ucmd *ucmd)
{
	const struct ipcport_reply *args = ucmd->args;
	struct ipcport *port;
	long ret;

	if (args->flags & ~IPCPORT_REPLY_F_CARGO)
		return -EOPNOTSUPP;
	if (args->__reserved || (args->cargo && !(args->flags & IPCPORT_REPLY_F_CARGO)))
		return -EINVAL;

	port = ipcport_door_get_port(ucmd->door, args->port, MAY_READ);
	/* Who may not receive is not told which tokens there are. */
	if (IS_ERR(port))
		return port == ERR_PTR(-EINVAL) ? -EINVAL : -ENOENT;
	ret = answer(ucmd->door, port, args);
	ipcport_put(port);
	return ret;
}

/*
 * Receive one message. It is back in the port if it, or the structure that tells its
 * token, cannot be written.
 */
static long recv_one(struct ipcport_ucmd *ucmd, struct ipcport_receiver *receiver,
		     const struct ipcport_wait *wait)
{
	struct ipcport_queue batch = IPCPORT_QUEUE_INIT(batch);
	struct ipcport_reply_recv *args = ucmd->args;
	struct ipcport_slot slot;
	struct ipcport_msg *msg;
	struct iov_iter to;
	long ret;

	ret = ipcport_receive(receiver, &batch, 1, wait);
	if (ret < 0)
		return ret;
	msg = list_first_entry(&batch.msgs, struct ipcport_msg, node);
	iov_iter_ubuf(&to, ITER_DEST, u64_to_user_ptr(args->delivery),
		      sizeof(struct ipcport_delivery));
	ret = ipcport_delivery_copy_out(&to, msg, &slot);
	if (ret)
		goto err_unreceive;
	if (msg->ops->token && !msg->ops->notice)
		args->token = msg->ops->token(msg);
	ret = ipcport_ucmd_respond(ucmd);
	if (ret)
		goto err_cancel_slot;
	ipcport_slot_install(&slot);
	ipcport_queue_flush(&batch);
	return 0;

err_cancel_slot:
	ipcport_slot_cancel(&slot);
err_unreceive:
	args->token = 0;
	ipcport_unreceive(receiver, &batch);
	return ret;
}

static long reply_recv(struct ipcport_ucmd *ucmd, struct ipcport_receiver *receiver)
{
	struct ipcport_reply_recv *args = ucmd->args;
	const struct ipcport_reply reply = {
		.token = args->token,
		.message = args->message,
		.status = args->status,
		.flags = args->flags & IPCPORT_REPLY_RECV_F_CARGO ? IPCPORT_REPLY_F_CARGO : 0,
		.cargo = args->cargo,
	};
	const bool is_reply = args->token;
	struct ipcport_wait wait;
	long ret = 0;

	/* That it is answered must be told, so look first whether that can be written. */
	if (is_reply)
		ret = ipcport_ucmd_respond(ucmd) ?:
		      answer(ucmd->door, receiver->port, &reply);
	if (ret && ret != -ENOENT)
		return ret;
	/* Without a token, it may be a restart after an answer that was refused. */
	if (is_reply)
		args->out_reply_errno = -ret;
	args->token = 0;

	wait = ipcport_ucmd_wait(ucmd, args->flags & IPCPORT_REPLY_RECV_F_NONBLOCK,
				 args->deadline_ns);
	ret = recv_one(ucmd, receiver, &wait);
	if (ret && is_reply)
		ret = ipcport_ucmd_respond(ucmd) ?: ret;
	return ret;
}

long ipcport_ioctl_reply_recv(struct ipcport_ucmd *ucmd)
{
	const struct ipcport_reply_recv *args = ucmd->args;
	struct ipcport_receiver receiver;
	long ret;

	if (args->flags & ~(IPCPORT_REPLY_RECV_F_NONBLOCK | IPCPORT_REPLY_RECV_F_CARGO))
		return -EOPNOTSUPP;
	if (args->cargo && !(args->flags & IPCPORT_REPLY_RECV_F_CARGO))
		return -EINVAL;

	ret = ipcport_receiver_init(&receiver, ucmd->door, args->port);
	if (ret)
		return ret;
	ret = reply_recv(ucmd, &receiver);
	ipcport_receiver_destroy(&receiver);
	return ret;
}

long ipcport_ioctl_cancel(struct ipcport_ucmd *ucmd)
{
	static const u32 states[] = {
		[IPCPORT_WAS_QUEUED]	= IPCPORT_CALL_QUEUED,
		[IPCPORT_WAS_RECEIVED]	= IPCPORT_CALL_RECEIVED,
		[IPCPORT_WAS_OVER]	= IPCPORT_CALL_ENDED,
	};
	struct ipcport_cancel *args = ucmd->args;
	enum ipcport_progress progress;
	int ret;

	if (args->flags)
		return -EOPNOTSUPP;
	ret = ipcport_outbox_cancel(ucmd->door->outbox, args->token, &progress);
	if (ret)
		return ret;
	args->out_state = states[progress];
	return ipcport_ucmd_respond(ucmd);
}
