// SPDX-License-Identifier: GPL-2.0
/*
 * Handles: how they are made, what may be done through them, that nothing adds to their
 * rights or takes their badge away, and what remains of them when their port has ended.
 */
#include "process.h"
#include "call.h"
#include "handle.h"

#include <sys/time.h>

#define CAPACITY	4
#define BADGE		0xfeedfacecafef00dULL

/* Somebody who means nothing to the system. */
#define USER		2000

/* What processes of a test share. */
struct desk {
	_Atomic int phase;
	_Atomic int go;
	int64_t port;
	int rets[16];
	struct ipcport_delivery delivery;
};

FIXTURE(handle) {
	int fd;
	int64_t port;
	struct desk *desk;
	struct ipcport_delivery delivery;
	pid_t pids[2];
};

FIXTURE_SETUP(handle)
{
	adopt_orphans();
	self->desk = shared_alloc(sizeof(*self->desk));
	self->fd = dev_open();
	ASSERT_LE(0, self->fd);
	self->port = port_create_as(self->fd, CAPACITY, 0666, 0);
	ASSERT_LT(0, self->port);
	memset(&self->delivery, POISON, sizeof(self->delivery));
}

FIXTURE_TEARDOWN(handle)
{
	reap_all(self->pids, ARRAY_SIZE(self->pids));
	/* the device file was the first */
	syscall(SYS_close_range, self->fd, ~0U, 0);
	EXPECT_TRUE(no_call_lives());
	EXPECT_TRUE(handles_live(0));
	EXPECT_TRUE(all_is_gone());
}

/* Become somebody who may do no more than the mode says. */
static void lose_root(void)
{
	if (!geteuid() && become(USER, USER, USER))
		_exit(100);
}

static int recv_one(int fd, uint64_t port, struct ipcport_delivery *delivery)
{
	memset(delivery, POISON, sizeof(*delivery));
	return msg_recv(fd, port, delivery, 1, IPCPORT_RECV_F_NONBLOCK, 0);
}

/*
 * OPEN.
 */
TEST_F_TIMEOUT(handle, is_made_with_each_combination_of_rights, LONG_TIMEOUT)
{
	int handles[R_BOTH + 1];

	for (int rights = 0; rights <= R_BOTH; rights++) {
		handles[rights] = open_handle(self->fd, self->port, rights);
		ASSERT_LE(0, handles[rights]);
		EXPECT_TRUE(is_cloexec(handles[rights]));
		EXPECT_EQ(O_RDWR, fcntl(handles[rights], F_GETFL) & (O_ACCMODE | O_NONBLOCK));
	}
	EXPECT_HANDLES(self->fd, self->port, 2, 2);
	EXPECT_EQ(4, live_count("handles"));
	for (int rights = 0; rights <= R_BOTH; rights++)
		close(handles[rights]);
	EXPECT_HANDLES(self->fd, self->port, 0, 0);
	EXPECT_TRUE(handles_live(0));
	EXPECT_PORT(self->fd, self->port, 0, 0, 0);
}

TEST_F_TIMEOUT(handle, is_refused_with_each_right_that_is_not_known, LONG_TIMEOUT)
{
	int handle = open_handle(self->fd, self->port, R_BOTH);

	for (int bit = 0; bit < 32; bit++) {
		if (R_BOTH & 1U << bit)
			continue;
		EXPECT_EQ(-EINVAL, open_handle(self->fd, self->port, 1U << bit));
		EXPECT_EQ(-EINVAL, open_handle(self->fd, self->port, 1U << bit | R_BOTH));
		EXPECT_EQ(-EINVAL, open_narrower(handle, 1U << bit));
		EXPECT_EQ(-EINVAL, open_narrower(handle, 1U << bit | R_SEND));
	}
	EXPECT_HANDLES(self->fd, self->port, 1, 1);
	EXPECT_EQ(1, live_count("handles"));
}

TEST_F_TIMEOUT(handle, is_refused_with_each_flag_that_is_not_known, LONG_TIMEOUT)
{
	int handle = open_handle(self->fd, self->port, R_BOTH);

	for (int bit = 2; bit < 32; bit++) {
		struct ipcport_open args = { .rights = R_SEND, .flags = 1U << bit };

		EXPECT_EQ(-EOPNOTSUPP, open_ioctl(handle, &args));
		args.port = self->port;
		EXPECT_EQ(-EOPNOTSUPP, open_ioctl(self->fd, &args));
	}
	EXPECT_HANDLES(self->fd, self->port, 1, 1);
}

TEST_F_TIMEOUT(handle, is_for_one_port_that_is_named_in_one_way, LONG_TIMEOUT)
{
	struct ipcport_open args = { .port = self->port, .rights = R_SEND, .name = "/test/handle" };
	int handle = open_handle(self->fd, self->port, R_BOTH);

	ASSERT_EQ(0, port_bind(self->fd, self->port, "/test/handle"));
	/* by number and by name */
	EXPECT_EQ(-EINVAL, open_ioctl(self->fd, &args));
	/* by neither */
	EXPECT_EQ(-ENOENT, open_handle(self->fd, 0, R_SEND));
	EXPECT_EQ(-ENOENT, open_handle(self->fd, 0, 0));
	/* on a handle, which says it all */
	EXPECT_EQ(-EINVAL, open_ioctl(handle, &args));
	EXPECT_EQ(-EINVAL, open_handle(handle, self->port, R_SEND));
	EXPECT_EQ(-EINVAL, open_handle(handle, self->port + 1, R_SEND));
	EXPECT_EQ(-EINVAL, open_by_name(handle, "/test/handle", R_SEND));
	EXPECT_EQ(-EINVAL, open_by_name(handle, "/test/none", R_SEND));
	EXPECT_HANDLES(self->fd, self->port, 1, 1);
}

TEST_F_TIMEOUT(handle, is_not_waited_for_without_a_name, LONG_TIMEOUT)
{
	struct ipcport_open args = {
		.port = self->port, .rights = R_SEND, .flags = IPCPORT_OPEN_F_WAIT,
		.deadline_ns = FAR_AWAY,
	};
	int handle = open_handle(self->fd, self->port, R_BOTH);

	EXPECT_EQ(-EINVAL, open_ioctl(self->fd, &args));
	args.port = 0;
	EXPECT_EQ(-EINVAL, open_ioctl(self->fd, &args));
	EXPECT_EQ(-EINVAL, open_ioctl(handle, &args));
	EXPECT_HANDLES(self->fd, self->port, 1, 1);
}

TEST_F_TIMEOUT(handle, is_refused_where_no_descriptor_is_free, LONG_TIMEOUT)
{
	struct rlimit old, none;

	ASSERT_EQ(0, getrlimit(RLIMIT_NOFILE, &old));
	none = (struct rlimit){ .rlim_cur = 3, .rlim_max = old.rlim_max };
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &none));
	EXPECT_EQ(-EMFILE, open_handle(self->fd, self->port, R_BOTH));
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &old));
	EXPECT_HANDLES(self->fd, self->port, 0, 0);
	EXPECT_TRUE(handles_live(0));
}

TEST_F_TIMEOUT(handle, waits_or_not_as_its_file_says, LONG_TIMEOUT)
{
	struct ipcport_open args = {
		.port = self->port, .rights = R_BOTH, .flags = IPCPORT_OPEN_F_NONBLOCK,
	};
	int handle = open_ioctl(self->fd, &args);

	ASSERT_LE(0, handle);
	EXPECT_EQ(O_RDWR | O_NONBLOCK, fcntl(handle, F_GETFL) & (O_ACCMODE | O_NONBLOCK));
	EXPECT_EQ(-EAGAIN, recv_value(handle, 0, 0, 0));
	for (int i = 0; i < CAPACITY; i++)
		EXPECT_EQ(0, send_value(handle, 0, i, 0, 0));
	EXPECT_EQ(-EAGAIN, send_value(handle, 0, 9, 0, 0));
	EXPECT_EQ(-EAGAIN, call_value(handle, 0, 9, 0, 0));
	/* what is made out of it waits, unless that is asked for again */
	args.port = 0;
	args.flags = 0;
	EXPECT_EQ(0, fcntl(open_ioctl(handle, &args), F_GETFL) & O_NONBLOCK);
	ASSERT_EQ(0, set_nonblock(handle, false));
	EXPECT_EQ(-ETIMEDOUT, send_value(handle, 0, 9, 0, in_ms(20)));
	EXPECT_PORT(self->fd, self->port, CAPACITY, CAPACITY, 0);
}

