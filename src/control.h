/* SPDX-License-Identifier: GPL-2.0 */
/**
 * DOC: Ioctls on ports
 *
 * Handlers; each returns what the ioctl returns. See uapi/linux/ipcport.h.
 */
#ifndef IPCPORT_CONTROL_H
#define IPCPORT_CONTROL_H

struct ipcport_ucmd;

long ipcport_ioctl_version(struct ipcport_ucmd *ucmd);
long ipcport_ioctl_create(struct ipcport_ucmd *ucmd);
long ipcport_ioctl_destroy(struct ipcport_ucmd *ucmd);
long ipcport_ioctl_stat(struct ipcport_ucmd *ucmd);

#endif /* IPCPORT_CONTROL_H */
