// SPDX-License-Identifier: GPL-2.0
#include "access.h"

#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/errno.h>
#include <linux/fs.h>
#include <linux/sched/signal.h>

#include "port.h"

/**
 * ipcport_is_owner() - does the current process own a port?
 * @port: the port
 *
 * A thread's port is owned by all threads of its process in this sense.
 *
 * Context: Process.
 * Return: whether it does.
 */
bool ipcport_is_owner(const struct ipcport *port)
{
	return port->tgid == task_tgid(current);
}

/**
 * ipcport_may_govern() - may the current task say what happens to a port?
 * @port: the port
 * @user_ns: user namespace in which CAP_IPC_OWNER overrides that it is the owner's affair
 *
 * Context: Process.
 * Return: whether it may.
 */
bool ipcport_may_govern(const struct ipcport *port, struct user_namespace *user_ns)
{
	return ipcport_is_owner(port) || ns_capable(user_ns, CAP_IPC_OWNER);
}

/**
 * ipcport_permission() - may the current task use a port?
 * @port: the port
 * @user_ns: user namespace in which CAP_IPC_OWNER overrides the mode
 * @mask: MAY_READ to receive, MAY_WRITE to send; both if either is enough
 *
 * The owner process may always, also when it has become another user since.
 *
 * Context: Process.
 * Return: 0 or -EACCES.
 */
int ipcport_permission(const struct ipcport *port, struct user_namespace *user_ns, int mask)
{
	unsigned int mode = port->mode;

	if (ipcport_is_owner(port))
		return 0;
	if (uid_eq(current_euid(), port->uid))
		mode >>= 6;
	else if (in_egroup_p(port->gid))
		mode >>= 3;
	if ((mask & mode) || ns_capable(user_ns, CAP_IPC_OWNER))
		return 0;
	return -EACCES;
}
