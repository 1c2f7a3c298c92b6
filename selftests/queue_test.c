// SPDX-License-Identifier: GPL-2.0
/*
 * A port as a queue: order, capacity, counting, batches, numbers. Nobody waits
 * here for longer than it takes to show that he would.
 */
#define _GNU_SOURCE
#include <sys/mman.h>

#include "actor.h"

#define TIMEOUT		300
#define NR_ORDERED	1000
#define NR_CREATED	LESS_IN_32(100000)

FIXTURE(queue) {
	int fd;
	uint32_t capacity_max;
	struct ipcport_delivery got[IPCPORT_BATCH_MAX];
};

FIXTURE_SETUP(queue)
{
	struct ipcport_version version = { .flags = 0 };

	self->fd = dev_open();
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, xioctl(self->fd, IPCPORT_IOC_VERSION, &version));
	self->capacity_max = version.out_capacity_max;
	memset(self->got, POISON, sizeof(self->got));
}

FIXTURE_TEARDOWN(queue)
{
	close(self->fd);
	EXPECT_TRUE(nothing_lives());
}

static int fill(int fd, uint64_t port, uint64_t value, uint32_t count)
{
	return send_values(fd, port, value, count, IPCPORT_SEND_F_NONBLOCK, 0);
}

static int drain(int fd, uint64_t port, struct ipcport_delivery *got, uint32_t count)
{
	memset(got, POISON, count * sizeof(*got));
	return msg_recv(fd, port, got, count, IPCPORT_RECV_F_NONBLOCK, 0);
}

/* How many deliveries carry the numbers from @value on. */
static uint32_t run_length(const struct ipcport_delivery *got, uint32_t count, uint64_t value)
{
	uint32_t i;

	for (i = 0; i < count && value_of(&got[i].message) == value + i; i++)
		;
	return i;
}

static uint32_t state_of(int fd, uint64_t port)
{
	struct ipcport_stat stat;

	return port_stat(fd, port, &stat) ? ~0U : stat.out_state;
}

TEST_F_TIMEOUT(queue, keeps_order_over_a_thousand_messages, TIMEOUT)
{
	int64_t port = port_create(self->fd, NR_ORDERED);

	for (int i = 0; i < NR_ORDERED; i++)
		ASSERT_EQ(0, send_nb(self->fd, port, i));
	EXPECT_PORT(self->fd, port, NR_ORDERED, NR_ORDERED, 0);
	for (int i = 0; i < NR_ORDERED; i++)
		ASSERT_EQ(i, recv_nb(self->fd, port));
	EXPECT_PORT(self->fd, port, 0, NR_ORDERED, NR_ORDERED);
}

/* The depth goes up and down between 0 and the capacity, many times round. */
TEST_F_TIMEOUT(queue, keeps_order_over_the_wrap, TIMEOUT)
{
	static const int capacities[] = { 1, 2, 3, 7, 16 };

	for (size_t i = 0; i < ARRAY_SIZE(capacities); i++) {
		int64_t port = port_create(self->fd, capacities[i]);
		uint64_t in = 0, out = 0;

		for (int round = 0; out < NR_ORDERED; round++) {
			for (int n = round % capacities[i]; n >= 0; n--)
				in += !send_nb(self->fd, port, in);
			for (int n = round % 3 + 1; n && out < in; n--)
				ASSERT_EQ(out++, recv_nb(self->fd, port));
		}
		EXPECT_PORT(self->fd, port, in - out, in, out);
	}
}

TEST_F_TIMEOUT(queue, numbers_its_messages_from_one, TIMEOUT)
{
	int64_t port = port_create(self->fd, 4);

	for (uint64_t seq = 1; seq <= 20; seq += 2) {
		ASSERT_EQ(2, fill(self->fd, port, seq, 2));
		ASSERT_EQ(2, drain(self->fd, port, self->got, 2));
		EXPECT_EQ(seq, self->got[0].info.seq);
		EXPECT_EQ(seq + 1, self->got[1].info.seq);
	}
}

/*
 * One variant per capacity. 0 stands for the largest that there is.
 */
FIXTURE(capacity) {
	int fd;
	int64_t port;
	uint32_t capacity;
};

FIXTURE_VARIANT(capacity) {
	uint32_t asked;
	uint32_t given;
};

FIXTURE_VARIANT_ADD(capacity, one) { .asked = 1, .given = 1 };
FIXTURE_VARIANT_ADD(capacity, two) { .asked = 2, .given = 2 };
FIXTURE_VARIANT_ADD(capacity, sixteen) { .asked = 16, .given = 16 };
FIXTURE_VARIANT_ADD(capacity, by_default) { .asked = 0, .given = IPCPORT_CAPACITY_DEFAULT };
FIXTURE_VARIANT_ADD(capacity, largest) { .asked = 0, .given = 0 };

