// SPDX-License-Identifier: GPL-2.0
/*
 * Waiting in a port: for a message, for space, until a deadline, a signal or the
 * end; in line, and what becomes of the line when somebody in it leaves.
 *
 * Who comes first is never left to chance: the next waiter starts only when STAT
 * counts the one before.
 */
#define _GNU_SOURCE
#include <limits.h>
#include <sched.h>
#include <sys/resource.h>

#include "actor.h"

#define TIMEOUT		300
#define CAPACITY	2
#define FAR		in_ms(PATIENCE * 1000)

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

FIXTURE(wait) {
	int fd;
	int64_t port;
};

FIXTURE_SETUP(wait)
{
	self->fd = dev_open();
	ASSERT_LE(0, self->fd);
	self->port = port_create(self->fd, CAPACITY);
	ASSERT_LT(0, self->port);
	handle_signals(0);
}

FIXTURE_TEARDOWN(wait)
{
	close(self->fd);
	EXPECT_TRUE(nothing_lives());
}

/* Two messages, 1 and 2: the port is full. */
static int fill(int fd, uint64_t port)
{
	return send_values(fd, port, 1, CAPACITY, IPCPORT_SEND_F_NONBLOCK, 0);
}

/* The state of a port in which so many senders wait. */
#define EXPECT_PORT_WAITED(_depth, _sent, _received, _senders) do {		\
	struct ipcport_stat _stat;						\
										\
	EXPECT_EQ(0, port_stat(self->fd, self->port, &_stat));			\
	EXPECT_EQ(_depth, _stat.out_depth);					\
	EXPECT_EQ(_sent, _stat.out_sent);					\
	EXPECT_EQ(_received, _stat.out_received);				\
	EXPECT_EQ(_senders, _stat.out_senders);					\
} while (0)

TEST_F_TIMEOUT(wait, a_sender_waits_for_space, TIMEOUT)
{
	struct actor *actor;

	ASSERT_EQ(CAPACITY, fill(self->fd, self->port));
	actor = sender(self->fd, self->port, 3);
	ASSERT_TRUE(wait_for_senders(self->fd, self->port, 1));
	EXPECT_FALSE(actor->is_done);
	EXPECT_EQ(1, recv_nb(self->fd, self->port));
	EXPECT_EQ(1, actor_end(actor));
	EXPECT_PORT(self->fd, self->port, 2, 3, 1);
	EXPECT_EQ(2, recv_nb(self->fd, self->port));
	EXPECT_EQ(3, recv_nb(self->fd, self->port));
}

TEST_F_TIMEOUT(wait, a_receiver_waits_for_a_message, TIMEOUT)
{
	struct actor *actor = receiver(self->fd, self->port);

	ASSERT_TRUE(wait_for_receivers(self->fd, self->port, 1));
	EXPECT_FALSE(actor->is_done);
	EXPECT_EQ(0, send_nb(self->fd, self->port, 9));
	EXPECT_EQ(1, actor_end(actor));
	EXPECT_EQ(9, actor_value(actor));
	EXPECT_EQ(1, actor->delivery.info.seq);
	EXPECT_PORT(self->fd, self->port, 0, 1, 1);
}

/* Direct hand-off: nobody who comes later can take what a receiver waited for. */
TEST_F_TIMEOUT(wait, a_message_for_a_waiting_receiver_is_never_in_the_queue, TIMEOUT)
{
	for (int i = 0; i < LESS_IN_32(100); i++) {
		struct actor *actor = receiver(self->fd, self->port);

		ASSERT_TRUE(wait_for_receivers(self->fd, self->port, 1));
		EXPECT_EQ(0, send_nb(self->fd, self->port, i));
		EXPECT_EQ(-EAGAIN, recv_nb(self->fd, self->port));
		EXPECT_EQ(1, actor_end(actor));
		EXPECT_EQ(i, actor_value(actor));
	}
}

/* The same the other way: space that a receiver makes is the first sender's. */
TEST_F_TIMEOUT(wait, space_for_a_waiting_sender_is_never_free, TIMEOUT)
{
	uint64_t next = 1;

	ASSERT_EQ(CAPACITY, fill(self->fd, self->port));
	for (int i = 0; i < LESS_IN_32(100); i++) {
		struct actor *actor = sender(self->fd, self->port, next + CAPACITY);

		ASSERT_TRUE(wait_for_senders(self->fd, self->port, 1));
		EXPECT_EQ(next++, recv_nb(self->fd, self->port));
		EXPECT_EQ(-EAGAIN, send_nb(self->fd, self->port, 12345));
		EXPECT_EQ(1, actor_end(actor));
	}
}

TEST_F_TIMEOUT(wait, nobody_waits_with_the_flag, TIMEOUT)
{
	EXPECT_EQ(-EAGAIN, recv_value(self->fd, self->port, IPCPORT_RECV_F_NONBLOCK, FAR));
	EXPECT_EQ(-EAGAIN, recv_value(self->fd, self->port, IPCPORT_RECV_F_NONBLOCK, 1));
	EXPECT_PORT(self->fd, self->port, 0, 0, 0);
	ASSERT_EQ(CAPACITY, fill(self->fd, self->port));
	EXPECT_EQ(-EAGAIN, send_value(self->fd, self->port, 3, IPCPORT_SEND_F_NONBLOCK, FAR));
	EXPECT_EQ(-EAGAIN, send_value(self->fd, self->port, 3, IPCPORT_SEND_F_NONBLOCK, 1));
	EXPECT_PORT(self->fd, self->port, 2, 2, 0);
}

