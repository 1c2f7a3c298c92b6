// SPDX-License-Identifier: GPL-2.0
#include "command.h"
#include "fail.h"
#include "parse.h"
#include "target.h"

static const char help[] =
	"Usage: ipcport bind [OPTION...] PORT NAME\n"
	"\n"
	"Give a port a name, by which others find it. It is its only one, and goes with the\n"
	"port or by 'ipcport unbind'. Only the owner process may do this, or who has\n"
	"CAP_IPC_OWNER, like root; others choose the name at the start, as with 'ipcport create\n"
	"--name'. PORT is a number, or the port's name.\n"
	"\n"
	"  -h, --help  print this help\n"
	"\n"
	"NAME has 1 to 63 bytes, for example /srv/echo, without control characters. The command\n"
	"takes no NAME of digits only, which it would take for a number. Names are not reserved\n"
	"for anybody; 'ipcport stat NAME' shows whose port it is.\n"
	"\n"
	"Example:\n"
	"  ipcport bind 1 /srv/echo\n";

static int run(char *operands[], void *options)
{
	struct target target = { 0 };
	const char *name;
	int ret, status;

	(void)options;
	status = target_parse(&target, operands[0]);
	if (!status)
		status = parse_name(operands[1], &name);
	if (status)
		return status;
	if (operands[2])
		return fail_usage("'%s' is one argument too many", operands[2]);
	status = target_open(&target, 0, 0);
	if (status)
		return status;
	ret = ipcport_bind(target.fd, target.port, name);
	return ret < 0 ? fail(ret, "give port %s the name %s", target.text, name) : STATUS_OK;
}

const struct command bind_command = {
	.name = "bind",
	.summary = "Give a port a name",
	.help = help,
	.table = command_help_table,
	.run = run,
};
