// SPDX-License-Identifier: GPL-2.0
#include "array.h"
#include "command.h"
#include "fail.h"
#include "filter.h"
#include "parse.h"
#include "print.h"
#include "stream.h"
#include "target.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
	"Usage: ipcport serve [OPTION...] PORT [--] COMMAND [ARGUMENT...]\n"
	"       ipcport serve --create [OPTION...] [--] COMMAND [ARGUMENT...]\n"
	"\n"
	"Answer the calls that come through a port, one after the other, until the port ends or\n"
	"a signal (Ctrl-C, kill) ends this process. For each, COMMAND is run with the text of\n"
	"the call on its stdin; what it has written to stdout when it ends is the answer, its\n"
	"exit status the status of the answer. PORT is the number or the name of a port from\n"
	"which this user may receive; with --create there is none, and the first word is COMMAND.\n"
	"\n"
	"  -C, --create        create a port and print its number; it ends with this process\n"
	"      --capacity N    messages that the new port can hold (default 16)\n"
	"  -m, --mode OCTAL    who may use the new port, like a file (default 0600)\n"
	"  -n, --name NAME     name the new port, see 'ipcport bind'\n"
	"  -j, --json          print the number of the new port as JSON\n"
	"  -c, --count N       end after N calls\n"
	"  -r, --raw           pass payload and output on as they are, see below\n"
	"  -w, --wait[=SECONDS]\n"
	"                      wait until there is a port of this name, for so long at most\n"
	"  -h, --help          print this help\n"
	"\n"
	"COMMAND finds what is known of the message in its environment: IPCPORT_PORT,\n"
	"IPCPORT_TYPE, IPCPORT_FLAGS, IPCPORT_PID, IPCPORT_UID, IPCPORT_GID, and IPCPORT_TOKEN,\n"
	"which is 0 for a one-way message. For those it is run as well, and what it writes is\n"
	"dropped. Notices are ignored, and a file that comes with a message is closed.\n"
	"\n"
	"Of the payload COMMAND gets the bytes that count, by the message's 'flags'; a newline\n"
	"at the end of its output is dropped. With --raw it gets all 48 bytes, and the newline\n"
	"stays. 'type' of an answer is 0, 'flags' is the number of bytes.\n"
	"\n"
	"Status of an answer: COMMAND's exit status; 128 and the number of the signal that ended\n"
	"it; 127 if it is not there, 126 if it cannot be run. Or, with an empty text, a negative\n"
	"errno value: -90 (EMSGSIZE) if the output is longer than 48 bytes.\n"
	"\n"
	"A signal that ends this process is passed on to COMMAND, but for Ctrl-C, which the\n"
	"terminal sends to both; the answer is still given. If this process is killed, so is\n"
	"COMMAND. The exit status is 0 after a signal or N calls, 1 if the port ended.\n"
	"\n"
	"Examples:\n"
	"  ipcport serve --create --name /srv/upper -- tr a-z A-Z &\n"
	"  ipcport serve --count 1 1 sh -c 'echo you are user $IPCPORT_UID'\n";

/* Options without a letter. */
#define OPTION_CAPACITY	256

/**
 * struct options - the command line, and how far the work is
 * @target: the port
 * @number: its number
 * @create: the port to create
 * @name: its name, or NULL
 * @is_creating: create it
 * @is_shaping: some option says what the new port is like
 * @is_json: print its number as JSON
 * @is_raw: bytes are passed on as they are
 * @remaining: calls still wanted
 * @command: COMMAND and its arguments
 */
struct options {
	struct target target;
	uint64_t number;
	struct ipcport_create create;
	const char *name;
	bool is_creating;
	bool is_shaping;
	bool is_json;
	bool is_raw;
	uint64_t remaining;
	char **command;
};

/* The answer to give, and what is received after that. */
static struct ipcport_message answer;
static struct ipcport_delivery delivery;
static struct ipcport_reply_recv turn;

static volatile sig_atomic_t is_stopping;

/*
 * A signal has to end the wait even if it comes just before the wait begins, so that it
 * interrupts nothing. Then the wait must not begin.
 */
static void stop(int number)
{
	is_stopping = true;
	turn.flags = IPCPORT_REPLY_RECV_F_NONBLOCK;
	/* A terminal sends SIGINT to the command as well. */
	if (number != SIGINT)
		filter_signal(number);
}

/* What was ignored when this process began, for example by nohup, stays so. */
static void stop_at(int number)
{
	const struct sigaction action = { .sa_handler = stop };
	struct sigaction old;

	sigaction(number, NULL, &old);
	if (old.sa_handler != SIG_IGN)
		sigaction(number, &action, NULL);
}

static int set_variables(const struct options *options)
{
	const struct {
		const char *name;
		uint64_t value;
	} variables[] = {
		{ "IPCPORT_PORT", options->number },
		{ "IPCPORT_TYPE", delivery.message.type },
		{ "IPCPORT_FLAGS", delivery.message.flags },
		{ "IPCPORT_PID", delivery.info.pid },
		{ "IPCPORT_UID", delivery.info.uid },
		{ "IPCPORT_GID", delivery.info.gid },
		{ "IPCPORT_TOKEN", delivery.info.token },
	};
	char value[24];

	for (size_t i = 0; i < ARRAY_SIZE(variables); i++) {
		snprintf(value, sizeof(value), "%" PRIu64, variables[i].value);
		if (setenv(variables[i].name, value, 1))
			return -errno;
	}
	return 0;
}

static int run_command(const struct options *options, struct filter_output *output)
{
	size_t length = options->is_raw ? IPCPORT_PAYLOAD_SIZE : stream_length(&delivery.message);
	int ret = set_variables(options);

	return ret ? ret : filter_run(options->command, delivery.message.payload, length, output);
}

