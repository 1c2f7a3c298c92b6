/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FAIL_H
#define FAIL_H

#include <stdint.h>

/**
 * fail_words() - an errno value in words that fit ports
 * @error: errno value, positive or negative
 */
const char *fail_words(int error);

/**
 * fail_name() - the name of an errno value, like "EPIPE"
 * @error: errno value, positive or negative
 */
const char *fail_name(int error);

/**
 * fail() - say on stderr what could not be done, and why
 * @error: errno value, positive or negative
 * @format: what was tried, as for printf()
 *
 * Return: STATUS_FAILED.
 */
int fail(int error, const char *format, ...) __attribute__((format(printf, 2, 3)));

/**
 * fail_because() - say on stderr what failed, where no errno value says it well
 * @format: the whole message, as for printf()
 *
 * Return: STATUS_FAILED.
 */
int fail_because(const char *format, ...) __attribute__((format(printf, 1, 2)));

/**
 * fail_in() - name the subcommand that runs, for the hint of fail_usage()
 * @name: its name; the pointer is kept
 */
void fail_in(const char *name);

/**
 * fail_usage() - say on stderr what is wrong with the command line, and point to help
 * @format: what is wrong, as for printf()
 *
 * Return: STATUS_USAGE.
 */
int fail_usage(const char *format, ...) __attribute__((format(printf, 1, 2)));

/**
 * fail_hint() - point to --help after getopt_long() has complained
 * @argv: the subcommand's
 *
 * Return: STATUS_USAGE.
 */
int fail_hint(char *argv[]);

/**
 * fail_open() - say on stderr why the device file cannot be opened
 * @error: what ipcport_open() returned
 *
 * Return: STATUS_USAGE if there is no module, else STATUS_FAILED.
 */
int fail_open(int error);

/**
 * open_or_fail() - open the device file, or say why that did not work
 * @fd: set to the descriptor on success
 *
 * Return: STATUS_OK, or as fail_open().
 */
int open_or_fail(int *fd);

#endif /* FAIL_H */