TEST_F_TIMEOUT(handle, counts_as_one_however_many_descriptors_it_has, LONG_TIMEOUT)
{
	int handle = open_handle(self->fd, self->port, R_SEND), copy = dup(handle), narrower;

	EXPECT_HANDLES(self->fd, self->port, 1, 0);
	self->pids[0] = fork();
	if (!self->pids[0])
		hold_still();
	EXPECT_HANDLES(self->fd, self->port, 1, 0);
	narrower = open_narrower(copy, R_SEND);
	EXPECT_HANDLES(self->fd, self->port, 2, 0);
	close(handle);
	close(copy);
	EXPECT_HANDLES(self->fd, self->port, 2, 0);
	EXPECT_EQ(-SIGKILL, kill_and_reap(self->pids[0]));
	self->pids[0] = 0;
	EXPECT_HANDLES(self->fd, self->port, 1, 0);
	close(narrower);
	EXPECT_HANDLES(self->fd, self->port, 0, 0);
}

/*
 * The ioctls.
 */
TEST_F_TIMEOUT(handle, sends_and_receives_with_number_0, LONG_TIMEOUT)
{
	int sender = open_handle(self->fd, self->port, R_SEND);
	int receiver = open_handle(self->fd, self->port, R_RECV);

	EXPECT_EQ(0, send_nb(sender, 0, 7));
	EXPECT_EQ(0, send_nb(self->fd, self->port, 8));
	EXPECT_EQ(7, recv_nb(receiver, 0));
	EXPECT_EQ(8, recv_nb(receiver, 0));
	EXPECT_EQ(-EAGAIN, recv_nb(receiver, 0));
	EXPECT_PORT(self->fd, self->port, 0, 2, 2);
}

TEST_F_TIMEOUT(handle, calls_and_answers_with_number_0, LONG_TIMEOUT)
{
	int sender = open_handle(self->fd, self->port, R_SEND);
	int receiver = open_handle(self->fd, self->port, R_RECV);
	struct caller *caller = caller(sender, 0, .value = 5);
	uint64_t next = 0, token;
	uint32_t refused = POISON;

	token = recv_call(receiver, 0, 0, FAR_AWAY);
	EXPECT_EQ(0, call_reply(receiver, 0, token, 6, 0));
	EXPECT_EQ(0, caller_end(caller));
	EXPECT_EQ(6, caller_value(caller));

	caller = caller(sender, 0, .value = 7);
	EXPECT_EQ(0, call_reply_recv(receiver, 0, &next, 0, &self->delivery, 0, FAR_AWAY, NULL));
	EXPECT_EQ(7, value_of(&self->delivery.message));
	EXPECT_EQ(-EAGAIN, call_reply_recv(receiver, 0, &next, 8, &self->delivery,
					   IPCPORT_REPLY_RECV_F_NONBLOCK, 0, &refused));
	EXPECT_EQ(0, refused);
	EXPECT_EQ(0, caller_end(caller));
	EXPECT_EQ(8, caller_value(caller));

	token = call_submit(sender, 0, 9, 0, FAR_AWAY);
	EXPECT_EQ(IPCPORT_CALL_QUEUED, call_cancel(sender, token));
	EXPECT_IDLE(self->fd, self->port);
}

TEST_F_TIMEOUT(handle, shows_names_and_destroys_its_port_with_number_0, LONG_TIMEOUT)
{
	struct ipcport_version version = { .flags = 0 };
	int handle = open_handle(self->fd, self->port, 0);
	struct ipcport_stat stat;

	EXPECT_EQ(0, port_stat(handle, 0, &stat));
	EXPECT_EQ(0, stat.port);
	EXPECT_EQ(self->port, stat.out_port);
	EXPECT_EQ(CAPACITY, stat.out_capacity);
	EXPECT_EQ(getpid(), stat.out_owner_pid);
	EXPECT_EQ(0, port_bind(handle, 0, "/test/handle"));
	EXPECT_TRUE(has_name(handle, 0, "/test/handle"));
	EXPECT_EQ(0, port_unbind(handle, 0));
	EXPECT_TRUE(has_name(self->fd, self->port, ""));
	EXPECT_EQ(0, xioctl(handle, IPCPORT_IOC_VERSION, &version));
	EXPECT_NE(0, version.out_version);
	EXPECT_EQ(0, port_destroy(handle, 0));
	EXPECT_DEAD(self->fd, self->port);
}

/* What every ioctl but CANCEL says to a number, or the first that says something else. */
static int all_say(int handle, uint64_t port, uint64_t token, int expected)
{
	struct ipcport_delivery delivery;
	struct ipcport_stat stat;
	int rets[] = {
		port_stat(handle, port, &stat), send_nb(handle, port, 1), recv_nb(handle, port),
		call_value(handle, port, 1, IPCPORT_CALL_F_NONBLOCK, 0),
		call_submit(handle, port, 1, 0, FAR_AWAY),
		call_collect(handle, port, token, IPCPORT_CALL_F_NONBLOCK, 0),
		call_reply(handle, port, token, 1, 0),
		call_reply_recv(handle, port, &token, 1, &delivery,
				IPCPORT_REPLY_RECV_F_NONBLOCK, 0, NULL),
		port_bind(handle, port, "/test/handle"), port_unbind(handle, port),
		open_handle(handle, port, 0), port_destroy(handle, port),
	};

	for (size_t i = 0; i < ARRAY_SIZE(rets); i++)
		if (rets[i] != expected)
			return 1000 * i - rets[i];
	return 0;
}

TEST_F_TIMEOUT(handle, takes_no_number_not_even_that_of_its_port, LONG_TIMEOUT)
{
	int handle = open_handle(self->fd, self->port, R_BOTH);
	int64_t other = port_create(self->fd, CAPACITY);
	const uint64_t wrong[] = { self->port, other, other + 1, 1ULL << 32, 1ULL << 63, ~0ULL };
	int64_t token = call_submit(handle, 0, 5, 0, FAR_AWAY);
	struct ipcport_stat before, after;

	ASSERT_EQ(token, recv_call(handle, 0, 0, FAR_AWAY));
	ASSERT_EQ(0, send_nb(handle, 0, 1));
	ASSERT_EQ(0, port_stat(self->fd, self->port, &before));
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		EXPECT_EQ(0, all_say(handle, wrong[i], token, -EINVAL));
		ASSERT_EQ(0, port_stat(self->fd, self->port, &after));
		EXPECT_EQ(0, memcmp(&before, &after, sizeof(after)));
	}
	EXPECT_PORT(self->fd, other, 0, 0, 0);
	/* the call is as it was */
	EXPECT_EQ(0, call_reply(handle, 0, token, 6, 0));
	EXPECT_EQ(6, call_collect(handle, 0, token, 0, FAR_AWAY));
}

TEST_F_TIMEOUT(handle, makes_no_ports, LONG_TIMEOUT)
{
	int handle = open_handle(self->fd, self->port, R_BOTH);
	struct ipcport_create args = { .out_port = ~0ULL };

	EXPECT_EQ(-ENOTTY, xioctl(handle, IPCPORT_IOC_PORT_CREATE, &args));
	EXPECT_EQ(~0ULL, args.out_port);
	EXPECT_EQ(1, live_count("ports"));
}

