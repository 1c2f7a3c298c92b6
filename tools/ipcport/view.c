// SPDX-License-Identifier: GPL-2.0
#include "view.h"
#include "command.h"
#include "fail.h"
#include "view_parse.h"
#include "view_socket.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/genetlink.h>

/* How often to ask again if ports came and went during a dump. */
#define DUMP_TRIES	3

/* Room for events, in bytes, while they are printed. */
#define EVENT_ROOM	1048576

/**
 * struct view - see view.h
 * @requests: for questions
 * @events: for events, once subscribed
 * @next: next event in the buffer of @events
 * @left: bytes from there on
 * @is_lossy: events were lost, and those before that are still being read
 * @family: number of the family
 * @group: number of its multicast group
 */
struct view {
	struct view_socket requests;
	struct view_socket events;
	const struct nlmsghdr *next;
	int left;
	bool is_lossy;
	uint16_t family;
	uint32_t group;
};

/**
 * struct harvest - answers that are being collected
 * @parse: how
 * @item_size: bytes of an item
 * @items: so far
 * @count: how many
 * @room: how many there is room for
 */
struct harvest {
	int (*parse)(const void *attributes, size_t size, void *item);
	size_t item_size;
	char *items;
	size_t count;
	size_t room;
};

static int make_room(struct harvest *harvest)
{
	size_t room = harvest->room ? 2 * harvest->room : 64;
	char *items;

	if (harvest->count < harvest->room)
		return 0;
	items = reallocarray(harvest->items, room, harvest->item_size);
	if (!items)
		return -ENOMEM;
	harvest->items = items;
	harvest->room = room;
	return 0;
}

static int parse_message(const struct nlmsghdr *message,
			 int (*parse)(const void *attributes, size_t size, void *item), void *item)
{
	size_t size = mnl_nlmsg_get_payload_len(message);

	if (size < sizeof(struct genlmsghdr))
		return -EPROTO;
	return parse(mnl_nlmsg_get_payload_offset(message, sizeof(struct genlmsghdr)),
		     size - sizeof(struct genlmsghdr), item);
}

static int take_item(const struct nlmsghdr *answer, void *arg)
{
	struct harvest *harvest = arg;
	char *item;
	int ret;

	ret = make_room(harvest);
	if (ret)
		return ret;
	item = harvest->items + harvest->count * harvest->item_size;
	memset(item, 0, harvest->item_size);
	ret = parse_message(answer, harvest->parse, item);
	if (!ret)
		harvest->count++;
	return ret;
}

/* Of what it does not find the module says so in words; netlink has none for a family. */
static int ask(struct view *view, struct view_request *request, struct harvest *harvest)
{
	int ret = view_socket_ask(&view->requests, request, take_item, harvest);

	return ret == -ENOENT && !view->requests.text[0] ? -ENODEV : ret;
}

/* Answers to a question that is not a dump come here: there is one. */
static int ask_one(struct view *view, struct view_request *request,
		   int (*parse)(const void *attributes, size_t size, void *item),
		   void *item, size_t size)
{
	struct harvest harvest = { .parse = parse, .item_size = size };
	int ret;

	ret = ask(view, request, &harvest);
	if (!ret && harvest.count != 1)
		ret = -EPROTO;
	if (!ret)
		memcpy(item, harvest.items, size);
	free(harvest.items);
	return ret;
}

static int ask_all(struct view *view, struct view_request *request, struct harvest *harvest)
{
	int ret, tries = 0;

	do {
		harvest->count = 0;
		ret = ask(view, request, harvest);
	} while (!ret && view->requests.is_torn && ++tries < DUMP_TRIES);
	if (ret) {
		free(harvest->items);
		harvest->items = NULL;
	}
	return ret;
}

static void begin(struct view *view, struct view_request *request, uint8_t cmd, uint16_t flags)
{
	view_request_begin(request, view->family, cmd, IPCPORT_GENL_VERSION, flags);
}

static void take_group(const struct nlattr *group, struct view *view)
{
	const struct nlattr *attribute;
	const char *name = "";
	uint32_t id = 0;

	mnl_attr_for_each_nested(attribute, group) {
		if (mnl_attr_get_type(attribute) == CTRL_ATTR_MCAST_GRP_NAME)
			name = mnl_attr_get_str(attribute);
		else if (mnl_attr_get_type(attribute) == CTRL_ATTR_MCAST_GRP_ID)
			id = mnl_attr_get_u32(attribute);
	}
	if (!strcmp(name, IPCPORT_GENL_GROUP_PORTS))
		view->group = id;
}

