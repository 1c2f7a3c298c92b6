// SPDX-License-Identifier: MIT
#include "ipcport.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

/* From Linux 6.3: nobody can make it executable, and the kernel log stays silent. */
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL	0x0008U
#endif

/* With all of these nobody can change a byte or the size, or take back that it is so. */
#define SEALS	(F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

/* The functions that are for users set errno back to what it was. */
static int keep_errno(int ret, int saved_errno)
{
	errno = saved_errno;
	return ret;
}

static int create(const char *name)
{
	const unsigned int flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
	int fd = memfd_create(name, flags | MFD_NOEXEC_SEAL);

	if (fd < 0 && errno == EINVAL)
		fd = memfd_create(name, flags);
	return fd < 0 ? -errno : fd;
}

static int map(int fd, size_t size, int protection, int flags, void **bytes)
{
	void *address = mmap(NULL, size, protection, flags, fd, 0);

	if (address == MAP_FAILED)
		return -errno;
	*bytes = address;
	return 0;
}

static int set_size_and_map(int fd, size_t size, void **bytes)
{
	if (ftruncate(fd, (off_t)size))
		return -errno;
	return map(fd, size, PROT_READ | PROT_WRITE, MAP_SHARED, bytes);
}

int ipcport_memfd_create(const char *name, size_t size, void **bytes)
{
	int saved_errno = errno;
	int fd, ret;

	fd = create(name);
	if (fd < 0)
		return keep_errno(fd, saved_errno);
	ret = set_size_and_map(fd, size, bytes);
	if (ret)
		close(fd);
	return keep_errno(ret ? ret : fd, saved_errno);
}

/* As long as it is mapped for writing anywhere it cannot be sealed. */
int ipcport_memfd_seal(int fd, void *bytes, size_t size)
{
	int saved_errno = errno;
	int ret = 0;

	if (munmap(bytes, size) || fcntl(fd, F_ADD_SEALS, SEALS))
		ret = -errno;
	return keep_errno(ret, saved_errno);
}

/*
 * Memory of huge pages can be sealed too, but where such a page is missing it comes only
 * when it is touched, or SIGBUS instead.
 */
static int check(int fd, size_t *size)
{
	int seals = fcntl(fd, F_GET_SEALS);
	struct statfs filesystem;
	struct stat stat;

	if (seals < 0 || fstatfs(fd, &filesystem) || fstat(fd, &stat))
		return -errno;
	if (filesystem.f_type != TMPFS_MAGIC)
		return -EINVAL;
	if ((seals & SEALS) != SEALS)
		return -EPERM;
	*size = (size_t)stat.st_size;
	return 0;
}

int ipcport_memfd_map(int fd, const void **bytes, size_t *size)
{
	int saved_errno = errno;
	size_t length = 0;
	void *address = NULL;
	int ret;

	ret = check(fd, &length);
	/* Older kernels refuse a shared mapping of what cannot be written. */
	if (!ret)
		ret = map(fd, length, PROT_READ, MAP_PRIVATE, &address);
	if (!ret) {
		*bytes = address;
		*size = length;
	}
	return keep_errno(ret, saved_errno);
}
