// SPDX-License-Identifier: GPL-2.0
#include "outcome.h"

#include <linux/errno.h>

#include "event.h"
#include "msg.h"
#include "port.h"

/**
 * ipcport_outcome_locked() - how a call ends
 * @port: the port in which it was open
 * @ret: what its caller gets
 *
 * Context: Any; the caller holds the port's lock.
 * Return: the tally in which it counts.
 */
enum ipcport_tally ipcport_outcome_locked(struct ipcport *port, int ret)
{
	ipcport_assert_locked(port);
	switch (ret) {
	case 0:
		return IPCPORT_TALLY_ANSWERED;
	case -EPIPE:
		return port->state == IPCPORT_DEAD ? IPCPORT_TALLY_PORT_DIED :
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
 * @port: the port in which it was open
 * @request: its request
 * @ret: what its caller gets
 *
 * Context: Process.
 */
void ipcport_outcome_announce(const struct ipcport *port, const struct ipcport_request *request,
			      int ret)
{
	struct ipcport_event event = ipcport_event_about(port, IPCPORT_EVENT_CALL_ABORTED);

	event.token = request->place.token;
	event.caller = request->msg.tgid;
	event.caller_thread = request->msg.tid;
	event.ret = ret;
	ipcport_announce(&event);
}
