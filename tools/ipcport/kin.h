/* SPDX-License-Identifier: GPL-2.0 */
/*
 * DOC: which processes have children that wait
 *
 * A process may wait for its child instead of in a port. The module knows nothing of that;
 * /proc tells who is whose child, as far as it shows them.
 */
#ifndef KIN_H
#define KIN_H

#include "waitgraph.h"

/**
 * struct kinship - a process that waits in a port, and one that it descends from
 * @ancestor: the latter's id
 * @process: the former, index in the graph
 * @is_child: it is a child, not a later descendant
 */
struct kinship {
	uint32_t ancestor;
	size_t process;
	bool is_child;
};

/**
 * struct kin - the kinships of all processes that wait
 * @items: the kinships, in the order of @process; to be freed by the caller
 * @count: how many
 */
struct kin {
	struct kinship *items;
	size_t count;
};

/**
 * kin_find_wait() - a wait in which a thread of a process sleeps
 * @graph: the graph
 * @process: the process, index in it
 *
 * Return: the first such wait, or NULL.
 */
const struct waitgraph_wait *kin_find_wait(const struct waitgraph *graph, size_t process);

/**
 * kin_load() - find out from whom the processes descend that wait
 * @kin: filled in on success
 * @graph: who waits
 *
 * Return: 0 or -ENOMEM.
 */
int kin_load(struct kin *kin, const struct waitgraph *graph);

#endif /* KIN_H */
