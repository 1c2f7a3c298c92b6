/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Attributes of netlink messages, one function for each kind of object. They write as
 * much as fits, and return -EMSGSIZE if that is not all. See uapi/linux/ipcport_netlink.h.
 */
#ifndef IPCPORT_FILL_H
#define IPCPORT_FILL_H

#include <linux/types.h>

struct ipcport;
struct ipcport_diag;
struct ipcport_event;
struct ipcport_ns;
struct ipcport_snapshot;
struct ipcport_usage;
struct sk_buff;

int ipcport_fill_port(struct sk_buff *skb, struct ipcport *port, u64 generation);
int ipcport_fill_waiter(struct sk_buff *skb, const struct ipcport_diag *diag);
int ipcport_fill_waiter_port(struct sk_buff *skb, const struct ipcport *port,
			     const struct ipcport_snapshot *now);
int ipcport_fill_usage(struct sk_buff *skb, const struct ipcport_usage *usage);
int ipcport_fill_counters(struct sk_buff *skb, struct ipcport_ns *ns);
int ipcport_fill_event(struct sk_buff *skb, const struct ipcport_event *event);

#endif /* IPCPORT_FILL_H */
