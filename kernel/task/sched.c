// SPDX-License-Identifier: MIT
/*
 * sched.c - which task runs on which hart.
 *
 * Each hart has a queue of runnable tasks and runs the first.  A task has a
 * slice of 10 ms.  When it is used up the task goes to the back with a new
 * one; a task that is woken with some of its slice left goes to the front,
 * and the running one makes room at the next tick.  So what sleeps a lot
 * answers soon, and nobody gets more than his turn.
 *
 * A woken task goes to the hart it ran on, unless that is busy and another is
 * idle; a hart with nothing to do takes from the others' queues.
 *
 * Why nobody runs on a stack that is still in use: a switch is made with the
 * run queue's lock held, from before the old task is marked (blocked, or put
 * in the queue) until the new one has its own stack, and released by the new
 * one in switch_finish().  Whoever finds a task blocked or queued under that
 * lock knows that its switch is over.
 *
 * Why no wake-up is lost: see enum task_state.  A wake turns PREPARED into
 * RUNNABLE, and then sched_block() doesn't block.
 *
 * Locks: one run queue's at a time, interrupts off; another's only by trying.
 */

#include "kernel/sync/sched.h"

#include "arch/riscv/irq.h"
#include "arch/riscv/time.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/errno.h"
#include "kernel/task/sched.h"

enum { SLICE = 10000000 }; /* ns */

/*
 * Field locks: (q) lock, (a) atomic.
 *
 * Invariants: what is in the queue is RUNNABLE and not running; current is
 * not in it; an idle task is never queued.
 */
struct runqueue {
	struct spinlock lock;
	struct list queue;       /* (q) next to run first */
	atomic_uint nqueued;     /* (a) changes under (q) */
	struct task *current;    /* (q) */
	struct task *prev;       /* (q) what ran before it */
	struct task *idle;       /* constant */
	atomic_bool make_room;   /* (a) a task with slice left was woken */
	uint64_t switched_at;    /* (q) until when current is charged */
	struct hart_usage usage; /* (q) */
} __attribute__((aligned(64)));

static struct runqueue runqueues[HARTS_MAX];
static atomic_ulong idle_harts; /* harts that would like work */

static struct runqueue *own_queue(void)
{
	return &runqueues[hart_index()];
}

/* --- queues: the lock is held --- */

static void enqueue_locked(struct runqueue *rq, struct list *at,
			   struct task *task)
{
	list_add(at, &task->run_link);
	rq->nqueued++;
}

static void dequeue_locked(struct runqueue *rq, struct task *task)
{
	list_remove(&task->run_link);
	rq->nqueued--;
}

/* The first in the queue that may run on @hart, taken out; or NULL. */
static struct task *take_locked(struct runqueue *rq, unsigned hart)
{
	list_for_each_entry (struct task, task, &rq->queue, run_link) {
		if (!(task->affinity >> hart & 1))
			continue;
		dequeue_locked(rq, task);
		return task;
	}
	return NULL;
}

/* Take a task from a hart that has one waiting.  Our own lock is held, so
 * another's is only tried: two harts may want to rob each other. */
static struct task *steal(void)
{
	unsigned self = hart_index();

	for (unsigned i = 1; i < hart_count(); i++) {
		struct runqueue *victim = &runqueues[(self + i) % hart_count()];
		struct task *task = NULL;

		if (!victim->nqueued || !spin_trylock(&victim->lock))
			continue;
		task = take_locked(victim, self);
		if (task)
			task->thread.hart = hart_get(self);
		spin_unlock(&victim->lock);
		if (task)
			return task;
	}
	return NULL;
}

/* What this hart shall run next: not in any queue any more. */
static struct task *pick_locked(struct runqueue *rq)
{
	struct task *task = rq->nqueued ? take_locked(rq, hart_index()) : NULL;

	if (!task && hart_count() > 1)
		task = steal();
	return task ? task : rq->idle;
}

/* --- switching --- */

/* Book the time since the last booking on the running task. */
static void charge_locked(struct runqueue *rq, uint64_t now)
{
	struct task *task = rq->current;
	uint64_t ran = now - rq->switched_at;

	rq->switched_at = now;
	if (task == rq->idle) {
		rq->usage.idle += ran;
		return;
	}
	task->runtime += ran;
	task->slice_left -= min_u64(ran, task->slice_left);
}

/*
 * The first thing a task does when it runs again, or for the first time: let
 * go of the lock that the one before it took, and bury that if it died.
 */
static void switch_finish(void)
{
	struct runqueue *rq = own_queue();
	struct task *dead = rq->prev->state == TASK_DEAD ? rq->prev : NULL;

	spin_unlock(&rq->lock);
	if (dead)
		task_free(dead);
}

void sched_enter(void)
{
	switch_finish();
	irq_enable();
}

/*
 * Run something else.  The caller, with interrupts off, has taken the lock
 * and said in current's state, or by queueing it, what becomes of it.  The
 * lock is released on return.
 */