static int take_family(const struct nlmsghdr *answer, void *arg)
{
	const struct nlattr *attribute, *group;
	struct view *view = arg;

	mnl_attr_for_each(attribute, answer, sizeof(struct genlmsghdr)) {
		if (mnl_attr_get_type(attribute) == CTRL_ATTR_FAMILY_ID)
			view->family = mnl_attr_get_u16(attribute);
		if (mnl_attr_get_type(attribute) != CTRL_ATTR_MCAST_GROUPS)
			continue;
		mnl_attr_for_each_nested(group, attribute)
			take_group(group, view);
	}
	return 0;
}

static int find_family(struct view *view)
{
	struct view_request request;
	int ret;

	view_request_begin(&request, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 1, 0);
	mnl_attr_put_strz(request.header, CTRL_ATTR_FAMILY_NAME, IPCPORT_GENL_NAME);
	ret = view_socket_ask(&view->requests, &request, take_family, view);
	if (!ret && !(view->family && view->group))
		ret = -EPROTO;
	return ret;
}

int view_open(struct view **view)
{
	struct view *new = calloc(1, sizeof(*new));
	int ret;

	if (!new)
		return -ENOMEM;
	ret = view_socket_open(&new->requests);
	if (!ret)
		ret = find_family(new);
	if (ret)
		view_close(new);
	else
		*view = new;
	return ret;
}

static int fail_without_module(void)
{
	fail_because("there is no netlink family %s (%s): is the module loaded?",
		     IPCPORT_GENL_NAME, fail_name(ENOENT));
	return STATUS_USAGE;
}

int view_open_or_fail(struct view **view)
{
	int ret = view_open(view);

	if (!ret)
		return STATUS_OK;
	if (ret == -ENOENT)
		return fail_without_module();
	return fail(ret, "find the netlink family %s", IPCPORT_GENL_NAME);
}

void view_close(struct view *view)
{
	if (!view)
		return;
	view_socket_close(&view->requests);
	view_socket_close(&view->events);
	free(view);
}

int view_fail(const struct view *view, int error, const char *format, ...)
{
	char what[256];
	va_list args;

	if (error == -ENODEV)
		return fail_without_module();
	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	if (!view->requests.text[0])
		return fail(error, "%s", what);
	return fail_because("%s: %s (%s)", what, view->requests.text, fail_name(error));
}

static void put_port(struct view_request *request, uint16_t id_type, uint64_t id,
		     uint16_t name_type, const char *name)
{
	if (id)
		mnl_attr_put_u64(request->header, id_type, id);
	else if (name)
		mnl_attr_put_strz(request->header, name_type, name);
}

int view_list_ports(struct view *view, struct view_ports *ports)
{
	struct harvest harvest = {
		.parse = view_parse_port,
		.item_size = sizeof(*ports->items),
	};
	struct view_request request;
	int ret;

	begin(view, &request, IPCPORT_CMD_PORT_GET, NLM_F_DUMP);
	ret = ask_all(view, &request, &harvest);
	if (!ret)
		*ports = (struct view_ports){
			.items = (void *)harvest.items,
			.count = harvest.count,
		};
	return ret;
}

int view_get_port(struct view *view, uint64_t id, const char *name, struct view_port *port)
{
	struct view_request request;

	begin(view, &request, IPCPORT_CMD_PORT_GET, 0);
	put_port(&request, IPCPORT_A_PORT_ID, id, IPCPORT_A_PORT_NAME, name);
	return ask_one(view, &request, view_parse_port, port, sizeof(*port));
}

int view_list_waiters(struct view *view, uint64_t port, const char *name,
		      struct view_waiters *waiters)
{
	struct harvest harvest = {
		.parse = view_parse_waiter,
		.item_size = sizeof(*waiters->items),
	};
	struct view_request request;
	int ret;

	begin(view, &request, IPCPORT_CMD_WAITER_GET, NLM_F_DUMP);
	put_port(&request, IPCPORT_A_WAITER_PORT, port, IPCPORT_A_WAITER_NAME, name);
	ret = ask_all(view, &request, &harvest);
	if (!ret)
		*waiters = (struct view_waiters){
			.items = (void *)harvest.items,
			.count = harvest.count,
		};
	return ret;
}

