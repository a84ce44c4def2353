// SPDX-License-Identifier: MIT
/*
 * info.c - what procfs (fs/procfs.h) and the trace ask about processes.
 *
 * Each answer is taken under the tree's lock and is true for that moment; what
 * is handed out to be looked at longer is counted.
 */

#include "fs/procfs.h"

#include "kernel/dev/tty.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/lib/trace.h"
#include "kernel/task/process.h"
#include "kernel/task/sched.h"
#include "kernel/task/signal.h"

/* --- (T) is held by these --- */

struct process *process_find(int pid)
{
	struct pid *id = pid_find(pid);

	return id ? id->process : NULL;
}

struct process *process_of(int id)
{
	struct pid *pid = pid_find(id);

	if (!pid || pid->process)
		return pid ? pid->process : NULL;
	return pid->task ? pid->task->process : NULL;
}

struct process *process_from(int pid)
{
	struct pid *id = pid_next(pid);

	while (id && !id->process)
		id = pid_next(id->number + 1);
	return id ? id->process : NULL;
}

static char state_of(const struct process *p)
{
	char state = 'S';

	if (p->zombie || list_empty(&p->tasks))
		return 'Z';
	if (p->stopped)
		return 'T';
	list_for_each_entry (const struct task, task, &p->tasks, process_link) {
		if (task->state == TASK_RUNNABLE)
			state = 'R';
	}
	return state;
}

static void fill_task(const struct task *task, struct process_info *info)
{
	info->pending = task->pending.set;
	info->blocked = task->blocked;
	info->hart = task->thread.hart->index;
}

/* (s) is held, too. */
static void fill_signals(const struct process *p, struct process_info *info)
{
	for (int sig = 1; sig <= _NSIG; sig++) {
		__sighandler_t handler = p->actions[sig - 1].sa_handler;

		if (handler == SIG_IGN)
			info->ignored |= SIGNAL_BIT(sig);
		else if (handler != SIG_DFL)
			info->caught |= SIGNAL_BIT(sig);
	}
	info->shared_pending = p->pending.set;
	if (!list_empty(&p->tasks))
		fill_task(list_entry(p->tasks.next, struct task, process_link),
			  info);
}

/* One thread that is not its process's first: what it has of its own. */
static void fill_thread(const struct task *task, struct process_info *info)
{
	string_copy(info->name, task->name, sizeof(info->name));
	if (info->state != 'T')
		info->state = task->state == TASK_RUNNABLE ? 'R' : 'S';
	fill_task(task, info);
}

static void fill_info(struct process *p, int id, struct process_info *info)
{
	struct process_usage used;

	process_usage(p, &used);
	*info = (struct process_info){
		.pid = p->pid,
		.parent = p->parent ? p->parent->pid : 0,
		.group = p->group->number,
		.session = p->session->number,
		.state = state_of(p),
		.nthreads = p->ntasks,
		.start_time = p->start_time,
		.user_time = used.user_time,
		.system_time = used.system_time,
		.children_user_time = p->children_used.user_time,
		.children_system_time = p->children_used.system_time,
		.exit_signal = p->exit_signal,
	};
	string_copy(info->name, p->name, sizeof(info->name));
	info->tty_rdev = tty_of_session(info->session, &info->tty_group);
	spin_lock(&p->signal_lock);
	fill_signals(p, info);
	if (id != p->pid)
		fill_thread(pid_find(id)->task, info);
	spin_unlock(&p->signal_lock);
}

/* The tree, locked, and in it the process that @pid names; NULL: none does. */
static struct process *lock_process(int pid)
{
	spin_lock(&process_tree_lock);
	return process_of(pid);
}

bool process_info_get(int pid, struct process_info *info)
{
	struct process *p = lock_process(pid);

	if (p)
		fill_info(p, pid, info);
	spin_unlock(&process_tree_lock);
	return p;
}

struct mm *process_mm_get(int pid)
{
	struct process *p = lock_process(pid);
	struct mm *mm = p && p->mm ? mm_get(p->mm) : NULL;

	spin_unlock(&process_tree_lock);
	return mm;
}

struct fdtable *process_files_get(int pid)
{
	struct process *p = lock_process(pid);
	struct fdtable *files = p && p->files ? fdtable_hold(p->files) : NULL;

	spin_unlock(&process_tree_lock);
	return files;
}

struct fs_context *process_fs_get(int pid)
{
	struct process *p = lock_process(pid);
	struct fs_context *fs = p && p->fs ? fs_context_hold(p->fs) : NULL;

	spin_unlock(&process_tree_lock);
	return fs;
}

int process_next(int pid)
{
	struct process *p;

	spin_lock(&process_tree_lock);
	p = process_from(pid);
	pid = p ? p->pid : 0;
	spin_unlock(&process_tree_lock);
	return pid;
}

int process_next_task(int pid, int tid)
{
	struct process *p = lock_process(pid);
	struct pid *id = p ? pid_next(tid) : NULL;

	while (id && !(id->task && id->task->process == p))
		id = pid_next(id->number + 1);
	tid = id ? id->number : 0;
	spin_unlock(&process_tree_lock);
	return tid;
}

bool process_limits_get(int pid, struct rlimit *limits)
{
	struct process *p = lock_process(pid);

	if (p) {
		spin_lock(&p->signal_lock);
		memcpy(limits, p->limits, sizeof(p->limits));
		spin_unlock(&p->signal_lock);
	}
	spin_unlock(&process_tree_lock);
	return p;
}

const int process_pid_max = PID_MAX;

void task_numbers(int32_t *pid, int32_t *tid)
{
	*pid = task_current()->process_id;
	*tid = task_current()->tid;
}

uint64_t process_limit(unsigned which)
{
	struct process *p = task_current()->process;

	return p ? p->limits[which].rlim_cur : UINT64_MAX;
}

int process_file_limit_exceeded(void)
{
	signal_raise(SIGXFSZ);
	return -EFBIG;
}

void process_count(struct process_totals *totals)
{
	spin_lock(&process_tree_lock);
	totals->forks = task_counts.forks;
	totals->tasks = task_counts.tasks;
	totals->last_pid = pid_last();
	spin_unlock(&process_tree_lock);
}
