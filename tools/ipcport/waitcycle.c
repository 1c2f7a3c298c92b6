// SPDX-License-Identifier: GPL-2.0
#include "waitgraph.h"

/* A cycle holds up only whom it has asleep, and is one only if its waits exist together. */
static bool can_be_in_cycle(const struct waitgraph_wait *wait)
{
	return wait->is_lasting && waitgraph_is_sleeping(wait);
}

static void mark_cycles(struct waitgraph *graph)
{
	waitgraph_search(graph, can_be_in_cycle);
	for (size_t i = 0; i < graph->wait_count; i++) {
		struct waitgraph_wait *wait = &graph->waits[i];

		wait->is_cycle = wait->to != WAITGRAPH_NOBODY && can_be_in_cycle(wait) &&
				 graph->processes[wait->from].component ==
				 graph->processes[wait->to].component;
	}
}

/*
 * Does a wait last as long as processes like itself do? Waits lead to the same component, or
 * to a lower one, of which it is known by now whether it can go on.
 */
static bool is_held_wait(const struct waitgraph *graph, const struct waitgraph_wait *wait)
{
	if (!wait->is_lasting || wait->is_shared || wait->to == WAITGRAPH_NOBODY)
		return false;
	return wait->is_cycle || graph->processes[wait->to].is_held;
}

/* Each of its threads sleeps in a wait that does not end. */
static bool is_held_process(const struct waitgraph *graph, const struct waitgraph_process *process)
{
	size_t sleeping = 0;

	for (size_t i = process->first; i < process->first + process->count; i++) {
		const struct waitgraph_wait *wait = &graph->waits[i];

		if (!waitgraph_is_sleeping(wait))
			break;
		if (!is_held_wait(graph, wait))
			return false;
		sleeping++;
	}
	return sleeping && sleeping == process->thread_count;
}

/* How many processes of the order, from the @first on, are of one component. */
static size_t component_size(const struct waitgraph *graph, size_t first)
{
	const struct waitgraph_process *processes = graph->processes;
	const size_t *order = graph->order;
	size_t end = first + 1;

	while (end < graph->process_count &&
	       processes[order[end]].component == processes[order[first]].component)
		end++;
	return end - first;
}

/* In a component all can go on, or none: whoever can serves the others in the end. */
static void judge_component(struct waitgraph *graph, const size_t *members, size_t size)
{
	bool is_held = true;

	for (size_t i = 0; i < size && is_held; i++)
		is_held = is_held_process(graph, &graph->processes[members[i]]);
	for (size_t i = 0; i < size; i++)
		graph->processes[members[i]].is_held = is_held;
}

/* The wait that a path follows, NULL if the process is in no cycle. */
static const struct waitgraph_wait *cycle_wait(const struct waitgraph *graph, size_t process)
{
	const struct waitgraph_process *from = &graph->processes[process];

	for (size_t i = from->first; i < from->first + from->count; i++) {
		if (graph->waits[i].is_cycle)
			return &graph->waits[i];
	}
	return NULL;
}

/* Walks until it must be in a cycle, and then once around, from the lowest process. */
static void trace_cycle(struct waitgraph *graph, size_t process, size_t size, size_t *path)
{
	struct waitgraph_cycle *cycle = &graph->cycles[graph->cycle_count];
	size_t lowest;

	for (size_t i = 0; i < size; i++)
		process = cycle_wait(graph, process)->to;
	lowest = process;
	for (size_t at = cycle_wait(graph, process)->to; at != process;
	     at = cycle_wait(graph, at)->to) {
		if (at < lowest)
			lowest = at;
	}
	cycle->path = path;
	cycle->length = 0;
	process = lowest;
	do {
		path[cycle->length++] = process;
		process = cycle_wait(graph, process)->to;
	} while (process != lowest);
	cycle->is_deadlock = graph->processes[lowest].is_held;
	graph->cycle_count++;
}

void waitgraph_judge(struct waitgraph *graph)
{
	size_t *path = graph->path;
	size_t size;

	mark_cycles(graph);
	graph->cycle_count = 0;
	for (size_t i = 0; i < graph->process_count; i += size) {
		size = component_size(graph, i);
		judge_component(graph, graph->order + i, size);
		if (!cycle_wait(graph, graph->order[i]))
			continue;
		trace_cycle(graph, graph->order[i], size, path);
		path += graph->cycles[graph->cycle_count - 1].length;
	}
	for (size_t i = 0; i < graph->wait_count; i++) {
		struct waitgraph_wait *wait = &graph->waits[i];

		wait->is_deadlock = wait->is_cycle && graph->processes[wait->from].is_held;
	}
}
