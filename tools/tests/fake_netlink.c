// SPDX-License-Identifier: GPL-2.0
#include "fake_netlink.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <linux/genetlink.h>

#include <cmocka.h>

struct fake_netlink netlink;

struct mnl_socket *mnl_socket_open2(int bus, int flags)
{
	(void)bus;
	(void)flags;
	return (void *)&netlink;
}

int mnl_socket_close(struct mnl_socket *nl)
{
	(void)nl;
	return 0;
}

int mnl_socket_bind(struct mnl_socket *nl, unsigned int groups, pid_t pid)
{
	(void)nl;
	(void)groups;
	(void)pid;
	return 0;
}

int mnl_socket_get_fd(const struct mnl_socket *nl)
{
	(void)nl;
	return FAKE_SOCKET;
}

int mnl_socket_setsockopt(const struct mnl_socket *nl, int type, void *buf, socklen_t len)
{
	(void)nl;
	if (type != NETLINK_ADD_MEMBERSHIP)
		return 0;
	assert_int_equal(len, sizeof(netlink.joined));
	memcpy(&netlink.joined, buf, len);
	errno = netlink.join_error;
	return netlink.join_error ? -1 : 0;
}

ssize_t mnl_socket_sendto(const struct mnl_socket *nl, const void *request, size_t size)
{
	(void)nl;
	assert_true(size <= sizeof(netlink.request));
	memcpy(netlink.request, request, size);
	netlink.sequence = ((const struct nlmsghdr *)request)->nlmsg_seq;
	netlink.requests++;
	return (ssize_t)size;
}

/* Answers that a test has not numbered are to the request that was sent last. */
static void number(struct fake_datagram *datagram)
{
	struct nlmsghdr *header = (void *)datagram->room;
	int left = (int)datagram->length;

	for (; mnl_nlmsg_ok(header, left); header = mnl_nlmsg_next(header, &left)) {
		if (!header->nlmsg_seq)
			header->nlmsg_seq = netlink.sequence;
	}
}

static ssize_t refuse(int error)
{
	errno = error;
	return -1;
}

ssize_t __wrap_recv(int fd, void *buffer, size_t size, int flags);
ssize_t __wrap_recv(int fd, void *buffer, size_t size, int flags)
{
	struct fake_datagram *datagram = &netlink.datagrams[netlink.next];

	assert_int_equal(fd, FAKE_SOCKET);
	if (netlink.next == netlink.count && flags & MSG_DONTWAIT)
		return refuse(EAGAIN);
	assert_true(netlink.next++ < netlink.count);
	if (datagram->error)
		return refuse(datagram->error);
	number(datagram);
	assert_true(datagram->length <= size);
	memcpy(buffer, datagram->room, datagram->length);
	return (ssize_t)datagram->length;
}

struct fake_datagram *fake_datagram(void)
{
	assert_true(netlink.count < FAKE_DATAGRAMS);
	return &netlink.datagrams[netlink.count++];
}

void fake_message_end(void)
{
	netlink.datagrams[netlink.count - 1].length += NLMSG_ALIGN(netlink.message->nlmsg_len);
}

void fake_message(uint16_t type, uint16_t flags)
{
	struct fake_datagram *datagram = &netlink.datagrams[netlink.count - 1];

	assert_true(datagram->length < FAKE_DATAGRAM_ROOM / 2);
	netlink.message = mnl_nlmsg_put_header(datagram->room + datagram->length);
	netlink.message->nlmsg_type = type;
	netlink.message->nlmsg_flags = flags;
}

void fake_answer(uint8_t cmd, uint16_t flags)
{
	struct genlmsghdr *generic;

	fake_message(FAKE_FAMILY, flags);
	generic = mnl_nlmsg_put_extra_header(netlink.message, sizeof(*generic));
	generic->cmd = cmd;
}

void fake_dump_end(int error)
{
	fake_message(NLMSG_DONE, NLM_F_MULTI);
	*(int *)mnl_nlmsg_put_extra_header(netlink.message, sizeof(int)) = error;
	fake_message_end();
}

void fake_request_end(int error, const char *text)
{
	struct nlmsgerr *end;

	fake_message(NLMSG_ERROR, NLM_F_CAPPED | (text ? NLM_F_ACK_TLVS : 0));
	end = mnl_nlmsg_put_extra_header(netlink.message, sizeof(*end));
	end->error = error;
	end->msg.nlmsg_len = 1000;
	if (text)
		mnl_attr_put_strz(netlink.message, NLMSGERR_ATTR_MSG, text);
	fake_message_end();
}

void fake_family(void)
{
	struct nlattr *groups, *group;

	fake_datagram();
	fake_message(GENL_ID_CTRL, 0);
	mnl_nlmsg_put_extra_header(netlink.message, sizeof(struct genlmsghdr));
	mnl_attr_put_u16(netlink.message, CTRL_ATTR_FAMILY_ID, FAKE_FAMILY);
	groups = mnl_attr_nest_start(netlink.message, CTRL_ATTR_MCAST_GROUPS);
	for (uint32_t i = 0; i < 2; i++) {
		group = mnl_attr_nest_start(netlink.message, (uint16_t)i + 1);
		mnl_attr_put_strz(netlink.message, CTRL_ATTR_MCAST_GRP_NAME,
				  i ? "others" : "ports");
		mnl_attr_put_u32(netlink.message, CTRL_ATTR_MCAST_GRP_ID, FAKE_GROUP + i);
		mnl_attr_nest_end(netlink.message, group);
	}
	mnl_attr_nest_end(netlink.message, groups);
	fake_message_end();
	fake_request_end(0, NULL);
}

const struct nlattr *fake_requested(uint16_t type)
{
	const struct nlattr *attribute;

	mnl_attr_for_each(attribute, (struct nlmsghdr *)netlink.request,
			  sizeof(struct genlmsghdr)) {
		if (mnl_attr_get_type(attribute) == type)
			return attribute;
	}
	return NULL;
}
