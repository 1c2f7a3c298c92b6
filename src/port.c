// SPDX-License-Identifier: GPL-2.0
#include "port.h"

#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/poll.h>
#include <linux/sched/signal.h>
#include <linux/timekeeping.h>
#include <linux/wait.h>

#include "line.h"
#include "msg.h"
#include "ns.h"
#include "sleep.h"
#include "token.h"
#include "trace.h"

/* Waiters that are woken at the end of a port in one hold of its lock. */
#define WAKE_BATCH	64

static bool has_space_locked(struct ipcport *port)
{
	ipcport_assert_locked(port);
	return port->queue.nr < port->capacity;
}

/* Take one waiter out of the line, with its answer; it is not touched again. */
static void finish_locked(struct ipcport *port, struct ipcport_waiter *waiter, int ret)
{
	ipcport_assert_locked(port);
	list_del(&waiter->entry.entry);
	port->nr_waiters--;
	waiter->ret = ret;
	ipcport_finish(&waiter->is_done, waiter->entry.private);
}

static struct ipcport_request *place_to_request(struct ipcport_place *place)
{
	return container_of(place, struct ipcport_request, place);
}

static void push_msg_locked(struct ipcport *port, struct ipcport_msg *msg)
{
	ipcport_assert_locked(port);
	ipcport_tally_locked(port, IPCPORT_TALLY_SENT, 1);
	msg->seq = port->tallies[IPCPORT_TALLY_SENT];
	ipcport_queue_push(&port->queue, msg);
	trace_ipcport_push(port->id, msg->seq, port->queue.nr);
}

/* A request becomes an open call in the same moment in which it can be received. */
static void push_locked(struct ipcport *port, struct ipcport_queue *batch)
{
	struct ipcport_msg *msg = ipcport_queue_pop(batch);
	struct ipcport_request *request = ipcport_msg_to_request(msg);

	ipcport_assert_locked(port);
	if (request) {
		ipcport_place_take(&request->place, &port->calls);
		port->nr_calls++;
		ipcport_tally_locked(port, IPCPORT_TALLY_CALLS, 1);
		request->is_queued = true;
	}
	push_msg_locked(port, msg);
}

/* @task is who receives. */
static void pop_locked(struct ipcport *port, struct ipcport_queue *batch,
		       struct task_struct *task)
{
	struct ipcport_msg *msg = ipcport_queue_pop(&port->queue);
	struct ipcport_request *request = ipcport_msg_to_request(msg);

	ipcport_assert_locked(port);
	if (request) {
		request->is_queued = false;
		request->is_with_owner = task_tgid(task) == port->tgid;
	}
	ipcport_tally_locked(port, IPCPORT_TALLY_RECEIVED, 1);
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

	ipcport_assert_locked(port);
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

	ipcport_assert_locked(port);
	/* What is still there goes out before EPIPE does. */
	if (port->queue.nr) {
		pop_locked(port, waiter->batch, waiter->entry.private);
		finish_locked(port, waiter, 0);
	} else {
		finish_locked(port, waiter, -EPIPE);
	}
	return 1;
}

/*
 * Wake pollers of all queues that have @polls, or of all if that is 0. Of those who are
 * to be woken one by one, wake @nr in each; 0 for all.
 */
static void wake_pollers_locked(struct ipcport *port, int polls, __poll_t events,
				unsigned int nr)
{
	int i;

	ipcport_assert_locked(port);
	for (i = 0; i < IPCPORT_NR_POLLS; i++)
		/* Pollers look under the lock that we hold, which is as good as a barrier. */
		if ((i & polls) == polls && waitqueue_active(&port->pollers[i]))
			__wake_up(&port->pollers[i], TASK_NORMAL, nr, poll_to_key(events));
}

/*
 * Let pollers know of @nr messages that have come, as far as they are still there, and
 * of space in a port that had none.
 */
static void tell_pollers_locked(struct ipcport *port, unsigned int nr, bool was_full)
{
	ipcport_assert_locked(port);
	if (nr && port->queue.nr)
		wake_pollers_locked(port, IPCPORT_POLL_IN, EPOLLIN | EPOLLRDNORM,
				    min(nr, port->queue.nr));
	if (was_full && has_space_locked(port) && port->state == IPCPORT_LIVE)
		wake_pollers_locked(port, IPCPORT_POLL_OUT, EPOLLOUT | EPOLLWRNORM,
				    port->capacity - port->queue.nr);
}

