// SPDX-License-Identifier: GPL-2.0
#include "command.h"
#include "demo.h"
#include "fail.h"
#include "json.h"

#include <ipcport.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define DEFAULT_FILE	"/usr/share/common-licenses/GPL-3"

#define NSEC_PER_USEC	1000

/**
 * struct end - how a wait ended
 * @time_ns: when, CLOCK_MONOTONIC
 * @error: negative errno value, or 0
 */
struct end {
	uint64_t time_ns;
	int error;
};

static const char help[] =
	"Usage: ipcport demo [OPTION...] [FILE]\n"
	"\n"
	"Show with real processes what ports promise: a file sent through a port arrives\n"
	"whole and in order; when the owner of a port is killed, everyone who waits on it\n"
	"gets an answer at once, and so does who called it and waits for the reply. FILE is\n"
	"what to send, '-' for stdin; without it, the text of a licence:\n"
	DEFAULT_FILE ".\n"
	"\n"
	"  -j, --json  print the results as JSON instead of the story\n"
	"  -h, --help  print this help\n"
	"\n"
	"Exit status: 0 if everything happened as promised, else 1.\n";

void demo_say(const struct demo *demo, const char *format, ...)
{
	va_list args;

	if (demo->result)
		return;
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
}

int demo_check(const struct demo *demo, bool is_kept, const char *claim)
{
	if (is_kept) {
		demo_say(demo, "   => %s", claim);
		return STATUS_OK;
	}
	return fail_because("promised, but not so: %s", claim);
}

int demo_report_end(int reports, int error)
{
	const struct end end = { .time_ns = ipcport_deadline_ns(0), .error = error };

	return child_report(reports, &end, sizeof(end)) ? STATUS_FAILED : STATUS_OK;
}

static void add_end(struct demo *demo, const char *who, const struct end *end, uint64_t took_ns)
{
	struct json_object *object;

	if (!demo->result)
		return;
	object = json_object_new_object();
	json_text(object, "error", fail_name(end->error));
	json_u64(object, "took_ns", took_ns);
	json_object_object_add(demo->result, who, object);
}

int demo_hear_end(struct demo *demo, struct child *child, const char *who, uint64_t killed_ns)
{
	uint64_t took_ns;
	struct end end;

	if (!child_listen(child, &end, sizeof(end)) || !child_wait(child))
		return demo_check(demo, false, "who waits on a port gets an answer");
	took_ns = end.time_ns - killed_ns;
	add_end(demo, who, &end, took_ns);
	demo_say(demo, "   The %s got %s after %" PRIu64 " us: %s.", who, fail_name(end.error),
		 took_ns / NSEC_PER_USEC, fail_words(end.error));
	if (end.error != -EPIPE)
		return demo_check(demo, false, "who waits gets EPIPE when the owner dies");
	return STATUS_OK;
}

static int open_input(struct demo *demo)
{
	if (!strcmp(demo->path, "-")) {
		demo->input = STDIN_FILENO;
		demo->path = "stdin";
		return STATUS_OK;
	}
	demo->input = open(demo->path, O_RDONLY | O_CLOEXEC);
	if (demo->input >= 0)
		return STATUS_OK;
	return fail_because("cannot open %s: %s (%s); name a text FILE to send", demo->path,
			    strerror(errno), fail_name(errno));
}

static int show(struct demo *demo)
{
	int status;

	status = demo_transfer(demo);
	if (!status)
		status = demo_death(demo);
	if (!status)
		status = demo_unanswered(demo);
	if (!status)
		demo_say(demo, "Everything happened as promised.");
	return status;
}

static int open_and_show(const char *path, bool is_json)
{
	struct demo demo = { .path = path };
	int status;

	status = open_or_fail(&demo.fd);
	if (!status)
		status = open_input(&demo);
	if (status)
		return status;
	/* The story appears as it happens, through a pipe as well. */
	setvbuf(stdout, NULL, _IOLBF, 0);
	demo.result = is_json ? json_object_new_object() : NULL;
	status = show(&demo);
	if (is_json)
		json_print(demo.result);
	return status;
}

static int run(char *operands[], void *is_json)
{
	if (operands[0] && operands[1])
		return fail_usage("'%s' is one argument too many", operands[1]);
	return open_and_show(operands[0] ? operands[0] : DEFAULT_FILE, *(bool *)is_json);
}

static bool is_json;

const struct command demo_command = {
	.name = "demo",
	.summary = "Show what ports promise, with real processes",
	.help = help,
	.table = command_json_table,
	.take = command_take_json,
	.run = run,
	.options = &is_json,
};
