// SPDX-License-Identifier: GPL-2.0
#include "notify.h"

#include <linux/gfp.h>
#include <linux/net.h>
#include <linux/skbuff.h>
#include <net/genetlink.h>
#include <net/net_namespace.h>
#include <net/sock.h>
#include <uapi/linux/ipcport_netlink.h>

#include "access.h"
#include "compat/netlink.h"
#include "event.h"
#include "fill.h"
#include "netlink.h"

static const u8 commands[] = {
	[IPCPORT_EVENT_CREATED]		= IPCPORT_CMD_CREATED_NTF,
	[IPCPORT_EVENT_DESTROYED]	= IPCPORT_CMD_DESTROYED_NTF,
	[IPCPORT_EVENT_BOUND]		= IPCPORT_CMD_BOUND_NTF,
	[IPCPORT_EVENT_UNBOUND]		= IPCPORT_CMD_UNBOUND_NTF,
	[IPCPORT_EVENT_OWNER_DIED]	= IPCPORT_CMD_OWNER_DIED_NTF,
	[IPCPORT_EVENT_CALL_ABORTED]	= IPCPORT_CMD_CALL_ABORTED_NTF,
	[IPCPORT_EVENT_LIMIT_HIT]	= IPCPORT_CMD_LIMIT_HIT_NTF,
};

/*
 * Called for each listener. While it is in the group it is open, and so is its file: a
 * socket leaves its groups first when it is closed.
 */
static int is_hidden(struct sock *listener, struct sk_buff *skb, void *data)
{
	const struct ipcport_event *event = data;
	const struct ipcport_viewer viewer = {
		.file = listener->sk_socket->file,
		.user_ns = event->net->user_ns,
	};

	if (event->kind == IPCPORT_EVENT_LIMIT_HIT)
		return !ipcport_may_see_user(&viewer, event->uid);
	return !ipcport_may_see(&viewer, event->uid, event->gid, event->mode);
}

static struct sk_buff *event_to_skb(const struct ipcport_event *event)
{
	struct sk_buff *skb;
	void *header;

	skb = genlmsg_new(NLMSG_DEFAULT_SIZE, GFP_KERNEL);
	if (!skb)
		return NULL;
	header = genlmsg_put(skb, 0, 0, &ipcport_genl_family, 0, commands[event->kind]);
	if (!header || ipcport_fill_event(skb, event)) {
		nlmsg_free(skb);
		return NULL;
	}
	genlmsg_end(skb, header);
	return skb;
}

/**
 * ipcport_notify() - tell an event to those who listen and may know
 * @event: the event
 *
 * Those who would miss it, for want of memory, get -ENOBUFS instead.
 *
 * Context: Process; may sleep.
 */
void ipcport_notify(const struct ipcport_event *event)
{
	struct sk_buff *skb;

	if (!genl_has_listeners(&ipcport_genl_family, event->net, 0))
		return;
	skb = event_to_skb(event);
	if (skb)
		genlmsg_multicast_netns_filtered(&ipcport_genl_family, event->net, skb, 0, 0,
						 GFP_KERNEL, is_hidden, (void *)event);
	else
		genl_set_err(&ipcport_genl_family, event->net, 0, 0, -ENOBUFS);
}
