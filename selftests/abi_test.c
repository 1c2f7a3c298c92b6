// SPDX-License-Identifier: GPL-2.0
/*
 * The ioctls as an interface: every wrong pointer, size, flag, reserved member
 * and value is refused with the errno that the header promises, and a refusal
 * changes nothing, neither in the port nor in the caller's memory.
 */
#define _GNU_SOURCE
#include <stddef.h>
#include <sys/mman.h>

#include "call.h"
#include "handle.h"

#define TIMEOUT		300

/* Largest structure that an ioctl number can tell of. */
#define SIZE_MAX_IOC	_IOC_SIZEMASK

#define NR_KINDS	4

#define NAME		"/test/abi"

static unsigned long cmd_of_size(unsigned long cmd, size_t size)
{
	return _IOC(_IOC_DIR(cmd), _IOC_TYPE(cmd), _IOC_NR(cmd), size);
}

/* Page aligned room for a structure, and behind it a page that is not there. */
static uint8_t *room_alloc(size_t size)
{
	size_t page = sysconf(_SC_PAGESIZE);
	uint8_t *room;

	size = (size + page - 1) & ~(page - 1);
	room = mmap(NULL, size + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (room == MAP_FAILED || munmap(room + size, page))
		abort();
	return room;
}

/*
 * One variant per ioctl, so that each test here is run on each of them.
 */
FIXTURE(abi) {
	int fd;
	int64_t port;
	uint64_t token;		/* of a call that was received and waits for its answer */
	struct ipcport_stat before;
	long live[NR_KINDS];
	uint8_t *room;
	uint8_t args[SIZE_MAX_IOC];
	struct ipcport_message message;
	struct ipcport_delivery delivery;
};

typedef FIXTURE_DATA(abi) abi_data;

FIXTURE_VARIANT(abi) {
	unsigned long cmd;
	size_t first_size;	/* of the first version, if the structure has grown */
	size_t flags;
	uint32_t known_flags;
	int result;
};

FIXTURE_VARIANT_ADD(abi, version) {
	.cmd = IPCPORT_IOC_VERSION,
	.flags = offsetof(struct ipcport_version, flags),
};

FIXTURE_VARIANT_ADD(abi, create) {
	.cmd = IPCPORT_IOC_PORT_CREATE,
	.flags = offsetof(struct ipcport_create, flags),
	.known_flags = IPCPORT_CREATE_F_OWNER_THREAD | IPCPORT_CREATE_F_NOTIFY_ABORT |
		       IPCPORT_CREATE_F_NOTIFY_NO_SENDERS | IPCPORT_CREATE_F_CARGO,
};

FIXTURE_VARIANT_ADD(abi, destroy) {
	.cmd = IPCPORT_IOC_PORT_DESTROY,
	.flags = offsetof(struct ipcport_destroy, flags),
};

FIXTURE_VARIANT_ADD(abi, stat) {
	.cmd = IPCPORT_IOC_PORT_STAT,
	.first_size = offsetof(struct ipcport_stat, out_calls),
	.flags = offsetof(struct ipcport_stat, flags),
};

FIXTURE_VARIANT_ADD(abi, bind) {
	.cmd = IPCPORT_IOC_PORT_BIND,
	.flags = offsetof(struct ipcport_bind, flags),
};

FIXTURE_VARIANT_ADD(abi, unbind) {
	.cmd = IPCPORT_IOC_PORT_UNBIND,
	.flags = offsetof(struct ipcport_unbind, flags),
};

FIXTURE_VARIANT_ADD(abi, send) {
	.cmd = IPCPORT_IOC_MSG_SEND,
	.first_size = offsetof(struct ipcport_send, cargo),
	.flags = offsetof(struct ipcport_send, flags),
	.known_flags = IPCPORT_SEND_F_NONBLOCK | IPCPORT_SEND_F_CARGO,
	.result = 1,
};

FIXTURE_VARIANT_ADD(abi, recv) {
	.cmd = IPCPORT_IOC_MSG_RECV,
	.flags = offsetof(struct ipcport_recv, flags),
	.known_flags = IPCPORT_RECV_F_NONBLOCK,
	.result = 1,
};

FIXTURE_VARIANT_ADD(abi, call) {
	.cmd = IPCPORT_IOC_CALL,
	.first_size = offsetof(struct ipcport_call, cargo),
	.flags = offsetof(struct ipcport_call, flags),
	.known_flags = IPCPORT_CALL_F_NONBLOCK | IPCPORT_CALL_F_SUBMIT | IPCPORT_CALL_F_CARGO,
};

FIXTURE_VARIANT_ADD(abi, reply) {
	.cmd = IPCPORT_IOC_CALL_REPLY,
	.first_size = offsetof(struct ipcport_reply, cargo),
	.flags = offsetof(struct ipcport_reply, flags),
	.known_flags = IPCPORT_REPLY_F_CARGO,
};

FIXTURE_VARIANT_ADD(abi, reply_recv) {
	.cmd = IPCPORT_IOC_CALL_REPLY_RECV,
	.flags = offsetof(struct ipcport_reply_recv, flags),
	.known_flags = IPCPORT_REPLY_RECV_F_NONBLOCK | IPCPORT_REPLY_RECV_F_CARGO,
};

FIXTURE_VARIANT_ADD(abi, cancel) {
	.cmd = IPCPORT_IOC_CALL_CANCEL,
	.flags = offsetof(struct ipcport_cancel, flags),
};

FIXTURE_VARIANT_ADD(abi, open) {
	.cmd = IPCPORT_IOC_HANDLE_OPEN,
	.flags = offsetof(struct ipcport_open, flags),
	.known_flags = IPCPORT_OPEN_F_WAIT | IPCPORT_OPEN_F_NONBLOCK,
};

static void look(int fd, uint64_t port, struct ipcport_stat *stat, long *live)
{
	if (port_stat(fd, port, stat))
		memset(stat, 0, sizeof(*stat));
	live[0] = live_count("ports");
	live[1] = live_count("messages");
	live[2] = live_count("calls");
	live[3] = live_count("handles");
}

/* The ioctl's result; a handle that it makes is closed, and 0 the result. */
static int run_ioctl(int fd, unsigned long cmd, void *args)
{
	int ret = xioctl(fd, cmd, args);

	if (ret < 0 || _IOC_NR(cmd) != _IOC_NR(IPCPORT_IOC_HANDLE_OPEN))
		return ret;
	close(ret);
	return 0;
}

/*
 * What every ioctl can be tried on: a port with one message in it, and a received call;
 * without a name if it is to get one.
 */
static bool prepare(abi_data *self, unsigned long cmd)
{
	struct ipcport_stat stat;
	int64_t token;

	if (port_stat(self->fd, self->port, &stat))
		self->port = port_create(self->fd, 4);
	if (cmd == IPCPORT_IOC_PORT_BIND)
		port_unbind(self->fd, self->port);
	else
		port_bind(self->fd, self->port, NAME);
	while (recv_nb(self->fd, self->port) >= 0)
		;
	token = call_submit(self->fd, self->port, 9, IPCPORT_CALL_F_NONBLOCK, 0);
	self->token = token;
	self->message = message_of(1);
	memset(&self->delivery, POISON, sizeof(self->delivery));
	return token > 0 && recv_call(self->fd, self->port, 0, 1) == token &&
	       !send_nb(self->fd, self->port, 1);
}

/* Write arguments that work, with the outputs poisoned. */
static void fill_args(abi_data *self, unsigned long cmd)
{
	union {
		struct ipcport_version version;
		struct ipcport_create create;
		struct ipcport_destroy destroy;
		struct ipcport_stat stat;
		struct ipcport_send send;
		struct ipcport_recv recv;
		struct ipcport_call call;
		struct ipcport_reply reply;
		struct ipcport_reply_recv reply_recv;
		struct ipcport_cancel cancel;
		struct ipcport_bind bind;
		struct ipcport_unbind unbind;
		struct ipcport_open open;
	} *args = (void *)self->args;

	memset(self->args, 0, sizeof(self->args));
	memset(self->args, POISON, _IOC_SIZE(cmd));
	switch (cmd) {
	case IPCPORT_IOC_VERSION:
		args->version.flags = 0;
		break;
	case IPCPORT_IOC_PORT_CREATE:
		args->create = (struct ipcport_create) { .capacity = 3, .out_port = ~0ULL };
		break;
	case IPCPORT_IOC_PORT_DESTROY:
		args->destroy = (struct ipcport_destroy) { .port = self->port };
		break;
	case IPCPORT_IOC_PORT_STAT:
		args->stat.port = self->port;
		args->stat.flags = 0;
		args->stat.__reserved = 0;
		break;
	case IPCPORT_IOC_PORT_BIND:
		args->bind = (struct ipcport_bind) { .port = self->port, .name = NAME };
		break;
	case IPCPORT_IOC_PORT_UNBIND:
		args->unbind = (struct ipcport_unbind) { .port = self->port };
		break;
	case IPCPORT_IOC_MSG_SEND:
		args->send = (struct ipcport_send) {
			.port = self->port, .messages = (uintptr_t)&self->message, .count = 1,
			.flags = IPCPORT_SEND_F_NONBLOCK,
		};
		break;
	case IPCPORT_IOC_MSG_RECV:
		args->recv = (struct ipcport_recv) {
			.port = self->port, .deliveries = (uintptr_t)&self->delivery, .count = 1,
			.flags = IPCPORT_RECV_F_NONBLOCK,
		};
		break;
	case IPCPORT_IOC_CALL:
		args->call = (struct ipcport_call) {
			.port = self->port, .message = (uintptr_t)&self->message,
			.reply = (uintptr_t)&self->delivery, .out_status = POISON,
			.flags = IPCPORT_CALL_F_SUBMIT | IPCPORT_CALL_F_NONBLOCK,
		};
		break;
	case IPCPORT_IOC_CALL_REPLY:
		args->reply = (struct ipcport_reply) {
			.port = self->port, .token = self->token,
			.message = (uintptr_t)&self->message, .status = -5,
		};
		break;
	case IPCPORT_IOC_CALL_REPLY_RECV:
		args->reply_recv = (struct ipcport_reply_recv) {
			.port = self->port, .token = self->token, .status = -5,
			.message = (uintptr_t)&self->message,
			.delivery = (uintptr_t)&self->delivery,
			.flags = IPCPORT_REPLY_RECV_F_NONBLOCK, .out_reply_errno = POISON,
		};
		break;
	case IPCPORT_IOC_CALL_CANCEL:
		args->cancel = (struct ipcport_cancel) {
			.token = self->token, .out_state = POISON,
		};
		break;
	case IPCPORT_IOC_HANDLE_OPEN:
		args->open = (struct ipcport_open) { .port = self->port, .rights = R_BOTH };
		break;
	}
}

FIXTURE_SETUP(abi)
{
	self->fd = dev_open();
	ASSERT_LE(0, self->fd);
	ASSERT_TRUE(prepare(self, variant->cmd));
	self->room = room_alloc(SIZE_MAX_IOC);
	fill_args(self, variant->cmd);
	look(self->fd, self->port, &self->before, self->live);
}

FIXTURE_TEARDOWN(abi)
{
	close(self->fd);
	EXPECT_TRUE(nothing_lives());
}

/* Run the ioctl on a copy of the arguments in self->room; see that nothing changed. */
#define EXPECT_REFUSED(_errno, _cmd) do {					\
	struct ipcport_stat _now;						\
	long _live[NR_KINDS];							\
										\
	memcpy(self->room, self->args, sizeof(self->args));			\
	EXPECT_EQ(-(_errno), run_ioctl(self->fd, _cmd, self->room));			\
	EXPECT_EQ(0, memcmp(self->room, self->args, sizeof(self->args)));	\
	look(self->fd, self->port, &_now, _live);				\
	EXPECT_EQ(0, memcmp(&self->before, &_now, sizeof(_now)));		\
	EXPECT_EQ(0, memcmp(self->live, _live, sizeof(_live)));			\
	EXPECT_TRUE(is_untouched(&self->delivery));				\
} while (0)

