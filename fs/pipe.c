// SPDX-License-Identifier: MIT
/*
 * pipe.c - bytes from one process to another: pipes, and FIFOs, which are
 * pipes that have a name.
 *
 * A pipe is a ring of 16 pages.  head counts the bytes ever written, tail
 * those ever read; byte number n lies in page (n / 4096) % 16:
 *
 *             tail           head          tail <= head <= tail + 65536
 *       .......|=============|........
 *
 * Pages come when a writer first needs them.  An empty pipe starts again at
 * its first page, so that a conversation of small messages stays in one page.
 *
 * A write of at most PIPE_BUF bytes is atomic: it waits until there is room
 * for all of it.  Longer ones may be mixed with others'.  Writers are woken
 * when there is room for PIPE_BUF bytes, readers when the first byte comes.
 *
 * Locking: pipe->lock, a spinlock, guards everything; user memory is touched
 * under it, but without faulting.  Where a page of the user's buffer is
 * missing we release the lock, bring it in, and look again.  The inode lock
 * guards inode->pipe, which lives as long as the FIFO is open.
 *
 * Tests: usertests.
 */
#include "fs/pipe.h"

#include <asm/ioctls.h>
#include <linux/magic.h>

#include "arch/riscv/usercopy.h"
#include "fs/pseudo.h"
#include "kernel/lib/errno.h"
#include "mm/slab.h"

enum { PIPE_PAGES = 16, PIPE_BYTES = PIPE_PAGES << PAGE_SHIFT };

/* Field locks: (l) lock, (i) inode lock. */
struct pipe {
	struct spinlock lock;
	unsigned nopen;          /* (i) files, and opens under way */
	unsigned nreaders;       /* (l) */
	unsigned nwriters;       /* (l) */
	unsigned reads, writes;  /* (l) how often opened for each: FIFOs */
	uint64_t head, tail;     /* (l) */
	struct waitq readers;    /* for head != tail, a writer, or none */
	struct waitq writers;    /* for room, a reader, or none */
	char *pages[PIPE_PAGES]; /* (l) NULL: not yet needed */
};

static const struct super_ops pipe_super_ops = {.magic = PIPEFS_MAGIC};

static struct super pipe_super = {
	.ops = &pipe_super_ops,
	.type = "pipe",
	.dev = PSEUDO_DEV_PIPE,
};

static struct pipe *pipe_of(const struct file *f)
{
	return f->inode->pipe;
}

static size_t room(const struct pipe *p)
{
	return PIPE_BYTES - (p->head - p->tail);
}

/* Copy out one run within a page.  Short: a page of the buffer is missing. */
static size_t ring_read(struct pipe *p, struct uio *uio, size_t *wanted)
{
	char *page = p->pages[p->tail / PAGE_SIZE % PIPE_PAGES];
	uint64_t at = page_offset(p->tail);

	*wanted =
		min_u64(uio->left, min_u64(PAGE_SIZE - at, p->head - p->tail));

	size_t n = uio_copy_to_nofault(uio, page + at, *wanted);

	p->tail += n;
	if (p->tail == p->head)
		p->head = p->tail = 0;
	return n;
}

/* Wait for a change, as far as the file's flags allow. */
static int wait_on(struct file *f, struct waitq *queue, struct pipe *p)
{
	if (f->flags & O_NONBLOCK)
		return -EAGAIN;
	return waitq_wait_interruptible(queue, &p->lock);
}

/* Bring in the user's next page, with the lock released. */
static int fault_in(struct pipe *p, struct uio *uio, int access)
{
	spin_unlock(&p->lock);

	int err = uio_fault_in(uio, access);

	spin_lock(&p->lock);
	return err;
}

static ssize_t pipe_read(struct file *f, struct uio *uio, uint64_t *offset)
{
	struct pipe *p = pipe_of(f);
	size_t total = 0;
	int err = 0;

	spin_lock(&p->lock);
	while (uio->left && !err) {
		if (p->head != p->tail) {
			size_t wanted;
			size_t n = ring_read(p, uio, &wanted);

			total += n;
			if (n < wanted)
				err = fault_in(p, uio, VM_W);
		} else if (total > 0 || p->nwriters == 0) {
			break;
		} else {
			err = wait_on(f, &p->readers, p);
		}
	}
	if (total > 0 && room(p) >= PIPE_BUF)
		waitq_wake_all(&p->writers);
	spin_unlock(&p->lock);
	return total > 0 ? (ssize_t)total : err;
}

