/* SPDX-License-Identifier: GPL-2.0 */
/*
 * DOC: what the module shows of its ports
 *
 * The only part of the command that speaks netlink. The others find here what
 * <linux/ipcport_netlink.h> describes, in structures. What the module left out is 0 there,
 * or an empty string; where 0 could be a value too, has_ says. Strings come as the module
 * sends them: names and what processes are called may be any bytes, see text.h.
 *
 * Functions return 0, or a negative errno value that view_fail() explains; -ENODEV if the
 * module was removed.
 *
 * The ports in a list are those of one moment, if they do not come and go faster than they
 * can be listed: that is tried three times. Who is there throughout is listed in any case.
 */
#ifndef VIEW_H
#define VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/ipcport_netlink.h>

#include <ipcport.h>

/* What a process or thread is called, with the NUL. */
#define VIEW_COMM_SIZE	16

/* Limits that a user record has room for; the module may know more than today. */
#define VIEW_LIMITS	16

/* A limit's name, with the NUL. */
#define VIEW_LIMIT_SIZE	32

/* For view_get_user(): who opened the socket. */
#define VIEW_UID_SELF	UINT32_MAX

/**
 * struct view - a connection to the module
 */
struct view;

/**
 * struct view_counters - IPCPORT_A_COUNTERS_*; of a port only @sent to @caller_gone
 */
struct view_counters {
	uint64_t sent;
	uint64_t received;
	uint64_t dropped;
	uint64_t calls;
	uint64_t answered;
	uint64_t port_died;
	uint64_t holder_died;
	uint64_t timed_out;
	uint64_t cancelled;
	uint64_t caller_gone;
	uint64_t created;
	uint64_t destroyed;
	uint64_t exited;
	uint64_t closed;
};

/**
 * struct view_port - IPCPORT_A_PORT_*
 */
struct view_port {
	uint64_t id;
	char name[IPCPORT_NAME_SIZE];
	uint32_t owner_pid;
	uint32_t owner_tid;
	char owner_comm[VIEW_COMM_SIZE];
	uint32_t uid;
	uint32_t gid;
	uint32_t mode;
	uint32_t flags;
	uint32_t capacity;
	uint32_t depth;
	uint32_t senders;
	uint32_t receivers;
	uint32_t calls;
	uint32_t send_handles;
	uint32_t recv_handles;
	uint64_t created;
	uint64_t generation;
	struct view_counters counters;
};

/**
 * struct view_waiter - IPCPORT_A_WAITER_*
 */
struct view_waiter {
	uint32_t kind;
	uint32_t pid;
	uint32_t tid;
	char comm[VIEW_COMM_SIZE];
	uint32_t uid;
	uint64_t since;
	uint64_t port;
	char name[IPCPORT_NAME_SIZE];
	uint32_t owner_pid;
	char owner_comm[VIEW_COMM_SIZE];
	uint64_t token;
	uint32_t holder_pid;
	char holder_comm[VIEW_COMM_SIZE];
	bool is_async;
};

/**
 * struct view_limit - IPCPORT_A_LIMIT_*
 */
struct view_limit {
	char name[VIEW_LIMIT_SIZE];
	uint64_t used;
	uint64_t bound;
};

/**
 * struct view_user - IPCPORT_A_USER_*
 * @uid: who
 * @limits: the limits
 * @limit_count: how many
 */
struct view_user {
	uint32_t uid;
	struct view_limit limits[VIEW_LIMITS];
	size_t limit_count;
};

/**
 * struct view_event - IPCPORT_A_EVENT_*
 * @cmd: what happened, IPCPORT_CMD_*_NTF; the attributes follow
 */
struct view_event {
	uint32_t cmd;
	uint64_t port;
	uint64_t generation;
	char name[IPCPORT_NAME_SIZE];
	uint32_t owner_pid;
	bool has_uid;
	uint32_t uid;
	bool has_cause;
	uint32_t cause;
	bool has_callers;
	uint32_t callers;
	uint64_t token;
	uint32_t caller_pid;
	uint32_t caller_tid;
	bool has_outcome;
	uint32_t outcome;
	char limit_name[VIEW_LIMIT_SIZE];
	uint64_t limit_bound;
};

/**
 * struct view_ports - ports, in the order of their numbers
 * @items: the ports; to be freed by the caller
 * @count: how many
 */
