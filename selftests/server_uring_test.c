// SPDX-License-Identifier: GPL-2.0
/*
 * Servers whose loop is an io_uring: one that keeps reads of its handle in flight, and some
 * that let the ring poll it. Each answers clients that all call at the same time.
 */
#include "event_server.h"

#include <liburing.h>

/* Reads in flight. Each message goes to one of them. */
#define NR_READS	3

static struct io_uring ring;
static struct ipcport_delivery slots[NR_READS][BATCH];

static int submit_read(struct event_loop *loop, uint64_t slot)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&ring);

	if (!sqe)
		return -EBUSY;
	memset(slots[slot], POISON, sizeof(slots[slot]));
	io_uring_prep_read(sqe, loop->handle, slots[slot], sizeof(slots[slot]), 0);
	io_uring_sqe_set_data64(sqe, slot);
	return io_uring_submit(&ring) == 1 ? 0 : -EBUSY;
}

static int prepare_reads(struct event_loop *loop)
{
	int ret = io_uring_queue_init(8, &ring, 0);

	for (int i = 0; i < NR_READS && !ret; i++)
		ret = submit_read(loop, i);
	return ret;
}

/* Wait for a read, answer what it brought, and let it be made again. */
static int turn_with_reads(struct event_loop *loop)
{
	struct io_uring_cqe *cqe;
	uint64_t slot;
	int ret, size;

	ret = io_uring_wait_cqe(&ring, &cqe);
	if (ret)
		return ret;
	size = cqe->res;
	slot = io_uring_cqe_get_data64(cqe);
	io_uring_cqe_seen(&ring, cqe);
	if (size < 0)
		return size;
	ret = loop_answer_all(loop, slots[slot], size);
	return ret ? ret : submit_read(loop, slot);
}

static int prepare_polls(struct event_loop *loop)
{
	return io_uring_queue_init(8, &ring, 0);
}

/* Let the ring poll until the handle can be read, and read. */
static int turn_with_polls(struct event_loop *loop)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&ring);
	struct io_uring_cqe *cqe;
	int ret, events;

	if (!sqe)
		return -EBUSY;
	io_uring_prep_poll_add(sqe, loop->handle, POLLIN);
	ret = io_uring_submit_and_wait(&ring, 1);
	if (ret < 0)
		return ret;
	ret = io_uring_wait_cqe(&ring, &cqe);
	if (ret)
		return ret;
	events = cqe->res;
	io_uring_cqe_seen(&ring, cqe);
	if (events < 0)
		return events;
	return events == POLLIN ? loop_serve(loop) : -EBADMSG;
}

/* One request, which tells of each message, until the kernel has no room to. */
static int submit_multishot(struct event_loop *loop)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&ring);

	if (!sqe)
		return -EBUSY;
	io_uring_prep_poll_multishot(sqe, loop->handle, POLLIN);
	return io_uring_submit(&ring) == 1 ? 0 : -EBUSY;
}

static int prepare_multishot(struct event_loop *loop)
{
	int ret = io_uring_queue_init(8, &ring, 0);

	return ret ? ret : submit_multishot(loop);
}

static int turn_with_multishot(struct event_loop *loop)
{
	struct io_uring_cqe *cqe;
	int ret, events;
	bool has_more;

	ret = io_uring_wait_cqe(&ring, &cqe);
	if (ret)
		return ret;
	events = cqe->res;
	has_more = cqe->flags & IORING_CQE_F_MORE;
	io_uring_cqe_seen(&ring, cqe);
	if (events < 0)
		return events;
	if (!has_more)
		ret = submit_multishot(loop);
	return ret ? ret : loop_serve(loop);
}

FIXTURE(server) {
	int fd;
	int handle;
	struct event_loop loop;
	pid_t server;
	struct event_client clients[NR_CLIENTS];
};

FIXTURE_VARIANT(server) {
	int (*prepare)(struct event_loop *loop);
	int (*turn)(struct event_loop *loop);
	uint32_t flags;
	bool is_edge;
};

FIXTURE_VARIANT_ADD(server, with_reads_in_flight) {
	.prepare = prepare_reads,
	.turn = turn_with_reads,
};

FIXTURE_VARIANT_ADD(server, with_polls_by_the_ring) {
	.prepare = prepare_polls,
	.turn = turn_with_polls,
	.flags = IPCPORT_OPEN_F_NONBLOCK,
};

FIXTURE_VARIANT_ADD(server, with_one_poll_for_all) {
	.prepare = prepare_multishot,
	.turn = turn_with_multishot,
	.flags = IPCPORT_OPEN_F_NONBLOCK,
	.is_edge = true,
};

FIXTURE_SETUP(server)
{
	self->handle = -1;
	self->loop = (struct event_loop) {
		.prepare = variant->prepare, .turn = variant->turn, .flags = variant->flags,
		/* a poll for all can be told of a message that has just been read */
		.is_edge = variant->is_edge, .is_early = variant->is_edge,
	};
	snprintf(self->loop.name, sizeof(self->loop.name), "/test/uring-%d", getpid());
	self->fd = dev_open();
	ASSERT_LE(0, self->fd);
	self->server = child_start(event_server_run, &self->loop);
	self->handle = open_when_named(self->fd, self->loop.name, IPCPORT_R_SEND, FAR_AWAY);
	ASSERT_LE(0, self->handle);
}

FIXTURE_TEARDOWN(server)
{
	clients_kill(self->clients, self->server);
	if (self->handle >= 0)
		close(self->handle);
	EXPECT_EQ(-ENOENT, open_by_name(self->fd, self->loop.name, 0));
	close(self->fd);
	EXPECT_TRUE(no_call_lives());
	EXPECT_TRUE(handles_live(0));
	EXPECT_TRUE(all_is_gone());
}

TEST_F_TIMEOUT(server, answers_a_thousand_calls_of_eight_clients, LONG_TIMEOUT)
{
	clients_start(self->clients, self->loop.name, false);
	EXPECT_ANSWERS(self->clients, self->handle);

	/* the last handle to send with: the server is told, and ends */
	close(self->handle);
	self->handle = -1;
	EXPECT_EQ(0, reap(self->server));
	self->server = 0;
}

/* Its requests are in flight then, and end with it. */
TEST_F_TIMEOUT(server, that_is_killed_leaves_no_client_waiting, LONG_TIMEOUT)
{
	int64_t token;
	int status;

	EXPECT_EQ(answer_to(5), call_value(self->handle, 0, 5, 0, FAR_AWAY));
	ASSERT_EQ(0, kill(self->server, SIGSTOP));
	ASSERT_EQ(self->server, waitpid(self->server, &status, WUNTRACED));
	token = call_submit(self->handle, 0, 6, 0, FAR_AWAY);
	ASSERT_LT(0, token);
	EXPECT_EQ(-SIGKILL, kill_and_reap(self->server));
	self->server = 0;
	EXPECT_EQ(-EPIPE, call_collect(self->handle, 0, token, 0, FAR_AWAY));
	EXPECT_EQ(POLL_DEAD, poll_now(self->handle));
}

TEST_HARNESS_MAIN
