// SPDX-License-Identifier: GPL-2.0
/*
 * Namespaces: a port's number means something in one network namespace only, and
 * processes and users are shown as the one who looks knows them.
 */
#include "process.h"

#define OVERFLOW_ID	65534
#define USER		2000

/* What processes of a test share. */
struct room {
	_Atomic int phase;
	_Atomic int go;
	_Atomic int error;	/* of the child, its line */
	_Atomic pid_t pid;	/* as the child knows itself */
	int64_t port;
	int rets[8];
	struct ipcport_stat stat;
	struct ipcport_delivery deliveries[2];
};

FIXTURE(namespace) {
	int fd;
	struct room *room;
	int64_t port;
	pid_t child;
};

FIXTURE_SETUP(namespace)
{
	adopt_orphans();
	self->room = shared_alloc(sizeof(*self->room));
	memset(self->room->deliveries, POISON, sizeof(self->room->deliveries));
	self->fd = dev_open();
	ASSERT_LE(0, self->fd);
	if (geteuid())
		SKIP(return, "only root can make namespaces and become others");
	self->port = port_create_as(self->fd, 4, 0666, 0);
	ASSERT_LT(0, self->port);
}

FIXTURE_TEARDOWN(namespace)
{
	reap_all(&self->child, 1);
	close(self->fd);
	EXPECT_TRUE(all_is_gone());
}

/* In a child: all must hold, or the test learns which line did not. */
#define CHILD_ASSERT(_room, _condition) do {					\
	if (!(_condition)) {							\
		(_room)->error = __LINE__;					\
		_exit(1);							\
	}									\
} while (0)

static void child_wait(struct room *room, int go)
{
	CHILD_ASSERT(room, wait_until(room->go >= go));
}

/* A child in new namespaces. With CLONE_NEWPID it is number 1 there. */
static pid_t fork_into(int flags)
{
	return syscall(SYS_clone, flags | SIGCHLD, 0, 0, 0, 0);
}

/* Try all ioctls that take a number; returns whether each says @expected. */
static bool all_say(int fd, uint64_t port, int expected)
{
	struct ipcport_stat stat;

	return port_stat(fd, port, &stat) == expected && send_nb(fd, port, 1) == expected &&
	       recv_nb(fd, port) == expected && port_destroy(fd, port) == expected;
}

/* Map one user, and the group of the same number; a user may do the latter after "deny" only. */
static int map_ids(uid_t inside, uid_t outside)
{
	char text[32];
	int ret;

	snprintf(text, sizeof(text), "%u %u 1", inside, outside);
	ret = file_write("/proc/self/uid_map", text);
	if (ret)
		return ret;
	ret = file_write("/proc/self/setgroups", "deny");
	return ret ?: file_write("/proc/self/gid_map", text);
}

/* Network namespaces. */

TEST_F_TIMEOUT(namespace, of_another_network_does_not_know_our_numbers, LONG_TIMEOUT)
{
	struct room *room = self->room;

	ASSERT_EQ(0, send_nb(self->fd, self->port, 7));
	self->child = fork_into(CLONE_NEWNET);
	if (!self->child) {
		int fd = dev_open();

		CHILD_ASSERT(room, fd >= 0);
		CHILD_ASSERT(room, all_say(fd, self->port, -ENOENT));
		room->port = port_create(fd, 4);
		CHILD_ASSERT(room, room->port > self->port);
		CHILD_ASSERT(room, !send_nb(fd, room->port, 8));
		room->phase = 1;
		child_wait(room, 1);
		/* nothing that was done outside reached it */
		CHILD_ASSERT(room, recv_nb(fd, room->port) == 8);
		CHILD_ASSERT(room, recv_nb(fd, room->port) == -EAGAIN);
		CHILD_ASSERT(room, !port_destroy(fd, room->port));
		_exit(0);
	}
	EXPECT_TRUE(wait_until(room->phase || room->error));
	EXPECT_TRUE(all_say(self->fd, room->port, -ENOENT));
	room->go = 1;
	EXPECT_EQ(0, reap(self->child));
	EXPECT_EQ(0, room->error);
	EXPECT_PORT(self->fd, self->port, 1, 1, 0);
	EXPECT_EQ(7, recv_nb(self->fd, self->port));
}

