// SPDX-License-Identifier: GPL-2.0
#include "command.h"
#include "fail.h"
#include "target.h"

static const char help[] =
	"Usage: ipcport destroy [OPTION...] PORT\n"
	"\n"
	"End a port. Whoever waits on it is told at once; messages that nobody received are\n"
	"dropped. Only the owner process may do this, or who has CAP_IPC_OWNER, like root. The\n"
	"usual way to end a port of 'ipcport create' is to end that process. PORT is a number or\n"
	"a name.\n"
	"\n"
	"  -h, --help  print this help\n"
	"\n"
	"Example:\n"
	"  ipcport destroy 1\n";

static int run(char *operands[], void *options)
{
	struct target target = { 0 };
	int ret, status;

	(void)options;
	status = target_parse_only(&target, operands);
	if (!status)
		status = target_open(&target, 0, 0);
	if (status)
		return status;
	ret = ipcport_destroy(target.fd, target.port);
	return ret < 0 ? fail(ret, "destroy port %s", target.text) : STATUS_OK;
}

const struct command destroy_command = {
	.name = "destroy",
	.summary = "End a port",
	.help = help,
	.table = command_help_table,
	.run = run,
};
