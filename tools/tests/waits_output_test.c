// SPDX-License-Identifier: GPL-2.0
/* What "ipcport waits" prints, as text and as JSON. */
#include "fake_kernel.h"

#include "../ipcport/waits_print.h"
#include "../ipcport/waiting.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define A_TEST(test)	cmocka_unit_test_setup_teardown(test, reset, forget)

#define SEC	1000000000ULL

#define MOST_WAITERS	64

#define HEADINGS	"PROCESS  KIND  SINCE  PORT  NAME  OWNER  HOLDER  NOTE\n"

static struct {
	struct view_waiter items[MOST_WAITERS];
	struct view_waiters dump;
	struct waitgraph *graph;
	struct waittree tree;
	struct kinship kinships[4];
	struct kin kin;
} scene;

static int reset(void **state)
{
	memset(&scene, 0, sizeof(scene));
	scene.dump.items = scene.items;
	scene.kin.items = scene.kinships;
	fake_reset(state);
	fake.now_ns = 100 * SEC;
	return 0;
}

static int forget(void **state)
{
	(void)state;
	waitgraph_free(scene.graph);
	free(scene.tree.rows);
	scene.graph = NULL;
	scene.tree.rows = NULL;
	return 0;
}

/* The main thread of @pid, called "pN", waits in the port of @to, called "/N". */
static struct view_waiter *add(uint32_t kind, uint32_t pid, uint32_t to)
{
	struct view_waiter *waiter = &scene.items[scene.dump.count++];

	assert_true(scene.dump.count <= MOST_WAITERS);
	*waiter = (struct view_waiter){
		.kind = kind, .pid = pid, .tid = pid, .port = to, .owner_pid = to,
		.since = scene.dump.count * SEC,
	};
	snprintf(waiter->comm, sizeof(waiter->comm), "p%u", pid);
	snprintf(waiter->owner_comm, sizeof(waiter->owner_comm), "p%u", to);
	snprintf(waiter->name, sizeof(waiter->name), "/%u", to);
	if (kind == IPCPORT_WAIT_CALL_RECEIVED) {
		waiter->holder_pid = to;
		memcpy(waiter->holder_comm, waiter->owner_comm, sizeof(waiter->holder_comm));
	}
	return waiter;
}

/* Process number @process of the graph, which waits, descends from @ancestor. */
static void add_kinship(uint32_t ancestor, size_t process, bool is_child)
{
	scene.kinships[scene.kin.count++] = (struct kinship){ ancestor, process, is_child };
}

static void plant(uint32_t pid)
{
	scene.graph = waitgraph_build(&scene.dump);
	assert_non_null(scene.graph);
	for (size_t i = 0; i < scene.graph->process_count; i++)
		scene.graph->processes[i].thread_count = 1;
	waitgraph_judge(scene.graph);
	assert_int_equal(waittree_plant(&scene.tree, scene.graph, pid ?
					waitgraph_find(scene.graph, pid) : WAITGRAPH_NOBODY), 0);
}

/* What is printed for one process, or for all; the caller frees it. */
static char *print(uint32_t pid)
{
	FILE *saved = stdout;
	char *printed;
	size_t size;

	plant(pid);
	stdout = open_memstream(&printed, &size);
	assert_non_null(stdout);
	if (pid)
		assert_int_equal(waits_print_chain(scene.graph, &scene.tree, &scene.kin, pid),
				 0);
	else
		assert_int_equal(waits_print_all(scene.graph, &scene.tree), 0);
	fclose(stdout);
	stdout = saved;
	return printed;
}

static void expect(uint32_t pid, const char *expected)
{
	char *printed = print(pid);

	assert_string_equal(printed, expected);
	free(printed);
}

/* What stands below the table. */
static void expect_end(uint32_t pid, const char *expected)
{
	char *printed = print(pid), *end = strstr(printed, "\n\n");

	assert_non_null(end);
	assert_string_equal(end + 2, expected);
	free(printed);
}

static void a_chain_ends_with_who_does_not_wait(void **state)
{
	(void)state;
	add(IPCPORT_WAIT_CALL_RECEIVED, 1, 2)->holder_pid = 12;
	add(IPCPORT_WAIT_CALL_QUEUED, 12, 3);
	expect(1, "PROCESS    KIND           SINCE  PORT  NAME  OWNER  HOLDER  NOTE\n"
		  "p1[1]      call_received  1m39s     2  /2    p2[2]  p2[12]  -\n"
		  "`-p12[12]  call_queued    1m38s     3  /3    p3[3]  -       -\n"
		  "  `-p3[3]  -                  -     -  -     -      -       -\n"
		  "\n"
		  "p1[1] waits for p3[3], which waits in no port that you may see.\n");
}

