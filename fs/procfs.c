// SPDX-License-Identifier: MIT
/*
 * procfs.c - the tree of /proc.
 *
 *	/proc/NAME              rows of proc_root_rows
 *	/proc/PID/NAME          rows of proc_process_rows, for each process
 *	/proc/PID/fd/N          a link for each open file
 *	/proc/PID/fdinfo/N      the file's position
 *	/proc/PID/task/TID      the same as /proc/TID, for each thread
 *
 * A row's name may be a path of several parts: then the parts before it are
 * rows of their own, that are directories.
 *
 * Nothing is stored: an inode number says everything there is to know about
 * an inode, and inodes are made from it when a name is looked up:
 *
 *	 63      36  35   34   33        0
 *	|   pid    | fd |info|   which   |    pid 0: /proc itself
 *
 * which is 1 for the directory, 2 + n for row n of its table; with one of the
 * bits set it is the descriptor.  Processes come and go, so neither names nor
 * inodes are cached (super->transient).
 *
 * Tests: usertests.
 */
#include "fs/procfs.h"

#include <linux/magic.h>

#include "fs/proc.h"
#include "fs/pseudo.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"
#include "kernel/lib/trace.h"

enum { WHICH_DIRECTORY = 1, WHICH_FIRST = 2, PID_SHIFT = 36 };

static const uint64_t FD_BIT = 1ul << 35, INFO_BIT = 1ul << 34;
static const uint64_t WHICH_MASK = (1ul << 34) - 1;

static uint64_t ino_make(int pid, uint64_t which)
{
	return (uint64_t)pid << PID_SHIFT | which;
}

static int ino_pid(uint64_t ino)
{
	return ino >> PID_SHIFT;
}

/* The row of the directory of @pid's that has number @which, or NULL. */
static const struct proc_row *row_at(int pid, uint64_t which)
{
	const struct proc_row *row = pid ? proc_process_rows : proc_root_rows;

	while (row->name && which > WHICH_FIRST) {
		row++;
		which--;
	}
	return row->name ? row : NULL;
}

/* Of an inode that is one. */
static const struct proc_row *row_of(const struct inode *inode)
{
	return row_at(ino_pid(inode->ino), inode->ino & WHICH_MASK);
}

const struct proc_row *proc_row_of(const struct inode *inode, int *pid)
{
	*pid = ino_pid(inode->ino);
	return inode->ino & INFO_BIT ? NULL : row_of(inode);
}

/* The descriptor that an inode in /proc/PID/fd is: its file, referenced. */
static int fd_file(uint64_t ino, struct file **out)
{
	struct fdtable *files = process_files_get(ino_pid(ino));
	int err;

	if (!files)
		return -ENOENT;
	err = fdtable_get(files, ino & WHICH_MASK, out);
	fdtable_put(files);
	return err ? -ENOENT : 0;
}

int proc_show_fdinfo(struct text *text, const struct inode *inode)
{
	struct file *f;
	int err = fd_file(inode->ino, &f);

	if (err)
		return err;
	text_printf(text, "pos:\t%lu\nflags:\t0%o\nmnt_id:\t%u\nino:\t%lu\n",
		    f->position, f->flags, f->inode->super->mount_id,
		    f->inode->ino);
	file_put(f);
	return 0;
}

/* --- links: they lead to the thing itself, wherever its name has gone --- */

/* A file without a name, like a pipe, gets one for this occasion. */
static int fd_follow(uint64_t ino, struct dentry **out)
{
	struct file *f;
	int err = fd_file(ino, &f);

	if (err)
		return err;
	*out = f->dentry
		       ? dentry_hold(f->dentry)
		       : dentry_new_root(f->inode->super, inode_hold(f->inode));
	if (!*out) {
		inode_put(f->inode);
		err = -ENOMEM;
	}
	file_put(f);
	return err;
}

static int proc_follow(struct inode *inode, struct dentry **out)
{
	if (inode->ino & FD_BIT)
		return fd_follow(inode->ino, out);
	return row_of(inode)->follow(ino_pid(inode->ino), out);
}

static int fd_read_link(struct inode *inode, char *target, size_t nbytes)
{
	struct file *f;
	int err = fd_file(inode->ino, &f);

	if (err)
		return err;
	target[file_describe(f, target, nbytes)] = '\0';
	file_put(f);
	return 0;
}

