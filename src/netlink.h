/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The generic netlink family. See uapi/linux/ipcport_netlink.h.
 */
#ifndef IPCPORT_NETLINK_H
#define IPCPORT_NETLINK_H

int ipcport_netlink_init(void);
void ipcport_netlink_exit(void);

#endif /* IPCPORT_NETLINK_H */
