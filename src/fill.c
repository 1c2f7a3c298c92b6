// SPDX-License-Identifier: GPL-2.0
#include "fill.h"

#include <linux/build_bug.h>
#include <linux/cred.h>
#include <linux/errno.h>
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/skbuff.h>
#include <linux/uidgid.h>
#include <net/net_namespace.h>
#include <net/netlink.h>
#include <uapi/linux/ipcport.h>
#include <uapi/linux/ipcport_netlink.h>

#include "clock.h"
#include "diag.h"
#include "event.h"
#include "limits.h"
#include "ns.h"
#include "port.h"
#include "registry.h"
#include "tally.h"

/* What is inside has the numbers of the interface; see also put_tallies(). */
static_assert((int)IPCPORT_DIAG_SEND == IPCPORT_WAIT_SEND);
static_assert((int)IPCPORT_DIAG_RECV == IPCPORT_WAIT_RECV);
static_assert((int)IPCPORT_DIAG_CALL_SPACE == IPCPORT_WAIT_CALL_SPACE);
static_assert((int)IPCPORT_DIAG_CALL_QUEUED == IPCPORT_WAIT_CALL_QUEUED);
static_assert((int)IPCPORT_DIAG_CALL_RECEIVED == IPCPORT_WAIT_CALL_RECEIVED);
static_assert((int)IPCPORT_DIAG_NAME == IPCPORT_WAIT_NAME);
static_assert((int)IPCPORT_CAUSE_DESTROY == IPCPORT_PORT_CAUSE_DESTROY);
static_assert((int)IPCPORT_CAUSE_EXIT == IPCPORT_PORT_CAUSE_EXIT);
static_assert((int)IPCPORT_CAUSE_CLOSE == IPCPORT_PORT_CAUSE_CLOSE);

#define TALLY_TO_ATTR	IPCPORT_A_COUNTERS_SENT

static_assert(IPCPORT_TALLY_SENT + TALLY_TO_ATTR == (int)IPCPORT_A_COUNTERS_SENT);
static_assert(IPCPORT_TALLY_CALLS + TALLY_TO_ATTR == (int)IPCPORT_A_COUNTERS_CALLS);
static_assert(IPCPORT_TALLY_CALLER_GONE + TALLY_TO_ATTR == (int)IPCPORT_A_COUNTERS_CALLER_GONE);
static_assert(IPCPORT_TALLY_CREATED + TALLY_TO_ATTR == (int)IPCPORT_A_COUNTERS_CREATED);
static_assert(IPCPORT_TALLY_ENDED + TALLY_TO_ATTR == (int)IPCPORT_A_COUNTERS_DESTROYED);
static_assert(IPCPORT_NR_TALLIES + TALLY_TO_ATTR - 1 == (int)IPCPORT_A_COUNTERS_MAX);

/* A process or thread as the reader knows it. */
static int put_pid_nr(struct sk_buff *skb, int attr, struct pid *pid)
{
	return nla_put_u32(skb, attr, pid_nr_ns(pid, task_active_pid_ns(current)));
}

/* What it is called now; nothing if the reader does not know it, or it has gone. */
static int put_comm(struct sk_buff *skb, int attr, struct pid *pid)
{
	char comm[TASK_COMM_LEN];
	struct task_struct *task;

	if (!pid_nr_ns(pid, task_active_pid_ns(current)))
		return 0;
	rcu_read_lock();
	task = pid_task(pid, PIDTYPE_PID);
	if (task)
		get_task_comm(comm, task);
	rcu_read_unlock();
	return task ? nla_put_string(skb, attr, comm) : 0;
}

static int put_name(struct sk_buff *skb, int attr, const char *name)
{
	return name[0] ? nla_put_string(skb, attr, name) : 0;
}