static void make_answer(const struct options *options, const struct filter_output *output)
{
	size_t length = output->length;

	if (!options->is_raw && length && output->bytes[length - 1] == '\n')
		length--;
	if (length > IPCPORT_PAYLOAD_SIZE) {
		fail_because("%s has written more than the %d bytes of an answer",
			     options->command[0], IPCPORT_PAYLOAD_SIZE);
		turn.status = -EMSGSIZE;
		length = 0;
	}
	stream_fill(&answer, STREAM_DATA, output->bytes, length);
}

static void attend(struct options *options)
{
	struct filter_output output = { .length = 0 };

	stream_drop_cargo(&delivery);
	/* a notice */
	if (delivery.info.flags)
		return;
	if (!turn.token) {
		run_command(options, NULL);
		return;
	}
	turn.status = run_command(options, &output);
	make_answer(options, &output);
	if (options->remaining != UINT64_MAX)
		options->remaining--;
}

/* Who does not wait for the last answer any more does not miss it. */
static int finish(const struct options *options)
{
	int ret = 0;

	if (turn.token)
		ret = ipcport_call_reply(options->target.fd, turn.port, turn.token, &answer,
					 turn.status);
	return ret < 0 && ret != -ENOENT ? fail(ret, "answer a call") : STATUS_OK;
}

static int serve(struct options *options)
{
	turn.port = options->target.port;
	turn.message = (uintptr_t)&answer;
	turn.delivery = (uintptr_t)&delivery;
	do {
		int ret = ipcport_call_reply_recv(options->target.fd, &turn, sizeof(turn));

		if (!ret)
			attend(options);
		else if (ret != -EINTR && ret != -EAGAIN)
			return fail(ret, "serve port %s", options->target.text);
	} while (!is_stopping && options->remaining);
	return finish(options);
}

static int create_port(struct options *options)
{
	int status = target_create(&options->target, &options->create, options->name);

	options->number = options->target.port;
	return status ? status : print_port(options->number, options->is_json);
}

/* The number of a handle's port is for the command to know. */
static int open_port(struct options *options)
{
	struct target *target = &options->target;
	struct ipcport_stat stat = { 0 };
	int ret, status;

	status = target_open(target, IPCPORT_R_RECV, 0);
	options->number = target->port;
	if (status || options->number)
		return status;
	ret = ipcport_stat(target->fd, &stat, sizeof(stat));
	options->number = stat.out_port;
	return ret < 0 ? fail(ret, "look at port %s", target->text) : STATUS_OK;
}

static int open_and_serve(struct options *options)
{
	int status = options->is_creating ? STATUS_OK : open_port(options);

	if (status)
		return status;
	/* An inherited "ignore" would make commands vanish without a status. */
	signal(SIGCHLD, SIG_DFL);
	stop_at(SIGHUP);
	stop_at(SIGINT);
	stop_at(SIGTERM);
	if (options->is_creating)
		status = create_port(options);
	return status ? status : serve(options);
}

static int take_option(int option, void *arg)
{
	struct options *options = arg;

	options->is_shaping |= option == OPTION_CAPACITY || option == 'm' || option == 'n' ||
			       option == 'j';
	switch (option) {
	case 'C':
		options->is_creating = true;
		break;
	case OPTION_CAPACITY:
		return parse_capacity(optarg, &options->create.capacity);
	case 'm':
		return parse_port_mode(optarg, &options->create.mode);
	case 'j':
		options->is_json = true;
		break;
	case 'c':
		if (!parse_number(optarg, 1, UINT64_MAX, &options->remaining))
			return fail_usage("'%s' is not a number of calls", optarg);
		break;
	case 'n':
		return parse_name(optarg, &options->name);
	case 'w':
		return target_take_wait(&options->target, optarg);
	case 'r':
		options->is_raw = true;
		break;
	}
	return STATUS_OK;
}

static int parse_operands(char *argv[], struct options *options)
{
	int status;

	if (options->is_creating && options->target.is_waiting)
		return fail_usage("--wait does not go with --create");
	if (!options->is_creating) {
		if (options->is_shaping)
			return fail_usage("--capacity, --mode, --name and --json need --create");
		status = target_parse(&options->target, *argv);
		if (status)
			return status;
		argv++;
		if (*argv && !strcmp(*argv, "--"))
			argv++;
	}
	if (!*argv)
		return fail_usage("COMMAND is missing");
	if (**argv == '-')
		return fail_usage("'%s' is not a command; options stand before PORT", *argv);
	options->command = argv;
	return STATUS_OK;
}

static int run(char *operands[], void *arg)
{
	struct options *options = arg;
	int status;

	status = parse_operands(operands, options);
	return status ? status : open_and_serve(options);
}

static const struct option table[] = {
	{ "create", no_argument, NULL, 'C' },
	{ "capacity", required_argument, NULL, OPTION_CAPACITY },
	{ "mode", required_argument, NULL, 'm' },
	{ "name", required_argument, NULL, 'n' },
	{ "json", no_argument, NULL, 'j' },
	{ "count", required_argument, NULL, 'c' },
	{ "raw", no_argument, NULL, 'r' },
	OPTION_WAIT,
	OPTION_HELP,
	{ 0 }
};

static struct options options = { .remaining = UINT64_MAX };

const struct command serve_command = {
	.name = "serve",
	.summary = "Answer the calls to a port with the output of a command",
	.help = help,
	.table = table,
	.is_wrapper = true,
	.take = take_option,
	.run = run,
	.options = &options,
};
