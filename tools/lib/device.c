// SPDX-License-Identifier: MIT
#include "ipcport.h"
#include "device.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

/*
 * Failures come back as a value. That errno keeps what it held lets the functions
 * be used in signal handlers without saving it there.
 */
static int result_of(int ret, int saved_errno)
{
	if (ret >= 0)
		return ret;
	ret = -errno;
	errno = saved_errno;
	return ret;
}

int device_ioctl(int fd, unsigned long request, void *argument)
{
	int saved_errno = errno;

	return result_of(ioctl(fd, request, argument), saved_errno);
}

int device_ioctl_sized(int fd, unsigned long request, void *argument, size_t size)
{
	if (size > _IOC_SIZEMASK)
		return -E2BIG;
	request = _IOC(_IOC_DIR(request), _IOC_TYPE(request), _IOC_NR(request), size);
	return device_ioctl(fd, request, argument);
}

const char *ipcport_library_version(void)
{
	return IPCPORT_LIBRARY_VERSION;
}

int ipcport_open(void)
{
	int saved_errno = errno;

	return result_of(open(IPCPORT_DEVICE, O_RDWR | O_CLOEXEC), saved_errno);
}

int ipcport_close(int fd)
{
	int saved_errno = errno;

	return result_of(close(fd), saved_errno);
}

int ipcport_version(int fd, struct ipcport_version *version, size_t size)
{
	return device_ioctl_sized(fd, IPCPORT_IOC_VERSION, version, size);
}
