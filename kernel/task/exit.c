// SPDX-License-Identifier: MIT
/*
 * exit.c - the end of tasks and processes.
 *
 * A process ends when its last task does.  exit_group(2) and fatal signals set
 * process->exiting and make all tasks look at it; each ends by itself, on its
 * way to user mode.
 *
 * The last task gives back, in this order: its alarm; files and directories
 * (closing may sleep); memory (shared stores go to the page cache); its
 * children, to init.  What is left is a zombie: the struct, with the status,
 * until the parent has waited.  If the parent ignores SIGCHLD nobody will, and
 * the struct goes at once.
 *
 * The task's own stack and struct can't be freed by itself: sched.c does it
 * when the next task runs.
 *
 * Locks: (T) around all that others can see.
 */

#include "arch/riscv/time.h"
#include "kernel/dev/tty.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/trace.h"
#include "kernel/sync/lockcheck.h"
#include "kernel/task/futex.h"
#include "kernel/task/process.h"
#include "kernel/task/sched.h"
#include "kernel/task/signal.h"

/* --- time used --- */

/* A task's run time, split as the ticks found it in user or kernel mode: but
 * neither share becomes less than was told before. */
void task_times(struct task *task, uint64_t *user, uint64_t *system)
{
	uint64_t runtime = sched_runtime(task);
	uint64_t ticks = task->user_ticks + task->system_ticks;
	uint64_t share = ticks ? runtime / ticks * task->system_ticks : 0;

	share = min_u64(share, runtime - task->user_told);
	task->system_told = max_u64(share, task->system_told);
	task->user_told = runtime - task->system_told;
	*system = task->system_told;
	*user = task->user_told;
}

static void add_task_times(struct process_usage *used, struct task *task)
{
	uint64_t user, system;

	task_times(task, &user, &system);
	used->user_time += user;
	used->system_time += system;
}

static void add_memory_use(struct process_usage *used, const struct mm *mm)
{
	uint64_t resident =
		mm->resident_anon + mm->resident_file + mm->resident_shmem;

	used->faults_minor += mm->faults_minor;
	used->faults_major += mm->faults_major;
	used->max_resident = max_u64(used->max_resident, resident);
}

void process_usage(struct process *p, struct process_usage *used)
{
	*used = p->used;
	list_for_each_entry (struct task, task, &p->tasks, process_link)
		add_task_times(used, task);
	if (p->mm)
		add_memory_use(used, p->mm);
}

/* --- the family --- */

void process_leave_tree(struct process *p)
{
	list_remove(&p->sibling_link);
	list_remove(&p->group_link);
	p->id->process = NULL;
	pid_put(p->id);
	pid_put(p->group);
	pid_put(p->session);
}

/* It is a zombie; tell its parent, and forget it if that doesn't care.  True:
 * it is to be freed.  (T) */
static bool tell_end(struct process *p)
{
	int sig = p->status & 0x7f;

	if (!process_tell_parent(p, sig ? CLD_KILLED : CLD_EXITED,
				 sig ? sig : p->status >> 8))
		return false;
	process_leave_tree(p);
	return true;
}

/* Children of the dead are init's.  (T) */
static void give_children_to_init(struct process *p)
{
	struct process *init = process_find(1);
	struct list *link;

	list_splice_tail(&p->children, &p->zombies);
	while ((link = list_pop(&p->children)) != NULL) {
		struct process *child =
			list_entry(link, struct process, sibling_link);

		child->parent = init;
		child->exit_signal = SIGCHLD;
		if (!child->zombie) {
			list_add_tail(&init->children, link);
			process_left_by(child, p);
		} else if (tell_end(child)) {
			process_free(child);
		}
	}
}

/* --- the end --- */

void task_release_mm(struct task *task)
{
	futex_release_robust_list(task);
	/* pthread_join() waits for this. */
	if (task->clear_child_tid && task->mm->users > 1)
		futex_clear_and_wake(task->clear_child_tid);
	task->clear_child_tid = 0;
	task->robust_list = 0;
}

static void leave_mm(struct task *task)
{
	struct mm *mm = task->mm;

	task->mm = NULL;
	mm_switch(NULL);
	mm_drop_user(mm);
}

