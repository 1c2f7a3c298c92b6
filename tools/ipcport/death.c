// SPDX-License-Identifier: GPL-2.0
#include "child.h"
#include "command.h"
#include "demo.h"
#include "fail.h"

#include <ipcport.h>

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <time.h>
#include <unistd.h>

/* Room in the port that is filled up: few, so that the story can name them. */
#define FULL_CAPACITY	4

/* Between two looks at a port. */
#define LOOK_EVERY_NS	1000000

/**
 * struct ports - what the owner reports
 * @full: gets filled by the sender
 * @empty: stays empty
 */
struct ports {
	uint64_t full;
	uint64_t empty;
};

/**
 * struct death - the processes and their ports
 * @demo: the demo
 * @ports: the owner's ports
 * @owner: is going to be killed
 * @sender: blocks on the full port
 * @receiver: waits on the empty port
 */
struct death {
	struct demo *demo;
	struct ports ports;
	struct child owner;
	struct child sender;
	struct child receiver;
};

static int create_port(int fd, uint32_t capacity, uint64_t *port)
{
	struct ipcport_create create = { .capacity = capacity };
	int ret = ipcport_create(fd, &create, sizeof(create));

	*port = create.out_port;
	return ret;
}

static int own(int reports, void *arg)
{
	struct ports ports;
	int fd, ret;

	(void)arg;
	if (open_or_fail(&fd))
		return STATUS_FAILED;
	ret = create_port(fd, FULL_CAPACITY, &ports.full);
	if (ret >= 0)
		ret = create_port(fd, 0, &ports.empty);
	if (ret >= 0)
		ret = child_report(reports, &ports, sizeof(ports));
	if (ret < 0)
		return fail(ret, "create two ports");
	for (;;)
		pause();
}

static int fill(int reports, void *arg)
{
	const struct ipcport_message message = { .type = 0 };
	uint64_t deadline_ns = ipcport_deadline_ms(DEMO_PATIENCE_MS);
	const struct death *death = arg;
	int fd, ret;

	if (open_or_fail(&fd))
		return STATUS_FAILED;
	do
		ret = ipcport_send(fd, death->ports.full, &message, deadline_ns);
	while (!ret);
	return demo_report_end(reports, ret);
}

static int wait_for_message(int reports, void *arg)
{
	const struct death *death = arg;
	struct ipcport_delivery delivery;
	int fd, ret;

	if (open_or_fail(&fd))
		return STATUS_FAILED;
	ret = ipcport_recv(fd, death->ports.empty, &delivery,
			   ipcport_deadline_ms(DEMO_PATIENCE_MS));
	return demo_report_end(reports, ret);
}

/* The kernel knows when a process is blocked; a pause of any length would be a guess. */
static bool is_blocked_on(const struct death *death, uint64_t port)
{
	struct ipcport_stat stat = { .port = port };
	int ret = ipcport_stat(death->demo->fd, &stat, sizeof(stat));

	return ret == 0 && stat.out_senders + stat.out_receivers == 1;
}

static int wait_until_blocked(const struct death *death, const struct child *child, uint64_t port)
{
	const struct timespec moment = { .tv_nsec = LOOK_EVERY_NS };
	uint64_t deadline_ns = ipcport_deadline_ms(DEMO_PATIENCE_MS);

	while (!is_blocked_on(death, port)) {
		if (child_has_ended(child) || ipcport_deadline_ns(0) > deadline_ns)
			return demo_check(death->demo, false, "a process can wait on a port");
		nanosleep(&moment, NULL);
	}
	return STATUS_OK;
}

static int start_owner(struct death *death)
{
	int ret = child_start(&death->owner, own, NULL);

	if (ret)
		return fail(ret, "start the owner");
	if (!child_listen(&death->owner, &death->ports, sizeof(death->ports)))
		return demo_check(death->demo, false, "the owner creates two ports");
	demo_say(death->demo, "   The owner, process %d, owns port %" PRIu64
			      ", with room for %d messages, and port %" PRIu64 ".",
		 death->owner.pid, death->ports.full, FULL_CAPACITY, death->ports.empty);
	return STATUS_OK;
}

static int start_waiters(struct death *death)
{
	int ret, status;

	ret = child_start(&death->sender, fill, death);
	if (ret)
		return fail(ret, "start the sender");
	status = wait_until_blocked(death, &death->sender, death->ports.full);
	if (status)
		return status;
	demo_say(death->demo, "   The sender, process %d, has filled port %" PRIu64
			      " and waits for space.", death->sender.pid, death->ports.full);

	ret = child_start(&death->receiver, wait_for_message, death);
	if (ret)
		return fail(ret, "start the receiver");
	status = wait_until_blocked(death, &death->receiver, death->ports.empty);
	if (status)
		return status;
	demo_say(death->demo, "   The receiver, process %d, waits on port %" PRIu64
			      ", which is empty.", death->receiver.pid, death->ports.empty);
	return STATUS_OK;
}

static bool are_gone(const struct death *death)
{
	const struct ipcport_message message = { .type = 0 };
	int full = ipcport_try_send(death->demo->fd, death->ports.full, &message);
	int empty = ipcport_try_send(death->demo->fd, death->ports.empty, &message);

	return full == -ENOENT && empty == -ENOENT;
}

/* The ports are looked at as soon as the owner is gone: "soon after" is not promised. */
static int kill_owner(struct death *death)
{
	struct demo *demo = death->demo;
	uint64_t killed_ns;
	bool has_ended;
	int status;

	demo_say(demo, "   Now the owner is killed: kill -9 %d", death->owner.pid);
	killed_ns = ipcport_deadline_ns(0);
	child_kill(&death->owner);
	has_ended = are_gone(death);
	status = demo_hear_end(demo, &death->sender, "sender", killed_ns);
	if (!status)
		status = demo_hear_end(demo, &death->receiver, "receiver", killed_ns);
	if (!status)
		status = demo_check(demo, has_ended,
				    "both ports ended with their owner, and nobody was left waiting");
	return status;
}

int demo_death(struct demo *demo)
{
	struct death death = { .demo = demo };
	int status;

	demo_say(demo, "2. The owner of two ports is killed while others wait on them.");
	status = start_owner(&death);
	if (!status)
		status = start_waiters(&death);
	if (!status)
		status = kill_owner(&death);
	child_kill(&death.receiver);
	child_kill(&death.sender);
	child_kill(&death.owner);
	return status;
}
