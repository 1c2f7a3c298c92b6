// SPDX-License-Identifier: GPL-2.0
#include "owner.h"

#include <linux/anon_inodes.h>
#include <linux/atomic.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/hashtable.h>
#include <linux/module.h>
#include <linux/pid.h>
#include <linux/rcupdate.h>
#include <linux/refcount.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/tracepoint.h>
#include <trace/events/sched.h>

#include "compat/exit_probe.h"
#include "count.h"
#include "group.h"
#include "limits.h"

/* Does a file keep the record of an owner? See keep(). */
enum keeping { NOT_KEPT, KEPT, LEAVING };

/**
 * struct ipcport_owner - a process or thread that has ports or calls
 * @group: its ports and calls; retires with the last one, or when no file keeps it any
 *	more						(atomic)
 * @quota: what its calls are charged to		(const after alloc)
 * @keeping: enum keeping; see keep() and unkeep()	(atomic)
 * @keeper: place in the group of the file that keeps the record; theirs who moved
 *	@keeping to KEPT, then to LEAVING		(lock: keeping)
 * @ref: 1 until @group retires, and 1 for the token	(atomic)
 * @node: in owners					(lock: owners_lock; RCU)
 * @key: struct pid of the process, or the thread's task_struct	(const after alloc)
 * @tgid: @key and a reference, if it is a process	(const after alloc)
 * @task: @key and a reference, if it is a thread	(const after alloc)
 * @token: the file to drop when it exits; who takes it by xchg drops it	(atomic)
 * @rcu: frees it after the probe is done with it	(free path only)
 */
struct ipcport_owner {
	struct ipcport_group group;
	struct ipcport_quota quota;
	atomic_t keeping;
	struct ipcport_member keeper;
	refcount_t ref;
	struct hlist_node node;
	const void *key;
	struct pid *tgid;
	struct task_struct *task;
	struct file *token;
	struct rcu_head rcu;
};

/*
 * Owners by @key. owners_lock is taken when an owner comes or goes; it is
 * innermost and held alone. The probe walks the table under RCU.
 */
static DEFINE_HASHTABLE(owners, 10);
static DEFINE_SPINLOCK(owners_lock);

/* How many are in the table, so that the probe costs nothing while none is. */
static unsigned int nr_owners;		/* (lock: owners_lock to write) */

static struct tracepoint *exit_tracepoint;	/* (const after init) */

static void owner_put(struct ipcport_owner *owner)
{
	if (!refcount_dec_and_test(&owner->ref))
		return;
	if (owner->task)
		put_task_struct(owner->task);
	put_pid(owner->tgid);
	ipcport_quota_destroy(&owner->quota);
	kfree_rcu(owner, rcu);
	ipcport_count_dec(IPCPORT_OWNERS);
}

/*
 * A process that calls, or receives from others' ports, needs its record each time,
 * and would have to make it each time if nothing lasting used it. So the file through
 * which it does that uses it too, until the file is closed or the process exits.
 */
static void unkeep(struct ipcport_owner *owner)
{
	if (atomic_cmpxchg(&owner->keeping, KEPT, LEAVING) != KEPT)
		return;
	ipcport_group_leave(&owner->keeper);
	/* Only now can @keeper be used for another file. */
	atomic_set_release(&owner->keeping, NOT_KEPT);
	ipcport_group_put(&owner->group);
}

static void keeper_get(void *object)
{
	struct ipcport_owner *owner = object;

	refcount_inc(&owner->ref);
}

static void keeper_end(void *object, enum ipcport_cause cause)
{
	unkeep(object);
	owner_put(object);
}

static const struct ipcport_member_ops keeper_ops = {
	.get = keeper_get,
	.end = keeper_end,
};

static void keep(struct ipcport_owner *owner, struct ipcport_group *file)
{
	if (atomic_read(&owner->keeping) != NOT_KEPT ||
	    atomic_cmpxchg(&owner->keeping, NOT_KEPT, KEPT) != NOT_KEPT)
		return;
	/* Nobody can make it leave before it has joined: we are the process, and use @file. */
	ipcport_group_get(&owner->group);
	ipcport_group_join(ipcport_group_get(file), &owner->keeper, owner, &keeper_ops);
}

