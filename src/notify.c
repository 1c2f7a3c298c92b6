// SPDX-License-Identifier: GPL-2.0
#include "notify.h"

#include <linux/build_bug.h>
#include <linux/gfp.h>
#include <linux/net.h>
#include <linux/sched.h>
#include <linux/skbuff.h>
#include <linux/workqueue.h>
#include <net/genetlink.h>
#include <net/net_namespace.h>
#include <net/netns/generic.h>
#include <net/sock.h>
#include <uapi/linux/ipcport_netlink.h>

#include "access.h"
#include "compat/netlink.h"
#include "dump.h"
#include "event.h"
#include "fill.h"

/* Events of a namespace that wait to be sent, and bytes for the attributes of one. */
#define MAX_EVENTS	4096
#define EVENT_SIZE	512

/**
 * struct outlet - events of one network namespace on their way
 * @net: the namespace; it holds this struct		(const after init)
 * @queue: messages with a struct subject in cb, oldest first	(lock: its own)
 * @is_lossy: whether an event had no place in it	(atomic)
 * @work: sends them					(atomic)
 *
 * Whoever causes an event may have others to answer, and must not have to wait for those
 * who listen: they can be many, and anyone can be one of them.
 */
struct outlet {
	struct net *net;
	struct sk_buff_head queue;
	bool is_lossy;
	struct work_struct work;
};

/**
 * struct subject - who may know of an event
 * @uid: who the port belongs to, or who was refused something
 * @gid: group that the port belongs to
 * @mode: permission bits of the port
 * @is_user: whether it is about a user, and no port
 */
struct subject {
	kuid_t uid;
	kgid_t gid;
	umode_t mode;
	bool is_user;
};

/**
 * struct audience - who may know, as netlink asks for each listener
 * @subject: what the event is about
 * @net: where it happened
 */
struct audience {
	struct subject subject;
	struct net *net;
};

static unsigned int outlet_net_id;

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
 * While a listener is in the group it is open, and so is its file: a socket leaves its
 * groups first when it is closed.
 */
static int is_hidden(struct sock *listener, struct sk_buff *skb, void *data)
{
	const struct audience *audience = data;
	const struct subject *subject = &audience->subject;
	const struct ipcport_viewer viewer = {
		.file = listener->sk_socket->file,
		.user_ns = audience->net->user_ns,
	};

	if (subject->is_user)
		return !ipcport_may_see_user(&viewer, subject->uid);
	return !ipcport_may_see(&viewer, subject->uid, subject->gid, subject->mode);
}

static struct subject *skb_to_subject(struct sk_buff *skb)
{
	BUILD_BUG_ON(sizeof(struct subject) > sizeof(skb->cb));
	return (struct subject *)skb->cb;
}

static void send_events(struct work_struct *work)
{
	struct outlet *outlet = container_of(work, struct outlet, work);
	struct audience audience = { .net = outlet->net };
	struct sk_buff *skb;

	while ((skb = skb_dequeue(&outlet->queue))) {
		/* Netlink has its own use for what is in the message. */
		audience.subject = *skb_to_subject(skb);
		genlmsg_multicast_netns_filtered(&ipcport_genl_family, outlet->net, skb, 0, 0,
						 GFP_KERNEL, is_hidden, &audience);
		cond_resched();
	}
	if (xchg(&outlet->is_lossy, false))
		genl_set_err(&ipcport_genl_family, outlet->net, 0, 0, -ENOBUFS);
}

static struct sk_buff *event_to_skb(const struct ipcport_event *event)
{
	struct sk_buff *skb;
	void *header;

	skb = genlmsg_new(EVENT_SIZE, GFP_NOWAIT | __GFP_NOWARN);
	if (!skb)
		return NULL;
	header = genlmsg_put(skb, 0, 0, &ipcport_genl_family, 0, commands[event->kind]);
	if (!header || ipcport_fill_event(skb, event)) {
		nlmsg_free(skb);
		return NULL;
	}
	genlmsg_end(skb, header);
	*skb_to_subject(skb) = (struct subject) {
		.uid = event->uid,
		.gid = event->gid,
		.mode = event->mode,
		.is_user = event->kind == IPCPORT_EVENT_LIMIT_HIT,
	};
	return skb;
}

/**
 * ipcport_notify() - have those who listen and may know told of an event
 * @event: the event
 *
 * If there is no memory or no place for it they get -ENOBUFS instead.
 *
 * Context: Process. Waits for nobody.
 */
void ipcport_notify(const struct ipcport_event *event)
{
	struct outlet *outlet = net_generic(event->net, outlet_net_id);
	struct sk_buff *skb = NULL;

	if (!genl_has_listeners(&ipcport_genl_family, event->net, 0))
		return;
	if (skb_queue_len_lockless(&outlet->queue) < MAX_EVENTS)
		skb = event_to_skb(event);
	if (skb)
		skb_queue_tail(&outlet->queue, skb);
	else
		WRITE_ONCE(outlet->is_lossy, true);
	queue_work(system_unbound_wq, &outlet->work);
}

static int __net_init outlet_init(struct net *net)
{
	struct outlet *outlet = net_generic(net, outlet_net_id);

	outlet->net = net;
	skb_queue_head_init(&outlet->queue);
	INIT_WORK(&outlet->work, send_events);
	return 0;
}

/* No port is left, so there are no more events, and those who still listen get the last. */
static void __net_exit outlet_exit(struct net *net)
{
	struct outlet *outlet = net_generic(net, outlet_net_id);

	flush_work(&outlet->work);
}

static struct pernet_operations outlet_ops = {
	.init = outlet_init,
	.exit = outlet_exit,
	.id = &outlet_net_id,
	.size = sizeof(struct outlet),
};

/**
 * ipcport_notify_init() - make ipcport_notify() usable
 *
 * Context: Process, module init; the family is registered.
 * Return: 0 or -errno.
 */
int ipcport_notify_init(void)
{
	return register_pernet_subsys(&outlet_ops);
}

/**
 * ipcport_notify_exit() - undo ipcport_notify_init()
 *
 * Context: Process, module exit; the family is still registered.
 */
void ipcport_notify_exit(void)
{
	unregister_pernet_subsys(&outlet_ops);
}
