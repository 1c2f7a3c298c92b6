// SPDX-License-Identifier: GPL-2.0
#include "event.h"

/* Who hears of events. */
static void (*listener)(const struct ipcport_event *event);	/* (const after init) */

/**
 * ipcport_announce() - tell who listens what happened
 * @event: what happened; what it refers to need only last for this call
 *
 * Context: Process. No lock is held.
 */
void ipcport_announce(const struct ipcport_event *event)
{
	if (listener)
		listener(event);
}

/**
 * ipcport_listen() - say who hears of events
 * @hear: called for each; must not sleep. NULL for nobody
 *
 * Context: Process, module init and exit; nothing happens meanwhile.
 */
void ipcport_listen(void (*hear)(const struct ipcport_event *event))
{
	listener = hear;
}
