// SPDX-License-Identifier: GPL-2.0
/*
 * The server's side of calls: receiving them, one by one and in batches, into good
 * memory and bad, and REPLY_RECV, which answers and receives in one system call.
 */
#include "process.h"
#include "call.h"

#include <stddef.h>

#define CAPACITY	8

/* A user who is nobody here. */
#define OTHER		2000

/* Below the program, where mmap() puts nothing. */
#define HOLE		((void *)0x200000)

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

FIXTURE(server) {
	int fd;
	int64_t port;
	struct ipcport_delivery got;
	pid_t pids[2];
};

typedef FIXTURE_DATA(server) server_data;

FIXTURE_SETUP(server)
{
	self->fd = dev_open();
	ASSERT_LE(0, self->fd);
	self->port = port_create(self->fd, CAPACITY);
	ASSERT_LT(0, self->port);
	memset(&self->got, POISON, sizeof(self->got));
	handle_signals(0);
}

FIXTURE_TEARDOWN(server)
{
	reap_all(self->pids, ARRAY_SIZE(self->pids));
	close(self->fd);
	EXPECT_TRUE(no_call_lives());
	EXPECT_TRUE(all_is_gone());
}

static int64_t submit(server_data *self, uint64_t value)
{
	return call_submit(self->fd, self->port, value, IPCPORT_CALL_F_NONBLOCK, 0);
}

static int64_t receive(server_data *self)
{
	return recv_call(self->fd, self->port, 0, FAR_AWAY);
}

static int answer(server_data *self, int64_t token, uint64_t value)
{
	return call_reply(self->fd, self->port, token, value, 0);
}

static int64_t collect(server_data *self, int64_t token)
{
	return call_collect(self->fd, self->port, token, 0, FAR_AWAY);
}

/* Check that nobody has answered a call, or taken it back. */
#define EXPECT_UNANSWERED(_token)						\
	EXPECT_EQ(-EAGAIN, call_collect(self->fd, self->port, _token,		\
					IPCPORT_CALL_F_NONBLOCK, 0))

/*
 * Receiving.
 */
TEST_F_TIMEOUT(server, receives_calls_in_batches_with_their_tokens, LONG_TIMEOUT)
{
	struct ipcport_delivery got[CAPACITY];
	int64_t tokens[CAPACITY];

	for (int i = 0; i < CAPACITY; i++) {
		tokens[i] = i % 3 ? submit(self, i) : send_nb(self->fd, self->port, i);
		ASSERT_LE(0, tokens[i]);
	}
	memset(got, POISON, sizeof(got));
	ASSERT_EQ(3, msg_recv(self->fd, self->port, got, 3, 0, 0));
	ASSERT_EQ(CAPACITY - 3, msg_recv(self->fd, self->port, got + 3, CAPACITY, 0, 0));
	for (int i = 0; i < CAPACITY; i++) {
		EXPECT_EQ(i, value_of(&got[i].message));
		EXPECT_EQ(tokens[i], got[i].info.token);
		EXPECT_EQ(0, got[i].info.flags);
	}
	for (int i = CAPACITY - 1; i >= 0; i--) {
		if (!tokens[i])
			continue;
		EXPECT_EQ(0, answer(self, tokens[i], 100 + i));
		EXPECT_EQ(100 + i, collect(self, tokens[i]));
	}
	EXPECT_IDLE(self->fd, self->port);
}

TEST_F_TIMEOUT(server, with_bad_memory_puts_a_call_back_to_be_answered_once, LONG_TIMEOUT)
{
	int64_t token = submit(self, 5);

	ASSERT_LT(0, token);
	for (int i = 0; i < 3; i++) {
		EXPECT_EQ(-EFAULT, msg_recv(self->fd, self->port, HOLE, 1, 0, FAR_AWAY));
		EXPECT_TRUE(has_calls(self->fd, self->port, 1, 1));
		/* it is in the queue, and nobody's to answer */
		EXPECT_EQ(-ENOENT, answer(self, token, 6));
		EXPECT_UNANSWERED(token);
	}
	EXPECT_EQ(token, receive(self));
	EXPECT_EQ(0, answer(self, token, 7));
	EXPECT_EQ(-ENOENT, answer(self, token, 8));
	EXPECT_EQ(7, collect(self, token));
	EXPECT_PORT(self->fd, self->port, 0, 1, 1);
}

