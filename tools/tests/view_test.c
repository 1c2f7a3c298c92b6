// SPDX-License-Identifier: GPL-2.0
/* Netlink as the command speaks it, with answers that the tests make up. */
#include "fake_view.h"

#include "../ipcport/array.h"
#include "../ipcport/command.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/genetlink.h>

/* One port of a dump. */
static void answer_port(uint64_t id, uint16_t flags)
{
	fake_answer(IPCPORT_CMD_PORT_GET, flags);
	mnl_attr_put_u64(netlink.message, IPCPORT_A_PORT_ID, id);
	fake_message_end();
}

static void without_the_module_there_is_no_family(void **state)
{
	struct view *none = NULL;

	(void)state;
	fake_datagram();
	fake_request_end(-ENOENT, NULL);
	assert_int_equal(view_open(&none), -ENOENT);
	assert_null(none);
}

static void put_counters(void)
{
	struct nlattr *nest = mnl_attr_nest_start(netlink.message, IPCPORT_A_PORT_COUNTERS);

	for (uint16_t i = IPCPORT_A_COUNTERS_SENT; i <= IPCPORT_A_COUNTERS_CALLER_GONE; i++)
		mnl_attr_put_u64(netlink.message, i, 100 + i);
	mnl_attr_nest_end(netlink.message, nest);
}

