// SPDX-License-Identifier: MIT
/*
 * process_vm.c - process_vm_readv and process_vm_writev: from one process's
 * memory to another's, as a debugger wants it.
 *
 * The bytes go by way of a page of the kernel's: the other's memory is faulted
 * in and copied as its owner would see it (mm_move); but what it may only
 * write is not read, though harts would let it do so.  Ours is as for any read
 * or write.  What could be moved before either side ends is the answer.
 */

#include "kernel/lib/errno.h"
#include "kernel/syscall/calls.h"
#include "fs/procfs.h"
#include "kernel/syscall/vector.h"
#include "mm/mmap.h"
#include "mm/slab.h"

/* Between @uio and [va, va + nbytes) of @mm, page by page.  The other's is
 * brought in first, whatever comes of ours.  How many bytes. */
static size_t move_range(struct mm *mm, vaddr_t va, size_t nbytes,
			 struct uio *uio, void *page, bool write)
{
	size_t done = 0;

	nbytes = min_u64(nbytes, uio->left);
	while (done < nbytes) {
		vaddr_t at = va + done;
		size_t n = min_u64(nbytes - done, PAGE_SIZE - page_offset(at));
		ssize_t moved = mmap_populate_next(mm, &at, at + 1,
						   write ? VM_W : VM_R);

		if (!moved)
			moved = mm_move(mm, va + done, n, uio, page, write);
		if (moved > 0)
			done += moved;
		if (moved != (ssize_t)n)
			break;
	}
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
	struct mm *mm = page ? process_mm_get(tid) : NULL;

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
