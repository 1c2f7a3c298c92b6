// SPDX-License-Identifier: GPL-2.0
/*
 * The ioctls of calls as an interface, member by member: what is read when, what is
 * written when, and which addresses may be bad. What all ioctls have in common is in
 * abi_test.c.
 */
#define _GNU_SOURCE
#include <stddef.h>

#include "call.h"

#define TIMEOUT		300
#define CAPACITY	4

/* Below the program, where mmap() puts nothing. */
#define HOLE		((uintptr_t)0x200000)

FIXTURE(call_abi) {
	int fd;
	int64_t port;
	uintptr_t bad[4];
	struct ipcport_delivery reply;
};

typedef FIXTURE_DATA(call_abi) call_abi_data;

FIXTURE_SETUP(call_abi)
{
	size_t page = sysconf(_SC_PAGESIZE);
	uint8_t *pages = shared_alloc(2 * page);

	self->fd = dev_open();
	ASSERT_LE(0, self->fd);
	self->port = port_create(self->fd, CAPACITY);
	ASSERT_LT(0, self->port);
	ASSERT_EQ(0, mprotect(pages + page, page, PROT_NONE));
	self->bad[0] = 0;
	self->bad[1] = HOLE;
	self->bad[2] = (uintptr_t)0xffff888000001000ULL | 0x80000000UL;
	/* the last byte only */
	self->bad[3] = (uintptr_t)pages + page - sizeof(struct ipcport_message) + 1;
	memset(&self->reply, POISON, sizeof(self->reply));
}

FIXTURE_TEARDOWN(call_abi)
{
	close(self->fd);
	EXPECT_TRUE(no_call_lives());
	EXPECT_TRUE(nothing_lives());
}

/* Start a call and receive it: its token. */
static int64_t received_call(call_abi_data *self)
{
	int64_t token = call_submit(self->fd, self->port, 5, 0, FAR_AWAY);

	return recv_call(self->fd, self->port, 0, FAR_AWAY) == token ? token : -EBADMSG;
}

/* Check that a received call is as it was, by ending it with an answer. */
#define EXPECT_STILL_WAITS(_token) do {						\
	EXPECT_EQ(-EAGAIN, call_collect(self->fd, self->port, _token,		\
					IPCPORT_CALL_F_NONBLOCK, 0));		\
	ASSERT_EQ(0, call_reply(self->fd, self->port, _token, 77, 0));		\
	EXPECT_EQ(77, call_collect(self->fd, self->port, _token, 0, FAR_AWAY));	\
	EXPECT_IDLE(self->fd, self->port);					\
} while (0)

/* Programs of all times depend on these. */
#define LAYOUT(condition)	_Static_assert(condition, #condition)

