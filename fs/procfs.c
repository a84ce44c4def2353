// SPDX-License-Identifier: MIT
/*
 * procfs.c - the tree of /proc.
 *
 *	/proc/NAME              rows of proc_root_entries
 *	/proc/PID/NAME          rows of proc_process_entries, for each process
 *	/proc/PID/fd/N          a link for each open file
 *
 * Nothing is stored: an inode number says everything there is to know about
 * an inode, and inodes are made from it when a name is looked up:
 *
 *	 63      36  35  34        0
 *	|   pid    | fd |   which   |    pid 0: /proc itself
 *
 * which is 1 for the directory, 2 + n for row n of its table; with the fd bit
 * set it is the descriptor.  Processes come and go, so neither names nor
 * inodes are cached (super->transient).
 *
 * A file's text is made when it is read from offset 0, and kept with the open
 * file for the reads that follow.
 *
 * Book: chapter 6.  Tests: usertests.
 */
#include "fs/procfs.h"

#include <linux/magic.h>

#include "fs/proc.h"
#include "fs/pseudo.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"
#include "mm/slab.h"

enum { WHICH_DIRECTORY = 1, WHICH_FIRST = 2, PID_SHIFT = 36, NUMBER_MAX = 16 };

static const uint64_t FD_BIT = 1ul << 35;

static uint64_t ino_make(int pid, uint64_t which)
{
	return (uint64_t)pid << PID_SHIFT | which;
}

static int ino_pid(uint64_t ino)
{
	return ino >> PID_SHIFT;
}

static uint64_t ino_which(uint64_t ino)
{
	return ino & (FD_BIT - 1);
}

static const struct proc_entry *entries_of(int pid)
{
	return pid ? proc_process_entries : proc_root_entries;
}

/* The row of an inode that is one. */
static const struct proc_entry *entry_of(const struct inode *inode)
{
	return entries_of(ino_pid(inode->ino)) + ino_which(inode->ino) -
	       WHICH_FIRST;
}

/* A decimal number without leading zeros, or -1. */
static int parse_number(const char *name, size_t nname)
{
	int64_t n = 0;

	if (nname == 0 || nname > 9 || (name[0] == '0' && nname > 1))
		return -1;
	for (size_t i = 0; i < nname; i++) {
		if (name[i] < '0' || name[i] > '9')
			return -1;
		n = 10 * n + name[i] - '0';
	}
	return n;
}

/* --- reading --- */

/* An open regular file.  Locks: (l) lock. */
struct proc_file {
	struct mutex lock;
	struct text text; /* (l) */
};

static int proc_open(struct file *f)
{
	struct proc_file *open = kmalloc_zeroed(sizeof(*open));

	if (!open)
		return -ENOMEM;
	mutex_init(&open->lock, "proc text", RANK_PROC_TEXT);
	f->private = open;
	return 0;
}

static int proc_fill(struct file *f, struct text *text)
{
	int err = entry_of(f->inode)->show(text, ino_pid(f->inode->ino));

	return !err && text->failed ? -ENOMEM : err;
}

static ssize_t proc_read(struct file *f, struct uio *uio, uint64_t *offset)
{
	struct proc_file *open = f->private;
	ssize_t n = 0;

	mutex_lock(&open->lock);
	if (*offset == 0 || open->text.length == 0) {
		text_clear(&open->text);
		n = proc_fill(f, &open->text);
	}
	if (n == 0)
		n = text_read(&open->text, uio, *offset);
	mutex_unlock(&open->lock);
	if (n > 0)
		*offset += n;
	return n;
}

static void proc_release(struct file *f)
{
	struct proc_file *open = f->private;

	text_clear(&open->text);
	kfree(open);
}

static const struct file_ops proc_file_ops = {
	.open = proc_open,
	.read = proc_read,
	.release = proc_release,
};

/* --- links --- */

static int proc_read_link(struct inode *inode, char *target, size_t nbytes)
{
	ssize_t n =
		entry_of(inode)->read_link(ino_pid(inode->ino), target, nbytes);

	if (n < 0)
		return n;
	target[min_u64(n, nbytes - 1)] = '\0';
	return 0;
}