TEST_F_TIMEOUT(handle, knows_no_number_that_the_device_does_not_know, LONG_TIMEOUT)
{
	static const uint8_t known[] = {
		0x00, 0x11, 0x12, 0x13, 0x14, 0x20, 0x21, 0x30, 0x31, 0x32, 0x33, 0x40,
	};
	int handle = open_handle(self->fd, self->port, R_BOTH);
	uint8_t args[128] = { 0 };

	for (int nr = 0; nr < 256; nr++) {
		if (memchr(known, nr, sizeof(known)))
			continue;
		for (unsigned int dir = 0; dir < 4; dir++)
			EXPECT_EQ(-ENOTTY, xioctl(handle, _IOC(dir, IPCPORT_IOC_TYPE, nr, 32),
						  args));
	}
	EXPECT_PORT(self->fd, self->port, 0, 0, 0);
}

/*
 * Rights: they decide, also for the owner.
 */
FIXTURE(rights) {
	int fd;
	int64_t port;
	int handle;
	int64_t token;		/* of a received call */
	struct ipcport_stat before;
};

FIXTURE_VARIANT(rights) {
	uint32_t rights;
};

FIXTURE_VARIANT_ADD(rights, none) { .rights = 0 };
FIXTURE_VARIANT_ADD(rights, to_send) { .rights = R_SEND };
FIXTURE_VARIANT_ADD(rights, to_receive) { .rights = R_RECV };
FIXTURE_VARIANT_ADD(rights, both) { .rights = R_BOTH };

FIXTURE_SETUP(rights)
{
	self->fd = dev_open();
	ASSERT_LE(0, self->fd);
	self->port = port_create_as(self->fd, CAPACITY, 0666, 0);
	ASSERT_LT(0, self->port);
	self->token = call_submit(self->fd, self->port, 5, 0, FAR_AWAY);
	ASSERT_EQ(self->token, recv_call(self->fd, self->port, 0, FAR_AWAY));
	ASSERT_EQ(0, send_nb(self->fd, self->port, 1));
	self->handle = open_handle(self->fd, self->port, variant->rights);
	ASSERT_LE(0, self->handle);
	ASSERT_EQ(0, port_stat(self->fd, self->port, &self->before));
}

FIXTURE_TEARDOWN(rights)
{
	syscall(SYS_close_range, self->fd, ~0U, 0);
	EXPECT_TRUE(no_call_lives());
	EXPECT_TRUE(handles_live(0));
	EXPECT_TRUE(all_is_gone());
}

#define EXPECT_UNCHANGED() do {							\
	struct ipcport_stat _now;						\
										\
	EXPECT_EQ(0, port_stat(self->fd, self->port, &_now));			\
	EXPECT_EQ(0, memcmp(&self->before, &_now, sizeof(_now)));		\
} while (0)

TEST_F_TIMEOUT(rights, say_who_may_send, LONG_TIMEOUT)
{
	int expected = variant->rights & R_SEND ? 0 : -EACCES;
	struct ipcport_message message = message_of(2);
	int64_t token;

	EXPECT_EQ(expected, send_nb(self->handle, 0, 2));
	EXPECT_EQ(expected ?: (int)MESSAGE_SIZE, write_value(self->handle, 3));
	token = call_submit(self->handle, 0, 4, 0, FAR_AWAY);
	if (!expected) {
		EXPECT_LT(0, token);
		EXPECT_EQ(IPCPORT_CALL_QUEUED, call_cancel(self->handle, token));
		EXPECT_PORT(self->fd, self->port, 3, 5, 1);
		return;
	}
	EXPECT_EQ(-EACCES, token);
	EXPECT_EQ(-EACCES, call_value(self->handle, 0, 4, 0, FAR_AWAY));
	/* at once, also where it would have to wait */
	for (int i = 1; i < CAPACITY; i++)
		ASSERT_EQ(0, send_nb(self->fd, self->port, i));
	EXPECT_EQ(-EACCES, send_value(self->handle, 0, 2, 0, FAR_AWAY));
	EXPECT_EQ(-EACCES, write_at(self->handle, &message, sizeof(message)));
	EXPECT_PORT(self->fd, self->port, CAPACITY, 1 + CAPACITY, 1);
}

TEST_F_TIMEOUT(rights, say_who_may_receive, LONG_TIMEOUT)
{
	int expected = variant->rights & R_RECV ? 0 : -EACCES;
	struct ipcport_delivery delivery;
	uint64_t none = 0;

	for (int i = 2; i <= 3; i++)
		ASSERT_EQ(0, send_nb(self->fd, self->port, i));
	memset(&delivery, POISON, sizeof(delivery));
	EXPECT_EQ(expected ?: 1, recv_nb(self->handle, 0));
	EXPECT_EQ(expected ?: 2, read_value(self->handle));
	EXPECT_EQ(expected, call_reply_recv(self->handle, 0, &none, 0, &delivery,
					    IPCPORT_REPLY_RECV_F_NONBLOCK, 0, NULL));
	EXPECT_EQ(!!expected, is_poisoned(&delivery));
	EXPECT_PORT(self->fd, self->port, expected ? 3 : 0, 4, expected ? 1 : 4);
	if (!expected)
		return;
	while (recv_nb(self->fd, self->port) >= 0)
		;
	EXPECT_EQ(-EACCES, recv_value(self->handle, 0, 0, FAR_AWAY));
	EXPECT_EQ(-EACCES, read_value(self->handle));
}

TEST_F_TIMEOUT(rights, say_who_may_answer, LONG_TIMEOUT)
{
	struct ipcport_delivery delivery;
	uint64_t token = self->token;

	if (variant->rights & R_RECV) {
		EXPECT_EQ(0, call_reply(self->handle, 0, token, 6, 0));
		EXPECT_EQ(6, call_collect(self->fd, self->port, token, 0, FAR_AWAY));
		return;
	}
	EXPECT_EQ(-ENOENT, call_reply(self->handle, 0, token, 6, 0));
	EXPECT_EQ(-EACCES, call_reply_recv(self->handle, 0, &token, 6, &delivery,
					   IPCPORT_REPLY_RECV_F_NONBLOCK, 0, NULL));
	EXPECT_EQ(self->token, token);
	EXPECT_UNCHANGED();
	EXPECT_EQ(-EAGAIN, call_collect(self->fd, self->port, token, IPCPORT_CALL_F_NONBLOCK, 0));
}

TEST_F_TIMEOUT(rights, are_not_asked_for_to_look, LONG_TIMEOUT)
{
	struct ipcport_stat stat;

	EXPECT_EQ(0, port_stat(self->handle, 0, &stat));
	stat.port = self->port;
	EXPECT_EQ(0, memcmp(&self->before, &stat, sizeof(stat)));
}

TEST_F_TIMEOUT(rights, are_shown_by_fdinfo, LONG_TIMEOUT)
{
	static const char * const texts[] = { "none", "send", "recv", "send recv" };
	int badged = open_badged(self->fd, self->port, variant->rights, BADGE);

	EXPECT_TRUE(fdinfo_says_number(self->handle, "ipcport-port", "%llu", self->port));
	EXPECT_TRUE(fdinfo_says(self->handle, "ipcport-rights", texts[variant->rights]));
	EXPECT_TRUE(fdinfo_says(self->handle, "ipcport-badge", "0x0"));
	EXPECT_TRUE(fdinfo_says(self->handle, "ipcport-state", "live"));
	EXPECT_TRUE(fdinfo_says_number(badged, "ipcport-badge", "0x%llx", BADGE));
	EXPECT_TRUE(fdinfo_says(badged, "ipcport-rights", texts[variant->rights]));
	ASSERT_EQ(0, port_destroy(self->fd, self->port));
	EXPECT_TRUE(fdinfo_says_number(self->handle, "ipcport-port", "%llu", self->port));
	EXPECT_TRUE(fdinfo_says(self->handle, "ipcport-rights", texts[variant->rights]));
	EXPECT_TRUE(fdinfo_says(self->handle, "ipcport-state", "dead"));
	EXPECT_TRUE(fdinfo_says(badged, "ipcport-state", "dead"));
}