TEST_F_TIMEOUT(namespace, is_that_of_the_file_and_not_of_its_user, LONG_TIMEOUT)
{
	struct room *room = self->room;

	ASSERT_EQ(0, send_nb(self->fd, self->port, 7));
	self->child = fork_into(CLONE_NEWNET);
	if (!self->child) {
		struct ipcport_stat stat;

		CHILD_ASSERT(room, !port_stat(self->fd, self->port, &stat));
		CHILD_ASSERT(room, recv_nb(self->fd, self->port) == 7);
		CHILD_ASSERT(room, !send_nb(self->fd, self->port, 8));
		room->port = port_create(self->fd, 1);
		CHILD_ASSERT(room, room->port > 0);
		room->phase = 1;
		child_wait(room, 1);
		_exit(0);
	}
	EXPECT_TRUE(wait_until(room->phase || room->error));
	EXPECT_EQ(8, recv_nb(self->fd, self->port));
	EXPECT_EQ(0, send_nb(self->fd, room->port, 9));
	EXPECT_PORT(self->fd, room->port, 1, 1, 0);
	room->go = 1;
	EXPECT_EQ(0, reap(self->child));
	EXPECT_EQ(0, room->error);
	EXPECT_DEAD(self->fd, room->port);
}

/* The file outlives everyone who was in its namespace. */
TEST_F_TIMEOUT(namespace, without_processes_lives_on_in_a_passed_file, LONG_TIMEOUT)
{
	struct room *room = self->room;
	int64_t full, empty;
	struct crowd crowd;
	int sockets[2], fd;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, sockets));
	self->child = fork_into(CLONE_NEWNET);
	if (!self->child) {
		fd = dev_open();
		CHILD_ASSERT(room, fd >= 0);
		room->port = port_create(fd, 1);
		CHILD_ASSERT(room, room->port > 0);
		CHILD_ASSERT(room, !file_send(sockets[0], fd));
		_exit(0);
	}
	ASSERT_EQ(0, reap(self->child));
	fd = file_recv(sockets[1]);
	ASSERT_LE(0, fd);
	EXPECT_DEAD(fd, room->port);

	full = port_create(fd, 1);
	empty = port_create(fd, 1);
	ASSERT_LT(0, full);
	ASSERT_LT(0, empty);
	EXPECT_TRUE(all_say(self->fd, full, -ENOENT));
	ASSERT_EQ(0, send_nb(fd, full, 1));
	ASSERT_TRUE(crowd_start(&crowd, fd, full, empty));
	EXPECT_EQ(0, port_destroy(fd, full));
	EXPECT_EQ(0, port_destroy(fd, empty));
	EXPECT_CROWD(-EPIPE, &crowd);

	/* and with a live port in it, the file is closed, and with it the namespace */
	ASSERT_LT(0, port_create(fd, 1));
	close(fd);
	EXPECT_GE(1, live_count("ports"));
	EXPECT_GE(1, live_count("files"));
}

/*
 * A user namespace may limit how many network namespaces it has, and counts one
 * until the kernel has really let it go.
 */
TEST_F_TIMEOUT(namespace, ends_when_its_last_file_is_closed, LONG_TIMEOUT)
{
	struct room *room = self->room;
	int sockets[2];

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, sockets));
	self->child = fork_into(CLONE_NEWUSER);
	if (!self->child) {
		int fd;

		CHILD_ASSERT(room, !map_ids(0, 0));
		CHILD_ASSERT(room, !file_write("/proc/sys/user/max_net_namespaces", "1"));
		if (!fork()) {
			CHILD_ASSERT(room, !unshare(CLONE_NEWNET));
			CHILD_ASSERT(room, !file_send(sockets[0], dev_open()));
			_exit(0);
		}
		CHILD_ASSERT(room, wait(NULL) > 0 && !room->error);
		fd = file_recv(sockets[1]);
		CHILD_ASSERT(room, port_create(fd, 1) > 0);
		CHILD_ASSERT(room, unshare(CLONE_NEWNET) && errno == ENOSPC);
		close(fd);
		CHILD_ASSERT(room, wait_until(!unshare(CLONE_NEWNET)));
		_exit(0);
	}
	EXPECT_EQ(0, reap(self->child));
	EXPECT_EQ(0, room->error);
}

