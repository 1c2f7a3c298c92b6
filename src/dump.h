/* SPDX-License-Identifier: GPL-2.0 */
/**
 * DOC: Dumps
 *
 * What requests on netlink have in common: whose they are, where they look, and how
 * the messages of a dump begin and end. A change among ports and names, between two
 * messages of a dump, is told by the next one.
 */
#ifndef IPCPORT_DUMP_H
#define IPCPORT_DUMP_H

#include <linux/types.h>

struct genl_family;
struct ipcport;
struct ipcport_ns;
struct ipcport_viewer;
struct netlink_callback;
struct netlink_ext_ack;
struct nlattr;
struct sk_buff;

/* Whose messages they are: netlink.c */
extern struct genl_family ipcport_genl_family;

int ipcport_dump_check_name(const struct nlattr *attr, struct netlink_ext_ack *extack);
struct ipcport_ns *ipcport_dump_ns(const struct sk_buff *request);
struct ipcport_viewer ipcport_dump_viewer(const struct sk_buff *request);
bool ipcport_dump_may_see(const struct ipcport_viewer *viewer, const struct ipcport *port);
u64 ipcport_dump_generation(const struct sk_buff *request);

void ipcport_dump_start(struct netlink_callback *cb);
void *ipcport_dump_open(struct sk_buff *skb, struct netlink_callback *cb, u8 command);
int ipcport_dump_close(struct sk_buff *skb, void *header, int ret);
int ipcport_dump_return(const struct sk_buff *skb, struct netlink_callback *cb, int ret);

#endif /* IPCPORT_DUMP_H */
