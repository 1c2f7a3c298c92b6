// SPDX-License-Identifier: GPL-2.0
#include "transfer.h"

#include <linux/build_bug.h>
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/minmax.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/types.h>
#include <linux/uio.h>
#include <uapi/linux/ipcport.h>

#include "cargo.h"
#include "delivery.h"
#include "msg.h"
#include "port.h"
#include "queue.h"
#include "ucmd.h"

/*
 * Messages that are copied, and then moved under one hold of a port's lock. More
 * would make others wait longer for the lock, fewer would take it more often.
 */
#define BATCH_CHUNK	16

static_assert(IPCPORT_SEND_F_NONBLOCK == IPCPORT_RECV_F_NONBLOCK);

/* Check what SEND and RECV have in common; find out how long they may wait. */
static int parse_transfer(const struct ipcport_ucmd *ucmd, u32 flags, u32 count, u64 deadline_ns,
			  struct ipcport_wait *wait)
{
	if (!count || count > IPCPORT_BATCH_MAX)
		return -EINVAL;
	*wait = ipcport_ucmd_wait(ucmd, flags & IPCPORT_SEND_F_NONBLOCK, deadline_ns);
	return 0;
}

/* Between two chunks: is there a reason to be content with what was done? */
static bool must_stop(void)
{
	cond_resched();
	return signal_pending(current);
}

/*
 * Make messages of what is next in the caller's memory. One that cannot be made ends
 * the batch; it is an error only if it is the first.
 */
static int copy_in(struct ipcport_queue *batch, struct iov_iter *from, u64 badge,
		   const struct cred *cred)
{
	struct ipcport_msg *msg;

	while (batch->nr < BATCH_CHUNK && iov_iter_count(from)) {
		msg = ipcport_msg_alloc_iter(from, badge, cred);
		if (IS_ERR(msg))
			return batch->nr ? 0 : PTR_ERR(msg);
		ipcport_queue_push(batch, msg);
	}
	return 0;
}

/**
 * ipcport_send_iter() - send what is in user memory
 * @port: where to
 * @from: a whole number of messages, at least one; what was sent is taken off
 * @badge: mark of the handle that they are sent through, or 0
 * @cred: who sends, as far as users and groups go
 * @cargo: what travels with the only message, or NULL; the caller has it no more
 * @wait: how long to wait for space
 *
 * Context: Process; may sleep.
 * Return: how many were sent, at least one, or -errno and none was.
 */
int ipcport_send_iter(struct ipcport *port, struct iov_iter *from, u64 badge,
		      const struct cred *cred, struct ipcport_cargo *cargo,
		      const struct ipcport_wait *wait)
{
	struct ipcport_queue batch = IPCPORT_QUEUE_INIT(batch);
	int done = 0, ret;

	do {
		ret = copy_in(&batch, from, badge, cred);
		if (ret)
			break;
		if (cargo)
			list_first_entry(&batch.msgs, struct ipcport_msg, node)->cargo = cargo;
		cargo = NULL;
		ret = ipcport_send(port, &batch, wait);
		if (ret < 0)
			break;
		done += ret;
	} while (!batch.nr && iov_iter_count(from) && !must_stop());

	iov_iter_revert(from, batch.nr * IPCPORT_MSG_SIZE);
	ipcport_queue_flush(&batch);
	ipcport_cargo_drop(cargo);
	return done ?: ret;
}

static long send_array(struct ipcport *port, const struct ipcport_ucmd *ucmd,
		       const struct ipcport_wait *wait)
{
	const struct ipcport_send *args = ucmd->args;
	struct ipcport_cargo *cargo = NULL;
	struct iov_iter from;

	if (args->flags & IPCPORT_SEND_F_CARGO) {
		cargo = ipcport_cargo_import_for(port, args->cargo);
		if (IS_ERR(cargo))
			return PTR_ERR(cargo);
	}
	iov_iter_ubuf(&from, ITER_SOURCE, u64_to_user_ptr(args->messages),
		      args->count * sizeof(struct ipcport_message));
	return ipcport_send_iter(port, &from, ipcport_door_badge(ucmd->door), current_cred(),
				 cargo, wait);
}

