/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the tests of calls share: one function per ioctl, callers and servers that are
 * threads or children of a test, and ways to see how far a call has come.
 *
 *	struct caller *caller = caller(fd, port, .value = 5);
 *
 *	token = recv_call(fd, port, 0, FAR_AWAY);
 *	EXPECT_EQ(0, call_reply(fd, port, token, 6, 0));
 *	EXPECT_EQ(0, caller_end(caller));
 *	EXPECT_EQ(6, caller_value(caller));
 */
#ifndef IPCPORT_CALL_H
#define IPCPORT_CALL_H

#include <sys/syscall.h>

#include "actor.h"

/* When a test loses patience, so that it fails instead of hanging. */
#define FAR_AWAY	in_ms(PATIENCE * 1000)

/* What out_status and tokens are before the kernel may write to them. */
#define POISON_STATUS	((int32_t)0xcccccccc)
#define POISON_TOKEN	0xccccccccccccccccULL

HELPER int call_ioctl(int fd, struct ipcport_call *args)
{
	return xioctl(fd, IPCPORT_IOC_CALL, args);
}

/* Call with one number and wait: the number that is answered, or -errno. */
HELPER int64_t call_value(int fd, uint64_t port, uint64_t value, uint32_t flags,
			  uint64_t deadline_ns)
{
	struct ipcport_message message = message_of(value);
	struct ipcport_delivery reply;
	struct ipcport_call args = {
		.port = port, .message = (uintptr_t)&message, .reply = (uintptr_t)&reply,
		.deadline_ns = deadline_ns, .flags = flags,
	};
	int ret;

	memset(&reply, POISON, sizeof(reply));
	ret = call_ioctl(fd, &args);
	return ret ? ret : (int64_t)value_of(&reply.message);
}

/* Send a call and do not wait for its answer: its token, or -errno. */
HELPER int64_t call_submit(int fd, uint64_t port, uint64_t value, uint32_t flags,
			   uint64_t deadline_ns)
{
	struct ipcport_message message = message_of(value);
	struct ipcport_call args = {
		.port = port, .message = (uintptr_t)&message, .deadline_ns = deadline_ns,
		.flags = IPCPORT_CALL_F_SUBMIT | flags,
	};
	int ret = call_ioctl(fd, &args);

	return ret ? ret : (int64_t)args.token;
}

/* Wait for the answer to an outstanding call: its number, or -errno. */
HELPER int64_t call_collect(int fd, uint64_t port, uint64_t token, uint32_t flags,
			    uint64_t deadline_ns)
{
	struct ipcport_delivery reply;
	struct ipcport_call args = {
		.port = port, .reply = (uintptr_t)&reply, .token = token,
		.deadline_ns = deadline_ns, .flags = flags,
	};
	int ret;

	memset(&reply, POISON, sizeof(reply));
	ret = call_ioctl(fd, &args);
	return ret ? ret : (int64_t)value_of(&reply.message);
}

/* Cancel an outstanding call: how far it was, IPCPORT_CALL_*, or -errno. */
HELPER int call_cancel(int fd, uint64_t token)
{
	struct ipcport_cancel args = { .token = token };
	int ret = xioctl(fd, IPCPORT_IOC_CALL_CANCEL, &args);

	return ret ? ret : (int)args.out_state;
}

/* Answer a call with one number: 0 or -errno. */
HELPER int call_reply(int fd, uint64_t port, uint64_t token, uint64_t value, int32_t status)
{
	struct ipcport_message message = message_of(value);
	struct ipcport_reply args = {
		.port = port, .token = token, .message = (uintptr_t)&message, .status = status,
	};

	return xioctl(fd, IPCPORT_IOC_CALL_REPLY, &args);
}

/*
 * Answer a call, if *@token is not 0, and receive the next, whose token goes there;
 * *@refused is what became of the answer, 0 or ENOENT.
 */
HELPER int call_reply_recv(int fd, uint64_t port, uint64_t *token, uint64_t value,
			   struct ipcport_delivery *delivery, uint32_t flags,
			   uint64_t deadline_ns, uint32_t *refused)
{
	struct ipcport_message message = message_of(value);
	struct ipcport_reply_recv args = {
		.port = port, .token = *token, .message = (uintptr_t)&message,
		.delivery = (uintptr_t)delivery, .deadline_ns = deadline_ns, .flags = flags,
	};
	int ret = xioctl(fd, IPCPORT_IOC_CALL_REPLY_RECV, &args);

	*token = args.token;
	if (refused)
		*refused = args.out_reply_errno;
	return ret;
}

/* Receive one message: its token, 0 if it is no call, or -errno. */
HELPER int64_t recv_call(int fd, uint64_t port, uint32_t flags, uint64_t deadline_ns)
{
	struct ipcport_delivery delivery;
	int ret = msg_recv(fd, port, &delivery, 1, flags, deadline_ns);

	return ret == 1 ? (int64_t)delivery.info.token : ret;
}

