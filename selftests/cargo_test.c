// SPDX-License-Identifier: GPL-2.0
/*
 * Files that travel with messages: what arrives, on every way; handles that arrive as
 * what they were; what may not travel; and bulk data that is never copied. What becomes
 * of files that do not arrive is in cargo_release_test.c.
 */
#include "cargo.h"
#include "remote.h"

#include <linux/io_uring.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>

#define CAPACITY	4

/* Has a length, and thus an offset that all descriptors of the open file share. */
static int file_make(void)
{
	int fd = memfd_create("cargo", MFD_ALLOW_SEALING);

	return fd < 0 || write(fd, "0123456789", 10) != 10 ? -errno : fd;
}

/*
 * Every way on which a file can travel.
 */
enum way {
	SEND_RECV,
	SEND_READ,
	SEND_REPLY_RECV,
	CALL_RECV,
	CALL_READ,
	CALL_REPLY_RECV,
	REPLY_CALL,
	REPLY_COLLECT,
	REPLY_RECV_CALL,
};

FIXTURE(cargo) {
	int fd;
	int64_t port;
	int handle;
	struct ipcport_delivery got;
	struct remote other;
};

FIXTURE_VARIANT(cargo) {
	enum way way;
};

FIXTURE_VARIANT_ADD(cargo, from_send_to_recv) { .way = SEND_RECV };
FIXTURE_VARIANT_ADD(cargo, from_send_to_read) { .way = SEND_READ };
FIXTURE_VARIANT_ADD(cargo, from_send_to_reply_recv) { .way = SEND_REPLY_RECV };
FIXTURE_VARIANT_ADD(cargo, from_call_to_recv) { .way = CALL_RECV };
FIXTURE_VARIANT_ADD(cargo, from_call_to_read) { .way = CALL_READ };
FIXTURE_VARIANT_ADD(cargo, from_call_to_reply_recv) { .way = CALL_REPLY_RECV };
FIXTURE_VARIANT_ADD(cargo, from_reply_to_call) { .way = REPLY_CALL };
FIXTURE_VARIANT_ADD(cargo, from_reply_to_who_collects) { .way = REPLY_COLLECT };
FIXTURE_VARIANT_ADD(cargo, from_reply_recv_to_call) { .way = REPLY_RECV_CALL };

typedef FIXTURE_DATA(cargo) cargo_data;

FIXTURE_SETUP(cargo)
{
	self->fd = dev_open();
	ASSERT_LE(0, self->fd);
	self->port = port_create_for_cargo(self->fd, CAPACITY);
	ASSERT_LT(0, self->port);
	self->handle = open_handle(self->fd, self->port, R_BOTH);
	ASSERT_LE(0, self->handle);
	memset(&self->got, POISON, sizeof(self->got));
}

FIXTURE_TEARDOWN(cargo)
{
	remote_kill(&self->other);
	EXPECT_IDLE(self->fd, self->port);
	EXPECT_TRUE(cargo_lives(0));
	close(self->handle);
	close(self->fd);
	EXPECT_TRUE(no_call_lives());
	EXPECT_TRUE(handles_live(0));
	EXPECT_TRUE(all_is_gone());
}

static int receive(cargo_data *self, enum way way)
{
	struct ipcport_reply_recv args;
	ssize_t ret;

	memset(&self->got, POISON, sizeof(self->got));
	switch (way) {
	case SEND_READ:
	case CALL_READ:
		ret = read(self->handle, &self->got, sizeof(self->got));
		return ret == sizeof(self->got) ? 0 : ret < 0 ? -errno : -EMSGSIZE;
	case SEND_REPLY_RECV:
	case CALL_REPLY_RECV:
		return cargo_reply_recv(self->fd, &args, self->port, 0, NO_CARGO, &self->got);
	default:
		return recv_delivery(self->fd, self->port, &self->got,
				     IPCPORT_RECV_F_NONBLOCK, 0);
	}
}

/* With the message of a call, which is answered then. */
static int travel_with_call(cargo_data *self, enum way way, int cargo)
{
	int64_t token = cargo_submit(self->fd, self->port, 5, cargo);
	int ret;

	if (token < 0)
		return token;
	ret = receive(self, way);
	if (!ret && (int64_t)self->got.info.token != token)
		return -EBADMSG;
	if (!ret)
		ret = call_reply(self->fd, self->port, token, 6, 0);
	if (!ret && call_collect(self->fd, self->port, token, 0, FAR_AWAY) != 6)
		ret = -EBADMSG;
	return ret;
}

/* With an answer to who waits for it in the ioctl that also made the call. */
static int travel_with_answer(cargo_data *self, enum way way, int cargo)
{
	struct caller *caller = caller(self->fd, self->port, .value = 4);
	int64_t token = recv_call(self->fd, self->port, 0, FAR_AWAY);
	struct ipcport_reply_recv args;
	int ret;

	if (token <= 0)
		return -EBADMSG;
	if (way == REPLY_CALL) {
		ret = cargo_reply(self->fd, self->port, token, 5, cargo);
	} else {
		ret = cargo_reply_recv(self->fd, &args, self->port, token, cargo, &self->got);
		ret = ret != -EAGAIN || args.token || args.out_reply_errno ? -EBADMSG : 0;
	}
	if (ret)
		call_reply(self->fd, self->port, token, 5, 0);
	if (caller_end(caller))
		return caller->ret;
	self->got = caller->reply;
	return ret;
}

