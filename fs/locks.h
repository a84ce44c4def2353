/* SPDX-License-Identifier: MIT */
#ifndef FS_LOCKS_H
#define FS_LOCKS_H

/*
 * locks.h - advisory locks on files: fcntl's of byte ranges, and flock's.
 */

#include "fs/inode.h"

/* The two kinds don't know of each other. */
enum lock_kind { LOCK_RANGE, LOCK_WHOLE };

struct file_lock {
	struct list link; /* in inode->locks */
	enum lock_kind kind;
	int type;             /* F_RDLCK, F_WRLCK; F_UNLCK in a request */
	uint64_t start, last; /* bytes, both included */
	const void *owner;    /* a descriptor table, or an open file */
	int pid;              /* what F_GETLK tells; -1: an open file's */
};

/* The first lock that is in the way of @lock, copied to @lock; F_UNLCK if
 * there is none. */
void locks_find(struct inode *inode, struct file_lock *lock);

/*
 * Set, change or (F_UNLCK) drop the owner's locks in the range.
 *   sleeps:  if @wait, until nothing is in the way
 *   returns: 0; -EAGAIN it is in the way; -EDEADLK it waits for us;
 *            -ERESTARTSYS a signal came; -ENOMEM
 */
int locks_set(struct inode *inode, const struct file_lock *lock, bool wait);

/* The owner goes, or closes a descriptor of it: drop what it has. */
void locks_drop(struct inode *inode, const void *owner);

#endif
