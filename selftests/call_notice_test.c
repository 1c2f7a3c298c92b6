// SPDX-License-Identifier: GPL-2.0
/*
 * Notices: a server that asks for it is told of each call that it had received and
 * that nobody waits for any more, once, whatever else is in its port.
 */
#include "process.h"
#include "call.h"

/* What processes of a test share. */
struct desk {
	_Atomic int go;
	volatile int64_t token;
};

/*
 * A call that is given up in each way.
 */
enum way { TIMEOUT, TIMEOUT_WHILE_WAITING, CANCEL, CANCEL_WHILE_WAITING, CLOSE, EXIT, KILL };

FIXTURE(notice) {
	int fd;
	int other;	/* the file that calls are made through */
	int64_t port;
	int64_t token;
	pid_t pid;	/* who makes them */
	pid_t tid;
	struct caller *caller;
	struct desk *desk;
	struct ipcport_delivery got;
};

FIXTURE_VARIANT(notice) {
	enum way way;
};

FIXTURE_VARIANT_ADD(notice, of_a_timeout) { .way = TIMEOUT };
FIXTURE_VARIANT_ADD(notice, of_a_timeout_while_waiting) { .way = TIMEOUT_WHILE_WAITING };
FIXTURE_VARIANT_ADD(notice, of_a_cancel) { .way = CANCEL };
FIXTURE_VARIANT_ADD(notice, of_a_cancel_while_waiting) { .way = CANCEL_WHILE_WAITING };
FIXTURE_VARIANT_ADD(notice, of_a_close) { .way = CLOSE };
FIXTURE_VARIANT_ADD(notice, of_an_exit) { .way = EXIT };
FIXTURE_VARIANT_ADD(notice, of_a_death) { .way = KILL };

typedef FIXTURE_DATA(notice) notice_data;

FIXTURE_SETUP(notice)
{
	self->desk = shared_alloc(sizeof(*self->desk));
	self->fd = dev_open();
	ASSERT_LE(0, self->fd);
	self->other = dev_open();
	ASSERT_LE(0, self->other);
	self->port = port_create_as(self->fd, 1, 0, IPCPORT_CREATE_F_NOTIFY_ABORT);
	ASSERT_LT(0, self->port);
	memset(&self->got, POISON, sizeof(self->got));
}

FIXTURE_TEARDOWN(notice)
{
	close(self->fd);
	close(self->other);
	EXPECT_TRUE(no_call_lives());
	EXPECT_TRUE(all_is_gone());
}

static void submit_and_exit(notice_data *self)
{
	self->desk->token = call_submit(self->other, self->port, 5, 0, FAR_AWAY);
	wait_until(self->desk->go);
	_exit(0);
}

/* Begin a call that will be given up that way; it is in the port when this returns. */
static bool begin(notice_data *self, enum way way)
{
	self->pid = getpid();
	self->tid = thread_id();
	switch (way) {
	case EXIT:
		self->pid = fork();
		if (!self->pid)
			submit_and_exit(self);
		self->tid = self->pid;
		break;
	case KILL:
		self->caller = caller(self->other, self->port, .is_child = true);
		self->pid = self->caller->pid;
		self->tid = self->pid;
		break;
	default:
		self->token = call_submit(self->other, self->port, 5, 0, FAR_AWAY);
		break;
	}
	return wait_for_calls(self->fd, self->port, 1, 1);
}

/* Receive what is there: whether it is that call. */
static bool receive_it(notice_data *self, enum way way)
{
	int64_t token = recv_call(self->fd, self->port, 0, FAR_AWAY);

	if (way != EXIT && way != KILL)
		return token == self->token;
	self->token = token;
	return token > 0;
}