/* Serve whoever is first in line. */
static void wake_one_locked(struct ipcport *port)
{
	ipcport_assert_locked(port);
	__wake_up_locked_key(&port->waiters, TASK_NORMAL, port);
}

/*
 * Give space that was made to whoever waits for it. The queue was not empty, so those
 * who wait are senders. In a DEAD port ipcport_answer_all() is at it, a few at a time.
 * @was_full says whether there was no space before.
 */
static void refill_locked(struct ipcport *port, bool was_full)
{
	u64 nr_sent = port->tallies[IPCPORT_TALLY_SENT];

	ipcport_assert_locked(port);
	while (port->state == IPCPORT_LIVE && port->nr_waiters && has_space_locked(port))
		wake_one_locked(port);
	tell_pollers_locked(port, port->tallies[IPCPORT_TALLY_SENT] - nr_sent, was_full);
}

/*
 * Give @nr messages that came into the queue to whoever waits for them. If it was not
 * empty before, those who wait are senders, and go on to wait.
 */
static void hand_out_locked(struct ipcport *port, unsigned int nr, bool was_empty)
{
	ipcport_assert_locked(port);
	while (was_empty && port->state == IPCPORT_LIVE && port->nr_waiters && port->queue.nr)
		wake_one_locked(port);
	tell_pollers_locked(port, nr, false);
}

/*
 * Put as much of @batch into the queue as there is space for. Whoever waits while
 * there is space is a receiver, and gets each message as it comes.
 */
static int send_locked(struct ipcport *port, struct ipcport_queue *batch)
{
	unsigned int nr = batch->nr;

	ipcport_assert_locked(port);
	if (port->state == IPCPORT_DEAD)
		return -EPIPE;
	while (batch->nr && has_space_locked(port)) {
		push_locked(port, batch);
		if (port->nr_waiters)
			wake_one_locked(port);
	}
	tell_pollers_locked(port, nr - batch->nr, false);
	return batch->nr ? -EAGAIN : 0;
}

/* Take up to @max messages. */
static int recv_locked(struct ipcport *port, struct ipcport_queue *batch, unsigned int max)
{
	bool was_full = !has_space_locked(port);

	ipcport_assert_locked(port);
	if (!port->queue.nr)
		return port->state == IPCPORT_DEAD ? -EPIPE : -EAGAIN;
	while (batch->nr < max && port->queue.nr)
		pop_locked(port, batch, current);
	refill_locked(port, was_full);
	return 0;
}

static void enqueue_locked(struct ipcport *port, struct ipcport_waiter *waiter,
			   wait_queue_func_t wake, struct ipcport_queue *batch)
{
	ipcport_assert_locked(port);
	init_waitqueue_func_entry(&waiter->entry, wake);
	waiter->entry.private = current;
	waiter->batch = batch;
	waiter->nr = ++port->nr_waits;
	waiter->since_ns = ktime_get_coarse_ns();
	waiter->is_done = false;
	__add_wait_queue_entry_tail_exclusive(&port->waiters, &waiter->entry);
	port->nr_waiters++;
	trace_ipcport_block(port->id, batch->nr);
}

/*
 * Wait in line until served. Between the reason to leave and the lock the waiter
 * may be served after all; then it was, and the reason does not count.
 */
static int wait_in_line(struct ipcport *port, struct ipcport_waiter *waiter, ktime_t deadline)
{
	int ret;

	ret = ipcport_sleep(&waiter->is_done, deadline);
	if (ipcport_is_done(&waiter->is_done))	/* spares the lock */
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
		if (!ret && ipcport_is_dying()) {
			ipcport_unrecv(port, batch);
			ret = -ERESTARTSYS;
		}
	}
	return ret ?: batch->nr;
}

/* Move requests whose call has ended from @batch to @ended; the others wait again. */
static void sort_out_locked(struct ipcport *port, struct ipcport_queue *batch,
			    struct ipcport_queue *ended)
{
	struct ipcport_request *request;
	struct ipcport_msg *msg, *next;

	ipcport_assert_locked(port);
	list_for_each_entry_safe(msg, next, &batch->msgs, node) {
		request = ipcport_msg_to_request(msg);
		if (!request)
			continue;
		if (ipcport_place_is_taken(&request->place)) {
			request->is_queued = true;
			continue;
		}
		ipcport_queue_remove(batch, msg);
		ipcport_queue_push(ended, msg);
	}
}

