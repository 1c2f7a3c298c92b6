/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The scene of the death matrix: what can happen to a call, how far it can have come, what
 * it is to come to, and the processes that play. See call_matrix_test.c.
 */
#ifndef IPCPORT_CALL_SCENE_H
#define IPCPORT_CALL_SCENE_H

#include <stdatomic.h>

#include "remote.h"

#include "call.h"

/* How far the call has come. */
enum state {
	BLOCKED,		/* its caller waits for space */
	QUEUED,
	RECEIVED,		/* and not answered */
	SUBMITTED_QUEUED,	/* its caller does not wait for it */
	SUBMITTED_RECEIVED,
	ANSWERED,		/* the answer comes at that moment */
	NR_STATES
};

/* What happens. The owner's five ends come first: they end the port. */
enum event {
	DESTROY,
	OWNER_EXIT,
	OWNER_KILL,
	OWNER_EXEC,
	LAST_CLOSE,
	RECEIVER_EXIT,
	CALLER_KILL,
	DEADLINE,
	SIGNAL_RESTART,
	SIGNAL_EINTR,
	CANCEL,
	CALLER_CLOSE,
	UNLOAD,
	NR_EVENTS
};

/*
 * What the call comes to: 0, it is answered, now or later; KILLED, there is nobody left
 * to be told; else an errno, after EINTR also the answer when it is resumed. One that is
 * being answered when it happens comes to this or to the answer. Of an asynchronous
 * call, this is what collecting it afterwards returns.
 */
#define MATRIX(ROW)									\
	ROW(DESTROY, port_is_destroyed, "DESTROY",					\
	    -EPIPE, -EPIPE, -EPIPE, -EPIPE, -EPIPE, -EPIPE);				\
	ROW(OWNER_EXIT, owner_exits, "owner exits",					\
	    -EPIPE, -EPIPE, -EPIPE, -EPIPE, -EPIPE, -EPIPE);				\
	ROW(OWNER_KILL, owner_is_killed, "owner is killed",				\
	    -EPIPE, -EPIPE, -EPIPE, -EPIPE, -EPIPE, -EPIPE);				\
	ROW(OWNER_EXEC, owner_execs, "owner execs",					\
	    -EPIPE, -EPIPE, -EPIPE, -EPIPE, -EPIPE, -EPIPE);				\
	ROW(LAST_CLOSE, owner_closes_its_file, "owner's last close",			\
	    -EPIPE, -EPIPE, -EPIPE, -EPIPE, -EPIPE, -EPIPE);				\
	ROW(RECEIVER_EXIT, receiver_exits, "receiver exits",				\
	    0, 0, -EPIPE, 0, -EPIPE, -EPIPE);						\
	ROW(CALLER_KILL, caller_is_killed, "caller is killed",				\
	    KILLED, KILLED, KILLED, KILLED, KILLED, KILLED);				\
	ROW(DEADLINE, deadline_passes, "caller's deadline",				\
	    -ETIMEDOUT, -ETIMEDOUT, -ETIMEDOUT, -ETIMEDOUT, -ETIMEDOUT, -ETIMEDOUT);	\
	ROW(SIGNAL_RESTART, signal_comes_with_restart, "signal, SA_RESTART",		\
	    0, 0, 0, 0, 0, 0);								\
	ROW(SIGNAL_EINTR, signal_comes_without_restart, "signal, no restart",		\
	    -EINTR, -EINTR, -EINTR, -EINTR, -EINTR, -EINTR);				\
	ROW(CANCEL, somebody_cancels, "CANCEL",						\
	    0, -ECANCELED, -ECANCELED, -ENOENT, -ENOENT, -ECANCELED);			\
	ROW(CALLER_CLOSE, caller_closes_its_file, "caller's last close",		\
	    0, 0, 0, -EBADF, -EBADF, 0);							\
	ROW(UNLOAD, module_is_to_be_unloaded, "module unload",				\
	    0, 0, 0, 0, 0, 0)

#define CAPACITY	1

/* The numbers that messages carry. */
#define FILLER		1	/* fills the port */
#define BEHIND		2	/* the sender behind the call */
#define WITNESS		3	/* a second call */
#define CALL		4	/* the call */
#define STATUS		(-7)	/* of the answer */

/* What a remote exits with. */
#define LEFT		17

/* Milliseconds until the first deadline; if that is too soon, twice as many. */
#define FIRST_MS	400

/* What has been received from the port. */
struct tally {
	uint32_t nr_fillers, nr_behind, nr_calls, nr_notices, nr_others;
};

/**
 * struct scene - what the test and its remotes share
 * @event: what happens
 * @state: how far the call is then
 * @ret: what it is to come to
 * @is_crossed: whether the call is received by the other one of test and owner
 * @fd: the test's device file; all inherit it
 * @owner_fd: the one through which the port was made; the owner's number
 * @caller_fd: the one through which the caller calls; the caller's number
 * @port: number of the port
 * @deadline_ns: of the call
 * @call: the call, which the caller makes
 * @token: of the call, as soon as somebody knows it
 * @witness: token of a second call, which the receiver has received
 * @nr_signals: how often the caller's handler ran
 * @exec_pipe: says that the owner has become another program
 * @owner: whose port it is
 * @receiver: who may receive, and ends when that is what happens
 * @caller: who calls
 * @behind: the sender that waits for space behind the call
 * @got: what the test received
 * @before: the port before the call began
 * @nr_live: how many calls the module had before the test
 */