/* The same with arguments at a bad address. */
#define EXPECT_FAULT(_cmd, _address) do {					\
	struct ipcport_stat _now;						\
	long _live[NR_KINDS];							\
										\
	EXPECT_EQ(-EFAULT, run_ioctl(self->fd, _cmd, (void *)(_address)));			\
	look(self->fd, self->port, &_now, _live);				\
	EXPECT_EQ(0, memcmp(&self->before, &_now, sizeof(_now)));		\
	EXPECT_EQ(0, memcmp(self->live, _live, sizeof(_live)));			\
	EXPECT_TRUE(is_untouched(&self->delivery));				\
} while (0)

static bool is_untouched(const struct ipcport_delivery *delivery)
{
	const uint8_t *bytes = (const uint8_t *)delivery;

	for (size_t i = 0; i < sizeof(*delivery); i++)
		if (bytes[i] != POISON)
			return false;
	return true;
}

/* The others would pass for a wrong reason if these arguments did not work. */
TEST_F_TIMEOUT(abi, takes_arguments_that_are_right, TIMEOUT)
{
	struct ipcport_stat now;
	long live[NR_KINDS];

	EXPECT_EQ(variant->result, run_ioctl(self->fd, variant->cmd, self->args));
	look(self->fd, self->port, &now, live);
	switch (variant->cmd) {
	case IPCPORT_IOC_PORT_CREATE:
		EXPECT_EQ(self->live[0] + (self->live[0] >= 0), live[0]);
		break;
	case IPCPORT_IOC_PORT_DESTROY:
		EXPECT_EQ(-ENOENT, port_stat(self->fd, self->port, &now));
		break;
	case IPCPORT_IOC_PORT_BIND:
		EXPECT_TRUE(has_name(self->fd, self->port, NAME));
		break;
	case IPCPORT_IOC_PORT_UNBIND:
		EXPECT_TRUE(has_name(self->fd, self->port, ""));
		break;
	case IPCPORT_IOC_MSG_SEND:
		EXPECT_EQ(2, now.out_depth);
		break;
	case IPCPORT_IOC_MSG_RECV:
		EXPECT_EQ(0, now.out_depth);
		EXPECT_EQ(1, value_of(&self->delivery.message));
		break;
	case IPCPORT_IOC_CALL:
		EXPECT_EQ(2, now.out_depth);
		EXPECT_EQ(2, now.out_calls);
		break;
	case IPCPORT_IOC_CALL_REPLY:
	case IPCPORT_IOC_CALL_CANCEL:
		EXPECT_EQ(0, now.out_calls);
		EXPECT_EQ(1, now.out_depth);
		break;
	case IPCPORT_IOC_CALL_REPLY_RECV:
		EXPECT_EQ(0, now.out_calls);
		EXPECT_EQ(0, now.out_depth);
		EXPECT_EQ(1, value_of(&self->delivery.message));
		break;
	}
}

