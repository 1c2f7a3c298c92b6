// SPDX-License-Identifier: GPL-2.0
/*
 * Waiting for an answer: until a deadline, through signals, stops and a debugger; what
 * a caller that gives up leaves behind; and when waiting would be in vain.
 */
#include "process.h"
#include "call.h"

#include <sys/time.h>

#define CAPACITY	2

static volatile sig_atomic_t nr_signals;

static void count_signal(int signal)
{
	nr_signals++;
}

static void handle_signals(int flags)
{
	struct sigaction action = { .sa_handler = count_signal, .sa_flags = flags };

	nr_signals = 0;
	sigaction(SIGUSR1, &action, NULL);
}

/*
 * One call in each of the states in which it waits.
 */
enum state { BLOCKED, QUEUED, RECEIVED };

FIXTURE(waiting) {
	int fd;
	int64_t port;
	int64_t token;	/* what the server knows of the call */
	pid_t pid;
};

FIXTURE_VARIANT(waiting) {
	enum state state;
};

FIXTURE_VARIANT_ADD(waiting, for_space) { .state = BLOCKED };
FIXTURE_VARIANT_ADD(waiting, to_be_received) { .state = QUEUED };
FIXTURE_VARIANT_ADD(waiting, to_be_answered) { .state = RECEIVED };

typedef FIXTURE_DATA(waiting) waiting_data;

FIXTURE_SETUP(waiting)
{
	self->fd = dev_open();
	ASSERT_LE(0, self->fd);
	self->port = port_create(self->fd, CAPACITY);
	ASSERT_LT(0, self->port);
	for (int i = 0; variant->state == BLOCKED && i < CAPACITY; i++)
		ASSERT_EQ(0, send_nb(self->fd, self->port, i));
	handle_signals(0);
}

FIXTURE_TEARDOWN(waiting)
{
	reap_all(&self->pid, 1);
	close(self->fd);
	EXPECT_TRUE(no_call_lives());
	EXPECT_TRUE(all_is_gone());
}

/* Wait until a call is where the test wants it. */
static bool reach(waiting_data *self, enum state state)
{
	if (state == BLOCKED)
		return wait_for_senders(self->fd, self->port, 1);
	if (state == QUEUED)
		return wait_for_calls(self->fd, self->port, 1, 1);
	self->token = recv_call(self->fd, self->port, 0, FAR_AWAY);
	return self->token > 0;
}

/* The same after a signal, when it need not be received again. */
static bool is_back(waiting_data *self, struct caller *caller, enum state state)
{
	return state == BLOCKED ? wait_for_senders(self->fd, self->port, 1) :
				  wait_for_sleep(caller);
}

/* Receive it, wherever it is, and whatever is before it. */
static int64_t find(waiting_data *self, enum state state)
{
	while (state != RECEIVED) {
		self->token = recv_call(self->fd, self->port, 0, FAR_AWAY);
		if (self->token)
			break;
	}
	return self->token;
}

/* All that the server will ever see of it: one message, besides those that filled it. */
#define EXPECT_SENT_ONCE() do {							\
	uint32_t _nr = variant->state == BLOCKED ? CAPACITY : 0;		\
										\
	EXPECT_PORT(self->fd, self->port, 0, _nr + 1, _nr + 1);			\
	EXPECT_IDLE(self->fd, self->port);					\
} while (0)

static bool interrupt(struct caller *caller)
{
	int before = nr_signals;

	pthread_kill(caller->thread, SIGUSR1);
	return wait_until(nr_signals != before);
}

TEST_F_TIMEOUT(waiting, is_restarted_and_sends_once, LONG_TIMEOUT)
{
	struct caller *caller;

	handle_signals(SA_RESTART);
	caller = caller(self->fd, self->port, .value = 5);
	ASSERT_TRUE(reach(self, variant->state));
	for (int i = 0; i < 10; i++) {
		ASSERT_TRUE(interrupt(caller));
		ASSERT_TRUE(is_back(self, caller, variant->state));
	}
	EXPECT_FALSE(caller->is_done);
	ASSERT_LT(0, find(self, variant->state));
	EXPECT_EQ(0, call_reply(self->fd, self->port, self->token, 6, 7));
	EXPECT_EQ(0, caller_end(caller));
	EXPECT_EQ(6, caller_value(caller));
	EXPECT_EQ(7, caller->args.out_status);
	EXPECT_EQ(0, caller->args.token);
	EXPECT_SENT_ONCE();
}

