/* SPDX-License-Identifier: GPL-2.0 */
#ifndef IPCPORT_IOCTL_H
#define IPCPORT_IOCTL_H

struct file;

long ipcport_ioctl(struct file *file, unsigned int cmd, unsigned long arg);

#endif /* IPCPORT_IOCTL_H */
