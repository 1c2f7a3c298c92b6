/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The tracepoint sched_process_exit tells from Linux 6.16 on whether the thread is
 * the last one of its process; before that the probe has to look. Which of the two
 * this kernel has is seen from the type that the tracepoint gives its probes. Only
 * a probe of exactly that type may be registered: kCFI would stop any other.
 */
#ifndef IPCPORT_COMPAT_EXIT_PROBE_H
#define IPCPORT_COMPAT_EXIT_PROBE_H

#include <linux/sched/signal.h>
#include <trace/events/sched.h>

#define EXIT_PROBE_HAS_GROUP_DEAD						\
	__builtin_types_compatible_p(						\
		typeof(check_trace_callback_type_sched_process_exit),		\
		void (void (*)(void *, struct task_struct *, bool)))

/* Define @_name as @_probe(data, task, group_dead), in the form to register. */
#define DEFINE_EXIT_PROBE(_name, _probe)					\
	static void _name##_before_6_16(void *data, struct task_struct *task)	\
	{									\
		_probe(data, task, !atomic_read(&task->signal->live));		\
	}									\
	static void * const _name = EXIT_PROBE_HAS_GROUP_DEAD ?			\
		(void *)(_probe) : (void *)_name##_before_6_16

#endif /* IPCPORT_COMPAT_EXIT_PROBE_H */
