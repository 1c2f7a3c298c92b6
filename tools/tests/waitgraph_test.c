// SPDX-License-Identifier: GPL-2.0
/* Who waits for whom, what is a cycle, and what is a deadlock. */
#include "wait_scene.h"

#include "../ipcport/array.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

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
		assert_true(scene_wait(i)->is_cycle);
		assert_int_equal(scene_wait(i)->is_deadlock, is_deadlock);
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

static void nobody_waits_for_nobody(void **state)
{
	(void)state;
	scene_build(1);
	waitgraph_judge(scene.graph);
	expect_no_cycle();
	assert_int_equal(waitgraph_find(scene.graph, 1), WAITGRAPH_NOBODY);
	scene_plant(0);
	scene_expect_tree("");
}

static void what_is_not_received_waits_for_the_owner(void **state)
{
	static const uint32_t kinds[] = {
		IPCPORT_WAIT_SEND, IPCPORT_WAIT_CALL_SPACE, IPCPORT_WAIT_CALL_QUEUED,
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		scene_add(kinds[i], 1 + (uint32_t)i, 7);
	scene_build(1);
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		assert_int_equal(scene_wait(i)->to, scene_find(7));
}

static void what_is_received_waits_for_the_holder(void **state)
{
	(void)state;
	scene_add_call(1, 7)->holder_pid = 8;
	scene_build(1);
	assert_int_equal(scene_wait(0)->to, scene_find(8));
	assert_int_equal(waitgraph_find(scene.graph, 7), WAITGRAPH_NOBODY);
}

static void who_receives_or_needs_a_name_waits_on_nobody_known(void **state)
{
	(void)state;
	scene_add(IPCPORT_WAIT_RECV, 1, 7);
	scene_add(IPCPORT_WAIT_NAME, 2, 0);
	scene_build(1);
	assert_int_equal(scene_wait(0)->to, WAITGRAPH_NOBODY);
	assert_int_equal(scene_wait(1)->to, WAITGRAPH_NOBODY);
	waitgraph_judge(scene.graph);
	expect_no_cycle();
	scene_plant(0);
	scene_expect_tree("0:2 0:1");
}

static void a_process_is_called_like_its_main_thread(void **state)
{
	struct view_waiter *waiter;

	(void)state;
	waiter = scene_add_call(1, 2);
	waiter->tid = 11;
	strcpy(waiter->comm, "worker");
	strcpy(waiter->holder_comm, "server");
	strcpy(waiter->owner_comm, "owner");
	scene_build(1);
	assert_string_equal(scene.graph->processes[scene_find(1)].comm, "worker");
	assert_string_equal(scene.graph->processes[scene_find(2)].comm, "server");
	waitgraph_free(scene.graph);
	strcpy(scene_add_call(1, 2)->comm, "main");
	scene_build(1);
	assert_string_equal(scene.graph->processes[scene_find(1)].comm, "main");
	assert_string_equal(scene.graph->processes[scene_find(2)].comm, "server");
}

static void a_chain_is_no_cycle(void **state)
{
	(void)state;
	scene_add_call(1, 2);
	scene_add_call(2, 3);
	scene_build(1);
	waitgraph_judge(scene.graph);
	expect_no_cycle();
	scene_plant(0);
	scene_expect_tree("0:1 1:2 2:3.");
}

static void three_who_wait_in_a_circle_with_all_threads_are_a_deadlock(void **state)
{
	(void)state;
	scene_add_triangle();
	scene_build(1);
	waitgraph_judge(scene.graph);
	expect_triangle(true);
	scene_plant(0);
	scene_expect_tree("0:1 1:2 2:3");
}

static void a_thread_that_runs_may_end_a_cycle(void **state)
{
	(void)state;
	scene_add_triangle();
	scene_build(1);
	scene_set_threads(2, 2);
	waitgraph_judge(scene.graph);
	expect_triangle(false);
}

static void threads_that_cannot_be_counted_may_end_a_cycle(void **state)
{
	(void)state;
	scene_add_triangle();
	scene_build(1);
	scene_set_threads(3, 0);
	waitgraph_judge(scene.graph);
	expect_triangle(false);
}

static void a_thread_that_receives_may_end_a_cycle(void **state)
{
	(void)state;
	scene_add_triangle();
	scene_add(IPCPORT_WAIT_RECV, 2, 2)->tid = 22;
	scene_build(1);
	scene_set_threads(2, 2);
	waitgraph_judge(scene.graph);
	expect_triangle(false);
}

static void a_thread_that_waits_for_who_can_go_on_may_end_a_cycle(void **state)
{
	(void)state;
	scene_add_triangle();
	scene_add_call(2, 4)->tid = 22;
	scene_build(1);
	scene_set_threads(2, 2);
	waitgraph_judge(scene.graph);
	expect_triangle(false);
}

static void a_second_thread_in_the_same_trouble_does_not_help(void **state)
{
	(void)state;
	scene_add_triangle();
	scene_add_call(2, 3)->tid = 22;
	scene_build(1);
	scene_set_threads(2, 2);
	waitgraph_judge(scene.graph);
	expect_triangle(true);
	assert_true(scene_wait(3)->is_deadlock);
}

static void a_thread_that_waits_for_another_deadlock_does_not_help(void **state)
{
	(void)state;
	scene_add_triangle();
	scene_add_call(2, 4)->tid = 22;
	scene_add_call(4, 5);
	scene_add_call(5, 4);
	scene_build(1);
	scene_set_threads(2, 2);
	waitgraph_judge(scene.graph);
	assert_int_equal(scene.graph->cycle_count, 2);
	expect_cycle(0, "4 5", true);
	expect_cycle(1, "1 2 3", true);
	assert_false(scene_wait(3)->is_cycle);
	assert_false(scene_wait(3)->is_deadlock);
}

static void who_waits_for_a_deadlock_is_held_but_no_part_of_it(void **state)
{
	(void)state;
	scene_add_triangle();
	scene_add_call(9, 2);
	scene_build(1);
	waitgraph_judge(scene.graph);
	expect_triangle(true);
	assert_true(scene.graph->processes[scene_find(9)].is_held);
	assert_false(scene_wait(3)->is_cycle);
	assert_false(scene_wait(3)->is_deadlock);
	scene_plant(0);
	scene_expect_tree("0:9 1:2 2:3 3:1");
}

static void others_who_can_receive_may_end_a_cycle(void **state)
{
	(void)state;
	scene_add_triangle();
	scene_build(1);
	scene_wait(2)->is_shared = true;
	waitgraph_judge(scene.graph);
	expect_triangle(false);
}

static void a_call_that_nobody_sleeps_for_makes_no_cycle(void **state)
{
	(void)state;
	scene_add_triangle();
	scene.items[1].is_async = true;
	scene_build(1);
	waitgraph_judge(scene.graph);
	expect_no_cycle();
	scene_plant(0);
	scene_expect_tree("0:1 1:2 2:3");
}

static void a_call_that_nobody_sleeps_for_changes_nothing_in_a_deadlock(void **state)
{
	(void)state;
	scene_add_triangle();
	scene_add_call(2, 9)->is_async = true;
	scene_build(1);
	waitgraph_judge(scene.graph);
	expect_triangle(true);
}

static void who_calls_itself_is_a_cycle(void **state)
{
	(void)state;
	scene_add_call(1, 1);
	scene_build(1);
	waitgraph_judge(scene.graph);
	assert_int_equal(scene.graph->cycle_count, 1);
	expect_cycle(0, "1", true);
	scene_set_threads(1, 2);
	waitgraph_judge(scene.graph);
	assert_int_equal(scene.graph->cycle_count, 1);
	expect_cycle(0, "1", false);
	scene_plant(0);
	scene_expect_tree("0:1");
}

static void who_cannot_be_seen_may_be_anybody(void **state)
{
	(void)state;
	scene_add_call(1, 0);
	scene_add_call(0, 1);
	scene_add_call(0, 1);
	scene_build(1);
	waitgraph_judge(scene.graph);
	expect_no_cycle();
	assert_int_equal(scene.graph->process_count, 4);
	assert_int_equal(waitgraph_find(scene.graph, 0), WAITGRAPH_NOBODY);
	scene_plant(0);
	scene_expect_tree("0:0 1:1 2:0. 0:0");
}

static void confirm(void)
{
	struct view_waiter items[SCENE_WAITERS];
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
	scene_add_triangle();
	scene_build(1);
	confirm();
	expect_triangle(true);
}

static void what_changed_between_the_dumps_is_no_cycle(void **state)
{
	struct view_waiter items[SCENE_WAITERS];
	struct view_waiter *changed = &items[1];
	struct view_waiters later = { .items = items };
	uint64_t *const numbers[] = { &changed->since, &changed->port, &changed->token };
	uint32_t *const smalls[] = { &changed->tid, &changed->kind, &changed->holder_pid };

	(void)state;
	scene_add_triangle();
	later.count = scene.dump.count;
	for (size_t i = 0; i < ARRAY_SIZE(numbers) + ARRAY_SIZE(smalls); i++) {
		memcpy(items, scene.items, sizeof(items));
		if (i < ARRAY_SIZE(numbers))
			(*numbers[i])++;
		else
			(*smalls[i - ARRAY_SIZE(numbers)])--;
		scene_build(1);
		assert_int_equal(waitgraph_confirm(scene.graph, &later), 0);
		waitgraph_judge(scene.graph);
		expect_no_cycle();
		assert_true(scene_wait(0)->is_lasting);
		assert_false(scene_wait(1)->is_lasting);
		waitgraph_free(scene.graph);
	}
	scene.graph = NULL;
}

static void what_is_gone_in_the_later_dump_is_no_cycle(void **state)
{
	struct view_waiters later = { .items = scene.items, .count = 2 };

	(void)state;
	scene_add_triangle();
	scene_build(1);
	assert_int_equal(waitgraph_confirm(scene.graph, &later), 0);
	waitgraph_judge(scene.graph);
	expect_no_cycle();
	later.count = 0;
	assert_int_equal(waitgraph_confirm(scene.graph, &later), 0);
	assert_false(scene_wait(0)->is_lasting);
}

static void a_thread_that_did_not_wait_all_the_time_may_end_a_cycle(void **state)
{
	struct view_waiters later = { .items = scene.items };

	(void)state;
	scene_add_triangle();
	scene_add_call(4, 5);
	scene_add_call(5, 4);
	later.count = scene.dump.count;
	scene_add_call(5, 1)->tid = 55;
	scene_build(1);
	scene_set_threads(5, 2);
	assert_int_equal(waitgraph_confirm(scene.graph, &later), 0);
	waitgraph_judge(scene.graph);
	assert_int_equal(scene.graph->cycle_count, 2);
	expect_cycle(0, "1 2 3", true);
	expect_cycle(1, "4 5", false);
}

static void two_cycles_are_found_once_each(void **state)
{
	(void)state;
	scene_add_triangle();
	scene_add_call(5, 6);
	scene_add_call(6, 5);
	scene_add_call(6, 1)->tid = 66;
	scene_build(MANY_THREADS);
	waitgraph_judge(scene.graph);
	assert_int_equal(scene.graph->cycle_count, 2);
	expect_cycle(0, "1 2 3", false);
	expect_cycle(1, "5 6", false);
	scene_plant(0);
	scene_expect_tree("0:5 1:6 1:6 2:1 3:2 4:3");
}

static void a_process_is_found_by_a_thread_that_waits(void **state)
{
	(void)state;
	scene_add_call(1, 2)->tid = 11;
	scene_add_call(3, 2)->tid = 0;
	scene_build(MANY_THREADS);
	assert_int_equal(waitgraph_find_thread(scene.graph, 11), scene_find(1));
	assert_int_equal(waitgraph_find_thread(scene.graph, 2), WAITGRAPH_NOBODY);
	/* one that cannot be seen */
	assert_int_equal(waitgraph_find_thread(scene.graph, 0), WAITGRAPH_NOBODY);
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
		A_TEST(a_process_is_found_by_a_thread_that_waits),
	};

	return cmocka_run_group_tests_name("waitgraph", tests, NULL, NULL);
}
