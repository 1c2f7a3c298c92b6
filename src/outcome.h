/* SPDX-License-Identifier: GPL-2.0 */
/**
 * DOC: Outcomes
 *
 * How a call ended, for those who count and for those who listen.
 */
#ifndef IPCPORT_OUTCOME_H
#define IPCPORT_OUTCOME_H

#include "tally.h"

struct ipcport_kcall;

enum ipcport_tally ipcport_outcome_locked(const struct ipcport_kcall *call, int ret);
void ipcport_outcome_announce(const struct ipcport_kcall *call, enum ipcport_tally outcome,
			      int ret);

#endif /* IPCPORT_OUTCOME_H */
