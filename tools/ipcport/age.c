// SPDX-License-Identifier: GPL-2.0
#include "age.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#define NSEC_PER_SEC	1000000000U
#define MINUTE		60U
#define HOUR		(60 * MINUTE)
#define DAY		(24 * HOUR)

const char *age_format(char text[AGE_SIZE], uint64_t ns)
{
	uint64_t seconds = ns / NSEC_PER_SEC;
	uint64_t hundredths = ns % NSEC_PER_SEC / (NSEC_PER_SEC / 100);

	if (seconds < MINUTE)
		snprintf(text, AGE_SIZE, "%" PRIu64 ".%02" PRIu64 "s", seconds, hundredths);
	else if (seconds < HOUR)
		snprintf(text, AGE_SIZE, "%" PRIu64 "m%02" PRIu64 "s", seconds / MINUTE,
			 seconds % MINUTE);
	else if (seconds < DAY)
		snprintf(text, AGE_SIZE, "%" PRIu64 "h%02" PRIu64 "m", seconds / HOUR,
			 seconds % HOUR / MINUTE);
	else
		snprintf(text, AGE_SIZE, "%" PRIu64 "d%02" PRIu64 "h", seconds / DAY,
			 seconds % DAY / HOUR);
	return text;
}

const char *age_since(char text[AGE_SIZE], uint64_t since_ns)
{
	struct timespec now;
	uint64_t now_ns;

	clock_gettime(CLOCK_MONOTONIC, &now);
	now_ns = (uint64_t)now.tv_sec * NSEC_PER_SEC + (uint64_t)now.tv_nsec;
	return age_format(text, now_ns > since_ns ? now_ns - since_ns : 0);
}
