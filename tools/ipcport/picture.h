/* SPDX-License-Identifier: GPL-2.0 */
/*
 * DOC: who waits for whom, as something to draw
 *
 * Processes, ports, and names that nobody has are nodes. Edges lead from who waits to the
 * port or name, from there to the process that received a call, and to the port's owner.
 */
#ifndef PICTURE_H
#define PICTURE_H

#include "waitgraph.h"

enum picture_node_type {
	PICTURE_PROCESS,
	PICTURE_HIDDEN,		/* a process that cannot be seen from here */
	PICTURE_PORT,
	PICTURE_NAME,
};

/**
 * struct picture_node - a node
 * @type: what it is
 * @number: process id, number of the port; of a hidden process, its index in the graph
 * @text: what the process is called, the port's name, or the name that nobody has
 * @port: all about the port, if it is in the list
 */
struct picture_node {
	enum picture_node_type type;
	uint64_t number;
	const char *text;
	const struct view_port *port;
};

enum picture_edge_type {
	PICTURE_OWNER,
	PICTURE_WAIT,
	PICTURE_HOLDER,
};

/**
 * struct picture_edge - an edge
 * @type: what it is
 * @from: where it begins; @text and @port need not be there
 * @to: where it ends, likewise
 * @wait: the wait that it is part of, the worst one if there are several; may be NULL
 */
struct picture_edge {
	enum picture_edge_type type;
	struct picture_node from;
	struct picture_node to;
	const struct waitgraph_wait *wait;
};

/**
 * struct picture - nodes and edges, each once, and sorted
 */
struct picture {
	struct picture_node *nodes;
	size_t node_count;
	struct picture_edge *edges;
	size_t edge_count;
};

/**
 * picture_compose() - decide what is to be drawn
 * @picture: filled in on success, to be given to picture_free()
 * @graph: who waits for whom; it and @ports have to be there as long as the picture
 * @ports: the ports
 * @is_busy: leave out ports in which nobody waits and no call is open
 *
 * Return: 0 or -ENOMEM.
 */
int picture_compose(struct picture *picture, const struct waitgraph *graph,
		    const struct view_ports *ports, bool is_busy);

/**
 * picture_free() - forget a picture
 * @picture: what picture_compose() filled in
 */
void picture_free(struct picture *picture);

#endif /* PICTURE_H */
