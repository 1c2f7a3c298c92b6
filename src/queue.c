// SPDX-License-Identifier: GPL-2.0
#include "queue.h"

#include <linux/sched.h>

/**
 * ipcport_queue_merge() - put messages back to where they were
 * @queue: a port's queue, in the order of their numbers in the port
 * @from: messages that came out of it, in the same order; empty afterwards
 *
 * Two receivers may put back what they hold in any order; the queue keeps its own.
 * The search passes only over older messages that were put back before.
 *
 * Context: Any; the caller guards both.
 */
void ipcport_queue_merge(struct ipcport_queue *queue, struct ipcport_queue *from)
{
	struct list_head *newer = queue->msgs.next;
	struct ipcport_msg *msg;

	while ((msg = ipcport_queue_pop(from))) {
		while (newer != &queue->msgs &&
		       list_entry(newer, struct ipcport_msg, node)->seq < msg->seq)
			newer = newer->next;
		list_add_tail(&msg->node, newer);
		queue->nr++;
	}
}

/**
 * ipcport_queue_flush() - drop every message
 * @queue: empty afterwards
 *
 * Context: Process; may sleep; nobody else can reach @queue.
 */
void ipcport_queue_flush(struct ipcport_queue *queue)
{
	struct ipcport_msg *msg;

	while ((msg = ipcport_queue_pop(queue))) {
		ipcport_msg_drop(msg);
		cond_resched();
	}
}
