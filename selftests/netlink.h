/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the tests of the netlink family share: requests, and their answers as tables.
 * Every attribute that comes is checked against the header: one that is not known, has
 * the wrong size, or comes twice makes the test fail, and so does a payload anywhere.
 *
 *	struct view view;
 *
 *	EXPECT_EQ(0, get_port(&nl, port, &view));
 *	EXPECT_EQ(3, NUMBER(&view, PORT_DEPTH));
 *	EXPECT_STREQ("/srv/echo", TEXT(&view, PORT_NAME));
 */
#ifndef IPCPORT_NETLINK_H
#define IPCPORT_NETLINK_H

#include "process.h"

#include "call.h"
#include "handle.h"

#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <sys/utsname.h>

#include <linux/ipcport_netlink.h>

/* More attributes than any answer has. */
#define NR_ATTRS	24

/* What messages carry that must never be shown. */
static const char SECRET[] = "\x11" "ask not what I carry, nor for whom\xee";

/* What is to be expected of an attribute. */
enum attr_kind { NO_ATTR, U32, U64, TEXT, FLAG, COUNTERS, LIMIT };

/**
 * struct view - an answer, or an event
 * @cmd: its command
 * @has: a bit for each attribute that came
 * @number: their values, by attribute, if they are numbers
 * @slot: where in @text they are, if they are strings
 * @nr_texts: how many of those there are
 * @text: the strings
 * @counters: those of a port
 * @limits: those of a user
 * @nr_limits: how many came
 */
struct view {
	uint8_t cmd;
	uint32_t has;
	uint64_t number[NR_ATTRS];
	uint8_t slot[NR_ATTRS];
	uint8_t nr_texts;
	char text[4][IPCPORT_NAME_SIZE];
	uint64_t counters[NR_ATTRS];
	struct {
		char name[IPCPORT_NAME_SIZE];
		uint64_t used, bound;
	} limits[8];
	int nr_limits;
};

struct views {
	struct view *views;
	size_t nr, size;
};

#define BIT(_attr)		(1U << IPCPORT_A_##_attr)
#define HAS(_view, _attr)	(!!((_view)->has & BIT(_attr)))
#define NUMBER(_view, _attr)	((_view)->number[IPCPORT_A_##_attr])
#define TEXT(_view, _attr)	view_text(_view, IPCPORT_A_##_attr)
#define COUNTER(_view, _what)	((_view)->counters[IPCPORT_A_COUNTERS_##_what])

/* "" if it did not come. */
HELPER const char *view_text(const struct view *view, int attr)
{
	return view->has & 1U << attr ? view->text[view->slot[attr]] : "";
}

/**
 * struct nl - a socket
 * @socket: libmnl's
 * @family: number of the family
 * @group: number of its multicast group
 * @seq: number of the last request
 * @is_interrupted: whether the last dump was not of one moment
 * @nr_parts: in how many parts the last answer came
 * @nr_unsound: how much came that is not as the header says
 * @extack: what the kernel said of the last refusal
 * @offset: where in the request it found the reason, 0 if it did not say
 * @buffer: what came last
 */
struct nl {
	struct mnl_socket *socket;
	uint16_t family;
	uint32_t group;
	uint32_t seq;
	bool is_interrupted;
	uint32_t nr_parts;
	uint32_t nr_unsound;
	char extack[256];
	uint32_t offset;
	char buffer[16384] __attribute__((aligned(8)));
};

/*
 * What there is, by command.
 */

