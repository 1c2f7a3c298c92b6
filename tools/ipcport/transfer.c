// SPDX-License-Identifier: GPL-2.0
#include "child.h"
#include "command.h"
#include "demo.h"
#include "fail.h"
#include "json.h"
#include "stream.h"

#include <errno.h>
#include <inttypes.h>
#include <sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/**
 * struct half - what each side of the transfer reports at its end
 * @messages: how many it sent or received, the end of the stream not counted
 * @bytes: what they carried
 * @digest: SHA-256 of the bytes, in hexadecimal
 *
 * The producer digests what it read from the file; the consumer, what it finds in
 * the copy that it wrote.
 */
struct half {
	uint64_t messages;
	uint64_t bytes;
	char digest[SHA256_DIGEST_STRING_LENGTH];
};

/**
 * struct transfer - the two processes and what they have to know
 * @demo: the demo
 * @port: the consumer's port
 * @copy: the file that the consumer writes; it has no name, so it leaves nothing
 * @consumer: owns @port
 * @producer: sends into it
 */
struct transfer {
	struct demo *demo;
	uint64_t port;
	int copy;
	struct child consumer;
	struct child producer;
};

static int open_copy(void)
{
	const char *directory = getenv("TMPDIR");
	char path[4096];
	int fd;

	snprintf(path, sizeof(path), "%s/ipcport-demo-XXXXXX", directory ? directory : "/tmp");
	fd = mkstemp(path);
	if (fd < 0)
		return -errno;
	unlink(path);
	return fd;
}

static int digest_file(int fd, char *digest)
{
	uint8_t chunk[STREAM_CHUNK];
	SHA2_CTX context;
	ssize_t length;

	if (lseek(fd, 0, SEEK_SET) < 0)
		return -errno;
	SHA256Init(&context);
	while ((length = read(fd, chunk, sizeof(chunk))) > 0)
		SHA256Update(&context, chunk, (size_t)length);
	SHA256End(&context, digest);
	return length < 0 ? -errno : 0;
}

/* Return: 1 at the end of the stream, 0 before it, or a negative errno value. */
static int write_deliveries(int fd, struct half *half, const struct ipcport_delivery *deliveries,
			    int count)
{
	for (int i = 0; i < count; i++) {
		const struct ipcport_message *message = &deliveries[i].message;
		size_t length = stream_length(message);
		int ret;

		if (message->type == STREAM_END)
			return 1;
		ret = write_all(fd, message->payload, length);
		if (ret)
			return ret;
		half->messages++;
		half->bytes += length;
	}
	return 0;
}

/* Only the producer sends to this port, so nothing comes behind the end of the stream. */
static int receive_copy(const struct transfer *transfer, int fd, struct half *half)
{
	struct ipcport_delivery deliveries[STREAM_BATCH];
	int ret;

	do {
		ret = ipcport_recv_batch(fd, transfer->port, deliveries, STREAM_BATCH,
					 ipcport_deadline_ms(DEMO_PATIENCE_MS), 0);
		if (ret > 0)
			ret = write_deliveries(transfer->copy, half, deliveries, ret);
	} while (ret == 0);
	return ret < 0 ? ret : 0;
}

static int consume(int reports, void *arg)
{
	struct ipcport_create create = { 0 };
	struct transfer *transfer = arg;
	struct half half = { 0 };
	int fd, ret;

	if (open_or_fail(&fd))
		return STATUS_FAILED;
	ret = ipcport_create(fd, &create, sizeof(create));
	if (ret < 0)
		return fail(ret, "create a port");
	transfer->port = create.out_port;
	ret = child_report(reports, &transfer->port, sizeof(transfer->port));
	if (!ret)
		ret = receive_copy(transfer, fd, &half);
	if (!ret)
		ret = digest_file(transfer->copy, half.digest);
	if (!ret)
		ret = child_report(reports, &half, sizeof(half));
	return ret ? fail(ret, "receive the file") : STATUS_OK;
}

static int send_input(const struct transfer *transfer, struct stream *stream, SHA2_CTX *context)
{
	uint8_t chunk[STREAM_CHUNK];
	ssize_t length;
	int ret;

	while ((length = read(transfer->demo->input, chunk, sizeof(chunk))) > 0) {
		SHA256Update(context, chunk, (size_t)length);
		stream->patience.deadline_ns = ipcport_deadline_ms(DEMO_PATIENCE_MS);
		ret = stream_send(stream, STREAM_DATA, chunk, (size_t)length);
		if (ret)
			return ret;
	}
	return length < 0 ? -errno : 0;
}