/* Out of the process's list of tasks.  True: it was the last one. */
static bool leave_tasks(struct task *task)
{
	struct process *p = task->process;
	bool last;

	spin_lock(&process_tree_lock);
	spin_lock(&p->signal_lock);
	list_remove(&task->process_link);
	last = --p->ntasks == 0;
	task_counts.tasks--;
	if (p->execing)
		sched_wake(p->execing);
	/* What it was woken for and did not take. */
	if (p->pending.set)
		signal_notify_all_locked(p);
	spin_unlock(&p->signal_lock);
	add_task_times(&p->used, task);
	if (task->pid) {
		task->pid->task = NULL;
		pid_put(task->pid);
	}
	if (last) {
		add_memory_use(&p->used, p->mm);
		p->mm = NULL;
	}
	spin_unlock(&process_tree_lock);
	return last;
}

static void leave_files(struct process *p)
{
	struct fdtable *files = p->files;
	struct fs_context *fs = p->fs;

	spin_lock(&process_tree_lock);
	p->files = NULL;
	p->fs = NULL;
	spin_unlock(&process_tree_lock);
	fdtable_put(files);
	fs_context_put(fs);
}

static void become_zombie(struct process *p)
{
	bool unwanted;

	spin_lock(&process_tree_lock);
	process_vfork_done(p);
	give_children_to_init(p);
	p->zombie = true;
	process_left_by(p, p->parent);
	unwanted = tell_end(p);
	spin_unlock(&process_tree_lock);
	if (unwanted)
		process_free(p);
}

static void check_init(const struct process *p)
{
	if (p->pid != 1)
		return;
	if (p->status & 0x7f)
		panic("init was killed by signal %d", p->status & 0x7f);
	panic("init exited with status %d", p->status >> 8);
}

void task_exit(void)
{
	struct task *task = task_current();
	struct process *p = task->process;
	bool last;

	task_release_mm(task);
	last = leave_tasks(task);
	trace(TRACE_EXIT, last ? p->status : 0, last);
	if (last) {
		check_init(p);
		itimer_set(p, 0, 0);
		leave_files(p);
	}
	leave_mm(task);
	if (last) {
		if (p->session->number == p->pid)
			tty_session_ended(p->pid);
		become_zombie(p);
	}
	lockcheck_none_held();
	sched_exit();
}

void process_exit(int status)
{
	struct process *p = task_current()->process;

	spin_lock(&p->signal_lock);
	if (!p->exiting) {
		p->exiting = true;
		p->status = status;
		signal_notify_all_locked(p);
	}
	spin_unlock(&p->signal_lock);
	task_exit();
}

/* --- the end of others --- */

/* The calling task, alone now, takes the process's own number, so that the
 * program sees one thread with tid == pid.  (T) */
static void become_leader(struct task *task)
{
	struct process *p = task->process;

	if (task->tid == p->pid)
		return;
	task->pid->task = NULL;
	pid_put(task->pid);
	task->pid = pid_hold(p->id);
	p->id->task = task;
	task->tid = p->pid;
}

int process_end_other_tasks(void)
{
	struct task *task = task_current();
	struct process *p = task->process;
	int err = 0;

	if (p->ntasks == 1)
		return 0;
	spin_lock(&process_tree_lock);
	spin_lock(&p->signal_lock);
	if (p->exiting || p->execing)
		err = -EAGAIN;
	else
		p->execing = task;
	signal_notify_all_locked(p);
	signal_update_locked(task);
	spin_unlock(&p->signal_lock);
	while (!err && p->ntasks > 1) {
		sched_prepare();
		spin_unlock(&process_tree_lock);
		sched_block();
		spin_lock(&process_tree_lock);
	}
	if (!err) {
		become_leader(task);
		p->execing = NULL;
	}
	spin_unlock(&process_tree_lock);
	return err;
}

/* Send SIGKILL to all but the caller's process and init: how many live. */
static unsigned kill_others(void)
{
	siginfo_t info = {.si_signo = SIGKILL, .si_code = SI_KERNEL};
	struct process *self = task_current()->process;
	unsigned n = 0;

	spin_lock(&process_tree_lock);
	for (struct process *p = process_from(2); p;
	     p = process_from(p->pid + 1)) {
		if (p == self || p->zombie)
			continue;
		signal_send_process(p, &info);
		n++;
	}
	spin_unlock(&process_tree_lock);
	return n;
}

void process_end_all_others(void)
{
	uint64_t deadline = time_now() + 2ul * NSEC_PER_SEC;

	while (kill_others() && time_now() < deadline) {
		sched_prepare();
		sched_block_until(time_now() + 1000000);
	}
}
