// SPDX-License-Identifier: GPL-2.0
/*
 * An owner dies, in each of the ways there are, in each of the situations that
 * could keep its ports alive: whoever waits is told, and once the owner can be
 * waited for, nothing can be done with its ports any more.
 */
#include "process.h"

enum cause {
	RETURN,		/* main() returns */
	EXIT_GROUP,	/* a thread calls exit_group() while the others sleep */
	KILL,		/* SIGKILL */
	SEGV,		/* a fatal signal */
	EXEC,		/* exec, with the file close-on-exec */
	OOM,		/* the memory cgroup's OOM killer */
};

enum situation {
	PLAIN,
	FORKED,		/* a forked child holds the file */
	PASSED,		/* a process that got the file over a UNIX socket holds it */
	CREATOR_GONE,	/* the thread that made the ports has exited */
	VFORKED,	/* a vfork child holds file and memory; its parent waits for it */
	SHARED,		/* a process holds memory and file table (CLONE_VM | CLONE_FILES) */
	THREAD_OWNER,	/* the ports are a thread's, not the process' */
};

/* What the processes of a scene share. */
struct scene {
	_Atomic int is_ready;		/* the ports are there, the situation too */
	_Atomic int is_time;		/* to die */
	_Atomic pid_t holder;		/* who else holds the file */
	uint64_t full, empty;
	int fd;				/* the test's own file */
	int exec_pipe[2];
	int sockets[2];
};

FIXTURE(death) {
	int fd;
	struct scene *scene;
	struct crowd crowd;
	struct cgroup cgroup;
	pid_t owner;
};

FIXTURE_VARIANT(death) {
	enum cause cause;
	enum situation situation;
	int status;
};

#define CELL(_name, _cause, _situation, _status)				\
	FIXTURE_VARIANT_ADD(death, _name##_##_situation) {			\
		.cause = (_cause), .situation = (_situation), .status = (_status), \
	}

/* the last column is what waitpid() says; after exec it is we who kill */
CELL(return_from_main, RETURN, PLAIN, 0);
CELL(return_from_main, RETURN, FORKED, 0);
CELL(return_from_main, RETURN, PASSED, 0);
CELL(return_from_main, RETURN, CREATOR_GONE, 0);
CELL(return_from_main, RETURN, VFORKED, 0);
CELL(return_from_main, RETURN, SHARED, 0);
CELL(return_from_main, RETURN, THREAD_OWNER, 0);

CELL(exit_group, EXIT_GROUP, PLAIN, 42);
CELL(exit_group, EXIT_GROUP, FORKED, 42);
CELL(exit_group, EXIT_GROUP, PASSED, 42);
CELL(exit_group, EXIT_GROUP, CREATOR_GONE, 42);
CELL(exit_group, EXIT_GROUP, VFORKED, 42);
CELL(exit_group, EXIT_GROUP, SHARED, 42);
CELL(exit_group, EXIT_GROUP, THREAD_OWNER, 42);

CELL(sigkill, KILL, PLAIN, -SIGKILL);
CELL(sigkill, KILL, FORKED, -SIGKILL);
CELL(sigkill, KILL, PASSED, -SIGKILL);
CELL(sigkill, KILL, CREATOR_GONE, -SIGKILL);
CELL(sigkill, KILL, VFORKED, -SIGKILL);
CELL(sigkill, KILL, SHARED, -SIGKILL);
CELL(sigkill, KILL, THREAD_OWNER, -SIGKILL);

CELL(fatal_signal, SEGV, PLAIN, -SIGSEGV);
CELL(fatal_signal, SEGV, FORKED, -SIGSEGV);
CELL(fatal_signal, SEGV, PASSED, -SIGSEGV);
CELL(fatal_signal, SEGV, CREATOR_GONE, -SIGSEGV);
CELL(fatal_signal, SEGV, VFORKED, -SIGSEGV);
CELL(fatal_signal, SEGV, SHARED, -SIGSEGV);
CELL(fatal_signal, SEGV, THREAD_OWNER, -SIGSEGV);

CELL(exec, EXEC, PLAIN, -SIGKILL);
CELL(exec, EXEC, FORKED, -SIGKILL);
CELL(exec, EXEC, PASSED, -SIGKILL);
CELL(exec, EXEC, CREATOR_GONE, -SIGKILL);
CELL(exec, EXEC, VFORKED, -SIGKILL);
CELL(exec, EXEC, SHARED, -SIGKILL);
CELL(exec, EXEC, THREAD_OWNER, -SIGKILL);

