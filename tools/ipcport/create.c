// SPDX-License-Identifier: GPL-2.0
#include "command.h"
#include "fail.h"
#include "parse.h"
#include "print.h"
#include "spawn.h"
#include "target.h"

#include <ipcport.h>

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static const char help[] =
	"Usage: ipcport create [OPTION...] [-- COMMAND [ARGUMENT...]]\n"
	"\n"
	"Create a port. Without COMMAND, print the port's number and keep it until a signal\n"
	"(Ctrl-C, kill) ends this process: a port lives as long as its owner. With COMMAND,\n"
	"run it with the number in the environment variable IPCPORT_PORT, end the port when\n"
	"the command ends, and exit with the command's status.\n"
	"\n"
	"  -c, --capacity N    messages that the port can hold (default 16); at most the module's\n"
	"                      parameter max_capacity, 1024 by default, see ipcport(4)\n"
	"  -m, --mode OCTAL    who may use it, like a file: 2 send and call, 4 receive and\n"
	"                      answer (default 0600)\n"
	"  -n, --name NAME     name it, see 'ipcport bind'\n"
	"  -a, --notify-abort  tell receivers of calls that were given up before the answer\n"
	"  -s, --notify-no-senders\n"
	"                      tell receivers when nobody has a handle to send with any more\n"
	"  -f, --files         take messages that bring files or handles (from programs, this\n"
	"                      command sends none); without this they are refused\n"
	"  -t, --thread        the port belongs to the creating thread, not to the process\n"
	"  -j, --json          print the number as JSON\n"
	"  -h, --help          print this help\n"
	"\n"
	"If somebody else with the right to do so destroys the port, this process does not\n"
	"notice; it stays until it is ended.\n"
	"\n"
	"Examples:\n"
	"  ipcport create &\n"
	"  ipcport create --capacity 64 --mode 0622 --name /srv/log\n"
	"  ipcport create -- sh -c 'echo This is port $IPCPORT_PORT'\n";

/**
 * struct options - the command line
 * @create: what to ask the library for
 * @name: name of the port, or NULL
 * @is_json: print JSON
 * @argv: COMMAND and its arguments, NULL if there is none
 */
struct options {
	struct ipcport_create create;
	const char *name;
	bool is_json;
	char **argv;
};

static int take_option(int option, void *arg)
{
	struct options *options = arg;

	switch (option) {
	case 'c':
		return parse_capacity(optarg, &options->create.capacity);
	case 'm':
		return parse_port_mode(optarg, &options->create.mode);
	case 'n':
		return parse_name(optarg, &options->name);
	case 's':
		options->create.flags |= IPCPORT_CREATE_F_NOTIFY_NO_SENDERS;
		break;
	case 'a':
		options->create.flags |= IPCPORT_CREATE_F_NOTIFY_ABORT;
		break;
	case 'f':
		options->create.flags |= IPCPORT_CREATE_F_CARGO;
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

static int keep(const struct options *options, const sigset_t *signals)
{
	int number, status;

	status = print_port(options->create.out_port, options->is_json);
	if (status)
		return status;
	/* Children are not its business: its shell may have left it some. */
	do
		sigwait(signals, &number);
	while (number == SIGCHLD);
	return STATUS_OK;
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
	return spawn_status(wait_status);
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
	ret = spawn(&pid, options->argv, NULL, mask);
	if (ret)
		return spawn_failed(ret, options->argv[0]);
	return attend(pid, signals);
}

/* The port ends with this process, which needs no help for that. */
static int create_and_stay(struct options *options)
{
	struct target target = { 0 };
	sigset_t signals, mask;
	int status;

	/* An inherited "ignore" would make children vanish without a status. */
	signal(SIGCHLD, SIG_DFL);
	/* From here on a signal must find someone who waits for it. */
	sigemptyset(&signals);
	sigaddset(&signals, SIGCHLD);
	sigaddset(&signals, SIGHUP);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigprocmask(SIG_BLOCK, &signals, &mask);

	status = target_create(&target, &options->create, options->name);
	if (status)
		return status;
	return options->argv ? run_command(options, &signals, &mask) : keep(options, &signals);
}

static int run(char *operands[], void *arg)
{
	struct options *options = arg;

	if (operands[0])
		options->argv = operands;
	return create_and_stay(options);
}

static const struct option table[] = {
	{ "capacity", required_argument, NULL, 'c' },
	{ "mode", required_argument, NULL, 'm' },
	{ "name", required_argument, NULL, 'n' },
	{ "notify-abort", no_argument, NULL, 'a' },
	{ "notify-no-senders", no_argument, NULL, 's' },
	{ "files", no_argument, NULL, 'f' },
	{ "thread", no_argument, NULL, 't' },
	{ "json", no_argument, NULL, 'j' },
	OPTION_HELP,
	{ 0 }
};

static struct options options;

const struct command create_command = {
	.name = "create",
	.summary = "Create a port and keep it until this process ends",
	.help = help,
	.table = table,
	.is_wrapper = true,
	.take = take_option,
	.run = run,
	.options = &options,
};
