// SPDX-License-Identifier: GPL-2.0
#include "waitgraph.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/**
 * struct waitgraph_visit - what a search notes of a process
 * @number: when it was reached, 0 if it was not yet
 * @lowest: the earliest process that is still open and can be reached from here
 * @next: wait to follow next
 * @parent: process from which it was reached
 * @below: process that was opened before
 * @is_open: its component is not known yet
 */
struct waitgraph_visit {
	size_t number;
	size_t lowest;
	size_t next;
	size_t parent;
	size_t below;
	bool is_open;
};

/**
 * struct search - a search for components, in Tarjan's way
 * @graph: what is searched
 * @follows: which waits it follows
 * @reached: how many processes it has reached
 * @done: how many of them have a component
 * @components: how many there are
 * @open: process that was opened last
 */
struct search {
	struct waitgraph *graph;
	bool (*follows)(const struct waitgraph_wait *wait);
	size_t reached;
	size_t done;
	size_t components;
	size_t open;
};

bool waitgraph_is_sleeping(const struct waitgraph_wait *wait)
{
	return !wait->waiter->is_async;
}

/* Which process could end a wait: its pid, 0 if it cannot be seen; false if nobody is known. */
static bool awaits(const struct view_waiter *waiter, uint32_t *pid, const char **comm)
{
	switch (waiter->kind) {
	case IPCPORT_WAIT_SEND:
	case IPCPORT_WAIT_CALL_SPACE:
	case IPCPORT_WAIT_CALL_QUEUED:
		*pid = waiter->owner_pid;
		*comm = waiter->owner_comm;
		return true;
	case IPCPORT_WAIT_CALL_RECEIVED:
		*pid = waiter->holder_pid;
		*comm = waiter->holder_comm;
		return true;
	default:
		return false;
	}
}

