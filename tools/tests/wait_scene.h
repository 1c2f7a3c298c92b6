/* SPDX-License-Identifier: GPL-2.0 */
/*
 * DOC: who waits for whom, made up for tests
 *
 * Waiters are added one by one; then the graph is built from them. Processes are called by
 * their ids, waits by their numbers, from 0.
 */
#ifndef WAIT_SCENE_H
#define WAIT_SCENE_H

#include "../ipcport/waittree.h"

#define SCENE_WAITERS	16

/* Threads of a process, where that plays no role. */
#define MANY_THREADS	99

/* A test with a scene of its own. */
#define A_TEST(test)	cmocka_unit_test_setup_teardown(test, scene_reset, scene_forget)

/**
 * struct scene - what a test looks at
 * @items: the waiters
 * @dump: the same as a dump
 * @graph: made from them
 * @tree: made from that
 */
struct scene {
	struct view_waiter items[SCENE_WAITERS];
	struct view_waiters dump;
	struct waitgraph *graph;
	struct waittree tree;
};

extern struct scene scene;

/**
 * scene_reset() - begin without waiters; for cmocka
 * @state: cmocka's
 */
int scene_reset(void **state);

/**
 * scene_forget() - free what was built; for cmocka
 * @state: cmocka's
 */
int scene_forget(void **state);

/**
 * scene_add() - add a waiter, the main thread of a process
 * @kind: what it waits for
 * @pid: the process
 * @to: the owner of its port, and, once a call is received, its holder
 *
 * Return: the waiter, for changes.
 */
struct view_waiter *scene_add(uint32_t kind, uint32_t pid, uint32_t to);

/**
 * scene_add_call() - add a waiter whose call was received
 * @pid: its process
 * @to: who has received it
 *
 * Return: the waiter, for changes.
 */
struct view_waiter *scene_add_call(uint32_t pid, uint32_t to);

/**
 * scene_add_triangle() - process 1 waits for 2, 2 for 3, and 3 for 1
 */
void scene_add_triangle(void);

/**
 * scene_build() - build the graph
 * @thread_count: how many threads each process has
 */
void scene_build(size_t thread_count);

/**
 * scene_find() - index of a process, which must be in the graph
 * @pid: the process
 */
size_t scene_find(uint32_t pid);

/**
 * scene_set_threads() - say how many threads a process has
 * @pid: the process
 * @count: how many
 */
void scene_set_threads(uint32_t pid, size_t count);

/**
 * scene_wait() - a wait in the graph
 * @number: number of its waiter
 */
struct waitgraph_wait *scene_wait(size_t number);

/**
 * scene_plant() - lay the graph out as a tree
 * @root: where to begin; 0 for all
 */
void scene_plant(uint32_t root);

/**
 * scene_expect_tree() - check the tree
 * @text: depth and process of each row, with a dot behind one that does not wait
 */
void scene_expect_tree(const char *text);

#endif /* WAIT_SCENE_H */
