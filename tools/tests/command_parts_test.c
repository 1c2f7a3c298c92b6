// SPDX-License-Identifier: GPL-2.0
/* Parsers, payloads and JSON of the command. */
#include "fake_kernel.h"

#include "../ipcport/array.h"
#include "../ipcport/json.h"
#include "../ipcport/parse.h"
#include "../ipcport/print.h"
#include "../ipcport/stream.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SEC	1000000000ULL

static void numbers_are_digits_within_bounds(void **state)
{
	static const char *const wrong[] = {
		"", "-1", "+1", " 1", "1 ", "0x10", "1k", "ten", "18446744073709551616",
		"99999999999999999999999",
	};
	uint64_t value = 7;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		assert_false(parse_number(wrong[i], 0, UINT64_MAX, &value));
	assert_false(parse_number("4", 5, 6, &value));
	assert_false(parse_number("7", 5, 6, &value));
	assert_int_equal(value, 7);
	assert_true(parse_number("5", 5, 6, &value));
	assert_int_equal(value, 5);
	assert_true(parse_number("007", 0, 7, &value));
	assert_int_equal(value, 7);
	assert_true(parse_number("18446744073709551615", 0, UINT64_MAX, &value));
	assert_int_equal(value, UINT64_MAX);
}

static void modes_are_octal_permission_bits(void **state)
{
	static const char *const wrong[] = {
		"", "0", "000", "0700", "1", "0601", "01000", "8", "0608", "-600", "0x180", "rw",
		"7777777777777777777777777",
	};
	uint32_t mode = 7;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		assert_false(parse_mode(wrong[i], &mode));
	assert_int_equal(mode, 7);
	assert_true(parse_mode("600", &mode));
	assert_int_equal(mode, 0600);
	assert_true(parse_mode("0666", &mode));
	assert_int_equal(mode, 0666);
	assert_true(parse_mode("2", &mode));
	assert_int_equal(mode, 2);
}

static void seconds_have_up_to_nine_decimals(void **state)
{
	static const struct {
		const char *text;
		uint64_t ns;
	} right[] = {
		{ "0", 0 }, { "2", 2 * SEC }, { "0.25", SEC / 4 }, { ".5", SEC / 2 },
		{ "1.000000001", SEC + 1 }, { "0.0", 0 }, { "0.090", 90000000 },
		{ "9223372035", 9223372035 * SEC },
	};
	static const char *const wrong[] = {
		"", ".", "1.", "-1", "1,5", "1.0000000001", "1e3", "1.2.3", "1s", " 1", "1.+2",
		"9223372036", "18446744073709551616", "99999999999999999999999999",
	};
	uint64_t ns = 7;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		assert_false(parse_seconds(wrong[i], &ns));
	assert_int_equal(ns, 7);
	for (size_t i = 0; i < ARRAY_SIZE(right); i++) {
		assert_true(parse_seconds(right[i].text, &ns));
		assert_int_equal(ns, right[i].ns);
	}
}

static void a_timeout_becomes_a_deadline(void **state)
{
	struct patience patience = { 0 };

	(void)state;
	fake.now_ns = 10 * SEC;
	assert_int_equal(parse_timeout("1.5", &patience), 0);
	assert_int_equal(patience.deadline_ns, 11 * SEC + SEC / 2);
	assert_int_equal(parse_timeout("0", &patience), 0);
	assert_int_equal(patience.deadline_ns, 10 * SEC);
}

static void expect_cut(size_t length, uint32_t expected)
{
	struct ipcport_message messages[STREAM_BATCH];
	uint8_t bytes[STREAM_CHUNK], joined[STREAM_CHUNK];
	size_t total = 0;
	uint32_t count;

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 7 + 1);
	count = stream_fill(messages, 5, bytes, length);
	assert_int_equal(count, expected);
	for (uint32_t i = 0; i < count; i++) {
		size_t part = stream_length(&messages[i]);

		assert_int_equal(messages[i].type, 5);
		assert_int_equal(messages[i].sender, 0);
		memcpy(joined + total, messages[i].payload, part);
		total += part;
		for (; part < IPCPORT_PAYLOAD_SIZE; part++)
			assert_int_equal(messages[i].payload[part], 0);
	}
	assert_int_equal(total, length);
	assert_memory_equal(joined, bytes, length);
}