TEST_F_TIMEOUT(wait, nobody_waits_on_a_nonblocking_file, TIMEOUT)
{
	ASSERT_EQ(0, fcntl(self->fd, F_SETFL, O_NONBLOCK));
	EXPECT_EQ(-EAGAIN, recv_value(self->fd, self->port, 0, 0));
	ASSERT_EQ(CAPACITY, fill(self->fd, self->port));
	EXPECT_EQ(-EAGAIN, send_value(self->fd, self->port, 3, 0, 0));
	EXPECT_PORT(self->fd, self->port, 2, 2, 0);
	ASSERT_EQ(0, fcntl(self->fd, F_SETFL, 0));
	EXPECT_EQ(-ETIMEDOUT, send_value(self->fd, self->port, 3, 0, in_ms(1)));
}

TEST_F_TIMEOUT(wait, nobody_gives_up_before_the_deadline, TIMEOUT)
{
	static const int waits[] = { 1, 20, 100 };
	uint64_t deadline;

	for (size_t i = 0; i < ARRAY_SIZE(waits); i++) {
		deadline = in_ms(waits[i]);
		EXPECT_EQ(-ETIMEDOUT, recv_value(self->fd, self->port, 0, deadline));
		EXPECT_LE(deadline, now_ns());
	}
	EXPECT_PORT(self->fd, self->port, 0, 0, 0);
	ASSERT_EQ(CAPACITY, fill(self->fd, self->port));
	for (size_t i = 0; i < ARRAY_SIZE(waits); i++) {
		deadline = in_ms(waits[i]);
		EXPECT_EQ(-ETIMEDOUT, send_value(self->fd, self->port, 3, 0, deadline));
		EXPECT_LE(deadline, now_ns());
	}
	EXPECT_PORT(self->fd, self->port, 2, 2, 0);
}

TEST_F_TIMEOUT(wait, a_deadline_in_the_past_ends_a_wait_at_once, TIMEOUT)
{
	const uint64_t past[] = { 1, now_ns() - 1, now_ns() };

	for (size_t i = 0; i < ARRAY_SIZE(past); i++)
		EXPECT_EQ(-ETIMEDOUT, recv_value(self->fd, self->port, 0, past[i]));
	EXPECT_PORT(self->fd, self->port, 0, 0, 0);
	ASSERT_EQ(CAPACITY, fill(self->fd, self->port));
	for (size_t i = 0; i < ARRAY_SIZE(past); i++)
		EXPECT_EQ(-ETIMEDOUT, send_value(self->fd, self->port, 3, 0, past[i]));
	EXPECT_PORT(self->fd, self->port, 2, 2, 0);
}

TEST_F_TIMEOUT(wait, what_is_possible_is_done_after_the_deadline, TIMEOUT)
{
	struct ipcport_delivery got[3];

	EXPECT_EQ(0, send_value(self->fd, self->port, 7, 0, 1));
	EXPECT_EQ(7, recv_value(self->fd, self->port, 0, 1));
	EXPECT_PORT(self->fd, self->port, 0, 1, 1);
	/* as much of a batch as is possible */
	EXPECT_EQ(2, send_values(self->fd, self->port, 8, 3, 0, 1));
	EXPECT_EQ(2, msg_recv(self->fd, self->port, got, 3, 0, 1));
	EXPECT_PORT(self->fd, self->port, 0, 3, 3);
}

TEST_F_TIMEOUT(wait, a_deadline_may_be_as_far_as_numbers_go, TIMEOUT)
{
	const uint64_t far[] = { UINT64_MAX, INT64_MAX, INT64_MAX - 1, 1ULL << 63 };

	for (size_t i = 0; i < ARRAY_SIZE(far); i++) {
		struct actor *actor = receiver(self->fd, self->port, .deadline_ns = far[i]);

		ASSERT_TRUE(wait_for_receivers(self->fd, self->port, 1));
		EXPECT_EQ(0, send_nb(self->fd, self->port, i));
		EXPECT_EQ(1, actor_end(actor));
		EXPECT_EQ(i, actor_value(actor));
	}
}

TEST_F_TIMEOUT(wait, a_deadline_that_is_not_reached_changes_nothing, TIMEOUT)
{
	struct actor *actor = receiver(self->fd, self->port);

	ASSERT_TRUE(wait_for_receivers(self->fd, self->port, 1));
	EXPECT_EQ(0, send_nb(self->fd, self->port, 1));
	EXPECT_EQ(1, actor_end(actor));
	ASSERT_EQ(CAPACITY, fill(self->fd, self->port));
	actor = sender(self->fd, self->port, 3);
	ASSERT_TRUE(wait_for_senders(self->fd, self->port, 1));
	EXPECT_EQ(1, recv_nb(self->fd, self->port));
	EXPECT_EQ(1, actor_end(actor));
}

