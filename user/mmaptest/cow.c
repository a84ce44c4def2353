// SPDX-License-Identifier: MIT
/*
 * cow.c - fork: private pages are shared until one side stores.
 *
 *	before the store         after the child's store
 *	parent ──► page ◄── child     parent ──► page    child ──► copy
 *	   (both read-only)               (the last sharer may write in place)
 *
 * MAP_SHARED pages stay one page for ever.  The cases store on either side,
 * by instructions and by system calls, over several generations, and look on
 * the other.
 */

#define _GNU_SOURCE
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "testlib/counter.h"
#include "testlib/fault.h"
#include "testlib/files.h"
#include "testlib/helper.h"
#include "testlib/memory.h"
#include "testlib/where.h"

/* For one process to wait for the other: a byte through a pipe. */
struct gate {
	int ends[2];
};

static struct gate gate_make(void)
{
	struct gate gate;

	expect_ok(pipe(gate.ends));
	return gate;
}

static void gate_open(struct gate *gate)
{
	expect_eq(write(gate->ends[1], "g", 1), 1);
}

static void gate_pass(struct gate *gate)
{
	char byte;

	expect_eq(read(gate->ends[0], &byte, 1), 1);
}

TEST(childs_stores_do_not_reach_the_parent,
     "What the child stores to private memory the parent never sees "
     "(41; promise 3).")
{
	char *p = map_anonymous(3);
	pid_t child;

	memset(p, 'p', 3 * PAGE);
	child = expect_ok(fork());
	if (child == 0) {
		expect_filled(p, 'p', 3 * PAGE);
		memset(p, 'c', 2 * PAGE);
		expect_filled(p, 'c', 2 * PAGE);
		_exit(0);
	}
	expect_exit(child, 0);
	expect_filled(p, 'p', 3 * PAGE);
}

TEST(parents_stores_do_not_reach_the_child,
     "The parent's own pages are write-protected too: what it stores after "
     "fork the child never sees (42).")
{
	struct gate gate = gate_make();
	char *p = map_anonymous(2);
	pid_t child;

	memset(p, 'a', 2 * PAGE);
	child = expect_ok(fork());
	if (child == 0) {
		gate_pass(&gate);
		expect_filled(p, 'a', 2 * PAGE);
		_exit(0);
	}
	memset(p, 'b', 2 * PAGE);
	gate_open(&gate);
	expect_exit(child, 0);
}

TEST(pages_first_touched_after_fork_are_separate,
     "Pages that were untouched at fork become each side's own, zeroed.")
{
	char *p = map_anonymous(2);
	pid_t child = expect_ok(fork());

	if (child == 0) {
		memset(p, 'c', 2 * PAGE);
		_exit(0);
	}
	expect_exit(child, 0);
	expect_filled(p, 0, 2 * PAGE);
}

TEST(generations_each_keep_their_own,
     "Five generations of forks each store their number in one page and find "
     "it there when their descendants are gone.")
{
	int *p = map_anonymous(1);
	int generation = 0;
	pid_t child = 0;

	while (generation < 5 && child == 0) {
		*p = generation;
		child = expect_ok(fork());
		if (child == 0)
			generation++;
	}
	if (child != 0)
		expect_exit(child, 0);
	expect_eq(*p, generation < 5 ? generation : 4);
	if (generation > 0)
		_exit(0);
}

TEST(many_children_share_one_page,
     "Ten children at once each store to their copy of the same pages; "
     "nobody sees another's.")
{
	enum { N = 10 };
	struct gate gate = gate_make();
	char *p = map_anonymous(4);
	pid_t children[N];

	memset(p, 'p', 4 * PAGE);
	for (int i = 0; i < N; i++) {
		children[i] = expect_ok(fork());
		if (children[i] == 0) {
			memset(p, i, 4 * PAGE);
			gate_pass(&gate);
			expect_filled(p, i, 4 * PAGE);
			_exit(0);
		}
	}
	for (int i = 0; i < N; i++)
		gate_open(&gate);
	for (int i = 0; i < N; i++)
		expect_exit(children[i], 0);
	expect_filled(p, 'p', 4 * PAGE);
}

TEST(last_sharer_writes_in_place,
     "When the child is gone the parent's store takes the page over, without "
     "a copy (43).")
{
	enum { N = 64 };
	struct counter copies, reuses;
	char *p = map_anonymous(N);
	pid_t child;

	skip_unless_counted("quire_cow_reuses");
	memset(p, 'p', N * PAGE);
	child = expect_ok(fork());
	if (child == 0)
		_exit(0);
	expect_exit(child, 0);
	copies = counter_start("quire_cow_copies");
	reuses = counter_start("quire_cow_reuses");
	memset(p, 'q', N * PAGE);
	expect_counted_between(&copies, 0, 8);
	expect_counted_between(&reuses, N, N + 8);
}

