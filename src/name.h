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
#include <linux/types.h>

struct ipcport;
struct ipcport_diag;
struct ipcport_name;
struct ipcport_wait;

/**
 * struct ipcport_names - the names in one network namespace
 * @lock: guards the rest; innermost, inside a port's lock or held alone
 * @tree: struct ipcport_name by text			(lock: lock)
 * @waiters: those who wait for one, by text and number; see name.c	(lock: lock)
 * @nr_waits: how often a thread has come to wait	(lock: lock)
 */
struct ipcport_names {
	spinlock_t lock;	/* guards the rest */
	struct rb_root tree;
	struct rb_root waiters;
	u64 nr_waits;
};

void ipcport_names_init(struct ipcport_names *names);

int ipcport_bind(struct ipcport *port, const char *text);
int ipcport_unbind(struct ipcport *port);
struct ipcport_name *ipcport_unname_locked(struct ipcport *port, u64 *generation);
void ipcport_name_free(struct ipcport_name *name);
const char *ipcport_name_text(const struct ipcport_name *name);
void ipcport_name_copy_locked(struct ipcport *port, char *text);

struct ipcport *ipcport_lookup_name(struct ipcport_names *names, const char *text,
				    const struct ipcport_wait *wait);
u64 ipcport_names_nr_waits(struct ipcport_names *names);
unsigned int ipcport_names_peek(struct ipcport_names *names, const char *text, u64 after,
				struct ipcport_diag *diags);

#endif /* IPCPORT_NAME_H */
