// SPDX-License-Identifier: GPL-2.0
/*
 * Calls and their answers: what arrives, who may answer, and that each answer reaches
 * the one call that it is for, whatever else happens to be in the port.
 */
#include "process.h"
#include "call.h"

#include <limits.h>

#define CAPACITY	4

/* A user who is nobody here. */
#define OTHER		2000

/* Below the program, where mmap() puts nothing. */
#define HOLE		((void *)0x200000)

/* What processes of a test share. */
struct desk {
	_Atomic int phase;
	_Atomic int go;
	volatile int64_t ports[2];
	volatile int64_t token;
	int rets[8];
	struct ipcport_delivery delivery;
};

FIXTURE(call) {
	int fd;
	int64_t port;
	struct desk *desk;
	pid_t pids[4];
};

typedef FIXTURE_DATA(call) call_data;

FIXTURE_SETUP(call)
{
	self->desk = shared_alloc(sizeof(*self->desk));
	self->fd = dev_open();
	ASSERT_LE(0, self->fd);
	self->port = port_create(self->fd, CAPACITY);
	ASSERT_LT(0, self->port);
}

FIXTURE_TEARDOWN(call)
{
	reap_all(self->pids, ARRAY_SIZE(self->pids));
	close(self->fd);
	EXPECT_TRUE(no_call_lives());
	EXPECT_TRUE(all_is_gone());
}

/* Receive one call: its token. */
static int64_t receive(call_data *self)
{
	return recv_call(self->fd, self->port, 0, FAR_AWAY);
}

static int answer(call_data *self, int64_t token, uint64_t value)
{
	return call_reply(self->fd, self->port, token, value, 0);
}

/* Start a call without a thread to wait for it, and receive it. */
static int64_t received_call(call_data *self)
{
	int64_t token = call_submit(self->fd, self->port, 5, 0, FAR_AWAY);

	return receive(self) == token ? token : -EBADMSG;
}

static int64_t collect(call_data *self, int64_t token)
{
	return call_collect(self->fd, self->port, token, 0, FAR_AWAY);
}

/* Check that a received call still waits, by ending it with an answer. */
#define EXPECT_STILL_WAITS(_token) do {						\
	EXPECT_TRUE(has_calls(self->fd, self->port, 0, 1));			\
	ASSERT_EQ(0, answer(self, _token, 77));					\
	EXPECT_EQ(77, collect(self, _token));					\
	EXPECT_IDLE(self->fd, self->port);					\
} while (0)

/*
 * What arrives.
 */
TEST_F_TIMEOUT(call, is_answered_with_a_message_and_a_status, LONG_TIMEOUT)
{
	struct caller *caller = caller(self->fd, self->port, .value = 5);
	struct ipcport_delivery got;

	memset(&got, POISON, sizeof(got));
	ASSERT_EQ(1, msg_recv(self->fd, self->port, &got, 1, 0, FAR_AWAY));
	EXPECT_EQ(5, value_of(&got.message));
	EXPECT_EQ(1, got.message.type);
	EXPECT_NE(0, got.info.token);
	EXPECT_FALSE(caller->is_done);
	EXPECT_TRUE(has_calls(self->fd, self->port, 0, 1));
	EXPECT_EQ(0, call_reply(self->fd, self->port, got.info.token, 6, 7));
	EXPECT_EQ(0, caller_end(caller));
	EXPECT_EQ(6, caller_value(caller));
	EXPECT_EQ(7, caller->args.out_status);
	EXPECT_EQ(0, caller->args.token);
	EXPECT_PORT(self->fd, self->port, 0, 1, 1);
	EXPECT_IDLE(self->fd, self->port);
}

