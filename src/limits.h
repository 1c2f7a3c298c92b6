/* SPDX-License-Identifier: GPL-2.0 */
/**
 * DOC: Limits
 *
 * What a user may make the module hold is counted per user and bounded by module
 * parameters, which can be written at run time: a lower limit stops what comes,
 * it takes nothing away. A port counts with its capacity, so what its senders can
 * make it hold is bounded too. Calls are counted per process as well, so that one
 * process cannot use up its user's share. What travels with messages counts too. Memory
 * is charged to memory cgroups on top of that, by the allocations themselves.
 */
#ifndef IPCPORT_LIMITS_H
#define IPCPORT_LIMITS_H

#include <linux/atomic.h>
#include <linux/uidgid.h>

struct ipcport_user;

/**
 * struct ipcport_quota - calls that a process has outstanding
 * @user: user as whom it began to use ports; a reference	(const after init)
 * @nr_calls: how many calls				(atomic)
 */
struct ipcport_quota {
	struct ipcport_user *user;
	atomic_t nr_calls;
};

unsigned int ipcport_max_capacity(void);

struct ipcport_user *ipcport_user_get(kuid_t uid);
void ipcport_user_put(struct ipcport_user *user);
int ipcport_user_charge_port(struct ipcport_user *user, unsigned int capacity);
void ipcport_user_discharge_port(struct ipcport_user *user, unsigned int capacity);
int ipcport_user_charge_cargo(struct ipcport_user *user);
void ipcport_user_discharge_cargo(struct ipcport_user *user);

int ipcport_quota_init(struct ipcport_quota *quota);
void ipcport_quota_destroy(struct ipcport_quota *quota);
int ipcport_quota_charge_call(struct ipcport_quota *quota);
void ipcport_quota_discharge_call(struct ipcport_quota *quota);

#endif /* IPCPORT_LIMITS_H */
