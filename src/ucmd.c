// SPDX-License-Identifier: GPL-2.0
#include "ucmd.h"

#include <linux/err.h>
#include <linux/fs.h>
#include <linux/minmax.h>
#include <linux/uaccess.h>
#include <net/net_namespace.h>

#include "access.h"
#include "clock.h"
#include "port.h"
#include "registry.h"

/**
 * ipcport_ucmd_respond() - write the answer back, as much as the caller has room for
 * @ucmd: the ioctl, with the answer in its copy of the structure
 *
 * Context: Process; may sleep.
 * Return: 0 or -EFAULT.
 */
int ipcport_ucmd_respond(const struct ipcport_ucmd *ucmd)
{
	size_t size = min(ucmd->user_size, ucmd->size);

	return copy_to_user(ucmd->user, ucmd->args, size) ? -EFAULT : 0;
}

/**
 * ipcport_ucmd_get_port() - find a port that the caller may use
 * @ucmd: the ioctl
 * @id: number of the port
 * @mask: how it is to be used; see ipcport_permission()
 *
 * Context: Process.
 * Return: the port with a reference for the caller, or ERR_PTR(-ENOENT or -EACCES).
 */
struct ipcport *ipcport_ucmd_get_port(const struct ipcport_ucmd *ucmd, u64 id, int mask)
{
	struct ipcport *port = ipcport_lookup(ucmd->door->ns, id);
	int ret;

	if (IS_ERR(port))
		return port;
	ret = ipcport_permission(port, ucmd->door->ns->net->user_ns, mask);
	if (ret) {
		ipcport_put(port);
		return ERR_PTR(ret);
	}
	return port;
}

/**
 * ipcport_ucmd_wait() - how long an ioctl may wait
 * @ucmd: the ioctl
 * @is_nonblock: whether it was asked not to wait
 * @deadline_ns: its deadline, as the caller gave it
 *
 * Context: Process.
 * Return: the answer, which also heeds O_NONBLOCK.
 */
struct ipcport_wait ipcport_ucmd_wait(const struct ipcport_ucmd *ucmd, bool is_nonblock,
				      u64 deadline_ns)
{
	return (struct ipcport_wait) {
		.can_wait = !is_nonblock && !(ucmd->door->file->f_flags & O_NONBLOCK),
		.deadline = ipcport_deadline_from_user(deadline_ns),
	};
}