static const uint8_t port_kinds[NR_ATTRS] = {
	[IPCPORT_A_PORT_ID] = U64, [IPCPORT_A_PORT_NAME] = TEXT, [IPCPORT_A_PORT_OWNER_PID] = U32,
	[IPCPORT_A_PORT_OWNER_TID] = U32, [IPCPORT_A_PORT_OWNER_COMM] = TEXT,
	[IPCPORT_A_PORT_UID] = U32, [IPCPORT_A_PORT_GID] = U32, [IPCPORT_A_PORT_MODE] = U32,
	[IPCPORT_A_PORT_FLAGS] = U32, [IPCPORT_A_PORT_CAPACITY] = U32,
	[IPCPORT_A_PORT_DEPTH] = U32, [IPCPORT_A_PORT_SENDERS] = U32,
	[IPCPORT_A_PORT_RECEIVERS] = U32, [IPCPORT_A_PORT_CALLS] = U32,
	[IPCPORT_A_PORT_SEND_HANDLES] = U32, [IPCPORT_A_PORT_RECV_HANDLES] = U32,
	[IPCPORT_A_PORT_CREATED] = U64, [IPCPORT_A_PORT_COUNTERS] = COUNTERS,
	[IPCPORT_A_PORT_GENERATION] = U64,
};

static const uint8_t waiter_kinds[NR_ATTRS] = {
	[IPCPORT_A_WAITER_KIND] = U32, [IPCPORT_A_WAITER_PID] = U32, [IPCPORT_A_WAITER_TID] = U32,
	[IPCPORT_A_WAITER_COMM] = TEXT, [IPCPORT_A_WAITER_UID] = U32,
	[IPCPORT_A_WAITER_SINCE] = U64, [IPCPORT_A_WAITER_PORT] = U64,
	[IPCPORT_A_WAITER_NAME] = TEXT, [IPCPORT_A_WAITER_OWNER_PID] = U32,
	[IPCPORT_A_WAITER_OWNER_COMM] = TEXT, [IPCPORT_A_WAITER_TOKEN] = U64,
	[IPCPORT_A_WAITER_HOLDER_PID] = U32, [IPCPORT_A_WAITER_HOLDER_COMM] = TEXT,
	[IPCPORT_A_WAITER_IS_ASYNC] = FLAG,
};

static const uint8_t user_kinds[NR_ATTRS] = {
	[IPCPORT_A_USER_UID] = U32, [IPCPORT_A_USER_LIMIT] = LIMIT,
};

static const uint8_t limit_kinds[NR_ATTRS] = {
	[IPCPORT_A_LIMIT_NAME] = TEXT, [IPCPORT_A_LIMIT_USED] = U64,
	[IPCPORT_A_LIMIT_BOUND] = U64,
};

static const uint8_t counter_kinds[NR_ATTRS] = {
	[IPCPORT_A_COUNTERS_SENT ... IPCPORT_A_COUNTERS_MAX] = U64,
};

static const uint8_t event_kinds[NR_ATTRS] = {
	[IPCPORT_A_EVENT_PORT] = U64, [IPCPORT_A_EVENT_GENERATION] = U64,
	[IPCPORT_A_EVENT_NAME] = TEXT, [IPCPORT_A_EVENT_OWNER_PID] = U32,
	[IPCPORT_A_EVENT_UID] = U32, [IPCPORT_A_EVENT_CAUSE] = U32,
	[IPCPORT_A_EVENT_CALLERS] = U32, [IPCPORT_A_EVENT_TOKEN] = U64,
	[IPCPORT_A_EVENT_CALLER_PID] = U32, [IPCPORT_A_EVENT_CALLER_TID] = U32,
	[IPCPORT_A_EVENT_OUTCOME] = U32, [IPCPORT_A_EVENT_LIMIT_NAME] = TEXT,
	[IPCPORT_A_EVENT_LIMIT_BOUND] = U64,
};

/* Padding has the same number everywhere but among a user's attributes, which need none. */
_Static_assert(IPCPORT_A_PORT_PAD == 1 && IPCPORT_A_WAITER_PAD == 1 && IPCPORT_A_LIMIT_PAD == 1 &&
	       IPCPORT_A_COUNTERS_PAD == 1 && IPCPORT_A_EVENT_PAD == 1, "padding");

