// SPDX-License-Identifier: GPL-2.0
#include "view_socket.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/genetlink.h>
#include <linux/netlink.h>

/**
 * struct talk - an exchange that goes on
 * @socket: where
 * @take: for answers
 * @arg: for @take
 * @error: how it failed so far
 * @is_over: nothing will follow
 */
struct talk {
	struct view_socket *socket;
	int (*take)(const struct nlmsghdr *answer, void *arg);
	void *arg;
	int error;
	bool is_over;
};

int view_socket_open(struct view_socket *socket)
{
	int on = 1, error;

	socket->mnl = mnl_socket_open2(NETLINK_GENERIC, SOCK_CLOEXEC);
	if (!socket->mnl)
		return -errno;
	if (mnl_socket_bind(socket->mnl, 0, MNL_SOCKET_AUTOPID)) {
		error = -errno;
		view_socket_close(socket);
		return error;
	}
	/* Without them there are no explanations, but answers all the same. */
	mnl_socket_setsockopt(socket->mnl, NETLINK_EXT_ACK, &on, sizeof(on));
	mnl_socket_setsockopt(socket->mnl, NETLINK_CAP_ACK, &on, sizeof(on));
	return 0;
}

void view_socket_close(struct view_socket *socket)
{
	if (socket->mnl)
		mnl_socket_close(socket->mnl);
	socket->mnl = NULL;
}

void view_request_begin(struct view_request *request, uint16_t family, uint8_t cmd,
			uint8_t version, uint16_t flags)
{
	struct genlmsghdr *generic;

	request->header = mnl_nlmsg_put_header(request->room);
	request->header->nlmsg_type = family;
	request->header->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags;
	generic = mnl_nlmsg_put_extra_header(request->header, sizeof(*generic));
	generic->cmd = cmd;
	generic->version = version;
}

/* The attributes behind an error code say what was wrong. */
static void keep_text(struct view_socket *socket, const struct nlmsghdr *message, size_t offset)
{
	const struct nlattr *attribute;

	if (!(message->nlmsg_flags & NLM_F_ACK_TLVS) ||
	    mnl_nlmsg_get_payload_len(message) < offset)
		return;
	mnl_attr_for_each(attribute, message, offset) {
		if (mnl_attr_get_type(attribute) == NLMSGERR_ATTR_MSG)
			snprintf(socket->text, sizeof(socket->text), "%.*s",
				 mnl_attr_get_payload_len(attribute),
				 mnl_attr_get_str(attribute));
	}
}

/* The end of a dump, or of another request, each with an error code or 0. */
static void end(struct talk *talk, const struct nlmsghdr *message)
{
	const struct nlmsgerr *error = mnl_nlmsg_get_payload(message);
	size_t offset = sizeof(error->error);
	int code;

	talk->is_over = true;
	if (mnl_nlmsg_get_payload_len(message) < sizeof(code)) {
		talk->error = -EPROTO;
		return;
	}
	memcpy(&code, error, sizeof(code));
	if (message->nlmsg_type == NLMSG_ERROR) {
		offset = sizeof(*error);
		if (!(message->nlmsg_flags & NLM_F_CAPPED))
			offset += error->msg.nlmsg_len - sizeof(error->msg);
	}
	if (code < 0) {
		talk->error = code;
		keep_text(talk->socket, message, offset);
	}
}

/*
 * What is left of an earlier request that was given up has another number. A change that
 * came behind the last item of a dump is told with its end.
 */
static void hear(struct talk *talk, const struct nlmsghdr *message)
{
	if (message->nlmsg_seq != talk->socket->sequence)
		return;
	if (message->nlmsg_flags & NLM_F_DUMP_INTR)
		talk->socket->is_torn = true;
	if (message->nlmsg_type == NLMSG_DONE || message->nlmsg_type == NLMSG_ERROR)
		end(talk, message);
	else if (message->nlmsg_type >= NLMSG_MIN_TYPE && !talk->error)
		talk->error = talk->take(message, talk->arg);
}

/* libmnl's own cannot but wait. */
ssize_t view_socket_receive(struct view_socket *socket, int flags)
{
	ssize_t size;

	size = recv(mnl_socket_get_fd(socket->mnl), socket->buffer, sizeof(socket->buffer),
		    flags | MSG_TRUNC);
	if (size < 0)
		return -errno;
	return size > (ssize_t)sizeof(socket->buffer) ? -EMSGSIZE : size;
}

static int listen_once(struct talk *talk)
{
	struct view_socket *socket = talk->socket;
	const struct nlmsghdr *message = (const void *)socket->buffer;
	ssize_t size;
	int left;

	size = view_socket_receive(socket, 0);
	if (size < 0)
		return size == -EINTR ? 0 : (int)size;
	for (left = (int)size; mnl_nlmsg_ok(message, left);
	     message = mnl_nlmsg_next(message, &left))
		hear(talk, message);
	return 0;
}

int view_socket_ask(struct view_socket *socket, struct view_request *request,
		    int (*take)(const struct nlmsghdr *answer, void *arg), void *arg)
{
	struct talk talk = { .socket = socket, .take = take, .arg = arg };
	int ret = 0;

	socket->text[0] = '\0';
	socket->is_torn = false;
	request->header->nlmsg_seq = ++socket->sequence;
	if (mnl_socket_sendto(socket->mnl, request->header, request->header->nlmsg_len) < 0)
		return -errno;
	while (!talk.is_over && !ret)
		ret = listen_once(&talk);
	return ret ? ret : talk.error;
}
