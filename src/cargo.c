// SPDX-License-Identifier: GPL-2.0
#include "cargo.h"

#include <linux/cred.h>
#include <linux/dcache.h>
#include <linux/err.h>
#include <linux/fcntl.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <linux/module.h>
#include <linux/net.h>
#include <linux/slab.h>
#include <linux/socket.h>
#include <linux/string.h>
#include <net/sock.h>

#include "count.h"
#include "handle.h"
#include "limits.h"
#include "msg.h"
#include "ns.h"
#include "port.h"

/**
 * struct ipcport_load - a cargo, and what it is
 * @cargo: how the message knows it		(const after import)
 * @user: who is charged for it, a reference, or NULL	(const after import)
 * @file: an open file, a reference, or NULL	(const after import)
 * @handle: a handle, a reference, or NULL	(const after import)
 */
struct ipcport_load {
	struct ipcport_cargo cargo;
	struct ipcport_user *user;
	struct file *file;
	struct ipcport_handle *handle;
};

static void load_drop(struct ipcport_cargo *cargo)
{
	struct ipcport_load *load = container_of(cargo, struct ipcport_load, cargo);

	if (load->file)
		fput(load->file);
	ipcport_handle_put(load->handle);
	if (load->user)
		ipcport_user_discharge_cargo(load->user);
	ipcport_user_put(load->user);
	kfree(load);
	ipcport_count_dec(IPCPORT_CARGO);
}

/* An empty cargo; @user has been charged for it, and the reference passes. */
static struct ipcport_load *load_alloc(struct ipcport_user *user)
{
	struct ipcport_load *load;

	load = kzalloc(sizeof(*load), GFP_KERNEL_ACCOUNT);
	if (!load)
		return ERR_PTR(-ENOMEM);
	load->cargo.drop = load_drop;
	load->user = user;
	ipcport_count_inc(IPCPORT_CARGO);
	return load;
}

/* io_uring does not say how to know its files, but nobody else can choose their name. */
static bool is_uring(const struct file *file)
{
	const struct dentry *dentry = file->f_path.dentry;

	return dentry->d_sb->s_magic == ANON_INODE_FS_MAGIC &&
	       !strcmp(dentry->d_name.name, "[io_uring]");
}

static bool is_unix_socket(struct file *file)
{
	struct socket *sock = sock_from_file(file);

	return sock && sock->sk && sock->sk->sk_family == AF_UNIX;
}

static bool can_travel(struct file *file)
{
	return file->f_op->owner != THIS_MODULE && !is_uring(file) && !is_unix_socket(file);
}

/**
 * ipcport_cargo_import() - let what a descriptor means travel
 * @fd: descriptor of the current process, which keeps it
 * @user: who has been charged for it; the reference passes on success. Or NULL.
 *
 * Context: Process; may sleep.
 * Return: the cargo, to be dropped; or ERR_PTR(-EBADF, -EOPNOTSUPP or -ENOMEM).
 */
struct ipcport_cargo *ipcport_cargo_import(int fd, struct ipcport_user *user)
{
	struct file *file = fget_raw(fd);
	struct ipcport_hfile *hfile;
	struct ipcport_load *load;

	if (!file)
		return ERR_PTR(-EBADF);
	hfile = ipcport_hfile_from_file(file);
	load = hfile || can_travel(file) ? load_alloc(user) : ERR_PTR(-EOPNOTSUPP);
	if (IS_ERR(load)) {
		fput(file);
		return ERR_CAST(load);
	}
	if (hfile) {
		ipcport_handle_get(hfile->handle);
		load->handle = hfile->handle;
		fput(file);
	} else {
		load->file = file;
	}
	return &load->cargo;
}

/**
 * ipcport_cargo_import_for() - let what a descriptor means travel to a port
 * @port: the port
 * @fd: descriptor of the current process, which keeps it
 *
 * The current user is charged for it.
 *
 * Context: Process; may sleep.
 * Return: as ipcport_cargo_import(), and ERR_PTR(-EDQUOT).
 */
struct ipcport_cargo *ipcport_cargo_import_for(const struct ipcport *port, int fd)
{
	struct ipcport_cargo *cargo;
	struct ipcport_user *user;
	int ret;

	if (!port->takes_cargo)
		return ERR_PTR(-EOPNOTSUPP);
	user = ipcport_user_get(current_euid());
	if (IS_ERR(user))
		return ERR_CAST(user);
	ret = ipcport_user_charge_cargo(user, port->ns->net);
	if (ret)
		goto err_put_user;
	cargo = ipcport_cargo_import(fd, user);
	if (!IS_ERR(cargo))
		return cargo;
	ret = PTR_ERR(cargo);
	ipcport_user_discharge_cargo(user);
err_put_user:
	ipcport_user_put(user);
	return ERR_PTR(ret);
}

/**
 * ipcport_slot_reserve() - prepare to give a cargo to the current process
 * @slot: memory for it
 * @cargo: the cargo, which stays where it is; or NULL for no descriptor
 *
 * Context: Process; may sleep.
 * Return: 0; or -EMFILE, -ENFILE or -ENOMEM, and there is nothing to install or cancel.
 */
int ipcport_slot_reserve(struct ipcport_slot *slot, struct ipcport_cargo *cargo)
{
	struct ipcport_load *load;
	int fd;

	slot->fd = -1;
	slot->file = NULL;
	if (!cargo)
		return 0;

	load = container_of(cargo, struct ipcport_load, cargo);
	fd = get_unused_fd_flags(O_CLOEXEC);
	if (fd < 0)
		return fd;
	slot->file = load->handle ? ipcport_hfile_open(false) : get_file(load->file);
	if (IS_ERR(slot->file)) {
		put_unused_fd(fd);
		return PTR_ERR(slot->file);
	}
	if (load->handle)
		ipcport_hfile_attach(slot->file, load->handle);
	slot->fd = fd;
	return 0;
}

/**
 * ipcport_slot_install() - make a reserved descriptor visible; cannot fail
 * @slot: the descriptor
 *
 * Context: Process.
 */
void ipcport_slot_install(const struct ipcport_slot *slot)
{
	if (slot->file)
		fd_install(slot->fd, slot->file);
}

/**
 * ipcport_slot_cancel() - undo ipcport_slot_reserve()
 * @slot: the descriptor
 *
 * Context: Process; may sleep.
 */
void ipcport_slot_cancel(const struct ipcport_slot *slot)
{
	if (!slot->file)
		return;
	fput(slot->file);
	put_unused_fd(slot->fd);
}
