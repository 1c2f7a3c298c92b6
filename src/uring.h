/* SPDX-License-Identifier: GPL-2.0 */
/**
 * DOC: Calls through io_uring
 *
 * A CALL that is made by a request of io_uring waits without a thread. The request
 * claims the call, like a thread that waits for it, and is completed when the call has
 * ended: in a task that can give the answer to the caller's memory. If that task is
 * exiting there is nobody to give it to.
 */
#ifndef IPCPORT_URING_H
#define IPCPORT_URING_H

#include <linux/errno.h>

#include "compat/uring.h"

struct ipcport_kcall;
struct ipcport_ucmd;

#if IPCPORT_HAS_URING_CMD
void ipcport_uring_cancel(struct io_uring_cmd *cmd);
long ipcport_uring_watch(struct ipcport_ucmd *ucmd, struct ipcport_kcall *call);
#else
static inline long ipcport_uring_watch(struct ipcport_ucmd *ucmd, struct ipcport_kcall *call)
{
	return -EOPNOTSUPP;	/* no call comes this way */
}
#endif

#endif /* IPCPORT_URING_H */