TEST_F_TIMEOUT(call, is_stamped_like_every_message, LONG_TIMEOUT)
{
	uint64_t before = now_ns();
	struct caller *caller = caller(self->fd, self->port, .value = 5);
	struct ipcport_delivery got;

	memset(&got, POISON, sizeof(got));
	ASSERT_EQ(1, msg_recv(self->fd, self->port, &got, 1, 0, FAR_AWAY));
	EXPECT_EQ(caller->tid, got.message.sender);
	EXPECT_EQ(getpid(), got.info.pid);
	EXPECT_EQ(caller->tid, got.info.tid);
	EXPECT_NE(got.info.pid, got.info.tid);
	EXPECT_EQ(geteuid(), got.info.uid);
	EXPECT_EQ(getegid(), got.info.gid);
	EXPECT_EQ(1, got.info.seq);
	EXPECT_LE(before, got.info.time_ns);
	EXPECT_GE(now_ns(), got.info.time_ns);
	EXPECT_EQ(0, got.info.badge);
	EXPECT_EQ(-1, got.info.cargo);
	EXPECT_EQ(0, got.info.flags);
	EXPECT_EQ(0, got.info.__reserved);
	EXPECT_EQ(0, answer(self, got.info.token, 6));
	EXPECT_EQ(0, caller_end(caller));
}

/* A server that is another user, and a thread that is not the first. */
static void *answer_as_other(void *arg)
{
	call_data *self = arg;

	self->desk->rets[0] = thread_id();
	self->desk->rets[1] = answer(self, receive(self), 6);
	return NULL;
}

TEST_F_TIMEOUT(call, has_an_answer_stamped_with_who_answered, LONG_TIMEOUT)
{
	struct ipcport_info *info;
	struct caller *caller;
	pthread_t thread;
	uint64_t before;

	self->port = port_create_as(self->fd, 1, 0666, 0);
	self->pids[0] = fork();
	if (!self->pids[0]) {
		if (become(OTHER, OTHER + 1, OTHER + 1) ||
		    thread_start(&thread, answer_as_other, self))
			_exit(1);
		pthread_join(thread, NULL);
		hold_still();
	}
	before = now_ns();
	caller = caller(self->fd, self->port, .value = 5);
	ASSERT_EQ(0, caller_end(caller));
	info = &caller->reply.info;
	EXPECT_EQ(0, self->desk->rets[1]);
	EXPECT_EQ(self->desk->rets[0], caller->reply.message.sender);
	EXPECT_EQ(self->desk->rets[0], info->tid);
	EXPECT_EQ(self->pids[0], info->pid);
	EXPECT_EQ(OTHER, info->uid);
	EXPECT_EQ(OTHER + 1, info->gid);
	EXPECT_LE(before, info->time_ns);
	EXPECT_GE(now_ns(), info->time_ns);
	EXPECT_NE(0, info->token);
	EXPECT_EQ(0, info->seq);
	EXPECT_EQ(0, info->badge);
	EXPECT_EQ(-1, info->cargo);
	EXPECT_EQ(0, info->flags);
	EXPECT_EQ(0, info->__reserved);
}

TEST_F_TIMEOUT(call, has_any_number_as_its_status, LONG_TIMEOUT)
{
	static const int32_t numbers[] = {
		0, 1, -1, INT32_MAX, INT32_MIN, EPIPE, -EPIPE, -EINTR, -512,
	};

	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		struct caller *caller = caller(self->fd, self->port);

		EXPECT_EQ(0, call_reply(self->fd, self->port, receive(self), i, numbers[i]));
		EXPECT_EQ(0, caller_end(caller));
		EXPECT_EQ(numbers[i], caller->args.out_status);
		EXPECT_EQ(i, caller_value(caller));
	}
}

/* Only the kernel can make a call fail. */
TEST_F_TIMEOUT(call, is_not_failed_by_an_answer_that_looks_like_an_error, LONG_TIMEOUT)
{
	struct caller *caller = caller(self->fd, self->port);
	struct ipcport_message message = { .type = IPCPORT_TYPE_ERROR, .payload = { EPIPE } };
	struct ipcport_reply args = {
		.port = self->port, .token = receive(self), .message = (uintptr_t)&message,
		.status = -EPIPE,
	};

	EXPECT_EQ(0, xioctl(self->fd, IPCPORT_IOC_CALL_REPLY, &args));
	EXPECT_EQ(0, caller_end(caller));
	EXPECT_EQ(thread_id(), caller->reply.message.sender);
	EXPECT_FALSE(is_error_reply(&caller->reply, EPIPE));
}

