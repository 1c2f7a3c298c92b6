// SPDX-License-Identifier: GPL-2.0
/* Who waits for whom, what is a cycle, what is a deadlock, and how it is laid out as a tree. */
#include "../ipcport/array.h"
#include "../ipcport/waittree.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define A_TEST(test)	cmocka_unit_test_setup_teardown(test, reset, forget)

#define MOST_WAITERS	16

/* Threads of a process, where that plays no role. */
#define MANY_THREADS	99

/* What a test looks at. */
static struct {
	struct view_waiter items[MOST_WAITERS];
	struct view_waiters dump;
	struct waitgraph *graph;
	struct waittree tree;
} scene;

static int reset(void **state)
{
	(void)state;
	memset(&scene, 0, sizeof(scene));
	scene.dump.items = scene.items;
	return 0;
}

static int forget(void **state)
{
	(void)state;
	waitgraph_free(scene.graph);
	free(scene.tree.rows);
	return 0;
}

/* The main thread of @pid waits for @to, as owner and, once a call is received, as holder. */
static struct view_waiter *add(uint32_t kind, uint32_t pid, uint32_t to)
{
	struct view_waiter *waiter = &scene.items[scene.dump.count++];

	assert_true(scene.dump.count <= MOST_WAITERS);
	*waiter = (struct view_waiter){
		.kind = kind, .pid = pid, .tid = pid, .port = 1000 + to, .owner_pid = to,
		.since = scene.dump.count, .token = scene.dump.count,
	};
	if (kind == IPCPORT_WAIT_CALL_RECEIVED)
		waiter->holder_pid = to;
	return waiter;
}

static struct view_waiter *add_call(uint32_t pid, uint32_t to)
{
	return add(IPCPORT_WAIT_CALL_RECEIVED, pid, to);
}

/* 1 waits for 2, 2 for 3, 3 for 1. */
static void add_triangle(void)
{
	add_call(1, 2);
	add_call(2, 3);
	add(IPCPORT_WAIT_CALL_QUEUED, 3, 1);
}

static void build(size_t thread_count)
{
	scene.graph = waitgraph_build(&scene.dump);
	assert_non_null(scene.graph);
	for (size_t i = 0; i < scene.graph->process_count; i++)
		scene.graph->processes[i].thread_count = thread_count;
}

static size_t find(uint32_t pid)
{
	size_t process = waitgraph_find(scene.graph, pid);

	assert_true(process < scene.graph->process_count);
	return process;
}

static void set_threads(uint32_t pid, size_t count)
{
	scene.graph->processes[find(pid)].thread_count = count;
}

/* The wait that was added as @number, from 0. */
static struct waitgraph_wait *wait_of(size_t number)
{
	for (size_t i = 0; i < scene.graph->wait_count; i++) {
		if (scene.graph->waits[i].waiter == &scene.items[number])
			return &scene.graph->waits[i];
	}
	fail_msg("wait %zu is not in the graph", number);
	return NULL;
}

/* @text: the pids on the path of a cycle */
static void expect_cycle(size_t number, const char *text, bool is_deadlock)
{
	const struct waitgraph_cycle *cycle = &scene.graph->cycles[number];
	char path[256] = "", *end = path;

	assert_true(number < scene.graph->cycle_count);
	for (size_t i = 0; i < cycle->length; i++)
		end += sprintf(end, "%s%u", i ? " " : "",
			       scene.graph->processes[cycle->path[i]].pid);
	assert_string_equal(path, text);
	assert_int_equal(cycle->is_deadlock, is_deadlock);
}

/* The only cycle there is, of 1, 2 and 3. */
static void expect_triangle(bool is_deadlock)
{
	assert_int_equal(scene.graph->cycle_count, 1);
	expect_cycle(0, "1 2 3", is_deadlock);
	for (size_t i = 0; i < 3; i++) {
		assert_true(wait_of(i)->is_cycle);
		assert_int_equal(wait_of(i)->is_deadlock, is_deadlock);
	}
}

static void expect_no_cycle(void)
{
	assert_int_equal(scene.graph->cycle_count, 0);
	for (size_t i = 0; i < scene.graph->wait_count; i++) {
		assert_false(scene.graph->waits[i].is_cycle);
		assert_false(scene.graph->waits[i].is_deadlock);
	}
}