CELL(oom_kill, OOM, PLAIN, -SIGKILL);
CELL(oom_kill, OOM, FORKED, -SIGKILL);
CELL(oom_kill, OOM, PASSED, -SIGKILL);
CELL(oom_kill, OOM, CREATOR_GONE, -SIGKILL);
CELL(oom_kill, OOM, VFORKED, -SIGKILL);
CELL(oom_kill, OOM, SHARED, -SIGKILL);
CELL(oom_kill, OOM, THREAD_OWNER, -SIGKILL);

FIXTURE_SETUP(death)
{
	adopt_orphans();
	self->scene = shared_alloc(sizeof(*self->scene));
	ASSERT_EQ(0, pipe(self->scene->exec_pipe));
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, self->scene->sockets));
	self->fd = dev_open();
	ASSERT_LE(0, self->fd);
	self->scene->fd = self->fd;
}

FIXTURE_TEARDOWN(death)
{
	pid_t pids[] = { self->owner, self->scene->holder };

	reap_all(pids, 2);
	cgroup_remove(&self->cgroup);
	close(self->fd);
	EXPECT_TRUE(all_is_gone());
}

/* The owner's side. */

struct owner {
	struct scene *scene;
	int fd;
	uint32_t flags;
};

static void make_ports(struct owner *owner)
{
	int64_t full = port_create_as(owner->fd, 1, 0, owner->flags);
	int64_t empty = port_create_as(owner->fd, 16, 0, owner->flags);

	if (full < 0 || empty < 0 || send_nb(owner->fd, full, 1))
		_exit(99);
	owner->scene->full = full;
	owner->scene->empty = empty;
}

static void *make_ports_and_exit(void *arg)
{
	make_ports(arg);
	return NULL;
}

static void *make_ports_and_stay(void *arg)
{
	struct owner *owner = arg;

	make_ports(owner);
	owner->scene->is_ready = 1;
	hold_still();
}

/* Does nothing but system calls: its parent's memory may be its own. */
static int hold_file(void *arg)
{
	struct scene *scene = arg;

	scene->holder = getpid();
	hold_still();
}

static void *vfork_holder(void *arg)
{
	if (!vfork())
		hold_file(arg);
	return NULL;
}

static void start_thread(void *(*run)(void *arg), void *arg)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, run, arg))
		_exit(98);
}

static void make_situation(struct owner *owner, enum situation situation)
{
	static char stack[65536] __attribute__((aligned(16)));
	struct scene *scene = owner->scene;

	switch (situation) {
	case FORKED:
		if (!fork())
			hold_file(scene);
		break;
	case PASSED:
		if (file_send(scene->sockets[0], owner->fd))
			_exit(97);
		break;
	case VFORKED:
		start_thread(vfork_holder, scene);
		break;
	case SHARED:
		clone(hold_file, stack + sizeof(stack), CLONE_VM | CLONE_FILES | SIGCHLD, scene);
		break;
	default:
		break;
	}
}

static void *call_exit_group(void *arg)
{
	_exit(42);
}

/* Touch memory until the cgroup has no more. */
static void eat_memory(void)
{
	size_t size = 256 << 20;
	char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	for (size_t i = 0; i < size; i += 4096)
		((volatile char *)memory)[i] = 1;
}

/* Where threads are what matters, the end of the file must not be what ends the ports. */
static bool is_our_file(enum cause cause, enum situation situation)
{
	return situation == THREAD_OWNER || (situation == CREATOR_GONE && cause != EXEC);
}

static void die(struct scene *scene, enum cause cause)
{
	static const struct rlimit no_core;

	switch (cause) {
	case RETURN:
		longjmp(in_main, 1);
	case EXIT_GROUP:
		start_thread(call_exit_group, NULL);
		break;
	case SEGV:
		setrlimit(RLIMIT_CORE, &no_core);
		raise(SIGSEGV);
		break;
	case EXEC:
		exec_self(scene->exec_pipe[1]);
	case OOM:
		eat_memory();
		break;
	case KILL:
		break;
	}
	hold_still();
}

static void __attribute__((noreturn)) run_owner(struct scene *scene, enum cause cause,
						enum situation situation)
{
	struct owner owner = { .scene = scene };
	pthread_t thread;