TEST_F_TIMEOUT(call, without_an_answer_has_an_error_for_a_reply, LONG_TIMEOUT)
{
	struct caller *caller = caller(self->fd, self->port);

	ASSERT_LT(0, receive(self));
	EXPECT_EQ(0, port_destroy(self->fd, self->port));
	EXPECT_EQ(-EPIPE, caller_end(caller));
	EXPECT_TRUE(is_error_reply(&caller->reply, EPIPE));
	EXPECT_EQ(POISON_STATUS, caller->args.out_status);
	EXPECT_EQ(0, caller->args.token);
	/* nobody answered */
	EXPECT_EQ(0, caller->reply.info.pid);
	EXPECT_EQ(0, caller->reply.info.tid);
	EXPECT_EQ(0, caller->reply.info.seq);
	EXPECT_EQ(-1, caller->reply.info.cargo);
	EXPECT_EQ(0, caller->reply.info.flags);
}

TEST_F_TIMEOUT(call, is_counted_until_it_is_answered, LONG_TIMEOUT)
{
	struct caller *callers[CAPACITY + 1];
	int64_t tokens[CAPACITY + 1];

	for (int i = 0; i < CAPACITY; i++) {
		callers[i] = caller(self->fd, self->port, .value = i);
		ASSERT_TRUE(wait_for_calls(self->fd, self->port, i + 1, i + 1));
	}
	/* one that waits for space is not in the port */
	callers[CAPACITY] = caller(self->fd, self->port, .value = CAPACITY);
	ASSERT_TRUE(wait_for_senders(self->fd, self->port, 1));
	EXPECT_TRUE(has_calls(self->fd, self->port, CAPACITY, CAPACITY));
	for (int i = 0; i <= CAPACITY; i++)
		tokens[i] = receive(self);
	EXPECT_TRUE(has_calls(self->fd, self->port, 0, CAPACITY + 1));
	for (int i = 0; i <= CAPACITY; i++) {
		EXPECT_EQ(0, answer(self, tokens[i], i + 10));
		EXPECT_EQ(0, caller_end(callers[i]));
		EXPECT_EQ(i + 10, caller_value(callers[i]));
		EXPECT_TRUE(has_calls(self->fd, self->port, 0, CAPACITY - i));
	}
	EXPECT_PORT(self->fd, self->port, 0, CAPACITY + 1, CAPACITY + 1);
}

TEST_F_TIMEOUT(call, has_a_token_that_no_other_had, LONG_TIMEOUT)
{
	int64_t last = 0, token;

	for (int i = 0; i < LESS_IN_32(1000); i++) {
		token = received_call(self);
		/* counted up, so none can come again */
		ASSERT_LT(last, token);
		ASSERT_EQ(0, answer(self, token, i));
		ASSERT_EQ(i, collect(self, token));
		last = token;
	}
}

/* Calls and one-way messages are in one line, also those that wait for space. */
TEST_F_TIMEOUT(call, stands_in_line_with_messages, LONG_TIMEOUT)
{
	enum { NR = 8 };
	struct ipcport_delivery got[NR];
	struct caller *callers[NR];
	struct actor *actors[NR];
	uint32_t nr = 0;

	for (int i = 0; i < NR; i++) {
		if (i % 2)
			actors[i] = sender(self->fd, self->port, i);
		else
			callers[i] = caller(self->fd, self->port, .value = i);
		ASSERT_TRUE(i < CAPACITY ?
			    wait_for_calls(self->fd, self->port, i + 1, i / 2 + 1) :
			    wait_for_senders(self->fd, self->port, i + 1 - CAPACITY));
	}
	/* in batches: the tokens come with their messages */
	while (nr < NR)
		nr += msg_recv(self->fd, self->port, got + nr, NR - nr, 0, FAR_AWAY);
	for (int i = 0; i < NR; i++) {
		EXPECT_EQ(i, value_of(&got[i].message));
		EXPECT_EQ(i + 1, got[i].info.seq);
		EXPECT_EQ(i % 2, !got[i].info.token);
	}
	for (int i = 0; i < NR; i++) {
		if (i % 2) {
			EXPECT_EQ(1, actor_end(actors[i]));
		} else {
			EXPECT_EQ(0, answer(self, got[i].info.token, 100 + i));
			EXPECT_EQ(0, caller_end(callers[i]));
			EXPECT_EQ(100 + i, caller_value(callers[i]));
		}
	}
	EXPECT_IDLE(self->fd, self->port);
}

/*
 * Who may answer.
 */
