// SPDX-License-Identifier: GPL-2.0
#include "file.h"

#include <linux/err.h>
#include <linux/fs.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/seq_file.h>
#include <linux/uio.h>
#include <uapi/linux/ipcport.h>

#include "compat/uring.h"
#include "delivery.h"
#include "handle.h"
#include "ioctl.h"
#include "poll.h"
#include "port.h"
#include "sleep.h"
#include "transfer.h"
#include "ucmd.h"

static struct ipcport_door file_to_door(struct file *file)
{
	struct ipcport_hfile *hfile = file->private_data;

	return (struct ipcport_door) {
		.ns = hfile->handle->port->ns,
		.handle = hfile->handle,
		.group = &hfile->group,
		.outbox = &hfile->outbox,
		.file = file,
	};
}

static int handle_release(struct inode *inode, struct file *file)
{
	ipcport_hfile_release(file->private_data);
	return 0;
}

static long handle_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct ipcport_door door = file_to_door(file);

	return ipcport_ioctl(&door, cmd, (void __user *)arg);
}

static __poll_t handle_poll(struct file *file, struct poll_table_struct *table)
{
	struct ipcport_hfile *hfile = file->private_data;

	return ipcport_poll(hfile->handle->port, file, table, hfile->handle->mask);
}

static struct ipcport_wait iocb_to_wait(const struct kiocb *iocb)
{
	return (struct ipcport_wait) {
		.can_wait = !(iocb->ki_flags & IOCB_NOWAIT || iocb->ki_filp->f_flags & O_NONBLOCK),
		.deadline = KTIME_MAX,
	};
}

static ssize_t handle_read(struct kiocb *iocb, struct iov_iter *to)
{
	struct ipcport_door door = file_to_door(iocb->ki_filp);
	struct ipcport_wait wait = iocb_to_wait(iocb);
	struct ipcport_receiver receiver;
	ssize_t ret;

	if (!iov_iter_count(to))
		return 0;
	if (iov_iter_count(to) % sizeof(struct ipcport_delivery))
		return -EINVAL;
	ret = ipcport_receiver_init(&receiver, &door, 0);
	if (ret)
		return ret;
	ret = ipcport_recv_iter(&receiver, to, &wait);
	ipcport_receiver_destroy(&receiver);
	return ret < 0 ? ret : ret * sizeof(struct ipcport_delivery);
}

static ssize_t handle_write(struct kiocb *iocb, struct iov_iter *from)
{
	struct ipcport_door door = file_to_door(iocb->ki_filp);
	struct ipcport_wait wait = iocb_to_wait(iocb);
	struct ipcport *port;
	ssize_t ret;

	if (!iov_iter_count(from))
		return 0;
	if (iov_iter_count(from) % sizeof(struct ipcport_message))
		return -EINVAL;
	port = ipcport_door_get_port(&door, 0, MAY_WRITE);
	if (IS_ERR(port))
		return PTR_ERR(port);
	/*
	 * Whoever opened the handle sends: a program with more rights may have been given
	 * it as its standard output, by somebody who knows what it prints.
	 */
	ret = ipcport_send_iter(port, from, ipcport_door_badge(&door), iocb->ki_filp->f_cred, NULL,
				&wait);
	ipcport_put(port);
	return ret < 0 ? ret : ret * sizeof(struct ipcport_message);
}

static void handle_show_fdinfo(struct seq_file *seq, struct file *file)
{
	static const char * const rights[] = {
		[0]			= "none",
		[MAY_WRITE]		= "send",
		[MAY_READ]		= "recv",
		[MAY_READ | MAY_WRITE]	= "send recv",
	};
	const struct ipcport_hfile *hfile = file->private_data;
	const struct ipcport_handle *handle = hfile->handle;
	struct ipcport_snapshot now;

	ipcport_snapshot(handle->port, &now);
	seq_printf(seq, "ipcport-port:\t%llu\n", handle->port->id);
	seq_printf(seq, "ipcport-rights:\t%s\n", rights[handle->mask]);
	seq_printf(seq, "ipcport-badge:\t%#llx\n", handle->badge);
	seq_printf(seq, "ipcport-state:\t%s\n", now.state == IPCPORT_DEAD ? "dead" : "live");
}

#if IPCPORT_HAS_URING_CMD
static int handle_uring_cmd(struct io_uring_cmd *cmd, unsigned int issue_flags)
{
	struct ipcport_door door = file_to_door(cmd->file);

	return ipcport_ioctl_uring(&door, cmd, issue_flags);
}
#endif

static const struct file_operations handle_fops = {
	.owner = THIS_MODULE,
	.release = handle_release,
	.unlocked_ioctl = handle_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.poll = handle_poll,
	.read_iter = handle_read,
	.write_iter = handle_write,
	.show_fdinfo = handle_show_fdinfo,
#if IPCPORT_HAS_URING_CMD
	.uring_cmd = handle_uring_cmd,
#endif
};

/**
 * ipcport_file_init() - make handles' files usable
 *
 * Context: Process, module init.
 */
void ipcport_file_init(void)
{
	ipcport_handle_init(&handle_fops);
}