TEST_F_TIMEOUT(server, waiting_with_bad_memory_puts_a_call_back, LONG_TIMEOUT)
{
	struct actor *actor = actor_start(&(struct actor) {
		.fd = self->fd, .port = self->port, .is_raw = true, .deliveries = HOLE,
	});
	int64_t token;

	ASSERT_TRUE(wait_for_receivers(self->fd, self->port, 1));
	token = submit(self, 5);
	ASSERT_LT(0, token);
	EXPECT_EQ(-EFAULT, actor_end(actor));
	EXPECT_TRUE(has_calls(self->fd, self->port, 1, 1));
	EXPECT_EQ(-ENOENT, answer(self, token, 6));
	EXPECT_EQ(token, receive(self));
	EXPECT_EQ(0, answer(self, token, 7));
	EXPECT_EQ(7, collect(self, token));
}

/* What could be stored is received, and the rest is not. */
TEST_F_TIMEOUT(server, with_half_bad_memory_has_half_of_the_calls, LONG_TIMEOUT)
{
	size_t page = sysconf(_SC_PAGESIZE);
	uint8_t *pages = shared_alloc(2 * page);
	struct ipcport_delivery *got = (void *)(pages + page - 2 * sizeof(*got));
	int64_t tokens[4];

	ASSERT_EQ(0, mprotect(pages + page, page, PROT_NONE));
	for (int i = 0; i < 4; i++)
		tokens[i] = submit(self, i);
	ASSERT_EQ(2, msg_recv(self->fd, self->port, got, 4, 0, 0));
	EXPECT_TRUE(has_calls(self->fd, self->port, 2, 4));
	for (int i = 0; i < 4; i++) {
		/* two were, two were not; in the end all are, in order */
		EXPECT_EQ(i < 2 ? 0 : -ENOENT, answer(self, tokens[i], 10 + i));
		if (i < 2)
			EXPECT_EQ(tokens[i], got[i].info.token);
	}
	for (int i = 2; i < 4; i++) {
		EXPECT_EQ(tokens[i], receive(self));
		EXPECT_EQ(0, answer(self, tokens[i], 10 + i));
	}
	for (int i = 0; i < 4; i++)
		EXPECT_EQ(10 + i, collect(self, tokens[i]));
	EXPECT_IDLE(self->fd, self->port);
}

TEST_F_TIMEOUT(server, that_puts_a_call_back_leaves_it_to_be_taken_back, LONG_TIMEOUT)
{
	int64_t token = submit(self, 5);

	EXPECT_EQ(-EFAULT, msg_recv(self->fd, self->port, HOLE, 1, 0, FAR_AWAY));
	EXPECT_EQ(IPCPORT_CALL_QUEUED, call_cancel(self->fd, token));
	EXPECT_EQ(-EAGAIN, recv_nb(self->fd, self->port));
	EXPECT_IDLE(self->fd, self->port);
}

/*
 * Both sides share a CPU and the caller is not preempted, so the receiver sleeps
 * until it has the call and its death.
 */
static int set_policy(int policy, int priority)
{
	struct sched_param param = { .sched_priority = priority };

	return sched_setscheduler(0, policy, &param) ? -errno : 0;
}

