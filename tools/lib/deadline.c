// SPDX-License-Identifier: MIT
#include "ipcport.h"

#include <time.h>

#define NSEC_PER_SEC	1000000000ULL
#define NSEC_PER_MSEC	1000000ULL

/* The kernel's clocks are signed. */
#define CLOCK_END	((uint64_t)INT64_MAX)

uint64_t ipcport_deadline_ns(uint64_t ns)
{
	struct timespec time;
	uint64_t now;

	clock_gettime(CLOCK_MONOTONIC, &time);
	now = (uint64_t)time.tv_sec * NSEC_PER_SEC + (uint64_t)time.tv_nsec;
	/* A clock that still shows 0 must not make "at once" into "never". */
	if (now == 0)
		now = 1;
	return ns < CLOCK_END - now ? now + ns : CLOCK_END;
}

uint64_t ipcport_deadline_ms(uint64_t ms)
{
	return ipcport_deadline_ns(ms < CLOCK_END / NSEC_PER_MSEC ? ms * NSEC_PER_MSEC : CLOCK_END);
}
