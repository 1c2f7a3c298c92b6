/* SPDX-License-Identifier: GPL-2.0 */
/**
 * DOC: Ioctls
 *
 * One table, one copy in, one copy out, whether they are made by ioctl() or, where that
 * makes sense, through io_uring. The handlers are in control.c (ports), open.c (handles and
 * names), transfer.c (messages) and exchange.c (calls).
 */
#ifndef IPCPORT_IOCTL_H
#define IPCPORT_IOCTL_H

#include <linux/compiler_types.h>

struct io_uring_cmd;
struct ipcport_door;

long ipcport_ioctl(const struct ipcport_door *door, unsigned int cmd, void __user *arg);
int ipcport_ioctl_uring(const struct ipcport_door *door, struct io_uring_cmd *cmd,
			unsigned int issue_flags);

#endif /* IPCPORT_IOCTL_H */
