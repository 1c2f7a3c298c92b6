/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The netlink dump of those who wait. See uapi/linux/ipcport_netlink.h.
 */
#ifndef IPCPORT_WAITERS_H
#define IPCPORT_WAITERS_H

#include <net/netlink.h>
#include <uapi/linux/ipcport_netlink.h>

#define IPCPORT_WAITERS_MAXATTR	IPCPORT_A_WAITER_NAME

struct netlink_callback;
struct sk_buff;

extern const struct nla_policy ipcport_waiters_policy[IPCPORT_WAITERS_MAXATTR + 1];

int ipcport_waiters_start(struct netlink_callback *cb);
int ipcport_waiters_dumpit(struct sk_buff *skb, struct netlink_callback *cb);
int ipcport_waiters_done(struct netlink_callback *cb);

#endif /* IPCPORT_WAITERS_H */
