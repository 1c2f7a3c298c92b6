// SPDX-License-Identifier: MIT
/*
 * list_ports - the ports that one may see, with the numbers of their messages
 *
 *	gcc -o list_ports list_ports.c $(pkg-config --cflags --libs libmnl)
 *	./list_ports
 *
 * This needs no library of ours: linux/ipcport_netlink.h says all that there is to know.
 * "ipcport ls" shows more.
 */
#include <errno.h>
#include <inttypes.h>
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <linux/ipcport_netlink.h>
#include <stdio.h>
#include <string.h>

/* A socket, and what is asked and answered through it. */
struct request {
	struct mnl_socket *socket;
	unsigned int seq;
	char buffer[32768];
};

/* Begin a request in the buffer. */
static struct nlmsghdr *begin(struct request *request, uint16_t family, uint8_t command,
			      uint16_t flags)
{
	struct nlmsghdr *header = mnl_nlmsg_put_header(request->buffer);
	struct genlmsghdr *genl;

	header->nlmsg_type = family;
	header->nlmsg_flags = NLM_F_REQUEST | flags;
	header->nlmsg_seq = ++request->seq;
	genl = mnl_nlmsg_put_extra_header(header, sizeof(*genl));
	genl->cmd = command;
	genl->version = 1;
	return header;
}

/*
 * Send it, and give each message of the answer to @take: 0 or -errno. mnl_cb_run() would end
 * where NLM_F_DUMP_INTR says that ports came or went meanwhile. What is shown then is true, but
 * not of one moment.
 */
static int ask(struct request *request, const struct nlmsghdr *header,
	       void (*take)(const struct nlmsghdr *, void *), void *data)
{
	int left;

	if (mnl_socket_sendto(request->socket, header, header->nlmsg_len) < 0)
		return -errno;
	for (;;) {
		left = (int)mnl_socket_recvfrom(request->socket, request->buffer,
						sizeof(request->buffer));
		if (left < 0)
			return -errno;
		header = (const struct nlmsghdr *)request->buffer;
		for (; mnl_nlmsg_ok(header, left); header = mnl_nlmsg_next(header, &left)) {
			/* both begin with 0 or -errno */
			if (header->nlmsg_type == NLMSG_DONE || header->nlmsg_type == NLMSG_ERROR)
				return *(const int *)mnl_nlmsg_get_payload(header);
			take(header, data);
		}
	}
}

/* The number that this kernel has given to the family. */
static void take_family(const struct nlmsghdr *header, void *data)
{
	const struct nlattr *attr;
	uint16_t *family = data;

	mnl_attr_for_each(attr, header, sizeof(struct genlmsghdr))
		if (mnl_attr_get_type(attr) == CTRL_ATTR_FAMILY_ID)
			*family = mnl_attr_get_u16(attr);
}

static void take_port(const struct nlmsghdr *header, void *data)
{
	const struct nlattr *attr, *attrs[IPCPORT_A_PORT_MAX + 1] = { NULL };

	(void)data;
	mnl_attr_for_each(attr, header, sizeof(struct genlmsghdr))
		/* what a newer module shows and we do not know is left out */
		if (mnl_attr_get_type(attr) <= IPCPORT_A_PORT_MAX)
			attrs[mnl_attr_get_type(attr)] = attr;
	printf("%" PRIu64 " %" PRIu32 " %" PRIu32 "/%" PRIu32 " %s\n",
	       mnl_attr_get_u64(attrs[IPCPORT_A_PORT_ID]),
	       mnl_attr_get_u32(attrs[IPCPORT_A_PORT_OWNER_PID]),
	       mnl_attr_get_u32(attrs[IPCPORT_A_PORT_DEPTH]),
	       mnl_attr_get_u32(attrs[IPCPORT_A_PORT_CAPACITY]),
	       attrs[IPCPORT_A_PORT_NAME] ? mnl_attr_get_str(attrs[IPCPORT_A_PORT_NAME]) : "-");
}

/* 0 or -errno. */
static int list_ports(struct request *request)
{
	struct nlmsghdr *header;
	uint16_t family = 0;
	int ret;

	header = begin(request, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, NLM_F_ACK);
	mnl_attr_put_strz(header, CTRL_ATTR_FAMILY_NAME, IPCPORT_GENL_NAME);
	ret = ask(request, header, take_family, &family);
	if (ret)
		return ret;
	puts("PORT OWNER MESSAGES NAME");
	return ask(request, begin(request, family, IPCPORT_CMD_PORT_GET, NLM_F_DUMP), take_port,
		   NULL);
}

int main(void)
{
	struct request request = { .socket = mnl_socket_open(NETLINK_GENERIC) };
	int ret;

	if (!request.socket || mnl_socket_bind(request.socket, 0, MNL_SOCKET_AUTOPID) < 0)
		ret = -errno;
	else
		ret = list_ports(&request);
	if (ret)
		fprintf(stderr, "list_ports: %s\n",
			ret == -ENOENT ? "the module is not loaded" : strerror(-ret));
	if (request.socket)
		mnl_socket_close(request.socket);
	return ret != 0;
}
