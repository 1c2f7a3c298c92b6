// SPDX-License-Identifier: GPL-2.0
#include "json.h"
#include "stream.h"
#include "text.h"

#include <stdio.h>
#include <string.h>

void json_u64(struct json_object *object, const char *key, uint64_t value)
{
	json_object_object_add(object, key, json_object_new_uint64(value));
}

void json_text(struct json_object *object, const char *key, const char *value)
{
	json_object_object_add(object, key, json_object_new_string(value));
}

void json_mode(struct json_object *object, const char *key, uint32_t mode)
{
	char text[16];

	snprintf(text, sizeof(text), "%04o", mode);
	json_text(object, key, text);
}

static void add_flag(struct json_object *object, const char *key, uint32_t is_set)
{
	json_object_object_add(object, key, json_object_new_boolean(is_set != 0));
}

static void add_payload(struct json_object *object, const struct ipcport_message *message)
{
	char hex[2 * IPCPORT_PAYLOAD_SIZE + 1];
	size_t length = stream_length(message);

	for (size_t i = 0; i < IPCPORT_PAYLOAD_SIZE; i++)
		snprintf(hex + 2 * i, 3, "%02x", message->payload[i]);
	json_text(object, "payload", hex);
	if (!text_is_utf8(message->payload, length))
		return;
	json_object_object_add(object, "text",
			       json_object_new_string_len((const char *)message->payload,
							  (int)length));
}

struct json_object *json_delivery(const struct ipcport_delivery *delivery)
{
	const struct ipcport_info *info = &delivery->info;
	struct json_object *object = json_object_new_object();

	json_u64(object, "seq", info->seq);
	json_u64(object, "token", info->token);
	add_flag(object, "aborted", info->flags & IPCPORT_INFO_F_ABORTED);
	add_flag(object, "no_senders", info->flags & IPCPORT_INFO_F_NO_SENDERS);
	json_u64(object, "time_ns", info->time_ns);
	json_u64(object, "pid", info->pid);
	json_u64(object, "tid", info->tid);
	json_u64(object, "uid", info->uid);
	json_u64(object, "gid", info->gid);
	json_u64(object, "type", delivery->message.type);
	json_u64(object, "flags", delivery->message.flags);
	json_u64(object, "badge", info->badge);
	add_flag(object, "cargo", info->cargo >= 0);
	add_payload(object, &delivery->message);
	return object;
}

static void add_name(struct json_object *object, const uint8_t *name)
{
	size_t length = strnlen((const char *)name, IPCPORT_NAME_SIZE);

	if (!length)
		json_object_object_add(object, "name", NULL);
	else if (text_is_utf8(name, length))
		json_text(object, "name", (const char *)name);
}

struct json_object *json_stat(const struct ipcport_stat *stat)
{
	struct json_object *object = json_object_new_object();

	json_u64(object, "port", stat->out_port);
	add_name(object, stat->out_name);
	add_flag(object, "readable", stat->out_state & IPCPORT_STATE_READABLE);
	add_flag(object, "writable", stat->out_state & IPCPORT_STATE_WRITABLE);
	add_flag(object, "dead", stat->out_state & IPCPORT_STATE_DEAD);
	json_u64(object, "owner_pid", stat->out_owner_pid);
	json_u64(object, "owner_tid", stat->out_owner_tid);
	json_u64(object, "uid", stat->out_uid);
	json_u64(object, "gid", stat->out_gid);
	json_mode(object, "mode", stat->out_mode);
	json_u64(object, "capacity", stat->out_capacity);
	json_u64(object, "depth", stat->out_depth);
	json_u64(object, "senders", stat->out_senders);
	json_u64(object, "receivers", stat->out_receivers);
	json_u64(object, "send_handles", stat->out_send_handles);
	json_u64(object, "recv_handles", stat->out_recv_handles);
	json_u64(object, "sent", stat->out_sent);
	json_u64(object, "received", stat->out_received);
	json_u64(object, "calls", stat->out_calls);
	json_u64(object, "created_ns", stat->out_created_ns);
	return object;
}

void json_print(struct json_object *object)
{
	puts(json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN |
						    JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(object);
}
