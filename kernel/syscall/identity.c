// SPDX-License-Identifier: MIT
/*
 * identity.c - who the caller is: numbers of process, group and session; and
 * the user, who is always root.
 */

#include "arch/riscv/usercopy.h"
#include "kernel/syscall/calls.h"
#include "kernel/task/process.h"

SYSCALL(getpid)
{
	return task_current()->process->pid;
}

SYSCALL(gettid)
{
	return task_current()->tid;
}

SYSCALL(getppid)
{
	struct process *p = task_current()->process;
	int pid;

	/* The parent may end at any time. */
	spin_lock(&process_tree_lock);
	pid = p->parent ? p->parent->pid : 0;
	spin_unlock(&process_tree_lock);
	return pid;
}

SYSCALL(setpgid)
{
	return process_set_group(arg[0], arg[1]);
}

SYSCALL(setsid)
{
	return process_new_session();
}

static long group_or_session(int pid, bool session)
{
	struct process *p = task_current()->process;
	long number = -ESRCH;

	spin_lock(&process_tree_lock);
	if (pid)
		p = process_find(pid);
	if (p)
		number = (session ? p->session : p->group)->number;
	spin_unlock(&process_tree_lock);
	return number;
}

SYSCALL(getpgid)
{
	return group_or_session(arg[0], false);
}

SYSCALL(getsid)
{
	return group_or_session(arg[0], true);
}

/* --- there is one user, 0, in one group, 0 --- */

/* getuid, geteuid, getgid, getegid */
SYSCALL(get_root_id)
{
	return 0;
}

/* Root stays root; -1 means "leave it" in the calls with several. */
static bool is_root_or_kept(uint64_t id)
{
	return (uint32_t)id == 0 || (uint32_t)id == UINT32_MAX;
}

/* setuid, setgid */
SYSCALL(set_id)
{
	return (uint32_t)arg[0] == UINT32_MAX ? -EINVAL : arg[0] ? -EPERM : 0;
}

/* setreuid, setregid */
SYSCALL(set_two_ids)
{
	return is_root_or_kept(arg[0]) && is_root_or_kept(arg[1]) ? 0 : -EPERM;
}

/* setresuid, setresgid */
SYSCALL(set_three_ids)
{
	return is_root_or_kept(arg[2]) ? sys_set_two_ids(arg) : -EPERM;
}

/* getresuid, getresgid */
SYSCALL(get_three_ids)
{
	uint32_t root = 0;

	for (int i = 0; i < 3; i++)
		if (user_write(arg[i], &root, sizeof(root)))
			return -EFAULT;
	return 0;
}

/* setfsuid, setfsgid: the old one, whether it worked or not */
SYSCALL(set_fs_id)
{
	return 0;
}

SYSCALL(getgroups)
{
	return (int)arg[0] < 0 ? -EINVAL : 0;
}

SYSCALL(setgroups)
{
	return arg[0] ? -EPERM : 0;
}