static int travel_with_late_answer(cargo_data *self, int cargo)
{
	int64_t token = call_submit(self->fd, self->port, 4, 0, FAR_AWAY);
	int ret;

	if (recv_call(self->fd, self->port, 0, FAR_AWAY) != token)
		return -EBADMSG;
	ret = cargo_reply(self->fd, self->port, token, 5, cargo);
	return ret ? ret : collect_delivery(self->fd, self->port, token, &self->got);
}

/* Let a file travel: 0 or -errno. What arrived is in self->got. */
static int travel(cargo_data *self, enum way way, int cargo)
{
	int ret;

	switch (way) {
	case SEND_RECV:
	case SEND_READ:
	case SEND_REPLY_RECV:
		ret = cargo_send_nb(self->fd, self->port, 5, cargo);
		return ret ? ret : receive(self, way);
	case CALL_RECV:
	case CALL_READ:
	case CALL_REPLY_RECV:
		return travel_with_call(self, way, cargo);
	case REPLY_COLLECT:
		return travel_with_late_answer(self, cargo);
	default:
		return travel_with_answer(self, way, cargo);
	}
}

TEST_F_TIMEOUT(cargo, is_the_same_open_file_closed_by_exec, LONG_TIMEOUT)
{
	int file = file_make(), nr = count_fds(), got;

	ASSERT_LE(0, file);
	ASSERT_EQ(0, travel(self, variant->way, file));
	got = self->got.info.cargo;
	ASSERT_LE(0, got);
	EXPECT_NE(file, got);
	EXPECT_EQ(nr + 1, count_fds());
	EXPECT_TRUE(same_file(file, got));
	EXPECT_TRUE(is_cloexec(got));
	EXPECT_EQ(7, lseek(got, 7, SEEK_SET));
	EXPECT_EQ(7, lseek(file, 0, SEEK_CUR));

	/* the sender's descriptor is as it was, and the receiver's does not need it */
	EXPECT_EQ(0, fcntl(file, F_GETFD));
	EXPECT_EQ(0, close(file));
	EXPECT_EQ(7, lseek(got, 0, SEEK_CUR));
	EXPECT_EQ(0, close(got));
	EXPECT_EQ(nr - 1, count_fds());
}

TEST_F_TIMEOUT(cargo, is_kept_by_the_receiver_alone, LONG_TIMEOUT)
{
	struct parcel parcel = parcel_make();

	ASSERT_EQ(0, travel(self, variant->way, parcel.fd));
	ASSERT_LE(0, self->got.info.cargo);
	parcel_leave(&parcel);
	EXPECT_TRUE(cargo_lives(0));
	EXPECT_TRUE(is_held(&parcel));
	EXPECT_EQ(0, close(self->got.info.cargo));
	EXPECT_TRUE(is_released(&parcel));
}

TEST_F_TIMEOUT(cargo, is_said_to_be_none_where_there_is_none, LONG_TIMEOUT)
{
	int nr = count_fds();

	ASSERT_EQ(0, travel(self, variant->way, NO_CARGO));
	EXPECT_EQ(NO_CARGO, self->got.info.cargo);
	EXPECT_EQ(nr, count_fds());
}

TEST_F_TIMEOUT(cargo, comes_with_the_message_it_was_sent_with, LONG_TIMEOUT)
{
	for (int i = 0; i < 3; i++) {
		struct parcel parcel = parcel_make();

		ASSERT_EQ(0, travel(self, variant->way, i % 2 ? NO_CARGO : parcel.fd));
		EXPECT_EQ(variant->way == REPLY_RECV_CALL ? 6 : 5, value_of(&self->got.message));
		if (i % 2) {
			EXPECT_EQ(NO_CARGO, self->got.info.cargo);
		} else {
			EXPECT_TRUE(same_file(parcel.fd, self->got.info.cargo));
			EXPECT_EQ(0, close(self->got.info.cargo));
		}
		EXPECT_OURS(&parcel);
	}
}

/* A handle is another one at the other end, with the same rights and badge. */
TEST_F_TIMEOUT(cargo, that_is_a_handle_keeps_its_rights_and_badge, LONG_TIMEOUT)
{
	int64_t target = port_create_for_cargo(self->fd, CAPACITY);
	int handle = open_badged(self->fd, target, R_SEND, 7), got;
	struct ipcport_delivery delivery;
	struct ipcport_stat stat;

	ASSERT_LE(0, handle);
	ASSERT_EQ(0, travel(self, variant->way, handle));
	got = self->got.info.cargo;
	ASSERT_LE(0, got);
	EXPECT_FALSE(same_file(handle, got));
	EXPECT_TRUE(is_cloexec(got));
	EXPECT_EQ(0, close(handle));
	EXPECT_HANDLES(self->fd, target, 1, 0);
	EXPECT_EQ(0, port_stat(got, 0, &stat));
	EXPECT_EQ(target, stat.out_port);
	EXPECT_TRUE(fdinfo_says(got, "ipcport-rights", "send"));
	EXPECT_TRUE(fdinfo_says(got, "ipcport-badge", "0x7"));
	EXPECT_EQ(-EACCES, recv_nb(got, 0));
	EXPECT_EQ(-EACCES, open_narrower(got, R_BOTH));
	EXPECT_EQ(0, send_nb(got, 0, 8));
	EXPECT_EQ(0, recv_delivery(self->fd, target, &delivery, IPCPORT_RECV_F_NONBLOCK, 0));
	EXPECT_EQ(8, value_of(&delivery.message));
	EXPECT_EQ(7, delivery.info.badge);
	EXPECT_EQ(0, close(got));
	EXPECT_HANDLES(self->fd, target, 0, 0);
	EXPECT_EQ(0, port_destroy(self->fd, target));
}

