// SPDX-License-Identifier: GPL-2.0
/*
 * Reading, writing and polling through io_uring, on rings of every kind: what arrives at
 * once or later, and requests that are given up, which lose no message. Calls are in
 * uring_call_test.c.
 */
#include "uring.h"
#include "remote.h"

#define CAPACITY	4

/* What cancelled requests come to; those that a thread carries out are interrupted. */
#define EXPECT_CANCELLED(_number) do {						\
	int _res = uring_result(&self->uring, _number);				\
										\
	EXPECT_TRUE(_res == -ECANCELED || _res == -EINTR) {			\
		TH_LOG("%d", _res);						\
	}									\
} while (0)

FIXTURE(uring) {
	int fd;
	int64_t port;
	int handle;
	struct uring uring;
	struct ipcport_message messages[CAPACITY + 1];
	struct ipcport_delivery got[CAPACITY + 1];
};

FIXTURE_VARIANT(uring) {
	enum ring_kind kind;
};

FIXTURE_VARIANT_ADD(uring, plain) { .kind = RING_PLAIN };
FIXTURE_VARIANT_ADD(uring, with_a_thread_that_submits) { .kind = RING_SQPOLL };
FIXTURE_VARIANT_ADD(uring, that_defers_its_work) { .kind = RING_DEFER_TASKRUN };
FIXTURE_VARIANT_ADD(uring, with_threads_that_do_the_work) { .kind = RING_ASYNC };
FIXTURE_VARIANT_ADD(uring, with_a_registered_file) { .kind = RING_REGISTERED };

typedef FIXTURE_DATA(uring) uring_data;

FIXTURE_SETUP(uring)
{
	int ret;

	self->fd = dev_open();
	ASSERT_LE(0, self->fd);
	self->port = port_create_for_cargo(self->fd, CAPACITY);
	ASSERT_LT(0, self->port);
	self->handle = open_handle(self->fd, self->port, R_BOTH);
	ASSERT_LE(0, self->handle);
	for (int i = 0; i <= CAPACITY; i++)
		self->messages[i] = message_of(1 + i);
	memset(self->got, POISON, sizeof(self->got));
	ret = uring_start(&self->uring, variant->kind, self->handle);
	if (ret == -EPERM)
		SKIP(return, "the system allows no io_uring");
	ASSERT_EQ(0, ret);
}

/* However the ring ended, nobody waits. */
FIXTURE_TEARDOWN(uring)
{
	uring_stop(&self->uring);
	close(self->handle);
	close(self->fd);
	EXPECT_TRUE(handles_live(0));
	EXPECT_TRUE(cargo_lives(0));
	EXPECT_TRUE(all_is_gone());
}

static void start_read(uring_data *self, unsigned int number)
{
	uring_read(&self->uring, number, &self->got[number], DELIVERY_SIZE);
	uring_submit(&self->uring);
}

static void start_write(uring_data *self, unsigned int number)
{
	uring_write(&self->uring, number, &self->messages[number], MESSAGE_SIZE);
	uring_submit(&self->uring);
}

/* Send 1 to CAPACITY. */
static int fill(uring_data *self)
{
	return send_values(self->fd, self->port, 1, CAPACITY, IPCPORT_SEND_F_NONBLOCK, 0);
}

/*
 * Reading and writing.
 */
TEST_F_TIMEOUT(uring, reads_what_is_there, LONG_TIMEOUT)
{
	ASSERT_EQ(0, send_nb(self->fd, self->port, 5));
	start_read(self, 1);
	EXPECT_EQ(DELIVERY_SIZE, uring_result(&self->uring, 1));
	EXPECT_EQ(5, value_of(&self->got[1].message));
	EXPECT_EQ(getpid(), (pid_t)self->got[1].info.pid);
	EXPECT_EQ(NO_CARGO, self->got[1].info.cargo);
	EXPECT_PORT(self->fd, self->port, 0, 1, 1);
}

TEST_F_TIMEOUT(uring, reads_what_comes_later, LONG_TIMEOUT)
{
	start_read(self, 1);
	EXPECT_FALSE(uring_is_done(&self->uring, 1));
	ASSERT_EQ(0, send_nb(self->fd, self->port, 5));
	EXPECT_EQ(DELIVERY_SIZE, uring_result(&self->uring, 1));
	EXPECT_EQ(5, value_of(&self->got[1].message));
	EXPECT_PORT(self->fd, self->port, 0, 1, 1);
}

