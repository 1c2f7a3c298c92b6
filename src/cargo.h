/* SPDX-License-Identifier: GPL-2.0 */
/**
 * DOC: Cargo
 *
 * What travels with a message: an open file, or a handle. It is taken from the sender
 * when the message is made, and goes to the receiver or is let go, with the message,
 * wherever that ends. It counts against the sender's limit; that of an answer does not,
 * or callers who do not collect could use up their server's: the limits of calls hold.
 * A port takes it only if its owner said so, since nobody who receives can refuse it.
 *
 * Cargo must not be able to keep itself alive. A handle travels without its file, see
 * handle.h. Files that can hold other files for as long as nobody looks are refused:
 * sockets of the family AF_UNIX, io_uring instances, and those of this module.
 */
#ifndef IPCPORT_CARGO_H
#define IPCPORT_CARGO_H

struct file;
struct ipcport;
struct ipcport_cargo;
struct ipcport_user;

/**
 * struct ipcport_slot - a descriptor that the current process is about to get
 * @fd: its number, -1 for none
 * @file: what it will mean; not visible yet
 */
struct ipcport_slot {
	int fd;
	struct file *file;
};

struct ipcport_cargo *ipcport_cargo_import(int fd, struct ipcport_user *user);
struct ipcport_cargo *ipcport_cargo_import_for(const struct ipcport *port, int fd);

int ipcport_slot_reserve(struct ipcport_slot *slot, struct ipcport_cargo *cargo);
void ipcport_slot_install(const struct ipcport_slot *slot);
void ipcport_slot_cancel(const struct ipcport_slot *slot);

#endif /* IPCPORT_CARGO_H */
