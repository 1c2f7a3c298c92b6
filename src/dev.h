/* SPDX-License-Identifier: GPL-2.0 */
/**
 * DOC: Device files
 *
 * /dev/ipcport, and what an open file of it stands for: a network namespace, whose
 * ports can be used through it; the calls that are outstanding on it; and the group of
 * what ends when it is closed for the last time, ports that were created and calls that
 * were received through it.
 */
#ifndef IPCPORT_DEV_H
#define IPCPORT_DEV_H

int ipcport_dev_init(void);
void ipcport_dev_exit(void);

#endif /* IPCPORT_DEV_H */
