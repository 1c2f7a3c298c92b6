// SPDX-License-Identifier: GPL-2.0
/*
 * Names: who may give and take them, what they look like, that they end with their
 * port, and waiting for one that is not there yet.
 */
#include "process.h"
#include "call.h"
#include "handle.h"

#define NAME		"/test/name"
#define OTHER_NAME	"/test/other"
#define MAX_PORTS	"/sys/module/ipcport/parameters/max_ports"
#define MAX_MESSAGES	"/sys/module/ipcport/parameters/max_messages"

/* Somebody who means nothing to the system. */
#define USER		2000

/* What processes of a test share. */
struct desk {
	_Atomic int phase;
	_Atomic int go;
	int64_t port;
	int rets[16];
};

/* Limits that we raise for the whole system, as they were; restored whatever happens. */
static struct {
	const char *path;
	long long number;
} saved[] = { { MAX_PORTS, 0 }, { MAX_MESSAGES, 0 } };

static pid_t main_pid;

static void restore(void)
{
	char text[32];

	for (size_t i = 0; i < ARRAY_SIZE(saved); i++) {
		if (saved[i].number <= 0 || file_number(saved[i].path) == saved[i].number)
			continue;
		snprintf(text, sizeof(text), "%lld", saved[i].number);
		file_write(saved[i].path, text);
	}
}

static void restore_in_main(void)
{
	if (getpid() == main_pid)
		restore();
}

static void __attribute__((constructor)) save(void)
{
	main_pid = getpid();
	for (size_t i = 0; i < ARRAY_SIZE(saved); i++)
		saved[i].number = file_number(saved[i].path);
	atexit(restore_in_main);
}

FIXTURE(name) {
	int fd;
	int64_t port;
	struct desk *desk;
	pid_t pids[4];
};

typedef FIXTURE_DATA(name) name_data;

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

FIXTURE_SETUP(name)
{
	adopt_orphans();
	handle_signals(0);
	self->desk = shared_alloc(sizeof(*self->desk));
	self->fd = dev_open();
	ASSERT_LE(0, self->fd);
	self->port = port_create_as(self->fd, 4, 0666, 0);
	ASSERT_LT(0, self->port);
}

FIXTURE_TEARDOWN(name)
{
	reap_all(self->pids, ARRAY_SIZE(self->pids));
	restore();
	/* the device file was the first */
	syscall(SYS_close_range, self->fd, ~0U, 0);
	EXPECT_TRUE(handles_live(0));
	EXPECT_TRUE(all_is_gone());
}

static void lose_root(void)
{
	if (!geteuid() && become(USER, USER, USER))
		_exit(100);
}

/* Whether a handle is for this port; it is closed. */
static bool is_handle_for(int handle, int64_t port)
{
	struct ipcport_stat stat;
	bool is = handle >= 0 && !port_stat(handle, 0, &stat) && stat.out_port == (uint64_t)port;

	if (handle >= 0)
		close(handle);
	return is;
}

/* Whether a name is known, and means this port; with port 0, whether it is not known. */
static bool means(int fd, const char *name, int64_t port)
{
	int handle = open_by_name(fd, name, 0);

	return port ? is_handle_for(handle, port) : handle == -ENOENT;
}

static int bind_raw(int fd, uint64_t port, const uint8_t *name)
{
	struct ipcport_bind args = { .port = port };

	memcpy(args.name, name, sizeof(args.name));
	return xioctl(fd, IPCPORT_IOC_PORT_BIND, &args);
}

static int open_raw(int fd, const uint8_t *name, uint32_t flags)
{
	struct ipcport_open args = { .flags = flags, .deadline_ns = 1 };

	memcpy(args.name, name, sizeof(args.name));
	return open_ioctl(fd, &args);
}

/*
 * What a name is.
 */
TEST_F_TIMEOUT(name, is_given_found_shown_and_taken_away, LONG_TIMEOUT)
{
	EXPECT_TRUE(means(self->fd, NAME, 0));
	EXPECT_TRUE(has_name(self->fd, self->port, ""));
	EXPECT_EQ(0, port_bind(self->fd, self->port, NAME));
	EXPECT_TRUE(means(self->fd, NAME, self->port));
	EXPECT_TRUE(has_name(self->fd, self->port, NAME));
	EXPECT_EQ(0, port_unbind(self->fd, self->port));
	EXPECT_TRUE(means(self->fd, NAME, 0));
	EXPECT_TRUE(has_name(self->fd, self->port, ""));
	EXPECT_EQ(-ENOENT, port_unbind(self->fd, self->port));
	EXPECT_PORT(self->fd, self->port, 0, 0, 0);
}

