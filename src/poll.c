// SPDX-License-Identifier: GPL-2.0
#include "poll.h"

#include <linux/fs.h>
#include <linux/poll.h>
#include <linux/wait.h>

#include "port.h"

/**
 * ipcport_poll() - what can be done with a port without waiting?
 * @port: the port
 * @file: file that is polled
 * @table: where to be woken from when that may have changed
 * @mask: MAY_READ to ask for messages, MAY_WRITE for space; always for the end
 *
 * Context: Process; may sleep. Takes and releases the port's lock.
 * Return: EPOLL* bits.
 */
__poll_t ipcport_poll(struct ipcport *port, struct file *file, struct poll_table_struct *table,
		      int mask)
{
	const int polls = (mask & MAY_READ ? IPCPORT_POLL_IN : 0) |
			  (mask & MAY_WRITE ? IPCPORT_POLL_OUT : 0);
	__poll_t events = 0;

	/* Just one queue, as aio wants it. Who wakes it says what for, and is believed. */
	poll_wait(file, &port->pollers[polls], table);
	ipcport_lock(port);
	if (mask & MAY_READ && port->queue.nr)
		events |= EPOLLIN | EPOLLRDNORM;
	if (port->state == IPCPORT_DEAD)
		events |= EPOLLHUP | EPOLLERR;
	else if (mask & MAY_WRITE && port->queue.nr < port->capacity)
		events |= EPOLLOUT | EPOLLWRNORM;
	ipcport_unlock(port);
	return events;
}