/* Process namespaces. */

TEST_F_TIMEOUT(namespace, of_processes_shows_an_inner_sender_by_its_outer_number, LONG_TIMEOUT)
{
	struct ipcport_delivery delivery;
	struct room *room = self->room;

	self->child = fork_into(CLONE_NEWPID);
	if (!self->child) {
		room->pid = getpid();
		_exit(status_of(send_nb(self->fd, self->port, 7)));
	}
	ASSERT_EQ(0, reap(self->child));
	EXPECT_EQ(1, room->pid);
	memset(&delivery, POISON, sizeof(delivery));
	ASSERT_EQ(1, msg_recv(self->fd, self->port, &delivery, 1, IPCPORT_RECV_F_NONBLOCK, 0));
	EXPECT_EQ(7, value_of(&delivery.message));
	EXPECT_EQ(self->child, delivery.message.sender);
	EXPECT_EQ(self->child, delivery.info.pid);
	EXPECT_EQ(self->child, delivery.info.tid);
}

TEST_F_TIMEOUT(namespace, of_processes_hides_outer_senders_and_knows_its_own, LONG_TIMEOUT)
{
	struct room *room = self->room;

	ASSERT_EQ(0, send_nb(self->fd, self->port, 7));
	self->child = fork_into(CLONE_NEWPID);
	if (!self->child) {
		CHILD_ASSERT(room, !send_nb(self->fd, self->port, 8));
		CHILD_ASSERT(room, msg_recv(self->fd, self->port, room->deliveries, 2,
					    IPCPORT_RECV_F_NONBLOCK, 0) == 2);
		_exit(0);
	}
	EXPECT_EQ(0, reap(self->child));
	EXPECT_EQ(0, room->error);
	EXPECT_EQ(7, value_of(&room->deliveries[0].message));
	EXPECT_EQ(0, room->deliveries[0].message.sender);
	EXPECT_EQ(0, room->deliveries[0].info.pid);
	EXPECT_EQ(0, room->deliveries[0].info.tid);
	EXPECT_EQ(8, value_of(&room->deliveries[1].message));
	EXPECT_EQ(1, room->deliveries[1].message.sender);
	EXPECT_EQ(1, room->deliveries[1].info.pid);
	EXPECT_EQ(1, room->deliveries[1].info.tid);
}

/* The receiver was waiting already, so that it is handed the message directly. */
TEST_F_TIMEOUT(namespace, of_processes_hides_an_outer_sender_from_who_waits, LONG_TIMEOUT)
{
	struct room *room = self->room;

	self->child = fork_into(CLONE_NEWPID);
	if (!self->child) {
		CHILD_ASSERT(room, msg_recv(self->fd, self->port, room->deliveries, 1, 0,
					    in_ms(PATIENCE * 1000)) == 1);
		_exit(0);
	}
	ASSERT_TRUE(wait_for_receivers(self->fd, self->port, 1));
	EXPECT_EQ(0, send_nb(self->fd, self->port, 7));
	EXPECT_EQ(0, reap(self->child));
	EXPECT_EQ(0, room->error);
	EXPECT_EQ(7, value_of(&room->deliveries[0].message));
	EXPECT_EQ(0, room->deliveries[0].message.sender);
	EXPECT_EQ(0, room->deliveries[0].info.pid);
	EXPECT_EQ(0, room->deliveries[0].info.tid);
}