static bool give_up(notice_data *self, enum way way)
{
	uint64_t deadline = way == TIMEOUT_WHILE_WAITING ? in_ms(50) : FAR_AWAY;

	if (way == TIMEOUT_WHILE_WAITING || way == CANCEL_WHILE_WAITING)
		self->caller = caller(self->other, self->port, .token = self->token,
				      .deadline_ns = deadline);
	switch (way) {
	case TIMEOUT:
		return call_collect(self->other, self->port, self->token, 0, 1) == -ETIMEDOUT;
	case TIMEOUT_WHILE_WAITING:
		return caller_end(self->caller) == -ETIMEDOUT;
	case CANCEL:
		return call_cancel(self->other, self->token) > 0;
	case CANCEL_WHILE_WAITING:
		return wait_for_sleep(self->caller) && call_cancel(self->other, self->token) > 0 &&
		       caller_end(self->caller) == -ECANCELED;
	case CLOSE:
		close(self->other);
		self->other = -1;
		return true;
	case EXIT:
		self->desk->go = 1;
		return !reap(self->pid);
	case KILL:
		kill(self->pid, SIGKILL);
		return caller_end(self->caller) == KILLED;
	}
	return false;
}

/* Check that self->got is the notice that self->token was given up. */
#define EXPECT_NOTICE() do {							\
	static const uint8_t _zeroes[IPCPORT_PAYLOAD_SIZE];			\
										\
	EXPECT_EQ(IPCPORT_INFO_F_ABORTED, self->got.info.flags);		\
	EXPECT_EQ(self->token, self->got.info.token);				\
	EXPECT_EQ(self->pid, self->got.info.pid);				\
	EXPECT_EQ(self->tid, self->got.info.tid);				\
	EXPECT_EQ(self->tid, self->got.message.sender);				\
	EXPECT_EQ(geteuid(), self->got.info.uid);				\
	EXPECT_EQ(getegid(), self->got.info.gid);				\
	EXPECT_EQ(-1, self->got.info.cargo);					\
	EXPECT_EQ(0, self->got.message.type);					\
	EXPECT_EQ(0, self->got.message.flags);					\
	EXPECT_EQ(0, memcmp(_zeroes, self->got.message.payload, sizeof(_zeroes)));\
} while (0)

TEST_F_TIMEOUT(notice, comes_once_for_a_received_call, LONG_TIMEOUT)
{
	uint64_t before, time;

	ASSERT_TRUE(begin(self, variant->way));
	ASSERT_TRUE(receive_it(self, variant->way));
	before = now_ns();
	ASSERT_TRUE(give_up(self, variant->way));
	ASSERT_EQ(1, msg_recv(self->fd, self->port, &self->got, 1, 0, FAR_AWAY));
	time = now_ns();
	EXPECT_NOTICE();
	EXPECT_LE(before, self->got.info.time_ns);
	EXPECT_GE(time, self->got.info.time_ns);
	EXPECT_EQ(2, self->got.info.seq);
	EXPECT_EQ(-EAGAIN, recv_nb(self->fd, self->port));
	/* its token names nothing any more */
	EXPECT_EQ(-ENOENT, call_reply(self->fd, self->port, self->token, 1, 0));
	EXPECT_PORT(self->fd, self->port, 0, 2, 2);
	EXPECT_IDLE(self->fd, self->port);
}

TEST_F_TIMEOUT(notice, does_not_come_for_a_queued_call, LONG_TIMEOUT)
{
	ASSERT_TRUE(begin(self, variant->way));
	if (variant->way == EXIT)
		ASSERT_TRUE(wait_until(self->desk->token));
	ASSERT_TRUE(give_up(self, variant->way));
	ASSERT_TRUE(wait_for_calls(self->fd, self->port, 0, 0));
	EXPECT_EQ(-EAGAIN, recv_nb(self->fd, self->port));
	EXPECT_PORT(self->fd, self->port, 0, 1, 0);
}

TEST_F_TIMEOUT(notice, does_not_come_where_it_was_not_asked_for, LONG_TIMEOUT)
{
	self->port = port_create(self->fd, 1);
	ASSERT_TRUE(begin(self, variant->way));
	ASSERT_TRUE(receive_it(self, variant->way));
	ASSERT_TRUE(give_up(self, variant->way));
	ASSERT_TRUE(wait_for_calls(self->fd, self->port, 0, 0));
	EXPECT_EQ(-EAGAIN, recv_nb(self->fd, self->port));
	EXPECT_PORT(self->fd, self->port, 0, 1, 1);
}