/*
 * Signals. The handler runs in the waiting thread.
 */
TEST_F_TIMEOUT(wait, a_signal_ends_a_wait_with_eintr, TIMEOUT)
{
	struct actor *actor = receiver(self->fd, self->port);

	ASSERT_TRUE(wait_for_receivers(self->fd, self->port, 1));
	EXPECT_EQ(0, pthread_kill(actor->thread, SIGUSR1));
	EXPECT_EQ(-EINTR, actor_end(actor));
	EXPECT_TRUE(is_poisoned(&actor->delivery));
	EXPECT_PORT(self->fd, self->port, 0, 0, 0);

	ASSERT_EQ(CAPACITY, fill(self->fd, self->port));
	actor = sender(self->fd, self->port, 3);
	ASSERT_TRUE(wait_for_senders(self->fd, self->port, 1));
	EXPECT_EQ(0, pthread_kill(actor->thread, SIGUSR1));
	EXPECT_EQ(-EINTR, actor_end(actor));
	EXPECT_PORT(self->fd, self->port, 2, 2, 0);
	EXPECT_EQ(2, nr_signals);
}

/* Send a signal, and wait until the handler has run. */
static bool interrupt(struct actor *actor)
{
	int before = nr_signals;

	pthread_kill(actor->thread, SIGUSR1);
	return wait_until(nr_signals != before);
}

TEST_F_TIMEOUT(wait, a_receive_is_restarted_if_the_handler_says_so, TIMEOUT)
{
	struct actor *actor;

	handle_signals(SA_RESTART);
	actor = receiver(self->fd, self->port);
	for (int i = 0; i < 10; i++) {
		ASSERT_TRUE(wait_for_receivers(self->fd, self->port, 1));
		ASSERT_TRUE(interrupt(actor));
	}
	ASSERT_TRUE(wait_for_receivers(self->fd, self->port, 1));
	EXPECT_FALSE(actor->is_done);
	EXPECT_EQ(0, send_nb(self->fd, self->port, 4));
	EXPECT_EQ(1, actor_end(actor));
	EXPECT_EQ(4, actor_value(actor));
	EXPECT_PORT(self->fd, self->port, 0, 1, 1);
}

TEST_F_TIMEOUT(wait, a_restarted_send_sends_once, TIMEOUT)
{
	struct actor *actor;

	handle_signals(SA_RESTART);
	ASSERT_EQ(CAPACITY, fill(self->fd, self->port));
	actor = sender(self->fd, self->port, 3);
	for (int i = 0; i < 10; i++) {
		ASSERT_TRUE(wait_for_senders(self->fd, self->port, 1));
		ASSERT_TRUE(interrupt(actor));
	}
	ASSERT_TRUE(wait_for_senders(self->fd, self->port, 1));
	EXPECT_FALSE(actor->is_done);
	for (int value = 1; value <= 3; value++)
		EXPECT_EQ(value, recv_value(self->fd, self->port, 0, FAR));
	EXPECT_EQ(1, actor_end(actor));
	EXPECT_EQ(-EAGAIN, recv_nb(self->fd, self->port));
	EXPECT_PORT(self->fd, self->port, 0, 3, 3);
}

/* Were the deadline counted anew with each restart, this would never end. */
TEST_F_TIMEOUT(wait, a_restart_does_not_extend_the_deadline, TIMEOUT)
{
	handle_signals(SA_RESTART);
	for (int is_sender = 0; is_sender < 2; is_sender++) {
		uint64_t deadline = in_ms(500);
		struct actor *actor;

		if (is_sender)
			ASSERT_EQ(CAPACITY, fill(self->fd, self->port));
		actor = actor_start(&(struct actor) {
			.fd = self->fd, .port = self->port, .is_sender = is_sender,
			.deadline_ns = deadline, .value = 3,
		});
		nr_signals = 0;
		EXPECT_TRUE(wait_until(actor->is_done || pthread_kill(actor->thread, SIGUSR1)));
		EXPECT_EQ(-ETIMEDOUT, actor_end(actor));
		EXPECT_LT(2, nr_signals);
		EXPECT_LE(deadline, actor->end_ns);
	}
	EXPECT_PORT(self->fd, self->port, 2, 2, 0);
}

/*
 * The message is the receiver's before the signal is sent, so the signal comes
 * too late to be reported, however soon it comes.
 */
TEST_F_TIMEOUT(wait, a_signal_after_the_hand_off_does_not_undo_a_receive, TIMEOUT)
{
	for (int i = 0; i < LESS_IN_32(200); i++) {
		struct actor *actor = receiver(self->fd, self->port);

		ASSERT_TRUE(wait_for_receivers(self->fd, self->port, 1));
		ASSERT_EQ(0, send_nb(self->fd, self->port, i));
		pthread_kill(actor->thread, SIGUSR1);
		ASSERT_EQ(1, actor_end(actor));
		ASSERT_EQ(i, actor_value(actor));
		EXPECT_PORT(self->fd, self->port, 0, i + 1, i + 1);
	}
}

