// SPDX-License-Identifier: GPL-2.0
/*
 * Bad requests over netlink: each is refused, says why, and changes nothing for the next.
 */
#include "netlink.h"

#define NR_FUZZ		20000

FIXTURE(request) {
	int fd;
	int64_t port;
	struct nl nl;
	struct view view;
	char buffer[1024];
	struct nlmsghdr *request;
};

FIXTURE_SETUP(request)
{
	self->fd = dev_open();
	ASSERT_LE(0, self->fd);
	self->port = port_create(self->fd, 1);
	ASSERT_LT(0, self->port);
	ASSERT_EQ(0, port_bind(self->fd, self->port, "/test/fault"));
	ASSERT_EQ(0, nl_open(&self->nl));
}

FIXTURE_TEARDOWN(request)
{
	EXPECT_EQ(0, get_port(&self->nl, self->port, &self->view));
	EXPECT_SOUND(&self->nl);
	nl_close(&self->nl);
	close(self->fd);
	EXPECT_TRUE(all_is_gone());
}

#define BEGIN(_cmd, _flags)	\
	(self->request = nl_request(&self->nl, self->buffer, IPCPORT_CMD_##_cmd, _flags))

#define PUT(_attr, _size, _bytes)	\
	mnl_attr_put(self->request, IPCPORT_A_##_attr, _size, _bytes)

/* Check that the request is refused, and that nothing is shown with that. */
#define EXPECT_REFUSED(_error) do {						\
	struct views _views = {};						\
										\
	EXPECT_EQ(-(_error), nl_ask(&self->nl, self->request, keep_view, &_views));	\
	EXPECT_EQ(0, _views.nr);						\
	views_free(&_views);							\
} while (0)

/* The same, with a reason in words. */
#define EXPECT_EXPLAINED(_error) do {						\
	EXPECT_REFUSED(_error);							\
	EXPECT_STRNE("", self->nl.extack);					\
} while (0)

/* The same for what only the family knows, at the beginning of a dump. */
#define EXPECT_DUMP_EXPLAINED(_error) do {					\
	EXPECT_REFUSED(_error);							\
	if (has_dump_extack())							\
		EXPECT_STRNE("", self->nl.extack);				\
} while (0)

/* The same, and an attribute is the reason. */
#define EXPECT_BLAMED(_error, _attr) do {					\
	EXPECT_EXPLAINED(_error);						\
	EXPECT_EQ((char *)(_attr) - self->buffer, self->nl.offset);		\
} while (0)

/* Where the attributes begin. */
#define ATTRS		(MNL_NLMSG_HDRLEN + GENL_HDRLEN)

static const uint64_t zeroes[32];

/* Commands. */

TEST_F(request, with_an_unknown_command_is_refused)
{
	static const uint8_t commands[] = {
		IPCPORT_CMD_UNSPEC, IPCPORT_CMD_CREATED_NTF, IPCPORT_CMD_LIMIT_HIT_NTF,
		IPCPORT_CMD_MAX + 1, 255,
	};

	for (size_t i = 0; i < sizeof(commands); i++) {
		self->request = nl_request(&self->nl, self->buffer, commands[i], 0);
		EXPECT_REFUSED(EOPNOTSUPP);
		self->request = nl_request(&self->nl, self->buffer, commands[i], NLM_F_DUMP);
		EXPECT_REFUSED(EOPNOTSUPP);
	}
}

TEST_F(request, that_is_not_for_dumps_cannot_dump_and_the_other_way_round)
{
	BEGIN(COUNTERS_GET, NLM_F_DUMP);
	EXPECT_REFUSED(EOPNOTSUPP);
	BEGIN(WAITER_GET, 0);
	EXPECT_REFUSED(EOPNOTSUPP);
}

TEST_F(request, without_room_for_its_header_is_refused)
{
	for (int size = sizeof(struct nlmsghdr); size < ATTRS; size++) {
		BEGIN(COUNTERS_GET, 0)->nlmsg_len = size;
		EXPECT_REFUSED(EINVAL);
	}
}

/* Which port? */

TEST_F(request, for_a_port_needs_its_number_or_its_name)
{
	BEGIN(PORT_GET, 0);
	EXPECT_EXPLAINED(EINVAL);
}

TEST_F(request, for_a_port_cannot_have_both_number_and_name)
{
	BEGIN(PORT_GET, 0);
	mnl_attr_put_u64(self->request, IPCPORT_A_PORT_ID, self->port);
	mnl_attr_put_strz(self->request, IPCPORT_A_PORT_NAME, "/test/fault");
	EXPECT_EXPLAINED(EINVAL);
}