static int proc_read_link(struct inode *inode, char *target, size_t nbytes)
{
	struct dentry *d;

	if (inode->ino & FD_BIT)
		return fd_read_link(inode, target, nbytes);

	int err = proc_follow(inode, &d);

	if (err)
		return err;

	ssize_t n = dentry_path(d, NULL, target, nbytes);

	dentry_put(d);
	return n < 0 ? n : 0;
}

static const struct inode_ops link_ops = {
	.read_link = proc_read_link,
	.follow_link = proc_follow,
};

static int self_read_link(struct inode *inode, char *target, size_t nbytes)
{
	int tid, pid;

	task_numbers(&pid, &tid);
	if (row_of(inode)->kind == PROC_THREAD_SELF)
		snprintf(target, nbytes, "%d/task/%d", pid, tid);
	else
		snprintf(target, nbytes, "%d", pid);
	return pid ? 0 : -ENOENT;
}

static const struct inode_ops self_ops = {.read_link = self_read_link};

/* --- directories --- */

/* The row that a directory is, or NULL: it is the whole table. */
static const struct proc_row *folder_of(const struct inode *dir)
{
	return (dir->ino & WHICH_MASK) == WHICH_DIRECTORY ? NULL : row_of(dir);
}

/* What @row is called in the directory @folder; NULL: it is elsewhere. */
static const char *name_in(const struct proc_row *row,
			   const struct proc_row *folder)
{
	const char *name = row->name;

	if (folder) {
		size_t n = strlen(folder->name);

		if (strncmp(name, folder->name, n) != 0 || name[n] != '/')
			return NULL;
		name += n + 1;
	}
	return strchr(name, '/') ? NULL : name;
}

/* A decimal number without leading zeros, that fits as a pid or a descriptor;
 * or -1. */
static int parse_number(const char *name, size_t nname)
{
	const char *at = name;
	uint64_t n;

	if (nname > 8 || (name[0] == '0' && nname > 1))
		return -1;
	return string_number(&at, 10, &n) && at == name + nname ? (int)n : -1;
}

/* The inode of @number in a directory of numbers, or 0. */
static uint64_t find_number(enum proc_kind kind, int pid, int number)
{
	if (number < 0)
		return 0;
	switch (kind) {
	case PROC_FDS:
		return ino_make(pid, FD_BIT | number);
	case PROC_FDINFO:
		return ino_make(pid, INFO_BIT | number);
	case PROC_TASKS:
		if (process_next_task(pid, number) != number)
			return 0;
		return ino_make(number, WHICH_DIRECTORY);
	case PROC_PLAIN:
	case PROC_THREAD_SELF:
		break;
	}
	return 0;
}

/* The number of @name's inode, or 0. */
static uint64_t find_ino(struct inode *dir, const char *name, size_t nname)
{
	const struct proc_row *folder = folder_of(dir);
	int pid = ino_pid(dir->ino);
	int number = parse_number(name, nname);
	const struct proc_row *row;

	if (folder && folder->kind != PROC_PLAIN)
		return find_number(folder->kind, pid, number);
	if (pid == 0 && !folder && number > 0)
		return ino_make(number, WHICH_DIRECTORY);
	for (uint64_t which = WHICH_FIRST; (row = row_at(pid, which));
	     which++) {
		const char *its = name_in(row, folder);

		if (its && strlen(its) == nname &&
		    memcmp(its, name, nname) == 0)
			return ino_make(pid, which);
	}
	return 0;
}

/* Is what the number says still there? */
static bool exists(uint64_t ino)
{
	struct process_info info;
	struct file *f;

	if (!(ino & (FD_BIT | INFO_BIT)))
		return ino_pid(ino) == 0 ||
		       process_info_get(ino_pid(ino), &info);
	if (fd_file(ino, &f))
		return false;
	file_put(f);
	return true;
}

static int proc_lookup(struct inode *dir, const char *name, size_t nname,
		       struct inode **out)
{
	uint64_t ino = find_ino(dir, name, nname);

	return ino && exists(ino) ? inode_get(dir->super, ino, out) : -ENOENT;
}

static void entry_number(struct pseudo_entry *entry, int number, uint64_t ino,
			 unsigned type)
{
	snprintf(entry->name, sizeof(entry->name), "%d", number);
	entry->ino = ino;
	entry->type = type;
}