static void switch_away_locked(struct runqueue *rq)
{
	struct task *prev = rq->current;
	struct task *next = pick_locked(rq);
	uint64_t now;

	if (next == prev) {
		spin_unlock(&rq->lock);
		return;
	}
	now = time_now();
	charge_locked(rq, now);
	rq->current = next;
	rq->usage.switches++;
	if (next == rq->idle)
		atomic_fetch_or(&idle_harts, 1ul << hart_index());
	else if (prev == rq->idle) {
		atomic_fetch_and(&idle_harts, ~(1ul << hart_index()));
		clock_need_tick(now);
	}
	if (next->mm != prev->mm)
		mm_switch(next->mm);
	rq->prev = prev;
	thread_switch(&prev->thread, &next->thread);
	switch_finish();
}

/* --- placing tasks that became runnable --- */

/* Claim an idle hart for @task, @home if possible.  The bit is cleared so
 * that the next waker finds another. */
static unsigned choose_hart(struct task *task, unsigned home)
{
	uint64_t idle = idle_harts & task->affinity;
	unsigned hart = home;

	if (!(task->affinity >> home & 1))
		hart = __builtin_ctzl(task->affinity);
	if (!idle)
		return hart;
	if (!(idle >> hart & 1))
		hart = __builtin_ctzl(idle);
	atomic_fetch_and(&idle_harts, ~(1ul << hart));
	return hart;
}

/*
 * Queue a task that is RUNNABLE and in no queue: on @rq's hart, whose lock is
 * held and released here, or on a better one.  Interrupts off.
 */
static void place_locked(struct runqueue *rq, struct task *task)
{
	unsigned hart = choose_hart(task, rq - runqueues);
	bool idle;

	if (rq != &runqueues[hart]) {
		spin_unlock(&rq->lock);
		rq = &runqueues[hart];
		spin_lock(&rq->lock);
	}
	if (task->slice_left) {
		enqueue_locked(rq, &rq->queue, task);
		rq->make_room = true;
	} else {
		task->slice_left = SLICE;
		enqueue_locked(rq, rq->queue.prev, task);
	}
	task->thread.hart = hart_get(hart);
	idle = rq->current == rq->idle;
	spin_unlock(&rq->lock);
	if (idle && hart != hart_index())
		hart_send_ipi(hart);
}

void sched_start_task(struct task *task)
{
	unsigned long irq = irq_save();

	spin_lock(&own_queue()->lock);
	place_locked(own_queue(), task);
	irq_restore(irq);
}

/*
 * The queue of the hart that @task ran on last, locked.  The hart of a blocked
 * task doesn't change, and with this lock its switch away is over.
 */
static struct runqueue *lock_queue_of(struct task *task)
{
	for (;;) {
		struct runqueue *rq = &runqueues[task->thread.hart->index];

		spin_lock(&rq->lock);
		if (rq == &runqueues[task->thread.hart->index])
			return rq;
		/* Woken, moved, and perhaps blocking elsewhere just now. */
		spin_unlock(&rq->lock);
	}
}

bool sched_wake(struct task *task)
{
	enum task_state seen = TASK_PREPARED;
	struct runqueue *rq;
	unsigned long irq;

	if (atomic_compare_exchange_strong(&task->state, &seen, TASK_RUNNABLE))
		return true;
	if (seen != TASK_BLOCKED)
		return false;
	irq = irq_save();
	rq = lock_queue_of(task);
	if (atomic_compare_exchange_strong(&task->state, &seen, TASK_RUNNABLE))
		place_locked(rq, task);
	else
		spin_unlock(&rq->lock);
	irq_restore(irq);
	return seen == TASK_BLOCKED;
}

/* --- sleeping --- */

void sched_prepare(void)
{
	task_current()->state = TASK_PREPARED;
}

void sched_cancel(void)
{
	task_current()->state = TASK_RUNNABLE;
}

void sched_block(void)
{
	struct task *task = task_current();
	enum task_state seen = TASK_PREPARED;
	struct runqueue *rq;
	unsigned long irq;

	if (task->state == TASK_RUNNABLE)
		return;
	lockcheck_may_sleep();
	irq = irq_save();
	rq = own_queue();
	spin_lock(&rq->lock);
	if (atomic_compare_exchange_strong(&task->state, &seen, TASK_BLOCKED))
		switch_away_locked(rq);
	else
		spin_unlock(&rq->lock);
	irq_restore(irq);
}

/* --- giving way --- */

/* Let others run: behind all of them, or, with some of the slice left, behind
 * the first one only, which it makes room for. */
static void requeue(bool behind_all)
{
	unsigned long irq = irq_save();
	struct runqueue *rq = own_queue();
	struct task *task = rq->current;
	struct list *at;

	spin_lock(&rq->lock);
	rq->make_room = false;
	at = behind_all || !task->slice_left ? rq->queue.prev : rq->queue.next;
	if (behind_all || !task->slice_left)
		task->slice_left = SLICE;
	if (rq->nqueued) {
		enqueue_locked(rq, at, task);
		switch_away_locked(rq);
	} else {
		spin_unlock(&rq->lock);
	}
	irq_restore(irq);
}

