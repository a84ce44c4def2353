// SPDX-License-Identifier: MIT
/*
 * file.c - open files, and what reading and writing ordinary ones means.
 *
 * A struct file is one open(2): a position, the O_ flags, and the inode.
 * Descriptors that dup(2) or fork(2) made share it, and so the position.
 * Kinds of files differ by file_ops; here are those of regular files, whose
 * bytes are in the page cache (mm/cache.c), and of directories.
 *
 * Locking: read, write and lseek at the file's position take position_lock,
 * so that two of them never see the same bytes.  A write holds the inode lock
 * as well, which makes it whole against other writes and truncation; but it
 * may not wait for user memory there, because the user's buffer can be a
 * mapping of this very file.  So mapping_write() stops where a page of the
 * buffer is missing; we let go of the lock, have the page brought in, and go
 * on.
 *
 * Tests: usertests, mmaptest.
 */
#include "fs/file.h"
#include "fs/eventpoll.h"
#include "fs/locks.h"

#include <linux/falloc.h>
#include <linux/fs.h>
#include <linux/resource.h>

#include "fs/memfile.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/printk.h"
#include "mm/mm.h"
#include "mm/slab.h"

static const int64_t ONE_DAY = 24 * 60 * 60;

static const struct file_ops *ops_by_type(const struct inode *inode)
{
	switch (inode->mode & S_IFMT) {
	case S_IFREG:
		return &file_ops_regular;
	case S_IFDIR:
		return &file_ops_directory;
	case S_IFCHR:
	case S_IFBLK:
		return &file_ops_device;
	case S_IFIFO:
		return &file_ops_fifo;
	}
	return &file_ops_path;
}

struct file *file_new(struct inode *inode, struct dentry *dentry,
		      unsigned flags)
{
	struct file *f = kmalloc_zeroed(sizeof(*f));

	if (!f)
		return NULL;
	f->refs = 1;
	f->flags = flags;
	f->inode = inode_hold(inode);
	f->dentry = dentry ? dentry_hold(dentry) : NULL;
	mutex_init(&f->position_lock, "position", RANK_POSITION);
	f->errors_seen = inode->mapping.errors.count;
	f->all_errors_seen = inode->super->errors.count;
	f->ops = inode->file_ops ? inode->file_ops : ops_by_type(inode);
	if (flags & O_PATH)
		f->ops = &file_ops_path;
	else if (inode_is(inode, S_IFREG) && inode->mapping.ops)
		f->mapping = &inode->mapping;
	return f;
}

void file_discard(struct file *f)
{
	if (f->writers)
		inode_writers_drop(f->inode, f->writers);
	if (f->dentry)
		dentry_put(f->dentry);
	inode_put_wait(f->inode);
	kfree(f);
}

void file_get(struct file *f)
{
	atomic_fetch_add(&f->refs, 1);
}

void file_put(struct file *f)
{
	if (atomic_fetch_sub(&f->refs, 1) != 1)
		return;
	eventpoll_forget(f);
	locks_drop(f->inode, f);
	if (f->ops->release)
		f->ops->release(f);
	file_discard(f);
}

struct mapping *file_mapping(struct file *f)
{
	return f->mapping;
}

/* May the locked inode become that large, by the caller's limit? */
static int check_growth(const struct inode *inode, uint64_t nbytes)
{
	if (nbytes <= inode_size(inode) ||
	    nbytes <= process_limit(RLIMIT_FSIZE))
		return 0;
	return process_file_limit_exceeded();
}

int inode_truncate(struct inode *inode, uint64_t nbytes)
{
	int err;

	if (nbytes > inode->super->max_size)
		return -EFBIG;
	err = inode_writers_add(inode, 1);
	if (err)
		return err;
	inode_lock(inode);
	err = check_growth(inode, nbytes);
	if (!err)
		err = inode->ops->resize ? inode->ops->resize(inode, nbytes)
					 : -EINVAL;
	if (!err)
		inode_touch(inode, INODE_MTIME | INODE_CTIME);
	inode_unlock(inode);
	inode_writers_drop(inode, 1);
	return err;
}

int file_allocate(struct file *f, int mode, uint64_t start, uint64_t end)
{
	struct inode *inode = f->inode;
	int err = 0;

	if (!inode->ops->allocate)
		return -EOPNOTSUPP;
	inode_lock(inode);
	if (!(mode & FALLOC_FL_KEEP_SIZE))
		err = check_growth(inode, end);
	if (!err)
		err = inode->ops->allocate(inode, mode, start, end);
	if (!err)
		inode_touch(inode, INODE_MTIME | INODE_CTIME);
	inode_unlock(inode);
	return err;
}

