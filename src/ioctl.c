// SPDX-License-Identifier: GPL-2.0
/*
 * The door for ioctls, and the only place that knows their structures: they are
 * copied in and checked here, and what is inside deals with its own types. Each
 * handler checks everything that it was given before it does anything.
 */
#include "ioctl.h"

#include <linux/build_bug.h>
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/minmax.h>
#include <linux/nospec.h>
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/sched.h>
#include <linux/uaccess.h>
#include <linux/uidgid.h>
#include <net/net_namespace.h>
#include <uapi/linux/ipcport.h>

#include "limits.h"
#include "msg.h"
#include "owner.h"
#include "port.h"
#include "queue.h"
#include "registry.h"
#include "version.h"

/*
 * Messages that are copied, and then moved under one hold of a port's lock. More
 * would make others wait longer for the lock, fewer would take it more often.
 */
#define BATCH_CHUNK	16

/**
 * struct ipcport_ucmd - an ioctl under way
 * @door: where it was made
 * @user: the caller's structure
 * @user_size: its size, as the caller knows it
 * @size: its size, as we know it
 * @args: our copy, completed with zeroes
 */
struct ipcport_ucmd {
	const struct ipcport_door *door;
	void __user *user;
	size_t user_size;
	size_t size;
	void *args;
};

/* Write the answer back, as much of it as the caller has room for. */
static int ucmd_respond(struct ipcport_ucmd *ucmd)
{
	size_t size = min(ucmd->user_size, ucmd->size);

	return copy_to_user(ucmd->user, ucmd->args, size) ? -EFAULT : 0;
}

/* Find a port and check that the caller may do with it what @mask says. */
static struct ipcport *ucmd_get_port(struct ipcport_ucmd *ucmd, u64 id, int mask)
{
	struct ipcport *port = ipcport_lookup(ucmd->door->ns, id);
	int ret;

	if (IS_ERR(port))
		return port;
	ret = ipcport_permission(port, ucmd->door->ns->net->user_ns, mask);
	if (ret) {
		ipcport_put(port);
		return ERR_PTR(ret);
	}
	return port;
}

static long ioctl_version(struct ipcport_ucmd *ucmd)
{
	struct ipcport_version *args = ucmd->args;

	if (args->flags)
		return -EOPNOTSUPP;
	args->out_version = IPCPORT_MODULE_VERSION_CODE;
	args->out_features = IPCPORT_FEATURE_MESSAGES | IPCPORT_FEATURE_OWNER_THREAD;
	args->out_capacity_max = ipcport_max_capacity();
	args->out_batch_max = IPCPORT_BATCH_MAX;
	return ucmd_respond(ucmd);
}

/* Check CREATE's arguments and fill in what was left to us. */
static int parse_create(struct ipcport_create *args)
{
	if (args->flags & ~IPCPORT_CREATE_F_OWNER_THREAD)
		return -EOPNOTSUPP;
	if (args->__reserved || args->mode & ~0666)
		return -EINVAL;
	if (args->capacity > ipcport_max_capacity())
		return -EINVAL;
	if (!args->capacity)
		args->capacity = min_t(u32, IPCPORT_CAPACITY_DEFAULT, ipcport_max_capacity());
	if (!args->mode)
		args->mode = IPCPORT_MODE_DEFAULT;
	return 0;
}

static long ioctl_create(struct ipcport_ucmd *ucmd)
{
	struct ipcport_create *args = ucmd->args;
	bool is_thread = args->flags & IPCPORT_CREATE_F_OWNER_THREAD;
	struct ipcport_group *owner;
	struct ipcport *port;
	int ret;

	ret = parse_create(args);
	if (ret)
		return ret;

	port = ipcport_alloc(args->capacity, args->mode, is_thread);
	if (IS_ERR(port))
		return PTR_ERR(port);
	ret = ipcport_user_charge_port(port->user);
	if (ret)
		goto err_put_port;
	owner = ipcport_owner_get(is_thread);
	if (IS_ERR(owner)) {
		ret = PTR_ERR(owner);
		goto err_discharge;
	}
	ret = ipcport_reserve(port, ucmd->door->ns);
	if (ret)
		goto err_put_owner;
	args->out_port = port->id;
	ret = ucmd_respond(ucmd);
	if (ret)
		goto err_unreserve;

	/* Nothing below can fail. */
	ipcport_publish(port, owner, ipcport_group_get(ucmd->door->group));
	ipcport_put(port);
	return 0;

err_unreserve:
	ipcport_unreserve(port);
err_put_owner:
	ipcport_group_put(owner);
err_discharge:
	ipcport_user_discharge_port(port->user);
err_put_port:
	ipcport_put(port);
	return ret;
}

