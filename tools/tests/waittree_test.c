// SPDX-License-Identifier: GPL-2.0
/* How waits are laid out as a tree, and what is found in graphs at random. */
#include "wait_scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void a_tree_begins_with_whom_nobody_waits_for_the_longest_wait_first(void **state)
{
	(void)state;
	scene_add(IPCPORT_WAIT_RECV, 9, 9);
	scene_add(IPCPORT_WAIT_NAME, 8, 0);
	scene_add_call(2, 7)->since = 20;
	scene_add_call(1, 2)->since = 30;
	scene_add_call(5, 6)->since = 10;
	scene_add_call(4, 6)->is_async = true;
	scene_build(MANY_THREADS);
	scene_plant(0);
	scene_expect_tree("0:5 1:6. 0:1 1:2 2:7. 0:4 0:8 0:9");
}

static void threads_of_a_process_stand_side_by_side(void **state)
{
	(void)state;
	scene_add_call(1, 2)->tid = 13;
	scene_add_call(1, 3)->tid = 12;
	scene_add_call(1, 3)->tid = 11;
	scene_add(IPCPORT_WAIT_RECV, 3, 3);
	scene_build(MANY_THREADS);
	scene_plant(0);
	scene_expect_tree("0:1 1:3 0:1 0:1 1:2.");
	assert_int_equal(scene.tree.rows[0].wait->waiter->tid, 11);
	assert_int_equal(scene.tree.rows[2].wait->waiter->tid, 12);
}

static void a_tree_from_one_process_shows_only_whom_it_waits_for(void **state)
{
	(void)state;
	scene_add_call(1, 2);
	scene_add_call(2, 3);
	scene_add_call(4, 3);
	scene_build(MANY_THREADS);
	scene_plant(2);
	scene_expect_tree("0:2 1:3.");
}

/* Another way to the same answers: who reaches whom, by trying every way there is. */
static void expect_as_tried(size_t processes, const uint8_t *threads)
{
	bool reaches[SCENE_WAITERS][SCENE_WAITERS] = { 0 };
	bool is_held[SCENE_WAITERS];
	bool has_changed = true;

	memset(is_held, true, sizeof(is_held));
	for (size_t i = 0; i < scene.dump.count; i++) {
		if (!scene.items[i].is_async)
			reaches[scene.items[i].pid][scene.items[i].owner_pid] = true;
	}
	for (size_t by = 1; by <= processes; by++) {
		for (size_t a = 1; a <= processes; a++) {
			for (size_t b = 1; b <= processes; b++)
				reaches[a][b] |= reaches[a][by] && reaches[by][b];
		}
	}
	while (has_changed) {
		uint8_t asleep[SCENE_WAITERS] = { 0 };

		has_changed = false;
		for (size_t i = 0; i < scene.dump.count; i++) {
			if (!scene.items[i].is_async && is_held[scene.items[i].owner_pid])
				asleep[scene.items[i].pid]++;
		}
		for (size_t pid = 1; pid <= processes; pid++) {
			bool was_held = is_held[pid];

			is_held[pid] &= asleep[pid] && asleep[pid] == threads[pid];
			has_changed |= was_held != is_held[pid];
		}
	}
	for (size_t i = 0; i < scene.dump.count; i++) {
		uint32_t from = scene.items[i].pid, to = scene.items[i].owner_pid;
		bool is_cycle = !scene.items[i].is_async && reaches[to][from];

		assert_int_equal(scene_wait(i)->is_cycle, is_cycle);
		assert_int_equal(scene_wait(i)->is_deadlock, is_cycle && is_held[from]);
		assert_int_equal(scene.graph->processes[scene_find(from)].is_held, is_held[from]);
	}
}

/* Every process of it waits for the next one. */
static void expect_closed(const struct waitgraph_cycle *cycle)
{
	for (size_t i = 0; i < cycle->length; i++) {
		size_t from = cycle->path[i], to = cycle->path[(i + 1) % cycle->length];
		size_t found = 0;

		for (size_t j = 0; j < scene.graph->wait_count; j++) {
			const struct waitgraph_wait *wait = &scene.graph->waits[j];

			found += wait->is_cycle && wait->from == from && wait->to == to;
		}
		assert_int_not_equal(found, 0);
	}
}

