// SPDX-License-Identifier: GPL-2.0
#include "picture_print.h"
#include "age.h"
#include "json.h"
#include "text.h"
#include "view_json.h"
#include "waiting.h"

#include <inttypes.h>
#include <string.h>

/* Bytes that the longest id needs: a name with something before it. */
#define ID_SIZE	(TEXT_SIZE(IPCPORT_NAME_SIZE) + 32)

static const char *const edge_words[] = {
	[PICTURE_OWNER] = "owner",
	[PICTURE_WAIT] = "wait",
	[PICTURE_HOLDER] = "holder",
};

static const char *node_id(char id[ID_SIZE], const struct picture_node *node)
{
	char name[TEXT_SIZE(IPCPORT_NAME_SIZE)];

	switch (node->type) {
	case PICTURE_PROCESS:
		snprintf(id, ID_SIZE, "process:%" PRIu64, node->number);
		break;
	case PICTURE_HIDDEN:
		snprintf(id, ID_SIZE, "process:0:%" PRIu64, node->number);
		break;
	case PICTURE_PORT:
		snprintf(id, ID_SIZE, "port:%" PRIu64, node->number);
		break;
	case PICTURE_NAME:
		snprintf(id, ID_SIZE, "name:%s", text_format(name, sizeof(name), node->text));
		break;
	}
	return id;
}

/* Inside of a string of graphviz', which has escapes, and entities as in HTML. */
static void print_escaped(FILE *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			fputc('\\', out);
		fputc(*text, out);
		if (*text == '&')
			fputs("amp;", out);
	}
}

static void print_id(FILE *out, const struct picture_node *node)
{
	char id[ID_SIZE];

	fputc('"', out);
	print_escaped(out, node_id(id, node));
	fputc('"', out);
}

static void print_text(FILE *out, const char *bytes)
{
	char text[TEXT_SIZE(IPCPORT_NAME_SIZE)];

	print_escaped(out, text_format(text, sizeof(text), bytes));
}

static void print_node(FILE *out, const struct picture_node *node)
{
	fputc('\t', out);
	print_id(out, node);
	fprintf(out, " [shape=%s, label=\"", node->type == PICTURE_PORT ? "ellipse" :
		node->type == PICTURE_NAME ? "note" : "box");
	print_text(out, node->text);
	if (node->type == PICTURE_PROCESS)
		fprintf(out, "%spid %" PRIu64, *node->text ? "\\n" : "", node->number);
	else if (node->type == PICTURE_HIDDEN)
		fprintf(out, "not visible");
	else if (node->type == PICTURE_PORT)
		fprintf(out, "%sport %" PRIu64, *node->text ? "\\n" : "", node->number);
	else
		fprintf(out, "\\n(nobody has this name)");
	if (node->port)
		fprintf(out, "\\n%u of %u messages", node->port->depth, node->port->capacity);
	fprintf(out, "\"];\n");
}

static void print_wait_label(FILE *out, const struct waitgraph_wait *wait)
{
	const struct view_waiter *waiter = wait->waiter;
	char age[AGE_SIZE];

	fprintf(out, "%s\\n%s", view_kind_word(waiter->kind), age_since(age, waiter->since));
	if (waiter->tid != waiter->pid)
		fprintf(out, "\\ntid %u", waiter->tid);
}

static const char *colour(const struct picture_edge *edge)
{
	if (edge->wait && edge->wait->is_deadlock)
		return ", color=red, fontcolor=red, penwidth=2";
	if (edge->wait && edge->wait->is_cycle)
		return ", color=orange, fontcolor=orange, penwidth=2";
	return "";
}

static const char *style(const struct picture_edge *edge)
{
	if (edge->type == PICTURE_OWNER)
		return "dotted";
	return edge->wait && !waitgraph_is_sleeping(edge->wait) ? "dashed" : "solid";
}

static void print_edge(FILE *out, const struct picture_edge *edge)
{
	fputc('\t', out);
	print_id(out, &edge->from);
	fputs(" -> ", out);
	print_id(out, &edge->to);
	fputs(" [label=\"", out);
	if (edge->type == PICTURE_WAIT)
		print_wait_label(out, edge->wait);
	else
		fputs(edge_words[edge->type], out);
	fprintf(out, "\", style=%s%s];\n", style(edge), colour(edge));
}

void picture_print_dot(FILE *out, const struct picture *picture)
{
	fprintf(out, "digraph ipcport {\n\trankdir=LR;\n");
	for (size_t i = 0; i < picture->node_count; i++)
		print_node(out, &picture->nodes[i]);
	for (size_t i = 0; i < picture->edge_count; i++)
		print_edge(out, &picture->edges[i]);
	fprintf(out, "}\n");
}

static struct json_object *json_node(const struct picture_node *node)
{
	struct json_object *object = json_object_new_object();
	char id[ID_SIZE];

	json_text(object, "id", node_id(id, node));
	switch (node->type) {
	case PICTURE_PROCESS:
	case PICTURE_HIDDEN:
		json_text(object, "type", "process");
		json_u64(object, "pid", node->type == PICTURE_PROCESS ? node->number : 0);
		json_view_text(object, "comm", node->text);
		break;
	case PICTURE_PORT:
		json_text(object, "type", "port");
		json_u64(object, "port", node->number);
		json_view_text(object, "name", node->text);
		if (!node->port)
			break;
		json_u64(object, "capacity", node->port->capacity);
		json_u64(object, "depth", node->port->depth);
		break;
	case PICTURE_NAME:
		json_text(object, "type", "name");
		json_view_text(object, "name", node->text);
		break;
	}
	return object;
}

static void add_flag(struct json_object *object, const char *key, bool is_set)
{
	json_object_object_add(object, key, json_object_new_boolean(is_set));
}

static struct json_object *json_edge(const struct picture_edge *edge,
				     const struct waitgraph *graph)
{
	bool is_wait = edge->type == PICTURE_WAIT;
	struct json_object *object = is_wait ? waiting_json(graph, edge->wait) :
					       json_object_new_object();
	char id[ID_SIZE];

	json_text(object, "type", edge_words[edge->type]);
	json_text(object, "from", node_id(id, &edge->from));
	json_text(object, "to", node_id(id, &edge->to));
	if (!is_wait) {
		add_flag(object, "is_cycle", edge->wait && edge->wait->is_cycle);
		add_flag(object, "is_deadlock", edge->wait && edge->wait->is_deadlock);
	}
	return object;
}

void picture_print_json(const struct picture *picture, const struct waitgraph *graph)
{
	struct json_object *object = json_object_new_object();
	struct json_object *nodes = json_object_new_array();
	struct json_object *edges = json_object_new_array();

	for (size_t i = 0; i < picture->node_count; i++)
		json_object_array_add(nodes, json_node(&picture->nodes[i]));
	for (size_t i = 0; i < picture->edge_count; i++)
		json_object_array_add(edges, json_edge(&picture->edges[i], graph));
	json_object_object_add(object, "nodes", nodes);
	json_object_object_add(object, "edges", edges);
	json_print(object);
}
