// SPDX-License-Identifier: MIT
#include "ipcport.h"
#include "device.h"

int ipcport_create(int fd, struct ipcport_create *create, size_t size)
{
	return device_ioctl_sized(fd, IPCPORT_IOC_PORT_CREATE, create, size);
}

int ipcport_destroy(int fd, uint64_t port)
{
	struct ipcport_destroy destroy = { .port = port };

	return device_ioctl(fd, IPCPORT_IOC_PORT_DESTROY, &destroy);
}

int ipcport_stat(int fd, struct ipcport_stat *stat, size_t size)
{
	return device_ioctl_sized(fd, IPCPORT_IOC_PORT_STAT, stat, size);
}
