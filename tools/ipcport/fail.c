// SPDX-License-Identifier: GPL-2.0
#include "fail.h"
#include "array.h"
#include "command.h"

#include <ipcport.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	int error;
	const char *words;
} dictionary[] = {
	{ EACCES, "the permissions do not allow it" },
	{ EAGAIN, "it would have to wait" },
	{ EDEADLK, "nobody else could answer" },
	{ EDQUOT, "a limit of this user is reached; the kernel log names it" },
	{ EEXIST, "the name is taken, or the port has one" },
	{ EINVAL, "a value is out of range" },
	{ EINTR, "a signal interrupted it" },
	{ ENOENT, "there is no such port, or it has ended" },
	{ ENOTTY, "the module does not know this operation" },
	{ EOPNOTSUPP, "the module does not know this option" },
	{ EPERM, "only the owner may do this" },
	{ EPIPE, "the port has ended" },
	{ ETIMEDOUT, "the time is up" },
};

/* The subcommand that runs, NULL before there is one. */
static const char *subcommand;

const char *fail_words(int error)
{
	for (size_t i = 0; i < ARRAY_SIZE(dictionary); i++) {
		if (dictionary[i].error == abs(error))
			return dictionary[i].words;
	}
	return strerror(abs(error));
}

const char *fail_name(int error)
{
	const char *name = strerrorname_np(abs(error));

	return name ? name : "unknown error";
}

static void complain(const char *format, va_list args)
{
	/* What was printed before the failure stands before its message. */
	fflush(stdout);
	fputs("ipcport: ", stderr);
	vfprintf(stderr, format, args);
}

int fail(int error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	complain(format, args);
	va_end(args);
	fprintf(stderr, ": %s (%s)\n", fail_words(error), fail_name(error));
	return STATUS_FAILED;
}

int fail_because(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	complain(format, args);
	va_end(args);
	fputc('\n', stderr);
	return STATUS_FAILED;
}

void fail_in(const char *name)
{
	subcommand = name;
}

int fail_usage(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	complain(format, args);
	va_end(args);
	if (subcommand)
		fprintf(stderr, "; see 'ipcport %s --help'\n", subcommand);
	else
		fputs("; see 'ipcport help'\n", stderr);
	return STATUS_USAGE;
}

int fail_hint(char *argv[])
{
	fprintf(stderr, "Try '%s --help'.\n", argv[0]);
	return STATUS_USAGE;
}

int fail_open(int error)
{
	if (error != -ENOENT && error != -ENXIO && error != -ENODEV)
		return fail(error, "open %s", IPCPORT_DEVICE);
	fflush(stdout);
	fprintf(stderr, "ipcport: there is no %s (%s): is the module loaded?\n",
		IPCPORT_DEVICE, fail_name(error));
	return STATUS_USAGE;
}

int open_or_fail(int *fd)
{
	*fd = ipcport_open();
	return *fd < 0 ? fail_open(*fd) : STATUS_OK;
}
