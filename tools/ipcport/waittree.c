// SPDX-License-Identifier: GPL-2.0
#include "waittree.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>

/**
 * struct spot - what is noted of a process while the tree grows
 * @next: its wait to show next
 * @parent: process below which it stands
 * @is_shown: has been laid out, or will be
 * @is_awaited: somebody of another component waits for it
 */
struct spot {
	size_t next;
	size_t parent;
	bool is_shown;
	bool is_awaited;
};

/**
 * struct root - where a tree begins
 * @process: the process
 * @rank: the lower, the more is it held up
 * @since: when its longest wait began
 */
struct root {
	size_t process;
	unsigned int rank;
	uint64_t since;
};

static bool follows_all(const struct waitgraph_wait *wait)
{
	(void)wait;
	return true;
}

/* Who waits for somebody comes before who waits for a name, and that before receivers. */
static unsigned int rank(const struct waitgraph_wait *wait)
{
	if (wait->to != WAITGRAPH_NOBODY)
		return waitgraph_is_sleeping(wait) ? 0 : 1;
	return wait->waiter->kind == IPCPORT_WAIT_NAME ? 2 : 3;
}

static int compare_roots(const void *a, const void *b)
{
	const struct root *one = a, *other = b;

	if (one->rank != other->rank)
		return one->rank < other->rank ? -1 : 1;
	if (one->since != other->since)
		return one->since < other->since ? -1 : 1;
	return (one->process > other->process) - (one->process < other->process);
}

static struct root make_root(const struct waitgraph *graph, size_t process)
{
	const struct waitgraph_process *from = &graph->processes[process];
	struct root root = { .process = process, .rank = UINT_MAX, .since = UINT64_MAX };

	for (size_t i = from->first; i < from->first + from->count; i++) {
		const struct waitgraph_wait *wait = &graph->waits[i];

		if (rank(wait) < root.rank)
			root.rank = rank(wait);
		if (wait->waiter->since < root.since)
			root.since = wait->waiter->since;
	}
	return root;
}

static void mark_awaited(const struct waitgraph *graph, struct spot *spots)
{
	const struct waitgraph_process *processes = graph->processes;

	for (size_t i = 0; i < graph->wait_count; i++) {
		const struct waitgraph_wait *wait = &graph->waits[i];

		if (wait->to != WAITGRAPH_NOBODY &&
		    processes[wait->to].component != processes[wait->from].component)
			spots[wait->to].is_awaited = true;
	}
}

/* Of each component that nobody else waits for: the process that waits the longest. */
static size_t find_roots(struct waitgraph *graph, struct spot *spots, struct root *roots)
{
	size_t count = 0, component = SIZE_MAX;
	bool is_awaited = false;

	waitgraph_search(graph, follows_all);
	mark_awaited(graph, spots);
	for (size_t i = 0; i < graph->process_count; i++) {
		size_t process = graph->order[i];
		struct root root = make_root(graph, process);

		if (graph->processes[process].component != component) {
			component = graph->processes[process].component;
			count -= is_awaited;
			roots[count++] = root;
			is_awaited = spots[process].is_awaited;
			continue;
		}
		is_awaited |= spots[process].is_awaited;
		if (compare_roots(&root, &roots[count - 1]) < 0)
			roots[count - 1] = root;
	}
	count -= is_awaited;
	qsort(roots, count, sizeof(*roots), compare_roots);
	return count;
}

static void add_row(struct waittree *tree, size_t depth, size_t process,
		    const struct waitgraph_wait *wait)
{
	tree->rows[tree->count++] = (struct waittree_row){
		.depth = depth, .process = process, .wait = wait,
	};
}

static void show(struct waittree *tree, const struct waitgraph *graph, struct spot *spots,
		 size_t root)
{
	size_t depth = 0, process = root;

	spots[root].is_shown = true;
	spots[root].next = graph->processes[root].first;
	spots[root].parent = WAITGRAPH_NOBODY;
	while (process != WAITGRAPH_NOBODY) {
		const struct waitgraph_process *from = &graph->processes[process];
		const struct waitgraph_wait *wait = &graph->waits[spots[process].next];

		if (spots[process].next++ == from->first + from->count) {
			process = spots[process].parent;
			depth--;
			continue;
		}
		add_row(tree, depth, process, wait);
		if (wait->to == WAITGRAPH_NOBODY || spots[wait->to].is_shown)
			continue;
		spots[wait->to].is_shown = true;
		spots[wait->to].next = graph->processes[wait->to].first;
		spots[wait->to].parent = process;
		depth++;
		process = wait->to;
		if (!graph->processes[process].count)
			add_row(tree, depth, process, NULL);
	}
}

static void grow(struct waittree *tree, struct waitgraph *graph, struct spot *spots,
		 struct root *roots)
{
	size_t count = find_roots(graph, spots, roots);

	for (size_t i = 0; i < count; i++)
		show(tree, graph, spots, roots[i].process);
}

int waittree_plant(struct waittree *tree, struct waitgraph *graph, size_t root)
{
	/* Not 0, for which calloc() may return NULL. */
	size_t processes = graph->process_count + 1;
	struct spot *spots = calloc(processes, sizeof(*spots));
	struct root *roots = calloc(processes, sizeof(*roots));
	int ret = -ENOMEM;

	tree->count = 0;
	tree->rows = calloc(graph->wait_count + processes, sizeof(*tree->rows));
	if (spots && roots && tree->rows) {
		ret = 0;
		if (root == WAITGRAPH_NOBODY)
			grow(tree, graph, spots, roots);
		else
			show(tree, graph, spots, root);
	}
	free(spots);
	free(roots);
	if (ret) {
		free(tree->rows);
		tree->rows = NULL;
	}
	return ret;
}
