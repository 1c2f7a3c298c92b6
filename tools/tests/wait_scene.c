// SPDX-License-Identifier: GPL-2.0
#include "wait_scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct scene scene;

int scene_reset(void **state)
{
	(void)state;
	memset(&scene, 0, sizeof(scene));
	scene.dump.items = scene.items;
	return 0;
}

int scene_forget(void **state)
{
	(void)state;
	waitgraph_free(scene.graph);
	free(scene.tree.rows);
	return 0;
}

struct view_waiter *scene_add(uint32_t kind, uint32_t pid, uint32_t to)
{
	struct view_waiter *waiter = &scene.items[scene.dump.count++];

	assert_true(scene.dump.count <= SCENE_WAITERS);
	*waiter = (struct view_waiter){
		.kind = kind, .pid = pid, .tid = pid, .port = 1000 + to, .owner_pid = to,
		.since = scene.dump.count, .token = scene.dump.count,
	};
	if (kind == IPCPORT_WAIT_CALL_RECEIVED)
		waiter->holder_pid = to;
	return waiter;
}

struct view_waiter *scene_add_call(uint32_t pid, uint32_t to)
{
	return scene_add(IPCPORT_WAIT_CALL_RECEIVED, pid, to);
}

void scene_add_triangle(void)
{
	scene_add_call(1, 2);
	scene_add_call(2, 3);
	scene_add(IPCPORT_WAIT_CALL_QUEUED, 3, 1);
}

void scene_build(size_t thread_count)
{
	scene.graph = waitgraph_build(&scene.dump);
	assert_non_null(scene.graph);
	for (size_t i = 0; i < scene.graph->process_count; i++)
		scene.graph->processes[i].thread_count = thread_count;
}

size_t scene_find(uint32_t pid)
{
	size_t process = waitgraph_find(scene.graph, pid);

	assert_true(process < scene.graph->process_count);
	return process;
}

void scene_set_threads(uint32_t pid, size_t count)
{
	scene.graph->processes[scene_find(pid)].thread_count = count;
}

struct waitgraph_wait *scene_wait(size_t number)
{
	for (size_t i = 0; i < scene.graph->wait_count; i++) {
		if (scene.graph->waits[i].waiter == &scene.items[number])
			return &scene.graph->waits[i];
	}
	fail_msg("wait %zu is not in the graph", number);
	return NULL;
}

void scene_plant(uint32_t root)
{
	size_t process = root ? scene_find(root) : WAITGRAPH_NOBODY;

	assert_int_equal(waittree_plant(&scene.tree, scene.graph, process), 0);
}

void scene_expect_tree(const char *text)
{
	char rows[1024] = "", *end = rows;

	for (size_t i = 0; i < scene.tree.count; i++) {
		const struct waittree_row *row = &scene.tree.rows[i];

		end += sprintf(end, "%s%zu:%u%s", i ? " " : "", row->depth,
			       scene.graph->processes[row->process].pid, row->wait ? "" : ".");
		if (row->wait)
			assert_int_equal(row->wait->from, row->process);
	}
	assert_string_equal(rows, text);
}
