// SPDX-License-Identifier: GPL-2.0
#include "group.h"

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
 * ipcport_group_join() - let a port end with a group
 * @group: group to join; the caller's use of it passes to @member
 * @member: a place of @port that is in no group
 * @port: the port, not yet published: nobody can make it leave meanwhile
 *
 * Context: Process. Takes and releases the group's lock.
 */
void ipcport_group_join(struct ipcport_group *group, struct ipcport_member *member,
			struct ipcport *port)
{
	member->group = group;
	member->port = port;
	spin_lock(&group->lock);
	list_add_tail(&member->node, &group->members);
	spin_unlock(&group->lock);
}

/**
 * ipcport_group_leave() - a port has ended
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
