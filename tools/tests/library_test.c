// SPDX-License-Identifier: GPL-2.0
/* What each function of the library hands to the kernel, and makes of its answer. */
#include "fake_kernel.h"

#include "../ipcport/array.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define FD	42
#define PORT	0x123456789abcdefULL
#define SEC	1000000000ULL

/* The structure of the last ioctl. */
#define argument_of(type)	((const struct type *)(const void *)fake.argument)

static void open_asks_for_a_closed_on_exec_device(void **state)
{
	(void)state;
	fake.result = FD;
	assert_int_equal(ipcport_open(), FD);
	assert_string_equal(fake.path, "/dev/ipcport");
	assert_int_equal(fake.open_flags, O_RDWR | O_CLOEXEC);
}

static void open_returns_the_error_and_leaves_errno(void **state)
{
	(void)state;
	fake.result = -ENOENT;
	errno = EDOM;
	assert_int_equal(ipcport_open(), -ENOENT);
	assert_int_equal(errno, EDOM);
}

static void close_closes(void **state)
{
	(void)state;
	assert_int_equal(ipcport_close(FD), 0);
	assert_int_equal(fake.fd, FD);
	fake.result = -EBADF;
	errno = EDOM;
	assert_int_equal(ipcport_close(FD), -EBADF);
	assert_int_equal(errno, EDOM);
}

static void version_passes_the_structure_through(void **state)
{
	const struct ipcport_version answer = { .out_version = 0x010203, .out_features = 3,
						.out_capacity_max = 7, .out_batch_max = 9 };
	struct ipcport_version version = { 0 };

	(void)state;
	fake.answer = &answer;
	assert_int_equal(ipcport_version(FD, &version, sizeof(version)), 0);
	assert_int_equal(fake.request, IPCPORT_IOC_VERSION);
	assert_int_equal(fake.fd, FD);
	assert_memory_equal(&version, &answer, sizeof(version));
}

static void create_passes_the_structure_through(void **state)
{
	const struct ipcport_create answer = { .out_port = PORT };
	struct ipcport_create create = { .capacity = 5, .mode = 0640, .flags = 1 };
	struct ipcport_create given = create;

	(void)state;
	fake.answer = &answer;
	assert_int_equal(ipcport_create(FD, &create, sizeof(create)), 0);
	assert_int_equal(fake.request, IPCPORT_IOC_PORT_CREATE);
	assert_memory_equal(fake.argument, &given, sizeof(given));
	assert_int_equal(create.out_port, PORT);
}

static void stat_passes_the_structure_through(void **state)
{
	const struct ipcport_stat answer = { .port = PORT, .out_depth = 3, .out_calls = 4 };
	struct ipcport_stat stat = { .port = PORT };

	(void)state;
	fake.answer = &answer;
	assert_int_equal(ipcport_stat(FD, &stat, sizeof(stat)), 0);
	assert_int_equal(fake.request, IPCPORT_IOC_PORT_STAT);
	assert_int_equal(argument_of(ipcport_stat)->port, PORT);
	assert_memory_equal(&stat, &answer, sizeof(stat));
}

static void the_callers_size_goes_into_the_ioctl_number(void **state)
{
	uint8_t longer[sizeof(struct ipcport_stat) + 16] = { 0 };

	(void)state;
	assert_int_equal(ipcport_stat(FD, (void *)longer, sizeof(longer)), 0);
	assert_int_equal(_IOC_SIZE(fake.request), sizeof(longer));
	assert_int_equal(_IOC_NR(fake.request), _IOC_NR(IPCPORT_IOC_PORT_STAT));
	assert_int_equal(_IOC_TYPE(fake.request), IPCPORT_IOC_TYPE);
	assert_int_equal(_IOC_DIR(fake.request), _IOC_READ | _IOC_WRITE);
	assert_int_equal(ipcport_create(FD, (void *)longer, 8), 0);
	assert_int_equal(_IOC_SIZE(fake.request), 8);
	assert_int_equal(ipcport_call(FD, (void *)longer, 16), 0);
	assert_int_equal(_IOC_SIZE(fake.request), 16);
	assert_int_equal(ipcport_call_reply_recv(FD, (void *)longer, 24), 0);
	assert_int_equal(_IOC_SIZE(fake.request), 24);
}