/* Make sure that the page of byte @at is there. */
static int ring_extend(struct pipe *p, uint64_t at)
{
	char **slot = &p->pages[at / PAGE_SIZE % PIPE_PAGES];

	if (!*slot)
		*slot = kmalloc(PAGE_SIZE);
	return *slot ? 0 : -ENOMEM;
}

/* Copy @nbytes in at head, all or (user memory is missing) nothing. */
static bool ring_write(struct pipe *p, struct uio *uio, size_t nbytes)
{
	bool was_empty = p->head == p->tail;
	uint64_t head = p->head;

	while (nbytes) {
		char *page = p->pages[head / PAGE_SIZE % PIPE_PAGES];
		uint64_t at = page_offset(head);
		size_t run = min_u64(nbytes, PAGE_SIZE - at);
		size_t n = uio_copy_from_nofault(uio, page + at, run);

		if (n < run)
			return false;
		head += n;
		nbytes -= n;
	}
	p->head = head;
	if (was_empty)
		waitq_wake_all(&p->readers);
	return true;
}

/* Write some; with @whole, all that is left or nothing.  Bytes written; 0:
 * something has changed, look again; or a negative errno. */
static ssize_t write_some(struct file *f, struct pipe *p, struct uio *uio,
			  bool whole)
{
	size_t free = room(p);
	size_t n = uio->left;

	if (p->nreaders == 0)
		return -EPIPE;
	if (free < (whole ? n : 1))
		return wait_on(f, &p->writers, p);
	if (!whole)
		n = min_u64(min_u64(n, free), PAGE_SIZE - page_offset(p->head));

	int err = ring_extend(p, p->head);

	if (!err)
		err = ring_extend(p, p->head + n - 1);
	if (err)
		return err;

	struct uio start = *uio;

	if (ring_write(p, uio, n))
		return n;
	err = fault_in(p, uio, VM_R);
	*uio = start;
	return err;
}

static ssize_t pipe_write(struct file *f, struct uio *uio, uint64_t *offset)
{
	struct pipe *p = pipe_of(f);
	bool whole = uio->left <= PIPE_BUF;
	ssize_t total = 0;
	ssize_t n = 0;

	spin_lock(&p->lock);
	while (uio->left && n >= 0) {
		n = write_some(f, p, uio, whole);
		if (n > 0)
			total += n;
	}
	spin_unlock(&p->lock);
	return total > 0 ? total : n;
}

static unsigned pipe_poll(struct file *f, struct waiter *waiter)
{
	struct pipe *p = pipe_of(f);
	unsigned events = 0;

	spin_lock(&p->lock);
	if (waiter && file_readable(f))
		waitq_enter(&p->readers, &waiter[0]);
	if (waiter && file_writable(f))
		waitq_enter(&p->writers, &waiter[1]);
	if (file_readable(f)) {
		if (p->head != p->tail)
			events |= POLLIN | POLLRDNORM;
		/* A FIFO that no writer has opened yet has not hung up. */
		if (p->nwriters == 0 && p->writes != (uintptr_t)f->private)
			events |= POLLHUP;
	}
	if (file_writable(f)) {
		if (room(p) >= PIPE_BUF)
			events |= POLLOUT | POLLWRNORM;
		if (p->nreaders == 0)
			events |= POLLERR;
	}
	spin_unlock(&p->lock);
	return events;
}

static long pipe_ioctl(struct file *f, unsigned request, vaddr_t argument)
{
	struct pipe *p = pipe_of(f);

	if (request != FIONREAD)
		return -ENOTTY;
	spin_lock(&p->lock);

	int n = p->head - p->tail;

	spin_unlock(&p->lock);
	return user_write(argument, &n, sizeof(n));
}

/* --- opening and closing --- */

static struct pipe *pipe_alloc(void)
{
	struct pipe *p = kmalloc_zeroed(sizeof(*p));