/* All counters of a namespace, and those of one port. */
#define ALL_COUNTERS	((2U << IPCPORT_A_COUNTERS_MAX) - (1U << IPCPORT_A_COUNTERS_SENT))
#define PORT_COUNTERS	((2U << IPCPORT_A_COUNTERS_CALLER_GONE) - (1U << IPCPORT_A_COUNTERS_SENT))

/* What every answer has. */
#define PORT_ALWAYS	(BIT(PORT_ID) | BIT(PORT_OWNER_PID) | BIT(PORT_UID) | BIT(PORT_GID) | \
			 BIT(PORT_MODE) | BIT(PORT_FLAGS) | BIT(PORT_CAPACITY) |	\
			 BIT(PORT_DEPTH) | BIT(PORT_SENDERS) | BIT(PORT_RECEIVERS) |	\
			 BIT(PORT_CALLS) | BIT(PORT_SEND_HANDLES) |			\
			 BIT(PORT_RECV_HANDLES) | BIT(PORT_CREATED) |			\
			 BIT(PORT_COUNTERS) | BIT(PORT_GENERATION))
#define WAITER_ALWAYS	(BIT(WAITER_KIND) | BIT(WAITER_PID) | BIT(WAITER_TID) |		\
			 BIT(WAITER_UID) | BIT(WAITER_SINCE))
#define LIMIT_ALWAYS	(BIT(LIMIT_NAME) | BIT(LIMIT_USED) | BIT(LIMIT_BOUND))

HELPER const uint8_t *kinds_of(uint8_t cmd)
{
	switch (cmd) {
	case IPCPORT_CMD_PORT_GET: return port_kinds;
	case IPCPORT_CMD_WAITER_GET: return waiter_kinds;
	case IPCPORT_CMD_USER_GET: return user_kinds;
	case IPCPORT_CMD_COUNTERS_GET: return counter_kinds;
	default: return event_kinds;
	}
}

HELPER uint32_t always_of(uint8_t cmd)
{
	switch (cmd) {
	case IPCPORT_CMD_PORT_GET: return PORT_ALWAYS;
	case IPCPORT_CMD_WAITER_GET: return WAITER_ALWAYS;
	case IPCPORT_CMD_USER_GET: return BIT(USER_UID) | BIT(USER_LIMIT);
	case IPCPORT_CMD_COUNTERS_GET: return ALL_COUNTERS;
	default: return 0;
	}
}

/*
 * From attributes to a view.
 */

HELPER bool parse_attrs(struct view *view, const uint8_t *kinds, const void *attrs, size_t size);

HELPER bool parse_number(struct view *view, int type, const struct nlattr *attr, size_t size)
{
	uint32_t narrow;

	if (mnl_attr_get_payload_len(attr) != size)
		return false;
	if (size == sizeof(narrow)) {
		memcpy(&narrow, mnl_attr_get_payload(attr), size);
		view->number[type] = narrow;
	} else {
		memcpy(&view->number[type], mnl_attr_get_payload(attr), size);
	}
	return true;
}

/* Ended by a zero, and by no other before. */
HELPER bool parse_text(struct view *view, int type, const struct nlattr *attr)
{
	size_t size = mnl_attr_get_payload_len(attr);
	const char *text = mnl_attr_get_payload(attr);

	if (!size || size > IPCPORT_NAME_SIZE || strnlen(text, size) != size - 1 ||
	    view->nr_texts == 4)
		return false;
	view->slot[type] = view->nr_texts;
	memcpy(view->text[view->nr_texts++], text, size);
	return true;
}

HELPER bool parse_nest(struct view *inner, const uint8_t *kinds, const struct nlattr *attr)
{
	memset(inner, 0, sizeof(*inner));
	return attr->nla_type & NLA_F_NESTED &&
	       parse_attrs(inner, kinds, mnl_attr_get_payload(attr),
			   mnl_attr_get_payload_len(attr));
}

