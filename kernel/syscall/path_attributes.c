// SPDX-License-Identifier: MIT
/*
 * path_attributes.c - what stat(2) shows of a file, and changing it.
 *
 * All of it is read and changed with the inode lock held.  Whoever runs is
 * root (there are no other users yet), so no call is refused for who made
 * it.
 *
 * Book: chapter 6.  Tests: usertests.
 */
#include <asm/stat.h>

#include "arch/riscv/usercopy.h"
#include "fs/device.h"
#include "kernel/lib/string.h"
#include "kernel/syscall/calls_fs.h"
#include "kernel/syscall/path_args.h"

enum { R_OK = 4, W_OK = 2, X_OK = 1 }; /* <unistd.h> isn't the kernel's */

static const int64_t UTIME_NOW_NS = (1l << 30) - 1,
		     UTIME_OMIT_NS = (1l << 30) - 2;

static long stat_inode(struct inode *inode, vaddr_t va)
{
	struct stat st = {
		.st_dev = inode->super->dev,
		.st_ino = inode->ino,
		.st_rdev = inode->rdev,
		.st_blksize = PAGE_SIZE,
	};

	inode_lock(inode);
	inode_settle(inode);
	st.st_mode = inode->mode;
	st.st_nlink = inode->nlink;
	st.st_uid = inode->uid;
	st.st_gid = inode->gid;
	st.st_size = inode_size(inode);
	st.st_blocks = inode->nsectors;
	st.st_atime = inode->accessed.seconds;
	st.st_atime_nsec = inode->accessed.nanoseconds;
	st.st_mtime = inode->modified.seconds;
	st.st_mtime_nsec = inode->modified.nanoseconds;
	st.st_ctime = inode->changed.seconds;
	st.st_ctime_nsec = inode->changed.nanoseconds;
	inode_unlock(inode);
	return copy_to_user(va, &st, sizeof(st)) ? -EFAULT : 0;
}

SYSCALL(newfstatat)
{
	int flags = arg[3];
	struct inode *inode;
	long err;

	if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH | AT_NO_AUTOMOUNT))
		return -EINVAL;
	err = path_arg_inode(arg[0], arg[1], flags, &inode);
	if (err)
		return err;
	err = stat_inode(inode, arg[2]);
	inode_put(inode);
	return err;
}

SYSCALL(fstat)
{
	struct file *f;
	long err = fdtable_get(caller_files(), arg[0], &f);

	if (err)
		return err;
	err = stat_inode(f->inode, arg[1]);
	file_put(f);
	return err;
}

static struct statx_timestamp statx_time(struct timestamp t)
{
	return (struct statx_timestamp){
		.tv_sec = t.seconds,
		.tv_nsec = t.nanoseconds,
	};
}

static long statx_inode(struct inode *inode, vaddr_t va)
{
	struct statx stx = {
		.stx_mask = STATX_BASIC_STATS,
		.stx_blksize = PAGE_SIZE,
		.stx_ino = inode->ino,
		.stx_rdev_major = device_major(inode->rdev),
		.stx_rdev_minor = device_minor(inode->rdev),
		.stx_dev_major = device_major(inode->super->dev),
		.stx_dev_minor = device_minor(inode->super->dev),
	};

	inode_lock(inode);
	inode_settle(inode);
	stx.stx_nlink = inode->nlink;
	stx.stx_uid = inode->uid;
	stx.stx_gid = inode->gid;
	stx.stx_mode = inode->mode;
	stx.stx_size = inode_size(inode);
	stx.stx_blocks = inode->nsectors;
	stx.stx_atime = statx_time(inode->accessed);
	stx.stx_mtime = statx_time(inode->modified);
	stx.stx_ctime = statx_time(inode->changed);
	inode_unlock(inode);
	return copy_to_user(va, &stx, sizeof(stx)) ? -EFAULT : 0;
}

SYSCALL(statx)
{
	int flags = arg[2];
	struct inode *inode;
	long err;

	if ((flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH | AT_NO_AUTOMOUNT |
		       AT_STATX_SYNC_TYPE)) ||
	    (flags & AT_STATX_SYNC_TYPE) == AT_STATX_SYNC_TYPE ||
	    (arg[3] & STATX__RESERVED))
		return -EINVAL;
	err = path_arg_inode(arg[0], arg[1], flags, &inode);
	if (err)
		return err;
	err = statx_inode(inode, arg[4]);
	inode_put(inode);
	return err;
}

/* --- access --- */

/* What root may: everything, but write to what is read-only, and execute
 * what nobody may. */
static int access_check(const struct inode *inode, unsigned wanted)
{
	bool device = S_ISCHR(inode->mode) || S_ISBLK(inode->mode) ||
		      S_ISFIFO(inode->mode) || S_ISSOCK(inode->mode);

	if ((wanted & W_OK) && inode->super->read_only && !device)
		return -EROFS;
	if ((wanted & X_OK) && !S_ISDIR(inode->mode) && !(inode->mode & 0111))
		return -EACCES;
	return 0;
}

