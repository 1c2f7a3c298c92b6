// SPDX-License-Identifier: GPL-2.0
/*
 * Whose a port is, and which file it hangs on: threads as owners, files that are
 * closed one by one, and owners that come and go at the same moment.
 */
#include "process.h"

/* What a process and its test share. */
struct stage {
	_Atomic int phase;	/* the process counts it up as it gets on */
	_Atomic int go;		/* the test counts it up to let it get on */
	_Atomic int nr_errors;
	_Atomic unsigned int nr_rounds;
	int64_t ports[8];
	int exec_pipe[2];
};

FIXTURE(owner) {
	int fd;
	struct stage *stage;
	pid_t pid;
};

FIXTURE_SETUP(owner)
{
	adopt_orphans();
	self->stage = shared_alloc(sizeof(*self->stage));
	ASSERT_EQ(0, pipe(self->stage->exec_pipe));
	self->fd = dev_open();
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(owner)
{
	reap_all(&self->pid, 1);
	close(self->fd);
	EXPECT_TRUE(all_is_gone());
}

static void wait_for_go(struct stage *stage, int nr)
{
	if (!wait_until(stage->go >= nr))
		_exit(90);
}

static void start_thread(void *(*run)(void *arg), void *arg)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, run, arg))
		_exit(98);
}

/* The file that the process in a child uses; it is the test's own. */
static int process_fd;

static int64_t create_by_thread(uint32_t capacity)
{
	return port_create_as(process_fd, capacity, 0, IPCPORT_CREATE_F_OWNER_THREAD);
}

/* A thread with a full port, an empty one, and one that is the process'. */
static void *own_until_go(void *arg)
{
	struct stage *stage = arg;

	stage->ports[0] = create_by_thread(1);
	stage->ports[1] = create_by_thread(1);
	stage->ports[2] = port_create(process_fd, 1);
	send_nb(process_fd, stage->ports[0], 1);
	stage->ports[3] = thread_id();
	stage->phase++;
	wait_for_go(stage, 1);
	thread_exit();
}

TEST_F_TIMEOUT(owner, thread_exits_and_only_its_own_ports_end, LONG_TIMEOUT)
{
	struct stage *stage = self->stage;
	struct ipcport_stat stat;
	struct crowd crowd;

	process_fd = self->fd;
	self->pid = fork();
	if (!self->pid) {
		start_thread(own_until_go, stage);
		hold_still();
	}
	ASSERT_TRUE(wait_until(stage->phase));
	ASSERT_EQ(0, port_stat(self->fd, stage->ports[0], &stat));
	EXPECT_EQ(self->pid, stat.out_owner_pid);
	EXPECT_EQ(stage->ports[3], stat.out_owner_tid);
	ASSERT_EQ(0, port_stat(self->fd, stage->ports[2], &stat));
	EXPECT_EQ(self->pid, stat.out_owner_pid);
	EXPECT_EQ(0, stat.out_owner_tid);
	ASSERT_TRUE(crowd_start(&crowd, self->fd, stage->ports[0], stage->ports[1]));

	stage->go = 1;
	EXPECT_CROWD(-EPIPE, &crowd);
	EXPECT_DEAD(self->fd, stage->ports[0]);
	EXPECT_DEAD(self->fd, stage->ports[1]);
	EXPECT_EQ(0, kill(self->pid, 0));
	EXPECT_TRUE(is_alive(self->fd, stage->ports[2]));

	EXPECT_EQ(-SIGKILL, kill_and_reap(self->pid));
	EXPECT_DEAD(self->fd, stage->ports[2]);
}

TEST_F_TIMEOUT(owner, thread_exits_500_times_and_its_port_ends_each_time, LONG_TIMEOUT)
{
	struct ipcport_stat stat;
	pthread_t thread;

	process_fd = self->fd;
	for (int i = 0; i < LESS_IN_32(500); i++) {
		self->stage->go = 1;
		ASSERT_EQ(0, pthread_create(&thread, NULL, own_until_go, self->stage));
		pthread_join(thread, NULL);
		/* The join may be over before the thread is. */
		ASSERT_TRUE(wait_until(port_stat(self->fd, self->stage->ports[0], &stat) ==
				       -ENOENT));
		ASSERT_TRUE(wait_until(port_stat(self->fd, self->stage->ports[1], &stat) ==
				       -ENOENT));
		ASSERT_EQ(0, port_destroy(self->fd, self->stage->ports[2]));
	}
}

