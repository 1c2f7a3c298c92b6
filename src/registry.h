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
#include <linux/xarray.h>

struct ipcport;
struct ipcport_group;
struct net;

/**
 * struct ipcport_ns - ports of one network namespace
 * @net: the namespace; it holds this struct	(const after init)
 * @ports: LIVE ports by number			(RCU; lock: its own)
 */
struct ipcport_ns {
	struct net *net;
	struct xarray ports;
};

/**
 * enum ipcport_cause - why a port ends
 * @IPCPORT_CAUSE_DESTROY: somebody who may asked for it
 * @IPCPORT_CAUSE_EXIT: its owner has exited
 * @IPCPORT_CAUSE_CLOSE: its device file was closed for the last time
 */
enum ipcport_cause {
	IPCPORT_CAUSE_DESTROY,
	IPCPORT_CAUSE_EXIT,
	IPCPORT_CAUSE_CLOSE,
};

struct ipcport_ns *ipcport_ns_from_net(struct net *net);

int ipcport_reserve(struct ipcport *port, struct ipcport_ns *ns);
void ipcport_unreserve(struct ipcport *port);
void ipcport_publish(struct ipcport *port, struct ipcport_group *owner,
		     struct ipcport_group *file);
struct ipcport *ipcport_lookup(struct ipcport_ns *ns, u64 id);
bool ipcport_close(struct ipcport *port, enum ipcport_cause cause);
void ipcport_close_group(struct ipcport_group *group, enum ipcport_cause cause);

int ipcport_registry_init(void);
void ipcport_registry_exit(void);

#endif /* IPCPORT_REGISTRY_H */
