// SPDX-License-Identifier: GPL-2.0
/*
 * Calls that are made now and collected later: whose they are, who may collect or
 * cancel them and how often, and how they end with their file and their process.
 */
#include "process.h"
#include "call.h"

#define CAPACITY	4

static void ignore_signal(int signal)
{
}

/* What processes of a test share. */
struct desk {
	_Atomic int phase;
	_Atomic int go;
	volatile int64_t tokens[4];
	int rets[8];
};

FIXTURE(async) {
	int fd;
	int64_t port;
	struct desk *desk;
	struct ipcport_delivery reply;
	pid_t pids[2];
};

typedef FIXTURE_DATA(async) async_data;

FIXTURE_SETUP(async)
{
	struct sigaction action = { .sa_handler = ignore_signal };

	sigaction(SIGUSR1, &action, NULL);
	self->desk = shared_alloc(sizeof(*self->desk));
	self->fd = dev_open();
	ASSERT_LE(0, self->fd);
	self->port = port_create(self->fd, CAPACITY);
	ASSERT_LT(0, self->port);
	memset(&self->reply, POISON, sizeof(self->reply));
}

FIXTURE_TEARDOWN(async)
{
	reap_all(self->pids, ARRAY_SIZE(self->pids));
	close(self->fd);
	EXPECT_TRUE(no_call_lives());
	EXPECT_TRUE(all_is_gone());
}

static int64_t submit(async_data *self, uint64_t value)
{
	return call_submit(self->fd, self->port, value, 0, FAR_AWAY);
}

static int64_t receive(async_data *self)
{
	return recv_call(self->fd, self->port, 0, FAR_AWAY);
}

static int answer(async_data *self, int64_t token, uint64_t value)
{
	return call_reply(self->fd, self->port, token, value, 0);
}

static int64_t collect(async_data *self, int64_t token)
{
	return call_collect(self->fd, self->port, token, 0, FAR_AWAY);
}

static int64_t collect_nb(async_data *self, int64_t token)
{
	return call_collect(self->fd, self->port, token, IPCPORT_CALL_F_NONBLOCK, 0);
}

static int64_t received_call(async_data *self)
{
	int64_t token = submit(self, 5);

	return receive(self) == token ? token : -EBADMSG;
}

/* Check that a call is not outstanding any more. */
#define EXPECT_GONE(_token) do {						\
	EXPECT_EQ(-ENOENT, collect(self, _token));				\
	EXPECT_EQ(-ENOENT, collect_nb(self, _token));				\
	EXPECT_EQ(-ENOENT, call_cancel(self->fd, _token));			\
	EXPECT_EQ(-ENOENT, answer(self, _token, 9));				\
} while (0)

/*
 * Submit and collect.
 */
TEST_F_TIMEOUT(async, is_submitted_and_answered_and_collected, LONG_TIMEOUT)
{
	int64_t token = submit(self, 5);

	ASSERT_LT(0, token);
	EXPECT_TRUE(has_calls(self->fd, self->port, 1, 1));
	EXPECT_EQ(-EAGAIN, collect_nb(self, token));
	EXPECT_EQ(token, receive(self));
	EXPECT_EQ(-EAGAIN, collect_nb(self, token));
	EXPECT_TRUE(has_calls(self->fd, self->port, 0, 1));
	EXPECT_EQ(0, answer(self, token, 6));
	EXPECT_TRUE(has_calls(self->fd, self->port, 0, 0));
	EXPECT_EQ(6, collect_nb(self, token));
	EXPECT_GONE(token);
	EXPECT_PORT(self->fd, self->port, 0, 1, 1);
}

