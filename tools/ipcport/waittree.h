/* SPDX-License-Identifier: GPL-2.0 */
#ifndef WAITTREE_H
#define WAITTREE_H

#include "waitgraph.h"

/**
 * struct waittree_row - a line of a wait-for tree
 * @depth: 0 for those whom nobody waits for; who is waited for stands one deeper
 * @process: index of the process
 * @wait: one of its waits, NULL if it does not wait
 */
struct waittree_row {
	size_t depth;
	size_t process;
	const struct waitgraph_wait *wait;
};

/**
 * struct waittree - a wait-for tree
 * @rows: its lines, from top to bottom
 * @count: how many
 */
struct waittree {
	struct waittree_row *rows;
	size_t count;
};

/**
 * waittree_plant() - lay the waits out as a tree
 * @tree: filled in; its @rows are to be freed by the caller
 * @graph: the graph
 * @root: process to begin with, and to show alone with whom it waits for; WAITGRAPH_NOBODY
 *	for all, from those whom nobody waits for, the longest wait first. Of those who
 *	wait for each other in a circle one is taken.
 *
 * Each wait is there at most once: a process that several wait for is laid out below the
 * first of them.
 *
 * Return: 0 or -ENOMEM.
 */
int waittree_plant(struct waittree *tree, struct waitgraph *graph, size_t root);

#endif /* WAITTREE_H */