TEST_F(request, for_waiters_cannot_have_both_port_and_name)
{
	BEGIN(WAITER_GET, NLM_F_DUMP);
	mnl_attr_put_u64(self->request, IPCPORT_A_WAITER_PORT, self->port);
	mnl_attr_put_strz(self->request, IPCPORT_A_WAITER_NAME, "/test/fault");
	EXPECT_DUMP_EXPLAINED(EINVAL);
}

/* Sizes. */

TEST_F(request, with_a_number_of_the_wrong_size_is_refused)
{
	static const size_t sizes[] = { 0, 1, 4, 7, 9, 12, 16, 200 };

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		BEGIN(PORT_GET, 0);
		PUT(PORT_ID, sizes[i], zeroes);
		EXPECT_BLAMED(EINVAL, self->buffer + ATTRS);
		BEGIN(WAITER_GET, NLM_F_DUMP);
		PUT(WAITER_PORT, sizes[i], zeroes);
		EXPECT_EXPLAINED(EINVAL);
		BEGIN(USER_GET, 0);
		PUT(USER_UID, sizes[i] == 4 ? 8 : sizes[i], zeroes);
		EXPECT_EXPLAINED(EINVAL);
	}
}

TEST_F(request, with_a_name_of_the_wrong_size_is_refused)
{
	char name[200];

	memset(name, 'n', sizeof(name));
	for (size_t size = 0; size < sizeof(name); size += size < 62 || size > 66 ? 13 : 1) {
		/* without a zero at the end, whatever its size */
		BEGIN(PORT_GET, 0);
		PUT(PORT_NAME, size, name);
		EXPECT_EXPLAINED(EINVAL);
		BEGIN(WAITER_GET, NLM_F_DUMP);
		PUT(WAITER_NAME, size, name);
		EXPECT_EXPLAINED(EINVAL);
	}
	for (size_t size = IPCPORT_NAME_SIZE + 1; size < sizeof(name); size += 20) {
		name[size - 1] = '\0';
		BEGIN(PORT_GET, 0);
		PUT(PORT_NAME, size, name);
		EXPECT_EXPLAINED(EINVAL);
		BEGIN(WAITER_GET, NLM_F_DUMP);
		PUT(WAITER_NAME, size, name);
		EXPECT_EXPLAINED(EINVAL);
	}
}

TEST_F(request, with_a_zero_within_a_name_is_refused)
{
	static const char name[] = "/test/fault\0behind";

	BEGIN(PORT_GET, 0);
	PUT(PORT_NAME, sizeof(name), name);
	EXPECT_EXPLAINED(EINVAL);
	BEGIN(WAITER_GET, NLM_F_DUMP);
	PUT(WAITER_NAME, sizeof(name), name);
	EXPECT_REFUSED(EINVAL);
}

/* Attributes. */

TEST_F(request, with_an_attribute_that_is_not_for_it_is_refused)
{
	for (int type = 0; type < 64; type++) {
		if (type != IPCPORT_A_PORT_ID && type != IPCPORT_A_PORT_NAME) {
			BEGIN(PORT_GET, 0);
			mnl_attr_put_u64(self->request, IPCPORT_A_PORT_ID, self->port);
			mnl_attr_put_u64(self->request, type, 1);
			EXPECT_EXPLAINED(EINVAL);
		}
		if (type != IPCPORT_A_WAITER_PORT && type != IPCPORT_A_WAITER_NAME) {
			BEGIN(WAITER_GET, NLM_F_DUMP);
			mnl_attr_put_u64(self->request, type, 1);
			EXPECT_EXPLAINED(EINVAL);
		}
		if (type != IPCPORT_A_USER_UID) {
			BEGIN(USER_GET, 0);
			mnl_attr_put_u64(self->request, type, 1);
			EXPECT_EXPLAINED(EINVAL);
		}
		BEGIN(COUNTERS_GET, 0);
		mnl_attr_put_u64(self->request, type, 1);
		EXPECT_EXPLAINED(EINVAL);
	}
}

TEST_F(request, to_dump_all_takes_no_attribute)
{
	for (int type = 0; type < 32; type++) {
		BEGIN(PORT_GET, NLM_F_DUMP);
		mnl_attr_put_u64(self->request, type, self->port);
		EXPECT_DUMP_EXPLAINED(EINVAL);
		BEGIN(USER_GET, NLM_F_DUMP);
		mnl_attr_put_u32(self->request, type, 0);
		EXPECT_DUMP_EXPLAINED(EINVAL);
	}
}