TEST_F_TIMEOUT(abi, refuses_a_null_pointer, TIMEOUT)
{
	EXPECT_FAULT(variant->cmd, NULL);
}

TEST_F_TIMEOUT(abi, refuses_an_unmapped_pointer, TIMEOUT)
{
	ASSERT_EQ(0, munmap(self->room, SIZE_MAX_IOC));
	EXPECT_FAULT(variant->cmd, self->room);
}

TEST_F_TIMEOUT(abi, refuses_a_kernel_address, TIMEOUT)
{
	/* what is the kernel's, seen by a 64-bit and by a 32-bit program */
	EXPECT_FAULT(variant->cmd, (uintptr_t)0xffff888000001000ULL | 0x80000000UL);
	EXPECT_FAULT(variant->cmd, ~(uintptr_t)0xfff);
	EXPECT_FAULT(variant->cmd, ~(uintptr_t)0);
}

TEST_F_TIMEOUT(abi, refuses_a_structure_that_ends_in_an_unmapped_page, TIMEOUT)
{
	uint8_t *end = self->room + SIZE_MAX_IOC + 1;
	size_t size = _IOC_SIZE(variant->cmd);

	for (size_t missing = 1; missing <= size; missing++) {
		memcpy(end - (size - missing), self->args, size - missing);
		EXPECT_FAULT(variant->cmd, end - (size - missing));
		EXPECT_EQ(0, memcmp(end - (size - missing), self->args, size - missing));
	}
}