TEST_F_TIMEOUT(server, killed_before_it_could_look_gives_the_call_back, LONG_TIMEOUT)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(0, &one);
	ASSERT_EQ(0, sched_setaffinity(0, sizeof(one), &one));
	for (int i = 0; i < 10; i++) {
		struct actor *actor = receiver(self->fd, self->port, .is_child = true);
		int64_t token;

		ASSERT_TRUE(wait_for_receivers(self->fd, self->port, 1));
		if (set_policy(SCHED_FIFO, 50))
			SKIP(kill(actor->pid, SIGKILL); actor_end(actor); return, "only root may");
		token = submit(self, i);
		kill(actor->pid, SIGKILL);
		ASSERT_EQ(0, set_policy(SCHED_OTHER, 0));
		ASSERT_EQ(KILLED, actor_end(actor));
		ASSERT_TRUE(has_calls(self->fd, self->port, 1, 1));
		EXPECT_EQ(-ENOENT, answer(self, token, 6));
		ASSERT_EQ(token, receive(self));
		EXPECT_EQ(0, answer(self, token, i));
		EXPECT_EQ(i, collect(self, token));
	}
	EXPECT_IDLE(self->fd, self->port);
}

static bool has_sent(server_data *self, uint64_t nr)
{
	struct ipcport_stat stat;

	return !port_stat(self->fd, self->port, &stat) && stat.out_sent == nr;
}

/* Whenever it is killed: the next has the call, or its caller is told. */
TEST_F_TIMEOUT(server, killed_at_any_time_leaves_the_call_to_the_next_or_ends_it, LONG_TIMEOUT)
{
	int nr_left = 0, nr_ended = 0, time = 0;

	for (int i = 0; i < LESS_IN_32(200); i++) {
		struct actor *victim = receiver(self->fd, self->port, .is_child = true), *next;
		struct caller *caller;

		ASSERT_TRUE(wait_for_receivers(self->fd, self->port, 1));
		next = receiver(self->fd, self->port);
		ASSERT_TRUE(wait_for_receivers(self->fd, self->port, 2));
		caller = caller(self->fd, self->port, .value = i);
		for (volatile int spin = 0; spin < time; spin++)
			;
		kill(victim->pid, SIGKILL);
		actor_end(victim);
		ASSERT_TRUE(wait_until(has_sent(self, i + 1 + nr_ended)));
		if (has_waiters(self->fd, self->port, 0, 1)) {
			/* the victim had it, so it ends with the victim */
			ASSERT_EQ(-EPIPE, caller_end(caller));
			ASSERT_TRUE(is_error_reply(&caller->reply, EPIPE));
			ASSERT_EQ(0, send_nb(self->fd, self->port, 0));
			ASSERT_EQ(1, actor_end(next));
			nr_ended++;
			time -= time / 8;
		} else {
			ASSERT_EQ(1, actor_end(next));
			ASSERT_EQ(i, actor_value(next));
			ASSERT_EQ(0, answer(self, next->delivery.info.token, i + 1));
			ASSERT_EQ(0, caller_end(caller));
			ASSERT_EQ(i + 1, caller_value(caller));
			nr_left++;
			time += time / 4 + 500;
		}
		munmap(victim, sizeof(*victim));
		munmap(next, sizeof(*next));
		munmap(caller, sizeof(*caller));
	}
	TH_LOG("%d left to the next, %d ended", nr_left, nr_ended);
	EXPECT_IDLE(self->fd, self->port);
}

/*
 * REPLY_RECV.
 */

/* Answer @token, and receive into self->got; *@token is what came. */
static int reply_recv(server_data *self, uint64_t *token, uint64_t value, uint32_t *refused)
{
	memset(&self->got, POISON, sizeof(self->got));
	*refused = POISON;
	return call_reply_recv(self->fd, self->port, token, value, &self->got, 0, FAR_AWAY,
			       refused);
}