TEST_F_TIMEOUT(uring, reads_with_several_requests, LONG_TIMEOUT)
{
	uint64_t sum = 0;

	for (int i = 0; i < CAPACITY; i++)
		start_read(self, i);
	for (int i = 0; i < CAPACITY; i++)
		ASSERT_EQ(0, send_value(self->fd, self->port, 1 + i, 0, FAR_AWAY));
	for (int i = 0; i < CAPACITY; i++) {
		EXPECT_EQ(DELIVERY_SIZE, uring_result(&self->uring, i));
		sum += value_of(&self->got[i].message);
	}
	EXPECT_EQ(CAPACITY * (CAPACITY + 1) / 2, sum);
	EXPECT_PORT(self->fd, self->port, 0, CAPACITY, CAPACITY);
}

TEST_F_TIMEOUT(uring, reads_several_at_once, LONG_TIMEOUT)
{
	struct iovec places[2] = {
		{ .iov_base = &self->got[0], .iov_len = DELIVERY_SIZE },
		{ .iov_base = &self->got[1], .iov_len = 2 * DELIVERY_SIZE },
	};
	struct io_uring_sqe *sqe;

	for (int nr = CAPACITY; nr > 0; nr -= 3) {
		ASSERT_EQ(nr, send_values(self->fd, self->port, 1, nr, 0, FAR_AWAY));
		sqe = uring_sqe(&self->uring);
		io_uring_prep_readv(sqe, self->handle, places, 2, 0);
		uring_mark(&self->uring, sqe, 1);
		uring_submit(&self->uring);
		EXPECT_EQ((nr < 3 ? nr : 3) * DELIVERY_SIZE, uring_next(&self->uring, 1));
		for (int i = 0; i < 3 && i < nr; i++)
			EXPECT_EQ(1 + i, value_of(&self->got[i].message));
		while (recv_nb(self->fd, self->port) > 0)
			;
	}
}

TEST_F_TIMEOUT(uring, reads_later_into_several_places, LONG_TIMEOUT)
{
	struct iovec places[2] = {
		{ .iov_base = &self->got[0], .iov_len = DELIVERY_SIZE },
		{ .iov_base = &self->got[1], .iov_len = DELIVERY_SIZE },
	};
	struct io_uring_sqe *sqe = uring_sqe(&self->uring);

	io_uring_prep_readv(sqe, self->handle, places, 2, 0);
	uring_mark(&self->uring, sqe, 1);
	uring_submit(&self->uring);
	EXPECT_FALSE(uring_is_done(&self->uring, 1));
	ASSERT_EQ(0, send_nb(self->fd, self->port, 5));
	EXPECT_EQ(DELIVERY_SIZE, uring_result(&self->uring, 1));
	EXPECT_EQ(5, value_of(&self->got[0].message));
	EXPECT_TRUE(is_poisoned(&self->got[1]));
}

TEST_F_TIMEOUT(uring, writes_where_there_is_space, LONG_TIMEOUT)
{
	struct ipcport_delivery got;

	start_write(self, 1);
	EXPECT_EQ(MESSAGE_SIZE, uring_result(&self->uring, 1));
	ASSERT_EQ(0, recv_delivery(self->fd, self->port, &got, 0, FAR_AWAY));
	EXPECT_EQ(2, value_of(&got.message));
	EXPECT_EQ(getpid(), (pid_t)got.info.pid);
	EXPECT_EQ(got.info.tid, got.message.sender);
	EXPECT_EQ(geteuid(), got.info.uid);
}

TEST_F_TIMEOUT(uring, writes_when_there_is_space, LONG_TIMEOUT)
{
	ASSERT_EQ(CAPACITY, fill(self));
	start_write(self, CAPACITY);
	EXPECT_FALSE(uring_is_done(&self->uring, CAPACITY));
	EXPECT_EQ(1, recv_nb(self->fd, self->port));
	EXPECT_EQ(MESSAGE_SIZE, uring_result(&self->uring, CAPACITY));
	for (int i = 1; i <= CAPACITY; i++)
		EXPECT_EQ(1 + i, recv_nb(self->fd, self->port));
	EXPECT_PORT(self->fd, self->port, 0, CAPACITY + 1, CAPACITY + 1);
}

