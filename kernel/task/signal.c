// SPDX-License-Identifier: MIT
/*
 * signal.c - sending signals.
 *
 * A signal is queued for one task, or for a process, and then any of its tasks
 * may take it.  Sending decides:
 *
 *	ignored, and not blocked   dropped
 *	already pending (1 to 31)  dropped: they are counted once
 *	SIGCONT                    lets a stopped process go on, and takes back
 *	                           stops that are pending; and the reverse
 *	else                       queued; a task that doesn't block it is
 *	                           woken, or interrupted on its hart
 *
 * and everything else happens when the task is on its way to user mode
 * (signal_take.c): a system call that sleeps only learns that it should stop
 * sleeping (sched_interrupted).
 *
 * THREAD_SIGNAL is set in a task exactly while signal_update_locked() says so;
 * a stray one is harmless, a missing one is a signal not noticed.
 *
 * Locks: process->signal_lock for queues, masks, actions, flags; inside it
 * only the slab's and the scheduler's.  Book: chapters 4 and 10.
 */

#include "kernel/task/signal.h"

#include "kernel/lib/assert.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/printk.h"
#include "kernel/task/process.h"
#include "kernel/task/sched.h"
#include "mm/slab.h"

struct signal_item {
	struct list link;
	siginfo_t info;
};

static struct slab_cache *item_cache;
atomic_ulong signal_broadcasts;

static const uint64_t IGNORED_BY_DEFAULT =
	SIGNAL_BIT(SIGCHLD) | SIGNAL_BIT(SIGCONT) | SIGNAL_BIT(SIGURG) |
	SIGNAL_BIT(SIGWINCH);
static const uint64_t STOPS = SIGNAL_BIT(SIGSTOP) | SIGNAL_BIT(SIGTSTP) |
			      SIGNAL_BIT(SIGTTIN) | SIGNAL_BIT(SIGTTOU);

void signal_init(void)
{
	item_cache =
		slab_cache_create("signal", sizeof(struct signal_item), 16);
	if (!item_cache)
		panic("no memory for signals");
}

/* --- queues; (s) is held --- */

static int queue_add(struct process *p, struct signal_queue *queue,
		     const siginfo_t *info)
{
	int sig = info->si_signo;
	bool first = !(queue->set & SIGNAL_BIT(sig));
	/* The limit is for what a program queues, not for what happens. */
	bool always = sig < SIGRTMIN && info->si_code >= 0;
	struct signal_item *item = NULL;

	if (!first && sig < SIGRTMIN)
		return 0;
	if (always || queue->nitems < p->limits[RLIMIT_SIGPENDING].rlim_cur)
		item = slab_alloc(item_cache);
	/* Without its siginfo one can still be delivered, but not counted. */
	if (!item && sig >= SIGRTMIN && info->si_code != SI_USER)
		return -EAGAIN;
	queue->set |= SIGNAL_BIT(sig);
	if (item) {
		item->info = *info;
		list_add_tail(&queue->infos, &item->link);
		queue->nitems++;
	}
	return 0;
}

static struct signal_item *queue_find(struct signal_queue *queue, uint64_t set)
{
	list_for_each_entry (struct signal_item, item, &queue->infos, link) {
		if (SIGNAL_BIT(item->info.si_signo) & set)
			return item;
	}
	return NULL;
}

static void queue_drop(struct signal_queue *queue, struct signal_item *item)
{
	list_remove(&item->link);
	queue->nitems--;
	slab_free(item_cache, item);
}

static void queue_discard(struct signal_queue *queue, uint64_t set)
{
	struct signal_item *item;

	if (!(queue->set & set))
		return;
	queue->set &= ~set;
	while ((item = queue_find(queue, set)) != NULL)
		queue_drop(queue, item);
}

void signal_queue_clear(struct signal_queue *queue)
{
	queue_discard(queue, UINT64_MAX);
}

void signal_discard_locked(struct process *p, uint64_t set)
{
	queue_discard(&p->pending, set);
	list_for_each_entry (struct task, task, &p->tasks, process_link)
		queue_discard(&task->pending, set);
}

/* Take the first @sig out; its bit goes with the last one. */
static void queue_take(struct signal_queue *queue, int sig, siginfo_t *info)
{
	uint64_t bit = SIGNAL_BIT(sig);
	struct signal_item *item = queue_find(queue, bit);

	if (item) {
		*info = item->info;
		queue_drop(queue, item);
	} else {
		*info = (siginfo_t){.si_signo = sig};
		/* signal_kill_self() needs no memory, and spares nobody. */
		info->si_code = sig == SIGKILL ? SI_KERNEL : SI_USER;
	}
	if (!item || !queue_find(queue, bit))
		queue->set &= ~bit;
}

