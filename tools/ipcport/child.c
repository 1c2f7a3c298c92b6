// SPDX-License-Identifier: GPL-2.0
#include "child.h"
#include "stream.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static void run_child(pid_t parent, int reports, int (*run)(int reports, void *arg), void *arg)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* The parent may have gone before the line above took effect. */
	if (getppid() != parent)
		_exit(EXIT_FAILURE);
	_exit(run(reports, arg));
}

int child_start(struct child *child, int (*run)(int reports, void *arg), void *arg)
{
	pid_t parent = getpid();
	int ends[2];

	*child = (struct child){ 0 };
	if (pipe2(ends, O_CLOEXEC))
		return -errno;
	/* What is still in the buffer would be printed by both. */
	fflush(stdout);
	child->pid = fork();
	if (child->pid == 0) {
		close(ends[0]);
		run_child(parent, ends[1], run, arg);
	}
	close(ends[1]);
	if (child->pid < 0) {
		int ret = -errno;

		close(ends[0]);
		child->pid = 0;
		return ret;
	}
	child->reports = ends[0];
	return 0;
}

int child_report(int reports, const void *report, size_t size)
{
	return write_all(reports, report, size);
}

bool child_listen(struct child *child, void *report, size_t size)
{
	ssize_t length;

	/* A report is at most PIPE_BUF bytes, so it arrives whole. */
	do
		length = read(child->reports, report, size);
	while (length < 0 && errno == EINTR);
	return length == (ssize_t)size;
}

bool child_has_ended(const struct child *child)
{
	siginfo_t info = { 0 };

	return waitid(P_PID, (id_t)child->pid, &info, WEXITED | WNOHANG | WNOWAIT) ||
	       info.si_pid;
}

bool child_wait(struct child *child)
{
	int wait_status;
	pid_t pid;

	do
		pid = waitpid(child->pid, &wait_status, 0);
	while (pid < 0 && errno == EINTR);
	close(child->reports);
	child->pid = 0;
	return pid > 0 && WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == 0;
}

void child_kill(struct child *child)
{
	if (!child->pid)
		return;
	kill(child->pid, SIGKILL);
	child_wait(child);
}
