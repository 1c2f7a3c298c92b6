// SPDX-License-Identifier: GPL-2.0
#include "handle.h"

#include <linux/anon_inodes.h>
#include <linux/err.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/slab.h>

#include "count.h"
#include "port.h"
#include "senders.h"

/* What the doors do with a handle's file. */
static const struct file_operations *handle_fops;	/* (const after init) */

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
	handle->is_published = ipcport_count_handle(handle->port, handle->mask);
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

static void handle_free(struct ipcport_handle *handle)
{
	if (handle->is_published)
		ipcport_uncount_handle(handle->port, handle->mask);
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
 * ipcport_hfile_open() - open a file that will stand for a handle
 * @is_nonblock: whether O_NONBLOCK shall be set
 *
 * Context: Process; may sleep.
 * Return: the file, to be attached before anybody sees it; or ERR_PTR(-ENOMEM or
 *	-ENFILE).
 */
struct file *ipcport_hfile_open(bool is_nonblock)
{
	struct ipcport_hfile *hfile;
	struct file *file;

	hfile = kzalloc(sizeof(*hfile), GFP_KERNEL_ACCOUNT);
	if (!hfile)
		return ERR_PTR(-ENOMEM);
	ipcport_group_init(&hfile->group, hfile_retire);
	ipcport_outbox_init(&hfile->outbox);
	ipcport_count_inc(IPCPORT_HANDLE_FILES);
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
 * ipcport_hfile_attach() - let a file stand for a handle; cannot fail
 * @file: what ipcport_hfile_open() returned
 * @handle: the handle
 *
 * Context: Process.
 */
void ipcport_hfile_attach(struct file *file, struct ipcport_handle *handle)
{
	struct ipcport_hfile *hfile = file->private_data;

	ipcport_handle_get(handle);
	hfile->handle = handle;
	/* If nobody could receive any more when this came, neither can who has it. */
	hfile->is_reader = handle->mask & MAY_READ && ipcport_get_reader(handle->port);
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