HELPER bool parse_counters(struct view *view, const struct nlattr *attr)
{
	struct view inner;

	if (!parse_nest(&inner, counter_kinds, attr) || inner.has != PORT_COUNTERS)
		return false;
	memcpy(view->counters, inner.number, sizeof(inner.number));
	return true;
}

HELPER bool parse_limit(struct view *view, const struct nlattr *attr)
{
	struct view inner;

	if (view->nr_limits == 8 || !parse_nest(&inner, limit_kinds, attr) ||
	    inner.has != LIMIT_ALWAYS)
		return false;
	strcpy(view->limits[view->nr_limits].name, TEXT(&inner, LIMIT_NAME));
	view->limits[view->nr_limits].used = NUMBER(&inner, LIMIT_USED);
	view->limits[view->nr_limits++].bound = NUMBER(&inner, LIMIT_BOUND);
	return true;
}

HELPER bool parse_attr(struct view *view, int type, uint8_t kind, const struct nlattr *attr)
{
	switch (kind) {
	case U32: return parse_number(view, type, attr, sizeof(uint32_t));
	case U64: return parse_number(view, type, attr, sizeof(uint64_t));
	case TEXT: return parse_text(view, type, attr);
	case FLAG: return !mnl_attr_get_payload_len(attr);
	case COUNTERS: return parse_counters(view, attr);
	case LIMIT: return parse_limit(view, attr);
	default: return false;
	}
}

/* Whether all are as the header says. */
HELPER bool parse_attrs(struct view *view, const uint8_t *kinds, const void *attrs, size_t size)
{
	const struct nlattr *attr;

	mnl_attr_for_each_payload(attrs, size) {
		int type = mnl_attr_get_type(attr);
		bool is_pad = type == IPCPORT_A_PORT_PAD && kinds != user_kinds;

		if (is_pad && !mnl_attr_get_payload_len(attr))
			continue;
		if (type >= NR_ATTRS || !parse_attr(view, type, kinds[type], attr) ||
		    (view->has & 1U << type && kinds[type] != LIMIT)) {
			fprintf(stderr, "# bad attribute %d, size %u\n", type,
				mnl_attr_get_payload_len(attr));
			return false;
		}
		view->has |= 1U << type;
	}
	return true;
}

HELPER bool parse_message(struct view *view, const struct nlmsghdr *header)
{
	const struct genlmsghdr *genl = mnl_nlmsg_get_payload(header);
	uint32_t always = always_of(genl->cmd);

	memset(view, 0, sizeof(*view));
	view->cmd = genl->cmd;
	if (parse_attrs(view, kinds_of(genl->cmd), genl + 1,
			mnl_nlmsg_get_payload_len(header) - sizeof(*genl)) &&
	    (view->has & always) == always && genl->version == IPCPORT_GENL_VERSION)
		return true;
	fprintf(stderr, "# bad message: command %u, version %u, attributes %#x\n", genl->cmd,
		genl->version, view->has);
	return false;
}

HELPER struct view *views_add(struct views *views)
{
	if (views->nr == views->size) {
		views->size = views->size * 2 ?: 64;
		views->views = realloc(views->views, views->size * sizeof(*views->views));
		if (!views->views)
			abort();
	}
	return &views->views[views->nr++];
}

HELPER void views_free(struct views *views)
{
	free(views->views);
	*views = (struct views){};
}

#define for_each_view(_view, _views)						\
	for ((_view) = (_views)->views;						\
	     (_view) < (_views)->views + (_views)->nr; (_view)++)

/*
 * Requests and answers.
 */