TEST_F_TIMEOUT(notice, comes_although_the_port_is_full, LONG_TIMEOUT)
{
	ASSERT_TRUE(begin(self, variant->way));
	ASSERT_TRUE(receive_it(self, variant->way));
	ASSERT_EQ(0, send_nb(self->fd, self->port, 7));
	EXPECT_EQ(-EAGAIN, send_nb(self->fd, self->port, 8));
	ASSERT_TRUE(give_up(self, variant->way));
	ASSERT_TRUE(wait_for_calls(self->fd, self->port, 2, 0));
	/* behind what was there before it, and it makes no space when it goes */
	EXPECT_EQ(7, recv_nb(self->fd, self->port));
	EXPECT_EQ(-EAGAIN, send_nb(self->fd, self->port, 8));
	ASSERT_EQ(1, msg_recv(self->fd, self->port, &self->got, 1, 0, FAR_AWAY));
	EXPECT_NOTICE();
	EXPECT_EQ(0, send_nb(self->fd, self->port, 8));
	EXPECT_EQ(8, recv_nb(self->fd, self->port));
}

TEST_F_TIMEOUT(notice, comes_to_a_receiver_that_waits, LONG_TIMEOUT)
{
	struct ipcport_delivery *got;
	struct actor *actor;

	ASSERT_TRUE(begin(self, variant->way));
	ASSERT_TRUE(receive_it(self, variant->way));
	actor = receiver(self->fd, self->port);
	ASSERT_TRUE(wait_for_receivers(self->fd, self->port, 1));
	ASSERT_TRUE(give_up(self, variant->way));
	EXPECT_EQ(1, actor_end(actor));
	got = &actor->delivery;
	self->got = *got;
	EXPECT_NOTICE();
}

TEST_F_TIMEOUT(notice, does_not_come_for_an_answered_call, LONG_TIMEOUT)
{
	ASSERT_TRUE(begin(self, variant->way));
	ASSERT_TRUE(receive_it(self, variant->way));
	EXPECT_EQ(0, call_reply(self->fd, self->port, self->token, 6, 0));
	/* whatever becomes of it: its server has done what was to be done */
	if (variant->way == TIMEOUT_WHILE_WAITING || variant->way == CANCEL_WHILE_WAITING)
		call_collect(self->other, self->port, self->token, 0, FAR_AWAY);
	else
		give_up(self, variant->way);
	EXPECT_TRUE(wait_until(has_calls(self->fd, self->port, 0, 0)));
	EXPECT_EQ(-EAGAIN, recv_nb(self->fd, self->port));
}

/*
 * However it was given up.
 */
FIXTURE(given_up) {
	int fd;
	int64_t port;
};

typedef FIXTURE_DATA(given_up) given_up_data;

FIXTURE_SETUP(given_up)
{
	self->fd = dev_open();
	ASSERT_LE(0, self->fd);
	self->port = port_create_as(self->fd, 1, 0, IPCPORT_CREATE_F_NOTIFY_ABORT);
	ASSERT_LT(0, self->port);
}

FIXTURE_TEARDOWN(given_up)
{
	close(self->fd);
	EXPECT_TRUE(no_call_lives());
	EXPECT_TRUE(all_is_gone());
}

static int64_t received_call(given_up_data *self)
{
	int64_t token = call_submit(self->fd, self->port, 5, 0, FAR_AWAY);

	return recv_call(self->fd, self->port, 0, FAR_AWAY) == token ? token : -EBADMSG;
}

static int64_t given_up_call(given_up_data *self)
{
	int64_t token = received_call(self);

	return call_cancel(self->fd, token) == IPCPORT_CALL_RECEIVED ? token : -EBADMSG;
}