TEST_F_TIMEOUT(abi, writes_no_answer_to_read_only_memory, TIMEOUT)
{
	memcpy(self->room, self->args, sizeof(self->args));
	ASSERT_EQ(0, mprotect(self->room, SIZE_MAX_IOC, PROT_READ));
	if (variant->cmd == IPCPORT_IOC_CALL_CANCEL) {
		/* the one that is done although nobody can be told how far it was */
		EXPECT_EQ(-EFAULT, xioctl(self->fd, variant->cmd, self->room));
		EXPECT_EQ(-ENOENT, xioctl(self->fd, variant->cmd, self->args));
	} else if (_IOC_DIR(variant->cmd) & _IOC_READ) {
		EXPECT_FAULT(variant->cmd, self->room);
		EXPECT_EQ(0, memcmp(self->room, self->args, sizeof(self->args)));
	} else {
		EXPECT_EQ(variant->result, run_ioctl(self->fd, variant->cmd, self->room));
	}
}

TEST_F_TIMEOUT(abi, refuses_a_structure_that_is_too_short, TIMEOUT)
{
	size_t first_size = variant->first_size ?: _IOC_SIZE(variant->cmd);

	for (size_t size = 0; size < first_size; size++)
		EXPECT_REFUSED(EINVAL, cmd_of_size(variant->cmd, size));
}

/* What a program of the first version knows is filled in, and nothing behind it. */
TEST_F_TIMEOUT(abi, takes_a_structure_of_each_length_that_ever_was, TIMEOUT)
{
	size_t size = variant->first_size ?: _IOC_SIZE(variant->cmd);
	uint8_t *end = self->room + SIZE_MAX_IOC + 1;

	for (; size < _IOC_SIZE(variant->cmd); size++) {
		ASSERT_TRUE(prepare(self, variant->cmd));
		fill_args(self, variant->cmd);
		memcpy(end - size, self->args, size);
		EXPECT_EQ(variant->result,
			  run_ioctl(self->fd, cmd_of_size(variant->cmd, size), end - size));
		EXPECT_EQ(!!(_IOC_DIR(variant->cmd) & _IOC_READ),
			  !!memcmp(end - size, self->args, variant->first_size));
	}
}

TEST_F_TIMEOUT(abi, takes_a_longer_structure_with_zeroes_behind, TIMEOUT)
{
	static const size_t more[] = { 1, 4, 8, 100, 4096, SIZE_MAX_IOC };
	size_t known = _IOC_SIZE(variant->cmd);
	uint8_t zeroes[SIZE_MAX_IOC] = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(more); i++) {
		size_t size = more[i] == SIZE_MAX_IOC ? more[i] : known + more[i];

		ASSERT_TRUE(prepare(self, variant->cmd));
		fill_args(self, variant->cmd);
		memcpy(self->room, self->args, sizeof(self->args));
		EXPECT_EQ(variant->result,
			  run_ioctl(self->fd, cmd_of_size(variant->cmd, size), self->room));
		EXPECT_EQ(0, memcmp(self->room + known, zeroes, sizeof(zeroes) - known));
		if (_IOC_DIR(variant->cmd) & _IOC_READ)
			EXPECT_NE(0, memcmp(self->room, self->args, known));
	}
}

TEST_F_TIMEOUT(abi, refuses_a_longer_structure_with_something_behind, TIMEOUT)
{
	size_t known = _IOC_SIZE(variant->cmd);

	for (size_t more = 1; more <= 16; more++) {
		for (size_t i = 0; i < more; i++) {
			fill_args(self, variant->cmd);
			self->args[known + i] = 1;
			EXPECT_REFUSED(E2BIG, cmd_of_size(variant->cmd, known + more));
		}
	}
	fill_args(self, variant->cmd);
	self->args[SIZE_MAX_IOC - 1] = 0x80;
	EXPECT_REFUSED(E2BIG, cmd_of_size(variant->cmd, SIZE_MAX_IOC));
}

