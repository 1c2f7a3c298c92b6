// SPDX-License-Identifier: GPL-2.0
#include "parse.h"
#include "command.h"
#include "fail.h"

#include <ipcport.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NSEC_PER_SEC	1000000000ULL
#define NSEC_DIGITS	9

#define DIGITS		"0123456789"
#define OCTAL_DIGITS	"01234567"

/* strtoull() alone would take blanks and signs, and turn -1 into a large number. */
static bool parse_digits(const char *text, const char *digits, int base, uint64_t *value)
{
	if (!*text || text[strspn(text, digits)])
		return false;
	errno = 0;
	*value = strtoull(text, NULL, base);
	return errno == 0;
}

bool parse_number(const char *text, uint64_t min, uint64_t max, uint64_t *value)
{
	uint64_t number;

	if (!parse_digits(text, DIGITS, 10, &number) || number < min || number > max)
		return false;
	*value = number;
	return true;
}

bool parse_mode(const char *text, uint32_t *mode)
{
	uint64_t bits;

	if (!parse_digits(text, OCTAL_DIGITS, 8, &bits) || bits == 0 || bits & ~0666ULL)
		return false;
	*mode = (uint32_t)bits;
	return true;
}

/* "25" behind the point is 250,000,000 ns. */
static bool parse_fraction(const char *text, uint64_t *ns)
{
	size_t length = strlen(text);

	if (length > NSEC_DIGITS || !parse_digits(text, DIGITS, 10, ns))
		return false;
	for (; length < NSEC_DIGITS; length++)
		*ns *= 10;
	return true;
}

bool parse_seconds(const char *text, uint64_t *ns)
{
	size_t length = strcspn(text, ".");
	uint64_t fraction = 0, seconds = 0;
	char whole[16];

	if (length >= sizeof(whole))
		return false;
	memcpy(whole, text, length);
	whole[length] = '\0';
	if (text[length] && !parse_fraction(text + length + 1, &fraction))
		return false;
	if ((length || !text[length]) &&
	    !parse_number(whole, 0, INT64_MAX / NSEC_PER_SEC - 1, &seconds))
		return false;
	*ns = seconds * NSEC_PER_SEC + fraction;
	return true;
}

static bool has_control_character(const char *text)
{
	for (; *text; text++) {
		if ((unsigned char)*text < ' ' || *text == '\x7f')
			return true;
	}
	return false;
}

bool parse_is_name(const char *text)
{
	return text[strspn(text, DIGITS)] && strlen(text) < IPCPORT_NAME_SIZE &&
	       !has_control_character(text);
}

int parse_name(const char *text, const char **name)
{
	if (!text)
		return fail_usage("NAME is missing");
	if (!parse_is_name(text))
		return fail_usage("'%s' is not a name of 1 to 63 bytes, not all digits", text);
	*name = text;
	return STATUS_OK;
}

int parse_capacity(const char *text, uint32_t *capacity)
{
	uint64_t number;

	if (!parse_number(text, 1, UINT32_MAX, &number))
		return fail_usage("'%s' is not a capacity", text);
	*capacity = (uint32_t)number;
	return STATUS_OK;
}

int parse_port_mode(const char *text, uint32_t *mode)
{
	if (!parse_mode(text, mode))
		return fail_usage("'%s' is not a mode like 0600", text);
	return STATUS_OK;
}

int parse_type(const char *text, uint32_t *type)
{
	uint64_t number;

	if (!parse_number(text, 0, UINT32_MAX, &number))
		return fail_usage("'%s' is not a type", text);
	*type = (uint32_t)number;
	return STATUS_OK;
}

int parse_timeout(const char *text, struct patience *patience)
{
	uint64_t ns;

	if (!parse_seconds(text, &ns))
		return fail_usage("'%s' is not a number of seconds", text);
	patience->deadline_ns = ipcport_deadline_ns(ns);
	return STATUS_OK;
}
