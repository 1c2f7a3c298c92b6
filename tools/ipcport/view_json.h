/* SPDX-License-Identifier: GPL-2.0 */
/*
 * DOC: what the module shows, as JSON
 *
 * Keys are the names of the attributes. An attribute that was left out is null, but missing
 * from events. Names that are not UTF-8 are missing everywhere.
 */
#ifndef VIEW_JSON_H
#define VIEW_JSON_H

#include <json-c/json.h>

#include "view.h"

/**
 * json_view_text() - add a string of unknown origin to an object
 * @object: the object
 * @key: the member's name
 * @text: its value; null if it is empty, missing if it is not UTF-8
 */
void json_view_text(struct json_object *object, const char *key, const char *text);

/**
 * json_view_counters() - counters of the namespace
 * @counters: the counters
 *
 * Return: an object for json_print(); so do those that follow.
 */
struct json_object *json_view_counters(const struct view_counters *counters);

/**
 * json_view_port() - a port, with "counters"
 * @port: the port
 */
struct json_object *json_view_port(const struct view_port *port);

/**
 * json_view_waiter() - a waiter
 * @waiter: the waiter
 */
struct json_object *json_view_waiter(const struct view_waiter *waiter);

/**
 * json_view_waiters() - an array of waiters
 * @waiters: the waiters
 */
struct json_object *json_view_waiters(const struct view_waiters *waiters);

/**
 * json_view_user() - a user, with an array "limits"
 * @user: the user
 */
struct json_object *json_view_user(const struct view_user *user);

/**
 * json_view_event() - an event, with its word as "event"
 * @event: the event
 */
struct json_object *json_view_event(const struct view_event *event);

#endif /* VIEW_JSON_H */
