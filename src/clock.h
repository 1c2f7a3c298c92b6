/* SPDX-License-Identifier: GPL-2.0 */
/**
 * DOC: Time
 *
 * Inside, time is CLOCK_MONOTONIC of the machine, in nanoseconds. A program in a
 * time namespace has a CLOCK_MONOTONIC of its own, which differs by an offset.
 */
#ifndef IPCPORT_CLOCK_H
#define IPCPORT_CLOCK_H

#include <linux/ktime.h>
#include <linux/minmax.h>
#include <linux/time64.h>
#include <linux/time_namespace.h>

/* What the current task's clock is ahead of the machine's. */
static inline s64 ipcport_clock_offset(void)
{
	struct timespec64 offset = { };

	timens_add_monotonic(&offset);
	return timespec64_to_ns(&offset);
}

/**
 * ipcport_time_to_user() - a time as the current task's clock shows it
 * @time_ns: nanoseconds of the machine's clock
 *
 * Context: Process, with its namespaces.
 * Return: nanoseconds of the task's clock.
 */
static inline u64 ipcport_time_to_user(u64 time_ns)
{
	return time_ns + ipcport_clock_offset();
}

/**
 * ipcport_deadline_from_user() - when to stop waiting
 * @deadline_ns: nanoseconds of the current task's clock, 0 for never
 *
 * Context: Process, with its namespaces.
 * Return: time of the machine's clock, KTIME_MAX for never.
 */
static inline ktime_t ipcport_deadline_from_user(u64 deadline_ns)
{
	s64 offset = ipcport_clock_offset();

	if (!deadline_ns || deadline_ns >= KTIME_MAX)
		return KTIME_MAX;
	if (offset > 0)
		return max_t(s64, deadline_ns - offset, 0);
	return deadline_ns - offset < KTIME_MAX ? deadline_ns - offset : KTIME_MAX;
}

#endif /* IPCPORT_CLOCK_H */
