// SPDX-License-Identifier: MIT
/*
 * fd.c - descriptors: closing, doubling, flags, pipes, files without a name.
 *
 * Tests: usertests.
 */
#include <asm/ioctls.h>
#include <linux/close_range.h>
#include <linux/memfd.h>

#include "arch/riscv/usercopy.h"
#include "fs/device.h"
#include "fs/memfile.h"
#include "fs/pipe.h"
#include "kernel/dev/pty.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"
#include "kernel/syscall/calls.h"
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

	return n ? n
		 : fdtable_install(caller_files(), f, min, caller_nofile(),
				   close_on_exec);
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
	return n ? n
		 : fdtable_install_at(caller_files(), f, arg[1],
				      caller_nofile(), arg[2]);
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
	case F_ADD_SEALS:
		n = seals_add(f, arg[2]);
		break;
	case F_GET_SEALS:
		n = seals_get(f);
		break;
	case F_GETLK:
	case F_SETLK:
	case F_SETLKW:
	case F_OFD_GETLK:
	case F_OFD_SETLK:
	case F_OFD_SETLKW:
		n = lock_control(fd, f, command, arg[2]);
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

/* TIOCGPTPEER: the slave of a master, by its name. */
static long open_peer(struct file *f, unsigned flags)
{
	char name[sizeof("/dev/pts/") + 10];
	struct file *slave;
	int err;

	snprintf(name, sizeof(name), "/dev/pts/%u", pty_number(f->private));
	err = path_open(caller_fs(), NULL, name,
			flags & (O_ACCMODE | O_NOCTTY | O_NONBLOCK), 0, &slave);
	return err ? err : caller_install(slave, flags & O_CLOEXEC);
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
		if (user_read(&value, arg[2], sizeof(value)))
			return -EFAULT;
		return set_flags(f, value ? f->flags | O_NONBLOCK
					  : f->flags & ~O_NONBLOCK);
	case FIONREAD:
		if (!inode_is(f->inode, S_IFREG))
			break;
		value = inode_size(f->inode) - f->position;
		return user_write(arg[2], &value, sizeof(value));
	case TIOCGPTPEER:
		if (f->ops == &device_ptmx_ops)
			return open_peer(f, arg[2]);
	}
	return f->ops->ioctl ? f->ops->ioctl(f, request, arg[2]) : -ENOTTY;
}

SYSCALL(ioctl)
{
	return with_file(arg[0], ioctl_file, arg);
}

SYSCALL(pipe2)
{
	struct file *ends[2];
	long err;

	if (arg[1] & ~(uint64_t)(O_CLOEXEC | O_NONBLOCK))
		return -EINVAL;
	err = pipe_new(ends, arg[1] & O_NONBLOCK);
	return err ? err : caller_install_two(ends, arg[1] & O_CLOEXEC, arg[0]);
}

/* Since Linux 6.3: not in every toolchain's headers. */
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 8u
#define MFD_EXEC 16u
#endif

static const char memfd_prefix[] = "memfd:";

/* Linux's name has to fit into a directory, where it never is. */
enum { MEMFD_NAME_MAX = NAME_MAX + 1 };

static long memfd_check(uint64_t flags)
{
	const unsigned known = MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_HUGETLB |
			       MFD_NOEXEC_SEAL | MFD_EXEC;
	const unsigned sizes = (unsigned)MFD_HUGE_MASK << MFD_HUGE_SHIFT;
	const unsigned either = MFD_NOEXEC_SEAL | MFD_EXEC;

	if ((unsigned)flags & ~(flags & MFD_HUGETLB ? known | sizes : known))
		return -EINVAL;
	return (flags & either) == either ? -EINVAL : 0;
}

SYSCALL(memfd_create)
{
	size_t nprefix = sizeof(memfd_prefix) - 1;
	char name[MEMFD_NAME_MAX];
	unsigned flags = arg[1];
	unsigned seals = F_SEAL_SEAL;
	uint32_t mode = 0777;
	struct file *f;
	long n = memfd_check(flags);

	if (n)
		return n;
	memcpy(name, memfd_prefix, nprefix);
	n = copy_string_from_user(name + nprefix, arg[0],
				  sizeof(name) - nprefix);
	if (n < 0)
		return n == -ENAMETOOLONG ? -EINVAL : n;
	if (flags & MFD_HUGETLB)
		return -ENOSYS; /* as without CONFIG_HUGETLBFS */
	if (flags & MFD_ALLOW_SEALING)
		seals = 0;
	if (flags & MFD_NOEXEC_SEAL) {
		mode = 0666;
		seals = F_SEAL_EXEC;
	}
	n = memfile_new(name, mode, seals, &f);
	return n ? n : caller_install(f, flags & MFD_CLOEXEC);
}
