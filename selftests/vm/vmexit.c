// SPDX-License-Identifier: GPL-2.0
/*
 * vmexit STATUS - end the virtual machine and hand STATUS (0..110) to vm.sh
 *
 * QEMU's isa-debug-exit device turns a byte written to its port into QEMU's own
 * exit status, (byte << 1) | 1. Statuses start at 16 so that they cannot be
 * mistaken for QEMU's own errors, which are 1.
 */
#include <stdlib.h>
#include <sys/io.h>
#include <termios.h>
#include <unistd.h>

#define EXIT_PORT	0xf4
#define FIRST_STATUS	16
#define MAX_STATUS	110

int main(int argc, char **argv)
{
	int status = argc > 1 ? atoi(argv[1]) : 0;

	if (status < 0 || status > MAX_STATUS)
		status = MAX_STATUS;
	tcdrain(STDOUT_FILENO);
	if (ioperm(EXIT_PORT, 4, 1))
		return 1;
	outb(status + FIRST_STATUS, EXIT_PORT);
	return 1;
}
