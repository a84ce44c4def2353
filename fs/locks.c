// SPDX-License-Identifier: MIT
/*
 * locks.c - advisory locks on files.
 *
 * An inode has a list of locks, each of an owner, for a range of bytes:
 * shared (F_RDLCK) or exclusive (F_WRLCK).  Who may come in the way of whom:
 *
 *              owner               gone with
 *   fcntl      descriptor table    any descriptor of the file that it closes
 *   fcntl OFD  open file           its last descriptor
 *   flock      open file           the same; the whole file, a kind by itself
 *
 * One owner's locks of a kind never overlap: setting a range takes what it
 * covers out of those that are there, which may leave a piece on either side,
 * and joins neighbours of the same type.
 *
 *	   |---- r ----|                        |--r--|
 *	        + |- w -|         =             |--|     and |- w -|
 *
 * Who waits stands on a list with those who are in the way.  If following
 * these from owner to owner comes back to the first, nobody would ever go on:
 * EDEADLK.  (Not for open files: their owners can't be told from each other.)
 *
 * Locking: locks_lock, for all lists.  Tests: usertests "lock".
 */

#include "fs/locks.h"

#include <linux/fcntl.h>

#include "kernel/lib/errno.h"
#include "kernel/sync/waitq.h"
#include "mm/slab.h"

static struct spinlock locks_lock = SPINLOCK_INIT("file locks", RANK_FILES);
static struct waitq changed = WAITQ_INIT(changed);

enum { DEPTH_MAX = 10 }; /* owners in a circle that is looked for */

/* (locks_lock) Owners that wait, and for whom. */
struct lock_waiter {
	struct list link;
	const void *owner, *blocker;
};
static struct list lock_waiters = {&lock_waiters, &lock_waiters};

static bool same_owner(const struct file_lock *a, const struct file_lock *b)
{
	return a->owner == b->owner && a->kind == b->kind;
}

static bool in_the_way(const struct file_lock *a, const struct file_lock *b)
{
	return a->kind == b->kind && a->owner != b->owner &&
	       a->start <= b->last && b->start <= a->last &&
	       (a->type == F_WRLCK || b->type == F_WRLCK);
}

static struct file_lock *find_locked(struct inode *inode,
				     const struct file_lock *lock)
{
	list_for_each_entry (struct file_lock, other, &inode->locks, link)
		if (in_the_way(other, lock))
			return other;
	return NULL;
}

void locks_find(struct inode *inode, struct file_lock *lock)
{
	spin_lock(&locks_lock);

	struct file_lock *other = find_locked(inode, lock);

	if (other)
		*lock = *other;
	else
		lock->type = F_UNLCK;
	spin_unlock(&locks_lock);
}

/* --- waiting; locks_lock held --- */

/* Whom @owner waits for, if it does: of several threads, one. */
static const void *blocker_of(const void *owner)
{
	list_for_each_entry (struct lock_waiter, w, &lock_waiters, link) {
		if (w->owner == owner && w->blocker)
			return w->blocker;
	}
	return NULL;
}

static bool would_deadlock(const void *owner, const void *blocker)
{
	for (int depth = 0; blocker && depth < DEPTH_MAX; depth++) {
		if (blocker == owner)
			return true;
		blocker = blocker_of(blocker);
	}
	return false;
}

/* Until something changes; 0: look again.  Released meanwhile. */
static int wait_locked(const struct file_lock *lock, const void *blocker)
{
	struct lock_waiter w = {.owner = lock->owner, .blocker = blocker};
	int err;

	if (lock->pid > 0 && would_deadlock(lock->owner, blocker))
		return -EDEADLK;
	list_add(&lock_waiters, &w.link);
	err = waitq_wait_interruptible(&changed, &locks_lock);
	list_remove(&w.link);
	return err;
}

/* A lock has gone or changed: whoever waits looks again, and until it does
 * waits for nobody. */
static void wake_waiters(void)
{
	list_for_each_entry (struct lock_waiter, w, &lock_waiters, link)
		w->blocker = NULL;
	waitq_wake_all(&changed);
}

