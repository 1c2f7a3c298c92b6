/* SPDX-License-Identifier: GPL-2.0 */
/**
 * DOC: The line
 *
 * The threads that wait in a port, first come first. port.c lets them in and serves
 * them; here they are looked at.
 */
#ifndef IPCPORT_LINE_H
#define IPCPORT_LINE_H

#include <linux/types.h>
#include <linux/wait.h>

struct ipcport;
struct ipcport_diag;
struct ipcport_queue;

/**
 * struct ipcport_waiter - a thread that waits in a port, on that thread's stack
 * @entry: in port->waiters				(lock: port->waiters.lock)
 * @batch: what a sender brings, or where a receiver takes; the waiting thread's own
 *	again after @is_done				(lock: port->waiters.lock)
 * @nr: its number in the line; they grow		(const after enqueue)
 * @since_ns: CLOCK_MONOTONIC when it came		(const after enqueue)
 * @ret: 0 or -EPIPE					(lock: port->waiters.lock)
 * @is_done: whether it was served; see sleep.h		(lock: port->waiters.lock)
 */
struct ipcport_waiter {
	struct wait_queue_entry entry;
	struct ipcport_queue *batch;
	u64 nr;
	u64 since_ns;
	int ret;
	bool is_done;
};

unsigned int ipcport_line_peek(struct ipcport *port, u64 after, struct ipcport_diag *diags);

#endif /* IPCPORT_LINE_H */