static void bytes_are_cut_into_payloads(void **state)
{
	(void)state;
	expect_cut(0, 1);
	expect_cut(1, 1);
	expect_cut(47, 1);
	expect_cut(48, 1);
	expect_cut(49, 2);
	expect_cut(96, 2);
	expect_cut(STREAM_CHUNK - 1, STREAM_BATCH);
	expect_cut(STREAM_CHUNK, STREAM_BATCH);
}

static void foreign_flags_mean_the_whole_payload(void **state)
{
	struct ipcport_message message = { .flags = 49 };

	(void)state;
	assert_int_equal(stream_length(&message), 48);
	message.flags = UINT32_MAX;
	assert_int_equal(stream_length(&message), 48);
	message.flags = 48;
	assert_int_equal(stream_length(&message), 48);
	message.flags = 0;
	assert_int_equal(stream_length(&message), 0);
}

static void a_batch_partly_taken_is_continued(void **state)
{
	struct stream stream = { .fd = 3, .port = 9 };
	uint8_t bytes[STREAM_CHUNK + 100];

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i % 251);
	fake.space = 7;
	assert_int_equal(stream_send(&stream, STREAM_DATA, bytes, sizeof(bytes)), 0);
	assert_int_equal(stream.messages, STREAM_BATCH + 3);
	assert_int_equal(stream.bytes, sizeof(bytes));
	assert_int_equal(fake.nr_messages, STREAM_BATCH + 3);
	for (size_t i = 0; i < fake.nr_messages; i++)
		assert_memory_equal(fake.messages[i].payload, bytes + 48 * i,
				    stream_length(&fake.messages[i]));
	assert_int_equal(stream_length(&fake.messages[STREAM_BATCH + 2]), 4);
}

static void a_failed_send_ends_the_stream(void **state)
{
	struct stream stream = { .fd = 3, .port = 9 };
	uint8_t bytes[100] = { 0 };

	(void)state;
	fake.result = -EPIPE;
	assert_int_equal(stream_send(&stream, STREAM_DATA, bytes, sizeof(bytes)), -EPIPE);
	assert_int_equal(fake.calls, 1);
	assert_int_equal(stream.messages, 0);
}

static void an_end_is_an_empty_message(void **state)
{
	struct stream stream = { .fd = 3, .port = 9 };

	(void)state;
	assert_int_equal(stream_send(&stream, STREAM_END, "", 0), 0);
	assert_int_equal(fake.nr_messages, 1);
	assert_int_equal(fake.messages[0].type, STREAM_END);
	assert_int_equal(fake.messages[0].flags, 0);
}

/* Goes through text, as it does for whoever reads the command's output. */
static struct json_object *reread(struct json_object *object)
{
	struct json_object *again = json_tokener_parse(json_object_to_json_string(object));

	assert_non_null(again);
	json_object_put(object);
	return again;
}

static uint64_t number_in(struct json_object *object, const char *key)
{
	struct json_object *member;

	assert_true(json_object_object_get_ex(object, key, &member));
	assert_true(json_object_is_type(member, json_type_int));
	return json_object_get_uint64(member);
}

static const char *text_in(struct json_object *object, const char *key)
{
	struct json_object *member;

	assert_true(json_object_object_get_ex(object, key, &member));
	return json_object_get_string(member);
}

static void a_delivery_survives_json(void **state)
{
	const struct ipcport_delivery delivery = {
		.message = { .sender = 12, .type = 0xffffffff, .flags = 7,
			     .payload = "a\"\\\n\x1b\303\274bc" },
		.info = { .time_ns = UINT64_MAX, .seq = 1ULL << 60, .pid = 11, .tid = 12,
			  .uid = 0xfffffffe, .gid = 5, .cargo = -1, .token = 1ULL << 61,
			  .badge = 1ULL << 62 },
	};
	struct json_object *object = reread(json_delivery(&delivery));

	(void)state;
	assert_int_equal(number_in(object, "seq"), 1ULL << 60);
	assert_int_equal(number_in(object, "token"), 1ULL << 61);
	assert_string_equal(text_in(object, "aborted"), "false");
	assert_int_equal(number_in(object, "time_ns"), UINT64_MAX);
	assert_int_equal(number_in(object, "pid"), 11);
	assert_int_equal(number_in(object, "tid"), 12);
	assert_int_equal(number_in(object, "uid"), 0xfffffffe);
	assert_int_equal(number_in(object, "gid"), 5);
	assert_int_equal(number_in(object, "badge"), 1ULL << 62);
	assert_string_equal(text_in(object, "cargo"), "false");
	assert_int_equal(number_in(object, "type"), 0xffffffff);
	assert_int_equal(number_in(object, "flags"), 7);
	assert_string_equal(text_in(object, "text"), "a\"\\\n\x1b\xc3\xbc");
	assert_int_equal(strlen(text_in(object, "payload")), 96);
	assert_memory_equal(text_in(object, "payload"), "61225c0a1bc3bc626300", 20);
	json_object_put(object);
}

