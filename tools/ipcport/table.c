// SPDX-License-Identifier: GPL-2.0
#include "table.h"
#include "command.h"
#include "fail.h"
#include "text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void free_cells(struct table *table)
{
	for (size_t i = 0; i < table->count; i++)
		free(table->cells[i]);
	free(table->cells);
	table->cells = NULL;
	table->count = 0;
	table->room = 0;
}

static bool make_room(struct table *table)
{
	size_t room = table->room ? 2 * table->room : 64;
	char **cells;

	if (table->count < table->room)
		return true;
	cells = reallocarray(table->cells, room, sizeof(*cells));
	if (!cells)
		return false;
	table->cells = cells;
	table->room = room;
	return true;
}

/* Takes the cell over. */
static void add(struct table *table, char *cell)
{
	if (cell && make_room(table)) {
		table->cells[table->count++] = cell;
		return;
	}
	free(cell);
	table->is_broken = true;
}

void table_cell(struct table *table, const char *format, ...)
{
	char *cell = NULL;
	va_list args;

	va_start(args, format);
	if (vasprintf(&cell, format, args) < 0)
		cell = NULL;
	va_end(args);
	add(table, cell);
}

void table_text(struct table *table, const char *text)
{
	size_t size = TEXT_SIZE(strlen(text));
	char *cell;

	if (!*text) {
		add(table, strdup("-"));
		return;
	}
	cell = malloc(size);
	add(table, cell ? text_format(cell, size, text) : NULL);
}

static const char *cell_at(const struct table *table, size_t line, size_t column)
{
	if (!line)
		return table->columns[column].heading;
	return table->cells[(line - 1) * table->column_count + column];
}

static int column_width(const struct table *table, size_t column)
{
	int widest = 0, next;

	for (size_t line = 0; line <= table->count / table->column_count; line++) {
		next = text_width(cell_at(table, line, column));
		if (next > widest)
			widest = next;
	}
	return widest;
}

static void print_cell(const struct table *table, size_t line, size_t column, int columns)
{
	const char *cell = cell_at(table, line, column);
	int blanks = columns - text_width(cell);
	bool is_last = column + 1 == table->column_count;

	if (table->columns[column].is_number)
		printf("%*s%s", blanks, "", cell);
	else
		printf("%s%*s", cell, is_last ? 0 : blanks, "");
	fputs(is_last ? "\n" : "  ", stdout);
}

static void print_lines(const struct table *table, const int *widths)
{
	for (size_t line = 0; line <= table->count / table->column_count; line++) {
		for (size_t i = 0; i < table->column_count; i++)
			print_cell(table, line, i, widths[i]);
	}
}

int table_print(struct table *table)
{
	int *widths = calloc(table->column_count, sizeof(*widths));
	int status = STATUS_OK;

	if (widths && !table->is_broken) {
		for (size_t i = 0; i < table->column_count; i++)
			widths[i] = column_width(table, i);
		print_lines(table, widths);
	} else {
		status = fail(ENOMEM, "print a table");
	}
	free(widths);
	free_cells(table);
	return status;
}
