// SPDX-License-Identifier: MIT
/*
 * job.c - process groups and sessions, and the terminal's signals to them.
 *
 * A shell puts each pipeline into a group of its own; ^C goes to the group in
 * the foreground.  A session is all groups of one login.  Both are named by
 * the pid of the process that began them, and live as long as they have
 * members: struct pid is counted.
 *
 * The console sends its signals from an interrupt, with its lock held.  They
 * are posted as work, one job for each signal's number; a second ^C before the
 * first was sent is the same ^C.
 */

#include "kernel/dev/tty.h"
#include "kernel/lib/errno.h"
#include "kernel/task/process.h"
#include "kernel/task/signal.h"

/* --- groups --- */

void process_join_group(struct process *p, struct pid *group)
{
	struct pid *old = p->group;

	list_remove(&p->group_link);
	p->group = pid_hold(group);
	list_add_tail(&group->group, &p->group_link);
	if (old)
		pid_put(old);
}

/* The group @number, if it has a member in @session; or NULL. */
static struct pid *find_group(int number, const struct pid *session)
{
	struct pid *group = pid_find(number);

	if (!group || list_empty(&group->group))
		return NULL;
	return list_entry(group->group.next, struct process, group_link)
				       ->session == session
		       ? group
		       : NULL;
}

/* @p into group @number, as the caller wants: (T). */
static int set_group(struct process *p, int number)
{
	struct process *self = task_current()->process;
	struct pid *group;

	if (!p || p->zombie || (p != self && p->parent != self))
		return -ESRCH;
	if (p->session != self->session || p->session == p->id)
		return -EPERM;
	if (p != self && p->has_execed)
		return -EACCES;
	group = number == p->pid ? p->id : find_group(number, p->session);
	if (!group)
		return -EPERM;
	process_join_group(p, group);
	return 0;
}

int process_set_group(int pid, int group)
{
	int self = task_current()->process->pid;
	int err;

	if (pid < 0 || group < 0)
		return -EINVAL;
	pid = pid ? pid : self;
	spin_lock(&process_tree_lock);
	err = set_group(process_find(pid), group ? group : pid);
	spin_unlock(&process_tree_lock);
	return err;
}

int process_new_session(void)
{
	struct process *self = task_current()->process;
	int err = -EPERM;

	spin_lock(&process_tree_lock);
	/* Its number must not be a group that others are in. */
	if (list_empty(&self->id->group)) {
		pid_put(self->session);
		self->session = pid_hold(self->id);
		process_join_group(self, self->id);
		err = self->pid;
	}
	spin_unlock(&process_tree_lock);
	return err;
}

/* --- orphans --- */

/* Could @parent let @p's group go on: in the session, but another group?  init
 * never does. */
static bool cares_for(const struct process *parent, const struct process *p)
{
	return parent && parent->pid != 1 && parent->group != p->group &&
	       parent->session == p->session;
}

/*
 * Nobody in the group has a parent who could let it go on.  Then the terminal
 * doesn't stop it.  (T)
 */
bool process_group_orphaned(const struct pid *group)
{
	list_for_each_entry (const struct process, p, &group->group,
			     group_link) {
		if (!p->zombie && cares_for(p->parent, p))
			return false;
	}
	return true;
}

/* (T) */
static void send_to_group(const struct pid *group, int sig)
{
	siginfo_t info = {.si_signo = sig, .si_code = SI_KERNEL};

	list_for_each_entry (struct process, p, &group->group, group_link)
		signal_send_process(p, &info);
	signal_broadcasts++;
}

static bool has_stopped(const struct pid *group)
{
	list_for_each_entry (struct process, p, &group->group, group_link)
		if (p->stopped)
			return true;
	return false;
}

void process_left_by(const struct process *p, const struct process *parent)
{
	if (!cares_for(parent, p) || !process_group_orphaned(p->group) ||
	    !has_stopped(p->group))
		return;
	send_to_group(p->group, SIGHUP);
	send_to_group(p->group, SIGCONT);
}

/* --- the terminal --- */

struct group_signal {
	struct work work;
	int group;
};

static struct group_signal group_signals[SIGRTMIN];

void tty_signal_group(int pgrp, int sig)
{
	struct pid *group;

	spin_lock(&process_tree_lock);
	group = pid_find(pgrp);
	if (group)
		send_to_group(group, sig);
	spin_unlock(&process_tree_lock);
}

static void send_posted(struct work *work)
{
	struct group_signal *job =
		container_of(work, struct group_signal, work);

	tty_signal_group(__atomic_load_n(&job->group, __ATOMIC_RELAXED),
			 job - group_signals);
}

void tty_signal_group_soon(int pgrp, int sig)
{
	struct group_signal *job = &group_signals[sig];

	__atomic_store_n(&job->group, pgrp, __ATOMIC_RELAXED);
	job->work.run = send_posted;
	work_post(&job->work);
}

void tty_signal_hang_up(int session)
{
	siginfo_t info = {.si_signo = SIGHUP, .si_code = SI_KERNEL};
	struct process *leader;

	spin_lock(&process_tree_lock);
	leader = process_find(session);
	if (leader) {
		signal_send_process(leader, &info);
		info.si_signo = SIGCONT;
		signal_send_process(leader, &info);
	}
	spin_unlock(&process_tree_lock);
}

bool tty_stop_caller(int sig)
{
	struct task *task = task_current();
	struct process *p = task->process;
	bool stops;

	spin_lock(&process_tree_lock);
	stops = !(task->blocked & SIGNAL_BIT(sig)) &&
		p->actions[sig - 1].sa_handler != SIG_IGN &&
		!process_group_orphaned(p->group);
	if (stops)
		send_to_group(p->group, sig);
	spin_unlock(&process_tree_lock);
	return stops;
}

int tty_caller_group(void)
{
	return task_current()->process->group->number;
}

int tty_caller_session(void)
{
	return task_current()->process->session->number;
}

int tty_group_session(int pgrp)
{
	struct pid *group;
	int session = 0;

	spin_lock(&process_tree_lock);
	group = pid_find(pgrp);
	if (group && !list_empty(&group->group))
		session = list_entry(group->group.next, struct process,
				     group_link)
				  ->session->number;
	spin_unlock(&process_tree_lock);
	return session;
}