/* The next that comes to a socket: its size, or -errno; -EAGAIN if nothing does. */
HELPER ssize_t nl_receive(struct nl *nl, int flags)
{
	ssize_t size;

	do {
		size = recv(mnl_socket_get_fd(nl->socket), nl->buffer, sizeof(nl->buffer),
			    flags | MSG_TRUNC);
	} while (size < 0 && errno == EINTR);
	if (size < 0)
		return -errno;
	if ((size_t)size > sizeof(nl->buffer))
		return -EMSGSIZE;
	if (memmem(nl->buffer, size, SECRET, sizeof(SECRET) - 1)) {
		fprintf(stderr, "# a payload is shown\n");
		nl->nr_unsound++;
	}
	return size;
}

/* What the kernel says of an error, in the attributes at the end of the message. */
HELPER void note_extack(struct nl *nl, const struct nlmsghdr *header, size_t offset)
{
	const struct nlattr *attr;

	mnl_attr_for_each(attr, header, offset) {
		if (mnl_attr_get_type(attr) == NLMSGERR_ATTR_MSG)
			snprintf(nl->extack, sizeof(nl->extack), "%s", mnl_attr_get_str(attr));
		else if (mnl_attr_get_type(attr) == NLMSGERR_ATTR_OFFS)
			nl->offset = mnl_attr_get_u32(attr);
	}
}

/* NLMSG_ERROR has a header after the number, and with it the request unless that is cut. */
HELPER int error_of(struct nl *nl, const struct nlmsghdr *header)
{
	const struct nlmsgerr *error = mnl_nlmsg_get_payload(header);
	size_t size = sizeof(*error);

	if (!(header->nlmsg_flags & NLM_F_CAPPED))
		size += error->msg.nlmsg_len - sizeof(error->msg);
	if (header->nlmsg_flags & NLM_F_ACK_TLVS)
		note_extack(nl, header, MNL_ALIGN(size));
	return error->error;
}

HELPER int done_of(struct nl *nl, const struct nlmsghdr *header)
{
	if (mnl_nlmsg_get_payload_len(header) < sizeof(int))
		return 0;
	if (header->nlmsg_flags & NLM_F_ACK_TLVS)
		note_extack(nl, header, sizeof(int));
	return *(int *)mnl_nlmsg_get_payload(header);
}

/*
 * What a message of an answer says: 1, go on; 0, it was the last; -errno. @each is called
 * for what is shown.
 */
HELPER int take_message(struct nl *nl, const struct nlmsghdr *header,
			void (*each)(const struct view *, void *), void *data)
{
	struct view view;

	if (header->nlmsg_flags & NLM_F_DUMP_INTR)
		nl->is_interrupted = true;
	if (header->nlmsg_type == NLMSG_ERROR)
		return error_of(nl, header);
	if (header->nlmsg_type == NLMSG_DONE)
		return done_of(nl, header);
	if (header->nlmsg_type != nl->family || !parse_message(&view, header))
		nl->nr_unsound++;
	else if (each)
		each(&view, data);
	return 1;
}

/* One part of an answer, in which there can be events: 1, go on; 0, that was all; -errno. */
HELPER int take_part(struct nl *nl, void (*each)(const struct view *, void *), void *data)
{
	const struct nlmsghdr *header = (void *)nl->buffer;
	ssize_t size = nl_receive(nl, 0);
	int left = size, ret = 1;

	if (size < 0)
		return size;
	nl->nr_parts++;
	for (; ret > 0 && mnl_nlmsg_ok(header, left); header = mnl_nlmsg_next(header, &left))
		if (header->nlmsg_seq == nl->seq)
			ret = take_message(nl, header, each, data);
	return ret;
}

/* A request without attributes, at the beginning of a buffer of MNL_SOCKET_BUFFER_SIZE. */
HELPER struct nlmsghdr *nl_request(struct nl *nl, void *buffer, uint8_t cmd, uint16_t flags)
{
	struct nlmsghdr *header = mnl_nlmsg_put_header(buffer);
	struct genlmsghdr *genl;

	header->nlmsg_type = nl->family;
	header->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags;
	header->nlmsg_seq = ++nl->seq;
	genl = mnl_nlmsg_put_extra_header(header, sizeof(*genl));
	genl->cmd = cmd;
	genl->version = IPCPORT_GENL_VERSION;
	return header;
}

