// SPDX-License-Identifier: GPL-2.0
/* How cycles of waits are told from deadlocks, with processes that are really there. */
#include "fake_netlink.h"

#include "../ipcport/array.h"
#include "../ipcport/waiting.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define A_TEST(test)	cmocka_unit_test_setup_teardown(test, reset, forget)

/* How many requests come before the first dump. */
#define BEGIN_REQUESTS	1

enum life {
	LIFE_SINGLE,		/* one thread */
	LIFE_DOUBLE,		/* two threads */
	LIFE_ORPHANED,		/* two threads, but the main thread has exited */
};

static struct view *view;
static struct waiting waiting;
static pid_t members[2];

static void *stay(void *ready)
{
	if (write(*(int *)ready, "", 1) != 1)
		_exit(1);
	for (;;)
		pause();
	return NULL;
}

static bool has_exited(pid_t tid)
{
	char path[64], text[256] = "";
	const char *end;
	FILE *stat;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", tid);
	stat = fopen(path, "re");
	if (!stat || !fgets(text, sizeof(text), stat))
		_exit(1);
	fclose(stat);
	end = strrchr(text, ')');
	return end && !strncmp(end, ") Z ", 4);
}

static void *stay_alone(void *ready)
{
	while (!has_exited(getpid()))
		sched_yield();
	return stay(ready);
}

static void live(enum life life, int ready)
{
	pthread_t thread;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* Brackets and blanks must not be taken for a state. */
	prctl(PR_SET_NAME, "a) Z (");
	if (life != LIFE_SINGLE &&
	    pthread_create(&thread, NULL, life == LIFE_DOUBLE ? stay : stay_alone, &ready))
		_exit(1);
	if (life == LIFE_ORPHANED)
		pthread_exit(NULL);
	if (life == LIFE_SINGLE)
		stay(&ready);
	for (;;)
		pause();
}

/* A process that is as it should be when this returns. */
static void start(size_t number, enum life life)
{
	int ends[2];
	char byte;

	assert_int_equal(pipe(ends), 0);
	members[number] = fork();
	assert_true(members[number] >= 0);
	if (!members[number])
		live(life, ends[1]);
	assert_int_equal(read(ends[0], &byte, 1), 1);
}

static int reset(void **state)
{
	(void)state;
	memset(&netlink, 0, sizeof(netlink));
	memset(&waiting, 0xee, sizeof(waiting));
	memset(members, 0, sizeof(members));
	fake_family();
	return view_open(&view);
}

static int forget(void **state)
{
	(void)state;
	view_close(view);
	for (size_t i = 0; i < ARRAY_SIZE(members); i++) {
		if (members[i]) {
			kill(members[i], SIGKILL);
			waitpid(members[i], NULL, 0);
		}
	}
	return 0;
}

/* The main thread of one process waits in the port of another one. */
static void answer_waiter(uint32_t kind, pid_t from, pid_t to)
{
	fake_answer(IPCPORT_CMD_WAITER_GET, NLM_F_MULTI);
	mnl_attr_put_u32(netlink.message, IPCPORT_A_WAITER_KIND, kind);
	mnl_attr_put_u32(netlink.message, IPCPORT_A_WAITER_PID, (uint32_t)from);
	mnl_attr_put_u32(netlink.message, IPCPORT_A_WAITER_TID, (uint32_t)from);
	mnl_attr_put_u64(netlink.message, IPCPORT_A_WAITER_PORT, (uint64_t)to);
	mnl_attr_put_u32(netlink.message, IPCPORT_A_WAITER_OWNER_PID, (uint32_t)to);
	if (kind == IPCPORT_WAIT_CALL_RECEIVED)
		mnl_attr_put_u32(netlink.message, IPCPORT_A_WAITER_HOLDER_PID, (uint32_t)to);
	fake_message_end();
}

/* The two processes wait for each other; the second one's call is queued. */
static void answer_cycle(void)
{
	fake_datagram();
	answer_waiter(IPCPORT_WAIT_CALL_RECEIVED, members[0], members[1]);
	answer_waiter(IPCPORT_WAIT_CALL_QUEUED, members[1], members[0]);
	fake_dump_end(0);
}

/* The port of a process. */
static void answer_port(size_t number, uint32_t recv_handles)
{
	fake_datagram();
	fake_answer(IPCPORT_CMD_PORT_GET, 0);
	mnl_attr_put_u64(netlink.message, IPCPORT_A_PORT_ID, (uint64_t)members[number]);
	mnl_attr_put_u32(netlink.message, IPCPORT_A_PORT_RECV_HANDLES, recv_handles);
	fake_message_end();
	fake_request_end(0, NULL);
}

/* It is asked for the ports in the order of those who wait in them: a cycle, with handles. */
static void answer_shared_cycle(uint32_t received_handles, uint32_t queued_handles)
{
	bool is_swapped = members[1] < members[0];

	answer_cycle();
	answer_port(!is_swapped, is_swapped ? queued_handles : received_handles);
	answer_port(is_swapped, is_swapped ? received_handles : queued_handles);
	answer_cycle();
}

