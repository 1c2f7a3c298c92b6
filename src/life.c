// SPDX-License-Identifier: GPL-2.0
#include "port.h"

#include <linux/cred.h>
#include <linux/err.h>
#include <linux/pid.h>
#include <linux/printk.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/timekeeping.h>
#include <net/net_namespace.h>

#include "count.h"
#include "limits.h"
#include "name.h"
#include "ns.h"
#include "senders.h"

static void port_free(struct ipcport *port)
{
	if (port->state != IPCPORT_NEW)
		pr_debug("port %llu destroyed\n", port->id);
	ipcport_user_put(port->user);
	if (port->task)
		put_task_struct(port->task);
	put_pid(port->tgid);
	if (port->ns)
		put_net(port->ns->net);
	ipcport_no_senders_free(port->no_senders);
	kfree_rcu(port, rcu);
	ipcport_count_dec(IPCPORT_PORTS);
}

/**
 * ipcport_alloc() - make a NEW port that the current process or thread will own
 * @capacity: messages it can hold, at least 1
 * @mode: permission bits
 * @is_thread_owned: whether the current thread alone owns it
 *
 * The memory is charged to the caller's memory cgroup, the port to nobody's limit
 * yet.
 *
 * Context: Process; may sleep.
 * Return: the port with a reference for the caller, or ERR_PTR(-ENOMEM).
 */
struct ipcport *ipcport_alloc(unsigned int capacity, umode_t mode, bool is_thread_owned)
{
	struct ipcport_user *user;
	struct ipcport *port;
	int i;

	port = kzalloc(sizeof(*port), GFP_KERNEL_ACCOUNT);
	if (!port)
		return ERR_PTR(-ENOMEM);
	user = ipcport_user_get(current_euid());
	if (IS_ERR(user)) {
		kfree(port);
		return ERR_CAST(user);
	}

	refcount_set(&port->ref, 1);
	refcount_set(&port->readers, 1);
	port->capacity = capacity;
	port->user = user;
	current_euid_egid(&port->uid, &port->gid);
	port->mode = mode;
	port->tgid = get_pid(task_tgid(current));
	port->task = is_thread_owned ? get_task_struct(current) : NULL;
	port->created_ns = ktime_get_ns();
	init_waitqueue_head(&port->waiters);
	for (i = 0; i < IPCPORT_NR_POLLS; i++)
		init_waitqueue_head(&port->pollers[i]);
	ipcport_queue_init(&port->queue);
	port->calls = RB_ROOT;
	ipcport_count_inc(IPCPORT_PORTS);
	return port;
}

/**
 * ipcport_get_reader() - begin to receive
 * @port: port that the caller has a reference to
 *
 * Context: Any.
 * Return: false if the port is DEAD and everyone who could drain it has gone.
 */
bool ipcport_get_reader(struct ipcport *port)
{
	return refcount_inc_not_zero(&port->readers);
}

/**
 * ipcport_put_reader() - done with receiving, or with being LIVE
 * @port: port that the caller has a reference to
 *
 * When nobody can drain a DEAD port any more, its messages are dropped, and its user gets
 * its charge back, however long others refer to it, such as callers who have not
 * collected what became of a call.
 *
 * Context: Process; may sleep. Takes and releases the port's lock.
 */
void ipcport_put_reader(struct ipcport *port)
{
	struct ipcport_queue rest = IPCPORT_QUEUE_INIT(rest);

	if (!refcount_dec_and_test(&port->readers))
		return;
	ipcport_lock(port);
	ipcport_tally_locked(port, IPCPORT_TALLY_DROPPED, port->queue.nr);
	ipcport_queue_splice(&rest, &port->queue);
	ipcport_unlock(port);
	ipcport_queue_flush(&rest);
	ipcport_user_discharge_port(port->user, port->capacity);
}

/**
 * ipcport_put() - drop a reference
 * @port: the port or NULL
 *
 * Context: Process; may sleep.
 */
void ipcport_put(struct ipcport *port)
{
	if (port && refcount_dec_and_test(&port->ref))
		port_free(port);
}

/**
 * ipcport_snapshot() - look at what changes in a port
 * @port: the port
 * @snapshot: where to write it
 *
 * Context: Process. Takes and releases the port's lock.
 */
void ipcport_snapshot(struct ipcport *port, struct ipcport_snapshot *snapshot)
{
	ipcport_lock(port);
	snapshot->state = port->state;
	snapshot->depth = port->queue.nr;
	snapshot->nr_senders = port->queue.nr ? port->nr_waiters : 0;
	snapshot->nr_receivers = port->queue.nr ? 0 : port->nr_waiters;
	snapshot->nr_waits = port->nr_waits;
	memcpy(snapshot->tallies, port->tallies, sizeof(snapshot->tallies));
	snapshot->nr_calls = port->nr_calls;
	snapshot->nr_send_handles = port->nr_send_handles;
	snapshot->nr_recv_handles = port->nr_recv_handles;
	ipcport_name_copy_locked(port, snapshot->name);
	ipcport_unlock(port);
}

/**
 * ipcport_event_about() - begin to tell of a port
 * @port: the port; what is returned refers to it
 * @kind: what happened to it
 *
 * Context: Any.
 * Return: an event that says which port it is about.
 */
struct ipcport_event ipcport_event_about(const struct ipcport *port,
					 enum ipcport_event_kind kind)
{
	return (struct ipcport_event) {
		.kind = kind,
		.net = port->ns->net,
		.port = port->id,
		.uid = port->uid,
		.gid = port->gid,
		.mode = port->mode,
		.owner = port->tgid,
	};
}

/**
 * ipcport_end_locked() - a port stops being LIVE
 * @port: the port
 *
 * Context: Process; the caller holds the port's lock, unpublishes the port in the same
 *	hold, and calls ipcport_answer_all() after it.
 * Return: whether it was the caller who ended it.
 */
bool ipcport_end_locked(struct ipcport *port)
{
	ipcport_assert_locked(port);
	if (port->state != IPCPORT_LIVE)
		return false;
	port->state = IPCPORT_DEAD;
	return true;
}
