/* SPDX-License-Identifier: GPL-2.0 */
#ifndef TOP_H
#define TOP_H

#include "rates.h"

/**
 * struct top - what top shows, and how
 * @key: by what ports are sorted
 * @is_reverse: the other way round
 * @delay_ns: time between two looks at the ports
 * @count: how many looks to show, 0 for no end
 * @is_json: print JSON
 */
struct top {
	enum rates_key key;
	bool is_reverse;
	uint64_t delay_ns;
	uint64_t count;
	bool is_json;
};

/* What --sort takes, by enum rates_key. The first letter is the key to press. */
extern const char *const top_keys[RATES_KEYS];

/**
 * top_screen_open() - take over the terminal
 *
 * Return: STATUS_OK, or STATUS_FAILED after saying why.
 */
int top_screen_open(void);

/**
 * top_screen_close() - give the terminal back
 */
void top_screen_close(void);

/**
 * top_screen_draw() - show ports
 * @top: how
 * @rates: which; they get sorted
 */
void top_screen_draw(const struct top *top, struct rates *rates);

/**
 * top_screen_wait() - wait for a time to come, and obey the user meanwhile
 * @top: how to show ports; the user may choose
 * @rates: the ports on the screen
 * @until_ns: when to end, CLOCK_MONOTONIC
 *
 * Return: false if the user does not want any more.
 */
bool top_screen_wait(struct top *top, struct rates *rates, uint64_t until_ns);

#endif /* TOP_H */
