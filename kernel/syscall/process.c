// SPDX-License-Identifier: MIT
/*
 * process.c - system calls on processes and threads: beginning, becoming
 * another program, ending, waiting.  The work is done in kernel/task/.
 */

#include <linux/futex.h>
#include <linux/limits.h>
#include <linux/prctl.h>
#include <linux/sched.h>
#include <linux/signal.h>
#include <linux/wait.h>

#include "arch/riscv/usercopy.h"
#include "kernel/lib/string.h"
#include "kernel/syscall/calls.h"
#include "kernel/syscall/usage.h"
#include "kernel/task/process.h"
#include "mm/slab.h"

/* --- clone --- */

/* On riscv: flags, stack, parent_tid, tls, child_tid. */
SYSCALL(clone)
{
	struct clone_request request = {
		.flags = arg[0] & 0xffffffff & ~(uint64_t)CSIGNAL,
		.exit_signal = arg[0] & CSIGNAL,
		.stack = arg[1],
		.parent_tid = arg[2],
		.tls = arg[3],
		.child_tid = arg[4],
	};

	return task_clone(&request);
}

/* A structure that may be longer than we know, if the rest is zeros. */
static int read_clone_args(vaddr_t from, size_t nbytes, struct clone_args *args)
{
	uint64_t more;

	if (nbytes < CLONE_ARGS_SIZE_VER0 || nbytes & 7)
		return -EINVAL;
	if (nbytes > PAGE_SIZE)
		return -E2BIG;
	*args = (struct clone_args){0};
	if (user_read(args, from, min_u64(nbytes, sizeof(*args))))
		return -EFAULT;
	for (size_t at = sizeof(*args); at < nbytes; at += sizeof(more)) {
		if (user_read(&more, from + at, sizeof(more)))
			return -EFAULT;
		if (more)
			return -E2BIG;
	}
	return 0;
}

SYSCALL(clone3)
{
	struct clone_args args;
	struct clone_request request;
	int err = read_clone_args(arg[0], arg[1], &args);

	if (err)
		return err;
	if (args.set_tid || args.set_tid_size || args.exit_signal > _NSIG ||
	    args.flags & CSIGNAL || !args.stack != !args.stack_size)
		return -EINVAL;
	/* The threads' exit signal is none of the parent's business. */
	if (args.flags & (CLONE_THREAD | CLONE_PARENT) && args.exit_signal)
		return -EINVAL;
	request = (struct clone_request){
		.flags = args.flags,
		.exit_signal = args.exit_signal,
		.stack = args.stack + args.stack_size,
		.parent_tid = args.parent_tid,
		.tls = args.tls,
		.child_tid = args.child_tid,
	};
	return task_clone(&request);
}

/* --- execve --- */

SYSCALL(execve)
{
	struct process *p = task_current()->process;
	struct exec_strings strings = {false, arg[1], arg[2]};
	char *path = kmalloc(PATH_MAX);
	struct file *f;
	long err;

	if (!path)
		return -ENOMEM;
	err = copy_string_from_user(path, arg[0], PATH_MAX);
	if (err >= 0)
		err = path_open_executable(p->fs, NULL, path, PATH_FOLLOW, &f);
	if (!err)
		err = process_exec(f, path, &strings);
	kfree(path);
	return err;
}

/* --- the end --- */

SYSCALL(exit)
{
	struct process *p = task_current()->process;

	/* The status of the last task is the process's. */
	spin_lock(&p->signal_lock);
	if (!p->exiting)
		p->status = (arg[0] & 0xff) << 8;
	spin_unlock(&p->signal_lock);
	task_exit();
}

SYSCALL(exit_group)
{
	process_exit((arg[0] & 0xff) << 8);
}

/* --- wait --- */

static int write_rusage(vaddr_t to, const struct process_usage *used)
{
	struct rusage out;

	rusage_fill(&out, used);
	return user_write_wanted(to, &out, sizeof(out));
}

static struct wait_request wait_target(int pid, int options)
{
	struct wait_request request = {P_ALL, 0, options};

	if (pid > 0)
		request.which = P_PID;
	else if (pid != -1)
		request.which = P_PGID;
	request.id = pid > 0 ? pid
		     : pid   ? -pid
			     : task_current()->process->group->number;
	return request;
}