TEST_F_TIMEOUT(name, may_have_1_to_63_bytes, LONG_TIMEOUT)
{
	char name[IPCPORT_NAME_SIZE + 1] = "";

	for (int length = 1; length < IPCPORT_NAME_SIZE; length++) {
		name[length - 1] = 'a' + length % 26;
		EXPECT_EQ(0, port_bind(self->fd, self->port, name));
		EXPECT_TRUE(means(self->fd, name, self->port));
		EXPECT_TRUE(has_name(self->fd, self->port, name));
		EXPECT_EQ(0, port_unbind(self->fd, self->port));
	}
	/* 64 fill the member, and no end is left */
	name[63] = 'x';
	EXPECT_EQ(-EINVAL, port_bind(self->fd, self->port, name));
	EXPECT_EQ(-EINVAL, open_by_name(self->fd, name, 0));
	EXPECT_EQ(-EINVAL, open_when_named(self->fd, name, 0, 1));
	EXPECT_EQ(-EINVAL, port_bind(self->fd, self->port, ""));
	EXPECT_TRUE(has_name(self->fd, self->port, ""));
}

TEST_F_TIMEOUT(name, is_filled_up_with_zeroes_to_the_end, LONG_TIMEOUT)
{
	uint8_t name[IPCPORT_NAME_SIZE] = NAME;

	for (size_t i = sizeof(NAME); i < sizeof(name); i++) {
		name[i] = 'x';
		EXPECT_EQ(-EINVAL, bind_raw(self->fd, self->port, name));
		EXPECT_EQ(-EINVAL, open_raw(self->fd, name, 0));
		EXPECT_EQ(-EINVAL, open_raw(self->fd, name, IPCPORT_OPEN_F_WAIT));
		name[i] = 0;
	}
	/* nothing, and then something, is no name either */
	memset(name, 0, sizeof(name));
	name[1] = 'x';
	EXPECT_EQ(-EINVAL, bind_raw(self->fd, self->port, name));
	EXPECT_EQ(-EINVAL, open_raw(self->fd, name, 0));
	name[1] = 0;
	name[63] = 'x';
	EXPECT_EQ(-EINVAL, bind_raw(self->fd, self->port, name));
	EXPECT_EQ(-EINVAL, open_raw(self->fd, name, 0));
	EXPECT_TRUE(has_name(self->fd, self->port, ""));
}

TEST_F_TIMEOUT(name, has_any_bytes_but_control_characters, LONG_TIMEOUT)
{
	char name[] = "/x?y";

	for (int byte = 1; byte < 256; byte++) {
		bool is_control = byte < 0x20 || byte == 0x7f;

		name[2] = byte;
		EXPECT_EQ(is_control ? -EINVAL : 0, port_bind(self->fd, self->port, name)) {
			TH_LOG("byte %#x", byte);
		}
		if (is_control) {
			EXPECT_EQ(-EINVAL, open_by_name(self->fd, name, 0));
			continue;
		}
		EXPECT_TRUE(means(self->fd, name, self->port));
		EXPECT_EQ(0, port_unbind(self->fd, self->port));
	}
	EXPECT_TRUE(has_name(self->fd, self->port, ""));
}

TEST_F_TIMEOUT(name, is_known_by_all_its_bytes, LONG_TIMEOUT)
{
	static const char * const others[] = {
		"/test/na", "/test/namE", "/test/name ", "/test/name/", "test/name", "/",
	};

	ASSERT_EQ(0, port_bind(self->fd, self->port, NAME));
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		EXPECT_TRUE(means(self->fd, others[i], 0));
	EXPECT_TRUE(means(self->fd, NAME, self->port));
}

/*
 * One port, one name.
 */
TEST_F_TIMEOUT(name, is_one_ports_and_a_port_has_one, LONG_TIMEOUT)
{
	int64_t other = port_create(self->fd, 1);

	ASSERT_EQ(0, port_bind(self->fd, self->port, NAME));
	EXPECT_EQ(-EEXIST, port_bind(self->fd, other, NAME));
	EXPECT_EQ(-EEXIST, port_bind(self->fd, self->port, OTHER_NAME));
	EXPECT_EQ(-EEXIST, port_bind(self->fd, self->port, NAME));
	EXPECT_TRUE(means(self->fd, NAME, self->port));
	EXPECT_TRUE(means(self->fd, OTHER_NAME, 0));
	EXPECT_TRUE(has_name(self->fd, other, ""));
	EXPECT_TRUE(has_name(self->fd, self->port, NAME));
	/* what was refused can be had afterwards */
	EXPECT_EQ(0, port_bind(self->fd, other, OTHER_NAME));
	EXPECT_EQ(0, port_unbind(self->fd, self->port));
	EXPECT_EQ(0, port_unbind(self->fd, other));
	EXPECT_EQ(0, port_bind(self->fd, other, NAME));
	EXPECT_TRUE(means(self->fd, NAME, other));
}

