// SPDX-License-Identifier: GPL-2.0
#include "diag.h"

#include <linux/cred.h>
#include <linux/sched/signal.h>

/**
 * ipcport_diag_init_task() - write down a thread that waits
 * @diag: where to
 * @kind: what it does
 * @task: the thread
 *
 * Context: Any; the caller holds the lock that keeps @task waiting, and alive.
 */
void ipcport_diag_init_task(struct ipcport_diag *diag, enum ipcport_diag_kind kind,
			    struct task_struct *task)
{
	*diag = (struct ipcport_diag) {
		.kind = kind,
		.tgid = get_pid(task_tgid(task)),
		.tid = get_pid(task_pid(task)),
		.uid = task_euid(task),
	};
}
