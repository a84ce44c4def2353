// SPDX-License-Identifier: MIT
/*
 * path_attributes.c - what stat(2) shows of a file, and changing it.
 *
 * All of it is read and changed with the inode lock held.  Whoever runs is
 * root (there are no other users yet), so no call is refused for who made
 * it.
 *
 * Tests: usertests.
 */
#include <asm/stat.h>

#include "arch/riscv/usercopy.h"
#include "fs/device.h"
#include "fs/memfile.h"
#include "kernel/syscall/calls.h"
#include "kernel/syscall/path_args.h"

enum { R_OK = 4, W_OK = 2, X_OK = 1 }; /* <unistd.h> isn't the kernel's */

/* utimensat: instead of nanoseconds. */
enum { TIME_NOW = (1 << 30) - 1, TIME_OMIT = (1 << 30) - 2 };

/* @what: where to, a vaddr_t. */
static long stat_inode(struct inode *inode, const void *what)
{
	inode_lock(inode);
	inode_settle(inode);

	struct stat st = {
		.st_dev = inode->super->dev,
		.st_ino = inode->ino,
		.st_mode = inode->mode,
		.st_nlink = inode->nlink,
		.st_uid = inode->uid,
		.st_gid = inode->gid,
		.st_rdev = inode->rdev,
		.st_size = inode_size(inode),
		.st_blksize = PAGE_SIZE,
		.st_blocks = inode_nsectors(inode),
		.st_atime = inode->accessed.seconds,
		.st_atime_nsec = inode->accessed.nanoseconds,
		.st_mtime = inode->modified.seconds,
		.st_mtime_nsec = inode->modified.nanoseconds,
		.st_ctime = inode->changed.seconds,
		.st_ctime_nsec = inode->changed.nanoseconds,
	};

	inode_unlock(inode);
	return user_write(*(const vaddr_t *)what, &st, sizeof(st));
}

SYSCALL(newfstatat)
{
	return with_inode(arg[0], arg[1], arg[3], AT_NO_AUTOMOUNT, stat_inode,
			  &arg[2]);
}

SYSCALL(fstat)
{
	return with_inode_fd(arg[0], true, stat_inode, &arg[1]);
}

static struct statx_timestamp statx_time(struct timestamp t)
{
	return (struct statx_timestamp){
		.tv_sec = t.seconds,
		.tv_nsec = t.nanoseconds,
	};
}

static long statx_inode(struct inode *inode, const void *what)
{
	inode_lock(inode);
	inode_settle(inode);

	struct statx stx = {
		.stx_mask = STATX_BASIC_STATS,
		.stx_blksize = PAGE_SIZE,
		.stx_nlink = inode->nlink,
		.stx_uid = inode->uid,
		.stx_gid = inode->gid,
		.stx_mode = inode->mode,
		.stx_ino = inode->ino,
		.stx_size = inode_size(inode),
		.stx_blocks = inode_nsectors(inode),
		.stx_atime = statx_time(inode->accessed),
		.stx_mtime = statx_time(inode->modified),
		.stx_ctime = statx_time(inode->changed),
		.stx_rdev_major = device_major(inode->rdev),
		.stx_rdev_minor = device_minor(inode->rdev),
		.stx_dev_major = device_major(inode->super->dev),
		.stx_dev_minor = device_minor(inode->super->dev),
	};

	inode_unlock(inode);
	return user_write(*(const vaddr_t *)what, &stx, sizeof(stx));
}

SYSCALL(statx)
{
	if ((arg[2] & AT_STATX_SYNC_TYPE) == AT_STATX_SYNC_TYPE ||
	    (arg[3] & STATX__RESERVED))
		return -EINVAL;
	return with_inode(arg[0], arg[1], arg[2],
			  AT_NO_AUTOMOUNT | AT_STATX_SYNC_TYPE, statx_inode,
			  &arg[4]);
}

/* What root may: everything, but write to what is read-only, and execute
 * what nobody may. */
static long access_inode(struct inode *inode, const void *what)
{
	unsigned wanted = *(const uint64_t *)what;
	bool stored = S_ISREG(inode->mode) || S_ISDIR(inode->mode) ||
		      S_ISLNK(inode->mode);

	if (wanted & ~(R_OK | W_OK | X_OK))
		return -EINVAL;
	if ((wanted & W_OK) && inode->super->read_only && stored)
		return -EROFS;
	if ((wanted & X_OK) && !S_ISDIR(inode->mode) && !(inode->mode & 0111))
		return -EACCES;
	return 0;
}