/*
 * A handle in the hands of another process.
 */

/* What the receiver is told, and what it finds. */
static struct desk {
	int line;		/* the handle through which cargo comes */
	int got;
} *desk;

/* Become somebody who may do nothing by number. */
static int64_t become_nobody(void)
{
	return become(2000, 2000, 2000);
}

static int64_t take_handle(void)
{
	desk->got = cargo_recv(desk->line, 0);
	return desk->got < 0 ? desk->got : 0;
}

static int64_t send_through(void)
{
	return send_nb(desk->got, 0, 9);
}

static int64_t recv_through(void)
{
	return recv_nb(desk->got, 0);
}

static int64_t widen(void)
{
	return open_narrower(desk->got, R_BOTH);
}

static int64_t choose_badge(void)
{
	return open_badged(desk->got, 0, R_SEND, 8);
}

static int64_t narrow(void)
{
	int handle = open_narrower(desk->got, 0), ret;

	if (handle < 0)
		return handle;
	ret = send_nb(handle, 0, 1);
	close(handle);
	return ret;
}

static int64_t drop_handle(void)
{
	return close(desk->got) ? -errno : 0;
}

/* What another process has received as cargo, of a port that it may not use by number. */
#define HAND_OVER(_handle) do {					\
	ASSERT_LE(0, _handle);							\
	ASSERT_EQ(0, cargo_send_nb(self->fd, self->port, 5, _handle));		\
	ASSERT_EQ(0, close(_handle));						\
	ASSERT_EQ(0, remote_do(&self->other, take_handle));			\
} while (0)

FIXTURE(handover) {
	int fd;
	int64_t port, target;
	int handle;
	struct remote other;
};

FIXTURE_SETUP(handover)
{
	self->fd = dev_open();
	ASSERT_LE(0, self->fd);
	self->port = port_create_for_cargo(self->fd, CAPACITY);
	self->target = port_create_for_cargo(self->fd, CAPACITY);
	self->handle = open_handle(self->fd, self->port, R_RECV);
	ASSERT_LE(0, self->handle);
	if (geteuid())
		SKIP(return, "only root can become others");
	desk = shared_alloc(sizeof(*desk));
	desk->line = self->handle;
	remote_start(&self->other);
	ASSERT_EQ(0, remote_do(&self->other, become_nobody));
}

FIXTURE_TEARDOWN(handover)
{
	remote_kill(&self->other);
	close(self->handle);
	close(self->fd);
	EXPECT_TRUE(handles_live(0));
	EXPECT_TRUE(all_is_gone());
}

TEST_F_TIMEOUT(handover, of_a_right_to_send_gives_no_more_than_that, LONG_TIMEOUT)
{
	int handle = open_badged(self->fd, self->target, R_SEND, 7);
	struct ipcport_delivery got;

	HAND_OVER(handle);
	EXPECT_HANDLES(self->fd, self->target, 1, 0);
	EXPECT_EQ(-EACCES, remote_do(&self->other, recv_through));
	EXPECT_EQ(-EACCES, remote_do(&self->other, widen));
	EXPECT_EQ(-EPERM, remote_do(&self->other, choose_badge));
	EXPECT_EQ(-EACCES, remote_do(&self->other, narrow));
	EXPECT_EQ(0, remote_do(&self->other, send_through));
	EXPECT_EQ(0, recv_delivery(self->fd, self->target, &got, IPCPORT_RECV_F_NONBLOCK, 0));
	EXPECT_EQ(9, value_of(&got.message));
	EXPECT_EQ(7, got.info.badge);
	EXPECT_EQ(2000, got.info.uid);
	EXPECT_EQ(self->other.pid, (pid_t)got.info.pid);
	EXPECT_EQ(0, remote_do(&self->other, drop_handle));
	EXPECT_HANDLES(self->fd, self->target, 0, 0);
}

TEST_F_TIMEOUT(handover, of_a_right_to_receive_gives_no_more_than_that, LONG_TIMEOUT)
{
	int handle = open_handle(self->fd, self->target, R_RECV);

	HAND_OVER(handle);
	EXPECT_HANDLES(self->fd, self->target, 0, 1);
	EXPECT_EQ(-EACCES, remote_do(&self->other, send_through));
	EXPECT_EQ(-EACCES, remote_do(&self->other, widen));
	EXPECT_EQ(-EAGAIN, remote_do(&self->other, recv_through));
	EXPECT_EQ(0, send_nb(self->fd, self->target, 8));
	EXPECT_EQ(8, remote_do(&self->other, recv_through));
	EXPECT_PORT(self->fd, self->target, 0, 1, 1);
}

