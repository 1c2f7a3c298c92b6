/* SPDX-License-Identifier: GPL-2.0 */
/**
 * DOC: Tracepoints
 *
 * One per change of state, with numbers rather than pointers, so that a trace can
 * be read without the program that made it. Enable with "ipcport:*".
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM ipcport

#if !defined(IPCPORT_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define IPCPORT_TRACE_H

#include <linux/tracepoint.h>
#include <linux/types.h>

TRACE_EVENT(ipcport_create,
	TP_PROTO(u64 port, u32 capacity, u32 mode),
	TP_ARGS(port, capacity, mode),
	TP_STRUCT__entry(
		__field(u64, port)
		__field(u32, capacity)
		__field(u32, mode)
	),
	TP_fast_assign(
		__entry->port = port;
		__entry->capacity = capacity;
		__entry->mode = mode;
	),
	TP_printk("port=%llu capacity=%u mode=%#o",
		  __entry->port, __entry->capacity, __entry->mode)
);

TRACE_EVENT(ipcport_close,
	TP_PROTO(u64 port, int cause, u32 depth, u32 waiters),
	TP_ARGS(port, cause, depth, waiters),
	TP_STRUCT__entry(
		__field(u64, port)
		__field(int, cause)
		__field(u32, depth)
		__field(u32, waiters)
	),
	TP_fast_assign(
		__entry->port = port;
		__entry->cause = cause;
		__entry->depth = depth;
		__entry->waiters = waiters;
	),
	TP_printk("port=%llu cause=%s depth=%u waiters=%u", __entry->port,
		  __print_symbolic(__entry->cause,
				   { 0, "destroy" }, { 1, "exit" }, { 2, "close" }),
		  __entry->depth, __entry->waiters)
);

DECLARE_EVENT_CLASS(ipcport_name,
	TP_PROTO(u64 port, const char *name),
	TP_ARGS(port, name),
	TP_STRUCT__entry(
		__field(u64, port)
		__array(char, name, 64)
	),
	TP_fast_assign(
		__entry->port = port;
		strscpy(__entry->name, name, sizeof(__entry->name));
	),
	TP_printk("port=%llu name=%s", __entry->port, __entry->name)
);

DEFINE_EVENT(ipcport_name, ipcport_bind,
	TP_PROTO(u64 port, const char *name),
	TP_ARGS(port, name)
);

DEFINE_EVENT(ipcport_name, ipcport_unbind,
	TP_PROTO(u64 port, const char *name),
	TP_ARGS(port, name)
);

DECLARE_EVENT_CLASS(ipcport_message,
	TP_PROTO(u64 port, u64 seq, u32 depth),
	TP_ARGS(port, seq, depth),
	TP_STRUCT__entry(
		__field(u64, port)
		__field(u64, seq)
		__field(u32, depth)
	),
	TP_fast_assign(
		__entry->port = port;
		__entry->seq = seq;
		__entry->depth = depth;
	),
	TP_printk("port=%llu seq=%llu depth=%u", __entry->port, __entry->seq, __entry->depth)
);

/* A message was taken in; it may go to a receiver that waits in the same moment. */
DEFINE_EVENT(ipcport_message, ipcport_push,
	TP_PROTO(u64 port, u64 seq, u32 depth),
	TP_ARGS(port, seq, depth)
);

/* A message was taken out for a receiver. */
DEFINE_EVENT(ipcport_message, ipcport_pop,
	TP_PROTO(u64 port, u64 seq, u32 depth),
	TP_ARGS(port, seq, depth)
);

DECLARE_EVENT_CLASS(ipcport_number,
	TP_PROTO(u64 port, u32 nr),
	TP_ARGS(port, nr),
	TP_STRUCT__entry(
		__field(u64, port)
		__field(u32, nr)
	),
	TP_fast_assign(
		__entry->port = port;
		__entry->nr = nr;
	),
	TP_printk("port=%llu nr=%u", __entry->port, __entry->nr)
);

/* So many messages were put back: their receiver faulted, or was killed. */
DEFINE_EVENT(ipcport_number, ipcport_unpop,
	TP_PROTO(u64 port, u32 nr),
	TP_ARGS(port, nr)
);

/* The current thread waits, with so many messages to send, or 0 to receive. */
DEFINE_EVENT(ipcport_number, ipcport_block,
	TP_PROTO(u64 port, u32 nr),
	TP_ARGS(port, nr)
);

/* The current thread was served (0), or stopped waiting for another reason. */
TRACE_EVENT(ipcport_unblock,
	TP_PROTO(u64 port, int ret),
	TP_ARGS(port, ret),
	TP_STRUCT__entry(
		__field(u64, port)
		__field(int, ret)
	),
	TP_fast_assign(
		__entry->port = port;
		__entry->ret = ret;
	),
	TP_printk("port=%llu ret=%d", __entry->port, __entry->ret)
);

/* A call was made; it is open from its push on. */
TRACE_EVENT(ipcport_call,
	TP_PROTO(u64 port, u64 token),
	TP_ARGS(port, token),
	TP_STRUCT__entry(
		__field(u64, port)
		__field(u64, token)
	),
	TP_fast_assign(
		__entry->port = port;
		__entry->token = token;
	),
	TP_printk("port=%llu token=%llu", __entry->port, __entry->token)
);

DECLARE_EVENT_CLASS(ipcport_outcome,
	TP_PROTO(u64 port, u64 token, int result),
	TP_ARGS(port, token, result),
	TP_STRUCT__entry(
		__field(u64, port)
		__field(u64, token)
		__field(int, result)
	),
	TP_fast_assign(
		__entry->port = port;
		__entry->token = token;
		__entry->result = result;
	),
	TP_printk("port=%llu token=%llu result=%d",
		  __entry->port, __entry->token, __entry->result)
);

/* A call was answered, with the server's status. */
DEFINE_EVENT(ipcport_outcome, ipcport_reply,
	TP_PROTO(u64 port, u64 token, int result),
	TP_ARGS(port, token, result)
);

/* A call ended, with an answer (0) or with the error that its caller gets. */
DEFINE_EVENT(ipcport_outcome, ipcport_call_end,
	TP_PROTO(u64 port, u64 token, int result),
	TP_ARGS(port, token, result)
);

/* A user was refused a port or a call. */
TRACE_EVENT(ipcport_limit,
	TP_PROTO(u32 uid, int limit, u32 max),
	TP_ARGS(uid, limit, max),
	TP_STRUCT__entry(
		__field(u32, uid)
		__field(int, limit)
		__field(u32, max)
	),
	TP_fast_assign(
		__entry->uid = uid;
		__entry->limit = limit;
		__entry->max = max;
	),
	TP_printk("uid=%u %s=%u", __entry->uid,
		  __print_symbolic(__entry->limit, { 0, "max_ports" }, { 1, "max_messages" },
				   { 2, "max_calls" }, { 3, "max_cargo" },
				   { 4, "max_process_calls" }),
		  __entry->max)
);

#endif /* IPCPORT_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