LAYOUT(sizeof(struct ipcport_message) == 64);
LAYOUT(sizeof(struct ipcport_delivery) == 128);
LAYOUT(offsetof(struct ipcport_info, token) == 0);
LAYOUT(offsetof(struct ipcport_info, flags) == 52);
LAYOUT(offsetof(struct ipcport_info, cargo) == 48);
LAYOUT(sizeof(struct ipcport_call) == 56);
LAYOUT(offsetof(struct ipcport_call, token) == 24);
LAYOUT(offsetof(struct ipcport_call, deadline_ns) == 32);
LAYOUT(offsetof(struct ipcport_call, flags) == 40);
LAYOUT(offsetof(struct ipcport_call, out_status) == 44);
LAYOUT(offsetof(struct ipcport_call, cargo) == 48);
LAYOUT(sizeof(struct ipcport_reply) == 40);
LAYOUT(offsetof(struct ipcport_reply, token) == 8);
LAYOUT(offsetof(struct ipcport_reply, message) == 16);
LAYOUT(offsetof(struct ipcport_reply, status) == 24);
LAYOUT(offsetof(struct ipcport_reply, cargo) == 32);
LAYOUT(sizeof(struct ipcport_reply_recv) == 56);
LAYOUT(offsetof(struct ipcport_reply_recv, delivery) == 24);
LAYOUT(offsetof(struct ipcport_reply_recv, deadline_ns) == 32);
LAYOUT(offsetof(struct ipcport_reply_recv, status) == 40);
LAYOUT(offsetof(struct ipcport_reply_recv, out_reply_errno) == 48);
LAYOUT(offsetof(struct ipcport_reply_recv, cargo) == 52);
LAYOUT(sizeof(struct ipcport_cancel) == 16);
LAYOUT(offsetof(struct ipcport_cancel, out_state) == 12);
LAYOUT(sizeof(struct ipcport_stat) == 168);
LAYOUT(offsetof(struct ipcport_stat, out_calls) == 80);
LAYOUT(offsetof(struct ipcport_stat, out_port) == 88);
LAYOUT(offsetof(struct ipcport_stat, out_send_handles) == 96);
LAYOUT(offsetof(struct ipcport_stat, out_name) == 104);
LAYOUT(sizeof(struct ipcport_send) == 40);
LAYOUT(offsetof(struct ipcport_send, deadline_ns) == 24);
LAYOUT(offsetof(struct ipcport_send, cargo) == 32);
LAYOUT(sizeof(struct ipcport_bind) == 80);
LAYOUT(offsetof(struct ipcport_bind, name) == 16);
LAYOUT(sizeof(struct ipcport_unbind) == 16);
LAYOUT(sizeof(struct ipcport_open) == 96);
LAYOUT(offsetof(struct ipcport_open, badge) == 8);
LAYOUT(offsetof(struct ipcport_open, deadline_ns) == 16);
LAYOUT(offsetof(struct ipcport_open, rights) == 24);
LAYOUT(offsetof(struct ipcport_open, flags) == 28);
LAYOUT(offsetof(struct ipcport_open, name) == 32);
LAYOUT(sizeof(struct ipcport_uring_call) == 16);

TEST_F_TIMEOUT(call_abi, the_numbers_of_the_ioctls_are_for_ever, TIMEOUT)
{
	EXPECT_EQ(0xc038ba30U, IPCPORT_IOC_CALL);
	EXPECT_EQ(0x4028ba31U, IPCPORT_IOC_CALL_REPLY);
	EXPECT_EQ(0xc038ba32U, IPCPORT_IOC_CALL_REPLY_RECV);
	EXPECT_EQ(0xc010ba33U, IPCPORT_IOC_CALL_CANCEL);
	EXPECT_EQ(0xc0a8ba12U, IPCPORT_IOC_PORT_STAT);
	EXPECT_EQ(0x4050ba13U, IPCPORT_IOC_PORT_BIND);
	EXPECT_EQ(0x4010ba14U, IPCPORT_IOC_PORT_UNBIND);
	EXPECT_EQ(0x4028ba20U, IPCPORT_IOC_MSG_SEND);
	EXPECT_EQ(0x4060ba40U, IPCPORT_IOC_HANDLE_OPEN);
	EXPECT_EQ(1, IPCPORT_CALL_F_NONBLOCK);
	EXPECT_EQ(2, IPCPORT_CALL_F_SUBMIT);
	EXPECT_EQ(1, IPCPORT_REPLY_RECV_F_NONBLOCK);
	EXPECT_EQ(2, IPCPORT_CREATE_F_NOTIFY_ABORT);
	EXPECT_EQ(1, IPCPORT_INFO_F_ABORTED);
	EXPECT_EQ(4, IPCPORT_CREATE_F_NOTIFY_NO_SENDERS);
	EXPECT_EQ(8, IPCPORT_CREATE_F_CARGO);
	EXPECT_EQ(2, IPCPORT_INFO_F_NO_SENDERS);
	EXPECT_EQ(2, IPCPORT_SEND_F_CARGO);
	EXPECT_EQ(4, IPCPORT_CALL_F_CARGO);
	EXPECT_EQ(1, IPCPORT_REPLY_F_CARGO);
	EXPECT_EQ(2, IPCPORT_REPLY_RECV_F_CARGO);
	EXPECT_EQ(1, IPCPORT_R_SEND);
	EXPECT_EQ(2, IPCPORT_R_RECV);
	EXPECT_EQ(1, IPCPORT_OPEN_F_WAIT);
	EXPECT_EQ(2, IPCPORT_OPEN_F_NONBLOCK);
	EXPECT_EQ(0x80, IPCPORT_TYPE_ERROR);
}