TEST_F_TIMEOUT(server, is_a_loop_around_reply_recv, LONG_TIMEOUT)
{
	int64_t tokens[3];
	uint64_t token = 0;
	uint32_t refused;

	for (int i = 0; i < 3; i++)
		tokens[i] = submit(self, i);
	ASSERT_EQ(0, send_nb(self->fd, self->port, 3));
	for (int i = 0; i < 3; i++) {
		EXPECT_EQ(0, reply_recv(self, &token, 9 + i, &refused));
		EXPECT_EQ(0, refused);
		EXPECT_EQ(tokens[i], token);
		EXPECT_EQ(tokens[i], self->got.info.token);
		EXPECT_EQ(i, value_of(&self->got.message));
		if (i)
			EXPECT_EQ(9 + i, collect(self, tokens[i - 1]));
		EXPECT_UNANSWERED(tokens[i]);
	}
	/* a one-way message is not to be answered */
	EXPECT_EQ(0, reply_recv(self, &token, 12, &refused));
	EXPECT_EQ(0, refused);
	EXPECT_EQ(0, token);
	EXPECT_EQ(0, self->got.info.token);
	EXPECT_EQ(3, value_of(&self->got.message));
	EXPECT_EQ(12, collect(self, tokens[2]));
	EXPECT_IDLE(self->fd, self->port);
}

TEST_F_TIMEOUT(server, passes_on_the_status_of_an_answer, LONG_TIMEOUT)
{
	struct ipcport_message message = message_of(6);
	struct caller *caller = caller(self->fd, self->port);
	struct ipcport_reply_recv args = {
		.port = self->port, .token = receive(self), .message = (uintptr_t)&message,
		.delivery = (uintptr_t)&self->got, .status = INT32_MIN,
		.flags = IPCPORT_REPLY_RECV_F_NONBLOCK,
	};

	EXPECT_EQ(-EAGAIN, xioctl(self->fd, IPCPORT_IOC_CALL_REPLY_RECV, &args));
	EXPECT_EQ(0, caller_end(caller));
	EXPECT_EQ(INT32_MIN, caller->args.out_status);
	EXPECT_EQ(6, caller_value(caller));
	EXPECT_EQ(thread_id(), caller->reply.info.tid);
	EXPECT_EQ(getpid(), caller->reply.info.pid);
	EXPECT_EQ(0, caller->reply.info.seq);
}

TEST_F_TIMEOUT(server, whose_answer_nobody_waits_for_receives_all_the_same, LONG_TIMEOUT)
{
	const uint64_t wrong[] = { ~0ULL, 1ULL << 63 };
	int64_t used = submit(self, 1);
	uint64_t token;
	uint32_t refused;

	ASSERT_EQ(used, receive(self));
	EXPECT_EQ(IPCPORT_CALL_RECEIVED, call_cancel(self->fd, used));
	for (size_t i = 0; i <= ARRAY_SIZE(wrong); i++) {
		int64_t next = submit(self, i);

		token = i < ARRAY_SIZE(wrong) ? wrong[i] : (uint64_t)used;
		EXPECT_EQ(0, reply_recv(self, &token, 7, &refused));
		EXPECT_EQ(ENOENT, refused);
		EXPECT_EQ(next, token);
		EXPECT_EQ(i, value_of(&self->got.message));
		EXPECT_UNANSWERED(next);
		EXPECT_EQ(0, answer(self, next, i + 50));
		EXPECT_EQ(i + 50, collect(self, next));
	}
	EXPECT_IDLE(self->fd, self->port);
}

TEST_F_TIMEOUT(server, that_cannot_store_what_comes_has_answered_all_the_same, LONG_TIMEOUT)
{
	struct ipcport_message message = message_of(6);
	int64_t first = submit(self, 1), second = submit(self, 2);
	struct ipcport_reply_recv args = {
		.port = self->port, .token = first, .message = (uintptr_t)&message,
		.delivery = (uintptr_t)HOLE, .out_reply_errno = POISON,
	};

	ASSERT_EQ(first, receive(self));
	EXPECT_EQ(-EFAULT, xioctl(self->fd, IPCPORT_IOC_CALL_REPLY_RECV, &args));
	EXPECT_EQ(0, args.token);
	EXPECT_EQ(0, args.out_reply_errno);
	EXPECT_EQ(6, collect(self, first));
	EXPECT_TRUE(has_calls(self->fd, self->port, 1, 1));
	EXPECT_EQ(-ENOENT, answer(self, second, 7));
	EXPECT_EQ(second, receive(self));
	EXPECT_EQ(0, answer(self, second, 8));
	EXPECT_EQ(8, collect(self, second));
}