/* May an inode of this type be opened like this at all? */
static int open_check(const struct inode *inode, unsigned flags)
{
	bool write = (flags & O_ACCMODE) != O_RDONLY || (flags & O_TRUNC);

	if (flags & O_PATH)
		return 0;
	switch (inode->mode & S_IFMT) {
	case S_IFLNK:
		return -ELOOP;
	case S_IFSOCK:
		return -ENXIO;
	case S_IFDIR:
		if (write)
			return -EISDIR;
		break;
	case S_IFREG:
		if (write && inode->super->read_only)
			return -EROFS;
		break;
	}
	return 0;
}

/* With @f made: count it, and let its kind have its say. */
static int open_finish(struct file *f, bool truncate)
{
	bool regular = inode_is(f->inode, S_IFREG) && !(f->flags & O_PATH);
	int err = 0;

	if (regular && file_writable(f)) {
		err = inode_writers_add(f->inode, 1);
		f->writers = !err;
	}
	if (!err && regular && truncate)
		err = inode_truncate(f->inode, 0);
	if (!err && f->ops->open)
		err = f->ops->open(f);
	return err;
}

int file_open(struct dentry *d, unsigned flags, struct file **out)
{
	int err = open_check(d->inode, flags);

	if (err)
		return err;
	*out = file_new(d->inode, d, flags & ~O_TRUNC);
	if (!*out)
		return -ENOMEM;
	err = open_finish(*out, flags & O_TRUNC);
	(*out)->flags &= ~O_NOCTTY; /* it was for a terminal's open() */
	if (err)
		file_discard(*out);
	return err;
}

typedef ssize_t transfer(struct file *f, struct uio *uio, uint64_t *offset);

static ssize_t transfer_at(struct file *f, transfer *op, struct uio *uio,
			   uint64_t *offset)
{
	if (!op)
		return -EINVAL;
	if (offset || f->ops->stream)
		return op(f, uio, offset);
	mutex_lock(&f->position_lock);

	ssize_t n = op(f, uio, &f->position);

	mutex_unlock(&f->position_lock);
	return n;
}

ssize_t file_read(struct file *f, struct uio *uio, uint64_t *offset)
{
	if (!file_readable(f))
		return -EBADF;
	return transfer_at(f, f->ops->read, uio, offset);
}

ssize_t file_write(struct file *f, struct uio *uio, uint64_t *offset)
{
	if (!file_writable(f))
		return -EBADF;
	return transfer_at(f, f->ops->write, uio, offset);
}

ssize_t file_read_kernel(struct file *f, void *buffer, size_t nbytes,
			 uint64_t offset)
{
	struct uio uio;

	uio_init_kernel(&uio, buffer, nbytes);
	return file_read(f, &uio, &offset);
}

/* Where @whence leads in an object of @size bytes, all of them data. */
static int64_t seek_target(const struct file *f, int64_t offset, int whence,
			   uint64_t size)
{
	uint64_t target = offset;

	switch (whence) {
	case SEEK_SET:
		break;
	case SEEK_CUR:
		target += f->position;
		break;
	case SEEK_END:
		target += size;
		break;
	case SEEK_DATA:
	case SEEK_HOLE:
		if (target >= size)
			return -ENXIO;
		if (whence == SEEK_HOLE)
			target = size;
		break;
	default:
		return -EINVAL;
	}
	return target > f->inode->super->max_size ? -EINVAL : (int64_t)target;
}

int64_t file_seek(struct file *f, int64_t offset, int whence)
{
	if (f->ops->stream)
		return -ESPIPE;
	if (f->ops->seek)
		return f->ops->seek(f, offset, whence);
	mutex_lock(&f->position_lock);

	int64_t target = seek_target(f, offset, whence, inode_size(f->inode));

	if (target >= 0)
		f->position = target;
	mutex_unlock(&f->position_lock);
	return target;
}

unsigned file_poll(struct file *f, struct waiter *waiter)
{
	if (f->ops->poll)
		return f->ops->poll(f, waiter);
	return POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM;
}

size_t file_describe(struct file *f, char *out, size_t nbytes)
{
	ssize_t n;

	if (f->dentry)
		n = dentry_path(f->dentry, NULL, out, nbytes);
	else if (inode_is(f->inode, S_IFREG))
		n = snprintf(out, nbytes, "/%s (deleted)",
			     (const char *)f->inode->private);
	else if (f->ops->kind)
		n = snprintf(out, nbytes, "%s", f->ops->kind);
	else
		n = snprintf(out, nbytes, "%s:[%lu]", f->inode->super->type,
			     f->inode->ino);
	return n > 0 ? min_u64(n, nbytes - 1) : 0;
}

/* --- regular files --- */

