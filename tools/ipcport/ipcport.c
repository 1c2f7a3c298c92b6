// SPDX-License-Identifier: GPL-2.0
#include "array.h"
#include "command.h"
#include "fail.h"

#include <errno.h>
#include <limits.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>

static const struct command *const commands[] = {
	&create_command,
	&send_command,
	&recv_command,
	&call_command,
	&serve_command,
	&exec_command,
	&stat_command,
	&ls_command,
	&show_command,
	&waits_command,
	&graph_command,
	&watch_command,
	&top_command,
	&bind_command,
	&unbind_command,
	&destroy_command,
	&demo_command,
	&version_command,
};

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		if (!strcmp(commands[i]->name, name))
			return commands[i];
	}
	return NULL;
}

static void print_overview(FILE *out)
{
	fprintf(out, "Usage: ipcport COMMAND [ARGUMENT...]\n"
		     "\n"
		     "Ports are bounded queues of 64-byte messages between processes. A port belongs to\n"
		     "the process that created it and ends with it; whoever waits on it is told at once.\n"
		     "\n");
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		fprintf(out, "  %-9s%s\n", commands[i]->name, commands[i]->summary);
	fprintf(out, "  %-9s%s\n", "help", "Explain a command: ipcport help COMMAND");
	fprintf(out, "\n"
		     "Try it: 'ipcport create &' prints a number, say 1. Then 'ipcport send 1 hello'\n"
		     "and 'ipcport recv 1', from any shell. Or name the port: after 'ipcport create\n"
		     "--name /srv/echo &' the commands take '/srv/echo' in place of the number.\n"
		     "\n"
		     "Exit status: 0 success, 1 the operation failed, 2 wrong usage or no module.\n");
}

const struct option command_help_table[] = {
	OPTION_HELP,
	{ 0 }
};

const struct option command_json_table[] = {
	{ "json", no_argument, NULL, 'j' },
	OPTION_HELP,
	{ 0 }
};

int command_take_json(int option, void *is_json)
{
	(void)option;
	*(bool *)is_json = true;
	return STATUS_OK;
}

static int print_help(const struct command *command)
{
	fputs(command->help, stdout);
	return STATUS_OK;
}

static int help(const char *name)
{
	const struct command *command;

	if (!name) {
		print_overview(stdout);
		return STATUS_OK;
	}
	command = find_command(name);
	if (!command)
		return fail_usage("there is no command '%s'", name);
	return print_help(command);
}

/* What getopt_long() wants to know once more: the letters of the options. */
static void spell(const struct command *command, char *letters)
{
	const struct option *option;

	if (command->is_wrapper)
		*letters++ = '+';
	for (option = command->table; option->name; option++) {
		if (option->val > UCHAR_MAX)
			continue;
		*letters++ = (char)option->val;
		for (int i = 0; i < option->has_arg; i++)
			*letters++ = ':';
	}
	*letters = '\0';
}

static int run(const struct command *command, int argc, char *argv[])
{
	char letters[64], name[64];
	int option, status;

	/* getopt_long() begins its complaints with it. */
	snprintf(name, sizeof(name), "ipcport %s", command->name);
	argv[0] = name;
	fail_in(command->name);
	spell(command, letters);
	while ((option = getopt_long(argc, argv, letters, command->table, NULL)) != -1) {
		if (option == 'h')
			return print_help(command);
		if (option == '?')
			return fail_hint(argv);
		status = command->take(option, command->options);
		if (status)
			return status;
	}
	return command->run(argv + optind, command->options);
}

static int dispatch(int argc, char *argv[])
{
	const struct command *command;

	if (argc < 2) {
		print_overview(stderr);
		return STATUS_USAGE;
	}
	if (!strcmp(argv[1], "help") || !strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))
		return help(argv[2]);
	command = find_command(strcmp(argv[1], "--version") ? argv[1] : "version");
	if (!command)
		return fail_usage("there is no command '%s'", argv[1]);
	return run(command, argc - 1, argv + 1);
}

int main(int argc, char *argv[])
{
	int status;

	/* It tells how wide characters are, and which ones a screen can show. */
	setlocale(LC_CTYPE, "");
	/* A line goes out as one: others may print to the same terminal or file. */
	setvbuf(stderr, NULL, _IOLBF, BUFSIZ);
	status = dispatch(argc, argv);
	/* Output that did not arrive, on a full disk for example, is a failure too. */
	if ((fflush(stdout) || ferror(stdout)) && status == STATUS_OK)
		status = fail(errno, "write the output");
	return status;
}
