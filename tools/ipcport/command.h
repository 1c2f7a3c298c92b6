/* SPDX-License-Identifier: GPL-2.0 */
/*
 * DOC: the command
 *
 * ipcport.c holds the table of subcommands; each has a file of its own and a
 * struct command there. Names that begin with ipcport_ are the library's: the
 * command does nothing to a port but through them.
 */
#ifndef COMMAND_H
#define COMMAND_H

#include <getopt.h>
#include <stdbool.h>

/* Exit status of every subcommand; the user's scripts rely on it. */
enum status {
	STATUS_OK = 0,
	STATUS_FAILED = 1,	/* the operation failed, and stderr says why */
	STATUS_USAGE = 2,	/* wrong command line, or no module */
};

/**
 * struct command - a subcommand
 * @name: first word on the command line
 * @summary: a line for the list of subcommands
 * @help: what --help prints
 * @run: does it; argv[0] is "ipcport NAME"; returns the exit status
 */
struct command {
	const char *name;
	const char *summary;
	const char *help;
	int (*run)(int argc, char *argv[]);
};

extern const struct command call_command;
extern const struct command create_command;
extern const struct command demo_command;
extern const struct command destroy_command;
extern const struct command recv_command;
extern const struct command send_command;
extern const struct command serve_command;
extern const struct command stat_command;
extern const struct command version_command;

/* The last option in every subcommand's table. */
#define OPTION_HELP	{ "help", no_argument, NULL, 'h' }

/**
 * command_help() - answer --help
 * @command: the subcommand
 *
 * Return: STATUS_OK.
 */
int command_help(const struct command *command);

/**
 * command_json_option() - read a command line whose options are --json and --help
 * @command: the subcommand
 * @argc: as for its run()
 * @argv: as for its run(); arguments that are no options begin at argv[optind] afterwards
 * @is_json: set to whether --json is there
 * @status: set to the exit status if this was all
 *
 * Return: true to go on, false after --help or a complaint.
 */
bool command_json_option(const struct command *command, int argc, char *argv[], bool *is_json,
			 int *status);

#endif /* COMMAND_H */