/* --- changing; locks_lock held --- */

/* Take [start, last] of @lock out of @old, which it overlaps.  What is left
 * behind @lock goes to @spare; true if that was used. */
static bool carve(struct file_lock *old, const struct file_lock *lock,
		  struct file_lock *spare, struct list *dead)
{
	bool left = old->start<lock->start, right = old->last> lock->last;

	if (left && right) {
		*spare = *old;
		spare->start = lock->last + 1;
		list_add(&old->link, &spare->link);
	}
	if (left) {
		old->last = lock->start - 1;
	} else if (right) {
		old->start = lock->last + 1;
	} else {
		list_remove(&old->link);
		list_add(dead, &old->link);
	}
	return left && right;
}

/* @old is the same owner's, of the same type: does it touch @lock? */
static bool touches(const struct file_lock *old, const struct file_lock *lock)
{
	return old->start <= lock->last + 1 && lock->start <= old->last + 1;
}

/* Enter @lock (not if it is an unlock), and mend the owner's others. */
static void apply(struct inode *inode, struct file_lock *lock,
		  struct file_lock *spare, struct list *dead)
{
	list_add(dead, &spare->link);
	list_for_each_entry_safe (struct file_lock, old, &inode->locks, link) {
		if (!same_owner(old, lock))
			continue;
		if (old->type == lock->type && touches(old, lock)) {
			lock->start = min_u64(lock->start, old->start);
			lock->last = max_u64(lock->last, old->last);
			list_remove(&old->link);
			list_add(dead, &old->link);
		} else if (old->start <= lock->last &&
			   lock->start <= old->last) {
			list_remove(&spare->link);
			if (!carve(old, lock, spare, dead))
				list_add(dead, &spare->link);
		}
	}
	list_add(lock->type == F_UNLCK ? dead : &inode->locks, &lock->link);
	wake_waiters();
}

/* Take out the locks that @owner has; with @kept only those of its kind, and
 * not of its type. */
static void drop_locked(struct inode *inode, const void *owner,
			const struct file_lock *kept, struct list *dead)
{
	list_for_each_entry_safe (struct file_lock, old, &inode->locks, link) {
		if (old->owner != owner || (kept && (old->kind != kept->kind ||
						     old->type == kept->type)))
			continue;
		list_remove(&old->link);
		list_add(dead, &old->link);
	}
	wake_waiters();
}

static void free_all(struct list *dead)
{
	list_for_each_entry_safe (struct file_lock, lock, dead, link)
		kfree(lock);
}

int locks_set(struct inode *inode, const struct file_lock *request, bool wait)
{
	struct file_lock *lock = kmalloc(sizeof(*lock));
	struct file_lock *spare = kmalloc(sizeof(*spare));
	struct file_lock *other;
	struct list dead;
	int err = lock && spare ? 0 : -ENOMEM;

	list_init(&dead);
	if (err) {
		kfree(lock);
		kfree(spare);
		return err;
	}
	*lock = *request;
	list_init(&lock->link);
	list_init(&spare->link);
	spin_lock(&locks_lock);
	/* flock: the old lock goes first, or two that want more would wait
	 * for each other. */
	if (request->kind == LOCK_WHOLE)
		drop_locked(inode, request->owner, request, &dead);
	while (!err && request->type != F_UNLCK &&
	       (other = find_locked(inode, request)))
		err = wait ? wait_locked(request, other->owner) : -EAGAIN;
	if (!err) {
		apply(inode, lock, spare, &dead);
	} else {
		list_add(&dead, &lock->link);
		list_add(&dead, &spare->link);
	}
	spin_unlock(&locks_lock);
	free_all(&dead);
	return err;
}

void locks_drop(struct inode *inode, const void *owner)
{
	struct list dead;

	if (list_empty(&inode->locks))
		return;
	list_init(&dead);
	spin_lock(&locks_lock);
	drop_locked(inode, owner, NULL, &dead);
	spin_unlock(&locks_lock);
	free_all(&dead);
}
