// SPDX-License-Identifier: MIT
/*
 * file_size.c - a file's size, its way to the disk, and directories' contents.
 *
 * Tests: usertests.
 */
#include <linux/fadvise.h>
#include <linux/falloc.h>

#include "arch/riscv/usercopy.h"
#include "fs/mount.h"
#include "kernel/lib/string.h"
#include "kernel/syscall/calls.h"
#include "kernel/syscall/path_args.h"
#include "mm/slab.h"

static long truncate_file(struct file *f, const uint64_t *arg)
{
	if (!inode_is(f->inode, S_IFREG) || !file_writable(f))
		return -EINVAL;
	return inode_truncate(f->inode, arg[1]);
}

SYSCALL(ftruncate)
{
	if ((int64_t)arg[1] < 0)
		return -EINVAL;
	return with_file(arg[0], truncate_file, arg);
}

static long truncate_inode(struct inode *inode, const void *what)
{
	if (inode_is(inode, S_IFDIR))
		return -EISDIR;
	if (!inode_is(inode, S_IFREG))
		return -EINVAL;
	if (inode->super->read_only)
		return -EROFS;
	return inode_truncate(inode, *(const uint64_t *)what);
}

SYSCALL(truncate)
{
	if ((int64_t)arg[1] < 0)
		return -EINVAL;
	return with_inode(AT_FDCWD, arg[0], 0, 0, truncate_inode, &arg[1]);
}

/* Does a hole leave the size alone, as it must? */
static bool allocate_mode_valid(unsigned mode)
{
	return (mode & (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE)) !=
	       FALLOC_FL_PUNCH_HOLE;
}

/* In Linux's order of checks. */
static long allocate_file(struct file *f, const uint64_t *arg)
{
	uint64_t start = arg[2], nbytes = arg[3];

	if ((int64_t)start < 0 || (int64_t)nbytes <= 0)
		return -EINVAL;
	if (!allocate_mode_valid(arg[1]))
		return -EOPNOTSUPP;
	if (!file_writable(f))
		return -EBADF;
	if (inode_is(f->inode, S_IFIFO))
		return -ESPIPE;
	if (inode_is(f->inode, S_IFDIR))
		return -EISDIR;
	if (!inode_is(f->inode, S_IFREG))
		return -ENODEV;
	if (!range_ok(start, nbytes, f->inode->super->max_size))
		return -EFBIG;
	return file_allocate(f, arg[1], start, start + nbytes);
}

SYSCALL(fallocate)
{
	return with_file(arg[0], allocate_file, arg);
}

/* Advice: the page cache reads ahead by what it sees, not by what it hears. */
static long advise_file(struct file *f, const uint64_t *arg)
{
	if (f->ops->stream)
		return -ESPIPE;
	return (int64_t)arg[2] < 0 || arg[3] > POSIX_FADV_NOREUSE ? -EINVAL : 0;
}

SYSCALL(fadvise64)
{
	return with_file(arg[0], advise_file, arg);
}

static long sync_file(struct file *f, const uint64_t *arg)
{
	return f->ops->sync ? f->ops->sync(f) : -EINVAL;
}

/* fdatasync, too: what it could leave out, the times, is in a block that has
 * to be written anyway. */
SYSCALL(fsync)
{
	return with_file(arg[0], sync_file, arg);
}

/* Errors reach those who fsync; sync(2) has none to give. */
SYSCALL(sync)
{
	mount_sync(NULL);
	return 0;
}

static long sync_super(struct file *f, const uint64_t *arg)
{
	struct super *super = f->inode->super;
	int err = mount_sync(super);
	int err_data = write_error_since(&super->errors, &f->all_errors_seen);

	return err ? err : err_data;
}

SYSCALL(syncfs)
{
	return with_file(arg[0], sync_super, arg);
}

/* --- getdents64 --- */

/* What the call writes; the kernel's own headers keep this one to themselves.
 */
struct dirent64 {
	uint64_t ino;
	int64_t next;
	uint16_t nbytes; /* of the record */
	uint8_t type;
	char name[];
};

enum { DIRENT_NAME = 19, DIRENT_BUFFER = 8192 };
_Static_assert(offsetof(struct dirent64, name) == DIRENT_NAME,
	       "struct linux_dirent64 has no padding before the name");

struct dirents {
	struct dir_visit visit;
	char *buffer;
	size_t nbytes, used;
	bool full;
};

static bool add_dirent(struct dir_visit *visit, const char *name, size_t nname,
		       uint64_t ino, unsigned type, uint64_t next)
{
	struct dirents *to = container_of(visit, struct dirents, visit);
	size_t nbytes = (DIRENT_NAME + nname + 1 + 7) & ~7ul;
	struct dirent64 *entry = (struct dirent64 *)(to->buffer + to->used);

	if (nbytes > to->nbytes - to->used) {
		to->full = true;
		return false;
	}
	memset(entry, 0, nbytes);
	entry->ino = ino;
	entry->next = next;
	entry->nbytes = nbytes;
	entry->type = type;
	memcpy(entry->name, name, nname);
	to->used += nbytes;
	visit->position = next;
	return true;
}

/* The position moves only if the caller gets what lies before it. */
static long read_entries(struct file *f, const uint64_t *arg)
{
	struct dirents to = {.visit.entry = add_dirent};
	long err;

	to.nbytes = min_u64((uint32_t)arg[2], DIRENT_BUFFER);
	to.buffer = kmalloc(to.nbytes);
	if (!to.buffer)
		return -ENOMEM;
	mutex_lock(&f->position_lock);
	to.visit.position = f->position;
	err = file_read_dir(f, &to.visit);
	if (!err && to.used == 0 && to.full)
		err = -EINVAL; /* not even one fits */
	if (!err)
		err = user_write(arg[1], to.buffer, to.used);
	if (!err)
		f->position = to.visit.position;
	mutex_unlock(&f->position_lock);
	kfree(to.buffer);
	return err ? err : (long)to.used;
}

SYSCALL(getdents64)
{
	return with_file(arg[0], read_entries, arg);
}