/* A thread's port belongs to its whole process in all but its end. */
TEST_F_TIMEOUT(owner, thread_has_its_port_destroyed_by_another_thread, LONG_TIMEOUT)
{
	struct stage *stage = self->stage;

	process_fd = self->fd;
	start_thread(own_until_go, stage);
	ASSERT_TRUE(wait_until(stage->phase));
	EXPECT_EQ(0, port_destroy(self->fd, stage->ports[0]));
	EXPECT_DEAD(self->fd, stage->ports[0]);
	EXPECT_TRUE(is_alive(self->fd, stage->ports[1]));
	stage->go = 1;
	EXPECT_TRUE(wait_until(!is_alive(self->fd, stage->ports[1])));
	EXPECT_EQ(0, port_destroy(self->fd, stage->ports[2]));
}

/* An owner thread that is not the leader runs exec, and so becomes the leader. */
static void *own_and_exec(void *arg)
{
	struct stage *stage = arg;

	stage->ports[0] = create_by_thread(1);
	stage->ports[1] = port_create(process_fd, 1);
	send_nb(process_fd, stage->ports[0], 1);
	stage->phase++;
	wait_for_go(stage, 1);
	exec_self(stage->exec_pipe[1]);
}

TEST_F_TIMEOUT(owner, thread_execs_keeps_its_port_and_ends_that_of_the_leader, LONG_TIMEOUT)
{
	struct stage *stage = self->stage;
	struct ipcport_stat stat;
	struct crowd crowd;
	struct client client;

	self->pid = fork();
	if (!self->pid) {
		process_fd = open("/dev/ipcport", O_RDWR);
		stage->ports[2] = create_by_thread(1);
		start_thread(own_and_exec, stage);
		hold_still();
	}
	ASSERT_TRUE(wait_until(stage->phase));
	ASSERT_TRUE(crowd_start(&crowd, self->fd, stage->ports[0], stage->ports[1]));
	client_start(&client, self->fd, stage->ports[2], false);
	ASSERT_TRUE(wait_for_receivers(self->fd, stage->ports[2], 1));

	stage->go = 1;
	ASSERT_TRUE(wait_for_exec(stage->exec_pipe[0]));
	EXPECT_DEAD(self->fd, stage->ports[2]);
	EXPECT_EQ(-EPIPE, client_answer(&client));
	EXPECT_TRUE(has_waiters(self->fd, stage->ports[0], 2, 0));
	EXPECT_TRUE(has_waiters(self->fd, stage->ports[1], 0, 2));
	/* the thread has the leader's number now */
	ASSERT_EQ(0, port_stat(self->fd, stage->ports[0], &stat));
	EXPECT_EQ(self->pid, stat.out_owner_tid);

	EXPECT_EQ(-SIGKILL, kill_and_reap(self->pid));
	EXPECT_DEAD(self->fd, stage->ports[0]);
	EXPECT_DEAD(self->fd, stage->ports[1]);
	EXPECT_CROWD(-EPIPE, &crowd);
}

