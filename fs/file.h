/* SPDX-License-Identifier: MIT */
#ifndef FS_FILE_H
#define FS_FILE_H

/*
 * file.h - open files: what a descriptor refers to, shared by dup and fork.
 */

#include <linux/fcntl.h>
#include <linux/poll.h>

#include "fs/dentry.h"

struct file;

/*
 * What kinds of open file differ in.  NULL: EINVAL, unless noted.  No locks
 * are held on entry.  All may sleep.
 */
struct file_ops {
	/* It has no position: pipes, terminals.  lseek is ESPIPE. */
	bool stream;
	/* What /proc calls one without a name.  NULL: by its filesystem. */
	const char *kind;
	/* After the inode was found; may set f->ops and f->private. */
	int (*open)(struct file *f);
	/* Bytes moved, or a negative errno.  @offset: the file position, NULL
	 * where the object has none; updated. */
	ssize_t (*read)(struct file *f, struct uio *uio, uint64_t *offset);
	ssize_t (*write)(struct file *f, struct uio *uio, uint64_t *offset);
	/* POLLIN ... ready now; if @waiter, also stands in the queue(s) that
	 * will be woken on a change (waiter[0] for input, [1] for output).
	 * NULL: always ready. */
	unsigned (*poll)(struct file *f, struct waiter *waiter);
	/* NULL: ENOTTY. */
	long (*ioctl)(struct file *f, unsigned request, vaddr_t argument);
	/* The new position.  NULL: by the inode's size, if not a stream. */
	int64_t (*seek)(struct file *f, int64_t offset, int whence);
	/* fsync. NULL: EINVAL. */
	int (*sync)(struct file *f);
	/* A descriptor is being closed; NULL: no matter. */
	void (*flush)(struct file *f);
	/* The last reference is gone. */
	void (*release)(struct file *f);
};

/* Field locks: (p) position lock, (a) atomic, (c) constant once open. */
struct file {
	atomic_uint refs;           /* (a) */
	atomic_uint flags;          /* (a) O_*: access mode constant */
	const struct file_ops *ops; /* (c) */
	struct inode *inode;        /* (c) counted; never NULL */
	struct dentry *dentry;      /* (c) counted, or NULL (pipes) */
	struct mapping *mapping;    /* (c) what mmap maps, or NULL: ENODEV */
	int writers;                /* (c) added by inode_writers_add(), or 0 */
	struct mutex position_lock; /* read, write, lseek in turn */
	uint64_t position;          /* (p) */
	unsigned errors_seen;       /* of the mapping's write errors, */
	unsigned all_errors_seen;   /* of the filesystem's */
	void *private;              /* the kind's own */
	struct list watches; /* of epolls; zero: never any (eventpoll.c) */
};

/* A file on @inode (and @dentry, or NULL), of which it takes references of its
 * own; refs is 1, ops by the inode.  NULL: no memory. */
struct file *file_new(struct inode *inode, struct dentry *dentry,
		      unsigned flags);

/* Undo file_new(), where open() failed or was not called. */
void file_discard(struct file *f);

/* Open what @d names: the last part of open(2), after the walk.  -ELOOP on a
 * symbolic link; -EISDIR; -ETXTBSY; what the kind's open() says. */
int file_open(struct dentry *d, unsigned flags, struct file **out);

/* At *@offset, which is updated, or at the file's position (NULL).  Bytes moved
 * or a negative errno: -EBADF if it isn't open for that. */
ssize_t file_read(struct file *f, struct uio *uio, uint64_t *offset);
ssize_t file_write(struct file *f, struct uio *uio, uint64_t *offset);
int64_t file_seek(struct file *f, int64_t offset, int whence);
unsigned file_poll(struct file *f, struct waiter *waiter);

/* Walk a directory from visit->position on. */
int file_read_dir(struct file *f, struct dir_visit *visit);

/* kernel/task/ provides: what comes of going beyond RLIMIT_FSIZE: SIGXFSZ and
 * -EFBIG. */
int process_file_limit_exceeded(void);

/* truncate(2) and ftruncate(2), the part after the checks of the name. */
int inode_truncate(struct inode *inode, uint64_t nbytes);

/* Into kernel memory, for exec: bytes read or a negative errno. */
ssize_t file_read_kernel(struct file *f, void *buffer, size_t nbytes,
			 uint64_t offset);

static inline bool file_readable(const struct file *f)
{
	return (f->flags & O_ACCMODE) != O_WRONLY;
}

static inline bool file_writable(const struct file *f)
{
	return (f->flags & O_ACCMODE) != O_RDONLY;
}

/* A name for /proc/<pid>/maps: the path from the root, with " (deleted)"
 * where it is; or the kind ("pipe:[7]").  Returns its length. */
size_t file_describe(struct file *f, char *out, size_t nbytes);

/* fallocate(2): FALLOC_FL_* for bytes [start, end); -EOPNOTSUPP where the
 * filesystem can't.  Takes the inode lock; @f may be written. */
int file_allocate(struct file *f, int mode, uint64_t start, uint64_t end);

/* What the types of inodes open as, on any filesystem. */
extern const struct file_ops file_ops_regular;
extern const struct file_ops file_ops_directory;
extern const struct file_ops file_ops_device; /* device.c: by number */
extern const struct file_ops file_ops_fifo;   /* pipe.c */
extern const struct file_ops file_ops_path;   /* O_PATH: everything EBADF */

#endif