static int first_signal(uint64_t set)
{
	if (!set)
		return 0;
	if (set & SIGNAL_BIT(SIGKILL))
		return SIGKILL;
	if (set & SIGNALS_OF_FAULTS)
		set &= SIGNALS_OF_FAULTS;
	return __builtin_ctzl(set) + 1;
}

int signal_dequeue_locked(uint64_t set, siginfo_t *info)
{
	struct task *task = task_current();
	struct signal_queue *queue = &task->pending;
	int sig = first_signal(queue->set & set);

	if (!sig) {
		queue = &task->process->pending;
		sig = first_signal(queue->set & set);
	}
	if (sig)
		queue_take(queue, sig, info);
	return sig;
}

/* --- who is to look; (s) is held --- */

void signal_update_locked(struct task *task)
{
	struct process *p = task->process;
	uint64_t ready = (task->pending.set | p->pending.set) & ~task->blocked;

	if (ready || p->exiting || p->stopped ||
	    (p->execing && p->execing != task))
		atomic_fetch_or(&task->thread.pending, THREAD_SIGNAL);
	else
		atomic_fetch_and(&task->thread.pending,
				 ~(unsigned long)THREAD_SIGNAL);
}

static void notify(struct task *task)
{
	atomic_fetch_or(&task->thread.pending, THREAD_SIGNAL);
	if (task != task_current())
		sched_kick(task);
}

void signal_notify_all_locked(struct process *p)
{
	list_for_each_entry (struct task, task, &p->tasks, process_link)
		notify(task);
}

/* One task that would take @sig, the caller if it would. */
static void notify_one(struct process *p, int sig)
{
	struct task *self = task_current();

	if (self->process == p && !(self->blocked & SIGNAL_BIT(sig))) {
		notify(self);
		return;
	}
	list_for_each_entry (struct task, task, &p->tasks, process_link) {
		if (task->blocked & SIGNAL_BIT(sig))
			continue;
		notify(task);
		return;
	}
}

/* --- sending --- */

struct waitq signal_watchers = WAITQ_INIT(signal_watchers);

bool signal_ignored_locked(const struct process *p, int sig)
{
	__sighandler_t handler = p->actions[sig - 1].sa_handler;

	if (handler == SIG_IGN)
		return true;
	if (handler != SIG_DFL)
		return false;
	/* Nobody kills init by accident, or at all. */
	return p->pid == 1 || SIGNAL_BIT(sig) & IGNORED_BY_DEFAULT;
}

/* Blocked signals are kept, even if they are ignored now: and so are those for
 * which sigtimedwait has let go of the mask. */
static bool blocked(const struct process *p, const struct task *only, int sig)
{
	if (!only && !list_empty(&p->tasks))
		only = list_entry(p->tasks.next, struct task, process_link);
	return only && (only->blocked | only->awaited) & SIGNAL_BIT(sig);
}

/* SIGCONT and the stop signals undo each other.  True: @p goes on. */
static bool settle_stops(struct process *p, int sig)
{
	bool was_stopped = p->stopped;

	if (SIGNAL_BIT(sig) & STOPS)
		signal_discard_locked(p, SIGNAL_BIT(SIGCONT));
	if (sig != SIGCONT)
		return false;
	signal_discard_locked(p, STOPS);
	p->stop_coming = false;
	p->stopped = false;
	if (was_stopped)
		signal_notify_all_locked(p);
	return was_stopped;
}

static int send(struct process *p, struct task *only, const siginfo_t *info)
{
	int sig = info->si_signo;
	bool continued;
	int err = 0;

	spin_lock(&p->signal_lock);
	continued = settle_stops(p, sig);
	if (blocked(p, only, sig) || !signal_ignored_locked(p, sig)) {
		err = queue_add(p, only ? &only->pending : &p->pending, info);
		if (sig == SIGKILL)
			signal_notify_all_locked(p);
		else if (!only)
			notify_one(p, sig);
		else if (!(only->blocked & SIGNAL_BIT(sig)))
			notify(only);
		waitq_wake_all(&signal_watchers);
	}
	spin_unlock(&p->signal_lock);
	if (continued)
		process_tell_parent(p, CLD_CONTINUED, SIGCONT);
	return err;
}