TEST_F_TIMEOUT(name, of_another_process_is_taken_too, LONG_TIMEOUT)
{
	pid_t pid;

	ASSERT_EQ(0, port_bind(self->fd, self->port, NAME));
	pid = fork();
	if (!pid) {
		int fd;

		lose_root();
		fd = dev_open();
		_exit(status_of(port_bind(fd, port_create(fd, 1), NAME)));
	}
	EXPECT_EQ(EEXIST, reap(pid));
	EXPECT_TRUE(means(self->fd, NAME, self->port));
}

TEST_F_TIMEOUT(name, can_be_had_again_after_unbind, LONG_TIMEOUT)
{
	int64_t other = port_create(self->fd, 1);
	int handle;

	for (int i = 0; i < 3; i++) {
		ASSERT_EQ(0, port_bind(self->fd, self->port, NAME));
		handle = open_by_name(self->fd, NAME, R_SEND);
		ASSERT_LE(0, handle);
		ASSERT_EQ(0, port_unbind(self->fd, self->port));
		ASSERT_EQ(0, port_bind(self->fd, other, NAME));
		/* who had it by this name has the same port still */
		EXPECT_EQ(0, send_nb(handle, 0, 5));
		EXPECT_EQ(5, recv_nb(self->fd, self->port));
		close(handle);
		EXPECT_TRUE(means(self->fd, NAME, other));
		ASSERT_EQ(0, port_unbind(self->fd, other));
	}
}

TEST_F_TIMEOUT(name, is_opened_with_the_rights_that_the_mode_allows, LONG_TIMEOUT)
{
	int64_t write_only = port_create_as(self->fd, 4, 0622, 0);
	int64_t closed = port_create_as(self->fd, 4, 0600, 0);
	pid_t pid;

	if (geteuid())
		SKIP(return, "only root can become others");
	ASSERT_EQ(0, port_bind(self->fd, write_only, NAME));
	ASSERT_EQ(0, port_bind(self->fd, closed, OTHER_NAME));
	pid = fork();
	if (!pid) {
		lose_root();
		self->desk->rets[0] = open_by_name(self->fd, NAME, R_BOTH);
		self->desk->rets[1] = open_by_name(self->fd, NAME, R_RECV);
		self->desk->rets[2] = open_by_name(self->fd, OTHER_NAME, R_SEND);
		self->desk->rets[3] = open_by_name(self->fd, OTHER_NAME, 0);
		self->desk->rets[4] = open_when_named(self->fd, NAME, R_RECV, FAR_AWAY);
		_exit(!is_handle_for(open_by_name(self->fd, NAME, R_SEND), write_only));
	}
	EXPECT_EQ(0, reap(pid));
	for (int i = 0; i < 5; i++)
		EXPECT_EQ(-EACCES, self->desk->rets[i]);
	EXPECT_HANDLES(self->fd, write_only, 0, 0);
}

/*
 * Whose it is to give.
 */
TEST_F_TIMEOUT(name, is_given_and_taken_by_the_owner_process_only, LONG_TIMEOUT)
{
	int handle = open_handle(self->fd, self->port, R_BOTH);
	pid_t pid = fork();

	if (!pid) {
		lose_root();
		self->desk->rets[0] = port_bind(self->fd, self->port, NAME);
		self->desk->rets[1] = port_bind(handle, 0, NAME);
		_exit(0);
	}
	EXPECT_EQ(0, reap(pid));
	EXPECT_TRUE(means(self->fd, NAME, 0));
	ASSERT_EQ(0, port_bind(self->fd, self->port, NAME));
	pid = fork();
	if (!pid) {
		lose_root();
		self->desk->rets[2] = port_unbind(self->fd, self->port);
		self->desk->rets[3] = port_unbind(handle, 0);
		self->desk->rets[4] = port_bind(self->fd, self->port, OTHER_NAME);
		_exit(0);
	}
	EXPECT_EQ(0, reap(pid));
	for (int i = 0; i < 5; i++)
		EXPECT_EQ(-EPERM, self->desk->rets[i]);
	EXPECT_TRUE(means(self->fd, NAME, self->port));
	EXPECT_TRUE(means(self->fd, OTHER_NAME, 0));
}

static void *bind_in_thread(void *arg)
{
	name_data *self = arg;

	self->desk->rets[0] = port_bind(self->fd, self->port, NAME);
	return NULL;
}

TEST_F_TIMEOUT(name, is_given_by_any_thread_of_the_owner, LONG_TIMEOUT)
{
	pthread_t thread;

	ASSERT_EQ(0, thread_start(&thread, bind_in_thread, self));
	pthread_join(thread, NULL);
	EXPECT_EQ(0, self->desk->rets[0]);
	EXPECT_TRUE(means(self->fd, NAME, self->port));
}