FIXTURE_SETUP(capacity)
{
	struct ipcport_version version = { .flags = 0 };

	self->fd = dev_open();
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, xioctl(self->fd, IPCPORT_IOC_VERSION, &version));
	self->capacity = variant->given ?: version.out_capacity_max;
	self->port = port_create(self->fd, variant->given ? variant->asked : self->capacity);
	ASSERT_LT(0, self->port);
}

FIXTURE_TEARDOWN(capacity)
{
	close(self->fd);
	EXPECT_TRUE(nothing_lives());
}

TEST_F_TIMEOUT(capacity, is_what_was_asked_for, TIMEOUT)
{
	struct ipcport_stat stat;

	EXPECT_EQ(0, port_stat(self->fd, self->port, &stat));
	EXPECT_EQ(self->capacity, stat.out_capacity);
}

TEST_F_TIMEOUT(capacity, is_how_many_fit_and_no_more, TIMEOUT)
{
	const uint32_t nr = self->capacity;

	EXPECT_EQ(IPCPORT_STATE_WRITABLE, state_of(self->fd, self->port));
	for (uint32_t i = 0; i < nr; i++) {
		EXPECT_TRUE(state_of(self->fd, self->port) & IPCPORT_STATE_WRITABLE);
		ASSERT_EQ(0, send_nb(self->fd, self->port, i));
		EXPECT_TRUE(state_of(self->fd, self->port) & IPCPORT_STATE_READABLE);
		EXPECT_PORT(self->fd, self->port, i + 1, i + 1, 0);
	}
	EXPECT_EQ(IPCPORT_STATE_READABLE, state_of(self->fd, self->port));
	EXPECT_EQ(-EAGAIN, send_nb(self->fd, self->port, nr));
	EXPECT_EQ(-ETIMEDOUT, send_value(self->fd, self->port, nr, 0, in_ms(1)));
	EXPECT_PORT(self->fd, self->port, nr, nr, 0);

	for (uint32_t i = 0; i < nr; i++) {
		ASSERT_EQ(i, recv_nb(self->fd, self->port));
		EXPECT_PORT(self->fd, self->port, nr - i - 1, nr, i + 1);
	}
	EXPECT_EQ(IPCPORT_STATE_WRITABLE, state_of(self->fd, self->port));
	EXPECT_EQ(-EAGAIN, recv_nb(self->fd, self->port));
	EXPECT_EQ(-ETIMEDOUT, recv_value(self->fd, self->port, 0, in_ms(1)));
	EXPECT_PORT(self->fd, self->port, 0, nr, nr);
}

TEST_F_TIMEOUT(capacity, is_free_again_after_a_receive, TIMEOUT)
{
	const uint32_t nr = self->capacity;

	ASSERT_EQ(nr, fill(self->fd, self->port, 0, nr));
	EXPECT_EQ(-EAGAIN, send_nb(self->fd, self->port, nr));
	EXPECT_EQ(0, recv_nb(self->fd, self->port));
	EXPECT_EQ(0, send_nb(self->fd, self->port, nr));
	EXPECT_EQ(-EAGAIN, send_nb(self->fd, self->port, nr + 1));
	EXPECT_PORT(self->fd, self->port, nr, nr + 1, 1);
	for (uint32_t i = 1; i <= nr; i++)
		ASSERT_EQ(i, recv_nb(self->fd, self->port));
}

/* A whole batch, whatever part of it the kernel copies at a time. */
TEST_F_TIMEOUT(queue, takes_and_gives_whole_batches, TIMEOUT)
{
	static const int counts[] = { 1, 2, 15, 16, 17, 31, 32, 33, 100, IPCPORT_BATCH_MAX };
	int64_t port = port_create(self->fd, self->capacity_max);
	uint64_t total = 0;

	ASSERT_LE(IPCPORT_BATCH_MAX, self->capacity_max);
	for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
		const int nr = counts[i];

		EXPECT_EQ(nr, fill(self->fd, port, total, nr));
		EXPECT_PORT(self->fd, port, nr, total + nr, total);
		EXPECT_EQ(nr, drain(self->fd, port, self->got, nr));
		EXPECT_EQ(nr, run_length(self->got, nr, total));
		for (int k = 0; k < nr; k++)
			ASSERT_EQ(total + k + 1, self->got[k].info.seq);
		total += nr;
		EXPECT_PORT(self->fd, port, 0, total, total);
	}
}

