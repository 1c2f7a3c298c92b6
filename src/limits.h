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
#include <linux/types.h>
#include <linux/uidgid.h>

struct ipcport_user;
struct net;

/**
 * enum ipcport_limit - what is counted
 * @IPCPORT_LIMIT_PORTS: LIVE ports of a user
 * @IPCPORT_LIMIT_MESSAGES: sum of their capacities
 * @IPCPORT_NR_PORT_LIMITS: how many limits there are on ports
 * @IPCPORT_LIMIT_CALLS: calls that a user has outstanding
 * @IPCPORT_LIMIT_CARGO: cargo of a user that is under way
 * @IPCPORT_NR_USER_LIMITS: how many limits there are on a user
 * @IPCPORT_LIMIT_PROCESS_CALLS: calls that a process has outstanding
 * @IPCPORT_NR_LIMITS: how many there are
 */
enum ipcport_limit {
	IPCPORT_LIMIT_PORTS,
	IPCPORT_LIMIT_MESSAGES,
	IPCPORT_NR_PORT_LIMITS,
	IPCPORT_LIMIT_CALLS = IPCPORT_NR_PORT_LIMITS,
	IPCPORT_LIMIT_CARGO,
	IPCPORT_NR_USER_LIMITS,
	IPCPORT_LIMIT_PROCESS_CALLS = IPCPORT_NR_USER_LIMITS,
	IPCPORT_NR_LIMITS
};

/**
 * struct ipcport_usage - what a user holds at one moment
 * @uid: who
 * @used: how much, by limit
 */
struct ipcport_usage {
	kuid_t uid;
	u64 used[IPCPORT_NR_USER_LIMITS];
};

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
const char *ipcport_limit_name(enum ipcport_limit limit);
unsigned int ipcport_limit_max(enum ipcport_limit limit);

struct ipcport_user *ipcport_user_get(kuid_t uid);
void ipcport_user_put(struct ipcport_user *user);
int ipcport_user_charge_port(struct ipcport_user *user, struct net *net, unsigned int capacity);
void ipcport_user_discharge_port(struct ipcport_user *user, unsigned int capacity);
int ipcport_user_charge_cargo(struct ipcport_user *user, struct net *net);
void ipcport_user_discharge_cargo(struct ipcport_user *user);
bool ipcport_user_peek(uid_t from, struct ipcport_usage *usage);

int ipcport_quota_init(struct ipcport_quota *quota);
void ipcport_quota_destroy(struct ipcport_quota *quota);
int ipcport_quota_charge_call(struct ipcport_quota *quota, struct net *net);
void ipcport_quota_discharge_call(struct ipcport_quota *quota);

#endif /* IPCPORT_LIMITS_H */