/* The token was dropped: the owner exits, or has nothing here any more. */
static int token_release(struct inode *inode, struct file *file)
{
	struct ipcport_owner *owner = file->private_data;

	ipcport_group_end(&owner->group, IPCPORT_CAUSE_EXIT);
	unkeep(owner);
	owner_put(owner);
	return 0;
}

/* @owner keeps the module: rmmod is EBUSY while there are tokens. */
static const struct file_operations token_fops = {
	.owner = THIS_MODULE,
	.release = token_release,
};

static void drop_token(struct ipcport_owner *owner)
{
	struct file *token = xchg(&owner->token, NULL);

	if (token)
		fput(token);
}

/* The last member is gone, and nobody is about to add one. */
static void owner_retire(struct ipcport_group *group)
{
	struct ipcport_owner *owner = container_of(group, struct ipcport_owner, group);

	spin_lock(&owners_lock);
	if (hash_hashed(&owner->node)) {
		hash_del_rcu(&owner->node);
		WRITE_ONCE(nr_owners, nr_owners - 1);
	}
	spin_unlock(&owners_lock);
	drop_token(owner);
	owner_put(owner);
}

static struct ipcport_owner *owner_alloc(bool is_thread)
{
	struct ipcport_owner *owner;
	struct file *token;
	int ret;

	owner = kzalloc(sizeof(*owner), GFP_KERNEL_ACCOUNT);
	if (!owner)
		return ERR_PTR(-ENOMEM);
	ret = ipcport_quota_init(&owner->quota);
	if (ret)
		goto err_free;
	token = anon_inode_getfile("[ipcport-owner]", &token_fops, owner, O_RDONLY);
	if (IS_ERR(token)) {
		ret = PTR_ERR(token);
		goto err_quota;
	}

	owner->token = token;
	if (is_thread) {
		owner->task = get_task_struct(current);
		owner->key = owner->task;
	} else {
		owner->tgid = get_pid(task_tgid(current));
		owner->key = owner->tgid;
	}
	refcount_set(&owner->ref, 2);
	ipcport_group_init(&owner->group, owner_retire);
	ipcport_count_inc(IPCPORT_OWNERS);
	return owner;

err_quota:
	ipcport_quota_destroy(&owner->quota);
err_free:
	kfree(owner);
	return ERR_PTR(ret);
}

/* Use the owner named by @key; if there is none, publish @fresh. */
static struct ipcport_owner *owner_find_or_add(const void *key, struct ipcport_owner *fresh)
{
	struct ipcport_owner *owner;

	spin_lock(&owners_lock);
	hash_for_each_possible(owners, owner, node, (unsigned long)key)
		/* One that has retired is about to leave the table. */
		if (owner->key == key && ipcport_group_get_unless_zero(&owner->group))
			goto out_unlock;
	owner = fresh;
	hash_add_rcu(owners, &fresh->node, (unsigned long)key);
	WRITE_ONCE(nr_owners, nr_owners + 1);
out_unlock:
	spin_unlock(&owners_lock);
	return owner;
}

/* Use the owner named by @key, if it is in the table; takes no lock. */
static struct ipcport_owner *owner_find(const void *key)
{
	struct ipcport_owner *owner;

	rcu_read_lock();
	hash_for_each_possible_rcu(owners, owner, node, (unsigned long)key)
		if (owner->key == key && ipcport_group_get_unless_zero(&owner->group))
			goto out_unlock;
	owner = NULL;
out_unlock:
	rcu_read_unlock();
	return owner;
}

static struct ipcport_owner *owner_get(bool is_thread)
{
	const void *key = is_thread ? (void *)current : task_tgid(current);
	struct ipcport_owner *owner, *fresh;

	owner = owner_find(key);
	if (owner)
		return owner;
	fresh = owner_alloc(is_thread);
	if (IS_ERR(fresh))
		return fresh;
	owner = owner_find_or_add(key, fresh);
	if (owner != fresh)	/* another thread of the process was faster */
		ipcport_group_put(&fresh->group);
	return owner;
}