TEST_F_TIMEOUT(uring, writes_several_at_once, LONG_TIMEOUT)
{
	struct iovec places[2] = {
		{ .iov_base = &self->messages[0], .iov_len = MESSAGE_SIZE },
		{ .iov_base = &self->messages[1], .iov_len = 2 * MESSAGE_SIZE },
	};
	struct io_uring_sqe *sqe = uring_sqe(&self->uring);

	io_uring_prep_writev(sqe, self->handle, places, 2, 0);
	uring_mark(&self->uring, sqe, 1);
	uring_submit(&self->uring);
	EXPECT_EQ(3 * MESSAGE_SIZE, uring_result(&self->uring, 1));
	for (int i = 0; i < 3; i++)
		EXPECT_EQ(1 + i, recv_nb(self->fd, self->port));
}

/* One ring reads and writes: each message goes round. */
TEST_F_TIMEOUT(uring, reads_what_it_writes, LONG_TIMEOUT)
{
	for (int i = 0; i < 200; i++) {
		self->messages[1] = message_of(i);
		start_read(self, 0);
		start_write(self, 1);
		ASSERT_EQ(MESSAGE_SIZE, uring_result(&self->uring, 1));
		ASSERT_EQ(DELIVERY_SIZE, uring_result(&self->uring, 0));
		ASSERT_EQ(i, value_of(&self->got[0].message));
	}
	EXPECT_PORT(self->fd, self->port, 0, 200, 200);
}

TEST_F_TIMEOUT(uring, does_not_wait_if_a_request_says_so, LONG_TIMEOUT)
{
	struct io_uring_sqe *sqe = uring_read(&self->uring, 0, &self->got[0], DELIVERY_SIZE);

	sqe->rw_flags = RWF_NOWAIT;
	uring_submit(&self->uring);
	EXPECT_EQ(-EAGAIN, uring_result(&self->uring, 0));
	ASSERT_EQ(CAPACITY, fill(self));
	sqe = uring_write(&self->uring, 1, &self->messages[1], MESSAGE_SIZE);
	sqe->rw_flags = RWF_NOWAIT;
	uring_submit(&self->uring);
	EXPECT_EQ(-EAGAIN, uring_result(&self->uring, 1));
	EXPECT_PORT(self->fd, self->port, CAPACITY, CAPACITY, 0);

	/* what is possible at once is done */
	sqe = uring_read(&self->uring, 2, &self->got[2], DELIVERY_SIZE);
	sqe->rw_flags = RWF_NOWAIT;
	uring_submit(&self->uring);
	EXPECT_EQ(DELIVERY_SIZE, uring_result(&self->uring, 2));
	EXPECT_EQ(1, value_of(&self->got[2].message));
}

TEST_F_TIMEOUT(uring, reports_what_read_and_write_refuse, LONG_TIMEOUT)
{
	int sender = open_handle(self->fd, self->port, R_SEND);
	struct uring other;

	uring_read(&self->uring, 0, &self->got[0], DELIVERY_SIZE - 1);
	uring_read(&self->uring, 1, &self->got[0], 0);
	uring_write(&self->uring, 2, &self->messages[0], MESSAGE_SIZE + 1);
	uring_submit(&self->uring);
	EXPECT_EQ(-EINVAL, uring_result(&self->uring, 0));
	EXPECT_EQ(0, uring_result(&self->uring, 1));
	EXPECT_EQ(-EINVAL, uring_result(&self->uring, 2));

	ASSERT_EQ(0, uring_start(&other, variant->kind, sender));
	uring_read(&other, 0, &self->got[0], DELIVERY_SIZE);
	uring_submit(&other);
	EXPECT_EQ(-EACCES, uring_result(&other, 0));
	uring_stop(&other);
	close(sender);
	EXPECT_TRUE(is_poisoned(&self->got[0]));
	EXPECT_PORT(self->fd, self->port, 0, 0, 0);
}