TEST_F_TIMEOUT(abi, refuses_each_unknown_flag, TIMEOUT)
{
	uint32_t *flags = (uint32_t *)(self->args + variant->flags);

	for (int bit = 0; bit < 32; bit++) {
		if (variant->known_flags & 1U << bit)
			continue;
		*flags |= 1U << bit;
		EXPECT_REFUSED(EOPNOTSUPP, variant->cmd);
		*flags &= ~(1U << bit);
	}
	*flags = ~0U;
	EXPECT_REFUSED(EOPNOTSUPP, variant->cmd);
}

TEST_F_TIMEOUT(abi, refuses_the_wrong_direction_and_type, TIMEOUT)
{
	const unsigned int nr = _IOC_NR(variant->cmd), size = _IOC_SIZE(variant->cmd);

	for (unsigned int dir = 0; dir < 4; dir++)
		if (dir != _IOC_DIR(variant->cmd))
			EXPECT_REFUSED(ENOTTY, _IOC(dir, IPCPORT_IOC_TYPE, nr, size));
	for (unsigned int type = 0; type < 256; type++)
		if (type != IPCPORT_IOC_TYPE)
			EXPECT_REFUSED(ENOTTY, _IOC(_IOC_DIR(variant->cmd), type, nr, size));
}

/*
 * Values, one port for all. It holds one message.
 */
FIXTURE(values) {
	int fd;
	int64_t port;
	struct ipcport_stat before;
	uint32_t capacity_max;
};

FIXTURE_SETUP(values)
{
	struct ipcport_version version = { .flags = 0 };

	self->fd = dev_open();
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, xioctl(self->fd, IPCPORT_IOC_VERSION, &version));
	self->capacity_max = version.out_capacity_max;
	self->port = port_create(self->fd, 4);
	ASSERT_LT(0, self->port);
	ASSERT_EQ(0, send_nb(self->fd, self->port, 1));
	ASSERT_EQ(0, port_stat(self->fd, self->port, &self->before));
}

FIXTURE_TEARDOWN(values)
{
	close(self->fd);
	EXPECT_TRUE(nothing_lives());
}

#define EXPECT_UNCHANGED() do {							\
	struct ipcport_stat _now;						\
										\
	EXPECT_EQ(0, port_stat(self->fd, self->port, &_now));			\
	EXPECT_EQ(0, memcmp(&self->before, &_now, sizeof(_now)));		\
} while (0)

TEST_F_TIMEOUT(values, version_says_what_there_is, TIMEOUT)
{
	struct ipcport_version args;

	memset(&args, POISON, sizeof(args));
	args.flags = 0;
	EXPECT_EQ(0, xioctl(self->fd, IPCPORT_IOC_VERSION, &args));
	EXPECT_EQ(0, args.flags);
	EXPECT_NE(0, args.out_version);
	EXPECT_EQ(0, args.out_version >> 24);
	EXPECT_EQ(IPCPORT_FEATURE_MESSAGES | IPCPORT_FEATURE_OWNER_THREAD |
		  IPCPORT_FEATURE_CALLS | IPCPORT_FEATURE_HANDLES | IPCPORT_FEATURE_NAMES |
		  IPCPORT_FEATURE_CARGO, args.out_features & ~IPCPORT_FEATURE_URING_CALL);
	EXPECT_LE(IPCPORT_CAPACITY_DEFAULT, args.out_capacity_max);
	EXPECT_EQ(IPCPORT_BATCH_MAX, args.out_batch_max);
}

static int create_with(int fd, struct ipcport_create args)
{
	struct ipcport_create before;
	int ret;

	memset(&args.out_port, POISON, sizeof(args.out_port));
	before = args;
	ret = xioctl(fd, IPCPORT_IOC_PORT_CREATE, &args);
	if (ret && memcmp(&before, &args, sizeof(args)))
		return 1;
	return ret;
}

TEST_F_TIMEOUT(values, create_refuses_a_capacity_above_the_maximum, TIMEOUT)
{
	const uint32_t wrong[] = { self->capacity_max + 1, self->capacity_max * 2, 1U << 31, ~0U };
	long live = live_count("ports");

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		EXPECT_EQ(-EINVAL,
			  create_with(self->fd, (struct ipcport_create) { .capacity = wrong[i] }));
	EXPECT_EQ(live, live_count("ports"));
}

TEST_F_TIMEOUT(values, create_refuses_each_bit_that_is_no_permission, TIMEOUT)
{
	long live = live_count("ports");

	for (int bit = 0; bit < 32; bit++)
		if (!(0666 & 1U << bit))
			EXPECT_EQ(-EINVAL, create_with(self->fd, (struct ipcport_create) {
							.mode = 0600 | 1U << bit }));
	EXPECT_EQ(-EINVAL, create_with(self->fd, (struct ipcport_create) { .mode = 01000 }));
	EXPECT_EQ(-EINVAL, create_with(self->fd, (struct ipcport_create) { .mode = 0111 }));
	EXPECT_EQ(-EINVAL, create_with(self->fd, (struct ipcport_create) { .mode = ~0U }));
	EXPECT_EQ(live, live_count("ports"));
}