TEST_F_TIMEOUT(call, is_answered_once, LONG_TIMEOUT)
{
	struct caller *first = caller(self->fd, self->port), *second;
	int64_t token = receive(self);

	EXPECT_EQ(0, answer(self, token, 1));
	EXPECT_EQ(-ENOENT, answer(self, token, 2));
	EXPECT_EQ(0, caller_end(first));
	EXPECT_EQ(1, caller_value(first));
	EXPECT_EQ(-ENOENT, answer(self, token, 3));

	/* and the next call of the same thread, or memory, is another */
	second = caller(self->fd, self->port);
	ASSERT_LT(token, receive(self));
	EXPECT_EQ(-ENOENT, answer(self, token, 4));
	EXPECT_FALSE(second->is_done);
	EXPECT_TRUE(has_calls(self->fd, self->port, 0, 1));
	EXPECT_EQ(0, port_destroy(self->fd, self->port));
	EXPECT_EQ(-EPIPE, caller_end(second));
}

/* Several threads that answer the same call at once. */
struct rival {
	pthread_t thread;
	call_data *test;
	int id;
	pthread_barrier_t *start;
	volatile int64_t *token;
	int ret;
};

static void *rival_run(void *arg)
{
	struct rival *rival = arg;

	for (;;) {
		pthread_barrier_wait(rival->start);
		if (!*rival->token)
			return NULL;
		rival->ret = answer(rival->test, *rival->token, rival->id);
		pthread_barrier_wait(rival->start);
	}
}

TEST_F_TIMEOUT(call, is_answered_once_by_several_at_once, LONG_TIMEOUT)
{
	enum { NR = 3 };
	struct rival rivals[NR];
	pthread_barrier_t start;
	volatile int64_t token;
	int wins[NR] = { 0 };

	pthread_barrier_init(&start, NULL, NR + 1);
	for (int i = 0; i < NR; i++) {
		rivals[i] = (struct rival) {
			.test = self, .id = i, .start = &start, .token = &token,
		};
		ASSERT_EQ(0, thread_start(&rivals[i].thread, rival_run, &rivals[i]));
	}
	for (int round = 0; round < LESS_IN_32(2000); round++) {
		int winner = -1, nr_winners = 0;

		token = received_call(self);
		ASSERT_LT(0, token);
		pthread_barrier_wait(&start);
		pthread_barrier_wait(&start);
		for (int i = 0; i < NR; i++) {
			ASSERT_TRUE(!rivals[i].ret || rivals[i].ret == -ENOENT);
			if (!rivals[i].ret) {
				winner = i;
				nr_winners++;
			}
		}
		ASSERT_EQ(1, nr_winners);
		ASSERT_EQ(winner, collect(self, token));
		wins[winner]++;
	}
	token = 0;
	pthread_barrier_wait(&start);
	for (int i = 0; i < NR; i++)
		pthread_join(rivals[i].thread, NULL);
	TH_LOG("first were %d, %d and %d times", wins[0], wins[1], wins[2]);
}

static void *answer_in_thread(void *arg)
{
	call_data *self = arg;

	self->desk->rets[0] = answer(self, self->desk->token, 6);
	return NULL;
}

TEST_F_TIMEOUT(call, is_answered_by_a_thread_that_did_not_receive_it, LONG_TIMEOUT)
{
	pthread_t thread;

	self->desk->token = received_call(self);
	ASSERT_LT(0, self->desk->token);
	ASSERT_EQ(0, thread_start(&thread, answer_in_thread, self));
	pthread_join(thread, NULL);
	ASSERT_EQ(0, self->desk->rets[0]);
	EXPECT_EQ(6, collect(self, self->desk->token));
}

/* A child that becomes @uid and answers; through its own file if @is_own_file. */
static int answer_as(call_data *self, uid_t uid, int64_t token, bool is_own_file)
{
	pid_t pid = fork();
	int ret, fd;

	if (pid)
		return -reap(pid);
	ret = uid ? become(uid, uid, uid) : 0;
	fd = is_own_file ? dev_open() : self->fd;
	if (ret || fd < 0)
		_exit(255);
	_exit(-call_reply(fd, self->port, token, 6, 0));
}

