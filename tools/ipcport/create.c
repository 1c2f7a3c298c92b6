// SPDX-License-Identifier: GPL-2.0
#include "command.h"
#include "fail.h"
#include "json.h"
#include "parse.h"

#include <ipcport.h>

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* What a shell answers for a command that it cannot find, or cannot run. */
#define STATUS_NOT_RUNNABLE	126
#define STATUS_NOT_FOUND	127

/* What a shell adds to the number of the signal that ended a command. */
#define STATUS_SIGNAL_BASE	128

static const char help[] =
	"Usage: ipcport create [OPTION...] [-- COMMAND [ARGUMENT...]]\n"
	"\n"
	"Create a port. Without COMMAND, print the port's number and keep it until a signal\n"
	"(Ctrl-C, kill) ends this process: a port lives as long as its owner. With COMMAND,\n"
	"run it with the number in the environment variable IPCPORT_PORT, end the port when\n"
	"the command ends, and exit with the command's status.\n"
	"\n"
	"  -c, --capacity N   messages that the port can hold (default 16)\n"
	"  -m, --mode OCTAL   who may use it, like a file: 2 send, 4 receive (default 0600)\n"
	"  -t, --thread       the port belongs to the creating thread, not to the process\n"
	"  -j, --json         print the number as JSON\n"
	"  -h, --help         print this help\n"
	"\n"
	"If somebody else with the right to do so destroys the port, this process does not\n"
	"notice; it stays until it is ended.\n"
	"\n"
	"Examples:\n"
	"  ipcport create &\n"
	"  ipcport create --capacity 64 --mode 0622\n"
	"  ipcport create -- sh -c 'echo This is port $IPCPORT_PORT'\n";

/**
 * struct options - the command line
 * @create: what to ask the library for
 * @is_json: print JSON
 * @argv: COMMAND and its arguments, NULL if there is none
 */
struct options {
	struct ipcport_create create;
	bool is_json;
	char **argv;
};

static int parse_option(int option, struct options *options)
{
	uint64_t number;

	switch (option) {
	case 'c':
		if (!parse_number(optarg, 1, UINT32_MAX, &number))
			return fail_usage("'%s' is not a capacity", optarg);
		options->create.capacity = (uint32_t)number;
		break;
	case 'm':
		if (!parse_mode(optarg, &options->create.mode))
			return fail_usage("'%s' is not a mode like 0600", optarg);
		break;
	case 't':
		options->create.flags |= IPCPORT_CREATE_F_OWNER_THREAD;
		break;
	case 'j':
		options->is_json = true;
		break;
	}
	return STATUS_OK;
}

static void print_port(const struct options *options)
{
	struct json_object *object;

	if (!options->is_json) {
		printf("%" PRIu64 "\n", (uint64_t)options->create.out_port);
		return;
	}
	object = json_object_new_object();
	json_u64(object, "port", options->create.out_port);
	json_u64(object, "owner_pid", (uint64_t)getpid());
	json_print(object);
}

static int keep(const struct options *options, const sigset_t *signals)
{
	int number;

	print_port(options);
	/* Whoever waits for the number must get it now. */
	if (fflush(stdout))
		return fail(errno, "print the number of port %" PRIu64,
			    (uint64_t)options->create.out_port);
	/* Children are not its business: its shell may have left it some. */
	do
		sigwait(signals, &number);
	while (number == SIGCHLD);
	return STATUS_OK;
}

static int status_of(int wait_status)
{
	if (WIFSIGNALED(wait_status))
		return STATUS_SIGNAL_BASE + WTERMSIG(wait_status);
	return WEXITSTATUS(wait_status);
}

/*
 * A terminal sends SIGINT to the command as well, which decides what it means; the
 * other signals that end a process are for whoever was started first, so pass them on.
 */
static int attend(pid_t pid, const sigset_t *signals)
{
	int number, wait_status;

	while (waitpid(pid, &wait_status, WNOHANG) == 0) {
		sigwait(signals, &number);
		if (number != SIGCHLD && number != SIGINT)
			kill(pid, number);
	}
	return status_of(wait_status);
}

static int spawn(pid_t *pid, char **argv, const sigset_t *mask)
{
	posix_spawnattr_t attr;
	int ret;

	ret = posix_spawnattr_init(&attr);
	if (ret)
		return ret;
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK);
	posix_spawnattr_setsigmask(&attr, mask);
	ret = posix_spawnp(pid, argv[0], NULL, &attr, argv, environ);
	posix_spawnattr_destroy(&attr);
	return ret;
}

static int run_command(const struct options *options, const sigset_t *signals,
		       const sigset_t *mask)
{
	char number[24];
	pid_t pid;
	int ret;

	snprintf(number, sizeof(number), "%" PRIu64, (uint64_t)options->create.out_port);
	if (setenv("IPCPORT_PORT", number, 1))
		return fail(errno, "set IPCPORT_PORT");
	ret = spawn(&pid, options->argv, mask);
	if (ret) {
		fail_because("cannot run %s: %s (%s)", options->argv[0], strerror(ret),
			     fail_name(ret));
		return ret == ENOENT ? STATUS_NOT_FOUND : STATUS_NOT_RUNNABLE;
	}
	return attend(pid, signals);
}

/* The port ends with this process, which needs no help for that. */
static int create_and_stay(struct options *options)
{
	sigset_t signals, mask;
	int fd, ret, status;

	status = open_or_fail(&fd);
	if (status)
		return status;
	/* An inherited "ignore" would make children vanish without a status. */
	signal(SIGCHLD, SIG_DFL);
	/* From here on a signal must find someone who waits for it. */
	sigemptyset(&signals);
	sigaddset(&signals, SIGCHLD);
	sigaddset(&signals, SIGHUP);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigprocmask(SIG_BLOCK, &signals, &mask);

	ret = ipcport_create(fd, &options->create, sizeof(options->create));
	if (ret < 0)
		return fail(ret, "create a port");
	return options->argv ? run_command(options, &signals, &mask) : keep(options, &signals);
}

static int run(int argc, char *argv[])
{
	static const struct option table[] = {
		{ "capacity", required_argument, NULL, 'c' },
		{ "mode", required_argument, NULL, 'm' },
		{ "thread", no_argument, NULL, 't' },
		{ "json", no_argument, NULL, 'j' },
		OPTION_HELP,
		{ 0 }
	};
	struct options options = { 0 };
	int option, status;

	while ((option = getopt_long(argc, argv, "+c:m:tjh", table, NULL)) != -1) {
		if (option == 'h')
			return command_help(&create_command);
		if (option == '?')
			return fail_hint(argv);
		status = parse_option(option, &options);
		if (status)
			return status;
	}
	if (optind < argc)
		options.argv = argv + optind;
	return create_and_stay(&options);
}

const struct command create_command = {
	.name = "create",
	.summary = "Create a port and keep it until this process ends",
	.help = help,
	.run = run,
};
