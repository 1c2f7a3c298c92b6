/* SPDX-License-Identifier: (GPL-2.0 WITH Linux-syscall-note) OR MIT */
/*
 * ipcport over generic netlink: see which ports there are, and who waits for whom
 *
 * The family "ipcport", version 1, shows the ports of the network namespace in which
 * the socket was opened, and tells listeners what becomes of them. It changes nothing,
 * and it never shows what is in a message. docs/ipcport.yaml describes the same in
 * the form that YNL reads.
 *
 * Requests and their answers
 *
 * IPCPORT_CMD_PORT_GET		one port, by ID or by NAME (one of the two); or, with
 *				NLM_F_DUMP and no attribute, all. Each answer has the
 *				attributes IPCPORT_A_PORT_*.
 * IPCPORT_CMD_WAITER_GET	with NLM_F_DUMP: all who wait, in ports by their numbers,
 *				then for names; with the attribute PORT those of one port,
 *				with NAME those who wait for one name.
 *				Each answer has the attributes IPCPORT_A_WAITER_*.
 * IPCPORT_CMD_USER_GET		what a user holds, and may hold: the user UID, or whoever
 *				opened the socket; with NLM_F_DUMP and no attribute, all.
 *				Each answer has the attributes IPCPORT_A_USER_*.
 * IPCPORT_CMD_COUNTERS_GET	what happened in this namespace so far, in attributes
 *				IPCPORT_A_COUNTERS_*. Takes no attribute.
 *
 * Answers carry the command of their request. An attribute that does not apply is left
 * out: NAME of a port that has none, OWNER_TID of one that a process owns. An attribute
 * that is not known, or not listed for the request, is refused (EINVAL), as is a value
 * of the wrong size; the extended ack says which.
 *
 * EINVAL	see there; also more or less than one of the attributes of which one is due
 * ENOENT	no such port, or a user that does not exist; or not for the asker to see. Who
 *		holds nothing is a user all the same, and nobody waits in a port that is
 *		not there: that dump is empty.
 * EOPNOTSUPP	no such command, or it has no dump, or nothing but that
 * EBUSY	a dump is under way on this socket
 * ENOMEM	no memory; a dump may say ENOBUFS
 *
 * Dumps
 *
 * Ports come in the order of their numbers, each at most once, and a port that lives
 * from the beginning of the dump to its end is there. If ports came or went, or names
 * changed, meanwhile, messages have NLM_F_DUMP_INTR: what was shown is then not the
 * state of one moment. GENERATION counts those changes: it is what it was when the dump
 * began. What came after the beginning is not shown. A call is in a dump of waiters if
 * it waits from the beginning to the end, and so is a thread in a port, or for a name
 * that nobody is given meanwhile. One that goes on to wait for something else meanwhile
 * may be there twice. A dump of users is never marked.
 *
 * Events
 *
 * They go to the multicast group "ports", soon after they happened, by a thread of the
 * kernel: nobody who waits in a port ever waits for those who listen. Their commands end
 * in _NTF and have the attributes IPCPORT_A_EVENT_*. On kernels before 6.8 only
 * CAP_NET_ADMIN may join the group; from then on everyone may, and hears of what they
 * may see. A socket has to be bound before it joins.
 *
 * CREATED, DESTROYED, BOUND and UNBOUND bring the GENERATION that they made: a listener
 * that joined the group before it began a dump, and applies to it those above the dump's
 * GENERATION, misses nothing. Events that different threads cause at the same time may
 * come in the wrong order; the one with the higher GENERATION is the later one. A port
 * that ends loses its name, without UNBOUND.
 *
 * A listener that does not read fast enough gets ENOBUFS from its socket, and nothing new
 * until it has read all that was left there; then it has to dump again. The same ENOBUFS
 * tells that the kernel had no memory, or too many events to send. LIMIT_HIT comes at
 * most once a second for each user and limit.
 *
 * Who may see what
 *
 * A port, and who waits in it, is shown to those with the port's uid, to those whom its
 * mode allows anything as group or others, and to those with CAP_IPC_OWNER in the user
 * namespace that owns the network namespace. Users see their own waiting threads and
 * their own record wherever they are; only CAP_IPC_OWNER sees those of others, as far as
 * they have a uid in that user namespace. It is the one who opened the socket who is
 * judged. Counters are for everyone.
 *
 * Process and thread ids are those of the reader's pid namespace, 0 where it has none
 * for them; those in events, which many read, are those of the pid namespace in which
 * the process lives. User and group ids are those of the reader's user namespace; in
 * events, of the one that owns the network namespace. Times are CLOCK_MONOTONIC in
 * nanoseconds, as the reader's time namespace shows it. Integers are in the byte order
 * of the machine.
 */
