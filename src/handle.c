// SPDX-License-Identifier: GPL-2.0
#include "handle.h"

#include <linux/anon_inodes.h>
#include <linux/err.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/slab.h>

#include "count.h"
#include "msg.h"
#include "port.h"

/**
 * struct ipcport_no_senders - how a port tells that there is no handle to send with
 * @msg: the notice					(lock: that of the queue)
 * @port: the port that has this			(const after init)
 * @is_out: whether @msg is in the port, or in a receiver's hands	(lock: port->waiters.lock)
 * @is_due: whether it happened again meanwhile		(lock: port->waiters.lock)
 */
struct ipcport_no_senders {
	struct ipcport_msg msg;
	struct ipcport *port;
	bool is_out;
	bool is_due;
};

/* What the doors do with a handle's file. */
static const struct file_operations *handle_fops;	/* (const after init) */

static const struct ipcport_msg_ops no_senders_ops;

static void notify_locked(struct ipcport *port)
{
	struct ipcport_no_senders *no_senders = port->no_senders;

	ipcport_assert_locked(port);
	if (!no_senders || port->nr_send_handles || port->state != IPCPORT_LIVE)
		return;
	no_senders->is_due = no_senders->is_out;
	if (no_senders->is_out)
		return;
	no_senders->is_out = true;
	ipcport_msg_init_notice(&no_senders->msg, &no_senders_ops, NULL);
	ipcport_push_notice_locked(port, &no_senders->msg);
}

/* Whoever received the notice still has a reference to the port. */
static void no_senders_drop(struct ipcport_msg *msg)
{
	struct ipcport_no_senders *no_senders;
	struct ipcport *port;

	no_senders = container_of(msg, struct ipcport_no_senders, msg);
	port = no_senders->port;
	ipcport_lock(port);
	no_senders->is_out = false;
	if (no_senders->is_due)
		notify_locked(port);
	ipcport_unlock(port);
}

static const struct ipcport_msg_ops no_senders_ops = {
	.drop = no_senders_drop,
	.notice = IPCPORT_NO_SENDERS,
};

/**
 * ipcport_no_senders_init() - let a port tell when there is no handle to send with
 * @port: a NEW port, which frees it
 *
 * Context: Process; may sleep.
 * Return: 0 or -ENOMEM.
 */
int ipcport_no_senders_init(struct ipcport *port)
{
	port->no_senders = kzalloc(sizeof(*port->no_senders), GFP_KERNEL_ACCOUNT);
	if (!port->no_senders)
		return -ENOMEM;
	port->no_senders->port = port;
	return 0;
}

/**
 * ipcport_handle_alloc() - make a handle that does not count yet
 * @port: the port
 * @mask: MAY_READ to receive, MAY_WRITE to send
 * @badge: mark of what is sent through it, or 0
 *
 * Context: Process; may sleep.
 * Return: the handle with a reference for the caller, or ERR_PTR(-ENOMEM).
 */
struct ipcport_handle *ipcport_handle_alloc(struct ipcport *port, int mask, u64 badge)
{
	struct ipcport_handle *handle;

	handle = kzalloc(sizeof(*handle), GFP_KERNEL_ACCOUNT);
	if (!handle)
		return ERR_PTR(-ENOMEM);
	refcount_set(&handle->ref, 1);
	ipcport_get(port);
	handle->port = port;
	handle->mask = mask;
	handle->badge = badge;
	ipcport_count_inc(IPCPORT_HANDLES);
	return handle;
}

/**
 * ipcport_handle_publish() - count a handle that somebody is about to have
 * @handle: a new handle
 *
 * Context: Process. Takes and releases the port's lock.
 * Return: 0; or -EPIPE, the port has ended.
 */
int ipcport_handle_publish(struct ipcport_handle *handle)
{
	struct ipcport *port = handle->port;

	ipcport_lock(port);
	handle->is_published = port->state == IPCPORT_LIVE;
	if (handle->is_published && handle->mask & MAY_WRITE)
		port->nr_send_handles++;
	if (handle->is_published && handle->mask & MAY_READ)
		port->nr_recv_handles++;
	ipcport_unlock(port);
	return handle->is_published ? 0 : -EPIPE;
}

