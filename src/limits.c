// SPDX-License-Identifier: GPL-2.0
#include "limits.h"

#include <linux/bitops.h>
#include <linux/build_bug.h>
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/minmax.h>
#include <linux/moduleparam.h>
#include <linux/printk.h>
#include <linux/rbtree.h>
#include <linux/refcount.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/stringify.h>
#include <linux/user_namespace.h>

#include "count.h"
#include "event.h"
#include "trace.h"

/* One line per parameter, so that name, variable and description cannot differ. */
#define LIMIT_PARAM(_name, _default, _what)						\
	static unsigned int _name = (_default);						\
	module_param(_name, uint, 0644);						\
	MODULE_PARM_DESC(_name, _what " (default " __stringify(_default) ")")

LIMIT_PARAM(max_capacity, 1024, "largest capacity a port can be created with");
LIMIT_PARAM(max_ports, 4096, "ports that a user can have at the same time");
LIMIT_PARAM(max_messages, 262144, "sum of the capacities of a user's ports");
LIMIT_PARAM(max_calls, 65536, "calls that a user can have outstanding");
LIMIT_PARAM(max_process_calls, 16384, "calls that a process can have outstanding");
LIMIT_PARAM(max_cargo, 4096, "files and handles that a user can have under way in messages");

/* trace.h, below us, has the limits by number. */
static_assert(IPCPORT_LIMIT_PORTS == 0);
static_assert(IPCPORT_LIMIT_MESSAGES == 1);
static_assert(IPCPORT_LIMIT_CALLS == 2);
static_assert(IPCPORT_LIMIT_CARGO == 3);
static_assert(IPCPORT_LIMIT_PROCESS_CALLS == 4);

static const struct {
	const char *name;
	const unsigned int *max;
} limits[IPCPORT_NR_LIMITS] = {
	[IPCPORT_LIMIT_PORTS]		= { "max_ports", &max_ports },
	[IPCPORT_LIMIT_MESSAGES]	= { "max_messages", &max_messages },
	[IPCPORT_LIMIT_CALLS]		= { "max_calls", &max_calls },
	[IPCPORT_LIMIT_CARGO]		= { "max_cargo", &max_cargo },
	[IPCPORT_LIMIT_PROCESS_CALLS]	= { "max_process_calls", &max_process_calls },
};

/* Bits of the limits that have been logged. */
static unsigned long logged_limits;	/* (atomic) */

/**
 * struct ipcport_user - what one user holds
 * @ref: references			(atomic)
 * @uid: who				(const after alloc)
 * @node: in users			(lock: users_lock)
 * @nr: use of each limit on ports	(lock: users_lock)
 * @nr_calls: calls outstanding		(atomic)
 * @nr_cargo: cargo under way		(atomic)
 * @told_at: jiffies when a refusal by each limit was told last, 0 for never	(lock: users_lock)
 */
struct ipcport_user {
	refcount_t ref;
	kuid_t uid;
	struct rb_node node;
	u64 nr[IPCPORT_NR_PORT_LIMITS];
	atomic_t nr_calls;
	atomic_t nr_cargo;
	unsigned long told_at[IPCPORT_NR_LIMITS];
};

/*
 * Users who hold something. Looked at when a port is created or ends, or a process
 * begins to call, never to send or receive, so one lock is enough. users_lock guards
 * them, is innermost and held alone.
 */
static struct rb_root users = RB_ROOT;	/* struct ipcport_user (lock: users_lock) */
static DEFINE_SPINLOCK(users_lock);

/**
 * ipcport_max_capacity() - the largest capacity that a new port may have
 *
 * Context: Any.
 * Return: the module parameter as it is now, or 1 if that is 0.
 */
unsigned int ipcport_max_capacity(void)
{
	return max(READ_ONCE(max_capacity), 1U);
}

/**
 * ipcport_limit_name() - what a limit is called
 * @limit: the limit
 *
 * Context: Any.
 * Return: the name of its module parameter.
 */
const char *ipcport_limit_name(enum ipcport_limit limit)
{
	return limits[limit].name;
}

/**
 * ipcport_limit_max() - what a limit is
 * @limit: the limit
 *
 * Context: Any.
 * Return: the module parameter as it is now.
 */
unsigned int ipcport_limit_max(enum ipcport_limit limit)
{
	return READ_ONCE(*limits[limit].max);
}

static int user_cmp(const void *key, const struct rb_node *node)
{
	kuid_t uid = *(const kuid_t *)key;
	kuid_t other = rb_entry(node, struct ipcport_user, node)->uid;

	return uid_lt(uid, other) ? -1 : uid_gt(uid, other);
}

static bool user_less(struct rb_node *node, const struct rb_node *other)
{
	return user_cmp(&rb_entry(node, struct ipcport_user, node)->uid, other) < 0;
}

/* Get @uid's record; if there is none, publish @fresh, unless that is NULL. */
static struct ipcport_user *user_find_or_add(kuid_t uid, struct ipcport_user *fresh)
{
	struct ipcport_user *user = fresh;
	struct rb_node *node;