/* Descriptor n is at position 2 + n. */
static bool next_fd(int pid, uint64_t bit, uint64_t *position,
		    struct pseudo_entry *entry)
{
	struct fdtable *files = process_files_get(pid);
	int fd;

	if (!files)
		return false;
	fd = fdtable_next(files, *position - 2);
	fdtable_put(files);
	if (fd < 0)
		return false;
	entry_number(entry, fd, ino_make(pid, bit | fd),
		     bit == FD_BIT ? DT_LNK : DT_REG);
	*position = (uint64_t)fd + 3;
	return true;
}

/* Thread n is at position 2 + n. */
static bool next_task(int pid, uint64_t *position, struct pseudo_entry *entry)
{
	int tid = process_next_task(pid, *position - 2);

	entry_number(entry, tid, ino_make(tid, WHICH_DIRECTORY), DT_DIR);
	*position = (uint64_t)tid + 3;
	return tid != 0;
}

/* The rows, at 2 + n; in /proc then the processes, at PID_POSITION + n. */
enum { PID_POSITION = 1000 };

static bool next_row(int pid, const struct proc_row *folder, uint64_t *position,
		     struct pseudo_entry *entry)
{
	const struct proc_row *row = NULL;

	if (*position < PID_POSITION)
		row = row_at(pid, *position);
	for (; row && row->name; row++) {
		const char *name = name_in(row, folder);

		entry->ino = ino_make(pid, (*position)++);
		if (!name)
			continue;
		string_copy(entry->name, name, sizeof(entry->name));
		entry->type = row->mode >> 12;
		return true;
	}
	if (pid || folder)
		return false;
	pid = process_next(max_u64(*position, PID_POSITION) - PID_POSITION);
	entry_number(entry, pid, ino_make(pid, WHICH_DIRECTORY), DT_DIR);
	*position = PID_POSITION + pid + 1;
	return pid != 0;
}

static bool next_entry(struct inode *dir, uint64_t *position,
		       struct pseudo_entry *entry)
{
	const struct proc_row *folder = folder_of(dir);
	int pid = ino_pid(dir->ino);

	switch (folder ? folder->kind : PROC_PLAIN) {
	case PROC_FDS:
		return next_fd(pid, FD_BIT, position, entry);
	case PROC_FDINFO:
		return next_fd(pid, INFO_BIT, position, entry);
	case PROC_TASKS:
		return next_task(pid, position, entry);
	case PROC_PLAIN:
	case PROC_THREAD_SELF:
		break;
	}
	return next_row(pid, folder, position, entry);
}

static int proc_read_dir(struct inode *dir, uint64_t position,
			 struct dir_visit *visit)
{
	int pid = folder_of(dir) ? ino_pid(dir->ino) : 0;

	return pseudo_read_dir(dir, ino_make(pid, WHICH_DIRECTORY), next_entry,
			       position, visit);
}

static const struct inode_ops directory_ops = {
	.lookup = proc_lookup,
	.read_dir = proc_read_dir,
};

/* --- inodes --- */

static int proc_read_inode(struct inode *inode)
{
	const struct proc_row *row;

	if (inode->ino & FD_BIT) {
		pseudo_inode_init(inode, S_IFLNK | 0700, 1);
		inode->ops = &link_ops;
		return 0;
	}
	if (inode->ino & INFO_BIT) {
		pseudo_inode_init(inode, S_IFREG | 0400, 1);
		proc_file_init(inode);
		return 0;
	}
	row = row_of(inode);
	if (!folder_of(inode) || S_ISDIR(row->mode)) {
		pseudo_inode_init(inode, S_IFDIR | 0555, 2);
		inode->ops = &directory_ops;
	} else {
		pseudo_inode_init(inode, row->mode, 1);
		if (S_ISREG(row->mode))
			proc_file_init(inode);
		else
			inode->ops = row->follow ? &link_ops : &self_ops;
	}
	return 0;
}

static const struct super_ops proc_super_ops = {
	.magic = PROC_SUPER_MAGIC,
	.read_inode = proc_read_inode,
	.unmount = pseudo_unmount,
};

int procfs_mount(struct block_device *none, bool read_only, struct super **out)
{
	return pseudo_mount(&proc_super_ops, "proc", PSEUDO_DEV_PROC, true,
			    ino_make(0, WHICH_DIRECTORY), out);
}
