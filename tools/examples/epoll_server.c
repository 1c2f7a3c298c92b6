// SPDX-License-Identifier: MIT
/*
 * epoll_server NAME - a server of calls with an event loop, which answers in capitals
 *
 *	gcc -o epoll_server epoll_server.c $(pkg-config --cflags --libs libipcport)
 *	./epoll_server /srv/upper &
 *	ipcport call /srv/upper hello
 *
 * A handle is a file descriptor like others. So the program can wait for everything else in
 * the same place; here that is SIGTERM and SIGINT, which end it.
 */
#include <ctype.h>
#include <ipcport.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

/* Messages that are taken at a time; what else the loop does has to wait so long. */
#define BATCH	16

/* Errors are -errno, here as in the library. */
static int complain(const char *what, int error)
{
	fprintf(stderr, "epoll_server: %s: %s\n", what, strerror(-error));
	return error;
}

/* Make a port that can be found by its name: a handle to receive from it, or -errno. */
static int serve_name(int fd, const char *name)
{
	struct ipcport_create create = { .capacity = 64 };
	struct ipcport_open open = {
		.rights = IPCPORT_R_RECV,
		.flags = IPCPORT_OPEN_F_NONBLOCK,
	};
	int handle, ret;

	ret = ipcport_create(fd, &create, sizeof(create));
	if (ret < 0)
		return complain("cannot make a port", ret);
	open.port = create.out_port;
	handle = ipcport_open_handle(fd, &open, sizeof(open));
	if (handle < 0)
		return complain("cannot open the port", handle);
	ret = ipcport_bind(fd, create.out_port, name);
	if (ret < 0) {
		close(handle);
		return complain(name, ret);
	}
	return handle;
}

/* A descriptor that can be read when a signal has come that is to end us, or -errno. */
static int open_signals(void)
{
	sigset_t signals;
	int fd;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? complain("cannot wait for signals", -errno) : fd;
}

/* Answer a call. That its caller has given up since, -ENOENT, is no failure of ours. */
static int answer(int handle, const struct ipcport_delivery *delivery)
{
	struct ipcport_message message = delivery->message;
	int ret;

	for (size_t i = 0; i < sizeof(message.payload); i++)
		message.payload[i] = toupper(message.payload[i]);
	ret = ipcport_call_reply(handle, 0, delivery->info.token, &message, 0);
	return ret == -ENOENT ? 0 : ret;
}

/* Take what is in the port, and answer what wants an answer: 0 or -errno. */
static int serve(int handle)
{
	struct ipcport_delivery deliveries[BATCH];
	int nr, ret = 0;

	nr = ipcport_recv_batch(handle, 0, deliveries, BATCH, 0, 0);
	if (nr == -EAGAIN)
		return 0;
	for (int i = 0; i < nr; i++) {
		/* not asked for, but ours now */
		if (deliveries[i].info.cargo >= 0)
			close(deliveries[i].info.cargo);
		if (deliveries[i].info.token && !deliveries[i].info.flags && !ret)
			ret = answer(handle, &deliveries[i]);
	}
	return nr < 0 ? nr : ret;
}

/* Serve until a signal comes: 0, or -errno. */
static int loop(int handle, int signals)
{
	struct epoll_event events[2] = {
		{ .events = EPOLLIN, .data.fd = handle },
		{ .events = EPOLLIN, .data.fd = signals },
	};
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	int nr, ret = 0;

	if (epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, handle, &events[0]) < 0 ||
	    epoll_ctl(epoll, EPOLL_CTL_ADD, signals, &events[1]) < 0)
		ret = complain("cannot make an event loop", -errno);
	while (ret == 0) {
		nr = epoll_wait(epoll, events, 2, -1);
		if (nr < 0 && errno != EINTR)
			ret = -errno;
		for (int i = 0; i < nr && ret == 0; i++)
			ret = events[i].data.fd == signals ? 1 : serve(handle);
		if (ret < 0)
			complain("cannot serve", ret);
	}
	if (epoll >= 0)
		close(epoll);
	return ret < 0 ? ret : 0;
}

/* What is open when a program ends, and the port, end with it. */
int main(int argc, char *argv[])
{
	int fd, handle, signals;

	if (argc != 2) {
		fprintf(stderr, "usage: epoll_server NAME\n");
		return 2;
	}
	fd = ipcport_open();
	if (fd < 0)
		return complain(IPCPORT_DEVICE, fd) < 0;
	signals = open_signals();
	handle = serve_name(fd, argv[1]);
	if (signals < 0 || handle < 0)
		return 1;
	return loop(handle, signals) < 0;
}
