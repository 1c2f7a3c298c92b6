/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DEMO_H
#define DEMO_H

#include <stdbool.h>
#include <stdint.h>
#include <json-c/json.h>

#include "child.h"

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
 * demo_report_end() - in a child, report how its wait ended
 * @reports: for child_report()
 * @error: negative errno value, or 0
 *
 * Return: exit status of the child.
 */
int demo_report_end(int reports, int error);

/**
 * demo_hear_end() - hear how a child's wait ended, which has to be with EPIPE
 * @demo: the demo
 * @child: who waited; it is waited for
 * @who: the same in a word
 * @killed_ns: when whoever it waited for was killed
 *
 * Return: STATUS_OK or STATUS_FAILED.
 */
int demo_hear_end(struct demo *demo, struct child *child, const char *who, uint64_t killed_ns);

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

/**
 * demo_unanswered() - a server answers a call, receives the next one and is killed
 * @demo: the demo
 *
 * Return: STATUS_OK, or STATUS_FAILED after saying why.
 */
int demo_unanswered(struct demo *demo);

#endif /* DEMO_H */
