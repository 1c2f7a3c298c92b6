// SPDX-License-Identifier: GPL-2.0
#include "top.h"
#include "array.h"
#include "command.h"
#include "fail.h"
#include "text.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <langinfo.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <ncurses.h>

#define NSEC_PER_MSEC	1000000
#define NSEC_PER_SEC	1000000000.0

/* Lines above the ports: a summary, how they are sorted, keys, headings. */
#define HEAD_LINES	4

#define NAME_WIDTH	12

enum screen_column {
	COLUMN_PORT,
	COLUMN_NAME,
	COLUMN_PID,
	COLUMN_COMMAND,
	COLUMN_DEPTH,
	COLUMN_SEND,
	COLUMN_RECV,
	COLUMN_CALLS,
	COLUMN_MESSAGE_RATE,
	COLUMN_CALL_RATE,
};

/* Together with a blank between them they fit on 80 columns; the name gets the rest. */
static const struct screen_heading {
	const char *text;
	int width;
	bool is_number;
} headings[] = {
	[COLUMN_PORT]		= { "PORT", 6, true },
	[COLUMN_NAME]		= { "NAME", NAME_WIDTH, false },
	[COLUMN_PID]		= { "PID", 7, true },
	[COLUMN_COMMAND]	= { "COMMAND", 12, false },
	[COLUMN_DEPTH]		= { "DEPTH", 7, true },
	[COLUMN_SEND]		= { "SEND", 4, true },
	[COLUMN_RECV]		= { "RECV", 4, true },
	[COLUMN_CALLS]		= { "CALLS", 5, true },
	[COLUMN_MESSAGE_RATE]	= { "MSGS/S", 7, true },
	[COLUMN_CALL_RATE]	= { "CALLS/S", 7, true },
};

const char *const top_keys[RATES_KEYS] = {
	[RATES_BY_PORT] = "port",
	[RATES_BY_NAME] = "name",
	[RATES_BY_DEPTH] = "depth",
	[RATES_BY_WAITERS] = "waiters",
	[RATES_BY_CALLS] = "calls",
	[RATES_BY_MESSAGES] = "messages",
};

static SCREEN *screen;

int top_screen_open(void)
{
	if (!isatty(STDOUT_FILENO) || !isatty(STDIN_FILENO))
		return fail_because("top needs a terminal; without one, use --json");
	screen = newterm(NULL, stdout, stdin);
	if (!screen)
		return fail_because("this terminal is not known; use --json, or set TERM");
	cbreak();
	noecho();
	curs_set(0);
	keypad(stdscr, true);
	return STATUS_OK;
}

void top_screen_close(void)
{
	endwin();
	delscreen(screen);
}

static int width_of(size_t column)
{
	int rest = COLS;

	if (column != COLUMN_NAME)
		return headings[column].width;
	for (size_t i = 0; i < ARRAY_SIZE(headings); i++)
		rest -= i == COLUMN_NAME ? 1 : headings[i].width + 1;
	if (rest < NAME_WIDTH)
		return NAME_WIDTH;
	return rest < IPCPORT_NAME_SIZE ? rest : IPCPORT_NAME_SIZE;
}

/* What is beyond the edge of the screen is left out. */
static void put(int line, int x, const char *text, int room)
{
	int width;

	if (x >= COLS)
		return;
	mvaddnstr(line, x, text, (int)text_fit(text, room < COLS - x ? room : COLS - x, &width));
}

static void draw_cell(int line, size_t column, const char *text)
{
	int room = width_of(column), x = 0, width;

	for (size_t i = 0; i < column; i++)
		x += width_of(i) + 1;
	if (headings[column].is_number) {
		text_fit(text, room, &width);
		x += room - width;
	}
	put(line, x, text, room);
}

static void draw_number(int line, size_t column, uint64_t number)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, number);
	draw_cell(line, column, text);
}

/* The screen shows what the locale knows: of others than UTF-8 that is ASCII for certain. */
static void draw_text(int line, size_t column, const char *bytes)
{
	char text[TEXT_SIZE(IPCPORT_NAME_SIZE)];

	if (!strcmp(nl_langinfo(CODESET), "UTF-8"))
		text_format(text, sizeof(text), bytes);
	else
		text_format_ascii(text, sizeof(text), bytes);
	draw_cell(line, column, *text ? text : "-");
}