TEST_F_TIMEOUT(namespace, of_processes_translates_the_owner_in_stat, LONG_TIMEOUT)
{
	struct ipcport_stat *inside = shared_alloc(3 * sizeof(*inside)), stat;
	struct room *room = self->room;

	self->child = fork_into(CLONE_NEWPID);
	if (!self->child) {
		int64_t by_thread = port_create_as(self->fd, 1, 0, IPCPORT_CREATE_F_OWNER_THREAD);

		room->port = port_create(self->fd, 1);
		CHILD_ASSERT(room, !port_stat(self->fd, self->port, &inside[0]));
		CHILD_ASSERT(room, !port_stat(self->fd, room->port, &inside[1]));
		CHILD_ASSERT(room, !port_stat(self->fd, by_thread, &inside[2]));
		room->phase = 1;
		child_wait(room, 1);
		_exit(0);
	}
	EXPECT_TRUE(wait_until(room->phase || room->error));
	EXPECT_EQ(0, inside[0].out_owner_pid);
	EXPECT_EQ(0, inside[0].out_owner_tid);
	EXPECT_EQ(1, inside[1].out_owner_pid);
	EXPECT_EQ(0, inside[1].out_owner_tid);
	EXPECT_EQ(1, inside[2].out_owner_pid);
	EXPECT_EQ(1, inside[2].out_owner_tid);
	ASSERT_EQ(0, port_stat(self->fd, self->port, &stat));
	EXPECT_EQ(getpid(), stat.out_owner_pid);
	ASSERT_EQ(0, port_stat(self->fd, room->port, &stat));
	EXPECT_EQ(self->child, stat.out_owner_pid);
	room->go = 1;
	EXPECT_EQ(0, reap(self->child));
	EXPECT_EQ(0, room->error);
}

/* User namespaces. */

TEST_F_TIMEOUT(namespace, of_users_maps_those_it_knows_and_no_others, LONG_TIMEOUT)
{
	struct room *room = self->room;
	pid_t pid = fork();

	if (!pid)
		_exit(become(USER, USER, USER) || send_nb(self->fd, self->port, 7));
	ASSERT_EQ(0, reap(pid));
	ASSERT_EQ(0, send_nb(self->fd, self->port, 8));

	self->child = fork();
	if (!self->child) {
		CHILD_ASSERT(room, !become(USER, USER, USER));
		CHILD_ASSERT(room, !unshare(CLONE_NEWUSER));
		CHILD_ASSERT(room, !map_ids(5, USER));
		CHILD_ASSERT(room, msg_recv(self->fd, self->port, room->deliveries, 2,
					    IPCPORT_RECV_F_NONBLOCK, 0) == 2);
		CHILD_ASSERT(room, !port_stat(self->fd, self->port, &room->stat));
		_exit(0);
	}
	EXPECT_EQ(0, reap(self->child));
	if (room->error)
		SKIP(return, "no user namespace for a user here, line %d", room->error);
	EXPECT_EQ(7, value_of(&room->deliveries[0].message));
	EXPECT_EQ(5, room->deliveries[0].info.uid);
	EXPECT_EQ(5, room->deliveries[0].info.gid);
	EXPECT_EQ(8, value_of(&room->deliveries[1].message));
	EXPECT_EQ(OVERFLOW_ID, room->deliveries[1].info.uid);
	EXPECT_EQ(OVERFLOW_ID, room->deliveries[1].info.gid);
	EXPECT_EQ(OVERFLOW_ID, room->stat.out_uid);
	EXPECT_EQ(OVERFLOW_ID, room->stat.out_gid);
}

TEST_F_TIMEOUT(namespace, of_users_does_not_change_who_a_sender_is_outside, LONG_TIMEOUT)
{
	struct ipcport_delivery delivery;
	struct room *room = self->room;
	struct ipcport_stat stat;

	self->child = fork();
	if (!self->child) {
		CHILD_ASSERT(room, !become(USER, USER, USER));
		CHILD_ASSERT(room, !unshare(CLONE_NEWUSER));
		CHILD_ASSERT(room, !map_ids(0, USER));
		CHILD_ASSERT(room, !getuid());
		CHILD_ASSERT(room, !send_nb(self->fd, self->port, 7));
		room->port = port_create(self->fd, 1);
		CHILD_ASSERT(room, !port_stat(self->fd, room->port, &room->stat));
		room->phase = 1;
		child_wait(room, 1);
		_exit(0);
	}
	ASSERT_TRUE(wait_until(room->phase || room->error));
	if (room->error)
		SKIP(return, "no user namespace for a user here, line %d", room->error);
	memset(&delivery, POISON, sizeof(delivery));
	ASSERT_EQ(1, msg_recv(self->fd, self->port, &delivery, 1, IPCPORT_RECV_F_NONBLOCK, 0));
	EXPECT_EQ(USER, delivery.info.uid);
	EXPECT_EQ(USER, delivery.info.gid);
	EXPECT_EQ(0, room->stat.out_uid);
	EXPECT_EQ(0, room->stat.out_gid);
	ASSERT_EQ(0, port_stat(self->fd, room->port, &stat));
	EXPECT_EQ(USER, stat.out_uid);
	EXPECT_EQ(USER, stat.out_gid);
	room->go = 1;
	EXPECT_EQ(0, reap(self->child));
}