TEST_F_TIMEOUT(owner, thread_lives_on_when_the_leader_exits, LONG_TIMEOUT)
{
	struct stage *stage = self->stage;
	struct crowd crowd;
	struct client client;

	process_fd = self->fd;
	self->pid = fork();
	if (!self->pid) {
		stage->ports[4] = create_by_thread(1);
		stage->ports[5] = port_create(process_fd, 1);
		start_thread(own_until_go, stage);
		wait_until(stage->phase == 2);
		thread_exit();
	}
	ASSERT_TRUE(wait_until(stage->phase == 1));
	client_start(&client, self->fd, stage->ports[4], false);
	ASSERT_TRUE(wait_for_receivers(self->fd, stage->ports[4], 1));
	ASSERT_TRUE(crowd_start(&crowd, self->fd, stage->ports[0], stage->ports[1]));

	stage->phase = 2;
	EXPECT_EQ(-EPIPE, client_answer(&client));
	EXPECT_DEAD(self->fd, stage->ports[4]);
	EXPECT_TRUE(has_waiters(self->fd, stage->ports[0], 2, 0));
	EXPECT_TRUE(has_waiters(self->fd, stage->ports[1], 0, 2));
	EXPECT_TRUE(is_alive(self->fd, stage->ports[5]));

	stage->go = 1;
	EXPECT_EQ(0, reap(self->pid));
	for (int i = 0; i < 6; i++)
		if (i != 3)
			EXPECT_DEAD(self->fd, stage->ports[i]);
	EXPECT_CROWD(-EPIPE, &crowd);
}

/* Two threads, the last ones, exit as nearly at once as can be arranged. */
static void *exit_together(void *arg)
{
	struct stage *stage = arg;

	stage->phase++;
	while (stage->phase < 2)
		;
	thread_exit();
}

TEST_F_TIMEOUT(owner, ends_once_when_its_last_two_threads_exit_together, LONG_TIMEOUT)
{
	struct stage *stage = self->stage;

	for (int i = 0; i < LESS_IN_32(300); i++) {
		stage->phase = 0;
		self->pid = fork();
		if (!self->pid) {
			stage->ports[0] = port_create(self->fd, 1);
			send_nb(self->fd, stage->ports[0], 1);
			start_thread(exit_together, stage);
			exit_together(stage);
		}
		ASSERT_EQ(0, reap(self->pid));
		EXPECT_DEAD(self->fd, stage->ports[0]);
		ASSERT_GE(0, live_count("owners"));
		ASSERT_GE(0, live_count("ports"));
	}
}

/* Destroy the last port and create again, so that the owner retires and returns. */
static void *come_and_go(void *arg)
{
	struct stage *stage = arg;
	int64_t port;

	for (;;) {
		port = port_create(process_fd, 1);
		if (port < 0 || port_destroy(process_fd, port))
			stage->nr_errors++;
		stage->nr_rounds++;
	}
	return NULL;
}

TEST_F_TIMEOUT(owner, retires_and_returns_in_four_threads_and_is_then_killed, LONG_TIMEOUT)
{
	struct stage *stage = self->stage;
	unsigned int target = 0;

	process_fd = self->fd;
	for (int i = 0; i < LESS_IN_32(10); i++) {
		self->pid = fork();
		if (!self->pid) {
			for (int j = 0; j < 3; j++)
				start_thread(come_and_go, stage);
			come_and_go(stage);
		}
		target += 5000;
		ASSERT_TRUE(wait_until(stage->nr_rounds >= target));
		target = stage->nr_rounds;
		ASSERT_EQ(-SIGKILL, kill_and_reap(self->pid));
		EXPECT_EQ(0, stage->nr_errors);
		EXPECT_GE(0, live_count("ports"));
		EXPECT_GE(0, live_count("messages"));
		EXPECT_GE(0, live_count("owners"));
		EXPECT_GE(0, live_count("users"));
	}
}

TEST_F_TIMEOUT(owner, destroys_all_its_ports_creates_another_and_dies, LONG_TIMEOUT)
{
	struct stage *stage = self->stage;

	self->pid = fork();
	if (!self->pid) {
		for (int i = 0; i < 3; i++) {
			stage->ports[0] = port_create(self->fd, 1);
			stage->ports[1] = port_create(self->fd, 1);
			port_destroy(self->fd, stage->ports[0]);
			port_destroy(self->fd, stage->ports[1]);
		}
		stage->ports[2] = port_create(self->fd, 1);
		stage->phase = 1;
		hold_still();
	}
	ASSERT_TRUE(wait_until(stage->phase));
	EXPECT_TRUE(is_alive(self->fd, stage->ports[2]));
	EXPECT_EQ(-SIGKILL, kill_and_reap(self->pid));
	for (int i = 0; i < 3; i++)
		EXPECT_DEAD(self->fd, stage->ports[i]);
}

