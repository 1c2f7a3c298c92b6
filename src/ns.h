/* SPDX-License-Identifier: GPL-2.0 */
/**
 * DOC: Namespaces
 *
 * What belongs to one network namespace: its ports and their names, and what happened
 * to them so far. A port holds the namespace that it is in, so this lives as long as
 * any port, and any open device file.
 */
#ifndef IPCPORT_NS_H
#define IPCPORT_NS_H

#include <linux/atomic.h>
#include <linux/percpu.h>
#include <linux/types.h>
#include <linux/xarray.h>

#include "name.h"
#include "port.h"
#include "tally.h"

struct net;

/**
 * struct ipcport_ns - ports of one network namespace
 * @net: the namespace; it holds this struct	(const after init)
 * @nr_files: open device files		(atomic)
 * @generation: changes among ports and names so far; see ipcport_ns_change()	(atomic)
 * @tallies: what happened so far, per CPU	(atomic)
 * @ports: LIVE ports by number			(RCU; lock: its own)
 * @names: their names				(lock: its own)
 */
struct ipcport_ns {
	struct net *net;
	atomic_t nr_files;
	atomic64_t generation;
	struct ipcport_tallies __percpu *tallies;
	struct xarray ports;
	struct ipcport_names names;
};

/**
 * ipcport_ns_change() - something changed among ports and names
 * @ns: the namespace
 *
 * Whoever reads a generation, with acquire, that is not lower sees the change.
 *
 * Context: Any; the caller holds the port's lock, and that of the names if a name comes or
 *	goes, so that changes of the same thing have numbers in their order.
 * Return: the number of the change.
 */
static inline u64 ipcport_ns_change(struct ipcport_ns *ns)
{
	return atomic64_inc_return(&ns->generation);
}

/**
 * ipcport_tally_ns() - something happened in a namespace
 * @ns: the namespace
 * @tally: what
 * @nr: how often; less than 0 to take it back
 *
 * Context: Any.
 */
static inline void ipcport_tally_ns(struct ipcport_ns *ns, enum ipcport_tally tally, s64 nr)
{
	this_cpu_add(ns->tallies->nr[tally], nr);
}

/**
 * ipcport_tally_locked() - something happened in a port
 * @port: the port
 * @tally: what
 * @nr: how often; less than 0 to take it back
 *
 * Context: Any; the caller holds the port's lock.
 */
static inline void ipcport_tally_locked(struct ipcport *port, enum ipcport_tally tally, s64 nr)
{
	ipcport_assert_locked(port);
	port->tallies[tally] += nr;
	ipcport_tally_ns(port->ns, tally, nr);
}

#endif /* IPCPORT_NS_H */