static long ioctl_destroy(struct ipcport_ucmd *ucmd)
{
	struct ipcport_destroy *args = ucmd->args;
	struct ipcport_ns *ns = ucmd->door->ns;
	struct ipcport *port;
	long ret = 0;

	if (args->flags)
		return -EOPNOTSUPP;
	if (args->__reserved)
		return -EINVAL;

	port = ipcport_lookup(ns, args->port);
	if (IS_ERR(port))
		return PTR_ERR(port);
	if (!ipcport_is_owner(port) && !ns_capable(ns->net->user_ns, CAP_IPC_OWNER))
		ret = -EPERM;
	else if (!ipcport_close(port, IPCPORT_CAUSE_DESTROY))
		ret = -ENOENT;	/* somebody else was faster */
	ipcport_put(port);
	return ret;
}

static void fill_stat(struct ipcport_stat *args, struct ipcport *port)
{
	struct user_namespace *user_ns = current_user_ns();
	struct pid_namespace *pid_ns = task_active_pid_ns(current);
	struct ipcport_snapshot now;

	ipcport_snapshot(port, &now);
	args->out_state = now.depth ? IPCPORT_STATE_READABLE : 0;
	if (now.state == IPCPORT_DEAD)
		args->out_state |= IPCPORT_STATE_DEAD;
	else if (now.depth < port->capacity)
		args->out_state |= IPCPORT_STATE_WRITABLE;
	args->out_mode = port->mode;
	args->out_capacity = port->capacity;
	args->out_depth = now.depth;
	args->out_senders = now.nr_senders;
	args->out_receivers = now.nr_receivers;
	args->out_uid = from_kuid_munged(user_ns, port->uid);
	args->out_gid = from_kgid_munged(user_ns, port->gid);
	args->out_owner_pid = pid_nr_ns(port->tgid, pid_ns);
	args->out_owner_tid = pid_nr_ns(port->tid, pid_ns);
	args->out_sent = now.nr_sent;
	args->out_received = now.nr_received;
	args->out_created_ns = port->created_ns;
}

static long ioctl_stat(struct ipcport_ucmd *ucmd)
{
	struct ipcport_stat *args = ucmd->args;
	struct user_namespace *user_ns = ucmd->door->ns->net->user_ns;
	struct ipcport *port;
	long ret = 0;

	if (args->flags)
		return -EOPNOTSUPP;
	if (args->__reserved)
		return -EINVAL;

	port = ipcport_lookup(ucmd->door->ns, args->port);
	if (IS_ERR(port))
		return PTR_ERR(port);
	if (!ipcport_is_owner(port) && ipcport_permission(port, user_ns, MAY_WRITE))
		ret = ipcport_permission(port, user_ns, MAY_READ);
	if (!ret)
		fill_stat(args, port);
	ipcport_put(port);
	return ret ?: ucmd_respond(ucmd);
}

/* Check what SEND and RECV have in common; find out how long they may wait. */
static int parse_transfer(const struct ipcport_ucmd *ucmd, u32 flags, u32 count, u64 deadline_ns,
			  struct ipcport_wait *wait)
{
	BUILD_BUG_ON(IPCPORT_SEND_F_NONBLOCK != IPCPORT_RECV_F_NONBLOCK);

	if (flags & ~IPCPORT_SEND_F_NONBLOCK)
		return -EOPNOTSUPP;
	if (!count || count > IPCPORT_BATCH_MAX)
		return -EINVAL;
	wait->can_wait = !(flags & IPCPORT_SEND_F_NONBLOCK) && !ucmd->door->is_nonblock;
	wait->deadline = deadline_ns ? min_t(u64, deadline_ns, KTIME_MAX) : KTIME_MAX;
	return 0;
}

/*
 * Make messages of the next @nr in the caller's array. One that cannot be made
 * ends the batch; it is an error only if it is the first.
 */
static int copy_in(struct ipcport_queue *batch, const struct ipcport_message __user *from,
		   unsigned int nr)
{
	struct ipcport_msg *msg;
	unsigned int i;

	for (i = 0; i < nr; i++) {
		msg = ipcport_msg_alloc_user(from + i);
		if (IS_ERR(msg))
			return i ? 0 : PTR_ERR(msg);
		ipcport_queue_push(batch, msg);
	}
	return 0;
}

static long send_array(struct ipcport *port, const struct ipcport_send *args,
		       const struct ipcport_wait *wait)
{
	const struct ipcport_message __user *from = u64_to_user_ptr(args->messages);
	struct ipcport_queue batch = IPCPORT_QUEUE_INIT(batch);
	unsigned int done = 0;
	int ret;

	do {
		ret = copy_in(&batch, from + done, min_t(u32, args->count - done, BATCH_CHUNK));
		if (ret)
			break;
		ret = ipcport_send(port, &batch, wait);
		if (ret < 0)
			break;
		done += ret;
	} while (!batch.nr && done < args->count);

	ipcport_queue_flush(&batch);
	return done ?: ret;
}

static long ioctl_send(struct ipcport_ucmd *ucmd)
{
	struct ipcport_send *args = ucmd->args;
	struct ipcport_wait wait;
	struct ipcport *port;
	long ret;

	ret = parse_transfer(ucmd, args->flags, args->count, args->deadline_ns, &wait);
	if (ret)
		return ret;
	port = ucmd_get_port(ucmd, args->port, MAY_WRITE);
	if (IS_ERR(port))
		return PTR_ERR(port);
	ret = send_array(port, args, &wait);
	ipcport_put(port);
	return ret;
}