HELPER int nl_send(struct nl *nl, const struct nlmsghdr *request)
{
	nl->is_interrupted = false;
	nl->nr_parts = 0;
	nl->extack[0] = '\0';
	nl->offset = 0;
	return mnl_socket_sendto(nl->socket, request, request->nlmsg_len) < 0 ? -errno : 0;
}

/* Make a request and take the whole answer: 0 or -errno. */
HELPER int nl_ask(struct nl *nl, const struct nlmsghdr *request,
		  void (*each)(const struct view *, void *), void *data)
{
	int ret = nl_send(nl, request);

	if (ret)
		return ret;
	while ((ret = take_part(nl, each, data)) > 0)
		;
	return ret;
}

HELPER void keep_view(const struct view *view, void *data)
{
	*views_add(data) = *view;
}

/* For answers of one message: 0 or -errno, -EBADMSG if it is not one. */
HELPER int nl_ask_one(struct nl *nl, const struct nlmsghdr *request, struct view *view)
{
	struct views views = {};
	int ret = nl_ask(nl, request, keep_view, &views);

	memset(view, POISON, sizeof(*view));
	view->has = 0;
	if (!ret && views.nr != 1)
		ret = -EBADMSG;
	if (!ret)
		*view = views.views[0];
	else if (views.nr)
		nl->nr_unsound++;
	views_free(&views);
	return ret;
}

HELPER int get_port(struct nl *nl, uint64_t port, struct view *view)
{
	char buffer[256];
	struct nlmsghdr *request = nl_request(nl, buffer, IPCPORT_CMD_PORT_GET, 0);

	mnl_attr_put_u64(request, IPCPORT_A_PORT_ID, port);
	return nl_ask_one(nl, request, view);
}

HELPER int get_named(struct nl *nl, const char *name, struct view *view)
{
	char buffer[256];
	struct nlmsghdr *request = nl_request(nl, buffer, IPCPORT_CMD_PORT_GET, 0);

	mnl_attr_put_strz(request, IPCPORT_A_PORT_NAME, name);
	return nl_ask_one(nl, request, view);
}

HELPER int get_user(struct nl *nl, uint32_t uid, struct view *view)
{
	char buffer[256];
	struct nlmsghdr *request = nl_request(nl, buffer, IPCPORT_CMD_USER_GET, 0);

	mnl_attr_put_u32(request, IPCPORT_A_USER_UID, uid);
	return nl_ask_one(nl, request, view);
}

/* What takes no attribute. */
HELPER int get_plain(struct nl *nl, uint8_t cmd, struct view *view)
{
	char buffer[256];

	return nl_ask_one(nl, nl_request(nl, buffer, cmd, 0), view);
}

HELPER int dump_each(struct nl *nl, uint8_t cmd, void (*each)(const struct view *, void *),
		     void *data)
{
	char buffer[256];

	return nl_ask(nl, nl_request(nl, buffer, cmd, NLM_F_DUMP), each, data);
}

HELPER int dump(struct nl *nl, uint8_t cmd, struct views *views)
{
	views_free(views);
	return dump_each(nl, cmd, keep_view, views);
}

#define dump_ports(nl, views)	dump(nl, IPCPORT_CMD_PORT_GET, views)
#define dump_waiters(nl, views)	dump(nl, IPCPORT_CMD_WAITER_GET, views)
#define dump_users(nl, views)	dump(nl, IPCPORT_CMD_USER_GET, views)

HELPER int dump_waiters_in(struct nl *nl, uint64_t port, struct views *views)
{
	char buffer[256];
	struct nlmsghdr *request = nl_request(nl, buffer, IPCPORT_CMD_WAITER_GET, NLM_F_DUMP);

	mnl_attr_put_u64(request, IPCPORT_A_WAITER_PORT, port);
	views_free(views);
	return nl_ask(nl, request, keep_view, views);
}

