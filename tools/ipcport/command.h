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

/* The last option in every subcommand's table. */
#define OPTION_HELP	{ "help", no_argument, NULL, 'h' }

/**
 * struct command - a subcommand
 * @name: first word on the command line
 * @summary: a line for the list of subcommands
 * @help: what --help prints
 * @table: its options, as for getopt_long(); a val below 256 is the option's letter
 * @is_wrapper: its options end where its operands begin, which hold another command line
 * @take: takes an option, its argument is optarg; returns STATUS_OK, or the exit status
 *	after a complaint. NULL if --help is all.
 * @run: does it, with the operands, the last one is NULL; returns the exit status
 * @options: what @take and @run share
 */
struct command {
	const char *name;
	const char *summary;
	const char *help;
	const struct option *table;
	bool is_wrapper;
	int (*take)(int option, void *options);
	int (*run)(char *operands[], void *options);
	void *options;
};

extern const struct command bind_command;
extern const struct command call_command;
extern const struct command create_command;
extern const struct command demo_command;
extern const struct command destroy_command;
extern const struct command exec_command;
extern const struct command graph_command;
extern const struct command ls_command;
extern const struct command recv_command;
extern const struct command send_command;
extern const struct command serve_command;
extern const struct command show_command;
extern const struct command stat_command;
extern const struct command top_command;
extern const struct command unbind_command;
extern const struct command version_command;
extern const struct command waits_command;
extern const struct command watch_command;

/* For subcommands without options of their own. */
extern const struct option command_help_table[];

/* For subcommands whose only option is --json, with command_take_json(). */
extern const struct option command_json_table[];

/**
 * command_take_json() - take the option --json
 * @option: is no other
 * @is_json: a bool, set to true
 *
 * Return: STATUS_OK.
 */
int command_take_json(int option, void *is_json);

#endif /* COMMAND_H */
