// SPDX-License-Identifier: GPL-2.0
#include "kin.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* Ids may come back while they are looked at: then there would be no end. */
#define MOST_GENERATIONS	64

/* 0 if there is none, or /proc does not show it. */
static uint32_t find_parent(uint32_t pid)
{
	char path[32], line[256];
	uint32_t parent = 0;
	FILE *status;

	snprintf(path, sizeof(path), "/proc/%u/status", pid);
	status = fopen(path, "re");
	if (!status)
		return 0;
	while (!parent && fgets(line, sizeof(line), status)) {
		if (sscanf(line, "PPid: %u", &parent) == 1)
			break;
	}
	fclose(status);
	return parent;
}

static int add(struct kin *kin, const struct kinship *kinship)
{
	struct kinship *items = reallocarray(kin->items, kin->count + 1, sizeof(*items));

	if (!items)
		return -ENOMEM;
	items[kin->count++] = *kinship;
	kin->items = items;
	return 0;
}

static int add_ancestors(struct kin *kin, const struct waitgraph *graph, size_t process)
{
	struct kinship kinship = { .process = process, .is_child = true };
	uint32_t pid = graph->processes[process].pid;
	int ret = 0;

	for (size_t i = 0; !ret && i < MOST_GENERATIONS; i++) {
		pid = find_parent(pid);
		if (!pid)
			break;
		kinship.ancestor = pid;
		ret = add(kin, &kinship);
		kinship.is_child = false;
	}
	return ret;
}

const struct waitgraph_wait *kin_find_wait(const struct waitgraph *graph, size_t process)
{
	const struct waitgraph_process *from = &graph->processes[process];

	for (size_t i = from->first; i < from->first + from->count; i++) {
		if (waitgraph_is_sleeping(&graph->waits[i]))
			return &graph->waits[i];
	}
	return NULL;
}

int kin_load(struct kin *kin, const struct waitgraph *graph)
{
	int ret = 0;

	*kin = (struct kin){ 0 };
	for (size_t i = 0; !ret && i < graph->process_count; i++) {
		if (graph->processes[i].pid && kin_find_wait(graph, i))
			ret = add_ancestors(kin, graph, i);
	}
	if (ret)
		free(kin->items);
	return ret;
}