TEST_F_TIMEOUT(async, keeps_its_token_while_it_is_outstanding_only, LONG_TIMEOUT)
{
	struct ipcport_call args = {
		.port = self->port, .reply = (uintptr_t)&self->reply,
		.flags = IPCPORT_CALL_F_NONBLOCK, .out_status = POISON_STATUS,
	};
	int64_t token = received_call(self);

	ASSERT_LT(0, token);
	args.token = token;
	EXPECT_EQ(-EAGAIN, call_ioctl(self->fd, &args));
	EXPECT_EQ(token, args.token);
	EXPECT_EQ(POISON_STATUS, args.out_status);
	EXPECT_TRUE(is_poisoned(&self->reply));
	ASSERT_EQ(0, call_reply(self->fd, self->port, token, 6, -7));
	EXPECT_EQ(0, call_ioctl(self->fd, &args));
	EXPECT_EQ(0, args.token);
	EXPECT_EQ(-7, args.out_status);
	EXPECT_EQ(token, self->reply.info.token);

	/* the same where time ends it */
	token = received_call(self);
	args.token = token;
	args.flags = 0;
	args.deadline_ns = 1;
	EXPECT_EQ(-ETIMEDOUT, call_ioctl(self->fd, &args));
	EXPECT_EQ(0, args.token);
	EXPECT_GONE(token);
}

TEST_F_TIMEOUT(async, is_collected_by_a_thread_that_waits, LONG_TIMEOUT)
{
	int64_t token = submit(self, 5);
	struct caller *caller = caller(self->fd, self->port, .token = token);

	ASSERT_TRUE(wait_for_sleep(caller));
	EXPECT_EQ(token, receive(self));
	ASSERT_TRUE(wait_for_sleep(caller));
	EXPECT_EQ(0, answer(self, token, 6));
	EXPECT_EQ(0, caller_end(caller));
	EXPECT_EQ(6, caller_value(caller));
	EXPECT_EQ(0, caller->args.token);
	EXPECT_GONE(token);
}

TEST_F_TIMEOUT(async, of_many_is_collected_in_any_order, LONG_TIMEOUT)
{
	enum { NR = 64 };
	int64_t tokens[NR];

	self->port = port_create(self->fd, NR);
	for (int i = 0; i < NR; i++)
		tokens[i] = submit(self, i);
	for (int i = 0; i < NR; i++)
		ASSERT_EQ(tokens[i], receive(self));
	/* answered in one order, collected in another */
	for (int i = NR - 1; i >= 0; i--)
		EXPECT_EQ(0, answer(self, tokens[i], 1000 + i));
	for (int i = 0; i < NR; i++)
		EXPECT_EQ(1000 + i * 29 % NR, collect(self, tokens[i * 29 % NR]));
	for (int i = 0; i < NR; i++)
		EXPECT_EQ(-ENOENT, collect(self, tokens[i]));
	EXPECT_IDLE(self->fd, self->port);
}

TEST_F_TIMEOUT(async, waits_for_space_like_every_message, LONG_TIMEOUT)
{
	struct caller *caller;
	int64_t token;

	for (int i = 0; i < CAPACITY; i++)
		ASSERT_EQ(0, send_nb(self->fd, self->port, i));
	EXPECT_EQ(-EAGAIN, call_submit(self->fd, self->port, 5, IPCPORT_CALL_F_NONBLOCK, 0));
	EXPECT_EQ(-ETIMEDOUT, call_submit(self->fd, self->port, 5, 0, in_ms(20)));
	caller = caller(self->fd, self->port, .flags = IPCPORT_CALL_F_SUBMIT);
	ASSERT_TRUE(wait_for_senders(self->fd, self->port, 1));
	pthread_kill(caller->thread, SIGUSR1);
	EXPECT_EQ(-EINTR, caller_end(caller));
	EXPECT_EQ(0, caller->args.token);
	EXPECT_TRUE(has_calls(self->fd, self->port, CAPACITY, 0));

	caller = caller(self->fd, self->port, .flags = IPCPORT_CALL_F_SUBMIT);
	ASSERT_TRUE(wait_for_senders(self->fd, self->port, 1));
	for (int i = 0; i < CAPACITY; i++)
		EXPECT_EQ(i, recv_value(self->fd, self->port, 0, FAR_AWAY));
	EXPECT_EQ(0, caller_end(caller));
	token = caller->args.token;
	EXPECT_EQ(token, receive(self));
	EXPECT_EQ(0, answer(self, token, 6));
	EXPECT_EQ(6, collect(self, token));
}

