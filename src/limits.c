// SPDX-License-Identifier: GPL-2.0
#include "limits.h"

#include <linux/bitops.h>
#include <linux/build_bug.h>
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/hashtable.h>
#include <linux/minmax.h>
#include <linux/moduleparam.h>
#include <linux/printk.h>
#include <linux/refcount.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/stringify.h>
#include <linux/user_namespace.h>

#include "count.h"
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

/* What is counted. */
enum ipcport_limit {
	LIMIT_PORTS,
	LIMIT_MESSAGES,
	NR_PORT_LIMITS,
	LIMIT_CALLS = NR_PORT_LIMITS,
	LIMIT_PROCESS_CALLS,
	LIMIT_CARGO,
	NR_LIMITS
};

/* trace.h, below us, has the limits by number. */
static_assert(LIMIT_PORTS == 0);
static_assert(LIMIT_MESSAGES == 1);
static_assert(LIMIT_CALLS == 2);
static_assert(LIMIT_PROCESS_CALLS == 3);
static_assert(LIMIT_CARGO == 4);

static const struct {
	const char *name;
	const unsigned int *max;
} limits[NR_LIMITS] = {
	[LIMIT_PORTS]		= { "max_ports", &max_ports },
	[LIMIT_MESSAGES]	= { "max_messages", &max_messages },
	[LIMIT_CALLS]		= { "max_calls", &max_calls },
	[LIMIT_PROCESS_CALLS]	= { "max_process_calls", &max_process_calls },
	[LIMIT_CARGO]		= { "max_cargo", &max_cargo },
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
 */
struct ipcport_user {
	refcount_t ref;
	kuid_t uid;
	struct hlist_node node;
	u64 nr[NR_PORT_LIMITS];
	atomic_t nr_calls;
	atomic_t nr_cargo;
};

/*
 * Users who hold something. Looked at when a port is created or ends, or a process
 * begins to call, never to send or receive, so one lock is enough. users_lock is
 * innermost and held alone.
 */
static DEFINE_HASHTABLE(users, 6);
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

/* Get @uid's record; if there is none, publish @fresh, unless that is NULL. */
static struct ipcport_user *user_find_or_add(kuid_t uid, struct ipcport_user *fresh)
{
	struct ipcport_user *user;

	spin_lock(&users_lock);
	hash_for_each_possible(users, user, node, __kuid_val(uid)) {
		if (uid_eq(user->uid, uid)) {
			refcount_inc(&user->ref);
			goto out_unlock;
		}
	}
	user = fresh;
	if (fresh)
		hash_add(users, &fresh->node, __kuid_val(uid));
out_unlock:
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
		hash_del(&user->node);
	spin_unlock(&users_lock);
	if (!is_last)
		return;
	kfree(user);
	ipcport_count_dec(IPCPORT_USERS);
}

/* Each limit once: a user must not be able to fill the log. */
static void report(const struct ipcport_user *user, enum ipcport_limit limit, unsigned int max)
{
	uid_t uid = from_kuid(&init_user_ns, user->uid);

	trace_ipcport_limit(uid, limit, max);
	if (!test_and_set_bit(limit, &logged_limits))
		pr_notice("user %u has reached %s=%u\n", uid, limits[limit].name, max);
}

/**
 * ipcport_user_charge_port() - count one more live port
 * @user: whose it is
 * @capacity: messages it can hold
 *
 * The first refusal by a limit since the module was loaded is logged.
 *
 * Context: Process. Takes and releases users_lock.
 * Return: 0, or -EDQUOT and nothing was counted.
 */
int ipcport_user_charge_port(struct ipcport_user *user, unsigned int capacity)
{
	const unsigned int more[] = { [LIMIT_PORTS] = 1, [LIMIT_MESSAGES] = capacity };
	enum ipcport_limit limit;
	unsigned int max;

	spin_lock(&users_lock);
	for (limit = 0; limit < NR_PORT_LIMITS; limit++) {
		max = READ_ONCE(*limits[limit].max);
		if (user->nr[limit] + more[limit] > max)
			break;
	}
	if (limit == NR_PORT_LIMITS) {
		user->nr[LIMIT_PORTS]++;
		user->nr[LIMIT_MESSAGES] += capacity;
	}
	spin_unlock(&users_lock);

	if (limit == NR_PORT_LIMITS)
		return 0;
	report(user, limit, max);
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
	user->nr[LIMIT_PORTS]--;
	user->nr[LIMIT_MESSAGES] -= capacity;
	spin_unlock(&users_lock);
}

/* Count one more, unless @nr has reached the limit. */
static bool inc_below(atomic_t *nr, enum ipcport_limit limit, unsigned int *max)
{
	int old = atomic_read(nr);

	*max = READ_ONCE(*limits[limit].max);
	do {
		if ((unsigned int)old >= *max)
			return false;
	} while (!atomic_try_cmpxchg(nr, &old, old + 1));
	return true;
}

/**
 * ipcport_user_charge_cargo() - count one more file or handle under way
 * @user: who sends it
 *
 * The first refusal by a limit since the module was loaded is logged.
 *
 * Context: Process.
 * Return: 0, or -EDQUOT and nothing was counted.
 */
int ipcport_user_charge_cargo(struct ipcport_user *user)
{
	unsigned int max;

	if (inc_below(&user->nr_cargo, LIMIT_CARGO, &max))
		return 0;
	report(user, LIMIT_CARGO, max);
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
 *
 * The first refusal by a limit since the module was loaded is logged.
 *
 * Context: Process.
 * Return: 0, or -EDQUOT and nothing was counted.
 */
int ipcport_quota_charge_call(struct ipcport_quota *quota)
{
	unsigned int max;

	if (!inc_below(&quota->nr_calls, LIMIT_PROCESS_CALLS, &max)) {
		report(quota->user, LIMIT_PROCESS_CALLS, max);
		return -EDQUOT;
	}
	if (!inc_below(&quota->user->nr_calls, LIMIT_CALLS, &max)) {
		atomic_dec(&quota->nr_calls);
		report(quota->user, LIMIT_CALLS, max);
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