static long access_args(const uint64_t *arg, int flags)
{
	unsigned wanted = arg[2];
	struct inode *inode;
	long err;

	if ((wanted & ~(R_OK | W_OK | X_OK)) ||
	    (flags & ~(AT_EACCESS | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)))
		return -EINVAL;
	err = path_arg_inode(arg[0], arg[1], flags, &inode);
	if (err)
		return err;
	err = access_check(inode, wanted);
	inode_put(inode);
	return err;
}

SYSCALL(faccessat)
{
	return access_args(arg, 0);
}

SYSCALL(faccessat2)
{
	return access_args(arg, arg[3]);
}

/* --- changing --- */

/* New attributes; what is not wanted is as it was. */
struct change {
	uint32_t mode;     /* the bits of 07777, if set_mode */
	uint32_t uid, gid; /* UINT32_MAX: as it was */
	bool set_mode, set_owner;
};

static long change_inode(struct inode *inode, const struct change *c)
{
	if (inode->super->read_only)
		return -EROFS;
	inode_lock(inode);
	if (c->set_mode)
		inode->mode = (inode->mode & S_IFMT) | c->mode;
	if (c->set_owner) {
		if (c->uid != UINT32_MAX)
			inode->uid = c->uid;
		if (c->gid != UINT32_MAX)
			inode->gid = c->gid;
		/* A new owner has not said that others may act for him. */
		if (!S_ISDIR(inode->mode))
			inode->mode &= ~(S_ISUID |
					 (inode->mode & S_IXGRP ? S_ISGID : 0));
	}
	inode_touch(inode, INODE_CTIME);
	inode_unlock(inode);
	return 0;
}

static long change_fd(int fd, const struct change *c)
{
	struct file *f;
	long err = caller_file(fd, &f);

	if (err)
		return err;
	err = change_inode(f->inode, c);
	file_put(f);
	return err;
}

static long change_path(int dirfd, vaddr_t va, int flags,
			const struct change *c)
{
	struct inode *inode;
	long err = path_arg_inode(dirfd, va, flags, &inode);

	if (err)
		return err;
	err = change_inode(inode, c);
	inode_put(inode);
	return err;
}

SYSCALL(fchmod)
{
	struct change c = {.set_mode = true, .mode = arg[1] & 07777};

	return change_fd(arg[0], &c);
}

SYSCALL(fchmodat)
{
	struct change c = {.set_mode = true, .mode = arg[2] & 07777};

	return change_path(arg[0], arg[1], 0, &c);
}

SYSCALL(fchown)
{
	struct change c = {.set_owner = true, .uid = arg[1], .gid = arg[2]};

	return change_fd(arg[0], &c);
}

SYSCALL(fchownat)
{
	struct change c = {.set_owner = true, .uid = arg[2], .gid = arg[3]};
	int flags = arg[4];

	if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	return change_path(arg[0], arg[1], flags, &c);
}

/* --- times --- */

static bool time_valid(const struct __kernel_timespec *t)
{
	return t->tv_nsec == UTIME_NOW_NS || t->tv_nsec == UTIME_OMIT_NS ||
	       (t->tv_nsec >= 0 && t->tv_nsec < 1000000000);
}

static void time_set(struct timestamp *to, const struct __kernel_timespec *t)
{
	if (t->tv_nsec == UTIME_NOW_NS)
		*to = timestamp_now();
	else if (t->tv_nsec != UTIME_OMIT_NS)
		*to = (struct timestamp){t->tv_sec, t->tv_nsec};
}

static long set_times(struct inode *inode, const struct __kernel_timespec *t)
{
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
	struct __kernel_timespec t[2] = {{0, UTIME_NOW_NS}, {0, UTIME_NOW_NS}};
	int flags = arg[3];
	struct inode *inode;
	struct file *f;
	long err;

	if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	if (arg[2] && copy_from_user(t, arg[2], sizeof(t)))
		return -EFAULT;
	if (t[0].tv_nsec == UTIME_OMIT_NS && t[1].tv_nsec == UTIME_OMIT_NS)
		return 0;
	if (!time_valid(&t[0]) || !time_valid(&t[1]))
		return -EINVAL;
	if (!arg[1] && (int)arg[0] != AT_FDCWD) {
		err = flags ? -EINVAL : caller_file(arg[0], &f);
		if (err)
			return err;
		err = set_times(f->inode, t);
		file_put(f);
		return err;
	}
	err = path_arg_inode(arg[0], arg[1], flags, &inode);
	if (err)
		return err;
	err = set_times(inode, t);
	inode_put(inode);
	return err;
}
