/* SPDX-License-Identifier: GPL-2.0 */
/*
 * DOC: aligned columns
 *
 * Cells are put in one after the other, line by line, and printed when all are there.
 */
#ifndef TABLE_H
#define TABLE_H

#include <stdbool.h>
#include <stddef.h>

/**
 * struct column - a column of a table
 * @heading: what stands above it
 * @is_number: its cells end below each other
 */
struct column {
	const char *heading;
	bool is_number;
};

/**
 * struct table - a table; the caller sets the first two
 * @columns: the columns
 * @column_count: how many
 * @cells: what is in them, line by line
 * @count: how many cells
 * @room: how many there is room for
 * @is_broken: there was no memory for one
 */
struct table {
	const struct column *columns;
	size_t column_count;
	char **cells;
	size_t count;
	size_t room;
	bool is_broken;
};

/**
 * table_cell() - fill the next cell
 * @table: the table
 * @format: what is in it, as for printf()
 */
void table_cell(struct table *table, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/**
 * table_text() - fill the next cell with bytes of unknown origin, as text_print()
 * @table: the table
 * @text: the bytes; if there are none, the cell has a dash
 */
void table_text(struct table *table, const char *text);

/**
 * table_print() - print the table to stdout, and free it
 * @table: the table, whose last line is complete
 *
 * Return: STATUS_OK, or STATUS_FAILED after saying why.
 */
int table_print(struct table *table);

#endif /* TABLE_H */
