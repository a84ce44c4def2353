// SPDX-License-Identifier: MIT
/*
 * locks.c - fcntl's and flock's locks: what a program asks for, as fs/locks.h
 * wants it.
 *
 * A range is given by a place (from the start, the position or the end of the
 * file) and a length, which may be negative, or 0 for all the rest.
 */

#include <linux/fcntl.h>
#include <linux/fs.h>

#include "arch/riscv/usercopy.h"
#include "fs/fdtable.h"
#include "fs/locks.h"
#include "kernel/lib/errno.h"
#include "kernel/syscall/calls.h"
#include "kernel/syscall/path_args.h"
#include "kernel/task/process.h"

static int range_start(struct file *f, const struct flock *in, int64_t *start)
{
	int64_t base = 0;

	switch (in->l_whence) {
	case SEEK_SET:
		break;
	case SEEK_CUR:
		base = f->position;
		break;
	case SEEK_END:
		base = inode_size(f->inode);
		break;
	default:
		return -EINVAL;
	}
	if (__builtin_add_overflow(base, in->l_start, start))
		return -EOVERFLOW;
	return *start < 0 ? -EINVAL : 0;
}

/* POSIX: fcntl(), "l_len". */
static int range_get(struct file *f, const struct flock *in,
		     struct file_lock *lock)
{
	int64_t start, last = INT64_MAX;
	int err = range_start(f, in, &start);

	if (err)
		return err;
	if (in->l_len > 0) {
		if (__builtin_add_overflow(start, in->l_len - 1, &last))
			return -EOVERFLOW;
	} else if (in->l_len < 0) {
		last = start - 1;
		start += in->l_len;
		if (start < 0)
			return -EINVAL;
	}
	lock->start = start;
	lock->last = last;
	return 0;
}

static int check_access(const struct file *f, int type)
{
	switch (type) {
	case F_RDLCK:
		return file_readable(f) ? 0 : -EBADF;
	case F_WRLCK:
		return file_writable(f) ? 0 : -EBADF;
	case F_UNLCK:
		return 0;
	default:
		return -EINVAL;
	}
}

static long get_lock(struct file *f, struct flock *in, struct file_lock *lock,
		     vaddr_t at)
{
	if (in->l_type != F_RDLCK && in->l_type != F_WRLCK)
		return -EINVAL;
	locks_find(f->inode, lock);
	in->l_type = lock->type;
	if (lock->type != F_UNLCK) {
		in->l_whence = SEEK_SET;
		in->l_start = lock->start;
		in->l_len = lock->last == INT64_MAX
				    ? 0
				    : (int64_t)(lock->last - lock->start + 1);
		in->l_pid = lock->pid;
	}
	return user_write(at, in, sizeof(*in));
}

/* Somebody closed the descriptor while we waited: the lock would stay. */
static long settle(int fd, struct file *f, struct file_lock *lock)
{
	struct file *now;

	if (!fdtable_get(caller_files(), fd, &now)) {
		file_put(now);
		if (now == f)
			return 0;
	}
	lock->type = F_UNLCK;
	locks_set(f->inode, lock, false);
	return -EBADF;
}

long lock_control(int fd, struct file *f, unsigned command, vaddr_t at)
{
	struct process *p = task_current()->process;
	bool of_file = command >= F_OFD_GETLK;
	struct file_lock lock = {
		.kind = LOCK_RANGE,
		.owner = of_file ? (void *)f : (void *)p->files,
		.pid = of_file ? -1 : p->pid,
	};
	struct flock in;
	int err;

	if (f->flags & O_PATH)
		return -EBADF;
	if (user_read(&in, at, sizeof(in)))
		return -EFAULT;
	if (of_file && in.l_pid)
		return -EINVAL;
	err = range_get(f, &in, &lock);
	if (err)
		return err;
	lock.type = in.l_type;
	if (command == F_GETLK || command == F_OFD_GETLK)
		return get_lock(f, &in, &lock, at);
	err = check_access(f, in.l_type);
	if (err)
		return err;
	err = locks_set(f->inode, &lock,
			command == F_SETLKW || command == F_OFD_SETLKW);
	return err || of_file ? err : settle(fd, f, &lock);
}

SYSCALL(flock)
{
	int operation = arg[1] & ~LOCK_NB;
	struct file_lock lock = {
		.kind = LOCK_WHOLE,
		.last = INT64_MAX,
		.pid = -1,
	};
	struct file *f;
	long n;

	switch (operation) {
	case LOCK_SH:
		lock.type = F_RDLCK;
		break;
	case LOCK_EX:
		lock.type = F_WRLCK;
		break;
	case LOCK_UN:
		lock.type = F_UNLCK;
		break;
	default:
		return -EINVAL;
	}
	n = fdtable_get(caller_files(), arg[0], &f);
	if (n)
		return n;
	lock.owner = f;
	n = f->flags & O_PATH ? -EBADF
			      : locks_set(f->inode, &lock, !(arg[1] & LOCK_NB));
	file_put(f);
	return n;
}
