/* SPDX-License-Identifier: GPL-2.0 */
/**
 * DOC: Groups
 *
 * A group holds ports that end together. Each live port is in two: that of its
 * owner and that of the device file through which it was created. Ending a group
 * costs what is in it, whatever else the system holds.
 *
 * A group is used by its members, by whoever is about to add one, and by whoever
 * embeds it for as long as that takes members. When the last use ends the group
 * retires, once and for good: get_unless_zero fails from then on, and @retire
 * lets the embedding object go.
 */
#ifndef IPCPORT_GROUP_H
#define IPCPORT_GROUP_H

#include <linux/list.h>
#include <linux/refcount.h>
#include <linux/spinlock.h>

struct ipcport;

/**
 * struct ipcport_group - ports that end together
 * @users: uses; 0 when retired			(atomic)
 * @retire: called when the last use ends; may sleep	(const after init)
 * @is_over: what the group stands for has ended; only tells why	(atomic)
 * @lock: guards @members; innermost, held alone
 * @members: struct ipcport_member			(lock: lock)
 */
struct ipcport_group {
	refcount_t users;
	void (*retire)(struct ipcport_group *group);
	bool is_over;

	spinlock_t lock;	/* guards members */
	struct list_head members;
};

/**
 * struct ipcport_member - a port's place in one group
 * @group: group that is used, NULL before join	(const after join)
 * @port: the port itself				(const after join)
 * @node: in @group->members, or empty			(lock: group->lock)
 */
struct ipcport_member {
	struct ipcport_group *group;
	struct ipcport *port;
	struct list_head node;
};

void ipcport_group_init(struct ipcport_group *group,
			void (*retire)(struct ipcport_group *group));
void ipcport_group_put(struct ipcport_group *group);

/**
 * ipcport_group_get() - use a group that is certainly in use
 * @group: the group
 *
 * Context: Any.
 * Return: @group.
 */
static inline struct ipcport_group *ipcport_group_get(struct ipcport_group *group)
{
	refcount_inc(&group->users);
	return group;
}

/**
 * ipcport_group_get_unless_zero() - use a group unless it has retired
 * @group: memory of a group, perhaps retired
 *
 * Context: Any; the caller keeps the memory, for example by RCU.
 * Return: whether it can be used; put it then.
 */
static inline bool ipcport_group_get_unless_zero(struct ipcport_group *group)
{
	return refcount_inc_not_zero(&group->users);
}

void ipcport_group_join(struct ipcport_group *group, struct ipcport_member *member,
			struct ipcport *port);
void ipcport_group_leave(struct ipcport_member *member);

#endif /* IPCPORT_GROUP_H */