TEST_F_TIMEOUT(name, is_given_and_taken_by_cap_ipc_owner_too, LONG_TIMEOUT)
{
	pid_t pid;

	if (geteuid())
		SKIP(return, "only root has the capability");
	pid = fork();
	if (!pid) {
		self->desk->rets[0] = port_bind(self->fd, self->port, NAME);
		self->desk->rets[1] = port_unbind(self->fd, self->port);
		self->desk->rets[2] = port_bind(self->fd, self->port, OTHER_NAME);
		_exit(0);
	}
	EXPECT_EQ(0, reap(pid));
	for (int i = 0; i < 3; i++)
		EXPECT_EQ(0, self->desk->rets[i]);
	EXPECT_TRUE(means(self->fd, OTHER_NAME, self->port));
}

/*
 * Network namespaces.
 */
TEST_F_TIMEOUT(name, means_another_port_in_another_network, LONG_TIMEOUT)
{
	pid_t pid;

	if (geteuid())
		SKIP(return, "only root can make namespaces");
	ASSERT_EQ(0, port_bind(self->fd, self->port, NAME));
	pid = fork();
	if (!pid) {
		int64_t port;
		int fd;

		if (unshare(CLONE_NEWNET))
			_exit(101);
		fd = dev_open();
		port = port_create(fd, 1);
		if (!means(fd, NAME, 0))
			_exit(102);
		if (port_bind(fd, port, NAME) || !means(fd, NAME, port))
			_exit(103);
		/* the namespace is that of the file */
		_exit(!means(self->fd, NAME, self->port));
	}
	EXPECT_EQ(0, reap(pid));
	EXPECT_TRUE(means(self->fd, NAME, self->port));
}

TEST_F_TIMEOUT(name, is_not_waited_for_in_another_network, LONG_TIMEOUT)
{
	struct desk *desk = self->desk;

	if (geteuid())
		SKIP(return, "only root can make namespaces");
	self->pids[0] = fork();
	if (!self->pids[0]) {
		int fd;

		if (unshare(CLONE_NEWNET))
			_exit(101);
		fd = dev_open();
		desk->phase = 1;
		_exit(status_of(open_when_named(fd, NAME, 0, in_ms(300))));
	}
	ASSERT_TRUE(wait_until(desk->phase));
	ASSERT_EQ(0, port_bind(self->fd, self->port, NAME));
	EXPECT_EQ(ETIMEDOUT, reap(self->pids[0]));
	self->pids[0] = 0;
}

/*
 * The end of the port, and what is left of its name.
 */
enum end { DESTROY, EXIT, KILL, EXEC, LAST_CLOSE };

FIXTURE(ending) {
	int fd;
	struct desk *desk;
	pid_t owner;
	int pipe[2];
};

typedef FIXTURE_DATA(ending) ending_data;

FIXTURE_VARIANT(ending) {
	enum end end;
};

FIXTURE_VARIANT_ADD(ending, destroy) { .end = DESTROY };
FIXTURE_VARIANT_ADD(ending, exit) { .end = EXIT };
FIXTURE_VARIANT_ADD(ending, kill) { .end = KILL };
FIXTURE_VARIANT_ADD(ending, exec) { .end = EXEC };
FIXTURE_VARIANT_ADD(ending, last_close) { .end = LAST_CLOSE };

/* The owner: makes a port with the name, and ends it when told to. */
static void __attribute__((noreturn)) owner_run(ending_data *self, enum end end)
{
	/* where it is the exit that is to end the port, the file must not */
	int fd = end == LAST_CLOSE || end == EXEC ? dev_open() : self->fd;
	struct desk *desk = self->desk;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	desk->port = port_create(fd, 4);
	desk->rets[0] = port_bind(fd, desk->port, NAME);
	desk->phase = 1;
	wait_until(desk->go);
	switch (end) {
	case DESTROY:
		port_destroy(fd, desk->port);
		break;
	case LAST_CLOSE:
		close(fd);
		break;
	case EXEC:
		exec_self(self->pipe[1]);
	case EXIT:
		_exit(0);
	case KILL:
		kill(getpid(), SIGKILL);
	}
	hold_still();
}

FIXTURE_SETUP(ending)
{
	adopt_orphans();
	self->desk = shared_alloc(sizeof(*self->desk));
	self->fd = dev_open();
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, pipe(self->pipe));
	self->owner = fork();
	if (!self->owner)
		owner_run(self, variant->end);
	ASSERT_TRUE(wait_until(self->desk->phase));
	ASSERT_EQ(0, self->desk->rets[0]);
	ASSERT_TRUE(means(self->fd, NAME, self->desk->port));
}