/* There is no reply to a submission, not even that it failed. */
TEST_F_TIMEOUT(async, that_fails_does_not_touch_the_reply, LONG_TIMEOUT)
{
	struct caller *caller;

	for (int i = 0; i < CAPACITY; i++)
		ASSERT_EQ(0, send_nb(self->fd, self->port, i));
	caller = caller(self->fd, self->port, .flags = IPCPORT_CALL_F_SUBMIT);
	ASSERT_TRUE(wait_for_senders(self->fd, self->port, 1));
	EXPECT_EQ(0, port_destroy(self->fd, self->port));
	EXPECT_EQ(-EPIPE, caller_end(caller));
	EXPECT_EQ(0, caller->args.token);
	EXPECT_TRUE(is_poisoned(&caller->reply));
}

TEST_F_TIMEOUT(async, is_what_a_call_becomes_that_does_not_wait, LONG_TIMEOUT)
{
	struct ipcport_message message = message_of(5);
	struct ipcport_call args = {
		.port = self->port, .message = (uintptr_t)&message,
		.reply = (uintptr_t)&self->reply, .flags = IPCPORT_CALL_F_NONBLOCK,
	};

	EXPECT_EQ(-EAGAIN, call_ioctl(self->fd, &args));
	EXPECT_NE(0, args.token);
	EXPECT_EQ(args.token, receive(self));
	EXPECT_EQ(0, answer(self, args.token, 6));
	/* the same ioctl again, as it is */
	EXPECT_EQ(0, call_ioctl(self->fd, &args));
	EXPECT_EQ(6, value_of(&self->reply.message));
	EXPECT_PORT(self->fd, self->port, 0, 1, 1);

	/* the same on a file that is like that */
	ASSERT_EQ(0, fcntl(self->fd, F_SETFL, O_NONBLOCK));
	args.flags = 0;
	EXPECT_EQ(-EAGAIN, call_ioctl(self->fd, &args));
	EXPECT_NE(0, args.token);
	EXPECT_EQ(IPCPORT_CALL_QUEUED, call_cancel(self->fd, args.token));
	/* and where there is no space, nothing has begun */
	for (int i = 0; i < CAPACITY; i++)
		ASSERT_EQ(0, send_nb(self->fd, self->port, i));
	args.token = 0;
	EXPECT_EQ(-EAGAIN, call_ioctl(self->fd, &args));
	EXPECT_EQ(0, args.token);
	EXPECT_TRUE(has_calls(self->fd, self->port, CAPACITY, 0));
}

TEST_F_TIMEOUT(async, has_its_answer_kept_while_it_cannot_be_stored, LONG_TIMEOUT)
{
	size_t page = sysconf(_SC_PAGESIZE);
	uint8_t *pages = shared_alloc(2 * page);
	const uintptr_t bad[] = {
		0, 0x200000, (uintptr_t)pages + page, (uintptr_t)pages + page - 127,
	};

	ASSERT_EQ(0, mprotect(pages + page, page, PROT_READ));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		/* a synchronous call, which becomes outstanding by this */
		struct caller *caller = shared_alloc(sizeof(*caller));
		int64_t token;

		*caller = (struct caller) { .fd = self->fd, .port = self->port };
		caller_prepare(caller);
		caller->args.reply = bad[i];
		ASSERT_EQ(0, thread_start(&caller->thread, caller_run, caller));
		token = receive(self);
		EXPECT_EQ(0, call_reply(self->fd, self->port, token, 6, 7));
		EXPECT_EQ(-EFAULT, caller_end(caller));
		EXPECT_EQ(token, caller->args.token);
		EXPECT_EQ(POISON_STATUS, caller->args.out_status);
		/* answered it is: not again */
		EXPECT_EQ(-ENOENT, call_reply(self->fd, self->port, token, 8, 9));
		EXPECT_EQ(-EFAULT, call_ioctl(self->fd, &caller->args));
		EXPECT_EQ(token, caller->args.token);
		caller->args.reply = (uintptr_t)&caller->reply;
		EXPECT_EQ(0, call_ioctl(self->fd, &caller->args));
		EXPECT_EQ(6, caller_value(caller));
		EXPECT_EQ(7, caller->args.out_status);
		EXPECT_EQ(0, caller->args.token);
		EXPECT_GONE(token);
	}
	EXPECT_PORT(self->fd, self->port, 0, ARRAY_SIZE(bad), ARRAY_SIZE(bad));
}

/*
 * One collector.
 */