TEST_F_TIMEOUT(call, is_answered_by_a_process_that_may_receive, LONG_TIMEOUT)
{
	for (int is_own_file = 0; is_own_file < 2; is_own_file++) {
		int64_t token;

		/* read permission is for others alone */
		self->port = port_create_as(self->fd, 1, 0004, 0);
		token = received_call(self);
		ASSERT_LT(0, token);
		ASSERT_EQ(0, answer_as(self, OTHER, token, is_own_file));
		EXPECT_EQ(6, collect(self, token));
	}
}

/* Neither for the user who may send, nor for one who may nothing. */
TEST_F_TIMEOUT(call, is_not_answered_by_a_process_that_may_not_receive, LONG_TIMEOUT)
{
	static const uint32_t modes[] = { 0600, 0662, 0640, 0200 };

	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		int64_t token;

		self->port = port_create_as(self->fd, 1, modes[i], 0);
		token = received_call(self);
		ASSERT_LT(0, token);
		EXPECT_EQ(-ENOENT, answer_as(self, OTHER, token, false));
		EXPECT_EQ(-ENOENT, answer_as(self, OTHER, token, true));
		EXPECT_STILL_WAITS(token);
	}
}

TEST_F_TIMEOUT(call, is_not_answered_with_a_guessed_token, LONG_TIMEOUT)
{
	int64_t other = port_create(self->fd, 1);
	int64_t theirs = call_submit(self->fd, other, 1, 0, FAR_AWAY);
	int64_t used = received_call(self), token, queued;

	ASSERT_EQ(theirs, recv_call(self->fd, other, 0, FAR_AWAY));
	ASSERT_EQ(0, answer(self, used, 1));
	ASSERT_EQ(1, collect(self, used));
	token = received_call(self);
	ASSERT_LT(0, token);
	queued = call_submit(self->fd, self->port, 2, 0, FAR_AWAY);
	ASSERT_LT(0, queued);
	EXPECT_EQ(-ENOENT, answer(self, 0, 9));
	EXPECT_EQ(-ENOENT, answer(self, ~0ULL, 9));
	EXPECT_EQ(-ENOENT, answer(self, token | 1ULL << 63, 9));
	EXPECT_EQ(-ENOENT, answer(self, token | 1ULL << 32, 9));
	EXPECT_EQ(-ENOENT, answer(self, used, 9));
	EXPECT_EQ(-ENOENT, answer(self, theirs, 9));
	EXPECT_EQ(-ENOENT, answer(self, queued, 9));
	for (int i = 1; i < 200; i++) {
		EXPECT_EQ(-ENOENT, answer(self, token + i, 9));
		EXPECT_EQ(-ENOENT, answer(self, token - i, 9));
	}
	/* the right token, and the wrong port */
	EXPECT_EQ(-ENOENT, call_reply(self->fd, other, token, 9, 0));
	EXPECT_TRUE(has_calls(self->fd, self->port, 1, 2));
	EXPECT_TRUE(has_calls(self->fd, other, 0, 1));
	ASSERT_EQ(queued, receive(self));
	EXPECT_EQ(0, answer(self, queued, 8));
	EXPECT_EQ(8, collect(self, queued));
	EXPECT_STILL_WAITS(token);
	EXPECT_EQ(0, call_reply(self->fd, other, theirs, 7, 0));
	EXPECT_EQ(7, call_collect(self->fd, other, theirs, 0, FAR_AWAY));
}

/* Numbers of ports mean nothing in another network, tokens neither. */
TEST_F_TIMEOUT(call, does_not_exist_in_another_network, LONG_TIMEOUT)
{
	struct desk *desk = self->desk;
	int64_t token = received_call(self);

	ASSERT_LT(0, token);
	if (geteuid())
		SKIP(return, "only root can make namespaces");
	self->pids[0] = fork();
	if (!self->pids[0]) {
		uint64_t answered = token;
		int fd = unshare(CLONE_NEWNET) ? -1 : dev_open();

		desk->rets[0] = fd < 0;
		desk->rets[1] = call_value(fd, self->port, 1, 0, FAR_AWAY);
		desk->rets[2] = call_submit(fd, self->port, 1, 0, FAR_AWAY);
		desk->rets[3] = call_reply(fd, self->port, token, 9, 0);
		desk->rets[4] = call_reply_recv(fd, self->port, &answered, 9, &desk->delivery,
						IPCPORT_REPLY_RECV_F_NONBLOCK, 0, NULL);
		desk->rets[5] = call_collect(fd, self->port, token, 0, FAR_AWAY);
		desk->rets[6] = call_cancel(fd, token);
		_exit(answered != token);
	}
	EXPECT_EQ(0, reap(self->pids[0]));
	self->pids[0] = 0;
	EXPECT_EQ(0, desk->rets[0]);
	for (int i = 1; i < 7; i++)
		EXPECT_EQ(-ENOENT, desk->rets[i]);
	EXPECT_STILL_WAITS(token);
}

