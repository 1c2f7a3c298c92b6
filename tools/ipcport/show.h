/* SPDX-License-Identifier: GPL-2.0 */
/*
 * DOC: what 'ipcport show' prints for people
 *
 * Functions return STATUS_OK, or STATUS_FAILED after saying why.
 */
#ifndef SHOW_H
#define SHOW_H

#include "view.h"

/**
 * show_print_port() - print all about a port
 * @port: the port
 * @waiters: who waits in it
 */
int show_print_port(const struct view_port *port, const struct view_waiters *waiters);

/**
 * show_print_name() - print who waits for a name that no port has
 * @name: the name
 * @waiters: who waits for it
 */
int show_print_name(const char *name, const struct view_waiters *waiters);

/**
 * show_print_namespace() - print counters and limits
 * @counters: what happened so far
 * @users: the limits of these
 */
int show_print_namespace(const struct view_counters *counters, const struct view_users *users);

#endif /* SHOW_H */
