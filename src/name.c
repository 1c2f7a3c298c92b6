// SPDX-License-Identifier: GPL-2.0
#include "name.h"

#include <linux/err.h>
#include <linux/rbtree.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/timekeeping.h>

#include "diag.h"
#include "ns.h"
#include "port.h"
#include "sleep.h"
#include "trace.h"

/* Waiters that are woken for a name in one hold of the lock. */
#define WAKE_BATCH	64

/**
 * struct ipcport_name - a name that means a port
 * @node: in names->tree				(lock: names->lock)
 * @names: where it is				(const after bind)
 * @port: what it means; LIVE while this is in the tree	(const after bind)
 * @text: the name					(const after bind)
 */
struct ipcport_name {
	struct rb_node node;
	struct ipcport_names *names;
	struct ipcport *port;
	char text[IPCPORT_NAME_LEN];
};

/**
 * struct ipcport_name_waiter - a thread that waits for a name, on that thread's stack
 * @node: in names->waiters			(lock: names->lock)
 * @text: the name					(const after init)
 * @nr: its number among those who wait; they grow	(lock: names->lock)
 * @since_ns: CLOCK_MONOTONIC when it came		(const after init)
 * @task: the thread					(const after init)
 * @is_done: whether it was bound; see sleep.h		(lock: names->lock)
 */
struct ipcport_name_waiter {
	struct rb_node node;
	const char *text;
	u64 nr;
	u64 since_ns;
	struct task_struct *task;
	bool is_done;
};

/**
 * ipcport_names_init() - no names yet
 * @names: memory for them
 *
 * Context: Any.
 */
void ipcport_names_init(struct ipcport_names *names)
{
	spin_lock_init(&names->lock);
	names->tree = RB_ROOT;
	names->waiters = RB_ROOT;
	names->nr_waits = 0;
}

static int name_cmp(const void *key, const struct rb_node *node)
{
	return strcmp(key, rb_entry(node, struct ipcport_name, node)->text);
}

static int node_cmp(struct rb_node *node, const struct rb_node *other)
{
	return name_cmp(rb_entry(node, struct ipcport_name, node)->text, other);
}

static int waiter_cmp(const void *key, const struct rb_node *node)
{
	return strcmp(key, rb_entry(node, struct ipcport_name_waiter, node)->text);
}

static bool waiter_less(struct rb_node *node, const struct rb_node *other)
{
	return waiter_cmp(rb_entry(node, struct ipcport_name_waiter, node)->text, other) < 0;
}

/* Wake those who wait for a name that was bound, a few in one hold of the lock. */
static void wake_waiters(struct ipcport_names *names, const char *text)
{
	struct ipcport_name_waiter *waiter;
	struct rb_node *node;
	int i;

	do {
		spin_lock(&names->lock);
		for (i = 0; i < WAKE_BATCH; i++) {
			node = rb_find(text, &names->waiters, waiter_cmp);
			if (!node)
				break;
			rb_erase(node, &names->waiters);
			waiter = rb_entry(node, struct ipcport_name_waiter, node);
			ipcport_finish(&waiter->is_done, waiter->task);
		}
		spin_unlock(&names->lock);
		cond_resched();
	} while (node);
}

static int bind_locked(struct ipcport *port, struct ipcport_name *name, u64 *generation)
{
	struct ipcport_names *names = name->names;
	int ret = 0;

	ipcport_assert_locked(port);
	if (port->state != IPCPORT_LIVE)
		return -EPIPE;
	if (port->name)
		return -EEXIST;
	spin_lock(&names->lock);
	if (rb_find_add(&name->node, &names->tree, node_cmp)) {
		ret = -EEXIST;
	} else {
		port->name = name;
		*generation = ipcport_ns_change(port->ns);
	}
	spin_unlock(&names->lock);
	return ret;
}

/**
 * ipcport_bind() - give a port a name
 * @port: the port
 * @text: the name, shorter than IPCPORT_NAME_LEN
 *
 * Context: Process; may sleep. Takes and releases the port's lock, and in it that of the
 *	names.
 * Return: 0; or -EEXIST, the name is taken or the port has one; -EPIPE, it has ended; or
 *	-ENOMEM.
 */
