// SPDX-License-Identifier: GPL-2.0
/*
 * How many files a user can have under way: who reaches the limit is refused and nothing
 * else happens, and whatever becomes of a file gives its place back.
 */
#include "cargo.h"
#include "remote.h"

#define MAX_CARGO	"/sys/module/ipcport/parameters/max_cargo"

#define CAPACITY	8
#define LIMIT		3

/* A user who has nothing else. */
#define USER		2000

static long long default_limit;
static pid_t main_pid;

static int set_limit(long long limit)
{
	char text[32];

	snprintf(text, sizeof(text), "%lld", limit);
	return file_write(MAX_CARGO, text);
}

/* It is the whole system's: restore it whatever happens. */
static void restore(void)
{
	if (getpid() == main_pid && default_limit > 0 && file_number(MAX_CARGO) != default_limit)
		set_limit(default_limit);
}

static void __attribute__((constructor)) save(void)
{
	main_pid = getpid();
	default_limit = file_number(MAX_CARGO);
	atexit(restore);
}

/* What a remote is told. */
static struct desk {
	int fd;
	int64_t port;
	int cargo;
} *desk;

static int64_t become_user(void)
{
	return become(USER, USER, USER);
}

/* Send until it is refused: how many were sent, or the reason if it is not the limit. */
static int64_t send_to_limit(void)
{
	int nr = 0, ret;

	while (!(ret = cargo_send_nb(desk->fd, desk->port, nr, desk->cargo)))
		nr++;
	return ret == -EDQUOT ? nr : ret;
}

static int64_t receive_all(void)
{
	int nr = 0, got;

	while ((got = cargo_recv(desk->fd, desk->port)) >= 0) {
		close(got);
		nr++;
	}
	return nr;
}

FIXTURE(limit) {
	int fd;
	int64_t port;
	int cargo;
	struct remote user;
};

typedef FIXTURE_DATA(limit) limit_data;

FIXTURE_SETUP(limit)
{
	self->fd = dev_open();
	ASSERT_LE(0, self->fd);
	self->port = port_create_as(self->fd, CAPACITY, 0666, IPCPORT_CREATE_F_CARGO);
	ASSERT_LT(0, self->port);
	self->cargo = memfd_create("cargo", MFD_CLOEXEC);
	ASSERT_LE(0, self->cargo);
	desk = shared_alloc(sizeof(*desk));
	*desk = (struct desk){ .fd = self->fd, .port = self->port, .cargo = self->cargo };
	if (geteuid() || set_limit(LIMIT))
		SKIP(return, "only root can set the limit");
	remote_start(&self->user);
}

/* Whatever the test did, there is room for as many as before. */
FIXTURE_TEARDOWN(limit)
{
	remote_kill(&self->user);
	EXPECT_TRUE(cargo_lives(0));
	if (self->port && !port_destroy(self->fd, self->port)) {
		desk->port = port_create_for_cargo(self->fd, CAPACITY);
		EXPECT_EQ(LIMIT, send_to_limit());
	}
	set_limit(default_limit);
	close(self->fd);
	EXPECT_TRUE(cargo_lives(0));
	EXPECT_TRUE(no_call_lives());
	EXPECT_TRUE(all_is_gone());
}

static int64_t submit(limit_data *self)
{
	return cargo_submit(self->fd, self->port, 5, self->cargo);
}

/* A call that was received and waits for an answer: its token. */
static int64_t received_call(limit_data *self)
{
	int64_t token = call_submit(self->fd, self->port, 4, 0, FAR_AWAY);

	return recv_call(self->fd, self->port, 0, FAR_AWAY) == token ? token : -EBADMSG;
}

#define EXPECT_FULL()	EXPECT_EQ(-EDQUOT, cargo_send_nb(self->fd, self->port, 9, self->cargo))

/* There is room for one more, which the port takes and gives. */
#define EXPECT_ROOM()								\
do {										\
	int _got;								\
										\
	EXPECT_EQ(0, cargo_send_nb(self->fd, self->port, 9, self->cargo));	\
	EXPECT_FULL();								\
	_got = cargo_recv(self->fd, self->port);				\
	EXPECT_LE(0, _got);							\
	close(_got);								\
} while (0)

