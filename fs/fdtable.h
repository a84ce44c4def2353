/* SPDX-License-Identifier: MIT */
#ifndef FS_FDTABLE_H
#define FS_FDTABLE_H

/*
 * fdtable.h - a process's descriptors: small numbers to open files, as many
 * as the resource limit allows (the table grows).
 */

#include "fs/file.h"

struct fdtable;

struct fdtable *fdtable_new(void);
struct fdtable *fdtable_copy(struct fdtable *from); /* NULL: no memory */
struct fdtable *fdtable_hold(struct fdtable *table);
void fdtable_put(struct fdtable *table); /* the last one closes all */
bool fdtable_is_shared(struct fdtable *table);

/* A reference to what @fd names: 0 or -EBADF. */
int fdtable_get(struct fdtable *table, int fd, struct file **out);

/* Put @f (its reference is taken over, come what may) at the lowest free number
 * >= @min and < @limit.  The number, or -EMFILE, -ENOMEM. */
int fdtable_install(struct fdtable *table, struct file *f, int min,
		    uint64_t limit, bool close_on_exec);

/* Would fdtable_install(table, ..., 0, limit) find a number? */
bool fdtable_has_room(struct fdtable *table, uint64_t limit);

/* dup3: at @fd exactly, closing what was there.  -EBADF beyond @limit.  The
 * reference is taken over likewise. */
int fdtable_install_at(struct fdtable *table, struct file *f, int fd,
		       uint64_t limit, bool close_on_exec);

int fdtable_close(struct fdtable *table, int fd);
int fdtable_close_range(struct fdtable *table, unsigned first, unsigned last,
			bool only_mark);
void fdtable_close_on_exec(struct fdtable *table);
int fdtable_get_flags(struct fdtable *table, int fd); /* FD_CLOEXEC or 0 */
int fdtable_set_flags(struct fdtable *table, int fd, int flags);

/* The first number >= @fd in use, or -1: for /proc/<pid>/fd. */
int fdtable_next(struct fdtable *table, int fd);

#endif