/* Whether a file allows what a handle with these rights allows, and no more. */
static bool has_rights(int handle, uint32_t rights)
{
	/* it may be full already, or empty */
	while (!send_nb(handle, 0, 1))
		;
	if (send_nb(handle, 0, 1) != (rights & R_SEND ? -EAGAIN : -EACCES))
		return false;
	while (recv_nb(handle, 0) >= 0)
		;
	if (recv_nb(handle, 0) != (rights & R_RECV ? -EAGAIN : -EACCES))
		return false;
	/* and nothing wider comes out of it */
	for (uint32_t wanted = 0; wanted <= R_BOTH; wanted++) {
		int narrower = open_narrower(handle, wanted);

		if (wanted & ~rights ? narrower != -EACCES : narrower < 0)
			return false;
		if (narrower >= 0)
			close(narrower);
	}
	return true;
}

TEST_F_TIMEOUT(rights, become_fewer_but_never_more_by_open, LONG_TIMEOUT)
{
	EXPECT_TRUE(has_rights(self->handle, variant->rights));
	for (uint32_t wanted = 0; wanted <= R_BOTH; wanted++) {
		int narrower = open_narrower(self->handle, wanted);

		if (wanted & ~variant->rights) {
			EXPECT_EQ(-EACCES, narrower);
			continue;
		}
		EXPECT_LE(0, narrower);
		EXPECT_TRUE(has_rights(narrower, wanted));
	}
}

TEST_F_TIMEOUT(rights, are_the_same_in_a_duplicate, LONG_TIMEOUT)
{
	EXPECT_TRUE(has_rights(dup(self->handle), variant->rights));
	EXPECT_TRUE(has_rights(fcntl(self->handle, F_DUPFD_CLOEXEC, 100), variant->rights));
	EXPECT_TRUE(has_rights(dup3(self->handle, 101, O_CLOEXEC), variant->rights));
}

TEST_F_TIMEOUT(rights, are_the_same_in_a_child, LONG_TIMEOUT)
{
	pid_t pid = fork();

	if (!pid)
		_exit(!has_rights(self->handle, variant->rights));
	EXPECT_EQ(0, reap(pid));
	pid = fork();
	if (!pid) {
		lose_root();
		_exit(!has_rights(self->handle, variant->rights));
	}
	EXPECT_EQ(0, reap(pid));
}

TEST_F_TIMEOUT(rights, are_the_same_behind_a_socket, LONG_TIMEOUT)
{
	int sockets[2];
	pid_t pid;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets));
	pid = fork();
	if (!pid) {
		int handle;

		close(self->handle);
		handle = file_recv(sockets[1]);
		lose_root();
		_exit(!has_rights(handle, variant->rights));
	}
	EXPECT_EQ(0, file_send(sockets[0], self->handle));
	EXPECT_EQ(0, reap(pid));
}

TEST_F_TIMEOUT(rights, are_the_same_when_another_process_takes_the_file, LONG_TIMEOUT)
{
	int pidfd = syscall(SYS_pidfd_open, getpid(), 0);
	pid_t pid;

	ASSERT_LE(0, pidfd);
	prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);
	pid = fork();
	if (!pid) {
		int handle = syscall(SYS_pidfd_getfd, pidfd, self->handle, 0);

		_exit(handle < 0 ? 100 : !has_rights(handle, variant->rights));
	}
	EXPECT_EQ(0, reap(pid));
}

/* The file cannot be opened anew, so not in another mode either. */
TEST_F_TIMEOUT(rights, cannot_be_had_anew_through_proc, LONG_TIMEOUT)
{
	static const int modes[] = { O_RDONLY, O_WRONLY, O_RDWR };
	struct ipcport_stat stat;
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", self->handle);
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		EXPECT_EQ(-1, open(path, modes[i] | O_CLOEXEC));
		EXPECT_EQ(ENXIO, errno);
	}
	fd = open(path, O_PATH | O_CLOEXEC);
	ASSERT_LE(0, fd);
	EXPECT_EQ(-EBADF, port_stat(fd, 0, &stat));
	EXPECT_EQ(-EBADF, send_nb(fd, 0, 1));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	EXPECT_EQ(-1, open(path, O_RDWR | O_CLOEXEC));
	EXPECT_UNCHANGED();
}

TEST_F_TIMEOUT(rights, travel_with_a_message_and_stay_the_same, LONG_TIMEOUT)
{
	int64_t other = port_create_for_cargo(self->fd, 1);
	struct ipcport_message message = message_of(1);
	struct ipcport_send args = {
		.port = other, .messages = (uintptr_t)&message, .count = 1,
		.flags = IPCPORT_SEND_F_CARGO, .cargo = self->handle,
	};
	struct ipcport_delivery delivery;

	ASSERT_EQ(1, xioctl(self->fd, IPCPORT_IOC_MSG_SEND, &args));
	ASSERT_EQ(1, recv_one(self->fd, other, &delivery));
	ASSERT_LE(0, delivery.info.cargo);
	EXPECT_NE(self->handle, delivery.info.cargo);
	EXPECT_TRUE(is_cloexec(delivery.info.cargo));
	EXPECT_TRUE(has_rights(delivery.info.cargo, variant->rights));
}

TEST_F_TIMEOUT(rights, come_before_the_end_of_the_port, LONG_TIMEOUT)
{
	ASSERT_EQ(0, port_destroy(self->fd, self->port));
	EXPECT_EQ(variant->rights & R_SEND ? -EPIPE : -EACCES, send_nb(self->handle, 0, 1));
	EXPECT_EQ(variant->rights & R_SEND ? -EPIPE : -EACCES, write_value(self->handle, 1));
	EXPECT_EQ(variant->rights & R_RECV ? 1 : -EACCES, recv_nb(self->handle, 0));
	EXPECT_EQ(variant->rights & R_RECV ? -EPIPE : -EACCES, recv_nb(self->handle, 0));
	EXPECT_EQ(variant->rights & R_RECV ? -EPIPE : -EACCES, read_value(self->handle));
}

/* A handle is judged once. */
TEST_F_TIMEOUT(handle, may_be_used_by_who_could_not_have_opened_it, LONG_TIMEOUT)
{
	int64_t port = port_create(self->fd, CAPACITY);
	int handle = open_handle(self->fd, port, R_BOTH);
	pid_t pid;

	if (geteuid())
		SKIP(return, "only root can become others");
	pid = fork();
	if (!pid) {
		lose_root();
		if (open_handle(self->fd, port, 0) != -EACCES)
			_exit(101);
		if (send_nb(self->fd, port, 1) != -EACCES)
			_exit(102);
		_exit(!has_rights(handle, R_BOTH));
	}
	EXPECT_EQ(0, reap(pid));
}

TEST_F_TIMEOUT(handle, is_good_in_every_network_namespace, LONG_TIMEOUT)
{
	int handle = open_handle(self->fd, self->port, R_BOTH);
	pid_t pid;

	if (geteuid())
		SKIP(return, "only root can make namespaces");
	pid = fork();
	if (!pid) {
		int fd;

		if (unshare(CLONE_NEWNET))
			_exit(101);
		fd = dev_open();
		if (open_handle(fd, self->port, R_BOTH) != -ENOENT)
			_exit(102);
		_exit(!has_rights(handle, R_BOTH));
	}
	EXPECT_EQ(0, reap(pid));
}

/*
 * Badges.
 */
TEST_F_TIMEOUT(handle, stamps_its_badge_on_every_message, LONG_TIMEOUT)
{
	int badged = open_badged(self->fd, self->port, R_SEND, BADGE);
	int plain = open_handle(self->fd, self->port, R_SEND);
	struct ipcport_delivery got[CAPACITY];
	struct ipcport_message two[2] = { message_of(2), message_of(3) };

	ASSERT_EQ(0, send_nb(badged, 0, 1));
	ASSERT_EQ(2, msg_send(badged, 0, two, 2, 0, 0));
	ASSERT_EQ(MESSAGE_SIZE, write_value(badged, 4));
	memset(got, POISON, sizeof(got));
	ASSERT_EQ(4, msg_recv(self->fd, self->port, got, 4, 0, 0));
	for (int i = 0; i < 4; i++) {
		EXPECT_EQ(i + 1, value_of(&got[i].message));
		EXPECT_EQ(BADGE, got[i].info.badge);
	}
	ASSERT_EQ(0, send_nb(plain, 0, 1));
	ASSERT_EQ(0, send_nb(self->fd, self->port, 2));
	ASSERT_EQ(2, msg_recv(self->fd, self->port, got, 4, 0, 0));
	EXPECT_EQ(0, got[0].info.badge);
	EXPECT_EQ(0, got[1].info.badge);
}

