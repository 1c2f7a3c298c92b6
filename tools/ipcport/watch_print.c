// SPDX-License-Identifier: GPL-2.0
#include "watch.h"
#include "json.h"
#include "text.h"
#include "view_json.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* Events do not say when they happened, which was a moment ago. */
static void print_time(const char *word)
{
	struct timespec now;
	struct tm day;
	char text[16];

	clock_gettime(CLOCK_REALTIME, &now);
	localtime_r(&now.tv_sec, &day);
	strftime(text, sizeof(text), "%H:%M:%S", &day);
	printf("%s.%06ld %-12s ", text, now.tv_nsec / 1000, word);
}

static void print_json(struct json_object *object)
{
	char seconds[32], text[64];
	struct timespec now;
	struct tm day;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &day);
	strftime(seconds, sizeof(seconds), "%Y-%m-%dT%H:%M:%S", &day);
	snprintf(text, sizeof(text), "%s.%06ldZ", seconds, now.tv_nsec / 1000);
	json_text(object, "time", text);
	json_print(object);
}

static struct json_object *json_line(const char *word)
{
	struct json_object *object = json_object_new_object();

	json_text(object, "event", word);
	return object;
}

static void print_name(const char *name)
{
	if (!*name)
		return;
	putchar(' ');
	text_print(stdout, (const uint8_t *)name, strlen(name));
}

static void print_whose(uint32_t pid, uint32_t uid)
{
	printf(" of pid %u, uid %u", pid, uid);
}

/* What all of these have. */
static void print_generation(uint64_t generation)
{
	printf(", generation %" PRIu64 "\n", generation);
}

static void print_change(const struct view_event *event)
{
	printf("port %" PRIu64, event->port);
	print_name(event->name);
	if (event->has_uid)
		print_whose(event->owner_pid, event->uid);
	if (event->has_cause)
		printf(": %s", view_cause_word(event->cause));
	print_generation(event->generation);
}

static void print_owner_died(const struct view_event *event)
{
	printf("port %" PRIu64, event->port);
	print_whose(event->owner_pid, event->uid);
	printf(": callers with EPIPE: %u\n", event->callers);
}

static void print_aborted(const struct view_event *event)
{
	printf("port %" PRIu64 ", call %" PRIu64 " of pid %u, thread %u: %s\n", event->port,
	       event->token, event->caller_pid, event->caller_tid,
	       view_outcome_word(event->outcome));
}

static void print_limit(const struct view_event *event)
{
	printf("uid %u:", event->uid);
	print_name(event->limit_name);
	printf(" %" PRIu64 "\n", event->limit_bound);
}

void watch_print_event(const struct view_event *event, bool is_json)
{
	if (is_json) {
		print_json(json_view_event(event));
		return;
	}
	print_time(view_event_word(event->cmd));
	switch (event->cmd) {
	case IPCPORT_CMD_OWNER_DIED_NTF:
		print_owner_died(event);
		break;
	case IPCPORT_CMD_CALL_ABORTED_NTF:
		print_aborted(event);
		break;
	case IPCPORT_CMD_LIMIT_HIT_NTF:
		print_limit(event);
		break;
	default:
		print_change(event);
	}
}

void watch_print_port(const struct view_port *port, bool is_json)
{
	struct json_object *object;

	if (is_json) {
		object = json_view_port(port);
		json_text(object, "event", "port");
		print_json(object);
		return;
	}
	print_time("port");
	printf("port %" PRIu64, port->id);
	print_name(port->name);
	print_whose(port->owner_pid, port->uid);
	print_generation(port->generation);
}

void watch_print_synced(size_t count, bool is_json)
{
	struct json_object *object;

	if (is_json) {
		object = json_line("synced");
		json_u64(object, "ports", count);
		print_json(object);
		return;
	}
	print_time("synced");
	printf("%zu ports\n", count);
}

void watch_print_lost(bool is_json)
{
	if (is_json) {
		print_json(json_line("lost"));
		return;
	}
	print_time("lost");
	printf("events; the ports that there are now:\n");
}