TEST_F_TIMEOUT(waiting, is_interrupted_and_gone_on_with, LONG_TIMEOUT)
{
	struct caller *caller = caller(self->fd, self->port, .value = 5);

	ASSERT_TRUE(reach(self, variant->state));
	for (int i = 0; i < 5; i++) {
		ASSERT_TRUE(is_back(self, caller, variant->state));
		ASSERT_TRUE(interrupt(caller));
		ASSERT_EQ(-EINTR, caller_end(caller));
		EXPECT_TRUE(is_poisoned(&caller->reply));
		EXPECT_EQ(POISON_STATUS, caller->args.out_status);
		EXPECT_EQ(variant->state == BLOCKED, !caller->args.token);
		if (self->token)
			EXPECT_EQ(self->token, caller->args.token);
		EXPECT_TRUE(has_waiters(self->fd, self->port, 0, 0));
		caller_resume(caller);
	}
	ASSERT_LT(0, find(self, variant->state));
	EXPECT_EQ(0, call_reply(self->fd, self->port, self->token, 6, 0));
	EXPECT_EQ(0, caller_end(caller));
	EXPECT_EQ(6, caller_value(caller));
	EXPECT_EQ(0, caller->args.token);
	EXPECT_SENT_ONCE();
}

/* The answer comes while nobody waits for it. */
TEST_F_TIMEOUT(waiting, is_interrupted_and_answered_before_it_goes_on, LONG_TIMEOUT)
{
	struct caller *caller = caller(self->fd, self->port, .value = 5);

	ASSERT_TRUE(reach(self, variant->state));
	ASSERT_TRUE(is_back(self, caller, variant->state));
	ASSERT_TRUE(interrupt(caller));
	ASSERT_EQ(-EINTR, caller_end(caller));
	if (variant->state == BLOCKED) {
		/* there is nothing to answer */
		EXPECT_PORT(self->fd, self->port, CAPACITY, CAPACITY, 0);
		EXPECT_TRUE(has_calls(self->fd, self->port, CAPACITY, 0));
	} else {
		ASSERT_LT(0, find(self, variant->state));
		EXPECT_EQ(0, call_reply(self->fd, self->port, self->token, 6, 0));
		caller_resume(caller);
		EXPECT_EQ(0, caller_end(caller));
		EXPECT_EQ(6, caller_value(caller));
		EXPECT_SENT_ONCE();
	}
}

TEST_F_TIMEOUT(waiting, is_interrupted_and_cancelled, LONG_TIMEOUT)
{
	struct caller *caller = caller(self->fd, self->port, .value = 5);

	ASSERT_TRUE(reach(self, variant->state));
	ASSERT_TRUE(is_back(self, caller, variant->state));
	ASSERT_TRUE(interrupt(caller));
	ASSERT_EQ(-EINTR, caller_end(caller));
	switch (variant->state) {
	case BLOCKED:
		EXPECT_EQ(-ENOENT, call_cancel(self->fd, caller->args.token));
		EXPECT_TRUE(has_calls(self->fd, self->port, CAPACITY, 0));
		break;
	case QUEUED:
		EXPECT_EQ(IPCPORT_CALL_QUEUED, call_cancel(self->fd, caller->args.token));
		EXPECT_EQ(-EAGAIN, recv_nb(self->fd, self->port));
		EXPECT_IDLE(self->fd, self->port);
		break;
	case RECEIVED:
		EXPECT_EQ(IPCPORT_CALL_RECEIVED, call_cancel(self->fd, caller->args.token));
		EXPECT_EQ(-ENOENT, call_reply(self->fd, self->port, self->token, 6, 0));
		EXPECT_IDLE(self->fd, self->port);
		break;
	}
	EXPECT_EQ(-ENOENT, call_cancel(self->fd, caller->args.token));
}