TEST_F_TIMEOUT(owner, closes_a_file_and_only_the_ports_made_through_it_end, LONG_TIMEOUT)
{
	int first = dev_open(), second = dev_open();
	int64_t full = port_create(first, 1), empty = port_create(first, 1);
	int64_t other = port_create(second, 1);
	struct crowd crowd;

	ASSERT_EQ(0, send_nb(first, full, 1));
	ASSERT_TRUE(crowd_start(&crowd, self->fd, full, empty));
	close(first);
	EXPECT_DEAD(self->fd, full);
	EXPECT_DEAD(self->fd, empty);
	EXPECT_CROWD(-EPIPE, &crowd);
	EXPECT_GE(0, live_count("messages"));
	EXPECT_TRUE(is_alive(self->fd, other));
	EXPECT_EQ(0, send_nb(self->fd, other, 3));
	EXPECT_EQ(3, recv_nb(second, other));
	close(second);
	EXPECT_DEAD(self->fd, other);
}

TEST_F_TIMEOUT(owner, closes_a_file_that_has_a_duplicate_and_its_port_lives_on, LONG_TIMEOUT)
{
	int first = dev_open(), second = dup(first);
	int64_t port = port_create(first, 1);

	ASSERT_LT(0, port);
	close(first);
	EXPECT_TRUE(is_alive(self->fd, port));
	EXPECT_EQ(0, send_nb(second, port, 4));
	EXPECT_EQ(4, recv_nb(second, port));
	close(second);
	EXPECT_DEAD(self->fd, port);
}

TEST_F_TIMEOUT(owner, closes_a_file_that_a_child_holds_and_the_child_ends_its_port, LONG_TIMEOUT)
{
	int fd = dev_open();
	int64_t port = port_create(fd, 1);
	struct client client;

	self->pid = fork();
	if (!self->pid)
		hold_still();
	close(fd);
	client_start(&client, self->fd, port, false);
	EXPECT_TRUE(wait_for_receivers(self->fd, port, 1));
	EXPECT_EQ(-SIGKILL, kill_and_reap(self->pid));
	EXPECT_DEAD(self->fd, port);
	EXPECT_EQ(-EPIPE, client_answer(&client));
}

/* The file in flight has no process; the socket keeps it. */
TEST_F_TIMEOUT(owner, sends_its_file_away_and_the_port_ends_with_the_socket, LONG_TIMEOUT)
{
	int fd = dev_open(), sockets[2];
	int64_t port = port_create(fd, 1);

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, sockets));
	ASSERT_EQ(0, file_send(sockets[0], fd));
	close(fd);
	EXPECT_TRUE(is_alive(self->fd, port));
	close(sockets[0]);
	EXPECT_TRUE(is_alive(self->fd, port));
	close(sockets[1]);
	EXPECT_TRUE(wait_until(!is_alive(self->fd, port)));
	EXPECT_DEAD(self->fd, port);
}

/* Both ways to end it at the same time: one teardown, no matter which is first. */
TEST_F_TIMEOUT(owner, dies_while_somebody_else_closes_the_file, LONG_TIMEOUT)
{
	struct stage *stage = self->stage;
	int fd;

	for (int i = 0; i < LESS_IN_32(200); i++) {
		stage->phase = 0;
		fd = dev_open();
		ASSERT_LE(0, fd);
		self->pid = fork();
		if (!self->pid) {
			for (int j = 0; j < 4; j++) {
				stage->ports[j] = port_create(fd, 1);
				send_nb(fd, stage->ports[j], 1);
			}
			close(fd);
			stage->phase = 1;
			hold_still();
		}
		ASSERT_TRUE(wait_until(stage->phase));
		kill(self->pid, SIGKILL);
		close(fd);
		ASSERT_EQ(-SIGKILL, reap(self->pid));
		for (int j = 0; j < 4; j++)
			EXPECT_DEAD(self->fd, stage->ports[j]);
		ASSERT_GE(0, live_count("ports"));
		ASSERT_GE(0, live_count("messages"));
	}
}

int main(int argc, char **argv)
{
	return process_main(argc, argv);
}