TEST_F_TIMEOUT(call_abi, create_takes_the_flag_for_notices_alone_and_with_the_other, TIMEOUT)
{
	EXPECT_LT(0, port_create_as(self->fd, 1, 0, IPCPORT_CREATE_F_NOTIFY_ABORT));
	EXPECT_LT(0, port_create_as(self->fd, 1, 0, IPCPORT_CREATE_F_NOTIFY_ABORT |
						    IPCPORT_CREATE_F_OWNER_THREAD));
}

TEST_F_TIMEOUT(call_abi, a_call_writes_its_token_and_status_and_nothing_else, TIMEOUT)
{
	struct ipcport_message message = message_of(5);
	struct ipcport_call args = {
		.port = self->port, .message = (uintptr_t)&message,
		.reply = (uintptr_t)&self->reply, .deadline_ns = FAR_AWAY,
		.flags = IPCPORT_CALL_F_SUBMIT, .out_status = POISON_STATUS,
	};
	struct ipcport_call expected = args;

	ASSERT_EQ(0, call_ioctl(self->fd, &args));
	EXPECT_NE(0, args.token);
	expected.token = args.token;
	EXPECT_EQ(0, memcmp(&expected, &args, sizeof(args)));
	EXPECT_TRUE(is_poisoned(&self->reply));

	ASSERT_EQ(args.token, recv_call(self->fd, self->port, 0, FAR_AWAY));
	ASSERT_EQ(0, call_reply(self->fd, self->port, args.token, 6, -3));
	args.flags = 0;
	expected = args;
	EXPECT_EQ(0, call_ioctl(self->fd, &args));
	expected.token = 0;
	expected.out_status = -3;
	EXPECT_EQ(0, memcmp(&expected, &args, sizeof(args)));
	EXPECT_EQ(6, value_of(&self->reply.message));
}

TEST_F_TIMEOUT(call_abi, a_call_that_fails_writes_neither_status_nor_reply, TIMEOUT)
{
	struct ipcport_message message = message_of(5);
	struct ipcport_call args = {
		.port = self->port, .message = (uintptr_t)&message,
		.reply = (uintptr_t)&self->reply, .deadline_ns = 1,
		.out_status = POISON_STATUS,
	};
	struct ipcport_call before = args;

	EXPECT_EQ(-ETIMEDOUT, call_ioctl(self->fd, &args));
	EXPECT_EQ(0, memcmp(&before, &args, sizeof(args)));
	args.port = self->port + 1;
	before = args;
	EXPECT_EQ(-ENOENT, call_ioctl(self->fd, &args));
	EXPECT_EQ(0, memcmp(&before, &args, sizeof(args)));
	EXPECT_TRUE(is_poisoned(&self->reply));
	EXPECT_IDLE(self->fd, self->port);
}

TEST_F_TIMEOUT(call_abi, a_call_with_a_bad_message_sends_nothing, TIMEOUT)
{
	for (size_t i = 0; i < ARRAY_SIZE(self->bad); i++) {
		struct ipcport_call args = {
			.port = self->port, .message = self->bad[i],
			.reply = (uintptr_t)&self->reply, .deadline_ns = FAR_AWAY,
		};

		EXPECT_EQ(-EFAULT, call_ioctl(self->fd, &args));
		EXPECT_EQ(0, args.token);
		args.flags = IPCPORT_CALL_F_SUBMIT;
		EXPECT_EQ(-EFAULT, call_ioctl(self->fd, &args));
		EXPECT_EQ(0, args.token);
	}
	EXPECT_TRUE(is_poisoned(&self->reply));
	EXPECT_PORT(self->fd, self->port, 0, 0, 0);
	EXPECT_IDLE(self->fd, self->port);
}

