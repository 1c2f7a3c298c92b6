/* SPDX-License-Identifier: GPL-2.0 */
/**
 * DOC: Events
 *
 * What is worth telling to people who look from outside: ports and names that come
 * and go, calls that end without an answer, limits that are in the way. Whoever causes
 * an event announces it after it has happened and without a lock, and waits for nobody.
 * Who hears of it is the affair of the doors: netlink listens.
 */
#ifndef IPCPORT_EVENT_H
#define IPCPORT_EVENT_H

#include <linux/types.h>
#include <linux/uidgid.h>

struct net;
struct pid;

/**
 * enum ipcport_event_kind - what happened
 * @IPCPORT_EVENT_CREATED: a port became LIVE
 * @IPCPORT_EVENT_DESTROYED: a port ended, by @cause; it had the name @name, or none
 * @IPCPORT_EVENT_BOUND: a port got the name @name
 * @IPCPORT_EVENT_UNBOUND: a port lost the name @name
 * @IPCPORT_EVENT_OWNER_DIED: the owner exited, and @nr_callers got EPIPE for it
 * @IPCPORT_EVENT_CALL_ABORTED: the call @token of @caller ended with @ret
 * @IPCPORT_EVENT_LIMIT_HIT: the user @uid was refused something by @limit, which is @max
 */
enum ipcport_event_kind {
	IPCPORT_EVENT_CREATED,
	IPCPORT_EVENT_DESTROYED,
	IPCPORT_EVENT_BOUND,
	IPCPORT_EVENT_UNBOUND,
	IPCPORT_EVENT_OWNER_DIED,
	IPCPORT_EVENT_CALL_ABORTED,
	IPCPORT_EVENT_LIMIT_HIT,
};

/**
 * struct ipcport_event - an event; what @kind does not speak of is 0
 * @kind: what happened
 * @net: where
 * @port: number of the port
 * @uid: who the port belongs to, or who was refused something
 * @gid: group that the port belongs to
 * @mode: permission bits of the port
 * @owner: owner process of the port
 * @generation: number of the change among ports and names
 * @name: a name
 * @cause: enum ipcport_cause
 * @nr_callers: how many calls
 * @token: names a call
 * @caller: process that called
 * @caller_thread: thread that called
 * @ret: -errno
 * @limit: name of a limit
 * @max: value of a limit
 */
struct ipcport_event {
	enum ipcport_event_kind kind;
	struct net *net;
	u64 port;
	kuid_t uid;
	kgid_t gid;
	umode_t mode;
	struct pid *owner;
	u64 generation;
	const char *name;
	int cause;
	unsigned int nr_callers;
	u64 token;
	struct pid *caller;
	struct pid *caller_thread;
	int ret;
	const char *limit;
	unsigned int max;
};

void ipcport_announce(const struct ipcport_event *event);
void ipcport_listen(void (*hear)(const struct ipcport_event *event));

#endif /* IPCPORT_EVENT_H */