TEST_F_TIMEOUT(async, has_one_collector_at_a_time, LONG_TIMEOUT)
{
	int64_t token = received_call(self);
	struct caller *caller = caller(self->fd, self->port, .token = token);

	ASSERT_TRUE(wait_for_sleep(caller));
	EXPECT_EQ(-EBUSY, collect(self, token));
	EXPECT_EQ(-EBUSY, collect_nb(self, token));
	EXPECT_FALSE(caller->is_done);
	/* when the first stops waiting, another may begin */
	pthread_kill(caller->thread, SIGUSR1);
	EXPECT_EQ(-EINTR, caller_end(caller));
	EXPECT_EQ(token, caller->args.token);
	EXPECT_EQ(-EAGAIN, collect_nb(self, token));
	EXPECT_EQ(0, answer(self, token, 6));
	EXPECT_EQ(6, collect(self, token));
}

/* Several threads that collect the same call at once. */
struct rival {
	pthread_t thread;
	async_data *test;
	pthread_barrier_t *start;
	volatile int64_t *token;
	int64_t ret;
};

static void *rival_run(void *arg)
{
	struct rival *rival = arg;

	for (;;) {
		pthread_barrier_wait(rival->start);
		if (!*rival->token)
			return NULL;
		do
			rival->ret = collect_nb(rival->test, *rival->token);
		while (rival->ret == -EAGAIN || rival->ret == -EBUSY);
		pthread_barrier_wait(rival->start);
	}
}

TEST_F_TIMEOUT(async, is_collected_once_by_several_at_once, LONG_TIMEOUT)
{
	enum { NR = 3 };
	struct rival rivals[NR];
	pthread_barrier_t start;
	volatile int64_t token;

	pthread_barrier_init(&start, NULL, NR + 1);
	for (int i = 0; i < NR; i++) {
		rivals[i] = (struct rival) { .test = self, .start = &start, .token = &token };
		ASSERT_EQ(0, thread_start(&rivals[i].thread, rival_run, &rivals[i]));
	}
	for (int round = 0; round < LESS_IN_32(2000); round++) {
		int nr_winners = 0;

		token = received_call(self);
		ASSERT_LT(0, token);
		/* every other time the answer is there before they look */
		if (round % 2)
			ASSERT_EQ(0, answer(self, token, round));
		pthread_barrier_wait(&start);
		if (round % 2 == 0)
			ASSERT_EQ(0, answer(self, token, round));
		pthread_barrier_wait(&start);
		for (int i = 0; i < NR; i++) {
			ASSERT_TRUE(rivals[i].ret == round || rivals[i].ret == -ENOENT);
			nr_winners += rivals[i].ret == round;
		}
		ASSERT_EQ(1, nr_winners);
	}
	token = 0;
	pthread_barrier_wait(&start);
	for (int i = 0; i < NR; i++)
		pthread_join(rivals[i].thread, NULL);
}

/*
 * Whose it is.
 */
TEST_F_TIMEOUT(async, belongs_to_its_process, LONG_TIMEOUT)
{
	struct desk *desk = self->desk;
	int64_t answered = received_call(self), waiting = received_call(self);

	ASSERT_EQ(0, answer(self, answered, 6));
	self->pids[0] = fork();
	if (!self->pids[0]) {
		desk->rets[0] = collect(self, answered);
		desk->rets[1] = collect(self, waiting);
		desk->rets[2] = call_cancel(self->fd, answered);
		desk->rets[3] = call_cancel(self->fd, waiting);
		/* with the same file, it has calls of its own */
		desk->tokens[0] = submit(self, 1);
		wait_until(desk->go);
		_exit(collect_nb(self, desk->tokens[0]) != -EAGAIN);
	}
	ASSERT_LT(0, receive(self));
	desk->go = 1;
	EXPECT_EQ(0, reap(self->pids[0]));
	self->pids[0] = 0;
	for (int i = 0; i < 4; i++)
		EXPECT_EQ(-ENOENT, desk->rets[i]);
	/* its end ended its call, and not ours */
	EXPECT_EQ(-ENOENT, answer(self, desk->tokens[0], 7));
	EXPECT_EQ(6, collect(self, answered));
	EXPECT_EQ(-EAGAIN, collect_nb(self, waiting));
	EXPECT_EQ(0, answer(self, waiting, 8));
	EXPECT_EQ(8, collect(self, waiting));
}

