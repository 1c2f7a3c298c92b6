// SPDX-License-Identifier: MIT
/*
 * bulk recv NAME > FILE, bulk send NAME < FILE - a file of any size, in one message
 *
 *	gcc bulk.c -o bulk $(pkg-config --cflags --libs libipcport)
 *	./bulk recv /srv/copy > copy &
 *	./bulk send /srv/copy < /etc/services
 *
 * The bytes lie in a file in memory, which travels with the message; nobody copies them on
 * the way. It is sealed before, so the receiver can rely on what it sees.
 */
#include <ipcport.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* How long the sender waits for a receiver, in milliseconds. */
#define PATIENCE_MS	60000

/* Errors are -errno, here as in the library. */
static int complain(const char *what, int error)
{
	fprintf(stderr, "bulk: %s: %s\n", what, strerror(-error));
	return error;
}

/* 0, or -errno; -EIO if there is less than it was to be. */
static int read_all(int fd, char *bytes, size_t size)
{
	while (size) {
		ssize_t part = read(fd, bytes, size);

		if (part <= 0)
			return part ? -errno : -EIO;
		bytes += part;
		size -= (size_t)part;
	}
	return 0;
}

/* 0, or -errno. */
static int write_all(int fd, const char *bytes, size_t size)
{
	while (size) {
		ssize_t part = write(fd, bytes, size);

		if (part < 0)
			return -errno;
		bytes += part;
		size -= (size_t)part;
	}
	return 0;
}

/* What comes on stdin, which is a file, in a file in memory: its descriptor, or -errno. */
static int take_in(void)
{
	struct stat stat;
	void *bytes;
	int fd, ret;

	if (fstat(STDIN_FILENO, &stat) || !S_ISREG(stat.st_mode))
		return -EINVAL;
	fd = ipcport_memfd_create("bulk", (size_t)stat.st_size, &bytes);
	if (fd < 0)
		return fd;
	ret = read_all(STDIN_FILENO, bytes, (size_t)stat.st_size);
	if (!ret)
		ret = ipcport_memfd_seal(fd, bytes, (size_t)stat.st_size);
	if (!ret)
		return fd;
	close(fd);
	return ret;
}

static int send_bulk(int fd, const char *name)
{
	const struct ipcport_message message = { .type = 0 };
	int bulk, handle, ret;

	handle = ipcport_open_name(fd, name, IPCPORT_R_SEND, ipcport_deadline_ms(PATIENCE_MS));
	if (handle < 0)
		return complain(name, handle);
	bulk = take_in();
	if (bulk < 0)
		return complain("stdin", bulk);
	/* the receiver gets a descriptor of its own, so that ours can be closed at once */
	ret = ipcport_send_cargo(handle, 0, &message, bulk, 0, 0);
	close(bulk);
	close(handle);
	return ret < 0 ? complain("cannot send", ret) : 0;
}

/* Write out what has come with a message: 0, or -errno. */
static int give_out(int cargo)
{
	const void *bytes;
	size_t size;
	int ret;

	/* refuses what the sender could still change */
	ret = ipcport_memfd_map(cargo, &bytes, &size);
	close(cargo);
	if (ret < 0)
		return complain("what came", ret);
	ret = write_all(STDOUT_FILENO, bytes, size);
	munmap((void *)bytes, size);
	return ret < 0 ? complain("stdout", ret) : 0;
}

static int recv_bulk(int fd, const char *name)
{
	struct ipcport_create create = { .flags = IPCPORT_CREATE_F_CARGO };
	struct ipcport_delivery delivery;
	int ret;

	ret = ipcport_create(fd, &create, sizeof(create));
	if (ret < 0)
		return complain("cannot make a port", ret);
	ret = ipcport_bind(fd, create.out_port, name);
	if (ret < 0)
		return complain(name, ret);
	ret = ipcport_recv(fd, create.out_port, &delivery, 0);
	if (ret < 0)
		return complain("cannot receive", ret);
	if (delivery.info.cargo < 0)
		return complain("nothing came with the message", -ENODATA);
	return give_out(delivery.info.cargo);
}

int main(int argc, char *argv[])
{
	int fd, ret;

	if (argc != 3 || (strcmp(argv[1], "send") && strcmp(argv[1], "recv"))) {
		fprintf(stderr, "usage: bulk recv NAME > FILE, bulk send NAME < FILE\n");
		return 2;
	}
	fd = ipcport_open();
	if (fd < 0) {
		complain(IPCPORT_DEVICE, fd);
		return 1;
	}
	ret = strcmp(argv[1], "send") ? recv_bulk(fd, argv[2]) : send_bulk(fd, argv[2]);
	ipcport_close(fd);
	return ret < 0;
}