static int produce(int reports, void *arg)
{
	const struct transfer *transfer = arg;
	struct stream stream = { .port = transfer->port };
	struct half half;
	SHA2_CTX context;
	int ret;

	if (open_or_fail(&stream.fd))
		return STATUS_FAILED;
	SHA256Init(&context);
	ret = send_input(transfer, &stream, &context);
	half.messages = stream.messages;
	half.bytes = stream.bytes;
	SHA256End(&context, half.digest);
	if (!ret)
		ret = stream_send(&stream, STREAM_END, "", 0);
	if (!ret)
		ret = child_report(reports, &half, sizeof(half));
	return ret ? fail(ret, "send %s", transfer->demo->path) : STATUS_OK;
}

static void add_results(struct demo *demo, const struct half *sent, const struct half *received)
{
	if (!demo->result)
		return;
	json_text(demo->result, "file", demo->path);
	json_u64(demo->result, "messages_sent", sent->messages);
	json_u64(demo->result, "messages_received", received->messages);
	json_u64(demo->result, "bytes_sent", sent->bytes);
	json_u64(demo->result, "bytes_received", received->bytes);
	json_text(demo->result, "sha256_sent", sent->digest);
	json_text(demo->result, "sha256_received", received->digest);
}

static int compare(struct demo *demo, const struct half *sent, const struct half *received)
{
	add_results(demo, sent, received);
	demo_say(demo, "   sent:     %" PRIu64 " bytes in %" PRIu64 " messages\n"
		       "             SHA-256 %s", sent->bytes, sent->messages, sent->digest);
	demo_say(demo, "   received: %" PRIu64 " bytes in %" PRIu64 " messages\n"
		       "             SHA-256 %s", received->bytes, received->messages,
		 received->digest);
	return demo_check(demo, sent->messages == received->messages &&
				sent->bytes == received->bytes &&
				!strcmp(sent->digest, received->digest),
			  "the digests match: every byte arrived, in order");
}

/*
 * If the consumer fails, its port ends and the producer hears of it. If the producer
 * fails, nobody would tell the consumer; the caller ends it.
 */
static int watch(struct transfer *transfer)
{
	struct half sent, received;

	if (!child_listen(&transfer->producer, &sent, sizeof(sent)) ||
	    !child_wait(&transfer->producer) ||
	    !child_listen(&transfer->consumer, &received, sizeof(received)) ||
	    !child_wait(&transfer->consumer))
		return demo_check(transfer->demo, false, "producer and consumer finish their work");
	return compare(transfer->demo, &sent, &received);
}

static int start_and_watch(struct transfer *transfer)
{
	struct demo *demo = transfer->demo;
	int ret;

	ret = child_start(&transfer->consumer, consume, transfer);
	if (ret)
		return fail(ret, "start the consumer");
	if (!child_listen(&transfer->consumer, &transfer->port, sizeof(transfer->port)))
		return demo_check(demo, false, "the consumer creates a port");
	demo_say(demo, "   The consumer, process %d, owns port %" PRIu64
		       ", with room for %d messages.", transfer->consumer.pid,
		 transfer->port, IPCPORT_CAPACITY_DEFAULT);
	ret = child_start(&transfer->producer, produce, transfer);
	if (ret)
		return fail(ret, "start the producer");
	demo_say(demo, "   The producer, process %d, sends %s in pieces of %d bytes.",
		 transfer->producer.pid, demo->path, IPCPORT_PAYLOAD_SIZE);
	return watch(transfer);
}

int demo_transfer(struct demo *demo)
{
	struct transfer transfer = { .demo = demo };
	int status;

	demo_say(demo, "1. A file goes through a port, from one process to another.");
	transfer.copy = open_copy();
	if (transfer.copy < 0)
		return fail(transfer.copy, "make a temporary file");
	status = start_and_watch(&transfer);
	child_kill(&transfer.producer);
	child_kill(&transfer.consumer);
	close(transfer.copy);
	return status;
}
