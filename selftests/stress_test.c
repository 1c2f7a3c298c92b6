// SPDX-License-Identifier: GPL-2.0
/*
 * Many at once: senders and receivers, ports that come and go under them, and
 * sudden deaths. Whatever happens, the numbers must add up.
 */
#define _GNU_SOURCE
#include <limits.h>
#include <linux/futex.h>
#include <stdatomic.h>
#include <sys/syscall.h>

#include "actor.h"
#include "sums.h"

#define TIMEOUT		500
#define FAR		in_ms(PATIENCE * 1000)

#define MAX_ACTORS	4
#define MAX_BATCH	16
#define MAX_FLOW	1600
#define NR_FLOW		LESS_IN_32(MAX_FLOW)

/* A message's number says who sent it and which of his it is. */
static uint64_t value_by(uint64_t who, uint64_t which)
{
	return who << 32 | which;
}

/* What is known of a message by its sequence number. */
struct entry {
	uint64_t value;
	uint32_t nr;	/* how often it was received */
};

/* Enter a delivery: false if its sequence number cannot be. */
static bool enter(struct entry *entries, uint64_t nr_entries,
		  const struct ipcport_delivery *delivery)
{
	if (!delivery->info.seq || delivery->info.seq > nr_entries)
		return false;
	entries[delivery->info.seq - 1].value = value_of(&delivery->message);
	entries[delivery->info.seq - 1].nr++;
	return true;
}

/*
 * Several senders and receivers, in threads.
 */
struct flow_sender {
	pthread_t thread;
	int fd;
	uint64_t port;
	uint64_t who;
	uint32_t nr;
	uint32_t batch;
	int ret;
};

struct flow_receiver {
	pthread_t thread;
	int fd;
	uint64_t port;
	uint32_t batch;
	uint32_t nr;
	int ret;
	struct ipcport_delivery got[MAX_FLOW + MAX_BATCH];
};

static void *flow_send(void *arg)
{
	struct flow_sender *self = arg;
	uint32_t done = 0;

	while (done < self->nr) {
		uint32_t left = self->nr - done;

		self->ret = send_values(self->fd, self->port, value_by(self->who, done),
					left < self->batch ? left : self->batch, 0, FAR);
		if (self->ret <= 0)
			break;
		done += self->ret;
	}
	return NULL;
}

static void *flow_receive(void *arg)
{
	struct flow_receiver *self = arg;

	while (self->nr <= NR_FLOW) {
		self->ret = msg_recv(self->fd, self->port, self->got + self->nr, self->batch, 0,
				     FAR);
		if (self->ret <= 0)
			break;
		self->nr += self->ret;
	}
	return NULL;
}

FIXTURE(flow) {
	int fd;
	int64_t port;
	struct flow_sender senders[MAX_ACTORS];
	struct flow_receiver *receivers[MAX_ACTORS];
	struct entry entries[MAX_FLOW];
};

FIXTURE_VARIANT(flow) {
	int nr_senders;
	int nr_receivers;
	uint32_t batch;
};

typedef FIXTURE_DATA(flow) flow_data;
typedef FIXTURE_VARIANT(flow) flow_variant;

FIXTURE_VARIANT_ADD(flow, one_to_one) {
	.nr_senders = 1, .nr_receivers = 1, .batch = 1,
};

FIXTURE_VARIANT_ADD(flow, one_to_one_in_batches) {
	.nr_senders = 1, .nr_receivers = 1, .batch = MAX_BATCH,
};

FIXTURE_VARIANT_ADD(flow, four_to_one) {
	.nr_senders = 4, .nr_receivers = 1, .batch = 1,
};

FIXTURE_VARIANT_ADD(flow, four_to_one_in_batches) {
	.nr_senders = 4, .nr_receivers = 1, .batch = MAX_BATCH,
};

FIXTURE_VARIANT_ADD(flow, one_to_four) {
	.nr_senders = 1, .nr_receivers = 4, .batch = 1,
};

FIXTURE_VARIANT_ADD(flow, one_to_four_in_batches) {
	.nr_senders = 1, .nr_receivers = 4, .batch = MAX_BATCH,
};