TEST_F_TIMEOUT(handle, stamps_its_badge_on_calls_and_answers, LONG_TIMEOUT)
{
	int client = open_badged(self->fd, self->port, R_SEND, 1);
	int server = open_badged(self->fd, self->port, R_RECV, ~0ULL);
	struct caller *caller = caller(client, 0, .value = 5);
	uint64_t token = 0;

	ASSERT_EQ(1, msg_recv(server, 0, &self->delivery, 1, 0, FAR_AWAY));
	EXPECT_EQ(1, self->delivery.info.badge);
	ASSERT_EQ(0, call_reply(server, 0, self->delivery.info.token, 6, 0));
	ASSERT_EQ(0, caller_end(caller));
	EXPECT_EQ(~0ULL, caller->reply.info.badge);

	/* REPLY_RECV, and an answer that does not go through a handle */
	for (int i = 0; i < 2; i++) {
		token = 0;
		caller = caller(client, 0, .value = 7);
		ASSERT_EQ(0, call_reply_recv(server, 0, &token, 0, &self->delivery, 0, FAR_AWAY,
					     NULL));
		EXPECT_EQ(1, self->delivery.info.badge);
		if (!i)
			call_reply_recv(server, 0, &token, 8, &self->delivery,
					IPCPORT_REPLY_RECV_F_NONBLOCK, 0, NULL);
		else
			call_reply(self->fd, self->port, token, 8, 0);
		ASSERT_EQ(0, caller_end(caller));
		EXPECT_EQ(8, caller_value(caller));
		EXPECT_EQ(i ? 0 : ~0ULL, caller->reply.info.badge);
	}
}

TEST_F_TIMEOUT(handle, that_waited_for_space_has_not_lost_its_badge, LONG_TIMEOUT)
{
	int badged = open_badged(self->fd, self->port, R_SEND, BADGE);
	struct actor *actor;

	for (int i = 0; i < CAPACITY; i++)
		ASSERT_EQ(0, send_nb(self->fd, self->port, i));
	actor = sender(badged, 0, 99);
	ASSERT_TRUE(wait_for_senders(self->fd, self->port, 1));
	for (int i = 0; i < CAPACITY; i++) {
		ASSERT_EQ(1, recv_one(self->fd, self->port, &self->delivery));
		EXPECT_EQ(0, self->delivery.info.badge);
	}
	EXPECT_EQ(1, actor_end(actor));
	ASSERT_EQ(1, recv_one(self->fd, self->port, &self->delivery));
	EXPECT_EQ(99, value_of(&self->delivery.message));
	EXPECT_EQ(BADGE, self->delivery.info.badge);

	/* and handed over to a receiver that waits */
	actor = receiver(self->fd, self->port);
	ASSERT_TRUE(wait_for_receivers(self->fd, self->port, 1));
	ASSERT_EQ(0, send_nb(badged, 0, 100));
	EXPECT_EQ(1, actor_end(actor));
	EXPECT_EQ(BADGE, actor->delivery.info.badge);
}

TEST_F_TIMEOUT(handle, gives_its_badge_to_what_is_made_out_of_it, LONG_TIMEOUT)
{
	int handle = open_badged(self->fd, self->port, R_BOTH, BADGE), narrower = handle;

	for (int i = 0; i < 3; i++) {
		narrower = open_narrower(narrower, R_SEND);
		ASSERT_LE(0, narrower);
		EXPECT_TRUE(fdinfo_says_number(narrower, "ipcport-badge", "0x%llx", BADGE));
		ASSERT_EQ(0, send_nb(narrower, 0, 1));
		ASSERT_EQ(1, recv_one(self->fd, self->port, &self->delivery));
		EXPECT_EQ(BADGE, self->delivery.info.badge);
	}
	/* the owner may choose another one */
	narrower = open_badged(handle, 0, R_SEND, 5);
	ASSERT_LE(0, narrower);
	ASSERT_EQ(0, send_nb(narrower, 0, 1));
	ASSERT_EQ(1, recv_one(self->fd, self->port, &self->delivery));
	EXPECT_EQ(5, self->delivery.info.badge);
}

TEST_F_TIMEOUT(handle, gets_no_badge_from_who_is_not_the_owner, LONG_TIMEOUT)
{
	int badged = open_badged(self->fd, self->port, R_BOTH, BADGE);
	int plain = open_handle(self->fd, self->port, R_BOTH);
	struct desk *desk = self->desk;
	pid_t pid = fork();

	if (!pid) {
		int handle;

		lose_root();
		desk->rets[0] = open_badged(self->fd, self->port, R_SEND, 1);
		desk->rets[1] = open_badged(badged, 0, R_SEND, 1);
		desk->rets[2] = open_badged(plain, 0, R_SEND, BADGE);
		desk->rets[3] = open_badged(plain, 0, 0, ~0ULL);
		/* 0 is none on the device, but on a handle it is the handle's */
		handle = open_narrower(badged, R_SEND);
		desk->rets[4] = send_nb(handle, 0, 1);
		handle = open_handle(self->fd, self->port, R_SEND);
		desk->rets[5] = send_nb(handle, 0, 2);
		_exit(0);
	}
	ASSERT_EQ(0, reap(pid));
	for (int i = 0; i < 4; i++)
		EXPECT_EQ(-EPERM, desk->rets[i]);
	EXPECT_EQ(0, desk->rets[4]);
	EXPECT_EQ(0, desk->rets[5]);
	ASSERT_EQ(1, recv_one(self->fd, self->port, &self->delivery));
	EXPECT_EQ(BADGE, self->delivery.info.badge);
	ASSERT_EQ(1, recv_one(self->fd, self->port, &self->delivery));
	EXPECT_EQ(0, self->delivery.info.badge);
	EXPECT_HANDLES(self->fd, self->port, 2, 2);
}

TEST_F_TIMEOUT(handle, gets_a_badge_from_cap_ipc_owner_too, LONG_TIMEOUT)
{
	int plain = open_handle(self->fd, self->port, R_BOTH);
	pid_t pid;

	if (geteuid())
		SKIP(return, "only root has the capability");
	pid = fork();
	if (!pid) {
		int handle = open_badged(self->fd, self->port, R_SEND, 1), ret;

		ret = send_nb(handle, 0, 1);
		handle = open_badged(plain, 0, R_SEND, 2);
		_exit(status_of(ret ?: send_nb(handle, 0, 2)));
	}
	EXPECT_EQ(0, reap(pid));
	for (int i = 1; i <= 2; i++) {
		ASSERT_EQ(1, recv_one(self->fd, self->port, &self->delivery));
		EXPECT_EQ(i, self->delivery.info.badge);
	}
}

/* Whatever the sender has around its message, before and while it is sent. */
TEST_F_TIMEOUT(handle, lets_nobody_write_into_what_the_kernel_says, LONG_TIMEOUT)
{
	int badged = open_badged(self->fd, self->port, R_SEND, BADGE);
	struct ipcport_delivery forged[2];

	memset(forged, 0xff, sizeof(forged));
	ASSERT_EQ(1, msg_send(badged, 0, &forged[0].message, 1, 0, 0));
	ASSERT_EQ((ssize_t)MESSAGE_SIZE, write(badged, &forged[1].message, MESSAGE_SIZE));
	for (int i = 0; i < 2; i++) {
		ASSERT_EQ(1, recv_one(self->fd, self->port, &self->delivery));
		EXPECT_EQ(BADGE, self->delivery.info.badge);
		EXPECT_EQ(getpid(), self->delivery.info.pid);
		EXPECT_EQ(gettid(), self->delivery.message.sender);
		EXPECT_EQ(geteuid(), self->delivery.info.uid);
		EXPECT_EQ(0, self->delivery.info.token);
		EXPECT_EQ(-1, self->delivery.info.cargo);
		EXPECT_EQ(0, self->delivery.info.flags);
	}
	/* a whole delivery is no message: two are sent */
	ASSERT_EQ((ssize_t)DELIVERY_SIZE, write(badged, &forged[0], DELIVERY_SIZE));
	for (int i = 0; i < 2; i++) {
		ASSERT_EQ(1, recv_one(self->fd, self->port, &self->delivery));
		EXPECT_EQ(BADGE, self->delivery.info.badge);
	}
}