/* Each wait has one row, below one of somebody who waits for its process, or at the top. */
static void expect_whole_tree(void)
{
	size_t found[SCENE_WAITERS] = { 0 };
	size_t above[2 * SCENE_WAITERS];

	for (size_t i = 0; i < scene.tree.count; i++) {
		const struct waittree_row *row = &scene.tree.rows[i];

		if (row->wait)
			found[row->wait - scene.graph->waits]++;
		if (row->depth && scene.tree.rows[i - 1].depth + 1 == row->depth)
			assert_int_equal(scene.tree.rows[i - 1].wait->to, row->process);
		else if (row->depth)
			assert_int_equal(above[row->depth], row->process);
		above[row->depth] = row->process;
	}
	for (size_t i = 0; i < scene.graph->wait_count; i++)
		assert_int_equal(found[i], 1);
}

static void add_random(unsigned int *seed, size_t processes, uint8_t *threads)
{
	uint32_t pid = 1 + (uint32_t)rand_r(seed) % processes;
	struct view_waiter *waiter = scene_add_call(pid, 1 + (uint32_t)rand_r(seed) % processes);

	waiter->tid = 100 * pid + (uint32_t)scene.dump.count;
	waiter->is_async = rand_r(seed) % 10 == 0;
	threads[pid] += !waiter->is_async;
}

static void what_is_found_in_random_graphs_is_true(void **state)
{
	unsigned int seed = 1, deadlocks = 0, cycles = 0;

	for (unsigned int run = 0; run < 5000; run++) {
		size_t processes = 2 + (size_t)rand_r(&seed) % 6;
		size_t waits = 1 + (size_t)rand_r(&seed) % 8;
		uint8_t threads[SCENE_WAITERS] = { 0 };

		scene_reset(state);
		for (size_t i = 0; i < waits; i++)
			add_random(&seed, processes, threads);
		for (size_t pid = 1; pid <= processes; pid++)
			threads[pid] += rand_r(&seed) % 6 == 0;
		scene_build(0);
		for (size_t i = 0; i < scene.graph->process_count; i++) {
			struct waitgraph_process *process = &scene.graph->processes[i];

			process->thread_count = threads[process->pid];
		}
		waitgraph_judge(scene.graph);
		expect_as_tried(processes, threads);
		scene_plant(0);
		expect_whole_tree();
		for (size_t i = 0; i < scene.graph->cycle_count; i++) {
			expect_closed(&scene.graph->cycles[i]);
			deadlocks += scene.graph->cycles[i].is_deadlock;
		}
		cycles += scene.graph->cycle_count;
		scene_forget(state);
	}
	/* Else the graphs would not show much. */
	assert_in_range(deadlocks, 100, cycles - 100);
	scene_reset(state);
}

/* Each process waits for the next, the last for the first. */
static void a_long_cycle_is_no_trouble(void **state)
{
	const uint32_t count = 300000;
	struct view_waiters dump = { .count = count };

	(void)state;
	dump.items = calloc(count, sizeof(*dump.items));
	assert_non_null(dump.items);
	for (uint32_t i = 0; i < count; i++)
		dump.items[i] = (struct view_waiter){
			.kind = IPCPORT_WAIT_SEND, .pid = i + 1, .tid = i + 1, .since = i,
			.owner_pid = (i + 1) % count + 1,
		};
	scene.graph = waitgraph_build(&dump);
	assert_non_null(scene.graph);
	for (uint32_t i = 0; i < count; i++)
		scene.graph->processes[i].thread_count = 1;
	waitgraph_judge(scene.graph);
	assert_int_equal(scene.graph->cycle_count, 1);
	assert_int_equal(scene.graph->cycles[0].length, count);
	assert_true(scene.graph->cycles[0].is_deadlock);
	scene_plant(0);
	assert_int_equal(scene.tree.count, count);
	assert_int_equal(scene.tree.rows[count - 1].depth, count - 1);
	free(dump.items);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		A_TEST(a_tree_begins_with_whom_nobody_waits_for_the_longest_wait_first),
		A_TEST(threads_of_a_process_stand_side_by_side),
		A_TEST(a_tree_from_one_process_shows_only_whom_it_waits_for),
		A_TEST(what_is_found_in_random_graphs_is_true),
		A_TEST(a_long_cycle_is_no_trouble),
	};

	return cmocka_run_group_tests_name("waittree", tests, NULL, NULL);
}
