/* SPDX-License-Identifier: GPL-2.0 */
/**
 * DOC: Live counts
 *
 * How many objects of each kind exist, for people who look for leaks. The counts
 * are per CPU, so that keeping them costs one instruction and no shared cache
 * line; they are added up when debugfs file ipcport/live is read. An object may
 * be counted up on one CPU and down on another: only the sum means something.
 */
#ifndef IPCPORT_COUNT_H
#define IPCPORT_COUNT_H

#include <linux/percpu.h>

/**
 * enum ipcport_kind - what is counted
 * @IPCPORT_PORTS: struct ipcport, from alloc to free
 * @IPCPORT_MSGS: one-way messages and notices, from alloc to free
 * @IPCPORT_CALLS: struct ipcport_kcall, from alloc to free
 * @IPCPORT_WAITERS: threads asleep in a port or a call, or until there is a name
 * @IPCPORT_OWNERS: struct ipcport_owner, from alloc to free
 * @IPCPORT_USERS: struct ipcport_user, from alloc to free
 * @IPCPORT_FILES: open device files
 * @IPCPORT_HANDLES: struct ipcport_handle, from alloc to free
 * @IPCPORT_HANDLE_FILES: struct ipcport_hfile, from alloc to free
 * @IPCPORT_CARGO: what travels with messages, from import to drop
 * @IPCPORT_NR_KINDS: how many kinds there are
 */
enum ipcport_kind {
	IPCPORT_PORTS,
	IPCPORT_MSGS,
	IPCPORT_CALLS,
	IPCPORT_WAITERS,
	IPCPORT_OWNERS,
	IPCPORT_USERS,
	IPCPORT_FILES,
	IPCPORT_HANDLES,
	IPCPORT_HANDLE_FILES,
	IPCPORT_CARGO,
	IPCPORT_NR_KINDS
};

/**
 * struct ipcport_counts - one CPU's share of the counts
 * @nr: births minus deaths seen by this CPU	(atomic)
 */
struct ipcport_counts {
	long nr[IPCPORT_NR_KINDS];
};

DECLARE_PER_CPU(struct ipcport_counts, ipcport_counts);

/**
 * ipcport_count_inc() - an object came to life
 * @kind: what it is
 *
 * Context: Any.
 */
static inline void ipcport_count_inc(enum ipcport_kind kind)
{
	this_cpu_inc(ipcport_counts.nr[kind]);
}

/**
 * ipcport_count_dec() - an object is gone
 * @kind: what it was
 *
 * Context: Any.
 */
static inline void ipcport_count_dec(enum ipcport_kind kind)
{
	this_cpu_dec(ipcport_counts.nr[kind]);
}

void ipcport_count_init(void);
void ipcport_count_exit(void);

#endif /* IPCPORT_COUNT_H */
