// SPDX-License-Identifier: GPL-2.0
/* What "ipcport graph" draws, and how that is said to graphviz. */
#include "../ipcport/picture_print.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define A_TEST(test)	cmocka_unit_test_setup_teardown(test, reset, forget)

#define MOST	8

static struct {
	struct view_waiter waiters[MOST];
	struct view_port ports[MOST];
	struct view_waiters dump;
	struct view_ports list;
	struct waitgraph *graph;
	struct picture picture;
} scene;

static int reset(void **state)
{
	(void)state;
	memset(&scene, 0, sizeof(scene));
	scene.dump.items = scene.waiters;
	scene.list.items = scene.ports;
	return 0;
}

static int forget(void **state)
{
	(void)state;
	picture_free(&scene.picture);
	waitgraph_free(scene.graph);
	return 0;
}

static struct view_waiter *add(uint32_t kind, uint32_t pid, uint64_t port, uint32_t owner)
{
	struct view_waiter *waiter = &scene.waiters[scene.dump.count++];

	assert_true(scene.dump.count <= MOST);
	*waiter = (struct view_waiter){
		.kind = kind, .pid = pid, .tid = pid, .port = port, .owner_pid = owner,
	};
	return waiter;
}

static struct view_port *add_port(uint64_t id, uint32_t owner)
{
	struct view_port *port = &scene.ports[scene.list.count++];

	assert_true(scene.list.count <= MOST);
	*port = (struct view_port){ .id = id, .owner_pid = owner };
	return port;
}

static void compose(bool is_busy)
{
	scene.graph = waitgraph_build(&scene.dump);
	assert_non_null(scene.graph);
	for (size_t i = 0; i < scene.graph->process_count; i++)
		scene.graph->processes[i].thread_count = 1;
	waitgraph_judge(scene.graph);
	assert_int_equal(picture_compose(&scene.picture, scene.graph, &scene.list, is_busy), 0);
}

static const char *node_text(char text[64], const struct picture_node *node)
{
	static const char letters[] = {
		[PICTURE_PROCESS] = 'p', [PICTURE_HIDDEN] = 'h', [PICTURE_PORT] = 'q',
		[PICTURE_NAME] = 'n',
	};

	if (node->type == PICTURE_NAME)
		snprintf(text, 64, "%s", node->text);
	else
		snprintf(text, 64, "%c%u", letters[node->type], (unsigned int)node->number);
	return text;
}

/* @expected: a letter for the type and the number of each node; a name as it is */
static void expect_nodes(const char *expected)
{
	char text[512] = "", node[64];

	for (size_t i = 0; i < scene.picture.node_count; i++) {
		strcat(text, i ? " " : "");
		strcat(text, node_text(node, &scene.picture.nodes[i]));
	}
	assert_string_equal(text, expected);
}

/* @expected: each edge, as its ends with "~" between them for owners, else with ">" */
static void expect_edges(const char *expected)
{
	char text[512] = "", node[64];

	for (size_t i = 0; i < scene.picture.edge_count; i++) {
		const struct picture_edge *edge = &scene.picture.edges[i];

		strcat(text, i ? " " : "");
		strcat(text, node_text(node, &edge->from));
		strcat(text, edge->type == PICTURE_OWNER ? "~" : ">");
		strcat(text, node_text(node, &edge->to));
	}
	assert_string_equal(text, expected);
}

/* Finds a line of what graphviz gets. */
static void expect_line(const char *expected)
{
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	picture_print_dot(out, &scene.picture);
	fclose(out);
	if (!strstr(text, expected))
		fail_msg("'%s' is not in '%s'", expected, text);
	free(text);
}

static void nothing_is_an_empty_picture(void **state)
{
	(void)state;
	compose(false);
	expect_nodes("");
	expect_edges("");
	expect_line("digraph ipcport {\n\trankdir=LR;\n}\n");
}

static void idle_ports_can_be_left_out(void **state)
{
	(void)state;
	add_port(1, 11);
	add_port(2, 12)->senders = 1;
	add_port(3, 13)->receivers = 1;
	add_port(4, 14)->calls = 1;
	compose(false);
	expect_nodes("p11 p12 p13 p14 q1 q2 q3 q4");
	expect_edges("q1~p11 q2~p12 q3~p13 q4~p14");
	forget(state);
	compose(true);
	expect_nodes("p12 p13 p14 q2 q3 q4");
}