static int put_port_tallies(struct sk_buff *skb, const struct ipcport_snapshot *now)
{
	struct nlattr *nest = nla_nest_start(skb, IPCPORT_A_PORT_COUNTERS);
	enum ipcport_tally tally;

	if (!nest)
		return -EMSGSIZE;
	for (tally = 0; tally < IPCPORT_NR_PORT_TALLIES; tally++)
		if (nla_put_u64_64bit(skb, tally + TALLY_TO_ATTR, now->tallies[tally],
				      IPCPORT_A_COUNTERS_PAD))
			return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static u32 port_flags(const struct ipcport *port)
{
	u32 flags = 0;

	if (port->task)
		flags |= IPCPORT_CREATE_F_OWNER_THREAD;
	if (port->is_notifying)
		flags |= IPCPORT_CREATE_F_NOTIFY_ABORT;
	if (port->no_senders)
		flags |= IPCPORT_CREATE_F_NOTIFY_NO_SENDERS;
	if (port->takes_cargo)
		flags |= IPCPORT_CREATE_F_CARGO;
	return flags;
}

static int put_port_owner(struct sk_buff *skb, const struct ipcport *port)
{
	struct user_namespace *user_ns = current_user_ns();

	if (put_pid_nr(skb, IPCPORT_A_PORT_OWNER_PID, port->tgid) ||
	    put_comm(skb, IPCPORT_A_PORT_OWNER_COMM, port->tgid) ||
	    nla_put_u32(skb, IPCPORT_A_PORT_UID, from_kuid_munged(user_ns, port->uid)) ||
	    nla_put_u32(skb, IPCPORT_A_PORT_GID, from_kgid_munged(user_ns, port->gid)))
		return -EMSGSIZE;
	if (!port->task)
		return 0;
	return nla_put_u32(skb, IPCPORT_A_PORT_OWNER_TID,
			   task_pid_nr_ns(port->task, task_active_pid_ns(current)));
}

/**
 * ipcport_fill_port() - show a port
 * @skb: where to
 * @port: the port
 * @generation: changes among ports and names before it was looked up
 *
 * Context: Process. Takes and releases the port's lock.
 * Return: 0 or -EMSGSIZE.
 */
int ipcport_fill_port(struct sk_buff *skb, struct ipcport *port, u64 generation)
{
	struct ipcport_snapshot now;

	ipcport_snapshot(port, &now);
	if (nla_put_u64_64bit(skb, IPCPORT_A_PORT_ID, port->id, IPCPORT_A_PORT_PAD) ||
	    put_name(skb, IPCPORT_A_PORT_NAME, now.name) ||
	    put_port_owner(skb, port) ||
	    nla_put_u32(skb, IPCPORT_A_PORT_MODE, port->mode) ||
	    nla_put_u32(skb, IPCPORT_A_PORT_FLAGS, port_flags(port)) ||
	    nla_put_u32(skb, IPCPORT_A_PORT_CAPACITY, port->capacity) ||
	    nla_put_u32(skb, IPCPORT_A_PORT_DEPTH, now.depth) ||
	    nla_put_u32(skb, IPCPORT_A_PORT_SENDERS, now.nr_senders) ||
	    nla_put_u32(skb, IPCPORT_A_PORT_RECEIVERS, now.nr_receivers) ||
	    nla_put_u32(skb, IPCPORT_A_PORT_CALLS, now.nr_calls) ||
	    nla_put_u32(skb, IPCPORT_A_PORT_SEND_HANDLES, now.nr_send_handles) ||
	    nla_put_u32(skb, IPCPORT_A_PORT_RECV_HANDLES, now.nr_recv_handles) ||
	    nla_put_u64_64bit(skb, IPCPORT_A_PORT_CREATED,
			      ipcport_time_to_user(port->created_ns), IPCPORT_A_PORT_PAD) ||
	    nla_put_u64_64bit(skb, IPCPORT_A_PORT_GENERATION, generation, IPCPORT_A_PORT_PAD))
		return -EMSGSIZE;
	return put_port_tallies(skb, &now);
}

/**
 * ipcport_fill_waiter() - show one who waits
 * @skb: where to
 * @diag: what was written down of it
 *
 * Context: Process.
 * Return: 0 or -EMSGSIZE.
 */
int ipcport_fill_waiter(struct sk_buff *skb, const struct ipcport_diag *diag)
{
	bool is_call = diag->kind == IPCPORT_DIAG_CALL_QUEUED ||
		       diag->kind == IPCPORT_DIAG_CALL_RECEIVED;

	if (nla_put_u32(skb, IPCPORT_A_WAITER_KIND, diag->kind) ||
	    put_pid_nr(skb, IPCPORT_A_WAITER_PID, diag->tgid) ||
	    put_pid_nr(skb, IPCPORT_A_WAITER_TID, diag->tid) ||
	    put_comm(skb, IPCPORT_A_WAITER_COMM, diag->tid) ||
	    nla_put_u32(skb, IPCPORT_A_WAITER_UID,
			from_kuid_munged(current_user_ns(), diag->uid)) ||
	    nla_put_u64_64bit(skb, IPCPORT_A_WAITER_SINCE, ipcport_time_to_user(diag->since_ns),
			      IPCPORT_A_WAITER_PAD) ||
	    put_name(skb, IPCPORT_A_WAITER_NAME, diag->name) ||
	    (is_call && nla_put_u64_64bit(skb, IPCPORT_A_WAITER_TOKEN, diag->nr,
					  IPCPORT_A_WAITER_PAD)) ||
	    (diag->is_async && nla_put_flag(skb, IPCPORT_A_WAITER_IS_ASYNC)))
		return -EMSGSIZE;
	if (!diag->holder)
		return 0;
	if (put_pid_nr(skb, IPCPORT_A_WAITER_HOLDER_PID, diag->holder))
		return -EMSGSIZE;
	return put_comm(skb, IPCPORT_A_WAITER_HOLDER_COMM, diag->holder);
}

/**
 * ipcport_fill_waiter_port() - show in which port one waits
 * @skb: where to
 * @port: the port
 * @now: what it is like
 *
 * Context: Process.
 * Return: 0 or -EMSGSIZE.
 */
int ipcport_fill_waiter_port(struct sk_buff *skb, const struct ipcport *port,
			     const struct ipcport_snapshot *now)
{
	if (nla_put_u64_64bit(skb, IPCPORT_A_WAITER_PORT, port->id, IPCPORT_A_WAITER_PAD) ||
	    put_name(skb, IPCPORT_A_WAITER_NAME, now->name) ||
	    put_pid_nr(skb, IPCPORT_A_WAITER_OWNER_PID, port->tgid))
		return -EMSGSIZE;
	return put_comm(skb, IPCPORT_A_WAITER_OWNER_COMM, port->tgid);
}

static int put_limit(struct sk_buff *skb, enum ipcport_limit limit, u64 used)
{
	struct nlattr *nest = nla_nest_start(skb, IPCPORT_A_USER_LIMIT);

	if (!nest ||
	    nla_put_string(skb, IPCPORT_A_LIMIT_NAME, ipcport_limit_name(limit)) ||
	    nla_put_u64_64bit(skb, IPCPORT_A_LIMIT_USED, used, IPCPORT_A_LIMIT_PAD) ||
	    nla_put_u64_64bit(skb, IPCPORT_A_LIMIT_BOUND, ipcport_limit_max(limit),
			      IPCPORT_A_LIMIT_PAD))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

/**
 * ipcport_fill_usage() - show a user
 * @skb: where to
 * @usage: what the user holds
 *
 * Context: Process.
 * Return: 0 or -EMSGSIZE.
 */
int ipcport_fill_usage(struct sk_buff *skb, const struct ipcport_usage *usage)
{
	enum ipcport_limit limit;
	int ret;

	ret = nla_put_u32(skb, IPCPORT_A_USER_UID,
			  from_kuid_munged(current_user_ns(), usage->uid));
	for (limit = 0; limit < IPCPORT_NR_USER_LIMITS && !ret; limit++)
		ret = put_limit(skb, limit, usage->used[limit]);
	return ret;
}

/**
 * ipcport_fill_counters() - show what happened in a namespace
 * @skb: where to
 * @ns: the namespace
 *
 * Context: Any.
 * Return: 0 or -EMSGSIZE.
 */
int ipcport_fill_counters(struct sk_buff *skb, struct ipcport_ns *ns)
{
	enum ipcport_tally tally;
	int ret = 0;

	for (tally = 0; tally < IPCPORT_NR_TALLIES && !ret; tally++)
		ret = nla_put_u64_64bit(skb, tally + TALLY_TO_ATTR, ipcport_ns_sum(ns, tally),
					IPCPORT_A_COUNTERS_PAD);
	return ret;
}

static u32 call_outcome(int ret)
{
	switch (ret) {
	case -EPIPE:
		return IPCPORT_CALL_HOLDER_DIED;
	case -ETIMEDOUT:
		return IPCPORT_CALL_TIMED_OUT;
	case -ECANCELED:
		return IPCPORT_CALL_CANCELLED;
	default:
		return IPCPORT_CALL_CALLER_GONE;
	}
}

/* Many read it, in different namespaces: it is as the process itself knows it. */
static int put_own_pid(struct sk_buff *skb, int attr, struct pid *pid)
{
	return nla_put_u32(skb, attr, pid_nr_ns(pid, ns_of_pid(pid)));
}

static int put_event_uid(struct sk_buff *skb, const struct ipcport_event *event)
{
	return nla_put_u32(skb, IPCPORT_A_EVENT_UID,
			   from_kuid_munged(event->net->user_ns, event->uid));
}

static int put_event_owner(struct sk_buff *skb, const struct ipcport_event *event)
{
	return put_own_pid(skb, IPCPORT_A_EVENT_OWNER_PID, event->owner) ?:
	       put_event_uid(skb, event);
}

static int put_event_change(struct sk_buff *skb, const struct ipcport_event *event)
{
	if (nla_put_u64_64bit(skb, IPCPORT_A_EVENT_GENERATION, event->generation,
			      IPCPORT_A_EVENT_PAD))
		return -EMSGSIZE;
	return event->name ? nla_put_string(skb, IPCPORT_A_EVENT_NAME, event->name) : 0;
}

static int put_event_call(struct sk_buff *skb, const struct ipcport_event *event)
{
	if (nla_put_u64_64bit(skb, IPCPORT_A_EVENT_TOKEN, event->token, IPCPORT_A_EVENT_PAD) ||
	    put_own_pid(skb, IPCPORT_A_EVENT_CALLER_PID, event->caller) ||
	    put_own_pid(skb, IPCPORT_A_EVENT_CALLER_TID, event->caller_thread))
		return -EMSGSIZE;
	return nla_put_u32(skb, IPCPORT_A_EVENT_OUTCOME, call_outcome(event->ret));
}

static int put_event_limit(struct sk_buff *skb, const struct ipcport_event *event)
{
	if (nla_put_string(skb, IPCPORT_A_EVENT_LIMIT_NAME, event->limit) ||
	    nla_put_u64_64bit(skb, IPCPORT_A_EVENT_LIMIT_BOUND, event->max,
			      IPCPORT_A_EVENT_PAD))
		return -EMSGSIZE;
	return put_event_uid(skb, event);
}

/**
 * ipcport_fill_event() - tell of an event
 * @skb: where to
 * @event: the event
 *
 * Context: Any.
 * Return: 0 or -EMSGSIZE.
 */
int ipcport_fill_event(struct sk_buff *skb, const struct ipcport_event *event)
{
	if (event->kind == IPCPORT_EVENT_LIMIT_HIT)
		return put_event_limit(skb, event);
	if (nla_put_u64_64bit(skb, IPCPORT_A_EVENT_PORT, event->port, IPCPORT_A_EVENT_PAD))
		return -EMSGSIZE;
	switch (event->kind) {
	case IPCPORT_EVENT_CREATED:
		return put_event_change(skb, event) ?: put_event_owner(skb, event);
	case IPCPORT_EVENT_DESTROYED:
		return put_event_change(skb, event) ?: put_event_owner(skb, event) ?:
		       nla_put_u32(skb, IPCPORT_A_EVENT_CAUSE, event->cause);
	case IPCPORT_EVENT_OWNER_DIED:
		return put_event_owner(skb, event) ?:
		       nla_put_u32(skb, IPCPORT_A_EVENT_CALLERS, event->nr_callers);
	case IPCPORT_EVENT_CALL_ABORTED:
		return put_event_call(skb, event);
	default:
		return put_event_change(skb, event);
	}
}
