// SPDX-License-Identifier: GPL-2.0
#include "command.h"
#include "fail.h"
#include "json.h"
#include "kin.h"
#include "parse.h"
#include "waiting.h"
#include "waits_print.h"
#include "waittree.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>

static const char help[] =
	"Usage: ipcport waits [OPTION...] [PID]\n"
	"\n"
	"Show who waits for whom, as a tree: below a thread that waits in a port stands the\n"
	"process that it waits for, with what that waits for in turn. It begins with those whom\n"
	"nobody waits for. With PID, which may be the id of a thread that waits, show only whom\n"
	"this process waits for, and say who that is in the end. A process that waits for\n"
	"something else than a port, its child (as 'serve' does), a pipe, a lock, ends the tree,\n"
	"and a circle through it is not seen; children that wait in ports are named.\n"
	"\n"
	"  -j, --json  print JSON\n"
	"  -h, --help  print this help\n"
	"\n"
	"KIND is what a thread waits for:\n"
	"\n"
	"  send           space in the port: the OWNER has to receive\n"
	"  call_space     the same, to call\n"
	"  call_queued    an answer: the OWNER has to receive the call\n"
	"  call_received  an answer: the HOLDER has received the call, and has to answer\n"
	"  recv           a message, from anyone\n"
	"  name           a port with this name, from anyone\n"
	"\n"
	"NOTE says what is special:\n"
	"\n"
	"  DEADLOCK       they wait for each other with all the threads that they have, and nobody\n"
	"                 has a handle to receive there. Unless somebody else whom the mode of a port\n"
	"                 allows to receive does so, or answers, only a deadline, a signal or the end\n"
	"                 of one of them helps.\n"
	"  cycle          they wait for each other, but a thread that does something else, or somebody\n"
	"                 with a handle, may still help\n"
	"  async          a call for which no thread sleeps\n"
	"\n"
	"A process that several wait for is laid out below the first of them. You see the ports\n"
	"that you may see, and the process 0 is one that cannot be seen from here.\n"
	"\n"
	"Example:\n"
	"  ipcport waits $(pidof client)\n";

/* Tools that list threads show their ids, as this one does: any of them will do. */
static size_t find(const struct waitgraph *graph, uint32_t id)
{
	size_t process = waitgraph_find(graph, id);

	return process == WAITGRAPH_NOBODY ? waitgraph_find_thread(graph, id) : process;
}

static int print_chain(const struct waitgraph *graph, const struct waittree *tree, uint32_t pid)
{
	struct kin kin;
	int ret, status;

	ret = kin_load(&kin, graph);
	if (ret)
		return fail(ret, "find the children that wait");
	status = waits_print_chain(graph, tree, &kin, pid);
	free(kin.items);
	return status;
}

/* Also of a process that waits nowhere; the tree is then empty. */
static int print_one(struct waiting *waiting, uint32_t pid, bool is_json)
{
	size_t root = find(waiting->graph, pid);
	struct waittree tree = { 0 };
	int ret, status;

	if (root == WAITGRAPH_NOBODY && kill((pid_t)pid, 0) && errno == ESRCH)
		return fail_because("there is no process %u", pid);
	ret = root == WAITGRAPH_NOBODY ? 0 : waittree_plant(&tree, waiting->graph, root);
	if (ret)
		return fail(ret, "show who waits");
	if (is_json)
		status = waits_print_json(waiting->graph, &tree);
	else
		status = print_chain(waiting->graph, &tree, pid);
	free(tree.rows);
	return status;
}

static int print_all(struct waiting *waiting, bool is_json)
{
	struct waittree tree;
	int ret, status;

	ret = waittree_plant(&tree, waiting->graph, WAITGRAPH_NOBODY);
	if (ret)
		return fail(ret, "show who waits");
	if (is_json)
		status = waits_print_json(waiting->graph, &tree);
	else
		status = waits_print_all(waiting->graph, &tree);
	free(tree.rows);
	return status;
}

static int show(struct view *view, uint32_t pid, bool is_json)
{
	struct waiting waiting;
	int ret, status;

	ret = waiting_load(&waiting, view);
	if (ret)
		return view_fail(view, ret, "ask who waits");
	status = pid ? print_one(&waiting, pid, is_json) : print_all(&waiting, is_json);
	waiting_free(&waiting);
	return status;
}

static int run(char *operands[], void *is_json)
{
	uint64_t pid = 0;
	struct view *view;
	int status;

	if (operands[0] && !parse_number(operands[0], 1, INT_MAX, &pid))
		return fail_usage("'%s' is not the id of a process", operands[0]);
	if (operands[0] && operands[1])
		return fail_usage("'%s' is one argument too many", operands[1]);
	status = view_open_or_fail(&view);
	if (status)
		return status;
	status = show(view, (uint32_t)pid, *(bool *)is_json);
	view_close(view);
	return status;
}

static bool is_json;

const struct command waits_command = {
	.name = "waits",
	.summary = "Show who waits for whom, and what is a deadlock",
	.help = help,
	.table = command_json_table,
	.take = command_take_json,
	.run = run,
	.options = &is_json,
};
