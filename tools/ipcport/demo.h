/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DEMO_H
#define DEMO_H

#include <stdbool.h>
#include <json-c/json.h>

/*
 * How long any step may take before the demo calls it broken, in milliseconds. It
 * only matters if the module does not do what it promises.
 */
#define DEMO_PATIENCE_MS	60000

/**
 * struct demo - what the parts of the demo share
 * @fd: device file, for looking at ports
 * @path: the file to send
 * @input: the same, open
 * @result: gathers what is shown with --json, NULL for text
 */
struct demo {
	int fd;
	const char *path;
	int input;
	struct json_object *result;
};

/**
 * demo_say() - print a line of the story, unless the result is to be JSON
 * @demo: the demo
 * @format: as for printf()
 */
void demo_say(const struct demo *demo, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/**
 * demo_check() - say how a step came out, and turn it into an exit status
 * @demo: the demo
 * @is_kept: was the promise kept
 * @claim: the promise
 *
 * Return: STATUS_OK or STATUS_FAILED.
 */
int demo_check(const struct demo *demo, bool is_kept, const char *claim);

/**
 * demo_transfer() - a file goes through a port, from process to process
 * @demo: the demo
 *
 * Return: STATUS_OK, or STATUS_FAILED after saying why.
 */
int demo_transfer(struct demo *demo);

/**
 * demo_death() - the owner of two ports is killed while others wait on them
 * @demo: the demo
 *
 * Return: STATUS_OK, or STATUS_FAILED after saying why.
 */
int demo_death(struct demo *demo);

#endif /* DEMO_H */