#ifndef _UAPI_LINUX_IPCPORT_NETLINK_H
#define _UAPI_LINUX_IPCPORT_NETLINK_H

#define IPCPORT_GENL_NAME		"ipcport"
#define IPCPORT_GENL_VERSION		1
#define IPCPORT_GENL_GROUP_PORTS	"ports"

/**
 * enum ipcport_cmd - what a message is
 * @IPCPORT_CMD_UNSPEC: nothing; refused
 * @IPCPORT_CMD_PORT_GET: show a port, or all
 * @IPCPORT_CMD_WAITER_GET: show who waits; dump only
 * @IPCPORT_CMD_USER_GET: show limits and their use
 * @IPCPORT_CMD_COUNTERS_GET: show what happened so far
 * @IPCPORT_CMD_CREATED_NTF: a port was created: PORT, GENERATION, OWNER_PID, UID
 * @IPCPORT_CMD_DESTROYED_NTF: a port ended: PORT, GENERATION, OWNER_PID, UID, CAUSE, and
 *	the NAME that it lost
 * @IPCPORT_CMD_BOUND_NTF: a port was given a name: PORT, GENERATION, NAME
 * @IPCPORT_CMD_UNBOUND_NTF: its name was taken away: PORT, GENERATION, NAME
 * @IPCPORT_CMD_OWNER_DIED_NTF: everyone who waited in a port has been answered, since its
 *	owner exited: PORT, OWNER_PID, UID; CALLERS, who got EPIPE for their open calls. Comes
 *	after DESTROYED, if its cause is EXIT.
 * @IPCPORT_CMD_CALL_ABORTED_NTF: a call ended without an answer in a port that goes on:
 *	PORT, TOKEN, CALLER_PID, CALLER_TID, OUTCOME
 * @IPCPORT_CMD_LIMIT_HIT_NTF: a user was refused something by a limit: UID, LIMIT_NAME,
 *	LIMIT_BOUND
 * @__IPCPORT_CMD_LAST: not a command
 * @IPCPORT_CMD_MAX: the highest command
 */
enum ipcport_cmd {
	IPCPORT_CMD_UNSPEC		= 0,
	IPCPORT_CMD_PORT_GET		= 1,
	IPCPORT_CMD_WAITER_GET		= 2,
	IPCPORT_CMD_USER_GET		= 3,
	IPCPORT_CMD_COUNTERS_GET	= 4,
	IPCPORT_CMD_CREATED_NTF		= 5,
	IPCPORT_CMD_DESTROYED_NTF	= 6,
	IPCPORT_CMD_BOUND_NTF		= 7,
	IPCPORT_CMD_UNBOUND_NTF		= 8,
	IPCPORT_CMD_OWNER_DIED_NTF	= 9,
	IPCPORT_CMD_CALL_ABORTED_NTF	= 10,
	IPCPORT_CMD_LIMIT_HIT_NTF	= 11,
	__IPCPORT_CMD_LAST,
	IPCPORT_CMD_MAX			= __IPCPORT_CMD_LAST - 1
};