TEST_F_TIMEOUT(handover, ends_with_the_port_of_the_handle, LONG_TIMEOUT)
{
	int handle = open_handle(self->fd, self->target, R_BOTH);

	HAND_OVER(handle);
	EXPECT_EQ(0, remote_do(&self->other, send_through));
	EXPECT_EQ(0, port_destroy(self->fd, self->target));
	EXPECT_EQ(-EPIPE, remote_do(&self->other, send_through));
	EXPECT_EQ(9, remote_do(&self->other, recv_through));
	EXPECT_EQ(-EPIPE, remote_do(&self->other, recv_through));
}

TEST_F_TIMEOUT(handover, outlives_the_port_it_went_through, LONG_TIMEOUT)
{
	int handle = open_handle(self->fd, self->target, R_SEND);

	HAND_OVER(handle);
	EXPECT_EQ(0, port_destroy(self->fd, self->port));
	EXPECT_EQ(0, remote_do(&self->other, send_through));
	EXPECT_EQ(9, recv_nb(self->fd, self->target));
}

TEST_F_TIMEOUT(handover, of_a_dead_port_can_still_arrive, LONG_TIMEOUT)
{
	int handle = open_handle(self->fd, self->target, R_BOTH), got;
	struct ipcport_stat stat;

	ASSERT_LE(0, handle);
	EXPECT_EQ(0, cargo_send_nb(self->fd, self->port, 1, handle));
	EXPECT_EQ(0, port_destroy(self->fd, self->target));
	/* and be sent when it is dead already */
	EXPECT_EQ(0, cargo_send_nb(self->fd, self->port, 2, handle));
	EXPECT_EQ(0, close(handle));
	for (int i = 0; i < 2; i++) {
		got = cargo_recv(self->handle, 0);
		ASSERT_LE(0, got);
		EXPECT_EQ(0, port_stat(got, 0, &stat));
		EXPECT_EQ(IPCPORT_STATE_DEAD, stat.out_state & IPCPORT_STATE_DEAD);
		EXPECT_EQ(self->target, stat.out_port);
		EXPECT_EQ(-EPIPE, recv_nb(got, 0));
		EXPECT_EQ(-EPIPE, send_nb(got, 0, 1));
		EXPECT_EQ(POLL_DEAD, poll_now(got) & ~POLL_BOTH);
		close(got);
	}
}

/*
 * What travels, and what does not.
 */
struct kind {
	const char *name;
	int fd;
};

FIXTURE(kinds) {
	int fd;
	int64_t port;
};

FIXTURE_SETUP(kinds)
{
	self->fd = dev_open();
	ASSERT_LE(0, self->fd);
	self->port = port_create_for_cargo(self->fd, CAPACITY);
	ASSERT_LT(0, self->port);
}

FIXTURE_TEARDOWN(kinds)
{
	EXPECT_IDLE(self->fd, self->port);
	EXPECT_TRUE(cargo_lives(0));
	close(self->fd);
	EXPECT_TRUE(all_is_gone());
}

TEST_F_TIMEOUT(kinds, of_files_travel, LONG_TIMEOUT)
{
	struct parcel parcel = parcel_make();
	sigset_t signals;
	struct kind kinds[] = {
		{ "a memfd", memfd_create("kind", 0) },
		{ "a pipe's end that is written", parcel.fd },
		{ "a pipe's end that is read", parcel.witness },
		{ "a regular file", open("/proc/self/exe", O_RDONLY) },
		{ "a folder", open("/", O_RDONLY | O_DIRECTORY) },
		{ "a device", open("/dev/null", O_RDWR) },
		{ "a file by its path", open("/dev/null", O_PATH) },
		{ "an epoll set", epoll_create1(0) },
		{ "an eventfd", eventfd(0, 0) },
		{ "a timerfd", timerfd_create(CLOCK_MONOTONIC, 0) },
		{ "a signalfd", (sigemptyset(&signals), signalfd(-1, &signals, 0)) },
		{ "a pidfd", syscall(SYS_pidfd_open, getpid(), 0) },
		{ "a TCP socket", socket(AF_INET, SOCK_STREAM, 0) },
		{ "a UDP socket", socket(AF_INET, SOCK_DGRAM, 0) },
		{ "a netlink socket", socket(AF_NETLINK, SOCK_RAW, 0) },
	};
	int got;

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		ASSERT_LE(0, kinds[i].fd) {
			TH_LOG("%s", kinds[i].name);
		}
		EXPECT_EQ(0, cargo_send_nb(self->fd, self->port, i, kinds[i].fd)) {
			TH_LOG("%s", kinds[i].name);
		}
		got = cargo_recv(self->fd, self->port);
		EXPECT_TRUE(same_file(kinds[i].fd, got)) {
			TH_LOG("%s: %d", kinds[i].name, got);
		}
		close(got);
	}
}

TEST_F_TIMEOUT(kinds, of_numbers_include_zero, LONG_TIMEOUT)
{
	int file = file_make(), got;

	ASSERT_EQ(0, dup2(file, 0));
	EXPECT_EQ(0, cargo_send_nb(self->fd, self->port, 5, 0));
	got = cargo_recv(self->fd, self->port);
	EXPECT_TRUE(same_file(0, got));

	/* and a receiver can be given it */
	EXPECT_EQ(0, cargo_send_nb(self->fd, self->port, 5, got));
	EXPECT_EQ(0, close(0));
	EXPECT_EQ(0, cargo_recv(self->fd, self->port));
	EXPECT_TRUE(same_file(0, file));
}

