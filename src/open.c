// SPDX-License-Identifier: GPL-2.0
#include "open.h"

#include <linux/build_bug.h>
#include <linux/err.h>
#include <linux/fcntl.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/string.h>
#include <linux/types.h>
#include <net/net_namespace.h>
#include <uapi/linux/ipcport.h>

#include "access.h"
#include "clock.h"
#include "handle.h"
#include "name.h"
#include "port.h"
#include "registry.h"
#include "sleep.h"
#include "ucmd.h"

static_assert(IPCPORT_NAME_SIZE == IPCPORT_NAME_LEN);

/* A name has a zero at its end and after it, and shows as one word or more on a line. */
static int check_name(const u8 *name)
{
	size_t len = strnlen(name, IPCPORT_NAME_SIZE), i;

	if (len == IPCPORT_NAME_SIZE || memchr_inv(name + len, 0, IPCPORT_NAME_SIZE - len))
		return -EINVAL;
	for (i = 0; i < len; i++)
		if (name[i] < 0x20 || name[i] == 0x7f)
			return -EINVAL;
	return 0;
}

/* A port that the caller may say what happens to. */
static struct ipcport *get_own_port(const struct ipcport_door *door, u64 id)
{
	struct ipcport *port = ipcport_door_find_port(door, id);

	if (IS_ERR(port) || ipcport_may_govern(port, door->ns->net->user_ns))
		return port;
	ipcport_put(port);
	return ERR_PTR(-EPERM);
}

long ipcport_ioctl_bind(struct ipcport_ucmd *ucmd)
{
	const struct ipcport_bind *args = ucmd->args;
	struct ipcport *port;
	long ret;

	if (args->flags)
		return -EOPNOTSUPP;
	if (args->__reserved || !args->name[0] || check_name(args->name))
		return -EINVAL;

	port = get_own_port(ucmd->door, args->port);
	if (IS_ERR(port))
		return PTR_ERR(port);
	ret = ipcport_bind(port, args->name);
	ipcport_put(port);
	return ret == -EPIPE ? ipcport_door_gone(ucmd->door) : ret;
}

long ipcport_ioctl_unbind(struct ipcport_ucmd *ucmd)
{
	const struct ipcport_unbind *args = ucmd->args;
	struct ipcport *port;
	long ret;

	if (args->flags)
		return -EOPNOTSUPP;
	if (args->__reserved)
		return -EINVAL;

	port = get_own_port(ucmd->door, args->port);
	if (IS_ERR(port))
		return PTR_ERR(port);
	ret = ipcport_unbind(port);
	ipcport_put(port);
	return ret == -EPIPE ? ipcport_door_gone(ucmd->door) : ret;
}

static int parse_open(const struct ipcport_ucmd *ucmd)
{
	const struct ipcport_open *args = ucmd->args;
	const bool has_name = args->name[0];

	if (args->flags & ~(IPCPORT_OPEN_F_WAIT | IPCPORT_OPEN_F_NONBLOCK))
		return -EOPNOTSUPP;
	if (args->rights & ~(IPCPORT_R_SEND | IPCPORT_R_RECV) || check_name(args->name))
		return -EINVAL;
	if (has_name ? args->port || ucmd->door->handle : args->flags & IPCPORT_OPEN_F_WAIT)
		return -EINVAL;
	return 0;
}

/* May the caller have a handle for @port with the rights in @mask, and this badge? */
static int check_rights(const struct ipcport_door *door, const struct ipcport *port, int mask,
			u64 badge)
{
	struct user_namespace *user_ns = door->ns->net->user_ns;
	int ret = 0;

	if (badge && !ipcport_may_govern(port, user_ns))
		return -EPERM;
	if (door->handle)
		return mask & ~door->handle->mask ? -EACCES : 0;
	if (!mask)
		return ipcport_permission(port, user_ns, MAY_READ | MAY_WRITE);
	/* Each right by itself: with both in one mask, either would be enough. */
	if (mask & MAY_READ)
		ret = ipcport_permission(port, user_ns, MAY_READ);
	if (!ret && mask & MAY_WRITE)
		ret = ipcport_permission(port, user_ns, MAY_WRITE);
	return ret;
}

/* Let @file stand for a new handle. */
static int make_handle(const struct ipcport_ucmd *ucmd, struct ipcport *port, struct file *file)
{
	const struct ipcport_open *args = ucmd->args;
	const struct ipcport_door *door = ucmd->door;
	struct ipcport_handle *handle;
	int ret, mask = 0;

	if (args->rights & IPCPORT_R_RECV)
		mask |= MAY_READ;
	if (args->rights & IPCPORT_R_SEND)
		mask |= MAY_WRITE;
	ret = check_rights(door, port, mask, args->badge);
	if (ret)
		return ret;
	handle = ipcport_handle_alloc(port, mask, args->badge ?: ipcport_door_badge(door));
	if (IS_ERR(handle))
		return PTR_ERR(handle);
	ret = ipcport_handle_publish(handle);
	if (!ret)
		ipcport_hfile_attach(file, handle);
	ipcport_handle_put(handle);	/* the file has its own */
	return ret;
}

static struct ipcport *find_port(const struct ipcport_ucmd *ucmd, const struct ipcport_wait *wait)
{
	const struct ipcport_open *args = ucmd->args;

	if (!args->name[0])
		return ipcport_door_find_port(ucmd->door, args->port);
	return ipcport_lookup_name(&ucmd->door->ns->names, args->name, wait);
}

static int find_and_make_handle(const struct ipcport_ucmd *ucmd, struct file *file)
{
	const struct ipcport_open *args = ucmd->args;
	const struct ipcport_wait wait = {
		.can_wait = args->flags & IPCPORT_OPEN_F_WAIT,
		.deadline = ipcport_deadline_from_user(args->deadline_ns),
	};
	struct ipcport *port;
	int ret;

	/* If the port ends under us, the next one of that name will do. */
	do {
		port = find_port(ucmd, &wait);
		if (IS_ERR(port))
			return PTR_ERR(port);
		ret = make_handle(ucmd, port, file);
		ipcport_put(port);
	} while (ret == -EPIPE && wait.can_wait);
	return ret == -EPIPE ? ipcport_door_gone(ucmd->door) : ret;
}

long ipcport_ioctl_open(struct ipcport_ucmd *ucmd)
{
	const struct ipcport_open *args = ucmd->args;
	struct file *file;
	int fd, ret;

	ret = parse_open(ucmd);
	if (ret)
		return ret;
	fd = get_unused_fd_flags(O_CLOEXEC);
	if (fd < 0)
		return fd;
	file = ipcport_hfile_open(args->flags & IPCPORT_OPEN_F_NONBLOCK);
	if (IS_ERR(file)) {
		ret = PTR_ERR(file);
		goto err_put_fd;
	}
	ret = find_and_make_handle(ucmd, file);
	if (ret)
		goto err_put_file;
	fd_install(fd, file);
	return fd;

err_put_file:
	fput(file);
err_put_fd:
	put_unused_fd(fd);
	return ret;
}