/*
 * Whose calls they are.
 */
TEST_F_TIMEOUT(handle, has_its_own_outstanding_calls, LONG_TIMEOUT)
{
	int handle = open_handle(self->fd, self->port, R_SEND);
	int other = open_narrower(handle, R_SEND), copy = dup(handle);
	int64_t token = call_submit(handle, 0, 5, 0, FAR_AWAY);

	ASSERT_LT(0, token);
	ASSERT_EQ(token, recv_call(self->fd, self->port, 0, FAR_AWAY));
	ASSERT_EQ(0, call_reply(self->fd, self->port, token, 6, 0));
	EXPECT_EQ(-ENOENT, call_collect(other, 0, token, IPCPORT_CALL_F_NONBLOCK, 0));
	EXPECT_EQ(-ENOENT, call_collect(self->fd, self->port, token, IPCPORT_CALL_F_NONBLOCK, 0));
	EXPECT_EQ(-ENOENT, call_cancel(other, token));
	EXPECT_EQ(-ENOENT, call_cancel(self->fd, token));
	/* a duplicate is the same open file */
	EXPECT_EQ(6, call_collect(copy, 0, token, 0, FAR_AWAY));
	EXPECT_EQ(-ENOENT, call_collect(handle, 0, token, 0, FAR_AWAY));

	/* nor does the handle know those of the device file */
	token = call_submit(self->fd, self->port, 5, 0, FAR_AWAY);
	EXPECT_EQ(-ENOENT, call_collect(handle, 0, token, IPCPORT_CALL_F_NONBLOCK, 0));
	EXPECT_EQ(-ENOENT, call_cancel(handle, token));
	EXPECT_EQ(IPCPORT_CALL_QUEUED, call_cancel(self->fd, token));
}

TEST_F_TIMEOUT(handle, ends_its_outstanding_calls_with_its_last_close, LONG_TIMEOUT)
{
	int handle = open_handle(self->fd, self->port, R_SEND), copy = dup(handle);
	int64_t received = call_submit(handle, 0, 5, 0, FAR_AWAY);
	int64_t queued = call_submit(handle, 0, 6, 0, FAR_AWAY);

	ASSERT_LT(0, queued);
	ASSERT_EQ(received, recv_call(self->fd, self->port, 0, FAR_AWAY));
	close(handle);
	EXPECT_TRUE(has_calls(self->fd, self->port, 1, 2));
	close(copy);
	EXPECT_TRUE(has_calls(self->fd, self->port, 0, 0));
	EXPECT_EQ(-ENOENT, call_reply(self->fd, self->port, received, 7, 0));
	EXPECT_EQ(-ENOENT, call_reply(self->fd, self->port, queued, 7, 0));
}

/* A child that receives a call through a handle of its own, and then does as it is told. */
static pid_t start_receiver(int handle, struct desk *desk, void (*end)(int handle))
{
	pid_t pid = fork();

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	desk->rets[0] = recv_call(handle, 0, 0, FAR_AWAY) > 0;
	desk->phase = 1;
	wait_until(desk->go);
	end(handle);
	desk->phase = 2;
	hold_still();
}

static void end_by_close(int handle)
{
	close(handle);
}

static void end_by_exit(int handle)
{
	_exit(0);
}

TEST_F_TIMEOUT(handle, ends_calls_that_another_received_with_its_close, LONG_TIMEOUT)
{
	int handle = open_handle(self->fd, self->port, R_RECV);
	struct desk *desk = self->desk;
	struct caller *caller;

	self->pids[0] = start_receiver(handle, desk, end_by_close);
	close(handle);
	caller = caller(self->fd, self->port, .value = 5);
	ASSERT_TRUE(wait_until(desk->phase == 1));
	EXPECT_EQ(1, desk->rets[0]);
	EXPECT_FALSE(caller->is_done);
	desk->go = 1;
	EXPECT_EQ(-EPIPE, caller_end(caller));
	EXPECT_TRUE(is_error_reply(&caller->reply, EPIPE));
	EXPECT_TRUE(is_alive(self->fd, self->port));
	EXPECT_TRUE(wait_until(desk->phase == 2));
	EXPECT_IDLE(self->fd, self->port);
}

TEST_F_TIMEOUT(handle, does_not_keep_calls_of_a_process_that_exits, LONG_TIMEOUT)
{
	/* we keep it open */
	int handle = open_handle(self->fd, self->port, R_RECV);
	struct desk *desk = self->desk;
	struct caller *caller;

	self->pids[0] = start_receiver(handle, desk, end_by_exit);
	caller = caller(self->fd, self->port, .value = 5);
	ASSERT_TRUE(wait_until(desk->phase == 1));
	EXPECT_FALSE(caller->is_done);
	desk->go = 1;
	EXPECT_EQ(-EPIPE, caller_end(caller));
	EXPECT_TRUE(is_error_reply(&caller->reply, EPIPE));
	EXPECT_EQ(0, reap(self->pids[0]));
	self->pids[0] = 0;
	EXPECT_IDLE(self->fd, self->port);
	EXPECT_TRUE(has_rights(handle, R_RECV));
}

/* It can answer through anything. */
TEST_F_TIMEOUT(handle, of_the_owner_can_be_closed_before_the_answer, LONG_TIMEOUT)
{
	int handle = open_handle(self->fd, self->port, R_RECV);
	struct caller *caller = caller(self->fd, self->port, .value = 5);
	int64_t token = recv_call(handle, 0, 0, FAR_AWAY);

	ASSERT_LT(0, token);
	close(handle);
	EXPECT_TRUE(has_calls(self->fd, self->port, 0, 1));
	EXPECT_EQ(0, call_reply(self->fd, self->port, token, 6, 0));
	EXPECT_EQ(0, caller_end(caller));
	EXPECT_EQ(6, caller_value(caller));
}

/* Calls our own port without a deadline; a signal ends the wait where there is one. */
static int call_own(int handle)
{
	struct itimerval soon = { .it_value.tv_usec = 200000, .it_interval.tv_usec = 200000 };
	struct itimerval never = {};
	int ret;

	setitimer(ITIMER_REAL, &soon, NULL);
	ret = call_value(handle, 0, 5, 0, 0);
	setitimer(ITIMER_REAL, &never, NULL);
	return ret;
}

static void ignore_signal(int signal)
{
}

TEST_F_TIMEOUT(handle, does_not_let_a_loner_wait_for_itself, LONG_TIMEOUT)
{
	struct sigaction action = { .sa_handler = ignore_signal };
	int sender = open_handle(self->fd, self->port, R_SEND), receiver;

	sigaction(SIGALRM, &action, NULL);
	EXPECT_EQ(-EDEADLK, call_own(sender));
	EXPECT_PORT(self->fd, self->port, 0, 0, 0);
	/* somebody could get this one */
	receiver = open_handle(self->fd, self->port, R_RECV);
	EXPECT_EQ(-EINTR, call_own(sender));
	EXPECT_TRUE(has_calls(self->fd, self->port, 1, 1));
	close(receiver);
	EXPECT_EQ(-EDEADLK, call_own(sender));
	EXPECT_TRUE(has_calls(self->fd, self->port, 1, 1));
}

/*
 * Call a port of our own, of which only our parent, who has our descriptors, can receive:
 * phase 1 when the port is there, 2 when the call has ended. A signal ends it where the
 * parent does not.
 */