TEST_F_TIMEOUT(values, create_takes_every_permission_bit, TIMEOUT)
{
	struct ipcport_stat stat;
	int64_t port;

	for (uint32_t mode = 1; mode <= 0666; mode++) {
		if (mode & ~0666)
			continue;
		/* who owns it may look at it, whatever the mode */
		port = port_create_as(self->fd, 1, mode, 0);
		ASSERT_LT(0, port);
		EXPECT_EQ(0, port_stat(self->fd, port, &stat));
		EXPECT_EQ(mode, stat.out_mode);
		EXPECT_EQ(0, port_destroy(self->fd, port));
	}
}

TEST_F_TIMEOUT(values, create_writes_nothing_but_the_number, TIMEOUT)
{
	struct ipcport_create args = { .out_port = ~0ULL };

	ASSERT_EQ(0, xioctl(self->fd, IPCPORT_IOC_PORT_CREATE, &args));
	EXPECT_NE(~0ULL, args.out_port);
	EXPECT_EQ(0, args.flags);
	EXPECT_EQ(0, args.capacity);
	EXPECT_EQ(0, args.mode);
	EXPECT_EQ(0, args.__reserved);
}

TEST_F_TIMEOUT(values, create_fills_in_what_was_left_to_it, TIMEOUT)
{
	uint64_t before = now_ns();
	int64_t port = port_create(self->fd, 0);
	struct ipcport_stat stat;

	ASSERT_LT(self->port, port);
	EXPECT_EQ(0, port_stat(self->fd, port, &stat));
	EXPECT_EQ(port, stat.port);
	EXPECT_EQ(0, stat.flags);
	EXPECT_EQ(0, stat.__reserved);
	EXPECT_EQ(IPCPORT_STATE_WRITABLE, stat.out_state);
	EXPECT_EQ(IPCPORT_MODE_DEFAULT, stat.out_mode);
	EXPECT_EQ(IPCPORT_CAPACITY_DEFAULT, stat.out_capacity);
	EXPECT_EQ(0, stat.out_depth);
	EXPECT_EQ(0, stat.out_senders);
	EXPECT_EQ(0, stat.out_receivers);
	EXPECT_EQ(geteuid(), stat.out_uid);
	EXPECT_EQ(getegid(), stat.out_gid);
	EXPECT_EQ(getpid(), stat.out_owner_pid);
	EXPECT_EQ(0, stat.out_owner_tid);
	EXPECT_EQ(0, stat.out_sent);
	EXPECT_EQ(0, stat.out_received);
	EXPECT_EQ(0, stat.out_calls);
	EXPECT_LE(before, stat.out_created_ns);
	EXPECT_GE(now_ns(), stat.out_created_ns);
	EXPECT_EQ(port, stat.out_port);
	EXPECT_EQ(0, stat.out_send_handles);
	EXPECT_EQ(0, stat.out_recv_handles);
	EXPECT_TRUE(has_name(self->fd, port, ""));
}

TEST_F_TIMEOUT(values, each_reserved_bit_is_refused, TIMEOUT)
{
	for (int bit = 0; bit < 32; bit++) {
		struct ipcport_destroy destroy = { .port = self->port, .__reserved = 1U << bit };
		struct ipcport_stat stat, poison;

		memset(&poison, POISON, sizeof(poison));
		poison.port = self->port;
		poison.flags = 0;
		poison.__reserved = 1U << bit;
		stat = poison;
		EXPECT_EQ(-EINVAL, xioctl(self->fd, IPCPORT_IOC_PORT_STAT, &stat));
		EXPECT_EQ(0, memcmp(&poison, &stat, sizeof(stat)));
		EXPECT_EQ(-EINVAL, xioctl(self->fd, IPCPORT_IOC_PORT_DESTROY, &destroy));
		EXPECT_EQ(-EINVAL, create_with(self->fd, (struct ipcport_create) {
						.__reserved = 1U << bit }));
		EXPECT_UNCHANGED();
	}
}

TEST_F_TIMEOUT(values, each_reserved_bit_of_what_grew_is_refused, TIMEOUT)
{
	struct ipcport_message message = message_of(2);

	for (int bit = 0; bit < 32; bit++) {
		struct ipcport_bind bind = {
			.port = self->port, .name = NAME, .__reserved = 1U << bit,
		};
		struct ipcport_unbind unbind = { .port = self->port, .__reserved = 1U << bit };
		struct ipcport_send send = {
			.port = self->port, .messages = (uintptr_t)&message, .count = 1,
			.__reserved = 1U << bit,
		};
		struct ipcport_call call = {
			.port = self->port, .message = (uintptr_t)&message,
			.flags = IPCPORT_CALL_F_SUBMIT, .__reserved = 1U << bit,
		};
		struct ipcport_reply reply = {
			.port = self->port, .token = 1, .message = (uintptr_t)&message,
			.__reserved = 1U << bit,
		};

		EXPECT_EQ(-EINVAL, xioctl(self->fd, IPCPORT_IOC_PORT_BIND, &bind));
		EXPECT_EQ(-EINVAL, xioctl(self->fd, IPCPORT_IOC_PORT_UNBIND, &unbind));
		EXPECT_EQ(-EINVAL, xioctl(self->fd, IPCPORT_IOC_MSG_SEND, &send));
		EXPECT_EQ(-EINVAL, xioctl(self->fd, IPCPORT_IOC_CALL, &call));
		EXPECT_EQ(-EINVAL, xioctl(self->fd, IPCPORT_IOC_CALL_REPLY, &reply));
		EXPECT_EQ(0, call.token);
		EXPECT_UNCHANGED();
	}
}