TEST_F_TIMEOUT(uring, leaves_a_message_that_cannot_be_stored, LONG_TIMEOUT)
{
	void *hole = mmap(NULL, DELIVERY_SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	uring_read(&self->uring, 0, hole, DELIVERY_SIZE);
	uring_submit(&self->uring);
	ASSERT_EQ(0, send_nb(self->fd, self->port, 5));
	EXPECT_EQ(-EFAULT, uring_result(&self->uring, 0));
	EXPECT_PORT(self->fd, self->port, 1, 1, 0);
	EXPECT_EQ(5, recv_nb(self->fd, self->port));
}

TEST_F_TIMEOUT(uring, reads_cargo, LONG_TIMEOUT)
{
	struct parcel parcel = parcel_make();

	start_read(self, 0);
	start_read(self, 1);
	ASSERT_EQ(0, cargo_send_nb(self->fd, self->port, 5, parcel.fd));
	ASSERT_EQ(0, cargo_send(self->fd, self->port, 6, self->handle, 0, FAR_AWAY));
	EXPECT_EQ(DELIVERY_SIZE, uring_result(&self->uring, 0));
	EXPECT_EQ(DELIVERY_SIZE, uring_result(&self->uring, 1));
	for (int i = 0; i < 2; i++) {
		int got = self->got[i].info.cargo;

		ASSERT_LE(0, got);
		EXPECT_TRUE(is_cloexec(got));
		EXPECT_TRUE(value_of(&self->got[i].message) == 5 ? same_file(parcel.fd, got) :
			    fdinfo_says(got, "ipcport-rights", "send recv"));
		close(got);
	}
	EXPECT_OURS(&parcel);
}

/*
 * Polling.
 */
TEST_F_TIMEOUT(uring, polls_for_a_message, LONG_TIMEOUT)
{
	uring_poll(&self->uring, 0, POLLIN);
	uring_submit(&self->uring);
	EXPECT_FALSE(uring_is_done(&self->uring, 0));
	ASSERT_EQ(0, send_nb(self->fd, self->port, 5));
	EXPECT_EQ(POLLIN, uring_next(&self->uring, 0));
	uring_poll(&self->uring, 0, POLL_BOTH);
	uring_submit(&self->uring);
	EXPECT_EQ(POLL_BOTH, uring_next(&self->uring, 0));
	EXPECT_EQ(5, recv_nb(self->fd, self->port));
}

TEST_F_TIMEOUT(uring, polls_for_space, LONG_TIMEOUT)
{
	ASSERT_EQ(CAPACITY, fill(self));
	uring_poll(&self->uring, 0, POLLOUT);
	uring_submit(&self->uring);
	EXPECT_FALSE(uring_is_done(&self->uring, 0));
	EXPECT_EQ(1, recv_nb(self->fd, self->port));
	EXPECT_EQ(POLLOUT, uring_result(&self->uring, 0));
}

TEST_F_TIMEOUT(uring, polls_until_it_is_told_to_stop, LONG_TIMEOUT)
{
	struct io_uring_sqe *sqe = uring_sqe(&self->uring);

	io_uring_prep_poll_multishot(sqe, self->handle, POLLIN);
	uring_mark(&self->uring, sqe, 0);
	uring_submit(&self->uring);
	for (int i = 1; i <= 5; i++) {
		EXPECT_FALSE(uring_is_done(&self->uring, 0));
		ASSERT_EQ(0, send_nb(self->fd, self->port, i));
		EXPECT_EQ(POLLIN, uring_next(&self->uring, 0));
		EXPECT_TRUE(self->uring.flags[0] & IORING_CQE_F_MORE);
		EXPECT_EQ(i, recv_nb(self->fd, self->port));
	}
	uring_cancel(&self->uring, 1, 0);
	uring_submit(&self->uring);
	EXPECT_EQ(0, uring_result(&self->uring, 1));
	EXPECT_EQ(-ECANCELED, uring_next(&self->uring, 0));
	ASSERT_EQ(0, send_nb(self->fd, self->port, 5));
	EXPECT_FALSE(uring_is_done(&self->uring, 0));
}

TEST_F_TIMEOUT(uring, polls_for_the_end_of_the_port, LONG_TIMEOUT)
{
	uring_poll(&self->uring, 0, 0);
	uring_poll(&self->uring, 1, POLLIN);
	uring_submit(&self->uring);
	EXPECT_FALSE(uring_is_done(&self->uring, 0));
	EXPECT_EQ(0, port_destroy(self->fd, self->port));
	EXPECT_EQ(POLL_DEAD, uring_result(&self->uring, 0) & POLL_DEAD);
	EXPECT_EQ(POLL_DEAD, uring_result(&self->uring, 1) & POLL_DEAD);
}

/*
 * Poll what cannot be, by its rights, on a handle of its own, and let messages come and
 * go. Until the port ends there is nothing to be told, and then nothing but that.
 */
static void poll_in_vain(struct __test_metadata *_metadata, uring_data *self,
			 enum ring_kind kind, uint32_t rights, int events)
{
	int handle = open_handle(self->fd, self->port, rights);
	struct uring uring;

	ASSERT_LE(0, handle);
	ASSERT_EQ(0, uring_start(&uring, kind, handle));
	uring_poll(&uring, 0, events);
	uring_submit(&uring);
	EXPECT_FALSE(uring_is_done(&uring, 0));
	EXPECT_EQ(CAPACITY, fill(self));
	EXPECT_FALSE(uring_is_done(&uring, 0));
	for (int i = 0; i < CAPACITY; i++)
		EXPECT_EQ(1 + i, recv_nb(self->fd, self->port));
	EXPECT_FALSE(uring_is_done(&uring, 0));
	EXPECT_EQ(0, port_destroy(self->fd, self->port));
	EXPECT_EQ(POLL_DEAD, uring_result(&uring, 0));
	EXPECT_EQ(POLL_DEAD, poll_now(handle));
	uring_stop(&uring);
	close(handle);
}

TEST_F_TIMEOUT(uring, tells_no_message_to_who_may_not_receive, LONG_TIMEOUT)
{
	poll_in_vain(_metadata, self, variant->kind, R_SEND, POLLIN);
}

TEST_F_TIMEOUT(uring, tells_no_space_to_who_may_not_send, LONG_TIMEOUT)
{
	poll_in_vain(_metadata, self, variant->kind, R_RECV, POLLOUT);
}

TEST_F_TIMEOUT(uring, tells_only_the_end_to_who_may_do_nothing, LONG_TIMEOUT)
{
	poll_in_vain(_metadata, self, variant->kind, 0, POLL_BOTH);
}

/* Of two things that were asked for, the one that can be. */
TEST_F_TIMEOUT(uring, tells_space_to_who_may_only_send, LONG_TIMEOUT)
{
	int sender = open_handle(self->fd, self->port, R_SEND);
	struct uring uring;

	ASSERT_EQ(CAPACITY, fill(self));
	ASSERT_EQ(0, uring_start(&uring, variant->kind, sender));
	uring_poll(&uring, 0, POLL_BOTH);
	uring_submit(&uring);
	EXPECT_FALSE(uring_is_done(&uring, 0));
	EXPECT_EQ(1, recv_nb(self->fd, self->port));
	EXPECT_EQ(POLLOUT, uring_result(&uring, 0));
	uring_stop(&uring);
	close(sender);
}

TEST_F_TIMEOUT(uring, tells_a_message_to_who_may_only_receive, LONG_TIMEOUT)
{
	int receiver = open_handle(self->fd, self->port, R_RECV);
	struct uring uring;

	ASSERT_EQ(0, uring_start(&uring, variant->kind, receiver));
	uring_poll(&uring, 0, POLL_BOTH);
	uring_submit(&uring);
	EXPECT_FALSE(uring_is_done(&uring, 0));
	ASSERT_EQ(0, send_nb(self->fd, self->port, 5));
	EXPECT_EQ(POLLIN, uring_result(&uring, 0));
	uring_stop(&uring);
	close(receiver);
}

TEST_F_TIMEOUT(uring, tells_the_end_as_poll_does, LONG_TIMEOUT)
{
	int64_t other = port_create(self->fd, 1);
	int full = open_handle(self->fd, other, R_BOTH);
	struct uring writer;

	ASSERT_EQ(0, send_nb(full, 0, 1));
	ASSERT_EQ(0, uring_start(&writer, variant->kind, full));
	uring_poll(&writer, 0, POLLOUT);
	uring_submit(&writer);
	uring_poll(&self->uring, 0, POLLIN);
	uring_submit(&self->uring);
	EXPECT_FALSE(uring_is_done(&writer, 0));
	EXPECT_FALSE(uring_is_done(&self->uring, 0));
	EXPECT_EQ(0, port_destroy(self->fd, other));
	EXPECT_EQ(0, port_destroy(self->fd, self->port));
	/* there is no space in a dead port, and no message in this one */
	EXPECT_EQ(POLL_DEAD, uring_result(&writer, 0));
	EXPECT_EQ(POLLIN | POLL_DEAD, poll_now(full));
	EXPECT_EQ(POLL_DEAD, uring_result(&self->uring, 0));
	EXPECT_EQ(POLL_DEAD, poll_now(self->handle));
	uring_stop(&writer);
	close(full);
}

/*
 * The end of the port.
 */
TEST_F_TIMEOUT(uring, is_told_that_the_port_ended, LONG_TIMEOUT)
{
	int64_t other = port_create(self->fd, 1);
	int full = open_handle(self->fd, other, R_BOTH);
	struct uring writer;

	ASSERT_EQ(0, send_nb(full, 0, 1));
	ASSERT_EQ(0, uring_start(&writer, variant->kind, full));
	uring_write(&writer, 0, &self->messages[0], MESSAGE_SIZE);
	uring_submit(&writer);
	start_read(self, 0);
	EXPECT_FALSE(uring_is_done(&writer, 0));
	EXPECT_FALSE(uring_is_done(&self->uring, 0));
	EXPECT_EQ(0, port_destroy(self->fd, other));
	EXPECT_EQ(0, port_destroy(self->fd, self->port));
	EXPECT_EQ(-EPIPE, uring_result(&writer, 0));
	EXPECT_EQ(-EPIPE, uring_result(&self->uring, 0));

	/* what was in it can still be read */
	uring_read(&writer, 1, &self->got[1], DELIVERY_SIZE);
	uring_read(&writer, 2, &self->got[2], DELIVERY_SIZE);
	uring_submit(&writer);
	EXPECT_EQ(DELIVERY_SIZE - EPIPE, uring_result(&writer, 1) + uring_result(&writer, 2));
	uring_stop(&writer);
	close(full);
}

/*
 * Requests that are given up.
 */

/* Check that a read that was given up took nothing, and that nobody waits any more. */
#define EXPECT_READ_LEFT_ALL(_value) do {					\
	EXPECT_TRUE(wait_for_receivers(self->fd, self->port, 0));		\
	ASSERT_EQ(0, send_nb(self->fd, self->port, _value));			\
	EXPECT_TRUE(has_calls(self->fd, self->port, 1, 0));			\
	EXPECT_EQ(_value, recv_nb(self->fd, self->port));			\
	EXPECT_TRUE(is_poisoned(&self->got[0]));				\
} while (0)

