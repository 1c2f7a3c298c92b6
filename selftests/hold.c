// SPDX-License-Identifier: GPL-2.0
/*
 * hold USE - use the module from a shell
 *
 *   file      open the device file, print "ready" and sleep until killed
 *   port      the same with a port, whose file a sleeping child holds as well
 *   receiver  the same with a thread that is blocked in the port
 *   message   create, send, receive, destroy; print the port's number
 *   death     create, and die with the port while a child holds the file; the same
 *   exit      create, and die with the port and the file; the same
 *   close     create, and close the file; the same
 *   limit     create until refused; print how many there were
 *
 * Exits with the errno of what failed.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <linux/ipcport.h>

static int fd;

static void check(int ret)
{
	if (ret < 0)
		exit(errno);
}

static uint64_t create(void)
{
	struct ipcport_create args = { .capacity = 1 };

	check(ioctl(fd, IPCPORT_IOC_PORT_CREATE, &args));
	return args.out_port;
}

static void say_and_sleep(void)
{
	puts("ready");
	fflush(stdout);
	for (;;)
		pause();
}

static void *receive(void *arg)
{
	struct ipcport_delivery delivery;
	struct ipcport_recv args = {
		.port = *(uint64_t *)arg, .deliveries = (uintptr_t)&delivery, .count = 1,
	};

	check(ioctl(fd, IPCPORT_IOC_MSG_RECV, &args));
	return NULL;
}

static void hold_file(void)
{
	say_and_sleep();
}

static void hold_port(void)
{
	create();
	if (!fork()) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	say_and_sleep();
}

static void hold_receiver(void)
{
	struct ipcport_stat stat = { .port = create() };
	pthread_t thread;

	pthread_create(&thread, NULL, receive, &stat.port);
	while (!stat.out_receivers) {
		usleep(1000);
		check(ioctl(fd, IPCPORT_IOC_PORT_STAT, &stat));
	}
	say_and_sleep();
}

static void do_message(void)
{
	struct ipcport_message message = { .type = 1 };
	struct ipcport_send send = { .messages = (uintptr_t)&message, .count = 1 };
	struct ipcport_destroy destroy;

	send.port = create();
	destroy = (struct ipcport_destroy){ .port = send.port };
	check(ioctl(fd, IPCPORT_IOC_MSG_SEND, &send));
	receive(&send.port);
	check(ioctl(fd, IPCPORT_IOC_PORT_DESTROY, &destroy));
	printf("%llu\n", (unsigned long long)send.port);
}

/* A child holds the file, so that it is the exit that ends the port. */
static void do_death(void)
{
	int pipes[2];
	char byte;

	check(pipe(pipes));
	if (!fork()) {
		/* ends when the parent has ended */
		close(pipes[1]);
		check(read(pipes[0], &byte, 1));
		_exit(0);
	}
	printf("%llu\n", (unsigned long long)create());
}

static void do_exit(void)
{
	printf("%llu\n", (unsigned long long)create());
}

static void do_close(void)
{
	uint64_t port = create();

	close(fd);
	printf("%llu\n", (unsigned long long)port);
}

static void do_limit(void)
{
	struct ipcport_create args = {};
	int nr = 0;

	while (!ioctl(fd, IPCPORT_IOC_PORT_CREATE, &args))
		nr++;
	printf("%d %s\n", nr, errno == EDQUOT ? "EDQUOT" : "not EDQUOT");
}

static const struct {
	const char *name;
	void (*run)(void);
} uses[] = {
	{ "file", hold_file },
	{ "port", hold_port },
	{ "receiver", hold_receiver },
	{ "message", do_message },
	{ "death", do_death },
	{ "exit", do_exit },
	{ "close", do_close },
	{ "limit", do_limit },
};

int main(int argc, char **argv)
{
	fd = open("/dev/ipcport", O_RDWR | O_CLOEXEC);
	check(fd);
	for (size_t i = 0; i < sizeof(uses) / sizeof(uses[0]); i++) {
		if (argc == 2 && !strcmp(argv[1], uses[i].name)) {
			uses[i].run();
			return 0;
		}
	}
	return EINVAL;
}