static void a_size_without_room_in_the_number_is_refused(void **state)
{
	struct ipcport_stat stat = { .port = PORT };

	(void)state;
	assert_int_equal(ipcport_stat(FD, &stat, _IOC_SIZEMASK + 1), -E2BIG);
	assert_int_equal(ipcport_create(FD, (void *)&stat, SIZE_MAX), -E2BIG);
	assert_int_equal(ipcport_call(FD, (void *)&stat, SIZE_MAX), -E2BIG);
	assert_int_equal(ipcport_call_reply_recv(FD, (void *)&stat, SIZE_MAX), -E2BIG);
	assert_int_equal(fake.calls, 0);
}

static void destroy_names_the_port(void **state)
{
	const struct ipcport_destroy expected = { .port = PORT };

	(void)state;
	assert_int_equal(ipcport_destroy(FD, PORT), 0);
	assert_int_equal(fake.request, IPCPORT_IOC_PORT_DESTROY);
	assert_memory_equal(fake.argument, &expected, sizeof(expected));
}

static void expect_send(const struct ipcport_message *messages, uint32_t count, uint32_t flags,
			uint64_t deadline_ns)
{
	assert_int_equal(fake.fd, FD);
	assert_int_equal(fake.request, IPCPORT_IOC_MSG_SEND);
	assert_int_equal(argument_of(ipcport_send)->port, PORT);
	assert_int_equal(argument_of(ipcport_send)->messages, (uintptr_t)messages);
	assert_int_equal(argument_of(ipcport_send)->count, count);
	assert_int_equal(argument_of(ipcport_send)->flags, flags);
	assert_int_equal(argument_of(ipcport_send)->deadline_ns, deadline_ns);
	if (!(flags & IPCPORT_SEND_F_CARGO))
		assert_int_equal(argument_of(ipcport_send)->cargo, 0);
}

static void send_sends_one(void **state)
{
	struct ipcport_message message = { .type = 1 };

	(void)state;
	assert_int_equal(ipcport_send(FD, PORT, &message, 77), 0);
	expect_send(&message, 1, 0, 77);
	assert_int_equal(ipcport_try_send(FD, PORT, &message), 0);
	expect_send(&message, 1, IPCPORT_SEND_F_NONBLOCK, 0);
}

static void send_batch_says_how_many(void **state)
{
	struct ipcport_message messages[5] = { 0 };

	(void)state;
	fake.space = 3;
	assert_int_equal(ipcport_send_batch(FD, PORT, messages, 5, 99, 0x8001), 3);
	expect_send(messages, 5, 0x8001, 99);
}

static void send_cargo_sends_one_with_a_file(void **state)
{
	struct ipcport_message message = { .type = 1 };

	(void)state;
	assert_int_equal(ipcport_send_cargo(FD, PORT, &message, 5, 77, 0), 0);
	expect_send(&message, 1, IPCPORT_SEND_F_CARGO, 77);
	assert_int_equal(argument_of(ipcport_send)->cargo, 5);
	/* 0 is a descriptor, too */
	assert_int_equal(ipcport_send_cargo(FD, PORT, &message, 0, 0, IPCPORT_SEND_F_NONBLOCK), 0);
	expect_send(&message, 1, IPCPORT_SEND_F_CARGO | IPCPORT_SEND_F_NONBLOCK, 0);
	assert_int_equal(argument_of(ipcport_send)->cargo, 0);
}

static void expect_recv(const struct ipcport_delivery *deliveries, uint32_t count,
			uint32_t flags, uint64_t deadline_ns)
{
	assert_int_equal(fake.fd, FD);
	assert_int_equal(fake.request, IPCPORT_IOC_MSG_RECV);
	assert_int_equal(argument_of(ipcport_recv)->port, PORT);
	assert_int_equal(argument_of(ipcport_recv)->deliveries, (uintptr_t)deliveries);
	assert_int_equal(argument_of(ipcport_recv)->count, count);
	assert_int_equal(argument_of(ipcport_recv)->flags, flags);
	assert_int_equal(argument_of(ipcport_recv)->deadline_ns, deadline_ns);
}

