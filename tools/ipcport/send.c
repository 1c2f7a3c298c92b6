// SPDX-License-Identifier: GPL-2.0
#include "command.h"
#include "fail.h"
#include "parse.h"
#include "stream.h"
#include "target.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

static const char help[] =
	"Usage: ipcport send [OPTION...] PORT [TEXT...]\n"
	"\n"
	"Send each TEXT as one message of at most 48 bytes. Without TEXT, send what comes on\n"
	"stdin as a stream: payloads of up to 48 bytes, then an end-of-stream message. Wait\n"
	"while the port is full, unless told otherwise. PORT is a number or a name.\n"
	"\n"
	"  -s, --split            cut a TEXT longer than 48 bytes into several messages\n"
	"  -T, --type N           type of the messages (default 0)\n"
	"  -n, --nonblock         fail at once if the port is full\n"
	"  -t, --timeout SECONDS  give up after so long in all, for example 0.5\n"
	"  -w, --wait[=SECONDS]   wait until there is a port of this name, for so long at most\n"
	"  -h, --help             print this help\n"
	"\n"
	"In a message, 'type' is 0, or 1 for the end of a stream, or what --type says; 'flags'\n"
	"is the number of payload bytes that count; the rest of the payload is 0.\n"
	"\n"
	"Examples:\n"
	"  ipcport send 1 hello world\n"
	"  ipcport send --timeout 2 /srv/log < file\n";

/**
 * struct options - the command line
 * @target: where to send
 * @stream: the same, and how
 * @type: type of the messages
 * @is_splitting: a text may need several messages
 */
struct options {
	struct target target;
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
	case 'w':
		return target_take_wait(&options->target, optarg);
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

static int fail_send(int error, const struct options *options)
{
	const char *port = options->target.text;

	if (!options->stream.messages)
		return fail(error, "send to port %s", port);
	return fail(error, "send message %" PRIu64 " to port %s", options->stream.messages + 1,
		    port);
}

static int send_texts(struct options *options, char *texts[])
{
	for (; *texts; texts++) {
		int ret = stream_send(&options->stream, options->type, *texts, strlen(*texts));

		if (ret < 0)
			return fail_send(ret, options);
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
			return fail_send(ret, options);
	}
	/* Without its end the receiver can tell that the stream is not whole. */
	if (length < 0)
		return fail(errno, "read stdin");
	ret = stream_send(stream, STREAM_END, "", 0);
	return ret < 0 ? fail_send(ret, options) : STATUS_OK;
}

static int run(char *operands[], void *arg)
{
	struct options *options = arg;
	struct target *target = &options->target;
	char **texts;
	int status;

	status = target_parse(target, operands[0]);
	if (status)
		return status;
	texts = operands + 1;
	status = check_texts(options, texts);
	if (!status)
		status = target_open(target, IPCPORT_R_SEND, options->stream.patience.deadline_ns);
	if (status)
		return status;
	options->stream.fd = target->fd;
	options->stream.port = target->port;
	return *texts ? send_texts(options, texts) : send_stdin(options);
}

static const struct option table[] = {
	{ "split", no_argument, NULL, 's' },
	{ "type", required_argument, NULL, 'T' },
	{ "nonblock", no_argument, NULL, 'n' },
	{ "timeout", required_argument, NULL, 't' },
	OPTION_WAIT,
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
