/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Remotes: children of a test that do what it tells them, one order after another,
 * until one of them is to die.
 *
 *	struct remote owner;
 *
 *	remote_start(&owner);
 *	port = remote_do(&owner, create_port);
 *	...
 *	remote_tell(&owner, leave);
 *	EXPECT_EQ(0, remote_reap(&owner));
 *
 * An order is a function of the test program. It finds its arguments, and leaves what
 * is more than one number, in memory that is shared.
 */
#ifndef IPCPORT_REMOTE_H
#define IPCPORT_REMOTE_H

#include "process.h"

typedef int64_t remote_order(void);

/**
 * struct remote - a child that takes orders
 * @pid: the child, 0 if there is none
 * @socket: our end of the line
 */
struct remote {
	pid_t pid;
	int socket;
};

HELPER void __attribute__((noreturn)) remote_run(int socket)
{
	remote_order *order;
	int64_t result;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (recv(socket, &order, sizeof(order), 0) == sizeof(order)) {
		result = order();
		if (send(socket, &result, sizeof(result), MSG_NOSIGNAL) < 0)
			break;
	}
	_exit(99);
}

HELPER void remote_start(struct remote *remote)
{
	int sockets[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets))
		abort();
	pid = fork();
	if (!pid) {
		close(sockets[0]);
		remote_run(sockets[1]);
	}
	close(sockets[1]);
	*remote = (struct remote){ .pid = pid, .socket = sockets[0] };
}

/* Give an order and do not wait until it is done. */
HELPER void remote_tell(struct remote *remote, remote_order *order)
{
	send(remote->socket, &order, sizeof(order), MSG_NOSIGNAL);
}

/* What an order came to: its result, -ETIME if it takes too long, -EIO if it was the last. */
HELPER int64_t remote_result(struct remote *remote)
{
	struct pollfd pollfd = { .fd = remote->socket, .events = POLLIN };
	int64_t result;

	if (poll(&pollfd, 1, 2 * PATIENCE * 1000) != 1)
		return -ETIME;
	return recv(remote->socket, &result, sizeof(result), 0) == sizeof(result) ? result : -EIO;
}

HELPER int64_t remote_do(struct remote *remote, remote_order *order)
{
	remote_tell(remote, order);
	return remote_result(remote);
}

/* Wait for the end of a remote that dies: its exit status, or -signal. */
HELPER int remote_reap(struct remote *remote)
{
	int status = reap(remote->pid);

	close(remote->socket);
	remote->pid = 0;
	return status;
}

HELPER int remote_kill(struct remote *remote)
{
	if (!remote->pid)
		return 0;
	kill(remote->pid, SIGKILL);
	return remote_reap(remote);
}

#endif /* IPCPORT_REMOTE_H */
