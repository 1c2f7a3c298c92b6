/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Whether what the module counts adds up: messages, calls and ports, of the namespace and
 * of each port in it. For the end of a test, when nobody is busy. Without libmnl, so that
 * 32-bit programs can ask too.
 *
 *	EXPECT_SUMS();
 */
#ifndef IPCPORT_SUMS_H
#define IPCPORT_SUMS_H

#include "ipcport_test.h"

#include <sys/socket.h>

#include <linux/genetlink.h>
#include <linux/ipcport_netlink.h>
#include <linux/netlink.h>

/**
 * struct sums - what was read
 * @socket: to read
 * @family: number of the family
 * @counters: of the namespace, by attribute
 * @nr_ports: ports there are
 * @depth: messages in them
 * @calls: open calls in them
 * @nr_wrong: ports whose own counters do not add up
 */
struct sums {
	int socket;
	uint16_t family;
	uint64_t counters[IPCPORT_A_COUNTERS_MAX + 1];
	uint64_t nr_ports, depth, calls;
	int nr_wrong;
};

/* Begin with the first of attributes: how many bytes there are. */
HELPER int attr_first(const struct nlattr **attr, const struct nlattr *first, int size)
{
	*attr = first;
	return size;
}

/* The attributes after @attr, of which there are *@left bytes. */
HELPER const struct nlattr *attr_next(const struct nlattr *attr, int *left)
{
	int size = NLA_ALIGN(attr->nla_len);

	*left -= size;
	return (const struct nlattr *)((const char *)attr + size);
}

#define for_each_attr(_attr, _first, _size)					\
	for (int _left = attr_first(&(_attr), _first, _size);			\
	     _left >= NLA_HDRLEN && (_attr)->nla_len >= NLA_HDRLEN;		\
	     (_attr) = attr_next(_attr, &_left))

#define ATTR_DATA(_attr)	((const void *)((const char *)(_attr) + NLA_HDRLEN))
#define ATTR_SIZE(_attr)	((_attr)->nla_len - NLA_HDRLEN)
#define ATTR_TYPE(_attr)	((_attr)->nla_type & NLA_TYPE_MASK)

HELPER uint64_t attr_number(const struct nlattr *attr)
{
	uint64_t wide = 0;

	memcpy(&wide, ATTR_DATA(attr), ATTR_SIZE(attr) < 8 ? ATTR_SIZE(attr) : 8);
	return wide;
}

HELPER void read_counters(const struct nlattr *attrs, int size, uint64_t *counters)
{
	const struct nlattr *attr;

	for_each_attr(attr, attrs, size)
		if (ATTR_TYPE(attr) <= IPCPORT_A_COUNTERS_MAX)
			counters[ATTR_TYPE(attr)] = attr_number(attr);
}

HELPER bool messages_add_up(const uint64_t *counters, uint64_t depth)
{
	return counters[IPCPORT_A_COUNTERS_SENT] == counters[IPCPORT_A_COUNTERS_RECEIVED] +
	       counters[IPCPORT_A_COUNTERS_DROPPED] + depth;
}

/* All calls ended in one of the ways that come after CALLS, or are open. */
HELPER bool calls_add_up(const uint64_t *counters, uint64_t calls)
{
	for (int i = IPCPORT_A_COUNTERS_ANSWERED; i <= IPCPORT_A_COUNTERS_CALLER_GONE; i++)
		calls += counters[i];
	return counters[IPCPORT_A_COUNTERS_CALLS] == calls;
}

HELPER bool ports_add_up(const uint64_t *counters, uint64_t nr_ports)
{
	return counters[IPCPORT_A_COUNTERS_CREATED] ==
	       counters[IPCPORT_A_COUNTERS_DESTROYED] + counters[IPCPORT_A_COUNTERS_EXITED] +
	       counters[IPCPORT_A_COUNTERS_CLOSED] + nr_ports;
}