static void each_thing_is_drawn_once_but_each_wait(void **state)
{
	(void)state;
	add_port(1, 11);
	add(IPCPORT_WAIT_SEND, 21, 1, 11);
	add(IPCPORT_WAIT_SEND, 21, 1, 11)->tid = 22;
	add(IPCPORT_WAIT_CALL_RECEIVED, 23, 1, 11)->holder_pid = 31;
	add(IPCPORT_WAIT_CALL_RECEIVED, 24, 1, 11)->holder_pid = 31;
	compose(false);
	expect_nodes("p11 p21 p23 p24 p31 q1");
	expect_edges("q1~p11 p21>q1 p21>q1 p23>q1 p24>q1 q1>p31");
}

static void a_name_that_several_wait_for_is_one(void **state)
{
	(void)state;
	strcpy(add(IPCPORT_WAIT_NAME, 1, 0, 0)->name, "/b");
	strcpy(add(IPCPORT_WAIT_NAME, 2, 0, 0)->name, "/a");
	strcpy(add(IPCPORT_WAIT_NAME, 3, 0, 0)->name, "/b");
	compose(false);
	expect_nodes("p1 p2 p3 /a /b");
	expect_edges("p1>/b p2>/a p3>/b");
	expect_line("\t\"name:/b\" [shape=note, label=\"/b\\n(nobody has this name)\"];\n");
}

static void processes_that_cannot_be_seen_are_not_the_same(void **state)
{
	(void)state;
	add_port(1, 0);
	add(IPCPORT_WAIT_RECV, 0, 1, 0);
	add(IPCPORT_WAIT_RECV, 0, 1, 0);
	compose(false);
	expect_nodes("h0 h1 q1");
	expect_edges("h0>q1 h1>q1");
	expect_line("\t\"process:0:1\" [shape=box, label=\"not visible\"];\n");
}

static void a_port_that_came_after_the_list_is_drawn_too(void **state)
{
	struct view_waiter *waiter = add(IPCPORT_WAIT_SEND, 1, 7, 11);

	(void)state;
	strcpy(waiter->name, "/late");
	strcpy(waiter->owner_comm, "late");
	compose(false);
	expect_nodes("p1 p11 q7");
	expect_edges("q7~p11 p1>q7");
	expect_line("label=\"/late\\nport 7\"];\n");
	expect_line("label=\"late\\npid 11\"];\n");
}

static void a_process_without_a_name_has_its_id_alone(void **state)
{
	(void)state;
	add_port(1, 11);
	compose(false);
	expect_line("[shape=box, label=\"pid 11\"];\n");
}

static void the_way_through_a_deadlock_is_red(void **state)
{
	(void)state;
	add_port(1, 11);
	add_port(2, 12);
	add(IPCPORT_WAIT_SEND, 20, 1, 11);
	add(IPCPORT_WAIT_SEND, 11, 2, 12);
	add(IPCPORT_WAIT_CALL_RECEIVED, 12, 1, 11)->holder_pid = 11;
	compose(false);
	expect_line("\"port:2\" -> \"process:12\" [label=\"owner\", style=dotted, color=red,");
	expect_line("\"port:1\" -> \"process:11\" [label=\"owner\", style=dotted];");
	expect_line("\"port:1\" -> \"process:11\" [label=\"holder\", style=solid, color=red,");
	for (size_t i = 0; i < scene.picture.edge_count; i++) {
		const struct picture_edge *edge = &scene.picture.edges[i];

		if (edge->type == PICTURE_WAIT)
			assert_int_equal(edge->wait->is_deadlock, edge->from.number != 20);
	}
}

static void what_graphviz_would_obey_is_escaped(void **state)
{
	(void)state;
	strcpy(add_port(1, 11)->name, "\"\\N&lt;\n");
	strcpy(scene.ports[0].owner_comm, "\xff");
	compose(false);
	expect_line("label=\"\\\"\\\\\\\\N&amp;lt;\\\\x0a\\nport 1\\n0 of 0 messages\"];\n");
	expect_line("label=\"\\\\xff\\npid 11\"];\n");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		A_TEST(nothing_is_an_empty_picture),
		A_TEST(idle_ports_can_be_left_out),
		A_TEST(each_thing_is_drawn_once_but_each_wait),
		A_TEST(a_name_that_several_wait_for_is_one),
		A_TEST(processes_that_cannot_be_seen_are_not_the_same),
		A_TEST(a_port_that_came_after_the_list_is_drawn_too),
		A_TEST(a_process_without_a_name_has_its_id_alone),
		A_TEST(the_way_through_a_deadlock_is_red),
		A_TEST(what_graphviz_would_obey_is_escaped),
	};

	return cmocka_run_group_tests_name("picture", tests, NULL, NULL);
}