FIXTURE_TEARDOWN(ending)
{
	reap_all(&self->owner, 1);
	syscall(SYS_close_range, self->fd, ~0U, 0);
	EXPECT_TRUE(handles_live(0));
	EXPECT_TRUE(all_is_gone());
}

TEST_F_TIMEOUT(ending, of_the_port_is_that_of_its_name, LONG_TIMEOUT)
{
	int64_t port = port_create(self->fd, 1);

	EXPECT_EQ(-EEXIST, port_bind(self->fd, port, NAME));
	self->desk->go = 1;
	EXPECT_TRUE(wait_until(!is_alive(self->fd, self->desk->port)));
	/* from that moment on */
	EXPECT_TRUE(means(self->fd, NAME, 0));
	EXPECT_EQ(0, port_bind(self->fd, port, NAME));
	EXPECT_TRUE(means(self->fd, NAME, port));
}

TEST_F_TIMEOUT(ending, of_the_port_takes_its_name_though_handles_are_left, LONG_TIMEOUT)
{
	int handle = open_by_name(self->fd, NAME, R_BOTH);
	int64_t port = port_create(self->fd, 1);

	ASSERT_EQ(0, send_nb(handle, 0, 1));
	self->desk->go = 1;
	EXPECT_TRUE(wait_until(!is_alive(handle, 0)));
	EXPECT_EQ(0, port_bind(self->fd, port, NAME));
	EXPECT_TRUE(means(self->fd, NAME, port));
	EXPECT_TRUE(has_name(handle, 0, ""));
	EXPECT_EQ(1, recv_nb(handle, 0));
	EXPECT_EQ(-EPIPE, recv_nb(handle, 0));
}

/* A service that is started anew is found by who waits for it. */
TEST_F_TIMEOUT(ending, of_a_service_is_not_the_end_of_waiting_for_the_next, LONG_TIMEOUT)
{
	int64_t port = port_create(self->fd, 1);
	int handle;

	self->desk->go = 1;
	ASSERT_TRUE(wait_until(!is_alive(self->fd, self->desk->port)));
	EXPECT_EQ(-ETIMEDOUT, open_when_named(self->fd, NAME, R_SEND, in_ms(20)));
	ASSERT_EQ(0, port_bind(self->fd, port, NAME));
	handle = open_when_named(self->fd, NAME, R_SEND, in_ms(20));
	EXPECT_TRUE(is_handle_for(handle, port));
}

/*
 * Waiting for a name.
 */

/**
 * struct waiter - a thread that waits for a name
 * @fd: device file
 * @name: the name
 * @rights: of the handle
 * @deadline_ns: until when
 * @ret: the handle, or -errno
 * @end_ns: when it returned
 * @tid: the thread, 0 until it runs
 * @is_done: whether it has returned
 * @thread: the thread
 */
struct waiter {
	int fd;
	const char *name;
	uint32_t rights;
	uint64_t deadline_ns;
	volatile int ret;
	uint64_t end_ns;
	volatile pid_t tid;
	volatile bool is_done;
	pthread_t thread;
};

static void *waiter_run(void *arg)
{
	struct waiter *waiter = arg;

	waiter->tid = syscall(SYS_gettid);
	waiter->ret = open_when_named(waiter->fd, waiter->name, waiter->rights,
				      waiter->deadline_ns);
	waiter->end_ns = now_ns();
	waiter->is_done = true;
	return NULL;
}

static struct waiter *waiter_start(int fd, const char *name, uint64_t deadline_ns)
{
	struct waiter *waiter = shared_alloc(sizeof(*waiter));

	waiter->fd = fd;
	waiter->name = name;
	waiter->rights = R_SEND;
	waiter->deadline_ns = deadline_ns ?: FAR_AWAY;
	if (thread_start(&waiter->thread, waiter_run, waiter))
		abort();
	return waiter;
}

static bool is_waiting(const struct waiter *waiter)
{
	return sleeps_in_ioctl(waiter->tid);
}

static int waiter_end(struct waiter *waiter)
{
	pthread_join(waiter->thread, NULL);
	return waiter->ret;
}

TEST_F_TIMEOUT(name, that_is_there_is_not_waited_for, LONG_TIMEOUT)
{
	ASSERT_EQ(0, port_bind(self->fd, self->port, NAME));
	EXPECT_TRUE(is_handle_for(open_when_named(self->fd, NAME, R_SEND, 0), self->port));
	/* also when the deadline has passed */
	EXPECT_TRUE(is_handle_for(open_when_named(self->fd, NAME, R_SEND, 1), self->port));
}

