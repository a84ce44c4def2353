// SPDX-License-Identifier: MIT
/*
 * procfs.c - the tree of /proc.
 *
 *	/proc/NAME              rows of proc_root_rows
 *	/proc/sys/...           a row's own rows
 *	/proc/PID/NAME          rows of proc_process_rows, for each process
 *	/proc/PID/fd/N          a link for each open file
 *
 * Nothing is stored: an inode number says everything there is to know about
 * an inode, and inodes are made from it when a name is looked up:
 *
 *	 63      36  35  34        0
 *	|   pid    | fd |   which   |    pid 0: /proc itself
 *
 * which is 1 for the directory, 2 + n for row n of its table, and where that
 * has rows of its own, the next higher 8 bits say which of those, and so on;
 * with the fd bit set it is the descriptor.  Processes come and go, so neither
 *names nor inodes are cached (super->transient).
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

enum { WHICH_DIRECTORY = 1, WHICH_FIRST = 2, WHICH_BITS = 8, PID_SHIFT = 36 };
enum { WHICH_MASK = (1 << WHICH_BITS) - 1 };

static const uint64_t FD_BIT = 1ul << 35;

static uint64_t ino_make(int pid, uint64_t which)
{
	return (uint64_t)pid << PID_SHIFT | which;
}

static int ino_pid(uint64_t ino)
{
	return ino >> PID_SHIFT;
}

/* Is it /proc or /proc/PID?  Else it is a row, or a descriptor. */
static bool is_top(const struct inode *inode)
{
	return (inode->ino & (FD_BIT - 1)) == WHICH_DIRECTORY;
}

static const struct proc_row *top_rows(int pid)
{
	return pid ? proc_process_rows : proc_root_rows;
}

/* Of an inode that is one. */
static const struct proc_row *row_of(const struct inode *inode)
{
	const struct proc_row *rows = top_rows(ino_pid(inode->ino));
	uint64_t which = inode->ino & (FD_BIT - 1);

	for (; which >> WHICH_BITS; which >>= WHICH_BITS)
		rows = rows[(which & WHICH_MASK) - WHICH_FIRST].rows;
	return &rows[which - WHICH_FIRST];
}

/* Row @n of a directory, or NULL: so many it hasn't. */
static const struct proc_row *row_in(const struct inode *dir, uint64_t n)
{
	const struct proc_row *row =
		is_top(dir) ? top_rows(ino_pid(dir->ino)) : row_of(dir)->rows;

	while (row && row->name && n--)
		row++;
	return row && row->name ? row : NULL;
}

/* Where the bits for rows of @dir's begin. */
static unsigned row_shift(const struct inode *dir)
{
	unsigned shift = 0;

	while (!is_top(dir) && dir->ino >> shift & WHICH_MASK)
		shift += WHICH_BITS;
	return shift;
}

static uint64_t row_ino(const struct inode *dir, uint64_t n)
{
	uint64_t above =
		is_top(dir) ? ino_make(ino_pid(dir->ino), 0) : dir->ino;

	return above | (WHICH_FIRST + n) << row_shift(dir);
}

static uint64_t parent_ino(const struct inode *dir)
{
	unsigned shift = row_shift(dir);

	if (shift > WHICH_BITS)
		return dir->ino & ((1ul << (shift - WHICH_BITS)) - 1);
	return ino_make(is_top(dir) ? 0 : ino_pid(dir->ino), WHICH_DIRECTORY);
}

/* The descriptor that an inode in /proc/PID/fd is: its file, referenced. */
static int fd_file(uint64_t ino, struct file **out)
{
	struct fdtable *files = process_files_get(ino_pid(ino));
	int err;

	if (!files)
		return -ENOENT;
	err = fdtable_get(files, ino & (FD_BIT - 1), out);
	fdtable_put(files);
	return err ? -ENOENT : 0;
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

static ssize_t proc_read(struct file *f, struct uio *uio, uint64_t *offset)
{
	struct proc_file *open = f->private;
	struct text *text = &open->text;
	ssize_t n = 0;

	if (!row_of(f->inode)->show)
		return -EINVAL;
	mutex_lock(&open->lock);
	if (*offset == 0 || text->length == 0) {
		text_clear(text);
		n = row_of(f->inode)->show(text, ino_pid(f->inode->ino));
		if (text->failed)
			n = -ENOMEM;
	}
	if (n == 0)
		n = text_read(text, uio, *offset);
	mutex_unlock(&open->lock);
	if (n > 0)
		*offset += n;
	return n;
}

static ssize_t proc_write(struct file *f, struct uio *uio, uint64_t *offset)
{
	const struct proc_row *row = row_of(f->inode);
	ssize_t n = row->write ? row->write(uio) : -EINVAL;

	if (n > 0)
		*offset += n;
	return n;
}

static int proc_truncate(struct inode *inode, uint64_t nbytes)
{
	const struct proc_row *row = row_of(inode);
	struct uio nothing = {0};

	return row->write ? row->write(&nothing) : -EINVAL;
}

static const struct inode_ops file_inode_ops = {.resize = proc_truncate};

static void proc_release(struct file *f)
{
	struct proc_file *open = f->private;

	text_clear(&open->text);
	kfree(open);
}

static const struct file_ops proc_file_ops = {
	.open = proc_open,
	.read = proc_read,
	.write = proc_write,
	.release = proc_release,
};

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
	int self = process_current();

	snprintf(target, nbytes, "%d", self);
	return self ? 0 : -ENOENT;
}

