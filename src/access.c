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

static bool may_see_all(const struct ipcport_viewer *viewer)
{
	return file_ns_capable(viewer->file, viewer->user_ns, CAP_IPC_OWNER);
}

/**
 * ipcport_may_see_user() - may a viewer see what a user has and does?
 * @viewer: the viewer
 * @uid: the user
 *
 * Context: Any.
 * Return: whether it may.
 */
bool ipcport_may_see_user(const struct ipcport_viewer *viewer, kuid_t uid)
{
	return uid_eq(viewer->file->f_cred->euid, uid) ||
	       (kuid_has_mapping(viewer->user_ns, uid) && may_see_all(viewer));
}

/* There is no function to ask that of others than the current task. */
static bool is_in_group(const struct cred *cred, kgid_t gid)
{
	const struct cred *old = override_creds(cred);
	bool is_in = in_egroup_p(gid);

	revert_creds(old);
	return is_in;
}

/**
 * ipcport_may_see() - may a viewer see a port?
 * @viewer: the viewer
 * @uid: who the port belongs to
 * @gid: group that it belongs to
 * @mode: its permission bits
 *
 * Context: Any.
 * Return: whether it may.
 */
bool ipcport_may_see(const struct ipcport_viewer *viewer, kuid_t uid, kgid_t gid, umode_t mode)
{
	const struct cred *cred = viewer->file->f_cred;

	if (uid_eq(cred->euid, uid))
		return true;
	if (is_in_group(cred, gid))
		mode >>= 3;
	return mode & 0006 || may_see_all(viewer);
}