/* Were the deadline counted anew with each restart, this would never end. */
TEST_F_TIMEOUT(waiting, does_not_get_a_longer_deadline_by_signals, LONG_TIMEOUT)
{
	uint64_t deadline = in_ms(500);
	struct caller *caller;

	handle_signals(SA_RESTART);
	caller = caller(self->fd, self->port, .value = 5, .deadline_ns = deadline);
	ASSERT_TRUE(reach(self, variant->state));
	EXPECT_TRUE(wait_until(caller->is_done || pthread_kill(caller->thread, SIGUSR1)));
	EXPECT_EQ(-ETIMEDOUT, caller_end(caller));
	EXPECT_LE(deadline, caller->end_ns);
	EXPECT_LT(2, nr_signals);
	EXPECT_EQ(0, caller->args.token);
	EXPECT_TRUE(is_poisoned(&caller->reply));
	EXPECT_TRUE(has_calls(self->fd, self->port, variant->state == BLOCKED ? CAPACITY : 0, 0));
	if (self->token)
		EXPECT_EQ(-ENOENT, call_reply(self->fd, self->port, self->token, 6, 0));
}

TEST_F_TIMEOUT(waiting, does_not_end_before_the_deadline_and_leaves_nothing, LONG_TIMEOUT)
{
	static const int waits[] = { 1, 20, 100 };

	for (size_t i = 0; i < ARRAY_SIZE(waits); i++) {
		uint64_t deadline = in_ms(waits[i]);
		struct caller *caller = caller(self->fd, self->port, .deadline_ns = deadline);

		/* where it is received there is not always something to receive in time */
		if (variant->state == RECEIVED)
			self->token = recv_call(self->fd, self->port, 0, deadline);
		EXPECT_EQ(-ETIMEDOUT, caller_end(caller));
		EXPECT_LE(deadline, caller->end_ns);
		EXPECT_EQ(0, caller->args.token);
		EXPECT_EQ(POISON_STATUS, caller->args.out_status);
		EXPECT_TRUE(is_poisoned(&caller->reply));
		EXPECT_TRUE(has_calls(self->fd, self->port,
				      variant->state == BLOCKED ? CAPACITY : 0, 0));
		if (self->token > 0)
			EXPECT_EQ(-ENOENT, call_reply(self->fd, self->port, self->token, 6, 0));
	}
}

TEST_F_TIMEOUT(waiting, without_a_signal_is_ended_by_the_answer_as_fast, LONG_TIMEOUT)
{
	struct caller *caller = caller(self->fd, self->port, .deadline_ns = UINT64_MAX);

	ASSERT_TRUE(reach(self, variant->state));
	ASSERT_TRUE(is_back(self, caller, variant->state));
	ASSERT_LT(0, find(self, variant->state));
	EXPECT_EQ(0, call_reply(self->fd, self->port, self->token, 6, 0));
	EXPECT_EQ(0, caller_end(caller));
	EXPECT_EQ(6, caller_value(caller));
}

/* Stopped like by a shell: it is answered there, and finds the answer when it goes on. */
TEST_F_TIMEOUT(waiting, while_stopped_is_answered_all_the_same, LONG_TIMEOUT)
{
	struct caller *caller = caller(self->fd, self->port, .value = 5, .is_child = true);
	int status;

	self->pid = caller->pid;
	ASSERT_TRUE(reach(self, variant->state));
	/* once for practice */
	for (int i = 0; i < 3; i++) {
		kill(self->pid, SIGSTOP);
		ASSERT_EQ(self->pid, waitpid(self->pid, &status, WUNTRACED));
		ASSERT_TRUE(WIFSTOPPED(status));
		if (i == 2 && variant->state != BLOCKED)
			break;
		kill(self->pid, SIGCONT);
		ASSERT_TRUE(is_back(self, caller, variant->state));
	}
	ASSERT_LT(0, find(self, variant->state));
	EXPECT_EQ(0, call_reply(self->fd, self->port, self->token, 6, 7));
	EXPECT_EQ(-ENOENT, call_reply(self->fd, self->port, self->token, 8, 9));
	kill(self->pid, SIGCONT);
	EXPECT_EQ(0, caller_end(caller));
	self->pid = 0;
	EXPECT_EQ(6, caller_value(caller));
	EXPECT_EQ(7, caller->args.out_status);
	EXPECT_SENT_ONCE();
}

