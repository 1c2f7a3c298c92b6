/* SPDX-License-Identifier: GPL-2.0 */
/*
 * DOC: a connection over the netlink of fake_netlink.h, for tests of view.h
 */
#ifndef FAKE_VIEW_H
#define FAKE_VIEW_H

#include "fake_netlink.h"

#include "../ipcport/view.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* A test that begins connected, and with nothing to come from the kernel. */
#define A_TEST(test)	cmocka_unit_test_setup_teardown(test, reset, forget)

static struct view *view;

static int reset(void **state)
{
	(void)state;
	memset(&netlink, 0, sizeof(netlink));
	fake_family();
	assert_int_equal(view_open(&view), 0);
	return 0;
}

static int forget(void **state)
{
	(void)state;
	view_close(view);
	view = NULL;
	return 0;
}

#endif /* FAKE_VIEW_H */
