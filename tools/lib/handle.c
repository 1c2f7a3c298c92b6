// SPDX-License-Identifier: MIT
#include "device.h"
#include "ipcport.h"
#include "name.h"

/* The kernel only reads the structure. */
int ipcport_open_handle(int fd, const struct ipcport_open *open, size_t size)
{
	return device_ioctl_sized(fd, IPCPORT_IOC_HANDLE_OPEN, (void *)open, size);
}

int ipcport_open_port(int fd, uint64_t port, uint32_t rights)
{
	const struct ipcport_open open = { .port = port, .rights = rights };

	return ipcport_open_handle(fd, &open, sizeof(open));
}

static int open_name(int fd, const char *name, struct ipcport_open *open)
{
	int ret = name_fill(open->name, name);

	return ret ? ret : ipcport_open_handle(fd, open, sizeof(*open));
}

int ipcport_open_name(int fd, const char *name, uint32_t rights, uint64_t deadline_ns)
{
	struct ipcport_open open = {
		.deadline_ns = deadline_ns,
		.rights = rights,
		.flags = IPCPORT_OPEN_F_WAIT,
	};

	return open_name(fd, name, &open);
}

int ipcport_try_open_name(int fd, const char *name, uint32_t rights)
{
	struct ipcport_open open = { .rights = rights };

	return open_name(fd, name, &open);
}