/* Stop a traced child and let it go on: whether that worked. */
static bool trace_stop(pid_t pid)
{
	int status;

	return !ptrace(PTRACE_INTERRUPT, pid, 0, 0) && waitpid(pid, &status, 0) == pid &&
	       WIFSTOPPED(status);
}

TEST_F_TIMEOUT(waiting, while_traced_is_answered_all_the_same, LONG_TIMEOUT)
{
	struct caller *caller = caller(self->fd, self->port, .value = 5, .is_child = true);

	self->pid = caller->pid;
	ASSERT_TRUE(reach(self, variant->state));
	ASSERT_EQ(0, ptrace(PTRACE_SEIZE, self->pid, 0, 0));
	for (int i = 0; i < 10; i++) {
		ASSERT_TRUE(trace_stop(self->pid));
		ASSERT_EQ(0, ptrace(PTRACE_CONT, self->pid, 0, 0));
		ASSERT_TRUE(is_back(self, caller, variant->state));
	}
	/* and answered while it is held */
	ASSERT_TRUE(trace_stop(self->pid));
	if (variant->state == BLOCKED) {
		ASSERT_EQ(0, ptrace(PTRACE_CONT, self->pid, 0, 0));
		ASSERT_TRUE(is_back(self, caller, variant->state));
	}
	ASSERT_LT(0, find(self, variant->state));
	EXPECT_EQ(0, call_reply(self->fd, self->port, self->token, 6, 7));
	if (variant->state != BLOCKED)
		ASSERT_EQ(0, ptrace(PTRACE_CONT, self->pid, 0, 0));
	EXPECT_EQ(0, caller_end(caller));
	self->pid = 0;
	EXPECT_EQ(6, caller_value(caller));
	EXPECT_EQ(7, caller->args.out_status);
	EXPECT_SENT_ONCE();
}

/*
 * Deadlines, and what a caller leaves behind.
 */
FIXTURE(patience) {
	int fd;
	int64_t port;
};

FIXTURE_SETUP(patience)
{
	self->fd = dev_open();
	ASSERT_LE(0, self->fd);
	self->port = port_create(self->fd, 1);
	ASSERT_LT(0, self->port);
	handle_signals(0);
}

FIXTURE_TEARDOWN(patience)
{
	close(self->fd);
	EXPECT_TRUE(no_call_lives());
	EXPECT_TRUE(nothing_lives());
}

/* Most of the time is gone when there is space; the answer gets what is left. */
TEST_F_TIMEOUT(patience, is_one_for_space_and_answer, LONG_TIMEOUT)
{
	const uint64_t time = 8000, start = now_ns(), deadline = start + time * 1000000;
	struct caller *caller;

	ASSERT_EQ(0, send_nb(self->fd, self->port, 1));
	caller = caller(self->fd, self->port, .deadline_ns = deadline);
	ASSERT_TRUE(wait_for_senders(self->fd, self->port, 1));
	ASSERT_TRUE(wait_until(now_ns() > start + time * 1000000 * 3 / 4));
	ASSERT_EQ(1, recv_nb(self->fd, self->port));
	ASSERT_LT(0, recv_call(self->fd, self->port, 0, FAR_AWAY));
	EXPECT_EQ(-ETIMEDOUT, caller_end(caller));
	EXPECT_LE(deadline, caller->end_ns);
	/* one that begins anew, or stands still meanwhile, would end much later */
	EXPECT_GT(start + time * 1500000, caller->end_ns);
	EXPECT_IDLE(self->fd, self->port);
}

