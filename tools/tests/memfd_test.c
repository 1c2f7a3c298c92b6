// SPDX-License-Identifier: GPL-2.0
/* Files in memory that can travel as cargo. They need no module: the kernel is the real one. */
#include <ipcport.h>

#include "../ipcport/array.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#define FILE_SIZE	10000

/* Return: a file whose bytes are all 7, mapped at @bytes. */
static int make_file(void **bytes)
{
	int fd = ipcport_memfd_create("memfd_test", FILE_SIZE, bytes);

	assert_true(fd >= 0);
	memset(*bytes, 7, FILE_SIZE);
	return fd;
}

static void a_sealed_file_can_be_read_elsewhere(void **state)
{
	const void *seen = NULL;
	size_t size = 0;
	void *bytes;
	int fd;

	(void)state;
	errno = EDOM;
	fd = make_file(&bytes);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	assert_int_equal(ipcport_memfd_seal(fd, bytes, FILE_SIZE), 0);
	assert_int_equal(ipcport_memfd_map(fd, &seen, &size), 0);
	assert_int_equal(size, FILE_SIZE);
	for (size_t i = 0; i < size; i++)
		assert_int_equal(((const uint8_t *)seen)[i], 7);
	assert_int_equal(errno, EDOM);
	munmap((void *)seen, size);
}

static void a_sealed_file_cannot_be_changed(void **state)
{
	void *bytes;
	int fd = make_file(&bytes);

	(void)state;
	assert_int_equal(ipcport_memfd_seal(fd, bytes, FILE_SIZE), 0);
	assert_int_equal(pwrite(fd, "x", 1, 0), -1);
	assert_int_equal(errno, EPERM);
	assert_int_equal(ftruncate(fd, 1), -1);
	assert_int_equal(ftruncate(fd, FILE_SIZE + 1), -1);
	assert_ptr_equal(mmap(NULL, FILE_SIZE, PROT_WRITE, MAP_SHARED, fd, 0), MAP_FAILED);
	/* nor sealed once more, and errno stays */
	bytes = mmap(NULL, FILE_SIZE, PROT_READ, MAP_PRIVATE, fd, 0);
	assert_ptr_not_equal(bytes, MAP_FAILED);
	errno = EDOM;
	assert_int_equal(ipcport_memfd_seal(fd, bytes, FILE_SIZE), -EPERM);
	assert_int_equal(errno, EDOM);
}

static void what_can_change_is_not_mapped(void **state)
{
	static const int partly[] = {
		0, F_SEAL_WRITE, F_SEAL_WRITE | F_SEAL_SHRINK,
		F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW,
		F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW,
		F_SEAL_SEAL | F_SEAL_WRITE | F_SEAL_GROW,
	};
	const void *seen = &partly;
	size_t size = 12;
	void *bytes;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(partly); i++) {
		int fd = make_file(&bytes);

		munmap(bytes, FILE_SIZE);
		assert_int_equal(fcntl(fd, F_ADD_SEALS, partly[i]), 0);
		errno = EDOM;
		assert_int_equal(ipcport_memfd_map(fd, &seen, &size), -EPERM);
		assert_int_equal(errno, EDOM);
	}
	assert_ptr_equal(seen, &partly);
	assert_int_equal(size, 12);
}

static void what_is_no_file_in_memory_is_not_mapped(void **state)
{
	int null = syscall(SYS_openat, AT_FDCWD, "/dev/null", O_RDONLY);
	int empty = memfd_create("memfd_test", MFD_ALLOW_SEALING);
	const void *seen;
	size_t size;

	(void)state;
	assert_int_equal(fcntl(empty, F_ADD_SEALS,
			       F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE), 0);
	errno = EDOM;
	assert_int_equal(ipcport_memfd_map(null, &seen, &size), -EINVAL);
	assert_int_equal(ipcport_memfd_map(empty, &seen, &size), -EINVAL);
	assert_int_equal(ipcport_memfd_map(-1, &seen, &size), -EBADF);
	assert_int_equal(errno, EDOM);
}

static void what_is_mapped_for_writing_cannot_be_sealed(void **state)
{
	void *bytes, *elsewhere;
	int fd = make_file(&bytes);

	(void)state;
	elsewhere = mmap(NULL, FILE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	assert_ptr_not_equal(elsewhere, MAP_FAILED);
	assert_int_equal(ipcport_memfd_seal(fd, bytes, FILE_SIZE), -EBUSY);
	/* the second one is all that is left */
	assert_int_equal(ipcport_memfd_seal(fd, elsewhere, FILE_SIZE), 0);
}

static void a_file_in_memory_has_some_bytes_and_a_name(void **state)
{
	char name[300];
	void *bytes = name;

	(void)state;
	memset(name, 'n', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	errno = EDOM;
	assert_int_equal(ipcport_memfd_create("memfd_test", 0, &bytes), -EINVAL);
	assert_int_equal(ipcport_memfd_create("memfd_test", SIZE_MAX, &bytes), -EINVAL);
	assert_int_equal(ipcport_memfd_create(name, FILE_SIZE, &bytes), -EINVAL);
	assert_int_equal(errno, EDOM);
	assert_ptr_equal(bytes, name);
	name[249] = '\0';
	assert_true(ipcport_memfd_create(name, FILE_SIZE, &bytes) >= 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_sealed_file_can_be_read_elsewhere),
		cmocka_unit_test(a_sealed_file_cannot_be_changed),
		cmocka_unit_test(what_can_change_is_not_mapped),
		cmocka_unit_test(what_is_no_file_in_memory_is_not_mapped),
		cmocka_unit_test(what_is_mapped_for_writing_cannot_be_sealed),
		cmocka_unit_test(a_file_in_memory_has_some_bytes_and_a_name),
	};

	return cmocka_run_group_tests_name("memfd", tests, NULL, NULL);
}
