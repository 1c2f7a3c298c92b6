/* SPDX-License-Identifier: GPL-2.0 */
/**
 * DOC: Queues
 *
 * A list of messages that knows its length. A port has one; a sender brings its
 * messages in one, and a receiver gets them in one. The functions take no lock:
 * whoever owns the queue guards it.
 */
#ifndef IPCPORT_QUEUE_H
#define IPCPORT_QUEUE_H

#include <linux/list.h>

#include "msg.h"

/**
 * struct ipcport_queue - messages in order
 * @msgs: struct ipcport_msg, oldest first	(lock: that of what holds the queue)
 * @nr: how many there are			(lock: that of what holds the queue)
 */
struct ipcport_queue {
	struct list_head msgs;
	unsigned int nr;
};

/**
 * IPCPORT_QUEUE_INIT() - initializer of a queue on the stack
 * @queue: its name
 */
#define IPCPORT_QUEUE_INIT(queue) { .msgs = LIST_HEAD_INIT((queue).msgs) }

/**
 * ipcport_queue_init() - make an empty queue in place
 * @queue: memory for it
 *
 * Context: Any.
 */
static inline void ipcport_queue_init(struct ipcport_queue *queue)
{
	INIT_LIST_HEAD(&queue->msgs);
	queue->nr = 0;
}

/**
 * ipcport_queue_push() - add the newest message
 * @queue: where to
 * @msg: in no queue; belongs to @queue from here on
 *
 * Context: Any; the caller guards @queue.
 */
static inline void ipcport_queue_push(struct ipcport_queue *queue, struct ipcport_msg *msg)
{
	list_add_tail(&msg->node, &queue->msgs);
	queue->nr++;
}

/**
 * ipcport_queue_remove() - take a message out, wherever it is
 * @queue: where from
 * @msg: a message in it, which belongs to the caller afterwards
 *
 * Context: Any; the caller guards @queue.
 */
static inline void ipcport_queue_remove(struct ipcport_queue *queue, struct ipcport_msg *msg)
{
	list_del(&msg->node);
	queue->nr--;
}

/**
 * ipcport_queue_pop() - take the oldest message
 * @queue: where from
 *
 * Context: Any; the caller guards @queue.
 * Return: the message, which now belongs to the caller, or NULL if there is none.
 */
static inline struct ipcport_msg *ipcport_queue_pop(struct ipcport_queue *queue)
{
	struct ipcport_msg *msg;

	msg = list_first_entry_or_null(&queue->msgs, struct ipcport_msg, node);
	if (msg)
		ipcport_queue_remove(queue, msg);
	return msg;
}

/**
 * ipcport_queue_splice() - add all of another queue
 * @queue: where to
 * @from: where from; empty afterwards
 *
 * Context: Any; the caller guards both.
 */
static inline void ipcport_queue_splice(struct ipcport_queue *queue, struct ipcport_queue *from)
{
	list_splice_tail_init(&from->msgs, &queue->msgs);
	queue->nr += from->nr;
	from->nr = 0;
}

void ipcport_queue_merge(struct ipcport_queue *queue, struct ipcport_queue *from);
void ipcport_queue_flush(struct ipcport_queue *queue);

#endif /* IPCPORT_QUEUE_H */