HELPER bool is_notice(const struct ipcport_delivery *delivery)
{
	return delivery->info.flags & IPCPORT_INFO_F_ABORTED;
}

/* Stands for users and groups that have no name; Linux' default. */
#define OVERFLOW_ID	65534

/* Whether a reply is the one that the kernel makes up for a call without an answer. */
HELPER bool is_error_reply(const struct ipcport_delivery *reply, int error)
{
	static const uint8_t zeroes[IPCPORT_PAYLOAD_SIZE];
	const uint8_t *payload = reply->message.payload;
	uint32_t number = payload[0] | payload[1] << 8 | payload[2] << 16 |
			  (uint32_t)payload[3] << 24;

	return reply->message.type == IPCPORT_TYPE_ERROR && !reply->message.flags &&
	       !reply->message.sender && number == (uint32_t)error &&
	       !memcmp(payload + 4, zeroes, sizeof(zeroes) - 4) &&
	       !reply->info.pid && !reply->info.tid &&
	       reply->info.uid == OVERFLOW_ID && reply->info.gid == OVERFLOW_ID;
}

/* Whether a port has so many messages in its queue and so many calls without an answer. */
HELPER bool has_calls(int fd, uint64_t port, uint32_t depth, uint32_t calls)
{
	struct ipcport_stat stat;

	return !port_stat(fd, port, &stat) && stat.out_depth == depth && stat.out_calls == calls;
}

#define wait_for_calls(fd, port, depth, calls)	wait_until(has_calls(fd, port, depth, calls))

/* Check that nobody waits in a port or for it, and nothing is in it. */
#define EXPECT_IDLE(_fd, _port) do {						\
	struct ipcport_stat _idle;						\
										\
	EXPECT_EQ(0, port_stat(_fd, _port, &_idle));				\
	EXPECT_EQ(0, _idle.out_depth);						\
	EXPECT_EQ(0, _idle.out_calls);						\
	EXPECT_EQ(0, _idle.out_senders);					\
	EXPECT_EQ(0, _idle.out_receivers);					\
} while (0)

/* Whether the module has so many calls, or soon will; freeing them takes a moment. */
HELPER bool calls_live(long nr)
{
	uint64_t end = in_ms(10000);

	while (live_count("calls") != nr) {
		if (now_ns() > end)
			return false;
		usleep(1000);
	}
	return true;
}

HELPER bool no_call_lives(void)
{
	return calls_live(0);
}

/*
 * Callers.
 */

/**
 * struct caller - a call to make, and what became of it
 * @fd: device file
 * @port: number of the port
 * @token: 0, or the outstanding call to go on with
 * @value: number to send
 * @flags: of the ioctl
 * @deadline_ns: of the ioctl; 0 means FAR_AWAY, UINT64_MAX that there is none
 * @is_child: whether it is a child process or a thread
 * @message: what is sent
 * @reply: poison, then the reply
 * @args: the ioctl's structure as the kernel left it
 * @ret: what the ioctl returned, or -errno; KILLED until then
 * @end_ns: when it returned
 * @tid: the thread that makes the call, 0 until it runs
 * @is_done: whether the ioctl has returned
 * @thread: the thread
 * @pid: the child
 */
struct caller {
	int fd;
	uint64_t port;
	uint64_t token;
	uint64_t value;
	uint32_t flags;
	uint64_t deadline_ns;
	bool is_child;

	struct ipcport_message message;
	struct ipcport_delivery reply;
	struct ipcport_call args;
	volatile int ret;
	uint64_t end_ns;
	volatile pid_t tid;
	volatile bool is_done;
	pthread_t thread;
	pid_t pid;
};

/* Make the ioctl's structure. */
HELPER void caller_prepare(struct caller *caller)
{
	caller->message = message_of(caller->value);
	memset(&caller->reply, POISON, sizeof(caller->reply));
	caller->args = (struct ipcport_call){
		.port = caller->port,
		.message = (uintptr_t)&caller->message,
		.reply = (uintptr_t)&caller->reply,
		.token = caller->token,
		.deadline_ns = caller->deadline_ns,
		.flags = caller->flags,
		.out_status = POISON_STATUS,
	};
	if (!caller->deadline_ns)
		caller->args.deadline_ns = FAR_AWAY;
	else if (caller->deadline_ns == UINT64_MAX)
		caller->args.deadline_ns = 0;
	caller->ret = KILLED;
	caller->tid = 0;
	caller->is_done = false;
}

HELPER void *caller_run(void *arg)
{
	struct caller *caller = arg;

	caller->tid = syscall(SYS_gettid);
	caller->ret = call_ioctl(caller->fd, &caller->args);
	caller->end_ns = now_ns();
	__sync_synchronize();
	caller->is_done = true;
	return NULL;
}

/* Let a thread of this process make the call. */
HELPER void caller_launch(struct caller *caller)
{
	caller_prepare(caller);
	if (thread_start(&caller->thread, caller_run, caller))
		abort();
}