TEST_F_TIMEOUT(limit, of_files_in_messages_is_kept, LONG_TIMEOUT)
{
	EXPECT_EQ(LIMIT, send_to_limit());
	EXPECT_PORT(self->fd, self->port, LIMIT, LIMIT, 0);

	/* what carries nothing is not counted */
	EXPECT_EQ(0, send_nb(self->fd, self->port, 8));
	EXPECT_EQ(LIMIT, live_count("cargo"));
	EXPECT_EQ(LIMIT, receive_all());
	EXPECT_EQ(LIMIT, send_to_limit());
	EXPECT_EQ(LIMIT, receive_all());
}

TEST_F_TIMEOUT(limit, of_handles_is_the_same, LONG_TIMEOUT)
{
	int handle = open_handle(self->fd, self->port, R_SEND);

	desk->cargo = handle;
	EXPECT_EQ(LIMIT, send_to_limit());
	close(handle);
	EXPECT_HANDLES(self->fd, self->port, 1, 0);
	EXPECT_EQ(LIMIT, receive_all());
	EXPECT_TRUE(handles_live(0));
	desk->cargo = self->cargo;
}

/* A caller who does not collect must not be able to keep a server from answering. */
TEST_F_TIMEOUT(limit, of_files_holds_for_calls_and_not_for_answers, LONG_TIMEOUT)
{
	int64_t token = received_call(self), tokens[LIMIT];
	struct ipcport_delivery delivery;

	for (int i = 0; i < LIMIT; i++) {
		tokens[i] = submit(self);
		ASSERT_LT(0, tokens[i]);
	}
	EXPECT_FULL();
	EXPECT_EQ(-EDQUOT, submit(self));
	EXPECT_PORT(self->fd, self->port, LIMIT, 1 + LIMIT, 1);
	EXPECT_EQ(0, cargo_reply(self->fd, self->port, token, 6, self->cargo));
	EXPECT_TRUE(cargo_lives(LIMIT + 1));
	EXPECT_EQ(IPCPORT_CALL_QUEUED, call_cancel(self->fd, tokens[0]));
	EXPECT_EQ(0, collect_delivery(self->fd, self->port, token, &delivery));
	close(delivery.info.cargo);
	EXPECT_EQ(1, send_to_limit());
	EXPECT_EQ(LIMIT, receive_all());
	EXPECT_EQ(LIMIT, send_to_limit());
	EXPECT_EQ(LIMIT, receive_all());
	for (int i = 1; i < LIMIT; i++)
		EXPECT_EQ(IPCPORT_CALL_RECEIVED, call_cancel(self->fd, tokens[i]));
}

/* All the ways on which a file ends its journey, from a place that is the last one. */
TEST_F_TIMEOUT(limit, is_reached_again_after_all_that_can_happen, LONG_TIMEOUT)
{
	int64_t target = port_create_for_cargo(self->fd, CAPACITY), token;
	struct ipcport_reply_recv args;
	struct ipcport_delivery got;
	int other;

	for (int i = 0; i < LIMIT - 1; i++)
		ASSERT_EQ(0, cargo_send_nb(self->fd, target, i, self->cargo));
	EXPECT_ROOM();

	ASSERT_LT(0, token = submit(self));
	EXPECT_FULL();
	EXPECT_EQ(IPCPORT_CALL_QUEUED, call_cancel(self->fd, token));
	EXPECT_ROOM();

	ASSERT_LT(0, token = submit(self));
	EXPECT_EQ(-ETIMEDOUT, call_collect(self->fd, self->port, token, 0, 1));
	EXPECT_ROOM();

	other = dev_open();
	ASSERT_LT(0, cargo_submit(other, self->port, 5, self->cargo));
	EXPECT_FULL();
	close(other);
	ASSERT_TRUE(wait_for_calls(self->fd, self->port, 0, 0));
	EXPECT_TRUE(cargo_lives(LIMIT - 1));
	EXPECT_ROOM();

	token = received_call(self);
	EXPECT_EQ(0, cargo_reply(self->fd, self->port, token, 6, self->cargo));
	EXPECT_ROOM();
	EXPECT_EQ(-ENOENT, cargo_reply(self->fd, self->port, token + 1000, 6, NO_CARGO));
	EXPECT_EQ(IPCPORT_CALL_ENDED, call_cancel(self->fd, token));
	EXPECT_EQ(-ENOENT, cargo_reply(self->fd, self->port, token, 6, self->cargo));
	EXPECT_EQ(-EAGAIN, cargo_reply_recv(self->fd, &args, self->port, token, self->cargo,
					    &got));
	EXPECT_EQ(ENOENT, args.out_reply_errno);
	EXPECT_ROOM();

	EXPECT_EQ(-ENOENT, cargo_send_nb(self->fd, target + 1000, 1, self->cargo));
	EXPECT_EQ(-EBADF, cargo_send_nb(self->fd, self->port, 1, -2));
	EXPECT_EQ(-EOPNOTSUPP, cargo_send_nb(self->fd, self->port, 1, self->fd));
	EXPECT_ROOM();

	EXPECT_EQ(0, port_destroy(self->fd, target));
	EXPECT_EQ(LIMIT, send_to_limit());
	EXPECT_EQ(LIMIT, receive_all());
}

