// SPDX-License-Identifier: GPL-2.0
#include "waiters.h"

#include <linux/errno.h>
#include <linux/mm.h>
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
#include "token.h"

const struct nla_policy ipcport_waiters_policy[IPCPORT_WAITERS_MAXATTR + 1] = {
	[IPCPORT_A_WAITER_PORT]	= { .type = NLA_U64 },
	[IPCPORT_A_WAITER_NAME]	= NLA_POLICY_VALIDATE_FN(NLA_NUL_STRING, ipcport_dump_check_name),
};

/* Where those who wait are looked for, in this order. */
enum waiter_stage { STAGE_LINE, STAGE_CALLS, STAGE_NAMES };

/**
 * struct waiter_dump - how far a dump of waiters has come; netlink lets one thread at a time
 *	go on with it. It ends with those who were there when it began: others may come faster
 *	than it goes on.
 * @stage: in a port, or after all of them
 * @next: lowest number of a port that may be next, or is under way
 * @last: highest number of a port that is asked for
 * @last_wait: highest number of one who waited in that line when it was begun
 * @last_token: highest token of a call when the dump began
 * @last_name_wait: highest number of one who waited for a name when the dump began
 * @is_one_port: whether no other port is asked for, and no name
 * @after: number of the last one that was shown in this stage, or 0
 * @name: name under way
 * @is_one_name: whether no other name is asked for
 * @diags: for those who are written down together
 */
struct waiter_dump {
	enum waiter_stage stage;
	u64 next;
	u64 last;
	u64 last_wait;
	u64 last_token;
	u64 last_name_wait;
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
	dump = kvzalloc(sizeof(*dump), GFP_KERNEL_ACCOUNT);
	if (!dump)
		return -ENOMEM;
	dump->last = ipcport_last_id();
	dump->last_token = ipcport_token_last();
	dump->last_name_wait = ipcport_names_nr_waits(&ipcport_dump_ns(cb->skb)->names);
	if (port) {
		dump->next = nla_get_u64(port);
		dump->last = dump->next;
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
	kvfree((void *)cb->args[0]);
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

/* One stage of a port, up to number @last. */
static int dump_stage(struct sk_buff *skb, struct netlink_callback *cb, struct ipcport *port,
		      const struct ipcport_snapshot *now, u64 last,
		      unsigned int (*peek)(struct ipcport *port, u64 after,
					   struct ipcport_diag *diags))
{
	struct ipcport_viewer viewer = ipcport_dump_viewer(cb->skb);
	struct waiter_dump *dump = (struct waiter_dump *)cb->args[0];
	bool may_see = ipcport_dump_may_see(&viewer, port);
	const struct ipcport_diag *diag;
	unsigned int nr, i;
	int ret = 0;

	do {
		nr = peek(port, dump->after, dump->diags);
		for (i = 0; i < nr && !ret; i++) {
			diag = &dump->diags[i];
			if (diag->nr <= last &&
			    (may_see || ipcport_may_see_user(&viewer, diag->uid)))
				ret = dump_waiter(skb, cb, diag, port, now);
			if (!ret)
				dump->after = diag->nr;
		}
		ipcport_diag_destroy(dump->diags, nr);
		cond_resched();
		if (!ret && fatal_signal_pending(current))
			ret = -EINTR;
	} while (!ret && nr == IPCPORT_DIAG_BATCH && dump->after < last);
	return ret;
}

static int dump_waiters(struct sk_buff *skb, struct netlink_callback *cb, struct ipcport *port)
{
	struct waiter_dump *dump = (struct waiter_dump *)cb->args[0];
	struct ipcport_snapshot now;
	int ret = 0;

	ipcport_snapshot(port, &now);
	if (dump->stage == STAGE_LINE) {
		if (!dump->after)
			dump->last_wait = now.nr_waits;
		if (now.nr_senders || now.nr_receivers)
			ret = dump_stage(skb, cb, port, &now, dump->last_wait,
					 ipcport_line_peek);
		if (ret)
			return ret;
		dump->stage = STAGE_CALLS;
		dump->after = 0;
	}
	if (!now.nr_calls)
		return 0;
	return dump_stage(skb, cb, port, &now, dump->last_token, ipcport_callers_peek);
}

static void begin_port(struct waiter_dump *dump, u64 id)
{
	dump->next = id;
	dump->stage = STAGE_LINE;
	dump->after = 0;
}

static int dump_all_waiters(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct waiter_dump *dump = (struct waiter_dump *)cb->args[0];
	struct ipcport_ns *ns = ipcport_dump_ns(cb->skb);
	struct ipcport *port;
	int ret = 0;

	while (!ret && dump->next <= dump->last && (port = ipcport_lookup_from(ns, dump->next))) {
		/* The one that was under way may have gone. */
		if (port->id > dump->next)
			begin_port(dump, port->id);
		if (port->id <= dump->last)
			ret = dump_waiters(skb, cb, port);
		if (!ret)
			begin_port(dump, port->id + 1);
		ipcport_put(port);
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
			if (diag->nr <= dump->last_name_wait &&
			    ipcport_may_see_user(&viewer, diag->uid))
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