static void threads_are_told_from_their_process(void **state)
{
	(void)state;
	strcpy(add(IPCPORT_WAIT_SEND, 1, 2)->comm, "a b\x1b");
	scene.items[0].tid = 11;
	scene.items[0].is_async = true;
	expect(0, "PROCESS        KIND  SINCE  PORT  NAME  OWNER  HOLDER  NOTE\n"
		  "a b\\x1b[1.11]  send  1m39s     2  /2    p2[2]  -       async\n"
		  "`-p2[2]        -         -     -  -     -      -       -\n");
}

static void a_cycle_is_told_below_the_tree(void **state)
{
	static const char expected[] =
		"PROCESS    KIND           SINCE  PORT  NAME  OWNER  HOLDER  NOTE\n"
		"p1[1]      call_received  1m39s     2  /2    p2[2]  p2[2]   DEADLOCK\n"
		"`-p2[2]    call_received  1m38s     3  /3    p3[3]  p3[3]   DEADLOCK\n"
		"  `-p3[3]  send           1m37s     1  /1    p1[1]  -       DEADLOCK\n"
		"\n"
		"Deadlock: p1[1] -> p2[2] -> p3[3] -> p1[1]\n";

	(void)state;
	add(IPCPORT_WAIT_CALL_RECEIVED, 1, 2);
	add(IPCPORT_WAIT_CALL_RECEIVED, 2, 3);
	add(IPCPORT_WAIT_SEND, 3, 1);
	expect(0, expected);
	forget(state);
	expect(1, expected);
}

static void a_cycle_that_need_not_last_is_no_deadlock(void **state)
{
	(void)state;
	add(IPCPORT_WAIT_SEND, 1, 2);
	add(IPCPORT_WAIT_SEND, 2, 1);
	add(IPCPORT_WAIT_RECV, 2, 2)->tid = 22;
	expect_end(0, "Cycle, perhaps a deadlock: p1[1] -> p2[2] -> p1[1]\n");
}

static void only_cycles_that_a_process_reaches_are_told_of_it(void **state)
{
	(void)state;
	add(IPCPORT_WAIT_SEND, 1, 2);
	add(IPCPORT_WAIT_SEND, 3, 4);
	add(IPCPORT_WAIT_SEND, 4, 3);
	add(IPCPORT_WAIT_SEND, 5, 3);
	expect_end(1, "p1[1] waits for p2[2], which waits in no port that you may see.\n");
	forget(NULL);
	expect_end(5, "Deadlock: p3[3] -> p4[4] -> p3[3]\n");
}

static void whom_anyone_could_help_is_told_once_and_before_others(void **state)
{
	(void)state;
	add(IPCPORT_WAIT_SEND, 1, 2);
	add(IPCPORT_WAIT_SEND, 1, 3)->tid = 11;
	for (uint32_t tid = 31; tid < 34; tid++)
		add(IPCPORT_WAIT_RECV, 3, 3)->tid = tid;
	*add(IPCPORT_WAIT_RECV, 3, 4)->name = '\0';
	strcpy(add(IPCPORT_WAIT_NAME, 3, 0)->name, "/srv\n");
	scene.items[6].tid = 34;
	expect_end(1, "p1[1] waits for p3[3], which waits for a message to port 4.\n"
		      "p1[1] waits for p3[3], which waits for a message to port 3, /3.\n"
		      "p1[1] waits for p3[3], which waits for a port with the name /srv\\x0a.\n"
		      "p1[1] waits for p2[2], which waits in no port that you may see.\n");
	forget(NULL);
	expect_end(3, "p3[3] waits for a message to port 4.\n"
		      "p3[3] waits for a message to port 3, /3.\n"
		      "p3[3] waits for a port with the name /srv\\x0a.\n");
}

static void who_cannot_be_seen_is_said_to_be_so(void **state)
{
	(void)state;
	*add(IPCPORT_WAIT_SEND, 1, 0)->owner_comm = '\0';
	expect_end(1, "p1[1] waits for [0], which cannot be seen from here.\n");
}

static void who_does_not_wait_is_told_in_one_line(void **state)
{
	char expected[256], comm[VIEW_COMM_SIZE] = "";
	FILE *file = fopen("/proc/self/comm", "re");

	(void)state;
	assert_non_null(file);
	assert_int_equal(fscanf(file, "%15s", comm), 1);
	fclose(file);
	add(IPCPORT_WAIT_SEND, 1, (uint32_t)getpid());
	snprintf(expected, sizeof(expected), "%s[%d] waits in no port that you may see.\n", comm,
		 getpid());
	expect((uint32_t)getpid(), expected);
	forget(NULL);
	add_kinship((uint32_t)getpid(), 0, true);
	strcpy(strrchr(expected, '.'), "; its child p1[1] waits in port ");
	snprintf(expected + strlen(expected), 64, "%d (/%d).\n", getpid(), getpid());
	expect((uint32_t)getpid(), expected);
}

