// SPDX-License-Identifier: GPL-2.0
#include "netlink.h"

#include <linux/array_size.h>
#include <linux/build_bug.h>
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/init.h>
#include <linux/module.h>
#include <linux/sched/signal.h>
#include <linux/skbuff.h>
#include <linux/uidgid.h>
#include <net/net_namespace.h>
#include <net/sock.h>
#include <uapi/linux/ipcport_netlink.h>

#include "access.h"
#include "compat/netlink.h"
#include "dump.h"
#include "event.h"
#include "fill.h"
#include "limits.h"
#include "name.h"
#include "notify.h"
#include "ns.h"
#include "port.h"
#include "registry.h"
#include "sleep.h"
#include "waiters.h"

static const struct nla_policy port_policy[] = {
	[IPCPORT_A_PORT_ID]	= { .type = NLA_U64 },
	[IPCPORT_A_PORT_NAME]	= NLA_POLICY_VALIDATE_FN(NLA_NUL_STRING, ipcport_dump_check_name),
};

static const struct nla_policy user_policy[] = {
	[IPCPORT_A_USER_UID]	= { .type = NLA_U32 },
};

/**
 * struct port_dump - how far a dump of ports has come, in netlink_callback.ctx; netlink lets
 *	one thread at a time go on with it
 * @next: lowest number of a port that may be next
 * @last: highest number of a port when it began; ports may come faster than it goes on
 * @generation: of the namespace when it began
 */
struct port_dump {
	u64 next;
	u64 last;
	u64 generation;
};

/* Begin the answer to a request. */
static struct sk_buff *answer_new(const struct genl_info *info, u8 command, void **header)
{
	struct sk_buff *skb = genlmsg_new(NLMSG_GOODSIZE, GFP_KERNEL);

	if (!skb)
		return NULL;
	*header = genlmsg_put(skb, info->snd_portid, info->snd_seq, &ipcport_genl_family, 0,
			      command);
	return skb;
}

/* Send it; @ret says whether it could be filled. */
static int answer(struct sk_buff *skb, struct genl_info *info, void *header, int ret)
{
	if (ret) {
		nlmsg_free(skb);
		return ret;
	}
	genlmsg_end(skb, header);
	return genlmsg_reply(skb, info);
}

/* The one port that is asked for, if the asker may see it. */
static struct ipcport *find_port(const struct sk_buff *request, struct genl_info *info)
{
	static const struct ipcport_wait at_once = { .can_wait = false };
	struct ipcport_viewer viewer = ipcport_dump_viewer(request);
	struct nlattr *id = info->attrs[IPCPORT_A_PORT_ID];
	struct nlattr *name = info->attrs[IPCPORT_A_PORT_NAME];
	struct ipcport_ns *ns = ipcport_dump_ns(request);
	struct ipcport *port;

	if (!id == !name) {
		NL_SET_ERR_MSG(info->extack, "one of ID and NAME is needed");
		return ERR_PTR(-EINVAL);
	}
	if (id)
		port = ipcport_lookup(ns, nla_get_u64(id));
	else
		port = ipcport_lookup_name(&ns->names, nla_data(name), &at_once);
	if (!IS_ERR(port) && !ipcport_dump_may_see(&viewer, port)) {
		ipcport_put(port);
		port = ERR_PTR(-ENOENT);
	}
	if (IS_ERR(port))
		NL_SET_ERR_MSG_ATTR(info->extack, id ?: name, "no such port that you may see");
	return port;
}

static int port_get_doit(struct sk_buff *request, struct genl_info *info)
{
	u64 generation = ipcport_dump_generation(request);
	struct ipcport *port;
	struct sk_buff *skb;
	void *header;
	int ret;

	port = find_port(request, info);
	if (IS_ERR(port))
		return PTR_ERR(port);
	skb = answer_new(info, IPCPORT_CMD_PORT_GET, &header);
	if (skb)
		ret = answer(skb, info, header, ipcport_fill_port(skb, port, generation));
	else
		ret = -ENOMEM;
	ipcport_put(port);
	return ret;
}

/* A dump of all takes no attribute. */
static int refuse_attrs(struct netlink_callback *cb, int max)
{
	struct nlattr **attrs = genl_info_dump(cb)->attrs;
	int i;

	for (i = 1; i <= max; i++) {
		if (attrs[i]) {
			NL_SET_ERR_MSG_ATTR(cb->extack, attrs[i], "a dump shows all");
			return -EINVAL;
		}
	}
	return 0;
}

static int port_get_start(struct netlink_callback *cb)
{
	struct port_dump *dump = (struct port_dump *)cb->ctx;

	BUILD_BUG_ON(sizeof(*dump) > sizeof(cb->ctx));
	dump->next = 0;
	dump->last = ipcport_last_id();
	dump->generation = ipcport_dump_generation(cb->skb);
	ipcport_dump_start(cb);
	return refuse_attrs(cb, ARRAY_SIZE(port_policy) - 1);
}

static int dump_port(struct sk_buff *skb, struct netlink_callback *cb, struct ipcport *port)
{
	const struct port_dump *dump = (const struct port_dump *)cb->ctx;
	void *header = ipcport_dump_open(skb, cb, IPCPORT_CMD_PORT_GET);

	if (!header)
		return -EMSGSIZE;
	return ipcport_dump_close(skb, header, ipcport_fill_port(skb, port, dump->generation));
}