TEST_F(request, with_a_very_high_attribute_is_refused)
{
	BEGIN(PORT_GET, 0);
	mnl_attr_put_u64(self->request, 0x3fff, self->port);
	EXPECT_EXPLAINED(EINVAL);
}

TEST_F(request, with_a_nest_where_none_is_to_be_is_refused)
{
	struct nlattr *nest;

	BEGIN(PORT_GET, 0);
	nest = mnl_attr_nest_start(self->request, IPCPORT_A_PORT_ID);
	mnl_attr_put_u32(self->request, 1, 1);
	mnl_attr_nest_end(self->request, nest);
	EXPECT_BLAMED(EINVAL, nest);
	BEGIN(PORT_GET, 0);
	nest = mnl_attr_nest_start(self->request, IPCPORT_A_PORT_NAME);
	for (int i = 0; i < 10; i++)
		mnl_attr_nest_start(self->request, IPCPORT_A_PORT_COUNTERS);
	mnl_attr_nest_end(self->request, nest);
	EXPECT_EXPLAINED(EINVAL);
	BEGIN(COUNTERS_GET, 0);
	nest = mnl_attr_nest_start(self->request, IPCPORT_A_PORT_COUNTERS);
	mnl_attr_nest_end(self->request, nest);
	EXPECT_EXPLAINED(EINVAL);
}

TEST_F(request, with_an_attribute_that_is_cut_off_is_refused)
{
	struct nlattr *attr;

	for (int size = 0; size < 64; size++) {
		/* its length says more than there is, or less than a header */
		if (size >= MNL_ATTR_HDRLEN && size <= MNL_ATTR_HDRLEN + 8)
			continue;
		BEGIN(PORT_GET, 0);
		attr = mnl_nlmsg_get_payload_tail(self->request);
		mnl_attr_put_u64(self->request, IPCPORT_A_PORT_ID, self->port);
		attr->nla_len = size;
		EXPECT_EXPLAINED(EINVAL);
	}
}

TEST_F(request, with_something_behind_its_attributes_is_refused)
{
	for (int size = 1; size < MNL_ATTR_HDRLEN; size++) {
		BEGIN(PORT_GET, 0);
		mnl_attr_put_u64(self->request, IPCPORT_A_PORT_ID, self->port);
		memset(mnl_nlmsg_get_payload_tail(self->request), 0xff, MNL_ATTR_HDRLEN);
		self->request->nlmsg_len += size;
		EXPECT_EXPLAINED(EINVAL);
	}
}

/* Noise. */

/* A request with some bytes that are not as they should be. */
static void make_noise(struct nl *nl, char *buffer, struct nlmsghdr **request)
{
	struct nlmsghdr *header = nl_request(nl, buffer, rand() % 6,
					     rand() % 2 ? NLM_F_DUMP : 0);
	int nr_attrs = rand() % 4;
	size_t first = MNL_NLMSG_HDRLEN;

	for (int i = 0; i < nr_attrs; i++)
		if (rand() % 2)
			mnl_attr_put_u64(header, rand() % 24, rand() % 10);
		else
			mnl_attr_put_strz(header, rand() % 24, "/test/fault");
	memset(mnl_nlmsg_get_payload_tail(header), rand(), 64);
	for (int i = rand() % 4; i > 0; i--)
		buffer[first + rand() % (header->nlmsg_len - first)] ^= 1 << rand() % 8;
	if (rand() % 4 == 0)
		header->nlmsg_len += rand() % 16;
	*request = header;
}

/* Whatever comes is refused, or has an answer that is as it must be. */
TEST_F_TIMEOUT(request, of_noise_has_an_answer_that_is_sound, LONG_TIMEOUT)
{
	int nr_answers = 0, nr_refused = 0, ret;

	srand(3);
	for (int i = 0; i < NR_FUZZ; i++) {
		make_noise(&self->nl, self->buffer, &self->request);
		ret = nl_ask(&self->nl, self->request, NULL, NULL);
		ASSERT_TRUE(ret == 0 || ret == -EINVAL || ret == -ENOENT || ret == -EOPNOTSUPP ||
			    ret == -ERANGE);
		nr_answers += !ret;
		nr_refused += ret == -EINVAL;
	}
	TH_LOG("%d answered, %d refused", nr_answers, nr_refused);
	EXPECT_LT(NR_FUZZ / 100, nr_answers);
	EXPECT_LT(NR_FUZZ / 4, nr_refused);
}

int main(int argc, char **argv)
{
	return process_main(argc, argv);
}
