/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the tests about processes share: memory that parent and child both see,
 * threads that wait in a port, children that are always reaped, files passed over
 * a UNIX socket, users and memory cgroups.
 */
#ifndef IPCPORT_PROCESS_H
#define IPCPORT_PROCESS_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include "ipcport_test.h"

#include <dirent.h>
#include <grp.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

/* Seconds that a test may take before the harness ends it and its children. */
#define LONG_TIMEOUT	300

/* Orphans of this process' children become its children, so that it can reap them. */
HELPER void adopt_orphans(void)
{
	prctl(PR_SET_CHILD_SUBREAPER, 1);
}

/* Until somebody ends us. Safe in a child that shares our memory. */
HELPER void __attribute__((noreturn)) hold_still(void)
{
	for (;;)
		pause();
}

/* End a child with SIGKILL: -SIGKILL, unless it has ended otherwise before. */
HELPER int kill_and_reap(pid_t pid)
{
	kill(pid, SIGKILL);
	return reap(pid);
}

/* End all children, whatever they are doing; for teardown. */
HELPER void reap_all(const pid_t *pids, size_t nr)
{
	for (size_t i = 0; i < nr; i++)
		if (pids[i] > 0)
			kill(pids[i], SIGKILL);
	while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
		;
}

/* How many threads this process has, those that are just leaving included. */
HELPER int count_threads(void)
{
	DIR *tasks = opendir("/proc/self/task");
	struct dirent *entry;
	int nr = 0;

	while (tasks && (entry = readdir(tasks)))
		nr += entry->d_name[0] != '.';
	if (tasks)
		closedir(tasks);
	return nr;
}

HELPER pid_t thread_id(void)
{
	return syscall(SYS_gettid);
}

/* End the calling thread alone, without the rest of what pthread_exit() does. */
HELPER void __attribute__((noreturn)) thread_exit(void)
{
	for (;;)
		syscall(SYS_exit, 0);
}

/* Whether nothing lives, or will soon; what the kernel defers takes a moment. */
HELPER bool all_is_gone(void)
{
	uint64_t end = in_ms(10000);

	while (!nothing_lives()) {
		if (now_ns() > end)
			return false;
		usleep(1000);
	}
	return true;
}

/* A thread that waits in a port, until answered or until PATIENCE ends. */
struct client {
	pthread_t thread;
	int fd;
	uint64_t port;
	bool is_sender;
	int64_t answer;
};

HELPER void *client_run(void *arg)
{
	struct client *client = arg;
	uint64_t deadline = in_ms(PATIENCE * 1000);

	client->answer = client->is_sender ?
		send_value(client->fd, client->port, 99, 0, deadline) :
		recv_value(client->fd, client->port, 0, deadline);
	return NULL;
}

HELPER void client_start(struct client *client, int fd, uint64_t port, bool is_sender)
{
	*client = (struct client){ .fd = fd, .port = port, .is_sender = is_sender };
	if (pthread_create(&client->thread, NULL, client_run, client))
		abort();
}

HELPER int64_t client_answer(struct client *client)
{
	pthread_join(client->thread, NULL);
	return client->answer;
}

/* Two threads that wait for space in one port, and two for a message in another. */
struct crowd {
	struct client senders[2], receivers[2];
};

/* Returns whether all four wait. */
HELPER bool crowd_start(struct crowd *crowd, int fd, uint64_t full, uint64_t empty)
{
	for (int i = 0; i < 2; i++) {
		client_start(&crowd->senders[i], fd, full, true);
		client_start(&crowd->receivers[i], fd, empty, false);
	}
	return wait_for_senders(fd, full, 2) && wait_for_receivers(fd, empty, 2);
}

/* Check what the four were told. */
#define EXPECT_CROWD(_answer, _crowd) do {					\
	for (int _i = 0; _i < 2; _i++) {					\
		EXPECT_EQ(_answer, client_answer(&(_crowd)->senders[_i]));	\
		EXPECT_EQ(_answer, client_answer(&(_crowd)->receivers[_i]));	\
	}									\
} while (0)

/* Check that nothing can be done with a port any more. */
#define EXPECT_DEAD(_fd, _port) do {						\
	struct ipcport_stat _dead;						\
										\
	EXPECT_EQ(-ENOENT, port_stat(_fd, _port, &_dead));			\
	EXPECT_EQ(-ENOENT, send_nb(_fd, _port, 1));				\
	EXPECT_EQ(-ENOENT, recv_nb(_fd, _port));				\
	EXPECT_EQ(-ENOENT, port_destroy(_fd, _port));				\
} while (0)

HELPER bool is_alive(int fd, uint64_t port)
{
	struct ipcport_stat stat;

	return !port_stat(fd, port, &stat) && !(stat.out_state & IPCPORT_STATE_DEAD);
}