int signal_send_process(struct process *p, const siginfo_t *info)
{
	return send(p, NULL, info);
}

int signal_send_task(struct task *task, const siginfo_t *info)
{
	return send(task->process, task, info);
}

siginfo_t signal_info(int sig, int code)
{
	return (siginfo_t){
		.si_signo = sig,
		.si_code = code,
		.si_pid = task_current()->process->pid,
	};
}

void signal_raise(int sig)
{
	siginfo_t info = signal_info(sig, SI_USER);

	spin_lock(&process_tree_lock);
	signal_send_task(task_current(), &info);
	spin_unlock(&process_tree_lock);
}

void signal_kill_self(void)
{
	struct process *p = task_current()->process;

	spin_lock(&p->signal_lock);
	p->pending.set |= SIGNAL_BIT(SIGKILL);
	signal_notify_all_locked(p);
	spin_unlock(&p->signal_lock);
}

bool signal_fatal_pending(void)
{
	struct task *task = task_current();
	struct process *p = task->process;

	return p->exiting || (p->execing && p->execing != task) ||
	       (task->pending.set | p->pending.set) & SIGNAL_BIT(SIGKILL);
}

bool sched_killed(void)
{
	return sched_interrupted() && signal_fatal_pending();
}

void signal_fault(const struct trap_frame *frame, int sig, int code,
		  vaddr_t address, const char *cause)
{
	static const char *const names[] = {
		[SIGSEGV] = "SIGSEGV",
		[SIGBUS] = "SIGBUS",
		[SIGILL] = "SIGILL",
		[SIGTRAP] = "SIGTRAP",
	};
	struct task *task = task_current();
	struct process *p = task->process;
	struct sigaction *action = &p->actions[sig - 1];
	siginfo_t info = {.si_signo = sig, .si_code = code};
	bool kills;

	if (code != SI_KERNEL)
		info.si_addr = (void *)address;
	spin_lock(&p->signal_lock);
	/* It can't wait, and it can't be ignored: the instruction would only
	 * do it again. */
	if (action->sa_handler == SIG_IGN || task->blocked & SIGNAL_BIT(sig)) {
		action->sa_handler = SIG_DFL;
		task->blocked &= ~SIGNAL_BIT(sig);
	}
	kills = action->sa_handler == SIG_DFL;
	queue_add(p, &task->pending, &info);
	signal_update_locked(task);
	spin_unlock(&p->signal_lock);
	if (kills)
		printk("%s[%d]: %s at 0x%lx, pc 0x%lx, %s\n", p->name, p->pid,
		       names[sig], address, frame->pc, cause);
}

/* --- masks and handlers --- */

void signal_set_blocked(uint64_t mask)
{
	struct task *task = task_current();
	struct process *p = task->process;
	uint64_t orphans;

	spin_lock(&p->signal_lock);
	mask &= ~SIGNALS_UNBLOCKABLE;
	/* What this task was to take, another one may take now. */
	orphans = p->pending.set & mask & ~task->blocked;
	task->blocked = mask;
	signal_update_locked(task);
	for (; orphans; orphans &= orphans - 1)
		notify_one(p, first_signal(orphans & -orphans));
	spin_unlock(&p->signal_lock);
}

void signal_mask_swap(const sigset_t *mask)
{
	struct task *task = task_current();

	task->saved_blocked = task->blocked;
	atomic_fetch_or(&task->thread.pending, TASK_RESTORE_MASK);
	signal_set_blocked(mask->sig[0]);
}

void signal_mask_restore(void)
{
	struct task *task = task_current();
	unsigned long before = atomic_fetch_and(
		&task->thread.pending, ~(unsigned long)TASK_RESTORE_MASK);

	if (before & TASK_RESTORE_MASK)
		signal_set_blocked(task->saved_blocked);
}

void signal_reset_handlers(struct process *p)
{
	spin_lock(&p->signal_lock);
	for (int i = 0; i < _NSIG; i++) {
		if (p->actions[i].sa_handler != SIG_IGN)
			p->actions[i].sa_handler = SIG_DFL;
		p->actions[i].sa_flags = 0;
		p->actions[i].sa_mask.sig[0] = 0;
	}
	spin_unlock(&p->signal_lock);
}

void signal_exec(struct task *task)
{
	signal_reset_handlers(task->process);
	task->signal_stack = (stack_t){.ss_flags = SS_DISABLE};
	task->restart = (struct restart){0};
}
