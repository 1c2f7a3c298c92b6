// SPDX-License-Identifier: GPL-2.0
#include "array.h"
#include "command.h"
#include "fail.h"
#include "json.h"
#include "table.h"
#include "view.h"
#include "view_json.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

static const char help[] =
	"Usage: ipcport ls [OPTION...]\n"
	"\n"
	"List the ports of this network namespace that you may see: yours, those whose mode\n"
	"allows you something, and with CAP_IPC_OWNER, like root, all.\n"
	"\n"
	"  -j, --json  print JSON\n"
	"  -h, --help  print this help\n"
	"\n"
	"PID, COMMAND\n"
	"             the process that owns the port\n"
	"UID          the user whose port it is\n"
	"MODE         who may use it, like a file's: 2 to send and call, 4 to receive and answer\n"
	"CAP, DEPTH   messages it can hold, and those in it\n"
	"SEND, RECV   threads that wait for space, and for a message\n"
	"CALLS        calls that have not been answered yet\n"
	"\n"
	"A pid of 0 belongs to a process that cannot be seen from here. 'ipcport show PORT' shows\n"
	"more of one port, 'ipcport waits' who waits for whom.\n"
	"\n"
	"Example:\n"
	"  ipcport ls\n";

static const struct column columns[] = {
	{ "PORT", true },
	{ "NAME", false },
	{ "PID", true },
	{ "COMMAND", false },
	{ "UID", true },
	{ "MODE", true },
	{ "CAP", true },
	{ "DEPTH", true },
	{ "SEND", true },
	{ "RECV", true },
	{ "CALLS", true },
};

static int print_table(const struct view_ports *ports)
{
	struct table table = { .columns = columns, .column_count = ARRAY_SIZE(columns) };

	for (size_t i = 0; i < ports->count; i++) {
		const struct view_port *port = &ports->items[i];

		table_cell(&table, "%" PRIu64, port->id);
		table_text(&table, port->name);
		table_cell(&table, "%u", port->owner_pid);
		table_text(&table, port->owner_comm);
		table_cell(&table, "%u", port->uid);
		table_cell(&table, "%04o", port->mode);
		table_cell(&table, "%u", port->capacity);
		table_cell(&table, "%u", port->depth);
		table_cell(&table, "%u", port->senders);
		table_cell(&table, "%u", port->receivers);
		table_cell(&table, "%u", port->calls);
	}
	return table_print(&table);
}

static int print_json(const struct view_ports *ports)
{
	struct json_object *array = json_object_new_array();

	for (size_t i = 0; i < ports->count; i++)
		json_object_array_add(array, json_view_port(&ports->items[i]));
	json_print(array);
	return STATUS_OK;
}

static int list(struct view *view, bool is_json)
{
	struct view_ports ports;
	int ret, status;

	ret = view_list_ports(view, &ports);
	if (ret)
		return view_fail(view, ret, "list the ports");
	status = is_json ? print_json(&ports) : print_table(&ports);
	free(ports.items);
	return status;
}

static int run(char *operands[], void *is_json)
{
	struct view *view;
	int status;

	if (operands[0])
		return fail_usage("'%s' is one argument too many", operands[0]);
	status = view_open_or_fail(&view);
	if (status)
		return status;
	status = list(view, *(bool *)is_json);
	view_close(view);
	return status;
}

static bool is_json;

const struct command ls_command = {
	.name = "ls",
	.summary = "List the ports",
	.help = help,
	.table = command_json_table,
	.take = command_take_json,
	.run = run,
	.options = &is_json,
};
