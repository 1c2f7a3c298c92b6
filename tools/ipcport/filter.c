// SPDX-License-Identifier: GPL-2.0
#include "filter.h"
#include "fail.h"
#include "spawn.h"
#include "stream.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* The command that runs, 0 for none; never a process that was waited for. */
static volatile pid_t running;

void filter_signal(int number)
{
	if (running)
		kill(running, number);
}

/* A pipe has room for a payload, so nobody needs to read yet. */
static int open_input(const void *input, size_t length)
{
	int ends[2], ret;

	if (pipe2(ends, O_CLOEXEC))
		return -errno;
	ret = write_all(ends[1], input, length);
	close(ends[1]);
	if (!ret)
		return ends[0];
	close(ends[0]);
	return ret;
}

/* A signal is passed on to the command as soon as it exists, or waits until then. */
static int start(char **argv, const posix_spawn_file_actions_t *actions)
{
	sigset_t all, mask;
	pid_t pid;
	int ret;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &mask);
	ret = spawn(&pid, argv, actions, &mask);
	if (!ret)
		running = pid;
	sigprocmask(SIG_SETMASK, &mask, NULL);
	return ret;
}

static int start_between(char **argv, int input, int output)
{
	posix_spawn_file_actions_t actions;
	int ret;

	ret = posix_spawn_file_actions_init(&actions);
	if (ret)
		return -ret;
	ret = -posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
	if (!ret)
		ret = -posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
	if (!ret)
		ret = start(argv, &actions);
	posix_spawn_file_actions_destroy(&actions);
	return ret;
}

/* Return: false if there is nothing more to be had, or nothing more is wanted. */
static bool read_some(int fd, struct filter_output *output)
{
	ssize_t part = read(fd, output->bytes + output->length, FILTER_ROOM - output->length);

	if (part <= 0)
		return part < 0 && errno == EINTR;
	output->length += (size_t)part;
	return output->length < FILTER_ROOM;
}

/*
 * Until the command ends, not until its output does, since that could have been left
 * to a process in the background. Whoever writes too much gets SIGPIPE.
 */
static void gather(int pidfd, int fd, struct filter_output *output)
{
	struct pollfd files[] = {
		{ .fd = pidfd, .events = POLLIN },
		{ .fd = fd, .events = POLLIN },
	};

	do {
		if (poll(files, 2, -1) > 0 && files[1].revents && !read_some(fd, output)) {
			close(fd);
			files[1].fd = -1;
		}
	} while (!files[0].revents);
	if (files[1].fd < 0)
		return;
	while (read_some(fd, output))
		;
	close(fd);
}

/* Before the process is gone nobody else gets its number, so no signal goes astray. */
static int reap(void)
{
	int wait_status = 0;
	pid_t pid = running;
	siginfo_t info;

	while (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) && errno == EINTR)
		;
	running = 0;
	waitpid(pid, &wait_status, 0);
	return spawn_status(wait_status);
}

static int await(int fd, struct filter_output *output)
{
	int pidfd, status;

	if (!output)
		return reap();
	pidfd = (int)syscall(SYS_pidfd_open, running, 0);
	if (pidfd < 0) {
		int ret = -errno;

		close(fd);
		reap();
		return ret;
	}
	gather(pidfd, fd, output);
	status = reap();
	close(pidfd);
	return status;
}

/* Return: where the command is to write; @fd is set to where that can be read, if it can. */
static int open_output(const struct filter_output *output, int *fd)
{
	int ends[2];

	*fd = -1;
	if (!output) {
		ends[1] = open("/dev/null", O_WRONLY | O_CLOEXEC);
		return ends[1] < 0 ? -errno : ends[1];
	}
	if (pipe2(ends, O_CLOEXEC))
		return -errno;
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	*fd = ends[0];
	return ends[1];
}

static int start_with(char **argv, int input, struct filter_output *output, int *fd)
{
	int out, ret;

	out = open_output(output, fd);
	if (out < 0)
		return out;
	ret = start_between(argv, input, out);
	close(out);
	if (!ret)
		return 0;
	if (output)
		close(*fd);
	return spawn_failed(ret, argv[0]);
}

int filter_run(char **argv, const void *input, size_t length, struct filter_output *output)
{
	int fd, in, ret;

	if (output)
		output->length = 0;
	in = open_input(input, length);
	if (in < 0)
		return in;
	ret = start_with(argv, in, output, &fd);
	close(in);
	return ret ? ret : await(fd, output);
}
