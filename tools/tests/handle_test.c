// SPDX-License-Identifier: GPL-2.0
/* What the library's functions for names and handles hand to the kernel. */
#include "fake_kernel.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define FD	42
#define PORT	0x123456789abcdefULL

/* As long as a name can be, and one byte longer. */
#define LONGEST_NAME	"/srv/" "12345678901234567890123456789012345678901234567890" "12345678"
#define TOO_LONG_NAME	LONGEST_NAME "9"

static void bind_names_port_and_name(void **state)
{
	static const struct ipcport_bind expected = { .port = PORT, .name = "/srv/echo" };
	static const struct ipcport_bind longest = { .name = LONGEST_NAME };

	(void)state;
	assert_int_equal(ipcport_bind(FD, PORT, "/srv/echo"), 0);
	assert_int_equal(fake.fd, FD);
	assert_int_equal(fake.request, IPCPORT_IOC_PORT_BIND);
	assert_memory_equal(fake.argument, &expected, sizeof(expected));
	assert_int_equal(ipcport_bind(FD, 0, LONGEST_NAME), 0);
	assert_memory_equal(fake.argument, &longest, sizeof(longest));
}

static void unbind_names_the_port(void **state)
{
	static const struct ipcport_unbind expected = { .port = PORT };

	(void)state;
	assert_int_equal(ipcport_unbind(FD, PORT), 0);
	assert_int_equal(fake.fd, FD);
	assert_int_equal(fake.request, IPCPORT_IOC_PORT_UNBIND);
	assert_memory_equal(fake.argument, &expected, sizeof(expected));
}

static void a_name_without_room_in_the_structure_is_refused(void **state)
{
	(void)state;
	assert_int_equal(ipcport_bind(FD, PORT, ""), -EINVAL);
	assert_int_equal(ipcport_bind(FD, PORT, TOO_LONG_NAME), -EINVAL);
	assert_int_equal(ipcport_open_name(FD, "", IPCPORT_R_SEND, 0), -EINVAL);
	assert_int_equal(ipcport_open_name(FD, TOO_LONG_NAME, IPCPORT_R_SEND, 0), -EINVAL);
	assert_int_equal(ipcport_try_open_name(FD, "", IPCPORT_R_SEND), -EINVAL);
	assert_int_equal(ipcport_try_open_name(FD, TOO_LONG_NAME, IPCPORT_R_SEND), -EINVAL);
	assert_int_equal(fake.calls, 0);
}

static void expect_open(const struct ipcport_open *expected)
{
	assert_int_equal(fake.fd, FD);
	assert_int_equal(fake.request, IPCPORT_IOC_HANDLE_OPEN);
	assert_memory_equal(fake.argument, expected, sizeof(*expected));
}

static void open_handle_passes_the_structure_through(void **state)
{
	static const struct ipcport_open given = {
		.port = PORT, .badge = 1, .deadline_ns = 2, .rights = 0x8003, .flags = 0x8001,
		.name = "name",
	};
	uint8_t longer[sizeof(given) + 16] = { 0 };

	(void)state;
	fake.result = 7;
	assert_int_equal(ipcport_open_handle(FD, &given, sizeof(given)), 7);
	expect_open(&given);
	assert_int_equal(ipcport_open_handle(FD, (void *)longer, sizeof(longer)), 7);
	assert_int_equal(_IOC_SIZE(fake.request), sizeof(longer));
	assert_int_equal(ipcport_open_handle(FD, (void *)longer, SIZE_MAX), -E2BIG);
}

static void open_port_asks_by_number(void **state)
{
	static const struct ipcport_open expected = { .port = PORT, .rights = IPCPORT_R_RECV };

	(void)state;
	fake.result = 7;
	assert_int_equal(ipcport_open_port(FD, PORT, IPCPORT_R_RECV), 7);
	expect_open(&expected);
}

static void open_name_waits_unless_it_only_tries(void **state)
{
	struct ipcport_open expected = {
		.deadline_ns = 99, .rights = IPCPORT_R_SEND, .flags = IPCPORT_OPEN_F_WAIT,
		.name = "/srv/echo",
	};

	(void)state;
	fake.result = 7;
	assert_int_equal(ipcport_open_name(FD, "/srv/echo", IPCPORT_R_SEND, 99), 7);
	expect_open(&expected);
	expected.deadline_ns = 0;
	assert_int_equal(ipcport_open_name(FD, "/srv/echo", IPCPORT_R_SEND, 0), 7);
	expect_open(&expected);
	expected.flags = 0;
	assert_int_equal(ipcport_try_open_name(FD, "/srv/echo", IPCPORT_R_SEND), 7);
	expect_open(&expected);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(bind_names_port_and_name, fake_reset),
		cmocka_unit_test_setup(unbind_names_the_port, fake_reset),
		cmocka_unit_test_setup(a_name_without_room_in_the_structure_is_refused, fake_reset),
		cmocka_unit_test_setup(open_handle_passes_the_structure_through, fake_reset),
		cmocka_unit_test_setup(open_port_asks_by_number, fake_reset),
		cmocka_unit_test_setup(open_name_waits_unless_it_only_tries, fake_reset),
	};

	return cmocka_run_group_tests_name("handles", tests, NULL, NULL);
}