int ipcport_bind(struct ipcport *port, const char *text)
{
	struct ipcport_event event = ipcport_event_about(port, IPCPORT_EVENT_BOUND);
	struct ipcport_name *name;
	int ret;

	name = kzalloc(sizeof(*name), GFP_KERNEL_ACCOUNT);
	if (!name)
		return -ENOMEM;
	name->names = &port->ns->names;
	name->port = port;
	strscpy(name->text, text, sizeof(name->text));

	ipcport_lock(port);
	ret = bind_locked(port, name, &event.generation);
	ipcport_unlock(port);
	if (ret) {
		kfree(name);
		return ret;
	}
	trace_ipcport_bind(port->id, text);
	wake_waiters(&port->ns->names, text);
	event.name = text;
	ipcport_announce(&event);
	return 0;
}

/**
 * ipcport_unname_locked() - take a port's name away
 * @port: a port that can be found
 * @generation: where to write the number of that change
 *
 * Context: Process; the caller holds the port's lock; that of the names is taken in it.
 * Return: the name, for ipcport_name_free() after the lock; NULL if there is none.
 */
struct ipcport_name *ipcport_unname_locked(struct ipcport *port, u64 *generation)
{
	struct ipcport_name *name = port->name;

	ipcport_assert_locked(port);
	if (!name)
		return NULL;
	port->name = NULL;
	spin_lock(&name->names->lock);
	rb_erase(&name->node, &name->names->tree);
	*generation = ipcport_ns_change(port->ns);
	spin_unlock(&name->names->lock);
	return name;
}

/**
 * ipcport_name_free() - end of a name
 * @name: what ipcport_unname_locked() returned
 *
 * Context: Any.
 */
void ipcport_name_free(struct ipcport_name *name)
{
	kfree(name);
}

/**
 * ipcport_name_text() - what a name reads
 * @name: the name, or NULL
 *
 * Context: Any; the caller keeps @name.
 * Return: its text, or NULL.
 */
const char *ipcport_name_text(const struct ipcport_name *name)
{
	return name ? name->text : NULL;
}

/**
 * ipcport_unbind() - take a port's name away
 * @port: the port
 *
 * Context: Process; may sleep. Takes and releases the port's lock, and in it that of the
 *	names.
 * Return: 0; or -ENOENT, it has none; or -EPIPE, it has ended.
 */
int ipcport_unbind(struct ipcport *port)
{
	struct ipcport_event event = ipcport_event_about(port, IPCPORT_EVENT_UNBOUND);
	struct ipcport_name *name;
	bool is_live;

	ipcport_lock(port);
	is_live = port->state == IPCPORT_LIVE;
	name = ipcport_unname_locked(port, &event.generation);
	ipcport_unlock(port);
	if (!name)
		return is_live ? -ENOENT : -EPIPE;
	trace_ipcport_unbind(port->id, name->text);
	event.name = name->text;
	ipcport_announce(&event);
	ipcport_name_free(name);
	return 0;
}

/**
 * ipcport_name_copy_locked() - a port's name
 * @port: the port
 * @text: IPCPORT_NAME_LEN bytes, filled up with zeroes; empty if it has none
 *
 * Context: Any; the caller holds the port's lock.
 */
void ipcport_name_copy_locked(struct ipcport *port, char *text)
{
	ipcport_assert_locked(port);
	if (port->name)
		memcpy(text, port->name->text, IPCPORT_NAME_LEN);
	else
		memset(text, 0, IPCPORT_NAME_LEN);
}

/* The port, with a reference: it is LIVE while it is in the tree. Else join the waiters. */
static struct ipcport *lookup_or_enqueue(struct ipcport_names *names, const char *text,
					 struct ipcport_name_waiter *waiter)
{
	struct ipcport *port = NULL;
	struct rb_node *node;

	spin_lock(&names->lock);
	node = rb_find(text, &names->tree, name_cmp);
	if (node) {
		port = rb_entry(node, struct ipcport_name, node)->port;
		ipcport_get(port);
	} else if (waiter) {
		waiter->is_done = false;
		waiter->nr = ++names->nr_waits;
		rb_add(&waiter->node, &names->waiters, waiter_less);
	}
	spin_unlock(&names->lock);
	return port;
}