static void recv_receives_one(void **state)
{
	struct ipcport_delivery delivery;

	(void)state;
	fake.result = 1;
	assert_int_equal(ipcport_recv(FD, PORT, &delivery, 88), 0);
	expect_recv(&delivery, 1, 0, 88);
	assert_int_equal(ipcport_try_recv(FD, PORT, &delivery), 0);
	expect_recv(&delivery, 1, IPCPORT_RECV_F_NONBLOCK, 0);
}

static void recv_batch_says_how_many(void **state)
{
	struct ipcport_delivery deliveries[4];

	(void)state;
	fake.result = 2;
	assert_int_equal(ipcport_recv_batch(FD, PORT, deliveries, 4, 66, 0x8001), 2);
	expect_recv(deliveries, 4, 0x8001, 66);
}

static void call_passes_the_structure_through(void **state)
{
	const struct ipcport_call answer = { .port = PORT, .token = 12, .out_status = -3 };
	struct ipcport_call call = { .port = PORT, .message = 1, .reply = 2, .token = 3,
				     .deadline_ns = 4, .flags = 0x8003, .out_status = 5 };
	const struct ipcport_call given = call;

	(void)state;
	fake.answer = &answer;
	assert_int_equal(ipcport_call(FD, &call, sizeof(call)), 0);
	assert_int_equal(fake.fd, FD);
	assert_int_equal(fake.request, IPCPORT_IOC_CALL);
	assert_memory_equal(fake.argument, &given, sizeof(given));
	assert_memory_equal(&call, &answer, sizeof(call));
}

static void a_failed_call_leaves_its_token_to_the_caller(void **state)
{
	const struct ipcport_call answer = { .port = PORT, .token = 12 };
	struct ipcport_call call = { .port = PORT };

	(void)state;
	fake.answer = &answer;
	fake.result = -EINTR;
	assert_int_equal(ipcport_call(FD, &call, sizeof(call)), -EINTR);
	assert_int_equal(call.token, 12);
}

static void reply_names_port_and_token(void **state)
{
	const struct ipcport_message message = { .type = 1 };
	const struct ipcport_reply expected = { .port = PORT, .token = UINT64_MAX,
						.message = (uintptr_t)&message, .status = -7 };

	(void)state;
	assert_int_equal(ipcport_call_reply(FD, PORT, UINT64_MAX, &message, -7), 0);
	assert_int_equal(fake.fd, FD);
	assert_int_equal(fake.request, IPCPORT_IOC_CALL_REPLY);
	assert_memory_equal(fake.argument, &expected, sizeof(expected));
}

static void reply_cargo_answers_with_a_file(void **state)
{
	const struct ipcport_message message = { .type = 1 };
	const struct ipcport_reply expected = {
		.port = PORT, .token = 12, .message = (uintptr_t)&message, .status = -7,
		.flags = IPCPORT_REPLY_F_CARGO, .cargo = 5,
	};

	(void)state;
	assert_int_equal(ipcport_call_reply_cargo(FD, PORT, 12, &message, -7, 5), 0);
	assert_int_equal(fake.fd, FD);
	assert_int_equal(fake.request, IPCPORT_IOC_CALL_REPLY);
	assert_memory_equal(fake.argument, &expected, sizeof(expected));
}

static void reply_recv_passes_the_structure_through(void **state)
{
	const struct ipcport_reply_recv answer = { .port = PORT, .token = 12,
						   .out_reply_errno = ENOENT };
	struct ipcport_reply_recv turn = { .port = PORT, .token = 1, .message = 2, .delivery = 3,
					   .deadline_ns = 4, .status = -5, .flags = 0x8001 };
	const struct ipcport_reply_recv given = turn;

	(void)state;
	fake.answer = &answer;
	assert_int_equal(ipcport_call_reply_recv(FD, &turn, sizeof(turn)), 0);
	assert_int_equal(fake.fd, FD);
	assert_int_equal(fake.request, IPCPORT_IOC_CALL_REPLY_RECV);
	assert_memory_equal(fake.argument, &given, sizeof(given));
	assert_memory_equal(&turn, &answer, sizeof(turn));
}

