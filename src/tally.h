/* SPDX-License-Identifier: GPL-2.0 */
/**
 * DOC: Tallies
 *
 * What happened so far, in a port and in a network namespace. They are made so that
 * they add up: what got in has come out, was dropped, or is still there; what began
 * has ended in one of the ways that there are, or is still open. In a port that is
 * true whenever its lock is free. The tallies of a namespace are per CPU, so that
 * keeping them costs no shared cache line: only their sum means something, and
 * only while nothing happens it is exact.
 */
#ifndef IPCPORT_TALLY_H
#define IPCPORT_TALLY_H

#include <linux/types.h>

/**
 * enum ipcport_tally - what is tallied
 * @IPCPORT_TALLY_SENT: messages that got into a port
 * @IPCPORT_TALLY_RECEIVED: messages that were taken out and not put back
 * @IPCPORT_TALLY_DROPPED: messages that left a port in another way
 * @IPCPORT_TALLY_CALLS: calls that became open
 * @IPCPORT_TALLY_ANSWERED: calls that ended with an answer
 * @IPCPORT_TALLY_PORT_DIED: calls that ended because their port did
 * @IPCPORT_TALLY_HOLDER_DIED: calls that ended because who had received them did
 * @IPCPORT_TALLY_TIMED_OUT: calls whose deadline passed
 * @IPCPORT_TALLY_CANCELLED: calls that their callers did not want any more
 * @IPCPORT_TALLY_CALLER_GONE: calls whose caller was killed in them
 * @IPCPORT_NR_PORT_TALLIES: how many of them a port has; the others are a namespace's
 * @IPCPORT_TALLY_CREATED: ports that became LIVE
 * @IPCPORT_TALLY_ENDED: ports that ended by the first enum ipcport_cause; the next causes follow
 * @IPCPORT_NR_TALLIES: how many there are
 */
enum ipcport_tally {
	IPCPORT_TALLY_SENT,
	IPCPORT_TALLY_RECEIVED,
	IPCPORT_TALLY_DROPPED,
	IPCPORT_TALLY_CALLS,
	IPCPORT_TALLY_ANSWERED,
	IPCPORT_TALLY_PORT_DIED,
	IPCPORT_TALLY_HOLDER_DIED,
	IPCPORT_TALLY_TIMED_OUT,
	IPCPORT_TALLY_CANCELLED,
	IPCPORT_TALLY_CALLER_GONE,
	IPCPORT_NR_PORT_TALLIES,
	IPCPORT_TALLY_CREATED = IPCPORT_NR_PORT_TALLIES,
	IPCPORT_TALLY_ENDED,
	IPCPORT_NR_TALLIES = IPCPORT_TALLY_ENDED + 3
};

/**
 * struct ipcport_tallies - one CPU's share of a namespace's tallies
 * @nr: how often, by enum ipcport_tally	(atomic)
 */
struct ipcport_tallies {
	u64 nr[IPCPORT_NR_TALLIES];
};

#endif /* IPCPORT_TALLY_H */
