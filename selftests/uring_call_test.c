// SPDX-License-Identifier: GPL-2.0
/*
 * Calls through io_uring, on rings of every kind: they are answered, and end in every
 * other way, like those that a thread waits for; and they end with their ring.
 */
#include "uring.h"
#include "remote.h"

#define CAPACITY	4
#define NR_CALLS	64

FIXTURE(uring_call) {
	int fd;
	int64_t port;
	int handle;
	struct uring uring;
	struct uring_call *calls;
	struct remote remote;
};

FIXTURE_VARIANT(uring_call) {
	enum ring_kind kind;
	bool is_by_number;	/* on the device file */
};

FIXTURE_VARIANT_ADD(uring_call, plain) { .kind = RING_PLAIN };
FIXTURE_VARIANT_ADD(uring_call, by_number) { .is_by_number = true };
FIXTURE_VARIANT_ADD(uring_call, with_a_thread_that_submits) { .kind = RING_SQPOLL };
FIXTURE_VARIANT_ADD(uring_call, that_defers_its_work) { .kind = RING_DEFER_TASKRUN };
FIXTURE_VARIANT_ADD(uring_call, with_threads_that_do_the_work) { .kind = RING_ASYNC };
FIXTURE_VARIANT_ADD(uring_call, with_a_registered_file) { .kind = RING_REGISTERED };

typedef FIXTURE_DATA(uring_call) call_data;

/* What a remote is told, and does. */
static struct desk {
	int fd, handle;
	int64_t port;
	enum ring_kind kind;
	struct uring_call calls[CAPACITY];
} *desk;

static int64_t receive_one(void)
{
	return recv_call(desk->fd, desk->port, 0, FAR_AWAY);
}

static int64_t own_port(void)
{
	desk->port = port_create_for_cargo(desk->fd, CAPACITY);
	return desk->port;
}

/* Make calls that stay, until the port is full and beyond. */
static int64_t call_and_stay(void)
{
	static struct uring uring;
	int ret = uring_start(&uring, desk->kind, desk->handle);

	if (ret)
		return ret;
	for (int i = 0; i < CAPACITY; i++) {
		uring_call_prepare(&desk->calls[i], 0, 1 + i);
		uring_call_begin(&uring, i, &desk->calls[i]);
	}
	uring_submit(&uring);
	return 0;
}

static int64_t leave(void)
{
	_exit(0);
}

FIXTURE_SETUP(uring_call)
{
	int ret;

	self->fd = dev_open();
	ASSERT_LE(0, self->fd);
	self->port = port_create_for_cargo(self->fd, CAPACITY);
	ASSERT_LT(0, self->port);
	desk = shared_alloc(sizeof(*desk));
	*desk = (struct desk){ .fd = self->fd, .port = self->port, .kind = variant->kind };
	self->handle = open_handle(self->fd, self->port, R_SEND);
	ASSERT_LE(0, self->handle);
	desk->handle = self->handle;
	self->calls = calloc(NR_CALLS, sizeof(*self->calls));
	remote_start(&self->remote);
	ret = uring_start(&self->uring, variant->kind,
			  variant->is_by_number ? self->fd : self->handle);
	if (ret == -EPERM)
		SKIP(return, "the system allows no io_uring");
	ASSERT_EQ(0, ret);
}

FIXTURE_TEARDOWN(uring_call)
{
	remote_kill(&self->remote);
	uring_stop(&self->uring);
	close(self->handle);
	close(self->fd);
	EXPECT_TRUE(handles_live(0));
	EXPECT_TRUE(cargo_lives(0));
	EXPECT_TRUE(no_call_lives());
	EXPECT_TRUE(all_is_gone());
}

/* Prepare a call, which can then be changed. */
static struct uring_call *prepare(call_data *self, unsigned int number, uint64_t port)
{
	struct uring_call *call = &self->calls[number];

	uring_call_prepare(call, self->uring.fd == self->fd ? port : 0, number);
	return call;
}

/* Make a call to a port, by request @number, with that number. */
static struct uring_call *start_to(call_data *self, unsigned int number, uint64_t port)
{
	struct uring_call *call = prepare(self, number, port);

