// SPDX-License-Identifier: GPL-2.0
#include "command.h"
#include "fail.h"
#include "json.h"
#include "target.h"
#include "text.h"

#include <ipcport.h>

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const char help[] =
	"Usage: ipcport stat [OPTION...] PORT\n"
	"\n"
	"Show the state of a port, without changing it. PORT is a number or a name.\n"
	"\n"
	"  -j, --json  print JSON\n"
	"  -h, --help  print this help\n"
	"\n"
	"A pid of 0 belongs to a process that cannot be seen from here. In JSON, 'name' is null if\n"
	"the port has none, and missing if it is not UTF-8.\n"
	"\n"
	"Example:\n"
	"  ipcport stat 1\n";

static void print_owner(const struct ipcport_stat *stat)
{
	printf("owner      pid %u", stat->out_owner_pid);
	if (stat->out_owner_tid)
		printf(", thread %u", stat->out_owner_tid);
	printf(", uid %u, gid %u\n", stat->out_uid, stat->out_gid);
}

/* Anybody may have chosen it. */
static void print_name(const struct ipcport_stat *stat)
{
	size_t length = strnlen((const char *)stat->out_name, IPCPORT_NAME_SIZE);

	if (!length)
		return;
	printf("name       ");
	text_print(stdout, stat->out_name, length);
	printf("\n");
}

static void print_table(const struct ipcport_stat *stat)
{
	printf("port       %" PRIu64 "%s\n", (uint64_t)stat->out_port,
	       stat->out_state & IPCPORT_STATE_DEAD ? " (has ended)" : "");
	print_name(stat);
	print_owner(stat);
	printf("mode       %04o\n", stat->out_mode);
	printf("queue      %u of %u messages; %s, %s\n", stat->out_depth, stat->out_capacity,
	       stat->out_state & IPCPORT_STATE_READABLE ? "readable" : "not readable",
	       stat->out_state & IPCPORT_STATE_WRITABLE ? "writable" : "not writable");
	printf("blocked    %u in send, %u in recv\n", stat->out_senders, stat->out_receivers);
	printf("handles    %u to send, %u to receive\n", stat->out_send_handles,
	       stat->out_recv_handles);
	printf("calls      %" PRIu64 " unanswered\n", (uint64_t)stat->out_calls);
	printf("sent       %" PRIu64 "\n", (uint64_t)stat->out_sent);
	printf("received   %" PRIu64 "\n", (uint64_t)stat->out_received);
}

static int show(const struct target *target, bool is_json)
{
	struct ipcport_stat stat = { .port = target->port };
	int ret;

	ret = ipcport_stat(target->fd, &stat, sizeof(stat));
	if (ret < 0)
		return fail(ret, "look at port %s", target->text);
	if (is_json)
		json_print(json_stat(&stat));
	else
		print_table(&stat);
	return STATUS_OK;
}

static int run(char *operands[], void *is_json)
{
	struct target target = { 0 };
	int status;

	status = target_parse_only(&target, operands);
	if (!status)
		status = target_open(&target, 0, 0);
	return status ? status : show(&target, *(bool *)is_json);
}

static bool is_json;

const struct command stat_command = {
	.name = "stat",
	.summary = "Show the state of a port",
	.help = help,
	.table = command_json_table,
	.take = command_take_json,
	.run = run,
	.options = &is_json,
};
