// SPDX-License-Identifier: MIT
/*
 * file_size.c - a file's size, its way to the disk, and directories' contents.
 *
 * Book: chapter 6.  Tests: usertests.
 */
#include <linux/fadvise.h>
#include <linux/falloc.h>

#include "arch/riscv/usercopy.h"
#include "fs/mount.h"
#include "kernel/lib/string.h"
#include "kernel/syscall/calls_fs.h"
#include "kernel/syscall/path_args.h"
#include "mm/slab.h"

SYSCALL(ftruncate)
{
	struct file *f;
	long err;

	if ((int64_t)arg[1] < 0)
		return -EINVAL;
	err = caller_file(arg[0], &f);
	if (err)
		return err;
	if (!inode_is(f->inode, S_IFREG) || !file_writable(f))
		err = -EINVAL;
	else
		err = inode_truncate(f->inode, arg[1]);
	file_put(f);
	return err;
}

SYSCALL(truncate)
{
	struct dentry *d;
	long err;

	if ((int64_t)arg[1] < 0)
		return -EINVAL;
	err = path_arg_lookup(AT_FDCWD, arg[0], PATH_FOLLOW, &d);
	if (err)
		return err;
	if (inode_is(d->inode, S_IFDIR))
		err = -EISDIR;
	else if (!inode_is(d->inode, S_IFREG))
		err = -EINVAL;
	else if (d->super->read_only)
		err = -EROFS;
	else
		err = inode_truncate(d->inode, arg[1]);
	dentry_put(d);
	return err;
}

/* ext2 can't; checked like on Linux nevertheless, for the errno. */
SYSCALL(fallocate)
{
	struct file *f;
	long err = caller_file(arg[0], &f);

	if (err)
		return err;
	if ((int64_t)arg[2] < 0 || (int64_t)arg[3] <= 0)
		err = -EINVAL;
	else if (!file_writable(f))
		err = -EBADF;
	else if (f->ops->stream)
		err = -ESPIPE;
	else if (inode_is(f->inode, S_IFDIR))
		err = -EISDIR;
	else if (!inode_is(f->inode, S_IFREG))
		err = -ENODEV;
	else
		err = -EOPNOTSUPP;
	file_put(f);
	return err;
}

/* Advice: the page cache reads ahead by what it sees, not by what it hears. */
SYSCALL(fadvise64)
{
	struct file *f;
	long err = caller_file(arg[0], &f);

	if (err)
		return err;
	if (f->ops->stream)
		err = -ESPIPE;
	else if ((int64_t)arg[2] < 0 || (int)arg[3] < POSIX_FADV_NORMAL ||
		 (int)arg[3] > POSIX_FADV_NOREUSE)
		err = -EINVAL;
	file_put(f);
	return err;
}

static long sync_file(int fd, bool data_only)
{
	struct file *f;
	long err = caller_file(fd, &f);

	if (err)
		return err;
	err = file_sync(f, data_only);
	file_put(f);
	return err;
}

SYSCALL(fsync)
{
	return sync_file(arg[0], false);
}

SYSCALL(fdatasync)
{
	return sync_file(arg[0], true);
}

/* Errors reach those who fsync; sync(2) has none to give. */
SYSCALL(sync)
{
	mount_sync_all();
	return 0;
}

SYSCALL(syncfs)
{
	struct file *f;
	long err = caller_file(arg[0], &f);

	if (err)
		return err;
	err = mount_sync(f->inode->super);
	file_put(f);
	return err;
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
	return true;
}

static long read_entries(struct file *f, vaddr_t va, size_t nbytes)
{
	struct dirents to = {.visit.entry = add_dirent};
	long err;

	to.nbytes = min_u64(nbytes, DIRENT_BUFFER);
	to.buffer = kmalloc(to.nbytes);
	if (!to.buffer)
		return -ENOMEM;
	err = file_read_dir(f, &to.visit);
	if (!err && to.used == 0 && to.full)
		err = -EINVAL; /* not even one fits */
	if (!err && copy_to_user(va, to.buffer, to.used))
		err = -EFAULT;
	kfree(to.buffer);
	return err ? err : (long)to.used;
}

SYSCALL(getdents64)
{
	struct file *f;
	long n = caller_file(arg[0], &f);

	if (n)
		return n;
	n = read_entries(f, arg[1], (unsigned)arg[2]);
	file_put(f);
	return n;
}
