/* SPDX-License-Identifier: MIT */
#ifndef LIB_NAME_H
#define LIB_NAME_H

#include <stdint.h>

#include <linux/ipcport.h>

/**
 * name_fill() - write a name in the form that the kernel takes
 * @bytes: filled up with zeroes
 * @name: the name
 *
 * Return: 0, or -EINVAL if the name is empty or too long.
 */
int name_fill(uint8_t bytes[IPCPORT_NAME_SIZE], const char *name);

#endif /* LIB_NAME_H */
