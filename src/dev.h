/* SPDX-License-Identifier: GPL-2.0 */
/*
 * DOC: Device files
 *
 * /dev/ipcport, and what an open file of it stands for: a network namespace, whose
 * ports can be used through it, and the group of ports that were created through
 * it, which end when it is closed for the last time.
 */
#ifndef IPCPORT_DEV_H
#define IPCPORT_DEV_H

#include "group.h"

struct ipcport_ns;

/**
 * struct ipcport_dev - an open device file
 * @group: ports created through it; used by the open file
 * @ns: registry of the network namespace of the task that opened it; held through
 *	a reference to the namespace			(const after open)
 */
struct ipcport_dev {
	struct ipcport_group group;
	struct ipcport_ns *ns;
};

int ipcport_dev_init(void);
void ipcport_dev_exit(void);

#endif /* IPCPORT_DEV_H */
