// SPDX-License-Identifier: MIT
#include "name.h"
#include "device.h"
#include "ipcport.h"

#include <string.h>

int name_fill(uint8_t bytes[IPCPORT_NAME_SIZE], const char *name)
{
	size_t length = strnlen(name, IPCPORT_NAME_SIZE);

	if (length == 0 || length == IPCPORT_NAME_SIZE)
		return -EINVAL;
	memset(bytes, 0, IPCPORT_NAME_SIZE);
	memcpy(bytes, name, length);
	return 0;
}

int ipcport_bind(int fd, uint64_t port, const char *name)
{
	struct ipcport_bind bind = { .port = port };
	int ret = name_fill(bind.name, name);

	return ret ? ret : device_ioctl(fd, IPCPORT_IOC_PORT_BIND, &bind);
}

int ipcport_unbind(int fd, uint64_t port)
{
	struct ipcport_unbind unbind = { .port = port };

	return device_ioctl(fd, IPCPORT_IOC_PORT_UNBIND, &unbind);
}