/* Become root of a user namespace made by USER, and of a network namespace if asked. */
static void become_inner_root(struct room *room, int flags)
{
	CHILD_ASSERT(room, !become(USER, USER, USER));
	CHILD_ASSERT(room, !unshare(CLONE_NEWUSER | flags));
	CHILD_ASSERT(room, !map_ids(0, USER));
}

TEST_F_TIMEOUT(namespace, of_users_gives_its_root_no_power_outside, LONG_TIMEOUT)
{
	struct room *room = self->room;
	int64_t ours = port_create(self->fd, 4);

	ASSERT_EQ(0, send_nb(self->fd, ours, 7));
	self->child = fork();
	if (!self->child) {
		struct ipcport_stat stat;

		become_inner_root(room, CLONE_NEWNET);
		room->phase = 1;
		room->rets[0] = port_stat(self->fd, ours, &stat);
		room->rets[1] = send_nb(self->fd, ours, 8);
		room->rets[2] = recv_nb(self->fd, ours);
		room->rets[3] = port_destroy(self->fd, ours);
		_exit(0);
	}
	EXPECT_EQ(0, reap(self->child) * !room->error);
	if (!room->phase)
		SKIP(return, "no user namespace for a user here, line %d", room->error);
	EXPECT_EQ(-EACCES, room->rets[0]);
	EXPECT_EQ(-EACCES, room->rets[1]);
	EXPECT_EQ(-EACCES, room->rets[2]);
	EXPECT_EQ(-EPERM, room->rets[3]);
	EXPECT_PORT(self->fd, ours, 1, 1, 0);
}

TEST_F_TIMEOUT(namespace, of_users_without_a_network_gives_its_root_no_power, LONG_TIMEOUT)
{
	struct room *room = self->room;
	int64_t ours = port_create(self->fd, 4);

	self->child = fork();
	if (!self->child) {
		struct ipcport_stat stat;
		int fd;

		become_inner_root(room, 0);
		fd = dev_open();
		CHILD_ASSERT(room, fd >= 0);
		room->phase = 1;
		room->rets[0] = port_stat(fd, ours, &stat);
		room->rets[1] = send_nb(fd, ours, 8);
		room->rets[2] = recv_nb(fd, ours);
		room->rets[3] = port_destroy(fd, ours);
		_exit(0);
	}
	EXPECT_EQ(0, reap(self->child) * !room->error);
	if (!room->phase)
		SKIP(return, "no user namespace, or no device, for a user here, line %d",
		     room->error);
	EXPECT_EQ(-EACCES, room->rets[0]);
	EXPECT_EQ(-EACCES, room->rets[1]);
	EXPECT_EQ(-EACCES, room->rets[2]);
	EXPECT_EQ(-EPERM, room->rets[3]);
	EXPECT_PORT(self->fd, ours, 0, 0, 0);
}

/* The mode refuses its own user, and DESTROY is another process': only the capability helps. */
static void use_capability(struct room *room)
{
	struct ipcport_stat stat;
	int fd;

	become_inner_root(room, CLONE_NEWNET);
	fd = dev_open();
	CHILD_ASSERT(room, fd >= 0);
	room->port = port_create_as(fd, 4, 0066, 0);
	CHILD_ASSERT(room, room->port > 0);
	room->phase = 1;
	if (!fork()) {
		room->rets[0] = port_stat(fd, room->port, &stat);
		room->rets[1] = send_nb(fd, room->port, 8);
		room->rets[2] = recv_nb(fd, room->port);
		room->rets[3] = port_destroy(fd, room->port);
		room->rets[4] = port_stat(fd, room->port, &stat);
		_exit(0);
	}
	wait(NULL);
}

