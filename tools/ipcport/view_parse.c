// SPDX-License-Identifier: GPL-2.0
#include "view_parse.h"
#include "array.h"

#include <errno.h>
#include <string.h>

#include <libmnl/libmnl.h>

/* What an attribute holds, and thereby the type of the member it goes to. */
enum form {
	FORM_U32,
	FORM_U64,
	FORM_TEXT,	/* char[] */
	FORM_FLAG,	/* bool */
	FORM_NEST,
};

/**
 * struct rule - where an attribute goes
 * @type: the attribute
 * @form: what it holds
 * @offset: member of the structure
 * @size: bytes of a text's member
 * @presence: bool that says whether the attribute was there; 0 for none
 * @take: of a nest: parses its attributes into the member
 */
struct rule {
	uint16_t type;
	enum form form;
	size_t offset;
	size_t size;
	size_t presence;
	int (*take)(const void *attributes, size_t size, void *member);
};

#define U32(type, structure, member) \
	{ type, FORM_U32, offsetof(structure, member), 0, 0, NULL }
#define U32_OR_NOT(type, structure, member) \
	{ type, FORM_U32, offsetof(structure, member), 0, offsetof(structure, has_##member), NULL }
#define U64(type, structure, member) \
	{ type, FORM_U64, offsetof(structure, member), 0, 0, NULL }
#define TEXT(type, structure, member) \
	{ type, FORM_TEXT, offsetof(structure, member), sizeof(((structure *)0)->member), 0, NULL }
#define FLAG(type, structure, member) \
	{ type, FORM_FLAG, offsetof(structure, member), 0, 0, NULL }
#define NEST(type, offset, take) \
	{ type, FORM_NEST, offset, 0, 0, take }

static const struct rule *find_rule(const struct rule *rules, size_t count, uint16_t type)
{
	for (size_t i = 0; i < count; i++) {
		if (rules[i].type == type)
			return &rules[i];
	}
	return NULL;
}

static int copy_number(void *member, size_t expected, const void *payload, size_t size)
{
	if (size != expected)
		return -EPROTO;
	memcpy(member, payload, size);
	return 0;
}

/* The member's last byte stays the NUL that was there. */
static void copy_text(char *member, size_t size, const char *text, size_t length)
{
	length = strnlen(text, length);
	memcpy(member, text, length < size ? length : size - 1);
}

static int apply(const struct rule *rule, const void *payload, size_t size, char *structure)
{
	char *member = structure + rule->offset;

	if (rule->presence)
		*(bool *)(structure + rule->presence) = true;
	switch (rule->form) {
	case FORM_U32:
		return copy_number(member, sizeof(uint32_t), payload, size);
	case FORM_U64:
		return copy_number(member, sizeof(uint64_t), payload, size);
	case FORM_TEXT:
		copy_text(member, rule->size, payload, size);
		break;
	case FORM_FLAG:
		*(bool *)member = true;
		break;
	case FORM_NEST:
		return rule->take(payload, size, member);
	}
	return 0;
}

static int parse(const void *attributes, size_t size, const struct rule *rules, size_t count,
		 void *structure)
{
	const struct nlattr *attr;
	const struct rule *rule;
	int ret;

	mnl_attr_for_each_payload(attributes, size) {
		rule = find_rule(rules, count, mnl_attr_get_type(attr));
		if (!rule)
			continue;
		ret = apply(rule, mnl_attr_get_payload(attr), mnl_attr_get_payload_len(attr),
			    structure);
		if (ret)
			return ret;
	}
	return 0;
}

int view_parse_counters(const void *attributes, size_t size, void *counters)
{
	static const struct rule rules[] = {
		U64(IPCPORT_A_COUNTERS_SENT, struct view_counters, sent),
		U64(IPCPORT_A_COUNTERS_RECEIVED, struct view_counters, received),
		U64(IPCPORT_A_COUNTERS_DROPPED, struct view_counters, dropped),
		U64(IPCPORT_A_COUNTERS_CALLS, struct view_counters, calls),
		U64(IPCPORT_A_COUNTERS_ANSWERED, struct view_counters, answered),
		U64(IPCPORT_A_COUNTERS_PORT_DIED, struct view_counters, port_died),
		U64(IPCPORT_A_COUNTERS_HOLDER_DIED, struct view_counters, holder_died),
		U64(IPCPORT_A_COUNTERS_TIMED_OUT, struct view_counters, timed_out),
		U64(IPCPORT_A_COUNTERS_CANCELLED, struct view_counters, cancelled),
		U64(IPCPORT_A_COUNTERS_CALLER_GONE, struct view_counters, caller_gone),
		U64(IPCPORT_A_COUNTERS_CREATED, struct view_counters, created),
		U64(IPCPORT_A_COUNTERS_DESTROYED, struct view_counters, destroyed),
		U64(IPCPORT_A_COUNTERS_EXITED, struct view_counters, exited),
		U64(IPCPORT_A_COUNTERS_CLOSED, struct view_counters, closed),
	};

	return parse(attributes, size, rules, ARRAY_SIZE(rules), counters);
}

int view_parse_port(const void *attributes, size_t size, void *port)
{
	static const struct rule rules[] = {
		U64(IPCPORT_A_PORT_ID, struct view_port, id),
		TEXT(IPCPORT_A_PORT_NAME, struct view_port, name),
		U32(IPCPORT_A_PORT_OWNER_PID, struct view_port, owner_pid),
		U32(IPCPORT_A_PORT_OWNER_TID, struct view_port, owner_tid),
		TEXT(IPCPORT_A_PORT_OWNER_COMM, struct view_port, owner_comm),
		U32(IPCPORT_A_PORT_UID, struct view_port, uid),
		U32(IPCPORT_A_PORT_GID, struct view_port, gid),
		U32(IPCPORT_A_PORT_MODE, struct view_port, mode),
		U32(IPCPORT_A_PORT_FLAGS, struct view_port, flags),
		U32(IPCPORT_A_PORT_CAPACITY, struct view_port, capacity),
		U32(IPCPORT_A_PORT_DEPTH, struct view_port, depth),
		U32(IPCPORT_A_PORT_SENDERS, struct view_port, senders),
		U32(IPCPORT_A_PORT_RECEIVERS, struct view_port, receivers),
		U32(IPCPORT_A_PORT_CALLS, struct view_port, calls),
		U32(IPCPORT_A_PORT_SEND_HANDLES, struct view_port, send_handles),
		U32(IPCPORT_A_PORT_RECV_HANDLES, struct view_port, recv_handles),
		U64(IPCPORT_A_PORT_CREATED, struct view_port, created),
		NEST(IPCPORT_A_PORT_COUNTERS, offsetof(struct view_port, counters),
		     view_parse_counters),
		U64(IPCPORT_A_PORT_GENERATION, struct view_port, generation),
	};

	return parse(attributes, size, rules, ARRAY_SIZE(rules), port);
}

int view_parse_waiter(const void *attributes, size_t size, void *waiter)
{
	static const struct rule rules[] = {
		U32(IPCPORT_A_WAITER_KIND, struct view_waiter, kind),
		U32(IPCPORT_A_WAITER_PID, struct view_waiter, pid),
		U32(IPCPORT_A_WAITER_TID, struct view_waiter, tid),
		TEXT(IPCPORT_A_WAITER_COMM, struct view_waiter, comm),
		U32(IPCPORT_A_WAITER_UID, struct view_waiter, uid),
		U64(IPCPORT_A_WAITER_SINCE, struct view_waiter, since),
		U64(IPCPORT_A_WAITER_PORT, struct view_waiter, port),
		TEXT(IPCPORT_A_WAITER_NAME, struct view_waiter, name),
		U32(IPCPORT_A_WAITER_OWNER_PID, struct view_waiter, owner_pid),
		TEXT(IPCPORT_A_WAITER_OWNER_COMM, struct view_waiter, owner_comm),
		U64(IPCPORT_A_WAITER_TOKEN, struct view_waiter, token),
		U32(IPCPORT_A_WAITER_HOLDER_PID, struct view_waiter, holder_pid),
		TEXT(IPCPORT_A_WAITER_HOLDER_COMM, struct view_waiter, holder_comm),
		FLAG(IPCPORT_A_WAITER_IS_ASYNC, struct view_waiter, is_async),
	};

	return parse(attributes, size, rules, ARRAY_SIZE(rules), waiter);
}

/* A limit of one more module parameter than there is room for is left out. */
static int take_limit(const void *attributes, size_t size, void *user)
{
	static const struct rule rules[] = {
		TEXT(IPCPORT_A_LIMIT_NAME, struct view_limit, name),
		U64(IPCPORT_A_LIMIT_USED, struct view_limit, used),
		U64(IPCPORT_A_LIMIT_BOUND, struct view_limit, bound),
	};
	struct view_user *whose = user;

	if (whose->limit_count == VIEW_LIMITS)
		return 0;
	return parse(attributes, size, rules, ARRAY_SIZE(rules),
		     &whose->limits[whose->limit_count++]);
}

int view_parse_user(const void *attributes, size_t size, void *user)
{
	static const struct rule rules[] = {
		U32(IPCPORT_A_USER_UID, struct view_user, uid),
		NEST(IPCPORT_A_USER_LIMIT, 0, take_limit),
	};

	return parse(attributes, size, rules, ARRAY_SIZE(rules), user);
}

int view_parse_event(const void *attributes, size_t size, void *event)
{
	static const struct rule rules[] = {
		U64(IPCPORT_A_EVENT_PORT, struct view_event, port),
		U64(IPCPORT_A_EVENT_GENERATION, struct view_event, generation),
		TEXT(IPCPORT_A_EVENT_NAME, struct view_event, name),
		U32(IPCPORT_A_EVENT_OWNER_PID, struct view_event, owner_pid),
		U32_OR_NOT(IPCPORT_A_EVENT_UID, struct view_event, uid),
		U32_OR_NOT(IPCPORT_A_EVENT_CAUSE, struct view_event, cause),
		U32_OR_NOT(IPCPORT_A_EVENT_CALLERS, struct view_event, callers),
		U64(IPCPORT_A_EVENT_TOKEN, struct view_event, token),
		U32(IPCPORT_A_EVENT_CALLER_PID, struct view_event, caller_pid),
		U32(IPCPORT_A_EVENT_CALLER_TID, struct view_event, caller_tid),
		U32_OR_NOT(IPCPORT_A_EVENT_OUTCOME, struct view_event, outcome),
		TEXT(IPCPORT_A_EVENT_LIMIT_NAME, struct view_event, limit_name),
		U64(IPCPORT_A_EVENT_LIMIT_BOUND, struct view_event, limit_bound),
	};

	return parse(attributes, size, rules, ARRAY_SIZE(rules), event);
}
