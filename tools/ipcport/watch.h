/* SPDX-License-Identifier: GPL-2.0 */
/*
 * DOC: lines that 'ipcport watch' prints
 *
 * Each begins with the time of day; in JSON "time", in UTC as ISO 8601 has it.
 */
#ifndef WATCH_H
#define WATCH_H

#include <stdbool.h>
#include <stddef.h>

#include "view.h"

/**
 * watch_print_event() - print an event
 * @event: the event
 * @is_json: as JSON
 */
void watch_print_event(const struct view_event *event, bool is_json);

/**
 * watch_print_port() - print a port that there is
 * @port: the port
 * @is_json: as JSON
 */
void watch_print_port(const struct view_port *port, bool is_json);

/**
 * watch_print_synced() - print that all ports were printed
 * @count: how many
 * @is_json: as JSON
 */
void watch_print_synced(size_t count, bool is_json);

/**
 * watch_print_lost() - print that events are missing
 * @is_json: as JSON
 */
void watch_print_lost(bool is_json);

#endif /* WATCH_H */
