// SPDX-License-Identifier: GPL-2.0
#include "outbox.h"

#include <linux/err.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>

#include "call.h"
#include "group.h"
#include "token.h"

/**
 * ipcport_outbox_init() - make an empty outbox in place
 * @outbox: memory for it
 *
 * Context: Any.
 */
void ipcport_outbox_init(struct ipcport_outbox *outbox)
{
	spin_lock_init(&outbox->lock);
	outbox->calls = RB_ROOT;
}

static struct ipcport_kcall *place_to_call(struct ipcport_place *place)
{
	return container_of(place, struct ipcport_kcall, outbox_place);
}

/* A call of the current process, or NULL. */
static struct ipcport_kcall *find_locked(struct ipcport_outbox *outbox, u64 token)
{
	struct ipcport_place *place;
	struct ipcport_kcall *call;

	lockdep_assert_held(&outbox->lock);
	place = ipcport_place_find(&outbox->calls, token);
	if (!place)
		return NULL;
	call = place_to_call(place);
	return call->request.msg.tgid == task_tgid(current) ? call : NULL;
}

/* Take a call out. True for the one who did; the caller's reference is then theirs. */
static bool take_locked(struct ipcport_outbox *outbox, struct ipcport_kcall *call)
{
	lockdep_assert_held(&outbox->lock);
	if (!ipcport_place_is_taken(&call->outbox_place))
		return false;
	ipcport_place_give_up(&call->outbox_place, &outbox->calls);
	return true;
}

/* Drop the caller's reference to a call that was taken out. */
static void forget(struct ipcport_kcall *call)
{
	ipcport_group_leave(&call->caller_process);
	ipcport_call_put(call);
}

static void caller_get(void *object)
{
	ipcport_call_get(object);
}

/*
 * The process that made the call has exited. Who has claimed the call finds it cancelled,
 * and concludes it.
 */
static void caller_end(void *object, enum ipcport_cause cause)
{
	struct ipcport_kcall *call = object;
	bool is_ours;

	spin_lock(&call->outbox->lock);
	is_ours = !call->is_claimed && take_locked(call->outbox, call);
	spin_unlock(&call->outbox->lock);
	ipcport_call_cancel(call);
	if (is_ours)
		forget(call);
	ipcport_call_put(call);
}

static const struct ipcport_member_ops caller_ops = {
	.get = caller_get,
	.end = caller_end,
};

static void put_in(struct ipcport_outbox *outbox, struct ipcport_group *file,
		   struct ipcport_kcall *call, bool is_claimed)
{
	/* It is in there if we claimed it, and else known to us alone: no lock is needed. */
	if (!call->outbox) {
		call->outbox = outbox;
		call->file = ipcport_group_get(file);
		ipcport_group_join(ipcport_group_get(call->process), &call->caller_process,
				   call, &caller_ops);
	}
	spin_lock(&outbox->lock);
	if (!ipcport_place_is_taken(&call->outbox_place))
		ipcport_place_take(&call->outbox_place, &outbox->calls);
	call->is_claimed = is_claimed;
	spin_unlock(&outbox->lock);
}

/**
 * ipcport_outbox_leave() - leave a call outstanding
 * @outbox: outbox of the file that it was made through
 * @file: group that keeps @outbox
 * @call: call of the current process; its caller's reference passes to the outbox,
 *	unless that has it already, and only the claim ends
 *
 * Context: Process. Takes and releases the lock of @outbox.
 */
void ipcport_outbox_leave(struct ipcport_outbox *outbox, struct ipcport_group *file,
			  struct ipcport_kcall *call)
{
	put_in(outbox, file, call, false);
}

/**
 * ipcport_outbox_enter() - make a call known to CANCEL, and go on with it
 * @outbox: outbox of the file that it is made through
 * @file: group that keeps @outbox
 * @call: call of the current process, which the caller has claimed then
 *
 * Context: Process. Takes and releases the lock of @outbox.
 */
void ipcport_outbox_enter(struct ipcport_outbox *outbox, struct ipcport_group *file,
			  struct ipcport_kcall *call)
{
	put_in(outbox, file, call, true);
}

/**
 * ipcport_outbox_claim() - go on with a call that is outstanding
 * @outbox: outbox of the file that it was made through
 * @token: its token
 *
 * Context: Process. Takes and releases the lock of @outbox.
 * Return: the call, to be left again or concluded; or ERR_PTR(-ENOENT), there is no
 *	such call of this process, or ERR_PTR(-EBUSY), another thread has claimed it.
 */
struct ipcport_kcall *ipcport_outbox_claim(struct ipcport_outbox *outbox, u64 token)
{
	struct ipcport_kcall *call;

	spin_lock(&outbox->lock);
	call = find_locked(outbox, token);
	if (!call)
		call = ERR_PTR(-ENOENT);
	else if (call->is_claimed)
		call = ERR_PTR(-EBUSY);
	else
		call->is_claimed = true;
	spin_unlock(&outbox->lock);
	return call;
}

/**
 * ipcport_outbox_conclude() - done with a call that has ended
 * @call: call that the current thread began just now, or has claimed; gone afterwards
 *
 * Context: Process; may sleep. Takes and releases the lock of its outbox.
 */
void ipcport_outbox_conclude(struct ipcport_kcall *call)
{
	struct ipcport_outbox *outbox = call->outbox;

	if (!outbox) {
		ipcport_call_put(call);
		return;
	}
	spin_lock(&outbox->lock);
	take_locked(outbox, call);
	spin_unlock(&outbox->lock);
	forget(call);
}

/**
 * ipcport_outbox_cancel() - end a call that is outstanding
 * @outbox: outbox of the file that it was made through
 * @token: its token
 * @progress: how far it had come
 *
 * A thread that has claimed it finds it cancelled, and concludes it.
 *
 * Context: Process; may sleep. Takes and releases the lock of @outbox.
 * Return: 0, or -ENOENT: there is no such call of this process.
 */
int ipcport_outbox_cancel(struct ipcport_outbox *outbox, u64 token,
			  enum ipcport_progress *progress)
{
	struct ipcport_kcall *call;
	bool is_ours = false;

	spin_lock(&outbox->lock);
	call = find_locked(outbox, token);
	if (call) {
		ipcport_call_get(call);
		is_ours = !call->is_claimed && take_locked(outbox, call);
	}
	spin_unlock(&outbox->lock);
	if (!call)
		return -ENOENT;

	if (!ipcport_call_cancel(call))
		*progress = IPCPORT_WAS_OVER;
	else
		*progress = call->request.is_queued ? IPCPORT_WAS_QUEUED : IPCPORT_WAS_RECEIVED;
	if (is_ours)
		forget(call);
	ipcport_call_put(call);
	return 0;
}

/**
 * ipcport_outbox_end() - end all calls, since their file is closed
 * @outbox: outbox that no thread can reach any more, but for exiting processes
 *
 * Context: Process; may sleep. Takes and releases the lock of @outbox.
 */
void ipcport_outbox_end(struct ipcport_outbox *outbox)
{
	struct ipcport_place *place;
	struct ipcport_kcall *call;

	for (;;) {
		spin_lock(&outbox->lock);
		place = ipcport_place_first(&outbox->calls);
		if (place)
			ipcport_place_give_up(place, &outbox->calls);
		spin_unlock(&outbox->lock);
		if (!place)
			break;
		call = place_to_call(place);
		ipcport_call_cancel(call);
		forget(call);
		cond_resched();
	}
}
