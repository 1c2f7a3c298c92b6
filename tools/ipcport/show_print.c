// SPDX-License-Identifier: GPL-2.0
#include "show.h"
#include "age.h"
#include "array.h"
#include "command.h"
#include "table.h"
#include "text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const struct {
	uint32_t bit;
	const char *word;
} options[] = {
	{ IPCPORT_CREATE_F_OWNER_THREAD, "owner-thread" },
	{ IPCPORT_CREATE_F_NOTIFY_ABORT, "notify-abort" },
	{ IPCPORT_CREATE_F_NOTIFY_NO_SENDERS, "notify-no-senders" },
	{ IPCPORT_CREATE_F_CARGO, "cargo" },
};

static const struct column waiter_columns[] = {
	{ "KIND", false },
	{ "PID", true },
	{ "TID", true },
	{ "COMMAND", false },
	{ "UID", true },
	{ "SINCE", true },
	{ "TOKEN", true },
	{ "HOLDER", true },
	{ "COMMAND", false },
};

static const struct column limit_columns[] = {
	{ "UID", true },
	{ "LIMIT", false },
	{ "USED", true },
	{ "BOUND", true },
};

static void print_text(const char *text)
{
	text_print(stdout, (const uint8_t *)text, strlen(text));
}

static void print_names(const struct view_port *port)
{
	printf("port       %" PRIu64 "\n", port->id);
	if (*port->name) {
		printf("name       ");
		print_text(port->name);
		printf("\n");
	}
	printf("owner      pid %u", port->owner_pid);
	if (*port->owner_comm) {
		printf(" (");
		print_text(port->owner_comm);
		printf(")");
	}
	if (port->owner_tid)
		printf(", thread %u", port->owner_tid);
	printf(", uid %u, gid %u\n", port->uid, port->gid);
}

/* A later module may have more of them. */
static void print_options(uint32_t flags)
{
	const char *separator = "";

	if (!flags)
		return;
	printf("options    ");
	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		if (!(flags & options[i].bit))
			continue;
		printf("%s%s", separator, options[i].word);
		separator = ", ";
		flags &= ~options[i].bit;
	}
	if (flags)
		printf("%s%#x", separator, flags);
	printf("\n");
}

static void print_counters(const struct view_counters *counters)
{
	printf("messages   %" PRIu64 " sent, %" PRIu64 " received, %" PRIu64 " dropped\n",
	       counters->sent, counters->received, counters->dropped);
	printf("calls      %" PRIu64 " made, %" PRIu64 " answered\n",
	       counters->calls, counters->answered);
	printf("aborted    %" PRIu64 " port died, %" PRIu64 " holder died, %" PRIu64 " timed out, %"
	       PRIu64 " cancelled, %" PRIu64 " caller gone\n",
	       counters->port_died, counters->holder_died, counters->timed_out,
	       counters->cancelled, counters->caller_gone);
}

/* Not every waiter has a token and a holder. */
static void add_call(struct table *table, const struct view_waiter *waiter)
{
	if (waiter->token)
		table_cell(table, "%" PRIu64, waiter->token);
	else
		table_cell(table, "-");
	if (waiter->kind == IPCPORT_WAIT_CALL_RECEIVED)
		table_cell(table, "%u", waiter->holder_pid);
	else
		table_cell(table, "-");
	table_text(table, waiter->holder_comm);
}

static int print_waiters(const struct view_waiters *waiters)
{
	struct table table = {
		.columns = waiter_columns,
		.column_count = ARRAY_SIZE(waiter_columns),
	};
	char age[AGE_SIZE];

	for (size_t i = 0; i < waiters->count; i++) {
		const struct view_waiter *waiter = &waiters->items[i];

		table_cell(&table, "%s%s", view_kind_word(waiter->kind),
			   waiter->is_async ? " async" : "");
		table_cell(&table, "%u", waiter->pid);
		table_cell(&table, "%u", waiter->tid);
		table_text(&table, waiter->comm);
		table_cell(&table, "%u", waiter->uid);
		table_cell(&table, "%s", age_since(age, waiter->since));
		add_call(&table, waiter);
	}
	return table_print(&table);
}

int show_print_port(const struct view_port *port, const struct view_waiters *waiters)
{
	char age[AGE_SIZE];

	print_names(port);
	printf("mode       %04o\n", port->mode);
	print_options(port->flags);
	printf("age        %s\n", age_since(age, port->created));
	printf("queue      %u of %u messages\n", port->depth, port->capacity);
	printf("handles    %u to send, %u to receive\n", port->send_handles, port->recv_handles);
	print_counters(&port->counters);
	printf("waiting    %u in send, %u in recv, %u calls\n", port->senders, port->receivers,
	       port->calls);
	if (!waiters->count)
		return STATUS_OK;
	printf("\n");
	return print_waiters(waiters);
}

int show_print_name(const char *name, const struct view_waiters *waiters)
{
	printf("name       ");
	print_text(name);
	printf(", which no port has\n\n");
	return print_waiters(waiters);
}

int show_print_namespace(const struct view_counters *counters, const struct view_users *users)
{
	struct table table = {
		.columns = limit_columns,
		.column_count = ARRAY_SIZE(limit_columns),
	};

	print_counters(counters);
	printf("ports      %" PRIu64 " created, %" PRIu64 " destroyed, %" PRIu64
	       " exited, %" PRIu64 " closed\n\n",
	       counters->created, counters->destroyed, counters->exited, counters->closed);
	for (size_t i = 0; i < users->count; i++) {
		const struct view_user *user = &users->items[i];

		for (size_t j = 0; j < user->limit_count; j++) {
			table_cell(&table, "%u", user->uid);
			table_text(&table, user->limits[j].name);
			table_cell(&table, "%" PRIu64, user->limits[j].used);
			table_cell(&table, "%" PRIu64, user->limits[j].bound);
		}
	}
	return table_print(&table);
}
