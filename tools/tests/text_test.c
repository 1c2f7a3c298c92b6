// SPDX-License-Identifier: GPL-2.0
/* How text of unknown origin is shown, and how wide it is. */
#include "../ipcport/array.h"
#include "../ipcport/text.h"

#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A character of two columns, and one that is put onto the one before it. */
#define WIDE		"\xe4\xb8\xad"
#define COMBINING	"\xcc\x88"

static void only_well_formed_characters_are_text(void **state)
{
	static const char *const right[] = {
		"", "hello", "\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\xed\x9f\xbf",
		"\xee\x80\x80", "\xf4\x8f\xbf\xbf", "\t\n\x1b[0m",
	};
	static const char *const wrong[] = {
		"\x80", "\xc0\x80", "\xc1\xbf", "\xc3", "\xc3(", "\xe0\x9f\xbf", "\xed\xa0\x80",
		"\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "a\xe2\x82",
		"\xe2\x82(", "\xf0\x9f\x98(",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(right); i++)
		assert_true(text_is_utf8((const uint8_t *)right[i], strlen(right[i])));
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		assert_false(text_is_utf8((const uint8_t *)wrong[i], strlen(wrong[i])));
	assert_false(text_is_utf8((const uint8_t *)"a\0b", 3));
}

static void expect_print(const char *bytes, size_t length, const char *expected)
{
	char *printed;
	size_t size;
	FILE *out = open_memstream(&printed, &size);

	assert_non_null(out);
	text_print(out, (const uint8_t *)bytes, length);
	fclose(out);
	assert_string_equal(printed, expected);
	free(printed);
}

static void a_sender_cannot_control_the_terminal(void **state)
{
	(void)state;
	expect_print("hello", 5, "hello");
	expect_print("gr\xc3\xbc\xc3\x9f", 6, "gr\xc3\xbc\xc3\x9f");
	expect_print("\x1b[2J", 4, "\\x1b[2J");
	expect_print("\302\2332J", 4, "\\xc2\\x9b2J");
	expect_print("a\nb\r", 4, "a\\x0ab\\x0d");
	expect_print("\x7f\xff\0", 3, "\\x7f\\xff\\x00");
	expect_print("a\\x0a", 5, "a\\\\x0a");
}

static void what_cannot_be_seen_is_escaped(void **state)
{
	static const struct {
		const char *text, *printed;
	} texts[] = {
		{ "\xd8\x9c", "\\xd8\\x9c" },			/* U+061C */
		{ "\xe2\x80\x8a", "\xe2\x80\x8a" },
		{ "\xe2\x80\x8b", "\\xe2\\x80\\x8b" },		/* U+200B */
		{ "\xe2\x80\x8f", "\\xe2\\x80\\x8f" },
		{ "\xe2\x80\x90", "\xe2\x80\x90" },
		{ "\xe2\x80\xa7", "\xe2\x80\xa7" },
		{ "\xe2\x80\xa8", "\\xe2\\x80\\xa8" },		/* U+2028 */
		{ "\xe2\x80\xae", "\\xe2\\x80\\xae" },
		{ "\xe2\x80\xaf", "\xe2\x80\xaf" },
		{ "\xe2\x81\xa6", "\\xe2\\x81\\xa6" },		/* U+2066 */
		{ "\xe2\x81\xa9", "\\xe2\\x81\\xa9" },
		{ "\xe2\x81\xb0", "\xe2\x81\xb0" },
		{ "\xef\xbb\xbf", "\\xef\\xbb\\xbf" },		/* U+FEFF */
		{ "\xef\xbf\xbd", "\xef\xbf\xbd" },
		{ "\xef\xbf\xbe", "\\xef\\xbf\\xbe" },		/* U+FFFE */
		{ "\xef\xbf\xbf", "\\xef\\xbf\\xbf" },
		{ "\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		expect_print(texts[i].text, strlen(texts[i].text), texts[i].printed);
}

/* @format: one of the two functions; nothing may be written behind @size */
static void expect_format(char *(*format)(char *out, size_t size, const char *text), size_t size,
			  const char *text, const char *expected)
{
	char out[32];

	memset(out, 'x', sizeof(out));
	assert_ptr_equal(format(out, size, text), out);
	assert_string_equal(out, expected);
	for (size_t i = size; i < sizeof(out); i++)
		assert_int_equal(out[i], 'x');
}

static void a_buffer_gets_as_much_as_fits(void **state)
{
	(void)state;
	expect_format(text_format, TEXT_SIZE(4), "\xff\n\x7f\x01", "\\xff\\x0a\\x7f\\x01");
	expect_format(text_format, TEXT_SIZE(4) - 1, "\xff\n\x7f\x01", "\\xff\\x0a\\x7f");
	expect_format(text_format, 5, "a" WIDE "b", "a" WIDE);
	expect_format(text_format, 4, "a" WIDE "b", "a");
	expect_format(text_format, 2, "\\", "");
	expect_format(text_format, 1, "a", "");
	expect_format(text_format, 1, "", "");
}

static void what_is_not_ascii_can_be_escaped_too(void **state)
{
	(void)state;
	expect_format(text_format_ascii, 30, "a\\~" WIDE "b\n", "a\\\\~\\xe4\\xb8\\xadb\\x0a");
}

static void a_character_has_the_width_that_the_locale_knows(void **state)
{
	(void)state;
	assert_int_equal(text_width(""), 0);
	assert_int_equal(text_width("abc"), 3);
	assert_int_equal(text_width("\xc3\xbc\xc3\xbc"), 2);
	assert_int_equal(text_width(WIDE "a" WIDE), 5);
	assert_int_equal(text_width("u" COMBINING "b"), 2);
	/* bytes that are no characters */
	assert_int_equal(text_width("\xff\xe4\xb8"), 3);
	setlocale(LC_CTYPE, "C");
	assert_int_equal(text_width("u" COMBINING WIDE), 3);
	setlocale(LC_CTYPE, "C.UTF-8");
}

static void expect_fit(const char *text, int room, size_t length, int width)
{
	int used = -1;

	assert_int_equal(text_fit(text, room, &used), length);
	assert_int_equal(used, width);
}

static void what_fits_are_whole_characters(void **state)
{
	(void)state;
	expect_fit("abc", 2, 2, 2);
	expect_fit("abc", 4, 3, 3);
	expect_fit("abc", 0, 0, 0);
	expect_fit("a" WIDE "b", 2, 1, 1);
	expect_fit("a" WIDE "b", 3, 4, 3);
	/* what stands above the last character belongs to it */
	expect_fit("au" COMBINING "b", 2, 4, 2);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_well_formed_characters_are_text),
		cmocka_unit_test(a_sender_cannot_control_the_terminal),
		cmocka_unit_test(what_cannot_be_seen_is_escaped),
		cmocka_unit_test(a_buffer_gets_as_much_as_fits),
		cmocka_unit_test(what_is_not_ascii_can_be_escaped_too),
		cmocka_unit_test(a_character_has_the_width_that_the_locale_knows),
		cmocka_unit_test(what_fits_are_whole_characters),
	};

	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		return 1;
	return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
