// SPDX-License-Identifier: GPL-2.0
#include "waiting.h"
#include "json.h"
#include "text.h"
#include "view_json.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The state stands behind what the thread is called, which may be any bytes, in brackets. */
static bool is_over(FILE *stat)
{
	char text[256];
	const char *end;
	size_t length;

	length = fread(text, 1, sizeof(text) - 1, stat);
	text[length] = '\0';
	end = strrchr(text, ')');
	return end && (strstr(end, " Z ") == end + 1 || strstr(end, " X ") == end + 1);
}

/* A main thread that has exited stays there, but does nothing any more. */
static bool is_alive(const char *tasks, const char *tid)
{
	char path[64];
	bool is_alive;
	FILE *stat;

	snprintf(path, sizeof(path), "%s/%.16s/stat", tasks, tid);
	stat = fopen(path, "re");
	if (!stat)
		return errno != ENOENT;
	is_alive = !is_over(stat);
	fclose(stat);
	return is_alive;
}

/* 0 if /proc does not show them. */
static size_t count_threads(uint32_t pid)
{
	const struct dirent *entry;
	size_t count = 0;
	char tasks[32];
	DIR *folder;

	snprintf(tasks, sizeof(tasks), "/proc/%u/task", pid);
	folder = opendir(tasks);
	if (!folder)
		return 0;
	while ((entry = readdir(folder))) {
		if (entry->d_name[0] != '.')
			count += is_alive(tasks, entry->d_name);
	}
	closedir(folder);
	return count;
}

/* Could somebody with a handle receive what is in the port; a port that is gone is not certain. */
static bool has_receivers(struct view *view, uint64_t id)
{
	struct view_port port;

	return view_get_port(view, id, NULL, &port) || port.recv_handles;
}

/* Who may receive also answers what another one has received. A port is asked for once. */
static void look_at_ports(struct waitgraph *graph, struct view *view)
{
	const struct waitgraph_wait *before = NULL;

	for (size_t i = 0; i < graph->wait_count; i++) {
		struct waitgraph_wait *wait = &graph->waits[i];

		if (wait->to == WAITGRAPH_NOBODY)
			continue;
		if (before && before->waiter->port == wait->waiter->port)
			wait->is_shared = before->is_shared;
		else
			wait->is_shared = has_receivers(view, wait->waiter->port);
		before = wait;
	}
}

/*
 * What tells a deadlock from another cycle. Threads that wait from the first dump to the
 * second cannot start others: there are as many at the moment that counts as here.
 */
static void look_closer(struct waitgraph *graph, struct view *view)
{
	for (size_t i = 0; i < graph->process_count; i++) {
		if (graph->processes[i].pid && graph->processes[i].count)
			graph->processes[i].thread_count = count_threads(graph->processes[i].pid);
	}
	look_at_ports(graph, view);
}

static int confirm(struct waitgraph *graph, struct view *view)
{
	struct view_waiters later;
	int ret;

	look_closer(graph, view);
	ret = view_list_waiters(view, 0, NULL, &later);
	if (ret)
		return ret;
	ret = waitgraph_confirm(graph, &later);
	free(later.items);
	if (!ret)
		waitgraph_judge(graph);
	return ret;
}

int waiting_load(struct waiting *waiting, struct view *view)
{
	int ret;

	ret = view_list_waiters(view, 0, NULL, &waiting->waiters);
	if (ret)
		return ret;
	waiting->graph = waitgraph_build(&waiting->waiters);
	ret = waiting->graph ? 0 : -ENOMEM;
	if (!ret)
		waitgraph_judge(waiting->graph);
	if (!ret && waiting->graph->cycle_count)
		ret = confirm(waiting->graph, view);
	if (ret)
		waiting_free(waiting);
	return ret;
}

void waiting_free(struct waiting *waiting)
{
	waitgraph_free(waiting->graph);
	free(waiting->waiters.items);
}

struct json_object *waiting_json(const struct waitgraph *graph, const struct waitgraph_wait *wait)
{
	struct json_object *object = json_view_waiter(wait->waiter);

	if (wait->to == WAITGRAPH_NOBODY)
		json_object_object_add(object, "waits_for", NULL);
	else
		json_u64(object, "waits_for", graph->processes[wait->to].pid);
	json_object_object_add(object, "is_cycle", json_object_new_boolean(wait->is_cycle));
	json_object_object_add(object, "is_deadlock", json_object_new_boolean(wait->is_deadlock));
	return object;
}

void waiting_print_process(FILE *out, const struct waitgraph_process *process)
{
	text_print(out, (const uint8_t *)process->comm, strlen(process->comm));
	fprintf(out, "[%u]", process->pid);
}
