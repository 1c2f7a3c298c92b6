// SPDX-License-Identifier: GPL-2.0
/* From whom those descend who wait, with processes that are really there. */
#include "wait_scene.h"

#include "../ipcport/kin.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define WITH_CHILDREN(test)	cmocka_unit_test_setup_teardown(test, start, end)

static struct kin kin;
static pid_t child, grandchild;

/* Neither may outlive the test. */
static void stay(void)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;)
		pause();
}

static void live(int ready)
{
	/* It must not be taken for what stands on a line of its own. */
	prctl(PR_SET_NAME, "a\nPPid:\t1\n");
	grandchild = fork();
	if (!grandchild)
		stay();
	if (write(ready, &grandchild, sizeof(grandchild)) != sizeof(grandchild))
		_exit(1);
	stay();
}

static int start(void **state)
{
	int ends[2];

	scene_reset(state);
	memset(&kin, 0xee, sizeof(kin));
	if (pipe(ends))
		return -1;
	child = fork();
	if (!child)
		live(ends[1]);
	return read(ends[0], &grandchild, sizeof(grandchild)) == sizeof(grandchild) ? 0 : -1;
}

static int end(void **state)
{
	kill(grandchild, SIGKILL);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	free(kin.items);
	return scene_forget(state);
}

static void expect(size_t number, pid_t ancestor, pid_t process, bool is_child)
{
	const struct kinship *kinship = &kin.items[number];

	assert_true(number < kin.count);
	assert_int_equal(kinship->ancestor, ancestor);
	assert_int_equal(scene.graph->processes[kinship->process].pid, process);
	assert_int_equal(kinship->is_child, is_child);
}

static void who_waits_is_known_to_all_its_ancestors(void **state)
{
	(void)state;
	scene_add(IPCPORT_WAIT_RECV, (uint32_t)grandchild, 1);
	scene_build(1);
	assert_int_equal(kin_load(&kin, scene.graph), 0);
	expect(0, child, grandchild, true);
	expect(1, getpid(), grandchild, false);
	expect(2, getppid(), grandchild, false);
}

static void who_does_not_sleep_is_no_child_that_waits(void **state)
{
	(void)state;
	scene_add_call((uint32_t)grandchild, (uint32_t)child)->is_async = true;
	scene_build(1);
	assert_int_equal(kin_load(&kin, scene.graph), 0);
	assert_int_equal(kin.count, 0);
	/* But one of its threads may. */
	scene_add(IPCPORT_WAIT_RECV, (uint32_t)grandchild, 7);
	waitgraph_free(scene.graph);
	scene_build(1);
	assert_int_equal(kin_load(&kin, scene.graph), 0);
	expect(0, child, grandchild, true);
	assert_int_equal(kin_find_wait(scene.graph, kin.items[0].process)->waiter->port, 1007);
}

static void who_cannot_be_seen_has_no_ancestors(void **state)
{
	(void)state;
	scene_add(IPCPORT_WAIT_RECV, 0, 1);
	/* There is no such id. */
	scene_add(IPCPORT_WAIT_RECV, INT32_MAX, 1);
	scene_build(1);
	assert_int_equal(kin_load(&kin, scene.graph), 0);
	assert_int_equal(kin.count, 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		WITH_CHILDREN(who_waits_is_known_to_all_its_ancestors),
		WITH_CHILDREN(who_does_not_sleep_is_no_child_that_waits),
		WITH_CHILDREN(who_cannot_be_seen_has_no_ancestors),
	};

	return cmocka_run_group_tests_name("kin", tests, NULL, NULL);
}