/**
 * enum ipcport_attr_port - a port
 * @IPCPORT_A_PORT_UNSPEC: not used
 * @IPCPORT_A_PORT_PAD: padding before 64-bit values; to be ignored
 * @IPCPORT_A_PORT_ID: u64, its number
 * @IPCPORT_A_PORT_NAME: string, its name
 * @IPCPORT_A_PORT_OWNER_PID: u32, process id of its owner
 * @IPCPORT_A_PORT_OWNER_TID: u32, thread id of its owner, if one thread owns it
 * @IPCPORT_A_PORT_OWNER_COMM: string, what the owner process is called; left out if that is
 *	not visible
 * @IPCPORT_A_PORT_UID: u32, user it belongs to
 * @IPCPORT_A_PORT_GID: u32, group it belongs to
 * @IPCPORT_A_PORT_MODE: u32, permission bits
 * @IPCPORT_A_PORT_FLAGS: u32, IPCPORT_CREATE_F_* of its creation
 * @IPCPORT_A_PORT_CAPACITY: u32, messages it can hold
 * @IPCPORT_A_PORT_DEPTH: u32, messages in it
 * @IPCPORT_A_PORT_SENDERS: u32, threads that wait for space
 * @IPCPORT_A_PORT_RECEIVERS: u32, threads that wait for a message
 * @IPCPORT_A_PORT_CALLS: u32, open calls, whether queued or received
 * @IPCPORT_A_PORT_SEND_HANDLES: u32, handles to send with
 * @IPCPORT_A_PORT_RECV_HANDLES: u32, handles to receive with
 * @IPCPORT_A_PORT_CREATED: u64, when it was created
 * @IPCPORT_A_PORT_COUNTERS: nest of IPCPORT_A_COUNTERS_SENT to _CALLER_GONE, for this port
 * @IPCPORT_A_PORT_GENERATION: u64, changes among ports and names until the answer or the
 *	dump began
 * @__IPCPORT_A_PORT_LAST: not an attribute
 * @IPCPORT_A_PORT_MAX: the highest attribute
 */
enum ipcport_attr_port {
	IPCPORT_A_PORT_UNSPEC		= 0,
	IPCPORT_A_PORT_PAD		= 1,
	IPCPORT_A_PORT_ID		= 2,
	IPCPORT_A_PORT_NAME		= 3,
	IPCPORT_A_PORT_OWNER_PID	= 4,
	IPCPORT_A_PORT_OWNER_TID	= 5,
	IPCPORT_A_PORT_OWNER_COMM	= 6,
	IPCPORT_A_PORT_UID		= 7,
	IPCPORT_A_PORT_GID		= 8,
	IPCPORT_A_PORT_MODE		= 9,
	IPCPORT_A_PORT_FLAGS		= 10,
	IPCPORT_A_PORT_CAPACITY		= 11,
	IPCPORT_A_PORT_DEPTH		= 12,
	IPCPORT_A_PORT_SENDERS		= 13,
	IPCPORT_A_PORT_RECEIVERS	= 14,
	IPCPORT_A_PORT_CALLS		= 15,
	IPCPORT_A_PORT_SEND_HANDLES	= 16,
	IPCPORT_A_PORT_RECV_HANDLES	= 17,
	IPCPORT_A_PORT_CREATED		= 18,
	IPCPORT_A_PORT_COUNTERS		= 19,
	IPCPORT_A_PORT_GENERATION	= 20,
	__IPCPORT_A_PORT_LAST,
	IPCPORT_A_PORT_MAX		= __IPCPORT_A_PORT_LAST - 1
};

/**
 * enum ipcport_wait_kind - what a waiter does
 * @IPCPORT_WAIT_SEND: waits for space, to send
 * @IPCPORT_WAIT_RECV: waits for a message
 * @IPCPORT_WAIT_CALL_SPACE: waits for space, to call
 * @IPCPORT_WAIT_CALL_QUEUED: has called; nobody has received the call
 * @IPCPORT_WAIT_CALL_RECEIVED: has called; HOLDER has received the call and not answered
 * @IPCPORT_WAIT_NAME: waits for a name to be given to a port
 */
enum ipcport_wait_kind {
	IPCPORT_WAIT_SEND		= 0,
	IPCPORT_WAIT_RECV		= 1,
	IPCPORT_WAIT_CALL_SPACE		= 2,
	IPCPORT_WAIT_CALL_QUEUED	= 3,
	IPCPORT_WAIT_CALL_RECEIVED	= 4,
	IPCPORT_WAIT_NAME		= 5
};

