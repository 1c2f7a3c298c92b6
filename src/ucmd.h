/* SPDX-License-Identifier: GPL-2.0 */
/**
 * DOC: Ioctls under way
 *
 * What the handlers of ioctls, and of what is like them, are given and have in common.
 * A handler never touches the caller's structure itself, only our copy of it. It checks
 * everything that it was given before it does anything, and what is inside deals with its
 * own types.
 */
#ifndef IPCPORT_UCMD_H
#define IPCPORT_UCMD_H

#include <linux/types.h>

#include "sleep.h"

struct file;
struct io_uring_cmd;
struct ipcport;
struct ipcport_group;
struct ipcport_handle;
struct ipcport_ns;
struct ipcport_outbox;

/**
 * struct ipcport_door - the file that an ioctl was made on, as far as it matters
 * @ns: where port numbers are looked up, or that of the handle's port
 * @handle: the handle that the file stands for, NULL for a device file
 * @group: group of what ends with the file; used while the ioctl runs
 * @outbox: calls that are outstanding on the file
 * @file: the file itself
 */
struct ipcport_door {
	struct ipcport_ns *ns;
	struct ipcport_handle *handle;
	struct ipcport_group *group;
	struct ipcport_outbox *outbox;
	struct file *file;
};

/**
 * struct ipcport_uring - how an ioctl came that was made through io_uring
 * @cmd: the request
 * @issue_flags: what io_uring says of the context
 */
struct ipcport_uring {
	struct io_uring_cmd *cmd;
	unsigned int issue_flags;
};

/**
 * struct ipcport_ucmd - an ioctl under way, on the stack of the thread that made it
 * @door: where it was made
 * @user: the caller's structure
 * @user_size: its size, as the caller knows it
 * @size: its size, as we know it
 * @args: our copy, completed with zeroes
 * @uring: how it came if that was through io_uring, else NULL
 */
struct ipcport_ucmd {
	const struct ipcport_door *door;
	void __user *user;
	size_t user_size;
	size_t size;
	void *args;
	const struct ipcport_uring *uring;
};

int ipcport_ucmd_respond(const struct ipcport_ucmd *ucmd);
struct ipcport *ipcport_door_find_port(const struct ipcport_door *door, u64 id);
struct ipcport *ipcport_door_get_port(const struct ipcport_door *door, u64 id, int mask);
int ipcport_door_gone(const struct ipcport_door *door);
u64 ipcport_door_badge(const struct ipcport_door *door);
struct ipcport_wait ipcport_ucmd_wait(const struct ipcport_ucmd *ucmd, bool is_nonblock,
				      u64 deadline_ns);

#endif /* IPCPORT_UCMD_H */