TEST_F_TIMEOUT(patience, at_an_end_still_sends_and_takes_back, LONG_TIMEOUT)
{
	const uint64_t past[] = { 1, now_ns() - 1, now_ns() };

	for (size_t i = 0; i < ARRAY_SIZE(past); i++) {
		EXPECT_EQ(-ETIMEDOUT, call_value(self->fd, self->port, 1, 0, past[i]));
		EXPECT_EQ(-EAGAIN, recv_nb(self->fd, self->port));
		EXPECT_IDLE(self->fd, self->port);
	}
	/* a full port, and nothing was sent */
	ASSERT_EQ(0, send_nb(self->fd, self->port, 9));
	for (size_t i = 0; i < ARRAY_SIZE(past); i++)
		EXPECT_EQ(-ETIMEDOUT, call_value(self->fd, self->port, 1, 0, past[i]));
	EXPECT_TRUE(has_calls(self->fd, self->port, 1, 0));
	EXPECT_EQ(9, recv_nb(self->fd, self->port));
}

TEST_F_TIMEOUT(patience, at_an_end_takes_the_answer_that_is_there, LONG_TIMEOUT)
{
	int64_t token = call_submit(self->fd, self->port, 5, 0, 1);

	ASSERT_EQ(token, recv_call(self->fd, self->port, 0, 1));
	EXPECT_EQ(0, call_reply(self->fd, self->port, token, 6, 0));
	EXPECT_EQ(6, call_collect(self->fd, self->port, token, 0, 1));
}

TEST_F_TIMEOUT(patience, may_be_as_long_as_numbers_go, LONG_TIMEOUT)
{
	static const uint64_t far[] = { INT64_MAX, INT64_MAX - 1, 1ULL << 63, UINT64_MAX - 1 };

	for (size_t i = 0; i < ARRAY_SIZE(far); i++) {
		struct caller *caller = caller(self->fd, self->port, .deadline_ns = far[i]);
		int64_t token = recv_call(self->fd, self->port, 0, FAR_AWAY);

		ASSERT_TRUE(wait_for_sleep(caller));
		EXPECT_EQ(0, call_reply(self->fd, self->port, token, 6, 0));
		EXPECT_EQ(0, caller_end(caller));
		EXPECT_EQ(6, caller_value(caller));
	}
}

/* A token that is good no more after the deadline, whenever the answer comes. */
TEST_F_TIMEOUT(patience, ends_at_the_same_time_as_the_answer_comes, LONG_TIMEOUT)
{
	int nr_answered = 0;

	for (int i = 0; i < LESS_IN_32(100); i++) {
		uint64_t deadline = in_ms(3);
		struct caller *caller = caller(self->fd, self->port, .deadline_ns = deadline);
		int64_t token = recv_call(self->fd, self->port, 0, deadline);
		int ret = -ENOENT;

		if (token > 0) {
			while (now_ns() + 50000 < deadline)
				;
			for (volatile int spin = i % 20 * 200; spin; spin--)
				;
			ret = call_reply(self->fd, self->port, token, 6, 0);
		}
		/* the two agree on what happened */
		ASSERT_TRUE(!ret || ret == -ENOENT);
		ASSERT_EQ(ret ? -ETIMEDOUT : 0, caller_end(caller));
		nr_answered += !ret;
		munmap(caller, sizeof(*caller));
	}
	TH_LOG("%d answers in time", nr_answered);
	EXPECT_IDLE(self->fd, self->port);
}

/* The answer is the caller's before the signal is sent, so the signal comes too late. */
TEST_F_TIMEOUT(patience, with_an_answer_is_not_ended_by_a_signal, LONG_TIMEOUT)
{
	for (int i = 0; i < LESS_IN_32(200); i++) {
		struct caller *caller = caller(self->fd, self->port);
		int64_t token = recv_call(self->fd, self->port, 0, FAR_AWAY);

		ASSERT_EQ(0, call_reply(self->fd, self->port, token, i, 0));
		pthread_kill(caller->thread, SIGUSR1);
		ASSERT_EQ(0, caller_end(caller));
		ASSERT_EQ(i, caller_value(caller));
		munmap(caller, sizeof(*caller));
	}
}

