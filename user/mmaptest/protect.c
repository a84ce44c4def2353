// SPDX-License-Identifier: MIT
/*
 * protect.c - rights: what PROT_* allow, and mprotect, which changes them for
 * any range by cutting intervals and merging them again.
 *
 *	PROT_NONE          nothing
 *	PROT_READ          load
 *	PROT_WRITE         store and load (RISC-V has no write-only page)
 *	PROT_EXEC          fetch only
 *
 * Code to execute is made by copying small functions of this file, so that
 * the cases know nothing of instruction encodings.
 */

#define _GNU_SOURCE
#include <string.h>
#include <unistd.h>

#include "testlib/counter.h"
#include "testlib/fault.h"
#include "testlib/files.h"
#include "testlib/memory.h"
#include "testlib/where.h"

enum {
	READ_WRITE = PROT_READ | PROT_WRITE,
	READ_EXEC = PROT_READ | PROT_EXEC,
	CODE_BYTES = 32, /* enough for either function */
};

typedef int answer(void);

static __attribute__((noipa, aligned(32))) int answer_one(void)
{
	return 1;
}

static __attribute__((noipa, aligned(32))) int answer_two(void)
{
	return 2;
}

static void put_code(char *to, answer *function)
{
	memcpy(to, (void *)function, CODE_BYTES);
	__builtin___clear_cache(to, to + CODE_BYTES);
}

static int run(char *code)
{
	return ((answer *)code)();
}

