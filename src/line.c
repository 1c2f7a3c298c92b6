// SPDX-License-Identifier: GPL-2.0
#include "line.h"

#include <linux/list.h>
#include <linux/sched.h>

#include "diag.h"
#include "msg.h"
#include "port.h"
#include "queue.h"

/* Places in the line that are looked at in one hold of the port's lock. */
#define STEP	256

/* The wake function of a bookmark: whoever wakes a waiter passes over it. */
static int pass_over(struct wait_queue_entry *entry, unsigned int mode, int flags, void *key)
{
	return 0;
}

static bool is_bookmark(const struct wait_queue_entry *entry)
{
	return entry->func == pass_over;
}

static void peek_locked(struct ipcport *port, struct ipcport_waiter *waiter,
			struct ipcport_diag *diag)
{
	enum ipcport_diag_kind kind = IPCPORT_DIAG_RECV;
	struct ipcport_msg *msg;

	ipcport_assert_locked(port);
	/* A receiver's batch is empty as long as it waits. */
	msg = list_first_entry_or_null(&waiter->batch->msgs, struct ipcport_msg, node);
	if (msg)
		kind = ipcport_msg_to_request(msg) ? IPCPORT_DIAG_CALL_SPACE : IPCPORT_DIAG_SEND;
	ipcport_diag_init_task(diag, kind, waiter->entry.private);
	diag->nr = waiter->nr;
	diag->since_ns = waiter->since_ns;
}

/* Move @bookmark on by up to STEP places. False at the end, or when @diags are full. */
static bool step_locked(struct ipcport *port, struct wait_queue_entry *bookmark, u64 after,
			struct ipcport_diag *diags, unsigned int *nr)
{
	struct list_head *node = &bookmark->entry;
	struct ipcport_waiter *waiter;
	int i;

	ipcport_assert_locked(port);
	for (i = 0; i < STEP; i++) {
		node = node->next;
		if (node == &port->waiters.head)
			return false;
		waiter = container_of(node, struct ipcport_waiter, entry.entry);
		if (is_bookmark(&waiter->entry) || waiter->nr <= after)
			continue;
		peek_locked(port, waiter, &diags[(*nr)++]);
		if (*nr == IPCPORT_DIAG_BATCH)
			return false;
	}
	list_move(&bookmark->entry, node);
	return true;
}

/**
 * ipcport_line_peek() - write down some of those who wait in a port
 * @port: the port
 * @after: number of the one after whom to begin, or 0
 * @diags: where to; IPCPORT_DIAG_BATCH of them
 *
 * However long the line is, the port's lock is held for a part of it at a time. Who
 * waits all the time is not missed: nobody changes places.
 *
 * Context: Process; may sleep. Takes and releases the port's lock.
 * Return: how many were written down, for ipcport_diag_destroy(); less than
 *	IPCPORT_DIAG_BATCH if there are no more.
 */
unsigned int ipcport_line_peek(struct ipcport *port, u64 after, struct ipcport_diag *diags)
{
	struct wait_queue_entry bookmark;
	unsigned int nr = 0;

	init_waitqueue_func_entry(&bookmark, pass_over);
	ipcport_lock(port);
	list_add(&bookmark.entry, &port->waiters.head);
	while (step_locked(port, &bookmark, after, diags, &nr)) {
		ipcport_unlock(port);
		cond_resched();
		ipcport_lock(port);
	}
	list_del(&bookmark.entry);
	ipcport_unlock(port);
	return nr;
}
