// SPDX-License-Identifier: GPL-2.0
#include "spawn.h"
#include "fail.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* What a shell answers for a command that it cannot find, or cannot run. */
#define STATUS_NOT_RUNNABLE	126
#define STATUS_NOT_FOUND	127

/* What a shell adds to the number of the signal that ended a command. */
#define STATUS_SIGNAL_BASE	128

int spawn(pid_t *pid, char **argv, const posix_spawn_file_actions_t *actions,
	  const sigset_t *mask)
{
	posix_spawnattr_t attr;
	int ret;

	ret = posix_spawnattr_init(&attr);
	if (ret)
		return -ret;
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK);
	posix_spawnattr_setsigmask(&attr, mask);
	ret = posix_spawnp(pid, argv[0], actions, &attr, argv, environ);
	posix_spawnattr_destroy(&attr);
	return -ret;
}

int spawn_failed(int error, const char *name)
{
	fail_because("cannot run %s: %s (%s)", name, strerror(-error), fail_name(error));
	return error == -ENOENT ? STATUS_NOT_FOUND : STATUS_NOT_RUNNABLE;
}

int spawn_status(int wait_status)
{
	if (WIFSIGNALED(wait_status))
		return STATUS_SIGNAL_BASE + WTERMSIG(wait_status);
	return WEXITSTATUS(wait_status);
}
