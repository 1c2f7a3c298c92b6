// SPDX-License-Identifier: GPL-2.0
#include "dump.h"

#include <linux/atomic.h>
#include <linux/errno.h>
#include <linux/net.h>
#include <linux/skbuff.h>
#include <linux/string.h>
#include <net/genetlink.h>
#include <net/net_namespace.h>
#include <net/sock.h>

#include "access.h"
#include "ns.h"
#include "port.h"
#include "registry.h"

/**
 * ipcport_dump_check_name() - check a name that somebody asks for
 * @attr: attribute with a zero in it
 * @extack: where to say what is wrong
 *
 * Context: Any.
 * Return: 0 or -EINVAL.
 */
int ipcport_dump_check_name(const struct nlattr *attr, struct netlink_ext_ack *extack)
{
	int size = nla_len(attr);

	if (size <= IPCPORT_NAME_LEN && strnlen(nla_data(attr), size) + 1 == size)
		return 0;
	NL_SET_ERR_MSG_ATTR(extack, attr, "no name is like that");
	return -EINVAL;
}

/**
 * ipcport_dump_ns() - where a request looks
 * @request: the request
 *
 * Context: Process.
 * Return: the registry of the network namespace of its socket; it lives as long as that.
 */
struct ipcport_ns *ipcport_dump_ns(const struct sk_buff *request)
{
	return ipcport_ns_from_net(sock_net(NETLINK_CB(request).sk));
}

/**
 * ipcport_dump_viewer() - whose request it is
 * @request: the request
 *
 * Context: Process; inside a system call on the socket, which keeps its file.
 * Return: whoever opened the socket.
 */
struct ipcport_viewer ipcport_dump_viewer(const struct sk_buff *request)
{
	const struct sock *sk = NETLINK_CB(request).sk;

	return (struct ipcport_viewer) {
		.file = sk->sk_socket->file,
		.user_ns = sock_net(sk)->user_ns,
	};
}

/**
 * ipcport_dump_may_see() - may a viewer see a port?
 * @viewer: the viewer
 * @port: the port
 *
 * Context: Any.
 * Return: whether it may.
 */
bool ipcport_dump_may_see(const struct ipcport_viewer *viewer, const struct ipcport *port)
{
	return ipcport_may_see(viewer, port->uid, port->gid, port->mode);
}

/**
 * ipcport_dump_generation() - how often something has changed where a request looks
 * @request: the request
 *
 * Context: Any.
 * Return: changes among ports and names so far.
 */
u64 ipcport_dump_generation(const struct sk_buff *request)
{
	/* What is looked at after it has the changes that it counts; see ipcport_ns_change(). */
	return atomic64_read_acquire(&ipcport_dump_ns(request)->generation);
}

/* A number that changes when something does, and is not 0. */
static unsigned int seq_of(const struct netlink_callback *cb)
{
	return (unsigned int)ipcport_dump_generation(cb->skb) ?: 1;
}

/*
 * Tell netlink whether something changed. A dump that is not about ports and names was
 * not started here, and goes without.
 */
static void note_changes(struct netlink_callback *cb)
{
	if (!cb->prev_seq)
		return;
	/* Whoever changed something before we looked at it raised the number before. */
	smp_rmb();
	cb->seq = seq_of(cb);
}

/**
 * ipcport_dump_start() - a dump of ports or waiters begins: changes count from now on
 * @cb: the dump
 *
 * Context: Process.
 */
void ipcport_dump_start(struct netlink_callback *cb)
{
	cb->prev_seq = seq_of(cb);
}

/**
 * ipcport_dump_open() - begin a message of a dump
 * @skb: where to
 * @cb: the dump
 * @command: what it is
 *
 * Context: Process.
 * Return: its header for ipcport_dump_close(), or NULL if it does not fit.
 */
void *ipcport_dump_open(struct sk_buff *skb, struct netlink_callback *cb, u8 command)
{
	void *header;

	header = genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq,
			     &ipcport_genl_family, NLM_F_MULTI, command);
	if (!header)
		return NULL;
	note_changes(cb);
	genl_dump_check_consistent(cb, header);
	return header;
}

/**
 * ipcport_dump_close() - end a message of a dump
 * @skb: where it is
 * @header: from ipcport_dump_open()
 * @ret: whether it could be filled
 *
 * Context: Any.
 * Return: @ret; if that is not 0 the message is out again.
 */
int ipcport_dump_close(struct sk_buff *skb, void *header, int ret)
{
	if (ret)
		genlmsg_cancel(skb, header);
	else
		genlmsg_end(skb, header);
	return ret;
}

/**
 * ipcport_dump_return() - what a dump function returns
 * @skb: what it wrote
 * @cb: the dump
 * @ret: 0 if it has come to the end; -EMSGSIZE if there was no more space; or -errno
 *
 * Context: Process.
 * Return: more than 0 to be called again, 0 at the end, or -errno.
 */
int ipcport_dump_return(const struct sk_buff *skb, struct netlink_callback *cb, int ret)
{
	/* The message that ends the dump is netlink's own. */
	note_changes(cb);
	if (ret && !(ret == -EMSGSIZE && skb->len))
		return ret;
	return skb->len;
}