	if (!p)
		return NULL;
	spin_init(&p->lock, "pipe", RANK_CACHE);
	waitq_init(&p->readers);
	waitq_init(&p->writers);
	return p;
}

static void pipe_free(struct pipe *p)
{
	for (unsigned i = 0; i < PIPE_PAGES; i++)
		kfree(p->pages[i]);
	kfree(p);
}

/* One more file on the inode's pipe, which is made for the first.
 * *peers_awaited: while the other side's count of opens is this, nobody came.
 */
static int pipe_attach(struct file *f, unsigned *peers_awaited)
{
	struct inode *inode = f->inode;
	bool reading = file_readable(f);

	inode_lock(inode);
	if (!inode->pipe)
		inode->pipe = pipe_alloc();
	if (inode->pipe)
		inode->pipe->nopen++;
	inode_unlock(inode);
	if (!inode->pipe)
		return -ENOMEM;

	struct pipe *p = inode->pipe;

	spin_lock(&p->lock);
	/* Already here, or to be waited for: said in the same instant in which
	 * we are counted.  A peer may come, see us, and go at once. */
	*peers_awaited = reading ? p->writes - (p->nwriters > 0)
				 : p->reads - (p->nreaders > 0);
	f->private = (void *)(uintptr_t)p->writes;
	p->nreaders += file_readable(f);
	p->reads += file_readable(f);
	p->nwriters += file_writable(f);
	p->writes += file_writable(f);
	waitq_wake_all(&p->readers);
	waitq_wake_all(&p->writers);
	spin_unlock(&p->lock);
	return 0;
}

static void pipe_release(struct file *f)
{
	struct inode *inode = f->inode;
	struct pipe *p = inode->pipe;

	spin_lock(&p->lock);
	p->nreaders -= file_readable(f);
	p->nwriters -= file_writable(f);
	waitq_wake_all(&p->readers);
	waitq_wake_all(&p->writers);
	spin_unlock(&p->lock);

	inode_lock(inode);

	bool last = --p->nopen == 0;

	if (last)
		inode->pipe = NULL;
	inode_unlock(inode);
	if (last)
		pipe_free(p);
}

/* fifo(7): who opens one end waits until the other has been opened. */
static int fifo_wait_peer(struct file *f, unsigned before)
{
	struct pipe *p = pipe_of(f);
	bool reading = file_readable(f);
	unsigned *opens = reading ? &p->writes : &p->reads;
	int err = 0;

	spin_lock(&p->lock);
	if (*opens == before) {
		if (f->flags & O_NONBLOCK)
			err = reading ? 0 : -ENXIO;
		else
			while (!err && *opens == before)
				err = waitq_wait_interruptible(
					reading ? &p->readers : &p->writers,
					&p->lock);
	}
	spin_unlock(&p->lock);
	return err;
}

static int fifo_open(struct file *f)
{
	unsigned before;
	int err = pipe_attach(f, &before);

	if (err || (file_readable(f) && file_writable(f)))
		return err;
	err = fifo_wait_peer(f, before);
	if (err)
		pipe_release(f);
	return err;
}

const struct file_ops file_ops_fifo = {
	.stream = true,
	.open = fifo_open,
	.read = pipe_read,
	.write = pipe_write,
	.poll = pipe_poll,
	.ioctl = pipe_ioctl,
	.release = pipe_release,
};

static int pipe_end(struct inode *inode, unsigned flags, struct file **out)
{
	struct file *f = file_new(inode, NULL, flags);

	if (!f)
		return -ENOMEM;

	unsigned unused;
	int err = pipe_attach(f, &unused);

	if (err) {
		file_discard(f);
		return err;
	}
	*out = f;
	return 0;
}

int pipe_new(struct file *ends[2], unsigned flags)
{
	struct inode *inode = pseudo_inode_new(&pipe_super, S_IFIFO | 0600);

	if (!inode)
		return -ENOMEM;

	int err = pipe_end(inode, O_RDONLY | flags, &ends[0]);

	if (!err) {
		err = pipe_end(inode, O_WRONLY | flags, &ends[1]);
		if (err)
			file_put(ends[0]);
	}
	inode_put(inode);
	return err;
}
