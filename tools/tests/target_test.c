// SPDX-License-Identifier: GPL-2.0
/* How the command finds the port that a command line means. */
#include "fake_kernel.h"

#include "../ipcport/array.h"
#include "../ipcport/command.h"
#include "../ipcport/parse.h"
#include "../ipcport/target.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define FD	42
#define SEC	1000000000ULL

/* As long as a name can be, and one byte longer. */
#define LONGEST_NAME	"/srv/" "12345678901234567890123456789012345678901234567890" "12345678"
#define TOO_LONG_NAME	LONGEST_NAME "9"

/* The structure of the last ioctl. */
#define argument_of(type)	((const struct type *)(const void *)fake.argument)

static void digits_are_a_number(void **state)
{
	static const char *const wrong[] = { "0", "000", "18446744073709551616" };
	struct target target = { 0 };

	(void)state;
	assert_int_equal(target_parse(&target, "7"), STATUS_OK);
	assert_int_equal(target.port, 7);
	assert_string_equal(target.text, "7");
	assert_int_equal(target_parse(&target, "18446744073709551615"), STATUS_OK);
	assert_int_equal(target.port, UINT64_MAX);
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		assert_int_equal(target_parse(&target, wrong[i]), STATUS_USAGE);
	assert_int_equal(target_parse(&target, NULL), STATUS_USAGE);
}

static void what_is_no_number_is_a_name(void **state)
{
	static const char *const right[] = {
		"/srv/echo", "a", "1a", "-1", "+1", "0x10", "1 ", "a b", "gr\xc3\xbc\xc3\x9f",
		"\xff", LONGEST_NAME,
	};
	static const char *const wrong[] = { "", "a\nb", "\x1b[2J", "a\x7f", "1\t", TOO_LONG_NAME };
	struct target target = { .port = 7 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(right); i++) {
		assert_int_equal(target_parse(&target, right[i]), STATUS_OK);
		assert_int_equal(target.port, 0);
		assert_string_equal(target.text, right[i]);
	}
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		assert_int_equal(target_parse(&target, wrong[i]), STATUS_USAGE);
}

static void a_name_to_be_given_is_not_a_number(void **state)
{
	const char *name = NULL;

	(void)state;
	assert_int_equal(parse_name("/srv/echo", &name), STATUS_OK);
	assert_string_equal(name, "/srv/echo");
	assert_int_equal(parse_name("12", &name), STATUS_USAGE);
	assert_int_equal(parse_name("", &name), STATUS_USAGE);
	assert_int_equal(parse_name(NULL, &name), STATUS_USAGE);
	assert_string_equal(name, "/srv/echo");
}

static void only_one_operand_is_taken(void **state)
{
	char seven[] = "7", eight[] = "8";
	char *operands[3] = { seven, eight, NULL };
	struct target target = { 0 };

	(void)state;
	assert_int_equal(target_parse_only(&target, operands), STATUS_USAGE);
	assert_int_equal(target_parse_only(&target, operands + 1), STATUS_OK);
	assert_int_equal(target.port, 8);
	assert_int_equal(target_parse_only(&target, operands + 2), STATUS_USAGE);
}

static void only_for_a_name_can_be_waited(void **state)
{
	struct target target = { 0 };

	(void)state;
	fake.now_ns = 10 * SEC;
	assert_int_equal(target_take_wait(&target, "soon"), STATUS_USAGE);
	assert_int_equal(target_take_wait(&target, NULL), STATUS_OK);
	assert_int_equal(target.deadline_ns, 0);
	assert_int_equal(target_take_wait(&target, "1.5"), STATUS_OK);
	assert_int_equal(target.deadline_ns, 11 * SEC + SEC / 2);
	assert_int_equal(target_parse(&target, "7"), STATUS_USAGE);
	assert_int_equal(target_parse(&target, "/srv/echo"), STATUS_OK);
}

static void a_number_is_used_through_the_device(void **state)
{
	struct target target = { 0 };

	(void)state;
	fake.result = FD;
	assert_int_equal(target_parse(&target, "7"), STATUS_OK);
	assert_int_equal(target_open(&target, IPCPORT_R_SEND, 5), STATUS_OK);
	assert_string_equal(fake.path, "/dev/ipcport");
	assert_int_equal(target.fd, FD);
	assert_int_equal(fake.calls, 0);
}

