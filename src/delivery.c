// SPDX-License-Identifier: GPL-2.0
#include "delivery.h"

#include <asm/byteorder.h>
#include <linux/build_bug.h>
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/uidgid.h>
#include <linux/uio.h>
#include <uapi/linux/ipcport.h>

#include "access.h"
#include "cargo.h"
#include "clock.h"
#include "group.h"
#include "msg.h"
#include "owner.h"
#include "port.h"
#include "ucmd.h"

static_assert(sizeof(struct ipcport_message) == IPCPORT_MSG_SIZE);
static_assert(sizeof(struct ipcport_delivery) == 2 * IPCPORT_MSG_SIZE);

/**
 * ipcport_receiver_init() - find the port to receive from, and whom to remember
 * @receiver: memory for it
 * @door: where it receives
 * @id: number of the port; 0 for that of the handle
 *
 * Context: Process; may sleep.
 * Return: 0; or -ENOENT, -EINVAL, -EACCES, -EPIPE, -ENOMEM or -ENFILE, and there is
 *	nothing to destroy.
 */
int ipcport_receiver_init(struct ipcport_receiver *receiver, const struct ipcport_door *door,
			  u64 id)
{
	struct ipcport_group *process = NULL;
	struct ipcport *port;
	int ret;

	port = ipcport_door_get_port(door, id, MAY_READ);
	if (IS_ERR(port))
		return PTR_ERR(port);
	if (!ipcport_get_reader(port)) {
		ret = ipcport_door_gone(door);
		goto err_put_port;
	}
	if (!ipcport_is_owner(port)) {
		process = ipcport_owner_get_kept(door->group);
		if (IS_ERR(process)) {
			ret = PTR_ERR(process);
			goto err_put_reader;
		}
		WRITE_ONCE(port->has_guests, true);
	}
	receiver->port = port;
	receiver->holder.process = process;
	receiver->holder.file = door->group;
	return 0;

err_put_reader:
	ipcport_put_reader(port);
err_put_port:
	ipcport_put(port);
	return ret;
}

/**
 * ipcport_receiver_destroy() - undo ipcport_receiver_init()
 * @receiver: the receiver
 *
 * Context: Process; may sleep.
 */
void ipcport_receiver_destroy(struct ipcport_receiver *receiver)
{
	if (receiver->holder.process)
		ipcport_group_put(receiver->holder.process);
	ipcport_put_reader(receiver->port);
	ipcport_put(receiver->port);
}

/**
 * ipcport_receive() - ipcport_recv(), with a memory for who received
 * @receiver: who
 * @batch: empty queue to fill
 * @max: how many to take at most
 * @wait: how long to wait for the first one
 *
 * Context: Process; may sleep.
 * Return: as ipcport_recv().
 */
int ipcport_receive(struct ipcport_receiver *receiver, struct ipcport_queue *batch,
		    unsigned int max, const struct ipcport_wait *wait)
{
	int ret = ipcport_recv(receiver->port, batch, max, wait);

	if (ret > 0 && receiver->holder.process)
		ipcport_call_hold(batch, &receiver->holder);
	return ret;
}

/**
 * ipcport_unreceive() - put back what could not be delivered
 * @receiver: who received it
 * @batch: messages, oldest first; empty afterwards
 *
 * Context: Process; may sleep.
 */
void ipcport_unreceive(struct ipcport_receiver *receiver, struct ipcport_queue *batch)
{
	if (receiver->holder.process)
		ipcport_call_unhold(batch);
	ipcport_unrecv(receiver->port, batch);
}

