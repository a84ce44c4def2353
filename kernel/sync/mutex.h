/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_SYNC_MUTEX_H
#define KERNEL_SYNC_MUTEX_H

/*
 * mutex.h - locks that sleep: exclusive ones, and ones that many readers
 * share.
 *
 * Both are fair enough: a writer that waits holds new readers off, and an
 * uncontended lock or unlock is one atomic operation.
 */

#include "kernel/sync/waitq.h"

struct mutex {
	struct task *_Atomic owner;
	atomic_uint nwaiters;
	struct waitq waiters;
#ifdef CONFIG_DEBUG
	enum lock_rank rank;
	const char *name;
#endif
};

void mutex_init(struct mutex *m, const char *name, enum lock_rank rank);
void mutex_lock(struct mutex *m);
/* Take it at another rank than it was made with: the second inode. */
void mutex_lock_ranked(struct mutex *m, enum lock_rank rank);
bool mutex_trylock(struct mutex *m);
void mutex_unlock(struct mutex *m);
bool mutex_held(const struct mutex *m);

struct rwlock {
	/* -1: one writer; n >= 0: n readers. */
	atomic_int state;
	atomic_uint nwriters_waiting, nwaiters;
	struct task *_Atomic writer;
	struct waitq waiters;
#ifdef CONFIG_DEBUG
	enum lock_rank rank;
	const char *name;
#endif
};

void rwlock_init(struct rwlock *l, const char *name, enum lock_rank rank);
void read_lock(struct rwlock *l);
bool read_trylock(struct rwlock *l);
void read_unlock(struct rwlock *l);
void write_lock(struct rwlock *l);
void write_lock_ranked(struct rwlock *l, enum lock_rank rank);
void write_unlock(struct rwlock *l);
bool write_held(const struct rwlock *l);

#endif