void sched_yield(void)
{
	requeue(true);
}

void sched_point(void)
{
	struct task *task = task_current();

	if (!(task->thread.pending & THREAD_RESCHEDULE))
		return;
	atomic_fetch_and(&task->thread.pending,
			 ~(unsigned long)THREAD_RESCHEDULE);
	if (task->affinity >> hart_index() & 1)
		requeue(false);
	/* Not welcome here any more: sleep for a moment, since a wake-up
	 * chooses the hart anew. */
	while (!(task->affinity >> hart_index() & 1)) {
		sched_prepare();
		sched_block_until(time_now() + TICK / 8);
	}
}

bool sched_interrupted(void)
{
	return task_current()->thread.pending & THREAD_SIGNAL;
}

void sched_kick(struct task *task)
{
	unsigned hart = task->thread.hart->index;

	if (!sched_wake(task) && hart != hart_index())
		hart_send_ipi(hart);
}

void sched_exit(void)
{
	struct runqueue *rq;

	irq_disable();
	rq = own_queue();
	spin_lock(&rq->lock);
	rq->current->state = TASK_DEAD;
	switch_away_locked(rq);
	panic("a dead task runs");
}

int sched_set_affinity(struct task *task, uint64_t mask)
{
	struct runqueue *rq;
	unsigned long irq;

	mask &= UINT64_MAX >> (64 - hart_count());
	if (!mask)
		return -EINVAL;
	task->affinity = mask;
	irq = irq_save();
	rq = lock_queue_of(task);
	if (!list_empty(&task->run_link)) {
		dequeue_locked(rq, task);
		place_locked(rq, task);
	} else {
		spin_unlock(&rq->lock);
	}
	irq_restore(irq);
	atomic_fetch_or(&task->thread.pending, THREAD_RESCHEDULE);
	sched_kick(task);
	return 0;
}

/* --- the clock's tick, and idling --- */

bool sched_tick(uint64_t now, bool from_user)
{
	struct runqueue *rq = own_queue();
	struct task *task = rq->current;
	/* Read once: another hart may find work, and take its bit away. */
	uint64_t idle = idle_harts;
	struct task *stolen = NULL;

	if (task == rq->idle)
		return false;
	spin_lock(&rq->lock);
	*(from_user ? &task->user_ticks : &task->system_ticks) += 1;
	*(from_user ? &rq->usage.user : &rq->usage.system) += TICK;
	charge_locked(rq, now);
	if (!task->slice_left && !rq->nqueued && hart_count() > 1)
		stolen = steal();
	if (stolen)
		enqueue_locked(rq, &rq->queue, stolen);
	if (rq->nqueued && (!task->slice_left || rq->make_room))
		atomic_fetch_or(&task->thread.pending, THREAD_RESCHEDULE);
	spin_unlock(&rq->lock);
	if (rq->nqueued && idle)
		hart_send_ipi(__builtin_ctzl(idle));
	return true;
}

uint64_t sched_runtime(struct task *task)
{
	unsigned long irq = irq_save();
	struct runqueue *rq = lock_queue_of(task);

	if (rq->current == task)
		charge_locked(rq, time_now());
	spin_unlock_irq(&rq->lock, irq);
	return task->runtime;
}

struct hart_usage sched_hart_usage(unsigned hart)
{
	struct runqueue *rq = &runqueues[hart];
	unsigned long irq = spin_lock_irq(&rq->lock);
	struct hart_usage usage;

	charge_locked(rq, time_now());
	usage = rq->usage;
	spin_unlock_irq(&rq->lock, irq);
	return usage;
}

unsigned sched_count_runnable(void)
{
	unsigned n = 0;

	for (unsigned i = 0; i < hart_count(); i++)
		n += runqueues[i].nqueued +
		     (runqueues[i].current != runqueues[i].idle);
	return n;
}

void sched_init_hart(unsigned hart, struct task *idle)
{
	struct runqueue *rq = &runqueues[hart];

	spin_init(&rq->lock, "runqueue", RANK_RUNQUEUE);
	list_init(&rq->queue);
	rq->current = idle;
	rq->idle = idle;
}

/* Nothing to do: wait for an interrupt, and look again.  With interrupts off
 * in between, one that comes after the look ends the wait. */
void sched_start(void)
{
	struct runqueue *rq = own_queue();

	assert(task_current() == rq->idle);
	rq->switched_at = time_now();
	for (;;) {
		irq_disable();
		atomic_fetch_or(&idle_harts, 1ul << hart_index());
		spin_lock(&rq->lock);
		switch_away_locked(rq);
		if (!rq->nqueued)
			irq_wait();
		irq_enable();
	}
}
