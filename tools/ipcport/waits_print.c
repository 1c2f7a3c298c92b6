// SPDX-License-Identifier: GPL-2.0
#include "waits_print.h"
#include "age.h"
#include "array.h"
#include "command.h"
#include "json.h"
#include "table.h"
#include "text.h"
#include "waiting.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A chain may be longer than a line: what is deeper than this stands as if it were not. */
#define DEEPEST	20

static const struct column columns[] = {
	{ "PROCESS", false },
	{ "KIND", false },
	{ "SINCE", true },
	{ "PORT", true },
	{ "NAME", false },
	{ "OWNER", false },
	{ "HOLDER", false },
	{ "NOTE", false },
};

/* What a process is called, and its id; of a thread that is not the main one, both ids. */
static void add_process(struct table *table, const char *indent, const char *comm, uint32_t pid,
			uint32_t tid)
{
	char text[TEXT_SIZE(VIEW_COMM_SIZE)];

	text_format(text, sizeof(text), comm);
	if (tid && tid != pid)
		table_cell(table, "%s%s[%u.%u]", indent, text, pid, tid);
	else
		table_cell(table, "%s%s[%u]", indent, text, pid);
}

static void add_process_if(struct table *table, bool is_there, const char *comm, uint32_t pid)
{
	if (is_there)
		add_process(table, "", comm, pid, 0);
	else
		table_cell(table, "-");
}

static const char *note(const struct waitgraph_wait *wait)
{
	if (wait->is_deadlock)
		return "DEADLOCK";
	if (wait->is_cycle)
		return "cycle";
	return waitgraph_is_sleeping(wait) ? "-" : "async";
}

static void add_wait(struct table *table, const char *indent, const struct waitgraph_wait *wait)
{
	const struct view_waiter *waiter = wait->waiter;
	char age[AGE_SIZE];

	add_process(table, indent, waiter->comm, waiter->pid, waiter->tid);
	table_cell(table, "%s", view_kind_word(waiter->kind));
	table_cell(table, "%s", age_since(age, waiter->since));
	if (waiter->port)
		table_cell(table, "%" PRIu64, waiter->port);
	else
		table_cell(table, "-");
	table_text(table, waiter->name);
	add_process_if(table, waiter->port, waiter->owner_comm, waiter->owner_pid);
	add_process_if(table, waiter->kind == IPCPORT_WAIT_CALL_RECEIVED, waiter->holder_comm,
		       waiter->holder_pid);
	table_cell(table, "%s", note(wait));
}

/* A process that does not wait. */
static void add_leaf(struct table *table, const char *indent,
		     const struct waitgraph_process *process)
{
	add_process(table, indent, process->comm, process->pid, 0);
	for (size_t i = 1; i < ARRAY_SIZE(columns); i++)
		table_cell(table, "-");
}

static int print_tree(const struct waitgraph *graph, const struct waittree *tree)
{
	struct table table = { .columns = columns, .column_count = ARRAY_SIZE(columns) };
	char indent[2 * DEEPEST + 8];

	for (size_t i = 0; i < tree->count; i++) {
		const struct waittree_row *row = &tree->rows[i];
		size_t depth = row->depth < DEEPEST ? row->depth : DEEPEST;

		snprintf(indent, sizeof(indent), "%*s%s", depth ? 2 * (int)depth - 2 : 0, "",
			 depth ? "`-" : "");
		if (row->wait)
			add_wait(&table, indent, row->wait);
		else
			add_leaf(&table, indent, &graph->processes[row->process]);
	}
	return table_print(&table);
}

static void print_cycle(const struct waitgraph *graph, const struct waitgraph_cycle *cycle)
{
	printf("%s: ", cycle->is_deadlock ? "Deadlock" : "Cycle, perhaps a deadlock");
	for (size_t i = 0; i < cycle->length; i++) {
		waiting_print_process(stdout, &graph->processes[cycle->path[i]]);
		printf(" -> ");
	}
	waiting_print_process(stdout, &graph->processes[cycle->path[0]]);
	printf("\n");
}

static bool has_row(const struct waittree *tree, size_t process)
{
	for (size_t i = 0; i < tree->count; i++) {
		if (tree->rows[i].process == process)
			return true;
	}
	return false;
}

static void print_cycles(const struct waitgraph *graph, const struct waittree *tree)
{
	for (size_t i = 0; i < graph->cycle_count; i++) {
		if (has_row(tree, graph->cycles[i].path[0]))
			print_cycle(graph, &graph->cycles[i]);
	}
}

int waits_print_all(const struct waitgraph *graph, const struct waittree *tree)
{
	int status = print_tree(graph, tree);

	if (status)
		return status;
	if (graph->cycle_count)
		printf("\n");
	print_cycles(graph, tree);
	return STATUS_OK;
}