static void dequeue(struct ipcport_names *names, struct ipcport_name_waiter *waiter)
{
	spin_lock(&names->lock);
	if (!waiter->is_done)
		rb_erase(&waiter->node, &names->waiters);
	spin_unlock(&names->lock);
}

/**
 * ipcport_lookup_name() - find a port by name
 * @names: names to search
 * @text: the name
 * @wait: how long to wait until there is one
 *
 * It was LIVE when it was found, as with ipcport_lookup().
 *
 * Context: Process; may sleep. Takes and releases the lock of the names.
 * Return: the port with a reference for the caller; or ERR_PTR(-ENOENT), or if it may
 *	wait ERR_PTR(-ETIMEDOUT or -ERESTARTSYS).
 */
struct ipcport *ipcport_lookup_name(struct ipcport_names *names, const char *text,
				    const struct ipcport_wait *wait)
{
	struct ipcport_name_waiter waiter = { .text = text, .task = current };
	struct ipcport *port;
	int ret;

	if (wait->can_wait)
		waiter.since_ns = ktime_get_ns();
	for (;;) {
		port = lookup_or_enqueue(names, text, wait->can_wait ? &waiter : NULL);
		if (port)
			return port;
		if (!wait->can_wait)
			return ERR_PTR(-ENOENT);
		ret = ipcport_sleep(&waiter.is_done, wait->deadline);
		if (ipcport_is_done(&waiter.is_done))
			continue;	/* it was bound; it may have gone again */
		dequeue(names, &waiter);
		if (!waiter.is_done)
			return ERR_PTR(ret);
	}
}

/* The waiter after number @after for @text; or, if there is none, the first for a later text. */
static struct ipcport_name_waiter *waiter_after(const struct ipcport_names *names,
						const char *text, u64 after)
{
	struct ipcport_name_waiter *waiter, *best = NULL;
	struct rb_node *node = names->waiters.rb_node;
	int diff;

	while (node) {
		waiter = rb_entry(node, struct ipcport_name_waiter, node);
		diff = strcmp(waiter->text, text);
		if (diff > 0 || (!diff && waiter->nr > after)) {
			best = waiter;
			node = node->rb_left;
		} else {
			node = node->rb_right;
		}
	}
	return best;
}

/**
 * ipcport_names_nr_waits() - the highest number that one who waits for a name can have by now
 * @names: names to look at
 *
 * Context: Process. Takes and releases the lock of the names.
 * Return: the number; those who come later have higher ones.
 */
u64 ipcport_names_nr_waits(struct ipcport_names *names)
{
	u64 nr_waits;

	spin_lock(&names->lock);
	nr_waits = names->nr_waits;
	spin_unlock(&names->lock);
	return nr_waits;
}

/**
 * ipcport_names_peek() - write down some of those who wait for names
 * @names: names to look at
 * @text: name to begin with
 * @after: number of the one after whom to begin there, or 0
 * @diags: where to; IPCPORT_DIAG_BATCH of them
 *
 * Context: Process. Takes and releases the lock of the names.
 * Return: how many were written down, for ipcport_diag_destroy(); less than
 *	IPCPORT_DIAG_BATCH if there are no more.
 */
unsigned int ipcport_names_peek(struct ipcport_names *names, const char *text, u64 after,
				struct ipcport_diag *diags)
{
	struct ipcport_name_waiter *waiter;
	struct rb_node *node;
	unsigned int nr = 0;

	spin_lock(&names->lock);
	waiter = waiter_after(names, text, after);
	node = waiter ? &waiter->node : NULL;
	for (; node && nr < IPCPORT_DIAG_BATCH; node = rb_next(node)) {
		waiter = rb_entry(node, struct ipcport_name_waiter, node);
		ipcport_diag_init_task(&diags[nr], IPCPORT_DIAG_NAME, waiter->task);
		diags[nr].nr = waiter->nr;
		diags[nr].since_ns = waiter->since_ns;
		strscpy(diags[nr].name, waiter->text, sizeof(diags[nr].name));
		nr++;
	}
	spin_unlock(&names->lock);
	return nr;
}