static void a_port_is_all_that_its_attributes_say(void **state)
{
	static const struct view_counters counters = {
		.sent = 102, .received = 103, .dropped = 104, .calls = 105, .answered = 106,
		.port_died = 107, .holder_died = 108, .timed_out = 109, .cancelled = 110,
		.caller_gone = 111,
	};
	char name[IPCPORT_NAME_SIZE];
	struct view_port port;

	(void)state;
	memset(&port, 0xee, sizeof(port));
	memset(name, 'n', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	fake_datagram();
	fake_answer(IPCPORT_CMD_PORT_GET, 0);
	mnl_attr_put(netlink.message, IPCPORT_A_PORT_PAD, 0, NULL);
	mnl_attr_put_u64(netlink.message, IPCPORT_A_PORT_ID, 1ULL << 40);
	mnl_attr_put_strz(netlink.message, IPCPORT_A_PORT_NAME, name);
	mnl_attr_put_strz(netlink.message, IPCPORT_A_PORT_OWNER_COMM, "a name that is too long");
	for (uint16_t i = IPCPORT_A_PORT_UID; i <= IPCPORT_A_PORT_RECV_HANDLES; i++)
		mnl_attr_put_u32(netlink.message, i, i);
	mnl_attr_put_u64(netlink.message, IPCPORT_A_PORT_CREATED, 9);
	put_counters();
	mnl_attr_put_u32(netlink.message, IPCPORT_A_PORT_MAX + 1, 1);
	fake_message_end();
	fake_request_end(0, NULL);
	assert_int_equal(view_get_port(view, 7, NULL, &port), 0);
	assert_int_equal(mnl_attr_get_u64(fake_requested(IPCPORT_A_PORT_ID)), 7);
	assert_null(fake_requested(IPCPORT_A_PORT_NAME));
	assert_int_equal(port.id, 1ULL << 40);
	assert_string_equal(port.name, name);
	assert_string_equal(port.owner_comm, "a name that is ");
	assert_int_equal(port.uid, IPCPORT_A_PORT_UID);
	assert_int_equal(port.gid, IPCPORT_A_PORT_GID);
	assert_int_equal(port.mode, IPCPORT_A_PORT_MODE);
	assert_int_equal(port.flags, IPCPORT_A_PORT_FLAGS);
	assert_int_equal(port.capacity, IPCPORT_A_PORT_CAPACITY);
	assert_int_equal(port.depth, IPCPORT_A_PORT_DEPTH);
	assert_int_equal(port.senders, IPCPORT_A_PORT_SENDERS);
	assert_int_equal(port.receivers, IPCPORT_A_PORT_RECEIVERS);
	assert_int_equal(port.calls, IPCPORT_A_PORT_CALLS);
	assert_int_equal(port.send_handles, IPCPORT_A_PORT_SEND_HANDLES);
	assert_int_equal(port.recv_handles, IPCPORT_A_PORT_RECV_HANDLES);
	assert_int_equal(port.created, 9);
	assert_memory_equal(&port.counters, &counters, sizeof(counters));
	assert_int_equal(port.owner_pid, 0);
	assert_int_equal(port.owner_tid, 0);
}

static void a_name_asks_for_a_port_too(void **state)
{
	struct view_port port;

	(void)state;
	fake_datagram();
	answer_port(3, 0);
	fake_request_end(0, NULL);
	assert_int_equal(view_get_port(view, 0, "/srv/a", &port), 0);
	assert_null(fake_requested(IPCPORT_A_PORT_ID));
	assert_string_equal(mnl_attr_get_str(fake_requested(IPCPORT_A_PORT_NAME)), "/srv/a");
	assert_int_equal(port.id, 3);
}

static void a_value_of_the_wrong_size_is_refused(void **state)
{
	struct view_port port;

	(void)state;
	fake_datagram();
	fake_answer(IPCPORT_CMD_PORT_GET, 0);
	mnl_attr_put_u32(netlink.message, IPCPORT_A_PORT_ID, 1);
	fake_message_end();
	fake_request_end(0, NULL);
	assert_int_equal(view_get_port(view, 1, NULL, &port), -EPROTO);
}

static void a_dump_is_gathered_from_many_messages(void **state)
{
	struct view_ports ports;

	(void)state;
	for (uint64_t i = 0; i < 5; i++) {
		fake_datagram();
		for (uint64_t j = 0; j < 20; j++)
			answer_port(20 * i + j, NLM_F_MULTI);
	}
	fake_datagram();
	fake_dump_end(0);
	assert_int_equal(view_list_ports(view, &ports), 0);
	assert_int_equal(ports.count, 100);
	for (size_t i = 0; i < ports.count; i++)
		assert_int_equal(ports.items[i].id, i);
	free(ports.items);
}

static void a_torn_dump_is_repeated(void **state)
{
	struct view_ports ports;

	(void)state;
	fake_datagram();
	fake_answer(IPCPORT_CMD_PORT_GET, NLM_F_MULTI);
	mnl_attr_put_strz(netlink.message, IPCPORT_A_PORT_NAME, "/srv/a");
	fake_message_end();
	answer_port(2, NLM_F_MULTI | NLM_F_DUMP_INTR);
	fake_dump_end(0);
	fake_datagram();
	answer_port(3, NLM_F_MULTI);
	fake_dump_end(0);
	assert_int_equal(view_list_ports(view, &ports), 0);
	assert_int_equal(ports.count, 1);
	assert_int_equal(ports.items[0].id, 3);
	assert_string_equal(ports.items[0].name, "");
	free(ports.items);
}

/* So it is if the change comes behind the last port; also if there was no port at all. */
static void a_dump_can_be_torn_at_its_end(void **state)
{
	unsigned int before = netlink.requests;
	struct view_ports ports;

	(void)state;
	fake_datagram();
	answer_port(2, NLM_F_MULTI);
	fake_dump_end(0);
	netlink.message->nlmsg_flags |= NLM_F_DUMP_INTR;
	fake_datagram();
	fake_dump_end(0);
	netlink.message->nlmsg_flags |= NLM_F_DUMP_INTR;
	fake_datagram();
	answer_port(3, NLM_F_MULTI);
	fake_dump_end(0);
	assert_int_equal(view_list_ports(view, &ports), 0);
	assert_int_equal(netlink.requests - before, 3);
	assert_int_equal(ports.count, 1);
	assert_int_equal(ports.items[0].id, 3);
	free(ports.items);
}

static void a_torn_dump_does_not_make_the_next_one_torn(void **state)
{
	unsigned int before = netlink.requests;
	struct view_ports ports;

	(void)state;
	for (uint64_t i = 1; i <= 4; i++) {
		fake_datagram();
		answer_port(i, i < 4 ? NLM_F_MULTI | NLM_F_DUMP_INTR : NLM_F_MULTI);
		fake_dump_end(0);
	}
	assert_int_equal(view_list_ports(view, &ports), 0);
	free(ports.items);
	assert_int_equal(view_list_ports(view, &ports), 0);
	assert_int_equal(netlink.requests - before, 4);
	assert_int_equal(ports.items[0].id, 4);
	free(ports.items);
}

static void a_dump_that_stays_torn_is_better_than_none(void **state)
{
	struct view_ports ports;
	unsigned int before = netlink.requests;

	(void)state;
	for (uint64_t i = 1; i <= 3; i++) {
		fake_datagram();
		answer_port(i, NLM_F_MULTI | NLM_F_DUMP_INTR);
		fake_dump_end(0);
	}
	assert_int_equal(view_list_ports(view, &ports), 0);
	assert_int_equal(netlink.requests - before, 3);
	assert_int_equal(ports.count, 1);
	assert_int_equal(ports.items[0].id, 3);
	free(ports.items);
}

static void a_dump_can_fail_half_way(void **state)
{
	struct view_ports ports = { .count = 99 };

	(void)state;
	fake_datagram();
	answer_port(1, NLM_F_MULTI);
	fake_dump_end(-ENOMEM);
	assert_int_equal(view_list_ports(view, &ports), -ENOMEM);
	assert_int_equal(ports.count, 99);
}

static void answers_to_an_earlier_request_are_passed_over(void **state)
{
	struct view_ports ports;

	(void)state;
	fake_datagram();
	answer_port(1, NLM_F_MULTI);
	netlink.message->nlmsg_seq = 1;
	fake_dump_end(-EIO);
	netlink.message->nlmsg_seq = 1;
	fake_datagram()->error = EINTR;
	fake_datagram();
	answer_port(2, NLM_F_MULTI);
	fake_dump_end(0);
	assert_int_equal(view_list_ports(view, &ports), 0);
	assert_int_equal(ports.count, 1);
	assert_int_equal(ports.items[0].id, 2);
	free(ports.items);
}

/* What view_fail() has to say of it. */
static void expect_complaint(int error, int status, const char *expected)
{
	FILE *saved = stderr;
	char *printed;
	size_t size;

	stderr = open_memstream(&printed, &size);
	assert_non_null(stderr);
	assert_int_equal(view_fail(view, error, "look at port %d", 7), status);
	fclose(stderr);
	stderr = saved;
	assert_string_equal(printed, expected);
	free(printed);
}

static void a_refusal_is_explained(void **state)
{
	struct view_port port;

	(void)state;
	fake_datagram();
	fake_request_end(-EINVAL, "not today");
	assert_int_equal(view_get_port(view, 7, NULL, &port), -EINVAL);
	expect_complaint(-EINVAL, STATUS_FAILED, "ipcport: look at port 7: not today (EINVAL)\n");
	fake_datagram();
	fake_request_end(-EBUSY, NULL);
	assert_int_equal(view_get_port(view, 7, NULL, &port), -EBUSY);
	expect_complaint(-EBUSY, STATUS_FAILED,
			 "ipcport: look at port 7: Device or resource busy (EBUSY)\n");
}

static void a_port_that_is_not_there_is_explained_by_the_module(void **state)
{
	struct view_port port;

	(void)state;
	fake_datagram();
	fake_request_end(-ENOENT, "no such port");
	assert_int_equal(view_get_port(view, 7, NULL, &port), -ENOENT);
	expect_complaint(-ENOENT, STATUS_FAILED,
			 "ipcport: look at port 7: no such port (ENOENT)\n");
}

/* Then it is netlink that refuses, for which the family's number means nothing. */
static void a_module_that_is_gone_is_missed_as_at_the_beginning(void **state)
{
	struct view_counters counters;
	struct view_ports ports = { .count = 99 };
	struct view_port port;

	(void)state;
	fake_datagram();
	fake_request_end(-ENOENT, NULL);
	assert_int_equal(view_list_ports(view, &ports), -ENODEV);
	assert_int_equal(ports.count, 99);
	fake_datagram();
	fake_request_end(-ENOENT, NULL);
	assert_int_equal(view_get_counters(view, &counters), -ENODEV);
	fake_datagram();
	fake_request_end(-ENOENT, NULL);
	assert_int_equal(view_get_port(view, 7, NULL, &port), -ENODEV);
	expect_complaint(-ENODEV, STATUS_USAGE, "ipcport: there is no netlink family ipcport "
			 "(ENOENT): is the module loaded?\n");
}

static void waiters_are_all_that_their_attributes_say(void **state)
{
	struct view_waiters waiters;

	(void)state;
	fake_datagram();
	fake_answer(IPCPORT_CMD_WAITER_GET, NLM_F_MULTI);
	mnl_attr_put_u32(netlink.message, IPCPORT_A_WAITER_KIND, IPCPORT_WAIT_CALL_RECEIVED);
	mnl_attr_put_u32(netlink.message, IPCPORT_A_WAITER_TID, 12);
	mnl_attr_put_u64(netlink.message, IPCPORT_A_WAITER_TOKEN, 1ULL << 63);
	mnl_attr_put_u32(netlink.message, IPCPORT_A_WAITER_HOLDER_PID, 13);
	mnl_attr_put_strz(netlink.message, IPCPORT_A_WAITER_HOLDER_COMM, "holder");
	mnl_attr_put(netlink.message, IPCPORT_A_WAITER_IS_ASYNC, 0, NULL);
	fake_message_end();
	fake_answer(IPCPORT_CMD_WAITER_GET, NLM_F_MULTI);
	mnl_attr_put_u32(netlink.message, IPCPORT_A_WAITER_KIND, IPCPORT_WAIT_NAME);
	fake_message_end();
	fake_dump_end(0);
	assert_int_equal(view_list_waiters(view, 0, NULL, &waiters), 0);
	assert_null(fake_requested(IPCPORT_A_WAITER_PORT));
	assert_null(fake_requested(IPCPORT_A_WAITER_NAME));
	assert_int_equal(waiters.count, 2);
	assert_int_equal(waiters.items[0].kind, IPCPORT_WAIT_CALL_RECEIVED);
	assert_int_equal(waiters.items[0].tid, 12);
	assert_int_equal(waiters.items[0].token, 1ULL << 63);
	assert_int_equal(waiters.items[0].holder_pid, 13);
	assert_string_equal(waiters.items[0].holder_comm, "holder");
	assert_true(waiters.items[0].is_async);
	assert_false(waiters.items[1].is_async);
	assert_int_equal(waiters.items[1].holder_pid, 0);
	free(waiters.items);
}

static void each_limit_of_a_user_has_a_record(void **state)
{
	struct view_user user;
	struct nlattr *nest;

	(void)state;
	fake_datagram();
	fake_answer(IPCPORT_CMD_USER_GET, 0);
	mnl_attr_put_u32(netlink.message, IPCPORT_A_USER_UID, 1000);
	for (uint64_t i = 0; i < VIEW_LIMITS + 2; i++) {
		nest = mnl_attr_nest_start(netlink.message, IPCPORT_A_USER_LIMIT);
		mnl_attr_put_strz(netlink.message, IPCPORT_A_LIMIT_NAME, "max_ports");
		mnl_attr_put_u64(netlink.message, IPCPORT_A_LIMIT_USED, i);
		mnl_attr_put_u64(netlink.message, IPCPORT_A_LIMIT_BOUND, 2 * i);
		mnl_attr_nest_end(netlink.message, nest);
	}
	fake_message_end();
	fake_request_end(0, NULL);
	assert_int_equal(view_get_user(view, VIEW_UID_SELF, &user), 0);
	assert_null(fake_requested(IPCPORT_A_USER_UID));
	assert_int_equal(user.uid, 1000);
	assert_int_equal(user.limit_count, VIEW_LIMITS);
	assert_string_equal(user.limits[3].name, "max_ports");
	assert_int_equal(user.limits[3].used, 3);
	assert_int_equal(user.limits[3].bound, 6);
}

static void counters_of_the_namespace_are_all_there(void **state)
{
	static const struct view_counters expected = {
		.sent = 2, .received = 3, .dropped = 4, .calls = 5, .answered = 6, .port_died = 7,
		.holder_died = 8, .timed_out = 9, .cancelled = 10, .caller_gone = 11,
		.created = 12, .destroyed = 13, .exited = 14, .closed = 15,
	};
	struct view_counters counters;

	(void)state;
	fake_datagram();
	fake_answer(IPCPORT_CMD_COUNTERS_GET, 0);
	for (uint16_t i = IPCPORT_A_COUNTERS_SENT; i <= IPCPORT_A_COUNTERS_MAX; i++)
		mnl_attr_put_u64(netlink.message, i, i);
	fake_message_end();
	fake_request_end(0, NULL);
	assert_int_equal(view_get_counters(view, &counters), 0);
	assert_memory_equal(&counters, &expected, sizeof(counters));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		A_TEST(without_the_module_there_is_no_family),
		A_TEST(a_port_is_all_that_its_attributes_say),
		A_TEST(a_name_asks_for_a_port_too),
		A_TEST(a_value_of_the_wrong_size_is_refused),
		A_TEST(a_dump_is_gathered_from_many_messages),
		A_TEST(a_torn_dump_is_repeated),
		A_TEST(a_dump_can_be_torn_at_its_end),
		A_TEST(a_torn_dump_does_not_make_the_next_one_torn),
		A_TEST(a_dump_that_stays_torn_is_better_than_none),
		A_TEST(a_dump_can_fail_half_way),
		A_TEST(answers_to_an_earlier_request_are_passed_over),
		A_TEST(a_refusal_is_explained),
		A_TEST(a_port_that_is_not_there_is_explained_by_the_module),
		A_TEST(a_module_that_is_gone_is_missed_as_at_the_beginning),
		A_TEST(waiters_are_all_that_their_attributes_say),
		A_TEST(each_limit_of_a_user_has_a_record),
		A_TEST(counters_of_the_namespace_are_all_there),
	};

	return cmocka_run_group_tests_name("view", tests, NULL, NULL);
}