TEST_F_TIMEOUT(namespace, of_users_gives_its_root_power_over_its_own_network, LONG_TIMEOUT)
{
	struct room *room = self->room;

	self->child = fork();
	if (!self->child) {
		use_capability(room);
		_exit(0);
	}
	EXPECT_EQ(0, reap(self->child) * !room->error);
	if (!room->phase)
		SKIP(return, "no user namespace, or no device, for a user here, line %d",
		     room->error);
	EXPECT_EQ(0, room->rets[0]);
	EXPECT_EQ(0, room->rets[1]);
	EXPECT_EQ(8, room->rets[2]);
	EXPECT_EQ(0, room->rets[3]);
	EXPECT_EQ(-ENOENT, room->rets[4]);
}

/* Time namespaces: deadlines and times are those of the caller's clock. */

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME	0x80
#endif

/* Run @look in a child whose clock is @offset seconds ahead; 0, or what went wrong. */
static int in_time_namespace(struct room *room, const char *offset,
			     void (*look)(struct room *room, int fd), int fd)
{
	pid_t pid = fork();

	if (!pid) {
		if (unshare(CLONE_NEWTIME) || file_write("/proc/self/timens_offsets", offset))
			_exit(1);
		/* the children are in it, not the process itself */
		pid = fork();
		if (!pid) {
			look(room, fd);
			_exit(0);
		}
		_exit(reap(pid));
	}
	return reap(pid);
}

static void wait_a_moment(struct room *room, int fd)
{
	uint64_t deadline = in_ms(300);

	CHILD_ASSERT(room, recv_value(fd, room->port, 0, deadline) == -ETIMEDOUT);
	CHILD_ASSERT(room, now_ns() >= deadline);
	CHILD_ASSERT(room, now_ns() < deadline + PATIENCE * 1000000000ULL);
}

static void look_at_times(struct room *room, int fd)
{
	uint64_t before = now_ns();

	CHILD_ASSERT(room, !send_nb(fd, room->port, 1));
	CHILD_ASSERT(room, msg_recv(fd, room->port, room->deliveries, 1,
				    IPCPORT_RECV_F_NONBLOCK, 0) == 1);
	CHILD_ASSERT(room, room->deliveries[0].info.time_ns >= before);
	CHILD_ASSERT(room, room->deliveries[0].info.time_ns <= now_ns());
	CHILD_ASSERT(room, !port_stat(fd, room->port, &room->stat));
}

TEST_F_TIMEOUT(namespace, of_time_that_is_ahead_waits_no_longer, LONG_TIMEOUT)
{
	self->room->port = self->port;
	EXPECT_EQ(0, in_time_namespace(self->room, "monotonic 100000 0", wait_a_moment, self->fd));
	EXPECT_EQ(0, self->room->error);
}

TEST_F_TIMEOUT(namespace, of_time_that_is_behind_waits_no_shorter, LONG_TIMEOUT)
{
	self->room->port = self->port;
	EXPECT_EQ(0, in_time_namespace(self->room, "monotonic -1 0", wait_a_moment, self->fd));
	EXPECT_EQ(0, self->room->error);
}

TEST_F_TIMEOUT(namespace, of_time_is_that_of_who_receives_and_looks, LONG_TIMEOUT)
{
	struct ipcport_stat stat;

	self->room->port = self->port;
	EXPECT_EQ(0, in_time_namespace(self->room, "monotonic 100000 0", look_at_times, self->fd));
	EXPECT_EQ(0, self->room->error);
	ASSERT_EQ(0, port_stat(self->fd, self->port, &stat));
	EXPECT_EQ(stat.out_created_ns + 100000 * 1000000000ULL, self->room->stat.out_created_ns);
}

int main(int argc, char **argv)
{
	return process_main(argc, argv);
}