/*
 * Many at once.
 */
TEST_F_TIMEOUT(call, of_64_threads_is_answered_in_reverse_order, LONG_TIMEOUT)
{
	enum { NR = 64 };
	struct caller *callers[NR];
	int64_t tokens[NR];

	self->port = port_create(self->fd, NR);
	for (int i = 0; i < NR; i++) {
		callers[i] = caller(self->fd, self->port, .value = i);
		ASSERT_TRUE(wait_for_calls(self->fd, self->port, i + 1, i + 1));
	}
	for (int i = 0; i < NR; i++)
		tokens[i] = receive(self);
	for (int i = NR - 1; i >= 0; i--) {
		EXPECT_FALSE(callers[i]->is_done);
		EXPECT_EQ(0, call_reply(self->fd, self->port, tokens[i], 1000 + i, -i));
		EXPECT_EQ(0, caller_end(callers[i]));
		EXPECT_EQ(1000 + i, caller_value(callers[i]));
		EXPECT_EQ(-i, callers[i]->args.out_status);
		EXPECT_EQ(tokens[i], callers[i]->reply.info.token);
	}
	EXPECT_PORT(self->fd, self->port, 0, NR, NR);
	EXPECT_IDLE(self->fd, self->port);
}

#define DEPTH		8

/* A server that asks the next one before it answers. */
struct stage {
	int fd;
	int64_t port;
	int64_t next;	/* 0 for the last */
	pthread_t thread;
	pid_t pid;
};

/* The answer grows by one at each stage. */
static void *stage_run(void *arg)
{
	struct stage *stage = arg;
	struct ipcport_delivery got;
	uint64_t value = 0, token = 0;

	while (!call_reply_recv(stage->fd, stage->port, &token, value, &got, 0, FAR_AWAY, NULL)) {
		value = value_of(&got.message);
		if (stage->next)
			value = call_value(stage->fd, stage->next, value, 0, FAR_AWAY);
		value++;
	}
	return NULL;
}

TEST_F_TIMEOUT(call, nests_8_deep_in_threads, LONG_TIMEOUT)
{
	struct stage stages[DEPTH];

	for (int i = DEPTH - 1; i >= 0; i--) {
		stages[i] = (struct stage) {
			.fd = self->fd, .port = port_create(self->fd, 1),
			.next = i < DEPTH - 1 ? stages[i + 1].port : 0,
		};
		ASSERT_EQ(0, thread_start(&stages[i].thread, stage_run, &stages[i]));
	}
	for (int i = 0; i < LESS_IN_32(100); i++)
		ASSERT_EQ(i + DEPTH, call_value(self->fd, stages[0].port, i, 0, FAR_AWAY));
	for (int i = 0; i < DEPTH; i++) {
		EXPECT_TRUE(has_calls(self->fd, stages[i].port, 0, 0));
		EXPECT_EQ(0, port_destroy(self->fd, stages[i].port));
		pthread_join(stages[i].thread, NULL);
	}
}

TEST_F_TIMEOUT(call, nests_8_deep_in_processes, LONG_TIMEOUT)
{
	struct stage stages[DEPTH];

	for (int i = DEPTH - 1; i >= 0; i--) {
		stages[i] = (struct stage) {
			.fd = self->fd, .port = port_create(self->fd, 1),
			.next = i < DEPTH - 1 ? stages[i + 1].port : 0,
		};
		stages[i].pid = child_start(stage_run, &stages[i]);
	}
	for (int i = 0; i < LESS_IN_32(100); i++)
		ASSERT_EQ(i + DEPTH, call_value(self->fd, stages[0].port, i, 0, FAR_AWAY));
	/* the end of the last comes through all the others as an answer of theirs */
	EXPECT_EQ(0, port_destroy(self->fd, stages[DEPTH - 1].port));
	EXPECT_EQ(0, reap(stages[DEPTH - 1].pid));
	EXPECT_EQ(-ENOENT + DEPTH - 1, call_value(self->fd, stages[0].port, 0, 0, FAR_AWAY));
	for (int i = 0; i < DEPTH - 1; i++) {
		EXPECT_EQ(0, port_destroy(self->fd, stages[i].port));
		EXPECT_EQ(0, reap(stages[i].pid));
	}
}