int view_list_users(struct view *view, struct view_users *users)
{
	struct harvest harvest = {
		.parse = view_parse_user,
		.item_size = sizeof(*users->items),
	};
	struct view_request request;
	int ret;

	begin(view, &request, IPCPORT_CMD_USER_GET, NLM_F_DUMP);
	ret = ask_all(view, &request, &harvest);
	if (!ret)
		*users = (struct view_users){
			.items = (void *)harvest.items,
			.count = harvest.count,
		};
	return ret;
}

int view_get_user(struct view *view, uint32_t uid, struct view_user *user)
{
	struct view_request request;

	begin(view, &request, IPCPORT_CMD_USER_GET, 0);
	if (uid != VIEW_UID_SELF)
		mnl_attr_put_u32(request.header, IPCPORT_A_USER_UID, uid);
	return ask_one(view, &request, view_parse_user, user, sizeof(*user));
}

int view_get_counters(struct view *view, struct view_counters *counters)
{
	struct view_request request;

	begin(view, &request, IPCPORT_CMD_COUNTERS_GET, 0);
	return ask_one(view, &request, view_parse_counters, counters, sizeof(*counters));
}

static int join(struct view *view, uint32_t group)
{
	return mnl_socket_setsockopt(view->events.mnl, NETLINK_ADD_MEMBERSHIP, &group,
				     sizeof(group));
}

int view_subscribe(struct view *view)
{
	int room = EVENT_ROOM, ret;

	ret = view_socket_open(&view->events);
	if (ret)
		return ret;
	/* More than everyone gets, if that is allowed; less is no harm but for more losses. */
	if (setsockopt(mnl_socket_get_fd(view->events.mnl), SOL_SOCKET, SO_RCVBUFFORCE, &room,
		       sizeof(room)))
		setsockopt(mnl_socket_get_fd(view->events.mnl), SOL_SOCKET, SO_RCVBUF, &room,
			   sizeof(room));
	if (!join(view, GENL_ID_CTRL) && !join(view, view->group))
		return 0;
	ret = -errno;
	view_socket_close(&view->events);
	return ret;
}

/*
 * Once events were lost the kernel keeps no more of them until all that it has kept are
 * read, and does not say so again. Only then is it of use to tell of the loss: what is
 * listed after that, and the events that follow, are the whole truth.
 */
static int receive_events(struct view *view)
{
	ssize_t size;

	size = view_socket_receive(&view->events, view->is_lossy ? MSG_DONTWAIT : 0);
	if (size == -ENOBUFS) {
		view->is_lossy = true;
		return 0;
	}
	if (size == -EAGAIN && view->is_lossy) {
		view->is_lossy = false;
		return -ENOBUFS;
	}
	if (size < 0)
		return (int)size;
	view->next = (const void *)view->events.buffer;
	view->left = (int)size;
	return 0;
}

/* The command of a message of a generic netlink family; 0 for other messages. */
static uint8_t command_of(const struct nlmsghdr *message, uint16_t family)
{
	const struct genlmsghdr *generic = mnl_nlmsg_get_payload(message);

	if (message->nlmsg_type != family || mnl_nlmsg_get_payload_len(message) < sizeof(*generic))
		return 0;
	return generic->cmd;
}

/* Does it say that the module was removed? */
static bool is_farewell(const struct view *view, const struct nlmsghdr *message)
{
	const struct nlattr *attribute;

	if (command_of(message, GENL_ID_CTRL) != CTRL_CMD_DELFAMILY)
		return false;
	mnl_attr_for_each(attribute, message, sizeof(struct genlmsghdr)) {
		if (mnl_attr_get_type(attribute) == CTRL_ATTR_FAMILY_ID)
			return mnl_attr_get_u16(attribute) == view->family;
	}
	return false;
}

static int next_message(struct view *view, const struct nlmsghdr **message)
{
	int ret;

	while (!view->next || !mnl_nlmsg_ok(view->next, view->left)) {
		ret = receive_events(view);
		if (ret)
			return ret;
	}
	*message = view->next;
	view->next = mnl_nlmsg_next(*message, &view->left);
	return 0;
}

/* Events that we do not know are passed over: a later module may send others. */
int view_next_event(struct view *view, struct view_event *event)
{
	const struct nlmsghdr *message;
	uint8_t cmd;
	int ret;

	do {
		ret = next_message(view, &message);
		if (!ret && is_farewell(view, message))
			ret = -ENODEV;
		if (ret)
			return ret;
		cmd = command_of(message, view->family);
	} while (cmd < IPCPORT_CMD_CREATED_NTF || cmd > IPCPORT_CMD_MAX);
	memset(event, 0, sizeof(*event));
	event->cmd = cmd;
	return parse_message(message, view_parse_event, event);
}
