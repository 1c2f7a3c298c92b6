// SPDX-License-Identifier: GPL-2.0
#include "ioctl.h"

#include <linux/kernel.h>
#include <linux/nospec.h>
#include <linux/stddef.h>
#include <linux/uaccess.h>
#include <uapi/linux/ipcport.h>

#include "control.h"
#include "exchange.h"
#include "open.h"
#include "transfer.h"
#include "ucmd.h"
#include "uring.h"

/* On a device file, on a handle, through io_uring. */
#define ON_DEVICE	0x1
#define ON_HANDLE	0x2
#define ON_URING	0x4
#define ON_BOTH		(ON_DEVICE | ON_HANDLE)

/**
 * struct ipcport_ioctl_op - how to run an ioctl
 * @cmd: its number, with the structure's size as we know it
 * @size: that size
 * @min_size: size of the structure's first version
 * @where: files and ways that it is for, ON_* bits
 * @run: the handler
 */
struct ipcport_ioctl_op {
	unsigned int cmd;
	size_t size;
	size_t min_size;
	unsigned int where;
	long (*run)(struct ipcport_ucmd *ucmd);
};

#define IOCTL_OP(_cmd, _fn, _struct, _last, _where)					\
	[_IOC_NR(_cmd)] = {								\
		.cmd = (_cmd), .size = sizeof(_struct),					\
		.min_size = offsetofend(_struct, _last), .where = (_where), .run = (_fn),	\
	}

/* The last but one argument is the last member of the structure's first version, for good. */
static const struct ipcport_ioctl_op ioctl_ops[] = {
	IOCTL_OP(IPCPORT_IOC_VERSION, ipcport_ioctl_version, struct ipcport_version,
		 out_batch_max, ON_BOTH),
	IOCTL_OP(IPCPORT_IOC_PORT_CREATE, ipcport_ioctl_create, struct ipcport_create,
		 out_port, ON_DEVICE),
	IOCTL_OP(IPCPORT_IOC_PORT_DESTROY, ipcport_ioctl_destroy, struct ipcport_destroy,
		 __reserved, ON_BOTH),
	IOCTL_OP(IPCPORT_IOC_PORT_STAT, ipcport_ioctl_stat, struct ipcport_stat,
		 out_created_ns, ON_BOTH),
	IOCTL_OP(IPCPORT_IOC_PORT_BIND, ipcport_ioctl_bind, struct ipcport_bind,
		 name, ON_BOTH),
	IOCTL_OP(IPCPORT_IOC_PORT_UNBIND, ipcport_ioctl_unbind, struct ipcport_unbind,
		 __reserved, ON_BOTH),
	IOCTL_OP(IPCPORT_IOC_MSG_SEND, ipcport_ioctl_send, struct ipcport_send,
		 deadline_ns, ON_BOTH),
	IOCTL_OP(IPCPORT_IOC_MSG_RECV, ipcport_ioctl_recv, struct ipcport_recv,
		 deadline_ns, ON_BOTH),
	IOCTL_OP(IPCPORT_IOC_CALL, ipcport_ioctl_call, struct ipcport_call,
		 out_status, ON_BOTH | ON_URING),
	IOCTL_OP(IPCPORT_IOC_CALL_REPLY, ipcport_ioctl_reply, struct ipcport_reply,
		 flags, ON_BOTH),
	IOCTL_OP(IPCPORT_IOC_CALL_REPLY_RECV, ipcport_ioctl_reply_recv, struct ipcport_reply_recv,
		 cargo, ON_BOTH),
	IOCTL_OP(IPCPORT_IOC_CALL_CANCEL, ipcport_ioctl_cancel, struct ipcport_cancel,
		 out_state, ON_BOTH),
	IOCTL_OP(IPCPORT_IOC_HANDLE_OPEN, ipcport_ioctl_open, struct ipcport_open,
		 name, ON_BOTH),
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
	struct ipcport_bind bind;
	struct ipcport_unbind unbind;
	struct ipcport_open open;
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

static long run(const struct ipcport_door *door, unsigned int cmd, void __user *arg,
		const struct ipcport_uring *uring)
{
	const unsigned int where = (door->handle ? ON_HANDLE : ON_DEVICE) | (uring ? ON_URING : 0);
	const struct ipcport_ioctl_op *op = find_op(cmd);
	union ipcport_ioctl_args args;
	struct ipcport_ucmd ucmd = {
		.door = door,
		.user = arg,
		.user_size = _IOC_SIZE(cmd),
		.args = &args,
		.uring = uring,
	};
	int ret;

	if (!op || where & ~op->where)
		return -ENOTTY;
	if (ucmd.user_size < op->min_size)
		return -EINVAL;
	ret = copy_struct_from_user(&args, op->size, ucmd.user, ucmd.user_size);
	if (ret)
		return ret;
	ucmd.size = op->size;
	return op->run(&ucmd);
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
	return run(door, cmd, arg, NULL);
}

#if IPCPORT_HAS_URING_CMD
/**
 * ipcport_ioctl_uring() - run an ioctl that was made through io_uring, or cancel it
 * @door: where it was made
 * @cmd: the request
 * @issue_flags: what io_uring says of the context
 *
 * Context: Process; may sleep unless @issue_flags say that it should not wait.
 * Return: -EIOCBQUEUED, or what the ioctl returns.
 */
int ipcport_ioctl_uring(const struct ipcport_door *door, struct io_uring_cmd *cmd,
			unsigned int issue_flags)
{
	const struct ipcport_uring uring = { .cmd = cmd, .issue_flags = issue_flags };
	const struct ipcport_uring_call *args;
	long ret;
	u64 arg;

	if (issue_flags & IO_URING_F_CANCEL) {
		ipcport_uring_cancel(cmd);
		return 0;
	}

	/* The caller can still write it: each member is read once. */
	args = io_uring_sqe_cmd(cmd->sqe);
	arg = READ_ONCE(args->call);
	if (READ_ONCE(args->__reserved))
		return -EINVAL;
	ret = run(door, cmd->cmd_op, u64_to_user_ptr(arg), &uring);
	return ret == -ERESTARTSYS ? -EINTR : ret;	/* nobody restarts it */
}
#endif
