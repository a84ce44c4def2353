// SPDX-License-Identifier: MIT
/*
 * spinlock.c - waiting for a spinlock that another hart holds.
 *
 * The fast paths are inline (spinlock.h): one atomic swap takes a free lock.
 * A hart that finds it taken first only reads, so that the lock's cache line
 * stays shared while it waits, and swaps again when it has seen it free:
 *
 *      swap -- was 0 --> mine
 *        ^ was 1 |
 *        |       v
 *        +-- 0 --read <-+
 *                 +- 1 -+
 *
 * The swap acquires and the store of 0 releases: what a holder wrote is seen
 * by the next one.
 *
 * In a panic the other harts have been stopped wherever they were, so a lock
 * that is held may be held for ever: nobody waits for any lock any more.
 */

#include "kernel/sync/spinlock.h"

atomic_bool spin_locks_broken;

void spin_lock_contended(struct spinlock *lock)
{
	do {
		while (spin_is_locked(lock) && !spin_locks_broken)
			hart_relax();
	} while (!spin_trylock(lock) && !spin_locks_broken);
}
