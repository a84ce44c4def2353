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
	n = fdtable_install(caller_files(), f, min, caller_nofile(),
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
	long n;

	if ((int)arg[0] == (int)arg[1] || (arg[2] & ~(uint64_t)O_CLOEXEC))
		return -EINVAL;
	n = fdtable_get(caller_files(), arg[0], &f);
	if (n)
		return n;
	n = fdtable_install_at(caller_files(), f, arg[1], caller_nofile(),
			       arg[2]);
	if (n < 0)
		file_put(f);
	return n;
}

static long set_flags(struct file *f, unsigned flags)
{
	unsigned old = f->flags;

	if (old & O_PATH)
		return -EBADF;
	while (!atomic_compare_exchange_weak(
		&f->flags, &old, (old & ~SETTABLE) | (flags & SETTABLE)))
		;
	return 0;
}

SYSCALL(fcntl)
{
	int fd = arg[0], command = arg[1];
	struct file *f;
	long n = fdtable_get(caller_files(), fd, &f);

	if (n)
		return n;
	switch (command) {
	case F_DUPFD:
	case F_DUPFD_CLOEXEC:
		n = -EINVAL;
		if (arg[2] < caller_nofile())
			n = duplicate(fd, arg[2], command == F_DUPFD_CLOEXEC);
		break;
	case F_GETFD:
		n = fdtable_get_flags(caller_files(), fd);
		break;
	case F_SETFD:
		n = fdtable_set_flags(caller_files(), fd, arg[2]);
		break;
	case F_GETFL:
		n = f->flags;
		break;
	case F_SETFL:
		n = set_flags(f, arg[2]);
		break;
	case F_GETPIPE_SZ:
		n = f->inode->pipe ? PIPE_CAPACITY : -EBADF;
		break;
	default:
		n = -EINVAL;
	}
	file_put(f);
	return n;
}

/* Some requests are understood by all files. */
static long ioctl_file(struct file *f, const uint64_t *arg)
{
	unsigned request = arg[1];
	int value;

	switch (request) {
	case FIOCLEX:
	case FIONCLEX:
		return fdtable_set_flags(caller_files(), arg[0],
					 request == FIOCLEX ? FD_CLOEXEC : 0);
	case FIONBIO:
		if (copy_from_user(&value, arg[2], sizeof(value)))
			return -EFAULT;
		return set_flags(f, value ? f->flags | O_NONBLOCK
					  : f->flags & ~O_NONBLOCK);
	case FIONREAD:
		if (!inode_is(f->inode, S_IFREG))
			break;
		value = inode_size(f->inode) - f->position;
		return copy_to_user(arg[2], &value, sizeof(value)) ? -EFAULT
								   : 0;
	}
	return f->ops->ioctl ? f->ops->ioctl(f, request, arg[2]) : -ENOTTY;
}

SYSCALL(ioctl)
{
	return with_file(arg[0], ioctl_file, arg);
}

SYSCALL(pipe2)
{
	struct fdtable *files = caller_files();
	bool cloexec = arg[1] & O_CLOEXEC;
	struct file *ends[2];
	int fds[2] = {-1, -1};
	long err;

	if (arg[1] & ~(uint64_t)(O_CLOEXEC | O_NONBLOCK))
		return -EINVAL;
	err = pipe_new(ends, arg[1] & O_NONBLOCK);
	if (err)
		return err;
	for (int i = 0; i < 2; i++) {
		fds[i] = fdtable_install(files, ends[i], 0, caller_nofile(),
					 cloexec);
		if (fds[i] < 0) {
			file_put(ends[i]);
			err = fds[i];
		}
	}
	if (!err && copy_to_user(arg[0], fds, sizeof(fds)))
		err = -EFAULT;
	for (int i = 0; i < 2 && err; i++)
		if (fds[i] >= 0)
			fdtable_close(files, fds[i]);
	return err;
}