TEST_F_TIMEOUT(wait, a_signal_after_the_hand_off_does_not_undo_a_send, TIMEOUT)
{
	ASSERT_EQ(CAPACITY, fill(self->fd, self->port));
	for (int i = 1; i <= LESS_IN_32(200); i++) {
		struct actor *actor = sender(self->fd, self->port, i + CAPACITY);

		ASSERT_TRUE(wait_for_senders(self->fd, self->port, 1));
		ASSERT_EQ(i, recv_nb(self->fd, self->port));
		pthread_kill(actor->thread, SIGUSR1);
		ASSERT_EQ(1, actor_end(actor));
		EXPECT_PORT(self->fd, self->port, 2, i + 2, i);
	}
}

/* Both at once: either it was received and reported, or it is still there. */
TEST_F_TIMEOUT(wait, a_signal_that_races_a_message_loses_neither, TIMEOUT)
{
	int nr_received = 0;

	for (int i = 1; i <= LESS_IN_32(300); i++) {
		struct actor *actor = receiver(self->fd, self->port);
		int ret;

		ASSERT_TRUE(wait_for_receivers(self->fd, self->port, 1));
		pthread_kill(actor->thread, SIGUSR1);
		for (volatile int spin = 0; spin < i % 50 * 100; spin++)
			;
		ASSERT_EQ(0, send_nb(self->fd, self->port, i));
		ret = actor_end(actor);
		if (ret == 1) {
			nr_received++;
			ASSERT_EQ(i, actor_value(actor));
		} else {
			ASSERT_EQ(-EINTR, ret);
			ASSERT_TRUE(is_poisoned(&actor->delivery));
			ASSERT_EQ(i, recv_nb(self->fd, self->port));
		}
		EXPECT_PORT(self->fd, self->port, 0, i, i);
	}
	TH_LOG("the message was faster %d times of %d", nr_received, (int)LESS_IN_32(300));
}

TEST_F_TIMEOUT(wait, a_partly_sent_batch_is_reported_at_a_signal, TIMEOUT)
{
	struct actor *actor = sender(self->fd, self->port, 1, .count = 10);

	ASSERT_TRUE(wait_for_senders(self->fd, self->port, 1));
	ASSERT_EQ(1, recv_nb(self->fd, self->port));
	ASSERT_TRUE(wait_for_senders(self->fd, self->port, 1));
	EXPECT_PORT_WAITED(2, 3, 1, 1);
	pthread_kill(actor->thread, SIGUSR1);
	EXPECT_EQ(3, actor_end(actor));
	EXPECT_PORT(self->fd, self->port, 2, 3, 1);
}

TEST_F_TIMEOUT(wait, a_partly_sent_batch_is_reported_at_the_deadline, TIMEOUT)
{
	struct actor *actor = sender(self->fd, self->port, 1, .count = 10,
				     .deadline_ns = in_ms(300));

	EXPECT_EQ(2, actor_end(actor));
	EXPECT_LE(actor->deadline_ns, actor->end_ns);
	EXPECT_PORT(self->fd, self->port, 2, 2, 0);
}

TEST_F_TIMEOUT(wait, a_killed_sender_leaves_what_went_in_and_no_more, TIMEOUT)
{
	struct actor *actor = sender(self->fd, self->port, 1, .count = 10, .is_child = true);

	ASSERT_TRUE(wait_for_senders(self->fd, self->port, 1));
	ASSERT_EQ(1, recv_nb(self->fd, self->port));
	EXPECT_PORT_WAITED(2, 3, 1, 1);
	EXPECT_EQ(0, kill(actor->pid, SIGKILL));
	EXPECT_EQ(KILLED, actor_end(actor));
	EXPECT_PORT(self->fd, self->port, 2, 3, 1);
	EXPECT_EQ(2, recv_nb(self->fd, self->port));
	EXPECT_EQ(3, recv_nb(self->fd, self->port));
	EXPECT_EQ(-EAGAIN, recv_nb(self->fd, self->port));
}

/* The rest of its batch goes nowhere, and who is behind it moves up. */
TEST_F_TIMEOUT(wait, the_next_sender_takes_the_place_of_a_killed_one, TIMEOUT)
{
	struct actor *first = sender(self->fd, self->port, 1, .count = 10, .is_child = true);
	struct actor *second;

	ASSERT_TRUE(wait_for_senders(self->fd, self->port, 1));
	second = sender(self->fd, self->port, 100, .count = 2);
	ASSERT_TRUE(wait_for_senders(self->fd, self->port, 2));
	kill(first->pid, SIGKILL);
	EXPECT_EQ(KILLED, actor_end(first));
	EXPECT_PORT_WAITED(2, 2, 0, 1);
	EXPECT_EQ(1, recv_nb(self->fd, self->port));
	EXPECT_EQ(2, recv_nb(self->fd, self->port));
	EXPECT_EQ(2, actor_end(second));
	EXPECT_EQ(100, recv_nb(self->fd, self->port));
	EXPECT_EQ(101, recv_nb(self->fd, self->port));
}

/*
 * Wake-ups.
 */
