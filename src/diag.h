/* SPDX-License-Identifier: GPL-2.0 */
/**
 * DOC: Diagnosis
 *
 * Who waits, written down under the lock that keeps them waiting, so that it can be
 * shown without a lock. Those who wait in one place are many, so a few are written down
 * in one hold of the lock; each has a number there that does not change, by which to
 * go on with the next ones.
 */
#ifndef IPCPORT_DIAG_H
#define IPCPORT_DIAG_H

#include <linux/pid.h>
#include <linux/types.h>
#include <linux/uidgid.h>

#include "port.h"

/* Waiters that are written down in one hold of a lock. */
#define IPCPORT_DIAG_BATCH	128

/**
 * enum ipcport_diag_kind - what a waiter does
 * @IPCPORT_DIAG_SEND: waits for space to send
 * @IPCPORT_DIAG_RECV: waits for a message
 * @IPCPORT_DIAG_CALL_SPACE: waits for space to call
 * @IPCPORT_DIAG_CALL_QUEUED: has called; the call is in the queue
 * @IPCPORT_DIAG_CALL_RECEIVED: has called; the call was received
 * @IPCPORT_DIAG_NAME: waits for a name
 */
enum ipcport_diag_kind {
	IPCPORT_DIAG_SEND,
	IPCPORT_DIAG_RECV,
	IPCPORT_DIAG_CALL_SPACE,
	IPCPORT_DIAG_CALL_QUEUED,
	IPCPORT_DIAG_CALL_RECEIVED,
	IPCPORT_DIAG_NAME,
};

/**
 * struct ipcport_diag - one who waits, as it was at one moment
 * @kind: what it does
 * @is_async: no thread sleeps for it
 * @nr: its number in the place where it waits; that of a call is its token
 * @tgid: process, a reference
 * @tid: thread, a reference
 * @uid: its effective user
 * @since_ns: CLOCK_MONOTONIC when it began
 * @holder: process that received the call, a reference; NULL if none did
 * @name: name that it waits for, or empty
 */
struct ipcport_diag {
	enum ipcport_diag_kind kind;
	bool is_async;
	u64 nr;
	struct pid *tgid;
	struct pid *tid;
	kuid_t uid;
	u64 since_ns;
	struct pid *holder;
	char name[IPCPORT_NAME_LEN];
};

/**
 * ipcport_diag_destroy() - done with some that were written down
 * @diags: them
 * @nr: how many
 *
 * Context: Any.
 */
static inline void ipcport_diag_destroy(struct ipcport_diag *diags, unsigned int nr)
{
	while (nr--) {
		put_pid(diags[nr].tgid);
		put_pid(diags[nr].tid);
		put_pid(diags[nr].holder);
	}
}

void ipcport_diag_init_task(struct ipcport_diag *diag, enum ipcport_diag_kind kind,
			    struct task_struct *task);

#endif /* IPCPORT_DIAG_H */