static void cancel_says_how_far_the_call_was(void **state)
{
	const struct ipcport_cancel expected = { .token = 12 };
	const struct ipcport_cancel answer = { .token = 12, .out_state = IPCPORT_CALL_RECEIVED };
	uint32_t progress = 77;

	(void)state;
	fake.answer = &answer;
	assert_int_equal(ipcport_call_cancel(FD, 12, &progress), 0);
	assert_int_equal(fake.fd, FD);
	assert_int_equal(fake.request, IPCPORT_IOC_CALL_CANCEL);
	assert_memory_equal(fake.argument, &expected, sizeof(expected));
	assert_int_equal(progress, IPCPORT_CALL_RECEIVED);
}

static void cancel_tells_nothing_unasked_or_failed(void **state)
{
	uint32_t progress = 77;

	(void)state;
	assert_int_equal(ipcport_call_cancel(FD, 12, NULL), 0);
	assert_int_equal(fake.calls, 1);
	fake.result = -ENOENT;
	assert_int_equal(ipcport_call_cancel(FD, 12, NULL), -ENOENT);
	assert_int_equal(ipcport_call_cancel(FD, 12, &progress), -ENOENT);
	assert_int_equal(progress, 77);
}

static void every_error_comes_back_and_errno_stays(void **state)
{
	static const int errors[] = { EPIPE, ENOENT, EAGAIN, ETIMEDOUT, EINTR, EFAULT, EDQUOT,
				      ECANCELED, EBUSY, EDEADLK };
	struct ipcport_reply_recv turn = { 0 };
	struct ipcport_create create = { 0 };
	struct ipcport_version version = { 0 };
	struct ipcport_delivery delivery;
	struct ipcport_message message = { 0 };
	struct ipcport_open open_handle = { 0 };
	struct ipcport_stat stat = { 0 };
	struct ipcport_call call = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
		fake.result = -errors[i];
		errno = EDOM;
		assert_int_equal(ipcport_version(FD, &version, sizeof(version)), -errors[i]);
		assert_int_equal(ipcport_create(FD, &create, sizeof(create)), -errors[i]);
		assert_int_equal(ipcport_destroy(FD, PORT), -errors[i]);
		assert_int_equal(ipcport_stat(FD, &stat, sizeof(stat)), -errors[i]);
		assert_int_equal(ipcport_send(FD, PORT, &message, 0), -errors[i]);
		assert_int_equal(ipcport_try_send(FD, PORT, &message), -errors[i]);
		assert_int_equal(ipcport_send_batch(FD, PORT, &message, 1, 0, 0), -errors[i]);
		assert_int_equal(ipcport_recv(FD, PORT, &delivery, 0), -errors[i]);
		assert_int_equal(ipcport_try_recv(FD, PORT, &delivery), -errors[i]);
		assert_int_equal(ipcport_recv_batch(FD, PORT, &delivery, 1, 0, 0), -errors[i]);
		assert_int_equal(ipcport_call(FD, &call, sizeof(call)), -errors[i]);
		assert_int_equal(ipcport_call_reply(FD, PORT, 1, &message, 0), -errors[i]);
		assert_int_equal(ipcport_call_reply_recv(FD, &turn, sizeof(turn)), -errors[i]);
		assert_int_equal(ipcport_call_cancel(FD, 1, NULL), -errors[i]);
		assert_int_equal(ipcport_bind(FD, PORT, "name"), -errors[i]);
		assert_int_equal(ipcport_unbind(FD, PORT), -errors[i]);
		assert_int_equal(ipcport_open_handle(FD, &open_handle, sizeof(open_handle)),
				 -errors[i]);
		assert_int_equal(ipcport_open_port(FD, PORT, 0), -errors[i]);
		assert_int_equal(ipcport_open_name(FD, "name", 0, 0), -errors[i]);
		assert_int_equal(ipcport_try_open_name(FD, "name", 0), -errors[i]);
		assert_int_equal(ipcport_send_cargo(FD, PORT, &message, 0, 0, 0), -errors[i]);
		assert_int_equal(ipcport_call_reply_cargo(FD, PORT, 1, &message, 0, 0),
				 -errors[i]);
		assert_int_equal(errno, EDOM);
	}
	assert_int_equal(fake.calls, 22 * ARRAY_SIZE(errors));
}