/* So that a program that forgot the flag learns it. */
TEST_F_TIMEOUT(values, cargo_without_its_flag_is_refused, TIMEOUT)
{
	struct ipcport_message message = message_of(2);
	const int32_t wrong[] = { 1, self->fd, -1, INT32_MIN, INT32_MAX };

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		struct ipcport_send send = {
			.port = self->port, .messages = (uintptr_t)&message, .count = 1,
			.cargo = wrong[i],
		};
		struct ipcport_call call = {
			.port = self->port, .message = (uintptr_t)&message,
			.flags = IPCPORT_CALL_F_SUBMIT, .cargo = wrong[i],
		};
		struct ipcport_reply reply = {
			.port = self->port, .token = 1, .message = (uintptr_t)&message,
			.cargo = wrong[i],
		};

		EXPECT_EQ(-EINVAL, xioctl(self->fd, IPCPORT_IOC_MSG_SEND, &send));
		EXPECT_EQ(-EINVAL, xioctl(self->fd, IPCPORT_IOC_CALL, &call));
		EXPECT_EQ(-EINVAL, xioctl(self->fd, IPCPORT_IOC_CALL_REPLY, &reply));
		EXPECT_EQ(0, call.token);
		EXPECT_UNCHANGED();
	}
}

TEST_F_TIMEOUT(values, a_count_out_of_range_is_refused, TIMEOUT)
{
	static const uint32_t wrong[] = { 0, IPCPORT_BATCH_MAX + 1, 1U << 31, ~0U };
	struct ipcport_delivery delivery;
	struct ipcport_message message = message_of(2);

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		EXPECT_EQ(-EINVAL, msg_send(self->fd, self->port, &message, wrong[i],
					    IPCPORT_SEND_F_NONBLOCK, 0));
		EXPECT_EQ(-EINVAL, msg_recv(self->fd, self->port, &delivery, wrong[i],
					    IPCPORT_RECV_F_NONBLOCK, 0));
		EXPECT_UNCHANGED();
	}
}

TEST_F_TIMEOUT(values, a_port_that_is_not_there_is_not_found, TIMEOUT)
{
	const uint64_t wrong[] = { 0, self->port + 1, 1ULL << 32 | self->port, 1ULL << 63, ~0ULL };
	struct ipcport_stat stat;

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		EXPECT_EQ(-ENOENT, send_nb(self->fd, wrong[i], 1));
		EXPECT_EQ(-ENOENT, recv_nb(self->fd, wrong[i]));
		EXPECT_EQ(-ENOENT, port_stat(self->fd, wrong[i], &stat));
		EXPECT_EQ((uint32_t)(POISON * 0x1010101U), stat.out_depth);
		EXPECT_EQ(-ENOENT, port_destroy(self->fd, wrong[i]));
		EXPECT_EQ(-ENOENT, port_bind(self->fd, wrong[i], NAME));
		EXPECT_EQ(-ENOENT, port_unbind(self->fd, wrong[i]));
		EXPECT_EQ(-ENOENT, open_handle(self->fd, wrong[i], R_BOTH));
		EXPECT_EQ(-ENOENT, open_handle(self->fd, wrong[i], 0));
		EXPECT_UNCHANGED();
	}
}

TEST_F_TIMEOUT(values, a_destroyed_port_is_not_found, TIMEOUT)
{
	struct ipcport_stat stat;

	EXPECT_EQ(0, port_destroy(self->fd, self->port));
	EXPECT_EQ(-ENOENT, port_destroy(self->fd, self->port));
	EXPECT_EQ(-ENOENT, send_value(self->fd, self->port, 1, 0, 0));
	EXPECT_EQ(-ENOENT, recv_value(self->fd, self->port, 0, 0));
	EXPECT_EQ(-ENOENT, port_stat(self->fd, self->port, &stat));
	EXPECT_EQ(-ENOENT, port_bind(self->fd, self->port, NAME));
	EXPECT_EQ(-ENOENT, port_unbind(self->fd, self->port));
	EXPECT_EQ(-ENOENT, open_handle(self->fd, self->port, R_BOTH));
	/* the message that nobody received is gone with it */
	EXPECT_GE(0, live_count("messages"));
}

static bool is_known(unsigned int nr)
{
	static const unsigned long known[] = {
		IPCPORT_IOC_VERSION, IPCPORT_IOC_PORT_CREATE, IPCPORT_IOC_PORT_DESTROY,
		IPCPORT_IOC_PORT_STAT, IPCPORT_IOC_MSG_SEND, IPCPORT_IOC_MSG_RECV,
		IPCPORT_IOC_CALL, IPCPORT_IOC_CALL_REPLY, IPCPORT_IOC_CALL_REPLY_RECV,
		IPCPORT_IOC_CALL_CANCEL, IPCPORT_IOC_PORT_BIND, IPCPORT_IOC_PORT_UNBIND,
		IPCPORT_IOC_HANDLE_OPEN,
	};

	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (_IOC_NR(known[i]) == nr)
			return true;
	return false;
}

