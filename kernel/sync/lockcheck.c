// SPDX-License-Identifier: MIT
/*
 * lockcheck.c - asserting the order of locks at run time (debug build).
 *
 * Two tasks that take two locks in opposite orders deadlock, but only when
 * they meet: a test may pass a thousand times.  Ranks make the mistake show
 * the first time either of the two orders is not that of rank.h, whoever else
 * is running.
 *
 * Spinlocks are held by a hart, since nobody sleeps or is preempted with one:
 * each hart has a list.  A handler's locks go on top of those of the code it
 * has interrupted, and are judged against them, too: a handler that waits for
 * a lock of lower rank than one held by the code below it can be one half of a
 * deadlock.  Locks that sleep are held by a task, and so is their list.
 *
 * In a panic, when locks don't lock any more, nothing is checked either.
 *
 * Locks: none; a list is only touched by its own hart, with interrupts off,
 * or its own task.
 */

#include "kernel/sync/lockcheck.h"

#ifdef CONFIG_DEBUG

#include "arch/riscv/hart.h"
#include "arch/riscv/irq.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/printk.h"
#include "kernel/sync/sched.h"
#include "kernel/sync/spinlock.h"

enum { SPIN_MAX = 16 };

/* struct lock_class's usage. */
enum { USED_IN_INTERRUPT = 1, USED_WITH_INTERRUPTS_ON = 2 };

static struct hart_locks {
	unsigned n;
	unsigned interrupts; /* handlers running, one inside the other */
	const struct lock_class *held[SPIN_MAX];
} hart_locks[HARTS_MAX];

static struct hart_locks *mine(void)
{
	return &hart_locks[hart_index()];
}

void lock_class_init(struct lock_class *class, const char *name,
		     enum lock_rank rank)
{
	*class = (struct lock_class)LOCK_CLASS(name, rank);
}

static void note_usage(struct lock_class *class, const struct hart_locks *h,
		       bool interrupts_on)
{
	if (h->interrupts)
		class->usage |= USED_IN_INTERRUPT;
	if (interrupts_on)
		class->usage |= USED_WITH_INTERRUPTS_ON;
	if (class->usage == (USED_IN_INTERRUPT | USED_WITH_INTERRUPTS_ON))
		panic("lock %s: taken in an interrupt handler, and with "
		      "interrupts on",
		      class->name);
}

void lockcheck_spin_order(struct lock_class *class)
{
	unsigned long saved = irq_save();
	struct hart_locks *h = mine();

	if (spin_locks_broken)
		return;
	note_usage(class, h, saved);
	for (unsigned i = 0; i < h->n; i++) {
		if (h->held[i]->rank >= class->rank)
			panic("lock order: %s (rank %d) under %s (rank %d)",
			      class->name, class->rank, h->held[i]->name,
			      h->held[i]->rank);
	}
	irq_restore(saved);
}

void lockcheck_spin_taken(struct lock_class *class)
{
	unsigned long saved = irq_save();
	struct hart_locks *h = mine();

	if (spin_locks_broken)
		return;
	assert(h->n < SPIN_MAX);
	h->held[h->n++] = class;
	irq_restore(saved);
}

void lockcheck_spin_dropped(struct lock_class *class)
{
	unsigned long saved = irq_save();
	struct hart_locks *h = mine();
	unsigned i = h->n;

	if (spin_locks_broken)
		return;
	while (i > 0 && h->held[i - 1] != class)
		i--;
	if (i == 0)
		panic("lock %s: dropped by a hart that doesn't hold it",
		      class->name);
	for (h->n--; i <= h->n; i++)
		h->held[i - 1] = h->held[i];
	irq_restore(saved);
}

void lockcheck_may_sleep(void)
{
	unsigned long saved = irq_save();
	struct hart_locks *h = mine();

	assert(!h->interrupts);
	if (h->n)
		panic("sleeping with spinlock %s held",
		      h->held[h->n - 1]->name);
	irq_restore(saved);
}

void lockcheck_order(const struct lock_class *class, enum lock_rank rank)
{
	struct lock_stack *stack = sched_lock_stack();

	lockcheck_may_sleep();
	for (unsigned i = 0; i < stack->n; i++) {
		if (stack->held[i].rank >= rank)
			panic("lock order: %s (rank %d) under %s (rank %d)",
			      class->name, rank, stack->held[i].class->name,
			      stack->held[i].rank);
	}
}

void lockcheck_taken(const struct lock_class *class, enum lock_rank rank)
{
	struct lock_stack *stack = sched_lock_stack();

	assert(stack->n < LOCK_STACK_MAX);
	stack->held[stack->n].class = class;
	stack->held[stack->n].rank = rank;
	stack->n++;
}

void lockcheck_dropped(const struct lock_class *class)
{
	struct lock_stack *stack = sched_lock_stack();
	unsigned i = stack->n;

	while (i > 0 && stack->held[i - 1].class != class)
		i--;
	if (i == 0)
		panic("lock %s: dropped by a task that doesn't hold it",
		      class->name);
	for (stack->n--; i <= stack->n; i++)
		stack->held[i - 1] = stack->held[i];
}

void lockcheck_none_held(void)
{
	struct lock_stack *stack = sched_lock_stack();

	lockcheck_may_sleep();
	if (stack->n)
		panic("lock %s: still held", stack->held[0].class->name);
}

void lockcheck_interrupt_enter(void)
{
	mine()->interrupts++;
}

void lockcheck_interrupt_leave(void)
{
	mine()->interrupts--;
}

void lockcheck_print_held(void)
{
	const struct hart_locks *h = mine();
	const struct lock_stack *stack = sched_lock_stack();

	for (unsigned i = 0; i < stack->n; i++)
		printk("  held: %s (rank %d)\n", stack->held[i].class->name,
		       stack->held[i].rank);
	for (unsigned i = 0; i < h->n; i++)
		printk("  held: %s (rank %d, spin)\n", h->held[i]->name,
		       h->held[i]->rank);
}

#endif