TEST_F_TIMEOUT(queue, takes_what_fits_of_a_batch_that_may_not_wait, TIMEOUT)
{
	static const int capacities[] = { 1, 15, 16, 17, 40 };

	for (size_t i = 0; i < ARRAY_SIZE(capacities); i++) {
		const int nr = capacities[i];
		int64_t port = port_create(self->fd, nr);

		EXPECT_EQ(nr, fill(self->fd, port, 0, nr + 1));
		EXPECT_PORT(self->fd, port, nr, nr, 0);
		EXPECT_EQ(-EAGAIN, fill(self->fd, port, nr, 5));
		EXPECT_PORT(self->fd, port, nr, nr, 0);
		EXPECT_EQ(nr, drain(self->fd, port, self->got, nr + 1));
		EXPECT_EQ(nr, run_length(self->got, nr, 0));
		EXPECT_TRUE(is_poisoned(&self->got[nr]));
	}
}

TEST_F_TIMEOUT(queue, takes_what_fits_of_a_batch_until_its_deadline, TIMEOUT)
{
	int64_t port = port_create(self->fd, 20);
	uint64_t deadline = in_ms(30);

	EXPECT_EQ(20, send_values(self->fd, port, 0, 50, 0, deadline));
	EXPECT_LE(deadline, now_ns());
	EXPECT_PORT(self->fd, port, 20, 20, 0);
	EXPECT_EQ(-ETIMEDOUT, send_values(self->fd, port, 20, 30, 0, in_ms(30)));
	EXPECT_PORT(self->fd, port, 20, 20, 0);
	EXPECT_EQ(20, drain(self->fd, port, self->got, 50));
	EXPECT_EQ(20, run_length(self->got, 20, 0));
}

/* It waits as often as it must: much more goes through than the port can hold. */
TEST_F_TIMEOUT(queue, takes_a_batch_that_is_larger_than_the_port, TIMEOUT)
{
	int64_t port = port_create(self->fd, 3);
	struct actor *actor = sender(self->fd, port, 0, .count = IPCPORT_BATCH_MAX);
	uint32_t done = 0;

	while (done < IPCPORT_BATCH_MAX) {
		int ret = msg_recv(self->fd, port, self->got, 5, 0, in_ms(PATIENCE * 1000));

		ASSERT_LT(0, ret);
		ASSERT_EQ(ret, run_length(self->got, ret, done));
		done += ret;
	}
	EXPECT_EQ(IPCPORT_BATCH_MAX, actor_end(actor));
	EXPECT_PORT(self->fd, port, 0, IPCPORT_BATCH_MAX, IPCPORT_BATCH_MAX);
}

TEST_F_TIMEOUT(queue, tells_how_much_of_a_batch_went_in_before_the_port_ended, TIMEOUT)
{
	int64_t port = port_create(self->fd, 4);
	struct actor *actor = sender(self->fd, port, 0, .count = 100);

	ASSERT_TRUE(wait_for_senders(self->fd, port, 1));
	ASSERT_EQ(0, recv_nb(self->fd, port));
	ASSERT_TRUE(wait_for_senders(self->fd, port, 1));
	EXPECT_EQ(0, port_destroy(self->fd, port));
	EXPECT_EQ(5, actor_end(actor));
}

/* The messages of one batch that fits are neighbours, whoever else sends. */
TEST_F_TIMEOUT(queue, keeps_the_batches_of_several_senders_together, TIMEOUT)
{
	enum { SENDERS = 4, EACH = 10 };
	int64_t port = port_create(self->fd, 2);
	struct actor *actors[SENDERS];

	ASSERT_EQ(2, fill(self->fd, port, 0, 2));
	for (int i = 0; i < SENDERS; i++) {
		actors[i] = sender(self->fd, port, 100 * (i + 1), .count = EACH);
		ASSERT_TRUE(wait_for_senders(self->fd, port, i + 1));
	}
	EXPECT_EQ(0, recv_value(self->fd, port, 0, 0));
	EXPECT_EQ(1, recv_value(self->fd, port, 0, 0));
	for (int i = 0; i < SENDERS; i++)
		for (int k = 0; k < EACH; k++)
			EXPECT_EQ(100 * (i + 1) + k,
				  recv_value(self->fd, port, 0, in_ms(PATIENCE * 1000)));
	for (int i = 0; i < SENDERS; i++)
		EXPECT_EQ(EACH, actor_end(actors[i]));
	EXPECT_PORT(self->fd, port, 0, 2 + SENDERS * EACH, 2 + SENDERS * EACH);
}

TEST_F_TIMEOUT(queue, gives_what_it_has_without_waiting_for_more, TIMEOUT)
{
	static const int depths[] = { 1, 15, 16, 17, 33 };
	int64_t port = port_create(self->fd, 40);
	uint64_t deadline;

	for (size_t i = 0; i < ARRAY_SIZE(depths); i++) {
		const int nr = depths[i];

		ASSERT_EQ(nr, fill(self->fd, port, 7, nr));
		memset(self->got, POISON, sizeof(self->got));
		/* it may wait, but only for the first */
		deadline = in_ms(PATIENCE * 1000);
		EXPECT_EQ(nr, msg_recv(self->fd, port, self->got, IPCPORT_BATCH_MAX, 0, deadline));
		EXPECT_GT(deadline, now_ns());
		EXPECT_EQ(nr, run_length(self->got, nr, 7));
		EXPECT_TRUE(is_poisoned(&self->got[nr]));
	}
}