/**
 * ipcport_handle_get() - one more reference
 * @handle: handle that the caller has a reference to
 *
 * Context: Any.
 */
void ipcport_handle_get(struct ipcport_handle *handle)
{
	refcount_inc(&handle->ref);
}

static void unpublish(struct ipcport_handle *handle)
{
	struct ipcport *port = handle->port;

	ipcport_lock(port);
	if (handle->mask & MAY_READ)
		port->nr_recv_handles--;
	if (handle->mask & MAY_WRITE && !--port->nr_send_handles)
		notify_locked(port);
	ipcport_unlock(port);
}

static void handle_free(struct ipcport_handle *handle)
{
	if (handle->is_published)
		unpublish(handle);
	ipcport_put(handle->port);
	kfree(handle);
	ipcport_count_dec(IPCPORT_HANDLES);
}

/**
 * ipcport_handle_put() - drop a reference
 * @handle: the handle or NULL
 *
 * Context: Process; may sleep. Takes and releases the port's lock.
 */
void ipcport_handle_put(struct ipcport_handle *handle)
{
	if (handle && refcount_dec_and_test(&handle->ref))
		handle_free(handle);
}

/* The file is closed, and nothing is left that ends with it. */
static void hfile_retire(struct ipcport_group *group)
{
	kfree(container_of(group, struct ipcport_hfile, group));
	ipcport_count_dec(IPCPORT_HANDLE_FILES);
}

static struct ipcport_hfile *hfile_alloc(struct ipcport_handle *handle)
{
	struct ipcport_hfile *hfile;

	hfile = kzalloc(sizeof(*hfile), GFP_KERNEL_ACCOUNT);
	if (!hfile)
		return NULL;
	ipcport_group_init(&hfile->group, hfile_retire);
	ipcport_outbox_init(&hfile->outbox);
	ipcport_handle_get(handle);
	hfile->handle = handle;
	/* If nobody could receive any more when this came, neither can who has it. */
	hfile->is_reader = handle->mask & MAY_READ && ipcport_get_reader(handle->port);
	ipcport_count_inc(IPCPORT_HANDLE_FILES);
	return hfile;
}

/**
 * ipcport_hfile_release() - the file of a handle is closed
 * @hfile: the file, which may be gone afterwards
 *
 * Context: Process; may sleep.
 */
void ipcport_hfile_release(struct ipcport_hfile *hfile)
{
	ipcport_outbox_end(&hfile->outbox);
	ipcport_group_end(&hfile->group, IPCPORT_CAUSE_CLOSE);
	if (hfile->is_reader)
		ipcport_put_reader(hfile->handle->port);
	ipcport_handle_put(hfile->handle);
	ipcport_group_put(&hfile->group);
}

/**
 * ipcport_handle_open() - open a file that stands for a handle
 * @handle: the handle
 * @is_nonblock: whether O_NONBLOCK shall be set
 *
 * Context: Process; may sleep.
 * Return: the file, or ERR_PTR(-ENOMEM or -ENFILE).
 */
struct file *ipcport_handle_open(struct ipcport_handle *handle, bool is_nonblock)
{
	struct ipcport_hfile *hfile;
	struct file *file;

	hfile = hfile_alloc(handle);
	if (!hfile)
		return ERR_PTR(-ENOMEM);
	file = anon_inode_getfile("[ipcport]", handle_fops, hfile,
				  O_RDWR | (is_nonblock ? O_NONBLOCK : 0));
	if (IS_ERR(file)) {
		ipcport_hfile_release(hfile);
		return file;
	}
	stream_open(file_inode(file), file);
	file->f_mode |= FMODE_NOWAIT;
	return file;
}

/**
 * ipcport_hfile_from_file() - is a file one of ours?
 * @file: any file, which the caller keeps open
 *
 * Context: Any.
 * Return: what is behind it, or NULL if it does not stand for a handle.
 */
struct ipcport_hfile *ipcport_hfile_from_file(const struct file *file)
{
	return file->f_op == handle_fops ? file->private_data : NULL;
}

/**
 * ipcport_handle_init() - learn how handles' files are used
 * @fops: their operations
 *
 * Context: Process, module init.
 */
void ipcport_handle_init(const struct file_operations *fops)
{
	handle_fops = fops;
}