HELPER struct caller *caller_start(const struct caller *model)
{
	struct caller *caller = shared_alloc(sizeof(*caller));

	*caller = *model;
	if (!caller->is_child) {
		caller_launch(caller);
	} else {
		caller_prepare(caller);
		caller->pid = child_start(caller_run, caller);
	}
	return caller;
}

#define caller(_fd, _port, ...)							\
	caller_start(&(struct caller) { .fd = (_fd), .port = (_port), ##__VA_ARGS__ })

/* Wait for its end: what the ioctl returned, or KILLED. */
HELPER int caller_end(struct caller *caller)
{
	if (caller->is_child)
		reap(caller->pid);
	else
		pthread_join(caller->thread, NULL);
	return caller->ret;
}

/* Let a thread go on with the call that the ioctl left outstanding. */
HELPER void caller_resume(struct caller *caller)
{
	caller->token = caller->args.token;
	caller_launch(caller);
}

/* The number that it got as an answer. */
HELPER uint64_t caller_value(const struct caller *caller)
{
	return value_of(&caller->reply.message);
}

/* Whether a thread sleeps in an ioctl. */
HELPER bool sleeps_in_ioctl(pid_t tid)
{
	char path[32];
	long number;
	FILE *file;
	int nr;

	snprintf(path, sizeof(path), "/proc/%d/syscall", tid);
	file = tid ? fopen(path, "r") : NULL;
	if (!file)
		return false;
	nr = fscanf(file, "%ld", &number);
	fclose(file);
	return nr == 1 && number == SYS_ioctl;
}

#define caller_sleeps(caller)		sleeps_in_ioctl((caller)->tid)
#define wait_for_sleep(caller)		wait_until(caller_sleeps(caller))

/*
 * Servers.
 */

/* What a server answers to a number. */
HELPER uint64_t answer_to(uint64_t value)
{
	return value + 1000000;
}

/**
 * struct server - answers calls with answer_to(), by REPLY_RECV
 * @fd: device file
 * @port: number of the port
 * @is_child: whether it is a child process or a thread
 * @nr_wanted: calls to answer before it ends; 0 means until the port does
 * @status: status of its answers
 * @nr_calls: calls received
 * @nr_refused: answers that nobody waited for
 * @nr_others: other messages received, notices too
 * @ret: what the last ioctl returned, or -errno; KILLED until then
 * @tid: the thread that serves, 0 until it runs
 * @thread: the thread
 * @pid: the child
 */
struct server {
	int fd;
	uint64_t port;
	bool is_child;
	uint32_t nr_wanted;
	int32_t status;

	volatile uint32_t nr_calls, nr_refused, nr_others;
	volatile int ret;
	volatile pid_t tid;
	pthread_t thread;
	pid_t pid;
};

/* Answer the last call, and wait for the next unless it was the last one wanted. */
HELPER int server_step(struct server *server, struct ipcport_reply_recv *args)
{
	int ret;

	if (server->nr_wanted && server->nr_calls == server->nr_wanted) {
		struct ipcport_reply reply = {
			.port = args->port, .token = args->token, .message = args->message,
			.status = args->status,
		};

		ret = xioctl(server->fd, IPCPORT_IOC_CALL_REPLY, &reply);
		server->nr_refused += ret == -ENOENT;
		return ret ? ret : 1;
	}
	ret = xioctl(server->fd, IPCPORT_IOC_CALL_REPLY_RECV, args);
	server->nr_refused += args->out_reply_errno == ENOENT;
	if (!ret)
		args->token ? server->nr_calls++ : server->nr_others++;
	return ret;
}

HELPER void *server_run(void *arg)
{
	struct ipcport_delivery delivery;
	struct ipcport_message message;
	struct server *server = arg;
	struct ipcport_reply_recv args = {
		.port = server->port, .message = (uintptr_t)&message,
		.delivery = (uintptr_t)&delivery, .status = server->status,
	};
	int ret;

	server->tid = syscall(SYS_gettid);
	while (!(ret = server_step(server, &args)) || ret == -EINTR)
		if (args.token)
			message = message_of(answer_to(value_of(&delivery.message)));
	server->ret = ret > 0 ? 0 : ret;
	return NULL;
}

HELPER struct server *server_start(const struct server *model)
{
	struct server *server = shared_alloc(sizeof(*server));

	*server = *model;
	server->ret = KILLED;
	if (server->is_child)
		server->pid = child_start(server_run, server);
	else if (thread_start(&server->thread, server_run, server))
		abort();
	return server;
}

#define server(_fd, _port, ...)							\
	server_start(&(struct server) { .fd = (_fd), .port = (_port), ##__VA_ARGS__ })

/* Wait for its end: 0 after @nr_wanted calls, else -errno, or KILLED. */
HELPER int server_end(struct server *server)
{
	if (server->is_child)
		reap(server->pid);
	else
		pthread_join(server->thread, NULL);
	return server->ret;
}

#endif /* IPCPORT_CALL_H */
