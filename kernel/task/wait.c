// SPDX-License-Identifier: MIT
/*
 * wait.c - a parent learns what became of its children.
 *
 * A process keeps its living children in one list and its zombies in another,
 * so that the usual wait takes the first zombie, however many children live.
 *
 * Three things can be reported: that a child ended (then the report is also
 * its burial), stopped, or went on.  Each is reported once.
 *
 * Locks: (T), with which children_changed is waited for.
 */

#include <linux/wait.h>

#include "kernel/lib/errno.h"
#include "kernel/task/process.h"
#include "kernel/task/signal.h"

/* --- telling --- */

static void send_to_parent(struct process *p, int sig, int code, int status)
{
	siginfo_t info = {.si_signo = sig, .si_code = code};

	info.si_pid = p->pid;
	info.si_status = status;
	info.si_utime = p->used.user_time / (NSEC_PER_SEC / 100);
	info.si_stime = p->used.system_time / (NSEC_PER_SEC / 100);
	signal_send_process(p->parent, &info);
}

bool process_tell_parent(struct process *p, int code, int status)
{
	struct process *parent = p->parent;
	struct sigaction *action = &parent->actions[SIGCHLD - 1];
	bool ended = p->zombie;
	bool ignored = action->sa_handler == SIG_IGN;
	bool unwanted = ended && p->exit_signal == SIGCHLD &&
			(ignored || action->sa_flags & SA_NOCLDWAIT);

	p->stop_unreported = code == CLD_STOPPED;
	p->continue_unreported = code == CLD_CONTINUED;
	p->stop_signal = status;
	if (ended) {
		list_remove(&p->sibling_link);
		list_add_tail(&parent->zombies, &p->sibling_link);
		if (p->exit_signal && !(ignored && unwanted))
			send_to_parent(p, p->exit_signal, code, status);
	} else if (!ignored && !(action->sa_flags & SA_NOCLDSTOP)) {
		send_to_parent(p, SIGCHLD, code, status);
	}
	waitq_wake_all(&parent->children_changed);
	return unwanted;
}

/* --- waiting --- */

static bool matches(const struct process *p, const struct wait_request *request)
{
	bool cloned = p->exit_signal != SIGCHLD;

	if (!(request->options & __WALL) &&
	    cloned != !!(request->options & __WCLONE))
		return false;
	switch (request->which) {
	case P_PID:
		return p->pid == request->id;
	case P_PGID:
		return p->group->number == request->id;
	default:
		return true;
	}
}

/* What there is to say of a child that matches: CLD_*, or 0. */
static int event_of(const struct process *p, int options)
{
	if (p->zombie)
		return !(options & WEXITED) ? 0
		       : p->status & 0x7f   ? CLD_KILLED
					    : CLD_EXITED;
	if (p->stop_unreported && options & WSTOPPED)
		return CLD_STOPPED;
	if (p->continue_unreported && options & WCONTINUED)
		return CLD_CONTINUED;
	return 0;
}

/* The first child in @children with an event; *any: one matches at all. */
static struct process *search(struct list *children,
			      const struct wait_request *request, bool *any)
{
	list_for_each_entry (struct process, p, children, sibling_link) {
		if (!matches(p, request))
			continue;
		*any = true;
		if (event_of(p, request->options))
			return p;
		/* The living have no more to tell to most callers. */
		if (!p->zombie && !(request->options & (WSTOPPED | WCONTINUED)))
			break;
	}
	return NULL;
}

/* A single child is found by its number. */
static struct process *search_pid(struct process *self,
				  const struct wait_request *request, bool *any)
{
	struct process *p = process_find(request->id);

	if (!p || p->parent != self || !matches(p, request))
		return NULL;
	*any = true;
	return event_of(p, request->options) ? p : NULL;
}

static struct process *find_event(struct process *self,
				  const struct wait_request *request, bool *any)
{
	struct process *p;

	*any = false;
	if (request->which == P_PID)
		return search_pid(self, request, any);
	p = search(&self->zombies, request, any);
	return p ? p : search(&self->children, request, any);
}

static int wait_status(const struct process *p, int code)
{
	switch (code) {
	case CLD_STOPPED:
		return p->stop_signal << 8 | 0x7f;
	case CLD_CONTINUED:
		return 0xffff;
	default:
		return p->status;
	}
}

static void add_usage(struct process_usage *to,
		      const struct process_usage *used)
{
	to->user_time += used->user_time;
	to->system_time += used->system_time;
	to->faults_minor += used->faults_minor;
	to->faults_major += used->faults_major;
	to->max_resident = max_u64(to->max_resident, used->max_resident);
}

/* Report @p's event; a zombie that is buried with it is returned, out of the
 * tree, to be freed. */
static struct process *report(struct process *self, struct process *p,
			      int options, struct wait_result *result)
{
	int code = event_of(p, options);

	result->pid = p->pid;
	result->code = code;
	result->status = wait_status(p, code);
	process_usage(p, &result->used);
	add_usage(&result->used, &p->children_used);
	if (options & WNOWAIT)
		return NULL;
	if (code == CLD_STOPPED)
		p->stop_unreported = false;
	if (code == CLD_CONTINUED)
		p->continue_unreported = false;
	if (!p->zombie)
		return NULL;
	add_usage(&self->children_used, &result->used);
	process_leave_tree(p);
	return p;
}

int process_wait(const struct wait_request *request, struct wait_result *result)
{
	struct process *self = task_current()->process;
	struct process *buried = NULL;
	struct process *p;
	bool any;
	int err = 0;

	*result = (struct wait_result){0};
	spin_lock(&process_tree_lock);
	for (;;) {
		p = find_event(self, request, &any);
		if (p)
			buried = report(self, p, request->options, result);
		else if (!any)
			err = -ECHILD;
		if (p || err || request->options & WNOHANG)
			break;
		err = waitq_wait_interruptible(&self->children_changed,
					       &process_tree_lock);
		if (err)
			break;
	}
	spin_unlock(&process_tree_lock);
	if (buried)
		process_free(buried);
	return err;
}