TEST_F_TIMEOUT(limit, counts_who_waits_for_space, LONG_TIMEOUT)
{
	int64_t full = port_create_for_cargo(self->fd, 1);
	struct caller *caller;

	ASSERT_EQ(0, send_nb(self->fd, full, 1));
	EXPECT_EQ(-EAGAIN, cargo_send_nb(self->fd, full, 1, self->cargo));
	EXPECT_EQ(-ETIMEDOUT, cargo_send(self->fd, full, 1, self->cargo, 0, in_ms(20)));
	EXPECT_EQ(LIMIT, send_to_limit());
	EXPECT_EQ(LIMIT, receive_all());
	caller = cargo_caller(self->fd, full, 5, self->cargo, 0);
	ASSERT_TRUE(wait_for_senders(self->fd, full, 1));
	EXPECT_EQ(LIMIT - 1, send_to_limit());
	EXPECT_EQ(0, port_destroy(self->fd, full));
	EXPECT_EQ(-EPIPE, caller_end(caller));
	EXPECT_ROOM();
	EXPECT_EQ(LIMIT - 1, receive_all());
}

/* What is put back was never given back. */
TEST_F_TIMEOUT(limit, holds_while_a_message_is_put_back, LONG_TIMEOUT)
{
	int spare;

	EXPECT_EQ(LIMIT, send_to_limit());
	EXPECT_EQ(-EFAULT, msg_recv(self->fd, self->port, (void *)8, 1, 0, FAR_AWAY));
	EXPECT_FULL();
	spare = use_up_fds();
	EXPECT_EQ(-EMFILE, cargo_recv(self->fd, self->port));
	close(spare);
	allow_fds();
	EXPECT_FULL();
	EXPECT_EQ(LIMIT, receive_all());
}

TEST_F_TIMEOUT(limit, is_that_of_the_user_who_sent, LONG_TIMEOUT)
{
	ASSERT_EQ(0, remote_do(&self->user, become_user));
	EXPECT_EQ(LIMIT, send_to_limit());
	EXPECT_EQ(LIMIT, remote_do(&self->user, send_to_limit));
	EXPECT_EQ(0, remote_do(&self->user, send_to_limit));
	EXPECT_FULL();

	/* whoever receives it */
	EXPECT_EQ(2 * LIMIT, receive_all());
	EXPECT_EQ(LIMIT, remote_do(&self->user, send_to_limit));
	EXPECT_EQ(LIMIT, send_to_limit());
	EXPECT_EQ(2 * LIMIT, remote_do(&self->user, receive_all));
}

/* What a process sent is its user's also when it is gone. */
TEST_F_TIMEOUT(limit, outlives_the_process_that_sent, LONG_TIMEOUT)
{
	EXPECT_EQ(LIMIT, remote_do(&self->user, send_to_limit));
	EXPECT_EQ(-SIGKILL, remote_kill(&self->user));
	EXPECT_FULL();
	EXPECT_EQ(LIMIT, receive_all());
	EXPECT_EQ(LIMIT, send_to_limit());
	EXPECT_EQ(LIMIT, receive_all());
}

TEST_F_TIMEOUT(limit, can_be_changed_at_any_time, LONG_TIMEOUT)
{
	EXPECT_EQ(LIMIT, send_to_limit());
	ASSERT_EQ(0, set_limit(LIMIT + 2));
	EXPECT_EQ(2, send_to_limit());
	ASSERT_EQ(0, set_limit(1));
	EXPECT_EQ(0, send_to_limit());
	EXPECT_EQ(LIMIT + 2, receive_all());
	EXPECT_EQ(1, send_to_limit());
	EXPECT_EQ(1, receive_all());
	ASSERT_EQ(0, set_limit(LIMIT));
}

TEST_F_TIMEOUT(limit, is_4096_if_nobody_says, LONG_TIMEOUT)
{
	EXPECT_EQ(4096, default_limit);
}

TEST_HARNESS_MAIN