static bool timestamp_before(struct timestamp a, struct timestamp b)
{
	return a.seconds < b.seconds ||
	       (a.seconds == b.seconds && a.nanoseconds < b.nanoseconds);
}

/*
 * The time of access is kept as Linux keeps it by default (relatime): only
 * when it would become newer than a change, or is a day old; else every read
 * would be a write.
 */
static void note_access(struct file *f)
{
	struct inode *inode = f->inode;
	struct timestamp accessed = inode->accessed;

	if ((f->flags & O_NOATIME) || inode->super->read_only)
		return;
	if (timestamp_before(inode->modified, accessed) &&
	    timestamp_before(inode->changed, accessed) &&
	    timestamp_now().seconds - accessed.seconds < ONE_DAY)
		return;
	inode_lock(inode);
	inode_touch(inode, INODE_ATIME);
	inode_unlock(inode);
}

static ssize_t regular_read(struct file *f, struct uio *uio, uint64_t *offset)
{
	ssize_t n = mapping_read(f->mapping, uio, *offset);

	if (n > 0) {
		*offset += n;
		note_access(f);
	}
	return n;
}

int file_sync_range(struct file *f, pgoff_t first, pgoff_t end)
{
	int err = mapping_writeback(f->mapping, first, end, true);
	int err_inode = inode_write(f->inode, true);
	int err_before =
		write_error_since(&f->mapping->errors, &f->errors_seen);

	if (err_before)
		return err_before;
	return err ? err : err_inode;
}

static int regular_sync(struct file *f)
{
	return file_sync_range(f, 0, UINT64_MAX);
}

/* Write, but not past the largest offset the filesystem can do, nor what seals
 * allow.  The inode is locked. */
static ssize_t write_bounded(struct inode *inode, struct uio *uio,
			     uint64_t offset)
{
	uint64_t max =
		min_u64(inode->super->max_size, process_limit(RLIMIT_FSIZE));
	size_t left = uio->left;

	if (offset >= max)
		return -EFBIG;

	uio->left = min_u64(left, max - offset);
	if (!seals_let_write(inode, offset + uio->left)) {
		uio->left = left;
		return -EPERM;
	}

	size_t beyond = left - uio->left;
	ssize_t n = mapping_write(&inode->mapping, uio, offset);

	uio->left += beyond;
	return n;
}

/* As much as goes without waiting for user memory. */
static ssize_t write_some(struct file *f, struct uio *uio, uint64_t *offset)
{
	struct inode *inode = f->inode;

	/* It may have become so since the file was opened, by an error. */
	if (inode->super->read_only)
		return -EROFS;
	inode_lock(inode);
	if (f->flags & O_APPEND)
		*offset = inode_size(inode);

	ssize_t n = write_bounded(inode, uio, *offset);

	if (n > 0) {
		*offset += n;
		inode_touch(inode, INODE_MTIME | INODE_CTIME);
	}
	inode_unlock(inode);
	return n;
}

static ssize_t regular_write(struct file *f, struct uio *uio, uint64_t *offset)
{
	ssize_t total = 0;
	ssize_t n = 0;

	while (uio->left) {
		n = write_some(f, uio, offset);
		/* That there is nothing to write is said before that it may
		 * not be written. */
		if ((n == 0 || n == -EPERM) && uio_fault_in(uio, VM_R))
			n = -EFAULT;
		if (n < 0)
			break;
		total += n;
	}
	if (total > 0 && (f->flags & O_DSYNC)) {
		int err = regular_sync(f);

		if (err)
			return err;
	}
	if (n == -EFBIG && !total &&
	    (uint64_t)*offset >= process_limit(RLIMIT_FSIZE))
		return process_file_limit_exceeded();
	return total > 0 ? total : n;
}

const struct file_ops file_ops_regular = {
	.read = regular_read,
	.write = regular_write,
	.sync = regular_sync,
};

/* --- directories --- */

static ssize_t directory_read(struct file *f, struct uio *uio, uint64_t *offset)
{
	return -EISDIR;
}

static int directory_sync(struct file *f)
{
	return inode_write(f->inode, true);
}

int file_read_dir(struct file *f, struct dir_visit *visit)
{
	struct inode *dir = f->inode;
	int err = -ENOENT;

	if (!inode_is(dir, S_IFDIR) || !dir->ops->read_dir)
		return -ENOTDIR;
	inode_lock(dir);
	if (!f->dentry->unlinked)
		err = dir->ops->read_dir(dir, visit->position, visit);
	inode_unlock(dir);
	if (!err)
		note_access(f);
	return err;
}

const struct file_ops file_ops_directory = {
	.read = directory_read,
	.sync = directory_sync,
};

/* O_PATH, sockets and the like: a name and nothing else. */
const struct file_ops file_ops_path = {0};
