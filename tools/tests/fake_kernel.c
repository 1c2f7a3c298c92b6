// SPDX-License-Identifier: GPL-2.0
#include "fake_kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>

struct fake_kernel fake;

int fake_reset(void **state)
{
	(void)state;
	memset(&fake, 0, sizeof(fake));
	return 0;
}

static int answer(int result)
{
	if (result >= 0)
		return result;
	errno = -result;
	return -1;
}

static int take_messages(const struct ipcport_send *send)
{
	const struct ipcport_message *messages = (const void *)(uintptr_t)send->messages;
	uint32_t count = send->count;

	if (fake.space && fake.space < count)
		count = fake.space;
	memcpy(&fake.messages[fake.nr_messages], messages, count * sizeof(*messages));
	fake.nr_messages += count;
	return (int)count;
}

int __wrap_ioctl(int fd, unsigned long request, void *argument);
int __wrap_ioctl(int fd, unsigned long request, void *argument)
{
	size_t size = _IOC_SIZE(request);

	fake.calls++;
	fake.fd = fd;
	fake.request = request;
	memcpy(fake.argument, argument, size);
	if (fake.answer)
		memcpy(argument, fake.answer, size);
	if (request == IPCPORT_IOC_MSG_SEND && fake.result == 0)
		return take_messages(argument);
	return answer(fake.result);
}

int __wrap_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...)
{
	fake.path = path;
	fake.open_flags = flags;
	return answer(fake.result);
}

int __wrap_close(int fd);
int __wrap_close(int fd)
{
	fake.fd = fd;
	return answer(fake.result);
}

int __wrap_clock_gettime(clockid_t clock, struct timespec *time);
int __wrap_clock_gettime(clockid_t clock, struct timespec *time)
{
	if (clock != CLOCK_MONOTONIC)
		return answer(-EINVAL);
	time->tv_sec = (time_t)(fake.now_ns / 1000000000);
	time->tv_nsec = (long)(fake.now_ns % 1000000000);
	return 0;
}
