// SPDX-License-Identifier: GPL-2.0
#include "group.h"

#include <linux/sched.h>

/**
 * ipcport_group_init() - make a group in place, used once
 * @group: memory for it
 * @retire: what to do when its last use ends
 *
 * Context: Any.
 */
void ipcport_group_init(struct ipcport_group *group,
			void (*retire)(struct ipcport_group *group))
{
	refcount_set(&group->users, 1);
	group->retire = retire;
	group->is_over = false;
	spin_lock_init(&group->lock);
	INIT_LIST_HEAD(&group->members);
}

/**
 * ipcport_group_put() - end one use
 * @group: the group, which may be gone afterwards
 *
 * Context: Process; may sleep.
 */
void ipcport_group_put(struct ipcport_group *group)
{
	if (refcount_dec_and_test(&group->users))
		group->retire(group);
}

/**
 * ipcport_group_join() - let something end with a group
 * @group: group to join; the caller's use of it passes to @member
 * @member: a place that is in no group
 * @object: what shall have it; it lives until @member has left
 * @ops: what kind of object that is
 *
 * Context: Any. Takes and releases the group's lock. The group cannot be ending: what
 *	it stands for is the caller, or held by the caller.
 */
void ipcport_group_join(struct ipcport_group *group, struct ipcport_member *member,
			void *object, const struct ipcport_member_ops *ops)
{
	member->object = object;
	member->ops = ops;
	member->group = group;
	spin_lock(&group->lock);
	list_add_tail(&member->node, &group->members);
	spin_unlock(&group->lock);
}

/**
 * ipcport_group_leave() - something has ended, or need not end with its group any more
 * @member: a place that has joined a group
 *
 * Context: Process; may sleep. Takes and releases the group's lock.
 */
void ipcport_group_leave(struct ipcport_member *member)
{
	struct ipcport_group *group = member->group;

	/* It may be off the list already, if it was the group that ended. */
	spin_lock(&group->lock);
	list_del_init(&member->node);
	spin_unlock(&group->lock);
	ipcport_group_put(group);
}

/* Take one member off the list; get the object before it can go, and the member in it. */
static struct ipcport_member *group_pop(struct ipcport_group *group)
{
	struct ipcport_member *member;

	spin_lock(&group->lock);
	member = list_first_entry_or_null(&group->members, struct ipcport_member, node);
	if (member) {
		list_del_init(&member->node);
		member->ops->get(member->object);
	}
	spin_unlock(&group->lock);
	return member;
}

/**
 * ipcport_group_end() - end every member of a group
 * @group: group that gets no new members
 * @cause: why
 *
 * When it returns each of them has ended, or somebody else is ending it just now.
 *
 * Context: Process; may sleep.
 */
void ipcport_group_end(struct ipcport_group *group, enum ipcport_cause cause)
{
	struct ipcport_member *member;

	while ((member = group_pop(group))) {
		member->ops->end(member->object, cause);
		cond_resched();
	}
}
