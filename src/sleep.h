/* SPDX-License-Identifier: GPL-2.0 */
/**
 * DOC: Sleeping
 *
 * How a thread waits for another one to say that it is done: served by a port, or
 * answered. Whoever says so writes one flag, under the lock that guards everything
 * else, and wakes the thread.
 */
#ifndef IPCPORT_SLEEP_H
#define IPCPORT_SLEEP_H

#include <linux/ktime.h>
#include <linux/sched.h>
#include <linux/types.h>

/**
 * struct ipcport_wait - how long an operation may wait
 * @can_wait: false to answer -EAGAIN at once
 * @deadline: CLOCK_MONOTONIC, KTIME_MAX for none
 */
struct ipcport_wait {
	bool can_wait;
	ktime_t deadline;
};

/**
 * ipcport_finish() - tell a thread that it is done
 * @is_done: its flag; what the thread is to see was written before
 * @task: the thread, or NULL if none sleeps
 *
 * From here on the thread may return, and whatever holds @is_done may be gone. The
 * thread itself may even exit; its task_struct is freed after a grace period only,
 * and a held spinlock is an RCU read section, on PREEMPT_RT too.
 *
 * Context: Process; the caller holds the spinlock that guards @is_done.
 */
static inline void ipcport_finish(bool *is_done, struct task_struct *task)
{
	/* Pairs with the acquire in ipcport_is_done(). */
	smp_store_release(is_done, true);
	if (task)
		wake_up_process(task);
}

/**
 * ipcport_is_done() - has ipcport_finish() been called?
 * @is_done: the flag
 *
 * Context: Any.
 * Return: whether it has; then all that was written before it can be read.
 */
static inline bool ipcport_is_done(const bool *is_done)
{
	/* Pairs with the release in ipcport_finish(). */
	return smp_load_acquire(is_done);
}

int ipcport_sleep(const bool *is_done, ktime_t deadline);
bool ipcport_is_dying(void);

#endif /* IPCPORT_SLEEP_H */