static void a_name_is_used_through_a_handle(void **state)
{
	static const struct ipcport_open expected = {
		.rights = IPCPORT_R_RECV, .deadline_ns = 5, .name = "/srv/echo",
	};
	struct target target = { 0 };

	(void)state;
	fake.result = FD;
	assert_int_equal(target_parse(&target, "/srv/echo"), STATUS_OK);
	assert_int_equal(target_open(&target, IPCPORT_R_RECV, 5), STATUS_OK);
	assert_int_equal(target.fd, FD);
	assert_int_equal(target.port, 0);
	assert_int_equal(fake.calls, 1);
	assert_int_equal(fake.request, IPCPORT_IOC_HANDLE_OPEN);
	assert_memory_equal(fake.argument, &expected, sizeof(expected));
	fake.result = -ENOENT;
	assert_int_equal(target_open(&target, IPCPORT_R_RECV, 5), STATUS_USAGE);
}

static void the_earlier_deadline_ends_the_wait_for_a_name(void **state)
{
	static const uint64_t cases[][3] = {
		{ 0, 0, 0 }, { 5, 0, 5 }, { 0, 6, 6 }, { 5, 6, 5 }, { 7, 6, 6 },
	};

	(void)state;
	fake.result = FD;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct target target = { .text = LONGEST_NAME, .is_waiting = true };

		target.deadline_ns = cases[i][0];
		assert_int_equal(target_open(&target, 0, cases[i][1]), STATUS_OK);
		assert_int_equal(argument_of(ipcport_open)->flags, IPCPORT_OPEN_F_WAIT);
		assert_int_equal(argument_of(ipcport_open)->deadline_ns, cases[i][2]);
		assert_string_equal((const char *)argument_of(ipcport_open)->name, LONGEST_NAME);
	}
}

static void a_handle_can_be_had_for_a_number(void **state)
{
	static const struct ipcport_open expected = {
		.port = 7, .rights = IPCPORT_R_SEND, .badge = 9,
	};
	struct ipcport_open open = { .rights = IPCPORT_R_SEND, .badge = 9 };
	struct target target = { .text = "7", .port = 7, .is_waiting = true };

	(void)state;
	fake.result = FD;
	assert_int_equal(target_open_handle(&target, 3, &open), STATUS_OK);
	assert_int_equal(fake.fd, 3);
	assert_memory_equal(fake.argument, &expected, sizeof(expected));
	fake.result = -EPERM;
	assert_int_equal(target_open_handle(&target, 3, &open), STATUS_FAILED);
}

static void a_new_port_is_named_before_it_is_told(void **state)
{
	static const struct ipcport_bind expected = { .port = 7, .name = "/srv/echo" };
	static const union {
		struct ipcport_create create;
		uint8_t bytes[256];
	} answer = { .create = { .out_port = 7 } };
	struct ipcport_create create = { .capacity = 3 };
	struct target target = { 0 };

	(void)state;
	fake.answer = &answer;
	assert_int_equal(target_create(&target, &create, NULL), STATUS_OK);
	assert_int_equal(fake.calls, 1);
	assert_int_equal(target.port, 7);
	assert_string_equal(target.text, "7");
	create = (struct ipcport_create){ .capacity = 3 };
	assert_int_equal(target_create(&target, &create, "/srv/echo"), STATUS_OK);
	assert_int_equal(fake.calls, 3);
	assert_int_equal(fake.request, IPCPORT_IOC_PORT_BIND);
	assert_memory_equal(fake.argument, &expected, sizeof(expected));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(digits_are_a_number, fake_reset),
		cmocka_unit_test_setup(what_is_no_number_is_a_name, fake_reset),
		cmocka_unit_test_setup(a_name_to_be_given_is_not_a_number, fake_reset),
		cmocka_unit_test_setup(only_one_operand_is_taken, fake_reset),
		cmocka_unit_test_setup(only_for_a_name_can_be_waited, fake_reset),
		cmocka_unit_test_setup(a_number_is_used_through_the_device, fake_reset),
		cmocka_unit_test_setup(a_name_is_used_through_a_handle, fake_reset),
		cmocka_unit_test_setup(the_earlier_deadline_ends_the_wait_for_a_name, fake_reset),
		cmocka_unit_test_setup(a_handle_can_be_had_for_a_number, fake_reset),
		cmocka_unit_test_setup(a_new_port_is_named_before_it_is_told, fake_reset),
	};

	return cmocka_run_group_tests_name("target", tests, NULL, NULL);
}