/* A signal and an answer race: none of both is lost. */
TEST_F_TIMEOUT(patience, with_a_signal_does_not_lose_the_answer, LONG_TIMEOUT)
{
	int nr_interrupted = 0;

	for (int i = 0; i < LESS_IN_32(200); i++) {
		struct caller *caller = caller(self->fd, self->port);
		int64_t token = recv_call(self->fd, self->port, 0, FAR_AWAY);

		pthread_kill(caller->thread, SIGUSR1);
		for (volatile int spin = i % 20 * 200; spin; spin--)
			;
		ASSERT_EQ(0, call_reply(self->fd, self->port, token, i, 0));
		if (caller_end(caller) == -EINTR) {
			nr_interrupted++;
			ASSERT_EQ(token, caller->args.token);
			ASSERT_EQ(i, call_collect(self->fd, self->port, token, 0, FAR_AWAY));
		} else {
			ASSERT_EQ(0, caller->ret);
			ASSERT_EQ(i, caller_value(caller));
		}
		munmap(caller, sizeof(*caller));
	}
	TH_LOG("%d of %d were interrupted", nr_interrupted, (int)LESS_IN_32(200));
}

/*
 * A place in the queue that its caller gives back is the first blocked sender's.
 */
enum way { TIMEOUT, CANCEL, KILL };

FIXTURE(place) {
	int fd;
	int64_t port;
	int64_t token;
	struct caller *caller;
};

FIXTURE_VARIANT(place) {
	enum way way;
};

FIXTURE_VARIANT_ADD(place, of_one_that_timed_out) { .way = TIMEOUT };
FIXTURE_VARIANT_ADD(place, of_one_that_was_cancelled) { .way = CANCEL };
FIXTURE_VARIANT_ADD(place, of_one_that_was_killed) { .way = KILL };

typedef FIXTURE_DATA(place) place_data;

FIXTURE_SETUP(place)
{
	self->fd = dev_open();
	ASSERT_LE(0, self->fd);
	self->port = port_create(self->fd, 1);
	ASSERT_LT(0, self->port);
}

FIXTURE_TEARDOWN(place)
{
	close(self->fd);
	EXPECT_TRUE(no_call_lives());
	EXPECT_TRUE(nothing_lives());
}

/* Queue a call that will be given up that way. */
static bool queue_call(place_data *self, enum way way)
{
	if (way == KILL)
		self->caller = caller(self->fd, self->port, .is_child = true);
	else
		self->token = call_submit(self->fd, self->port, 5, 0, FAR_AWAY);
	return wait_for_calls(self->fd, self->port, 1, 1);
}

static void give_up(place_data *self, enum way way)
{
	if (way == TIMEOUT) {
		call_collect(self->fd, self->port, self->token, 0, 1);
	} else if (way == CANCEL) {
		call_cancel(self->fd, self->token);
	} else {
		kill(self->caller->pid, SIGKILL);
		caller_end(self->caller);
	}
}

TEST_F_TIMEOUT(place, is_the_first_blocked_senders, LONG_TIMEOUT)
{
	struct actor *actors[2];

	ASSERT_TRUE(queue_call(self, variant->way));
	for (int i = 0; i < 2; i++) {
		actors[i] = sender(self->fd, self->port, 10 + i);
		ASSERT_TRUE(wait_for_senders(self->fd, self->port, i + 1));
	}
	give_up(self, variant->way);
	EXPECT_EQ(1, actor_end(actors[0]));
	EXPECT_TRUE(has_waiters(self->fd, self->port, 1, 0));
	EXPECT_FALSE(actors[1]->is_done);
	EXPECT_TRUE(has_calls(self->fd, self->port, 1, 0));
	EXPECT_EQ(10, recv_nb(self->fd, self->port));
	EXPECT_EQ(1, actor_end(actors[1]));
	EXPECT_EQ(11, recv_nb(self->fd, self->port));
	EXPECT_IDLE(self->fd, self->port);
}

