// SPDX-License-Identifier: MIT
/*
 * memory.c - the memory system calls: descriptors become files here; all else
 * is checked and done in mm/mmap.h.
 */

#include <asm/unistd.h>
#include <linux/mman.h>

#include "arch/riscv/pagetable.h"
#include "fs/memfile.h"
#include "kernel/lib/trace.h"
#include "kernel/syscall/calls.h"
#include "kernel/task/task.h"
#include "mm/mmap.h"

static struct mm *own_mm(void)
{
	return task_current()->mm;
}

/* The descriptor's file, and what it may be mapped for. */
static int find_file(struct mmap_request *request, int fd)
{
	struct file *f;
	int err = fdtable_get(task_current()->process->files, fd, &f);

	if (err)
		return err;
	if (f->flags & O_PATH) {
		file_put(f);
		return -EBADF;
	}
	request->file = f;
	request->may_read = file_readable(f);
	request->may_write = file_writable(f);
	return 0;
}

/* If others could see the stores, the file's seals have a say. */
static int map_sealed(struct mmap_request *request, vaddr_t *at)
{
	bool seen = request->file && request->may_write &&
		    (request->flags & MAP_TYPE) != MAP_PRIVATE;

	if (seen)
		request->sealed = seals_map_begin(request->file);

	int err = mmap_map(own_mm(), request, at);

	if (seen)
		seals_map_end(request->file, request->sealed);
	return err;
}

static long map(const uint64_t *arg)
{
	struct mmap_request request = {
		.addr = arg[0],
		.nbytes = arg[1],
		.prot = arg[2],
		.flags = arg[3],
		.offset = arg[5],
	};
	vaddr_t at;
	int err = 0;

	if (page_offset(request.offset))
		return -EINVAL;
	if (!(request.flags & MAP_ANONYMOUS))
		err = find_file(&request, arg[4]);
	if (err)
		return err;
	err = map_sealed(&request, &at);
	if (request.file)
		file_put(request.file);
	return err ? err : (long)at;
}

SYSCALL(mmap)
{
	uint64_t began = trace_clock();
	long result = map(arg);

	trace_since(began, TRACE_MMAP, result, arg[1], arg[2], arg[3]);
	return result;
}

SYSCALL(mremap)
{
	struct mremap_request request = {
		.addr = arg[0],
		.old_nbytes = arg[1],
		.new_nbytes = arg[2],
		.flags = arg[3],
		.to = arg[4],
	};
	int err = mmap_remap(own_mm(), &request);

	return err ? err : (long)request.to;
}

SYSCALL(munmap)
{
	uint64_t began = trace_clock();
	int err = mmap_unmap(own_mm(), arg[0], arg[1]);

	trace_since(began, TRACE_MUNMAP, arg[0], arg[1], err);
	return err;
}

SYSCALL(mprotect)
{
	uint64_t began = trace_clock();
	int err = mmap_protect(own_mm(), arg[0], arg[1], arg[2]);

	trace_since(began, TRACE_MPROTECT, arg[0], arg[1], arg[2], err);
	return err;
}

SYSCALL(msync)
{
	uint64_t began = trace_clock();
	int err = mmap_sync(own_mm(), arg[0], arg[1], arg[2]);

	trace_since(began, TRACE_MSYNC, arg[0], arg[1], arg[2], err);
	return err;
}

SYSCALL(madvise)
{
	return mmap_advise(own_mm(), arg[0], arg[1], arg[2]);
}

SYSCALL(mincore)
{
	return mmap_resident(own_mm(), arg[0], arg[1], arg[2]);
}

SYSCALL(brk)
{
	return mmap_brk(own_mm(), arg[0]);
}

SYSCALL(mlock)
{
	return mmap_lock(own_mm(), arg[0], arg[1], VMA_LOCKED);
}

SYSCALL(mlock2)
{
	if ((int)arg[2] & ~MLOCK_ONFAULT)
		return -EINVAL;
	return mmap_lock(own_mm(), arg[0], arg[1],
			 VMA_LOCKED | (arg[2] ? VMA_ONFAULT : 0));
}

SYSCALL(munlock)
{
	return mmap_lock(own_mm(), arg[0], arg[1], 0);
}

SYSCALL(mlockall)
{
	int flags = arg[0];

	if (!flags || flags == MCL_ONFAULT ||
	    (flags & ~(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT)))
		return -EINVAL;
	return mmap_lock_all(own_mm(), flags);
}

SYSCALL(munlockall)
{
	return mmap_lock_all(own_mm(), 0);
}

SYSCALL(riscv_flush_icache)
{
	/* The only flag is "this thread only", which may move. */
	if (arg[2] & ~1ul)
		return -EINVAL;
	icache_flush_all();
	return 0;
}