static void __attribute__((noreturn)) call_parent(struct desk *desk)
{
	struct sigaction action = { .sa_handler = ignore_signal };
	int handle;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	sigaction(SIGALRM, &action, NULL);
	desk->rets[0] = dev_open();
	desk->port = port_create(desk->rets[0], CAPACITY);
	handle = open_handle(desk->rets[0], desk->port, R_SEND);
	desk->phase = 1;
	alarm(PATIENCE);
	desk->rets[1] = call_value(handle, 0, 5, 0, 0);
	desk->phase = 2;
	_exit(0);
}

TEST_F_TIMEOUT(handle, lets_who_shares_its_descriptors_answer, LONG_TIMEOUT)
{
	struct desk *desk = self->desk;
	int64_t token;

	/* so that nobody else has the device open */
	close(self->fd);
	self->pids[0] = syscall(SYS_clone, CLONE_FILES | SIGCHLD, 0, 0, 0, 0);
	if (!self->pids[0])
		call_parent(desk);
	ASSERT_LT(0, self->pids[0]);
	ASSERT_TRUE(wait_until(desk->phase));
	ASSERT_LE(0, desk->rets[0]);
	ASSERT_LT(0, desk->port);
	EXPECT_TRUE(wait_until(desk->phase == 2 || has_calls(desk->rets[0], desk->port, 1, 1)));
	ASSERT_EQ(1, desk->phase) {
		TH_LOG("the call came to %d", desk->rets[1]);
	}
	token = recv_call(desk->rets[0], desk->port, IPCPORT_RECV_F_NONBLOCK, 0);
	EXPECT_LT(0, token);
	EXPECT_EQ(0, call_reply(desk->rets[0], desk->port, token, 6, 0));
	EXPECT_EQ(0, reap(self->pids[0]));
	self->pids[0] = 0;
	EXPECT_EQ(6, desk->rets[1]);
}

/*
 * The end of the port.
 */
enum end { DESTROY, EXIT, KILL, LAST_CLOSE, THREAD_EXIT };

FIXTURE(dead) {
	int fd;
	struct desk *desk;
	int sockets[2];
	pid_t owner;
	int handles[R_BOTH + 1];
};

typedef FIXTURE_DATA(dead) dead_data;

FIXTURE_VARIANT(dead) {
	enum end end;
};

FIXTURE_VARIANT_ADD(dead, by_destroy) { .end = DESTROY };
FIXTURE_VARIANT_ADD(dead, by_exit) { .end = EXIT };
FIXTURE_VARIANT_ADD(dead, by_kill) { .end = KILL };
FIXTURE_VARIANT_ADD(dead, by_the_last_close) { .end = LAST_CLOSE };
FIXTURE_VARIANT_ADD(dead, by_the_end_of_its_thread) { .end = THREAD_EXIT };

static void *owner_thread(void *arg)
{
	dead_data *self = arg;
	int fd = dev_open();

	self->desk->port = port_create_as(fd, CAPACITY, 0666, IPCPORT_CREATE_F_OWNER_THREAD);
	self->desk->phase = 1;
	wait_until(self->desk->go);
	thread_exit();
}

/* The owner: makes a port, and ends it when told to. */
static void __attribute__((noreturn)) owner_run(dead_data *self, enum end end)
{
	struct desk *desk = self->desk;
	pthread_t thread;
	int fd;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (end == THREAD_EXIT) {
		pthread_create(&thread, NULL, owner_thread, self);
		hold_still();
	}
	/* where it is the exit that is to end the port, the file must not */
	fd = end == LAST_CLOSE ? dev_open() : self->fd;
	desk->port = port_create_as(fd, CAPACITY, 0666, 0);
	desk->phase = 1;
	wait_until(desk->go);
	switch (end) {
	case DESTROY:
		port_destroy(fd, desk->port);
		break;
	case LAST_CLOSE:
		close(fd);
		break;
	case EXIT:
		_exit(0);
	default:
		kill(getpid(), SIGKILL);
	}
	hold_still();
}

FIXTURE_SETUP(dead)
{
	adopt_orphans();
	self->desk = shared_alloc(sizeof(*self->desk));
	self->fd = dev_open();
	ASSERT_LE(0, self->fd);
	self->owner = fork();
	if (!self->owner)
		owner_run(self, variant->end);
	ASSERT_TRUE(wait_until(self->desk->phase));
	ASSERT_LT(0, self->desk->port);
	for (int rights = 0; rights <= R_BOTH; rights++) {
		self->handles[rights] = open_handle(self->fd, self->desk->port, rights);
		ASSERT_LE(0, self->handles[rights]);
	}
}

FIXTURE_TEARDOWN(dead)
{
	reap_all(&self->owner, 1);
	syscall(SYS_close_range, self->fd, ~0U, 0);
	EXPECT_TRUE(no_call_lives());
	EXPECT_TRUE(handles_live(0));
	EXPECT_TRUE(all_is_gone());
}

/* End the port in the variant's way: whether it has. */
static bool end_port(dead_data *self)
{
	self->desk->go = 1;
	return wait_until(!is_alive(self->fd, self->desk->port));
}

TEST_F_TIMEOUT(dead, is_what_every_ioctl_says, LONG_TIMEOUT)
{
	int both = self->handles[R_BOTH];
	struct ipcport_stat stat;
	uint64_t none = 0;
	struct ipcport_delivery delivery;

	ASSERT_TRUE(is_alive(both, 0));
	ASSERT_TRUE(end_port(self));
	EXPECT_EQ(-EPIPE, send_nb(both, 0, 1));
	EXPECT_EQ(-EPIPE, send_value(both, 0, 1, 0, FAR_AWAY));
	EXPECT_EQ(-EPIPE, write_value(both, 1));
	EXPECT_EQ(-EPIPE, call_value(both, 0, 1, 0, FAR_AWAY));
	EXPECT_EQ(-EPIPE, call_submit(both, 0, 1, 0, FAR_AWAY));
	EXPECT_EQ(-ENOENT, call_reply(both, 0, 1, 1, 0));
	EXPECT_EQ(-EPIPE, recv_nb(both, 0));
	EXPECT_EQ(-EPIPE, recv_value(both, 0, 0, FAR_AWAY));
	EXPECT_EQ(-EPIPE, read_value(both));
	EXPECT_EQ(-EPIPE, call_reply_recv(both, 0, &none, 0, &delivery, 0, FAR_AWAY, NULL));
	EXPECT_EQ(-EPIPE, port_bind(both, 0, "/test/handle"));
	EXPECT_EQ(-EPIPE, port_unbind(both, 0));
	EXPECT_EQ(-EPIPE, port_destroy(both, 0));
	EXPECT_EQ(-EPIPE, open_narrower(both, R_SEND));
	EXPECT_EQ(-EPIPE, open_narrower(both, 0));
	EXPECT_EQ(0, port_stat(both, 0, &stat));
	EXPECT_EQ(IPCPORT_STATE_DEAD, stat.out_state);
	EXPECT_EQ(self->desk->port, stat.out_port);
	/* by number it never was */
	EXPECT_DEAD(self->fd, self->desk->port);
	EXPECT_EQ(-ENOENT, open_handle(self->fd, self->desk->port, R_BOTH));
}

TEST_F_TIMEOUT(dead, still_gives_out_its_messages_in_order, LONG_TIMEOUT)
{
	int receiver = self->handles[R_RECV];
	struct ipcport_delivery got[CAPACITY];
	uint64_t none = 0;

	for (int i = 1; i <= 4; i++)
		ASSERT_EQ(0, send_nb(self->fd, self->desk->port, i));
	ASSERT_TRUE(end_port(self));
	EXPECT_EQ(1, recv_nb(receiver, 0));
	EXPECT_EQ(2, read_value(receiver));
	EXPECT_EQ(0, call_reply_recv(receiver, 0, &none, 0, got, 0, FAR_AWAY, NULL));
	EXPECT_EQ(3, value_of(&got[0].message));
	EXPECT_EQ(3, got[0].info.seq);
	EXPECT_EQ(1, msg_recv(receiver, 0, got, CAPACITY, 0, FAR_AWAY));
	EXPECT_EQ(4, value_of(&got[0].message));
	EXPECT_EQ(-EPIPE, recv_nb(receiver, 0));
	EXPECT_EQ(-EPIPE, read_value(receiver));
	EXPECT_EQ(0, live_count("messages"));
}