/* A file that can be written stays one that can, and the other way round. */
TEST_F_TIMEOUT(kinds, of_access_stay, LONG_TIMEOUT)
{
	int file = open("/dev/null", O_RDONLY), got;

	EXPECT_EQ(0, cargo_send_nb(self->fd, self->port, 5, file));
	got = cargo_recv(self->fd, self->port);
	EXPECT_EQ(-1, write(got, "", 1));
	EXPECT_EQ(EBADF, errno);
}

TEST_F_TIMEOUT(kinds, of_messages_in_a_batch_keep_what_is_theirs, LONG_TIMEOUT)
{
	struct ipcport_delivery got[4];
	int files[4];

	for (int i = 0; i < 4; i++) {
		files[i] = i == 1 ? NO_CARGO : file_make();
		EXPECT_EQ(0, cargo_send_nb(self->fd, self->port, i, files[i]));
	}
	memset(got, POISON, sizeof(got));
	EXPECT_EQ(4, msg_recv(self->fd, self->port, got, 4, 0, FAR_AWAY));
	for (int i = 0; i < 4; i++) {
		EXPECT_EQ(i, value_of(&got[i].message));
		EXPECT_TRUE(i == 1 ? got[i].info.cargo == NO_CARGO :
				     same_file(files[i], got[i].info.cargo));
	}
}

TEST_F_TIMEOUT(kinds, of_batches_do_not_travel, LONG_TIMEOUT)
{
	static const uint32_t counts[] = { 0, 2, IPCPORT_BATCH_MAX, UINT32_MAX };
	struct ipcport_message *messages = calloc(IPCPORT_BATCH_MAX, sizeof(*messages));
	struct parcel parcel = parcel_make();

	for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
		struct ipcport_send args = {
			.port = self->port, .messages = (uintptr_t)messages,
			.count = counts[i], .cargo = parcel.fd,
			.flags = IPCPORT_SEND_F_NONBLOCK | IPCPORT_SEND_F_CARGO,
		};

		EXPECT_EQ(-EINVAL, xioctl(self->fd, IPCPORT_IOC_MSG_SEND, &args));
	}
	EXPECT_PORT(self->fd, self->port, 0, 0, 0);
	EXPECT_OURS(&parcel);
	free(messages);
}

/*
 * What is refused, by each ioctl that takes cargo. There is a call to answer, and
 * nothing else in the port.
 */
enum door {
	DOOR_SEND,
	DOOR_CALL,
	DOOR_SUBMIT,
	DOOR_REPLY,
	DOOR_REPLY_RECV,
};

FIXTURE(refusal) {
	int fd;
	int64_t port;
	int64_t token;
	struct ipcport_delivery got;
};

FIXTURE_VARIANT(refusal) {
	enum door door;
};

FIXTURE_VARIANT_ADD(refusal, by_send) { .door = DOOR_SEND };
FIXTURE_VARIANT_ADD(refusal, by_call) { .door = DOOR_CALL };
FIXTURE_VARIANT_ADD(refusal, by_call_submit) { .door = DOOR_SUBMIT };
FIXTURE_VARIANT_ADD(refusal, by_reply) { .door = DOOR_REPLY };
FIXTURE_VARIANT_ADD(refusal, by_reply_recv) { .door = DOOR_REPLY_RECV };

typedef FIXTURE_DATA(refusal) refusal_data;

FIXTURE_SETUP(refusal)
{
	self->fd = dev_open();
	ASSERT_LE(0, self->fd);
	self->port = port_create_for_cargo(self->fd, CAPACITY);
	ASSERT_LT(0, self->port);
	self->token = call_submit(self->fd, self->port, 4, 0, FAR_AWAY);
	ASSERT_EQ(self->token, recv_call(self->fd, self->port, 0, FAR_AWAY));
	memset(&self->got, POISON, sizeof(self->got));
}

/* Nothing was sent, and the call is as it was. */
FIXTURE_TEARDOWN(refusal)
{
	EXPECT_TRUE(has_calls(self->fd, self->port, 0, 1));
	EXPECT_PORT(self->fd, self->port, 0, 1, 1);
	EXPECT_TRUE(cargo_lives(0));
	EXPECT_TRUE(is_poisoned(&self->got));
	EXPECT_EQ(0, call_reply(self->fd, self->port, self->token, 6, 0));
	EXPECT_EQ(6, call_collect(self->fd, self->port, self->token, 0, FAR_AWAY));
	close(self->fd);
	EXPECT_TRUE(no_call_lives());
	EXPECT_TRUE(all_is_gone());
}

static int try_send(refusal_data *self, int cargo, bool has_flag)
{
	struct ipcport_message message = message_of(5);
	struct ipcport_send args = {
		.port = self->port, .messages = (uintptr_t)&message, .count = 1, .cargo = cargo,
		.flags = IPCPORT_SEND_F_NONBLOCK | (has_flag ? IPCPORT_SEND_F_CARGO : 0),
	};

	return xioctl(self->fd, IPCPORT_IOC_MSG_SEND, &args);
}

