// SPDX-License-Identifier: GPL-2.0
#include "command.h"
#include "fail.h"
#include "parse.h"

#include <ipcport.h>

#include <inttypes.h>

static const char help[] =
	"Usage: ipcport destroy [OPTION...] PORT\n"
	"\n"
	"End a port. Whoever waits on it is told at once; messages that nobody received are\n"
	"dropped. Only the owner process may do this, or who has CAP_IPC_OWNER, like root. The\n"
	"usual way to end a port of 'ipcport create' is to end that process.\n"
	"\n"
	"  -h, --help  print this help\n"
	"\n"
	"Example:\n"
	"  ipcport destroy 1\n";

static int run(char *operands[], void *options)
{
	uint64_t port;
	int fd, ret, status;

	(void)options;
	status = parse_port(operands[0], &port);
	if (status)
		return status;
	if (operands[1])
		return fail_usage("'%s' is one argument too many", operands[1]);
	status = open_or_fail(&fd);
	if (status)
		return status;
	ret = ipcport_destroy(fd, port);
	return ret < 0 ? fail(ret, "destroy port %" PRIu64, port) : STATUS_OK;
}

const struct command destroy_command = {
	.name = "destroy",
	.summary = "End a port",
	.help = help,
	.table = command_help_table,
	.run = run,
};