TEST_F_TIMEOUT(uring, leaves_the_queue_when_a_read_is_cancelled, LONG_TIMEOUT)
{
	start_read(self, 0);
	EXPECT_FALSE(uring_is_done(&self->uring, 0));
	uring_cancel(&self->uring, 1, 0);
	uring_submit(&self->uring);
	EXPECT_CANCELLED(0);
	EXPECT_READ_LEFT_ALL(5);
	EXPECT_PORT(self->fd, self->port, 0, 1, 1);
}

TEST_F_TIMEOUT(uring, leaves_the_queue_when_a_write_is_cancelled, LONG_TIMEOUT)
{
	ASSERT_EQ(CAPACITY, fill(self));
	start_write(self, CAPACITY);
	EXPECT_FALSE(uring_is_done(&self->uring, CAPACITY));
	uring_cancel(&self->uring, 1, CAPACITY);
	uring_submit(&self->uring);
	EXPECT_CANCELLED(CAPACITY);
	EXPECT_TRUE(wait_for_senders(self->fd, self->port, 0));
	for (int i = 0; i < CAPACITY; i++)
		EXPECT_EQ(1 + i, recv_nb(self->fd, self->port));
	EXPECT_PORT(self->fd, self->port, 0, CAPACITY, CAPACITY);
}