static void plant(uint32_t root)
{
	size_t process = root ? find(root) : WAITGRAPH_NOBODY;

	assert_int_equal(waittree_plant(&scene.tree, scene.graph, process), 0);
}

/* @text: depth and pid of each row, with a dot behind a process that does not wait */
static void expect_tree(const char *text)
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

static void nobody_waits_for_nobody(void **state)
{
	(void)state;
	build(1);
	waitgraph_judge(scene.graph);
	expect_no_cycle();
	assert_int_equal(waitgraph_find(scene.graph, 1), WAITGRAPH_NOBODY);
	plant(0);
	expect_tree("");
}

static void what_is_not_received_waits_for_the_owner(void **state)
{
	static const uint32_t kinds[] = {
		IPCPORT_WAIT_SEND, IPCPORT_WAIT_CALL_SPACE, IPCPORT_WAIT_CALL_QUEUED,
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		add(kinds[i], 1 + (uint32_t)i, 7);
	build(1);
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		assert_int_equal(wait_of(i)->to, find(7));
}

static void what_is_received_waits_for_the_holder(void **state)
{
	(void)state;
	add_call(1, 7)->holder_pid = 8;
	build(1);
	assert_int_equal(wait_of(0)->to, find(8));
	assert_int_equal(waitgraph_find(scene.graph, 7), WAITGRAPH_NOBODY);
}

static void who_receives_or_needs_a_name_waits_on_nobody_known(void **state)
{
	(void)state;
	add(IPCPORT_WAIT_RECV, 1, 7);
	add(IPCPORT_WAIT_NAME, 2, 0);
	build(1);
	assert_int_equal(wait_of(0)->to, WAITGRAPH_NOBODY);
	assert_int_equal(wait_of(1)->to, WAITGRAPH_NOBODY);
	waitgraph_judge(scene.graph);
	expect_no_cycle();
	plant(0);
	expect_tree("0:2 0:1");
}

static void a_process_is_called_like_its_main_thread(void **state)
{
	struct view_waiter *waiter;

	(void)state;
	waiter = add_call(1, 2);
	waiter->tid = 11;
	strcpy(waiter->comm, "worker");
	strcpy(waiter->holder_comm, "server");
	strcpy(waiter->owner_comm, "owner");
	build(1);
	assert_string_equal(scene.graph->processes[find(1)].comm, "worker");
	assert_string_equal(scene.graph->processes[find(2)].comm, "server");
	waitgraph_free(scene.graph);
	strcpy(add_call(1, 2)->comm, "main");
	build(1);
	assert_string_equal(scene.graph->processes[find(1)].comm, "main");
	assert_string_equal(scene.graph->processes[find(2)].comm, "server");
}

static void a_chain_is_no_cycle(void **state)
{
	(void)state;
	add_call(1, 2);
	add_call(2, 3);
	build(1);
	waitgraph_judge(scene.graph);
	expect_no_cycle();
	plant(0);
	expect_tree("0:1 1:2 2:3.");
}

static void three_who_wait_in_a_circle_with_all_threads_are_a_deadlock(void **state)
{
	(void)state;
	add_triangle();
	build(1);
	waitgraph_judge(scene.graph);
	expect_triangle(true);
	plant(0);
	expect_tree("0:1 1:2 2:3");
}

static void a_thread_that_runs_may_end_a_cycle(void **state)
{
	(void)state;
	add_triangle();
	build(1);
	set_threads(2, 2);
	waitgraph_judge(scene.graph);
	expect_triangle(false);
}

static void threads_that_cannot_be_counted_may_end_a_cycle(void **state)
{
	(void)state;
	add_triangle();
	build(1);
	set_threads(3, 0);
	waitgraph_judge(scene.graph);
	expect_triangle(false);
}

static void a_thread_that_receives_may_end_a_cycle(void **state)
{
	(void)state;
	add_triangle();
	add(IPCPORT_WAIT_RECV, 2, 2)->tid = 22;
	build(1);
	set_threads(2, 2);
	waitgraph_judge(scene.graph);
	expect_triangle(false);
}

static void a_thread_that_waits_for_who_can_go_on_may_end_a_cycle(void **state)
{
	(void)state;
	add_triangle();
	add_call(2, 4)->tid = 22;
	build(1);
	set_threads(2, 2);
	waitgraph_judge(scene.graph);
	expect_triangle(false);
}

static void a_second_thread_in_the_same_trouble_does_not_help(void **state)
{
	(void)state;
	add_triangle();
	add_call(2, 3)->tid = 22;
	build(1);
	set_threads(2, 2);
	waitgraph_judge(scene.graph);
	expect_triangle(true);
	assert_true(wait_of(3)->is_deadlock);
}

static void a_thread_that_waits_for_another_deadlock_does_not_help(void **state)
{
	(void)state;
	add_triangle();
	add_call(2, 4)->tid = 22;
	add_call(4, 5);
	add_call(5, 4);
	build(1);
	set_threads(2, 2);
	waitgraph_judge(scene.graph);
	assert_int_equal(scene.graph->cycle_count, 2);
	expect_cycle(0, "4 5", true);
	expect_cycle(1, "1 2 3", true);
	assert_false(wait_of(3)->is_cycle);
	assert_false(wait_of(3)->is_deadlock);
}

static void who_waits_for_a_deadlock_is_held_but_no_part_of_it(void **state)
{
	(void)state;
	add_triangle();
	add_call(9, 2);
	build(1);
	waitgraph_judge(scene.graph);
	expect_triangle(true);
	assert_true(scene.graph->processes[find(9)].is_held);
	assert_false(wait_of(3)->is_cycle);
	assert_false(wait_of(3)->is_deadlock);
	plant(0);
	expect_tree("0:9 1:2 2:3 3:1");
}

static void others_who_can_receive_may_end_a_cycle(void **state)
{
	(void)state;
	add_triangle();
	build(1);
	wait_of(2)->is_shared = true;
	waitgraph_judge(scene.graph);
	expect_triangle(false);
}

static void a_call_that_nobody_sleeps_for_makes_no_cycle(void **state)
{
	(void)state;
	add_triangle();
	scene.items[1].is_async = true;
	build(1);
	waitgraph_judge(scene.graph);
	expect_no_cycle();
	plant(0);
	expect_tree("0:1 1:2 2:3");
}

static void a_call_that_nobody_sleeps_for_changes_nothing_in_a_deadlock(void **state)
{
	(void)state;
	add_triangle();
	add_call(2, 9)->is_async = true;
	build(1);
	waitgraph_judge(scene.graph);
	expect_triangle(true);
}

static void who_calls_itself_is_a_cycle(void **state)
{
	(void)state;
	add_call(1, 1);
	build(1);
	waitgraph_judge(scene.graph);
	assert_int_equal(scene.graph->cycle_count, 1);
	expect_cycle(0, "1", true);
	set_threads(1, 2);
	waitgraph_judge(scene.graph);
	assert_int_equal(scene.graph->cycle_count, 1);
	expect_cycle(0, "1", false);
	plant(0);
	expect_tree("0:1");
}

static void who_cannot_be_seen_may_be_anybody(void **state)
{
	(void)state;
	add_call(1, 0);
	add_call(0, 1);
	add_call(0, 1);
	build(1);
	waitgraph_judge(scene.graph);
	expect_no_cycle();
	assert_int_equal(scene.graph->process_count, 4);
	assert_int_equal(waitgraph_find(scene.graph, 0), WAITGRAPH_NOBODY);
	plant(0);
	expect_tree("0:0 1:1 2:0. 0:0");
}

static void confirm(void)
{
	struct view_waiter items[MOST_WAITERS];
	struct view_waiters later = { .items = items };

	/* In another order, which must not matter. */
	for (size_t i = scene.dump.count; i--; )
		items[later.count++] = scene.items[i];
	assert_int_equal(waitgraph_confirm(scene.graph, &later), 0);
	waitgraph_judge(scene.graph);
}

static void what_is_in_both_dumps_is_a_cycle(void **state)
{
	(void)state;
	add_triangle();
	build(1);
	confirm();
	expect_triangle(true);
}

static void what_changed_between_the_dumps_is_no_cycle(void **state)
{
	struct view_waiter items[MOST_WAITERS];
	struct view_waiter *changed = &items[1];
	struct view_waiters later = { .items = items };
	uint64_t *const numbers[] = { &changed->since, &changed->port, &changed->token };
	uint32_t *const smalls[] = { &changed->tid, &changed->kind, &changed->holder_pid };

	(void)state;
	add_triangle();
	later.count = scene.dump.count;
	for (size_t i = 0; i < ARRAY_SIZE(numbers) + ARRAY_SIZE(smalls); i++) {
		memcpy(items, scene.items, sizeof(items));
		if (i < ARRAY_SIZE(numbers))
			(*numbers[i])++;
		else
			(*smalls[i - ARRAY_SIZE(numbers)])--;
		build(1);
		assert_int_equal(waitgraph_confirm(scene.graph, &later), 0);
		waitgraph_judge(scene.graph);
		expect_no_cycle();
		assert_true(wait_of(0)->is_lasting);
		assert_false(wait_of(1)->is_lasting);
		waitgraph_free(scene.graph);
	}
	scene.graph = NULL;
}

static void what_is_gone_in_the_later_dump_is_no_cycle(void **state)
{
	struct view_waiters later = { .items = scene.items, .count = 2 };

	(void)state;
	add_triangle();
	build(1);
	assert_int_equal(waitgraph_confirm(scene.graph, &later), 0);
	waitgraph_judge(scene.graph);
	expect_no_cycle();
	later.count = 0;
	assert_int_equal(waitgraph_confirm(scene.graph, &later), 0);
	assert_false(wait_of(0)->is_lasting);
}

static void a_thread_that_did_not_wait_all_the_time_may_end_a_cycle(void **state)
{
	struct view_waiters later = { .items = scene.items };

	(void)state;
	add_triangle();
	add_call(4, 5);
	add_call(5, 4);
	later.count = scene.dump.count;
	add_call(5, 1)->tid = 55;
	build(1);
	set_threads(5, 2);
	assert_int_equal(waitgraph_confirm(scene.graph, &later), 0);
	waitgraph_judge(scene.graph);
	assert_int_equal(scene.graph->cycle_count, 2);
	expect_cycle(0, "1 2 3", true);
	expect_cycle(1, "4 5", false);
}

static void two_cycles_are_found_once_each(void **state)
{
	(void)state;
	add_triangle();
	add_call(5, 6);
	add_call(6, 5);
	add_call(6, 1)->tid = 66;
	build(MANY_THREADS);
	waitgraph_judge(scene.graph);
	assert_int_equal(scene.graph->cycle_count, 2);
	expect_cycle(0, "1 2 3", false);
	expect_cycle(1, "5 6", false);
	plant(0);
	expect_tree("0:5 1:6 1:6 2:1 3:2 4:3");
}

static void a_tree_begins_with_whom_nobody_waits_for_the_longest_wait_first(void **state)
{
	(void)state;
	add(IPCPORT_WAIT_RECV, 9, 9);
	add(IPCPORT_WAIT_NAME, 8, 0);
	add_call(2, 7)->since = 20;
	add_call(1, 2)->since = 30;
	add_call(5, 6)->since = 10;
	add_call(4, 6)->is_async = true;
	build(MANY_THREADS);
	plant(0);
	expect_tree("0:5 1:6. 0:1 1:2 2:7. 0:4 0:8 0:9");
}

static void threads_of_a_process_stand_side_by_side(void **state)
{
	(void)state;
	add_call(1, 2)->tid = 13;
	add_call(1, 3)->tid = 12;
	add_call(1, 3)->tid = 11;
	add(IPCPORT_WAIT_RECV, 3, 3);
	build(MANY_THREADS);
	plant(0);
	expect_tree("0:1 1:3 0:1 0:1 1:2.");
	assert_int_equal(scene.tree.rows[0].wait->waiter->tid, 11);
	assert_int_equal(scene.tree.rows[2].wait->waiter->tid, 12);
}

static void a_tree_from_one_process_shows_only_whom_it_waits_for(void **state)
{
	(void)state;
	add_call(1, 2);
	add_call(2, 3);
	add_call(4, 3);
	build(MANY_THREADS);
	plant(2);
	expect_tree("0:2 1:3.");
}

/* Another way to the same answers: who reaches whom, by trying every way there is. */
static void expect_as_tried(size_t processes, const uint8_t *threads)
{
	bool reaches[MOST_WAITERS][MOST_WAITERS] = { 0 };
	bool is_held[MOST_WAITERS];
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
		uint8_t asleep[MOST_WAITERS] = { 0 };

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

		assert_int_equal(wait_of(i)->is_cycle, is_cycle);
		assert_int_equal(wait_of(i)->is_deadlock, is_cycle && is_held[from]);
		assert_int_equal(scene.graph->processes[wait_of(i)->from].is_held, is_held[from]);
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
	size_t found[MOST_WAITERS] = { 0 };
	size_t above[2 * MOST_WAITERS];

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
	struct view_waiter *waiter = add_call(pid, 1 + (uint32_t)rand_r(seed) % processes);

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
		uint8_t threads[MOST_WAITERS] = { 0 };

		reset(state);
		for (size_t i = 0; i < waits; i++)
			add_random(&seed, processes, threads);
		for (size_t pid = 1; pid <= processes; pid++)
			threads[pid] += rand_r(&seed) % 6 == 0;
		build(0);
		for (size_t i = 0; i < scene.graph->process_count; i++)
			set_threads(scene.graph->processes[i].pid,
				    threads[scene.graph->processes[i].pid]);
		waitgraph_judge(scene.graph);
		expect_as_tried(processes, threads);
		plant(0);
		expect_whole_tree();
		for (size_t i = 0; i < scene.graph->cycle_count; i++) {
			expect_closed(&scene.graph->cycles[i]);
			deadlocks += scene.graph->cycles[i].is_deadlock;
		}
		cycles += scene.graph->cycle_count;
		forget(state);
	}
	/* Else the graphs would not show much. */
	assert_in_range(deadlocks, 100, cycles - 100);
	reset(state);
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
	plant(0);
	assert_int_equal(scene.tree.count, count);
	assert_int_equal(scene.tree.rows[count - 1].depth, count - 1);
	free(dump.items);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		A_TEST(nobody_waits_for_nobody),
		A_TEST(what_is_not_received_waits_for_the_owner),
		A_TEST(what_is_received_waits_for_the_holder),
		A_TEST(who_receives_or_needs_a_name_waits_on_nobody_known),
		A_TEST(a_process_is_called_like_its_main_thread),
		A_TEST(a_chain_is_no_cycle),
		A_TEST(three_who_wait_in_a_circle_with_all_threads_are_a_deadlock),
		A_TEST(a_thread_that_runs_may_end_a_cycle),
		A_TEST(threads_that_cannot_be_counted_may_end_a_cycle),
		A_TEST(a_thread_that_receives_may_end_a_cycle),
		A_TEST(a_thread_that_waits_for_who_can_go_on_may_end_a_cycle),
		A_TEST(a_second_thread_in_the_same_trouble_does_not_help),
		A_TEST(a_thread_that_waits_for_another_deadlock_does_not_help),
		A_TEST(who_waits_for_a_deadlock_is_held_but_no_part_of_it),
		A_TEST(others_who_can_receive_may_end_a_cycle),
		A_TEST(a_call_that_nobody_sleeps_for_makes_no_cycle),
		A_TEST(a_call_that_nobody_sleeps_for_changes_nothing_in_a_deadlock),
		A_TEST(who_calls_itself_is_a_cycle),
		A_TEST(who_cannot_be_seen_may_be_anybody),
		A_TEST(what_is_in_both_dumps_is_a_cycle),
		A_TEST(what_changed_between_the_dumps_is_no_cycle),
		A_TEST(what_is_gone_in_the_later_dump_is_no_cycle),
		A_TEST(a_thread_that_did_not_wait_all_the_time_may_end_a_cycle),
		A_TEST(two_cycles_are_found_once_each),
		A_TEST(a_tree_begins_with_whom_nobody_waits_for_the_longest_wait_first),
		A_TEST(threads_of_a_process_stand_side_by_side),
		A_TEST(a_tree_from_one_process_shows_only_whom_it_waits_for),
		A_TEST(what_is_found_in_random_graphs_is_true),
		A_TEST(a_long_cycle_is_no_trouble),
	};

	return cmocka_run_group_tests_name("waitgraph", tests, NULL, NULL);
}
