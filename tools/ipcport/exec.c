// SPDX-License-Identifier: GPL-2.0
#include "array.h"
#include "command.h"
#include "fail.h"
#include "parse.h"
#include "spawn.h"
#include "target.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static const char help[] =
	"Usage: ipcport exec OPTION... [--] COMMAND [ARGUMENT...]\n"
	"\n"
	"Run COMMAND with handles for ports: open files that can be read, written and inherited\n"
	"like any other. The first one is descriptor 3, the next one 4, and so on, in the order\n"
	"of --send and --recv. PORT is a number or a name.\n"
	"\n"
	"  -s, --send PORT        a handle to send with: COMMAND writes messages of 64 bytes\n"
	"  -r, --recv PORT        a handle to receive with: COMMAND reads messages of 128 bytes,\n"
	"                         64 of what was sent and 64 of what the kernel says of it\n"
	"  -b, --badge N          mark what is sent through the handles that follow; only for who\n"
	"                         has CAP_IPC_OWNER, like root, as the port is not ours\n"
	"  -w, --wait[=SECONDS]   wait until there are ports of these names, for so long at most\n"
	"  -h, --help             print this help\n"
	"\n"
	"What a message begins with, in the byte order of the machine: 8 bytes that the kernel\n"
	"replaces by the sender's number, 4 of 'type', 4 of 'flags', which 'ipcport send' and\n"
	"'recv' use as the number of payload bytes that count; then 48 bytes of payload. Reads and\n"
	"writes have to be of whole messages, any number of them, so programs must not cut them\n"
	"up; dd can see to that. They wait, and fail with EPIPE when the port has ended.\n"
	"\n"
	"This process becomes COMMAND, so the exit status is COMMAND's; 127 if it is not there,\n"
	"126 if it cannot be run. Descriptors from 3 on that were open before are replaced.\n"
	"\n"
	"Examples:\n"
	"  ipcport exec --send /srv/log -- sh -c \\\n"
	"      'printf \"%b%-48s\" \"\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\05\\0\\0\\0\" hello >&3'\n"
	"  ipcport exec --send /srv/log -- sh -c \\\n"
	"      '{ head -c 12 /dev/zero; printf \"\\5\\0\\0\\0%-48s\" hello; } |\n"
	"       dd bs=64 iflag=fullblock status=none >&3'\n"
	"  ipcport exec --recv /srv/log -- sh -c \\\n"
	"      'dd bs=128 count=1 status=none <&3 | tail -c +17 | head -c 48'\n";

/* The first descriptor that is not stdin, stdout or stderr. */
#define FIRST_HANDLE	3

/**
 * struct request - a handle for the command
 * @target: its port
 * @rights: what it is good for
 * @badge: its mark, or 0
 */
struct request {
	struct target target;
	uint32_t rights;
	uint64_t badge;
};

/**
 * struct options - the command line
 * @requests: the handles, in their order
 * @nr_requests: how many
 * @badge: mark of those that come
 * @wait: how to wait for names
 */
struct options {
	struct request requests[64];
	size_t nr_requests;
	uint64_t badge;
	struct target wait;
};

static int add_request(struct options *options, uint32_t rights)
{
	struct request *request = &options->requests[options->nr_requests];

	if (options->nr_requests == ARRAY_SIZE(options->requests))
		return fail_usage("more than %zu handles", ARRAY_SIZE(options->requests));
	options->nr_requests++;
	request->rights = rights;
	request->badge = options->badge;
	return target_parse(&request->target, optarg);
}

static int take_option(int option, void *arg)
{
	struct options *options = arg;

	switch (option) {
	case 's':
		return add_request(options, IPCPORT_R_SEND);
	case 'r':
		return add_request(options, IPCPORT_R_RECV);
	case 'b':
		if (!parse_number(optarg, 1, UINT64_MAX, &options->badge))
			return fail_usage("'%s' is not a badge", optarg);
		break;
	case 'w':
		return target_take_wait(&options->wait, optarg);
	}
	return STATUS_OK;
}

/* The places from FIRST_HANDLE on are kept free until all handles are there. */
static int open_handle(const struct options *options, struct request *request, int device)
{
	struct ipcport_open open = { .rights = request->rights, .badge = request->badge };
	struct target *target = &request->target;
	int fd, status;

	target->is_waiting = options->wait.is_waiting;
	target->deadline_ns = options->wait.deadline_ns;
	status = target_open_handle(target, device, &open);
	if (status)
		return status;
	fd = fcntl(target->fd, F_DUPFD_CLOEXEC, FIRST_HANDLE + (int)options->nr_requests);
	if (fd < 0)
		return fail(errno, "keep the handle for port %s", target->text);
	close(target->fd);
	target->fd = fd;
	return STATUS_OK;
}

static int open_handles(struct options *options)
{
	int device, status;

	status = open_or_fail(&device);
	for (size_t i = 0; i < options->nr_requests && !status; i++)
		status = open_handle(options, &options->requests[i], device);
	return status;
}

/* Only the copies that are made here stay open in the command. */
static int place_handles(const struct options *options)
{
	for (size_t i = 0; i < options->nr_requests; i++) {
		if (dup2(options->requests[i].target.fd, FIRST_HANDLE + (int)i) < 0)
			return fail(errno, "place the handle for port %s",
				    options->requests[i].target.text);
	}
	return STATUS_OK;
}

static int run(char *operands[], void *arg)
{
	struct options *options = arg;
	int status;

	if (!options->nr_requests)
		return fail_usage("neither --send nor --recv");
	if (!operands[0])
		return fail_usage("COMMAND is missing");
	status = open_handles(options);
	if (!status)
		status = place_handles(options);
	if (status)
		return status;
	execvp(operands[0], operands);
	return spawn_failed(-errno, operands[0]);
}

static const struct option table[] = {
	{ "send", required_argument, NULL, 's' },
	{ "recv", required_argument, NULL, 'r' },
	{ "badge", required_argument, NULL, 'b' },
	OPTION_WAIT,
	OPTION_HELP,
	{ 0 }
};

static struct options options;

const struct command exec_command = {
	.name = "exec",
	.summary = "Run a command with open handles for ports",
	.help = help,
	.table = table,
	.is_wrapper = true,
	.take = take_option,
	.run = run,
	.options = &options,
};