/* Send a file over a UNIX socket: 0 or -errno. */
HELPER int file_send(int socket, int fd)
{
	char control[CMSG_SPACE(sizeof(fd))] = {}, byte = 0;
	struct iovec iov = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);

	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(cmsg), &fd, sizeof(fd));
	return sendmsg(socket, &msg, 0) == 1 ? 0 : -errno;
}

/* Receive a file from a UNIX socket: the descriptor or -errno. */
HELPER int file_recv(int socket)
{
	char control[CMSG_SPACE(sizeof(int))] = {}, byte;
	struct iovec iov = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *cmsg;
	int fd;

	if (recvmsg(socket, &msg, MSG_CMSG_CLOEXEC) != 1)
		return -errno;
	cmsg = CMSG_FIRSTHDR(&msg);
	if (!cmsg || cmsg->cmsg_type != SCM_RIGHTS)
		return -EBADMSG;
	memcpy(&fd, CMSG_DATA(cmsg), sizeof(fd));
	return fd;
}

/* Become another user, with one supplementary group, and no capabilities: 0 or -errno. */
HELPER int become(uid_t uid, gid_t gid, gid_t supplementary)
{
	if (setgroups(1, &supplementary) || setresgid(gid, gid, gid) || setresuid(uid, uid, uid))
		return -errno;
	/* the change made us undumpable, and our /proc files root's */
	prctl(PR_SET_DUMPABLE, 1);
	return 0;
}

HELPER int file_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), ret = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		ret = -errno;
	close(fd);
	return ret;
}

/* The number that a file holds, or -errno. */
HELPER long long file_number(const char *path)
{
	FILE *file = fopen(path, "r");
	long long number;

	if (!file)
		return -errno;
	if (fscanf(file, "%lld", &number) != 1)
		number = -EINVAL;
	fclose(file);
	return number;
}

/* A memory cgroup of this test's own. */
struct cgroup {
	char path[64];
};

HELPER int cgroup_write(const struct cgroup *cgroup, const char *name, long long number)
{
	char path[128], text[32];

	snprintf(path, sizeof(path), "%s/%s", cgroup->path, name);
	snprintf(text, sizeof(text), "%lld", number);
	return file_write(path, text);
}

HELPER long long cgroup_read(const struct cgroup *cgroup, const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", cgroup->path, name);
	return file_number(path);
}

/* The last user must be reaped before. */
HELPER void cgroup_remove(struct cgroup *cgroup)
{
	if (cgroup->path[0])
		wait_until(!rmdir(cgroup->path) || errno == ENOENT);
	cgroup->path[0] = '\0';
}

/* Make it, with a limit in bytes or -1; returns false where there is no such thing. */
HELPER bool cgroup_make(struct cgroup *cgroup, long long limit)
{
	file_write("/sys/fs/cgroup/cgroup.subtree_control", "+memory");
	snprintf(cgroup->path, sizeof(cgroup->path), "/sys/fs/cgroup/ipcport-test-%d", getpid());
	if (mkdir(cgroup->path, 0755)) {
		cgroup->path[0] = '\0';
		return false;
	}
	if (limit >= 0 ? cgroup_write(cgroup, "memory.max", limit) :
			 cgroup_read(cgroup, "memory.current") < 0) {
		cgroup_remove(cgroup);
		return false;
	}
	cgroup_write(cgroup, "memory.swap.max", 0);
	return true;
}

/* What an owner does after exec: say so, and go on living. */
HELPER void __attribute__((noreturn)) after_exec(int fd)
{
	if (write(fd, "", 1) != 1)
		_exit(1);
	hold_still();
}

/* Run this program again as after_exec(@fd). */
HELPER void __attribute__((noreturn)) exec_self(int fd)
{
	char number[16];

	snprintf(number, sizeof(number), "%d", fd);
	execl("/proc/self/exe", "owner", "after-exec", number, (char *)NULL);
	_exit(127);
}

/* Wait for the byte of after_exec(). */
HELPER bool wait_for_exec(int fd)
{
	struct pollfd pollfd = { .fd = fd, .events = POLLIN };
	char byte;

	return poll(&pollfd, 1, PATIENCE * 1000) == 1 && read(fd, &byte, 1) == 1;
}

/* The way back to main(), for a child that ends by returning from it. */
static jmp_buf in_main __attribute__((unused));

/* What main() does in a program that includes this. */
HELPER int process_main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "after-exec"))
		after_exec(atoi(argv[2]));
	if (setjmp(in_main))
		return 0;
	return test_harness_run(argc, argv);
}

#endif /* IPCPORT_PROCESS_H */
