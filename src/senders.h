/* SPDX-License-Identifier: GPL-2.0 */
/**
 * DOC: Who has handles
 *
 * A port counts its handles to send with and to receive with, under its lock. When the
 * last one to send with goes, its owner can be told, by a notice whose memory the port
 * has from the start.
 */
#ifndef IPCPORT_SENDERS_H
#define IPCPORT_SENDERS_H

#include <linux/types.h>

struct ipcport;
struct ipcport_no_senders;

struct ipcport_no_senders *ipcport_no_senders_alloc(struct ipcport *port);
void ipcport_no_senders_free(struct ipcport_no_senders *no_senders);

bool ipcport_count_handle(struct ipcport *port, int mask);
void ipcport_uncount_handle(struct ipcport *port, int mask);

#endif /* IPCPORT_SENDERS_H */
