// SPDX-License-Identifier: GPL-2.0
#include "ucmd.h"

#include <linux/err.h>
#include <linux/fs.h>
#include <linux/minmax.h>
#include <linux/uaccess.h>
#include <net/net_namespace.h>

#include "access.h"
#include "clock.h"
#include "compat/uring.h"
#include "handle.h"
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
 * ipcport_door_find_port() - find the port that is meant
 * @door: where it was said
 * @id: number of the port; 0 for that of the handle
 *
 * Context: Process.
 * Return: the port with a reference for the caller, or ERR_PTR(-ENOENT or -EINVAL).
 */
struct ipcport *ipcport_door_find_port(const struct ipcport_door *door, u64 id)
{
	if (!door->handle)
		return ipcport_lookup(door->ns, id);
	if (id)
		return ERR_PTR(-EINVAL);
	ipcport_get(door->handle->port);
	return door->handle->port;
}

static int permission(const struct ipcport_door *door, const struct ipcport *port, int mask)
{
	if (!door->handle)
		return ipcport_permission(port, door->ns->net->user_ns, mask);
	return mask & door->handle->mask ? 0 : -EACCES;
}

/**
 * ipcport_door_get_port() - find a port that the caller may use
 * @door: where it is to be used
 * @id: number of the port; 0 for that of the handle
 * @mask: how it is to be used: MAY_READ to receive, MAY_WRITE to send
 *
 * Context: Process.
 * Return: the port with a reference for the caller, or ERR_PTR(-ENOENT, -EINVAL or
 *	-EACCES).
 */
struct ipcport *ipcport_door_get_port(const struct ipcport_door *door, u64 id, int mask)
{
	struct ipcport *port = ipcport_door_find_port(door, id);
	int ret;

	if (IS_ERR(port))
		return port;
	ret = permission(door, port, mask);
	if (ret) {
		ipcport_put(port);
		return ERR_PTR(ret);
	}
	return port;
}

/**
 * ipcport_door_gone() - what to say of a port that has ended
 * @door: where it was to be used
 *
 * Context: Any.
 * Return: -EPIPE if it is known by a handle, or -ENOENT, its number means nothing.
 */
int ipcport_door_gone(const struct ipcport_door *door)
{
	return door->handle ? -EPIPE : -ENOENT;
}

/**
 * ipcport_door_badge() - the mark of what is sent
 * @door: where it is sent through
 *
 * Context: Any.
 * Return: the badge of the handle, or 0.
 */
u64 ipcport_door_badge(const struct ipcport_door *door)
{
	return door->handle ? door->handle->badge : 0;
}

/**
 * ipcport_ucmd_wait() - how long an ioctl may wait
 * @ucmd: the ioctl
 * @is_nonblock: whether it was asked not to wait
 * @deadline_ns: its deadline, as the caller gave it
 *
 * Context: Process.
 * Return: the answer, which also heeds O_NONBLOCK, and io_uring's wish not to wait.
 */
struct ipcport_wait ipcport_ucmd_wait(const struct ipcport_ucmd *ucmd, bool is_nonblock,
				      u64 deadline_ns)
{
	return (struct ipcport_wait) {
		.can_wait = !is_nonblock && !(ucmd->door->file->f_flags & O_NONBLOCK) &&
			    !(ucmd->uring && ucmd->uring->issue_flags & IO_URING_F_NONBLOCK),
		.deadline = ipcport_deadline_from_user(deadline_ns),
	};
}
