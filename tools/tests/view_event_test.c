// SPDX-License-Identifier: GPL-2.0
/* Events as the command hears of them, with messages that the tests make up. */
#include "fake_view.h"

#include <errno.h>

#include <linux/genetlink.h>

static void events_come_one_by_one(void **state)
{
	struct view_event event;

	(void)state;
	assert_int_equal(view_subscribe(view), 0);
	assert_int_equal(netlink.joined, FAKE_GROUP);
	fake_datagram();
	fake_answer(IPCPORT_CMD_DESTROYED_NTF, 0);
	mnl_attr_put_u64(netlink.message, IPCPORT_A_EVENT_PORT, 5);
	mnl_attr_put_u32(netlink.message, IPCPORT_A_EVENT_UID, 0);
	mnl_attr_put_u32(netlink.message, IPCPORT_A_EVENT_CAUSE, IPCPORT_PORT_CAUSE_DESTROY);
	fake_message_end();
	fake_answer(IPCPORT_CMD_BOUND_NTF, 0);
	mnl_attr_put_strz(netlink.message, IPCPORT_A_EVENT_NAME, "/srv/a");
	fake_message_end();
	assert_int_equal(view_next_event(view, &event), 0);
	assert_int_equal(event.cmd, IPCPORT_CMD_DESTROYED_NTF);
	assert_int_equal(event.port, 5);
	assert_true(event.has_uid && event.has_cause);
	assert_false(event.has_callers || event.has_outcome);
	assert_int_equal(event.cause, IPCPORT_PORT_CAUSE_DESTROY);
	assert_int_equal(view_next_event(view, &event), 0);
	assert_int_equal(event.cmd, IPCPORT_CMD_BOUND_NTF);
	assert_string_equal(event.name, "/srv/a");
	assert_int_equal(event.port, 0);
	assert_false(event.has_uid || event.has_cause);
}

static void events_that_are_not_known_are_passed_over(void **state)
{
	struct view_event event;

	(void)state;
	assert_int_equal(view_subscribe(view), 0);
	fake_datagram();
	fake_answer(IPCPORT_CMD_MAX + 1, 0);
	fake_message_end();
	fake_answer(IPCPORT_CMD_PORT_GET, 0);
	fake_message_end();
	fake_message(FAKE_FAMILY + 1, 0);
	mnl_nlmsg_put_extra_header(netlink.message, sizeof(struct genlmsghdr));
	fake_message_end();
	fake_datagram();
	fake_answer(IPCPORT_CMD_LIMIT_HIT_NTF, 0);
	fake_message_end();
	assert_int_equal(view_next_event(view, &event), 0);
	assert_int_equal(event.cmd, IPCPORT_CMD_LIMIT_HIT_NTF);
}

static void put_event(uint8_t cmd)
{
	fake_datagram();
	fake_answer(cmd, 0);
	fake_message_end();
}

/* Until then the kernel keeps no others, and what is listed can be out of date. */
static void a_loss_of_events_is_told_when_those_before_it_are_read(void **state)
{
	struct view_event event;

	(void)state;
	assert_int_equal(view_subscribe(view), 0);
	fake_datagram()->error = ENOBUFS;
	put_event(IPCPORT_CMD_CREATED_NTF);
	put_event(IPCPORT_CMD_BOUND_NTF);
	assert_int_equal(view_next_event(view, &event), 0);
	assert_int_equal(event.cmd, IPCPORT_CMD_CREATED_NTF);
	assert_int_equal(view_next_event(view, &event), 0);
	assert_int_equal(event.cmd, IPCPORT_CMD_BOUND_NTF);
	assert_int_equal(view_next_event(view, &event), -ENOBUFS);
	put_event(IPCPORT_CMD_UNBOUND_NTF);
	assert_int_equal(view_next_event(view, &event), 0);
	assert_int_equal(event.cmd, IPCPORT_CMD_UNBOUND_NTF);
}

static void put_farewell(uint16_t family)
{
	struct genlmsghdr *generic;

	fake_datagram();
	fake_message(GENL_ID_CTRL, 0);
	generic = mnl_nlmsg_put_extra_header(netlink.message, sizeof(*generic));
	generic->cmd = CTRL_CMD_DELFAMILY;
	mnl_attr_put_u16(netlink.message, CTRL_ATTR_FAMILY_ID, family);
	fake_message_end();
}

static void a_module_that_goes_ends_the_events(void **state)
{
	struct view_event event;

	(void)state;
	assert_int_equal(view_subscribe(view), 0);
	put_farewell(FAKE_FAMILY + 1);
	put_event(IPCPORT_CMD_CREATED_NTF);
	put_farewell(FAKE_FAMILY);
	assert_int_equal(view_next_event(view, &event), 0);
	assert_int_equal(view_next_event(view, &event), -ENODEV);
}

static void who_may_not_listen_is_told_so(void **state)
{
	(void)state;
	netlink.join_error = EPERM;
	assert_int_equal(view_subscribe(view), -EPERM);
	netlink.join_error = 0;
	assert_int_equal(view_subscribe(view), 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		A_TEST(events_come_one_by_one),
		A_TEST(events_that_are_not_known_are_passed_over),
		A_TEST(a_loss_of_events_is_told_when_those_before_it_are_read),
		A_TEST(a_module_that_goes_ends_the_events),
		A_TEST(who_may_not_listen_is_told_so),
	};

	return cmocka_run_group_tests_name("view events", tests, NULL, NULL);
}