static int proc_follow(struct inode *inode, struct dentry **out)
{
	return entry_of(inode)->follow(ino_pid(inode->ino), out);
}

static const struct inode_ops text_link_ops = {.read_link = proc_read_link};

static const struct inode_ops object_link_ops = {
	.read_link = proc_read_link,
	.follow_link = proc_follow,
};

static int fd_read_link(struct inode *inode, char *target, size_t nbytes)
{
	struct file *f;
	int err = proc_file_get(ino_pid(inode->ino), ino_which(inode->ino), &f);

	if (err)
		return err;

	size_t n = file_describe(f, target, nbytes);

	target[n] = '\0';
	file_put(f);
	return 0;
}

/* A file without a name, like a pipe, gets one for this occasion. */
static int fd_follow(struct inode *inode, struct dentry **out)
{
	struct file *f;
	int err = proc_file_get(ino_pid(inode->ino), ino_which(inode->ino), &f);

	if (err)
		return err;
	if (f->dentry) {
		*out = dentry_hold(f->dentry);
	} else {
		*out = dentry_new_root(f->inode->super, inode_hold(f->inode));
		if (!*out) {
			inode_put(f->inode);
			err = -ENOMEM;
		}
	}
	file_put(f);
	return err;
}

static const struct inode_ops fd_link_ops = {
	.read_link = fd_read_link,
	.follow_link = fd_follow,
};

/* --- directories --- */

/* An inode that is still in use may outlive its process. */
static int check_alive(int pid)
{
	struct process_info info;

	return pid == 0 || process_info_get(pid, &info) ? 0 : -ENOENT;
}

static int entry_lookup(struct inode *dir, const char *name, size_t nname,
			struct inode **out)
{
	int pid = ino_pid(dir->ino);
	const struct proc_entry *entries = entries_of(pid);

	for (size_t i = 0; entries[i].name; i++)
		if (strlen(entries[i].name) == nname &&
		    memcmp(entries[i].name, name, nname) == 0)
			return check_alive(pid)
				       ?: inode_get(dir->super,
						    ino_make(pid,
							     WHICH_FIRST + i),
						    out);
	return -ENOENT;
}

static int root_lookup(struct inode *dir, const char *name, size_t nname,
		       struct inode **out)
{
	int pid = parse_number(name, nname);

	if (pid > 0)
		return check_alive(pid)
			       ?: inode_get(dir->super,
					    ino_make(pid, WHICH_DIRECTORY),
					    out);
	return entry_lookup(dir, name, nname, out);
}

static int fd_lookup(struct inode *dir, const char *name, size_t nname,
		     struct inode **out)
{
	int fd = parse_number(name, nname);

	struct file *f;

	if (fd < 0 || proc_file_get(ino_pid(dir->ino), fd, &f))
		return -ENOENT;
	file_put(f);
	return inode_get(dir->super, ino_make(ino_pid(dir->ino), FD_BIT | fd),
			 out);
}

/* "." and "..": positions 0 and 1. */
static bool visit_dots(struct dir_visit *visit, struct inode *dir,
		       uint64_t parent, uint64_t position)
{
	if (position == 0 && !pseudo_visit(visit, ".", dir->ino, DT_DIR, 1))
		return false;
	return position > 1 || pseudo_visit(visit, "..", parent, DT_DIR, 2);
}

/* Rows of the table from @*position on; true if all were visited. */
static bool visit_entries(struct dir_visit *visit, int pid, uint64_t *position)
{
	const struct proc_entry *entries = entries_of(pid);
	uint64_t i = max_u64(*position, 2) - 2;

	for (; entries[i].name; i++)
		if (!pseudo_visit(visit, entries[i].name,
				  ino_make(pid, WHICH_FIRST + i),
				  entries[i].mode >> 12, i + 3))
			return false;
	*position = i + 2;
	return true;
}

static bool visit_number(struct dir_visit *visit, int number, uint64_t ino,
			 unsigned type, uint64_t next)
{
	char name[NUMBER_MAX];

	snprintf(name, sizeof(name), "%d", number);
	return pseudo_visit(visit, name, ino, type, next);
}

