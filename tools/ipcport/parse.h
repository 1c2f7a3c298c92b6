/* SPDX-License-Identifier: GPL-2.0 */
/*
 * DOC: values on the command line
 *
 * Every parser takes the whole text or nothing: no sign, no blanks, nothing behind
 * the value, no silent wrap.
 */
#ifndef PARSE_H
#define PARSE_H

#include <stdbool.h>
#include <stdint.h>

/**
 * struct patience - how long an operation may wait
 * @deadline_ns: CLOCK_MONOTONIC, 0 for no limit
 * @is_nonblocking: do not wait at all
 */
struct patience {
	uint64_t deadline_ns;
	bool is_nonblocking;
};

/**
 * parse_number() - decimal digits
 * @text: the text
 * @min: smallest value taken
 * @max: largest value taken
 * @value: set if the text is such a number
 */
bool parse_number(const char *text, uint64_t min, uint64_t max, uint64_t *value);

/**
 * parse_mode() - octal permission bits within 0666, not 0
 * @text: the text
 * @mode: set if the text is such a mode
 */
bool parse_mode(const char *text, uint32_t *mode);

/**
 * parse_seconds() - seconds with up to 9 digits behind the point
 * @text: the text, like "2", "0.25" or ".5"
 * @ns: set to nanoseconds if the text is such a duration
 */
bool parse_seconds(const char *text, uint64_t *ns);

/**
 * parse_is_name() - can a word be the name of a port
 * @text: the text
 *
 * The kernel would take a name of digits only, too.
 */
bool parse_is_name(const char *text);

/**
 * parse_name() - the argument NAME, with complaint
 * @text: the text, or NULL if the command line has none
 * @name: set to @text on success
 *
 * Return: STATUS_OK or STATUS_USAGE.
 */
int parse_name(const char *text, const char **name);

/**
 * parse_capacity() - the argument of --capacity, with complaint
 * @text: the text
 * @capacity: set on success
 *
 * Return: STATUS_OK or STATUS_USAGE.
 */
int parse_capacity(const char *text, uint32_t *capacity);

/**
 * parse_port_mode() - the argument of --mode, with complaint
 * @text: the text
 * @mode: set on success
 *
 * Return: STATUS_OK or STATUS_USAGE.
 */
int parse_port_mode(const char *text, uint32_t *mode);

/**
 * parse_type() - the argument of --type, with complaint
 * @text: the text
 * @type: set on success
 *
 * Return: STATUS_OK or STATUS_USAGE.
 */
int parse_type(const char *text, uint32_t *type);

/**
 * parse_timeout() - the argument of --timeout, with complaint
 * @text: seconds
 * @patience: its deadline is set, counted from now
 *
 * Return: STATUS_OK or STATUS_USAGE.
 */
int parse_timeout(const char *text, struct patience *patience);

#endif /* PARSE_H */
