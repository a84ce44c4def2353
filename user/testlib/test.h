/* SPDX-License-Identifier: MIT */
#ifndef TESTLIB_TEST_H
#define TESTLIB_TEST_H

/*
 * test.h - how a case of mmaptest or usertests is written.
 *
 *	TEST(munmap_whole_makes_it_unreachable,
 *	     "After munmap a load from the pages is SIGSEGV (MAPERR).")
 *	{
 *		char *p = map_anonymous(2);
 *
 *		p[0] = 1;
 *		expect_ok(munmap(p, 2 * PAGE));
 *		expect_fault(fault_read(p), SIGSEGV, SEGV_MAPERR, p);
 *	}
 *
 * A case runs in a process and in an empty folder of its own, so it may
 * crash, leave files behind, or lose its memory.  It passes if it returns;
 * it ends at the first expectation that does not hold, in whichever of its
 * processes and threads that is, after saying what was expected and what
 * was seen.  It is skipped, with a reason, by skip().
 *
 * Cases find their way into the program by themselves: TEST() puts a pointer
 * to each in the linker section "test_cases", which the runner walks.  (A
 * macro that defines things, against our own style: it keeps the sentence and
 * the code that shows it in one place, and a case can't be forgotten.)
 */

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum { PAGE = 4096 };

struct test_case {
	const char *name;
	const char *sentence; /* what it shows */
	void (*run)(void);
	const char *file; /* the runner sorts by file and line */
	long line;
};

#define TEST(name, sentence) \
	static void name(void); \
	static const struct test_case case_##name = {#name, sentence, name, \
						     __FILE__, __LINE__}; \
	static const struct test_case *const pointer_##name \
		__attribute__((used, section("test_cases"))) = &case_##name; \
	static void name(void)

/* --- the runner (runner.c): what main() calls ---------------------------- */

/* Print each case's name and sentence. */
void test_list(void);

/* Run the cases named in the NULL-ended @names, or all if it is empty.
 * Returns main()'s exit status. */
int test_run(const char *program, char *const names[]);

/* --- expectations (expect.c) --------------------------------------------- */

struct place {
	const char *file;
	int line;
};

#define HERE ((struct place){__FILE__, __LINE__})

/* End the case here: failed, or not applicable. */
_Noreturn void fail(struct place place, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
_Noreturn void skip(const char *format, ...)
	__attribute__((format(printf, 1, 2)));

/* @condition holds. */
#define expect(condition) check_true(!!(condition), #condition, HERE)

/* The same with the numbers in question: integers of any type. */
#define expect_eq(seen, wanted) \
	check_eq((long)(seen), (long)(wanted), #seen, HERE)

/* @low <= @seen <= @high. */
#define expect_between(seen, low, high) \
	check_between((long)(seen), (long)(low), (long)(high), #seen, HERE)

/* @call does not return -1; gives what it returned. */
#define expect_ok(call) check_ok((long)(call), #call, HERE)

/* @call returns -1 and sets errno to @wanted. */
#define expect_errno(call, wanted) \
	check_errno((long)(call), wanted, #call, HERE)

/* @call, an mmap(), worked; gives the address. */
#define expect_mapped(call) check_mapped(call, #call, HERE)

/* The two strings are equal. */
#define expect_string(seen, wanted) check_string(seen, wanted, #seen, HERE)

/* The @nbytes at @seen and at @wanted are equal, or are all @byte. */
#define expect_bytes(seen, wanted, nbytes) \
	check_bytes(seen, wanted, nbytes, #seen, HERE)
#define expect_filled(seen, byte, nbytes) \
	check_filled(seen, byte, nbytes, #seen, HERE)

/* Wait for the child @pid: it exited with @status, or was killed by
 * @signal.  Within a failed child's own report, this one is expected. */
#define expect_exit(pid, status) check_exit(pid, status, HERE)
#define expect_killed(pid, signal) check_killed(pid, signal, HERE)

void check_true(bool seen, const char *text, struct place place);
void check_eq(long seen, long wanted, const char *text, struct place place);
void check_between(long seen, long low, long high, const char *text,
		   struct place place);
long check_ok(long result, const char *text, struct place place);
void *check_mapped(void *at, const char *text, struct place place);
void check_errno(long result, int wanted, const char *text, struct place place);
void check_string(const char *seen, const char *wanted, const char *text,
		  struct place place);
void check_bytes(const volatile void *seen, const void *wanted, size_t nbytes,
		 const char *text, struct place place);
void check_filled(const volatile void *seen, int byte, size_t nbytes,
		  const char *text, struct place place);
void check_exit(pid_t pid, int status, struct place place);
void check_killed(pid_t pid, int signal, struct place place);

/* Where the reasons go, and how a case's process says what became of it. */
enum { EXIT_FAILED = 1, EXIT_SKIPPED = 77 };
extern int report_fd;

#endif