static int try_call(refusal_data *self, int cargo, bool has_flag, bool is_submitted)
{
	struct caller caller = { .port = self->port, .flags = IPCPORT_CALL_F_NONBLOCK };
	int ret;

	caller_prepare(&caller);
	caller.args.cargo = cargo;
	if (has_flag)
		caller.args.flags |= IPCPORT_CALL_F_CARGO;
	if (is_submitted)
		caller.args.flags |= IPCPORT_CALL_F_SUBMIT;
	ret = call_ioctl(self->fd, &caller.args);
	return caller.args.token || !is_poisoned(&caller.reply) ? -EBADMSG : ret;
}

static int try_reply(refusal_data *self, int cargo, bool has_flag)
{
	struct ipcport_message message = message_of(5);
	struct ipcport_reply args = {
		.port = self->port, .token = self->token, .message = (uintptr_t)&message,
		.flags = has_flag ? IPCPORT_REPLY_F_CARGO : 0, .cargo = cargo,
	};

	return xioctl(self->fd, IPCPORT_IOC_CALL_REPLY, &args);
}

static int try_reply_recv(refusal_data *self, int cargo, bool has_flag)
{
	struct ipcport_message message = message_of(5);
	struct ipcport_reply_recv args = {
		.port = self->port, .token = self->token, .message = (uintptr_t)&message,
		.delivery = (uintptr_t)&self->got, .out_reply_errno = POISON, .cargo = cargo,
		.flags = IPCPORT_REPLY_RECV_F_NONBLOCK |
			 (has_flag ? IPCPORT_REPLY_RECV_F_CARGO : 0),
	};
	int ret = xioctl(self->fd, IPCPORT_IOC_CALL_REPLY_RECV, &args);

	if ((int64_t)args.token != self->token || args.out_reply_errno != POISON)
		return -EBADMSG;
	return ret;
}

static int try_door(refusal_data *self, enum door door, int cargo, bool has_flag)
{
	switch (door) {
	case DOOR_SEND:
		return try_send(self, cargo, has_flag);
	case DOOR_CALL:
		return try_call(self, cargo, has_flag, false);
	case DOOR_SUBMIT:
		return try_call(self, cargo, has_flag, true);
	case DOOR_REPLY:
		return try_reply(self, cargo, has_flag);
	default:
		return try_reply_recv(self, cargo, has_flag);
	}
}

static int uring_fd(void)
{
	struct io_uring_params params = {};

	return syscall(SYS_io_uring_setup, 2, &params);
}

TEST_F_TIMEOUT(refusal, meets_what_could_keep_itself_open, LONG_TIMEOUT)
{
	int stream[2], dgram[2], seqpacket[2];

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, stream));
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_DGRAM, 0, dgram));
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_SEQPACKET, 0, seqpacket));

	struct kind kinds[] = {
		{ "one end of a stream pair", stream[0] },
		{ "the other end", stream[1] },
		{ "one end of a datagram pair", dgram[0] },
		{ "the other end", dgram[1] },
		{ "one end of a seqpacket pair", seqpacket[0] },
		{ "the other end", seqpacket[1] },
		{ "a new UNIX socket", socket(AF_UNIX, SOCK_STREAM, 0) },
		{ "the device file of the port", self->fd },
		{ "another device file", dev_open() },
		{ "an io_uring instance", uring_fd() },
	};

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (kinds[i].fd < 0 && i == ARRAY_SIZE(kinds) - 1)
			break;
		ASSERT_LE(0, kinds[i].fd);
		EXPECT_EQ(-EOPNOTSUPP, try_door(self, variant->door, kinds[i].fd, true)) {
			TH_LOG("%s", kinds[i].name);
		}
	}
	close(kinds[8].fd);
}

TEST_F_TIMEOUT(refusal, meets_numbers_that_are_no_open_file, LONG_TIMEOUT)
{
	int closed = eventfd(0, 0);

	close(closed);
	EXPECT_EQ(-EBADF, try_door(self, variant->door, closed, true));
	EXPECT_EQ(-EBADF, try_door(self, variant->door, -1, true));
	EXPECT_EQ(-EBADF, try_door(self, variant->door, AT_FDCWD, true));
	EXPECT_EQ(-EBADF, try_door(self, variant->door, INT32_MAX, true));
	EXPECT_EQ(-EBADF, try_door(self, variant->door, INT32_MIN, true));
}

TEST_F_TIMEOUT(refusal, meets_a_number_without_the_flag, LONG_TIMEOUT)
{
	struct parcel parcel = parcel_make();

	EXPECT_EQ(-EINVAL, try_door(self, variant->door, parcel.fd, false));
	EXPECT_EQ(-EINVAL, try_door(self, variant->door, -1, false));
	EXPECT_EQ(-EINVAL, try_door(self, variant->door, INT32_MIN, false));
	EXPECT_OURS(&parcel);
}

/*
 * A port whose owner did not ask for files. Who sends has a number or a handle.
 */
FIXTURE(plain) {
	int fd;
	int64_t port;
	int door;		/* what is sent on */
	int64_t number;		/* the port's number there */
};

FIXTURE_VARIANT(plain) {
	bool is_handle;
};

FIXTURE_VARIANT_ADD(plain, by_number) { .is_handle = false };
FIXTURE_VARIANT_ADD(plain, by_handle) { .is_handle = true };

