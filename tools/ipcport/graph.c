// SPDX-License-Identifier: GPL-2.0
#include "command.h"
#include "fail.h"
#include "picture.h"
#include "picture_print.h"
#include "spawn.h"
#include "waiting.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static const char help[] =
	"Usage: ipcport graph [OPTION...]\n"
	"\n"
	"Print a picture of processes, ports, and who waits where, in the language of graphviz.\n"
	"\n"
	"  -b, --busy  leave out ports in which nobody waits and no call is open\n"
	"  -s, --svg   let graphviz draw it, and print the picture as SVG\n"
	"  -j, --json  print nodes and edges as JSON\n"
	"  -h, --help  print this help\n"
	"\n"
	"Boxes are processes, ellipses ports; a note, with a folded corner, is a name that somebody\n"
	"waits for and no port has. A line leads from who waits to the port, and on to the holder,\n"
	"which has received the call; a dotted one from a port to its owner. A dashed line is a\n"
	"call for which no thread sleeps. Deadlocks are red; cycles that need not be deadlocks are\n"
	"orange, see 'ipcport waits --help'.\n"
	"\n"
	"Without graphviz: ipcport graph > stuck.dot, for another machine.\n"
	"\n"
	"Example:\n"
	"  ipcport graph --busy --svg > stuck.svg\n";

/**
 * struct graph_options - options of graph
 * @is_busy: leave out idle ports
 * @is_svg: let graphviz draw
 * @is_json: print JSON
 */
struct graph_options {
	bool is_busy;
	bool is_svg;
	bool is_json;
};

static int take(int option, void *options)
{
	struct graph_options *graph = options;

	if (option == 'b')
		graph->is_busy = true;
	else if (option == 's')
		graph->is_svg = true;
	else
		graph->is_json = true;
	return STATUS_OK;
}

/* What graphviz is to read; a file, so that nobody has to write while it reads. */
static FILE *write_dot(const struct picture *picture)
{
	int fd = memfd_create("ipcport.dot", MFD_CLOEXEC);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "w+");

	if (!file) {
		if (fd >= 0)
			close(fd);
		return NULL;
	}
	picture_print_dot(file, picture);
	if (fflush(file) || ferror(file)) {
		fclose(file);
		return NULL;
	}
	rewind(file);
	return file;
}

static int start_dot(pid_t *pid, int input)
{
	char name[] = "dot", format[] = "-Tsvg";
	char *argv[3] = { name, format };
	posix_spawn_file_actions_t actions;
	sigset_t mask;
	int ret;

	sigprocmask(SIG_BLOCK, NULL, &mask);
	ret = -posix_spawn_file_actions_init(&actions);
	if (ret)
		return ret;
	ret = -posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
	if (!ret)
		ret = spawn(pid, argv, &actions, &mask);
	posix_spawn_file_actions_destroy(&actions);
	return ret;
}

static int draw(int input)
{
	int wait_status = 0, ret;
	pid_t pid;

	ret = start_dot(&pid, input);
	if (ret == -ENOENT)
		return fail_because("there is no program 'dot': --svg needs graphviz");
	if (ret)
		return fail(ret, "run dot");
	while (waitpid(pid, &wait_status, 0) < 0) {
		if (errno != EINTR)
			return fail(errno, "wait for dot");
	}
	ret = spawn_status(wait_status);
	return ret ? fail_because("dot failed, with status %d", ret) : STATUS_OK;
}

static int print_svg(const struct picture *picture)
{
	FILE *file = write_dot(picture);
	int status;

	if (!file)
		return fail(errno, "write the picture");
	status = draw(fileno(file));
	fclose(file);
	return status;
}

static int print(const struct picture *picture, const struct waitgraph *graph,
		 const struct graph_options *options)
{
	if (options->is_svg)
		return print_svg(picture);
	if (options->is_json)
		picture_print_json(picture, graph);
	else
		picture_print_dot(stdout, picture);
	return STATUS_OK;
}

static int show(struct view *view, const struct view_ports *ports,
		const struct graph_options *options)
{
	struct waiting waiting;
	struct picture picture;
	int ret, status;

	ret = waiting_load(&waiting, view);
	if (ret)
		return view_fail(view, ret, "ask who waits");
	ret = picture_compose(&picture, waiting.graph, ports, options->is_busy);
	if (ret) {
		status = fail(ret, "make a picture");
	} else {
		status = print(&picture, waiting.graph, options);
		picture_free(&picture);
	}
	waiting_free(&waiting);
	return status;
}

static int load(struct view *view, const struct graph_options *options)
{
	struct view_ports ports;
	int ret, status;

	ret = view_list_ports(view, &ports);
	if (ret)
		return view_fail(view, ret, "list the ports");
	status = show(view, &ports, options);
	free(ports.items);
	return status;
}

static int run(char *operands[], void *data)
{
	const struct graph_options *options = data;
	struct view *view;
	int status;

	if (operands[0])
		return fail_usage("'%s' is one argument too many", operands[0]);
	if (options->is_svg && options->is_json)
		return fail_usage("--svg and --json exclude each other");
	status = view_open_or_fail(&view);
	if (status)
		return status;
	status = load(view, options);
	view_close(view);
	return status;
}

static const struct option table[] = {
	{ "busy", no_argument, NULL, 'b' },
	{ "svg", no_argument, NULL, 's' },
	{ "json", no_argument, NULL, 'j' },
	OPTION_HELP,
	{ 0 }
};

static struct graph_options options;

const struct command graph_command = {
	.name = "graph",
	.summary = "Draw who waits for whom, for graphviz",
	.help = help,
	.table = table,
	.take = take,
	.run = run,
	.options = &options,
};
