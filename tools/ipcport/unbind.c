// SPDX-License-Identifier: GPL-2.0
#include "command.h"
#include "fail.h"
#include "target.h"

static const char help[] =
	"Usage: ipcport unbind [OPTION...] PORT\n"
	"\n"
	"Take a port's name away. Who has opened the port by it can go on to use it. Only the\n"
	"owner process may do this, or who has CAP_IPC_OWNER, like root. PORT is a number or the\n"
	"name.\n"
	"\n"
	"  -h, --help  print this help\n"
	"\n"
	"Example:\n"
	"  ipcport unbind /srv/echo\n";

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
	ret = ipcport_unbind(target.fd, target.port);
	if (ret == -ENOENT)
		return fail_because("take the name of port %s away: it has none, or has ended (%s)",
				    target.text, fail_name(ret));
	return ret < 0 ? fail(ret, "take the name of port %s away", target.text) : STATUS_OK;
}

const struct command unbind_command = {
	.name = "unbind",
	.summary = "Take a port's name away",
	.help = help,
	.table = command_help_table,
	.run = run,
};