TEST_F_TIMEOUT(name, is_waited_for_until_it_appears, LONG_TIMEOUT)
{
	struct waiter *waiter = waiter_start(self->fd, NAME, 0);

	ASSERT_TRUE(wait_until(is_waiting(waiter)));
	EXPECT_FALSE(waiter->is_done);
	EXPECT_TRUE(means(self->fd, NAME, 0));
	ASSERT_EQ(0, port_bind(self->fd, self->port, NAME));
	EXPECT_LE(0, waiter_end(waiter));
	EXPECT_TRUE(is_cloexec(waiter->ret));
	EXPECT_TRUE(fdinfo_says(waiter->ret, "ipcport-rights", "send"));
	EXPECT_TRUE(is_handle_for(waiter->ret, self->port));
}

TEST_F_TIMEOUT(name, is_waited_for_until_a_deadline, LONG_TIMEOUT)
{
	uint64_t deadline = in_ms(50);

	EXPECT_EQ(-ETIMEDOUT, open_when_named(self->fd, NAME, R_SEND, deadline));
	EXPECT_LE(deadline, now_ns());
	EXPECT_EQ(-ETIMEDOUT, open_when_named(self->fd, NAME, R_SEND, 1));
	EXPECT_HANDLES(self->fd, self->port, 0, 0);
	/* the name of another does not help */
	ASSERT_EQ(0, port_bind(self->fd, self->port, OTHER_NAME));
	EXPECT_EQ(-ETIMEDOUT, open_when_named(self->fd, NAME, R_SEND, in_ms(20)));
}

TEST_F_TIMEOUT(name, is_waited_for_until_a_signal, LONG_TIMEOUT)
{
	struct waiter *waiter = waiter_start(self->fd, NAME, 0);

	ASSERT_TRUE(wait_until(is_waiting(waiter)));
	pthread_kill(waiter->thread, SIGUSR1);
	EXPECT_EQ(-EINTR, waiter_end(waiter));
	EXPECT_EQ(1, nr_signals);
	EXPECT_HANDLES(self->fd, self->port, 0, 0);
	EXPECT_TRUE(handles_live(0));
}

TEST_F_TIMEOUT(name, is_waited_for_on_after_a_signal_if_that_is_wanted, LONG_TIMEOUT)
{
	uint64_t deadline = in_ms(1500);
	struct waiter *waiter, *late;

	handle_signals(SA_RESTART);
	waiter = waiter_start(self->fd, NAME, 0);
	late = waiter_start(self->fd, OTHER_NAME, deadline);
	ASSERT_TRUE(wait_until(is_waiting(waiter) && is_waiting(late)));
	for (int i = 1; i <= 3; i++) {
		pthread_kill(waiter->thread, SIGUSR1);
		ASSERT_TRUE(wait_until(nr_signals == i));
		ASSERT_TRUE(wait_until(is_waiting(waiter)));
	}
	pthread_kill(late->thread, SIGUSR1);
	EXPECT_FALSE(waiter->is_done);
	ASSERT_EQ(0, port_bind(self->fd, self->port, NAME));
	EXPECT_TRUE(is_handle_for(waiter_end(waiter), self->port));
	/* and not longer for that */
	EXPECT_EQ(-ETIMEDOUT, waiter_end(late));
	EXPECT_LE(deadline, late->end_ns);
	EXPECT_GT(deadline + PATIENCE * 1000000000ULL / 2, late->end_ns);
	EXPECT_EQ(4, nr_signals);
}

/* The one who comes too late for a port that was named for a moment waits on. */
TEST_F_TIMEOUT(name, that_appears_and_dies_gives_a_port_or_a_longer_wait, LONG_TIMEOUT)
{
	const int rounds = LESS_IN_32(300);
	int nr_late = 0;

	for (int i = 0; i < rounds; i++) {
		struct waiter *waiter = waiter_start(self->fd, NAME, 0);
		int64_t first = port_create(self->fd, 1), second = port_create(self->fd, 1);
		struct ipcport_stat stat;

		if (i % 2)
			ASSERT_TRUE(wait_until(is_waiting(waiter)));
		ASSERT_EQ(0, port_bind(self->fd, first, NAME));
		ASSERT_EQ(0, port_destroy(self->fd, first));
		ASSERT_EQ(0, port_bind(self->fd, second, NAME));
		ASSERT_LE(0, waiter_end(waiter));
		ASSERT_EQ(0, port_stat(waiter->ret, 0, &stat));
		EXPECT_TRUE(stat.out_port == (uint64_t)first || stat.out_port == (uint64_t)second);
		nr_late += stat.out_port == (uint64_t)second;
		close(waiter->ret);
		ASSERT_EQ(0, port_destroy(self->fd, second));
		munmap(waiter, sizeof(*waiter));
	}
	EXPECT_TRUE(nr_late >= 0 && nr_late <= rounds);
	EXPECT_TRUE(wait_until(live_count("ports") == 1));
}

/* Lets time pass, less than a sleep would take. */
static void spin(int nr)
{
	for (volatile int i = 0; i < nr; i++)
		;
}

