/* SPDX-License-Identifier: GPL-2.0 */
/**
 * DOC: Ioctls on calls
 *
 * Handlers; each returns what the ioctl returns. See uapi/linux/ipcport.h.
 */
#ifndef IPCPORT_EXCHANGE_H
#define IPCPORT_EXCHANGE_H

struct ipcport_ucmd;

long ipcport_ioctl_call(struct ipcport_ucmd *ucmd);
long ipcport_ioctl_reply(struct ipcport_ucmd *ucmd);
long ipcport_ioctl_reply_recv(struct ipcport_ucmd *ucmd);
long ipcport_ioctl_cancel(struct ipcport_ucmd *ucmd);

#endif /* IPCPORT_EXCHANGE_H */
