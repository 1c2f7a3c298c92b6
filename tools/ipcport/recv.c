// SPDX-License-Identifier: GPL-2.0
#include "command.h"
#include "fail.h"
#include "json.h"
#include "parse.h"
#include "print.h"
#include "stream.h"
#include "target.h"

#include <errno.h>
#include <stdio.h>

static const char help[] =
	"Usage: ipcport recv [OPTION...] PORT\n"
	"\n"
	"Receive one message and print its text on a line. Wait while the port is empty,\n"
	"unless told otherwise. A port that ends during the wait is an error. PORT is a number\n"
	"or a name.\n"
	"\n"
	"  -c, --count N          receive N messages\n"
	"  -f, --follow           receive until the port ends\n"
	"  -s, --stream           write the bytes of a stream to stdout, as they are, until its\n"
	"                         end; for what 'ipcport send PORT < FILE' sends\n"
	"  -v, --verbose          begin each line with what is known of the message: number,\n"
	"                         sender, type, a call's token, the badge\n"
	"  -j, --json             print each message as a line of JSON\n"
	"  -n, --nonblock         fail at once if the port is empty\n"
	"  -t, --timeout SECONDS  give up after so long in all, for example 0.5\n"
	"  -w, --wait[=SECONDS]   wait until there is a port of this name, for so long at most\n"
	"  -h, --help             print this help\n"
	"\n"
	"In text, control characters and bytes that are not UTF-8 appear as \\xNN, and a\n"
	"backslash as \\\\. The end of a stream (type 1) is an empty line, and so is a notice: that a\n"
	"call was given up, or that nobody has a handle to send with any more; --verbose and\n"
	"--json tell more. In JSON, 'payload' is the whole payload in hexadecimal and 'text' the\n"
	"part that counts, if it is text. A file that comes with a message is closed.\n"
	"\n"
	"A call is received like any message, but not answered: its caller is told so when this\n"
	"process ends. To answer calls, see 'ipcport serve'.\n"
	"\n"
	"Examples:\n"
	"  ipcport recv 1\n"
	"  ipcport recv --follow --json /srv/log\n"
	"  ipcport recv --stream 1 > file\n";

/**
 * struct options - the command line, and how far the work is
 * @target: where to receive
 * @patience: how long to wait
 * @remaining: messages still wanted
 * @print: prints a message
 * @is_stream: stop at the end of a stream
 * @is_verbose: say more of each message
 */
struct options {
	struct target target;
	struct patience patience;
	uint64_t remaining;
	void (*print)(const struct options *options, const struct ipcport_delivery *delivery);
	bool is_stream;
	bool is_verbose;
};

static void print_text(const struct options *options, const struct ipcport_delivery *delivery)
{
	print_delivery(delivery, options->is_verbose);
}

static void print_json(const struct options *options, const struct ipcport_delivery *delivery)
{
	(void)options;
	json_print(json_delivery(delivery));
}

static void print_bytes(const struct options *options, const struct ipcport_delivery *delivery)
{
	(void)options;
	fwrite(delivery->message.payload, 1, stream_length(&delivery->message), stdout);
}

static int take_option(int option, void *arg)
{
	struct options *options = arg;

	switch (option) {
	case 'c':
		if (!parse_number(optarg, 1, UINT64_MAX, &options->remaining))
			return fail_usage("'%s' is not a number of messages", optarg);
		break;
	case 'f':
		options->remaining = UINT64_MAX;
		break;
	case 's':
		options->is_stream = true;
		options->remaining = UINT64_MAX;
		options->print = print_bytes;
		break;
	case 'v':
		options->is_verbose = true;
		break;
	case 'j':
		options->print = print_json;
		break;
	case 'n':
		options->patience.is_nonblocking = true;
		break;
	case 't':
		return parse_timeout(optarg, &options->patience);
	case 'w':
		return target_take_wait(&options->target, optarg);
	}
	return STATUS_OK;
}

/*
 * Never take out more than is going to be printed. What follows the end of a stream
 * is somebody else's, so a stream is received message by message.
 */
static uint32_t batch_size(const struct options *options)
{
	if (options->is_stream)
		return 1;
	return options->remaining < STREAM_BATCH ? (uint32_t)options->remaining : STREAM_BATCH;
}

static int receive_messages(struct options *options)
{
	uint32_t flags = options->patience.is_nonblocking ? IPCPORT_RECV_F_NONBLOCK : 0;
	const struct target *target = &options->target;
	struct ipcport_delivery deliveries[STREAM_BATCH];

	while (options->remaining) {
		int done = ipcport_recv_batch(target->fd, target->port, deliveries,
					      batch_size(options), options->patience.deadline_ns,
					      flags);

		if (done < 0)
			return fail(done, "receive from port %s", target->text);
		for (int i = 0; i < done; i++) {
			options->print(options, &deliveries[i]);
			stream_drop_cargo(&deliveries[i]);
		}
		if (fflush(stdout))
			return fail(errno, "write the output");
		if (options->is_stream && deliveries[0].message.type == STREAM_END)
			break;
		options->remaining -= (uint32_t)done;
	}
	return STATUS_OK;
}

static int run(char *operands[], void *arg)
{
	struct options *options = arg;
	int status;

	if (options->is_stream &&
	    (options->print != print_bytes || options->remaining != UINT64_MAX))
		return fail_usage("--stream goes neither with --json nor with --count");
	status = target_parse_only(&options->target, operands);
	if (!status)
		status = target_open(&options->target, IPCPORT_R_RECV,
				     options->patience.deadline_ns);
	return status ? status : receive_messages(options);
}

static const struct option table[] = {
	{ "count", required_argument, NULL, 'c' },
	{ "follow", no_argument, NULL, 'f' },
	{ "stream", no_argument, NULL, 's' },
	{ "verbose", no_argument, NULL, 'v' },
	{ "json", no_argument, NULL, 'j' },
	{ "nonblock", no_argument, NULL, 'n' },
	{ "timeout", required_argument, NULL, 't' },
	OPTION_WAIT,
	OPTION_HELP,
	{ 0 }
};

static struct options options = { .remaining = 1, .print = print_text };

const struct command recv_command = {
	.name = "recv",
	.summary = "Receive messages from a port",
	.help = help,
	.table = table,
	.take = take_option,
	.run = run,
	.options = &options,
};