TEST_F_TIMEOUT(uring, leaves_the_queue_when_time_is_up, LONG_TIMEOUT)
{
	struct __kernel_timespec moment = { .tv_nsec = 20000000 };
	struct io_uring_sqe *sqe = uring_read(&self->uring, 0, &self->got[0], DELIVERY_SIZE);

	sqe->flags |= IOSQE_IO_LINK;
	sqe = uring_sqe(&self->uring);
	io_uring_prep_link_timeout(sqe, &moment, 0);
	sqe->user_data = 1;
	uring_submit(&self->uring);
	EXPECT_CANCELLED(0);
	EXPECT_READ_LEFT_ALL(5);
}

/* Cancelled when the message comes: it is in the request's buffer, or in the port. */
TEST_F_TIMEOUT(uring, loses_no_message_to_a_read_that_is_cancelled, LONG_TIMEOUT)
{
	int nr_read = 0, nr_left = 0, res, time = 0;
	struct actor *actor;

	for (int i = 1; i <= 300; i++) {
		start_read(self, 0);
		actor = sender(self->fd, self->port, i);
		for (volatile int spin = 0; spin < time; spin++)
			;
		uring_cancel(&self->uring, 1, 0);
		uring_submit(&self->uring);
		res = uring_result(&self->uring, 0);
		ASSERT_NE(PENDING, uring_result(&self->uring, 1));
		ASSERT_EQ(1, actor_end(actor));
		if (res == DELIVERY_SIZE) {
			ASSERT_EQ(i, value_of(&self->got[0].message));
			nr_read++;
			time -= time / 8;
		} else {
			ASSERT_TRUE(res == -ECANCELED || res == -EINTR);
			ASSERT_EQ(i, recv_nb(self->fd, self->port));
			nr_left++;
			time += 1000;
		}
		ASSERT_EQ(-EAGAIN, recv_nb(self->fd, self->port));
		munmap(actor, sizeof(*actor));
	}
	TH_LOG("read: %d, left in the port: %d", nr_read, nr_left);
	EXPECT_PORT(self->fd, self->port, 0, 300, 300);
}