HELPER void read_port(struct sums *sums, const struct nlattr *attrs, int size)
{
	uint64_t counters[IPCPORT_A_COUNTERS_MAX + 1] = {}, depth = 0, calls = 0;
	const struct nlattr *attr;

	for_each_attr(attr, attrs, size) {
		if (ATTR_TYPE(attr) == IPCPORT_A_PORT_DEPTH)
			depth = attr_number(attr);
		else if (ATTR_TYPE(attr) == IPCPORT_A_PORT_CALLS)
			calls = attr_number(attr);
		else if (ATTR_TYPE(attr) == IPCPORT_A_PORT_COUNTERS)
			read_counters(ATTR_DATA(attr), ATTR_SIZE(attr), counters);
	}
	sums->nr_ports++;
	sums->depth += depth;
	sums->calls += calls;
	sums->nr_wrong += !messages_add_up(counters, depth) || !calls_add_up(counters, calls);
}

/* Take a message of an answer: 1, go on; 0, it was the last; -errno. */
HELPER int read_answer(struct sums *sums, const struct nlmsghdr *header)
{
	const struct genlmsghdr *genl = NLMSG_DATA(header);
	const struct nlattr *attrs = (const void *)((const char *)genl + GENL_HDRLEN);
	int size = header->nlmsg_len - NLMSG_HDRLEN - GENL_HDRLEN;
	const struct nlattr *attr;

	if (header->nlmsg_type == NLMSG_ERROR || header->nlmsg_type == NLMSG_DONE)
		return *(const int *)NLMSG_DATA(header);
	if (header->nlmsg_type == GENL_ID_CTRL) {
		for_each_attr(attr, attrs, size)
			if (ATTR_TYPE(attr) == CTRL_ATTR_FAMILY_ID)
				sums->family = attr_number(attr);
	} else if (genl->cmd == IPCPORT_CMD_COUNTERS_GET) {
		read_counters(attrs, size, sums->counters);
	} else {
		read_port(sums, attrs, size);
	}
	return 1;
}

/* A request, with one string as attribute if @text is not NULL, and its whole answer. */
HELPER int sums_ask(struct sums *sums, uint16_t family, uint8_t cmd, uint16_t flags, int type,
		    const char *text)
{
	struct {
		struct nlmsghdr header;
		struct genlmsghdr genl;
		struct nlattr attr;
		char text[16];
	} request = {
		.header = {
			.nlmsg_len = NLMSG_LENGTH(GENL_HDRLEN), .nlmsg_type = family,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags,
		},
		.genl = { .cmd = cmd, .version = 1 },
	};
	static char buffer[32768] __attribute__((aligned(8)));
	const struct nlmsghdr *header;
	int left, ret = 1;

	if (text) {
		strcpy(request.text, text);
		request.attr.nla_type = type;
		request.attr.nla_len = NLA_HDRLEN + strlen(text) + 1;
		request.header.nlmsg_len += NLA_ALIGN(request.attr.nla_len);
	}
	if (send(sums->socket, &request, request.header.nlmsg_len, 0) < 0)
		return -errno;
	while (ret > 0) {
		left = recv(sums->socket, buffer, sizeof(buffer), 0);
		if (left < 0)
			return -errno;
		header = (const void *)buffer;
		for (; ret > 0 && NLMSG_OK(header, left); header = NLMSG_NEXT(header, left))
			ret = read_answer(sums, header);
	}
	return ret;
}

/* 0 or -errno. */
HELPER int sums_read(struct sums *sums)
{
	int ret;

	memset(sums, 0, sizeof(*sums));
	sums->socket = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
	if (sums->socket < 0)
		return -errno;
	ret = sums_ask(sums, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 0, CTRL_ATTR_FAMILY_NAME,
		       IPCPORT_GENL_NAME);
	if (!ret)
		ret = sums_ask(sums, sums->family, IPCPORT_CMD_PORT_GET, NLM_F_DUMP, 0, NULL);
	if (!ret)
		ret = sums_ask(sums, sums->family, IPCPORT_CMD_COUNTERS_GET, 0, 0, NULL);
	close(sums->socket);
	return ret;
}

/* Check it; only root sees all ports, so that it must be root. */
#define EXPECT_SUMS() do {							\
	struct sums _sums;							\
										\
	if (geteuid())								\
		break;								\
	EXPECT_EQ(0, sums_read(&_sums));					\
	EXPECT_EQ(0, _sums.nr_wrong);						\
	EXPECT_TRUE(messages_add_up(_sums.counters, _sums.depth));		\
	EXPECT_TRUE(calls_add_up(_sums.counters, _sums.calls));			\
	EXPECT_TRUE(ports_add_up(_sums.counters, _sums.nr_ports));		\
} while (0)

#endif /* IPCPORT_SUMS_H */