/**
 * enum ipcport_attr_waiter - a thread that waits, or a call that nobody sleeps for
 * @IPCPORT_A_WAITER_UNSPEC: not used
 * @IPCPORT_A_WAITER_PAD: padding before 64-bit values; to be ignored
 * @IPCPORT_A_WAITER_KIND: u32, enum ipcport_wait_kind
 * @IPCPORT_A_WAITER_PID: u32, process that waits; of a call, that has called
 * @IPCPORT_A_WAITER_TID: u32, thread that waits; of a call, that has called
 * @IPCPORT_A_WAITER_COMM: string, what the thread is called; left out if it is not visible
 * @IPCPORT_A_WAITER_UID: u32, its effective user; of a call, when it called
 * @IPCPORT_A_WAITER_SINCE: u64, when it began to wait, to a tick of the kernel's clock
 *	(some milliseconds); of a call, when it was made
 * @IPCPORT_A_WAITER_PORT: u64, port in which it waits; none for kind NAME
 * @IPCPORT_A_WAITER_NAME: string, the port's name; for kind NAME, the name that it waits for
 * @IPCPORT_A_WAITER_OWNER_PID: u32, process that owns the port
 * @IPCPORT_A_WAITER_OWNER_COMM: string, what that is called; left out if it is not visible
 * @IPCPORT_A_WAITER_TOKEN: u64, token of the call, once it is in the port
 * @IPCPORT_A_WAITER_HOLDER_PID: u32, process that has received the call; left out as long as a
 *	process that does not own the port has been handed it and not run since
 * @IPCPORT_A_WAITER_HOLDER_COMM: string, what that is called; left out if it is not visible
 * @IPCPORT_A_WAITER_IS_ASYNC: flag, no thread sleeps until the call ends: it was submitted,
 *	or made through io_uring, or its caller was interrupted
 * @__IPCPORT_A_WAITER_LAST: not an attribute
 * @IPCPORT_A_WAITER_MAX: the highest attribute
 */
enum ipcport_attr_waiter {
	IPCPORT_A_WAITER_UNSPEC		= 0,
	IPCPORT_A_WAITER_PAD		= 1,
	IPCPORT_A_WAITER_KIND		= 2,
	IPCPORT_A_WAITER_PID		= 3,
	IPCPORT_A_WAITER_TID		= 4,
	IPCPORT_A_WAITER_COMM		= 5,
	IPCPORT_A_WAITER_UID		= 6,
	IPCPORT_A_WAITER_SINCE		= 7,
	IPCPORT_A_WAITER_PORT		= 8,
	IPCPORT_A_WAITER_NAME		= 9,
	IPCPORT_A_WAITER_OWNER_PID	= 10,
	IPCPORT_A_WAITER_OWNER_COMM	= 11,
	IPCPORT_A_WAITER_TOKEN		= 12,
	IPCPORT_A_WAITER_HOLDER_PID	= 13,
	IPCPORT_A_WAITER_HOLDER_COMM	= 14,
	IPCPORT_A_WAITER_IS_ASYNC	= 15,
	__IPCPORT_A_WAITER_LAST,
	IPCPORT_A_WAITER_MAX		= __IPCPORT_A_WAITER_LAST - 1
};

/**
 * enum ipcport_attr_user - a user
 * @IPCPORT_A_USER_UNSPEC: not used
 * @IPCPORT_A_USER_UID: u32, who
 * @IPCPORT_A_USER_LIMIT: nest of IPCPORT_A_LIMIT_*; one for each limit
 * @__IPCPORT_A_USER_LAST: not an attribute
 * @IPCPORT_A_USER_MAX: the highest attribute
 */
enum ipcport_attr_user {
	IPCPORT_A_USER_UNSPEC		= 0,
	IPCPORT_A_USER_UID		= 1,
	IPCPORT_A_USER_LIMIT		= 2,
	__IPCPORT_A_USER_LAST,
	IPCPORT_A_USER_MAX		= __IPCPORT_A_USER_LAST - 1
};

/**
 * enum ipcport_attr_limit - a limit, and what a user has used up of it
 * @IPCPORT_A_LIMIT_UNSPEC: not used
 * @IPCPORT_A_LIMIT_PAD: padding before 64-bit values; to be ignored
 * @IPCPORT_A_LIMIT_NAME: string, the module parameter: "max_ports", "max_messages",
 *	"max_calls" or "max_cargo"
 * @IPCPORT_A_LIMIT_USED: u64, what the user holds in all namespaces together
 * @IPCPORT_A_LIMIT_BOUND: u64, what it may hold
 * @__IPCPORT_A_LIMIT_LAST: not an attribute
 * @IPCPORT_A_LIMIT_MAX: the highest attribute
 */
