// SPDX-License-Identifier: GPL-2.0
#include "text.h"
#include "array.h"

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

/* U+0000 to U+001F, U+007F to U+009F: what terminals obey instead of showing. */
static bool is_control(const uint8_t *bytes)
{
	return bytes[0] < 0x20 || bytes[0] == 0x7f || (bytes[0] == 0xc2 && bytes[1] < 0xa0);
}

void text_print(FILE *out, const uint8_t *bytes, size_t length)
{
	while (length) {
		size_t size = text_character(bytes, length);

		if (!size || is_control(bytes)) {
			fprintf(out, "\\x%02x", bytes[0]);
			size = 1;
		} else {
			if (bytes[0] == '\\')
				fputc('\\', out);
			fwrite(bytes, 1, size, out);
		}
		bytes += size;
		length -= size;
	}
}