HELPER int dump_waiters_for(struct nl *nl, const char *name, struct views *views)
{
	char buffer[256];
	struct nlmsghdr *request = nl_request(nl, buffer, IPCPORT_CMD_WAITER_GET, NLM_F_DUMP);

	mnl_attr_put_strz(request, IPCPORT_A_WAITER_NAME, name);
	views_free(views);
	return nl_ask(nl, request, keep_view, views);
}

/* The view of a port in a dump, or NULL. */
HELPER struct view *find_port(const struct views *views, uint64_t port)
{
	struct view *view;

	for_each_view(view, views)
		if (NUMBER(view, PORT_ID) == port)
			return view;
	return NULL;
}

/* The view of a thread in a dump of waiters, or NULL. */
HELPER struct view *find_waiter(const struct views *views, pid_t tid)
{
	struct view *view;

	for_each_view(view, views)
		if (NUMBER(view, WAITER_TID) == (uint64_t)tid)
			return view;
	return NULL;
}

/* The generation now. There is always a port that we may see: one of ours. */
HELPER int64_t generation(struct nl *nl, uint64_t port)
{
	struct view view;
	int ret = get_port(nl, port, &view);

	return ret ? ret : (int64_t)NUMBER(&view, PORT_GENERATION);
}

/*
 * Sockets.
 */

/* The number of the group in CTRL_ATTR_MCAST_GROUPS, 0 if it is not there. */
HELPER uint32_t group_in(const struct nlattr *groups, const char *name)
{
	const struct nlattr *group, *attr;

	mnl_attr_for_each_nested(group, groups) {
		const char *its_name = "";
		uint32_t id = 0;

		mnl_attr_for_each_nested(attr, group) {
			if (mnl_attr_get_type(attr) == CTRL_ATTR_MCAST_GRP_NAME)
				its_name = mnl_attr_get_str(attr);
			else if (mnl_attr_get_type(attr) == CTRL_ATTR_MCAST_GRP_ID)
				id = mnl_attr_get_u32(attr);
		}
		if (!strcmp(its_name, name))
			return id;
	}
	return 0;
}

/* Ask the kernel for the numbers of family and group: 0 or -errno. */
HELPER int nl_resolve(struct nl *nl)
{
	struct nlmsghdr *header = (void *)nl->buffer;
	char buffer[256];
	struct nlmsghdr *request;
	const struct nlattr *attr;
	ssize_t size;

	nl->family = GENL_ID_CTRL;
	request = nl_request(nl, buffer, CTRL_CMD_GETFAMILY, 0);
	request->nlmsg_flags = NLM_F_REQUEST;
	mnl_attr_put_strz(request, CTRL_ATTR_FAMILY_NAME, IPCPORT_GENL_NAME);
	size = nl_send(nl, request) ?: nl_receive(nl, 0);
	if (size < 0)
		return size;
	if (header->nlmsg_type == NLMSG_ERROR)
		return error_of(nl, header);
	mnl_attr_for_each(attr, header, sizeof(struct genlmsghdr)) {
		if (mnl_attr_get_type(attr) == CTRL_ATTR_FAMILY_ID)
			nl->family = mnl_attr_get_u16(attr);
		else if (mnl_attr_get_type(attr) == CTRL_ATTR_MCAST_GROUPS)
			nl->group = group_in(attr, IPCPORT_GENL_GROUP_PORTS);
	}
	return 0;
}

HELPER void nl_close(struct nl *nl)
{
	if (nl->socket)
		mnl_socket_close(nl->socket);
	nl->socket = NULL;
}

