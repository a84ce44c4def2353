/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_SYNC_LOCKCHECK_H
#define KERNEL_SYNC_LOCKCHECK_H

/*
 * lockcheck.h - rank.h's order, enforced: part of every lock in the debug
 * build, nothing at all (an empty struct, empty functions) in the default one.
 *
 * Asserted of whoever takes a lock:
 *   L1  its rank is higher than that of every lock held: by this hart for
 *       spinlocks, by this task for locks that sleep
 *   L2  a lock that sleeps is taken, and a task blocks, with no spinlock held
 *       and not in an interrupt handler
 *   L3  a spinlock ever taken in an interrupt handler is never taken with
 *       interrupts on
 */

#include "kernel/sync/rank.h"

struct lock_class;

#ifdef CONFIG_DEBUG

struct lock_class {
	const char *name;
	enum lock_rank rank;
	unsigned char usage; /* by L3; only ever gains bits */
};

#define LOCK_CLASS(lock_name, lock_rank) \
	{ \
		.name = (lock_name), .rank = (lock_rank) \
	}

/* The locks that sleep that one task holds; the scheduler keeps one of these
 * for each (sched_lock_stack()). */
enum { LOCK_STACK_MAX = 12 };
struct lock_stack {
	unsigned n;
	struct {
		const struct lock_class *class;
		enum lock_rank rank;
	} held[LOCK_STACK_MAX];
};

void lock_class_init(struct lock_class *class, const char *name,
		     enum lock_rank rank);

static inline enum lock_rank lock_class_rank(const struct lock_class *class)
{
	return class->rank;
}

/* Before taking a spinlock; when it is taken; when it is about to be let go.
 * (A trylock can't deadlock: it skips the first.) */
void lockcheck_spin_order(struct lock_class *class);
void lockcheck_spin_taken(struct lock_class *class);
void lockcheck_spin_dropped(struct lock_class *class);

/* The same for a lock that sleeps, taken at @rank. */
void lockcheck_order(const struct lock_class *class, enum lock_rank rank);
void lockcheck_taken(const struct lock_class *class, enum lock_rank rank);
void lockcheck_dropped(const struct lock_class *class);

/* The caller may block here. */
void lockcheck_may_sleep(void);

/* The caller is about to leave for user mode, or to exit: holds nothing. */
void lockcheck_none_held(void);

/* Around an interrupt handler. */
void lockcheck_interrupt_enter(void);
void lockcheck_interrupt_leave(void);

/* For a panic: printk what this hart and this task hold. */
void lockcheck_print_held(void);

#else

struct lock_class {
};
#define LOCK_CLASS(lock_name, lock_rank) \
	{ \
	}

#define lock_class_init(class, name, rank) ((void)0)
#define lock_class_rank(class) 0
#define lockcheck_spin_order(class) ((void)0)
#define lockcheck_spin_taken(class) ((void)0)
#define lockcheck_spin_dropped(class) ((void)0)
#define lockcheck_order(class, rank) ((void)0)
#define lockcheck_taken(class, rank) ((void)0)
#define lockcheck_dropped(class) ((void)0)
#define lockcheck_may_sleep() ((void)0)
#define lockcheck_none_held() ((void)0)
#define lockcheck_interrupt_enter() ((void)0)
#define lockcheck_interrupt_leave() ((void)0)
#define lockcheck_print_held() ((void)0)

#endif
#endif
