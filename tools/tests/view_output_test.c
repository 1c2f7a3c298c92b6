// SPDX-License-Identifier: GPL-2.0
/* What the commands print of ports, waiters and events, as text and as JSON. */
#include "fake_kernel.h"

#include "../ipcport/age.h"
#include "../ipcport/array.h"
#include "../ipcport/json.h"
#include "../ipcport/show.h"
#include "../ipcport/table.h"
#include "../ipcport/view_json.h"

#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SEC	1000000000ULL

static void expect_table(struct table *table, const char *expected)
{
	FILE *saved = stdout;
	char *printed;
	size_t size;

	stdout = open_memstream(&printed, &size);
	assert_non_null(stdout);
	assert_int_equal(table_print(table), 0);
	fclose(stdout);
	stdout = saved;
	assert_string_equal(printed, expected);
	free(printed);
}

static void columns_are_as_wide_as_what_is_in_them(void **state)
{
	static const struct column columns[] = {
		{ "PORT", true }, { "NAME", false }, { "N", true }, { "LAST", false },
	};
	struct table table = { .columns = columns, .column_count = ARRAY_SIZE(columns) };

	(void)state;
	expect_table(&table, "PORT  NAME  N  LAST\n");
	table_cell(&table, "%d", 12345);
	table_text(&table, "");
	table_cell(&table, "%d", 7);
	table_text(&table, "x");
	table_cell(&table, "%d", 1);
	/* five characters, and a byte that is none */
	table_text(&table, "\xc3\xbc\xc3\xbc\xc3\xbc\xff");
	table_cell(&table, "%d", 88);
	table_text(&table, "longer");
	expect_table(&table, " PORT  NAME      N  LAST\n"
			     "12345  -         7  x\n"
			     "    1  \xc3\xbc\xc3\xbc\xc3\xbc\\xff  88  longer\n");
}

static void wide_characters_do_not_shift_columns(void **state)
{
	static const struct column columns[] = { { "NAME", false }, { "N", true } };
	struct table table = { .columns = columns, .column_count = ARRAY_SIZE(columns) };

	(void)state;
	assert_non_null(setlocale(LC_CTYPE, "C.UTF-8"));
	/* two characters of two columns each, and a combining one */
	table_text(&table, "\xe4\xb8\xad\xe4\xb8\xad");
	table_cell(&table, "1");
	table_text(&table, "u\xcc\x88x");
	table_cell(&table, "2");
	expect_table(&table, "NAME  N\n"
			     "\xe4\xb8\xad\xe4\xb8\xad  1\n"
			     "u\xcc\x88x    2\n");
	setlocale(LC_CTYPE, "C");
}

static void a_table_can_have_many_lines(void **state)
{
	static const struct column columns[] = { { "A", true }, { "B", true } };
	struct table table = { .columns = columns, .column_count = ARRAY_SIZE(columns) };
	char *expected, *end;

	(void)state;
	expected = malloc(16 * 1001);
	assert_non_null(expected);
	end = expected + sprintf(expected, "  A     B\n");
	for (int i = 0; i < 1000; i++) {
		table_cell(&table, "%d", i);
		table_cell(&table, "%d", 9 * i);
		end += sprintf(end, "%3d  %4d\n", i, 9 * i);
	}
	expect_table(&table, expected);
	free(expected);
}

/* What "show" prints of a port with these options. */
static void expect_options(uint32_t flags, const char *expected)
{
	static const struct view_waiters nobody;
	const struct view_port port = { .id = 1, .flags = flags };
	FILE *saved = stdout;
	char *printed, *line;
	size_t size;

	stdout = open_memstream(&printed, &size);
	assert_non_null(stdout);
	assert_int_equal(show_print_port(&port, &nobody), 0);
	fclose(stdout);
	stdout = saved;
	line = strstr(printed, "options ");
	assert_non_null(line);
	*strchrnul(line, '\n') = '\0';
	assert_string_equal(line, expected);
	free(printed);
}

static void options_of_a_later_module_are_numbers(void **state)
{
	(void)state;
	expect_options(IPCPORT_CREATE_F_OWNER_THREAD | IPCPORT_CREATE_F_CARGO,
		       "options    owner-thread, cargo");
	expect_options(IPCPORT_CREATE_F_CARGO | 0x50000000, "options    cargo, 0x50000000");
	expect_options(0x80000000, "options    0x80000000");
}

static void ages_have_two_units_at_most(void **state)
{
	static const struct {
		uint64_t ns;
		const char *text;
	} ages[] = {
		{ 0, "0.00s" }, { SEC / 4, "0.25s" }, { 60 * SEC - 1, "59.99s" },
		{ 60 * SEC, "1m00s" }, { 3599 * SEC, "59m59s" }, { 3600 * SEC, "1h00m" },
		{ 86399 * SEC, "23h59m" }, { 86400 * SEC, "1d00h" },
		{ UINT64_MAX, "213503d23h" },
	};
	char text[AGE_SIZE];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ages); i++)
		assert_string_equal(age_format(text, ages[i].ns), ages[i].text);
	fake.now_ns = 10 * SEC;
	assert_string_equal(age_since(text, 8 * SEC), "2.00s");
	assert_string_equal(age_since(text, 11 * SEC), "0.00s");
}

static void expect_json(struct json_object *object, const char *expected)
{
	assert_string_equal(json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN |
							   JSON_C_TO_STRING_NOSLASHESCAPE),
			    expected);
	json_object_put(object);
}

