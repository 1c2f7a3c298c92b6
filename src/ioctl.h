/* SPDX-License-Identifier: GPL-2.0 */
#ifndef IPCPORT_IOCTL_H
#define IPCPORT_IOCTL_H

#include <linux/types.h>

struct ipcport_group;
struct ipcport_ns;

/**
 * struct ipcport_door - the file that an ioctl was made on, as far as it matters
 * @ns: where port numbers are looked up
 * @group: group of the ports that are created here; used while the ioctl runs
 * @is_nonblock: whether the file is O_NONBLOCK
 */
struct ipcport_door {
	struct ipcport_ns *ns;
	struct ipcport_group *group;
	bool is_nonblock;
};

long ipcport_ioctl(const struct ipcport_door *door, unsigned int cmd, void __user *arg);

#endif /* IPCPORT_IOCTL_H */