/* Rows of /proc have positions below PID_POSITION, pid n PID_POSITION + n. */
enum { PID_POSITION = 1000 };

static int root_read_dir(struct inode *dir, uint64_t position,
			 struct dir_visit *visit)
{
	int pid = position > PID_POSITION ? position - PID_POSITION : 0;

	if (position < PID_POSITION &&
	    (!visit_dots(visit, dir, dir->ino, position) ||
	     !visit_entries(visit, 0, &position)))
		return 0;
	while ((pid = process_next(pid)))
		if (!visit_number(visit, pid, ino_make(pid, WHICH_DIRECTORY),
				  DT_DIR, PID_POSITION + pid))
			break;
	return 0;
}

static int process_read_dir(struct inode *dir, uint64_t position,
			    struct dir_visit *visit)
{
	if (visit_dots(visit, dir, ino_make(0, WHICH_DIRECTORY), position))
		visit_entries(visit, ino_pid(dir->ino), &position);
	return 0;
}

/* Descriptor n has position n + 2. */
static int fd_read_dir(struct inode *dir, uint64_t position,
		       struct dir_visit *visit)
{
	int pid = ino_pid(dir->ino);
	struct fdtable *files = process_files_get(pid);
	int fd = max_u64(position, 2) - 2;

	if (!files)
		return -ENOENT;
	if (visit_dots(visit, dir, ino_make(pid, WHICH_DIRECTORY), position))
		while ((fd = fdtable_next(files, fd)) >= 0 &&
		       visit_number(visit, fd, ino_make(pid, FD_BIT | fd),
				    DT_LNK, (uint64_t)fd + 3))
			fd++;
	fdtable_put(files);
	return 0;
}

static const struct inode_ops root_dir_ops = {
	.lookup = root_lookup,
	.read_dir = root_read_dir,
};

static const struct inode_ops process_dir_ops = {
	.lookup = entry_lookup,
	.read_dir = process_read_dir,
};

static const struct inode_ops fd_dir_ops = {
	.lookup = fd_lookup,
	.read_dir = fd_read_dir,
};

/* --- inodes --- */

static int read_fd_inode(struct inode *inode)
{
	struct file *f;
	int err = proc_file_get(ino_pid(inode->ino), ino_which(inode->ino), &f);

	if (err)
		return err;
	pseudo_inode_init(inode,
			  S_IFLNK | (file_readable(f) ? 0500 : 0) |
				  (file_writable(f) ? 0300 : 0),
			  1);
	inode->ops = &fd_link_ops;
	file_put(f);
	return 0;
}

static void read_entry_inode(struct inode *inode)
{
	const struct proc_entry *entry = entry_of(inode);

	pseudo_inode_init(inode, entry->mode, S_ISDIR(entry->mode) ? 2 : 1);
	if (S_ISDIR(entry->mode))
		inode->ops = &fd_dir_ops;
	else if (S_ISLNK(entry->mode))
		inode->ops = entry->follow ? &object_link_ops : &text_link_ops;
	else
		inode->file_ops = &proc_file_ops;
}

static int proc_read_inode(struct inode *inode)
{
	int pid = ino_pid(inode->ino);

	if (inode->ino & FD_BIT)
		return read_fd_inode(inode);
	if (ino_which(inode->ino) == WHICH_DIRECTORY) {
		pseudo_inode_init(inode, S_IFDIR | 0555, 2);
		inode->ops = pid ? &process_dir_ops : &root_dir_ops;
	} else {
		read_entry_inode(inode);
	}
	return 0;
}

static int proc_statfs(struct super *super, struct statfs *out)
{
	pseudo_statfs(out, PROC_SUPER_MAGIC);
	return 0;
}

static void proc_unmount(struct super *super)
{
	kfree(super);
}

static const struct super_ops proc_super_ops = {
	.read_inode = proc_read_inode,
	.statfs = proc_statfs,
	.unmount = proc_unmount,
};

int procfs_mount(struct super **out)
{
	int err = pseudo_mount(&proc_super_ops, "proc", PSEUDO_DEV_PROC,
			       ino_make(0, WHICH_DIRECTORY), out);

	if (!err)
		(*out)->transient = true;
	return err;
}
