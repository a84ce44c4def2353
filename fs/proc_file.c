// SPDX-License-Identifier: MIT
/*
 * proc_file.c - reading and writing the files of /proc.
 *
 * A file's text is made when it is read from offset 0, and kept with the open
 * file for the reads that follow: so all of it is of one moment.  What would
 * be too large for that (move) is looked up anew at each read.
 *
 * Tests: usertests.
 */
#include "fs/proc.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "mm/mm.h"
#include "mm/slab.h"

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

static int make_text(struct text *text, const struct inode *inode)
{
	int pid;
	const struct proc_row *row = proc_row_of(inode, &pid);
	int err;

	text_clear(text);
	if (!row)
		err = proc_show_fdinfo(text, inode);
	else
		err = row->show ? row->show(text, pid) : -EINVAL;
	return text->failed ? -ENOMEM : err;
}

static ssize_t move(const struct proc_row *row, int pid, struct uio *uio,
		    uint64_t *offset, bool write)
{
	void *page = kmalloc(PAGE_SIZE);
	struct mm *mm = page ? process_mm_get(pid) : NULL;
	ssize_t n = page ? 0 : -ENOMEM;

	if (mm) {
		n = row->move(mm, *offset, uio->left, uio, page, write);
		mm_put(mm);
	}
	kfree(page);
	if (n > 0)
		*offset += n;
	return n;
}

static ssize_t proc_file_read(struct file *f, struct uio *uio, uint64_t *offset)
{
	struct proc_file *open = f->private;
	struct text *text = &open->text;
	ssize_t n = 0;
	int pid;
	const struct proc_row *row = proc_row_of(f->inode, &pid);

	if (row && row->move)
		return move(row, pid, uio, offset, false);
	mutex_lock(&open->lock);
	if (*offset == 0 || text->length == 0)
		n = make_text(text, f->inode);
	if (n == 0)
		n = text_read(text, uio, *offset);
	mutex_unlock(&open->lock);
	if (n > 0)
		*offset += n;
	return n;
}

static ssize_t proc_file_write(struct file *f, struct uio *uio,
			       uint64_t *offset)
{
	int pid;
	const struct proc_row *row = proc_row_of(f->inode, &pid);
	ssize_t n = -EINVAL;

	if (row && row->move)
		return move(row, pid, uio, offset, true);
	if (row && row->write)
		n = row->write(uio);
	if (n > 0)
		*offset += n;
	return n;
}

ssize_t proc_number(struct uio *uio, uint64_t most, uint64_t *out)
{
	size_t nbytes = uio->left;
	char text[24] = "";
	const char *at = text;

	if (nbytes >= sizeof(text))
		return -EINVAL;
	if (uio_copy_from(uio, text, nbytes) != nbytes)
		return -EFAULT;
	if (nbytes && (!string_number(&at, 10, out) || *out > most ||
		       (*at && strcmp(at, "\n") != 0)))
		return -EINVAL;
	return nbytes;
}

static void proc_release(struct file *f)
{
	struct proc_file *open = f->private;

	text_clear(&open->text);
	kfree(open);
}

static const struct file_ops proc_file_ops = {
	.open = proc_open,
	.read = proc_file_read,
	.write = proc_file_write,
	.release = proc_release,
};

static int proc_truncate(struct inode *inode, uint64_t nbytes)
{
	int pid;
	const struct proc_row *row = proc_row_of(inode, &pid);
	struct uio nothing = {0};

	return row && row->write ? row->write(&nothing) : -EINVAL;
}

static const struct inode_ops proc_file_inode_ops = {.resize = proc_truncate};

void proc_file_init(struct inode *inode)
{
	inode->ops = &proc_file_inode_ops;
	inode->file_ops = &proc_file_ops;
}