SYSCALL(wait4)
{
	static const int allowed = WNOHANG | WUNTRACED | WCONTINUED |
				   __WNOTHREAD | (int)__WCLONE | __WALL;
	struct wait_request request;
	struct wait_result result;
	int pid = arg[0];
	int options = arg[2];
	int err;

	if (options & ~allowed)
		return -EINVAL;
	if (pid == INT32_MIN)
		return -ESRCH;
	request = wait_target(pid, options | WEXITED);
	err = process_wait(&request, &result);
	if (err || !result.pid)
		return err;
	if (user_write_wanted(arg[1], &result.status, sizeof(int)))
		return -EFAULT;
	return write_rusage(arg[3], &result.used) ? -EFAULT : result.pid;
}

static int write_wait_info(vaddr_t to, const struct wait_result *result)
{
	siginfo_t info = {0};
	int status = result->status;

	if (result->pid) {
		info.si_signo = SIGCHLD;
		info.si_code = result->code;
		info.si_pid = result->pid;
		info.si_status = result->code == CLD_EXITED    ? status >> 8
				 : result->code == CLD_KILLED  ? status & 0x7f
				 : result->code == CLD_STOPPED ? status >> 8
							       : SIGCONT;
	}
	return user_write_wanted(to, &info, sizeof(info));
}

SYSCALL(waitid)
{
	static const int events = WEXITED | WSTOPPED | WCONTINUED;
	static const int allowed = events | WNOHANG | WNOWAIT | __WNOTHREAD |
				   (int)__WCLONE | __WALL;
	struct wait_request request = {arg[0], arg[1], arg[3]};
	struct wait_result result;
	int err;

	if (request.options & ~allowed || !(request.options & events) ||
	    (unsigned)request.which > P_PGID)
		return -EINVAL;
	if (request.id < 0 || (request.which == P_PID && !request.id))
		return request.which == P_ALL ? 0 : -EINVAL;
	if (request.which == P_PGID && !request.id)
		request.id = task_current()->process->group->number;
	err = process_wait(&request, &result);
	if (err)
		return err;
	if (result.pid && write_rusage(arg[4], &result.used))
		return -EFAULT;
	return write_wait_info(arg[2], &result);
}

/* --- threads --- */

SYSCALL(set_tid_address)
{
	task_current()->clear_child_tid = arg[0];
	return task_current()->tid;
}

SYSCALL(set_robust_list)
{
	if (arg[1] != sizeof(struct robust_list_head))
		return -EINVAL;
	task_current()->robust_list = arg[0];
	return 0;
}

SYSCALL(get_robust_list)
{
	struct task *task = task_current();
	size_t nbytes = sizeof(struct robust_list_head);

	if (arg[0] && (int)arg[0] != task->tid)
		return -EPERM;
	if (user_write(arg[2], &nbytes, sizeof(nbytes)) ||
	    user_write(arg[1], &task->robust_list, sizeof(vaddr_t)))
		return -EFAULT;
	return 0;
}

/* --- prctl --- */

static long set_name(struct task *task, vaddr_t from)
{
	char name[sizeof(task->name)];
	ssize_t n = copy_string_from_user(name, from, sizeof(name));

	if (n < 0 && n != -ENAMETOOLONG)
		return n;
	name[sizeof(name) - 1] = '\0';
	memcpy(task->name, name, sizeof(name));
	if (task->tid == task->process->pid)
		memcpy(task->process->name, name, sizeof(name));
	return 0;
}

SYSCALL(prctl)
{
	struct task *task = task_current();

	switch ((int)arg[0]) {
	case PR_SET_NAME:
		return set_name(task, arg[1]);
	case PR_GET_NAME:
		return user_write(arg[1], task->name, sizeof(task->name));
	case PR_GET_DUMPABLE: /* we never dump */
		return 0;
	case PR_SET_THP_DISABLE:
		if (arg[2] || arg[3] || arg[4])
			return -EINVAL;
		task->process->mm->no_huge = arg[1];
		return 0;
	case PR_GET_THP_DISABLE:
		if (arg[1] || arg[2] || arg[3] || arg[4])
			return -EINVAL;
		return task->process->mm->no_huge;
	default:
		return -EINVAL;
	}
}