TEST_F_TIMEOUT(server, that_does_not_wait_or_not_long_has_answered, LONG_TIMEOUT)
{
	static const struct {
		uint32_t flags, ms;
		int ret;
	} tries[] = {
		{ IPCPORT_REPLY_RECV_F_NONBLOCK, 0, -EAGAIN },
		{ 0, 0, -ETIMEDOUT },
		{ 0, 20, -ETIMEDOUT },
	};

	for (size_t i = 0; i < ARRAY_SIZE(tries); i++) {
		int64_t first = submit(self, 1);
		uint64_t token = first;
		uint32_t refused = POISON;

		ASSERT_EQ(first, receive(self));
		EXPECT_EQ(tries[i].ret, call_reply_recv(self->fd, self->port, &token, 6, &self->got,
							tries[i].flags, in_ms(tries[i].ms),
							&refused));
		EXPECT_EQ(0, token);
		EXPECT_EQ(0, refused);
		EXPECT_EQ(6, collect(self, first));
		EXPECT_TRUE(is_poisoned(&self->got));
	}
	EXPECT_PORT(self->fd, self->port, 0, 3, 3);
}

TEST_F_TIMEOUT(server, on_a_nonblocking_file_does_not_wait, LONG_TIMEOUT)
{
	int64_t first = submit(self, 1);
	uint64_t token = first;
	uint32_t refused;

	ASSERT_EQ(0, fcntl(self->fd, F_SETFL, O_NONBLOCK));
	ASSERT_EQ(first, receive(self));
	EXPECT_EQ(-EAGAIN, reply_recv(self, &token, 6, &refused));
	EXPECT_EQ(0, token);
	EXPECT_EQ(0, refused);
	EXPECT_EQ(6, collect(self, first));
}

/* Who may not receive may not answer either, and is told so. */
TEST_F_TIMEOUT(server, that_may_not_receive_answers_nothing, LONG_TIMEOUT)
{
	int64_t token;

	self->port = port_create_as(self->fd, 1, 0622, 0);
	token = submit(self, 1);
	ASSERT_EQ(token, receive(self));
	self->pids[0] = fork();
	if (!self->pids[0]) {
		uint64_t answered = token;
		uint32_t refused;
		int ret;

		if (become(OTHER, OTHER, OTHER))
			_exit(255);
		ret = reply_recv(self, &answered, 6, &refused);
		_exit(answered == (uint64_t)token ? -ret : 254);
	}
	EXPECT_EQ(EACCES, reap(self->pids[0]));
	self->pids[0] = 0;
	EXPECT_UNANSWERED(token);
	EXPECT_EQ(0, answer(self, token, 7));
	EXPECT_EQ(7, collect(self, token));
}

TEST_F_TIMEOUT(server, whose_port_ends_is_told_so, LONG_TIMEOUT)
{
	struct server *server = server(self->fd, self->port);

	ASSERT_TRUE(wait_for_receivers(self->fd, self->port, 1));
	EXPECT_EQ(answer_to(4), call_value(self->fd, self->port, 4, 0, FAR_AWAY));
	ASSERT_TRUE(wait_for_receivers(self->fd, self->port, 1));
	EXPECT_EQ(0, port_destroy(self->fd, self->port));
	EXPECT_EQ(-EPIPE, server_end(server));
	EXPECT_EQ(1, server->nr_calls);
	EXPECT_EQ(0, server->nr_refused);
}

/*
 * Signals. One REPLY_RECV in a thread, that answers a call and then waits.
 */
struct waiter {
	server_data *test;
	pthread_t thread;
	uint64_t token;
	uint32_t refused;
	int ret;
};