TEST_F_TIMEOUT(place, is_the_first_blocked_callers, LONG_TIMEOUT)
{
	struct caller *callers[2];

	ASSERT_TRUE(queue_call(self, variant->way));
	for (int i = 0; i < 2; i++) {
		callers[i] = caller(self->fd, self->port, .value = i);
		ASSERT_TRUE(wait_for_senders(self->fd, self->port, i + 1));
	}
	give_up(self, variant->way);
	ASSERT_TRUE(wait_for_senders(self->fd, self->port, 1));
	for (int i = 0; i < 2; i++) {
		int64_t token = recv_call(self->fd, self->port, 0, FAR_AWAY);

		EXPECT_EQ(0, call_reply(self->fd, self->port, token, 50 + i, 0));
		EXPECT_EQ(0, caller_end(callers[i]));
		EXPECT_EQ(50 + i, caller_value(callers[i]));
	}
	EXPECT_IDLE(self->fd, self->port);
}

/*
 * EDEADLK. The one who calls its own port is a child that opens the device itself, so
 * that nobody else has it. Signals end its wait where it is willing to wait.
 */
enum company {
	ALONE, THREAD, CHILD, CHILD_WITHOUT_FILE, OTHER_FILE, PASSED_FILE, RECEIVED_ONCE,
	FROM_PARENT,
};

struct loner {
	_Atomic int phase;
	_Atomic int go;
	enum company company;
	int socket;
	int ret;
	int error;	/* the line of what did not work */
	uint32_t nr_sent;
	uint64_t token;
};

FIXTURE(deadlock) {
	struct loner *loner;
	int sockets[2];
	pid_t pids[2];
};

FIXTURE_VARIANT(deadlock) {
	enum company company;
	uint32_t flags;
	bool has_deadline;
	int ret;
};

FIXTURE_VARIANT_ADD(deadlock, alone) { .company = ALONE, .ret = -EDEADLK };
FIXTURE_VARIANT_ADD(deadlock, alone_until_a_deadline) {
	.company = ALONE, .has_deadline = true, .ret = -ETIMEDOUT,
};

FIXTURE_VARIANT_ADD(deadlock, alone_and_submitting) {
	.company = ALONE, .flags = IPCPORT_CALL_F_SUBMIT, .ret = 0,
};

FIXTURE_VARIANT_ADD(deadlock, alone_and_not_waiting) {
	.company = ALONE, .flags = IPCPORT_CALL_F_NONBLOCK, .ret = -EAGAIN,
};

FIXTURE_VARIANT_ADD(deadlock, with_a_thread) { .company = THREAD, .ret = -EINTR };
FIXTURE_VARIANT_ADD(deadlock, with_a_child) { .company = CHILD, .ret = -EINTR };
FIXTURE_VARIANT_ADD(deadlock, with_a_child_that_could_open_the_device) {
	.company = CHILD_WITHOUT_FILE, .ret = -EINTR,
};

FIXTURE_VARIANT_ADD(deadlock, while_another_has_the_device) {
	.company = OTHER_FILE, .ret = -EINTR,
};

FIXTURE_VARIANT_ADD(deadlock, while_another_can_get_the_file) {
	.company = PASSED_FILE, .ret = -EINTR,
};

FIXTURE_VARIANT_ADD(deadlock, while_the_parent_has_the_file) {
	.company = FROM_PARENT, .ret = -EINTR,
};

FIXTURE_VARIANT_ADD(deadlock, after_another_has_received) {
	.company = RECEIVED_ONCE, .ret = -EINTR,
};

FIXTURE_SETUP(deadlock)
{
	self->loner = shared_alloc(sizeof(*self->loner));
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, self->sockets));
}

FIXTURE_TEARDOWN(deadlock)
{
	reap_all(self->pids, ARRAY_SIZE(self->pids));
	for (int i = 0; i < 2; i++)
		close(self->sockets[i]);
	EXPECT_TRUE(no_call_lives());
	EXPECT_TRUE(all_is_gone());
}

#define LONER_ASSERT(_loner, _condition) do {					\
	if (!(_condition)) {							\
		(_loner)->error = __LINE__;					\
		_exit(1);							\
	}									\
} while (0)

