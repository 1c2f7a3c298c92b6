/* SPDX-License-Identifier: GPL-2.0 */
/*
 * DOC: who waits for whom
 *
 * Processes and the waits between them. Who waits for space, or for a call to be received,
 * waits for the process that owns the port, since any thread of it could receive; who
 * waits for the answer to a call that was received waits for the process that has it. Who
 * waits for a message or for a name waits for nobody in particular.
 *
 * A cycle of waits need not be a deadlock. It is called one if nobody in it can go on by
 * himself: all threads of its processes wait in ports, for processes of which the same is
 * true, and nobody has a handle to receive from those ports. Whoever may receive also
 * answers calls that others have received. That leaves those who may by a port's mode, who
 * are not known before they come. Dumps are not of one moment, either: two of them, one
 * after the other, tell which waits existed together, namely those that are in both; see
 * waitgraph_confirm().
 *
 * Nothing here asks the kernel for anything. What it says is put in from outside.
 */
#ifndef WAITGRAPH_H
#define WAITGRAPH_H

#include "view.h"

/* Where a process's index would be, if there were one. */
#define WAITGRAPH_NOBODY	SIZE_MAX

/**
 * struct waitgraph_process - a process that waits, or is waited for
 * @pid: its id; 0 if it cannot be seen from here, and then it may be any process: it is
 *	an element of its own for each time it is mentioned
 * @comm: what it is called, an empty string if that is not known
 * @first: its first wait in the graph's @waits, the others follow
 * @count: how many waits it has
 * @thread_count: threads it has, for waitgraph_judge(); 0 if that is not known
 * @component: see waitgraph_search()
 * @is_held: cannot go on by itself, as waitgraph_judge() found
 */
struct waitgraph_process {
	uint32_t pid;
	const char *comm;
	size_t first;
	size_t count;
	size_t thread_count;
	size_t component;
	bool is_held;
};

/**
 * struct waitgraph_wait - a thread of a process that waits, or a call of it
 * @waiter: what the module says of it
 * @from: whose it is, index of a process
 * @to: the process that it waits for, or WAITGRAPH_NOBODY
 * @is_lasting: has not been missing from a later dump
 * @is_shared: others than @to may serve it, for waitgraph_judge()
 * @is_cycle: is part of a cycle
 * @is_deadlock: is part of a cycle in which nobody can go on by himself
 */
struct waitgraph_wait {
	const struct view_waiter *waiter;
	size_t from;
	size_t to;
	bool is_lasting;
	bool is_shared;
	bool is_cycle;
	bool is_deadlock;
};

/**
 * struct waitgraph_cycle - a cycle, one for all processes that wait for each other
 * @path: indexes of its processes; each waits for the next, the last for the first
 * @length: how many
 * @is_deadlock: nobody in it can go on by himself
 */
struct waitgraph_cycle {
	const size_t *path;
	size_t length;
	bool is_deadlock;
};

/**
 * struct waitgraph - who waits for whom
 * @processes: the processes; those that can be seen from here first, by their ids
 * @process_count: how many
 * @waits: all waits, in the order of @processes
 * @wait_count: how many
 * @cycles: what waitgraph_judge() found
 * @cycle_count: how many
 * @visits: what a search notes of each process
 * @order: processes in the order in which the last search was done with them
 * @path: processes of all cycles
 */
struct waitgraph {
	struct waitgraph_process *processes;
	size_t process_count;
	struct waitgraph_wait *waits;
	size_t wait_count;
	struct waitgraph_cycle *cycles;
	size_t cycle_count;
	struct waitgraph_visit *visits;
	size_t *order;
	size_t *path;
};

/**
 * waitgraph_is_sleeping() - does a thread sleep in a wait
 * @wait: the wait; else it is a call whose caller does something else meanwhile
 */
bool waitgraph_is_sleeping(const struct waitgraph_wait *wait);

/**
 * waitgraph_build() - find out who waits for whom
 * @waiters: a dump; has to be there as long as the graph
 *
 * Return: the graph, to be given to waitgraph_free(); NULL without memory.
 */
struct waitgraph *waitgraph_build(const struct view_waiters *waiters);

/**
 * waitgraph_free() - forget a graph
 * @graph: the graph, or NULL
 */
void waitgraph_free(struct waitgraph *graph);

/**
 * waitgraph_find() - find a process
 * @graph: the graph
 * @pid: its id
 *
 * Return: its index, or WAITGRAPH_NOBODY.
 */
size_t waitgraph_find(const struct waitgraph *graph, uint32_t pid);

/**
 * waitgraph_find_thread() - find the process of a thread that waits
 * @graph: the graph
 * @tid: the thread's id
 *
 * Return: its index, or WAITGRAPH_NOBODY.
 */
size_t waitgraph_find_thread(const struct waitgraph *graph, uint32_t tid);

/**
 * waitgraph_search() - number the components: processes that reach each other through waits
 * @graph: the graph
 * @follows: is a wait to be followed; only asked about those which have a @to
 *
 * Sets @component of each process. No wait that is followed leads to a higher component
 * than it comes from. @order has the processes from the lowest component to the highest.
 */
void waitgraph_search(struct waitgraph *graph,
		      bool (*follows)(const struct waitgraph_wait *wait));

/**
 * waitgraph_confirm() - note which waits have not lasted until a later dump
 * @graph: the graph
 * @later: a dump that began after the first one had ended
 *
 * A wait lasts if the same thread still waits for the same process in the same way. All
 * waits that last existed at the moment between the dumps.
 *
 * Return: 0 or -ENOMEM.
 */
int waitgraph_confirm(struct waitgraph *graph, const struct view_waiters *later);

/**
 * waitgraph_judge() - find cycles of waits that last, and tell which are deadlocks
 * @graph: the graph
 */
void waitgraph_judge(struct waitgraph *graph);

#endif /* WAITGRAPH_H */