static void *open_and_close(void *arg)
{
	name_data *self = arg;

	while (!self->desk->go) {
		int handle = open_when_named(self->fd, NAME, R_RECV, FAR_AWAY);

		if (handle < 0) {
			self->desk->rets[0] = handle;
			break;
		}
		close(handle);
		self->desk->rets[1]++;
	}
	return NULL;
}

/*
 * Who comes too late for a port, and waits for the next one, has nothing of the first, for
 * which its messages would stay. The file that is going to be given is there already.
 */
TEST_F_TIMEOUT(name, is_waited_for_without_what_ended_meanwhile, LONG_TIMEOUT)
{
	pthread_t thread;

	ASSERT_EQ(0, thread_start(&thread, open_and_close, self));
	for (int i = 0; i < LESS_IN_32(200); i++) {
		int64_t port = port_create(self->fd, 1);

		/* now and then the opener need not be woken first */
		if (i % 4)
			ASSERT_TRUE(wait_until(live_count("waiters") == 1));
		ASSERT_EQ(0, send_nb(self->fd, port, i));
		ASSERT_EQ(0, port_bind(self->fd, port, NAME));
		spin(i * 100);
		ASSERT_EQ(0, port_destroy(self->fd, port));
		ASSERT_TRUE(wait_until(live_count("ports") == 1));
		ASSERT_TRUE(wait_until(!live_count("messages")));
		ASSERT_TRUE(wait_until(live_count("handle_files") <= 1));
		ASSERT_TRUE(wait_until(!live_count("handles")));
	}
	self->desk->go = 1;
	ASSERT_EQ(0, port_bind(self->fd, self->port, NAME));
	pthread_join(thread, NULL);
	EXPECT_EQ(0, self->desk->rets[0]);
}

static void *destroy_when_told(void *arg)
{
	name_data *self = arg;
	int nr = 0;

	/* no sleep: the moment is to be one at which the other looks */
	for (;;) {
		while (self->desk->go == nr)
			sched_yield();
		nr = self->desk->go;
		if (nr < 0)
			return NULL;
		spin(nr * 37 % 5000);
		self->desk->rets[0] |= port_destroy(self->fd, self->desk->port);
	}
}

/* What STAT says is what was at one moment. */
TEST_F_TIMEOUT(name, is_shown_as_long_as_the_port_lives, LONG_TIMEOUT)
{
	uint8_t none[IPCPORT_NAME_SIZE] = "", name[IPCPORT_NAME_SIZE] = NAME;
	const int rounds = LESS_IN_32(2000);
	struct desk *desk = self->desk;
	struct ipcport_stat stat;
	pthread_t thread;
	int handle;

	ASSERT_EQ(0, thread_start(&thread, destroy_when_told, self));
	for (int i = 1; i <= rounds; i++) {
		desk->port = port_create(self->fd, 1);
		ASSERT_EQ(0, port_bind(self->fd, desk->port, NAME));
		handle = open_handle(self->fd, desk->port, 0);
		desk->go = i;
		do {
			ASSERT_EQ(0, port_stat(handle, 0, &stat));
			ASSERT_EQ(0, memcmp(stat.out_state & IPCPORT_STATE_DEAD ? none : name,
					    stat.out_name, sizeof(name)));
		} while (!(stat.out_state & IPCPORT_STATE_DEAD));
		close(handle);
	}
	desk->go = -1;
	pthread_join(thread, NULL);
	EXPECT_EQ(0, desk->rets[0]);
}

/* How often a thread of ours has gone to sleep. */
static long count_sleeps(pid_t tid)
{
	char path[48], line[128];
	long nr = -1;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/task/%d/status", tid);
	file = fopen(path, "r");
	if (!file)
		return -1;
	while (nr < 0 && fgets(line, sizeof(line), file))
		sscanf(line, "voluntary_ctxt_switches: %ld", &nr);
	fclose(file);
	return nr;
}