TEST_F_TIMEOUT(uring, leaves_the_queue_when_the_ring_is_closed, LONG_TIMEOUT)
{
	start_read(self, 0);
	start_read(self, 1);
	uring_poll(&self->uring, 2, POLLIN);
	uring_submit(&self->uring);
	EXPECT_FALSE(uring_is_done(&self->uring, 0));
	uring_stop(&self->uring);
	EXPECT_READ_LEFT_ALL(5);
	EXPECT_TRUE(is_poisoned(&self->got[1]));
}

TEST_F_TIMEOUT(uring, leaves_the_line_of_writers_when_the_ring_is_closed, LONG_TIMEOUT)
{
	ASSERT_EQ(CAPACITY, fill(self));
	start_write(self, CAPACITY);
	start_write(self, 0);
	EXPECT_FALSE(uring_is_done(&self->uring, 0));
	uring_stop(&self->uring);
	EXPECT_TRUE(wait_for_senders(self->fd, self->port, 0));
	for (int i = 0; i < CAPACITY; i++)
		EXPECT_EQ(1 + i, recv_nb(self->fd, self->port));
	EXPECT_PORT(self->fd, self->port, 0, CAPACITY, CAPACITY);
}

/* A file that is closed is still open for its requests. */
TEST_F_TIMEOUT(uring, goes_on_when_the_handle_is_closed, LONG_TIMEOUT)
{
	start_read(self, 0);
	EXPECT_FALSE(uring_is_done(&self->uring, 0));
	close(self->handle);
	EXPECT_HANDLES(self->fd, self->port, 1, 1);
	ASSERT_EQ(0, send_nb(self->fd, self->port, 5));
	EXPECT_EQ(DELIVERY_SIZE, uring_result(&self->uring, 0));
	EXPECT_EQ(5, value_of(&self->got[0].message));
	uring_stop(&self->uring);
	EXPECT_TRUE(handles_live(0));
	EXPECT_PORT(self->fd, self->port, 0, 1, 1);
}

/*
 * Processes that end with requests under way.
 */
static struct desk {
	int fd, handle, full;
	enum ring_kind kind;
	struct ipcport_delivery got[2];
	struct ipcport_message message;
} *desk;

static int64_t start_requests(void)
{
	static struct uring reader, writer;
	int ret = uring_start(&reader, desk->kind, desk->handle) ?:
		  uring_start(&writer, desk->kind, desk->full);

	if (ret)
		return ret;
	memset(desk->got, POISON, sizeof(desk->got));
	uring_read(&reader, 0, &desk->got[0], DELIVERY_SIZE);
	uring_read(&reader, 1, &desk->got[1], DELIVERY_SIZE);
	uring_poll(&reader, 2, POLLIN);
	uring_submit(&reader);
	uring_write(&writer, 0, &desk->message, MESSAGE_SIZE);
	uring_poll(&writer, 1, POLLOUT);
	uring_submit(&writer);
	return uring_is_done(&reader, 0) || uring_is_done(&writer, 0);
}