static int compare_numbers(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static int compare_pids(const void *a, const void *b)
{
	const struct waitgraph_process *one = a, *other = b;

	return compare_numbers(one->pid, other->pid);
}

/* By process; those in which a thread sleeps first, thread by thread. */
static int compare_waits(const void *a, const void *b)
{
	const struct waitgraph_wait *one = a, *other = b;
	int order = compare_numbers(one->from, other->from);

	if (!order)
		order = compare_numbers(one->waiter->is_async, other->waiter->is_async);
	if (!order)
		order = compare_numbers(one->waiter->tid, other->waiter->tid);
	return order ? order : compare_numbers(one->waiter->since, other->waiter->since);
}

size_t waitgraph_find(const struct waitgraph *graph, uint32_t pid)
{
	const struct waitgraph_process key = { .pid = pid };
	const struct waitgraph_process *found;

	if (!pid || !graph->process_count)
		return WAITGRAPH_NOBODY;
	found = bsearch(&key, graph->processes, graph->process_count, sizeof(key), compare_pids);
	return found ? (size_t)(found - graph->processes) : WAITGRAPH_NOBODY;
}

size_t waitgraph_find_thread(const struct waitgraph *graph, uint32_t tid)
{
	for (size_t i = 0; tid && i < graph->wait_count; i++) {
		if (graph->waits[i].waiter->tid == tid)
			return graph->waits[i].from;
	}
	return WAITGRAPH_NOBODY;
}

static void add_process(struct waitgraph *graph, uint32_t pid)
{
	if (pid)
		graph->processes[graph->process_count++] = (struct waitgraph_process){
			.pid = pid, .comm = "",
		};
}

/* All that can be seen, once each, sorted. */
static void add_processes(struct waitgraph *graph, const struct view_waiters *waiters)
{
	const char *comm;
	size_t kept = 0;
	uint32_t pid;

	for (size_t i = 0; i < waiters->count; i++) {
		add_process(graph, waiters->items[i].pid);
		if (awaits(&waiters->items[i], &pid, &comm))
			add_process(graph, pid);
	}
	qsort(graph->processes, graph->process_count, sizeof(*graph->processes), compare_pids);
	for (size_t i = 0; i < graph->process_count; i++) {
		if (!kept || graph->processes[kept - 1].pid != graph->processes[i].pid)
			graph->processes[kept++] = graph->processes[i];
	}
	graph->process_count = kept;
}

/* A process that cannot be seen goes where the search for pids does not look: behind. */
static size_t find_or_add(struct waitgraph *graph, size_t *count, uint32_t pid)
{
	if (pid)
		return waitgraph_find(graph, pid);
	graph->processes[*count] = (struct waitgraph_process){ .comm = "" };
	return (*count)++;
}

/*
 * The main thread is called like its process, so are owners and holders. The name of
 * another thread is better than none.
 */
static void name_process(struct waitgraph_process *process, const char *comm, bool is_certain)
{
	if (*comm && (is_certain || !*process->comm))
		process->comm = comm;
}

static void add_waits(struct waitgraph *graph, const struct view_waiters *waiters)
{
	size_t count = graph->process_count, to;
	const char *comm;
	uint32_t pid;

	for (size_t i = 0; i < waiters->count; i++) {
		const struct view_waiter *waiter = &waiters->items[i];
		struct waitgraph_wait *wait = &graph->waits[graph->wait_count++];

		wait->waiter = waiter;
		wait->is_lasting = true;
		wait->from = find_or_add(graph, &count, waiter->pid);
		name_process(&graph->processes[wait->from], waiter->comm,
			     waiter->tid == waiter->pid);
		wait->to = WAITGRAPH_NOBODY;
		if (!awaits(waiter, &pid, &comm))
			continue;
		to = find_or_add(graph, &count, pid);
		name_process(&graph->processes[to], comm, true);
		wait->to = to;
	}
	graph->process_count = count;
}

static void sort_waits(struct waitgraph *graph)
{
	qsort(graph->waits, graph->wait_count, sizeof(*graph->waits), compare_waits);
	for (size_t i = graph->wait_count; i--; ) {
		struct waitgraph_process *process = &graph->processes[graph->waits[i].from];

		process->first = i;
		process->count++;
	}
}

struct waitgraph *waitgraph_build(const struct view_waiters *waiters)
{
	/* Not 0, for which calloc() may return NULL. */
	size_t waits = waiters->count + 1, processes = 2 * waits;
	struct waitgraph *graph = calloc(1, sizeof(*graph));

	if (!graph)
		return NULL;
	graph->processes = calloc(processes, sizeof(*graph->processes));
	graph->waits = calloc(waits, sizeof(*graph->waits));
	graph->cycles = calloc(processes, sizeof(*graph->cycles));
	graph->visits = calloc(processes, sizeof(*graph->visits));
	graph->order = calloc(processes, sizeof(*graph->order));
	graph->path = calloc(processes, sizeof(*graph->path));
	if (!graph->processes || !graph->waits || !graph->cycles || !graph->visits ||
	    !graph->order || !graph->path) {
		waitgraph_free(graph);
		return NULL;
	}
	add_processes(graph, waiters);
	add_waits(graph, waiters);
	sort_waits(graph);
	return graph;
}

void waitgraph_free(struct waitgraph *graph)
{
	if (!graph)
		return;
	free(graph->processes);
	free(graph->waits);
	free(graph->cycles);
	free(graph->visits);
	free(graph->order);
	free(graph->path);
	free(graph);
}

static void open_process(struct search *search, size_t process, size_t parent)
{
	struct waitgraph_visit *visit = &search->graph->visits[process];

	visit->number = ++search->reached;
	visit->lowest = visit->number;
	visit->next = search->graph->processes[process].first;
	visit->parent = parent;
	visit->below = search->open;
	visit->is_open = true;
	search->open = process;
}

/* All that was opened since @first, and is still open, can reach it, and is reached from it. */
static void close_component(struct search *search, size_t first)
{
	struct waitgraph *graph = search->graph;
	size_t process;

	do {
		process = search->open;
		search->open = graph->visits[process].below;
		graph->visits[process].is_open = false;
		graph->processes[process].component = search->components;
		graph->order[search->done++] = process;
	} while (process != first);
	search->components++;
}

static void note_lowest(struct waitgraph_visit *visit, size_t number)
{
	if (number < visit->lowest)
		visit->lowest = number;
}

/* The next wait of a process that is to be followed, NULL after the last one. */
static const struct waitgraph_wait *next_wait(struct search *search, size_t process)
{
	const struct waitgraph_process *from = &search->graph->processes[process];
	struct waitgraph_visit *visit = &search->graph->visits[process];

	while (visit->next < from->first + from->count) {
		const struct waitgraph_wait *wait = &search->graph->waits[visit->next++];

		if (wait->to != WAITGRAPH_NOBODY && search->follows(wait))
			return wait;
	}
	return NULL;
}

/* A chain of waits may be longer than the stack is deep: no recursion. */
static void search_from(struct search *search, size_t process)
{
	struct waitgraph_visit *visits = search->graph->visits;

	open_process(search, process, WAITGRAPH_NOBODY);
	while (process != WAITGRAPH_NOBODY) {
		const struct waitgraph_wait *wait = next_wait(search, process);
		struct waitgraph_visit *visit = &visits[process];

		if (wait && !visits[wait->to].number) {
			open_process(search, wait->to, process);
			process = wait->to;
		} else if (wait) {
			if (visits[wait->to].is_open)
				note_lowest(visit, visits[wait->to].number);
		} else {
			if (visit->lowest == visit->number)
				close_component(search, process);
			process = visit->parent;
			if (process != WAITGRAPH_NOBODY)
				note_lowest(&visits[process], visit->lowest);
		}
	}
}

void waitgraph_search(struct waitgraph *graph, bool (*follows)(const struct waitgraph_wait *wait))
{
	struct search search = { .graph = graph, .follows = follows, .open = WAITGRAPH_NOBODY };

	memset(graph->visits, 0, graph->process_count * sizeof(*graph->visits));
	for (size_t i = 0; i < graph->process_count; i++) {
		if (!graph->visits[i].number)
			search_from(&search, i);
	}
}

/* A port's owner is always the same. */
static int compare_waiters(const void *a, const void *b)
{
	const struct view_waiter *one = *(const struct view_waiter *const *)a;
	const struct view_waiter *other = *(const struct view_waiter *const *)b;
	int order = compare_numbers(one->port, other->port);

	if (!order)
		order = compare_numbers(one->tid, other->tid);
	if (!order)
		order = compare_numbers(one->token, other->token);
	if (!order)
		order = compare_numbers(one->since, other->since);
	if (!order)
		order = compare_numbers(one->kind, other->kind);
	return order ? order : compare_numbers(one->holder_pid, other->holder_pid);
}

int waitgraph_confirm(struct waitgraph *graph, const struct view_waiters *later)
{
	const struct view_waiter **sorted = calloc(later->count + 1, sizeof(*sorted));

	if (!sorted)
		return -ENOMEM;
	for (size_t i = 0; i < later->count; i++)
		sorted[i] = &later->items[i];
	qsort(sorted, later->count, sizeof(*sorted), compare_waiters);
	for (size_t i = 0; i < graph->wait_count; i++) {
		struct waitgraph_wait *wait = &graph->waits[i];

		if (!bsearch(&wait->waiter, sorted, later->count, sizeof(*sorted), compare_waiters))
			wait->is_lasting = false;
	}
	free(sorted);
	return 0;
}