/* What somebody has to do, so that who is at the end of a chain goes on. */
static void print_need(const struct view_waiter *waiter)
{
	bool is_name = waiter->kind == IPCPORT_WAIT_NAME;

	if (is_name)
		printf("waits for a port with the name ");
	else
		printf("waits for a message to port %" PRIu64, waiter->port);
	if (*waiter->name) {
		printf(is_name ? "" : ", ");
		text_print(stdout, (const uint8_t *)waiter->name, strlen(waiter->name));
	}
}

static void print_place(const struct view_waiter *waiter)
{
	bool is_name = waiter->kind == IPCPORT_WAIT_NAME;

	if (is_name)
		printf("waits for a port with the name ");
	else
		printf("waits in port %" PRIu64, waiter->port);
	if (*waiter->name) {
		printf(is_name ? "" : " (");
		text_print(stdout, (const uint8_t *)waiter->name, strlen(waiter->name));
		printf(is_name ? "" : ")");
	}
}

/* Who waits in no port may wait for its child, as "serve" does, and the child in a port. */
static void print_idle(const struct waitgraph *graph, const struct kin *kin, uint32_t pid)
{
	const struct kinship *first = NULL;
	size_t count = 0;

	for (size_t i = 0; i < kin->count; i++) {
		if (kin->items[i].ancestor == pid && !count++)
			first = &kin->items[i];
	}
	printf("waits in no port that you may see");
	if (!first)
		return;
	printf("; its %s ", first->is_child ? "child" : "descendant");
	waiting_print_process(stdout, &graph->processes[first->process]);
	printf(" ");
	print_place(kin_find_wait(graph, first->process)->waiter);
	if (count > 1)
		printf(", and %zu more %s", count - 1, count == 2 ? "waits" : "wait");
}

/* Who is at the end of a chain, and what is known of why. */
static void print_end(const struct waitgraph *graph, const struct waittree *tree,
		      const struct kin *kin, const struct waittree_row *row)
{
	const struct waitgraph_process *process = &graph->processes[row->process];

	if (row->process != tree->rows[0].process) {
		waiting_print_process(stdout, &graph->processes[tree->rows[0].process]);
		printf(" waits for ");
	}
	waiting_print_process(stdout, process);
	printf(row->process == tree->rows[0].process ? " " : ", which ");
	if (row->wait)
		print_need(row->wait->waiter);
	else if (process->pid)
		print_idle(graph, kin, process->pid);
	else
		printf("cannot be seen from here");
	printf(".\n");
}

/* Several threads may wait for messages to a port. */
static bool is_repeated(const struct waittree_row *row, const struct waittree_row *before)
{
	return row->wait && before->wait && row->process == before->process &&
	       row->wait->waiter->kind == IPCPORT_WAIT_RECV &&
	       before->wait->waiter->kind == IPCPORT_WAIT_RECV &&
	       row->wait->waiter->port == before->wait->waiter->port;
}

/*
 * Where it is not known who could be asked next: first those whom anyone could help, then
 * those who do something else, since it is these who have to be looked at.
 */
static void print_ends(const struct waitgraph *graph, const struct waittree *tree,
		       const struct kin *kin)
{
	for (size_t i = 0; i < tree->count; i++) {
		const struct waittree_row *row = &tree->rows[i];

		if (row->wait && row->wait->to == WAITGRAPH_NOBODY &&
		    (!i || !is_repeated(row, row - 1)))
			print_end(graph, tree, kin, row);
	}
	for (size_t i = 0; i < tree->count; i++) {
		if (!tree->rows[i].wait)
			print_end(graph, tree, kin, &tree->rows[i]);
	}
}

static void read_comm(uint32_t pid, char comm[VIEW_COMM_SIZE])
{
	char path[32];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%u/comm", pid);
	file = fopen(path, "re");
	if (!file)
		return;
	if (fgets(comm, VIEW_COMM_SIZE, file))
		comm[strcspn(comm, "\n")] = '\0';
	fclose(file);
}

int waits_print_chain(const struct waitgraph *graph, const struct waittree *tree,
		      const struct kin *kin, uint32_t pid)
{
	char comm[VIEW_COMM_SIZE] = "";
	const struct waitgraph_process process = { .pid = pid, .comm = comm };
	int status;

	if (!tree->count) {
		read_comm(pid, comm);
		waiting_print_process(stdout, &process);
		printf(" ");
		print_idle(graph, kin, pid);
		printf(".\n");
		return STATUS_OK;
	}
	status = print_tree(graph, tree);
	if (status)
		return status;
	printf("\n");
	print_cycles(graph, tree);
	print_ends(graph, tree, kin);
	return STATUS_OK;
}

int waits_print_json(const struct waitgraph *graph, const struct waittree *tree)
{
	struct json_object *array = json_object_new_array();

	for (size_t i = 0; i < tree->count; i++) {
		if (tree->rows[i].wait)
			json_object_array_add(array, waiting_json(graph, tree->rows[i].wait));
	}
	json_print(array);
	return STATUS_OK;
}