static void *waiter_run(void *arg)
{
	struct waiter *waiter = arg;

	waiter->ret = reply_recv(waiter->test, &waiter->token, 6, &waiter->refused);
	return NULL;
}

/* Let a thread answer a new call, and wait: the call, or 0. */
static int64_t waiter_start(struct waiter *waiter, server_data *self)
{
	int64_t token = submit(self, 1);

	*waiter = (struct waiter) { .test = self, .token = token };
	if (receive(self) != token || thread_start(&waiter->thread, waiter_run, waiter))
		return 0;
	return wait_for_receivers(self->fd, self->port, 1) ? token : 0;
}

static bool interrupt(struct waiter *waiter)
{
	int before = nr_signals;

	pthread_kill(waiter->thread, SIGUSR1);
	return wait_until(nr_signals != before);
}

TEST_F_TIMEOUT(server, that_is_interrupted_has_answered, LONG_TIMEOUT)
{
	struct waiter waiter;
	int64_t first = waiter_start(&waiter, self);

	ASSERT_LT(0, first);
	EXPECT_EQ(6, collect(self, first));
	ASSERT_TRUE(interrupt(&waiter));
	pthread_join(waiter.thread, NULL);
	EXPECT_EQ(-EINTR, waiter.ret);
	EXPECT_EQ(0, waiter.token);
	EXPECT_EQ(0, waiter.refused);
	EXPECT_TRUE(is_poisoned(&self->got));
	EXPECT_PORT(self->fd, self->port, 0, 1, 1);
}

TEST_F_TIMEOUT(server, that_is_restarted_does_not_answer_twice, LONG_TIMEOUT)
{
	struct waiter waiter;
	int64_t first, second;

	handle_signals(SA_RESTART);
	first = waiter_start(&waiter, self);
	ASSERT_LT(0, first);
	for (int i = 0; i < 10; i++) {
		ASSERT_TRUE(interrupt(&waiter));
		ASSERT_TRUE(wait_for_receivers(self->fd, self->port, 1));
	}
	EXPECT_EQ(6, collect(self, first));
	second = submit(self, 2);
	pthread_join(waiter.thread, NULL);
	EXPECT_EQ(0, waiter.ret);
	EXPECT_EQ(second, waiter.token);
	/* a second answer would have been refused */
	EXPECT_EQ(0, waiter.refused);
	EXPECT_EQ(2, value_of(&self->got.message));
	EXPECT_EQ(0, answer(self, second, 3));
	EXPECT_EQ(3, collect(self, second));
}

TEST_F_TIMEOUT(server, that_is_restarted_still_knows_that_its_answer_was_refused, LONG_TIMEOUT)
{
	struct waiter waiter = { .test = self, .token = ~0ULL };
	int64_t next;

	handle_signals(SA_RESTART);
	ASSERT_EQ(0, thread_start(&waiter.thread, waiter_run, &waiter));
	ASSERT_TRUE(wait_for_receivers(self->fd, self->port, 1));
	ASSERT_TRUE(interrupt(&waiter));
	ASSERT_TRUE(wait_for_receivers(self->fd, self->port, 1));
	next = submit(self, 2);
	pthread_join(waiter.thread, NULL);
	EXPECT_EQ(0, waiter.ret);
	EXPECT_EQ(next, waiter.token);
	EXPECT_EQ(ENOENT, waiter.refused);
	EXPECT_EQ(0, answer(self, next, 3));
	EXPECT_EQ(3, collect(self, next));
}

