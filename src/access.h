/* SPDX-License-Identifier: GPL-2.0 */
/**
 * DOC: Access
 *
 * Who may do what with a port. It is the current task that is judged, each time.
 */
#ifndef IPCPORT_ACCESS_H
#define IPCPORT_ACCESS_H

#include <linux/types.h>

struct ipcport;
struct user_namespace;

bool ipcport_is_owner(const struct ipcport *port);
bool ipcport_may_govern(const struct ipcport *port, struct user_namespace *user_ns);
int ipcport_permission(const struct ipcport *port, struct user_namespace *user_ns, int mask);

#endif /* IPCPORT_ACCESS_H */