/* Write down a message as the current task is to see it. */
static void fill_delivery(struct ipcport_delivery *delivery, const struct ipcport_msg *msg)
{
	struct pid_namespace *pid_ns = task_active_pid_ns(current);
	struct user_namespace *user_ns = current_user_ns();

	memcpy(&delivery->message, msg->body, IPCPORT_MSG_SIZE);
	delivery->message.sender = pid_nr_ns(msg->tid, pid_ns);
	delivery->info = (struct ipcport_info) {
		.time_ns = msg->time_ns,
		.seq = msg->seq,
		.pid = pid_nr_ns(msg->tgid, pid_ns),
		.tid = delivery->message.sender,
		.uid = from_kuid_munged(user_ns, msg->uid),
		.gid = from_kgid_munged(user_ns, msg->gid),
		.cargo = -1,
	};
}

/*
 * Deliver messages, and free those that were. The first one that cannot be stored
 * stays in @batch with all after it. Returns how many were delivered.
 */
static int copy_out(struct ipcport_delivery __user *to, struct ipcport_queue *batch)
{
	struct ipcport_delivery delivery;
	struct ipcport_msg *msg, *next;
	int nr = 0;

	list_for_each_entry_safe(msg, next, &batch->msgs, node) {
		fill_delivery(&delivery, msg);
		if (copy_to_user(to + nr, &delivery, sizeof(delivery)))
			break;
		ipcport_msg_free(ipcport_queue_pop(batch));
		nr++;
	}
	return nr;
}

static long recv_array(struct ipcport *port, const struct ipcport_recv *args,
		       struct ipcport_wait *wait)
{
	struct ipcport_delivery __user *to = u64_to_user_ptr(args->deliveries);
	struct ipcport_queue batch = IPCPORT_QUEUE_INIT(batch);
	unsigned int done = 0;
	int ret;

	do {
		ret = ipcport_recv(port, &batch, min_t(u32, args->count - done, BATCH_CHUNK),
				   wait);
		if (ret < 0)
			break;
		done += copy_out(to + done, &batch);
		wait->can_wait = false;
	} while (!batch.nr && done < args->count);

	if (batch.nr) {
		ipcport_unrecv(port, &batch);
		ret = -EFAULT;
	}
	return done ?: ret;
}

static long ioctl_recv(struct ipcport_ucmd *ucmd)
{
	struct ipcport_recv *args = ucmd->args;
	struct ipcport_wait wait;
	struct ipcport *port;
	long ret;

	ret = parse_transfer(ucmd, args->flags, args->count, args->deadline_ns, &wait);
	if (ret)
		return ret;
	port = ucmd_get_port(ucmd, args->port, MAY_READ);
	if (IS_ERR(port))
		return PTR_ERR(port);
	ret = recv_array(port, args, &wait);
	ipcport_put(port);
	return ret;
}

/**
 * struct ioctl_op - how to run an ioctl
 * @cmd: its number, with the structure's size as we know it
 * @size: that size
 * @min_size: size of the structure's first version
 * @run: the handler
 */
struct ioctl_op {
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
static const struct ioctl_op ioctl_ops[] = {
	IOCTL_OP(IPCPORT_IOC_VERSION, ioctl_version, struct ipcport_version, out_batch_max),
	IOCTL_OP(IPCPORT_IOC_PORT_CREATE, ioctl_create, struct ipcport_create, out_port),
	IOCTL_OP(IPCPORT_IOC_PORT_DESTROY, ioctl_destroy, struct ipcport_destroy, __reserved),
	IOCTL_OP(IPCPORT_IOC_PORT_STAT, ioctl_stat, struct ipcport_stat, out_created_ns),
	IOCTL_OP(IPCPORT_IOC_MSG_SEND, ioctl_send, struct ipcport_send, deadline_ns),
	IOCTL_OP(IPCPORT_IOC_MSG_RECV, ioctl_recv, struct ipcport_recv, deadline_ns),
};

union ioctl_args {
	struct ipcport_version version;
	struct ipcport_create create;
	struct ipcport_destroy destroy;
	struct ipcport_stat stat;
	struct ipcport_send send;
	struct ipcport_recv recv;
};

/* An ioctl is what its type, number and direction say; its size may vary. */
static const struct ioctl_op *find_op(unsigned int cmd)
{
	const unsigned int size_mask = _IOC_SIZEMASK << _IOC_SIZESHIFT;
	const struct ioctl_op *op;

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
	const struct ioctl_op *op = find_op(cmd);
	union ioctl_args args;
	struct ipcport_ucmd ucmd = {
		.door = door,
		.user = arg,
		.user_size = _IOC_SIZE(cmd),
		.args = &args,
	};
	int ret;

	BUILD_BUG_ON(sizeof(struct ipcport_message) != IPCPORT_MSG_SIZE);
	BUILD_BUG_ON(sizeof(struct ipcport_delivery) != 2 * IPCPORT_MSG_SIZE);

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
