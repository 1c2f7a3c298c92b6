/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Requests of io_uring to a file can be cancelled from Linux 6.7 on, which is what
 * calls need; from about then on there is a header of their own, which Kbuild looks for.
 * What older kernels have is not enough, so there the file operation is left out.
 */
#ifndef IPCPORT_COMPAT_URING_H
#define IPCPORT_COMPAT_URING_H

#include <linux/io_uring.h>

#if IPCPORT_HAS_URING_CMD
#include <linux/io_uring/cmd.h>
#endif

#endif /* IPCPORT_COMPAT_URING_H */
