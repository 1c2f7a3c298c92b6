// SPDX-License-Identifier: MIT
#include "ipcport.h"
#include "device.h"

int ipcport_call(int fd, struct ipcport_call *call, size_t size)
{
	return device_ioctl_sized(fd, IPCPORT_IOC_CALL, call, size);
}

int ipcport_call_reply(int fd, uint64_t port, uint64_t token,
		       const struct ipcport_message *message, int32_t status)
{
	struct ipcport_reply reply = {
		.port = port,
		.token = token,
		.message = (uintptr_t)message,
		.status = status,
	};

	return device_ioctl(fd, IPCPORT_IOC_CALL_REPLY, &reply);
}

int ipcport_call_reply_cargo(int fd, uint64_t port, uint64_t token,
			     const struct ipcport_message *message, int32_t status, int cargo)
{
	struct ipcport_reply reply = {
		.port = port,
		.token = token,
		.message = (uintptr_t)message,
		.status = status,
		.flags = IPCPORT_REPLY_F_CARGO,
		.cargo = cargo,
	};

	return device_ioctl(fd, IPCPORT_IOC_CALL_REPLY, &reply);
}

int ipcport_call_reply_recv(int fd, struct ipcport_reply_recv *reply_recv, size_t size)
{
	return device_ioctl_sized(fd, IPCPORT_IOC_CALL_REPLY_RECV, reply_recv, size);
}

int ipcport_call_cancel(int fd, uint64_t token, uint32_t *state)
{
	struct ipcport_cancel cancel = { .token = token };
	int ret = device_ioctl(fd, IPCPORT_IOC_CALL_CANCEL, &cancel);

	if (ret >= 0 && state)
		*state = cancel.out_state;
	return ret;
}