/* A socket in our network namespace: 0 or -errno. */
HELPER int nl_open(struct nl *nl)
{
	struct timeval patience = { .tv_sec = PATIENCE };
	int one = 1;

	memset(nl, 0, sizeof(*nl));
	nl->socket = mnl_socket_open2(NETLINK_GENERIC, SOCK_CLOEXEC);
	if (!nl->socket)
		return -errno;
	if (mnl_socket_bind(nl->socket, 0, MNL_SOCKET_AUTOPID) < 0 ||
	    mnl_socket_setsockopt(nl->socket, NETLINK_EXT_ACK, &one, sizeof(one)) < 0 ||
	    setsockopt(mnl_socket_get_fd(nl->socket), SOL_SOCKET, SO_RCVTIMEO, &patience,
		       sizeof(patience)))
		return -errno;
	return nl_resolve(nl);
}

/* Check that all that came was as the header says. */
#define EXPECT_SOUND(_nl)	EXPECT_EQ(0, (_nl)->nr_unsound)

/*
 * What differs between kernels.
 */

HELPER bool kernel_is_from(int major, int minor)
{
	struct utsname name;
	int its_major, its_minor;

	return !uname(&name) && sscanf(name.release, "%d.%d", &its_major, &its_minor) == 2 &&
	       (its_major > major || (its_major == major && its_minor >= minor));
}

/* Kernels before 6.8 let only the privileged listen to such a group. */
HELPER bool has_public_groups(void)
{
	return kernel_is_from(6, 8);
}

/* 6.1 does not take what a family says of the beginning of a dump. */
HELPER bool has_dump_extack(void)
{
	return kernel_is_from(6, 8);
}

/*
 * Events.
 */

/* Hear of events from now on: 0 or -errno. */
HELPER int nl_join(struct nl *nl)
{
	int group = nl->group;

	if (mnl_socket_setsockopt(nl->socket, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) < 0)
		return -errno;
	return 0;
}

/* Change how much can wait to be read. */
HELPER void nl_room(struct nl *nl, int size)
{
	setsockopt(mnl_socket_get_fd(nl->socket), SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
}

HELPER int take_event(struct nl *nl, struct view *view, int flags)
{
	const struct nlmsghdr *header = (void *)nl->buffer;
	ssize_t size = nl_receive(nl, flags);

	memset(view, POISON, sizeof(*view));
	view->has = 0;
	if (size < 0)
		return size;
	if (!mnl_nlmsg_ok(header, size) || header->nlmsg_len != size ||
	    header->nlmsg_type != nl->family || header->nlmsg_seq ||
	    !parse_message(view, header) || view->cmd < IPCPORT_CMD_CREATED_NTF) {
		nl->nr_unsound++;
		return -EBADMSG;
	}
	return 0;
}

/* The next event: 0; -EAGAIN, none has come so far; -ENOBUFS, some were lost; -errno. */
HELPER int next_event(struct nl *nl, struct view *view)
{
	return take_event(nl, view, MSG_DONTWAIT);
}

/* Wait for the next event; they come soon after what causes them. */
HELPER int await_event(struct nl *nl, struct view *view)
{
	return take_event(nl, view, 0);
}

/* The same for one about that port. */
HELPER bool await_event_of(struct nl *nl, uint8_t cmd, uint64_t port)
{
	struct view view;

	return !await_event(nl, &view) && view.cmd == cmd && NUMBER(&view, EVENT_PORT) == port;
}

/* Whether nothing else comes before what we cause now, which everyone may hear of. */
HELPER bool hears_nothing(struct nl *nl, int fd)
{
	int64_t port = port_create_as(fd, 1, 0666, 0);

	return port > 0 && await_event_of(nl, IPCPORT_CMD_CREATED_NTF, port) &&
	       !port_destroy(fd, port) && await_event_of(nl, IPCPORT_CMD_DESTROYED_NTF, port);
}

/* A message that carries what must never be shown. */
HELPER struct ipcport_message secret_message(void)
{
	struct ipcport_message message = { .type = 1 };

	memcpy(message.payload, SECRET, sizeof(SECRET));
	return message;
}

#endif /* IPCPORT_NETLINK_H */