TEST_F_TIMEOUT(wait, one_message_wakes_one_receiver, TIMEOUT)
{
	enum { NR = 4 };
	struct actor *actors[NR];

	for (int i = 0; i < NR; i++) {
		actors[i] = receiver(self->fd, self->port);
		ASSERT_TRUE(wait_for_receivers(self->fd, self->port, i + 1));
	}
	for (int i = 0; i < NR; i++) {
		EXPECT_EQ(0, send_nb(self->fd, self->port, i));
		EXPECT_EQ(1, actor_end(actors[i]));
		EXPECT_EQ(i, actor_value(actors[i]));
		EXPECT_TRUE(has_waiters(self->fd, self->port, 0, NR - 1 - i));
		for (int k = i + 1; k < NR; k++)
			EXPECT_FALSE(actors[k]->is_done);
	}
}

TEST_F_TIMEOUT(wait, a_batch_wakes_as_many_receivers_as_it_has_messages, TIMEOUT)
{
	enum { NR = 6, SENT = 4 };
	struct actor *actors[NR];

	for (int i = 0; i < NR; i++) {
		actors[i] = receiver(self->fd, self->port);
		ASSERT_TRUE(wait_for_receivers(self->fd, self->port, i + 1));
	}
	/* more than the port holds, yet it does not wait */
	EXPECT_EQ(SENT, send_values(self->fd, self->port, 0, SENT, IPCPORT_SEND_F_NONBLOCK, 0));
	EXPECT_TRUE(has_waiters(self->fd, self->port, 0, NR - SENT));
	for (int i = 0; i < SENT; i++) {
		EXPECT_EQ(1, actor_end(actors[i]));
		EXPECT_EQ(i, actor_value(actors[i]));
	}
	EXPECT_EQ(0, port_destroy(self->fd, self->port));
	for (int i = SENT; i < NR; i++)
		EXPECT_EQ(-EPIPE, actor_end(actors[i]));
}

TEST_F_TIMEOUT(wait, one_receive_lets_in_as_many_senders_as_it_makes_space, TIMEOUT)
{
	enum { NR = 5 };
	struct ipcport_delivery got[2];
	struct actor *actors[NR];

	ASSERT_EQ(CAPACITY, fill(self->fd, self->port));
	for (int i = 0; i < NR; i++) {
		actors[i] = sender(self->fd, self->port, 3 + i);
		ASSERT_TRUE(wait_for_senders(self->fd, self->port, i + 1));
	}
	EXPECT_EQ(2, msg_recv(self->fd, self->port, got, 2, 0, 0));
	EXPECT_TRUE(has_waiters(self->fd, self->port, NR - 2, 0));
	EXPECT_EQ(1, actor_end(actors[0]));
	EXPECT_EQ(1, actor_end(actors[1]));
	EXPECT_EQ(0, port_destroy(self->fd, self->port));
	for (int i = 2; i < NR; i++)
		EXPECT_EQ(-EPIPE, actor_end(actors[i]));
}

/*
 * Death of a receiver at the moment when it is handed a message: either it has
 * stored the message, or the next in line gets it.
 */
TEST_F_TIMEOUT(wait, a_receiver_that_is_killed_takes_no_message_with_it, TIMEOUT)
{
	int nr_taken = 0;

	for (int i = 0; i < LESS_IN_32(150); i++) {
		struct actor *victim = receiver(self->fd, self->port, .is_child = true), *next;

		ASSERT_TRUE(wait_for_receivers(self->fd, self->port, 1));
		next = receiver(self->fd, self->port);
		ASSERT_TRUE(wait_for_receivers(self->fd, self->port, 2));
		ASSERT_EQ(0, send_nb(self->fd, self->port, i));
		kill(victim->pid, SIGKILL);
		actor_end(victim);
		if (!is_poisoned(&victim->delivery)) {
			nr_taken++;
			ASSERT_EQ(i, actor_value(victim));
			ASSERT_TRUE(has_waiters(self->fd, self->port, 0, 1));
			ASSERT_EQ(0, send_nb(self->fd, self->port, i));
		}
		ASSERT_EQ(1, actor_end(next));
		ASSERT_EQ(i, actor_value(next));
		EXPECT_PORT(self->fd, self->port, 0, i + 1 + nr_taken, i + 1 + nr_taken);
		munmap(victim, sizeof(*victim));
		munmap(next, sizeof(*next));
	}
	TH_LOG("the victim was faster %d times of %d", nr_taken, (int)LESS_IN_32(150));
}

TEST_F_TIMEOUT(wait, a_sender_that_is_killed_has_sent_or_not, TIMEOUT)
{
	uint64_t next = 1;

	ASSERT_EQ(CAPACITY, fill(self->fd, self->port));
	for (int i = 0; i < LESS_IN_32(150); i++) {
		struct actor *victim = sender(self->fd, self->port, next + CAPACITY,
					      .is_child = true);
		struct actor *behind;

		ASSERT_TRUE(wait_for_senders(self->fd, self->port, 1));
		behind = sender(self->fd, self->port, next + CAPACITY + i % 2);
		ASSERT_TRUE(wait_for_senders(self->fd, self->port, 2));
		if (i % 2) {	/* its message is in before it dies */
			ASSERT_EQ(next++, recv_nb(self->fd, self->port));
			kill(victim->pid, SIGKILL);
		} else {	/* it dies before there was space */
			kill(victim->pid, SIGKILL);
			actor_end(victim);
		}
		ASSERT_EQ(next++, recv_nb(self->fd, self->port));
		ASSERT_EQ(1, actor_end(behind));
		if (i % 2)
			actor_end(victim);
		EXPECT_PORT(self->fd, self->port, 2, next + 1, next - 1);
		munmap(victim, sizeof(*victim));
		munmap(behind, sizeof(*behind));
	}
}