TEST_F_TIMEOUT(values, an_unknown_number_is_no_ioctl, TIMEOUT)
{
	uint8_t args[128] = { 0 }, zeroes[128] = { 0 };

	for (unsigned int nr = 0; nr < 256; nr++) {
		if (is_known(nr))
			continue;
		for (unsigned int dir = 0; dir < 4; dir++) {
			EXPECT_EQ(-ENOTTY, xioctl(self->fd, _IOC(dir, IPCPORT_IOC_TYPE, nr, 32),
						  args));
			EXPECT_EQ(-ENOTTY, xioctl(self->fd, _IOC(dir, IPCPORT_IOC_TYPE, nr, 0),
						  NULL));
		}
	}
	EXPECT_EQ(0, memcmp(args, zeroes, sizeof(args)));
	EXPECT_UNCHANGED();
}

TEST_F_TIMEOUT(values, the_device_file_is_no_stream_and_no_memory, TIMEOUT)
{
	char bytes[128] = { 0 };

	EXPECT_EQ(-1, read(self->fd, bytes, sizeof(bytes)));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, write(self->fd, bytes, sizeof(bytes)));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, pread(self->fd, bytes, sizeof(bytes), 0));
	EXPECT_EQ(ESPIPE, errno);
	EXPECT_EQ(-1, lseek(self->fd, 0, SEEK_CUR));
	EXPECT_EQ(ESPIPE, errno);
	EXPECT_TRUE(mmap(NULL, 4096, PROT_READ, MAP_SHARED, self->fd, 0) == MAP_FAILED);
	EXPECT_EQ(ENODEV, errno);
	EXPECT_UNCHANGED();
}

/* What the programs own arrives as it was; what the kernel owns does not. */
TEST_F_TIMEOUT(values, the_kernel_writes_the_sender_and_nothing_else, TIMEOUT)
{
	struct ipcport_message sent;
	struct ipcport_delivery got;
	uint8_t *bytes = (uint8_t *)&sent;

	ASSERT_EQ(1, recv_nb(self->fd, self->port));
	for (int round = 0; round < 4; round++) {
		for (size_t i = 0; i < sizeof(sent); i++)
			bytes[i] = round == 0 ? 0 : round == 1 ? 0xff : i * 37 + round;
		memset(&got, POISON, sizeof(got));
		ASSERT_EQ(1, msg_send(self->fd, self->port, &sent, 1, 0, 0));
		ASSERT_EQ(1, msg_recv(self->fd, self->port, &got, 1, 0, 0));
		EXPECT_EQ(gettid(), got.message.sender);
		EXPECT_EQ(sent.type, got.message.type);
		EXPECT_EQ(sent.flags, got.message.flags);
		EXPECT_EQ(0, memcmp(sent.payload, got.message.payload, sizeof(sent.payload)));
	}
}

TEST_F_TIMEOUT(values, the_info_says_who_sent_it_and_when, TIMEOUT)
{
	struct ipcport_message message = message_of(2);
	struct ipcport_delivery got;
	uint64_t before, after;

	ASSERT_EQ(1, recv_nb(self->fd, self->port));
	memset(&message.sender, 0xff, sizeof(message.sender));
	before = now_ns();
	ASSERT_EQ(1, msg_send(self->fd, self->port, &message, 1, 0, 0));
	after = now_ns();
	memset(&got, POISON, sizeof(got));
	ASSERT_EQ(1, msg_recv(self->fd, self->port, &got, 1, 0, 0));
	EXPECT_EQ(0, got.info.token);
	EXPECT_EQ(0, got.info.badge);
	EXPECT_LE(before, got.info.time_ns);
	EXPECT_GE(after, got.info.time_ns);
	EXPECT_EQ(2, got.info.seq);
	EXPECT_EQ(getpid(), got.info.pid);
	EXPECT_EQ(gettid(), got.info.tid);
	EXPECT_EQ(geteuid(), got.info.uid);
	EXPECT_EQ(getegid(), got.info.gid);
	EXPECT_EQ(-1, got.info.cargo);
	EXPECT_EQ(0, got.info.flags);
	EXPECT_EQ(0, got.info.__reserved);
}

/* A child's message, so that process and thread of sender and receiver differ. */
TEST_F_TIMEOUT(values, the_info_of_a_childs_message_names_the_child, TIMEOUT)
{
	struct ipcport_delivery got;
	pid_t pid;

	ASSERT_EQ(1, recv_nb(self->fd, self->port));
	pid = fork();
	if (!pid)
		_exit(status_of(send_nb(self->fd, self->port, 2)));
	ASSERT_LT(0, pid);
	EXPECT_EQ(0, msg_recv(self->fd, self->port, &got, 1, 0, 0) - 1);
	EXPECT_EQ(pid, got.info.pid);
	EXPECT_EQ(pid, got.info.tid);
	EXPECT_EQ(pid, got.message.sender);
	EXPECT_EQ(0, reap(pid));
}

TEST_HARNESS_MAIN