TEST_F_TIMEOUT(async, belongs_to_its_open_file, LONG_TIMEOUT)
{
	int64_t answered = received_call(self), waiting = received_call(self);
	int other = dev_open(), same = dup(self->fd);

	ASSERT_LE(0, other);
	ASSERT_LE(0, same);
	ASSERT_EQ(0, answer(self, answered, 6));
	EXPECT_EQ(-ENOENT, call_collect(other, self->port, answered, 0, FAR_AWAY));
	EXPECT_EQ(-ENOENT, call_collect(other, self->port, waiting, 0, FAR_AWAY));
	EXPECT_EQ(-ENOENT, call_cancel(other, answered));
	EXPECT_EQ(-ENOENT, call_cancel(other, waiting));
	/* a copy of the descriptor is the same file */
	EXPECT_EQ(6, call_collect(same, self->port, answered, 0, FAR_AWAY));
	EXPECT_EQ(IPCPORT_CALL_RECEIVED, call_cancel(same, waiting));
	close(other);
	close(same);
}

TEST_F_TIMEOUT(async, is_of_one_port, LONG_TIMEOUT)
{
	int64_t other = port_create(self->fd, 1), token = received_call(self);

	ASSERT_EQ(0, answer(self, token, 6));
	EXPECT_EQ(-ENOENT, call_collect(self->fd, other, token, 0, FAR_AWAY));
	EXPECT_EQ(6, collect(self, token));
}

/* One thread submits, another collects, whichever is left. */
static void *submit_and_end(void *arg)
{
	async_data *self = arg;

	self->desk->tokens[0] = submit(self, 5);
	thread_exit();
}

TEST_F_TIMEOUT(async, outlives_the_thread_that_made_it, LONG_TIMEOUT)
{
	pthread_t thread;

	ASSERT_EQ(0, thread_start(&thread, submit_and_end, self));
	EXPECT_LT(0, receive(self));
	pthread_join(thread, NULL);
	ASSERT_TRUE(wait_until(count_threads() == 1));
	EXPECT_EQ(0, answer(self, self->desk->tokens[0], 6));
	EXPECT_EQ(6, collect(self, self->desk->tokens[0]));
}

/*
 * CANCEL.
 */
TEST_F_TIMEOUT(async, is_cancelled_while_queued_and_never_received, LONG_TIMEOUT)
{
	int64_t tokens[3];

	for (int i = 0; i < 3; i++)
		tokens[i] = submit(self, i);
	EXPECT_EQ(IPCPORT_CALL_QUEUED, call_cancel(self->fd, tokens[1]));
	EXPECT_TRUE(has_calls(self->fd, self->port, 2, 2));
	EXPECT_GONE(tokens[1]);
	EXPECT_EQ(tokens[0], receive(self));
	EXPECT_EQ(tokens[2], receive(self));
	EXPECT_EQ(-EAGAIN, recv_nb(self->fd, self->port));
	for (int i = 0; i < 3; i += 2) {
		EXPECT_EQ(0, answer(self, tokens[i], 10 + i));
		EXPECT_EQ(10 + i, collect(self, tokens[i]));
	}
}

TEST_F_TIMEOUT(async, is_cancelled_after_it_was_received, LONG_TIMEOUT)
{
	int64_t token = received_call(self);

	EXPECT_EQ(IPCPORT_CALL_RECEIVED, call_cancel(self->fd, token));
	EXPECT_GONE(token);
	EXPECT_IDLE(self->fd, self->port);
}

TEST_F_TIMEOUT(async, is_cancelled_with_the_answer_it_has, LONG_TIMEOUT)
{
	int64_t token = received_call(self);

	EXPECT_EQ(0, answer(self, token, 6));
	EXPECT_EQ(IPCPORT_CALL_ENDED, call_cancel(self->fd, token));
	EXPECT_GONE(token);
}

