/* SPDX-License-Identifier: GPL-2.0 */
#ifndef AGE_H
#define AGE_H

#include <stdint.h>

/* Bytes that the longest age needs. */
#define AGE_SIZE	32

/**
 * age_format() - how long something lasts, as in "0.25s", "3m07s" or "2d01h"
 * @text: room for it
 * @ns: nanoseconds
 *
 * Return: @text.
 */
const char *age_format(char text[AGE_SIZE], uint64_t ns);

/**
 * age_since() - the same, from a moment until now
 * @text: room for it
 * @since_ns: CLOCK_MONOTONIC
 *
 * Return: @text.
 */
const char *age_since(char text[AGE_SIZE], uint64_t since_ns);

#endif /* AGE_H */
