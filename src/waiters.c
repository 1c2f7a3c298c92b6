// SPDX-License-Identifier: GPL-2.0
#include "waiters.h"

#include <linux/errno.h>
#include <linux/sched/signal.h>
#include <linux/skbuff.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "access.h"
#include "callers.h"
#include "compat/netlink.h"
#include "diag.h"
#include "dump.h"
#include "fill.h"
#include "line.h"
#include "name.h"
#include "ns.h"
#include "port.h"
#include "registry.h"

const struct nla_policy ipcport_waiters_policy[IPCPORT_WAITERS_MAXATTR + 1] = {
	[IPCPORT_A_WAITER_PORT]	= { .type = NLA_U64 },
	[IPCPORT_A_WAITER_NAME]	= { .type = NLA_NUL_STRING, .len = IPCPORT_NAME_LEN - 1 },
};

/* Where those who wait are looked for, in this order. */
enum waiter_stage { STAGE_LINE, STAGE_CALLS, STAGE_NAMES };

/**
 * struct waiter_dump - how far a dump of waiters has come
 * @stage: in a port, or after all of them
 * @next: lowest number of a port that may be next, or is under way
 * @is_one_port: whether no other port is asked for, and no name
 * @after: number of the last one that was shown in this stage, or 0
 * @name: name under way
 * @is_one_name: whether no other name is asked for
 * @diags: for those who are written down together
 */
struct waiter_dump {
	enum waiter_stage stage;
	u64 next;
	u64 after;
	char name[IPCPORT_NAME_LEN];
	bool is_one_port;
	bool is_one_name;
	struct ipcport_diag diags[IPCPORT_DIAG_BATCH];
};

/**
 * ipcport_waiters_start() - begin to show who waits
 * @cb: the dump
 *
 * Context: Process; may sleep.
 * Return: 0, -EINVAL or -ENOMEM.
 */
int ipcport_waiters_start(struct netlink_callback *cb)
{
	struct nlattr **attrs = genl_info_dump(cb)->attrs;
	struct nlattr *port = attrs[IPCPORT_A_WAITER_PORT];
	struct nlattr *name = attrs[IPCPORT_A_WAITER_NAME];
	struct waiter_dump *dump;

	if (port && name) {
		NL_SET_ERR_MSG_ATTR(cb->extack, name, "PORT and NAME exclude each other");
		return -EINVAL;
	}
	dump = kzalloc(sizeof(*dump), GFP_KERNEL_ACCOUNT);
	if (!dump)
		return -ENOMEM;
	if (port) {
		dump->next = nla_get_u64(port);
		dump->is_one_port = true;
	}
	if (name) {
		dump->stage = STAGE_NAMES;
		dump->is_one_name = true;
		nla_strscpy(dump->name, name, sizeof(dump->name));
	}
	cb->args[0] = (long)dump;
	ipcport_dump_start(cb);
	return 0;
}

/**
 * ipcport_waiters_done() - end what ipcport_waiters_start() began
 * @cb: the dump
 *
 * Context: Process.
 * Return: 0.
 */
int ipcport_waiters_done(struct netlink_callback *cb)
{
	kfree((void *)cb->args[0]);
	return 0;
}

/* Show one who waits in @port, or for a name if that is NULL. */
static int dump_waiter(struct sk_buff *skb, struct netlink_callback *cb,
		       const struct ipcport_diag *diag, const struct ipcport *port,
		       const struct ipcport_snapshot *now)
{
	void *header = ipcport_dump_open(skb, cb, IPCPORT_CMD_WAITER_GET);
	int ret;

	if (!header)
		return -EMSGSIZE;
	ret = ipcport_fill_waiter(skb, diag);
	if (!ret && port)
		ret = ipcport_fill_waiter_port(skb, port, now);
	return ipcport_dump_close(skb, header, ret);
}

/* One stage of a port. */
static int dump_stage(struct sk_buff *skb, struct netlink_callback *cb, struct ipcport *port,
		      unsigned int (*peek)(struct ipcport *port, u64 after,
					   struct ipcport_diag *diags))
{
	struct ipcport_viewer viewer = ipcport_dump_viewer(cb->skb);
	struct waiter_dump *dump = (struct waiter_dump *)cb->args[0];
	struct ipcport_snapshot now;
	unsigned int nr, i;
	bool may_see;
	int ret = 0;