FIXTURE_VARIANT_ADD(flow, four_to_four) {
	.nr_senders = 4, .nr_receivers = 4, .batch = 1,
};

FIXTURE_VARIANT_ADD(flow, four_to_four_in_batches) {
	.nr_senders = 4, .nr_receivers = 4, .batch = MAX_BATCH,
};

FIXTURE_SETUP(flow)
{
	self->fd = dev_open();
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(flow)
{
	EXPECT_SUMS();
	close(self->fd);
	EXPECT_TRUE(nothing_lives());
	EXPECT_SUMS();
}

static void flow_start(flow_data *self, const flow_variant *variant)
{
	for (int i = 0; i < variant->nr_receivers; i++) {
		struct flow_receiver *receiver = shared_alloc(sizeof(*receiver));

		memset(receiver->got, POISON, sizeof(receiver->got));
		receiver->fd = self->fd;
		receiver->port = self->port;
		receiver->batch = variant->batch;
		self->receivers[i] = receiver;
		thread_start(&receiver->thread, flow_receive, receiver);
	}
	for (int i = 0; i < variant->nr_senders; i++) {
		self->senders[i] = (struct flow_sender) {
			.fd = self->fd, .port = self->port, .who = i, .batch = variant->batch,
			.nr = NR_FLOW / variant->nr_senders,
		};
		thread_start(&self->senders[i].thread, flow_send, &self->senders[i]);
	}
}

static bool has_flowed(flow_data *self)
{
	struct ipcport_stat stat;

	return !port_stat(self->fd, self->port, &stat) && stat.out_received == NR_FLOW;
}

/* Each receiver saw its messages in the order of their numbers. */
static uint32_t flow_collect(flow_data *self, struct flow_receiver *receiver)
{
	uint32_t nr_wrong = 0;

	for (uint32_t i = 0; i < receiver->nr; i++) {
		nr_wrong += !enter(self->entries, NR_FLOW, &receiver->got[i]);
		if (i)
			nr_wrong += receiver->got[i].info.seq <= receiver->got[i - 1].info.seq;
	}
	return nr_wrong;
}

/* Each message was received once, and each sender's are in the order it sent them. */
static uint32_t flow_check(flow_data *self, int nr_senders)
{
	uint64_t next[MAX_ACTORS] = { 0 };
	uint32_t nr_wrong = 0;

	for (int i = 0; i < NR_FLOW; i++) {
		uint64_t who = self->entries[i].value >> 32;

		nr_wrong += self->entries[i].nr != 1;
		nr_wrong += who >= (uint64_t)nr_senders ||
			    self->entries[i].value != value_by(who, next[who]++);
	}
	return nr_wrong;
}

static void flow(struct __test_metadata *_metadata, flow_data *self,
		 const flow_variant *variant, uint32_t capacity)
{
	struct ipcport_stat stat;

	self->port = port_create(self->fd, capacity);
	ASSERT_LT(0, self->port);
	flow_start(self, variant);
	for (int i = 0; i < variant->nr_senders; i++) {
		pthread_join(self->senders[i].thread, NULL);
		EXPECT_LT(0, self->senders[i].ret);
	}
	EXPECT_TRUE(wait_until(has_flowed(self)));
	EXPECT_TRUE(wait_for_receivers(self->fd, self->port, variant->nr_receivers));
	EXPECT_EQ(0, port_stat(self->fd, self->port, &stat));
	EXPECT_EQ(NR_FLOW, stat.out_sent);
	EXPECT_EQ(NR_FLOW, stat.out_received);
	EXPECT_EQ(0, stat.out_depth);
	EXPECT_EQ(0, port_destroy(self->fd, self->port));
	for (int i = 0; i < variant->nr_receivers; i++) {
		struct flow_receiver *receiver = self->receivers[i];

		pthread_join(receiver->thread, NULL);
		EXPECT_EQ(-EPIPE, receiver->ret);
		EXPECT_EQ(0, flow_collect(self, receiver));
		EXPECT_TRUE(is_poisoned(&receiver->got[receiver->nr]));
	}
	EXPECT_EQ(0, flow_check(self, variant->nr_senders));
}

TEST_F_TIMEOUT(flow, loses_and_doubles_nothing_with_room_for_one, TIMEOUT)
{
	flow(_metadata, self, variant, 1);
}

TEST_F_TIMEOUT(flow, loses_and_doubles_nothing_with_room_for_four, TIMEOUT)
{
	flow(_metadata, self, variant, 4);
}

TEST_F_TIMEOUT(flow, loses_and_doubles_nothing_with_room_for_sixteen, TIMEOUT)
{
	flow(_metadata, self, variant, 16);
}

/*
 * Ports that come and go while others use them by number.
 */
#define NR_RACES	LESS_IN_32(100000)

/* What the users of a port that comes and goes may be told. */
struct tally {
	uint64_t nr_done;
	uint64_t nr_epipe;
	uint64_t nr_enoent;
	uint64_t nr_eagain;
	uint64_t nr_other;
	int other;
};

/* The port of the moment, the how many-th it is, and how often somebody went to one. */
struct stage {
	atomic_ulong port;
	atomic_uint nr_ports;
	atomic_uint nr_visits;
	atomic_bool is_over;
};

static void stage_open(struct stage *stage, uint64_t port)
{
	stage->port = port;
	stage->nr_ports++;
	syscall(SYS_futex, &stage->nr_ports, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

/* Wait for the next port. To look for it all the time would slow down its making. */
static void stage_wait(struct stage *stage, unsigned int nr_ports)
{
	while (stage->nr_ports == nr_ports && !stage->is_over)
		syscall(SYS_futex, &stage->nr_ports, FUTEX_WAIT, nr_ports, NULL, NULL, 0);
}

static void stage_close(struct stage *stage)
{
	stage->is_over = true;
	stage_open(stage, 0);
}

struct racer {
	pthread_t thread;
	int fd;
	bool is_sender;
	uint32_t flags;
	uint32_t count;
	struct stage *stage;
	struct tally tally;
};

static void count(struct tally *tally, int ret)
{
	if (ret > 0) {
		tally->nr_done++;
	} else if (ret == -EPIPE) {
		tally->nr_epipe++;
	} else if (ret == -ENOENT) {
		tally->nr_enoent++;
	} else if (ret == -EAGAIN) {
		tally->nr_eagain++;
	} else {
		tally->nr_other++;
		tally->other = ret;
	}
}

static void *race(void *arg)
{
	struct racer *racer = arg;
	struct ipcport_message messages[4] = { message_of(1), message_of(2), message_of(3) };
	struct ipcport_delivery got[4];
	struct stage *stage = racer->stage;
	int ret;

	while (!stage->is_over) {
		unsigned int nr_ports = stage->nr_ports;
		uint64_t port = stage->port;

		stage->nr_visits++;
		if (racer->is_sender)
			ret = msg_send(racer->fd, port, messages, racer->count, racer->flags, 0);
		else
			ret = msg_recv(racer->fd, port, got, racer->count, racer->flags, 0);
		count(&racer->tally, ret);
		if (ret == -EPIPE || ret == -ENOENT)
			stage_wait(stage, nr_ports);
	}
	return NULL;
}

FIXTURE(races) {
	int fd;
	struct stage stage;
};

typedef FIXTURE_DATA(races) races_data;

FIXTURE_SETUP(races)
{
	self->fd = dev_open();
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(races)
{
	EXPECT_SUMS();
	close(self->fd);
	EXPECT_TRUE(nothing_lives());
	EXPECT_SUMS();
}

/*
 * Make and end ports. Every eighth is ended when somebody goes to it, the others
 * after a time that varies.
 */
static int come_and_go(races_data *self, int nr)
{
	int nr_wrong = 0;

	for (int i = 0; i < nr; i++) {
		int64_t port = port_create(self->fd, 1 + i % 3);
		unsigned int before = self->stage.nr_visits;

		nr_wrong += port <= 0;
		stage_open(&self->stage, port);
		while (i % 8 == 0 && self->stage.nr_visits == before)
			sched_yield();
		for (volatile int spin = 0; spin < i * 7 % 512; spin++)
			;
		nr_wrong += port_destroy(self->fd, port) != 0;
	}
	return nr_wrong;
}

static void run_races(struct __test_metadata *_metadata, races_data *self,
		      struct racer *racers, int nr, int nr_rounds)
{
	struct tally all = { 0 };

	for (int i = 0; i < nr; i++) {
		racers[i].fd = self->fd;
		racers[i].stage = &self->stage;
		ASSERT_EQ(0, thread_start(&racers[i].thread, race, &racers[i]));
	}
	EXPECT_EQ(0, come_and_go(self, nr_rounds));
	stage_close(&self->stage);
	for (int i = 0; i < nr; i++) {
		pthread_join(racers[i].thread, NULL);
		EXPECT_EQ(0, racers[i].tally.nr_other) {
			TH_LOG("for example %d", racers[i].tally.other);
		}
		if (!racers[i].flags)
			EXPECT_EQ(0, racers[i].tally.nr_eagain);
		all.nr_done += racers[i].tally.nr_done;
		all.nr_epipe += racers[i].tally.nr_epipe;
		all.nr_enoent += racers[i].tally.nr_enoent;
	}
	TH_LOG("%ju done, %ju EPIPE, %ju ENOENT", (uintmax_t)all.nr_done,
	       (uintmax_t)all.nr_epipe, (uintmax_t)all.nr_enoent);
	/* it was a race: they met the port, and its end */
	EXPECT_LT(nr_rounds / 8, all.nr_done + all.nr_epipe + all.nr_enoent);
	EXPECT_LT(0, all.nr_done);
	EXPECT_LT(0, all.nr_epipe);
	/* no message of a port that has ended is left, though many were never received */
	EXPECT_GE(0, live_count("messages"));
	EXPECT_GE(0, live_count("ports"));
}

/* The first is also the one that fills the port, so that the second waits. */
TEST_F_TIMEOUT(races, sending_and_destroying, TIMEOUT)
{
	struct racer racers[] = {
		{ .is_sender = true, .count = 1 },
		{ .is_sender = true, .count = 3 },
	};

	run_races(_metadata, self, racers, ARRAY_SIZE(racers), NR_RACES);
}

TEST_F_TIMEOUT(races, sending_receiving_and_destroying, TIMEOUT)
{
	struct racer racers[] = {
		{ .is_sender = true, .count = 2 },
		{ .is_sender = false, .count = 1 },
		{ .is_sender = false, .count = 4 },
	};

	run_races(_metadata, self, racers, ARRAY_SIZE(racers), NR_RACES / 20);
}

/* The same without waiting. EAGAIN is allowed here. */
TEST_F_TIMEOUT(races, polling_and_destroying, TIMEOUT)
{
	struct racer racers[] = {
		{ .is_sender = true, .count = 1, .flags = IPCPORT_SEND_F_NONBLOCK },
		{ .is_sender = false, .count = 1 },
	};

	run_races(_metadata, self, racers, ARRAY_SIZE(racers), NR_RACES / 20);
}

/* The port that a sender is told of may be ended by several, but only by one. */
struct ender {
	pthread_t thread;
	int fd;
	struct stage *stage;
	uint64_t nr_ended;
	uint64_t nr_other;
};

static void *end(void *arg)
{
	struct ender *ender = arg;

	while (!ender->stage->is_over) {
		unsigned int nr_ports = ender->stage->nr_ports;
		int ret = port_destroy(ender->fd, ender->stage->port);

		if (!ret)
			ender->nr_ended++;
		else if (ret != -ENOENT)
			ender->nr_other++;
		stage_wait(ender->stage, nr_ports);
	}
	return NULL;
}

TEST_F_TIMEOUT(races, one_destroy_of_several_ends_a_port, TIMEOUT)
{
	struct ender enders[3] = { 0 };
	uint64_t nr_ended = 0;

	for (size_t i = 0; i < ARRAY_SIZE(enders); i++) {
		enders[i].fd = self->fd;
		enders[i].stage = &self->stage;
		ASSERT_EQ(0, thread_start(&enders[i].thread, end, &enders[i]));
	}
	for (int i = 0; i < NR_RACES / 10; i++) {
		int64_t port = port_create(self->fd, 1);
		int ret;

		ASSERT_LT(0, port);
		stage_open(&self->stage, port);
		ret = port_destroy(self->fd, port);
		EXPECT_TRUE(!ret || ret == -ENOENT);
		nr_ended += !ret;
	}
	stage_close(&self->stage);
	for (size_t i = 0; i < ARRAY_SIZE(enders); i++) {
		pthread_join(enders[i].thread, NULL);
		EXPECT_EQ(0, enders[i].nr_other);
		nr_ended += enders[i].nr_ended;
	}
	EXPECT_EQ(NR_RACES / 10, nr_ended);
}

/*
 * Processes that send and receive until they are killed. What a receiver got lies
 * in shared memory, where the kernel put it, so its death hides nothing.
 */
#define MAX_KILLS	80
#define NR_KILLS	LESS_IN_32(MAX_KILLS)
#define NR_LOG		1024
#define NR_PLACES	5	/* senders at the even ones */

/* A life: a process from its start to its death. */
struct life {
	int fd;
	uint64_t port;
	uint64_t who;
	bool is_sender;
	uint32_t batch;
	volatile uint32_t nr;
	pid_t pid;
	struct ipcport_delivery log[NR_LOG + MAX_BATCH];
};

static void *live_sending(void *arg)
{
	struct life *life = arg;
	int ret;

	for (;;) {
		ret = send_values(life->fd, life->port, value_by(life->who, life->nr),
				  life->batch, 0, 0);
		if (ret <= 0)
			_exit(1);
		life->nr += ret;
	}
}

/* One that has nowhere to write any more waits for its death. */
static void *live_receiving(void *arg)
{
	struct life *life = arg;
	int ret;

	while (life->nr < NR_LOG) {
		ret = msg_recv(life->fd, life->port, life->log + life->nr, life->batch, 0, 0);
		if (ret <= 0)
			_exit(1);
		life->nr += ret;
	}
	for (;;)
		pause();
}

FIXTURE(deaths) {
	int fd;
	int64_t port;
	uint32_t nr_lives;
	struct life *lives[NR_PLACES + MAX_KILLS];
	struct entry *entries;
};

FIXTURE_VARIANT(deaths) {
	uint32_t capacity;
	uint32_t batch;
};

typedef FIXTURE_DATA(deaths) deaths_data;

FIXTURE_VARIANT_ADD(deaths, one_by_one) { .capacity = 1, .batch = 1 };
FIXTURE_VARIANT_ADD(deaths, in_batches) { .capacity = 4, .batch = 7 };

FIXTURE_SETUP(deaths)
{
	self->fd = dev_open();
	ASSERT_LE(0, self->fd);
	self->port = port_create(self->fd, variant->capacity);
	ASSERT_LT(0, self->port);
	srand(1);
}

FIXTURE_TEARDOWN(deaths)
{
	EXPECT_SUMS();
	close(self->fd);
	EXPECT_TRUE(nothing_lives());
	EXPECT_SUMS();
}

static struct life *life_start(deaths_data *self, int place, uint32_t batch)
{
	struct life *life = shared_alloc(sizeof(*life));

	memset(life->log, POISON, sizeof(life->log));
	life->fd = self->fd;
	life->port = self->port;
	life->who = self->nr_lives;
	life->batch = batch;
	life->is_sender = place % 2 == 0;
	life->pid = child_start(life->is_sender ? live_sending : live_receiving, life);
	self->lives[self->nr_lives++] = life;
	return life;
}

static uint64_t nr_received(int fd, uint64_t port)
{
	struct ipcport_stat stat;

	return port_stat(fd, port, &stat) ? 0 : stat.out_received;
}

/* Enter what a life received: what it counted, and what came as it died. */
static uint32_t life_collect(deaths_data *self, struct life *life, uint64_t nr_sent)
{
	uint32_t nr = 0, nr_wrong = 0;

	while (nr < ARRAY_SIZE(life->log) && !is_poisoned(&life->log[nr]))
		nr_wrong += !enter(self->entries, nr_sent, &life->log[nr++]);
	if (!life->is_sender)
		nr_wrong += nr < life->nr || nr > life->nr + life->batch;
	return nr_wrong;
}

/* Each message once; of each sender all from its first on, but for the last few. */
static uint32_t lives_check(deaths_data *self, uint64_t nr_sent)
{
	uint32_t *next = calloc(self->nr_lives, sizeof(*next));
	uint32_t nr_wrong = 0;

	for (uint64_t i = 0; i < nr_sent; i++) {
		uint64_t who = self->entries[i].value >> 32;

		nr_wrong += self->entries[i].nr != 1;
		nr_wrong += who >= self->nr_lives ||
			    self->entries[i].value != value_by(who, next[who]++);
	}
	/* what went in was counted, or its sender died before it could */
	for (uint32_t i = 0; i < self->nr_lives; i++)
		if (self->lives[i]->is_sender)
			nr_wrong += next[i] < self->lives[i]->nr ||
				    next[i] > self->lives[i]->nr + self->lives[i]->batch;
	free(next);
	return nr_wrong;
}

/* Kill one and start another in its place, again and again, while messages flow. */
static void reap_and_sow(struct __test_metadata *_metadata, deaths_data *self,
			 uint32_t batch)
{
	struct life *places[NR_PLACES];

	for (int i = 0; i < NR_PLACES; i++)
		places[i] = life_start(self, i, batch);
	for (int i = 0; i < NR_KILLS; i++) {
		uint64_t target = nr_received(self->fd, self->port) + 1 + rand() % 30;
		int place = rand() % NR_PLACES;

		ASSERT_TRUE(wait_until(nr_received(self->fd, self->port) >= target ||
				       places[1]->nr >= NR_LOG || places[3]->nr >= NR_LOG));
		/* one that has no place left to write is the one to go */
		for (int k = 1; k < NR_PLACES; k += 2)
			if (places[k]->nr >= NR_LOG)
				place = k;
		kill(places[place]->pid, SIGKILL);
		EXPECT_EQ(-SIGKILL, reap(places[place]->pid));
		places[place] = life_start(self, place, batch);
	}
	for (int i = 0; i < NR_PLACES; i++) {
		kill(places[i]->pid, SIGKILL);
		EXPECT_EQ(-SIGKILL, reap(places[i]->pid));
	}
}

TEST_F_TIMEOUT(deaths, hide_no_message, TIMEOUT)
{
	struct ipcport_delivery got;
	struct ipcport_stat stat;
	uint32_t nr_queued = 0, nr_wrong = 0;

	reap_and_sow(_metadata, self, variant->batch);
	ASSERT_EQ(0, port_stat(self->fd, self->port, &stat));
	EXPECT_EQ(0, stat.out_senders);
	EXPECT_EQ(0, stat.out_receivers);
	EXPECT_EQ(stat.out_sent, stat.out_received + stat.out_depth);
	self->entries = calloc(stat.out_sent, sizeof(*self->entries));
	while (msg_recv(self->fd, self->port, &got, 1, IPCPORT_RECV_F_NONBLOCK, 0) == 1) {
		EXPECT_TRUE(enter(self->entries, stat.out_sent, &got));
		nr_queued++;
	}
	EXPECT_EQ(stat.out_depth, nr_queued);
	for (uint32_t i = 0; i < self->nr_lives; i++)
		nr_wrong += life_collect(self, self->lives[i], stat.out_sent);
	EXPECT_EQ(0, nr_wrong);
	EXPECT_EQ(0, lives_check(self, stat.out_sent));
	TH_LOG("%ju messages, %d deaths", (uintmax_t)stat.out_sent, NR_KILLS);
	EXPECT_LT(NR_KILLS, stat.out_sent);
	free(self->entries);
}

TEST_HARNESS_MAIN
