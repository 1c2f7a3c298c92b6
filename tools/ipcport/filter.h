/* SPDX-License-Identifier: GPL-2.0 */
/*
 * DOC: commands that turn a message into another
 *
 * One runs at a time.
 */
#ifndef FILTER_H
#define FILTER_H

#include <stddef.h>
#include <stdint.h>

#include <ipcport.h>

/* A payload, a newline to drop, and a byte that shows that there is more. */
#define FILTER_ROOM	(IPCPORT_PAYLOAD_SIZE + 2)

/**
 * struct filter_output - what a command has written
 * @bytes: the bytes
 * @length: how many; FILTER_ROOM if it may have been more
 */
struct filter_output {
	uint8_t bytes[FILTER_ROOM];
	size_t length;
};

/**
 * filter_run() - run a command and wait for its end
 * @argv: the command and its arguments
 * @input: what it finds on stdin
 * @length: how many bytes, at most IPCPORT_PAYLOAD_SIZE
 * @output: set to what it wrote to stdout until it ended; NULL to drop that
 *
 * stderr says why a command could not be run.
 *
 * Return: its status as a shell numbers it, or a negative errno value.
 */
int filter_run(char **argv, const void *input, size_t length, struct filter_output *output);

/**
 * filter_signal() - pass a signal on to the command that runs, if one does
 * @number: the signal
 *
 * For signal handlers.
 */
void filter_signal(int number);

#endif /* FILTER_H */
