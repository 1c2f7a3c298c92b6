// SPDX-License-Identifier: GPL-2.0
#include "control.h"

#include <linux/cred.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/kconfig.h>
#include <linux/minmax.h>
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <linux/uidgid.h>
#include <net/net_namespace.h>
#include <uapi/linux/ipcport.h>

#include "access.h"
#include "clock.h"
#include "group.h"
#include "limits.h"
#include "owner.h"
#include "port.h"
#include "registry.h"
#include "senders.h"
#include "ucmd.h"
#include "version.h"

long ipcport_ioctl_version(struct ipcport_ucmd *ucmd)
{
	struct ipcport_version *args = ucmd->args;

	if (args->flags)
		return -EOPNOTSUPP;
	args->out_version = IPCPORT_MODULE_VERSION_CODE;
	args->out_features = IPCPORT_FEATURE_MESSAGES | IPCPORT_FEATURE_OWNER_THREAD |
			     IPCPORT_FEATURE_CALLS | IPCPORT_FEATURE_HANDLES |
			     IPCPORT_FEATURE_NAMES | IPCPORT_FEATURE_CARGO;
	if (IPCPORT_HAS_URING_CMD && IS_ENABLED(CONFIG_IO_URING))
		args->out_features |= IPCPORT_FEATURE_URING_CALL;
	args->out_capacity_max = ipcport_max_capacity();
	args->out_batch_max = IPCPORT_BATCH_MAX;
	return ipcport_ucmd_respond(ucmd);
}

static int parse_create(const struct ipcport_create *args)
{
	if (args->flags & ~(IPCPORT_CREATE_F_OWNER_THREAD | IPCPORT_CREATE_F_NOTIFY_ABORT |
			    IPCPORT_CREATE_F_NOTIFY_NO_SENDERS | IPCPORT_CREATE_F_CARGO))
		return -EOPNOTSUPP;
	if (args->__reserved || args->mode & ~0666)
		return -EINVAL;
	if (args->capacity > ipcport_max_capacity())
		return -EINVAL;
	return 0;
}

long ipcport_ioctl_create(struct ipcport_ucmd *ucmd)
{
	struct ipcport_create *args = ucmd->args;
	bool is_thread = args->flags & IPCPORT_CREATE_F_OWNER_THREAD;
	struct ipcport_group *owner;
	struct ipcport *port;
	u32 capacity;
	int ret;

	ret = parse_create(args);
	if (ret)
		return ret;

	capacity = args->capacity ?: min_t(u32, IPCPORT_CAPACITY_DEFAULT, ipcport_max_capacity());
	port = ipcport_alloc(capacity, args->mode ?: IPCPORT_MODE_DEFAULT, is_thread);
	if (IS_ERR(port))
		return PTR_ERR(port);
	port->file = ucmd->door->file;
	port->is_notifying = args->flags & IPCPORT_CREATE_F_NOTIFY_ABORT;
	port->takes_cargo = args->flags & IPCPORT_CREATE_F_CARGO;
	if (args->flags & IPCPORT_CREATE_F_NOTIFY_NO_SENDERS) {
		port->no_senders = ipcport_no_senders_alloc(port);
		if (!port->no_senders) {
			ret = -ENOMEM;
			goto err_put_port;
		}
	}
	ret = ipcport_user_charge_port(port->user, ucmd->door->ns->net, capacity);
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
	ret = ipcport_ucmd_respond(ucmd);
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
	ipcport_user_discharge_port(port->user, capacity);
err_put_port:
	ipcport_put(port);
	return ret;
}

long ipcport_ioctl_destroy(struct ipcport_ucmd *ucmd)
{
	struct ipcport_destroy *args = ucmd->args;
	const struct ipcport_door *door = ucmd->door;
	struct ipcport *port;
	long ret = 0;

	if (args->flags)
		return -EOPNOTSUPP;
	if (args->__reserved)
		return -EINVAL;

	port = ipcport_door_find_port(door, args->port);
	if (IS_ERR(port))
		return PTR_ERR(port);
	if (!ipcport_may_govern(port, door->ns->net->user_ns))
		ret = -EPERM;
	else if (!ipcport_close(port, IPCPORT_CAUSE_DESTROY))
		ret = ipcport_door_gone(door);	/* somebody else was faster */
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
	args->out_owner_tid = port->task ? task_pid_nr_ns(port->task, pid_ns) : 0;
	args->out_sent = now.tallies[IPCPORT_TALLY_SENT];
	args->out_received = now.tallies[IPCPORT_TALLY_RECEIVED];
	args->out_created_ns = ipcport_time_to_user(port->created_ns);
	args->out_calls = now.nr_calls;
	args->out_port = port->id;
	args->out_send_handles = now.nr_send_handles;
	args->out_recv_handles = now.nr_recv_handles;
	memcpy(args->out_name, now.name, sizeof(args->out_name));
}

long ipcport_ioctl_stat(struct ipcport_ucmd *ucmd)
{
	struct ipcport_stat *args = ucmd->args;
	struct ipcport *port;

	if (args->flags)
		return -EOPNOTSUPP;
	if (args->__reserved)
		return -EINVAL;

	/* Who has a handle may look, whatever else it is for. */
	if (ucmd->door->handle)
		port = ipcport_door_find_port(ucmd->door, args->port);
	else
		port = ipcport_door_get_port(ucmd->door, args->port, MAY_READ | MAY_WRITE);
	if (IS_ERR(port))
		return PTR_ERR(port);
	fill_stat(args, port);
	ipcport_put(port);
	return ipcport_ucmd_respond(ucmd);
}
