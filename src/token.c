// SPDX-License-Identifier: GPL-2.0
#include "token.h"

#include <linux/atomic.h>

/* The token given out last. 64 bits do not wrap. */
static atomic64_t last_token = ATOMIC64_INIT(0);

static struct ipcport_place *node_to_place(const struct rb_node *node)
{
	return rb_entry(node, struct ipcport_place, node);
}

static bool place_less(struct rb_node *a, const struct rb_node *b)
{
	return node_to_place(a)->token < node_to_place(b)->token;
}

static int place_cmp(const void *key, const struct rb_node *node)
{
	const u64 token = *(const u64 *)key;
	const u64 other = node_to_place(node)->token;

	return token < other ? -1 : token > other;
}

/**
 * ipcport_place_take() - get into a set
 * @place: a place that is in no set
 * @set: the set
 *
 * Context: Any; the caller guards @set.
 */
void ipcport_place_take(struct ipcport_place *place, struct rb_root *set)
{
	rb_add(&place->node, set, place_less);
}

/**
 * ipcport_place_find() - find a place by token
 * @set: the set
 * @token: the token
 *
 * Context: Any; the caller guards @set.
 * Return: the place, or NULL.
 */
struct ipcport_place *ipcport_place_find(const struct rb_root *set, u64 token)
{
	struct rb_node *node = rb_find(&token, set, place_cmp);

	return node ? node_to_place(node) : NULL;
}

/**
 * ipcport_place_first() - the place with the lowest token
 * @set: the set
 *
 * Context: Any; the caller guards @set.
 * Return: the place, or NULL.
 */
struct ipcport_place *ipcport_place_first(const struct rb_root *set)
{
	struct rb_node *node = rb_first(set);

	return node ? node_to_place(node) : NULL;
}

/**
 * ipcport_place_after() - the place with the lowest token above another
 * @set: the set
 * @token: the other; it need not be there
 *
 * Context: Any; the caller guards @set.
 * Return: the place, or NULL.
 */
struct ipcport_place *ipcport_place_after(const struct rb_root *set, u64 token)
{
	struct ipcport_place *place, *best = NULL;
	struct rb_node *node = set->rb_node;

	while (node) {
		place = node_to_place(node);
		if (place->token > token) {
			best = place;
			node = node->rb_left;
		} else {
			node = node->rb_right;
		}
	}
	return best;
}

/**
 * ipcport_token_next() - a token that no call has had
 *
 * Context: Any.
 * Return: the token, not 0.
 */
u64 ipcport_token_next(void)
{
	return atomic64_inc_return(&last_token);
}

/**
 * ipcport_token_last() - the highest token that a call can have by now
 *
 * Context: Any.
 * Return: the token; later calls have higher ones.
 */
u64 ipcport_token_last(void)
{
	return atomic64_read(&last_token);
}