TEST_F_TIMEOUT(dead, keeps_a_message_that_cannot_be_stored, LONG_TIMEOUT)
{
	int receiver = self->handles[R_RECV];

	for (int i = 1; i <= 2; i++)
		ASSERT_EQ(0, send_nb(self->fd, self->desk->port, i));
	ASSERT_TRUE(end_port(self));
	EXPECT_EQ(-EFAULT, msg_recv(receiver, 0, NULL, 1, 0, 0));
	EXPECT_EQ(-EFAULT, read_at(receiver, NULL, DELIVERY_SIZE));
	EXPECT_EQ(1, recv_nb(receiver, 0));
	EXPECT_EQ(2, recv_nb(receiver, 0));
	EXPECT_EQ(-EPIPE, recv_nb(receiver, 0));
}

TEST_F_TIMEOUT(dead, answers_its_calls_instead_of_giving_them_out, LONG_TIMEOUT)
{
	int receiver = self->handles[R_RECV];
	struct caller *received, *queued;

	received = caller(self->handles[R_SEND], 0, .value = 1);
	ASSERT_LT(0, recv_call(receiver, 0, 0, FAR_AWAY));
	ASSERT_EQ(0, send_nb(self->fd, self->desk->port, 2));
	queued = caller(self->handles[R_SEND], 0, .value = 3);
	ASSERT_TRUE(wait_for_calls(self->fd, self->desk->port, 2, 2));
	ASSERT_EQ(0, send_nb(self->fd, self->desk->port, 4));
	self->desk->go = 1;
	EXPECT_EQ(-EPIPE, caller_end(received));
	EXPECT_EQ(-EPIPE, caller_end(queued));
	EXPECT_TRUE(is_error_reply(&received->reply, EPIPE));
	EXPECT_TRUE(is_error_reply(&queued->reply, EPIPE));
	EXPECT_EQ(2, recv_nb(receiver, 0));
	EXPECT_EQ(4, recv_nb(receiver, 0));
	EXPECT_EQ(-EPIPE, recv_nb(receiver, 0));
}

TEST_F_TIMEOUT(dead, is_told_to_all_who_wait, LONG_TIMEOUT)
{
	struct actor *receivers[2], *senders[2];

	for (int i = 0; i < 2; i++)
		receivers[i] = receiver(self->handles[R_RECV], 0);
	ASSERT_TRUE(wait_for_receivers(self->fd, self->desk->port, 2));
	self->desk->go = 1;
	for (int i = 0; i < 2; i++)
		EXPECT_EQ(-EPIPE, actor_end(receivers[i]));

	/* and for space, in a port of ours */
	self->desk->port = port_create(self->fd, 1);
	self->handles[0] = open_handle(self->fd, self->desk->port, R_BOTH);
	ASSERT_EQ(0, send_nb(self->handles[0], 0, 1));
	for (int i = 0; i < 2; i++)
		senders[i] = sender(self->handles[0], 0, 9);
	ASSERT_TRUE(wait_for_senders(self->fd, self->desk->port, 2));
	ASSERT_EQ(0, port_destroy(self->fd, self->desk->port));
	for (int i = 0; i < 2; i++)
		EXPECT_EQ(-EPIPE, actor_end(senders[i]));
	EXPECT_EQ(1, recv_nb(self->handles[0], 0));
	EXPECT_EQ(-EPIPE, recv_nb(self->handles[0], 0));
}

/* Nobody could receive them any more. */
TEST_F_TIMEOUT(dead, drops_its_messages_with_the_last_that_can_receive, LONG_TIMEOUT)
{
	int copy = dup(self->handles[R_RECV]);

	for (int i = 1; i <= 3; i++)
		ASSERT_EQ(0, send_nb(self->fd, self->desk->port, i));
	ASSERT_TRUE(end_port(self));
	EXPECT_EQ(3, live_count("messages"));
	close(self->handles[R_BOTH]);
	EXPECT_EQ(3, live_count("messages"));
	close(self->handles[R_RECV]);
	EXPECT_EQ(3, live_count("messages"));
	close(copy);
	EXPECT_TRUE(wait_until(!live_count("messages")));
	/* the others live on */
	EXPECT_EQ(-EPIPE, send_nb(self->handles[R_SEND], 0, 1));
	EXPECT_EQ(2, live_count("handles"));
}

TEST_F_TIMEOUT(dead, keeps_no_messages_for_those_that_cannot_receive, LONG_TIMEOUT)
{
	close(self->handles[R_BOTH]);
	close(self->handles[R_RECV]);
	for (int i = 1; i <= 3; i++)
		ASSERT_EQ(0, send_nb(self->fd, self->desk->port, i));
	EXPECT_EQ(3, live_count("messages"));
	ASSERT_TRUE(end_port(self));
	EXPECT_TRUE(wait_until(!live_count("messages")));
	EXPECT_EQ(2, live_count("handles"));
}

/* Done when nothing of the owner is left: neither its record nor what it was charged. */
TEST_F_TIMEOUT(dead, does_not_keep_its_owner, LONG_TIMEOUT)
{
	long owners = live_count("owners");

	ASSERT_EQ(0, send_nb(self->fd, self->desk->port, 1));
	ASSERT_TRUE(end_port(self));
	reap_all(&self->owner, 1);
	self->owner = 0;
	EXPECT_TRUE(wait_until(live_count("owners") == owners - 1));
	EXPECT_EQ(1, recv_nb(self->handles[R_RECV], 0));
}

/*
 * Files of all kinds.
 */
TEST_F_TIMEOUT(handle, works_on_when_the_file_it_was_opened_on_is_closed, LONG_TIMEOUT)
{
	int other = dev_open(), handle = open_handle(other, self->port, R_BOTH);

	close(other);
	EXPECT_TRUE(has_rights(handle, R_BOTH));
	/* not so if the port was made on it */
	close(self->fd);
	self->fd = dup(handle);
	EXPECT_EQ(-EPIPE, send_nb(handle, 0, 1));
}

static void *open_and_close(void *arg)
{
	struct desk *desk = arg;
	int fd = dev_open();

	while (!desk->go) {
		int handle = open_handle(fd, desk->port, R_BOTH), ret;

		if (handle < 0) {
			desk->rets[0] += handle != -ENOENT;
			continue;
		}
		ret = send_nb(handle, 0, 1);
		desk->rets[1] += ret && ret != -EPIPE && ret != -EAGAIN;
		ret = recv_nb(handle, 0);
		desk->rets[2] += ret != 1 && ret != -EPIPE && ret != -EAGAIN;
		desk->rets[3]++;
		close(handle);
	}
	close(fd);
	return NULL;
}

TEST_F_TIMEOUT(handle, is_made_and_used_while_ports_end, LONG_TIMEOUT)
{
	struct desk *desk = self->desk;
	pthread_t threads[3];

	desk->port = port_create(self->fd, CAPACITY);
	for (int i = 0; i < 3; i++)
		ASSERT_EQ(0, thread_start(&threads[i], open_and_close, desk));
	for (int i = 0; i < LESS_IN_32(2000) || !desk->rets[3]; i++) {
		int64_t old = desk->port;

		desk->port = port_create(self->fd, CAPACITY);
		EXPECT_EQ(0, port_destroy(self->fd, old));
	}
	desk->go = 1;
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	for (int i = 0; i < 3; i++)
		EXPECT_EQ(0, desk->rets[i]);
	EXPECT_TRUE(handles_live(0));
	EXPECT_TRUE(wait_until(live_count("ports") == 2));
	EXPECT_TRUE(wait_until(!live_count("messages")));
}

int main(int argc, char **argv)
{
	return process_main(argc, argv);
}
