// SPDX-License-Identifier: GPL-2.0
#include "ioctl.h"

#include <linux/kernel.h>
#include <linux/nospec.h>
#include <linux/stddef.h>
#include <linux/uaccess.h>
#include <uapi/linux/ipcport.h>

#include "control.h"
#include "exchange.h"
#include "transfer.h"
#include "ucmd.h"

/**
 * struct ipcport_ioctl_op - how to run an ioctl
 * @cmd: its number, with the structure's size as we know it
 * @size: that size
 * @min_size: size of the structure's first version
 * @run: the handler
 */
struct ipcport_ioctl_op {
	unsigned int cmd;
	size_t size;
	size_t min_size;
	long (*run)(struct ipcport_ucmd *ucmd);
};

#define IOCTL_OP(_cmd, _fn, _struct, _last)						\
	[_IOC_NR(_cmd)] = {								\
		.cmd = (_cmd), .size = sizeof(_struct),					\
		.min_size = offsetofend(_struct, _last), .run = (_fn),			\
	}

/* The last argument is the last member of the structure's first version, for good. */
static const struct ipcport_ioctl_op ioctl_ops[] = {
	IOCTL_OP(IPCPORT_IOC_VERSION, ipcport_ioctl_version, struct ipcport_version, out_batch_max),
	IOCTL_OP(IPCPORT_IOC_PORT_CREATE, ipcport_ioctl_create, struct ipcport_create, out_port),
	IOCTL_OP(IPCPORT_IOC_PORT_DESTROY, ipcport_ioctl_destroy, struct ipcport_destroy,
		 __reserved),
	IOCTL_OP(IPCPORT_IOC_PORT_STAT, ipcport_ioctl_stat, struct ipcport_stat, out_created_ns),
	IOCTL_OP(IPCPORT_IOC_MSG_SEND, ipcport_ioctl_send, struct ipcport_send, deadline_ns),
	IOCTL_OP(IPCPORT_IOC_MSG_RECV, ipcport_ioctl_recv, struct ipcport_recv, deadline_ns),
	IOCTL_OP(IPCPORT_IOC_CALL, ipcport_ioctl_call, struct ipcport_call, out_status),
	IOCTL_OP(IPCPORT_IOC_CALL_REPLY, ipcport_ioctl_reply, struct ipcport_reply, flags),
	IOCTL_OP(IPCPORT_IOC_CALL_REPLY_RECV, ipcport_ioctl_reply_recv,
		 struct ipcport_reply_recv, __reserved),
	IOCTL_OP(IPCPORT_IOC_CALL_CANCEL, ipcport_ioctl_cancel, struct ipcport_cancel, out_state),
};

union ipcport_ioctl_args {
	struct ipcport_version version;
	struct ipcport_create create;
	struct ipcport_destroy destroy;
	struct ipcport_stat stat;
	struct ipcport_send send;
	struct ipcport_recv recv;
	struct ipcport_call call;
	struct ipcport_reply reply;
	struct ipcport_reply_recv reply_recv;
	struct ipcport_cancel cancel;
};

/* An ioctl is what its type, number and direction say; its size may vary. */
static const struct ipcport_ioctl_op *find_op(unsigned int cmd)
{
	const unsigned int size_mask = _IOC_SIZEMASK << _IOC_SIZESHIFT;
	const struct ipcport_ioctl_op *op;

	if (_IOC_NR(cmd) >= ARRAY_SIZE(ioctl_ops))
		return NULL;
	op = &ioctl_ops[array_index_nospec(_IOC_NR(cmd), ARRAY_SIZE(ioctl_ops))];
	if (!op->run || (op->cmd ^ cmd) & ~size_mask)
		return NULL;
	return op;
}

/**
 * ipcport_ioctl() - run an ioctl
 * @door: where it was made
 * @cmd: what to do
 * @arg: the structure that goes with it
 *
 * Context: Process; may sleep.
 * Return: what the ioctl returns; see uapi/linux/ipcport.h.
 */
long ipcport_ioctl(const struct ipcport_door *door, unsigned int cmd, void __user *arg)
{
	const struct ipcport_ioctl_op *op = find_op(cmd);
	union ipcport_ioctl_args args;
	struct ipcport_ucmd ucmd = {
		.door = door,
		.user = arg,
		.user_size = _IOC_SIZE(cmd),
		.args = &args,
	};
	int ret;

	if (!op)
		return -ENOTTY;
	if (ucmd.user_size < op->min_size)
		return -EINVAL;
	ret = copy_struct_from_user(&args, op->size, ucmd.user, ucmd.user_size);
	if (ret)
		return ret;
	ucmd.size = op->size;
	return op->run(&ucmd);
}