FIXTURE_SETUP(plain)
{
	self->fd = dev_open();
	ASSERT_LE(0, self->fd);
	self->port = port_create(self->fd, CAPACITY);
	ASSERT_LT(0, self->port);
	self->door = variant->is_handle ? open_handle(self->fd, self->port, R_BOTH) :
					  dup(self->fd);
	ASSERT_LE(0, self->door);
	self->number = variant->is_handle ? 0 : self->port;
}

FIXTURE_TEARDOWN(plain)
{
	EXPECT_IDLE(self->fd, self->port);
	EXPECT_TRUE(cargo_lives(0));
	close(self->door);
	close(self->fd);
	EXPECT_TRUE(no_call_lives());
	EXPECT_TRUE(handles_live(0));
	EXPECT_TRUE(all_is_gone());
}

/* A call that waits, and one that does not: -EBADMSG if more was done than to refuse it. */
static int call_with(int fd, uint64_t port, int cargo, uint32_t flags)
{
	struct caller caller = {
		.fd = fd, .port = port, .value = 5, .flags = flags, .deadline_ns = in_ms(1000),
	};
	int ret;

	cargo_caller_prepare(&caller, cargo);
	ret = call_ioctl(fd, &caller.args);
	return caller.args.token || caller.args.out_status != POISON_STATUS ||
	       !is_poisoned(&caller.reply) ? -EBADMSG : ret;
}

TEST_F_TIMEOUT(plain, port_refuses_files, LONG_TIMEOUT)
{
	struct parcel parcel = parcel_make();
	int handle = open_handle(self->fd, self->port, R_SEND);
	const int cargos[] = { parcel.fd, self->door, handle };
	int nr = count_fds(), next = next_fd();

	for (size_t i = 0; i < ARRAY_SIZE(cargos); i++) {
		EXPECT_EQ(-EOPNOTSUPP, cargo_send_nb(self->door, self->number, 5, cargos[i]));
		EXPECT_EQ(-EOPNOTSUPP, cargo_send(self->door, self->number, 5, cargos[i], 0,
						  in_ms(1000)));
		EXPECT_EQ(-EOPNOTSUPP, call_with(self->door, self->number, cargos[i],
						 IPCPORT_CALL_F_NONBLOCK));
		EXPECT_EQ(-EOPNOTSUPP, call_with(self->door, self->number, cargos[i],
						 IPCPORT_CALL_F_SUBMIT));
	}
	EXPECT_PORT(self->fd, self->port, 0, 0, 0);
	EXPECT_TRUE(has_calls(self->fd, self->port, 0, 0));
	EXPECT_EQ(-EAGAIN, recv_nb(self->door, self->number));
	EXPECT_TRUE(cargo_lives(0));
	EXPECT_EQ(nr, count_fds());
	EXPECT_EQ(next, next_fd());
	EXPECT_HANDLES(self->fd, self->port, 1 + variant->is_handle, variant->is_handle);
	close(handle);
	EXPECT_OURS(&parcel);
}

/* Also when there is no space, for which nobody waits in vain then. */
TEST_F_TIMEOUT(plain, port_that_is_full_refuses_files, LONG_TIMEOUT)
{
	struct parcel parcel = parcel_make();

	for (int i = 0; i < CAPACITY; i++)
		ASSERT_EQ(0, send_nb(self->door, self->number, i));
	EXPECT_EQ(-EOPNOTSUPP, cargo_send(self->door, self->number, 5, parcel.fd, 0,
					  in_ms(1000)));
	EXPECT_EQ(-EOPNOTSUPP, call_with(self->door, self->number, parcel.fd, 0));
	EXPECT_PORT(self->fd, self->port, CAPACITY, CAPACITY, 0);
	EXPECT_OURS(&parcel);
	for (int i = 0; i < CAPACITY; i++)
		EXPECT_EQ(i, recv_nb(self->door, self->number));
}

TEST_F_TIMEOUT(plain, port_takes_messages_without_files, LONG_TIMEOUT)
{
	struct parcel parcel = parcel_make();
	struct ipcport_delivery got;
	int64_t token;

	EXPECT_EQ(-EOPNOTSUPP, cargo_send_nb(self->door, self->number, 5, parcel.fd));
	EXPECT_EQ(0, cargo_send_nb(self->door, self->number, 6, NO_CARGO));
	ASSERT_EQ(0, recv_delivery(self->door, self->number, &got, IPCPORT_RECV_F_NONBLOCK, 0));
	EXPECT_EQ(6, value_of(&got.message));
	EXPECT_EQ(NO_CARGO, got.info.cargo);
	EXPECT_EQ(1, got.info.seq);
	token = cargo_submit(self->door, self->number, 7, NO_CARGO);
	ASSERT_LT(0, token);
	ASSERT_EQ(token, recv_call(self->door, self->number, 0, FAR_AWAY));
	EXPECT_EQ(0, call_reply(self->door, self->number, token, 8, 0));
	EXPECT_EQ(8, call_collect(self->door, self->number, token, 0, FAR_AWAY));
	EXPECT_PORT(self->fd, self->port, 0, 2, 2);
	EXPECT_OURS(&parcel);
}

