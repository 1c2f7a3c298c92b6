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

#include <linux/atomic.h>
#include <linux/types.h>
#include <linux/xarray.h>

#include "group.h"
#include "name.h"

struct ipcport;
struct net;

/**
 * struct ipcport_ns - ports of one network namespace
 * @net: the namespace; it holds this struct	(const after init)
 * @nr_files: open device files		(atomic)
 * @ports: LIVE ports by number			(RCU; lock: its own)
 * @names: their names				(lock: its own)
 */
struct ipcport_ns {
	struct net *net;
	atomic_t nr_files;
	struct xarray ports;
	struct ipcport_names names;
};

struct ipcport_ns *ipcport_ns_from_net(struct net *net);

int ipcport_reserve(struct ipcport *port, struct ipcport_ns *ns);
void ipcport_unreserve(struct ipcport *port);
void ipcport_publish(struct ipcport *port, struct ipcport_group *owner,
		     struct ipcport_group *file);
struct ipcport *ipcport_lookup(struct ipcport_ns *ns, u64 id);
bool ipcport_close(struct ipcport *port, enum ipcport_cause cause);

int ipcport_registry_init(void);
void ipcport_registry_exit(void);

#endif /* IPCPORT_REGISTRY_H */