static void deadlines_count_from_now(void **state)
{
	(void)state;
	fake.now_ns = 5 * SEC + 7;
	assert_int_equal(ipcport_deadline_ns(0), 5 * SEC + 7);
	assert_int_equal(ipcport_deadline_ns(3), 5 * SEC + 10);
	assert_int_equal(ipcport_deadline_ms(0), 5 * SEC + 7);
	assert_int_equal(ipcport_deadline_ms(1500), 6 * SEC + SEC / 2 + 7);
}

static void deadlines_stop_at_the_end_of_the_clock(void **state)
{
	(void)state;
	fake.now_ns = 5 * SEC;
	assert_int_equal(ipcport_deadline_ns(UINT64_MAX), INT64_MAX);
	assert_int_equal(ipcport_deadline_ns((uint64_t)INT64_MAX - 5 * SEC), INT64_MAX);
	assert_int_equal(ipcport_deadline_ns((uint64_t)INT64_MAX - 5 * SEC - 1), INT64_MAX - 1);
	assert_int_equal(ipcport_deadline_ms(UINT64_MAX), INT64_MAX);
	assert_int_equal(ipcport_deadline_ms(UINT64_MAX / 1000000 + 1), INT64_MAX);
}

static void a_deadline_is_never_no_deadline(void **state)
{
	(void)state;
	fake.now_ns = 0;
	assert_int_not_equal(ipcport_deadline_ns(0), 0);
	assert_int_not_equal(ipcport_deadline_ms(0), 0);
}

static void library_and_header_are_of_one_version(void **state)
{
	(void)state;
	assert_string_equal(ipcport_library_version(), IPCPORT_LIBRARY_VERSION);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(open_asks_for_a_closed_on_exec_device, fake_reset),
		cmocka_unit_test_setup(open_returns_the_error_and_leaves_errno, fake_reset),
		cmocka_unit_test_setup(close_closes, fake_reset),
		cmocka_unit_test_setup(version_passes_the_structure_through, fake_reset),
		cmocka_unit_test_setup(create_passes_the_structure_through, fake_reset),
		cmocka_unit_test_setup(stat_passes_the_structure_through, fake_reset),
		cmocka_unit_test_setup(the_callers_size_goes_into_the_ioctl_number, fake_reset),
		cmocka_unit_test_setup(a_size_without_room_in_the_number_is_refused, fake_reset),
		cmocka_unit_test_setup(destroy_names_the_port, fake_reset),
		cmocka_unit_test_setup(send_sends_one, fake_reset),
		cmocka_unit_test_setup(send_batch_says_how_many, fake_reset),
		cmocka_unit_test_setup(send_cargo_sends_one_with_a_file, fake_reset),
		cmocka_unit_test_setup(recv_receives_one, fake_reset),
		cmocka_unit_test_setup(recv_batch_says_how_many, fake_reset),
		cmocka_unit_test_setup(call_passes_the_structure_through, fake_reset),
		cmocka_unit_test_setup(a_failed_call_leaves_its_token_to_the_caller, fake_reset),
		cmocka_unit_test_setup(reply_names_port_and_token, fake_reset),
		cmocka_unit_test_setup(reply_cargo_answers_with_a_file, fake_reset),
		cmocka_unit_test_setup(reply_recv_passes_the_structure_through, fake_reset),
		cmocka_unit_test_setup(cancel_says_how_far_the_call_was, fake_reset),
		cmocka_unit_test_setup(cancel_tells_nothing_unasked_or_failed, fake_reset),
		cmocka_unit_test_setup(every_error_comes_back_and_errno_stays, fake_reset),
		cmocka_unit_test_setup(deadlines_count_from_now, fake_reset),
		cmocka_unit_test_setup(deadlines_stop_at_the_end_of_the_clock, fake_reset),
		cmocka_unit_test_setup(a_deadline_is_never_no_deadline, fake_reset),
		cmocka_unit_test_setup(library_and_header_are_of_one_version, fake_reset),
	};

	return cmocka_run_group_tests_name("library", tests, NULL, NULL);
}
