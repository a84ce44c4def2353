// SPDX-License-Identifier: MIT
/*
 * limits.c - resource limits, and what was used.
 *
 * Limits are kept for each process, inherited by fork and kept by exec.  The
 * rooms that own a resource look its limit up (process_limit).  As on Linux
 * root is above three of them: the hard limits themselves, RLIMIT_NPROC and
 * RLIMIT_MEMLOCK.
 */

#include "arch/riscv/usercopy.h"
#include "kernel/syscall/calls.h"
#include "kernel/syscall/usage.h"
#include "kernel/task/process.h"

/* No process may have more descriptors (Linux: /proc/sys/fs/nr_open). */
enum { NOFILE_MAX = 1 << 20 };

/* Get the old limit, and set a new one unless it is NULL.  (T)  Everybody is
 * root, who may raise any. */
static int exchange(struct process *p, unsigned which, struct rlimit *old,
		    const struct rlimit *wanted)
{
	if (!p)
		return -ESRCH;
	if (which >= RLIM_NLIMITS ||
	    (wanted && wanted->rlim_cur > wanted->rlim_max))
		return -EINVAL;
	if (wanted && which == RLIMIT_NOFILE && wanted->rlim_max > NOFILE_MAX)
		return -EPERM;
	spin_lock(&p->signal_lock);
	*old = p->limits[which];
	if (wanted)
		p->limits[which] = *wanted;
	spin_unlock(&p->signal_lock);
	return 0;
}

/* Of process @pid (0: the caller's).  @from, @to: NULL, if not wanted. */
static long change_limit(int pid, unsigned which, vaddr_t from, vaddr_t to)
{
	struct process *self = task_current()->process;
	struct rlimit old, new;
	int err;

	if (from && user_read(&new, from, sizeof(new)))
		return -EFAULT;
	spin_lock(&process_tree_lock);
	err = exchange(pid ? process_find(pid) : self, which, &old,
		       from ? &new : NULL);
	spin_unlock(&process_tree_lock);
	return err ? err : user_write_wanted(to, &old, sizeof(old));
}

SYSCALL(getrlimit)
{
	return change_limit(0, arg[0], 0, arg[1]);
}

SYSCALL(setrlimit)
{
	return arg[1] ? change_limit(0, arg[0], arg[1], 0) : -EFAULT;
}

SYSCALL(prlimit64)
{
	return change_limit(arg[0], arg[1], arg[2], arg[3]);
}

void rusage_fill(struct rusage *out, const struct process_usage *used)
{
	*out = (struct rusage){
		.ru_utime = timeval_from_ns(used->user_time),
		.ru_stime = timeval_from_ns(used->system_time),
		.ru_maxrss = used->max_resident << (PAGE_SHIFT - 10),
		.ru_minflt = used->faults_minor,
		.ru_majflt = used->faults_major,
	};
}

SYSCALL(getrusage)
{
	struct task *task = task_current();
	struct process_usage used = {0};
	struct rusage out;
	int who = arg[0];

	if (who != RUSAGE_SELF && who != RUSAGE_CHILDREN &&
	    who != RUSAGE_THREAD)
		return -EINVAL;
	spin_lock(&process_tree_lock);
	if (who == RUSAGE_CHILDREN)
		used = task->process->children_used;
	else if (who == RUSAGE_SELF)
		process_usage(task->process, &used);
	else
		task_times(task, &used.user_time, &used.system_time);
	spin_unlock(&process_tree_lock);
	rusage_fill(&out, &used);
	return user_write(arg[1], &out, sizeof(out));
}
