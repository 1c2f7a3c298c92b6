/* SPDX-License-Identifier: GPL-2.0 */
/*
 * DOC: the port that a command line means
 *
 * A word of digits is the number of a port, which is used through the device file. Any
 * other word is a name, whose port is used through a handle.
 */
#ifndef TARGET_H
#define TARGET_H

#include <stdbool.h>
#include <stdint.h>

#include <ipcport.h>

/**
 * struct target - a port
 * @text: what the command line calls it; for a new port, its number
 * @port: its number, 0 for a name; what the library's functions get with @fd
 * @fd: the device file, or a handle
 * @is_waiting: wait for the name to appear
 * @deadline_ns: until when, CLOCK_MONOTONIC; 0 for no limit
 * @number: room for the number of a new port
 */
struct target {
	const char *text;
	uint64_t port;
	int fd;
	bool is_waiting;
	uint64_t deadline_ns;
	char number[24];
};

/* An option of subcommands that use a port, for target_take_wait(). */
#define OPTION_WAIT	{ "wait", optional_argument, NULL, 'w' }

/**
 * target_take_wait() - take the option --wait, with complaint
 * @target: will wait
 * @seconds: for how long, NULL if the option has no argument
 *
 * Return: STATUS_OK or STATUS_USAGE.
 */
int target_take_wait(struct target *target, const char *seconds);

/**
 * target_parse() - the argument PORT, with complaint
 * @target: its text and port are set
 * @text: the argument, or NULL if the command line has none
 *
 * Return: STATUS_OK or STATUS_USAGE.
 */
int target_parse(struct target *target, const char *text);

/**
 * target_parse_only() - the argument PORT, if no other may follow
 * @target: its text and port are set
 * @operands: all arguments
 *
 * Return: STATUS_OK or STATUS_USAGE.
 */
int target_parse_only(struct target *target, char *operands[]);

/**
 * target_open() - make a port ready for use, or say why that does not work
 * @target: its fd is set
 * @rights: what a handle for a name is to be good for, IPCPORT_R_*
 * @deadline_ns: when the wait for a name has to end, in any case; 0 for no limit
 *
 * Return: an exit status.
 */
int target_open(struct target *target, uint32_t rights, uint64_t deadline_ns);

/**
 * target_open_handle() - make a handle, for a number too, or say why that does not work
 * @target: its fd is set
 * @device: device file
 * @open: rights and badge; the rest is filled in
 *
 * Return: an exit status.
 */
int target_open_handle(struct target *target, int device, struct ipcport_open *open);

/**
 * target_create() - create a port, or say why that does not work
 * @target: becomes the port
 * @create: what to ask the library for
 * @name: its name, or NULL
 *
 * Return: an exit status.
 */
int target_create(struct target *target, struct ipcport_create *create, const char *name);

#endif /* TARGET_H */