/* All on one port: each thread that serves a call makes the next one. */
struct spiral {
	int fd;
	int64_t port;
};

static void *spiral_run(void *arg)
{
	const struct spiral *spiral = arg;
	struct ipcport_delivery got;
	uint64_t value = 0, token = 0;

	while (!call_reply_recv(spiral->fd, spiral->port, &token, value, &got, 0, FAR_AWAY, NULL)) {
		value = value_of(&got.message);
		/* the lower half is how deep to go, the upper how deep it was */
		if ((uint32_t)value)
			value = call_value(spiral->fd, spiral->port, value - 1, 0, FAR_AWAY);
		value += 1ULL << 32;
	}
	return NULL;
}

TEST_F_TIMEOUT(call, nests_8_deep_in_one_port, LONG_TIMEOUT)
{
	struct spiral spiral = { .fd = self->fd, .port = self->port };
	pthread_t threads[DEPTH];

	for (int i = 0; i < DEPTH; i++)
		ASSERT_EQ(0, thread_start(&threads[i], spiral_run, &spiral));
	for (int i = 0; i < LESS_IN_32(100); i++)
		ASSERT_EQ((uint64_t)DEPTH << 32,
			  call_value(self->fd, self->port, DEPTH - 1, 0, FAR_AWAY));
	EXPECT_EQ(0, port_destroy(self->fd, self->port));
	for (int i = 0; i < DEPTH; i++)
		pthread_join(threads[i], NULL);
}

/* Two processes; each serves the other's client, and calls the other to do so. */
struct pair {
	int fd;
	int64_t own, other;
	pthread_t thread;
};

static void *pair_serve(void *arg)
{
	const struct pair *pair = arg;
	struct ipcport_delivery got;
	uint64_t value = 0, token = 0;

	while (!call_reply_recv(pair->fd, pair->own, &token, value, &got, 0, FAR_AWAY, NULL)) {
		value = value_of(&got.message);
		if (got.message.flags)
			value = call_value(pair->fd, pair->other, value, 0, FAR_AWAY);
		else
			value = answer_to(value);
	}
	return NULL;
}

/* Ask the other to answer, or to ask us: whether the answer is right. */
static bool pair_ask(const struct pair *pair, uint64_t value, bool is_back_and_forth)
{
	struct ipcport_message message = message_of(value);
	struct ipcport_delivery reply;
	struct ipcport_call args = {
		.port = pair->other, .message = (uintptr_t)&message, .reply = (uintptr_t)&reply,
		.deadline_ns = FAR_AWAY,
	};

	message.flags = is_back_and_forth;
	return !call_ioctl(pair->fd, &args) && value_of(&reply.message) == answer_to(value);
}

#define NR_ASKED	LESS_IN_32(1000)

static void __attribute__((noreturn)) pair_run(struct desk *desk, int id)
{
	struct pair pair = { .fd = dev_open() };

	pair.own = port_create_as(pair.fd, CAPACITY, 0666, 0);
	desk->ports[id] = pair.own;
	wait_until(desk->ports[!id]);
	pair.other = desk->ports[!id];
	/* one is busy with what went forth, one with what came back of it */
	for (int i = 0; i < 2; i++)
		if (thread_start(&pair.thread, pair_serve, &pair))
			_exit(1);
	for (int i = 0; i < NR_ASKED; i++)
		desk->rets[id] += pair_ask(&pair, (uint64_t)id << 32 | i, i % 2);
	desk->phase++;
	hold_still();
}