TEST_F_TIMEOUT(async, is_cancelled_under_a_thread_that_waits, LONG_TIMEOUT)
{
	for (int is_received = 0; is_received < 2; is_received++) {
		int64_t token = is_received ? received_call(self) : submit(self, 5);
		struct caller *caller = caller(self->fd, self->port, .token = token);

		ASSERT_TRUE(wait_for_sleep(caller));
		EXPECT_EQ(is_received ? IPCPORT_CALL_RECEIVED : IPCPORT_CALL_QUEUED,
			  call_cancel(self->fd, token));
		EXPECT_EQ(-ECANCELED, caller_end(caller));
		EXPECT_EQ(0, caller->args.token);
		EXPECT_EQ(POISON_STATUS, caller->args.out_status);
		EXPECT_TRUE(is_poisoned(&caller->reply));
		EXPECT_GONE(token);
		EXPECT_IDLE(self->fd, self->port);
	}
}

/* Of the answer and the end, one is first, and all agree on which. */
struct canceller {
	pthread_t thread;
	async_data *test;
	pthread_barrier_t *start;
	volatile int64_t *token;
	int ret;
};

static void *canceller_run(void *arg)
{
	struct canceller *canceller = arg;

	for (;;) {
		pthread_barrier_wait(canceller->start);
		if (!*canceller->token)
			return NULL;
		canceller->ret = call_cancel(canceller->test->fd, *canceller->token);
		pthread_barrier_wait(canceller->start);
	}
}

TEST_F_TIMEOUT(async, is_answered_or_cancelled_and_never_both, LONG_TIMEOUT)
{
	pthread_barrier_t start;
	volatile int64_t token;
	struct canceller canceller = { .test = self, .start = &start, .token = &token };
	int nr_answered = 0;

	pthread_barrier_init(&start, NULL, 2);
	ASSERT_EQ(0, thread_start(&canceller.thread, canceller_run, &canceller));
	for (int round = 0; round < LESS_IN_32(2000); round++) {
		int ret;

		token = received_call(self);
		ASSERT_LT(0, token);
		pthread_barrier_wait(&start);
		for (volatile int spin = round % 20 * 20; spin; spin--)
			;
		ret = answer(self, token, round);
		pthread_barrier_wait(&start);
		ASSERT_EQ(ret ? IPCPORT_CALL_RECEIVED : IPCPORT_CALL_ENDED, canceller.ret);
		ASSERT_TRUE(!ret || ret == -ENOENT);
		nr_answered += !ret;
	}
	token = 0;
	pthread_barrier_wait(&start);
	pthread_join(canceller.thread, NULL);
	TH_LOG("answered first: %d of %d", nr_answered, (int)LESS_IN_32(2000));
	EXPECT_IDLE(self->fd, self->port);
}

/*
 * The end of the port.
 */
TEST_F_TIMEOUT(async, that_was_answered_is_collected_after_the_port_ended, LONG_TIMEOUT)
{
	int64_t token = received_call(self);

	EXPECT_EQ(0, call_reply(self->fd, self->port, token, 6, 7));
	EXPECT_EQ(0, port_destroy(self->fd, self->port));
	EXPECT_EQ(6, collect(self, token));
	EXPECT_EQ(-ENOENT, collect(self, token));
}

TEST_F_TIMEOUT(async, that_was_not_answered_is_told_once_that_the_port_ended, LONG_TIMEOUT)
{
	for (int is_received = 0; is_received < 2; is_received++) {
		int64_t token = is_received ? received_call(self) : submit(self, 5);
		struct ipcport_call args = {
			.port = self->port, .token = token, .reply = (uintptr_t)&self->reply,
			.deadline_ns = FAR_AWAY, .out_status = POISON_STATUS,
		};

		EXPECT_EQ(0, port_destroy(self->fd, self->port));
		memset(&self->reply, POISON, sizeof(self->reply));
		EXPECT_EQ(-EPIPE, call_ioctl(self->fd, &args));
		EXPECT_TRUE(is_error_reply(&self->reply, EPIPE));
		EXPECT_EQ(0, args.token);
		EXPECT_EQ(POISON_STATUS, args.out_status);
		EXPECT_GONE(token);
		self->port = port_create(self->fd, CAPACITY);
	}
}

