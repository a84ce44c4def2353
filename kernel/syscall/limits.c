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

/* Get the old limit, set a new one; both may be NULL.  Another process's:
 * with the tree locked.  Everybody is root, who may raise any. */
static int exchange(struct process *p, unsigned which, struct rlimit *old,
		    const struct rlimit *new)
{
	if (which >= RLIM_NLIMITS || (new &&new->rlim_cur > new->rlim_max))
		return -EINVAL;
	if (new &&which == RLIMIT_NOFILE &&new->rlim_max > NOFILE_MAX)
		return -EPERM;
	spin_lock(&p->signal_lock);
	if (old)
		*old = p->limits[which];
	if (new)
		p->limits[which] = *new;
	spin_unlock(&p->signal_lock);
	return 0;
}

static long change_limit(struct process *p, unsigned which, vaddr_t new_from,
			 vaddr_t old_to)
{
	struct rlimit old, new;
	int err;

	if (new_from && user_read(&new, new_from, sizeof(new)))
		return -EFAULT;
	err = exchange(p, which, &old, new_from ? &new : NULL);
	return err ? err : user_write_wanted(old_to, &old, sizeof(old));
}

SYSCALL(getrlimit)
{
	return change_limit(task_current()->process, arg[0], 0, arg[1]);
}

SYSCALL(setrlimit)
{
	struct rlimit new;

	if (user_read(&new, arg[1], sizeof(new)))
		return -EFAULT;
	return exchange(task_current()->process, arg[0], NULL, &new);
}

SYSCALL(prlimit64)
{
	struct process *self = task_current()->process;
	struct rlimit old, new;
	struct process *p;
	int err = -ESRCH;

	if (!arg[0] || (int)arg[0] == self->pid)
		return change_limit(self, arg[1], arg[2], arg[3]);
	if (arg[2] && user_read(&new, arg[2], sizeof(new)))
		return -EFAULT;
	spin_lock(&process_tree_lock);
	p = process_find(arg[0]);
	if (p)
		err = exchange(p, arg[1], &old, arg[2] ? &new : NULL);
	spin_unlock(&process_tree_lock);
	return err ? err : user_write_wanted(arg[3], &old, sizeof(old));
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
