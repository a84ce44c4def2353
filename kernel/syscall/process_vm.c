// SPDX-License-Identifier: MIT
/*
 * process_vm.c - process_vm_readv and process_vm_writev: from one process's
 * memory to another's, as a debugger wants it.
 *
 * The bytes go by way of a page of the kernel's: the other's memory is faulted
 * in and copied as its owner would see it (mm_copy), ours as for any read or
 * write.  What could be moved before either side ends is the answer.
 *
 * Locking: the tree, to find the address space, which is then counted.
 */

#include "kernel/lib/errno.h"
#include "kernel/sync/sched.h"
#include "kernel/syscall/calls.h"
#include "kernel/syscall/vector.h"
#include "kernel/task/process.h"
#include "mm/slab.h"

/* The address space of the task @tid, counted, or NULL. */
static struct mm *mm_of(int tid)
{
	struct pid *id;
	struct mm *mm = NULL;

	spin_lock(&process_tree_lock);
	id = pid_find(tid);
	if (id && id->task && id->task->process)
		mm = id->task->process->mm;
	if (mm)
		mm_get(mm);
	spin_unlock(&process_tree_lock);
	return mm;
}

/* Between @uio and [va, va + nbytes) of @mm, through @page; how many bytes. */
static size_t move_range(struct mm *mm, vaddr_t va, size_t nbytes,
			 struct uio *uio, void *page, bool write)
{
	size_t done = 0;
	size_t part, moved;

	do {
		part = min_u64(nbytes - done, uio->left);
		part = min_u64(part, PAGE_SIZE - page_offset(va + done));
		moved = write ? uio_copy_from(uio, page, part) : part;
		moved = mm_copy(mm, va + done, page, moved, write);
		if (!write)
			moved = uio_copy_to(uio, page, moved);
		done += moved;
		sched_point();
	} while (part && moved == part && !sched_killed());
	return done;
}

static ssize_t move_vectors(int tid, struct uio *uio, const struct iovec *far,
			    size_t nfar, bool write)
{
	size_t total = 0, done = 0;

	for (size_t i = 0; i < nfar; i++)
		total += far[i].iov_len;
	if (!total)
		return 0;

	void *page = kmalloc(PAGE_SIZE);
	struct mm *mm = page ? mm_of(tid) : NULL;

	for (size_t i = 0; mm && i < nfar && uio->left; i++) {
		size_t moved = move_range(mm, (vaddr_t)far[i].iov_base,
					  far[i].iov_len, uio, page, write);

		done += moved;
		if (moved < far[i].iov_len)
			break;
	}
	kfree(page);
	if (!mm)
		return page ? -ESRCH : -ENOMEM;
	mm_put(mm);
	return done ? (ssize_t)done : -EFAULT;
}

static long move_across(const uint64_t *arg, bool write)
{
	struct iovec near_small[SMALL_VECTOR], far_small[SMALL_VECTOR];
	struct iovec *near, *far;
	struct uio uio;

	if (arg[5])
		return -EINVAL;

	long n = vector_get(arg[1], arg[2], near_small, &near);

	if (n)
		return n;
	uio_init_vector(&uio, near, arg[2]);
	if (uio.left)
		n = vector_get(arg[3], arg[4], far_small, &far);
	if (uio.left && !n) {
		n = move_vectors(arg[0], &uio, far, arg[4], write);
		if (far != far_small)
			kfree(far);
	}
	if (near != near_small)
		kfree(near);
	return n;
}

SYSCALL(process_vm_readv)
{
	return move_across(arg, false);
}

SYSCALL(process_vm_writev)
{
	return move_across(arg, true);
}
