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
 * a sender cannot control the receiver's terminal, and nothing gets lost.
 */
void text_print(FILE *out, const uint8_t *bytes, size_t length);

#endif /* TEXT_H */
