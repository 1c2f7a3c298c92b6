// SPDX-License-Identifier: GPL-2.0
#include "top.h"
#include "command.h"
#include "fail.h"
#include "json.h"
#include "parse.h"
#include "view_json.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define NSEC_PER_SEC	1000000000ULL

static const char help[] =
	"Usage: ipcport top [OPTION...]\n"
	"\n"
	"Show the ports that you may see on the whole terminal, the busiest first, again and again.\n"
	"\n"
	"  -d, --delay SECONDS  time from one look to the next (2)\n"
	"  -n, --count N        end after N looks\n"
	"  -s, --sort KEY       sort by port, name, depth, waiters, calls or messages (messages)\n"
	"  -r, --reverse        sort the other way round\n"
	"  -j, --json           print JSON: after the delay, an array of the ports; one, or with\n"
	"                       --count as many as that\n"
	"  -h, --help           print this help\n"
	"\n"
	"DEPTH       messages in the port, and how many it can hold\n"
	"SEND, RECV  threads that wait for space, and for a message\n"
	"CALLS       calls that have not been answered yet\n"
	"MSGS/S, CALLS/S\n"
	"            messages and calls that got into the port, per second since the last look\n"
	"\n"
	"Keys: q ends it, r reverses the order, space looks again at once; the first letter of a\n"
	"sort key sorts by it. 'waiters' is the sum of SEND and RECV.\n"
	"\n"
	"Example:\n"
	"  ipcport top --delay 0.5 --sort waiters\n";

static int take_sort(struct top *top)
{
	for (size_t i = 0; i < RATES_KEYS; i++) {
		if (!strcmp(top_keys[i], optarg)) {
			top->key = (enum rates_key)i;
			return STATUS_OK;
		}
	}
	return fail_usage("'%s' is nothing to sort by", optarg);
}

static int take(int option, void *options)
{
	struct top *top = options;

	switch (option) {
	case 'd':
		if (!parse_seconds(optarg, &top->delay_ns) || !top->delay_ns)
			return fail_usage("'%s' is no time to wait", optarg);
		break;
	case 'n':
		if (!parse_number(optarg, 1, UINT64_MAX, &top->count))
			return fail_usage("'%s' is no number of looks", optarg);
		break;
	case 's':
		return take_sort(top);
	case 'r':
		top->is_reverse = true;
		break;
	default:
		top->is_json = true;
	}
	return STATUS_OK;
}

/* Look at the ports; what is there already is the look before. */
static int look(struct view *view, struct rates *rates)
{
	struct rates before = *rates, now = { .time_ns = ipcport_deadline_ns(0) };
	int ret;

	ret = view_list_ports(view, &now.ports);
	if (ret)
		return ret;
	ret = rates_measure(&now, before.items ? &before : NULL);
	if (ret) {
		rates_free(&now);
		return ret;
	}
	*rates = now;
	rates_free(&before);
	return 0;
}

static void add_rate(struct json_object *object, const char *key, double rate)
{
	struct json_object *value = json_object_new_double(rate);

	json_object_set_serializer(value, json_object_double_to_json_string, "%.3f", NULL);
	json_object_object_add(object, key, value);
}

static void print_json(const struct top *top, struct rates *rates)
{
	struct json_object *array = json_object_new_array(), *object;

	rates_sort(rates, top->key, top->is_reverse);
	for (size_t i = 0; i < rates->ports.count; i++) {
		object = json_view_port(rates->items[i].port);
		add_rate(object, "sent_per_second", rates->items[i].sent);
		add_rate(object, "received_per_second", rates->items[i].received);
		add_rate(object, "calls_per_second", rates->items[i].calls);
		json_object_array_add(array, object);
	}
	json_print(array);
	fflush(stdout);
}

static void wait_until(uint64_t until_ns)
{
	const struct timespec until = {
		.tv_sec = (time_t)(until_ns / NSEC_PER_SEC),
		.tv_nsec = (long)(until_ns % NSEC_PER_SEC),
	};

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
		;
}

static int show_json(const struct top *top, struct view *view, struct rates *rates)
{
	uint64_t left = top->count ? top->count : 1;
	int ret;

	ret = look(view, rates);
	while (!ret && left--) {
		wait_until(rates->time_ns + top->delay_ns);
		ret = look(view, rates);
		if (!ret)
			print_json(top, rates);
	}
	return ret;
}

static int show_screen(struct top *top, struct view *view, struct rates *rates)
{
	uint64_t shown = 0;
	int ret;

	do {
		ret = look(view, rates);
		if (ret)
			return ret;
		top_screen_draw(top, rates);
	} while (top_screen_wait(top, rates, rates->time_ns + top->delay_ns) &&
		 ++shown != top->count);
	return 0;
}

static int show(struct top *top, struct view *view)
{
	struct rates rates = { 0 };
	int ret, status;

	if (top->is_json) {
		ret = show_json(top, view, &rates);
	} else {
		status = top_screen_open();
		if (status)
			return status;
		ret = show_screen(top, view, &rates);
		top_screen_close();
	}
	rates_free(&rates);
	return ret ? view_fail(view, ret, "list the ports") : STATUS_OK;
}

static int run(char *operands[], void *top)
{
	struct view *view;
	int status;

	if (operands[0])
		return fail_usage("'%s' is one argument too many", operands[0]);
	status = view_open_or_fail(&view);
	if (status)
		return status;
	status = show(top, view);
	view_close(view);
	return status;
}

static const struct option table[] = {
	{ "delay", required_argument, NULL, 'd' },
	{ "count", required_argument, NULL, 'n' },
	{ "sort", required_argument, NULL, 's' },
	{ "reverse", no_argument, NULL, 'r' },
	{ "json", no_argument, NULL, 'j' },
	OPTION_HELP,
	{ 0 }
};

static struct top options = { .key = RATES_BY_MESSAGES, .delay_ns = 2 * NSEC_PER_SEC };

const struct command top_command = {
	.name = "top",
	.summary = "Show the busiest ports, live",
	.help = help,
	.table = table,
	.take = take,
	.run = run,
	.options = &options,
};
