/* SPDX-License-Identifier: GPL-2.0 */
/**
 * DOC: Limits
 *
 * What a user may make the module hold is counted per user and bounded by module
 * parameters, which can be written at run time: a lower limit stops what comes,
 * it takes nothing away. A port counts with its capacity, so what its senders can
 * make it hold is bounded too. Memory is charged to memory cgroups on top of that,
 * by the allocations themselves.
 */
#ifndef IPCPORT_LIMITS_H
#define IPCPORT_LIMITS_H

#include <linux/uidgid.h>

struct ipcport_user;

unsigned int ipcport_max_capacity(void);

struct ipcport_user *ipcport_user_get(kuid_t uid);
void ipcport_user_put(struct ipcport_user *user);
int ipcport_user_charge_port(struct ipcport_user *user, unsigned int capacity);
void ipcport_user_discharge_port(struct ipcport_user *user, unsigned int capacity);

#endif /* IPCPORT_LIMITS_H */