static const struct inode_ops self_ops = {.read_link = self_read_link};

/* --- directories --- */

/* The directory of links, one for each descriptor. */
static bool is_fd(const struct inode *dir)
{
	return !is_top(dir) && !row_of(dir)->rows;
}

/* A decimal number without leading zeros, or -1. */
static int parse_number(const char *name, size_t nname)
{
	int n = 0;

	if (nname > 9 || (name[0] == '0' && nname > 1))
		return -1;
	for (size_t i = 0; i < nname; i++) {
		if (name[i] < '0' || name[i] > '9')
			return -1;
		n = 10 * n + name[i] - '0';
	}
	return n;
}

/* The number of @name's inode, or 0. */
static uint64_t find_ino(struct inode *dir, const char *name, size_t nname)
{
	int pid = ino_pid(dir->ino);
	int number = parse_number(name, nname);
	const struct proc_row *row;

	if (is_fd(dir))
		return number < 0 ? 0 : ino_make(pid, FD_BIT | number);
	if (is_top(dir) && pid == 0 && number > 0)
		return ino_make(number, WHICH_DIRECTORY);
	for (uint64_t n = 0; (row = row_in(dir, n)); n++)
		if (strlen(row->name) == nname &&
		    memcmp(row->name, name, nname) == 0)
			return row_ino(dir, n);
	return 0;
}

/* Is what the number says still there? */
static bool exists(uint64_t ino)
{
	struct process_info info;
	struct file *f;

	if (!(ino & FD_BIT))
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
static bool next_fd(struct inode *dir, uint64_t *position,
		    struct pseudo_entry *entry)
{
	int pid = ino_pid(dir->ino);
	struct fdtable *files = process_files_get(pid);
	int fd;

	if (!files)
		return false;
	fd = fdtable_next(files, *position - 2);
	fdtable_put(files);
	if (fd < 0)
		return false;
	entry_number(entry, fd, ino_make(pid, FD_BIT | fd), DT_LNK);
	*position = (uint64_t)fd + 3;
	return true;
}

/* The rows, at 2 + n; in /proc then the processes, at PID_POSITION + n. */
enum { PID_POSITION = 1000 };

static bool next_entry(struct inode *dir, uint64_t *position,
		       struct pseudo_entry *entry)
{
	int pid = ino_pid(dir->ino);
	const struct proc_row *row = NULL;

	if (is_fd(dir))
		return next_fd(dir, position, entry);
	if (*position < PID_POSITION)
		row = row_in(dir, *position - 2);
	if (row) {
		string_copy(entry->name, row->name, sizeof(entry->name));
		entry->ino = row_ino(dir, (*position)++ - 2);
		entry->type = row->mode >> 12;
		return true;
	}
	if (pid || !is_top(dir))
		return false;
	pid = process_next(max_u64(*position, PID_POSITION) - PID_POSITION);
	entry_number(entry, pid, ino_make(pid, WHICH_DIRECTORY), DT_DIR);
	*position = PID_POSITION + pid;
	return pid != 0;
}

static int proc_read_dir(struct inode *dir, uint64_t position,
			 struct dir_visit *visit)
{
	return pseudo_read_dir(dir, parent_ino(dir), next_entry, position,
			       visit);
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
	row = is_top(inode) ? NULL : row_of(inode);
	if (!row || S_ISDIR(row->mode)) {
		pseudo_inode_init(inode, S_IFDIR | 0555, 2);
		inode->ops = &directory_ops;
	} else {
		pseudo_inode_init(inode, row->mode, 1);
		inode->ops = S_ISREG(row->mode) ? &file_inode_ops
			     : row->follow      ? &link_ops
						: &self_ops;
		if (S_ISREG(row->mode))
			inode->file_ops = &proc_file_ops;
	}
	return 0;
}

static int proc_statfs(struct super *super, struct statfs *out)
{
	pseudo_statfs(out, PROC_SUPER_MAGIC);
	return 0;
}

static const struct super_ops proc_super_ops = {
	.read_inode = proc_read_inode,
	.statfs = proc_statfs,
	.unmount = pseudo_unmount,
};

int procfs_mount(struct block_device *none, bool read_only, struct super **out)
{
	return pseudo_mount(&proc_super_ops, "proc", PSEUDO_DEV_PROC, true,
			    ino_make(0, WHICH_DIRECTORY), out);
}