TEST_F_TIMEOUT(call_abi, a_call_that_cannot_be_given_its_token_is_not_made, TIMEOUT)
{
	size_t page = sysconf(_SC_PAGESIZE);
	struct ipcport_call *args = shared_alloc(page);
	struct ipcport_message message = message_of(5);

	*args = (struct ipcport_call) {
		.port = self->port, .message = (uintptr_t)&message,
		.reply = (uintptr_t)&self->reply, .deadline_ns = FAR_AWAY,
	};
	ASSERT_EQ(0, mprotect(args, page, PROT_READ));
	EXPECT_EQ(-EFAULT, call_ioctl(self->fd, args));
	EXPECT_PORT(self->fd, self->port, 0, 0, 0);
	EXPECT_IDLE(self->fd, self->port);
}

TEST_F_TIMEOUT(call_abi, submit_does_not_look_at_the_reply_and_collect_not_at_the_message, TIMEOUT)
{
	for (size_t i = 0; i < ARRAY_SIZE(self->bad); i++) {
		struct ipcport_message message = message_of(i);
		struct ipcport_call args = {
			.port = self->port, .message = (uintptr_t)&message,
			.reply = self->bad[i], .flags = IPCPORT_CALL_F_SUBMIT,
		};

		ASSERT_EQ(0, call_ioctl(self->fd, &args));
		ASSERT_EQ(args.token, recv_call(self->fd, self->port, 0, FAR_AWAY));
		ASSERT_EQ(0, call_reply(self->fd, self->port, args.token, i + 100, 0));
		args.message = self->bad[i];
		args.reply = (uintptr_t)&self->reply;
		args.flags = 0;
		EXPECT_EQ(0, call_ioctl(self->fd, &args));
		EXPECT_EQ(i + 100, value_of(&self->reply.message));
	}
	EXPECT_IDLE(self->fd, self->port);
}

TEST_F_TIMEOUT(call_abi, submit_is_refused_with_a_token, TIMEOUT)
{
	int64_t token = received_call(self);
	struct ipcport_message message = message_of(5);
	struct ipcport_call args = {
		.port = self->port, .message = (uintptr_t)&message, .token = token,
		.flags = IPCPORT_CALL_F_SUBMIT,
	};

	ASSERT_LT(0, token);
	EXPECT_EQ(-EINVAL, call_ioctl(self->fd, &args));
	EXPECT_EQ(token, args.token);
	/* also with one that never was */
	args.token = ~0ULL;
	EXPECT_EQ(-EINVAL, call_ioctl(self->fd, &args));
	EXPECT_STILL_WAITS(token);
}

TEST_F_TIMEOUT(call_abi, a_token_that_never_was_is_not_found, TIMEOUT)
{
	const uint64_t wrong[] = { 1ULL << 63, ~0ULL, 0xffffffffULL, ~0ULL - 1 };
	int64_t token = received_call(self);

	ASSERT_LT(0, token);
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		struct ipcport_cancel cancel = { .token = wrong[i], .out_state = POISON };
		struct ipcport_call args = {
			.port = self->port, .token = wrong[i], .reply = (uintptr_t)&self->reply,
		};

		EXPECT_EQ(-ENOENT, call_ioctl(self->fd, &args));
		EXPECT_EQ(0, args.token);
		EXPECT_EQ(-ENOENT, call_collect(self->fd, self->port, wrong[i], 0, FAR_AWAY));
		EXPECT_EQ(-ENOENT, call_collect(self->fd, self->port, wrong[i],
						IPCPORT_CALL_F_NONBLOCK, 0));
		EXPECT_EQ(-ENOENT, xioctl(self->fd, IPCPORT_IOC_CALL_CANCEL, &cancel));
		EXPECT_EQ(POISON, cancel.out_state);
		EXPECT_EQ(-ENOENT, call_reply(self->fd, self->port, wrong[i], 1, 0));
	}
	EXPECT_EQ(-ENOENT, call_cancel(self->fd, 0));
	EXPECT_EQ(-ENOENT, call_reply(self->fd, self->port, 0, 1, 0));
	EXPECT_STILL_WAITS(token);
}

