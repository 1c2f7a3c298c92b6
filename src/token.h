/* SPDX-License-Identifier: GPL-2.0 */
/**
 * DOC: Tokens
 *
 * A token names one call, for as long as the module is loaded. Calls are kept in sets
 * by token: those that are open in a port, those that are outstanding on a file. The
 * functions take no lock: whoever owns the set guards it, and the places in it.
 */
#ifndef IPCPORT_TOKEN_H
#define IPCPORT_TOKEN_H

#include <linux/container_of.h>
#include <linux/rbtree.h>
#include <linux/types.h>

/**
 * struct ipcport_place - a call's place in one set
 * @token: names the call		(const after init)
 * @node: in the set, or empty		(lock: that of the set)
 */
struct ipcport_place {
	u64 token;
	struct rb_node node;
};

/**
 * ipcport_place_init() - a place that is in no set
 * @place: memory for it
 * @token: token of the call
 *
 * Context: Any.
 */
static inline void ipcport_place_init(struct ipcport_place *place, u64 token)
{
	place->token = token;
	RB_CLEAR_NODE(&place->node);
}

/**
 * ipcport_place_is_taken() - is a place in its set?
 * @place: the place
 *
 * Context: Any; the caller guards the set.
 * Return: whether it is.
 */
static inline bool ipcport_place_is_taken(const struct ipcport_place *place)
{
	return !RB_EMPTY_NODE(&place->node);
}

/**
 * ipcport_place_give_up() - leave a set
 * @place: a place that is in @set
 * @set: the set
 *
 * Context: Any; the caller guards @set.
 */
static inline void ipcport_place_give_up(struct ipcport_place *place, struct rb_root *set)
{
	rb_erase(&place->node, set);
	RB_CLEAR_NODE(&place->node);
}

void ipcport_place_take(struct ipcport_place *place, struct rb_root *set);
struct ipcport_place *ipcport_place_find(const struct rb_root *set, u64 token);
struct ipcport_place *ipcport_place_first(const struct rb_root *set);
struct ipcport_place *ipcport_place_after(const struct rb_root *set, u64 token);

u64 ipcport_token_next(void);
u64 ipcport_token_last(void);

#endif /* IPCPORT_TOKEN_H */