struct view_ports {
	struct view_port *items;
	size_t count;
};

/**
 * struct view_waiters - waiters, in the order of their ports, those for names last
 * @items: the waiters; to be freed by the caller
 * @count: how many
 */
struct view_waiters {
	struct view_waiter *items;
	size_t count;
};

/**
 * struct view_users - users
 * @items: the users; to be freed by the caller
 * @count: how many
 */
struct view_users {
	struct view_user *items;
	size_t count;
};

/**
 * view_open() - get into touch with the module
 * @view: set on success
 *
 * Return: -ENOENT without a module.
 */
int view_open(struct view **view);

/**
 * view_open_or_fail() - the same, or say why that did not work
 * @view: set on success
 *
 * Return: STATUS_OK; STATUS_USAGE if there is no module, else STATUS_FAILED.
 */
int view_open_or_fail(struct view **view);

/**
 * view_close() - end it
 * @view: the connection, or NULL
 */
void view_close(struct view *view);

/**
 * view_fail() - say on stderr what could not be done, and why
 * @view: the connection; if the module had something to say of it, that is what is told
 * @error: what one of these functions returned
 * @format: what was tried, as for printf()
 *
 * Return: STATUS_USAGE if the module was removed, else STATUS_FAILED.
 */
int view_fail(const struct view *view, int error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/**
 * view_list_ports() - all ports that one may see
 * @view: the connection
 * @ports: filled in on success
 */
int view_list_ports(struct view *view, struct view_ports *ports);

/**
 * view_get_port() - one port
 * @view: the connection
 * @id: its number, 0 if @name says which
 * @name: its name
 * @port: filled in on success
 *
 * Return: -ENOENT if there is none, or not for the asker to see.
 */
int view_get_port(struct view *view, uint64_t id, const char *name, struct view_port *port);

/**
 * view_list_waiters() - who waits
 * @view: the connection
 * @port: for this port only; 0 for all, or if @name says for whom
 * @name: who waits for this name to be given to a port; NULL for all
 * @waiters: filled in on success
 *
 * There is nobody in a port that does not exist, or for a name that nobody waits for.
 */
int view_list_waiters(struct view *view, uint64_t port, const char *name,
		      struct view_waiters *waiters);

/**
 * view_list_users() - limits and use of all users that one may see
 * @view: the connection
 * @users: filled in on success
 */
int view_list_users(struct view *view, struct view_users *users);

/**
 * view_get_user() - limits and use of one user
 * @view: the connection
 * @uid: who; VIEW_UID_SELF for oneself
 * @user: filled in on success
 *
 * Return: -ENOENT if there is none, or not for the asker to see.
 */
int view_get_user(struct view *view, uint32_t uid, struct view_user *user);

/**
 * view_get_counters() - what happened in this namespace so far
 * @view: the connection
 * @counters: filled in on success
 */
int view_get_counters(struct view *view, struct view_counters *counters);

/**
 * view_subscribe() - have events kept for view_next_event(), from now on
 * @view: the connection
 *
 * Return: -EPERM if this kernel allows it to CAP_NET_ADMIN only.
 */
int view_subscribe(struct view *view);

/**
 * view_next_event() - wait for an event
 * @view: the connection, after view_subscribe()
 * @event: filled in on success
 *
 * Return: -ENOBUFS if events were lost since the last one; what is listed now is up to date,
 * and followed by all events from now on. -ENODEV if the module was removed; -EINTR after a
 * signal.
 */
int view_next_event(struct view *view, struct view_event *event);

/**
 * view_kind_word() - what a waiter does, like "call_received"
 * @kind: enum ipcport_wait_kind
 */
const char *view_kind_word(uint32_t kind);

/**
 * view_cause_word() - why a port ended, like "exit"
 * @cause: enum ipcport_port_cause
 */
const char *view_cause_word(uint32_t cause);

/**
 * view_outcome_word() - how a call ended, like "timed_out"
 * @outcome: enum ipcport_call_outcome
 */
const char *view_outcome_word(uint32_t outcome);

/**
 * view_event_word() - what happened, like "owner_died"
 * @cmd: IPCPORT_CMD_*_NTF
 */
const char *view_event_word(uint32_t cmd);

#endif /* VIEW_H */