TEST_F_TIMEOUT(given_up, by_64_callers_is_told_64_times, LONG_TIMEOUT)
{
	enum { NR = 64 };
	struct ipcport_delivery got[NR];
	int64_t tokens[NR];

	for (int i = 0; i < NR; i++)
		tokens[i] = received_call(self);
	EXPECT_TRUE(has_calls(self->fd, self->port, 0, NR));
	ASSERT_EQ(0, send_nb(self->fd, self->port, 7));
	for (int i = 0; i < NR; i++)
		ASSERT_EQ(IPCPORT_CALL_RECEIVED, call_cancel(self->fd, tokens[NR - 1 - i]));
	EXPECT_TRUE(has_calls(self->fd, self->port, NR + 1, 0));
	EXPECT_EQ(7, recv_nb(self->fd, self->port));
	ASSERT_EQ(NR, msg_recv(self->fd, self->port, got, NR, 0, 0));
	for (int i = 0; i < NR; i++) {
		EXPECT_TRUE(is_notice(&got[i]));
		EXPECT_EQ(tokens[NR - 1 - i], got[i].info.token);
		EXPECT_EQ(NR + 2 + i, got[i].info.seq);
	}
	EXPECT_PORT(self->fd, self->port, 0, 2 * NR + 1, 2 * NR + 1);
}

TEST_F_TIMEOUT(given_up, leaves_a_notice_that_ends_with_the_port, LONG_TIMEOUT)
{
	int64_t tokens[3];

	for (int i = 0; i < 3; i++)
		tokens[i] = received_call(self);
	for (int i = 0; i < 3; i++)
		ASSERT_EQ(IPCPORT_CALL_RECEIVED, call_cancel(self->fd, tokens[i]));
	EXPECT_TRUE(has_calls(self->fd, self->port, 3, 0));
	EXPECT_EQ(0, port_destroy(self->fd, self->port));
	EXPECT_TRUE(no_call_lives());
	EXPECT_TRUE(wait_until(live_count("messages") <= 0));
}

TEST_F_TIMEOUT(given_up, is_not_what_the_end_of_the_port_is, LONG_TIMEOUT)
{
	struct actor *actor;

	ASSERT_LT(0, received_call(self));
	actor = receiver(self->fd, self->port);
	ASSERT_TRUE(wait_for_receivers(self->fd, self->port, 1));
	EXPECT_EQ(0, port_destroy(self->fd, self->port));
	EXPECT_EQ(-EPIPE, actor_end(actor));
	EXPECT_TRUE(is_poisoned(&actor->delivery));
}

TEST_F_TIMEOUT(given_up, is_told_again_after_a_bad_address, LONG_TIMEOUT)
{
	struct ipcport_delivery got;
	int64_t token = given_up_call(self);

	EXPECT_EQ(-EFAULT, msg_recv(self->fd, self->port, NULL, 1, 0, FAR_AWAY));
	EXPECT_EQ(1, msg_recv(self->fd, self->port, &got, 1, 0, FAR_AWAY));
	EXPECT_TRUE(is_notice(&got));
	EXPECT_EQ(token, got.info.token);
	EXPECT_EQ(-EAGAIN, recv_nb(self->fd, self->port));
}

/* For the loop of a server a notice is a message that is not to be answered. */
TEST_F_TIMEOUT(given_up, is_no_token_for_reply_recv, LONG_TIMEOUT)
{
	struct ipcport_delivery got;
	int64_t call = given_up_call(self);
	uint64_t token = 0;
	uint32_t refused;

	EXPECT_EQ(0, call_reply_recv(self->fd, self->port, &token, 1, &got, 0, FAR_AWAY, &refused));
	EXPECT_TRUE(is_notice(&got));
	EXPECT_EQ(call, got.info.token);
	EXPECT_EQ(0, token);

	/* who answers too late is told, and then told why */
	call = given_up_call(self);
	token = call;
	EXPECT_EQ(0, call_reply_recv(self->fd, self->port, &token, 1, &got, 0, FAR_AWAY, &refused));
	EXPECT_EQ(ENOENT, refused);
	EXPECT_TRUE(is_notice(&got));
	EXPECT_EQ(0, token);
}

TEST_HARNESS_MAIN