/*
 * The end of a port answers all, however many.
 */
#define CROWD	200

static void end_with_a_crowd(struct __test_metadata *_metadata, int fd, uint64_t port,
			     bool is_sender)
{
	struct actor *actors[CROWD];
	int nr_wrong = 0;

	for (int i = 0; i < CROWD; i++)
		actors[i] = actor_start(&(struct actor) {
			.fd = fd, .port = port, .is_sender = is_sender,
		});
	EXPECT_TRUE(wait_until(has_waiters(fd, port, is_sender ? CROWD : 0,
					   is_sender ? 0 : CROWD)));
	EXPECT_EQ(0, port_destroy(fd, port));
	for (int i = 0; i < CROWD; i++) {
		nr_wrong += actor_end(actors[i]) != -EPIPE;
		nr_wrong += !is_poisoned(&actors[i]->delivery);
	}
	EXPECT_EQ(0, nr_wrong);
	EXPECT_GE(0, live_count("waiters"));
}

TEST_F_TIMEOUT(wait, the_end_of_a_port_answers_two_hundred_receivers, TIMEOUT)
{
	end_with_a_crowd(_metadata, self->fd, self->port, false);
}

TEST_F_TIMEOUT(wait, the_end_of_a_port_answers_two_hundred_senders, TIMEOUT)
{
	ASSERT_EQ(CAPACITY, fill(self->fd, self->port));
	end_with_a_crowd(_metadata, self->fd, self->port, true);
}

/* The last close ends a port too; those who wait came through another file. */
TEST_F_TIMEOUT(wait, the_close_of_its_file_answers_who_waits, TIMEOUT)
{
	int other = dev_open();
	int64_t port = port_create(other, 1);
	struct actor *actor = receiver(self->fd, port);

	ASSERT_TRUE(wait_for_receivers(self->fd, port, 1));
	EXPECT_EQ(0, close(other));
	EXPECT_EQ(-EPIPE, actor_end(actor));

	other = dev_open();
	port = port_create(other, 1);
	ASSERT_EQ(0, send_nb(self->fd, port, 1));
	actor = sender(self->fd, port, 2);
	ASSERT_TRUE(wait_for_senders(self->fd, port, 1));
	EXPECT_EQ(0, close(other));
	EXPECT_EQ(-EPIPE, actor_end(actor));
}

/*
 * The port ends while messages are handed out: who waited got a message or EPIPE,
 * and each message went to one.
 */
TEST_F_TIMEOUT(wait, a_message_and_the_end_of_the_port_race_fairly, TIMEOUT)
{
	enum { NR = 3 };

	for (int i = 0; i < LESS_IN_32(100); i++) {
		int64_t port = port_create(self->fd, CAPACITY);
		struct actor *actors[NR], *last;
		int nr_got = 0, ret;

		for (int k = 0; k < NR; k++) {
			actors[k] = receiver(self->fd, port);
			ASSERT_TRUE(wait_for_receivers(self->fd, port, k + 1));
		}
		last = sender(self->fd, port, 100, .count = 2);
		for (volatile int spin = 0; spin < i * 50; spin++)
			;
		ASSERT_EQ(0, port_destroy(self->fd, port));
		ret = actor_end(last);
		ASSERT_TRUE(ret == 2 || ret == 1 || ret == -EPIPE || ret == -ENOENT);
		for (int k = 0; k < NR; k++) {
			if (actor_end(actors[k]) == 1) {
				ASSERT_EQ(100 + nr_got, actor_value(actors[k]));
				nr_got++;
			} else {
				ASSERT_EQ(-EPIPE, actors[k]->ret);
			}
		}
		ASSERT_EQ(ret > 0 ? ret : 0, nr_got);
	}
}

/*
 * A line of waiters; one of them leaves it. Each test is run with senders and
 * with receivers, and with the first, the middle and the last.
 */
#define LINE	5

FIXTURE(line) {
	int fd;
	int64_t port;
	struct actor *actors[LINE];
};

FIXTURE_VARIANT(line) {
	bool is_sender;
	int victim;
};

typedef FIXTURE_DATA(line) line_data;
typedef FIXTURE_VARIANT(line) line_variant;

FIXTURE_VARIANT_ADD(line, first_sender) { .is_sender = true, .victim = 0 };
FIXTURE_VARIANT_ADD(line, middle_sender) { .is_sender = true, .victim = 2 };
FIXTURE_VARIANT_ADD(line, last_sender) { .is_sender = true, .victim = LINE - 1 };
FIXTURE_VARIANT_ADD(line, first_receiver) { .is_sender = false, .victim = 0 };
FIXTURE_VARIANT_ADD(line, middle_receiver) { .is_sender = false, .victim = 2 };
FIXTURE_VARIANT_ADD(line, last_receiver) { .is_sender = false, .victim = LINE - 1 };

