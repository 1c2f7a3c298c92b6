/* SPDX-License-Identifier: GPL-2.0 */
/*
 * DOC: other people's commands
 *
 * They find the descriptors that they always have, the signals as the user left
 * them, and nothing of ours. What became of them is told in the numbers of a shell.
 */
#ifndef SPAWN_H
#define SPAWN_H

#include <signal.h>
#include <spawn.h>
#include <sys/types.h>

/**
 * spawn() - start a command
 * @pid: set to its process
 * @argv: the command, to be found in PATH, and its arguments
 * @actions: what to do to its descriptors, or NULL
 * @mask: its blocked signals
 *
 * Return: 0, or a negative errno value.
 */
int spawn(pid_t *pid, char **argv, const posix_spawn_file_actions_t *actions,
	  const sigset_t *mask);

/**
 * spawn_failed() - say that a command could not be started
 * @error: what spawn() returned
 * @name: the command
 *
 * Return: 127 if there is no such command, else 126.
 */
int spawn_failed(int error, const char *name);

/**
 * spawn_status() - how a command ended
 * @wait_status: from waitpid()
 *
 * Return: its exit status, or 128 and the number of the signal that ended it.
 */
int spawn_status(int wait_status);

#endif /* SPAWN_H */