static void *sit_there(void *arg)
{
	sigset_t all;

	/* the signals are for the other */
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, NULL);
	hold_still();
}

static void find_company(struct loner *loner, int fd, int64_t port)
{
	pthread_t thread;
	pid_t pid;

	switch (loner->company) {
	case ALONE:
	case OTHER_FILE:
	case FROM_PARENT:
		break;
	case THREAD:
		LONER_ASSERT(loner, !thread_start(&thread, sit_there, NULL));
		break;
	case CHILD:
		LONER_ASSERT(loner, child_start(sit_there, NULL) > 0);
		break;
	case CHILD_WITHOUT_FILE:
		pid = fork();
		if (!pid) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			close(fd);
			loner->phase++;
			hold_still();
		}
		LONER_ASSERT(loner, wait_until(loner->phase > 1));
		break;
	case PASSED_FILE:
		LONER_ASSERT(loner, !file_send(loner->socket, fd));
		break;
	case RECEIVED_ONCE:
		pid = fork();
		if (!pid)
			_exit(recv_value(fd, port, 0, FAR_AWAY) != 4);
		LONER_ASSERT(loner, !send_nb(fd, port, 4) && !reap(pid));
		break;
	}
}

/* Call our own port; a clock that ticks ends the wait. */
static void __attribute__((noreturn)) loner_run(struct loner *loner, int fd, uint32_t flags,
						bool has_deadline)
{
	const struct itimerval tick = {
		.it_interval.tv_usec = 100000, .it_value.tv_usec = 100000,
	};
	struct sigaction action = { .sa_handler = count_signal };
	struct ipcport_message message = message_of(5);
	struct ipcport_delivery reply;
	struct ipcport_call args = {
		.message = (uintptr_t)&message, .reply = (uintptr_t)&reply, .flags = flags,
		.deadline_ns = has_deadline ? in_ms(50) : 0,
	};
	struct ipcport_stat stat;

	loner->phase = 1;
	LONER_ASSERT(loner, wait_until(loner->go));
	if (fd < 0)
		fd = dev_open();
	args.port = port_create(fd, 2);
	LONER_ASSERT(loner, (int64_t)args.port > 0);
	find_company(loner, fd, args.port);
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &tick, NULL);
	loner->ret = call_ioctl(fd, &args);
	loner->token = args.token;
	LONER_ASSERT(loner, !port_stat(fd, args.port, &stat));
	loner->nr_sent = stat.out_sent;
	_exit(0);
}

/* One who has the device open, and is nobody's parent or child here. */
static void *have_device(void *arg)
{
	struct loner *loner = arg;

	loner->phase += dev_open() >= 0 ? 2 : 100;
	hold_still();
}

TEST_F_TIMEOUT(deadlock, is_found_where_it_is_certain_and_nowhere_else, LONG_TIMEOUT)
{
	struct loner *loner = self->loner;
	uint32_t nr_sent = variant->company == RECEIVED_ONCE;
	int fd = -1;

	loner->company = variant->company;
	loner->socket = self->sockets[0];
	if (variant->company == FROM_PARENT)
		fd = dev_open();
	self->pids[0] = fork();
	if (!self->pids[0])
		loner_run(loner, fd, variant->flags, variant->has_deadline);
	ASSERT_TRUE(wait_until(loner->phase == 1));
	if (variant->company == OTHER_FILE) {
		self->pids[1] = child_start(have_device, loner);
		ASSERT_TRUE(wait_until(loner->phase == 3));
	}
	loner->go = 1;
	EXPECT_EQ(0, reap(self->pids[0]));
	self->pids[0] = 0;
	EXPECT_EQ(0, loner->error);
	EXPECT_EQ(variant->ret, loner->ret);
	/* where it is found, nothing has been done */
	EXPECT_EQ(nr_sent + (variant->ret != -EDEADLK), loner->nr_sent);
	EXPECT_EQ(variant->ret != -EDEADLK && variant->ret != -ETIMEDOUT, loner->token != 0);
	if (fd >= 0)
		close(fd);
}

TEST_HARNESS_MAIN
