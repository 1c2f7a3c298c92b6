// SPDX-License-Identifier: GPL-2.0
#include "sleep.h"

#include <linux/errno.h>
#include <linux/freezer.h>
#include <linux/hrtimer.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/signal.h>
#include <linux/spinlock.h>

#include "count.h"

/**
 * ipcport_sleep() - sleep until done, or until there is a reason to stop waiting
 * @is_done: flag that ipcport_finish() sets
 * @deadline: CLOCK_MONOTONIC, KTIME_MAX for none
 *
 * Context: Process; sleeps.
 * Return: why it stopped if it was not done: -ETIMEDOUT or -ERESTARTSYS. Whether it
 *	is done only @is_done says.
 */
int ipcport_sleep(const bool *is_done, ktime_t deadline)
{
	ktime_t *expires = deadline == KTIME_MAX ? NULL : &deadline;
	bool timed_out = false;

	ipcport_count_inc(IPCPORT_WAITERS);
	for (;;) {
		set_current_state(TASK_INTERRUPTIBLE | TASK_FREEZABLE);
		if (ipcport_is_done(is_done) || timed_out || signal_pending(current))
			break;
		timed_out = !schedule_hrtimeout_range(expires, current->timer_slack_ns,
						      HRTIMER_MODE_ABS);
	}
	__set_current_state(TASK_RUNNING);
	ipcport_count_dec(IPCPORT_WAITERS);
	return timed_out ? -ETIMEDOUT : -ERESTARTSYS;
}

/**
 * ipcport_is_dying() - is the current task about to die of a signal?
 *
 * Most fatal signals have become SIGKILL by now. One that dumps core has not: it is
 * fatal when it is taken.
 *
 * Context: Process.
 * Return: whether it is.
 */
bool ipcport_is_dying(void)
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
