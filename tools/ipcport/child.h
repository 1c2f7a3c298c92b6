/* SPDX-License-Identifier: GPL-2.0 */
/*
 * DOC: processes of the demo
 *
 * Each does one thing and reports to the parent through a pipe. None outlives the
 * parent, however the parent ends.
 */
#ifndef CHILD_H
#define CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/**
 * struct child - a process that was started
 * @pid: the process, 0 if there is none or it was waited for
 * @reports: where its reports arrive
 */
struct child {
	pid_t pid;
	int reports;
};

/**
 * child_start() - run a function in a process of its own
 * @child: filled in
 * @run: gets the pipe for child_report() and @arg; its result is the exit status
 * @arg: for @run
 *
 * Return: 0, or a negative errno value.
 */
int child_start(struct child *child, int (*run)(int reports, void *arg), void *arg);

/**
 * child_report() - in the child, hand something to the parent
 * @reports: what @run got
 * @report: the bytes
 * @size: how many, at most PIPE_BUF
 *
 * Return: 0, or a negative errno value.
 */
int child_report(int reports, const void *report, size_t size);

/**
 * child_listen() - in the parent, wait for a report
 * @child: who is to report
 * @report: filled in
 * @size: bytes of it
 *
 * Return: true, or false if the child ended without reporting.
 */
bool child_listen(struct child *child, void *report, size_t size);

/**
 * child_has_ended() - look whether a child still runs, without waiting for it
 * @child: the child; stays to be waited for
 */
bool child_has_ended(const struct child *child);

/**
 * child_wait() - wait until a child ends
 * @child: the child
 *
 * Return: true if it ended with status 0.
 */
bool child_wait(struct child *child);

/**
 * child_kill() - end a child with SIGKILL and wait for it
 * @child: the child; one that was waited for is left alone
 */
void child_kill(struct child *child);

#endif /* CHILD_H */