/* Who calls knows what it asks for. */
TEST_F_TIMEOUT(plain, port_has_answers_that_bring_files, LONG_TIMEOUT)
{
	struct parcel parcel = parcel_make();
	struct ipcport_reply_recv args;
	struct ipcport_delivery got;
	struct caller *caller;
	int64_t token;

	caller = caller(self->door, self->number, .value = 4);
	token = recv_call(self->door, self->number, 0, FAR_AWAY);
	ASSERT_LT(0, token);
	EXPECT_EQ(0, cargo_reply(self->door, self->number, token, 5, parcel.fd));
	EXPECT_EQ(0, caller_end(caller));
	EXPECT_EQ(5, caller_value(caller));
	EXPECT_TRUE(same_file(parcel.fd, caller->reply.info.cargo));
	close(caller->reply.info.cargo);

	token = call_submit(self->door, self->number, 4, 0, FAR_AWAY);
	ASSERT_EQ(token, recv_call(self->door, self->number, 0, FAR_AWAY));
	EXPECT_EQ(-EAGAIN, cargo_reply_recv(self->door, &args, self->number, token, parcel.fd,
					    &got));
	EXPECT_EQ(0, args.out_reply_errno);
	EXPECT_EQ(0, collect_delivery(self->door, self->number, token, &got));
	EXPECT_EQ(6, value_of(&got.message));
	EXPECT_TRUE(same_file(parcel.fd, got.info.cargo));
	close(got.info.cargo);
	EXPECT_OURS(&parcel);
}

/*
 * Bulk data goes in a sealed memfd: what travels is the file, not what is in it.
 */
#define BULK_SIZE	(64UL << 20)

/* FNV-1a, of words. */
static uint64_t digest(const uint64_t *words, size_t size)
{
	uint64_t hash = 0xcbf29ce484222325;

	for (size_t i = 0; i < size / sizeof(*words); i++)
		hash = (hash ^ words[i]) * 0x100000001b3;
	return hash;
}

static int bulk_make(uint64_t *hash)
{
	int fd = memfd_create("bulk", MFD_ALLOW_SEALING | MFD_CLOEXEC);
	uint64_t *words, value = 88172645463325252;

	if (fd < 0 || ftruncate(fd, BULK_SIZE))
		return -errno;
	words = mmap(NULL, BULK_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (words == MAP_FAILED)
		return -errno;
	for (size_t i = 0; i < BULK_SIZE / sizeof(*words); i++) {
		value ^= value << 13;
		value ^= value >> 7;
		value ^= value << 17;
		words[i] = value;
	}
	*hash = digest(words, BULK_SIZE);
	munmap(words, BULK_SIZE);
	if (fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE))
		return -errno;
	return fd;
}

/* What the receiver saw of it. */
static struct bulk {
	int line;
	uint64_t hash, size, inode, device, blocks;
	int seals, write_errno, map_errno;
} *bulk;

static int64_t take_bulk(void)
{
	int fd = cargo_recv(bulk->line, 0);
	struct stat stat;
	void *words;

	if (fd < 0 || fstat(fd, &stat))
		return fd < 0 ? fd : -errno;
	bulk->inode = stat.st_ino;
	bulk->device = stat.st_dev;
	bulk->size = stat.st_size;
	bulk->blocks = stat.st_blocks;
	bulk->seals = fcntl(fd, F_GET_SEALS);
	bulk->write_errno = pwrite(fd, "x", 1, 0) < 0 ? errno : 0;
	words = mmap(NULL, stat.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	bulk->map_errno = words == MAP_FAILED ? errno : 0;
	/* private, because older kernels take a shared mapping for one that can be written */
	words = mmap(NULL, stat.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (words == MAP_FAILED)
		return -errno;
	bulk->hash = digest(words, stat.st_size);
	return 0;
}

FIXTURE(bulk) {
	int fd;
	int64_t port;
	int handle;
	struct remote other;
};

FIXTURE_SETUP(bulk)
{
	self->fd = dev_open();
	ASSERT_LE(0, self->fd);
	self->port = port_create_for_cargo(self->fd, CAPACITY);
	self->handle = open_handle(self->fd, self->port, R_RECV);
	ASSERT_LE(0, self->handle);
	bulk = shared_alloc(sizeof(*bulk));
	bulk->line = self->handle;
	remote_start(&self->other);
}

FIXTURE_TEARDOWN(bulk)
{
	remote_kill(&self->other);
	close(self->handle);
	close(self->fd);
	EXPECT_TRUE(cargo_lives(0));
	EXPECT_TRUE(all_is_gone());
}

TEST_F_TIMEOUT(bulk, data_arrives_as_it_was_and_is_not_copied, LONG_TIMEOUT)
{
	struct stat stat;
	uint64_t hash;
	int memfd = bulk_make(&hash);

	ASSERT_LE(0, memfd);
	ASSERT_EQ(0, fstat(memfd, &stat));
	ASSERT_EQ(0, cargo_send_nb(self->fd, self->port, 1, memfd));
	close(memfd);
	EXPECT_EQ(0, remote_do(&self->other, take_bulk));
	EXPECT_EQ(hash, bulk->hash);
	EXPECT_EQ(BULK_SIZE, bulk->size);
	EXPECT_EQ(stat.st_ino, bulk->inode);
	EXPECT_EQ(stat.st_dev, bulk->device);
	EXPECT_EQ(stat.st_blocks, bulk->blocks);
	EXPECT_EQ(F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE, bulk->seals);
	EXPECT_EQ(EPERM, bulk->write_errno);
	EXPECT_EQ(EPERM, bulk->map_errno);
}

TEST_HARNESS_MAIN
