// SPDX-License-Identifier: GPL-2.0
#include "view_json.h"
#include "json.h"
#include "text.h"

#include <string.h>

void json_view_text(struct json_object *object, const char *key, const char *text)
{
	if (!*text)
		json_object_object_add(object, key, NULL);
	else if (text_is_utf8((const uint8_t *)text, strlen(text)))
		json_text(object, key, text);
}

/* For what is never 0, but when it was left out. */
static void add_or_null(struct json_object *object, const char *key, uint64_t value)
{
	if (value)
		json_u64(object, key, value);
	else
		json_object_object_add(object, key, NULL);
}

/* The same in events, where most is left out. */
static void add_if_there(struct json_object *object, const char *key, uint64_t value)
{
	if (value)
		json_u64(object, key, value);
}

static void add_text_if_there(struct json_object *object, const char *key, const char *text)
{
	if (*text)
		json_view_text(object, key, text);
}

static struct json_object *json_traffic(const struct view_counters *counters)
{
	struct json_object *object = json_object_new_object();

	json_u64(object, "sent", counters->sent);
	json_u64(object, "received", counters->received);
	json_u64(object, "dropped", counters->dropped);
	json_u64(object, "calls", counters->calls);
	json_u64(object, "answered", counters->answered);
	json_u64(object, "port_died", counters->port_died);
	json_u64(object, "holder_died", counters->holder_died);
	json_u64(object, "timed_out", counters->timed_out);
	json_u64(object, "cancelled", counters->cancelled);
	json_u64(object, "caller_gone", counters->caller_gone);
	return object;
}

struct json_object *json_view_counters(const struct view_counters *counters)
{
	struct json_object *object = json_traffic(counters);

	json_u64(object, "created", counters->created);
	json_u64(object, "destroyed", counters->destroyed);
	json_u64(object, "exited", counters->exited);
	json_u64(object, "closed", counters->closed);
	return object;
}

struct json_object *json_view_port(const struct view_port *port)
{
	struct json_object *object = json_object_new_object();

	json_u64(object, "id", port->id);
	json_view_text(object, "name", port->name);
	json_u64(object, "owner_pid", port->owner_pid);
	add_or_null(object, "owner_tid", port->owner_tid);
	json_view_text(object, "owner_comm", port->owner_comm);
	json_u64(object, "uid", port->uid);
	json_u64(object, "gid", port->gid);
	json_mode(object, "mode", port->mode);
	json_u64(object, "flags", port->flags);
	json_u64(object, "capacity", port->capacity);
	json_u64(object, "depth", port->depth);
	json_u64(object, "senders", port->senders);
	json_u64(object, "receivers", port->receivers);
	json_u64(object, "calls", port->calls);
	json_u64(object, "send_handles", port->send_handles);
	json_u64(object, "recv_handles", port->recv_handles);
	json_u64(object, "created", port->created);
	json_object_object_add(object, "counters", json_traffic(&port->counters));
	json_u64(object, "generation", port->generation);
	return object;
}

struct json_object *json_view_waiter(const struct view_waiter *waiter)
{
	struct json_object *object = json_object_new_object();

	json_text(object, "kind", view_kind_word(waiter->kind));
	json_u64(object, "pid", waiter->pid);
	json_u64(object, "tid", waiter->tid);
	json_view_text(object, "comm", waiter->comm);
	json_u64(object, "uid", waiter->uid);
	json_u64(object, "since", waiter->since);
	add_or_null(object, "port", waiter->port);
	json_view_text(object, "name", waiter->name);
	add_or_null(object, "owner_pid", waiter->owner_pid);
	json_view_text(object, "owner_comm", waiter->owner_comm);
	add_or_null(object, "token", waiter->token);
	add_or_null(object, "holder_pid", waiter->holder_pid);
	json_view_text(object, "holder_comm", waiter->holder_comm);
	json_object_object_add(object, "is_async", json_object_new_boolean(waiter->is_async));
	return object;
}

struct json_object *json_view_waiters(const struct view_waiters *waiters)
{
	struct json_object *array = json_object_new_array();

	for (size_t i = 0; i < waiters->count; i++)
		json_object_array_add(array, json_view_waiter(&waiters->items[i]));
	return array;
}

struct json_object *json_view_user(const struct view_user *user)
{
	struct json_object *object = json_object_new_object(), *limit;
	struct json_object *limits = json_object_new_array();

	json_u64(object, "uid", user->uid);
	for (size_t i = 0; i < user->limit_count; i++) {
		limit = json_object_new_object();
		json_view_text(limit, "name", user->limits[i].name);
		json_u64(limit, "used", user->limits[i].used);
		json_u64(limit, "bound", user->limits[i].bound);
		json_object_array_add(limits, limit);
	}
	json_object_object_add(object, "limits", limits);
	return object;
}

struct json_object *json_view_event(const struct view_event *event)
{
	struct json_object *object = json_object_new_object();

	json_text(object, "event", view_event_word(event->cmd));
	add_if_there(object, "port", event->port);
	add_if_there(object, "generation", event->generation);
	add_text_if_there(object, "name", event->name);
	add_if_there(object, "owner_pid", event->owner_pid);
	if (event->has_uid)
		json_u64(object, "uid", event->uid);
	if (event->has_cause)
		json_text(object, "cause", view_cause_word(event->cause));
	if (event->has_callers)
		json_u64(object, "callers", event->callers);
	add_if_there(object, "token", event->token);
	add_if_there(object, "caller_pid", event->caller_pid);
	add_if_there(object, "caller_tid", event->caller_tid);
	if (event->has_outcome)
		json_text(object, "outcome", view_outcome_word(event->outcome));
	add_text_if_there(object, "limit_name", event->limit_name);
	if (*event->limit_name)
		json_u64(object, "limit_bound", event->limit_bound);
	return object;
}
