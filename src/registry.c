// SPDX-License-Identifier: GPL-2.0
#include "registry.h"

#include <linux/atomic.h>
#include <linux/bug.h>
#include <linux/build_bug.h>
#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/minmax.h>
#include <linux/percpu.h>
#include <linux/printk.h>
#include <linux/rcupdate.h>
#include <net/net_namespace.h>
#include <net/netns/generic.h>

#include "event.h"
#include "group.h"
#include "name.h"
#include "ns.h"
#include "port.h"
#include "trace.h"

static unsigned int ipcport_net_id;

/* trace.h, below us, has the causes by number. */
static_assert(IPCPORT_CAUSE_DESTROY == 0);
static_assert(IPCPORT_CAUSE_EXIT == 1);
static_assert(IPCPORT_CAUSE_CLOSE == 2);

/* tally.h, below us, has as many tallies of ends. */
static_assert(IPCPORT_TALLY_ENDED + IPCPORT_CAUSE_CLOSE + 1 == IPCPORT_NR_TALLIES);

/* The number given out last. */
static atomic64_t last_id = ATOMIC64_INIT(0);

/**
 * ipcport_ns_from_net() - the registry of a network namespace
 * @net: namespace that the caller has a reference to
 *
 * Context: Any.
 * Return: the registry; it lives as long as @net.
 */
struct ipcport_ns *ipcport_ns_from_net(struct net *net)
{
	return net_generic(net, ipcport_net_id);
}

/**
 * ipcport_last_id() - the highest number that a port can have by now
 *
 * Context: Any.
 * Return: the number; later ports have higher ones.
 */
u64 ipcport_last_id(void)
{
	return atomic64_read(&last_id);
}

/**
 * ipcport_ns_sum() - how often something happened in a namespace
 * @ns: the namespace
 * @tally: what
 *
 * Context: Any.
 * Return: how often so far; exact while nothing happens, and never less than 0.
 */
u64 ipcport_ns_sum(struct ipcport_ns *ns, enum ipcport_tally tally)
{
	s64 sum = 0;
	int cpu;

	/* A CPU that was unplugged keeps what it had counted. */
	for_each_possible_cpu(cpu)
		sum += READ_ONCE(per_cpu_ptr(ns->tallies, cpu)->nr[tally]);
	/* What one CPU counted may have been taken back on another one that we saw first. */
	return max(sum, 0LL);
}

/**
 * ipcport_reserve() - give a NEW port its number
 * @port: the port
 * @ns: where the number shall mean it; nobody can find it there yet
 *
 * Context: Process; may sleep.
 * Return: 0, or -ENOMEM and @port has no number.
 */
int ipcport_reserve(struct ipcport *port, struct ipcport_ns *ns)
{
	u64 id = atomic64_inc_return(&last_id);
	int ret;

	ret = xa_reserve(&ns->ports, id, GFP_KERNEL_ACCOUNT);
	if (ret)
		return ret;
	port->id = id;
	port->ns = ns;
	get_net(ns->net);
	return 0;
}

/**
 * ipcport_unreserve() - give back a number that was not published
 * @port: the port
 *
 * Context: Process.
 */
void ipcport_unreserve(struct ipcport *port)
{
	xa_release(&port->ns->ports, port->id);
}

static void member_get(void *object)
{
	ipcport_get(object);
}

static void member_end(void *object, enum ipcport_cause cause)
{
	ipcport_close(object, cause);
	ipcport_put(object);
}

static const struct ipcport_member_ops member_ops = {
	.get = member_get,
	.end = member_end,
};

/**
 * ipcport_publish() - a port becomes LIVE; cannot fail
 * @port: NEW port with a number, charged to its user
 * @owner: group of its owner; the caller's use of it passes to the port
 * @file: group of its device file; the caller's use of it passes to the port
 *
 * The port joins its groups before it can be found, so whoever closes it finds it
 * there. Neither group can end meanwhile: the owner is the caller, and the caller
 * holds the file.
 *
 * Context: Process; may sleep. Takes and releases the port's lock.
 */
void ipcport_publish(struct ipcport *port, struct ipcport_group *owner,
		     struct ipcport_group *file)
{
	struct ipcport_event event = ipcport_event_about(port, IPCPORT_EVENT_CREATED);
	struct ipcport_ns *ns = port->ns;
	void *old;

	trace_ipcport_create(port->id, port->capacity, port->mode);
	pr_debug("port %llu created\n", port->id);
	ipcport_tally_ns(ns, IPCPORT_TALLY_CREATED, 1);
	ipcport_get(port);
	ipcport_group_join(owner, &port->owner_member, port, &member_ops);
	ipcport_group_join(file, &port->file_member, port, &member_ops);
	/* Whoever finds it and ends it gets a higher generation: that takes the lock. */
	ipcport_lock(port);
	port->state = IPCPORT_LIVE;
	/* The slot was reserved with its nodes, so there is nothing to allocate. */
	old = xa_store(&ns->ports, port->id, port, GFP_NOWAIT);
	event.generation = ipcport_ns_change(ns);
	ipcport_unlock(port);
	WARN_ON_ONCE(old);
	ipcport_announce(&event);
}