static char *map_with(size_t npages, int prot)
{
	return expect_mapped(mmap(NULL, npages * PAGE, prot,
				  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
}

static void protect(void *at, size_t npages, int prot)
{
	expect_ok(mprotect(at, npages * PAGE, prot));
}

TEST(none_allows_nothing, "PROT_NONE can't be read, written or executed (22).")
{
	char *p = map_with(1, PROT_NONE);

	expect_fault(fault_read(p), SIGSEGV, SEGV_ACCERR, p);
	expect_fault(fault_write(p, 1), SIGSEGV, SEGV_ACCERR, p);
	expect_fault(fault_jump(p), SIGSEGV, SEGV_ACCERR, p);
}

TEST(read_only_refuses_stores,
     "A store to a PROT_READ page is SIGSEGV (ACCERR), resident or not, and "
     "does not loop (22).")
{
	char *p = map_with(2, PROT_READ);

	expect_fault(fault_write(p, 1), SIGSEGV, SEGV_ACCERR, p);
	expect_filled(p, 0, 2 * PAGE);
	expect_fault(fault_write(p + PAGE, 1), SIGSEGV, SEGV_ACCERR, p + PAGE);
	expect_filled(p, 0, 2 * PAGE);
}

TEST(write_implies_read,
     "PROT_WRITE alone can be read as well, whichever comes first: W without "
     "R is no page-table entry (20).")
{
	char *p = map_with(2, PROT_WRITE);

	expect_no_fault(fault_read(p));
	expect_no_fault(fault_write(p, 1));
	expect_no_fault(fault_write(p + PAGE, 1));
	expect_eq(p[PAGE], 1);
	p = map_with(1, PROT_READ);
	protect(p, 1, PROT_WRITE);
	expect_no_fault(fault_write(p, 7));
	expect_eq(*p, 7);
}

TEST(write_and_execute_implies_read,
     "PROT_WRITE|PROT_EXEC can be read, written and executed (20).")
{
	char *p = map_with(1, PROT_WRITE | PROT_EXEC);

	put_code(p, answer_one);
	expect_eq(run(p), 1);
	expect_bytes(p, (void *)answer_one, CODE_BYTES);
}

TEST(execute_only_executes, "Code in a page with PROT_EXEC alone runs.")
{
	char *p = map_anonymous(1);

	put_code(p, answer_one);
	protect(p, 1, PROT_EXEC);
	expect_eq(run(p), 1);
	expect_fault(fault_write(p, 1), SIGSEGV, SEGV_ACCERR, p);
}

TEST(execute_only_cannot_be_read,
     "PROT_EXEC alone is execute-only: loads are SIGSEGV, and the kernel does "
     "not read it for us either (20, 25).")
{
	char *p = map_anonymous(1);
	int fd = make_sparse("file", 0);

	skip_on(ON_EMULATOR | ON_LINUX, "not every processor can do it");
	put_code(p, answer_one);
	protect(p, 1, PROT_EXEC);
	expect_fault(fault_read(p), SIGSEGV, SEGV_ACCERR, p);
	expect_errno(write(fd, p, 1), EFAULT);
	expect_eq(run(p), 1);
}

TEST(data_is_not_executed,
     "A jump into memory without PROT_EXEC is SIGSEGV (ACCERR) at that "
     "address: data, heap and stack (22).")
{
	static char data[2 * CODE_BYTES] __attribute__((aligned(64)));
	char stack[2 * CODE_BYTES] __attribute__((aligned(64)));
	char *p = map_anonymous(1);

	put_code(p, answer_one);
	put_code(data, answer_one);
	put_code(stack, answer_one);
	expect_fault(fault_jump(p), SIGSEGV, SEGV_ACCERR, p);
	expect_fault(fault_jump(data), SIGSEGV, SEGV_ACCERR, data);
	expect_fault(fault_jump(stack), SIGSEGV, SEGV_ACCERR, stack);
}

TEST(code_is_executed_from_a_file,
     "A mapped file's bytes can be run, shared and private.")
{
	int fd = make_sparse("file", PAGE);
	char *p;

	expect_eq(pwrite(fd, (void *)answer_two, CODE_BYTES, 0), CODE_BYTES);
	p = expect_mapped(mmap(NULL, PAGE, READ_EXEC, MAP_PRIVATE, fd, 0));
	expect_eq(run(p), 2);
	p = expect_mapped(mmap(NULL, PAGE, READ_EXEC, MAP_SHARED, fd, 0));
	expect_eq(run(p), 2);
	expect_fault(fault_write(p, 1), SIGSEGV, SEGV_ACCERR, p);
}

TEST(new_code_replaces_old,
     "Code written over code that has already run is what runs next, after "
     "mprotect and a cache flush (49).")
{
	char *p = map_anonymous(1);

	for (int i = 0; i < 20; i++) {
		protect(p, 1, READ_WRITE);
		put_code(p, i % 2 ? answer_two : answer_one);
		protect(p, 1, READ_EXEC);
		expect_eq(run(p), i % 2 ? 2 : 1);
	}
}

TEST(new_code_in_a_page_at_an_old_address,
     "Code at an address where other code ran before, in another page, is "
     "the new one (48, 49).")
{
	char *p = reserve(1);

	for (int i = 0; i < 20; i++) {
		expect_mapped(mmap(p, PAGE, READ_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
				   0));
		put_code(p, i % 2 ? answer_two : answer_one);
		protect(p, 1, READ_EXEC);
		expect_eq(run(p), i % 2 ? 2 : 1);
	}
}

TEST(text_cannot_be_written,
     "The program's own code and constants are read-only: SIGSEGV (ACCERR).")
{
	static const char constant[] = "constant";
	char *code = (char *)(void *)answer_one, *data = (char *)constant;

	expect_fault(fault_write(code, 0), SIGSEGV, SEGV_ACCERR, code);
	expect_fault(fault_write(data, 0), SIGSEGV, SEGV_ACCERR, data);
	expect_eq(answer_one(), 1);
	expect_eq(*(volatile char *)data, 'c');
}

TEST(text_can_be_written_after_mprotect,
     "Code pages are a private mapping: made writable, a patch is this "
     "process's own.")
{
	char *page = (char *)((unsigned long)answer_two & -(unsigned long)PAGE);
	pid_t child = expect_ok(fork());

	if (child == 0) {
		protect(page, 1, READ_WRITE | PROT_EXEC);
		put_code((char *)(void *)answer_two, answer_one);
		expect_eq(answer_two(), 1);
		_exit(0);
	}
	expect_exit(child, 0);
	expect_eq(answer_two(), 2);
}

TEST(downgrade_holds_for_resident_pages,
     "mprotect to read-only stops stores to pages that were being written, at "
     "once (46).")
{
	char *p = map_anonymous(3);

	memset(p, 'd', 3 * PAGE);
	protect(p, 3, PROT_READ);
	for (int i = 0; i < 3; i++)
		expect_fault(fault_write(p + i * PAGE, 1), SIGSEGV, SEGV_ACCERR,
			     p + i * PAGE);
	expect_filled(p, 'd', 3 * PAGE);
}

TEST(none_and_back_keeps_the_bytes,
     "PROT_NONE hides pages without losing them, anonymous and of files.")
{
	int fd = make_file("file", 2 * PAGE);
	char *p = map_anonymous(2), *q = map_private(fd, 2);

	memset(p, 'k', 2 * PAGE);
	q[PAGE] = 'k';
	protect(p, 2, PROT_NONE);
	protect(q, 2, PROT_NONE);
	expect_fault(fault_read(p), SIGSEGV, SEGV_ACCERR, p);
	expect_fault(fault_read(q + PAGE), SIGSEGV, SEGV_ACCERR, q + PAGE);
	protect(p, 2, READ_WRITE);
	protect(q, 2, PROT_READ);
	expect_filled(p, 'k', 2 * PAGE);
	expect_eq(q[PAGE], 'k');
	expect_pattern(q, PAGE, 0);
}

TEST(upgrade_of_shared_page_reaches_the_file,
     "A shared mapping made writable by mprotect writes to the file, not to a "
     "copy.")
{
	int fd = make_file("file", 2 * PAGE);
	char *p = expect_mapped(
		mmap(NULL, 2 * PAGE, PROT_READ, MAP_SHARED, fd, 0));

	expect_pattern(p, PAGE, 0);
	protect(p, 2, READ_WRITE);
	p[0] = p[PAGE] = 'u';
	expect_eq(file_byte(fd, 0), 'u');
	expect_eq(file_byte(fd, PAGE), 'u');
}

TEST(upgrade_of_private_page_copies,
     "A private file page made writable by mprotect is copied at the store; "
     "the file keeps its byte.")
{
	int fd = make_file("file", PAGE);
	char *p =
		expect_mapped(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0));

	expect_pattern(p, PAGE, 0);
	protect(p, 1, READ_WRITE);
	p[0] = 'u';
	expect_eq(file_byte(fd, 0), pattern(0));
}

TEST(middle_can_have_other_rights,
     "mprotect of the middle page leaves the ends writable, their bytes and "
     "file offsets as they were.")
{
	int fd = make_file("file", 3 * PAGE);
	char *p = map_shared(fd, 3);

	protect(p + PAGE, 1, PROT_READ);
	expect_fault(fault_write(p + PAGE, 1), SIGSEGV, SEGV_ACCERR, p + PAGE);
	expect_pattern(p, 3 * PAGE, 0);
	p[PAGE - 1] = p[2 * PAGE] = 'm';
	expect_eq(file_byte(fd, PAGE - 1), 'm');
	expect_eq(file_byte(fd, 2 * PAGE), 'm');
}

TEST(every_second_page_can_have_other_rights,
     "200 pages, alternately read-only: each refuses or takes its store, and "
     "all do after one mprotect over the whole.")
{
	enum { N = 200 };
	char *p = map_anonymous(N);

	for (int i = 0; i < N; i += 2)
		protect(p + i * PAGE, 1, PROT_READ);
	for (int i = 0; i < N; i++)
		expect_eq(fault_write(p + i * PAGE, i).signal,
			  i % 2 ? 0 : SIGSEGV);
	protect(p, N, READ_WRITE);
	for (int i = 0; i < N; i++) {
		expect_eq(p[i * PAGE], i % 2 ? (char)i : 0);
		expect_no_fault(fault_write(p + i * PAGE, 1));
	}
}

TEST(mprotect_stops_at_a_hole,
     "Across a hole mprotect changes what lies before it and returns ENOMEM "
     "(5).")
{
	char *p = map_anonymous(4);

	memset(p, 1, 4 * PAGE);
	unmap(p + 2 * PAGE, 1);
	expect_errno(mprotect(p, 4 * PAGE, PROT_READ), ENOMEM);
	if (where() != ON_EMULATOR) { /* which looks for holes first */
		expect_fault(fault_write(p, 2), SIGSEGV, SEGV_ACCERR, p);
		expect_fault(fault_write(p + PAGE, 2), SIGSEGV, SEGV_ACCERR,
			     p + PAGE);
	}
	expect_no_fault(fault_write(p + 3 * PAGE, 2));
}

TEST(mprotect_that_starts_in_a_hole_changes_nothing,
     "A range whose first page is not mapped is ENOMEM (5).")
{
	char *p = map_anonymous(2);

	memset(p, 1, 2 * PAGE);
	unmap(p, 1);
	expect_errno(mprotect(p, 2 * PAGE, PROT_READ), ENOMEM);
	expect_errno(mprotect(p, PAGE, PROT_READ), ENOMEM);
	expect_no_fault(fault_write(p + PAGE, 2));
}

TEST(mprotect_refuses_bad_arguments,
     "An unaligned address and unknown rights are EINVAL, a wrapping range "
     "ENOMEM, and length 0 does nothing (2, 51).")
{
	char *p = map_anonymous(1);

	expect_errno(mprotect(p + 1, PAGE, PROT_READ), EINVAL);
	expect_errno(mprotect(p, PAGE, 0x70), EINVAL);
	if (where() != ON_EMULATOR) { /* which has errors of its own */
		expect_ok(mprotect(p, 0, PROT_NONE));
		expect_errno(mprotect(p, -(size_t)p, PROT_READ), ENOMEM);
	}
	expect_no_fault(fault_write(p, 1));
}

TEST(mprotect_rounds_the_length_up,
     "mprotect of one byte more than a page changes two pages (3).")
{
	char *p = map_anonymous(3);

	expect_ok(mprotect(p, PAGE + 1, PROT_READ));
	expect_fault(fault_write(p + 2 * PAGE - 1, 1), SIGSEGV, SEGV_ACCERR,
		     p + 2 * PAGE - 1);
	expect_no_fault(fault_write(p + 2 * PAGE, 1));
}

/* The page that the handler below makes writable. */
static char *volatile barrier;
static volatile int repairs;

static void repair(int signal, siginfo_t *info, void *context)
{
	(void)signal, (void)context;
	if (info->si_addr != barrier + 5 ||
	    mprotect(barrier, PAGE, READ_WRITE) != 0)
		_exit(EXIT_FAILED);
	repairs++;
}

TEST(handler_can_repair_and_return,
     "A SIGSEGV handler that mprotects the page and returns: the store is "
     "done again and succeeds.")
{
	struct sigaction action = {.sa_sigaction = repair,
				   .sa_flags = SA_SIGINFO};

	barrier = map_anonymous(1);
	expect_ok(sigaction(SIGSEGV, &action, NULL));
	for (int i = 1; i <= 3; i++) {
		protect(barrier, 1, PROT_READ);
		*(volatile char *)(barrier + 5) = i;
		expect_eq(repairs, i);
		expect_eq(barrier[5], i);
	}
}
