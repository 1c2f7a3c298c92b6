/* SPDX-License-Identifier: GPL-2.0 */
/**
 * DOC: Access
 *
 * Who may do what with a port. It is the current task that is judged, each time. To be
 * seen from outside is another matter: there it is whoever opened the file to look through,
 * since a program with more rights may have been given that file by somebody else.
 */
#ifndef IPCPORT_ACCESS_H
#define IPCPORT_ACCESS_H

#include <linux/types.h>
#include <linux/uidgid.h>

struct file;
struct ipcport;
struct user_namespace;

/**
 * struct ipcport_viewer - who looks from outside
 * @file: file through which it looks; who opened that is judged
 * @user_ns: user namespace in which CAP_IPC_OWNER lets it see everything
 */
struct ipcport_viewer {
	const struct file *file;
	struct user_namespace *user_ns;
};

bool ipcport_is_owner(const struct ipcport *port);
bool ipcport_may_govern(const struct ipcport *port, struct user_namespace *user_ns);
int ipcport_permission(const struct ipcport *port, struct user_namespace *user_ns, int mask);

bool ipcport_may_see_user(const struct ipcport_viewer *viewer, kuid_t uid);
bool ipcport_may_see(const struct ipcport_viewer *viewer, kuid_t uid, kgid_t gid, umode_t mode);

#endif /* IPCPORT_ACCESS_H */