TEST(first_store_after_fork_copies,
     "While both live the first store to each page copies it, once.")
{
	enum { N = 64 };
	struct counter copies;
	char *p = map_anonymous(N);
	pid_t child;

	skip_unless_counted("quire_cow_copies");
	memset(p, 'p', N * PAGE);
	child = expect_ok(fork());
	if (child == 0) {
		copies = counter_start("quire_cow_copies");
		memset(p, 'c', N * PAGE);
		memset(p, 'd', N * PAGE);
		expect_counted_between(&copies, N, N + 8);
		_exit(0);
	}
	expect_exit(child, 0);
}

TEST(fork_costs_no_data_frames,
     "A child that touches nothing of 4 MiB takes far fewer frames than "
     "that.")
{
	enum { N = 1024 };
	struct counter nfree;
	char *p = map_anonymous(N);
	pid_t child;

	skip_unless_counted("nr_free_pages");
	memset(p, 'p', N * PAGE);
	nfree = counter_start("nr_free_pages");
	child = expect_ok(fork());
	if (child == 0) {
		expect_counted_between(&nfree, -100, 0);
		_exit(0);
	}
	expect_exit(child, 0);
	expect_returned(&nfree, 16);
}

TEST(shared_anonymous_memory_is_one_over_fork,
     "MAP_SHARED|MAP_ANONYMOUS: parent, child and grandchild see each other's "
     "stores, also to pages first touched after fork (41).")
{
	volatile char *p = map_anonymous_shared(4);
	pid_t child;

	p[0] = 'p';
	child = expect_ok(fork());
	if (child == 0) {
		pid_t grandchild = expect_ok(fork());

		if (grandchild == 0) {
			p[2 * PAGE] = 'g';
			_exit(0);
		}
		expect_exit(grandchild, 0);
		expect_eq(p[0], 'p');
		expect_eq(p[2 * PAGE], 'g');
		p[PAGE] = 'c';
		p[0] = 'C';
		_exit(0);
	}
	expect_exit(child, 0);
	expect_eq(p[0], 'C');
	expect_eq(p[PAGE], 'c');
	expect_eq(p[2 * PAGE], 'g');
}

TEST(shared_anonymous_mappings_are_not_each_other,
     "Two MAP_SHARED|MAP_ANONYMOUS mappings are two pieces of memory.")
{
	char *p = map_anonymous_shared(1), *q = map_anonymous_shared(1);

	*p = 'p';
	expect_eq(*q, 0);
}

TEST(shared_file_memory_is_one_over_fork,
     "A shared file mapping that the child inherits stays the file's page, in "
     "both directions.")
{
	int fd = make_file("file", 2 * PAGE);
	volatile char *p = map_shared(fd, 2);
	pid_t child;

	p[0] = 'p';
	child = expect_ok(fork());
	if (child == 0) {
		expect_eq(p[0], 'p');
		p[PAGE] = 'c';
		_exit(0);
	}
	expect_exit(child, 0);
	expect_eq(p[PAGE], 'c');
	expect_eq(file_byte(fd, PAGE), 'c');
}

TEST(private_file_pages_are_copied_at_the_store,
     "After fork a private file page, read or written before, is each side's "
     "own at the next store.")
{
	int fd = make_file("file", 3 * PAGE);
	char *p = map_private(fd, 3);
	pid_t child;

	p[0] = 'w';
	expect_pattern(p + PAGE, PAGE, PAGE);
	child = expect_ok(fork());
	if (child == 0) {
		expect_eq(p[0], 'w');
		for (int i = 0; i < 3; i++)
			p[i * PAGE] = 'c';
		_exit(0);
	}
	expect_exit(child, 0);
	expect_eq(p[0], 'w');
	expect_pattern(p + PAGE, 2 * PAGE, PAGE);
	expect_eq(file_byte(fd, 0), pattern(0));
}

TEST(kernels_stores_break_sharing_too,
     "read(2) into a page that fork shared gives the reader its own copy "
     "(25, 42).")
{
	int fd = make_file("file", PAGE);
	char *p = map_anonymous(1);
	pid_t child;

	memset(p, 'p', PAGE);
	child = expect_ok(fork());
	if (child == 0) {
		expect_eq(pread(fd, p, PAGE, 0), PAGE);
		expect_pattern(p, PAGE, 0);
		_exit(0);
	}
	expect_exit(child, 0);
	expect_filled(p, 'p', PAGE);
}

TEST(read_only_memory_stays_read_only_after_fork,
     "Copy-on-write must not be taken for a right to write: a read-only page "
     "is SIGSEGV in both.")
{
	char *p = map_anonymous(1);
	pid_t child;

	*p = 'r';
	expect_ok(mprotect(p, PAGE, PROT_READ));
	child = expect_ok(fork());
	expect_fault(fault_write(p, 1), SIGSEGV, SEGV_ACCERR, p);
	expect_eq(*p, 'r');
	if (child == 0)
		_exit(0);
	expect_exit(child, 0);
}

