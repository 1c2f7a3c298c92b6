// SPDX-License-Identifier: GPL-2.0
#include "rates.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NSEC_PER_SEC	1000000000.0

/* Ports come in the order of their numbers, so the one before is not far. */
static const struct view_port *find(const struct rates *before, size_t *at, uint64_t id)
{
	if (!before)
		return NULL;
	while (*at < before->ports.count && before->ports.items[*at].id < id)
		++*at;
	if (*at == before->ports.count || before->ports.items[*at].id != id)
		return NULL;
	return &before->ports.items[*at];
}

/* A port that was not there before began with nothing. */
static struct rate measure(const struct view_port *port, const struct view_port *before,
			   double seconds)
{
	static const struct view_port nothing;
	const struct view_counters *now = &port->counters;
	const struct view_counters *then = &(before ? before : &nothing)->counters;

	return (struct rate){
		.port = port,
		.sent = (double)(now->sent - then->sent) / seconds,
		.received = (double)(now->received - then->received) / seconds,
		.calls = (double)(now->calls - then->calls) / seconds,
	};
}

static void add_up(struct rates *rates, const struct rate *rate)
{
	rates->total.sent += rate->sent;
	rates->total.received += rate->received;
	rates->total.calls += rate->calls;
	rates->waiting += rate->port->senders + rate->port->receivers;
	rates->open += rate->port->calls;
}

int rates_measure(struct rates *rates, const struct rates *before)
{
	double seconds = 0;
	size_t at = 0;

	/* One more, so that it is not 0. */
	rates->items = calloc(rates->ports.count + 1, sizeof(*rates->items));
	if (!rates->items)
		return -ENOMEM;
	rates->total = (struct rate){ 0 };
	rates->waiting = 0;
	rates->open = 0;
	if (before)
		seconds = (double)(rates->time_ns - before->time_ns) / NSEC_PER_SEC;
	rates->is_measured = seconds > 0;
	for (size_t i = 0; i < rates->ports.count; i++) {
		const struct view_port *port = &rates->ports.items[i];

		rates->items[i] = (struct rate){ .port = port };
		if (rates->is_measured)
			rates->items[i] = measure(port, find(before, &at, port->id), seconds);
		add_up(rates, &rates->items[i]);
	}
	return 0;
}

static int compare_numbers(double a, double b)
{
	return (a > b) - (a < b);
}

static int by_port(const struct rate *one, const struct rate *other)
{
	return (one->port->id > other->port->id) - (one->port->id < other->port->id);
}

/* Those without a name come last. */
static int by_name(const struct rate *one, const struct rate *other)
{
	int order = !*one->port->name - !*other->port->name;

	return order ? order : strcmp(one->port->name, other->port->name);
}

static int by_depth(const struct rate *one, const struct rate *other)
{
	return compare_numbers(other->port->depth, one->port->depth);
}

static int by_waiters(const struct rate *one, const struct rate *other)
{
	return compare_numbers((double)other->port->senders + other->port->receivers,
			       (double)one->port->senders + one->port->receivers);
}

static int by_calls(const struct rate *one, const struct rate *other)
{
	return compare_numbers(other->port->calls, one->port->calls);
}

static int by_messages(const struct rate *one, const struct rate *other)
{
	return compare_numbers(other->sent, one->sent);
}

/**
 * struct order - how ports are sorted
 * @compare: by what
 * @sign: -1 for the other way round
 */
struct order {
	int (*compare)(const struct rate *one, const struct rate *other);
	int sign;
};

/* Ports that are alike stay in the order of their numbers. */
static int compare_rates(const void *a, const void *b, void *data)
{
	const struct order *order = data;
	int result = order->sign * order->compare(a, b);

	return result ? result : by_port(a, b);
}

void rates_sort(struct rates *rates, enum rates_key key, bool is_reverse)
{
	static int (*const compare[RATES_KEYS])(const struct rate *one,
						const struct rate *other) = {
		[RATES_BY_PORT] = by_port,
		[RATES_BY_NAME] = by_name,
		[RATES_BY_DEPTH] = by_depth,
		[RATES_BY_WAITERS] = by_waiters,
		[RATES_BY_CALLS] = by_calls,
		[RATES_BY_MESSAGES] = by_messages,
	};
	struct order order = { .compare = compare[key], .sign = is_reverse ? -1 : 1 };

	qsort_r(rates->items, rates->ports.count, sizeof(*rates->items), compare_rates, &order);
}

void rates_free(struct rates *rates)
{
	free(rates->items);
	free(rates->ports.items);
	*rates = (struct rates){ 0 };
}
