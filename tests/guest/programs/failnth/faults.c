// SPDX-License-Identifier: MIT
/*
 * faults.c - faults never fail for lack of memory: they are tried again.
 */

#define _GNU_SOURCE
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "testlib/files.h"
#include "trial.h"

static int file;

static int touch_memory(void)
{
	for (int i = 0; i < 5; i++)
		memory[i * PAGE] = 'x';
	return 0;
}

TEST(fault_on_fresh_memory, "The first store gets its page after all (29).")
{
	run_trial(&(struct trial){prepare_fresh, touch_memory, NULL,
				  drop_memory, 0, false});
}

/* 2 MiB that want to be huge. */
static void prepare_huge(void)
{
	memory = expect_mapped(mmap(FAR_AWAY, 512 * PAGE, BOTH,
				    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
				    0));
	expect_ok(madvise(memory, 512 * PAGE, MADV_HUGEPAGE));
}

static void prepare_stored_huge(void)
{
	prepare_huge();
	memory[0] = memory[511 * PAGE] = 'h';
}

static void huge_unchanged(void)
{
	memory[2 * PAGE] = 0;
	expect_filled(memory + 1, 0, 511 * PAGE - 1);
	expect_eq(memory[0] + memory[511 * PAGE], 2 * 'h');
	unmap(memory, 512);
}

static int store_huge(void)
{
	memory[0] = memory[511 * PAGE] = 'h';
	return 0;
}

TEST(fault_on_huge_memory,
     "A store for which there is no huge page gets a small one after all "
     "(29).")
{
	run_trial(&(struct trial){prepare_huge, store_huge, NULL,
				  huge_unchanged, 0, false});
}

static int protect_part(void)
{
	return outcome(mprotect(memory + PAGE, PAGE, PROT_READ));
}

TEST(fault_of_a_split,
     "A huge page is split without memory; what else mprotect needs of it, it "
     "needs first (29, 57).")
{
	run_trial(&(struct trial){prepare_stored_huge, protect_part,
				  huge_unchanged, huge_unchanged, 0, false});
}

static int read_zeros(void)
{
	expect_filled(memory, 0, 5 * PAGE);
	return 0;
}

TEST(fault_on_zeros, "So does the first load (29).")
{
	run_trial(&(struct trial){prepare_fresh, read_zeros, NULL, drop_memory,
				  0, false});
}

/* A file of holes, none of whose pages is in memory, mapped. */
static void prepare_holes(int flags)
{
	expect_ok(ftruncate(file, 0));
	expect_ok(ftruncate(file, 5 * PAGE));
	memory = expect_mapped(
		mmap(FAR_AWAY, 5 * PAGE, BOTH, flags | MAP_FIXED, file, 0));
}

static void prepare_shared_holes(void)
{
	prepare_holes(MAP_SHARED);
}

static void prepare_private_holes(void)
{
	prepare_holes(MAP_PRIVATE);
}

TEST(fault_on_a_file, "A page of a file is read after all (29).")
{
	file = make_sparse("file", 0);
	run_trial(&(struct trial){prepare_shared_holes, read_zeros, NULL,
				  drop_memory, 0, false});
}

TEST(fault_shared_store, "A hole is filled after all (29).")
{
	file = make_sparse("file", 0);
	run_trial(&(struct trial){prepare_shared_holes, touch_memory, NULL,
				  drop_memory, 0, false});
}

TEST(fault_private_store, "A page of a file is copied after all (29).")
{
	file = make_sparse("file", 0);
	run_trial(&(struct trial){prepare_private_holes, touch_memory, NULL,
				  drop_memory, 0, false});
}

static pid_t holder;
static int holder_end;

/* Memory that a child has, too. */
static void prepare_forked(void)
{
	int ends[2];
	char c;

	prepare_memory();
	expect_ok(pipe(ends));
	holder = expect_ok(fork());
	if (holder == 0) {
		close(ends[1]);
		_exit(read(ends[0], &c, 1) == 0 ? memory[0] : 1);
	}
	close(ends[0]);
	holder_end = ends[1];
}

static void undo_forked(void)
{
	expect_filled(memory + 1, 'o', PAGE - 1);
	close(holder_end);
	expect_exit(holder, 'o');
	drop_memory();
}

TEST(fault_copy_on_write, "A page shared after fork is copied after all (29).")
{
	run_trial(&(struct trial){prepare_forked, touch_memory, NULL,
				  undo_forked, 0, false});
}

static int read_into_memory(void)
{
	expect_eq(pread(file, memory, 5 * PAGE, 0), 5 * PAGE);
	return 0;
}

TEST(fault_inside_a_call, "read into fresh memory faults in the kernel (29).")
{
	file = make_file("file", 5 * PAGE);
	run_trial(&(struct trial){prepare_fresh, read_into_memory, NULL,
				  drop_memory, 0, false});
}

static void grow_stack(long n)
{
	volatile char deep[64 * PAGE];

	arm_child(n);
	for (int i = 63; i >= 0; i--)
		deep[i * PAGE] = 1;
	expect_eq(deep[0], 1);
	tell_parent();
}

TEST(fault_below_the_stack, "The stack grows after all (29).")
{
	run_children(grow_stack);
}
