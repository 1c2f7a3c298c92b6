// SPDX-License-Identifier: GPL-2.0
#include "port.h"

#include <linux/cred.h>
#include <linux/err.h>
#include <linux/hrtimer.h>
#include <linux/pid.h>
#include <linux/printk.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/signal.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>

#include "count.h"
#include "limits.h"
#include "trace.h"

/* Waiters that are woken at the end of a port in one hold of its lock. */
#define WAKE_BATCH	64

/**
 * struct ipcport_waiter - a thread that waits in a port, on that thread's stack
 * @entry: in port->waiters				(lock: port->waiters.lock)
 * @batch: what a sender brings, or where a receiver takes; the waiting thread's own
 *	again after @is_done				(lock: port->waiters.lock)
 * @ret: 0 or -EPIPE					(lock: port->waiters.lock)
 * @is_done: whether it was served; written once with release, and read with acquire
 *	by the waiting thread				(lock: port->waiters.lock)
 */
struct ipcport_waiter {
	struct wait_queue_entry entry;
	struct ipcport_queue *batch;
	int ret;
	bool is_done;
};

static void assert_locked(struct ipcport *port)
{
	lockdep_assert_held(&port->waiters.lock);
}

static bool has_space_locked(struct ipcport *port)
{
	assert_locked(port);
	return port->queue.nr < port->capacity;
}

/* Take one waiter out of the line, with its answer. */
static void finish_locked(struct ipcport *port, struct ipcport_waiter *waiter, int ret)
{
	struct task_struct *task = waiter->entry.private;

	assert_locked(port);
	list_del(&waiter->entry.entry);
	port->nr_waiters--;
	waiter->ret = ret;
	/*
	 * Pairs with the acquire in sleep(). From here on the thread may return and
	 * its stack may be gone, so @waiter is not touched again. The thread itself
	 * may even exit; its task_struct is freed after a grace period only, and a
	 * held spinlock is an RCU read section, on PREEMPT_RT too.
	 */
	smp_store_release(&waiter->is_done, true);
	wake_up_process(task);
}

static void push_locked(struct ipcport *port, struct ipcport_queue *batch)
{
	struct ipcport_msg *msg;

	assert_locked(port);
	msg = ipcport_queue_pop(batch);
	msg->seq = ++port->nr_sent;
	ipcport_queue_push(&port->queue, msg);
	trace_ipcport_push(port->id, msg->seq, port->queue.nr);
}

static void pop_locked(struct ipcport *port, struct ipcport_queue *batch)
{
	struct ipcport_msg *msg;

	assert_locked(port);
	msg = ipcport_queue_pop(&port->queue);
	port->nr_received++;
	ipcport_queue_push(batch, msg);
	trace_ipcport_pop(port->id, msg->seq, port->queue.nr);
}

/*
 * The wake functions of senders and receivers, called by wake_one_locked(). They
 * serve the waiter from the port as it is now. A result below 0 ends the round.
 */
static int wake_sender(struct wait_queue_entry *entry, unsigned int mode, int flags, void *key)
{
	struct ipcport_waiter *waiter = container_of(entry, struct ipcport_waiter, entry);
	struct ipcport *port = key;

	assert_locked(port);
	if (port->state == IPCPORT_DEAD) {
		finish_locked(port, waiter, -EPIPE);
		return 1;
	}
	while (waiter->batch->nr && has_space_locked(port))
		push_locked(port, waiter->batch);
	if (waiter->batch->nr)
		return -1;	/* it keeps its place, and nobody behind it may pass */
	finish_locked(port, waiter, 0);
	return 1;
}

static int wake_receiver(struct wait_queue_entry *entry, unsigned int mode, int flags, void *key)
{
	struct ipcport_waiter *waiter = container_of(entry, struct ipcport_waiter, entry);
	struct ipcport *port = key;

	assert_locked(port);
	/* What is still there goes out before EPIPE does. */
	if (port->queue.nr) {
		pop_locked(port, waiter->batch);
		finish_locked(port, waiter, 0);
	} else {
		finish_locked(port, waiter, -EPIPE);
	}
	return 1;
}

