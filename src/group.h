/* SPDX-License-Identifier: GPL-2.0 */
/**
 * DOC: Groups
 *
 * A group holds what ends together: a live port is in the group of its owner and in
 * that of the device file through which it was created; calls are in those of the
 * processes and files that made or received them, where these could leave others
 * waiting. Ending a group costs what is in it, whatever else the system holds.
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

/**
 * enum ipcport_cause - why something ends
 * @IPCPORT_CAUSE_DESTROY: somebody who may asked for it
 * @IPCPORT_CAUSE_EXIT: its process or thread has exited
 * @IPCPORT_CAUSE_CLOSE: its device file was closed for the last time
 */
enum ipcport_cause {
	IPCPORT_CAUSE_DESTROY,
	IPCPORT_CAUSE_EXIT,
	IPCPORT_CAUSE_CLOSE,
};

/**
 * struct ipcport_member_ops - what a member is
 * @get: one more reference to the object; any context
 * @end: the group ends, so the object does; drops that reference. Process; may sleep.
 */
struct ipcport_member_ops {
	void (*get)(void *object);
	void (*end)(void *object, enum ipcport_cause cause);
};

/**
 * struct ipcport_group - what ends together
 * @users: uses; 0 when retired			(atomic)
 * @retire: called when the last use ends; may sleep	(const after init)
 * @is_over: what the group stands for has ended; only tells why	(atomic)
 * @lock: guards @members; innermost, inside a port's lock or held alone
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
 * struct ipcport_member - a place in one group
 * @object: what has this place			(const after join)
 * @ops: what kind of object that is			(const after join)
 * @group: group that is used, NULL before join	(const after join)
 * @node: in @group->members, or empty			(lock: group->lock)
 */
struct ipcport_member {
	void *object;
	const struct ipcport_member_ops *ops;
	struct ipcport_group *group;
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
			void *object, const struct ipcport_member_ops *ops);
void ipcport_group_leave(struct ipcport_member *member);
void ipcport_group_end(struct ipcport_group *group, enum ipcport_cause cause);

#endif /* IPCPORT_GROUP_H */
