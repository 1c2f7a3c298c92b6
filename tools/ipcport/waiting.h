/* SPDX-License-Identifier: GPL-2.0 */
#ifndef WAITING_H
#define WAITING_H

#include <stdio.h>
#include <json-c/json.h>

#include "waitgraph.h"

/**
 * struct waiting - who waits now
 * @waiters: what the module says
 * @graph: who of them waits for whom, with cycles
 */
struct waiting {
	struct view_waiters waiters;
	struct waitgraph *graph;
};

/**
 * waiting_load() - find out who waits now, and for whom
 * @waiting: filled in on success, to be given to waiting_free()
 * @view: where to ask
 *
 * A cycle is one that existed at some moment meanwhile.
 *
 * Return: 0 or a negative errno value.
 */
int waiting_load(struct waiting *waiting, struct view *view);

/**
 * waiting_free() - forget that
 * @waiting: what waiting_load() filled in
 */
void waiting_free(struct waiting *waiting);

/**
 * waiting_json() - a wait
 * @graph: the graph
 * @wait: one of its waits
 *
 * Return: what json_view_waiter() returns, with "waits_for", "is_cycle" and "is_deadlock".
 */
struct json_object *waiting_json(const struct waitgraph *graph, const struct waitgraph_wait *wait);

/**
 * waiting_print_process() - print what a process is called, and its id, like "init[1]"
 * @out: where to
 * @process: the process
 */
void waiting_print_process(FILE *out, const struct waitgraph_process *process);

#endif /* WAITING_H */