TEST_F_TIMEOUT(server, that_is_stopped_and_continued_goes_on, LONG_TIMEOUT)
{
	struct server *server = server(self->fd, self->port, .is_child = true);
	int status;

	for (int i = 0; i < 5; i++) {
		ASSERT_EQ(answer_to(i), call_value(self->fd, self->port, i, 0, FAR_AWAY));
		ASSERT_TRUE(wait_for_receivers(self->fd, self->port, 1));
		kill(server->pid, SIGSTOP);
		ASSERT_EQ(server->pid, waitpid(server->pid, &status, WUNTRACED));
		ASSERT_TRUE(WIFSTOPPED(status));
		kill(server->pid, SIGCONT);
	}
	EXPECT_EQ(answer_to(7), call_value(self->fd, self->port, 7, 0, FAR_AWAY));
	EXPECT_EQ(6, server->nr_calls);
	EXPECT_EQ(0, server->nr_refused);
	kill(server->pid, SIGKILL);
	server_end(server);
	EXPECT_PORT(self->fd, self->port, 0, 6, 6);
}

/*
 * One system call for each request: all those of a server are counted, by stopping
 * it whenever it enters or leaves one.
 */
#define NR_REQUESTS	LESS_IN_32(1000)

struct census {
	pid_t pid;
	int nr_reply_recv;
	int nr_others;
};

/* Note a stop; returns whether it was the server's last. */
static bool census_step(struct census *census, int status)
{
	struct __ptrace_syscall_info info;
	int signal = WSTOPSIG(status);

	if (!WIFSTOPPED(status))
		return false;
	if (signal == (SIGTRAP | 0x80)) {
		ptrace(PTRACE_GET_SYSCALL_INFO, census->pid, sizeof(info), &info);
		if (info.op == PTRACE_SYSCALL_INFO_ENTRY) {
			if (info.entry.nr == SYS_ioctl &&
			    info.entry.args[1] == IPCPORT_IOC_CALL_REPLY_RECV)
				census->nr_reply_recv++;
			else
				census->nr_others++;
		}
		signal = 0;
	} else if (status >> 16) {
		/* a stop of ours, not a signal */
		signal = 0;
	}
	return !ptrace(PTRACE_SYSCALL, census->pid, 0, signal);
}

static void *census_client(void *arg)
{
	server_data *self = arg;

	for (int i = 0; i < NR_REQUESTS; i++)
		if (call_value(self->fd, self->port, i, 0, FAR_AWAY) != answer_to(i))
			_exit(1);
	return NULL;
}

TEST_F_TIMEOUT(server, makes_one_system_call_for_each_request, LONG_TIMEOUT)
{
	struct server *server = server(self->fd, self->port, .is_child = true);
	struct census census = { .pid = server->pid };
	int status;
	pid_t pid;

	/* it waits in its first REPLY_RECV */
	self->pids[1] = server->pid;
	ASSERT_TRUE(wait_for_receivers(self->fd, self->port, 1));
	ASSERT_EQ(0, ptrace(PTRACE_SEIZE, server->pid, 0, PTRACE_O_TRACESYSGOOD));
	ASSERT_EQ(0, ptrace(PTRACE_INTERRUPT, server->pid, 0, 0));
	ASSERT_EQ(server->pid, waitpid(server->pid, &status, 0));
	ASSERT_TRUE(census_step(&census, status));
	/* and in it again, as it was interrupted */
	while (census.nr_reply_recv < 1) {
		ASSERT_EQ(server->pid, waitpid(server->pid, &status, 0));
		ASSERT_TRUE(census_step(&census, status));
	}
	ASSERT_TRUE(wait_for_receivers(self->fd, self->port, 1));

	self->pids[0] = child_start(census_client, self);
	while ((pid = waitpid(-1, &status, 0)) == server->pid)
		ASSERT_TRUE(census_step(&census, status));
	EXPECT_EQ(self->pids[0], pid);
	EXPECT_EQ(0, status);
	self->pids[0] = 0;
	/* one for each, and the first, which answered nothing */
	EXPECT_EQ(NR_REQUESTS + 1, census.nr_reply_recv);
	EXPECT_EQ(0, census.nr_others);
	EXPECT_EQ(NR_REQUESTS, server->nr_calls);
	TH_LOG("%d requests, %d system calls", NR_REQUESTS, census.nr_reply_recv);
}

TEST_HARNESS_MAIN
