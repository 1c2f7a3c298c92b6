// SPDX-License-Identifier: GPL-2.0
#include "command.h"
#include "fail.h"
#include "json.h"
#include "show.h"
#include "target.h"
#include "view.h"
#include "view_json.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
	"Usage: ipcport show [OPTION...] [PORT]\n"
	"\n"
	"Show all about a port, and who waits in it. PORT is a number or a name; of a name that\n"
	"no port has yet, show who waits for it. Without PORT, show what happened in this network\n"
	"namespace so far, and what you have used up of your limits.\n"
	"\n"
	"  -a, --all   without PORT: limits of all users whom you may see\n"
	"  -j, --json  print JSON\n"
	"  -h, --help  print this help\n"
	"\n"
	"KIND is what a waiter does:\n"
	"\n"
	"  send, recv     wait for space, or for a message\n"
	"  call_space     wait for space, to call\n"
	"  call_queued    wait for the answer to a call; nobody has received the call\n"
	"  call_received  the same; the process HOLDER has received the call\n"
	"  name           wait for a port to have the name\n"
	"\n"
	"'async' is a call for which no thread sleeps. A pid of 0 belongs to a process that cannot\n"
	"be seen from here.\n"
	"\n"
	"Example:\n"
	"  ipcport show 1\n";

/**
 * struct show_options - options of show
 * @is_json: print JSON
 * @is_all: all users
 */
struct show_options {
	bool is_json;
	bool is_all;
};

static int take(int option, void *options)
{
	struct show_options *show = options;

	if (option == 'a')
		show->is_all = true;
	else
		show->is_json = true;
	return STATUS_OK;
}

static int print_port_json(const struct view_port *port, const struct view_waiters *waiters)
{
	struct json_object *object = json_view_port(port);

	json_object_object_add(object, "waiters", json_view_waiters(waiters));
	json_print(object);
	return STATUS_OK;
}

static int print_name_json(const char *name, const struct view_waiters *waiters)
{
	struct json_object *object = json_object_new_object();

	json_object_object_add(object, "id", NULL);
	json_view_text(object, "name", name);
	json_object_object_add(object, "waiters", json_view_waiters(waiters));
	json_print(object);
	return STATUS_OK;
}

static int print_namespace_json(const struct view_counters *counters,
				const struct view_users *users)
{
	struct json_object *object = json_object_new_object();
	struct json_object *array = json_object_new_array();

	for (size_t i = 0; i < users->count; i++)
		json_object_array_add(array, json_view_user(&users->items[i]));
	json_object_object_add(object, "counters", json_view_counters(counters));
	json_object_object_add(object, "users", array);
	json_print(object);
	return STATUS_OK;
}

/* A port that ends between the two questions is a port that has ended. */
static int show_port(struct view *view, const struct target *target, bool is_json)
{
	struct view_waiters waiters;
	struct view_port port;
	int ret, status;

	ret = view_get_port(view, target->port, target->text, &port);
	if (!ret)
		ret = view_list_waiters(view, port.id, NULL, &waiters);
	if (ret)
		return view_fail(view, ret, "look at port %s", target->text);
	status = is_json ? print_port_json(&port, &waiters) : show_print_port(&port, &waiters);
	free(waiters.items);
	return status;
}

/* Is there nothing to show but who waits for a name? */
static bool is_awaited(struct view *view, const char *name, struct view_waiters *waiters)
{
	struct view_port port;

	if (view_get_port(view, 0, name, &port) != -ENOENT)
		return false;
	if (view_list_waiters(view, 0, name, waiters))
		return false;
	if (waiters->count)
		return true;
	free(waiters->items);
	return false;
}

static int show_target(struct view *view, const struct target *target, bool is_json)
{
	struct view_waiters waiters;
	int status;

	if (target->port || !is_awaited(view, target->text, &waiters))
		return show_port(view, target, is_json);
	status = is_json ? print_name_json(target->text, &waiters) :
			   show_print_name(target->text, &waiters);
	free(waiters.items);
	return status;
}

static int list_users(struct view *view, bool is_all, struct view_users *users)
{
	struct view_user *self;
	int ret;

	if (is_all)
		return view_list_users(view, users);
	self = calloc(1, sizeof(*self));
	if (!self)
		return -ENOMEM;
	ret = view_get_user(view, VIEW_UID_SELF, self);
	if (ret)
		free(self);
	*users = (struct view_users){ .items = ret ? NULL : self, .count = 1 };
	return ret;
}

static int show_namespace(struct view *view, const struct show_options *options)
{
	struct view_counters counters;
	struct view_users users;
	int ret, status;

	ret = view_get_counters(view, &counters);
	if (ret)
		return view_fail(view, ret, "read the counters");
	ret = list_users(view, options->is_all, &users);
	if (ret)
		return view_fail(view, ret, "read the limits");
	status = options->is_json ? print_namespace_json(&counters, &users) :
				    show_print_namespace(&counters, &users);
	free(users.items);
	return status;
}

static int parse_operands(char *operands[], const struct show_options *options,
			  struct target *target)
{
	if (!operands[0])
		return STATUS_OK;
	if (options->is_all)
		return fail_usage("--all is for the namespace, not for port %s", operands[0]);
	return target_parse_only(target, operands);
}

static int run(char *operands[], void *arg)
{
	const struct show_options *options = arg;
	struct target target = { 0 };
	struct view *view;
	int status;

	status = parse_operands(operands, options, &target);
	if (!status)
		status = view_open_or_fail(&view);
	if (status)
		return status;
	if (target.text)
		status = show_target(view, &target, options->is_json);
	else
		status = show_namespace(view, options);
	view_close(view);
	return status;
}

static const struct option table[] = {
	{ "all", no_argument, NULL, 'a' },
	{ "json", no_argument, NULL, 'j' },
	OPTION_HELP,
	{ 0 }
};

static struct show_options show_options;

const struct command show_command = {
	.name = "show",
	.summary = "Show all about a port, or counters and limits",
	.help = help,
	.table = table,
	.take = take,
	.run = run,
	.options = &show_options,
};
