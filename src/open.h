/* SPDX-License-Identifier: GPL-2.0 */
/**
 * DOC: Ioctls on handles and names
 *
 * Handlers; each returns what the ioctl returns. See uapi/linux/ipcport.h.
 */
#ifndef IPCPORT_OPEN_H
#define IPCPORT_OPEN_H

struct ipcport_ucmd;

long ipcport_ioctl_open(struct ipcport_ucmd *ucmd);
long ipcport_ioctl_bind(struct ipcport_ucmd *ucmd);
long ipcport_ioctl_unbind(struct ipcport_ucmd *ucmd);

#endif /* IPCPORT_OPEN_H */
