// SPDX-License-Identifier: GPL-2.0
#include "command.h"
#include "fail.h"
#include "parse.h"
#include "stream.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

static const char help[] =
	"Usage: ipcport send [OPTION...] PORT [TEXT...]\n"
	"\n"
	"Send each TEXT as one message of at most 48 bytes. Without TEXT, send what comes on\n"
	"stdin as a stream: payloads of up to 48 bytes, then an end-of-stream message. Wait\n"
	"while the port is full, unless told otherwise.\n"
	"\n"
	"  -s, --split            cut a TEXT longer than 48 bytes into several messages\n"
	"  -T, --type N           type of the messages (default 0)\n"
	"  -n, --nonblock         fail at once if the port is full\n"
	"  -t, --timeout SECONDS  give up after so long in all, for example 0.5\n"
	"  -h, --help             print this help\n"
	"\n"
	"In a message, 'type' is 0, or 1 for the end of a stream, or what --type says; 'flags'\n"
	"is the number of payload bytes that count; the rest of the payload is 0.\n"
	"\n"
	"Examples:\n"
	"  ipcport send 1 hello world\n"
	"  ipcport send --timeout 2 1 < file\n";

/**
 * struct options - the command line
 * @stream: where to send
 * @type: type of the messages
 * @is_splitting: a text may need several messages
 */
struct options {
	struct stream stream;
	uint32_t type;
	bool is_splitting;
};

static int take_option(int option, void *arg)
{
	struct options *options = arg;

	switch (option) {
	case 's':
		options->is_splitting = true;
		break;
	case 'T':
		return parse_type(optarg, &options->type);
	case 'n':
		options->stream.patience.is_nonblocking = true;
		break;
	case 't':
		return parse_timeout(optarg, &options->stream.patience);
	}
	return STATUS_OK;
}

/* All are looked at before the first is sent: a usage error sends nothing. */
static int check_texts(const struct options *options, char *texts[])
{
	for (; *texts && !options->is_splitting; texts++) {
		if (strlen(*texts) > IPCPORT_PAYLOAD_SIZE)
			return fail_usage("a message has room for %d bytes, not %zu; try --split",
					  IPCPORT_PAYLOAD_SIZE, strlen(*texts));
	}
	return STATUS_OK;
}

static int fail_send(int error, const struct stream *stream)
{
	if (!stream->messages)
		return fail(error, "send to port %" PRIu64, stream->port);
	return fail(error, "send message %" PRIu64 " to port %" PRIu64, stream->messages + 1,
		    stream->port);
}

static int send_texts(struct options *options, char *texts[])
{
	struct stream *stream = &options->stream;

	for (; *texts; texts++) {
		int ret = stream_send(stream, options->type, *texts, strlen(*texts));

		if (ret < 0)
			return fail_send(ret, stream);
	}
	return STATUS_OK;
}

static int send_stdin(struct options *options)
{
	struct stream *stream = &options->stream;
	uint8_t chunk[STREAM_CHUNK];
	ssize_t length;
	int ret;

	while ((length = read(STDIN_FILENO, chunk, sizeof(chunk))) > 0) {
		ret = stream_send(stream, options->type, chunk, (size_t)length);
		if (ret < 0)
			return fail_send(ret, stream);
	}
	/* Without its end the receiver can tell that the stream is not whole. */
	if (length < 0)
		return fail(errno, "read stdin");
	ret = stream_send(stream, STREAM_END, "", 0);
	return ret < 0 ? fail_send(ret, stream) : STATUS_OK;
}

static int run(char *operands[], void *arg)
{
	struct options *options = arg;
	char **texts;
	int status;

	status = parse_port(operands[0], &options->stream.port);
	if (status)
		return status;
	texts = operands + 1;
	status = check_texts(options, texts);
	if (!status)
		status = open_or_fail(&options->stream.fd);
	if (status)
		return status;
	return *texts ? send_texts(options, texts) : send_stdin(options);
}

static const struct option table[] = {
	{ "split", no_argument, NULL, 's' },
	{ "type", required_argument, NULL, 'T' },
	{ "nonblock", no_argument, NULL, 'n' },
	{ "timeout", required_argument, NULL, 't' },
	OPTION_HELP,
	{ 0 }
};

static struct options options;

const struct command send_command = {
	.name = "send",
	.summary = "Send messages to a port",
	.help = help,
	.table = table,
	.take = take_option,
	.run = run,
	.options = &options,
};