static int port_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct ipcport_viewer viewer = ipcport_dump_viewer(cb->skb);
	struct port_dump *dump = (struct port_dump *)cb->ctx;
	struct ipcport_ns *ns = ipcport_dump_ns(cb->skb);
	struct ipcport *port;
	int ret = 0;

	while (!ret && dump->next <= dump->last &&
	       (port = ipcport_lookup_from(ns, dump->next))) {
		if (port->id <= dump->last && ipcport_dump_may_see(&viewer, port))
			ret = dump_port(skb, cb, port);
		if (!ret)
			dump->next = port->id + 1;
		ipcport_put(port);
		/* There may be many that are not for this viewer. */
		cond_resched();
		if (!ret && fatal_signal_pending(current))
			ret = -EINTR;
	}
	return ipcport_dump_return(skb, cb, ret);
}

static int user_get_doit(struct sk_buff *request, struct genl_info *info)
{
	struct ipcport_viewer viewer = ipcport_dump_viewer(request);
	struct nlattr *attr = info->attrs[IPCPORT_A_USER_UID];
	struct ipcport_usage usage;
	struct sk_buff *skb;
	void *header;
	kuid_t uid;

	uid = attr ? make_kuid(current_user_ns(), nla_get_u32(attr)) : viewer.file->f_cred->euid;
	if (!uid_valid(uid) || !ipcport_may_see_user(&viewer, uid)) {
		NL_SET_ERR_MSG_ATTR(info->extack, attr, "no such user that you may see");
		return -ENOENT;
	}
	/* Who holds nothing has no record. */
	if (!ipcport_user_peek(__kuid_val(uid), &usage) || !uid_eq(usage.uid, uid))
		usage = (struct ipcport_usage) { .uid = uid };
	skb = answer_new(info, IPCPORT_CMD_USER_GET, &header);
	if (!skb)
		return -ENOMEM;
	return answer(skb, info, header, ipcport_fill_usage(skb, &usage));
}

static int user_get_start(struct netlink_callback *cb)
{
	cb->args[0] = 0;
	return refuse_attrs(cb, ARRAY_SIZE(user_policy) - 1);
}

static int dump_user(struct sk_buff *skb, struct netlink_callback *cb,
		     const struct ipcport_usage *usage)
{
	void *header = ipcport_dump_open(skb, cb, IPCPORT_CMD_USER_GET);

	if (!header)
		return -EMSGSIZE;
	return ipcport_dump_close(skb, header, ipcport_fill_usage(skb, usage));
}

static int user_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct ipcport_viewer viewer = ipcport_dump_viewer(cb->skb);
	struct ipcport_usage usage;
	int ret = 0;

	/* args[0] is the lowest uid that may be next; there is none as high as its type. */
	while (!ret && ipcport_user_peek(cb->args[0], &usage)) {
		if (ipcport_may_see_user(&viewer, usage.uid))
			ret = dump_user(skb, cb, &usage);
		if (!ret)
			cb->args[0] = __kuid_val(usage.uid) + 1;
		cond_resched();
		if (!ret && fatal_signal_pending(current))
			ret = -EINTR;
	}
	return ipcport_dump_return(skb, cb, ret);
}

static int counters_get_doit(struct sk_buff *request, struct genl_info *info)
{
	struct sk_buff *skb;
	void *header;

	skb = answer_new(info, IPCPORT_CMD_COUNTERS_GET, &header);
	if (!skb)
		return -ENOMEM;
	return answer(skb, info, header,
		      ipcport_fill_counters(skb, ipcport_dump_ns(request)));
}

/* All may ask; what they are shown depends on who they are. */
static const struct genl_ops ops[] = {
	{
		.cmd = IPCPORT_CMD_PORT_GET,
		.policy = port_policy,
		.maxattr = ARRAY_SIZE(port_policy) - 1,
		.doit = port_get_doit,
		.start = port_get_start,
		.dumpit = port_get_dumpit,
	},
	{
		.cmd = IPCPORT_CMD_WAITER_GET,
		.policy = ipcport_waiters_policy,
		.maxattr = IPCPORT_WAITERS_MAXATTR,
		.start = ipcport_waiters_start,
		.dumpit = ipcport_waiters_dumpit,
		.done = ipcport_waiters_done,
	},
	{
		.cmd = IPCPORT_CMD_USER_GET,
		.policy = user_policy,
		.maxattr = ARRAY_SIZE(user_policy) - 1,
		.doit = user_get_doit,
		.start = user_get_start,
		.dumpit = user_get_dumpit,
	},
	{
		.cmd = IPCPORT_CMD_COUNTERS_GET,
		.doit = counters_get_doit,
	},
};

static const struct genl_multicast_group groups[] = {
	{ .name = IPCPORT_GENL_GROUP_PORTS, .flags = IPCPORT_LISTENER_FLAGS },
};

struct genl_family ipcport_genl_family __ro_after_init = {
	.name = IPCPORT_GENL_NAME,
	.version = IPCPORT_GENL_VERSION,
	.netnsok = true,
	.parallel_ops = true,
	.module = THIS_MODULE,
	.ops = ops,
	.n_ops = ARRAY_SIZE(ops),
	.mcgrps = groups,
	.n_mcgrps = ARRAY_SIZE(groups),
};

/**
 * ipcport_netlink_init() - answer requests, and tell of events from now on
 *
 * Context: Process, module init; nothing happens yet.
 * Return: 0 or -errno.
 */
int ipcport_netlink_init(void)
{
	int ret;

	ret = genl_register_family(&ipcport_genl_family);
	if (ret)
		return ret;
	ret = ipcport_notify_init();
	if (ret)
		goto err_unregister;
	ipcport_listen(ipcport_notify);
	return 0;

err_unregister:
	genl_unregister_family(&ipcport_genl_family);
	return ret;
}

/**
 * ipcport_netlink_exit() - undo ipcport_netlink_init()
 *
 * Context: Process, module exit; nothing happens any more.
 */
void ipcport_netlink_exit(void)
{
	ipcport_listen(NULL);
	ipcport_notify_exit();
	genl_unregister_family(&ipcport_genl_family);
}
