/* SPDX-License-Identifier: GPL-2.0 */
#ifndef RATES_H
#define RATES_H

#include "view.h"

/**
 * struct rate - how fast things happen in a port, per second
 * @port: the port
 * @sent: messages that got into it
 * @received: messages that were taken out
 * @calls: calls that got into it
 */
struct rate {
	const struct view_port *port;
	double sent;
	double received;
	double calls;
};

enum rates_key {
	RATES_BY_PORT,
	RATES_BY_NAME,
	RATES_BY_DEPTH,
	RATES_BY_WAITERS,
	RATES_BY_CALLS,
	RATES_BY_MESSAGES,
	RATES_KEYS
};

/**
 * struct rates - ports as they were at a moment, and what happened since another one
 * @ports: what the module said
 * @time_ns: when, CLOCK_MONOTONIC
 * @is_measured: there was another moment; else all rates are 0
 * @items: a rate for each port
 * @total: the sum of all
 * @waiting: threads that wait in the ports
 * @open: open calls
 */
struct rates {
	struct view_ports ports;
	uint64_t time_ns;
	bool is_measured;
	struct rate *items;
	struct rate total;
	uint64_t waiting;
	uint64_t open;
};

/**
 * rates_measure() - find out how fast things happen
 * @rates: @ports and @time_ns are set; the rest is filled in, by the numbers of the ports
 * @before: the same at an earlier moment, NULL if there is none
 *
 * Return: 0 or -ENOMEM.
 */
int rates_measure(struct rates *rates, const struct rates *before);

/**
 * rates_sort() - sort ports, numbers with the highest first, but by port and name the lowest
 * @rates: the ports
 * @key: by what
 * @is_reverse: the other way round
 */
void rates_sort(struct rates *rates, enum rates_key key, bool is_reverse);

/**
 * rates_free() - forget all about it
 * @rates: what rates_measure() filled in, or all zeros
 */
void rates_free(struct rates *rates);

#endif /* RATES_H */