TEST_F_TIMEOUT(async, is_cancelled_after_the_port_ended, LONG_TIMEOUT)
{
	int64_t queued, received = received_call(self), answered = received_call(self);

	queued = submit(self, 1);
	ASSERT_EQ(0, answer(self, answered, 6));
	EXPECT_EQ(0, port_destroy(self->fd, self->port));
	EXPECT_EQ(IPCPORT_CALL_ENDED, call_cancel(self->fd, queued));
	EXPECT_EQ(IPCPORT_CALL_ENDED, call_cancel(self->fd, received));
	EXPECT_EQ(IPCPORT_CALL_ENDED, call_cancel(self->fd, answered));
	EXPECT_GONE(queued);
	EXPECT_GONE(received);
	EXPECT_GONE(answered);
	EXPECT_TRUE(no_call_lives());
}

/*
 * The end of the file, and of the process, with calls in all states.
 */
#define EXPECT_ENDED(_tokens) do {						\
	EXPECT_TRUE(wait_until(has_calls(self->fd, self->port, 0, 0)));		\
	EXPECT_EQ(-EAGAIN, recv_nb(self->fd, self->port));			\
	for (int _i = 0; _i < 3; _i++) {					\
		EXPECT_EQ(-ENOENT, answer(self, (_tokens)[_i], 9));		\
		EXPECT_EQ(-ENOENT, collect(self, (_tokens)[_i]));		\
	}									\
	EXPECT_TRUE(no_call_lives());						\
} while (0)

/* Leave three calls outstanding: one answered, one received, one queued. */
static bool leave_three(async_data *self, int fd, volatile int64_t *tokens)
{
	for (int i = 0; i < 3; i++)
		tokens[i] = call_submit(fd, self->port, i, 0, FAR_AWAY);
	return tokens[0] > 0 && tokens[1] > 0 && tokens[2] > 0 &&
	       receive(self) == tokens[0] && receive(self) == tokens[1] &&
	       !answer(self, tokens[0], 6);
}

TEST_F_TIMEOUT(async, ends_with_the_last_close_of_its_file, LONG_TIMEOUT)
{
	int other = dev_open(), same = dup(other);
	int64_t tokens[3];

	ASSERT_TRUE(leave_three(self, other, tokens));
	close(other);
	EXPECT_TRUE(has_calls(self->fd, self->port, 1, 2));
	close(same);
	EXPECT_ENDED(tokens);
}

/* What was left here is ended by the exit, though the file stays open with us. */
static pid_t leave_in_child(async_data *self)
{
	struct desk *desk = self->desk;
	pid_t pid = fork();

	if (pid)
		return pid;
	if (!leave_three(self, self->fd, desk->tokens))
		_exit(1);
	desk->phase = 1;
	wait_until(desk->go);
	_exit(0);
}

TEST_F_TIMEOUT(async, ends_with_the_exit_of_its_process, LONG_TIMEOUT)
{
	struct desk *desk = self->desk;

	self->pids[0] = leave_in_child(self);
	ASSERT_TRUE(wait_until(desk->phase));
	EXPECT_TRUE(has_calls(self->fd, self->port, 1, 2));
	desk->go = 1;
	EXPECT_EQ(0, reap(self->pids[0]));
	self->pids[0] = 0;
	EXPECT_ENDED(desk->tokens);
}

TEST_F_TIMEOUT(async, ends_with_the_death_of_its_process, LONG_TIMEOUT)
{
	struct desk *desk = self->desk;

	self->pids[0] = leave_in_child(self);
	ASSERT_TRUE(wait_until(desk->phase));
	EXPECT_EQ(-SIGKILL, kill_and_reap(self->pids[0]));
	self->pids[0] = 0;
	EXPECT_ENDED(desk->tokens);
}

/* A child keeps the file open; the calls are its parent's all the same. */
TEST_F_TIMEOUT(async, does_not_end_while_a_child_has_its_file, LONG_TIMEOUT)
{
	int other = dev_open();
	int64_t tokens[3];

	ASSERT_TRUE(leave_three(self, other, tokens));
	self->pids[0] = fork();
	if (!self->pids[0])
		hold_still();
	close(other);
	EXPECT_TRUE(has_calls(self->fd, self->port, 1, 2));
	EXPECT_EQ(-SIGKILL, kill_and_reap(self->pids[0]));
	self->pids[0] = 0;
	EXPECT_ENDED(tokens);
}

TEST_HARNESS_MAIN
