// SPDX-License-Identifier: GPL-2.0
#include "transfer.h"

#include <linux/build_bug.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/minmax.h>
#include <uapi/linux/ipcport.h>

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
	if (flags & ~IPCPORT_SEND_F_NONBLOCK)
		return -EOPNOTSUPP;
	if (!count || count > IPCPORT_BATCH_MAX)
		return -EINVAL;
	*wait = ipcport_ucmd_wait(ucmd, flags & IPCPORT_SEND_F_NONBLOCK, deadline_ns);
	return 0;
}

/*
 * Make messages of the next @nr in the caller's array. One that cannot be made
 * ends the batch; it is an error only if it is the first.
 */
static int copy_in(struct ipcport_queue *batch, const struct ipcport_message __user *from,
		   unsigned int nr)
{
	struct ipcport_msg *msg;
	unsigned int i;

	for (i = 0; i < nr; i++) {
		msg = ipcport_msg_alloc_user(from + i);
		if (IS_ERR(msg))
			return i ? 0 : PTR_ERR(msg);
		ipcport_queue_push(batch, msg);
	}
	return 0;
}

static int send_array(struct ipcport *port, const struct ipcport_send *args,
		      const struct ipcport_wait *wait)
{
	const struct ipcport_message __user *from = u64_to_user_ptr(args->messages);
	struct ipcport_queue batch = IPCPORT_QUEUE_INIT(batch);
	int done = 0, ret;

	do {
		ret = copy_in(&batch, from + done, min_t(u32, args->count - done, BATCH_CHUNK));
		if (ret)
			break;
		ret = ipcport_send(port, &batch, wait);
		if (ret < 0)
			break;
		done += ret;
	} while (!batch.nr && done < args->count);

	ipcport_queue_flush(&batch);
	return done ?: ret;
}

long ipcport_ioctl_send(struct ipcport_ucmd *ucmd)
{
	struct ipcport_send *args = ucmd->args;
	struct ipcport_wait wait;
	struct ipcport *port;
	long ret;

	ret = parse_transfer(ucmd, args->flags, args->count, args->deadline_ns, &wait);
	if (ret)
		return ret;
	port = ipcport_ucmd_get_port(ucmd, args->port, MAY_WRITE);
	if (IS_ERR(port))
		return PTR_ERR(port);
	ret = send_array(port, args, &wait);
	ipcport_put(port);
	return ret;
}

/*
 * Deliver messages, and free those that were. The first one that cannot be stored
 * stays in @batch with all after it. Returns how many were delivered.
 */
static int copy_out(struct ipcport_delivery __user *to, struct ipcport_queue *batch)
{
	struct ipcport_msg *msg, *next;
	int nr = 0;

	list_for_each_entry_safe(msg, next, &batch->msgs, node) {
		if (ipcport_delivery_copy_out(to + nr, msg))
			break;
		ipcport_msg_drop(ipcport_queue_pop(batch));
		nr++;
	}
	return nr;
}

static int recv_array(struct ipcport_receiver *receiver, const struct ipcport_recv *args,
		      struct ipcport_wait *wait)
{
	struct ipcport_delivery __user *to = u64_to_user_ptr(args->deliveries);
	struct ipcport_queue batch = IPCPORT_QUEUE_INIT(batch);
	int done = 0, ret;

	do {
		ret = ipcport_receive(receiver, &batch,
				      min_t(u32, args->count - done, BATCH_CHUNK), wait);
		if (ret < 0)
			break;
		done += copy_out(to + done, &batch);
		wait->can_wait = false;
	} while (!batch.nr && done < args->count);

	if (batch.nr) {
		ipcport_unreceive(receiver, &batch);
		ret = -EFAULT;
	}
	return done ?: ret;
}

long ipcport_ioctl_recv(struct ipcport_ucmd *ucmd)
{
	struct ipcport_recv *args = ucmd->args;
	struct ipcport_receiver receiver;
	struct ipcport_wait wait;
	long ret;

	ret = parse_transfer(ucmd, args->flags, args->count, args->deadline_ns, &wait);
	if (ret)
		return ret;
	ret = ipcport_receiver_init(&receiver, ucmd, args->port);
	if (ret)
		return ret;
	ret = recv_array(&receiver, args, &wait);
	ipcport_receiver_destroy(&receiver);
	return ret;
}