static int64_t leave(void)
{
	_exit(0);
}

TEST_F_TIMEOUT(uring, leaves_the_queue_when_its_process_ends, LONG_TIMEOUT)
{
	int64_t other = port_create(self->fd, 1);
	struct remote remote;

	desk = shared_alloc(sizeof(*desk));
	desk->kind = variant->kind;
	desk->handle = self->handle;
	desk->full = open_handle(self->fd, other, R_BOTH);
	ASSERT_EQ(0, send_nb(self->fd, other, 1));
	uring_stop(&self->uring);
	for (int i = 0; i < 10; i++) {
		remote_start(&remote);
		ASSERT_EQ(0, remote_do(&remote, start_requests));
		if (i % 2) {
			EXPECT_EQ(-SIGKILL, remote_kill(&remote));
		} else {
			remote_tell(&remote, leave);
			EXPECT_EQ(0, remote_reap(&remote));
		}
		EXPECT_READ_LEFT_ALL(5);
		EXPECT_TRUE(is_poisoned(&desk->got[0]));
		EXPECT_TRUE(wait_for_senders(self->fd, other, 0));
		EXPECT_PORT(self->fd, other, 1, 1, 0);
	}
	close(desk->full);
	EXPECT_TRUE(handles_live(1));
	EXPECT_EQ(0, port_destroy(self->fd, other));
}

/* The owner's requests do not keep its ports. */
static int64_t read_own(void)
{
	static struct uring uring;
	int64_t port = port_create(desk->fd, 1);
	int handle = open_handle(desk->fd, port, R_BOTH), ret;

	ret = uring_start(&uring, desk->kind, handle);
	if (ret)
		return ret;
	uring_read(&uring, 0, &desk->got[0], DELIVERY_SIZE);
	uring_submit(&uring);
	return uring_is_done(&uring, 0) ? -EBADMSG : port;
}

TEST_F_TIMEOUT(uring, does_not_keep_the_ports_of_who_is_killed, LONG_TIMEOUT)
{
	struct remote remote;
	int64_t port;

	desk = shared_alloc(sizeof(*desk));
	desk->kind = variant->kind;
	desk->fd = self->fd;
	remote_start(&remote);
	port = remote_do(&remote, read_own);
	ASSERT_LT(0, port);
	EXPECT_EQ(-SIGKILL, remote_kill(&remote));
	EXPECT_DEAD(self->fd, port);
	EXPECT_TRUE(handles_live(1));
	EXPECT_TRUE(wait_until(live_count("ports") == 1));
}

/*
 * Calls come this way where the kernel says so.
 */
FIXTURE(feature) {
	int fd;
	int64_t port;
	int handle;
	struct uring_call call;
};

FIXTURE_SETUP(feature)
{
	self->fd = dev_open();
	ASSERT_LE(0, self->fd);
	self->port = port_create(self->fd, CAPACITY);
	self->handle = open_handle(self->fd, self->port, R_SEND);
	ASSERT_LE(0, self->handle);
}

FIXTURE_TEARDOWN(feature)
{
	close(self->handle);
	close(self->fd);
	EXPECT_TRUE(no_call_lives());
	EXPECT_TRUE(all_is_gone());
}

TEST_F_TIMEOUT(feature, says_whether_calls_come_this_way, LONG_TIMEOUT)
{
	bool is_there = has_uring_calls(self->fd);
	struct uring uring;
	int ret;

	EXPECT_EQ(is_there, has_uring_calls(self->handle));
	for (int i = 0; i < 2; i++) {
		ret = uring_start(&uring, RING_PLAIN, i ? self->fd : self->handle);
		if (ret == -EPERM)
			SKIP(return, "the system allows no io_uring");
		ASSERT_EQ(0, ret);
		uring_call_prepare(&self->call, i ? self->port : 0, 5);
		uring_call_begin(&uring, 1, &self->call);
		uring_submit(&uring);
		if (is_there) {
			EXPECT_EQ(0, call_reply(self->fd, self->port,
						recv_call(self->fd, self->port, 0, FAR_AWAY), 6,
						0));
		}
		EXPECT_EQ(is_there ? 0 : -EOPNOTSUPP, uring_result(&uring, 1));
		uring_stop(&uring);
	}
	EXPECT_IDLE(self->fd, self->port);
}

TEST_HARNESS_MAIN
