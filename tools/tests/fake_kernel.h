/* SPDX-License-Identifier: GPL-2.0 */
/*
 * DOC: what stands in for the kernel in tests that need no module
 *
 * The test programs are linked so that ioctl(), open(), close() and clock_gettime()
 * end up here. The last ioctl's number and structure can be looked at; what the calls
 * return, and what an ioctl writes back, is up to the test.
 */
#ifndef FAKE_KERNEL_H
#define FAKE_KERNEL_H

#include <stddef.h>
#include <stdint.h>

#include <ipcport.h>

/**
 * struct fake_kernel - what happened, and what is to happen
 * @calls: ioctls so far
 * @fd: descriptor of the last ioctl, or of the last close
 * @request: number of the last ioctl
 * @argument: the structure of the last ioctl, as far as its size says
 * @answer: what the next ioctls write back over the structure, NULL for nothing
 * @messages: all messages that were sent and taken in
 * @nr_messages: how many
 * @space: how many messages SEND takes in at a time, 0 for as many as are offered
 * @result: what the calls return; negative means -1 with that errno
 * @path: what the last open() named
 * @open_flags: and with which flags
 * @now_ns: what CLOCK_MONOTONIC shows
 */
struct fake_kernel {
	unsigned int calls;
	int fd;
	unsigned long request;
	uint8_t argument[256];
	const void *answer;
	struct ipcport_message messages[256];
	uint32_t nr_messages;
	uint32_t space;
	int result;
	const char *path;
	int open_flags;
	uint64_t now_ns;
};

extern struct fake_kernel fake;

/**
 * fake_reset() - begin a test: nothing has happened, everything succeeds
 * @state: unused, for cmocka's setup
 */
int fake_reset(void **state);

#endif /* FAKE_KERNEL_H */