	spin_lock(&users_lock);
	node = rb_find(&uid, &users, user_cmp);
	if (node) {
		user = rb_entry(node, struct ipcport_user, node);
		refcount_inc(&user->ref);
	} else if (fresh) {
		rb_add(&fresh->node, &users, user_less);
	}
	spin_unlock(&users_lock);
	return user;
}

/**
 * ipcport_user_get() - find or make a user's record
 * @uid: who
 *
 * Context: Process; may sleep.
 * Return: the record with a reference for the caller, or ERR_PTR(-ENOMEM).
 */
struct ipcport_user *ipcport_user_get(kuid_t uid)
{
	struct ipcport_user *user, *fresh;

	user = user_find_or_add(uid, NULL);
	if (user)
		return user;

	fresh = kzalloc(sizeof(*fresh), GFP_KERNEL_ACCOUNT);
	if (!fresh)
		return ERR_PTR(-ENOMEM);
	fresh->uid = uid;
	refcount_set(&fresh->ref, 1);
	user = user_find_or_add(uid, fresh);
	if (user == fresh)
		ipcport_count_inc(IPCPORT_USERS);
	else
		kfree(fresh);
	return user;
}

/**
 * ipcport_user_put() - drop a reference
 * @user: the record, or NULL
 *
 * Context: Process.
 */
void ipcport_user_put(struct ipcport_user *user)
{
	bool is_last;

	if (!user)
		return;
	/* Under the lock, so that nobody finds a record that is about to go. */
	spin_lock(&users_lock);
	is_last = refcount_dec_and_test(&user->ref);
	if (is_last)
		rb_erase(&user->node, &users);
	spin_unlock(&users_lock);
	if (!is_last)
		return;
	kfree(user);
	ipcport_count_dec(IPCPORT_USERS);
}

/* Who listens is told once a second: who is refused may try again at once. */
static bool is_due(struct ipcport_user *user, enum ipcport_limit limit)
{
	unsigned long now = jiffies ?: 1;
	bool is_due;

	spin_lock(&users_lock);
	is_due = !user->told_at[limit] || time_after_eq(now, user->told_at[limit] + HZ);
	if (is_due)
		user->told_at[limit] = now;
	spin_unlock(&users_lock);
	return is_due;
}

/* In the log each limit once: a user must not be able to fill that. */
static void report(struct ipcport_user *user, struct net *net, enum ipcport_limit limit,
		   unsigned int max)
{
	struct ipcport_event event = {
		.kind = IPCPORT_EVENT_LIMIT_HIT,
		.net = net,
		.uid = user->uid,
		.limit = limits[limit].name,
		.max = max,
	};
	uid_t uid = from_kuid(&init_user_ns, user->uid);

	trace_ipcport_limit(uid, limit, max);
	if (!test_and_set_bit(limit, &logged_limits))
		pr_notice("user %u has reached %s=%u\n", uid, limits[limit].name, max);
	if (is_due(user, limit))
		ipcport_announce(&event);
}

/**
 * ipcport_user_charge_port() - count one more live port
 * @user: whose it is
 * @net: namespace in which to tell of a refusal
 * @capacity: messages it can hold
 *
 * The first refusal by a limit since the module was loaded is logged.
 *
 * Context: Process; may sleep. Takes and releases users_lock.
 * Return: 0, or -EDQUOT and nothing was counted.
 */
int ipcport_user_charge_port(struct ipcport_user *user, struct net *net, unsigned int capacity)
{
	const unsigned int more[] = {
		[IPCPORT_LIMIT_PORTS] = 1,
		[IPCPORT_LIMIT_MESSAGES] = capacity,
	};
	enum ipcport_limit limit;
	unsigned int max;

	spin_lock(&users_lock);
	for (limit = 0; limit < IPCPORT_NR_PORT_LIMITS; limit++) {
		max = ipcport_limit_max(limit);
		if (user->nr[limit] + more[limit] > max)
			break;
	}
	if (limit == IPCPORT_NR_PORT_LIMITS) {
		user->nr[IPCPORT_LIMIT_PORTS]++;
		user->nr[IPCPORT_LIMIT_MESSAGES] += capacity;
	}
	spin_unlock(&users_lock);

	if (limit == IPCPORT_NR_PORT_LIMITS)
		return 0;
	report(user, net, limit, max);
	return -EDQUOT;
}

/**
 * ipcport_user_discharge_port() - take back one ipcport_user_charge_port()
 * @user: whose port it was
 * @capacity: messages it could hold
 *
 * Context: Process. Takes and releases users_lock.
 */
void ipcport_user_discharge_port(struct ipcport_user *user, unsigned int capacity)
{
	spin_lock(&users_lock);
	user->nr[IPCPORT_LIMIT_PORTS]--;
	user->nr[IPCPORT_LIMIT_MESSAGES] -= capacity;
	spin_unlock(&users_lock);
}