/* Serve whoever is first in line. */
static void wake_one_locked(struct ipcport *port)
{
	assert_locked(port);
	__wake_up_locked_key(&port->waiters, TASK_NORMAL, port);
}

/*
 * Put as much of @batch into the queue as there is space for. Whoever waits while
 * there is space is a receiver, and gets each message as it comes.
 */
static int send_locked(struct ipcport *port, struct ipcport_queue *batch)
{
	assert_locked(port);
	if (port->state == IPCPORT_DEAD)
		return -EPIPE;
	while (batch->nr && has_space_locked(port)) {
		push_locked(port, batch);
		if (port->nr_waiters)
			wake_one_locked(port);
	}
	return batch->nr ? -EAGAIN : 0;
}

/*
 * Take up to @max messages. Whoever waits while there are messages is a sender,
 * and fills the space that this makes.
 */
static int recv_locked(struct ipcport *port, struct ipcport_queue *batch, unsigned int max)
{
	assert_locked(port);
	if (!port->queue.nr)
		return port->state == IPCPORT_DEAD ? -EPIPE : -EAGAIN;
	while (batch->nr < max && port->queue.nr)
		pop_locked(port, batch);
	/* In a DEAD port ipcport_wake_all() is at it, a few at a time. */
	while (port->state == IPCPORT_LIVE && port->nr_waiters && has_space_locked(port))
		wake_one_locked(port);
	return 0;
}

static void enqueue_locked(struct ipcport *port, struct ipcport_waiter *waiter,
			   wait_queue_func_t wake, struct ipcport_queue *batch)
{
	assert_locked(port);
	init_waitqueue_func_entry(&waiter->entry, wake);
	waiter->entry.private = current;
	waiter->batch = batch;
	waiter->is_done = false;
	__add_wait_queue_entry_tail_exclusive(&port->waiters, &waiter->entry);
	port->nr_waiters++;
	trace_ipcport_block(port->id, batch->nr);
}

/* Sleep until served, or until there is a reason to leave. */
static int sleep(struct ipcport_waiter *waiter, ktime_t deadline)
{
	ktime_t *expires = deadline == KTIME_MAX ? NULL : &deadline;
	bool timed_out = false;

	for (;;) {
		set_current_state(TASK_INTERRUPTIBLE | TASK_FREEZABLE);
		/* Pairs with the release in finish_locked(). */
		if (smp_load_acquire(&waiter->is_done) || timed_out || signal_pending(current))
			break;
		timed_out = !schedule_hrtimeout_range(expires, current->timer_slack_ns,
						      HRTIMER_MODE_ABS);
	}
	__set_current_state(TASK_RUNNING);
	return timed_out ? -ETIMEDOUT : -ERESTARTSYS;
}

/*
 * Is the current task about to die of a signal? Most fatal signals have become
 * SIGKILL by now. One that dumps core has not: it is fatal when it is taken.
 */
static bool is_dying(void)
{
	/* It is the task's own, so it does not change under it. */
	struct sighand_struct *sighand = rcu_dereference_protected(current->sighand, true);
	bool is_fatal = fatal_signal_pending(current);
	sigset_t pending;
	int sig;

	if (is_fatal || !signal_pending(current))
		return is_fatal;
	spin_lock_irq(&sighand->siglock);
	sigorsets(&pending, &current->pending.signal, &current->signal->shared_pending.signal);
	sigandnsets(&pending, &pending, &current->blocked);
	for (sig = 1; sig < SIGRTMIN && !is_fatal; sig++)
		is_fatal = sigismember(&pending, sig) && sig_kernel_coredump(sig) &&
			   sighand->action[sig - 1].sa.sa_handler == SIG_DFL;
	spin_unlock_irq(&sighand->siglock);
	return is_fatal;
}

/*
 * Wait in line until served. Between the reason to leave and the lock the waiter
 * may be served after all; then it was, and the reason does not count.
 */
