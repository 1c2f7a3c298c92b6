// SPDX-License-Identifier: GPL-2.0
/* How fast things happen in ports, and how ports are sorted by that. */
#include "../ipcport/array.h"
#include "../ipcport/rates.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SEC	1000000000ULL

#define MOST_PORTS	8

/* Two looks at the ports, one and three seconds after the beginning. */
static struct {
	struct view_port items[2][MOST_PORTS];
	struct rates looks[2];
} scene;

static int reset(void **state)
{
	(void)state;
	memset(&scene, 0, sizeof(scene));
	for (size_t i = 0; i < 2; i++) {
		scene.looks[i].ports.items = scene.items[i];
		scene.looks[i].time_ns = SEC + i * 2 * SEC;
	}
	return 0;
}

static int forget(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2; i++)
		free(scene.looks[i].items);
	return 0;
}

static struct view_port *add(size_t look, uint64_t id)
{
	struct view_port *port = &scene.items[look][scene.looks[look].ports.count++];

	assert_true(scene.looks[look].ports.count <= MOST_PORTS);
	port->id = id;
	return port;
}

static void count(struct view_port *port, uint64_t sent, uint64_t received, uint64_t calls)
{
	port->counters.sent = sent;
	port->counters.received = received;
	port->counters.calls = calls;
}

static void measure(void)
{
	assert_int_equal(rates_measure(&scene.looks[0], NULL), 0);
	assert_int_equal(rates_measure(&scene.looks[1], &scene.looks[0]), 0);
}

static void expect_rate(size_t number, uint64_t id, double sent, double received, double calls)
{
	const struct rate *rate = &scene.looks[1].items[number];

	assert_int_equal(rate->port->id, id);
	assert_float_equal(rate->sent, sent, 0.001);
	assert_float_equal(rate->received, received, 0.001);
	assert_float_equal(rate->calls, calls, 0.001);
}

/* @text: the numbers of the ports, in this order */
static void expect_sorted(enum rates_key key, bool is_reverse, const char *text)
{
	char ports[256] = "", *end = ports;

	rates_sort(&scene.looks[1], key, is_reverse);
	for (size_t i = 0; i < scene.looks[1].ports.count; i++)
		end += sprintf(end, "%s%u", i ? " " : "",
			       (unsigned int)scene.looks[1].items[i].port->id);
	assert_string_equal(ports, text);
}

static void one_look_measures_nothing(void **state)
{
	(void)state;
	count(add(0, 1), 100, 100, 100);
	measure();
	assert_false(scene.looks[0].is_measured);
	assert_float_equal(scene.looks[0].items[0].sent, 0, 0);
	assert_float_equal(scene.looks[0].total.sent, 0, 0);
	assert_true(scene.looks[1].is_measured);
}

static void rates_are_what_happened_in_a_second(void **state)
{
	(void)state;
	count(add(0, 1), 100, 50, 10);
	count(add(1, 1), 110, 56, 11);
	measure();
	expect_rate(0, 1, 5, 3, 0.5);
}

static void ports_that_come_and_go_do_not_confuse_others(void **state)
{
	(void)state;
	count(add(0, 1), 1000, 1000, 1000);
	count(add(0, 3), 30, 0, 0);
	count(add(0, 5), 5000, 5000, 5000);
	count(add(1, 3), 34, 0, 0);
	count(add(1, 6), 6, 4, 2);
	count(add(1, 7), 0, 0, 0);
	measure();
	expect_rate(0, 3, 2, 0, 0);
	expect_rate(1, 6, 3, 2, 1);
	expect_rate(2, 7, 0, 0, 0);
	assert_float_equal(scene.looks[1].total.sent, 5, 0.001);
	assert_float_equal(scene.looks[1].total.received, 2, 0.001);
	assert_float_equal(scene.looks[1].total.calls, 1, 0.001);
}

static void waiters_and_calls_are_added_up(void **state)
{
	struct view_port *port;

	(void)state;
	for (uint64_t id = 1; id < 4; id++) {
		port = add(1, id);
		port->senders = 1;
		port->receivers = 10;
		port->calls = 100;
	}
	measure();
	assert_int_equal(scene.looks[1].waiting, 33);
	assert_int_equal(scene.looks[1].open, 300);
}

static void two_looks_at_the_same_time_measure_nothing(void **state)
{
	(void)state;
	count(add(0, 1), 1, 1, 1);
	count(add(1, 1), 2, 2, 2);
	scene.looks[1].time_ns = scene.looks[0].time_ns;
	measure();
	assert_false(scene.looks[1].is_measured);
	expect_rate(0, 1, 0, 0, 0);
}

static void ports_are_sorted_by_each_key_in_both_directions(void **state)
{
	static const struct {
		const char *name;
		uint32_t depth, senders, receivers, calls;
		uint64_t sent;
	} ports[] = {
		{ "b", 1, 2, 0, 5, 4 },
		{ "",  4, 0, 1, 6, 2 },
		{ "a", 3, 1, 2, 5, 6 },
		{ "c", 3, 2, 2, 0, 2 },
	};
	static const struct {
		enum rates_key key;
		const char *down, *up;
	} cases[] = {
		{ RATES_BY_PORT, "1 2 3 4", "4 3 2 1" },
		{ RATES_BY_NAME, "3 1 4 2", "2 4 1 3" },
		{ RATES_BY_DEPTH, "2 3 4 1", "1 3 4 2" },
		{ RATES_BY_WAITERS, "4 3 1 2", "2 1 3 4" },
		{ RATES_BY_CALLS, "2 1 3 4", "4 1 3 2" },
		{ RATES_BY_MESSAGES, "3 1 2 4", "2 4 1 3" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ports); i++) {
		struct view_port *port = add(1, i + 1);

		strcpy(port->name, ports[i].name);
		port->depth = ports[i].depth;
		port->senders = ports[i].senders;
		port->receivers = ports[i].receivers;
		port->calls = ports[i].calls;
		port->counters.sent = ports[i].sent;
	}
	measure();
	assert_int_equal(ARRAY_SIZE(cases), RATES_KEYS);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		expect_sorted(cases[i].key, false, cases[i].down);
		expect_sorted(cases[i].key, true, cases[i].up);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(one_look_measures_nothing, reset, forget),
		cmocka_unit_test_setup_teardown(rates_are_what_happened_in_a_second, reset, forget),
		cmocka_unit_test_setup_teardown(ports_that_come_and_go_do_not_confuse_others,
						reset, forget),
		cmocka_unit_test_setup_teardown(waiters_and_calls_are_added_up, reset, forget),
		cmocka_unit_test_setup_teardown(two_looks_at_the_same_time_measure_nothing,
						reset, forget),
		cmocka_unit_test_setup_teardown(ports_are_sorted_by_each_key_in_both_directions,
						reset, forget),
	};

	return cmocka_run_group_tests_name("rates", tests, NULL, NULL);
}
