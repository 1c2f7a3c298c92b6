/* SPDX-License-Identifier: GPL-2.0 */
/*
 * DOC: what the command puts into a message
 *
 * The kernel carries type, flags and payload as they are. The subcommands send, recv
 * and demo use them so:
 *
 * type		STREAM_DATA (0), or what 'send --type' says; STREAM_END (1) behind the
 *		last message of a stream
 * flags	how many bytes of the payload count, 0 to 48. A larger number, from
 *		programs with rules of their own, counts as 48.
 * payload	the bytes, the rest 0
 *
 * A stream is the messages of one sender: two at a time would mix.
 */
#ifndef STREAM_H
#define STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ipcport.h>

#include "parse.h"

#define STREAM_DATA	0
#define STREAM_END	1

/* Messages that one system call sends or receives. */
#define STREAM_BATCH	64

/* Bytes worth reading at once: they fill a batch. */
#define STREAM_CHUNK	(STREAM_BATCH * IPCPORT_PAYLOAD_SIZE)

/**
 * struct stream - where messages go
 * @fd: device file, or a handle
 * @port: number of the port, 0 on a handle
 * @patience: how long a send may wait
 * @messages: how many have been taken in
 * @bytes: what they carried
 */
struct stream {
	int fd;
	uint64_t port;
	struct patience patience;
	uint64_t messages;
	uint64_t bytes;
};

/**
 * stream_length() - how many bytes of a message's payload count
 * @message: a received message
 */
size_t stream_length(const struct ipcport_message *message);

/**
 * stream_fill() - make messages of bytes
 * @messages: room for as many as @length needs
 * @type: type of all of them
 * @bytes: the bytes
 * @length: how many, at most STREAM_CHUNK; 0 makes one empty message
 *
 * Return: how many messages were made.
 */
uint32_t stream_fill(struct ipcport_message *messages, uint32_t type, const void *bytes,
		     size_t length);

/**
 * stream_send() - send bytes, in as many messages as they need
 * @stream: where to; its counts are advanced, on failure too
 * @type: type of the messages
 * @bytes: the bytes
 * @length: how many; 0 sends one empty message
 *
 * Return: 0, or a negative errno value.
 */
int stream_send(struct stream *stream, uint32_t type, const void *bytes, size_t length);

/**
 * stream_drop_cargo() - close what came with a message
 * @delivery: a received message; its cargo is no longer there
 */
void stream_drop_cargo(struct ipcport_delivery *delivery);

/**
 * write_all() - write() until everything is written
 * @fd: a file
 * @bytes: the bytes
 * @length: how many
 *
 * Return: 0, or a negative errno value.
 */
int write_all(int fd, const void *bytes, size_t length);

#endif /* STREAM_H */
