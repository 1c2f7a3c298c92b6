/* SPDX-License-Identifier: GPL-2.0 */
/*
 * DOC: from netlink attributes to the structures of view.h
 *
 * Functions take the attributes of one message. Those that they do not know are passed over,
 * since a later module may have more. Structures are to be zero before.
 *
 * Functions return 0, or -EPROTO if an attribute does not have the size that it should.
 */
#ifndef VIEW_PARSE_H
#define VIEW_PARSE_H

#include <stddef.h>

#include "view.h"

/**
 * view_parse_port() - attributes IPCPORT_A_PORT_*
 * @attributes: the first one
 * @size: bytes of all of them
 * @port: a struct view_port to fill in
 */
int view_parse_port(const void *attributes, size_t size, void *port);

/**
 * view_parse_waiter() - attributes IPCPORT_A_WAITER_*
 * @attributes: the first one
 * @size: bytes of all of them
 * @waiter: a struct view_waiter to fill in
 */
int view_parse_waiter(const void *attributes, size_t size, void *waiter);

/**
 * view_parse_user() - attributes IPCPORT_A_USER_*
 * @attributes: the first one
 * @size: bytes of all of them
 * @user: a struct view_user to fill in
 */
int view_parse_user(const void *attributes, size_t size, void *user);

/**
 * view_parse_counters() - attributes IPCPORT_A_COUNTERS_*
 * @attributes: the first one
 * @size: bytes of all of them
 * @counters: a struct view_counters to fill in
 */
int view_parse_counters(const void *attributes, size_t size, void *counters);

/**
 * view_parse_event() - attributes IPCPORT_A_EVENT_*
 * @attributes: the first one
 * @size: bytes of all of them
 * @event: a struct view_event to fill in, but for its cmd
 */
int view_parse_event(const void *attributes, size_t size, void *event);

#endif /* VIEW_PARSE_H */