TEST(code_still_runs_after_fork_and_copy,
     "A copy-on-write page keeps its right to be executed, and U (19).")
{
	static const uint32_t code[] = {0x02a00513, 0x00008067}; /* return 42 */
	char *p = expect_mapped(mmap(NULL, PAGE,
				     PROT_READ | PROT_WRITE | PROT_EXEC,
				     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	int (*function)(void) = (int (*)(void))p;
	pid_t child;

	memcpy(p, code, sizeof(code));
	__builtin___clear_cache(p, p + sizeof(code));
	child = expect_ok(fork());
	p[PAGE - 1] = 1;
	expect_eq(function(), 42);
	if (child == 0)
		_exit(0);
	expect_exit(child, 0);
}

TEST(childs_munmap_leaves_the_parents_mapping,
     "The child unmaps and changes rights in its own list only (41).")
{
	int fd = make_file("file", 4 * PAGE);
	char *p = map_shared(fd, 4);
	pid_t child;

	expect_pattern(p, PAGE, 0);
	child = expect_ok(fork());
	if (child == 0) {
		unmap(p, 2);
		expect_ok(mprotect(p + 2 * PAGE, 2 * PAGE, PROT_NONE));
		_exit(0);
	}
	expect_exit(child, 0);
	expect_pattern(p, 4 * PAGE, 0);
	p[3 * PAGE] = 'p';
}

TEST(mapping_lives_in_the_child_alone,
     "The parent closes, unlinks and unmaps the file: the child's mapping "
     "holds it (41, 44).")
{
	struct gate gate = gate_make();
	int fd = make_file("file", 4 * PAGE);
	char *p = map_shared(fd, 4);
	pid_t child = expect_ok(fork());

	if (child == 0) {
		expect_ok(close(fd));
		gate_pass(&gate);
		expect_pattern(p, 4 * PAGE, 0);
		_exit(0);
	}
	expect_ok(unlink("file"));
	expect_ok(close(fd));
	unmap(p, 4);
	gate_open(&gate);
	expect_exit(child, 0);
}

TEST(heap_and_stack_are_copied,
     "brk's memory and the stack are the child's own.")
{
	char *heap = sbrk(PAGE);
	volatile char stack[PAGE];
	pid_t child;

	expect_ok((long)heap);
	heap[0] = 'h';
	memset((char *)stack, 's', PAGE);
	child = expect_ok(fork());
	if (child == 0) {
		heap[0] = 'c';
		memset((char *)stack, 'c', PAGE);
		expect_ok((long)sbrk(16 * PAGE));
		_exit(0);
	}
	expect_exit(child, 0);
	expect_eq(heap[0], 'h');
	expect_filled(stack, 's', PAGE);
	expect_eq(sbrk(0), heap + PAGE);
}

TEST(fork_with_a_thousand_intervals,
     "A child gets all of 1,000 intervals with their rights and bytes (41).")
{
	enum { N = 1000 };
	char *p = map_anonymous(N);
	pid_t child;

	for (size_t i = 0; i < N; i++) {
		if (i % 10 == 0)
			p[i * PAGE] = i / 10;
		if (i % 2)
			expect_ok(mprotect(p + i * PAGE, PAGE, PROT_READ));
	}
	child = expect_ok(fork());
	if (child == 0) {
		for (size_t i = 0; i < N; i += 10)
			expect_eq(p[i * PAGE], (char)(i / 10));
		expect_no_fault(fault_write(p + 500 * PAGE, 1));
		expect_fault(fault_write(p + 501 * PAGE, 1), SIGSEGV,
			     SEGV_ACCERR, p + 501 * PAGE);
		_exit(0);
	}
	expect_exit(child, 0);
	expect_eq(p[500 * PAGE], 50);
	unmap(p, N);
}

TEST(exec_starts_with_a_clean_address_space,
     "After execve nothing of the old mappings is left: the new image, much "
     "larger than what was free of holes, runs (44).")
{
	char *p = map_anonymous_shared(2);
	pid_t child;

	skip_unless_exec_works();
	p[0] = 'o';
	child = expect_ok(fork());
	if (child == 0) {
		p[1] = 'x';
		execl(program_path(), "mmaptest", "@exit", "9", NULL);
		_exit(1);
	}
	expect_exit(child, 9);
	expect_eq(p[1], 'x');
}

TEST(exec_that_fails_keeps_the_old_image,
     "execve of garbage returns ENOEXEC to a process whose memory is all "
     "there (44).")
{
	char *const args[] = {"garbage", NULL};
	char *p = map_anonymous(2);

	memset(p, 'k', 2 * PAGE);
	make_text("garbage", "\177ELF but no further");
	expect_ok(chmod("garbage", 0755));
	expect_errno(execv("./garbage", args), ENOEXEC);
	expect_filled(p, 'k', 2 * PAGE);
}
