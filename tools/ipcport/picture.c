// SPDX-License-Identifier: GPL-2.0
#include "picture.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int compare_numbers(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

/* Are they the same; names have no numbers. */
static int compare_keys(const struct picture_node *one, const struct picture_node *other)
{
	int order = compare_numbers(one->type, other->type);

	if (!order && one->type == PICTURE_NAME)
		return strcmp(one->text, other->text);
	return order ? order : compare_numbers(one->number, other->number);
}

/* Of those that are the same, what is known best comes first. */
static int compare_nodes(const void *a, const void *b)
{
	const struct picture_node *one = a, *other = b;
	int order = compare_keys(one, other);

	if (!order)
		order = compare_numbers(!one->port, !other->port);
	return order ? order : compare_numbers(!*one->text, !*other->text);
}

static int compare_ends(const struct picture_edge *one, const struct picture_edge *other)
{
	int order = compare_numbers(one->type, other->type);

	if (!order)
		order = compare_keys(&one->from, &other->from);
	return order ? order : compare_keys(&one->to, &other->to);
}

static unsigned int badness(const struct waitgraph_wait *wait)
{
	return wait ? 2 * wait->is_deadlock + wait->is_cycle : 0;
}

/* Of those that are the same, the worst comes first. Threads have an order, too. */
static int compare_edges(const void *a, const void *b)
{
	const struct picture_edge *one = a, *other = b;
	int order = compare_ends(one, other);

	if (!order)
		order = compare_numbers(badness(other->wait), badness(one->wait));
	if (!order && one->wait && other->wait)
		order = compare_numbers(one->wait->waiter->tid, other->wait->waiter->tid);
	return order;
}

static struct picture_node add_node(struct picture *picture, enum picture_node_type type,
				    uint64_t number, const char *text,
				    const struct view_port *port)
{
	const struct picture_node node = {
		.type = type, .number = number, .text = text, .port = port,
	};

	picture->nodes[picture->node_count++] = node;
	return node;
}

static void add_edge(struct picture *picture, enum picture_edge_type type,
		     struct picture_node from, struct picture_node to,
		     const struct waitgraph_wait *wait)
{
	picture->edges[picture->edge_count++] = (struct picture_edge){
		.type = type, .from = from, .to = to, .wait = wait,
	};
}

/* From a port to its owner, or to who has received a call; neither may be visible. */
static void add_role(struct picture *picture, enum picture_edge_type type,
		     struct picture_node port, uint32_t pid, const char *comm,
		     const struct waitgraph_wait *wait)
{
	if (pid)
		add_edge(picture, type, port,
			 add_node(picture, PICTURE_PROCESS, pid, comm, NULL), wait);
}

static void add_port(struct picture *picture, const struct view_port *port)
{
	struct picture_node node = add_node(picture, PICTURE_PORT, port->id, port->name, port);

	add_role(picture, PICTURE_OWNER, node, port->owner_pid, port->owner_comm, NULL);
}

static struct picture_node add_waiter(struct picture *picture, const struct waitgraph *graph,
				      size_t process)
{
	const struct waitgraph_process *from = &graph->processes[process];

	if (!from->pid)
		return add_node(picture, PICTURE_HIDDEN, process, "", NULL);
	return add_node(picture, PICTURE_PROCESS, from->pid, from->comm, NULL);
}

static void add_wait(struct picture *picture, const struct waitgraph *graph,
		     const struct waitgraph_wait *wait)
{
	const struct view_waiter *waiter = wait->waiter;
	bool is_received = waiter->kind == IPCPORT_WAIT_CALL_RECEIVED;
	struct picture_node from = add_waiter(picture, graph, wait->from), to;

	if (waiter->kind == IPCPORT_WAIT_NAME) {
		to = add_node(picture, PICTURE_NAME, 0, waiter->name, NULL);
		add_edge(picture, PICTURE_WAIT, from, to, wait);
		return;
	}
	to = add_node(picture, PICTURE_PORT, waiter->port, waiter->name, NULL);
	add_edge(picture, PICTURE_WAIT, from, to, wait);
	add_role(picture, PICTURE_OWNER, to, waiter->owner_pid, waiter->owner_comm,
		 is_received ? NULL : wait);
	if (is_received)
		add_role(picture, PICTURE_HOLDER, to, waiter->holder_pid, waiter->holder_comm,
			 wait);
}

static void sort_nodes(struct picture *picture)
{
	size_t kept = 0;

	qsort(picture->nodes, picture->node_count, sizeof(*picture->nodes), compare_nodes);
	for (size_t i = 0; i < picture->node_count; i++) {
		if (!kept || compare_keys(&picture->nodes[kept - 1], &picture->nodes[i]))
			picture->nodes[kept++] = picture->nodes[i];
	}
	picture->node_count = kept;
}

/* Several threads may wait in a port, but a port has its owner once. */
static void sort_edges(struct picture *picture)
{
	size_t kept = 0;

	qsort(picture->edges, picture->edge_count, sizeof(*picture->edges), compare_edges);
	for (size_t i = 0; i < picture->edge_count; i++) {
		const struct picture_edge *edge = &picture->edges[i];

		if (edge->type == PICTURE_WAIT || !kept ||
		    compare_ends(&picture->edges[kept - 1], edge))
			picture->edges[kept++] = *edge;
	}
	picture->edge_count = kept;
}

static bool is_idle(const struct view_port *port)
{
	return !port->senders && !port->receivers && !port->calls;
}

int picture_compose(struct picture *picture, const struct waitgraph *graph,
		    const struct view_ports *ports, bool is_busy)
{
	/* A wait has up to four nodes and three edges. One more, so that it is not 0. */
	picture->nodes = calloc(2 * ports->count + 4 * graph->wait_count + 1,
				sizeof(*picture->nodes));
	picture->edges = calloc(ports->count + 3 * graph->wait_count + 1,
				sizeof(*picture->edges));
	picture->node_count = 0;
	picture->edge_count = 0;
	if (!picture->nodes || !picture->edges) {
		picture_free(picture);
		return -ENOMEM;
	}
	for (size_t i = 0; i < ports->count; i++) {
		if (!is_busy || !is_idle(&ports->items[i]))
			add_port(picture, &ports->items[i]);
	}
	for (size_t i = 0; i < graph->wait_count; i++)
		add_wait(picture, graph, &graph->waits[i]);
	sort_nodes(picture);
	sort_edges(picture);
	return 0;
}

void picture_free(struct picture *picture)
{
	free(picture->nodes);
	free(picture->edges);
}
