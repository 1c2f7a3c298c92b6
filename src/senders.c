// SPDX-License-Identifier: GPL-2.0
#include "senders.h"

#include <linux/container_of.h>
#include <linux/fs.h>
#include <linux/slab.h>

#include "msg.h"
#include "port.h"

/**
 * struct ipcport_no_senders - how a port tells that there is no handle to send with
 * @msg: the notice					(lock: that of the queue)
 * @port: the port that has this			(const after init)
 * @is_out: whether @msg is in the port, or in a receiver's hands	(lock: port->waiters.lock)
 * @is_due: whether it happened again meanwhile		(lock: port->waiters.lock)
 */
struct ipcport_no_senders {
	struct ipcport_msg msg;
	struct ipcport *port;
	bool is_out;
	bool is_due;
};

static const struct ipcport_msg_ops no_senders_ops;

static void tell_no_senders_locked(struct ipcport *port)
{
	struct ipcport_no_senders *no_senders = port->no_senders;

	ipcport_assert_locked(port);
	if (!no_senders || port->nr_send_handles || port->state != IPCPORT_LIVE)
		return;
	no_senders->is_due = no_senders->is_out;
	if (no_senders->is_out)
		return;
	no_senders->is_out = true;
	ipcport_msg_init_notice(&no_senders->msg, &no_senders_ops, NULL);
	ipcport_push_notice_locked(port, &no_senders->msg);
}

/* Whoever received the notice still has a reference to the port. */
static void no_senders_drop(struct ipcport_msg *msg)
{
	struct ipcport_no_senders *no_senders;
	struct ipcport *port;

	no_senders = container_of(msg, struct ipcport_no_senders, msg);
	port = no_senders->port;
	ipcport_lock(port);
	no_senders->is_out = false;
	if (no_senders->is_due)
		tell_no_senders_locked(port);
	ipcport_unlock(port);
}

static const struct ipcport_msg_ops no_senders_ops = {
	.drop = no_senders_drop,
	.notice = IPCPORT_NO_SENDERS,
};

/**
 * ipcport_no_senders_alloc() - what a port needs to tell that it has no senders
 * @port: a NEW port
 *
 * Context: Process; may sleep.
 * Return: it, or NULL for want of memory.
 */
struct ipcport_no_senders *ipcport_no_senders_alloc(struct ipcport *port)
{
	struct ipcport_no_senders *no_senders;

	no_senders = kzalloc(sizeof(*no_senders), GFP_KERNEL_ACCOUNT);
	if (no_senders)
		no_senders->port = port;
	return no_senders;
}

/**
 * ipcport_no_senders_free() - undo ipcport_no_senders_alloc()
 * @no_senders: it, or NULL; its port is going
 *
 * Context: Any.
 */
void ipcport_no_senders_free(struct ipcport_no_senders *no_senders)
{
	kfree(no_senders);
}

/**
 * ipcport_count_handle() - somebody is about to have a handle
 * @port: the port
 * @mask: MAY_READ to receive, MAY_WRITE to send
 *
 * Context: Process. Takes and releases the port's lock.
 * Return: false if the port has ended, and nothing was counted.
 */
bool ipcport_count_handle(struct ipcport *port, int mask)
{
	bool is_live;

	ipcport_lock(port);
	is_live = port->state == IPCPORT_LIVE;
	if (is_live && mask & MAY_WRITE)
		port->nr_send_handles++;
	if (is_live && mask & MAY_READ)
		port->nr_recv_handles++;
	ipcport_unlock(port);
	return is_live;
}

/**
 * ipcport_uncount_handle() - a handle that was counted has gone
 * @port: the port
 * @mask: as it was counted
 *
 * Context: Process. Takes and releases the port's lock.
 */
void ipcport_uncount_handle(struct ipcport *port, int mask)
{
	ipcport_lock(port);
	if (mask & MAY_READ)
		port->nr_recv_handles--;
	if (mask & MAY_WRITE && !--port->nr_send_handles)
		tell_no_senders_locked(port);
	ipcport_unlock(port);
}
