/* SPDX-License-Identifier: GPL-2.0 */
/**
 * DOC: Ioctls
 *
 * One table, one copy in, one copy out. The handlers are in control.c (ports),
 * transfer.c (messages) and exchange.c (calls).
 */
#ifndef IPCPORT_IOCTL_H
#define IPCPORT_IOCTL_H

#include <linux/compiler_types.h>

struct ipcport_door;

long ipcport_ioctl(const struct ipcport_door *door, unsigned int cmd, void __user *arg);

#endif /* IPCPORT_IOCTL_H */