static int wait_in_line(struct ipcport *port, struct ipcport_waiter *waiter, ktime_t deadline)
{
	int ret;

	ipcport_count_inc(IPCPORT_WAITERS);
	ret = sleep(waiter, deadline);
	ipcport_count_dec(IPCPORT_WAITERS);
	if (smp_load_acquire(&waiter->is_done))	/* spares the lock */
		return waiter->ret;

	ipcport_lock(port);
	if (waiter->is_done) {
		ret = waiter->ret;
	} else {
		list_del(&waiter->entry.entry);
		port->nr_waiters--;
	}
	ipcport_unlock(port);
	return ret;
}

/**
 * ipcport_send() - move messages into a port
 * @port: the port
 * @batch: messages, at least one; those that did not get in are left in it
 * @wait: how long to wait for space
 *
 * Context: Process; may sleep. Takes and releases the port's lock.
 * Return: how many got in, at least one; or -EAGAIN, -ETIMEDOUT, -ERESTARTSYS, or
 *	-EPIPE, and none got in.
 */
int ipcport_send(struct ipcport *port, struct ipcport_queue *batch,
		 const struct ipcport_wait *wait)
{
	unsigned int nr = batch->nr;
	struct ipcport_waiter waiter;
	bool must_wait;
	int ret;

	ipcport_lock(port);
	ret = send_locked(port, batch);
	must_wait = ret == -EAGAIN && wait->can_wait;
	if (must_wait)
		enqueue_locked(port, &waiter, wake_sender, batch);
	ipcport_unlock(port);

	if (must_wait) {
		ret = wait_in_line(port, &waiter, wait->deadline);
		trace_ipcport_unblock(port->id, ret);
	}
	return nr == batch->nr ? ret : nr - batch->nr;
}

/**
 * ipcport_recv() - move messages out of a port
 * @port: the port
 * @batch: empty queue to fill
 * @max: how many to take at most
 * @wait: how long to wait for the first one
 *
 * The messages are the caller's. Those it cannot deliver it gives back with
 * ipcport_unrecv(). A caller that dies of a signal while it waits gets none: nobody
 * would ever see them.
 *
 * Context: Process; may sleep. Takes and releases the port's lock.
 * Return: how many there are in @batch, at least one; or -EAGAIN, -ETIMEDOUT,
 *	-ERESTARTSYS, or -EPIPE, and none.
 */
int ipcport_recv(struct ipcport *port, struct ipcport_queue *batch, unsigned int max,
		 const struct ipcport_wait *wait)
{
	struct ipcport_waiter waiter;
	bool must_wait;
	int ret;

	ipcport_lock(port);
	ret = recv_locked(port, batch, max);
	must_wait = ret == -EAGAIN && wait->can_wait;
	if (must_wait)
		enqueue_locked(port, &waiter, wake_receiver, batch);
	ipcport_unlock(port);

	if (must_wait) {
		ret = wait_in_line(port, &waiter, wait->deadline);
		trace_ipcport_unblock(port->id, ret);
		if (!ret && is_dying()) {
			ipcport_unrecv(port, batch);
			ret = -ERESTARTSYS;
		}
	}
	return ret ?: batch->nr;
}

/**
 * ipcport_unrecv() - put messages back as if they had not been received
 * @port: where they came from
 * @batch: messages, oldest first; empty afterwards
 *
 * They go back to their place, which is the head of the queue, even if that is
 * above its capacity by now; or to receivers that wait. Messages that came after
 * them may have been received meanwhile.
 *
 * Context: Process. Takes and releases the port's lock.
 */
void ipcport_unrecv(struct ipcport *port, struct ipcport_queue *batch)
{
	bool was_empty;

	ipcport_lock(port);
	was_empty = !port->queue.nr;
	port->nr_received -= batch->nr;
	trace_ipcport_unpop(port->id, batch->nr);
	ipcport_queue_merge(&port->queue, batch);
	/* Receivers wait only while the queue is empty. Of a DEAD port, see recv_locked(). */
	while (port->state == IPCPORT_LIVE && was_empty && port->queue.nr && port->nr_waiters)
		wake_one_locked(port);
	ipcport_unlock(port);
}