static void bytes_that_are_no_text_are_in_the_payload_only(void **state)
{
	const struct ipcport_delivery delivery = {
		.message = { .flags = 2, .payload = { 0xff, 0x00 } },
	};
	struct json_object *object = reread(json_delivery(&delivery));

	(void)state;
	assert_false(json_object_object_get_ex(object, "text", NULL));
	assert_memory_equal(text_in(object, "payload"), "ff00", 4);
	json_object_put(object);
}

static void a_notice_says_so_in_json(void **state)
{
	struct ipcport_delivery delivery = {
		.info = { .token = 7, .flags = IPCPORT_INFO_F_ABORTED, .cargo = -1 },
	};
	struct json_object *object = reread(json_delivery(&delivery));

	(void)state;
	assert_int_equal(number_in(object, "token"), 7);
	assert_string_equal(text_in(object, "aborted"), "true");
	assert_string_equal(text_in(object, "no_senders"), "false");
	assert_string_equal(text_in(object, "text"), "");
	json_object_put(object);
	delivery.info.flags = IPCPORT_INFO_F_NO_SENDERS;
	object = reread(json_delivery(&delivery));
	assert_string_equal(text_in(object, "aborted"), "false");
	assert_string_equal(text_in(object, "no_senders"), "true");
	json_object_put(object);
}

static void cargo_shows_in_json(void **state)
{
	const struct ipcport_delivery delivery = { .info = { .cargo = 0 } };
	struct json_object *object = reread(json_delivery(&delivery));

	(void)state;
	assert_string_equal(text_in(object, "cargo"), "true");
	json_object_put(object);
}

static void cargo_is_dropped_once(void **state)
{
	struct ipcport_delivery delivery = { .info = { .cargo = 7 } };

	(void)state;
	stream_drop_cargo(&delivery);
	assert_int_equal(fake.fd, 7);
	assert_int_equal(delivery.info.cargo, -1);
	fake.fd = 99;
	stream_drop_cargo(&delivery);
	assert_int_equal(fake.fd, 99);
	/* 0 is a descriptor, too */
	delivery.info.cargo = 0;
	stream_drop_cargo(&delivery);
	assert_int_equal(fake.fd, 0);
}

static void expect_printed(const struct ipcport_delivery *delivery, bool is_verbose,
			   const char *expected)
{
	FILE *saved = stdout;
	char *printed;
	size_t size;

	stdout = open_memstream(&printed, &size);
	assert_non_null(stdout);
	print_delivery(delivery, is_verbose);
	fclose(stdout);
	stdout = saved;
	assert_string_equal(printed, expected);
	free(printed);
}

static void a_line_says_what_a_message_is(void **state)
{
	struct ipcport_delivery delivery = {
		.message = { .sender = 12, .type = 4, .flags = 2, .payload = "hi" },
		.info = { .seq = 3, .pid = 11, .tid = 12, .uid = 13, .cargo = -1 },
	};

	(void)state;
	expect_printed(&delivery, false, "hi\n");
	expect_printed(&delivery, true, "#3 pid 11 uid 13 type 4: hi\n");
	delivery.info.token = 99;
	expect_printed(&delivery, true, "#3 pid 11 uid 13 type 4 token 99: hi\n");
	/* a reply */
	delivery.info.seq = 0;
	expect_printed(&delivery, true, "pid 11 uid 13 type 4 token 99: hi\n");
	delivery.info.badge = 1ULL << 63;
	delivery.info.cargo = 0;
	expect_printed(&delivery, false, "hi\n");
	expect_printed(&delivery, true,
		       "pid 11 uid 13 type 4 token 99 badge 9223372036854775808 cargo: hi\n");
}

static void a_line_says_what_a_notice_is(void **state)
{
	struct ipcport_delivery delivery = {
		.message = { .sender = 12 },
		.info = { .pid = 11, .tid = 12, .uid = 13, .cargo = -1, .token = 99,
			  .flags = IPCPORT_INFO_F_ABORTED },
	};

	(void)state;
	expect_printed(&delivery, false, "\n");
	expect_printed(&delivery, true, "pid 11 uid 13 type 0 token 99 aborted:\x20\n");
	delivery = (struct ipcport_delivery){
		.info = { .seq = 3, .uid = 13, .cargo = -1, .flags = IPCPORT_INFO_F_NO_SENDERS },
	};
	expect_printed(&delivery, false, "\n");
	expect_printed(&delivery, true, "#3 pid 0 uid 13 type 0 no-senders:\x20\n");
}