static void draw_rate(int line, size_t column, bool is_measured, double rate)
{
	char text[32] = "-";

	if (is_measured)
		snprintf(text, sizeof(text), "%.*f", rate < 10000 ? 1 : 0, rate);
	draw_cell(line, column, text);
}

static void draw_port(int line, const struct rate *rate, bool is_measured)
{
	const struct view_port *port = rate->port;
	char depth[32];

	draw_number(line, COLUMN_PORT, port->id);
	draw_text(line, COLUMN_NAME, port->name);
	draw_number(line, COLUMN_PID, port->owner_pid);
	draw_text(line, COLUMN_COMMAND, port->owner_comm);
	snprintf(depth, sizeof(depth), "%u/%u", port->depth, port->capacity);
	draw_cell(line, COLUMN_DEPTH, depth);
	draw_number(line, COLUMN_SEND, port->senders);
	draw_number(line, COLUMN_RECV, port->receivers);
	draw_number(line, COLUMN_CALLS, port->calls);
	draw_rate(line, COLUMN_MESSAGE_RATE, is_measured, rate->sent);
	draw_rate(line, COLUMN_CALL_RATE, is_measured, rate->calls);
}

static void draw_summary(const struct top *top, const struct rates *rates)
{
	char text[256];
	int length;

	length = snprintf(text, sizeof(text),
			  "ports %zu  waiting threads %" PRIu64 "  open calls %" PRIu64,
			  rates->ports.count, rates->waiting, rates->open);
	if (rates->is_measured)
		snprintf(text + length, sizeof(text) - (size_t)length,
			 "  messages/s %.1f  calls/s %.1f", rates->total.sent,
			 rates->total.calls);
	put(0, 0, text, COLS);
	snprintf(text, sizeof(text), "sorted by %s%s, every %gs", top_keys[top->key],
		 top->is_reverse ? ", reversed" : "", (double)top->delay_ns / NSEC_PER_SEC);
	put(1, 0, text, COLS);
	length = snprintf(text, sizeof(text), "q quit  r reverse");
	for (size_t i = 0; i < RATES_KEYS; i++)
		length += snprintf(text + length, sizeof(text) - (size_t)length, "  %c %s",
				   top_keys[i][0], top_keys[i]);
	put(2, 0, text, COLS);
}

static void draw_headings(void)
{
	attron(A_REVERSE);
	mvhline(HEAD_LINES - 1, 0, ' ', COLS);
	for (size_t i = 0; i < ARRAY_SIZE(headings); i++)
		draw_cell(HEAD_LINES - 1, i, headings[i].text);
	attroff(A_REVERSE);
}

void top_screen_draw(const struct top *top, struct rates *rates)
{
	rates_sort(rates, top->key, top->is_reverse);
	erase();
	draw_summary(top, rates);
	draw_headings();
	for (size_t i = 0; i < rates->ports.count && (int)i < LINES - HEAD_LINES; i++)
		draw_port(HEAD_LINES + (int)i, &rates->items[i], rates->is_measured);
	refresh();
}

static void sort_by(struct top *top, int key)
{
	for (size_t i = 0; i < RATES_KEYS; i++) {
		if (top_keys[i][0] == key)
			top->key = (enum rates_key)i;
	}
}

/* Until then, but no longer than the screen can wait in one go. */
static int milliseconds_until(uint64_t until_ns)
{
	uint64_t now_ns = ipcport_deadline_ns(0), ms;

	if (now_ns >= until_ns)
		return 0;
	ms = (until_ns - now_ns) / NSEC_PER_MSEC + 1;
	return ms < INT_MAX ? (int)ms : INT_MAX;
}

/* Nobody presses a key there any more, and reading does not wait. */
static bool has_hung_up(void)
{
	struct pollfd terminal = { .fd = STDIN_FILENO };

	return poll(&terminal, 1, 0) > 0 && terminal.revents;
}

/* Looks for a key at least once: the time may be over already, if there are many ports. */
bool top_screen_wait(struct top *top, struct rates *rates, uint64_t until_ns)
{
	int ms, key;

	do {
		ms = milliseconds_until(until_ns);
		timeout(ms);
		errno = 0;
		key = getch();
		if (key == 'q' || (key == ERR && ((errno && errno != EINTR) || has_hung_up())))
			return false;
		if (key == ' ')
			return true;
		if (key == 'r')
			top->is_reverse = !top->is_reverse;
		else
			sort_by(top, key);
		if (key != ERR)
			top_screen_draw(top, rates);
	} while (ms);
	return true;
}