TEST_F_TIMEOUT(queue, gives_a_waiting_batch_receiver_the_first_message, TIMEOUT)
{
	int64_t port = port_create(self->fd, 4);
	struct actor *actor = receiver(self->fd, port, .count = 8, .deliveries = self->got);

	ASSERT_TRUE(wait_for_receivers(self->fd, port, 1));
	ASSERT_EQ(0, send_nb(self->fd, port, 1));
	EXPECT_EQ(1, actor_end(actor));
	EXPECT_EQ(1, run_length(self->got, 1, 1));
	EXPECT_TRUE(is_poisoned(&self->got[1]));
	EXPECT_PORT(self->fd, port, 0, 1, 1);
}

TEST_F_TIMEOUT(queue, leaves_what_a_receiver_has_no_room_for, TIMEOUT)
{
	int64_t port = port_create(self->fd, 40);

	ASSERT_EQ(40, fill(self->fd, port, 0, 40));
	EXPECT_EQ(18, drain(self->fd, port, self->got, 18));
	EXPECT_EQ(18, run_length(self->got, 18, 0));
	EXPECT_TRUE(is_poisoned(&self->got[18]));
	EXPECT_PORT(self->fd, port, 22, 40, 18);
	EXPECT_EQ(22, drain(self->fd, port, self->got, 40));
	EXPECT_EQ(22, run_length(self->got, 22, 18));
	EXPECT_PORT(self->fd, port, 0, 40, 40);
}

TEST_F_TIMEOUT(queue, does_not_mix_two_ports, TIMEOUT)
{
	int64_t one = port_create(self->fd, 4), two = port_create(self->fd, 4);

	ASSERT_EQ(2, fill(self->fd, one, 10, 2));
	ASSERT_EQ(3, fill(self->fd, two, 20, 3));
	EXPECT_PORT(self->fd, one, 2, 2, 0);
	EXPECT_PORT(self->fd, two, 3, 3, 0);
	EXPECT_EQ(20, recv_nb(self->fd, two));
	EXPECT_EQ(10, recv_nb(self->fd, one));
	EXPECT_EQ(0, port_destroy(self->fd, one));
	EXPECT_PORT(self->fd, two, 2, 3, 1);
}

/* Another file is another door to the same port; only its creator's ends it. */
TEST_F_TIMEOUT(queue, is_reached_through_any_file, TIMEOUT)
{
	int64_t port = port_create(self->fd, 4);
	int other = dev_open();

	ASSERT_LE(0, other);
	EXPECT_EQ(0, send_nb(other, port, 5));
	EXPECT_PORT(other, port, 1, 1, 0);
	EXPECT_EQ(0, close(other));
	EXPECT_EQ(5, recv_nb(self->fd, port));
}

TEST_F_TIMEOUT(queue, ends_with_its_file, TIMEOUT)
{
	int other = dev_open(), twin = dup(other);
	int64_t port = port_create(other, 4);

	EXPECT_EQ(0, send_nb(self->fd, port, 5));
	EXPECT_EQ(0, close(other));
	EXPECT_PORT(self->fd, port, 1, 1, 0);
	EXPECT_EQ(0, close(twin));
	EXPECT_EQ(-ENOENT, recv_nb(self->fd, port));
}

TEST_F_TIMEOUT(queue, numbers_count_up_and_are_never_used_again, TIMEOUT)
{
	int64_t stays = port_create(self->fd, 1), last = stays;

	ASSERT_LT(0, stays);
	for (int i = 0; i < NR_CREATED; i++) {
		int64_t port = port_create(self->fd, 1);

		ASSERT_LT(last, port);
		ASSERT_EQ(0, port_destroy(self->fd, port));
		last = port;
	}
	EXPECT_EQ(-ENOENT, send_nb(self->fd, last, 1));
	EXPECT_PORT(self->fd, stays, 0, 0, 0);
}

/* Each of these is also the first and last port of its owner. */
TEST_F_TIMEOUT(queue, numbers_count_up_over_files_and_owners, TIMEOUT)
{
	int64_t last = 0;

	for (int i = 0; i < NR_CREATED / 50; i++) {
		int fd = dev_open();
		int64_t port = port_create_as(fd, 1, 0, i % 2 ? IPCPORT_CREATE_F_OWNER_THREAD : 0);

		ASSERT_LT(last, port);
		ASSERT_EQ(0, close(fd));
		last = port;
	}
	EXPECT_EQ(-ENOENT, send_nb(self->fd, last, 1));
}

TEST_HARNESS_MAIN