TEST_F_TIMEOUT(call, between_two_servers_of_each_others_clients, LONG_TIMEOUT)
{
	struct desk *desk = self->desk;
	struct ipcport_stat stat;

	for (int i = 0; i < 2; i++) {
		self->pids[i] = fork();
		if (!self->pids[i])
			pair_run(desk, i);
	}
	EXPECT_TRUE(wait_until(desk->phase == 2));
	for (int i = 0; i < 2; i++) {
		EXPECT_EQ(NR_ASKED, desk->rets[i]);
		EXPECT_EQ(0, port_stat(self->fd, desk->ports[i], &stat));
		EXPECT_EQ(NR_ASKED + NR_ASKED / 2, stat.out_sent);
		EXPECT_EQ(0, stat.out_depth);
		EXPECT_EQ(0, stat.out_calls);
	}
}

/*
 * Answers that come too late.
 */
#define NR_LATE		LESS_IN_32(100000)

enum { BY_TIMEOUT, BY_CANCEL, NR_WAYS };

/* Give up a call that was received: whether that is what was said. */
static bool give_up(call_data *self, int64_t token, int how)
{
	if (how == BY_TIMEOUT)
		return call_collect(self->fd, self->port, token, 0, 1) == -ETIMEDOUT;
	return call_cancel(self->fd, token) == IPCPORT_CALL_RECEIVED;
}

/*
 * The call that was given up is answered when the next one, which may well use the
 * same memory, is queued, received, or answered.
 */
static int answer_late(call_data *self, int round)
{
	int64_t old = received_call(self), next;
	int nr_wrong = !give_up(self, old, round % NR_WAYS);

	next = call_submit(self->fd, self->port, round, 0, FAR_AWAY);
	nr_wrong += round % 3 == 0 && answer(self, old, ~0ULL) != -ENOENT;
	nr_wrong += receive(self) != next;
	nr_wrong += round % 3 == 1 && answer(self, old, ~0ULL) != -ENOENT;
	nr_wrong += answer(self, next, round) != 0;
	nr_wrong += round % 3 == 2 && answer(self, old, ~0ULL) != -ENOENT;
	nr_wrong += collect(self, next) != round;
	return nr_wrong;
}

TEST_F_TIMEOUT(call, is_never_answered_by_what_was_meant_for_the_one_before, LONG_TIMEOUT)
{
	int nr_wrong = 0;

	for (int i = 0; i < NR_LATE * 19 / 20; i++)
		nr_wrong += answer_late(self, i);
	EXPECT_EQ(0, nr_wrong);
	EXPECT_IDLE(self->fd, self->port);
}

/* A server that takes its time, a little more or less than its clients have. */
static void *dawdle(void *arg)
{
	struct server *server = arg;
	struct ipcport_delivery got;
	unsigned int seed = 1;
	int ret;

	while (msg_recv(server->fd, server->port, &got, 1, 0, 0) == 1) {
		for (volatile int spin = rand_r(&seed) % 2048; spin; spin--)
			;
		ret = call_reply(server->fd, server->port, got.info.token,
				 answer_to(value_of(&got.message)), 0);
		server->nr_calls++;
		server->nr_refused += ret == -ENOENT;
	}
	return NULL;
}

TEST_F_TIMEOUT(call, is_never_answered_late_while_others_time_out, LONG_TIMEOUT)
{
	struct server server = { .fd = self->fd, .port = self->port };
	int nr_wrong = 0, nr_answers = 0;
	uint64_t patience = 200000;

	ASSERT_EQ(0, thread_start(&server.thread, dawdle, &server));
	for (int i = 0; i < NR_LATE / 20; i++) {
		int64_t ret = call_value(self->fd, self->port, i, 0, now_ns() + patience);

		/* about every second shall be in time, on whatever machine */
		patience += ret < 0 ? patience / 32 + 1000 : -(patience / 32);
		nr_answers += ret >= 0;
		nr_wrong += ret >= 0 ? ret != answer_to(i) : ret != -ETIMEDOUT;
	}
	EXPECT_EQ(0, port_destroy(self->fd, self->port));
	pthread_join(server.thread, NULL);
	EXPECT_EQ(0, nr_wrong);
	EXPECT_EQ(server.nr_calls - server.nr_refused, nr_answers);
	TH_LOG("%d answers in time, %u late", nr_answers, server.nr_refused);
	EXPECT_LT(0, nr_answers);
	EXPECT_LT(0, server.nr_refused);
}

TEST_HARNESS_MAIN