	uring_call_begin(&self->uring, number, call);
	uring_submit(&self->uring);
	return call;
}

static struct uring_call *start(call_data *self, unsigned int number)
{
	return start_to(self, number, self->port);
}

static int64_t receive(call_data *self)
{
	return recv_call(self->fd, self->port, 0, FAR_AWAY);
}

/* What a call comes to that was begun as it was prepared. */
static int result_of(call_data *self, unsigned int number)
{
	uring_call_begin(&self->uring, number, &self->calls[number]);
	uring_submit(&self->uring);
	return uring_result(&self->uring, number);
}

/*
 * Answers.
 */
TEST_F_TIMEOUT(uring_call, is_answered, LONG_TIMEOUT)
{
	struct uring_call *call = start(self, 5);
	struct ipcport_delivery got;
	int64_t token;

	ASSERT_EQ(0, recv_delivery(self->fd, self->port, &got, 0, FAR_AWAY));
	token = got.info.token;
	EXPECT_EQ(5, value_of(&got.message));
	EXPECT_EQ(getpid(), (pid_t)got.info.pid);
	EXPECT_EQ(geteuid(), got.info.uid);
	EXPECT_EQ(token, (int64_t)uring_call_token(call));
	EXPECT_FALSE(uring_is_done(&self->uring, 5));
	EXPECT_EQ(0, call_reply(self->fd, self->port, token, 6, -7));
	EXPECT_EQ(0, uring_result(&self->uring, 5));
	EXPECT_EQ(6, value_of(&call->reply.message));
	EXPECT_EQ(token, (int64_t)call->reply.info.token);
	EXPECT_EQ(getpid(), (pid_t)call->reply.info.pid);
	EXPECT_EQ(NO_CARGO, call->reply.info.cargo);
	EXPECT_EQ(-7, call->args.out_status);
	EXPECT_EQ(0, call->args.token);
	EXPECT_EQ(-ENOENT, call_reply(self->fd, self->port, token, 7, 0));
	EXPECT_IDLE(self->fd, self->port);
}

TEST_F_TIMEOUT(uring_call, is_answered_in_any_order, LONG_TIMEOUT)
{
	int64_t port = port_create_for_cargo(self->fd, NR_CALLS), tokens[NR_CALLS];
	struct ipcport_delivery got;
	struct uring uring;
	int handle = open_handle(self->fd, port, R_SEND);

	ASSERT_EQ(0, uring_start(&uring, variant->kind, variant->is_by_number ?
				 self->fd : handle));
	for (int i = 0; i < NR_CALLS; i++) {
		uring_call_begin(&uring, i, prepare(self, i, port));
		if (i % 8 == 7)
			uring_submit(&uring);
	}
	for (int i = 0; i < NR_CALLS; i++) {
		ASSERT_EQ(0, recv_delivery(self->fd, port, &got, 0, FAR_AWAY));
		tokens[value_of(&got.message)] = got.info.token;
	}
	EXPECT_TRUE(has_calls(self->fd, port, 0, NR_CALLS));
	for (int i = NR_CALLS - 1; i >= 0; i--)
		EXPECT_EQ(0, call_reply(self->fd, port, tokens[i], 1000 + i, i));
	for (int i = 0; i < NR_CALLS; i++) {
		EXPECT_EQ(0, uring_result(&uring, i));
		EXPECT_EQ(1000 + i, value_of(&self->calls[i].reply.message));
		EXPECT_EQ(i, self->calls[i].args.out_status);
	}
	uring_stop(&uring);
	close(handle);
	EXPECT_EQ(0, port_destroy(self->fd, port));
}

TEST_F_TIMEOUT(uring_call, is_served_with_reply_recv, LONG_TIMEOUT)
{
	struct server *server = server(self->fd, self->port, .nr_wanted = 200, .status = 3);

	for (int i = 0; i < 200; i++) {
		struct uring_call *call = start(self, i % NR_CALLS);

		ASSERT_EQ(0, uring_next(&self->uring, i % NR_CALLS));
		ASSERT_EQ(answer_to(i % NR_CALLS), value_of(&call->reply.message));
		ASSERT_EQ(3, call->args.out_status);
	}
	EXPECT_EQ(0, server_end(server));
	EXPECT_PORT(self->fd, self->port, 0, 200, 200);
}