/* All waits are in a cycle, or none is. */
static void expect(bool is_cycle, bool is_deadlock)
{
	assert_int_equal(waiting_load(&waiting, view), 0);
	assert_int_equal(netlink.next, netlink.count);
	for (size_t i = 0; i < waiting.graph->wait_count; i++) {
		assert_int_equal(waiting.graph->waits[i].is_cycle, is_cycle);
		assert_int_equal(waiting.graph->waits[i].is_deadlock, is_deadlock);
	}
	assert_int_equal(waiting.graph->cycle_count, is_cycle);
	waiting_free(&waiting);
}

static void without_a_cycle_one_dump_is_enough(void **state)
{
	(void)state;
	fake_datagram();
	answer_waiter(IPCPORT_WAIT_CALL_RECEIVED, 1, 2);
	answer_waiter(IPCPORT_WAIT_CALL_QUEUED, 2, 3);
	fake_dump_end(0);
	expect(false, false);
	assert_int_equal(netlink.requests, BEGIN_REQUESTS + 1);
}

static void a_cycle_of_processes_with_one_thread_is_a_deadlock(void **state)
{
	(void)state;
	start(0, LIFE_SINGLE);
	start(1, LIFE_SINGLE);
	answer_shared_cycle(0, 0);
	expect(true, true);
	assert_int_equal(netlink.requests, BEGIN_REQUESTS + 4);
}

static void of_a_port_in_which_many_wait_it_is_asked_once(void **state)
{
	(void)state;
	start(0, LIFE_SINGLE);
	start(1, LIFE_SINGLE);
	for (size_t i = 0; i < 2; i++) {
		fake_datagram();
		answer_waiter(IPCPORT_WAIT_SEND, members[0], members[1]);
		answer_waiter(IPCPORT_WAIT_SEND, members[0], members[1]);
		answer_waiter(IPCPORT_WAIT_SEND, members[1], members[0]);
		fake_dump_end(0);
		if (i)
			break;
		answer_port(1, 1);
		answer_port(0, 0);
	}
	expect(true, false);
	assert_int_equal(netlink.requests, BEGIN_REQUESTS + 4);
}

static void a_second_thread_may_help(void **state)
{
	(void)state;
	start(0, LIFE_SINGLE);
	start(1, LIFE_DOUBLE);
	answer_shared_cycle(0, 0);
	expect(true, false);
}

static void a_thread_that_has_exited_does_not_help(void **state)
{
	(void)state;
	start(0, LIFE_ORPHANED);
	start(1, LIFE_SINGLE);
	answer_shared_cycle(0, 0);
	expect(true, true);
}

static void who_has_a_handle_to_receive_may_help(void **state)
{
	(void)state;
	start(0, LIFE_SINGLE);
	start(1, LIFE_SINGLE);
	answer_shared_cycle(0, 1);
	expect(true, false);
}

static void who_has_a_handle_may_answer_what_another_one_received(void **state)
{
	(void)state;
	start(0, LIFE_SINGLE);
	start(1, LIFE_SINGLE);
	answer_shared_cycle(1, 0);
	expect(true, false);
}

static void a_port_that_cannot_be_seen_is_nothing_certain(void **state)
{
	(void)state;
	start(0, LIFE_SINGLE);
	start(1, LIFE_SINGLE);
	answer_cycle();
	fake_datagram();
	fake_request_end(-ENOENT, NULL);
	answer_port(1, 0);
	answer_cycle();
	expect(true, false);
}

static void processes_that_cannot_be_seen_are_nothing_certain(void **state)
{
	(void)state;
	/* There are no such ids. */
	members[0] = INT32_MAX - 1;
	members[1] = INT32_MAX;
	answer_shared_cycle(0, 0);
	memset(members, 0, sizeof(members));
	expect(true, false);
}

static void a_cycle_that_is_not_in_the_second_dump_was_none(void **state)
{
	(void)state;
	start(0, LIFE_SINGLE);
	start(1, LIFE_SINGLE);
	answer_cycle();
	answer_port(1, 0);
	answer_port(0, 0);
	fake_datagram();
	answer_waiter(IPCPORT_WAIT_CALL_RECEIVED, members[0], members[1]);
	fake_dump_end(0);
	expect(false, false);
}

static void who_cannot_ask_twice_says_nothing(void **state)
{
	(void)state;
	start(0, LIFE_SINGLE);
	start(1, LIFE_SINGLE);
	answer_cycle();
	answer_port(1, 0);
	answer_port(0, 0);
	fake_datagram();
	fake_dump_end(-ENOMEM);
	assert_int_equal(waiting_load(&waiting, view), -ENOMEM);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		A_TEST(without_a_cycle_one_dump_is_enough),
		A_TEST(a_cycle_of_processes_with_one_thread_is_a_deadlock),
		A_TEST(of_a_port_in_which_many_wait_it_is_asked_once),
		A_TEST(a_second_thread_may_help),
		A_TEST(a_thread_that_has_exited_does_not_help),
		A_TEST(who_has_a_handle_to_receive_may_help),
		A_TEST(who_has_a_handle_may_answer_what_another_one_received),
		A_TEST(a_port_that_cannot_be_seen_is_nothing_certain),
		A_TEST(processes_that_cannot_be_seen_are_nothing_certain),
		A_TEST(a_cycle_that_is_not_in_the_second_dump_was_none),
		A_TEST(who_cannot_ask_twice_says_nothing),
	};

	return cmocka_run_group_tests_name("waiting", tests, NULL, NULL);
}