struct scene {
	enum event event;
	enum state state;
	int ret;
	bool is_crossed;
	int fd, owner_fd, caller_fd;
	uint64_t port;
	uint64_t deadline_ns;
	struct caller call;
	uint64_t token;
	uint64_t witness;
	atomic_int nr_signals;
	int exec_pipe[2];

	struct remote owner, receiver, caller;
	struct actor *behind;
	struct tally got;
	struct ipcport_stat before;
	long nr_live;
};

static struct scene *scene;

HELPER bool is_submitted(void)
{
	return scene->state == SUBMITTED_QUEUED || scene->state == SUBMITTED_RECEIVED;
}

HELPER bool is_in_queue(void)
{
	return scene->state == QUEUED || scene->state == SUBMITTED_QUEUED;
}

HELPER bool is_received(void)
{
	return scene->state >= RECEIVED && scene->state != SUBMITTED_QUEUED;
}

HELPER bool ends_port(void)
{
	return scene->event <= LAST_CLOSE;
}

/* Whether the caller is interrupted with a call outstanding, and goes on with it. */
HELPER bool is_resumed(void)
{
	return scene->ret == -EINTR && scene->state != BLOCKED;
}

/* Whether the caller gives up the call. */
HELPER bool is_given_up(void)
{
	return scene->ret && scene->ret != -EPIPE && !is_resumed();
}

/* Whether the server is to be told that it is given up. */
HELPER bool has_notice(void)
{
	return is_given_up() && is_received();
}

/* Only who knows the token can cancel, so such a call is submitted and then collected. */
HELPER bool has_collector(void)
{
	if (is_submitted())
		return scene->event == DEADLINE || scene->event == SIGNAL_RESTART ||
		       scene->event == SIGNAL_EINTR;
	return scene->event == CANCEL && scene->state != BLOCKED;
}

/* Whether the caller waits in the ioctl that also sends the message. */
HELPER bool is_synchronous(void)
{
	return !is_submitted() && !has_collector();
}

/*
 * Orders: what the owner, the receiver and the caller do.
 */

/* Where it is the exit that is to end the port, the file must not. */
HELPER int64_t create_port(void)
{
	bool is_exit = scene->event == OWNER_EXIT || scene->event == OWNER_KILL;

	if (!scene->owner_fd)
		scene->owner_fd = is_exit ? scene->fd : dev_open();
	return port_create_as(scene->owner_fd, CAPACITY, 0, IPCPORT_CREATE_F_NOTIFY_ABORT);
}

HELPER int64_t destroy_port(void)
{
	return port_destroy(scene->owner_fd, scene->port);
}

HELPER int64_t close_owner_file(void)
{
	int fd = scene->owner_fd;

	scene->owner_fd = 0;
	return close(fd) ? -errno : 0;
}

HELPER int64_t become_another_program(void)
{
	exec_self(scene->exec_pipe[1]);
}

HELPER int64_t leave(void)
{
	_exit(LEFT);
}

/* By the deadline of the call, lest we wait for one that is over. */
HELPER int64_t receive_call(void)
{
	return recv_call(scene->fd, scene->port, 0, scene->deadline_ns);
}

/* Unless it is open. What the exit is to end, the end of the file must not. */
HELPER int64_t open_caller_file(void)
{
	if (scene->event == CALLER_KILL)
		scene->caller_fd = scene->fd;
	else if (!scene->caller_fd || fcntl(scene->caller_fd, F_GETFD) < 0)
		scene->caller_fd = dev_open();
	return scene->caller_fd;
}

HELPER int64_t close_caller_file(void)
{
	return close(scene->caller_fd) ? -errno : 0;
}

HELPER int64_t submit_call(void)
{
	return call_submit(scene->caller_fd, scene->port, CALL, 0, FAR_AWAY);
}

/* In a thread of the caller: begin, or collect what was submitted. */
HELPER int64_t launch_call(void)
{
	scene->call.fd = scene->caller_fd;
	scene->call.port = scene->port;
	scene->call.token = is_synchronous() ? 0 : scene->token;
	scene->call.value = CALL;
	scene->call.deadline_ns = scene->deadline_ns;
	caller_launch(&scene->call);
	return 0;
}

HELPER int64_t finish_call(void)
{
	pthread_join(scene->call.thread, NULL);
	return scene->call.ret;
}

HELPER int64_t resume_call(void)
{
	caller_resume(&scene->call);
	return 0;
}

HELPER int64_t cancel_call(void)
{
	return call_cancel(scene->caller_fd, scene->token);
}

/* Ask for the call once more: it must not be found. */
HELPER int64_t collect_again(void)
{
	int fd = scene->event == CALLER_CLOSE ? scene->fd : scene->caller_fd;

	return call_collect(fd, scene->port, scene->token, IPCPORT_CALL_F_NONBLOCK, 0);
}

/* Cancel what the token of a blocked call could be: how many could be cancelled. */
HELPER int64_t cancel_guesses(void)
{
	int nr = call_cancel(scene->caller_fd, UINT64_MAX) != -ENOENT;

	for (int i = 0; i < 64; i++) {
		nr += call_cancel(scene->caller_fd, i) != -ENOENT;
		nr += call_cancel(scene->caller_fd, scene->token + i) != -ENOENT;
	}
	return nr;
}

HELPER void count_signal(int signal)
{
	scene->nr_signals++;
}

#endif /* IPCPORT_CALL_SCENE_H */
