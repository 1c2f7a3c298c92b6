/* SPDX-License-Identifier: GPL-2.0 */
/**
 * DOC: Ports
 *
 * A port is a bounded queue of messages and the threads that wait for space or
 * for a message. One lock guards all of that. Nothing is allocated, copied to or
 * from user memory, or freed under it, and no two ports are locked together.
 *
 * Waiters stand in line in @waiters with what they bring: a sender its messages,
 * a receiver an empty queue. They never look for themselves. Whoever makes room
 * moves the first sender's messages into the queue, whoever pushes gives the
 * message to the first receiver, and both do it under the lock, before they wake
 * the waiter. A waiter that is woken has been served; one that leaves on its own
 * account takes itself out of the line, and nothing with it.
 *
 * Hence: senders wait only while the port is full, receivers only while it is
 * empty, and never both, which is why one line is enough.
 *
 * A message can be a request, that is, begin a call. From the moment it is pushed
 * until the call ends it is in @calls as well, whether it is in the queue or has been
 * received. Whoever takes it out of there, under the lock, is the one who ends the
 * call; what that means is call.c's affair. docs/design.md has the whole picture.
 */
#ifndef IPCPORT_PORT_H
#define IPCPORT_PORT_H

#include <linux/list.h>
#include <linux/lockdep.h>
#include <linux/rbtree.h>
#include <linux/refcount.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/uidgid.h>
#include <linux/wait.h>

#include "event.h"
#include "group.h"
#include "queue.h"
#include "tally.h"

struct file;
struct ipcport_msg;
struct ipcport_name;
struct ipcport_no_senders;
struct ipcport_ns;
struct ipcport_request;
struct ipcport_user;
struct ipcport_wait;
struct pid;
struct task_struct;

/* Bytes in a name, the zero at its end included. */
#define IPCPORT_NAME_LEN	64

/*
 * Queues of pollers: one for each set of rights, since each is woken for other reasons.
 * Besides that of the end a queue is woken for, bit by bit: space, a message.
 */
#define IPCPORT_POLL_OUT	0x1
#define IPCPORT_POLL_IN		0x2
#define IPCPORT_NR_POLLS	4

/**
 * enum ipcport_state - a port's life; it only moves forward
 * @IPCPORT_NEW: being built, known to its creator alone
 * @IPCPORT_LIVE: published; set by ipcport_publish()
 * @IPCPORT_DEAD: ended; set by ipcport_end_locked() under the port's lock
 */
enum ipcport_state {
	IPCPORT_NEW,
	IPCPORT_LIVE,
	IPCPORT_DEAD,
};

/**
 * struct ipcport - a bounded message queue with one owner and many senders
 * @ref: references; one is the port's life itself	(atomic)
 * @capacity: messages that senders may fill it to	(const after alloc)
 * @id: its number					(const after publish)
 * @ns: where the number means it; a reference to ns->net	(const after publish)
 * @file: device file that it was created through; valid while LIVE	(const after publish)
 * @user: who is charged for it			(const after alloc)
 * @uid: who it belongs to, as for a file		(const after alloc)
 * @gid: group it belongs to, as for a file		(const after alloc)
 * @mode: permission bits, as for a file		(const after alloc)
 * @tgid: owner process, a reference			(const after alloc)
 * @task: owner thread, a reference, or NULL if a process owns it	(const after alloc)
 * @created_ns: CLOCK_MONOTONIC at alloc		(const after alloc)
 * @is_notifying: whether callers that give up are told of	(const after publish)
 * @takes_cargo: whether messages may bring cargo	(const after publish)
 * @no_senders: how to tell that there is no handle to send with, or NULL; see senders.c
 *						(const after publish)
 * @readers: those who may yet receive: one for being LIVE, one for each who is about
 *	to; 0 when the queue of a DEAD port was dropped	(atomic)
 * @has_guests: whether another process than the owner has ever received	(atomic)
 * @owner_member: place among its owner's ports		(lock: group->lock)
 * @file_member: place among its device file's ports	(lock: group->lock)
 * @rcu: frees it after lookups are done		(free path only)
 * @pollers: those who poll it, by IPCPORT_POLL_* bits; see poll.h	(lock: its own)
 * @waiters: struct ipcport_waiter, first come first; its lock is the port's lock
 *							(lock: waiters.lock)
 * @state: see enum ipcport_state			(lock: waiters.lock)
 * @nr_waiters: length of @waiters			(lock: waiters.lock)
 * @nr_waits: how often a thread has come to wait	(lock: waiters.lock)
 * @tallies: what happened so far, by enum ipcport_tally; see ns.h	(lock: waiters.lock)
 * @queue: messages not yet received			(lock: waiters.lock)
 * @nr_calls: size of @calls				(lock: waiters.lock)
 * @calls: struct ipcport_request of open calls, by token	(lock: waiters.lock)
 * @name: its name, or NULL				(lock: waiters.lock)
 * @nr_send_handles: handles to send with		(lock: waiters.lock)
 * @nr_recv_handles: handles to receive with		(lock: waiters.lock)
 */
