/* SPDX-License-Identifier: MIT */
#ifndef LIB_DEVICE_H
#define LIB_DEVICE_H

#include <stddef.h>

/**
 * device_ioctl() - ioctl() that returns -errno and leaves errno alone
 * @fd: device file
 * @request: one of IPCPORT_IOC_*
 * @argument: its structure
 *
 * Return: the ioctl's result, or a negative errno value.
 */
int device_ioctl(int fd, unsigned long request, void *argument);

/**
 * device_ioctl_sized() - ioctl with a structure as long as the caller knows it
 * @fd: device file
 * @request: one of IPCPORT_IOC_*; the size in it is replaced
 * @argument: its structure
 * @size: bytes of the structure
 *
 * Return: as device_ioctl(), and -E2BIG if an ioctl number has no room for the size.
 */
int device_ioctl_sized(int fd, unsigned long request, void *argument, size_t size);

#endif /* LIB_DEVICE_H */
