/* SPDX-License-Identifier: GPL-2.0 */
/**
 * DOC: Outcomes
 *
 * How a call ended, for those who count and for those who listen.
 */
#ifndef IPCPORT_OUTCOME_H
#define IPCPORT_OUTCOME_H

#include "tally.h"

struct ipcport;
struct ipcport_request;

enum ipcport_tally ipcport_outcome_locked(struct ipcport *port, int ret);
void ipcport_outcome_announce(const struct ipcport *port, const struct ipcport_request *request,
			      int ret);

#endif /* IPCPORT_OUTCOME_H */
