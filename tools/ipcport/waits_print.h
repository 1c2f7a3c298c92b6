/* SPDX-License-Identifier: GPL-2.0 */
#ifndef WAITS_PRINT_H
#define WAITS_PRINT_H

#include "kin.h"
#include "waittree.h"

/**
 * waits_print_json() - print an array of waits
 * @graph: who waits for whom
 * @tree: which of them, in this order
 *
 * Return: STATUS_OK.
 */
int waits_print_json(const struct waitgraph *graph, const struct waittree *tree);

/**
 * waits_print_all() - print a wait-for tree as a table, and all cycles below
 * @graph: who waits for whom
 * @tree: the tree
 *
 * Return: STATUS_OK, or STATUS_FAILED after saying why.
 */
int waits_print_all(const struct waitgraph *graph, const struct waittree *tree);

/**
 * waits_print_chain() - the same for one process, and whom it waits for in the end
 * @graph: who waits for whom
 * @tree: the tree, with @pid as its root; empty if it does not wait
 * @kin: whose children wait
 * @pid: the process
 *
 * Return: STATUS_OK, or STATUS_FAILED after saying why.
 */
int waits_print_chain(const struct waitgraph *graph, const struct waittree *tree,
		      const struct kin *kin, uint32_t pid);

#endif /* WAITS_PRINT_H */