FIXTURE_SETUP(line)
{
	self->fd = dev_open();
	ASSERT_LE(0, self->fd);
	self->port = port_create(self->fd, CAPACITY);
	ASSERT_LT(0, self->port);
	if (variant->is_sender)
		ASSERT_EQ(CAPACITY, fill(self->fd, self->port));
}

FIXTURE_TEARDOWN(line)
{
	port_destroy(self->fd, self->port);
	for (int i = 0; i < LINE; i++)
		if (self->actors[i])
			actor_end(self->actors[i]);
	close(self->fd);
	EXPECT_TRUE(nothing_lives());
}

static bool has_line(line_data *self, bool is_sender, int nr)
{
	return has_waiters(self->fd, self->port, is_sender ? nr : 0, is_sender ? 0 : nr);
}

/*
 * Actor i brings or takes the number 3 + i; the victim may have a deadline, which
 * must not pass before the line is complete.
 */
static bool line_up(line_data *self, const line_variant *variant,
		    uint64_t deadline_ns)
{
	for (int i = 0; i < LINE; i++) {
		self->actors[i] = actor_start(&(struct actor) {
			.fd = self->fd, .port = self->port, .is_child = true,
			.is_sender = variant->is_sender, .value = 3 + i,
			.deadline_ns = i == variant->victim ? deadline_ns : 0,
		});
		if (!wait_until(has_line(self, variant->is_sender, i + 1) ||
				(deadline_ns && now_ns() >= deadline_ns)))
			return false;
	}
	return !deadline_ns || now_ns() < deadline_ns;
}

/* Begin anew with an empty line. */
static bool disband(line_data *self, const line_variant *variant)
{
	port_destroy(self->fd, self->port);
	for (int i = 0; i < LINE; i++) {
		if (self->actors[i])
			actor_end(self->actors[i]);
		self->actors[i] = NULL;
	}
	self->port = port_create(self->fd, CAPACITY);
	return self->port > 0 && (!variant->is_sender || fill(self->fd, self->port) == CAPACITY);
}

/* Serve those who are in line but for @skip, which may be at its end by now. */
static int serve_line(line_data *self, bool is_sender, int skip)
{
	int nr_wrong = 0;

	if (is_sender)
		for (int value = 1; value <= CAPACITY; value++)
			nr_wrong += recv_value(self->fd, self->port, 0, FAR) != value;
	for (int i = 0; i < LINE; i++) {
		if (i == skip)
			continue;
		if (is_sender)
			nr_wrong += recv_value(self->fd, self->port, 0, FAR) != 3 + i;
		else
			nr_wrong += send_nb(self->fd, self->port, 3 + i) != 0;
		nr_wrong += actor_end(self->actors[i]) != 1;
		if (!is_sender)
			nr_wrong += actor_value(self->actors[i]) != 3 + i;
		self->actors[i] = NULL;
	}
	return nr_wrong;
}

static void expect_served(struct __test_metadata *_metadata, line_data *self,
			  const line_variant *variant, int nr)
{
	const int before = variant->is_sender ? CAPACITY : 0;

	EXPECT_PORT(self->fd, self->port, 0, before + nr, before + nr);
	EXPECT_EQ(-EAGAIN, recv_nb(self->fd, self->port));
}

TEST_F_TIMEOUT(line, is_served_in_order, TIMEOUT)
{
	ASSERT_TRUE(line_up(self, variant, 0));
	EXPECT_EQ(0, serve_line(self, variant->is_sender, -1));
	expect_served(_metadata, self, variant, LINE);
}

TEST_F_TIMEOUT(line, is_closed_where_one_is_killed, TIMEOUT)
{
	struct actor *victim;

	ASSERT_TRUE(line_up(self, variant, 0));
	victim = self->actors[variant->victim];
	EXPECT_EQ(0, kill(victim->pid, SIGKILL));
	EXPECT_EQ(KILLED, actor_end(victim));
	self->actors[variant->victim] = NULL;
	/* right after its death, not some time later */
	EXPECT_TRUE(has_line(self, variant->is_sender, LINE - 1));
	EXPECT_TRUE(is_poisoned(&victim->delivery));
	EXPECT_EQ(0, serve_line(self, variant->is_sender, variant->victim));
	expect_served(_metadata, self, variant, LINE - 1);
}

TEST_F_TIMEOUT(line, is_closed_where_one_times_out, TIMEOUT)
{
	struct actor *victim;

	/* as long as this machine needs to line up, which is not known before */
	for (int ms = 250; !line_up(self, variant, in_ms(ms)); ms *= 2) {
		ASSERT_GT(PATIENCE * 1000, ms);
		ASSERT_TRUE(disband(self, variant));
	}
	victim = self->actors[variant->victim];
	EXPECT_EQ(-ETIMEDOUT, actor_end(victim));
	EXPECT_LE(victim->deadline_ns, victim->end_ns);
	self->actors[variant->victim] = NULL;
	EXPECT_TRUE(has_line(self, variant->is_sender, LINE - 1));
	EXPECT_TRUE(is_poisoned(&victim->delivery));
	EXPECT_EQ(0, serve_line(self, variant->is_sender, variant->victim));
	expect_served(_metadata, self, variant, LINE - 1);
}