static void the_child_for_which_the_last_one_may_wait_is_named(void **state)
{
	(void)state;
	add(IPCPORT_WAIT_SEND, 1, 2);
	add(IPCPORT_WAIT_CALL_RECEIVED, 7, 8)->tid = 77;
	strcpy(add(IPCPORT_WAIT_NAME, 9, 0)->name, "/srv\n");
	add_kinship(1, 2, true);
	add_kinship(2, 2, true);
	expect_end(1, "p1[1] waits for p2[2], which waits in no port that you may see; "
		      "its child p7[7] waits in port 8 (/8).\n");
	forget(NULL);
	scene.items[1].name[0] = '\0';
	add_kinship(2, 4, false);
	expect_end(1, "p1[1] waits for p2[2], which waits in no port that you may see; "
		      "its child p7[7] waits in port 8, and 1 more waits.\n");
	forget(NULL);
	scene.kinships[1] = scene.kinships[2];
	scene.kin.count = 2;
	expect_end(1, "p1[1] waits for p2[2], which waits in no port that you may see; "
		      "its descendant p9[9] waits for a port with the name /srv\\x0a.\n");
}

static void of_many_children_the_first_is_named_and_the_others_counted(void **state)
{
	(void)state;
	add(IPCPORT_WAIT_SEND, 1, 2);
	for (uint32_t pid = 4; pid < 7; pid++) {
		add(IPCPORT_WAIT_RECV, pid, pid);
		add_kinship(2, pid - 2, true);
	}
	expect_end(1, "p1[1] waits for p2[2], which waits in no port that you may see; "
		      "its child p4[4] waits in port 4 (/4), and 2 more wait.\n");
}

static void where_nobody_waits_there_are_only_headings(void **state)
{
	(void)state;
	expect(0, HEADINGS);
}

static void a_chain_does_not_get_wider_without_end(void **state)
{
	char *printed, *last;

	(void)state;
	for (uint32_t pid = 1; pid < MOST_WAITERS; pid++)
		add(IPCPORT_WAIT_SEND, pid, pid + 1);
	printed = print(0);
	last = strstr(printed, "`-p64[64] ");
	assert_non_null(last);
	assert_non_null(strstr(printed, "\n  `-p3[3] "));
	assert_int_equal(strspn(strrchr(printed, '`') - 38, " "), 38);
	free(printed);
}

static const char *text_of(struct json_object *object, const char *key)
{
	struct json_object *value;

	assert_true(json_object_object_get_ex(object, key, &value));
	return json_object_to_json_string_ext(value, JSON_C_TO_STRING_PLAIN);
}

static void a_wait_says_for_whom_it_waits_in_json(void **state)
{
	struct json_object *object;

	(void)state;
	add(IPCPORT_WAIT_CALL_QUEUED, 1, 2);
	add(IPCPORT_WAIT_SEND, 2, 1);
	add(IPCPORT_WAIT_RECV, 3, 3);
	plant(0);
	object = waiting_json(scene.graph, scene.tree.rows[0].wait);
	assert_string_equal(text_of(object, "kind"), "\"call_queued\"");
	assert_string_equal(text_of(object, "waits_for"), "2");
	assert_string_equal(text_of(object, "is_cycle"), "true");
	assert_string_equal(text_of(object, "is_deadlock"), "true");
	json_object_put(object);
	object = waiting_json(scene.graph, scene.tree.rows[2].wait);
	assert_string_equal(text_of(object, "waits_for"), "null");
	assert_string_equal(text_of(object, "is_cycle"), "false");
	assert_string_equal(text_of(object, "is_deadlock"), "false");
	json_object_put(object);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		A_TEST(a_chain_ends_with_who_does_not_wait),
		A_TEST(threads_are_told_from_their_process),
		A_TEST(a_cycle_is_told_below_the_tree),
		A_TEST(a_cycle_that_need_not_last_is_no_deadlock),
		A_TEST(only_cycles_that_a_process_reaches_are_told_of_it),
		A_TEST(whom_anyone_could_help_is_told_once_and_before_others),
		A_TEST(who_cannot_be_seen_is_said_to_be_so),
		A_TEST(who_does_not_wait_is_told_in_one_line),
		A_TEST(the_child_for_which_the_last_one_may_wait_is_named),
		A_TEST(of_many_children_the_first_is_named_and_the_others_counted),
		A_TEST(where_nobody_waits_there_are_only_headings),
		A_TEST(a_chain_does_not_get_wider_without_end),
		A_TEST(a_wait_says_for_whom_it_waits_in_json),
	};

	return cmocka_run_group_tests_name("waits_output", tests, NULL, NULL);
}
