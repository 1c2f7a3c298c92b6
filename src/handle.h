/* SPDX-License-Identifier: GPL-2.0 */
/**
 * DOC: Handles
 *
 * A handle is what somebody may do with one port: rights and a badge, which never
 * change. It has a reference to the port's memory and does not keep it LIVE. An open
 * file stands for a handle; so does a cargo on its way to a receiver, who then gets
 * another file. A message refers to handles and never to their files, so nothing that
 * is in a port can keep a file open, and with it a port's messages: what a port's
 * queue holds goes when the port has ended and no file is open to receive it.
 *
 * What is done with the files is the affair of the doors, which bring the operations.
 */
#ifndef IPCPORT_HANDLE_H
#define IPCPORT_HANDLE_H

#include <linux/fs.h>
#include <linux/refcount.h>
#include <linux/types.h>

#include "group.h"
#include "outbox.h"

struct ipcport;

/**
 * struct ipcport_handle - what its holders may do with a port
 * @ref: references			(atomic)
 * @mask: MAY_READ to receive, MAY_WRITE to send	(const after alloc)
 * @port: the port, a reference		(const after alloc)
 * @badge: mark of what is sent through it, or 0	(const after alloc)
 * @is_published: whether the port counts it	(const after publish)
 */
struct ipcport_handle {
	refcount_t ref;
	int mask;
	struct ipcport *port;
	u64 badge;
	bool is_published;
};

/**
 * struct ipcport_hfile - an open file that stands for a handle
 * @group: what ends with it; used by the open file	(atomic)
 * @outbox: calls that are outstanding on it		(lock: its own)
 * @handle: the handle, a reference until release	(const after attach)
 * @is_reader: whether it keeps the messages of a port that has ended	(const after attach)
 */
struct ipcport_hfile {
	struct ipcport_group group;
	struct ipcport_outbox outbox;
	struct ipcport_handle *handle;
	bool is_reader;
};

struct ipcport_handle *ipcport_handle_alloc(struct ipcport *port, int mask, u64 badge);
int ipcport_handle_publish(struct ipcport_handle *handle);
void ipcport_handle_get(struct ipcport_handle *handle);
void ipcport_handle_put(struct ipcport_handle *handle);

struct file *ipcport_hfile_open(bool is_nonblock);
void ipcport_hfile_attach(struct file *file, struct ipcport_handle *handle);
struct ipcport_hfile *ipcport_hfile_from_file(const struct file *file);
void ipcport_hfile_release(struct ipcport_hfile *hfile);

void ipcport_handle_init(const struct file_operations *fops);

#endif /* IPCPORT_HANDLE_H */
