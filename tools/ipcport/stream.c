// SPDX-License-Identifier: GPL-2.0
#include "stream.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

size_t stream_length(const struct ipcport_message *message)
{
	return smaller(message->flags, IPCPORT_PAYLOAD_SIZE);
}

uint32_t stream_fill(struct ipcport_message *messages, uint32_t type, const void *bytes,
		     size_t length)
{
	const uint8_t *next = bytes;
	uint32_t count = 0;

	do {
		struct ipcport_message *message = &messages[count++];
		size_t part = smaller(length, IPCPORT_PAYLOAD_SIZE);

		*message = (struct ipcport_message){ .type = type, .flags = (uint32_t)part };
		memcpy(message->payload, next, part);
		next += part;
		length -= part;
	} while (length);
	return count;
}

static int send_batch(struct stream *stream, const struct ipcport_message *messages,
		      uint32_t count)
{
	uint32_t flags = stream->patience.is_nonblocking ? IPCPORT_SEND_F_NONBLOCK : 0;

	while (count) {
		int done = ipcport_send_batch(stream->fd, stream->port, messages, count,
					      stream->patience.deadline_ns, flags);

		if (done < 0)
			return done;
		for (int i = 0; i < done; i++)
			stream->bytes += stream_length(&messages[i]);
		stream->messages += (uint32_t)done;
		messages += done;
		count -= (uint32_t)done;
	}
	return 0;
}

int stream_send(struct stream *stream, uint32_t type, const void *bytes, size_t length)
{
	struct ipcport_message messages[STREAM_BATCH];
	const uint8_t *next = bytes;
	int ret;

	do {
		size_t part = smaller(length, STREAM_CHUNK);
		uint32_t count = stream_fill(messages, type, next, part);

		ret = send_batch(stream, messages, count);
		next += part;
		length -= part;
	} while (!ret && length);
	return ret;
}

void stream_drop_cargo(struct ipcport_delivery *delivery)
{
	if (delivery->info.cargo >= 0)
		close(delivery->info.cargo);
	delivery->info.cargo = -1;
}

int write_all(int fd, const void *bytes, size_t length)
{
	const uint8_t *next = bytes;

	while (length) {
		ssize_t done = write(fd, next, length);

		if (done < 0 && errno != EINTR)
			return -errno;
		if (done > 0) {
			next += done;
			length -= (size_t)done;
		}
	}
	return 0;
}
