// SPDX-License-Identifier: GPL-2.0
#include "array.h"
#include "command.h"
#include "fail.h"
#include "json.h"

#include <ipcport.h>

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>

static const char help[] =
	"Usage: ipcport version [OPTION...]\n"
	"\n"
	"Print the versions of command, library and module, and what the module can do.\n"
	"Without the module, print the first two and exit with status 2.\n"
	"\n"
	"  -j, --json  print JSON\n"
	"  -h, --help  print this help\n";

static const struct {
	uint64_t bit;
	const char *name;
} features[] = {
	{ IPCPORT_FEATURE_MESSAGES, "messages" },
	{ IPCPORT_FEATURE_OWNER_THREAD, "owner-thread" },
	{ IPCPORT_FEATURE_CALLS, "calls" },
	{ IPCPORT_FEATURE_HANDLES, "handles" },
	{ IPCPORT_FEATURE_NAMES, "names" },
	{ IPCPORT_FEATURE_CARGO, "cargo" },
	{ IPCPORT_FEATURE_URING_CALL, "uring-call" },
};

static void format_version(char *text, size_t size, uint32_t version)
{
	snprintf(text, size, "%u.%u.%u", version >> 16, version >> 8 & 0xff, version & 0xff);
}

static void print_module(const struct ipcport_version *version)
{
	char text[32];

	format_version(text, sizeof(text), version->out_version);
	printf("module     %s\n", text);
	printf("features  ");
	for (size_t i = 0; i < ARRAY_SIZE(features); i++) {
		if (version->out_features & features[i].bit)
			printf(" %s", features[i].name);
	}
	printf("\n");
	printf("limits     capacity %u, batch %u\n", version->out_capacity_max,
	       version->out_batch_max);
}

static void print_table(const struct ipcport_version *version)
{
	printf("command    %s\n", IPCPORT_LIBRARY_VERSION);
	printf("library    %s\n", ipcport_library_version());
	if (version)
		print_module(version);
}

static struct json_object *json_module(const struct ipcport_version *version)
{
	struct json_object *object = json_object_new_object();
	struct json_object *names = json_object_new_array();
	char text[32];

	format_version(text, sizeof(text), version->out_version);
	json_text(object, "version", text);
	for (size_t i = 0; i < ARRAY_SIZE(features); i++) {
		if (version->out_features & features[i].bit)
			json_object_array_add(names, json_object_new_string(features[i].name));
	}
	json_object_object_add(object, "features", names);
	json_u64(object, "capacity_max", version->out_capacity_max);
	json_u64(object, "batch_max", version->out_batch_max);
	return object;
}

static void print_json(const struct ipcport_version *version)
{
	struct json_object *object = json_object_new_object();

	json_text(object, "command", IPCPORT_LIBRARY_VERSION);
	json_text(object, "library", ipcport_library_version());
	json_object_object_add(object, "module", version ? json_module(version) : NULL);
	json_print(object);
}

static int show(bool is_json)
{
	void (*print)(const struct ipcport_version *version) = is_json ? print_json : print_table;
	struct ipcport_version version = { 0 };
	int fd, ret;

	fd = ipcport_open();
	if (fd < 0) {
		print(NULL);
		return fail_open(fd);
	}
	ret = ipcport_version(fd, &version, sizeof(version));
	print(ret < 0 ? NULL : &version);
	return ret < 0 ? fail(ret, "ask the module for its version") : STATUS_OK;
}

static int run(char *operands[], void *is_json)
{
	if (operands[0])
		return fail_usage("'%s' is one argument too many", operands[0]);
	return show(*(bool *)is_json);
}

static bool is_json;

const struct command version_command = {
	.name = "version",
	.summary = "Print the versions of command, library and module",
	.help = help,
	.table = command_json_table,
	.take = command_take_json,
	.run = run,
	.options = &is_json,
};
