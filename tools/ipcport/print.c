// SPDX-License-Identifier: GPL-2.0
#include "print.h"
#include "command.h"
#include "fail.h"
#include "json.h"
#include "stream.h"
#include "text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

/* Replies have no number, one-way messages no token. */
static void print_head(const struct ipcport_delivery *delivery)
{
	const struct ipcport_info *info = &delivery->info;

	if (info->seq)
		printf("#%" PRIu64 " ", (uint64_t)info->seq);
	printf("pid %u uid %u type %u", info->pid, info->uid, delivery->message.type);
	if (info->token)
		printf(" token %" PRIu64, (uint64_t)info->token);
	if (info->badge)
		printf(" badge %" PRIu64, (uint64_t)info->badge);
	if (info->cargo >= 0)
		printf(" cargo");
	if (info->flags & IPCPORT_INFO_F_ABORTED)
		printf(" aborted");
	if (info->flags & IPCPORT_INFO_F_NO_SENDERS)
		printf(" no-senders");
	printf(": ");
}

void print_delivery(const struct ipcport_delivery *delivery, bool is_verbose)
{
	if (is_verbose)
		print_head(delivery);
	text_print(stdout, delivery->message.payload, stream_length(&delivery->message));
	putchar('\n');
}

int print_port(uint64_t port, bool is_json)
{
	struct json_object *object;

	if (is_json) {
		object = json_object_new_object();
		json_u64(object, "port", port);
		json_u64(object, "owner_pid", (uint64_t)getpid());
		json_print(object);
	} else {
		printf("%" PRIu64 "\n", port);
	}
	if (fflush(stdout))
		return fail(errno, "print the number of port %" PRIu64, port);
	return STATUS_OK;
}