TEST_F_TIMEOUT(uring_call, carries_files, LONG_TIMEOUT)
{
	struct parcel there = parcel_make(), back = parcel_make();
	struct uring_call *call = prepare(self, 5, self->port);
	struct ipcport_delivery got;

	call->args.flags = IPCPORT_CALL_F_CARGO;
	call->args.cargo = there.fd;
	uring_call_begin(&self->uring, 5, call);
	uring_submit(&self->uring);
	ASSERT_EQ(0, recv_delivery(self->fd, self->port, &got, 0, FAR_AWAY));
	EXPECT_TRUE(same_file(there.fd, got.info.cargo));
	close(got.info.cargo);
	EXPECT_OURS(&there);
	EXPECT_EQ(0, cargo_reply(self->fd, self->port, got.info.token, 6, back.fd));
	EXPECT_EQ(0, uring_result(&self->uring, 5));
	EXPECT_TRUE(same_file(back.fd, call->reply.info.cargo));
	EXPECT_TRUE(is_cloexec(call->reply.info.cargo));
	close(call->reply.info.cargo);
	EXPECT_OURS(&back);
}

/* There is nobody who could come back for it. */
TEST_F_TIMEOUT(uring_call, loses_an_answer_that_finds_no_place, LONG_TIMEOUT)
{
	void *hole = mmap(NULL, DELIVERY_SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct uring_call *call = start(self, 5);
	struct parcel parcel = parcel_make();
	int64_t token = receive(self);

	ASSERT_LT(0, token);
	use_up_fds();
	EXPECT_EQ(0, cargo_reply(self->fd, self->port, token, 6, parcel.fd));
	EXPECT_EQ(-EMFILE, uring_next(&self->uring, 5));
	EXPECT_EQ(0, call->args.token);
	EXPECT_EQ(-ENOENT, call_cancel(self->uring.fd, token));
	allow_fds();
	EXPECT_OURS(&parcel);

	call = prepare(self, 5, self->port);
	call->args.reply = (uintptr_t)hole;
	uring_call_begin(&self->uring, 5, call);
	uring_submit(&self->uring);
	token = receive(self);
	parcel = parcel_make();
	EXPECT_EQ(0, cargo_reply(self->fd, self->port, token, 6, parcel.fd));
	EXPECT_EQ(-EFAULT, uring_result(&self->uring, 5));
	EXPECT_EQ(0, call->args.token);
	EXPECT_OURS(&parcel);
	EXPECT_IDLE(self->fd, self->port);
}

/*
 * Other ends.
 */
TEST_F_TIMEOUT(uring_call, ends_with_the_port, LONG_TIMEOUT)
{
	struct uring_call *queued, *received = start(self, 1);
	int64_t token = receive(self);

	queued = start(self, 2);
	EXPECT_TRUE(wait_for_calls(self->fd, self->port, 1, 2));
	EXPECT_EQ(0, port_destroy(self->fd, self->port));
	EXPECT_EQ(-EPIPE, uring_result(&self->uring, 1));
	EXPECT_EQ(-EPIPE, uring_result(&self->uring, 2));
	EXPECT_TRUE(is_error_reply(&received->reply, EPIPE));
	EXPECT_TRUE(is_error_reply(&queued->reply, EPIPE));
	EXPECT_EQ(0, received->args.token);
	EXPECT_EQ(POISON_STATUS, received->args.out_status);
	EXPECT_EQ(-ENOENT, call_reply(self->fd, self->port, token, 6, 0));

	/* and cannot begin then */
	EXPECT_EQ(variant->is_by_number ? -ENOENT : -EPIPE,
		  (prepare(self, 3, self->port), result_of(self, 3)));
}

TEST_F_TIMEOUT(uring_call, ends_with_who_received_it, LONG_TIMEOUT)
{
	struct uring_call *call = start(self, 1);

	ASSERT_LT(0, remote_do(&self->remote, receive_one));
	EXPECT_EQ(-SIGKILL, remote_kill(&self->remote));
	EXPECT_EQ(-EPIPE, uring_result(&self->uring, 1));
	EXPECT_TRUE(is_error_reply(&call->reply, EPIPE));
	EXPECT_IDLE(self->fd, self->port);
}

TEST_F_TIMEOUT(uring_call, ends_with_the_owner, LONG_TIMEOUT)
{
	int64_t port = remote_do(&self->remote, own_port);
	int handle = open_handle(self->fd, port, R_SEND);
	struct uring uring;

	ASSERT_EQ(0, uring_start(&uring, variant->kind, variant->is_by_number ?
				 self->fd : handle));
	for (int i = 0; i < 2; i++)
		uring_call_begin(&uring, i, prepare(self, i, port));
	uring_submit(&uring);
	ASSERT_LT(0, remote_do(&self->remote, receive_one));
	EXPECT_EQ(-SIGKILL, remote_kill(&self->remote));
	for (int i = 0; i < 2; i++) {
		EXPECT_EQ(-EPIPE, uring_result(&uring, i));
		EXPECT_TRUE(is_error_reply(&self->calls[i].reply, EPIPE));
	}
	uring_stop(&uring);
	close(handle);
}

TEST_F_TIMEOUT(uring_call, is_cancelled_by_its_token, LONG_TIMEOUT)
{
	struct uring_call *call = start(self, 1);
	uint64_t token = uring_call_token(call);

	EXPECT_TRUE(wait_for_calls(self->fd, self->port, 1, 1));
	EXPECT_EQ(IPCPORT_CALL_QUEUED, call_cancel(self->uring.fd, token));
	EXPECT_EQ(-ECANCELED, uring_result(&self->uring, 1));
	EXPECT_EQ(0, call->args.token);
	EXPECT_IDLE(self->fd, self->port);

	call = start(self, 2);
	token = receive(self);
	EXPECT_EQ(token, uring_call_token(call));
	EXPECT_EQ(IPCPORT_CALL_RECEIVED, call_cancel(self->uring.fd, token));
	EXPECT_EQ(-ECANCELED, uring_result(&self->uring, 2));
	EXPECT_EQ(-ENOENT, call_cancel(self->uring.fd, token));
	EXPECT_EQ(-ENOENT, call_reply(self->fd, self->port, token, 6, 0));
	EXPECT_TRUE(is_poisoned(&call->reply));
	EXPECT_IDLE(self->fd, self->port);
}

/* Nobody else can take its answer, nor cancel it from elsewhere. */
TEST_F_TIMEOUT(uring_call, is_nobody_elses, LONG_TIMEOUT)
{
	struct uring_call *call = start(self, 1);
	uint64_t token = uring_call_token(call);
	uint64_t port = variant->is_by_number ? self->port : 0;
	int other = dev_open();

	EXPECT_EQ(-EBUSY, call_collect(self->uring.fd, port, token, 0, FAR_AWAY));
	EXPECT_EQ(-ENOENT, call_collect(other, self->port, token, 0, FAR_AWAY));
	EXPECT_EQ(-ENOENT, call_cancel(other, token));
	close(other);
	EXPECT_EQ(token, receive(self));
	EXPECT_EQ(0, call_reply(self->fd, self->port, token, 6, 0));
	EXPECT_EQ(0, uring_result(&self->uring, 1));
	EXPECT_EQ(6, value_of(&call->reply.message));
}

/* What io_uring itself can cancel is what a thread of it carries out. */
TEST_F_TIMEOUT(uring_call, that_waits_is_not_io_urings_to_cancel, LONG_TIMEOUT)
{
	struct uring_call *call = start(self, 1);
	int64_t token = receive(self);

	EXPECT_EQ(token, (int64_t)uring_call_token(call));
	uring_cancel(&self->uring, 2, 1);
	uring_submit(&self->uring);
	EXPECT_GT(0, uring_result(&self->uring, 2));
	if (!uring_is_done(&self->uring, 1)) {
		EXPECT_EQ(0, call_reply(self->fd, self->port, token, 6, 0));
		EXPECT_EQ(0, uring_result(&self->uring, 1));
	}
	EXPECT_IDLE(self->fd, self->port);
}

/*
 * A full port.
 */
static int fill(call_data *self)
{
	return send_values(self->fd, self->port, 1, CAPACITY, IPCPORT_SEND_F_NONBLOCK, 0);
}

TEST_F_TIMEOUT(uring_call, waits_for_space, LONG_TIMEOUT)
{
	struct uring_call *call;
	int64_t token;

	ASSERT_EQ(CAPACITY, fill(self));
	call = start(self, 1);
	EXPECT_TRUE(wait_for_senders(self->fd, self->port, 1));
	EXPECT_EQ(0, call->args.token);
	EXPECT_FALSE(uring_is_done(&self->uring, 1));
	for (int i = 0; i < CAPACITY; i++)
		EXPECT_EQ(1 + i, recv_nb(self->fd, self->port));
	token = receive(self);
	EXPECT_EQ(token, (int64_t)uring_call_token(call));
	EXPECT_EQ(0, call_reply(self->fd, self->port, token, 6, 0));
	EXPECT_EQ(0, uring_result(&self->uring, 1));
	EXPECT_EQ(6, value_of(&call->reply.message));
	EXPECT_IDLE(self->fd, self->port);
}

TEST_F_TIMEOUT(uring_call, does_not_wait_for_space_if_it_says_so, LONG_TIMEOUT)
{
	ASSERT_EQ(CAPACITY, fill(self));
	prepare(self, 1, self->port)->args.flags = IPCPORT_CALL_F_NONBLOCK;
	EXPECT_EQ(-EAGAIN, result_of(self, 1));
	EXPECT_EQ(0, self->calls[1].args.token);
	EXPECT_PORT(self->fd, self->port, CAPACITY, CAPACITY, 0);
}

TEST_F_TIMEOUT(uring_call, that_waits_for_space_ends_with_the_port, LONG_TIMEOUT)
{
	struct uring_call *call;

	ASSERT_EQ(CAPACITY, fill(self));
	call = start(self, 1);
	EXPECT_TRUE(wait_for_senders(self->fd, self->port, 1));
	EXPECT_EQ(0, port_destroy(self->fd, self->port));
	EXPECT_EQ(-EPIPE, uring_result(&self->uring, 1));
	EXPECT_TRUE(is_error_reply(&call->reply, EPIPE));
}

TEST_F_TIMEOUT(uring_call, that_waits_for_space_ends_with_the_ring, LONG_TIMEOUT)
{
	struct uring_call *call;

	ASSERT_EQ(CAPACITY, fill(self));
	call = start(self, 1);
	EXPECT_TRUE(wait_for_senders(self->fd, self->port, 1));
	uring_stop(&self->uring);
	EXPECT_TRUE(wait_for_senders(self->fd, self->port, 0));
	EXPECT_TRUE(is_poisoned(&call->reply));
	EXPECT_PORT(self->fd, self->port, CAPACITY, CAPACITY, 0);
}

TEST_F_TIMEOUT(uring_call, that_waits_for_space_can_be_cancelled, LONG_TIMEOUT)
{
	int res;

	ASSERT_EQ(CAPACITY, fill(self));
	start(self, 1);
	EXPECT_TRUE(wait_for_senders(self->fd, self->port, 1));
	uring_cancel(&self->uring, 2, 1);
	uring_submit(&self->uring);
	res = uring_result(&self->uring, 1);
	EXPECT_TRUE(res == -ECANCELED || res == -EINTR);
	EXPECT_TRUE(wait_for_senders(self->fd, self->port, 0));
	EXPECT_PORT(self->fd, self->port, CAPACITY, CAPACITY, 0);
}

/*
 * The end of the ring, and of the process.
 */
TEST_F_TIMEOUT(uring_call, ends_with_the_ring, LONG_TIMEOUT)
{
	int64_t token;

	start(self, 1);
	token = receive(self);
	ASSERT_LT(0, token);
	start(self, 2);
	EXPECT_TRUE(wait_for_calls(self->fd, self->port, 1, 2));
	uring_stop(&self->uring);
	EXPECT_TRUE(wait_for_calls(self->fd, self->port, 0, 0));
	EXPECT_EQ(-ENOENT, call_reply(self->fd, self->port, token, 6, 0));
	EXPECT_EQ(-EAGAIN, recv_nb(self->fd, self->port));
	EXPECT_TRUE(is_poisoned(&self->calls[1].reply));
	EXPECT_TRUE(is_poisoned(&self->calls[2].reply));
	EXPECT_TRUE(no_call_lives());
}

TEST_F_TIMEOUT(uring_call, lets_its_file_go_with_the_ring, LONG_TIMEOUT)
{
	struct uring_call *call = prepare(self, 1, self->port);
	struct parcel there = parcel_make();

	call->args.flags = IPCPORT_CALL_F_CARGO;
	call->args.cargo = there.fd;
	uring_call_begin(&self->uring, 1, call);
	uring_submit(&self->uring);
	EXPECT_TRUE(wait_for_calls(self->fd, self->port, 1, 1));
	parcel_leave(&there);
	EXPECT_TRUE(is_held(&there));
	uring_stop(&self->uring);
	EXPECT_TRUE(is_released(&there));
}

/* An answer can come while nobody asks for completions. */
TEST_F_TIMEOUT(uring_call, that_was_answered_ends_with_the_ring_all_the_same, LONG_TIMEOUT)
{
	struct parcel parcel = parcel_make();
	struct uring_call *call = start(self, 1);
	int64_t token = receive(self);

	ASSERT_LT(0, token);
	EXPECT_EQ(0, cargo_reply(self->fd, self->port, token, 6, parcel.fd));
	uring_stop(&self->uring);
	EXPECT_TRUE(no_call_lives());
	EXPECT_TRUE(cargo_lives(0));
	if (!is_poisoned(&call->reply) && call->reply.info.cargo >= 0)
		close(call->reply.info.cargo);
	EXPECT_OURS(&parcel);
}

TEST_F_TIMEOUT(uring_call, ends_with_its_process, LONG_TIMEOUT)
{
	int64_t token;

	for (int i = 0; i < 6; i++) {
		ASSERT_EQ(0, remote_do(&self->remote, call_and_stay));
		token = receive(self);
		ASSERT_LT(0, token);
		EXPECT_TRUE(wait_for_calls(self->fd, self->port, CAPACITY - 1, CAPACITY));
		if (i % 2) {
			EXPECT_EQ(-SIGKILL, remote_kill(&self->remote));
		} else {
			remote_tell(&self->remote, leave);
			EXPECT_EQ(0, remote_reap(&self->remote));
		}
		EXPECT_TRUE(wait_for_calls(self->fd, self->port, 0, 0));
		EXPECT_EQ(-ENOENT, call_reply(self->fd, self->port, token, 6, 0));
		EXPECT_TRUE(no_call_lives());
		for (int j = 0; j < CAPACITY; j++)
			EXPECT_TRUE(is_poisoned(&desk->calls[j].reply));
		remote_start(&self->remote);
	}
}

TEST_F_TIMEOUT(uring_call, that_waits_for_space_ends_with_its_process, LONG_TIMEOUT)
{
	ASSERT_EQ(CAPACITY, fill(self));
	ASSERT_EQ(0, remote_do(&self->remote, call_and_stay));
	EXPECT_TRUE(wait_for_senders(self->fd, self->port, CAPACITY));
	EXPECT_EQ(-SIGKILL, remote_kill(&self->remote));
	EXPECT_TRUE(wait_for_senders(self->fd, self->port, 0));
	EXPECT_PORT(self->fd, self->port, CAPACITY, CAPACITY, 0);
	EXPECT_TRUE(no_call_lives());
}

/* The server is faster or slower than the end of the ring. */
TEST_F_TIMEOUT(uring_call, is_answered_or_ends_with_the_ring_at_any_time, LONG_TIMEOUT)
{
	int receiver = open_handle(self->fd, self->port, R_RECV), nr_answered = 0;
	struct server *server = server(receiver, 0);

	uring_stop(&self->uring);
	for (int i = 0; i < 200; i++) {
		ASSERT_EQ(0, uring_start(&self->uring, variant->kind, self->uring.fd));
		for (int j = 0; j < 4; j++)
			uring_call_begin(&self->uring, j, prepare(self, j, self->port));
		uring_submit(&self->uring);
		for (volatile int spin = 0; spin < i * 500; spin++)
			;
		uring_stop(&self->uring);
		for (int j = 0; j < 4; j++)
			nr_answered += !is_poisoned(&self->calls[j].reply);
	}
	EXPECT_EQ(0, port_destroy(self->fd, self->port));
	EXPECT_EQ(-EPIPE, server_end(server));
	close(receiver);
	TH_LOG("answered: %d of %d", nr_answered, 200 * 4);
	EXPECT_TRUE(no_call_lives());
}

/* A thread's requests end with it, though the process and the ring go on. */
static void *call_and_leave(void *arg)
{
	call_data *self = arg;

	start(self, 1);
	return NULL;
}

TEST_F_TIMEOUT(uring_call, is_left_to_its_ring_by_a_thread_that_ends, LONG_TIMEOUT)
{
	pthread_t thread;
	int64_t token;
	int ret;

	/* one belongs to the thread that made it */
	if (variant->kind == RING_DEFER_TASKRUN)
		return;
	ASSERT_EQ(0, thread_start(&thread, call_and_leave, self));
	pthread_join(thread, NULL);
	if (wait_until(has_calls(self->fd, self->port, 1, 1) ||
		       uring_is_done(&self->uring, 1)) && !uring_is_done(&self->uring, 1)) {
		token = receive(self);
		ret = call_reply(self->fd, self->port, token, 6, 0);
		EXPECT_TRUE(!ret || ret == -ENOENT);
	}
	ret = uring_result(&self->uring, 1);
	EXPECT_TRUE(!ret || ret == -ECANCELED);
	EXPECT_IDLE(self->fd, self->port);
}

TEST_F_TIMEOUT(uring_call, goes_on_when_its_file_is_closed, LONG_TIMEOUT)
{
	struct uring_call *call;
	struct uring uring;
	int64_t token;
	int fd = variant->is_by_number ? dev_open() : open_handle(self->fd, self->port, R_SEND);

	ASSERT_EQ(0, uring_start(&uring, variant->kind, fd));
	call = prepare(self, 1, self->port);
	uring_call_begin(&uring, 1, call);
	uring_submit(&uring);
	token = receive(self);
	close(fd);
	EXPECT_TRUE(has_calls(self->fd, self->port, 0, 1));
	EXPECT_EQ(0, call_reply(self->fd, self->port, token, 6, 0));
	EXPECT_EQ(0, uring_result(&uring, 1));
	EXPECT_EQ(6, value_of(&call->reply.message));
	uring_stop(&uring);
	EXPECT_TRUE(handles_live(1));
}

/*
 * What is refused: nothing was sent then.
 */
TEST_F_TIMEOUT(uring_call, is_refused_with_wrong_arguments, LONG_TIMEOUT)
{
	struct uring_call *call = prepare(self, 1, self->port);

	call->args.token = 1;
	EXPECT_EQ(-EINVAL, result_of(self, 1));
	call->args.token = 0;
	call->args.deadline_ns = FAR_AWAY;
	EXPECT_EQ(-EINVAL, result_of(self, 1));
	call->args.deadline_ns = 0;
	call->args.flags = IPCPORT_CALL_F_SUBMIT;
	EXPECT_EQ(-EINVAL, result_of(self, 1));
	call->args.flags = 0x80000000;
	EXPECT_EQ(-EOPNOTSUPP, result_of(self, 1));
	call->args.flags = 0;
	call->args.__reserved = 1;
	EXPECT_EQ(-EINVAL, result_of(self, 1));
	call->args.__reserved = 0;
	call->args.cargo = 1;
	EXPECT_EQ(-EINVAL, result_of(self, 1));
	call->args.flags = IPCPORT_CALL_F_CARGO;
	call->args.cargo = -1;
	EXPECT_EQ(-EBADF, result_of(self, 1));
	call->args.cargo = self->fd;
	EXPECT_EQ(-EOPNOTSUPP, result_of(self, 1));
	call->args.flags = 0;
	call->args.cargo = 0;
	call->args.port += 1000000;
	EXPECT_EQ(variant->is_by_number ? -ENOENT : -EINVAL, result_of(self, 1));
	call->args.port -= 1000000;
	call->args.message = 8;
	EXPECT_EQ(-EFAULT, result_of(self, 1));
	EXPECT_TRUE(is_poisoned(&call->reply));
	EXPECT_EQ(POISON_STATUS, call->args.out_status);
	EXPECT_PORT(self->fd, self->port, 0, 0, 0);
}

TEST_F_TIMEOUT(uring_call, is_refused_with_wrong_structures, LONG_TIMEOUT)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct uring_call *call = prepare(self, 1, self->port);

	call->cmd.__reserved = 1;
	EXPECT_EQ(-EINVAL, result_of(self, 1));
	call->cmd.__reserved = 0;
	call->cmd.call = 8;
	EXPECT_EQ(-EFAULT, result_of(self, 1));
	call->cmd.call = 0;
	EXPECT_EQ(-EFAULT, result_of(self, 1));
	memcpy(page, &call->args, sizeof(call->args));
	mprotect(page, 4096, PROT_READ);
	call->cmd.call = (uintptr_t)page;
	EXPECT_EQ(-EFAULT, result_of(self, 1));
	EXPECT_PORT(self->fd, self->port, 0, 0, 0);
}

