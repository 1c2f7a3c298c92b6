// SPDX-License-Identifier: GPL-2.0
#include "view.h"
#include "array.h"

/* What a later module may say. */
static const char unknown[] = "unknown";

static const char *find_word(const char *const *words, size_t count, uint32_t value)
{
	return value < count && words[value] ? words[value] : unknown;
}

const char *view_kind_word(uint32_t kind)
{
	static const char *const words[] = {
		[IPCPORT_WAIT_SEND] = "send",
		[IPCPORT_WAIT_RECV] = "recv",
		[IPCPORT_WAIT_CALL_SPACE] = "call_space",
		[IPCPORT_WAIT_CALL_QUEUED] = "call_queued",
		[IPCPORT_WAIT_CALL_RECEIVED] = "call_received",
		[IPCPORT_WAIT_NAME] = "name",
	};

	return find_word(words, ARRAY_SIZE(words), kind);
}

const char *view_cause_word(uint32_t cause)
{
	static const char *const words[] = {
		[IPCPORT_PORT_CAUSE_DESTROY] = "destroy",
		[IPCPORT_PORT_CAUSE_EXIT] = "exit",
		[IPCPORT_PORT_CAUSE_CLOSE] = "close",
	};

	return find_word(words, ARRAY_SIZE(words), cause);
}

const char *view_outcome_word(uint32_t outcome)
{
	static const char *const words[] = {
		[IPCPORT_CALL_HOLDER_DIED] = "holder_died",
		[IPCPORT_CALL_TIMED_OUT] = "timed_out",
		[IPCPORT_CALL_CANCELLED] = "cancelled",
		[IPCPORT_CALL_CALLER_GONE] = "caller_gone",
	};

	return find_word(words, ARRAY_SIZE(words), outcome);
}

const char *view_event_word(uint32_t cmd)
{
	static const char *const words[] = {
		[IPCPORT_CMD_CREATED_NTF] = "created",
		[IPCPORT_CMD_DESTROYED_NTF] = "destroyed",
		[IPCPORT_CMD_BOUND_NTF] = "bound",
		[IPCPORT_CMD_UNBOUND_NTF] = "unbound",
		[IPCPORT_CMD_OWNER_DIED_NTF] = "owner_died",
		[IPCPORT_CMD_CALL_ABORTED_NTF] = "call_aborted",
		[IPCPORT_CMD_LIMIT_HIT_NTF] = "limit_hit",
	};

	return find_word(words, ARRAY_SIZE(words), cmd);
}
