// SPDX-License-Identifier: GPL-2.0
#include "count.h"

#include <linux/cpumask.h>
#include <linux/debugfs.h>
#include <linux/seq_file.h>

DEFINE_PER_CPU(struct ipcport_counts, ipcport_counts);

static const char * const kind_names[IPCPORT_NR_KINDS] = {
	[IPCPORT_PORTS]		= "ports",
	[IPCPORT_MSGS]		= "messages",
	[IPCPORT_CALLS]		= "calls",
	[IPCPORT_WAITERS]	= "waiters",
	[IPCPORT_OWNERS]	= "owners",
	[IPCPORT_USERS]		= "users",
	[IPCPORT_FILES]		= "files",
	[IPCPORT_HANDLES]	= "handles",
	[IPCPORT_HANDLE_FILES]	= "handle_files",
	[IPCPORT_CARGO]		= "cargo",
};

static struct dentry *debugfs_dir;

static int live_show(struct seq_file *seq, void *unused)
{
	enum ipcport_kind kind;
	long sum;
	int cpu;

	for (kind = 0; kind < IPCPORT_NR_KINDS; kind++) {
		sum = 0;
		/* A CPU that was unplugged keeps what it had counted. */
		for_each_possible_cpu(cpu)
			sum += READ_ONCE(per_cpu(ipcport_counts, cpu).nr[kind]);
		seq_printf(seq, "%s %ld\n", kind_names[kind], sum);
	}
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(live);

/**
 * ipcport_count_init() - make debugfs file ipcport/live
 *
 * Without debugfs the counts are kept and cannot be read; nothing else depends
 * on them, so that is no failure (the debugfs functions take error pointers).
 *
 * Context: Process, module init.
 */
void ipcport_count_init(void)
{
	debugfs_dir = debugfs_create_dir(KBUILD_MODNAME, NULL);
	debugfs_create_file("live", 0400, debugfs_dir, NULL, &live_fops);
}

/**
 * ipcport_count_exit() - remove what ipcport_count_init() made
 *
 * Context: Process, module exit.
 */
void ipcport_count_exit(void)
{
	debugfs_remove(debugfs_dir);
}
