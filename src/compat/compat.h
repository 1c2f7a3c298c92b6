/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Included before every file of the module. The module is written for the newest
 * kernel; src/compat/ has what older ones do in another way, and this file says
 * which kernels will do.
 */
#ifndef IPCPORT_COMPAT_H
#define IPCPORT_COMPAT_H

#include <linux/sched.h>

#ifndef TASK_FREEZABLE
#error "ipcport needs Linux 6.1 or newer"
#endif

#ifndef CONFIG_64BIT
#error "ipcport needs a 64-bit kernel: port numbers index an xarray"
#endif

#ifndef CONFIG_TRACEPOINTS
#error "ipcport needs CONFIG_TRACEPOINTS to notice that an owner exits"
#endif

#endif /* IPCPORT_COMPAT_H */