static void a_port_survives_json(void **state)
{
	struct view_port port = {
		.id = UINT64_MAX, .name = "/srv/\xc3\xbc", .owner_pid = 2, .owner_comm = "a",
		.uid = 3, .gid = 4, .mode = 0620, .flags = 5, .capacity = 6, .depth = 7,
		.senders = 8, .receivers = 9, .calls = 10, .send_handles = 11,
		.recv_handles = 12, .created = 13, .generation = 14,
		.counters = { 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 0, 0, 0, 0 },
	};

	(void)state;
	expect_json(json_view_port(&port),
		    "{\"id\":18446744073709551615,\"name\":\"/srv/\xc3\xbc\",\"owner_pid\":2,"
		    "\"owner_tid\":null,\"owner_comm\":\"a\",\"uid\":3,\"gid\":4,"
		    "\"mode\":\"0620\",\"flags\":5,\"capacity\":6,\"depth\":7,\"senders\":8,"
		    "\"receivers\":9,\"calls\":10,\"send_handles\":11,\"recv_handles\":12,"
		    "\"created\":13,\"counters\":{\"sent\":20,\"received\":21,\"dropped\":22,"
		    "\"calls\":23,\"answered\":24,\"port_died\":25,\"holder_died\":26,"
		    "\"timed_out\":27,\"cancelled\":28,\"caller_gone\":29},\"generation\":14}");
}

static void a_waiter_survives_json(void **state)
{
	struct view_waiter waiter = {
		.kind = IPCPORT_WAIT_NAME, .pid = 1, .tid = 2, .comm = "a", .uid = 3,
		.since = 4, .name = "\xff",
	};

	(void)state;
	expect_json(json_view_waiter(&waiter),
		    "{\"kind\":\"name\",\"pid\":1,\"tid\":2,\"comm\":\"a\",\"uid\":3,\"since\":4,"
		    "\"port\":null,\"owner_pid\":null,\"owner_comm\":null,\"token\":null,"
		    "\"holder_pid\":null,\"holder_comm\":null,\"is_async\":false}");
	waiter = (struct view_waiter){
		.kind = IPCPORT_WAIT_CALL_RECEIVED, .pid = 1, .tid = 2, .uid = 3, .since = 4,
		.port = 5, .name = "b", .owner_pid = 6, .owner_comm = "c", .token = 7,
		.holder_pid = 8, .holder_comm = "d", .is_async = true,
	};
	expect_json(json_view_waiter(&waiter),
		    "{\"kind\":\"call_received\",\"pid\":1,\"tid\":2,\"comm\":null,\"uid\":3,"
		    "\"since\":4,\"port\":5,\"name\":\"b\",\"owner_pid\":6,\"owner_comm\":\"c\","
		    "\"token\":7,\"holder_pid\":8,\"holder_comm\":\"d\",\"is_async\":true}");
}

static void an_event_has_in_json_what_it_brought(void **state)
{
	struct view_event event = {
		.cmd = IPCPORT_CMD_DESTROYED_NTF, .port = 1, .generation = 2, .name = "a",
		.owner_pid = 3, .has_uid = true, .uid = 0, .has_cause = true,
		.cause = IPCPORT_PORT_CAUSE_EXIT,
	};

	(void)state;
	expect_json(json_view_event(&event),
		    "{\"event\":\"destroyed\",\"port\":1,\"generation\":2,\"name\":\"a\","
		    "\"owner_pid\":3,\"uid\":0,\"cause\":\"exit\"}");
	event = (struct view_event){
		.cmd = IPCPORT_CMD_CALL_ABORTED_NTF, .port = 1, .token = 2, .caller_pid = 3,
		.caller_tid = 4, .has_outcome = true, .outcome = IPCPORT_CALL_TIMED_OUT,
	};
	expect_json(json_view_event(&event),
		    "{\"event\":\"call_aborted\",\"port\":1,\"token\":2,\"caller_pid\":3,"
		    "\"caller_tid\":4,\"outcome\":\"timed_out\"}");
	event = (struct view_event){
		.cmd = IPCPORT_CMD_LIMIT_HIT_NTF, .has_uid = true, .uid = 5,
		.limit_name = "max_ports",
	};
	expect_json(json_view_event(&event),
		    "{\"event\":\"limit_hit\",\"uid\":5,\"limit_name\":\"max_ports\","
		    "\"limit_bound\":0}");
}

static void what_a_later_module_says_is_unknown(void **state)
{
	(void)state;
	assert_string_equal(view_kind_word(99), "unknown");
	assert_string_equal(view_cause_word(IPCPORT_PORT_CAUSE_CLOSE + 1), "unknown");
	assert_string_equal(view_outcome_word(UINT32_MAX), "unknown");
	assert_string_equal(view_event_word(0), "unknown");
	assert_string_equal(view_event_word(IPCPORT_CMD_PORT_GET), "unknown");
	assert_string_equal(view_event_word(IPCPORT_CMD_MAX), "limit_hit");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(columns_are_as_wide_as_what_is_in_them, fake_reset),
		cmocka_unit_test_setup(wide_characters_do_not_shift_columns, fake_reset),
		cmocka_unit_test_setup(a_table_can_have_many_lines, fake_reset),
		cmocka_unit_test_setup(options_of_a_later_module_are_numbers, fake_reset),
		cmocka_unit_test_setup(ages_have_two_units_at_most, fake_reset),
		cmocka_unit_test_setup(a_port_survives_json, fake_reset),
		cmocka_unit_test_setup(a_waiter_survives_json, fake_reset),
		cmocka_unit_test_setup(an_event_has_in_json_what_it_brought, fake_reset),
		cmocka_unit_test_setup(what_a_later_module_says_is_unknown, fake_reset),
	};

	return cmocka_run_group_tests_name("view output", tests, NULL, NULL);
}
