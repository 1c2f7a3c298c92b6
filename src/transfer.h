/* SPDX-License-Identifier: GPL-2.0 */
/**
 * DOC: Messages in and out
 *
 * Handlers of the ioctls on messages, each of which returns what the ioctl returns (see
 * uapi/linux/ipcport.h); and what they have in common with read() and write().
 */
#ifndef IPCPORT_TRANSFER_H
#define IPCPORT_TRANSFER_H

#include <linux/types.h>

struct cred;
struct iov_iter;
struct ipcport;
struct ipcport_cargo;
struct ipcport_receiver;
struct ipcport_ucmd;
struct ipcport_wait;

int ipcport_send_iter(struct ipcport *port, struct iov_iter *from, u64 badge,
		      const struct cred *cred, struct ipcport_cargo *cargo,
		      const struct ipcport_wait *wait);
int ipcport_recv_iter(struct ipcport_receiver *receiver, struct iov_iter *to,
		      const struct ipcport_wait *wait);

long ipcport_ioctl_send(struct ipcport_ucmd *ucmd);
long ipcport_ioctl_recv(struct ipcport_ucmd *ucmd);

#endif /* IPCPORT_TRANSFER_H */