enum ipcport_attr_limit {
	IPCPORT_A_LIMIT_UNSPEC		= 0,
	IPCPORT_A_LIMIT_PAD		= 1,
	IPCPORT_A_LIMIT_NAME		= 2,
	IPCPORT_A_LIMIT_USED		= 3,
	IPCPORT_A_LIMIT_BOUND		= 4,
	__IPCPORT_A_LIMIT_LAST,
	IPCPORT_A_LIMIT_MAX		= __IPCPORT_A_LIMIT_LAST - 1
};

/**
 * enum ipcport_attr_counters - what happened so far
 *
 * Those of a port are of one moment, and add up. Those of a namespace are read one after
 * the other, and add up while nothing happens.
 *
 * @IPCPORT_A_COUNTERS_UNSPEC: not used
 * @IPCPORT_A_COUNTERS_PAD: padding before 64-bit values; to be ignored
 * @IPCPORT_A_COUNTERS_SENT: u64, messages that got into a port, requests and notices included
 * @IPCPORT_A_COUNTERS_RECEIVED: u64, messages that were taken out and not put back
 * @IPCPORT_A_COUNTERS_DROPPED: u64, messages that left a port without being received: those
 *	left in it when it went, and requests whose call ended before. SENT is the sum of RECEIVED,
 *	DROPPED and what is in the ports, those included that have ended and can still be drained.
 * @IPCPORT_A_COUNTERS_CALLS: u64, calls that got into a port. That is the sum of those which
 *	follow, and of the open ones.
 * @IPCPORT_A_COUNTERS_ANSWERED: u64, calls that were answered
 * @IPCPORT_A_COUNTERS_PORT_DIED: u64, calls that ended with EPIPE because their port did
 * @IPCPORT_A_COUNTERS_HOLDER_DIED: u64, calls that ended with EPIPE because who had received
 *	them did
 * @IPCPORT_A_COUNTERS_TIMED_OUT: u64, calls whose deadline passed
 * @IPCPORT_A_COUNTERS_CANCELLED: u64, calls that were cancelled, or whose file was closed or
 *	process exited while no thread of it was in the call any more
 * @IPCPORT_A_COUNTERS_CALLER_GONE: u64, calls whose caller was killed in them
 * @IPCPORT_A_COUNTERS_CREATED: u64, ports created
 * @IPCPORT_A_COUNTERS_DESTROYED: u64, ports ended by DESTROY
 * @IPCPORT_A_COUNTERS_EXITED: u64, ports ended by their owner's exit
 * @IPCPORT_A_COUNTERS_CLOSED: u64, ports ended by the last close of their device file.
 *	CREATED is the sum of the three and of the ports that live.
 * @__IPCPORT_A_COUNTERS_LAST: not an attribute
 * @IPCPORT_A_COUNTERS_MAX: the highest attribute
 */
enum ipcport_attr_counters {
	IPCPORT_A_COUNTERS_UNSPEC	= 0,
	IPCPORT_A_COUNTERS_PAD		= 1,
	IPCPORT_A_COUNTERS_SENT		= 2,
	IPCPORT_A_COUNTERS_RECEIVED	= 3,
	IPCPORT_A_COUNTERS_DROPPED	= 4,
	IPCPORT_A_COUNTERS_CALLS	= 5,
	IPCPORT_A_COUNTERS_ANSWERED	= 6,
	IPCPORT_A_COUNTERS_PORT_DIED	= 7,
	IPCPORT_A_COUNTERS_HOLDER_DIED	= 8,
	IPCPORT_A_COUNTERS_TIMED_OUT	= 9,
	IPCPORT_A_COUNTERS_CANCELLED	= 10,
	IPCPORT_A_COUNTERS_CALLER_GONE	= 11,
	IPCPORT_A_COUNTERS_CREATED	= 12,
	IPCPORT_A_COUNTERS_DESTROYED	= 13,
	IPCPORT_A_COUNTERS_EXITED	= 14,
	IPCPORT_A_COUNTERS_CLOSED	= 15,
	__IPCPORT_A_COUNTERS_LAST,
	IPCPORT_A_COUNTERS_MAX		= __IPCPORT_A_COUNTERS_LAST - 1
};

