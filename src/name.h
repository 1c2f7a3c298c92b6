/* SPDX-License-Identifier: GPL-2.0 */
/**
 * DOC: Names
 *
 * A port can have one name, which is unique in its network namespace. It is in the
 * tree of names as long as the port is LIVE and bound, so that whoever finds a port
 * there, under the tree's lock, can take a reference. Who waits for a name is woken
 * when it is bound, and looks again.
 */
#ifndef IPCPORT_NAME_H
#define IPCPORT_NAME_H

#include <linux/rbtree.h>
#include <linux/spinlock.h>

struct ipcport;
struct ipcport_name;
struct ipcport_wait;

/**
 * struct ipcport_names - the names in one network namespace
 * @lock: guards the rest; innermost, inside a port's lock or held alone
 * @tree: struct ipcport_name by text			(lock: lock)
 * @waiters: those who wait for one, by text; see name.c	(lock: lock)
 */
struct ipcport_names {
	spinlock_t lock;	/* guards tree, waiters */
	struct rb_root tree;
	struct rb_root waiters;
};

void ipcport_names_init(struct ipcport_names *names);

int ipcport_bind(struct ipcport *port, struct ipcport_names *names, const char *text);
int ipcport_unbind(struct ipcport *port);
struct ipcport_name *ipcport_unname_locked(struct ipcport *port);
void ipcport_name_free(struct ipcport_name *name);
void ipcport_name_copy_locked(struct ipcport *port, char *text);

struct ipcport *ipcport_lookup_name(struct ipcport_names *names, const char *text,
				    const struct ipcport_wait *wait);

#endif /* IPCPORT_NAME_H */