struct ipcport {
	refcount_t ref;
	unsigned int capacity;
	u64 id;
	struct ipcport_ns *ns;
	struct file *file;
	struct ipcport_user *user;
	kuid_t uid;
	kgid_t gid;
	umode_t mode;
	struct pid *tgid;
	struct task_struct *task;
	u64 created_ns;
	refcount_t readers;
	bool is_notifying;
	bool has_guests;
	bool takes_cargo;
	struct ipcport_no_senders *no_senders;
	struct ipcport_member owner_member;
	struct ipcport_member file_member;
	struct rcu_head rcu;
	wait_queue_head_t pollers[IPCPORT_NR_POLLS];

	wait_queue_head_t waiters;
	enum ipcport_state state;
	unsigned int nr_waiters;
	u64 nr_waits;
	u64 tallies[IPCPORT_NR_PORT_TALLIES];
	struct ipcport_queue queue;
	unsigned int nr_calls;
	struct rb_root calls;
	struct ipcport_name *name;
	unsigned int nr_send_handles;
	unsigned int nr_recv_handles;
};

/**
 * struct ipcport_snapshot - what a port was like at one moment
 * @state: its state
 * @depth: messages in it
 * @nr_senders: threads waiting for space
 * @nr_receivers: threads waiting for a message
 * @nr_waits: how often a thread has come to wait
 * @tallies: what happened so far, by enum ipcport_tally
 * @nr_calls: open calls
 * @nr_send_handles: handles to send with
 * @nr_recv_handles: handles to receive with
 * @name: its name, filled up with zeroes; empty if it has none
 */
struct ipcport_snapshot {
	enum ipcport_state state;
	unsigned int depth;
	unsigned int nr_senders;
	unsigned int nr_receivers;
	u64 nr_waits;
	u64 tallies[IPCPORT_NR_PORT_TALLIES];
	unsigned int nr_calls;
	unsigned int nr_send_handles;
	unsigned int nr_recv_handles;
	char name[IPCPORT_NAME_LEN];
};

/* From alloc to the last put: life.c. Polling is in poll.h, names are in name.h. */
struct ipcport *ipcport_alloc(unsigned int capacity, umode_t mode, bool is_thread_owned);
bool ipcport_end_locked(struct ipcport *port);
bool ipcport_get_reader(struct ipcport *port);
void ipcport_put_reader(struct ipcport *port);
void ipcport_put(struct ipcport *port);
void ipcport_snapshot(struct ipcport *port, struct ipcport_snapshot *snapshot);
struct ipcport_event ipcport_event_about(const struct ipcport *port,
					 enum ipcport_event_kind kind);

/**
 * ipcport_get() - one more reference
 * @port: port that the caller has a reference to, or that a lock keeps
 *
 * Context: Any.
 */
static inline void ipcport_get(struct ipcport *port)
{
	refcount_inc(&port->ref);
}

/**
 * ipcport_lock() - take the port's lock
 * @port: the port
 *
 * Context: Process. Inside it only one of these is taken: the lock of the registry's
 *	xarray, that of the names, that of a group, that of pollers and what they are
 *	woken in (epoll), or what io_uring needs to be told that a call has ended.
 */
static inline void ipcport_lock(struct ipcport *port)
	__acquires(&port->waiters.lock)
{
	spin_lock(&port->waiters.lock);
}

/**
 * ipcport_unlock() - release the port's lock
 * @port: the port
 *
 * Context: Process, with the lock held.
 */
static inline void ipcport_unlock(struct ipcport *port)
	__releases(&port->waiters.lock)
{
	spin_unlock(&port->waiters.lock);
}

/**
 * ipcport_assert_locked() - tell lockdep that the port's lock is held
 * @port: the port
 *
 * Context: Any, with the lock held.
 */
static inline void ipcport_assert_locked(struct ipcport *port)
{
	lockdep_assert_held(&port->waiters.lock);
}

/* The line and the queue: port.c */
int ipcport_send(struct ipcport *port, struct ipcport_queue *batch,
		 const struct ipcport_wait *wait);
int ipcport_recv(struct ipcport *port, struct ipcport_queue *batch, unsigned int max,
		 const struct ipcport_wait *wait);
void ipcport_unrecv(struct ipcport *port, struct ipcport_queue *batch);
struct ipcport_request *ipcport_find_request_locked(struct ipcport *port, u64 token);
bool ipcport_withdraw_locked(struct ipcport *port, struct ipcport_request *request);
void ipcport_push_notice_locked(struct ipcport *port, struct ipcport_msg *msg);
void ipcport_answer_all(struct ipcport *port);

#endif /* IPCPORT_PORT_H */
