/* SPDX-License-Identifier: GPL-2.0 */
/**
 * DOC: Owners
 *
 * The process, or the one thread, whose exit ends ports and calls. An owner has a
 * record while it has some, or while a file keeps it, and the record has a token: an
 * open file that nobody but this module ever sees. When the owner exits, a probe on the
 * tracepoint sched_process_exit drops the token with fput(); the file's release then
 * runs as task work of the exiting task, where it may sleep, and before anyone can learn
 * of the exit from waitpid(), a pidfd or SIGCHLD. All teardown is done there.
 *
 * A process is known by its struct pid, which exec keeps and which is not used
 * again while we hold it; a thread by its task_struct, since an exec by another
 * thread than the first exchanges thread ids.
 */
#ifndef IPCPORT_OWNER_H
#define IPCPORT_OWNER_H

#include <linux/types.h>

struct ipcport_group;
struct ipcport_quota;
struct pid;

struct ipcport_group *ipcport_owner_get(bool is_thread);
struct ipcport_group *ipcport_owner_get_kept(struct ipcport_group *file);
struct ipcport_quota *ipcport_owner_quota(struct ipcport_group *group);
struct pid *ipcport_owner_tgid(struct ipcport_group *group);

int ipcport_owner_init(void);
void ipcport_owner_exit(void);

#endif /* IPCPORT_OWNER_H */