	owner.fd = is_our_file(cause, situation) ? scene->fd : dev_open();
	if (situation == CREATOR_GONE) {
		pthread_create(&thread, NULL, make_ports_and_exit, &owner);
		pthread_join(thread, NULL);
		wait_until(count_threads() == 1);
	} else if (situation == THREAD_OWNER) {
		owner.flags = IPCPORT_CREATE_F_OWNER_THREAD;
		start_thread(make_ports_and_stay, &owner);
		wait_until(scene->is_ready);
	} else {
		make_ports(&owner);
	}
	make_situation(&owner, situation);
	scene->is_ready = 1;
	wait_until(scene->is_time);
	die(scene, cause);
	_exit(96);
}

/* The test's side. */

static bool has_holder(enum situation situation)
{
	return situation == FORKED || situation == PASSED || situation == VFORKED ||
	       situation == SHARED;
}

static void take_file(struct scene *scene)
{
	if (file_recv(scene->sockets[1]) < 0)
		_exit(95);
	hold_file(scene);
}

/* Let the owner die, except if it is to exec. */
static bool cause_death(pid_t owner, struct scene *scene, struct cgroup *cgroup, enum cause cause)
{
	if (cause == KILL)
		return !kill(owner, SIGKILL);
	if (cause == OOM && cgroup_write(cgroup, "cgroup.procs", owner))
		return false;
	scene->is_time = 1;
	return cause != EXEC || wait_for_exec(scene->exec_pipe[0]);
}

TEST_F_TIMEOUT(death, answers_everyone_and_nothing_works_after_waitpid, LONG_TIMEOUT)
{
	enum cause cause = variant->cause;
	struct scene *scene = self->scene;
	struct ipcport_stat stat;
	/* the OOM killer also takes processes that share the memory */
	bool is_held = has_holder(variant->situation) &&
		       !(cause == OOM && variant->situation >= VFORKED);

	if (cause == OOM && !cgroup_make(&self->cgroup, 16 << 20))
		SKIP(return, "no memory controller in /sys/fs/cgroup");
	if (variant->situation == PASSED && !fork())
		take_file(scene);
	self->owner = fork();
	if (!self->owner)
		run_owner(scene, cause, variant->situation);
	ASSERT_TRUE(wait_until(scene->is_ready));
	ASSERT_TRUE(wait_until(!has_holder(variant->situation) || scene->holder));
	ASSERT_TRUE(crowd_start(&self->crowd, self->fd, scene->full, scene->empty));
	ASSERT_EQ(0, port_stat(self->fd, scene->full, &stat));
	EXPECT_EQ(self->owner, stat.out_owner_pid);

	EXPECT_TRUE(cause_death(self->owner, scene, &self->cgroup, cause));
	if (cause == EXEC && is_held) {
		/* The owner lives, and so does the file. */
		EXPECT_TRUE(has_waiters(self->fd, scene->full, 2, 0));
		EXPECT_TRUE(has_waiters(self->fd, scene->empty, 0, 2));
		kill(self->owner, SIGKILL);
	}
	if (cause != EXEC || is_held) {
		EXPECT_EQ(variant->status, reap(self->owner));
		self->owner = 0;
	}

	EXPECT_DEAD(self->fd, scene->full);
	EXPECT_DEAD(self->fd, scene->empty);
	EXPECT_CROWD(-EPIPE, &self->crowd);
	EXPECT_GE(0, live_count("messages"));
	/* ourselves: we received, and our file keeps our record; the owner would be a second */
	EXPECT_GE(1, live_count("owners"));
	if (is_held) {
		/* It was not the end of the file that did it. */
		EXPECT_EQ(0, kill(scene->holder, 0));
		EXPECT_NE(1, live_count("files"));
	}
}

/* What does not fit the table. */

FIXTURE(owner) {
	int fd;
	struct scene *scene;
	pid_t pid, other;
};

