/* SPDX-License-Identifier: GPL-2.0 */
/**
 * DOC: Registry
 *
 * Where ports are found by number, one registry per network namespace. A number
 * is reserved before the port is answered to its creator, and published after, so
 * a creation that fails has never been seen. Numbers come from one counter for
 * the whole machine: a number that was used once means nothing ever after.
 *
 * Ports end here, and nowhere else: ipcport_close() is the one teardown path.
 */
#ifndef IPCPORT_REGISTRY_H
#define IPCPORT_REGISTRY_H

#include <linux/types.h>

#include "group.h"
#include "ns.h"

struct ipcport;
struct net;

struct ipcport_ns *ipcport_ns_from_net(struct net *net);

u64 ipcport_last_id(void);
u64 ipcport_ns_sum(struct ipcport_ns *ns, enum ipcport_tally tally);

int ipcport_reserve(struct ipcport *port, struct ipcport_ns *ns);
void ipcport_unreserve(struct ipcport *port);
void ipcport_publish(struct ipcport *port, struct ipcport_group *owner,
		     struct ipcport_group *file);
struct ipcport *ipcport_lookup(struct ipcport_ns *ns, u64 id);
struct ipcport *ipcport_lookup_from(struct ipcport_ns *ns, u64 id);
bool ipcport_close(struct ipcport *port, enum ipcport_cause cause);

int ipcport_registry_init(void);
void ipcport_registry_exit(void);

#endif /* IPCPORT_REGISTRY_H */