long ipcport_ioctl_send(struct ipcport_ucmd *ucmd)
{
	const struct ipcport_send *args = ucmd->args;
	struct ipcport_wait wait;
	struct ipcport *port;
	long ret;

	if (args->flags & ~(IPCPORT_SEND_F_NONBLOCK | IPCPORT_SEND_F_CARGO))
		return -EOPNOTSUPP;
	if (args->flags & IPCPORT_SEND_F_CARGO ? args->count != 1 : args->cargo)
		return -EINVAL;
	if (args->__reserved)
		return -EINVAL;
	ret = parse_transfer(ucmd, args->flags, args->count, args->deadline_ns, &wait);
	if (ret)
		return ret;
	port = ipcport_door_get_port(ucmd->door, args->port, MAY_WRITE);
	if (IS_ERR(port))
		return PTR_ERR(port);
	ret = send_array(port, ucmd, &wait);
	ipcport_put(port);
	return ret;
}

/*
 * Deliver messages, and free those that were. The first one that cannot be delivered
 * stays in @batch with all after it, and @error says why.
 */
static int copy_out(struct iov_iter *to, struct ipcport_queue *batch, int *error)
{
	struct ipcport_msg *msg, *next;
	struct ipcport_slot slot;
	int nr = 0;

	list_for_each_entry_safe(msg, next, &batch->msgs, node) {
		*error = ipcport_delivery_copy_out(to, msg, &slot);
		if (*error)
			break;
		ipcport_slot_install(&slot);
		ipcport_msg_drop(ipcport_queue_pop(batch));
		nr++;
	}
	return nr;
}

/**
 * ipcport_recv_iter() - receive into user memory
 * @receiver: who receives
 * @to: room for a whole number of deliveries, at least one
 * @wait: how long to wait for the first one
 *
 * Context: Process; may sleep.
 * Return: how many were received, at least one, or -errno and none was.
 */
int ipcport_recv_iter(struct ipcport_receiver *receiver, struct iov_iter *to,
		      const struct ipcport_wait *wait)
{
	struct ipcport_queue batch = IPCPORT_QUEUE_INIT(batch);
	struct ipcport_wait now = *wait;
	int done = 0, error = 0, ret;
	size_t room;

	do {
		room = iov_iter_count(to) / sizeof(struct ipcport_delivery);
		ret = ipcport_receive(receiver, &batch, min_t(size_t, room, BATCH_CHUNK), &now);
		if (ret < 0)
			break;
		done += copy_out(to, &batch, &error);
		now.can_wait = false;
	} while (!batch.nr && iov_iter_count(to) && !must_stop());

	if (batch.nr) {
		ipcport_unreceive(receiver, &batch);
		ret = error;
	}
	return done ?: ret;
}

long ipcport_ioctl_recv(struct ipcport_ucmd *ucmd)
{
	const struct ipcport_recv *args = ucmd->args;
	struct ipcport_receiver receiver;
	struct ipcport_wait wait;
	struct iov_iter to;
	long ret;

	if (args->flags & ~IPCPORT_RECV_F_NONBLOCK)
		return -EOPNOTSUPP;
	ret = parse_transfer(ucmd, args->flags, args->count, args->deadline_ns, &wait);
	if (ret)
		return ret;
	ret = ipcport_receiver_init(&receiver, ucmd->door, args->port);
	if (ret)
		return ret;
	iov_iter_ubuf(&to, ITER_DEST, u64_to_user_ptr(args->deliveries),
		      args->count * sizeof(struct ipcport_delivery));
	ret = ipcport_recv_iter(&receiver, &to, &wait);
	ipcport_receiver_destroy(&receiver);
	return ret;
}