TEST_F_TIMEOUT(call_abi, a_port_that_never_was_is_not_found, TIMEOUT)
{
	const uint64_t wrong[] = { 0, self->port + 1, 1ULL << 32 | self->port, 1ULL << 63, ~0ULL };
	int64_t token = received_call(self);

	ASSERT_LT(0, token);
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		uint64_t answered = token;

		EXPECT_EQ(-ENOENT, call_value(self->fd, wrong[i], 1, 0, FAR_AWAY));
		EXPECT_EQ(-ENOENT, call_submit(self->fd, wrong[i], 1, 0, FAR_AWAY));
		EXPECT_EQ(-ENOENT, call_reply(self->fd, wrong[i], token, 1, 0));
		EXPECT_EQ(-ENOENT, call_reply_recv(self->fd, wrong[i], &answered, 1, &self->reply,
						   0, FAR_AWAY, NULL));
		EXPECT_EQ(token, answered);
	}
	EXPECT_TRUE(is_poisoned(&self->reply));
	EXPECT_STILL_WAITS(token);
}

TEST_F_TIMEOUT(call_abi, an_answer_that_cannot_be_read_is_not_given, TIMEOUT)
{
	int64_t token = received_call(self);

	ASSERT_LT(0, token);
	for (size_t i = 0; i < ARRAY_SIZE(self->bad); i++) {
		struct ipcport_reply args = {
			.port = self->port, .token = token, .message = self->bad[i],
		};

		EXPECT_EQ(-EFAULT, xioctl(self->fd, IPCPORT_IOC_CALL_REPLY, &args));
	}
	EXPECT_STILL_WAITS(token);
}

/* Arguments of REPLY_RECV that work. */
static struct ipcport_reply_recv reply_recv_args(call_abi_data *self, uint64_t token,
						 const struct ipcport_message *message)
{
	return (struct ipcport_reply_recv) {
		.port = self->port, .token = token, .message = (uintptr_t)message,
		.delivery = (uintptr_t)&self->reply, .status = 4, .out_reply_errno = POISON,
		.flags = IPCPORT_REPLY_RECV_F_NONBLOCK,
	};
}

TEST_F_TIMEOUT(call_abi, reply_recv_refuses_cargo_without_its_flag_and_answers_nothing, TIMEOUT)
{
	struct ipcport_message message = message_of(6);
	int64_t token = received_call(self);
	struct ipcport_reply_recv args = reply_recv_args(self, token, &message), before;

	ASSERT_LT(0, token);
	for (int bit = 0; bit < 32; bit++) {
		args.cargo = 1U << bit;
		before = args;
		EXPECT_EQ(-EINVAL, xioctl(self->fd, IPCPORT_IOC_CALL_REPLY_RECV, &args));
		EXPECT_EQ(0, memcmp(&before, &args, sizeof(args)));
	}
	EXPECT_STILL_WAITS(token);
}

TEST_F_TIMEOUT(call_abi, reply_recv_with_a_bad_answer_does_nothing, TIMEOUT)
{
	struct ipcport_message message = message_of(6);
	int64_t token = received_call(self);
	struct ipcport_reply_recv args = reply_recv_args(self, token, &message), before;

	ASSERT_LT(0, token);
	ASSERT_EQ(0, send_nb(self->fd, self->port, 9));
	for (size_t i = 0; i < ARRAY_SIZE(self->bad); i++) {
		args.message = self->bad[i];
		before = args;
		EXPECT_EQ(-EFAULT, xioctl(self->fd, IPCPORT_IOC_CALL_REPLY_RECV, &args));
		EXPECT_EQ(0, memcmp(&before, &args, sizeof(args)));
	}
	EXPECT_TRUE(is_poisoned(&self->reply));
	EXPECT_PORT(self->fd, self->port, 1, 2, 1);
	EXPECT_EQ(9, recv_nb(self->fd, self->port));
	EXPECT_STILL_WAITS(token);
}

