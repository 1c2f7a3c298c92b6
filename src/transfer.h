/* SPDX-License-Identifier: GPL-2.0 */
/**
 * DOC: Ioctls on messages
 *
 * Handlers; each returns what the ioctl returns. See uapi/linux/ipcport.h.
 */
#ifndef IPCPORT_TRANSFER_H
#define IPCPORT_TRANSFER_H

struct ipcport_ucmd;

long ipcport_ioctl_send(struct ipcport_ucmd *ucmd);
long ipcport_ioctl_recv(struct ipcport_ucmd *ucmd);

#endif /* IPCPORT_TRANSFER_H */
