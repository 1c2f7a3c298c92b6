// SPDX-License-Identifier: GPL-2.0
#include "command.h"
#include "fail.h"
#include "json.h"
#include "parse.h"
#include "print.h"
#include "stream.h"
#include "target.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char help[] =
	"Usage: ipcport call [OPTION...] PORT [TEXT...]\n"
	"\n"
	"Call a port with each TEXT of at most 48 bytes, one after the other, and print the\n"
	"answers as 'ipcport recv' prints messages. Without TEXT, call once with what comes on\n"
	"stdin. Wait for space in the port and for the answer, as long as the port and whoever\n"
	"received the call exist; if they end, that is an error. PORT is a number or a name.\n"
	"\n"
	"  -T, --type N           type of the messages (default 0)\n"
	"  -v, --verbose          begin each line with who answered, type and token\n"
	"  -j, --json             print each answer as a line of JSON, with its status;\n"
	"                         a call that gets no answer is an error, on stderr\n"
	"  -t, --timeout SECONDS  give up after so long in all, for example 0.5\n"
	"  -w, --wait[=SECONDS]   wait until there is a port of this name, for so long at most\n"
	"  -h, --help             print this help\n"
	"\n"
	"A server answers with a status besides the text. If it is not 0, no further TEXT is\n"
	"sent, and the exit status is 1; unless in JSON, stderr says which it was.\n"
	"\n"
	"Examples:\n"
	"  ipcport call 1 hello\n"
	"  date | ipcport call --wait --timeout 2 /srv/echo\n";

/**
 * struct options - the command line
 * @target: what to call
 * @type: type of the messages
 * @patience: how long to wait
 * @is_verbose: say more of each answer
 * @is_json: print answers as JSON
 */
struct options {
	struct target target;
	uint32_t type;
	struct patience patience;
	bool is_verbose;
	bool is_json;
};

static int take_option(int option, void *arg)
{
	struct options *options = arg;

	switch (option) {
	case 'T':
		return parse_type(optarg, &options->type);
	case 'v':
		options->is_verbose = true;
		break;
	case 'j':
		options->is_json = true;
		break;
	case 't':
		return parse_timeout(optarg, &options->patience);
	case 'w':
		return target_take_wait(&options->target, optarg);
	}
	return STATUS_OK;
}

/* All are looked at before the first call: a usage error sends nothing. */
static int check_texts(char *texts[])
{
	for (; *texts; texts++) {
		if (strlen(*texts) > IPCPORT_PAYLOAD_SIZE)
			return fail_usage("a message has room for %d bytes, not %zu",
					  IPCPORT_PAYLOAD_SIZE, strlen(*texts));
	}
	return STATUS_OK;
}

static void print_json(const struct ipcport_delivery *reply, int32_t status)
{
	struct json_object *object = json_delivery(reply);

	json_object_object_add(object, "status", json_object_new_int(status));
	json_print(object);
}

static int show(const struct options *options, const struct ipcport_delivery *reply,
		int32_t status)
{
	if (options->is_json)
		print_json(reply, status);
	else
		print_delivery(reply, options->is_verbose);
	if (fflush(stdout))
		return fail(errno, "write the output");
	if (!status)
		return STATUS_OK;
	return options->is_json ? STATUS_FAILED :
				  fail_because("call port %s: the server's status is %d",
					       options->target.text, status);
}

/* EPIPE does not say which of the two it was. */
static int fail_call(int error, const struct options *options)
{
	if (error == -EPIPE)
		return fail_because("call port %s: the port or its server has ended (%s)",
				    options->target.text, fail_name(error));
	return fail(error, "call port %s", options->target.text);
}

static int call_with(const struct options *options, const void *bytes, size_t length)
{
	struct ipcport_message message;
	struct ipcport_delivery reply;
	struct ipcport_call call = {
		.port = options->target.port,
		.message = (uintptr_t)&message,
		.reply = (uintptr_t)&reply,
		.deadline_ns = options->patience.deadline_ns,
	};
	int ret, status;

	stream_fill(&message, options->type, bytes, length);
	ret = ipcport_call(options->target.fd, &call, sizeof(call));
	if (ret < 0)
		return fail_call(ret, options);
	status = show(options, &reply, call.out_status);
	stream_drop_cargo(&reply);
	return status;
}

static int call_with_texts(const struct options *options, char *texts[])
{
	int status = STATUS_OK;

	for (; *texts && !status; texts++)
		status = call_with(options, *texts, strlen(*texts));
	return status;
}

static int call_with_stdin(const struct options *options)
{
	/* The byte more shows that there is more. */
	uint8_t bytes[IPCPORT_PAYLOAD_SIZE + 1];
	size_t length = 0;
	ssize_t part;

	do {
		part = read(STDIN_FILENO, bytes + length, sizeof(bytes) - length);
		if (part < 0)
			return fail(errno, "read stdin");
		length += (size_t)part;
	} while (part);
	if (length == sizeof(bytes))
		return fail_usage("a message has room for %d bytes, stdin has more",
				  IPCPORT_PAYLOAD_SIZE);
	return call_with(options, bytes, length);
}

static int run(char *operands[], void *arg)
{
	struct options *options = arg;
	char **texts;
	int status;

	status = target_parse(&options->target, operands[0]);
	if (status)
		return status;
	texts = operands + 1;
	status = check_texts(texts);
	if (!status)
		status = target_open(&options->target, IPCPORT_R_SEND,
				     options->patience.deadline_ns);
	if (status)
		return status;
	return *texts ? call_with_texts(options, texts) : call_with_stdin(options);
}

static const struct option table[] = {
	{ "type", required_argument, NULL, 'T' },
	{ "verbose", no_argument, NULL, 'v' },
	{ "json", no_argument, NULL, 'j' },
	{ "timeout", required_argument, NULL, 't' },
	OPTION_WAIT,
	OPTION_HELP,
	{ 0 }
};

static struct options options;

const struct command call_command = {
	.name = "call",
	.summary = "Send messages to a port and print the answers",
	.help = help,
	.table = table,
	.take = take_option,
	.run = run,
	.options = &options,
};