/**
 * ipcport_snapshot() - look at what changes in a port
 * @port: the port
 * @snapshot: where to write it
 *
 * Context: Process. Takes and releases the port's lock.
 */
void ipcport_snapshot(struct ipcport *port, struct ipcport_snapshot *snapshot)
{
	ipcport_lock(port);
	snapshot->state = port->state;
	snapshot->depth = port->queue.nr;
	snapshot->nr_senders = port->queue.nr ? port->nr_waiters : 0;
	snapshot->nr_receivers = port->queue.nr ? 0 : port->nr_waiters;
	snapshot->nr_sent = port->nr_sent;
	snapshot->nr_received = port->nr_received;
	ipcport_unlock(port);
}

/**
 * ipcport_end_locked() - a port stops being LIVE
 * @port: the port
 *
 * Context: Process; the caller holds the port's lock, unpublishes the port in the same
 *	hold, and calls ipcport_wake_all() after it.
 * Return: whether it was the caller who ended it.
 */
bool ipcport_end_locked(struct ipcport *port)
{
	assert_locked(port);
	if (port->state != IPCPORT_LIVE)
		return false;
	port->state = IPCPORT_DEAD;
	return true;
}

/**
 * ipcport_wake_all() - answer everyone who waits in a port that has ended
 * @port: a DEAD port; nobody can begin to wait in it any more
 *
 * However many they are, the lock is held for a few of them at a time only.
 *
 * Context: Process; may sleep. Takes and releases the port's lock.
 */
void ipcport_wake_all(struct ipcport *port)
{
	bool is_more;
	int i;

	do {
		ipcport_lock(port);
		for (i = 0; i < WAKE_BATCH && port->nr_waiters; i++)
			wake_one_locked(port);
		is_more = port->nr_waiters;
		ipcport_unlock(port);
		cond_resched();
	} while (is_more);
}

static void port_free(struct ipcport *port)
{
	if (port->state != IPCPORT_NEW)
		pr_debug("port %llu destroyed\n", port->id);
	ipcport_queue_flush(&port->queue);
	ipcport_user_put(port->user);
	if (port->task)
		put_task_struct(port->task);
	put_pid(port->tgid);
	kfree_rcu(port, rcu);
	ipcport_count_dec(IPCPORT_PORTS);
}

/**
 * ipcport_alloc() - make a NEW port that the current process or thread will own
 * @capacity: messages it can hold, at least 1
 * @mode: permission bits
 * @is_thread_owned: whether the current thread alone owns it
 *
 * The memory is charged to the caller's memory cgroup, the port to nobody's limit
 * yet.
 *
 * Context: Process; may sleep.
 * Return: the port with a reference for the caller, or ERR_PTR(-ENOMEM).
 */
struct ipcport *ipcport_alloc(unsigned int capacity, umode_t mode, bool is_thread_owned)
{
	struct ipcport_user *user;
	struct ipcport *port;

	port = kzalloc(sizeof(*port), GFP_KERNEL_ACCOUNT);
	if (!port)
		return ERR_PTR(-ENOMEM);
	user = ipcport_user_get(current_euid());
	if (IS_ERR(user)) {
		kfree(port);
		return ERR_CAST(user);
	}

	refcount_set(&port->ref, 1);
	port->capacity = capacity;
	port->user = user;
	current_euid_egid(&port->uid, &port->gid);
	port->mode = mode;
	port->tgid = get_pid(task_tgid(current));
	port->task = is_thread_owned ? get_task_struct(current) : NULL;
	port->created_ns = ktime_get_ns();
	init_waitqueue_head(&port->waiters);
	ipcport_queue_init(&port->queue);
	ipcport_count_inc(IPCPORT_PORTS);
	return port;
}

/**
 * ipcport_put() - drop a reference
 * @port: the port or NULL; with the last reference its messages are freed too
 *
 * Context: Process; may sleep.
 */
void ipcport_put(struct ipcport *port)
{
	if (port && refcount_dec_and_test(&port->ref))
		port_free(port);
}
