// SPDX-License-Identifier: GPL-2.0
#include "queue.h"

/**
 * ipcport_queue_flush() - free every message
 * @queue: empty afterwards
 *
 * Context: Process; nobody else can reach @queue; not under a port's lock.
 */
void ipcport_queue_flush(struct ipcport_queue *queue)
{
	struct ipcport_msg *msg;

	while ((msg = ipcport_queue_pop(queue)))
		ipcport_msg_free(msg);
}
