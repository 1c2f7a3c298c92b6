// SPDX-License-Identifier: MIT
#include "ipcport.h"
#include "device.h"

int ipcport_send_batch(int fd, uint64_t port, const struct ipcport_message *messages,
		       uint32_t count, uint64_t deadline_ns, uint32_t flags)
{
	struct ipcport_send send = {
		.port = port,
		.messages = (uintptr_t)messages,
		.count = count,
		.flags = flags,
		.deadline_ns = deadline_ns,
	};

	return device_ioctl(fd, IPCPORT_IOC_MSG_SEND, &send);
}

int ipcport_recv_batch(int fd, uint64_t port, struct ipcport_delivery *deliveries,
		       uint32_t count, uint64_t deadline_ns, uint32_t flags)
{
	struct ipcport_recv recv = {
		.port = port,
		.deliveries = (uintptr_t)deliveries,
		.count = count,
		.flags = flags,
		.deadline_ns = deadline_ns,
	};

	return device_ioctl(fd, IPCPORT_IOC_MSG_RECV, &recv);
}

/* For a single message "how many" says no more than "done". */
static int done_or_error(int ret)
{
	return ret < 0 ? ret : 0;
}

int ipcport_send(int fd, uint64_t port, const struct ipcport_message *message,
		 uint64_t deadline_ns)
{
	return done_or_error(ipcport_send_batch(fd, port, message, 1, deadline_ns, 0));
}

int ipcport_try_send(int fd, uint64_t port, const struct ipcport_message *message)
{
	return done_or_error(ipcport_send_batch(fd, port, message, 1, 0,
						IPCPORT_SEND_F_NONBLOCK));
}

int ipcport_recv(int fd, uint64_t port, struct ipcport_delivery *delivery,
		 uint64_t deadline_ns)
{
	return done_or_error(ipcport_recv_batch(fd, port, delivery, 1, deadline_ns, 0));
}

int ipcport_try_recv(int fd, uint64_t port, struct ipcport_delivery *delivery)
{
	return done_or_error(ipcport_recv_batch(fd, port, delivery, 1, 0,
						IPCPORT_RECV_F_NONBLOCK));
}

int ipcport_send_cargo(int fd, uint64_t port, const struct ipcport_message *message, int cargo,
		       uint64_t deadline_ns, uint32_t flags)
{
	struct ipcport_send send = {
		.port = port,
		.messages = (uintptr_t)message,
		.count = 1,
		.flags = flags | IPCPORT_SEND_F_CARGO,
		.deadline_ns = deadline_ns,
		.cargo = cargo,
	};

	return done_or_error(device_ioctl(fd, IPCPORT_IOC_MSG_SEND, &send));
}
