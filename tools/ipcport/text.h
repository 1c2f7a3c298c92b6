/* SPDX-License-Identifier: GPL-2.0 */
#ifndef TEXT_H
#define TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/**
 * text_character() - length of the UTF-8 character that bytes begin with
 * @bytes: the bytes
 * @length: how many, at least 1
 *
 * Return: 1 to 4, or 0 if they begin with none.
 */
size_t text_character(const uint8_t *bytes, size_t length);

/**
 * text_is_utf8() - are the bytes whole characters, without NUL
 * @bytes: the bytes
 * @length: how many
 */
bool text_is_utf8(const uint8_t *bytes, size_t length);

/**
 * text_print() - print bytes of unknown origin on one line of a terminal
 * @out: where to
 * @bytes: the bytes
 * @length: how many
 *
 * Printable UTF-8 is printed as it is, a backslash doubled, every other byte as \xNN:
 * a sender cannot control the receiver's terminal, and nothing gets lost. What cannot be
 * seen, or changes the direction of writing, is not printable either.
 */
void text_print(FILE *out, const uint8_t *bytes, size_t length);

/* Room for text_format() of at most @length bytes. */
#define TEXT_SIZE(length)	(4 * (length) + 1)

/**
 * text_format() - text_print() into a buffer
 * @out: the buffer
 * @size: its size, at least 1
 * @text: the bytes; what does not fit is left out
 *
 * Return: @out
 */
char *text_format(char *out, size_t size, const char *text);

/**
 * text_format_ascii() - the same, for where only ASCII can be shown
 * @out: the buffer
 * @size: its size, at least 1
 * @text: the bytes; those above 0x7f become \xNN too
 *
 * Return: @out
 */
char *text_format_ascii(char *out, size_t size, const char *text);

/**
 * text_fit() - how much of a text fits into some columns of a terminal
 * @text: the text
 * @room: how many columns there are
 * @width: how many of them are used
 *
 * Wide and combining characters are those of the locale.
 *
 * Return: how many bytes.
 */
size_t text_fit(const char *text, int room, int *width);

/**
 * text_width() - columns of a terminal that a text needs
 * @text: the text
 */
int text_width(const char *text);

#endif /* TEXT_H */
