// SPDX-License-Identifier: MIT
/*
 * eventfd.c - a counter with a descriptor: one task adds to it, another waits
 * until it is not zero, and takes it.
 *
 * write(2) adds, and waits while the sum would be 2^64 - 1 or more; read(2)
 * waits for something to be there, and takes all, or one if it is a semaphore.
 * So it can be waited for together with files, in poll(2) or epoll(7).
 *
 * Locks: e->lock, under which user memory is not touched.
 * Tests: usertests.
 */
#include "fs/eventpoll.h"
#include "fs/pseudo.h"
#include "kernel/lib/errno.h"
#include "mm/slab.h"

struct eventfd {
	struct spinlock lock;
	bool semaphore;
	uint64_t count;                /* under lock; below UINT64_MAX */
	struct waitq readers, writers; /* for count > 0; for room */
};

static int wait_on(struct file *f, struct waitq *queue, struct eventfd *e)
{
	return f->flags & O_NONBLOCK
		       ? -EAGAIN
		       : waitq_wait_interruptible(queue, &e->lock);
}

static ssize_t eventfd_read(struct file *f, struct uio *uio, uint64_t *offset)
{
	struct eventfd *e = f->private;
	uint64_t taken = 0;
	int err = 0;

	if (uio->left < sizeof(taken))
		return -EINVAL;
	spin_lock(&e->lock);
	while (!e->count && !err)
		err = wait_on(f, &e->readers, e);
	if (!err) {
		taken = e->semaphore ? 1 : e->count;
		e->count -= taken;
		waitq_wake_all(&e->writers);
	}
	spin_unlock(&e->lock);
	if (err)
		return err;
	return uio_copy_to(uio, &taken, sizeof(taken)) == sizeof(taken)
		       ? (ssize_t)sizeof(taken)
		       : -EFAULT;
}

static ssize_t eventfd_write(struct file *f, struct uio *uio, uint64_t *offset)
{
	struct eventfd *e = f->private;
	uint64_t added;
	int err = 0;

	if (uio->left < sizeof(added))
		return -EINVAL;
	if (uio_copy_from(uio, &added, sizeof(added)) != sizeof(added))
		return -EFAULT;
	if (added == UINT64_MAX)
		return -EINVAL;
	spin_lock(&e->lock);
	while (added >= UINT64_MAX - e->count && !err)
		err = wait_on(f, &e->writers, e);
	if (!err) {
		e->count += added;
		if (e->count)
			waitq_wake_all(&e->readers);
	}
	spin_unlock(&e->lock);
	return err ? err : (ssize_t)sizeof(added);
}

static unsigned eventfd_poll(struct file *f, struct waiter *waiter)
{
	struct eventfd *e = f->private;
	unsigned events = 0;

	spin_lock(&e->lock);
	if (waiter) {
		waitq_enter(&e->readers, &waiter[0]);
		waitq_enter(&e->writers, &waiter[1]);
	}
	if (e->count)
		events |= POLLIN;
	if (e->count < UINT64_MAX - 1)
		events |= POLLOUT;
	spin_unlock(&e->lock);
	return events;
}

static void eventfd_release(struct file *f)
{
	kfree(f->private);
}

static const struct file_ops eventfd_ops = {
	.stream = true,
	.kind = "anon_inode:[eventfd]",
	.read = eventfd_read,
	.write = eventfd_write,
	.poll = eventfd_poll,
	.release = eventfd_release,
};

int eventfd_new(uint64_t count, unsigned flags, struct file **out)
{
	struct eventfd *e = kmalloc_zeroed(sizeof(*e));
	int err = e ? 0 : -ENOMEM;

	if (!err) {
		spin_init(&e->lock, "eventfd", RANK_CACHE);
		waitq_init(&e->readers);
		waitq_init(&e->writers);
		e->count = count;
		e->semaphore = flags & EFD_SEMAPHORE;
		err = pseudo_file_new(&eventfd_ops, e, flags & O_NONBLOCK, out);
	}
	if (err)
		kfree(e);
	return err;
}