static void a_stat_survives_json(void **state)
{
	const struct ipcport_stat stat = {
		.out_port = UINT64_MAX, .out_mode = 0640, .out_capacity = 16, .out_depth = 3,
		.out_state = IPCPORT_STATE_READABLE | IPCPORT_STATE_DEAD, .out_senders = 1,
		.out_receivers = 2, .out_uid = 4, .out_gid = 5, .out_owner_pid = 6,
		.out_owner_tid = 7, .out_sent = 8, .out_received = 9, .out_created_ns = 10,
		.out_calls = 11, .out_send_handles = 12, .out_recv_handles = 13,
		.out_name = "/srv/\"\\\xc3\xbc",
	};
	struct json_object *object = reread(json_stat(&stat));

	(void)state;
	assert_int_equal(number_in(object, "port"), UINT64_MAX);
	assert_string_equal(text_in(object, "mode"), "0640");
	assert_string_equal(text_in(object, "readable"), "true");
	assert_string_equal(text_in(object, "writable"), "false");
	assert_string_equal(text_in(object, "dead"), "true");
	assert_int_equal(number_in(object, "capacity"), 16);
	assert_int_equal(number_in(object, "depth"), 3);
	assert_int_equal(number_in(object, "senders"), 1);
	assert_int_equal(number_in(object, "receivers"), 2);
	assert_int_equal(number_in(object, "uid"), 4);
	assert_int_equal(number_in(object, "gid"), 5);
	assert_int_equal(number_in(object, "owner_pid"), 6);
	assert_int_equal(number_in(object, "owner_tid"), 7);
	assert_int_equal(number_in(object, "sent"), 8);
	assert_int_equal(number_in(object, "received"), 9);
	assert_int_equal(number_in(object, "created_ns"), 10);
	assert_int_equal(number_in(object, "calls"), 11);
	assert_int_equal(number_in(object, "send_handles"), 12);
	assert_int_equal(number_in(object, "recv_handles"), 13);
	assert_string_equal(text_in(object, "name"), "/srv/\"\\\xc3\xbc");
	json_object_put(object);
}

static void a_port_without_a_name_has_null_for_it(void **state)
{
	struct ipcport_stat stat = { .out_port = 7 };
	struct json_object *object = json_stat(&stat), *name = object;

	(void)state;
	assert_true(json_object_object_get_ex(object, "name", &name));
	assert_null(name);
	json_object_put(object);
	stat.out_name[0] = 0xff;
	object = json_stat(&stat);
	assert_false(json_object_object_get_ex(object, "name", &name));
	json_object_put(object);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(numbers_are_digits_within_bounds, fake_reset),
		cmocka_unit_test_setup(modes_are_octal_permission_bits, fake_reset),
		cmocka_unit_test_setup(seconds_have_up_to_nine_decimals, fake_reset),
		cmocka_unit_test_setup(a_timeout_becomes_a_deadline, fake_reset),
		cmocka_unit_test_setup(bytes_are_cut_into_payloads, fake_reset),
		cmocka_unit_test_setup(foreign_flags_mean_the_whole_payload, fake_reset),
		cmocka_unit_test_setup(a_batch_partly_taken_is_continued, fake_reset),
		cmocka_unit_test_setup(a_failed_send_ends_the_stream, fake_reset),
		cmocka_unit_test_setup(an_end_is_an_empty_message, fake_reset),
		cmocka_unit_test_setup(a_delivery_survives_json, fake_reset),
		cmocka_unit_test_setup(bytes_that_are_no_text_are_in_the_payload_only, fake_reset),
		cmocka_unit_test_setup(a_notice_says_so_in_json, fake_reset),
		cmocka_unit_test_setup(cargo_shows_in_json, fake_reset),
		cmocka_unit_test_setup(cargo_is_dropped_once, fake_reset),
		cmocka_unit_test_setup(a_line_says_what_a_message_is, fake_reset),
		cmocka_unit_test_setup(a_line_says_what_a_notice_is, fake_reset),
		cmocka_unit_test_setup(a_stat_survives_json, fake_reset),
		cmocka_unit_test_setup(a_port_without_a_name_has_null_for_it, fake_reset),
	};

	return cmocka_run_group_tests_name("command parts", tests, NULL, NULL);
}
