// SPDX-License-Identifier: MIT
/*
 * mappings.c - calls that change the list of intervals.
 */

#define _GNU_SOURCE
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "testlib/files.h"
#include "trial.h"

enum { ANONYMOUS = MAP_PRIVATE | MAP_ANONYMOUS };

static int file;

static int map_at(void *at, int flags, int fd)
{
	void *p = mmap(at, PAGE, BOTH, flags, fd, 0);

	if (p == MAP_FAILED)
		return errno;
	if (!(flags & MAP_FIXED))
		expect_ok(munmap(p, PAGE));
	return 0;
}

static int try_mmap_anonymous(void)
{
	return map_at(NULL, ANONYMOUS, -1);
}

TEST(mmap_anonymous, "mmap of private memory (29).")
{
	run_trial(&(struct trial){.try = try_mmap_anonymous});
}

static int try_mmap_shared_anonymous(void)
{
	return map_at(NULL, MAP_SHARED | MAP_ANONYMOUS, -1);
}

TEST(mmap_shared_anonymous, "mmap of shared memory makes a nameless file (29).")
{
	run_trial(&(struct trial){.try = try_mmap_shared_anonymous,
				  .errno_wanted = ENFILE});
}

static int try_mmap_file(void)
{
	return map_at(NULL, MAP_SHARED, file);
}

TEST(mmap_file, "mmap of a file (29).")
{
	file = make_file("file", PAGE);
	run_trial(&(struct trial){.try = try_mmap_file});
}

static int try_mmap_populate(void)
{
	return map_at(NULL, MAP_PRIVATE | MAP_POPULATE, file);
}

TEST(mmap_populate, "MAP_POPULATE without memory leaves it to the fault (29).")
{
	file = make_file("file", PAGE);
	run_trial(&(struct trial){.try = try_mmap_populate});
}

static int try_mmap_fixed(void)
{
	return map_at(memory + 2 * PAGE, ANONYMOUS | MAP_FIXED, -1);
}

TEST(mmap_fixed_over_another,
     "MAP_FIXED cuts what is there, or leaves it (29).")
{
	run_trial(&(struct trial){prepare_memory, try_mmap_fixed,
				  memory_unchanged, drop_memory, 0, false});
}

static int try_munmap_middle(void)
{
	return outcome(munmap(memory + 2 * PAGE, PAGE));
}

TEST(munmap_middle, "munmap makes one interval two, or leaves it (29).")
{
	run_trial(&(struct trial){prepare_memory, try_munmap_middle,
				  memory_unchanged, drop_memory, 0, false});
}

static int try_mprotect_middle(void)
{
	return outcome(mprotect(memory + 2 * PAGE, PAGE, PROT_READ));
}

TEST(mprotect_middle, "mprotect makes one interval three, or leaves it (29).")
{
	run_trial(&(struct trial){prepare_memory, try_mprotect_middle,
				  memory_unchanged, drop_memory, 0, false});
}

static int try_mremap(void)
{
	void *p = mremap(memory, 5 * PAGE, 9 * PAGE,
			 MREMAP_MAYMOVE | MREMAP_FIXED, memory + (1l << 30));

	if (p == MAP_FAILED)
		return errno;
	expect_filled(p, 'o', 5 * PAGE);
	return outcome(munmap(p, 9 * PAGE));
}

TEST(mremap_moves, "mremap moves all pages, or none (29).")
{
	prepare_memory();
	if (mremap(memory, 5 * PAGE, 5 * PAGE, 0) == MAP_FAILED &&
	    errno == ENOSYS)
		skip("this kernel has no mremap");
	run_trial(&(struct trial){.prepare = prepare_memory,
				  .try = try_mremap,
				  .unchanged = memory_unchanged});
}

static int try_madvise(void)
{
	return outcome(madvise(memory + PAGE, PAGE, MADV_DONTNEED));
}

TEST(madvise_drops_pages, "Throwing pages away takes no memory (29).")
{
	run_trial(&(struct trial){prepare_memory, try_madvise, NULL, NULL, 0,
				  true});
}

static int try_mlock(void)
{
	return outcome(mlock(memory + 2 * PAGE, PAGE));
}

TEST(mlock_middle, "mlock makes one interval three, or leaves it (29).")
{
	run_trial(&(struct trial){prepare_memory, try_mlock, memory_unchanged,
				  drop_memory, 0, false});
}

static int try_populate(void)
{
	return outcome(madvise(memory, 5 * PAGE, MADV_POPULATE_WRITE));
}

TEST(madvise_populates, "MADV_POPULATE_WRITE without memory says so (29).")
{
	run_trial(&(struct trial){.prepare = prepare_fresh,
				  .try = try_populate,
				  .undo = drop_memory});
}

static int try_memfd(void)
{
	int fd = memfd_create("memory", 0);

	return fd < 0 ? errno : outcome(close(fd));
}

TEST(memfd_is_made, "memfd_create, whose file has no name (29).")
{
	run_trial(&(struct trial){.try = try_memfd, .errno_wanted = ENFILE});
}

/* --- the heap --- */

static char *heap;

static int try_brk(void)
{
	/* glibc's: -1 and ENOMEM if the kernel's end is not what was asked. */
	return outcome(brk(heap + 5 * PAGE));
}

static void undo_brk(void)
{
	heap[5 * PAGE - 1] = 1;
	expect_ok(brk(heap));
}

TEST(brk_grows, "The heap's end moves, or stays (29).")
{
	heap = sbrk(0);
	heap += -(uintptr_t)heap & (PAGE - 1);
	expect_ok(brk(heap));
	expect_ok(mprotect(heap - PAGE, PAGE,
			   PROT_READ | PROT_WRITE | PROT_EXEC));
	run_trial(&(struct trial){.try = try_brk, .undo = undo_brk});
}