/**
 * ipcport_unrecv() - put messages back as if they had not been received
 * @port: where they came from
 * @batch: messages, oldest first; empty afterwards
 *
 * They go back to their place, which is the head of the queue, even if that is
 * above its capacity by now; or to receivers that wait. Messages that came after
 * them may have been received meanwhile. A request whose caller has given up
 * meanwhile is dropped.
 *
 * Context: Process; may sleep. Takes and releases the port's lock.
 */
void ipcport_unrecv(struct ipcport *port, struct ipcport_queue *batch)
{
	struct ipcport_queue ended = IPCPORT_QUEUE_INIT(ended);
	bool was_empty;
	unsigned int nr;

	ipcport_lock(port);
	was_empty = !port->queue.nr;
	ipcport_tally_locked(port, IPCPORT_TALLY_RECEIVED, -(s64)batch->nr);
	trace_ipcport_unpop(port->id, batch->nr);
	sort_out_locked(port, batch, &ended);
	ipcport_tally_locked(port, IPCPORT_TALLY_DROPPED, ended.nr);
	nr = batch->nr;
	ipcport_queue_merge(&port->queue, batch);
	hand_out_locked(port, nr, was_empty);
	ipcport_unlock(port);
	ipcport_queue_flush(&ended);
}

/**
 * ipcport_find_request_locked() - find an open call
 * @port: the port
 * @token: the call's token
 *
 * Context: Any; the caller holds the port's lock.
 * Return: its request, queued or received, or NULL.
 */
struct ipcport_request *ipcport_find_request_locked(struct ipcport *port, u64 token)
{
	struct ipcport_place *place;

	ipcport_assert_locked(port);
	place = ipcport_place_find(&port->calls, token);
	return place ? place_to_request(place) : NULL;
}

/**
 * ipcport_withdraw_locked() - a call ends: take its request out of the port
 * @port: the port
 * @request: request that was pushed into it
 *
 * Each request is withdrawn once, by whoever comes first. If it was still in the
 * queue it leaves that too, as @request->is_queued goes on to tell, and its place
 * goes to the sender who waits for it first.
 *
 * Context: Process; the caller holds the port's lock.
 * Return: whether the call was open, and so ends now.
 */
bool ipcport_withdraw_locked(struct ipcport *port, struct ipcport_request *request)
{
	bool was_full;

	ipcport_assert_locked(port);
	if (!ipcport_place_is_taken(&request->place))
		return false;
	ipcport_place_give_up(&request->place, &port->calls);
	port->nr_calls--;
	if (request->is_queued) {
		was_full = !has_space_locked(port);
		ipcport_queue_remove(&port->queue, &request->msg);
		ipcport_tally_locked(port, IPCPORT_TALLY_DROPPED, 1);
		refill_locked(port, was_full);
	}
	return true;
}

/**
 * ipcport_push_notice_locked() - put a message into a port even if it is full
 * @port: a LIVE port
 * @msg: the message; belongs to the queue from here on
 *
 * Context: Process; the caller holds the port's lock.
 */
void ipcport_push_notice_locked(struct ipcport *port, struct ipcport_msg *msg)
{
	bool was_empty = !port->queue.nr;

	push_msg_locked(port, msg);
	hand_out_locked(port, 1, was_empty);
}

/* The first open call, with a reference; or NULL. */
static struct ipcport_msg *get_call(struct ipcport *port)
{
	struct ipcport_place *place;
	struct ipcport_msg *msg = NULL;

	ipcport_lock(port);
	place = ipcport_place_first(&port->calls);
	if (place) {
		msg = &place_to_request(place)->msg;
		msg->ops->get(msg);
	}
	ipcport_unlock(port);
	return msg;
}

/**
 * ipcport_answer_all() - answer everyone who waits in a port that has ended
 * @port: a DEAD port; nobody can begin to wait in it, or push into it, any more
 *
 * However many they are, the lock is held for a few of them at a time only.
 *
 * Context: Process; may sleep. Takes and releases the port's lock.
 */
void ipcport_answer_all(struct ipcport *port)
{
	struct ipcport_msg *msg;
	bool is_more;
	int i;

	ipcport_lock(port);
	wake_pollers_locked(port, 0, EPOLLHUP | EPOLLERR, 0);
	ipcport_unlock(port);
	do {
		ipcport_lock(port);
		for (i = 0; i < WAKE_BATCH && port->nr_waiters; i++)
			wake_one_locked(port);
		is_more = port->nr_waiters;
		ipcport_unlock(port);
		cond_resched();
	} while (is_more);

	while ((msg = get_call(port))) {
		msg->ops->end(msg);
		cond_resched();
	}
}