/**
 * enum ipcport_port_cause - why a port ended
 * @IPCPORT_PORT_CAUSE_DESTROY: DESTROY
 * @IPCPORT_PORT_CAUSE_EXIT: its owner exited
 * @IPCPORT_PORT_CAUSE_CLOSE: its device file was closed for the last time
 */
enum ipcport_port_cause {
	IPCPORT_PORT_CAUSE_DESTROY	= 0,
	IPCPORT_PORT_CAUSE_EXIT		= 1,
	IPCPORT_PORT_CAUSE_CLOSE	= 2
};

/**
 * enum ipcport_call_outcome - how a call ended without an answer, in a port that goes on
 * @IPCPORT_CALL_HOLDER_DIED: the process that had received it exited or closed its file
 * @IPCPORT_CALL_TIMED_OUT: its deadline passed
 * @IPCPORT_CALL_CANCELLED: it was cancelled, or nobody was left to collect its answer
 * @IPCPORT_CALL_CALLER_GONE: its caller was killed in it
 */
enum ipcport_call_outcome {
	IPCPORT_CALL_HOLDER_DIED	= 0,
	IPCPORT_CALL_TIMED_OUT		= 1,
	IPCPORT_CALL_CANCELLED		= 2,
	IPCPORT_CALL_CALLER_GONE	= 3
};

/**
 * enum ipcport_attr_event - an event
 * @IPCPORT_A_EVENT_UNSPEC: not used
 * @IPCPORT_A_EVENT_PAD: padding before 64-bit values; to be ignored
 * @IPCPORT_A_EVENT_PORT: u64, port that it is about
 * @IPCPORT_A_EVENT_GENERATION: u64, number of the change among ports and names
 * @IPCPORT_A_EVENT_NAME: string, a name of that port
 * @IPCPORT_A_EVENT_OWNER_PID: u32, process that owns or owned the port
 * @IPCPORT_A_EVENT_UID: u32, user to whom the port belongs, or who was refused something
 * @IPCPORT_A_EVENT_CAUSE: u32, enum ipcport_port_cause
 * @IPCPORT_A_EVENT_CALLERS: u32, how many calls ended with EPIPE
 * @IPCPORT_A_EVENT_TOKEN: u64, token of the call
 * @IPCPORT_A_EVENT_CALLER_PID: u32, process that had called
 * @IPCPORT_A_EVENT_CALLER_TID: u32, thread that had called
 * @IPCPORT_A_EVENT_OUTCOME: u32, enum ipcport_call_outcome
 * @IPCPORT_A_EVENT_LIMIT_NAME: string, the module parameter that was in the way
 * @IPCPORT_A_EVENT_LIMIT_BOUND: u64, its value
 * @__IPCPORT_A_EVENT_LAST: not an attribute
 * @IPCPORT_A_EVENT_MAX: the highest attribute
 */
enum ipcport_attr_event {
	IPCPORT_A_EVENT_UNSPEC		= 0,
	IPCPORT_A_EVENT_PAD		= 1,
	IPCPORT_A_EVENT_PORT		= 2,
	IPCPORT_A_EVENT_GENERATION	= 3,
	IPCPORT_A_EVENT_NAME		= 4,
	IPCPORT_A_EVENT_OWNER_PID	= 5,
	IPCPORT_A_EVENT_UID		= 6,
	IPCPORT_A_EVENT_CAUSE		= 7,
	IPCPORT_A_EVENT_CALLERS		= 8,
	IPCPORT_A_EVENT_TOKEN		= 9,
	IPCPORT_A_EVENT_CALLER_PID	= 10,
	IPCPORT_A_EVENT_CALLER_TID	= 11,
	IPCPORT_A_EVENT_OUTCOME		= 12,
	IPCPORT_A_EVENT_LIMIT_NAME	= 13,
	IPCPORT_A_EVENT_LIMIT_BOUND	= 14,
	__IPCPORT_A_EVENT_LAST,
	IPCPORT_A_EVENT_MAX		= __IPCPORT_A_EVENT_LAST - 1
};

#endif /* _UAPI_LINUX_IPCPORT_NETLINK_H */
