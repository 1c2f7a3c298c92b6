// SPDX-License-Identifier: GPL-2.0
#include "outcome.h"

#include <linux/errno.h>

#include "call.h"
#include "event.h"
#include "port.h"

/**
 * ipcport_outcome_locked() - how a call ends
 * @call: the call
 * @ret: what its caller gets
 *
 * Context: Any; the caller holds the port's lock.
 * Return: the tally in which it counts.
 */
enum ipcport_tally ipcport_outcome_locked(const struct ipcport_kcall *call, int ret)
{
	ipcport_assert_locked(call->port);
	switch (ret) {
	case 0:
		return IPCPORT_TALLY_ANSWERED;
	case -EPIPE:
		return call->port->state == IPCPORT_DEAD ? IPCPORT_TALLY_PORT_DIED :
							   IPCPORT_TALLY_HOLDER_DIED;
	case -ETIMEDOUT:
		return IPCPORT_TALLY_TIMED_OUT;
	case -ECANCELED:
		return IPCPORT_TALLY_CANCELLED;
	default:
		return IPCPORT_TALLY_CALLER_GONE;
	}
}

/**
 * ipcport_outcome_announce() - tell of a call that ended without an answer
 * @call: the call
 * @outcome: from ipcport_outcome_locked(); the end of a port is told by other events
 * @ret: what its caller gets
 *
 * Context: Process; may sleep.
 */
void ipcport_outcome_announce(const struct ipcport_kcall *call, enum ipcport_tally outcome,
			      int ret)
{
	struct ipcport_event event = ipcport_event_about(call->port, IPCPORT_EVENT_CALL_ABORTED);

	if (outcome == IPCPORT_TALLY_ANSWERED || outcome == IPCPORT_TALLY_PORT_DIED)
		return;
	event.token = call->request.place.token;
	event.caller = call->request.msg.tgid;
	event.caller_thread = call->request.msg.tid;
	event.ret = ret;
	ipcport_announce(&event);
}