/**
 * ipcport_lookup() - find a port by number
 * @ns: registry to search
 * @id: number as given by the user
 *
 * It was LIVE when it was found. Whether it still is can be said only under its
 * lock; every operation asks there.
 *
 * Context: Any. Takes and releases the RCU read lock.
 * Return: the port with a reference for the caller, or ERR_PTR(-ENOENT).
 */
struct ipcport *ipcport_lookup(struct ipcport_ns *ns, u64 id)
{
	struct ipcport *port;

	rcu_read_lock();
	port = xa_load(&ns->ports, id);
	if (port && !refcount_inc_not_zero(&port->ref))
		port = NULL;
	rcu_read_unlock();
	return port ?: ERR_PTR(-ENOENT);
}

/**
 * ipcport_lookup_from() - find the port with the lowest number from one on
 * @ns: registry to search
 * @id: the number
 *
 * Context: Any. Takes and releases the RCU read lock.
 * Return: the port with a reference for the caller, or NULL.
 */
struct ipcport *ipcport_lookup_from(struct ipcport_ns *ns, u64 id)
{
	unsigned long index = id;
	struct ipcport *port;

	rcu_read_lock();
	xa_for_each_start(&ns->ports, index, port, index)
		if (refcount_inc_not_zero(&port->ref))
			break;
	rcu_read_unlock();
	return port;
}

/* Tell of the end of a port, now that nobody waits in it any more. */
static void announce_end(struct ipcport *port, struct ipcport_event *event,
			 enum ipcport_cause cause)
{
	event->cause = cause;
	ipcport_announce(event);
	if (cause != IPCPORT_CAUSE_EXIT)
		return;
	event->kind = IPCPORT_EVENT_OWNER_DIED;
	ipcport_lock(port);
	event->nr_callers = port->tallies[IPCPORT_TALLY_PORT_DIED];
	ipcport_unlock(port);
	ipcport_announce(event);
}

/**
 * ipcport_close() - end a port, whatever the cause
 * @port: published port that the caller has a reference to
 * @cause: the cause
 *
 * In one hold of the port's lock it stops being LIVE, leaves the registry and loses its
 * name: from then on nobody finds it, and who has found it gets -EPIPE. Then everyone who
 * waits is answered, and then those who listen are told. What lives as long as a LIVE
 * port goes last.
 *
 * Context: Process; may sleep.
 * Return: true if this call ended it, false if another one has or is about to.
 */
bool ipcport_close(struct ipcport *port, enum ipcport_cause cause)
{
	struct ipcport_event event = ipcport_event_about(port, IPCPORT_EVENT_DESTROYED);
	struct ipcport_ns *ns = port->ns;
	struct ipcport_name *name = NULL;
	bool is_ours;

	ipcport_lock(port);
	is_ours = ipcport_end_locked(port);
	if (is_ours) {
		xa_erase(&ns->ports, port->id);
		name = ipcport_unname_locked(port, &event.generation);
		if (!name)
			event.generation = ipcport_ns_change(ns);
		/* An exiting owner's files may be closed before its token is. */
		if (READ_ONCE(port->owner_member.group->is_over))
			cause = IPCPORT_CAUSE_EXIT;
		trace_ipcport_close(port->id, cause, port->queue.nr, port->nr_waiters);
		ipcport_tally_ns(ns, IPCPORT_TALLY_ENDED + cause, 1);
	}
	ipcport_unlock(port);
	if (!is_ours)
		return false;
	ipcport_answer_all(port);
	event.name = ipcport_name_text(name);
	announce_end(port, &event, cause);
	ipcport_name_free(name);

	/* It has the charge for the port, and goes when nobody receives any more. */
	ipcport_put_reader(port);
	ipcport_group_leave(&port->owner_member);
	ipcport_group_leave(&port->file_member);
	ipcport_put(port);
	return true;
}

static int __net_init ns_init(struct net *net)
{
	struct ipcport_ns *ns = ipcport_ns_from_net(net);

	ns->tallies = alloc_percpu(struct ipcport_tallies);
	if (!ns->tallies)
		return -ENOMEM;
	ns->net = net;
	atomic64_set(&ns->generation, 0);
	xa_init_flags(&ns->ports, XA_FLAGS_ACCOUNT);
	ipcport_names_init(&ns->names);
	return 0;
}

/* A LIVE port uses its device file's group, which holds the namespace: none is left. */
static void __net_exit ns_exit(struct net *net)
{
	struct ipcport_ns *ns = ipcport_ns_from_net(net);

	WARN_ON_ONCE(!xa_empty(&ns->ports));
	xa_destroy(&ns->ports);
	free_percpu(ns->tallies);
}

static struct pernet_operations ns_ops = {
	.init = ns_init,
	.exit = ns_exit,
	.id = &ipcport_net_id,
	.size = sizeof(struct ipcport_ns),
};

/**
 * ipcport_registry_init() - make a registry in every network namespace
 *
 * Context: Process, module init.
 * Return: 0 or -errno.
 */
int ipcport_registry_init(void)
{
	return register_pernet_subsys(&ns_ops);
}

/**
 * ipcport_registry_exit() - undo ipcport_registry_init()
 *
 * Context: Process, module exit; no port is left.
 */
void ipcport_registry_exit(void)
{
	unregister_pernet_subsys(&ns_ops);
}
