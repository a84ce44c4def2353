// SPDX-License-Identifier: MIT
/*
 * fd.c - descriptors: closing, doubling, flags, pipes.
 *
 * Book: chapter 6.  Tests: usertests.
 */
#include <asm/ioctls.h>
#include <linux/close_range.h>

#include "arch/riscv/usercopy.h"
#include "fs/pipe.h"
#include "kernel/syscall/calls_fs.h"
#include "kernel/syscall/path_args.h"

/* What F_SETFL may change. */
static const unsigned SETTABLE =
	O_APPEND | O_NONBLOCK | O_DIRECT | O_NOATIME | FASYNC;

enum { PIPE_CAPACITY = 65536 };

SYSCALL(close)
{
	return fdtable_close(caller_files(), arg[0]);
}

SYSCALL(close_range)
{
	unsigned flags = arg[2];

	if (flags & ~(CLOSE_RANGE_UNSHARE | CLOSE_RANGE_CLOEXEC))
		return -EINVAL;
	if ((flags & CLOSE_RANGE_UNSHARE) && fdtable_is_shared(caller_files()))
		return -EINVAL;
	return fdtable_close_range(caller_files(), arg[0], arg[1],
				   flags & CLOSE_RANGE_CLOEXEC);
}

/* Give @fd's file one more number, at least @min. */
static long duplicate(int fd, int min, bool close_on_exec)
{
	struct file *f;
	long n = fdtable_get(caller_files(), fd, &f);

	if (n)
		return n;
	n = fdtable_install(caller_files(), f, min, caller_limit(RLIMIT_NOFILE),
			    close_on_exec);
	if (n < 0)
		file_put(f);
	return n;
}

SYSCALL(dup)
{
	return duplicate(arg[0], 0, false);
}

SYSCALL(dup3)
{
	struct file *f;
	int to = arg[1];
	long n;

	if ((int)arg[0] == to || (arg[2] & ~(uint64_t)O_CLOEXEC))
		return -EINVAL;
	if (to < 0 || (uint64_t)to >= caller_limit(RLIMIT_NOFILE))
		return -EBADF;
	n = fdtable_get(caller_files(), arg[0], &f);
	if (n)
		return n;
	n = fdtable_install_at(caller_files(), f, to,
			       caller_limit(RLIMIT_NOFILE), arg[2] & O_CLOEXEC);
	if (n < 0)
		file_put(f);
	return n;
}

static long set_flags(struct file *f, unsigned flags)
{
	unsigned old = f->flags;

	if (f->flags & O_PATH)
		return -EBADF;
	while (!atomic_compare_exchange_weak(
		&f->flags, &old, (old & ~SETTABLE) | (flags & SETTABLE)))
		;
	return 0;
}

/* The commands that concern the open file, not the number. */
static long fcntl_file(struct file *f, int command, uint64_t argument)
{
	switch (command) {
	case F_GETFL:
		return f->flags;
	case F_SETFL:
		return set_flags(f, argument);
	case F_GETPIPE_SZ:
		return f->inode->pipe ? PIPE_CAPACITY : -EBADF;
	}
	return -EINVAL;
}

SYSCALL(fcntl)
{
	int fd = arg[0], command = arg[1];
	struct file *f;
	long n;

	switch (command) {
	case F_DUPFD:
	case F_DUPFD_CLOEXEC:
		n = fdtable_get_flags(caller_files(), fd);
		if (n >= 0 && arg[2] >= caller_limit(RLIMIT_NOFILE))
			n = -EINVAL;
		if (n < 0)
			return n;
		return duplicate(fd, arg[2], command == F_DUPFD_CLOEXEC);
	case F_GETFD:
		return fdtable_get_flags(caller_files(), fd);
	case F_SETFD:
		return fdtable_set_flags(caller_files(), fd, arg[2]);
	}
	n = fdtable_get(caller_files(), fd, &f);
	if (n)
		return n;
	n = fcntl_file(f, command, arg[2]);
	file_put(f);
	return n;
}

/* --- ioctl --- */

static long ioctl_nonblocking(struct file *f, vaddr_t va)
{
	int on;

	if (copy_from_user(&on, va, sizeof(on)))
		return -EFAULT;
	if (on)
		atomic_fetch_or(&f->flags, O_NONBLOCK);
	else
		atomic_fetch_and(&f->flags, ~(unsigned)O_NONBLOCK);
	return 0;
}

/* How many bytes could be read now. */
static long ioctl_left(struct file *f, vaddr_t va)
{
	uint64_t size = inode_size(f->inode);

	mutex_lock(&f->position_lock);

	int left = size - min_u64(size, f->position);

	mutex_unlock(&f->position_lock);
	return copy_to_user(va, &left, sizeof(left)) ? -EFAULT : 0;
}

static long ioctl_file(struct file *f, unsigned request, vaddr_t va)
{
	if (request == FIONBIO)
		return ioctl_nonblocking(f, va);
	if (request == FIONREAD && inode_is(f->inode, S_IFREG))
		return ioctl_left(f, va);
	return f->ops->ioctl ? f->ops->ioctl(f, request, va) : -ENOTTY;
}

SYSCALL(ioctl)
{
	unsigned request = arg[1];
	struct file *f;
	long n = caller_file(arg[0], &f);

	if (n)
		return n;
	if (request == FIOCLEX || request == FIONCLEX)
		n = fdtable_set_flags(caller_files(), arg[0],
				      request == FIOCLEX ? FD_CLOEXEC : 0);
	else
		n = ioctl_file(f, request, arg[2]);
	file_put(f);
	return n;
}

/* --- pipe2 --- */

/* Give both ends a number; on failure they are the caller's still. */
static int install_ends(struct file *ends[2], bool close_on_exec, int fds[2])
{
	uint64_t limit = caller_limit(RLIMIT_NOFILE);

	fds[0] = fdtable_install(caller_files(), ends[0], 0, limit,
				 close_on_exec);
	if (fds[0] < 0)
		return fds[0];
	file_get(ends[0]); /* until the second is in place, too */
	fds[1] = fdtable_install(caller_files(), ends[1], 0, limit,
				 close_on_exec);
	if (fds[1] < 0) {
		fdtable_close(caller_files(), fds[0]);
		return fds[1];
	}
	file_put(ends[0]);
	return 0;
}

SYSCALL(pipe2)
{
	struct file *ends[2];
	int fds[2];
	unsigned flags = arg[1];
	long err;

	if (flags & ~(O_CLOEXEC | O_NONBLOCK | O_DIRECT))
		return -EINVAL;
	if (flags & O_DIRECT)
		return -EINVAL; /* packets: Linux, too, may lack them */
	err = pipe_new(ends, flags & O_NONBLOCK);
	if (err)
		return err;
	err = install_ends(ends, flags & O_CLOEXEC, fds);
	if (err) {
		file_put(ends[0]);
		file_put(ends[1]);
		return err;
	}
	if (copy_to_user(arg[0], fds, sizeof(fds))) {
		fdtable_close(caller_files(), fds[0]);
		fdtable_close(caller_files(), fds[1]);
		return -EFAULT;
	}
	return 0;
}