TEST_F_TIMEOUT(uring_call, is_the_only_ioctl_that_comes_this_way, LONG_TIMEOUT)
{
	static const unsigned int cmds[] = {
		0, IPCPORT_IOC_VERSION, IPCPORT_IOC_PORT_CREATE, IPCPORT_IOC_PORT_STAT,
		IPCPORT_IOC_PORT_DESTROY, IPCPORT_IOC_MSG_SEND, IPCPORT_IOC_MSG_RECV,
		IPCPORT_IOC_CALL_REPLY, IPCPORT_IOC_CALL_REPLY_RECV, IPCPORT_IOC_CALL_CANCEL,
		IPCPORT_IOC_HANDLE_OPEN, 0xffffffff,
	};
	struct uring_call *call = prepare(self, 1, self->port);
	struct io_uring_sqe *sqe;

	for (size_t i = 0; i < ARRAY_SIZE(cmds); i++) {
		sqe = uring_call_begin(&self->uring, 1, call);
		sqe->cmd_op = cmds[i];
		uring_submit(&self->uring);
		EXPECT_EQ(-ENOTTY, uring_next(&self->uring, 1)) {
			TH_LOG("%#x", cmds[i]);
		}
	}
	EXPECT_PORT(self->fd, self->port, 0, 0, 0);
}

TEST_F_TIMEOUT(uring_call, is_refused_without_the_right, LONG_TIMEOUT)
{
	int handle = open_handle(self->fd, self->port, R_RECV);
	struct uring uring;

	ASSERT_EQ(0, uring_start(&uring, variant->kind, handle));
	uring_call_prepare(&self->calls[1], 0, 1);
	uring_call_begin(&uring, 1, &self->calls[1]);
	uring_submit(&uring);
	EXPECT_EQ(-EACCES, uring_result(&uring, 1));
	uring_stop(&uring);
	close(handle);
	EXPECT_PORT(self->fd, self->port, 0, 0, 0);
}

/* Where there are none there is nothing to test; uring_test.c looks whether that is said. */
int main(int argc, char **argv)
{
	int fd = dev_open();

	if (fd >= 0 && !has_uring_calls(fd)) {
		printf("TAP version 13\n1..0 # SKIP no calls through io_uring on this kernel\n");
		return KSFT_SKIP;
	}
	close(fd);
	return test_harness_run(argc, argv);
}
