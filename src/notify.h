/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Events for those who listen on netlink. See uapi/linux/ipcport_netlink.h.
 */
#ifndef IPCPORT_NOTIFY_H
#define IPCPORT_NOTIFY_H

struct ipcport_event;

void ipcport_notify(const struct ipcport_event *event);

int ipcport_notify_init(void);
void ipcport_notify_exit(void);

#endif /* IPCPORT_NOTIFY_H */