/* One of the names has more who wait for it than the kernel wakes at a time. */
TEST_F_TIMEOUT(name, wakes_all_who_wait_for_it_and_nobody_else, LONG_TIMEOUT)
{
	enum { NAMES = 4, WAITERS = 200 };
	static const char * const names[NAMES] = { "/test/c", "/test/a", "/test/d", "/test/b" };
	struct waiter *waiters[WAITERS];
	int64_t ports[NAMES];
	long sleeps[WAITERS];
	int of[WAITERS];

	for (int n = 0; n < NAMES; n++)
		ports[n] = port_create(self->fd, 1);
	for (int i = 0; i < WAITERS; i++) {
		of[i] = i % 10 < NAMES ? i % 10 : 2;
		waiters[i] = waiter_start(self->fd, names[of[i]], 0);
	}
	ASSERT_TRUE(wait_until(live_count("waiters") == WAITERS));
	for (int i = 0; i < WAITERS; i++) {
		ASSERT_TRUE(wait_until(is_waiting(waiters[i])));
		sleeps[i] = count_sleeps(waiters[i]->tid);
		EXPECT_LT(0, sleeps[i]);
	}
	for (int n = NAMES - 1; n >= 0; n--) {
		ASSERT_EQ(0, port_bind(self->fd, ports[n], names[n]));
		for (int i = 0; i < WAITERS; i++)
			if (of[i] == n)
				EXPECT_TRUE(is_handle_for(waiter_end(waiters[i]), ports[n]));
		for (int i = 0; i < WAITERS; i++) {
			if (of[i] >= n)
				continue;
			EXPECT_FALSE(waiters[i]->is_done);
			EXPECT_TRUE(is_waiting(waiters[i]));
			/* not even to look and go on waiting */
			EXPECT_EQ(sleeps[i], count_sleeps(waiters[i]->tid));
		}
	}
}

/* Each of these waits in a process of its own, and is killed there. */
TEST_F_TIMEOUT(name, is_not_kept_from_others_by_who_is_killed, LONG_TIMEOUT)
{
	struct waiter *waiter;

	for (int i = 0; i < 4; i++) {
		self->pids[i] = fork();
		if (!self->pids[i])
			_exit(status_of(open_when_named(self->fd, NAME, 0, FAR_AWAY)));
	}
	for (int i = 0; i < 4; i++)
		ASSERT_TRUE(wait_until(sleeps_in_ioctl(self->pids[i])));
	waiter = waiter_start(self->fd, NAME, 0);
	ASSERT_TRUE(wait_until(is_waiting(waiter)));
	for (int i = 0; i < 4; i++) {
		EXPECT_EQ(-SIGKILL, kill_and_reap(self->pids[i]));
		self->pids[i] = 0;
	}
	ASSERT_EQ(0, port_bind(self->fd, self->port, NAME));
	EXPECT_TRUE(is_handle_for(waiter_end(waiter), self->port));
	EXPECT_HANDLES(self->fd, self->port, 0, 0);
}

TEST_F_TIMEOUT(name, is_judged_when_it_appears, LONG_TIMEOUT)
{
	int64_t closed = port_create_as(self->fd, 1, 0600, 0);

	if (geteuid())
		SKIP(return, "only root can become others");
	self->pids[0] = fork();
	if (!self->pids[0]) {
		lose_root();
		_exit(status_of(open_when_named(self->fd, NAME, R_SEND, FAR_AWAY)));
	}
	ASSERT_TRUE(wait_until(sleeps_in_ioctl(self->pids[0])));
	ASSERT_EQ(0, port_bind(self->fd, closed, NAME));
	EXPECT_EQ(EACCES, reap(self->pids[0]));
	self->pids[0] = 0;
	EXPECT_HANDLES(self->fd, closed, 0, 0);
}

/*
 * Very many.
 */
static void number_name(char *name, int i)
{
	snprintf(name, IPCPORT_NAME_SIZE, "/test/%d/%x/many", i, i * 40503 & 0xffff);
}

TEST_F_TIMEOUT(name, is_one_of_ten_thousand, LONG_TIMEOUT)
{
	enum { NR = 10000 };
	int64_t *ports = calloc(NR, sizeof(*ports));
	char name[IPCPORT_NAME_SIZE];

	if (geteuid())
		SKIP(return, "only root can raise the limits");
	ASSERT_EQ(0, file_write(MAX_PORTS, "12000"));
	ASSERT_EQ(0, file_write(MAX_MESSAGES, "262144"));
	for (int i = 0; i < NR; i++) {
		ports[i] = port_create(self->fd, 1);
		ASSERT_LT(0, ports[i]);
		number_name(name, i);
		ASSERT_EQ(0, port_bind(self->fd, ports[i], name));
	}
	for (int i = 0; i < NR; i++) {
		number_name(name, i * 7919 % NR);
		ASSERT_TRUE(means(self->fd, name, ports[i * 7919 % NR]));
		ASSERT_EQ(-EEXIST, port_bind(self->fd, self->port, name));
	}
	/* half of them go in one way, half in another */
	for (int i = 0; i < NR; i += 2)
		ASSERT_EQ(0, port_unbind(self->fd, ports[i]));
	for (int i = 1; i < NR; i += 2)
		ASSERT_EQ(0, port_destroy(self->fd, ports[i]));
	for (int i = 0; i < NR; i++) {
		number_name(name, i);
		ASSERT_TRUE(means(self->fd, name, 0));
	}
	free(ports);
}

int main(int argc, char **argv)
{
	return process_main(argc, argv);
}
