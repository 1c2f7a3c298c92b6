/* SPDX-License-Identifier: GPL-2.0 */
/**
 * DOC: Polling
 *
 * Pollers look for themselves, unlike those who wait in line: they are woken when
 * something may have changed for them, under the port's lock, and look under it. So
 * whoever changes a port either sees the poller in port->pollers, or is seen by it, and
 * a port that nobody polls pays one test for that. There is a queue for each set of
 * rights, because some, like io_uring, take the reason to be true without looking.
 */
#ifndef IPCPORT_POLL_H
#define IPCPORT_POLL_H

#include <linux/types.h>

struct ipcport;
struct file;
struct poll_table_struct;

__poll_t ipcport_poll(struct ipcport *port, struct file *file, struct poll_table_struct *table,
		      int mask);

#endif /* IPCPORT_POLL_H */