/**
 * ipcport_owner_get() - the group of ports that end with the current task
 * @is_thread: whether with this thread, or with its whole process
 *
 * Context: Process; may sleep.
 * Return: the group, used once for the caller, or ERR_PTR(-ENOMEM or -ENFILE).
 */
struct ipcport_group *ipcport_owner_get(bool is_thread)
{
	struct ipcport_owner *owner = owner_get(is_thread);

	return IS_ERR(owner) ? ERR_CAST(owner) : &owner->group;
}

/**
 * ipcport_owner_get_kept() - the group of what ends with the current process
 * @file: group of the file through which it is needed; uses it as well from now on,
 *	so that it is quickly found the next time
 *
 * Context: Process; may sleep.
 * Return: the group, used once for the caller, or ERR_PTR(-ENOMEM or -ENFILE).
 */
struct ipcport_group *ipcport_owner_get_kept(struct ipcport_group *file)
{
	struct ipcport_owner *owner = owner_get(false);

	if (IS_ERR(owner))
		return ERR_CAST(owner);
	keep(owner, file);
	return &owner->group;
}

/**
 * ipcport_owner_quota() - what a process' calls are charged to
 * @group: group from ipcport_owner_get()
 *
 * Context: Any.
 * Return: the quota; it lives as long as @group is used.
 */
struct ipcport_quota *ipcport_owner_quota(struct ipcport_group *group)
{
	return &container_of(group, struct ipcport_owner, group)->quota;
}

/**
 * ipcport_owner_tgid() - which process a group stands for
 * @group: group from ipcport_owner_get()
 *
 * Context: Any.
 * Return: the process, without a reference, or NULL if it is a thread; it lives as long as
 *	@group is used.
 */
struct pid *ipcport_owner_tgid(struct ipcport_group *group)
{
	return container_of(group, struct ipcport_owner, group)->tgid;
}

static void owner_exits(const void *key)
{
	struct ipcport_owner *owner;

	hash_for_each_possible_rcu(owners, owner, node, (unsigned long)key) {
		if (owner->key == key) {
			WRITE_ONCE(owner->group.is_over, true);
			drop_token(owner);
		}
	}
}

/*
 * Called for each thread that exits, in atomic context. It takes no lock and does
 * no work: on PREEMPT_RT it could not. Two last threads may both see @group_dead
 * before 6.16, hence the xchg in drop_token().
 */
static void exit_probe(void *data, struct task_struct *task, bool group_dead)
{
	if (!READ_ONCE(nr_owners) || (task->flags & PF_KTHREAD))
		return;
	rcu_read_lock();
	owner_exits(task);
	if (group_dead)
		owner_exits(task_tgid(task));
	rcu_read_unlock();
}

DEFINE_EXIT_PROBE(registered_probe, exit_probe);

/* The tracepoint is there for modules, its symbol is not exported. */
static void find_tracepoint(struct tracepoint *tp, void *data)
{
	if (!strcmp(tp->name, "sched_process_exit"))
		exit_tracepoint = tp;
}

/**
 * ipcport_owner_init() - begin to notice exits
 *
 * Context: Process, module init.
 * Return: 0, -ENOENT if the kernel has no such tracepoint, or -errno.
 */
int ipcport_owner_init(void)
{
	for_each_kernel_tracepoint(find_tracepoint, NULL);
	if (!exit_tracepoint) {
		pr_err("this kernel has no tracepoint sched_process_exit\n");
		return -ENOENT;
	}
	return tracepoint_probe_register(exit_tracepoint, registered_probe, NULL);
}

/**
 * ipcport_owner_exit() - undo ipcport_owner_init(); waits for probes that run
 *
 * Context: Process, module exit; no owner is left.
 */
void ipcport_owner_exit(void)
{
	tracepoint_probe_unregister(exit_tracepoint, registered_probe, NULL);
	tracepoint_synchronize_unregister();
}