SYSCALL(faccessat)
{
	return with_inode(arg[0], arg[1], 0, 0, access_inode, &arg[2]);
}

SYSCALL(faccessat2)
{
	return with_inode(arg[0], arg[1], arg[3], AT_EACCESS, access_inode,
			  &arg[2]);
}

/* @what: the mode, a uint64_t. */
static long chmod_inode(struct inode *inode, const void *what)
{
	uint32_t mode = *(const uint64_t *)what;
	long err = 0;

	if (inode->super->read_only)
		return -EROFS;
	inode_lock(inode);
	if ((inode->seals & F_SEAL_EXEC) && ((inode->mode ^ mode) & 0111)) {
		err = -EPERM;
	} else {
		inode->mode = (inode->mode & S_IFMT) | (mode & 07777);
		inode_touch(inode, INODE_CTIME);
	}
	inode_unlock(inode);
	return err;
}

SYSCALL(fchmod)
{
	return with_inode_fd(arg[0], false, chmod_inode, &arg[1]);
}

SYSCALL(fchmodat)
{
	return with_inode(arg[0], arg[1], 0, 0, chmod_inode, &arg[2]);
}

/* @what: user and group, two uint64_t; -1: as it was. */
static long chown_inode(struct inode *inode, const void *what)
{
	const uint64_t *to = what;

	if (inode->super->read_only)
		return -EROFS;
	inode_lock(inode);
	if ((uint32_t)to[0] != UINT32_MAX)
		inode->uid = to[0];
	if ((uint32_t)to[1] != UINT32_MAX)
		inode->gid = to[1];
	/* A new owner has not said that others may act for him. */
	if (!S_ISDIR(inode->mode))
		inode->mode &=
			~(S_ISUID | (inode->mode & S_IXGRP ? S_ISGID : 0));
	inode_touch(inode, INODE_CTIME);
	inode_unlock(inode);
	return 0;
}

SYSCALL(fchown)
{
	return with_inode_fd(arg[0], false, chown_inode, &arg[1]);
}

SYSCALL(fchownat)
{
	return with_inode(arg[0], arg[1], arg[4], 0, chown_inode, &arg[2]);
}

static bool time_valid(const struct __kernel_timespec *t)
{
	return t->tv_nsec == TIME_NOW || t->tv_nsec == TIME_OMIT ||
	       (t->tv_nsec >= 0 && t->tv_nsec < 1000000000);
}

static void time_set(struct timestamp *to, const struct __kernel_timespec *t)
{
	if (t->tv_nsec == TIME_NOW)
		*to = timestamp_now();
	else if (t->tv_nsec != TIME_OMIT)
		*to = (struct timestamp){t->tv_sec, t->tv_nsec};
}

/* @what: struct __kernel_timespec[2]. */
static long utimes_inode(struct inode *inode, const void *what)
{
	const struct __kernel_timespec *t = what;

	if (inode->super->read_only)
		return -EROFS;
	inode_lock(inode);
	inode_settle(inode);
	time_set(&inode->accessed, &t[0]);
	time_set(&inode->modified, &t[1]);
	inode_touch(inode, INODE_CTIME);
	inode_unlock(inode);
	return 0;
}

/* Without a path: of the descriptor itself (futimens). */
SYSCALL(utimensat)
{
	struct __kernel_timespec t[2] = {{0, TIME_NOW}, {0, TIME_NOW}};

	if (arg[2] && user_read(t, arg[2], sizeof(t)))
		return -EFAULT;
	if (t[0].tv_nsec == TIME_OMIT && t[1].tv_nsec == TIME_OMIT)
		return 0;
	if (!time_valid(&t[0]) || !time_valid(&t[1]))
		return -EINVAL;
	if (!arg[1] && (int)arg[0] != AT_FDCWD)
		return arg[3] ? -EINVAL
			      : with_inode_fd(arg[0], true, utimes_inode, t);
	return with_inode(arg[0], arg[1], arg[3], 0, utimes_inode, t);
}