/* Write down a message as the current task is to see it. */
static void fill(struct ipcport_delivery *delivery, const struct ipcport_msg *msg, u64 token,
		 int cargo)
{
	static const u32 notice_flags[] = {
		[IPCPORT_NO_NOTICE]	= 0,
		[IPCPORT_ABORTED]	= IPCPORT_INFO_F_ABORTED,
		[IPCPORT_NO_SENDERS]	= IPCPORT_INFO_F_NO_SENDERS,
	};
	struct pid_namespace *pid_ns = task_active_pid_ns(current);
	struct user_namespace *user_ns = current_user_ns();

	memcpy(&delivery->message, msg->body, IPCPORT_MSG_SIZE);
	delivery->message.sender = pid_nr_ns(msg->tid, pid_ns);
	delivery->info = (struct ipcport_info) {
		.token = token,
		.badge = msg->badge,
		.time_ns = ipcport_time_to_user(msg->time_ns),
		.seq = msg->seq,
		.pid = pid_nr_ns(msg->tgid, pid_ns),
		.tid = delivery->message.sender,
		.uid = from_kuid_munged(user_ns, msg->uid),
		.gid = from_kgid_munged(user_ns, msg->gid),
		.cargo = cargo,
		.flags = notice_flags[msg->ops ? msg->ops->notice : IPCPORT_NO_NOTICE],
	};
}

/* Store a message, and reserve a descriptor for what travels with it. */
static int copy_out(struct iov_iter *to, const struct ipcport_msg *msg, u64 token,
		    struct ipcport_slot *slot)
{
	struct ipcport_delivery delivery;
	size_t copied;
	int ret;

	ret = ipcport_slot_reserve(slot, msg->cargo);
	if (ret)
		return ret;
	fill(&delivery, msg, token, slot->fd);
	copied = copy_to_iter(&delivery, sizeof(delivery), to);
	if (copied == sizeof(delivery))
		return 0;
	iov_iter_revert(to, copied);
	ipcport_slot_cancel(slot);
	return -EFAULT;
}

/**
 * ipcport_delivery_copy_out() - store a message that was received
 * @to: where
 * @msg: the message
 * @slot: the descriptor that the receiver gets with it, to be installed or cancelled
 *
 * Context: Process; may sleep.
 * Return: 0; or -EFAULT, -EMFILE, -ENFILE or -ENOMEM, and @to and @slot are as before.
 */
int ipcport_delivery_copy_out(struct iov_iter *to, const struct ipcport_msg *msg,
			      struct ipcport_slot *slot)
{
	return copy_out(to, msg, msg->ops->token ? msg->ops->token(msg) : 0, slot);
}

/**
 * ipcport_answer_copy_out() - store the answer to a call
 * @to: where
 * @call: call that ended with an answer
 * @slot: the descriptor that the caller gets with it, to be installed or cancelled
 *
 * Context: Process; may sleep.
 * Return: 0; or -EFAULT, -EMFILE, -ENFILE or -ENOMEM, and @slot is as before.
 */
int ipcport_answer_copy_out(struct ipcport_delivery __user *to, const struct ipcport_kcall *call,
			    struct ipcport_slot *slot)
{
	struct iov_iter iter;

	iov_iter_ubuf(&iter, ITER_DEST, to, sizeof(*to));
	return copy_out(&iter, &call->answer, call->request.place.token, slot);
}

/**
 * ipcport_error_copy_out() - store an answer that nobody gave, as far as possible
 * @to: where
 * @error: errno, positive
 * @token: the call's token, 0 if it was not sent
 *
 * Context: Process; may sleep.
 */
void ipcport_error_copy_out(struct ipcport_delivery __user *to, int error, u64 token)
{
	struct ipcport_delivery delivery = {
		.message.type = IPCPORT_TYPE_ERROR,
		.info.token = token,
		.info.uid = from_kuid_munged(current_user_ns(), INVALID_UID),
		.info.gid = from_kgid_munged(current_user_ns(), INVALID_GID),
		.info.cargo = -1,
	};
	const __le32 payload = cpu_to_le32(error);

	memcpy(delivery.message.payload, &payload, sizeof(payload));
	/* The ioctl tells the error anyway: nothing is lost if this cannot be stored. */
	if (copy_to_user(to, &delivery, sizeof(delivery)))
		return;
}