TEST_F_TIMEOUT(call_abi, reply_recv_without_a_token_does_not_look_at_the_answer, TIMEOUT)
{
	struct ipcport_reply_recv args;

	for (size_t i = 0; i < ARRAY_SIZE(self->bad); i++) {
		args = reply_recv_args(self, 0, (void *)self->bad[i]);
		ASSERT_EQ(0, send_nb(self->fd, self->port, i));
		EXPECT_EQ(0, xioctl(self->fd, IPCPORT_IOC_CALL_REPLY_RECV, &args));
		EXPECT_EQ(0, args.token);
		EXPECT_EQ(i, value_of(&self->reply.message));
	}
}

TEST_F_TIMEOUT(call_abi, reply_recv_writes_its_token_and_error_and_nothing_else, TIMEOUT)
{
	struct ipcport_message message = message_of(6);
	int64_t token = received_call(self);
	struct ipcport_reply_recv args = reply_recv_args(self, token, &message);
	struct ipcport_reply_recv expected = args;
	int64_t next = call_submit(self->fd, self->port, 7, 0, FAR_AWAY);

	ASSERT_LT(0, token);
	ASSERT_LT(0, next);
	expected.token = next;
	expected.out_reply_errno = 0;
	EXPECT_EQ(0, xioctl(self->fd, IPCPORT_IOC_CALL_REPLY_RECV, &args));
	EXPECT_EQ(0, memcmp(&expected, &args, sizeof(args)));
	EXPECT_EQ(6, call_collect(self->fd, self->port, token, 0, FAR_AWAY));

	/* and where there is nothing to receive */
	expected.token = 0;
	EXPECT_EQ(-EAGAIN, xioctl(self->fd, IPCPORT_IOC_CALL_REPLY_RECV, &args));
	EXPECT_EQ(0, memcmp(&expected, &args, sizeof(args)));
	EXPECT_EQ(6, call_collect(self->fd, self->port, next, 0, FAR_AWAY));
}

TEST_F_TIMEOUT(call_abi, reply_recv_that_cannot_be_given_a_token_answers_nothing, TIMEOUT)
{
	size_t page = sysconf(_SC_PAGESIZE);
	struct ipcport_reply_recv *args = shared_alloc(page);
	struct ipcport_message message = message_of(6);
	int64_t token = received_call(self);

	ASSERT_LT(0, token);
	*args = reply_recv_args(self, token, &message);
	ASSERT_EQ(0, mprotect(args, page, PROT_READ));
	EXPECT_EQ(-EFAULT, xioctl(self->fd, IPCPORT_IOC_CALL_REPLY_RECV, args));
	EXPECT_TRUE(is_poisoned(&self->reply));
	EXPECT_STILL_WAITS(token);
}

/* What the programs own arrives as it was, and nothing else of theirs. */
TEST_F_TIMEOUT(call_abi, the_kernel_writes_the_sender_of_an_answer_and_nothing_else, TIMEOUT)
{
	struct ipcport_message sent;
	uint8_t *bytes = (uint8_t *)&sent;

	for (int round = 0; round < 4; round++) {
		int64_t token = received_call(self);
		struct ipcport_reply answer = {
			.port = self->port, .token = token, .message = (uintptr_t)&sent,
		};
		struct ipcport_call args = {
			.port = self->port, .token = token, .reply = (uintptr_t)&self->reply,
		};

		ASSERT_LT(0, token);
		for (size_t i = 0; i < sizeof(sent); i++)
			bytes[i] = round == 0 ? 0 : round == 1 ? 0xff : i * 37 + round;
		memset(&self->reply, POISON, sizeof(self->reply));
		ASSERT_EQ(0, xioctl(self->fd, IPCPORT_IOC_CALL_REPLY, &answer));
		ASSERT_EQ(0, call_ioctl(self->fd, &args));
		EXPECT_EQ(gettid(), self->reply.message.sender);
		EXPECT_EQ(sent.type, self->reply.message.type);
		EXPECT_EQ(sent.flags, self->reply.message.flags);
		EXPECT_EQ(0, memcmp(sent.payload, self->reply.message.payload,
				    sizeof(sent.payload)));
	}
}

TEST_HARNESS_MAIN
