// SPDX-License-Identifier: GPL-2.0
#include "command.h"
#include "fail.h"
#include "json.h"
#include "parse.h"
#include "view.h"
#include "view_json.h"
#include "watch.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static const char help[] =
	"Usage: ipcport watch [OPTION...]\n"
	"\n"
	"Print what becomes of the ports of this network namespace, a line for each event, until\n"
	"interrupted. You hear of the ports that you may see. Before Linux 6.8 this needs\n"
	"CAP_NET_ADMIN, like root. Lines come soon after the events, and bear the time at which\n"
	"they are printed.\n"
	"\n"
	"  -c, --count N  end after N events; lines of --ports and 'synced' do not count\n"
	"  -p, --ports    begin with the ports that there are, and 'synced' behind them\n"
	"  -j, --json     print JSON, an object on each line\n"
	"  -h, --help     print this help\n"
	"\n"
	"  created, destroyed   a port came, or went; by 'destroy', by its owner's 'exit', or by the\n"
	"                       'close' of its device file\n"
	"  bound, unbound       a port was given a name, or lost it\n"
	"  owner_died           all who waited in a port know that its owner has exited\n"
	"  call_aborted         a call ended without an answer: holder_died, timed_out, cancelled\n"
	"                       or caller_gone\n"
	"  limit_hit            a user was refused something by a limit; told once a second at most\n"
	"                       for each user and limit\n"
	"  lost                 events came too fast, and some are missing; the ports that there\n"
	"                       are now follow, and 'synced'\n"
	"\n"
	"Each change among ports and names has a number, 'generation'. Events above the generation\n"
	"of the ports that were printed happened after that. Pids and thread ids in events are\n"
	"those of the pid namespace in which the process lives.\n"
	"\n"
	"Example:\n"
	"  ipcport watch --ports\n";

/**
 * struct watch_options - options of watch
 * @is_json: print JSON
 * @has_ports: begin with the ports
 * @count: events to print, 0 for all that come
 */
struct watch_options {
	bool is_json;
	bool has_ports;
	uint64_t count;
};

static int take(int option, void *options)
{
	struct watch_options *watch = options;

	switch (option) {
	case 'c':
		if (!parse_number(optarg, 1, UINT64_MAX, &watch->count))
			return fail_usage("'%s' is not a number of events", optarg);
		break;
	case 'p':
		watch->has_ports = true;
		break;
	default:
		watch->is_json = true;
	}
	return STATUS_OK;
}

/* Whoever reads the lines shall have them while they are hot. */
static int flush(void)
{
	return fflush(stdout) ? fail(errno, "print an event") : STATUS_OK;
}

static int print_ports(struct view *view, bool is_json)
{
	struct view_ports ports;
	int ret;

	ret = view_list_ports(view, &ports);
	if (ret)
		return view_fail(view, ret, "list the ports");
	for (size_t i = 0; i < ports.count; i++)
		watch_print_port(&ports.items[i], is_json);
	watch_print_synced(ports.count, is_json);
	free(ports.items);
	return flush();
}

static int print_event(struct view *view, const struct watch_options *options, uint64_t *count)
{
	struct view_event event;
	int ret;

	ret = view_next_event(view, &event);
	if (ret == -ENOBUFS) {
		watch_print_lost(options->is_json);
		return print_ports(view, options->is_json);
	}
	if (ret == -EINTR)
		return STATUS_OK;
	if (ret == -ENODEV) {
		fail_because("the module was removed");
		return STATUS_USAGE;
	}
	if (ret)
		return fail(ret, "wait for an event");
	watch_print_event(&event, options->is_json);
	(*count)++;
	return flush();
}

static int subscribe(struct view *view)
{
	int ret = view_subscribe(view);

	if (ret == -EPERM)
		return fail_because("watch ports: before Linux 6.8 this needs CAP_NET_ADMIN (%s)",
				    fail_name(ret));
	return ret ? fail(ret, "watch ports") : STATUS_OK;
}

static int watch(struct view *view, const struct watch_options *options)
{
	uint64_t count = 0;
	int status;

	status = subscribe(view);
	if (!status && options->has_ports)
		status = print_ports(view, options->is_json);
	while (!status && (!options->count || count < options->count))
		status = print_event(view, options, &count);
	return status;
}

static int run(char *operands[], void *options)
{
	struct view *view;
	int status;

	if (operands[0])
		return fail_usage("'%s' is one argument too many", operands[0]);
	status = view_open_or_fail(&view);
	if (status)
		return status;
	status = watch(view, options);
	view_close(view);
	return status;
}

static const struct option table[] = {
	{ "count", required_argument, NULL, 'c' },
	{ "ports", no_argument, NULL, 'p' },
	{ "json", no_argument, NULL, 'j' },
	OPTION_HELP,
	{ 0 }
};

static struct watch_options watch_options;

const struct command watch_command = {
	.name = "watch",
	.summary = "Print what becomes of the ports",
	.help = help,
	.table = table,
	.take = take,
	.run = run,
	.options = &watch_options,
};