FIXTURE_SETUP(owner)
{
	adopt_orphans();
	self->scene = shared_alloc(sizeof(*self->scene));
	ASSERT_EQ(0, pipe(self->scene->exec_pipe));
	self->fd = dev_open();
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(owner)
{
	pid_t pids[] = { self->pid, self->other, self->scene->holder };

	reap_all(pids, 3);
	close(self->fd);
	EXPECT_TRUE(all_is_gone());
}

/* A child that makes the ports through our file, so that only its death can end them. */
static pid_t start_owner(int fd, struct scene *scene)
{
	struct owner owner = { .scene = scene, .fd = fd };
	pid_t pid;

	scene->is_ready = 0;
	pid = fork();
	if (pid)
		return pid;
	make_ports(&owner);
	scene->is_ready = 1;
	hold_still();
}

TEST_F_TIMEOUT(owner, killed_500_times_never_has_a_live_port_after_waitpid, LONG_TIMEOUT)
{
	struct ipcport_stat stat;
	int nr_alive = 0;

	for (int i = 0; i < LESS_IN_32(500); i++) {
		self->pid = start_owner(self->fd, self->scene);
		ASSERT_TRUE(wait_until(self->scene->is_ready));
		kill(self->pid, SIGKILL);
		ASSERT_EQ(-SIGKILL, reap(self->pid));
		nr_alive += port_stat(self->fd, self->scene->full, &stat) != -ENOENT;
		nr_alive += send_nb(self->fd, self->scene->empty, 1) != -ENOENT;
	}
	EXPECT_EQ(0, nr_alive);
	EXPECT_GE(0, live_count("ports"));
}

TEST_F_TIMEOUT(owner, killed_200_times_never_has_a_live_port_after_its_pidfd_is_ready,
	       LONG_TIMEOUT)
{
	struct pollfd pollfd = { .events = POLLIN };
	struct ipcport_stat stat;
	int nr_alive = 0;

	for (int i = 0; i < LESS_IN_32(200); i++) {
		self->pid = start_owner(self->fd, self->scene);
		pollfd.fd = syscall(SYS_pidfd_open, self->pid, 0);
		ASSERT_LE(0, pollfd.fd);
		ASSERT_TRUE(wait_until(self->scene->is_ready));
		kill(self->pid, SIGKILL);
		ASSERT_EQ(1, poll(&pollfd, 1, PATIENCE * 1000));
		nr_alive += port_stat(self->fd, self->scene->full, &stat) != -ENOENT;
		nr_alive += send_nb(self->fd, self->scene->empty, 1) != -ENOENT;
		close(pollfd.fd);
		ASSERT_EQ(-SIGKILL, reap(self->pid));
	}
	EXPECT_EQ(0, nr_alive);
}

TEST_F_TIMEOUT(owner, execs_without_close_on_exec_and_its_ports_live_on, LONG_TIMEOUT)
{
	struct scene *scene = self->scene;
	struct crowd crowd;

	self->pid = fork();
	if (!self->pid) {
		struct owner owner = { .scene = scene, .fd = open("/dev/ipcport", O_RDWR) };

		make_ports(&owner);
		scene->is_ready = 1;
		wait_until(scene->is_time);
		exec_self(scene->exec_pipe[1]);
	}
	ASSERT_TRUE(wait_until(scene->is_ready));
	ASSERT_TRUE(crowd_start(&crowd, self->fd, scene->full, scene->empty));
	scene->is_time = 1;
	ASSERT_TRUE(wait_for_exec(scene->exec_pipe[0]));
	EXPECT_TRUE(has_waiters(self->fd, scene->full, 2, 0));
	EXPECT_TRUE(has_waiters(self->fd, scene->empty, 0, 2));

	EXPECT_EQ(-SIGKILL, kill_and_reap(self->pid));
	EXPECT_DEAD(self->fd, scene->full);
	EXPECT_DEAD(self->fd, scene->empty);
	EXPECT_CROWD(-EPIPE, &crowd);
}

TEST_F_TIMEOUT(owner, of_1000_ports_dies_and_all_of_them_with_it, LONG_TIMEOUT)
{
	enum { NR = 1000 };
	int64_t *ports = shared_alloc(NR * sizeof(*ports));
	struct ipcport_stat stat;
	int nr_alive = 0;

	self->pid = fork();
	if (!self->pid) {
		for (int i = 0; i < NR; i++) {
			ports[i] = port_create(self->fd, 2);
			if (i % 2)
				send_nb(self->fd, ports[i], i);
		}
		self->scene->is_ready = 1;
		hold_still();
	}
	ASSERT_TRUE(wait_until(self->scene->is_ready));
	for (int i = 0; i < NR; i++)
		nr_alive += is_alive(self->fd, ports[i]);
	EXPECT_EQ(NR, nr_alive);

	EXPECT_EQ(-SIGKILL, kill_and_reap(self->pid));
	for (int i = 0; i < NR; i++)
		EXPECT_EQ(-ENOENT, port_stat(self->fd, ports[i], &stat));
	EXPECT_GE(0, live_count("ports"));
	EXPECT_GE(0, live_count("messages"));
	EXPECT_GE(0, live_count("users"));
}

TEST_F_TIMEOUT(owner, is_an_orphan_and_its_ports_live_until_it_dies, LONG_TIMEOUT)
{
	struct scene *scene = self->scene;
	pid_t parent = fork();

	if (!parent) {
		scene->holder = start_owner(self->fd, scene);
		_exit(0);
	}
	ASSERT_EQ(0, reap(parent));
	ASSERT_TRUE(wait_until(scene->is_ready));
	EXPECT_TRUE(is_alive(self->fd, scene->full));
	EXPECT_TRUE(is_alive(self->fd, scene->empty));

	EXPECT_EQ(-SIGKILL, kill_and_reap(scene->holder));
	EXPECT_DEAD(self->fd, scene->full);
	EXPECT_DEAD(self->fd, scene->empty);
}

TEST_F_TIMEOUT(owner, is_the_process_that_created_and_not_the_one_that_opened, LONG_TIMEOUT)
{
	int64_t ours = port_create(self->fd, 1);

	self->pid = start_owner(self->fd, self->scene);
	ASSERT_TRUE(wait_until(self->scene->is_ready));
	EXPECT_EQ(-SIGKILL, kill_and_reap(self->pid));
	EXPECT_DEAD(self->fd, self->scene->full);
	EXPECT_TRUE(is_alive(self->fd, ours));
	EXPECT_EQ(0, port_destroy(self->fd, ours));
}

TEST_F_TIMEOUT(owner, is_killed_while_traced, LONG_TIMEOUT)
{
	struct scene *scene = self->scene;
	struct crowd crowd;

	self->pid = start_owner(self->fd, scene);
	ASSERT_TRUE(wait_until(scene->is_ready));
	ASSERT_TRUE(crowd_start(&crowd, self->fd, scene->full, scene->empty));
	/* The tracer does not reap it: then waitpid() is not yet possible for us. */
	self->other = fork();
	if (!self->other) {
		if (ptrace(PTRACE_SEIZE, self->pid, 0, 0))
			_exit(1);
		scene->is_time = 1;
		hold_still();
	}
	ASSERT_TRUE(wait_until(scene->is_time));
	kill(self->pid, SIGKILL);
	EXPECT_CROWD(-EPIPE, &crowd);
	EXPECT_DEAD(self->fd, scene->full);
	EXPECT_DEAD(self->fd, scene->empty);
	EXPECT_EQ(-SIGKILL, kill_and_reap(self->other));
	EXPECT_EQ(-SIGKILL, reap(self->pid));
}

TEST_F_TIMEOUT(owner, is_killed_while_stopped, LONG_TIMEOUT)
{
	struct scene *scene = self->scene;
	struct crowd crowd;
	int status;

	self->pid = start_owner(self->fd, scene);
	ASSERT_TRUE(wait_until(scene->is_ready));
	ASSERT_TRUE(crowd_start(&crowd, self->fd, scene->full, scene->empty));
	kill(self->pid, SIGSTOP);
	ASSERT_EQ(self->pid, waitpid(self->pid, &status, WUNTRACED));
	ASSERT_TRUE(WIFSTOPPED(status));
	EXPECT_TRUE(has_waiters(self->fd, scene->full, 2, 0));
	EXPECT_TRUE(has_waiters(self->fd, scene->empty, 0, 2));

	EXPECT_EQ(-SIGKILL, kill_and_reap(self->pid));
	EXPECT_DEAD(self->fd, scene->full);
	EXPECT_DEAD(self->fd, scene->empty);
	EXPECT_CROWD(-EPIPE, &crowd);
}

/* Kill an owner while it waits in a port itself, together with somebody else. */
static void kill_in_wait(struct __test_metadata *_metadata, int fd, struct scene *scene,
			 bool is_sender, pid_t *pid)
{
	struct owner owner = { .scene = scene, .fd = fd };
	struct client client;
	uint64_t port;

	*pid = fork();
	if (!*pid) {
		make_ports(&owner);
		scene->is_ready = 1;
		if (is_sender)
			send_value(fd, scene->full, 1, 0, 0);
		else
			recv_value(fd, scene->empty, 0, 0);
		_exit(1);
	}
	ASSERT_TRUE(wait_until(scene->is_ready));
	port = is_sender ? scene->full : scene->empty;
	ASSERT_TRUE(wait_until(has_waiters(fd, port, is_sender, !is_sender)));
	client_start(&client, fd, port, is_sender);
	ASSERT_TRUE(wait_until(has_waiters(fd, port, 2 * is_sender, 2 * !is_sender)));

	EXPECT_EQ(-SIGKILL, kill_and_reap(*pid));
	EXPECT_DEAD(fd, scene->full);
	EXPECT_DEAD(fd, scene->empty);
	EXPECT_EQ(-EPIPE, client_answer(&client));
	EXPECT_GE(0, live_count("waiters"));
	EXPECT_GE(0, live_count("messages"));
}

TEST_F_TIMEOUT(owner, is_killed_while_it_sends_to_its_own_port, LONG_TIMEOUT)
{
	kill_in_wait(_metadata, self->fd, self->scene, true, &self->pid);
}

TEST_F_TIMEOUT(owner, is_killed_while_it_receives_on_its_own_port, LONG_TIMEOUT)
{
	kill_in_wait(_metadata, self->fd, self->scene, false, &self->pid);
}

/* Kill an owner while it waits in our port: that one has to be as it was before. */
static void kill_in_our_port(struct __test_metadata *_metadata, int fd, struct scene *scene,
			     bool is_sender, pid_t *pid)
{
	struct owner owner = { .scene = scene, .fd = fd };
	int64_t port = port_create(fd, 1);

	ASSERT_LT(0, port);
	if (is_sender)
		ASSERT_EQ(0, send_nb(fd, port, 5));
	*pid = fork();
	if (!*pid) {
		make_ports(&owner);
		if (is_sender)
			send_value(fd, port, 6, 0, 0);
		else
			recv_value(fd, port, 0, 0);
		_exit(1);
	}
	ASSERT_TRUE(wait_until(has_waiters(fd, port, is_sender, !is_sender)));

	EXPECT_EQ(-SIGKILL, kill_and_reap(*pid));
	EXPECT_DEAD(fd, scene->full);
	EXPECT_DEAD(fd, scene->empty);
	EXPECT_PORT(fd, port, is_sender, is_sender, 0);
	if (!is_sender)
		EXPECT_EQ(0, send_nb(fd, port, 5));
	EXPECT_EQ(5, recv_nb(fd, port));
	EXPECT_EQ(-EAGAIN, recv_nb(fd, port));
	EXPECT_PORT(fd, port, 0, 1, 1);
	EXPECT_EQ(0, port_destroy(fd, port));
}

TEST_F_TIMEOUT(owner, is_killed_while_it_sends_to_a_port_of_another, LONG_TIMEOUT)
{
	kill_in_our_port(_metadata, self->fd, self->scene, true, &self->pid);
}

TEST_F_TIMEOUT(owner, is_killed_while_it_receives_on_a_port_of_another, LONG_TIMEOUT)
{
	kill_in_our_port(_metadata, self->fd, self->scene, false, &self->pid);
}

/* Ports made and destroyed without end; at most 8 at a time. */
static void __attribute__((noreturn)) create_for_ever(int fd, _Atomic int64_t *last)
{
	int64_t ports[8] = {};

	for (unsigned int i = 0;; i++) {
		if (ports[i % 8])
			port_destroy(fd, ports[i % 8]);
		ports[i % 8] = port_create(fd, 1);
		*last = ports[i % 8];
	}
}

TEST_F_TIMEOUT(owner, is_killed_in_the_middle_of_create, LONG_TIMEOUT)
{
	_Atomic int64_t *last = shared_alloc(sizeof(*last));
	struct ipcport_stat stat;
	int64_t first, port;

	srandom(1);
	for (int i = 0; i < LESS_IN_32(100); i++) {
		first = port_create(self->fd, 1);
		ASSERT_LT(0, first);
		*last = 0;
		self->pid = fork();
		if (!self->pid)
			create_for_ever(self->fd, last);
		ASSERT_TRUE(wait_until(*last > first + 10));
		usleep(random() % 1000);
		ASSERT_EQ(-SIGKILL, kill_and_reap(self->pid));
		for (port = *last > 8 ? *last - 8 : 1; port < *last + 2; port++)
			if (port != first)
				EXPECT_EQ(-ENOENT, port_stat(self->fd, port, &stat));
		EXPECT_GE(1, live_count("ports"));
		EXPECT_EQ(0, port_destroy(self->fd, first));
	}
}

int main(int argc, char **argv)
{
	return process_main(argc, argv);
}