/* Count one more, unless @nr has reached the limit. */
static bool inc_below(atomic_t *nr, enum ipcport_limit limit, unsigned int *max)
{
	int old = atomic_read(nr);

	*max = ipcport_limit_max(limit);
	do {
		if ((unsigned int)old >= *max)
			return false;
	} while (!atomic_try_cmpxchg(nr, &old, old + 1));
	return true;
}

/**
 * ipcport_user_charge_cargo() - count one more file or handle under way
 * @user: who sends it
 * @net: namespace in which to tell of a refusal
 *
 * The first refusal by a limit since the module was loaded is logged.
 *
 * Context: Process; may sleep.
 * Return: 0, or -EDQUOT and nothing was counted.
 */
int ipcport_user_charge_cargo(struct ipcport_user *user, struct net *net)
{
	unsigned int max;

	if (inc_below(&user->nr_cargo, IPCPORT_LIMIT_CARGO, &max))
		return 0;
	report(user, net, IPCPORT_LIMIT_CARGO, max);
	return -EDQUOT;
}

/**
 * ipcport_user_discharge_cargo() - take back one ipcport_user_charge_cargo()
 * @user: who sent it
 *
 * Context: Any.
 */
void ipcport_user_discharge_cargo(struct ipcport_user *user)
{
	atomic_dec(&user->nr_cargo);
}

/* The user with the lowest uid from @from on, or NULL. */
static const struct ipcport_user *user_from(kuid_t from)
{
	struct ipcport_user *user, *best = NULL;
	struct rb_node *node = users.rb_node;

	while (node) {
		user = rb_entry(node, struct ipcport_user, node);
		if (uid_lt(user->uid, from)) {
			node = node->rb_right;
		} else {
			best = user;
			node = node->rb_left;
		}
	}
	return best;
}

/**
 * ipcport_user_peek() - what the user with the lowest uid from one on holds
 * @from: the uid, as the kernel sees it
 * @usage: where to write it
 *
 * Context: Process. Takes and releases users_lock.
 * Return: whether there is one.
 */
bool ipcport_user_peek(uid_t from, struct ipcport_usage *usage)
{
	const struct ipcport_user *user;

	spin_lock(&users_lock);
	user = user_from(KUIDT_INIT(from));
	if (user) {
		usage->uid = user->uid;
		usage->used[IPCPORT_LIMIT_PORTS] = user->nr[IPCPORT_LIMIT_PORTS];
		usage->used[IPCPORT_LIMIT_MESSAGES] = user->nr[IPCPORT_LIMIT_MESSAGES];
		usage->used[IPCPORT_LIMIT_CALLS] = atomic_read(&user->nr_calls);
		usage->used[IPCPORT_LIMIT_CARGO] = atomic_read(&user->nr_cargo);
	}
	spin_unlock(&users_lock);
	return user;
}

/**
 * ipcport_quota_init() - begin to count the calls of the current process
 * @quota: memory for it
 *
 * Context: Process; may sleep.
 * Return: 0 or -ENOMEM.
 */
int ipcport_quota_init(struct ipcport_quota *quota)
{
	struct ipcport_user *user = ipcport_user_get(current_euid());

	if (IS_ERR(user))
		return PTR_ERR(user);
	quota->user = user;
	atomic_set(&quota->nr_calls, 0);
	return 0;
}

/**
 * ipcport_quota_destroy() - undo ipcport_quota_init()
 * @quota: quota that nothing is charged to
 *
 * Context: Process.
 */
void ipcport_quota_destroy(struct ipcport_quota *quota)
{
	ipcport_user_put(quota->user);
}

/**
 * ipcport_quota_charge_call() - count one more call
 * @quota: whose it is
 * @net: namespace in which to tell of a refusal
 *
 * The first refusal by a limit since the module was loaded is logged.
 *
 * Context: Process; may sleep.
 * Return: 0, or -EDQUOT and nothing was counted.
 */
int ipcport_quota_charge_call(struct ipcport_quota *quota, struct net *net)
{
	unsigned int max;

	if (!inc_below(&quota->nr_calls, IPCPORT_LIMIT_PROCESS_CALLS, &max)) {
		report(quota->user, net, IPCPORT_LIMIT_PROCESS_CALLS, max);
		return -EDQUOT;
	}
	if (!inc_below(&quota->user->nr_calls, IPCPORT_LIMIT_CALLS, &max)) {
		atomic_dec(&quota->nr_calls);
		report(quota->user, net, IPCPORT_LIMIT_CALLS, max);
		return -EDQUOT;
	}
	return 0;
}

/**
 * ipcport_quota_discharge_call() - take back one ipcport_quota_charge_call()
 * @quota: whose call it was
 *
 * Context: Any.
 */
void ipcport_quota_discharge_call(struct ipcport_quota *quota)
{
	atomic_dec(&quota->user->nr_calls);
	atomic_dec(&quota->nr_calls);
}
