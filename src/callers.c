// SPDX-License-Identifier: GPL-2.0
#include "callers.h"

#include <linux/container_of.h>
#include <linux/pid.h>

#include "call.h"
#include "diag.h"
#include "owner.h"
#include "port.h"
#include "token.h"

/*
 * Who received a call without owning the port is in the group that the call is in. Before
 * it is remembered there, when it was handed the call and has not yet run, it is not known.
 */
static struct pid *holder_locked(const struct ipcport_kcall *call)
{
	ipcport_assert_locked(call->port);
	if (call->request.is_queued)
		return NULL;
	if (call->is_held)
		return get_pid(ipcport_owner_tgid(call->holder_process.group));
	return call->request.is_with_owner ? get_pid(call->port->tgid) : NULL;
}

static void peek_locked(const struct ipcport_kcall *call, struct ipcport_diag *diag)
{
	const struct ipcport_msg *msg = &call->request.msg;

	ipcport_assert_locked(call->port);
	*diag = (struct ipcport_diag) {
		.kind = call->request.is_queued ? IPCPORT_DIAG_CALL_QUEUED :
						  IPCPORT_DIAG_CALL_RECEIVED,
		.is_async = !call->task,
		.nr = call->request.place.token,
		.tgid = get_pid(msg->tgid),
		.tid = get_pid(msg->tid),
		.uid = msg->uid,
		.since_ns = msg->time_ns,
		.holder = holder_locked(call),
	};
}

/**
 * ipcport_callers_peek() - write down some of the open calls of a port
 * @port: the port
 * @after: token of the one after which to begin, or 0
 * @diags: where to; IPCPORT_DIAG_BATCH of them
 *
 * Context: Process. Takes and releases the port's lock.
 * Return: how many were written down, for ipcport_diag_destroy(); less than
 *	IPCPORT_DIAG_BATCH if there are no more.
 */
unsigned int ipcport_callers_peek(struct ipcport *port, u64 after, struct ipcport_diag *diags)
{
	struct ipcport_request *request;
	struct ipcport_place *place;
	unsigned int nr = 0;

	ipcport_lock(port);
	place = ipcport_place_after(&port->calls, after);
	while (place && nr < IPCPORT_DIAG_BATCH) {
		request = container_of(place, struct ipcport_request, place);
		peek_locked(container_of(request, struct ipcport_kcall, request), &diags[nr++]);
		place = ipcport_place_after(&port->calls, place->token);
	}
	ipcport_unlock(port);
	return nr;
}