	may_see = ipcport_dump_may_see(&viewer, port);
	ipcport_snapshot(port, &now);
	do {
		nr = peek(port, dump->after, dump->diags);
		for (i = 0; i < nr && !ret; i++) {
			if (may_see || ipcport_may_see_user(&viewer, dump->diags[i].uid))
				ret = dump_waiter(skb, cb, &dump->diags[i], port, &now);
			if (!ret)
				dump->after = dump->diags[i].nr;
		}
		ipcport_diag_destroy(dump->diags, nr);
		cond_resched();
		if (!ret && fatal_signal_pending(current))
			ret = -EINTR;
	} while (!ret && nr == IPCPORT_DIAG_BATCH);
	return ret;
}

static int dump_waiters(struct sk_buff *skb, struct netlink_callback *cb, struct ipcport *port)
{
	struct waiter_dump *dump = (struct waiter_dump *)cb->args[0];
	int ret;

	if (dump->stage == STAGE_LINE) {
		ret = dump_stage(skb, cb, port, ipcport_line_peek);
		if (ret)
			return ret;
		dump->stage = STAGE_CALLS;
		dump->after = 0;
	}
	return dump_stage(skb, cb, port, ipcport_callers_peek);
}

static int dump_all_waiters(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct waiter_dump *dump = (struct waiter_dump *)cb->args[0];
	struct ipcport_ns *ns = ipcport_dump_ns(cb->skb);
	struct ipcport *port;
	int ret = 0;

	while (!ret && (port = ipcport_lookup_from(ns, dump->next))) {
		if (port->id > dump->next) {
			/* The one that was under way, or asked for, has gone. */
			if (dump->is_one_port) {
				ipcport_put(port);
				break;
			}
			dump->next = port->id;
			dump->stage = STAGE_LINE;
			dump->after = 0;
		}
		ret = dump_waiters(skb, cb, port);
		if (!ret) {
			dump->next = port->id + 1;
			dump->stage = STAGE_LINE;
			dump->after = 0;
		}
		ipcport_put(port);
		if (dump->is_one_port)
			break;
	}
	return ret;
}

static int dump_name_waiters(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct ipcport_viewer viewer = ipcport_dump_viewer(cb->skb);
	struct waiter_dump *dump = (struct waiter_dump *)cb->args[0];
	struct ipcport_ns *ns = ipcport_dump_ns(cb->skb);
	const struct ipcport_diag *diag;
	unsigned int nr, i;
	bool is_more;
	int ret = 0;

	do {
		nr = ipcport_names_peek(&ns->names, dump->name, dump->after, dump->diags);
		is_more = nr == IPCPORT_DIAG_BATCH;
		for (i = 0; i < nr && !ret; i++) {
			diag = &dump->diags[i];
			if (dump->is_one_name && strcmp(diag->name, dump->name)) {
				is_more = false;
				break;
			}
			if (ipcport_may_see_user(&viewer, diag->uid))
				ret = dump_waiter(skb, cb, diag, NULL, NULL);
			if (!ret) {
				dump->after = diag->nr;
				strscpy(dump->name, diag->name, sizeof(dump->name));
			}
		}
		ipcport_diag_destroy(dump->diags, nr);
		cond_resched();
		if (!ret && fatal_signal_pending(current))
			ret = -EINTR;
	} while (!ret && is_more);
	return ret;
}

/**
 * ipcport_waiters_dumpit() - show more of those who wait
 * @skb: where to
 * @cb: the dump
 *
 * Context: Process; may sleep.
 * Return: as ipcport_dump_return().
 */
int ipcport_waiters_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct waiter_dump *dump = (struct waiter_dump *)cb->args[0];
	int ret = 0;

	if (dump->stage != STAGE_NAMES) {
		ret = dump_all_waiters(skb, cb);
		if (!ret) {
			dump->stage = STAGE_NAMES;
			dump->after = 0;
		}
	}
	if (!ret && !dump->is_one_port)
		ret = dump_name_waiters(skb, cb);
	return ipcport_dump_return(skb, cb, ret);
}
