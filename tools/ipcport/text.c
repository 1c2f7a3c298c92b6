// SPDX-License-Identifier: GPL-2.0
#include "text.h"
#include "array.h"

#include <limits.h>
#include <string.h>
#include <wchar.h>

/* What one step of printing needs at most: a character, or a byte as \xNN. */
#define STEP_SIZE	4

/*
 * What the first byte of a character says: how long it is, and the bounds of its
 * second byte, which rule out overlong forms, surrogates and what is above U+10FFFF.
 * The bytes after the second are 0x80 to 0xbf.
 */
static const struct lead {
	uint8_t first, last;
	uint8_t length;
	uint8_t second_min, second_max;
} leads[] = {
	{ 0x00, 0x7f, 1, 0x00, 0x00 },
	{ 0xc2, 0xdf, 2, 0x80, 0xbf },
	{ 0xe0, 0xe0, 3, 0xa0, 0xbf },
	{ 0xe1, 0xec, 3, 0x80, 0xbf },
	{ 0xed, 0xed, 3, 0x80, 0x9f },
	{ 0xee, 0xef, 3, 0x80, 0xbf },
	{ 0xf0, 0xf0, 4, 0x90, 0xbf },
	{ 0xf1, 0xf3, 4, 0x80, 0xbf },
	{ 0xf4, 0xf4, 4, 0x80, 0x8f },
};

static const struct lead *find_lead(uint8_t byte)
{
	for (size_t i = 0; i < ARRAY_SIZE(leads); i++) {
		if (byte >= leads[i].first && byte <= leads[i].last)
			return &leads[i];
	}
	return NULL;
}

size_t text_character(const uint8_t *bytes, size_t length)
{
	const struct lead *lead = find_lead(bytes[0]);

	if (!lead || lead->length > length)
		return 0;
	if (lead->length > 1 && (bytes[1] < lead->second_min || bytes[1] > lead->second_max))
		return 0;
	for (size_t i = 2; i < lead->length; i++) {
		if (bytes[i] < 0x80 || bytes[i] > 0xbf)
			return 0;
	}
	return lead->length;
}

bool text_is_utf8(const uint8_t *bytes, size_t length)
{
	while (length) {
		size_t size = text_character(bytes, length);

		if (!size || !bytes[0])
			return false;
		bytes += size;
		length -= size;
	}
	return true;
}

/* What is not shown, but obeyed: or what no file in XML may have. */
static const struct range {
	uint32_t first, last;
} unprintable[] = {
	{ 0x0000, 0x001f },	/* control characters */
	{ 0x007f, 0x009f },
	{ 0x061c, 0x061c },	/* a mark of direction */
	{ 0x200b, 0x200f },	/* no width, marks of direction */
	{ 0x2028, 0x202e },	/* ends of lines and paragraphs, direction */
	{ 0x2060, 0x206f },	/* no width, direction */
	{ 0xfeff, 0xfeff },	/* no width */
	{ 0xfffe, 0xffff },	/* no characters */
};

/* The number of a character whose bytes have been looked at already. */
static uint32_t decode(const uint8_t *bytes, size_t size)
{
	uint32_t code = size == 1 ? bytes[0] : bytes[0] & (0x7fU >> size);

	for (size_t i = 1; i < size; i++)
		code = code << 6 | (bytes[i] & 0x3f);
	return code;
}

static bool is_printable(uint32_t code)
{
	for (size_t i = 0; i < ARRAY_SIZE(unprintable); i++) {
		if (code >= unprintable[i].first && code <= unprintable[i].last)
			return false;
	}
	return true;
}

/**
 * struct step - what is printed next
 * @text: how it is printed
 * @length: bytes in that
 * @taken: bytes of which it is made
 */
struct step {
	char text[STEP_SIZE + 1];
	size_t length;
	size_t taken;
};

static struct step next_step(const uint8_t *bytes, size_t length, bool is_ascii)
{
	struct step step = { .taken = text_character(bytes, length) };

	if (!step.taken || !is_printable(decode(bytes, step.taken)) ||
	    (is_ascii && step.taken > 1)) {
		snprintf(step.text, sizeof(step.text), "\\x%02x", bytes[0]);
		step.length = STEP_SIZE;
		step.taken = 1;
		return step;
	}
	if (bytes[0] == '\\')
		step.text[step.length++] = '\\';
	memcpy(step.text + step.length, bytes, step.taken);
	step.length += step.taken;
	return step;
}

void text_print(FILE *out, const uint8_t *bytes, size_t length)
{
	while (length) {
		struct step step = next_step(bytes, length, false);

		fwrite(step.text, 1, step.length, out);
		bytes += step.taken;
		length -= step.taken;
	}
}

static char *format(char *out, size_t size, const char *text, bool is_ascii)
{
	size_t length = strlen(text), used = 0;

	while (length) {
		struct step step = next_step((const uint8_t *)text, length, is_ascii);

		if (step.length >= size - used)
			break;
		memcpy(out + used, step.text, step.length);
		used += step.length;
		text += step.taken;
		length -= step.taken;
	}
	out[used] = '\0';
	return out;
}

char *text_format(char *out, size_t size, const char *text)
{
	return format(out, size, text, false);
}

char *text_format_ascii(char *out, size_t size, const char *text)
{
	return format(out, size, text, true);
}

/* What the locale does not know gets one column. */
static int character_width(const uint8_t *bytes, size_t size)
{
	int width = size ? wcwidth((wchar_t)decode(bytes, size)) : 1;

	return width < 0 ? 1 : width;
}

size_t text_fit(const char *text, int room, int *width)
{
	size_t left = strlen(text), length = 0;

	*width = 0;
	while (left) {
		const uint8_t *bytes = (const uint8_t *)text + length;
		size_t size = text_character(bytes, left);
		int next = character_width(bytes, size);

		if (next > room - *width)
			break;
		*width += next;
		length += size ? size : 1;
		left -= size ? size : 1;
	}
	return length;
}

int text_width(const char *text)
{
	int width;

	text_fit(text, INT_MAX, &width);
	return width;
}