/* Who is stopped does not hold up the others, and joins again when it goes on. */
TEST_F_TIMEOUT(line, goes_on_without_one_that_is_stopped, TIMEOUT)
{
	const bool is_sender = variant->is_sender;
	struct actor *victim;
	int status;

	ASSERT_TRUE(line_up(self, variant, 0));
	victim = self->actors[variant->victim];
	EXPECT_EQ(0, kill(victim->pid, SIGSTOP));
	EXPECT_EQ(victim->pid, waitpid(victim->pid, &status, WUNTRACED));
	EXPECT_TRUE(WIFSTOPPED(status));
	EXPECT_EQ(0, serve_line(self, is_sender, variant->victim));
	expect_served(_metadata, self, variant, LINE - 1);

	if (is_sender)
		ASSERT_EQ(CAPACITY, fill(self->fd, self->port));
	EXPECT_EQ(0, kill(victim->pid, SIGCONT));
	EXPECT_TRUE(wait_until(has_line(self, is_sender, 1)));
	EXPECT_FALSE(victim->is_done);
	EXPECT_EQ(is_sender, is_sender ? recv_nb(self->fd, self->port) :
					 send_nb(self->fd, self->port, 99));
	EXPECT_EQ(1, actor_end(victim));
	self->actors[variant->victim] = NULL;
	if (!is_sender)
		EXPECT_EQ(99, actor_value(victim));
}

TEST_F_TIMEOUT(line, is_answered_as_a_whole_when_the_port_ends, TIMEOUT)
{
	ASSERT_TRUE(line_up(self, variant, 0));
	EXPECT_EQ(0, port_destroy(self->fd, self->port));
	for (int i = 0; i < LINE; i++) {
		EXPECT_EQ(-EPIPE, actor_end(self->actors[i]));
		EXPECT_TRUE(is_poisoned(&self->actors[i]->delivery));
		self->actors[i] = NULL;
	}
}

/*
 * A receiver that a signal kills after it was given a message. Both sides share a
 * CPU and the sender is not preempted, so the receiver sleeps until it has both.
 */
FIXTURE(served) {
	int fd;
	int64_t port;
	cpu_set_t cpus;
};

FIXTURE_VARIANT(served) {
	int signal;
};

FIXTURE_VARIANT_ADD(served, sigkill) { .signal = SIGKILL, };
FIXTURE_VARIANT_ADD(served, sigterm) { .signal = SIGTERM, };
FIXTURE_VARIANT_ADD(served, sigquit) { .signal = SIGQUIT, };
FIXTURE_VARIANT_ADD(served, sigabrt) { .signal = SIGABRT, };
FIXTURE_VARIANT_ADD(served, sigsegv) { .signal = SIGSEGV, };

static int set_policy(int policy, int priority)
{
	struct sched_param param = { .sched_priority = priority };

	return sched_setscheduler(0, policy, &param) ? -errno : 0;
}

FIXTURE_SETUP(served)
{
	const struct rlimit no_core = { 0, 0 };
	cpu_set_t one;

	self->fd = dev_open();
	ASSERT_LE(0, self->fd);
	self->port = port_create(self->fd, CAPACITY);
	ASSERT_LT(0, self->port);
	ASSERT_EQ(0, setrlimit(RLIMIT_CORE, &no_core));
	ASSERT_EQ(0, sched_getaffinity(0, sizeof(self->cpus), &self->cpus));
	CPU_ZERO(&one);
	CPU_SET(0, &one);
	ASSERT_EQ(0, sched_setaffinity(0, sizeof(one), &one));
}

FIXTURE_TEARDOWN(served)
{
	set_policy(SCHED_OTHER, 0);
	sched_setaffinity(0, sizeof(self->cpus), &self->cpus);
	close(self->fd);
	EXPECT_TRUE(nothing_lives());
}

TEST_F_TIMEOUT(served, and_then_killed_gives_the_message_back, TIMEOUT)
{
	for (int i = 1; i <= 10; i++) {
		pid_t pid = fork();

		if (!pid)
			_exit(recv_value(self->fd, self->port, 0, FAR));
		ASSERT_TRUE(wait_for_receivers(self->fd, self->port, 1));
		if (set_policy(SCHED_FIFO, 50))
			SKIP(kill(pid, SIGKILL); reap(pid); return, "only root may");
		ASSERT_EQ(0, send_nb(self->fd, self->port, i));
		ASSERT_EQ(0, kill(pid, variant->signal));
		ASSERT_EQ(0, set_policy(SCHED_OTHER, 0));
		ASSERT_EQ(-variant->signal, reap(pid));
		EXPECT_PORT(self->fd, self->port, 1, i, i - 1);
		EXPECT_EQ(i, recv_nb(self->fd, self->port));
	}
}

TEST_HARNESS_MAIN
