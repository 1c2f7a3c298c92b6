/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Generic netlink as newer kernels have it; Kbuild looks what is there. Before Linux 6.8 an
 * event goes to all listeners or to none, so there only who may know of all may listen.
 */
#ifndef IPCPORT_COMPAT_NETLINK_H
#define IPCPORT_COMPAT_NETLINK_H

#include <linux/netlink.h>
#include <net/genetlink.h>

#if !IPCPORT_HAS_GENL_INFO_DUMP
#define genl_info_dump(cb)	genl_dumpit_info(cb)
#endif

#if IPCPORT_HAS_NETLINK_FILTER
#define IPCPORT_LISTENER_FLAGS	0
#else
#define IPCPORT_LISTENER_FLAGS	GENL_MCAST_CAP_NET_ADMIN

static inline int genlmsg_multicast_netns_filtered(const struct genl_family *family,
						   struct net *net, struct sk_buff *skb,
						   u32 portid, unsigned int group, gfp_t flags,
						   int (*filter)(struct sock *dsk,
								 struct sk_buff *skb,
								 void *data),
						   void *filter_data)
{
	return genlmsg_multicast_netns(family, net, skb, portid, group, flags);
}
#endif

#endif /* IPCPORT_COMPAT_NETLINK_H */
