/* SPDX-License-Identifier: GPL-2.0 */
/**
 * DOC: Callers
 *
 * Whose calls are open in a port, and who is to answer them: a look from outside.
 */
#ifndef IPCPORT_CALLERS_H
#define IPCPORT_CALLERS_H

#include <linux/types.h>

struct ipcport;
struct ipcport_diag;

unsigned int ipcport_callers_peek(struct ipcport *port, u64 after, struct ipcport_diag *diags);

#endif /* IPCPORT_CALLERS_H */
