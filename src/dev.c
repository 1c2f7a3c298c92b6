// SPDX-License-Identifier: GPL-2.0
#include "dev.h"

#include <linux/atomic.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/nsproxy.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <net/net_namespace.h>

#include "compat/uring.h"
#include "count.h"
#include "group.h"
#include "ioctl.h"
#include "outbox.h"
#include "registry.h"
#include "ucmd.h"

/**
 * struct ipcport_dev - an open device file
 * @group: what ends with it; used by the open file	(atomic)
 * @outbox: calls that are outstanding on it		(lock: its own)
 * @ns: registry of the network namespace of the task that opened it; held through
 *	a reference to the namespace			(const after open)
 */
struct ipcport_dev {
	struct ipcport_group group;
	struct ipcport_outbox outbox;
	struct ipcport_ns *ns;
};

/* The file is closed, and nothing is left that ends with it. */
static void dev_retire(struct ipcport_group *group)
{
	struct ipcport_dev *dev = container_of(group, struct ipcport_dev, group);

	put_net(dev->ns->net);
	kfree(dev);
	ipcport_count_dec(IPCPORT_FILES);
}

static int dev_open(struct inode *inode, struct file *file)
{
	struct ipcport_dev *dev;

	dev = kzalloc(sizeof(*dev), GFP_KERNEL_ACCOUNT);
	if (!dev)
		return -ENOMEM;
	ipcport_group_init(&dev->group, dev_retire);
	ipcport_outbox_init(&dev->outbox);
	dev->ns = ipcport_ns_from_net(get_net(current->nsproxy->net_ns));
	atomic_inc(&dev->ns->nr_files);
	file->private_data = dev;
	ipcport_count_inc(IPCPORT_FILES);
	return stream_open(inode, file);
}

static int dev_release(struct inode *inode, struct file *file)
{
	struct ipcport_dev *dev = file->private_data;

	atomic_dec(&dev->ns->nr_files);
	ipcport_outbox_end(&dev->outbox);
	ipcport_group_end(&dev->group, IPCPORT_CAUSE_CLOSE);
	ipcport_group_put(&dev->group);
	return 0;
}

static struct ipcport_door file_to_door(struct file *file)
{
	struct ipcport_dev *dev = file->private_data;

	return (struct ipcport_door) {
		.ns = dev->ns,
		.group = &dev->group,
		.outbox = &dev->outbox,
		.file = file,
	};
}

static long dev_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct ipcport_door door = file_to_door(file);

	return ipcport_ioctl(&door, cmd, (void __user *)arg);
}

#if IPCPORT_HAS_URING_CMD
static int dev_uring_cmd(struct io_uring_cmd *cmd, unsigned int issue_flags)
{
	struct ipcport_door door = file_to_door(cmd->file);

	return ipcport_ioctl_uring(&door, cmd, issue_flags);
}
#endif

static const struct file_operations dev_fops = {
	.owner = THIS_MODULE,
	.open = dev_open,
	.release = dev_release,
	.unlocked_ioctl = dev_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
#if IPCPORT_HAS_URING_CMD
	.uring_cmd = dev_uring_cmd,
#endif
};

/* Who else may open it is for the system to say; tools/udev has a rule. */
static struct miscdevice misc_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = KBUILD_MODNAME,
	.fops = &dev_fops,
	.mode = 0600,
};

/**
 * ipcport_dev_init() - make /dev/ipcport; it can be opened at once
 *
 * Context: Process, module init; everything else is ready.
 * Return: 0 or -errno.
 */
int ipcport_dev_init(void)
{
	return misc_register(&misc_device);
}

/**
 * ipcport_dev_exit() - remove /dev/ipcport
 *
 * Context: Process, module exit; no file is open.
 */
void ipcport_dev_exit(void)
{
	misc_deregister(&misc_device);
}
