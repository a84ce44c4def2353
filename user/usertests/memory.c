// SPDX-License-Identifier: MIT
/*
 * memory.c - programs that misuse memory or want too much of it.
 *
 * mmaptest looks at mappings one by one; here it is the sum that matters:
 * what a process took comes back, whatever it did and however it ended, and
 * one that wants more than there is does not take others with it.
 */

#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "testlib/counter.h"
#include "testlib/fault.h"
#include "testlib/files.h"
#include "testlib/memory.h"
#include "testlib/where.h"

TEST(heap_goes_up_and_down,
     "The heap grows to 2 MiB and shrinks to nothing ten times; each byte is "
     "zero when it comes.")
{
	enum { STEP = 64 << 10, STEPS = 32 };
	char *base = sbrk(0);

	skip_on(ON_EMULATOR, "qemu-user 7.2 never gives the heap's pages back");
	for (int round = 0; round < 10; round++) {
		for (int i = 0; i < STEPS; i++) {
			char *p = sbrk(STEP);

			expect_eq(p, base + i * STEP);
			expect_eq(p[STEP - 1], 0);
			p[0] = p[STEP - 1] = 1;
		}
		expect_ok((long)sbrk(-STEP * STEPS));
		expect_eq(sbrk(0), base);
	}
}

TEST(heap_below_its_start,
     "sbrk by more than the heap is long does not free the program's data.")
{
	static char data[PAGE] = "still here";
	char *end = sbrk(0);

	skip_on(ON_EMULATOR, "glibc believes what qemu-user says");
	sbrk(-(1l << 30));
	expect_string(data, "still here");
	expect_ok((long)sbrk(0));
	expect(sbrk(0) <= (void *)end);
}

TEST(heap_is_the_kernels_to_check,
     "Pages just given back by sbrk are EFAULT for a system call.")
{
	char *p = sbrk(2 * PAGE);
	char *edge = p + (PAGE - (uintptr_t)p % PAGE) % PAGE;
	int fd = make_file("file", PAGE);

	skip_on(ON_EMULATOR, "qemu-user 7.2 never gives the heap's pages back");
	p[0] = edge[0] = 1;
	expect_ok(brk(edge));
	expect_errno(pread(fd, edge, 8, 0), EFAULT);
	expect_errno(pwrite(fd, edge, 8, 0), EFAULT);
}

TEST(malloc_of_all_sizes,
     "malloc, realloc and free from 1 byte to 1 MiB, in a mixed order, keep "
     "each block's bytes.")
{
	enum { N = 64 };
	struct {
		unsigned char *at;
		size_t n;
	} blocks[N] = {0};
	unsigned random = 1;

	for (int i = 0; i < 1000; i++) {
		int k = (random = random * 1103515245 + 12345) >> 16 & (N - 1);
		size_t n = 1ul << (random >> 24 & 15);

		if (blocks[k].at)
			expect_filled(blocks[k].at, k, blocks[k].n);
		blocks[k].at = realloc(blocks[k].at, n);
		expect(blocks[k].at != NULL);
		memset(blocks[k].at, k, blocks[k].n = n);
	}
	for (int k = 0; k < N; k++)
		free(blocks[k].at);
	free(memset(malloc(1 << 20), 1, 1 << 20));
}

/* A child that takes memory until it is told no, or killed. */
static _Noreturn void take_all(size_t limit)
{
	for (size_t taken = 0; taken < limit; taken += 256 * PAGE) {
		char *p = mmap(NULL, 256 * PAGE, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (p == MAP_FAILED)
			_exit(errno == ENOMEM ? 10 : 11);
		for (int i = 0; i < 256; i++)
			p[i * PAGE] = 1;
	}
	_exit(12);
}

TEST(all_memory_is_taken,
     "A process takes more memory than there is: it is killed or gets ENOMEM, "
     "its parent lives, and can do the same again.")
{
	size_t limit = memory_total() + memory_of_swap() + (16ul << 20);

	skip_on(ON_LINUX | ON_EMULATOR, "this machine has other users");
	if (limit > 300ul << 20)
		skip("there is too much memory to use it up quickly");
	for (int round = 0; round < 2; round++) {
		pid_t child = expect_ok(fork());
		int status;

		if (child == 0)
			take_all(limit);
		expect_ok(waitpid(child, &status, 0));
		expect(WIFSIGNALED(status) || WEXITSTATUS(status) == 10);
	}
	memset(map_anonymous(64), 1, 64 * PAGE);
}

/* Read a file of holes to its end. */
static _Noreturn void read_all(int number, size_t nbytes)
{
	char name[16], *part = map_anonymous(16);
	int fd;
	ssize_t n;

	snprintf(name, sizeof(name), "holes%d", number);
	fd = make_sparse(name, nbytes);
	do
		n = expect_ok(read(fd, part, 16 * PAGE));
	while (n > 0);
	_exit(0);
}

TEST(readers_fill_memory_together,
     "Four processes read files, together of twice what is available: what is "
     "cached makes room, and nobody is killed or told that there is none, "
     "whoever has the locks.")
{
	enum { NREADERS = 4 };
	size_t nbytes = memory_available() / 2;
	pid_t readers[NREADERS];

	skip_on(ON_LINUX | ON_EMULATOR, "this machine has other users");
	if (nbytes > 100ul << 20)
		skip("there is too much memory to use it up quickly");
	for (int i = 0; i < NREADERS; i++) {
		readers[i] = expect_ok(fork());
		if (readers[i] == 0)
			read_all(i, nbytes);
	}
	for (int i = 0; i < NREADERS; i++)
		expect_exit(readers[i], 0);
}

TEST(memory_limit_is_enomem,
     "Under RLIMIT_AS mmap and brk beyond it are ENOMEM, and what was there "
     "stays.")
{
	struct rlimit limit = {64ul << 20, 64ul << 20};
	char *p = map_anonymous(4);

	skip_on(ON_EMULATOR, "it would limit the emulator");
	expect_ok(setrlimit(RLIMIT_AS, &limit));
	expect_errno((long)mmap(NULL, 128ul << 20, PROT_READ,
				MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
		     ENOMEM);
	expect_errno((long)sbrk(128l << 20), ENOMEM);
	memset(p, 1, 4 * PAGE);
	map_anonymous(4);
}

TEST(exit_returns_all_frames,
     "Children that took memory in every way exit, are killed and crash: the "
     "count of free frames is what it was.")
{
	struct counter nfree;
	int fd = make_file("file", 16 * PAGE);

	skip_unless_counted("nr_free_pages");
	for (int round = 0; round < 9; round++) {
		pid_t child;

		if (round == 3) /* what is needed once is there */
			nfree = counter_start("nr_free_pages");
		child = expect_ok(fork());
		if (child == 0) {
			memset(map_anonymous(100), 1, 100 * PAGE);
			memset(map_anonymous_shared(50), 1, 50 * PAGE);
			memset(map_private(fd, 16), 1, 16 * PAGE);
			memset(sbrk(50 * PAGE), 1, 50 * PAGE);
			if (round % 3 == 1)
				kill(getpid(), SIGKILL);
			if (round % 3 == 2)
				abort();
			_exit(0);
		}
		expect_ok(waitpid(child, NULL, 0));
	}
	expect_returned(&nfree, 24);
}

TEST(untouched_memory_costs_nothing,
     "A child that reserves 8 GiB and touches ten pages of it is as cheap as "
     "its ten pages.")
{
	struct counter nfree;
	char *p = expect_mapped(
		mmap(NULL, 8ul << 30, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
	pid_t child;

	nfree = counter_start("nr_free_pages");
	child = expect_ok(fork());
	if (child == 0) {
		for (int i = 0; i < 10; i++)
			p[i * (700ul << 20)] = i;
		expect_counted_between(&nfree, -110, 0);
		_exit(0);
	}
	expect_exit(child, 0);
	expect_eq(p[700ul << 20], 0);
}

TEST(code_is_shared_between_processes,
     "Ten more processes of one program take a few frames each, not its text "
     "again.")
{
	struct counter nfree;
	int ends[2];
	char byte;

	skip_unless_counted("nr_free_pages");
	expect_ok(pipe(ends));
	nfree = counter_start("nr_free_pages");
	for (int i = 0; i < 10; i++)
		if (expect_ok(fork()) == 0) {
			close(ends[1]);
			_exit(read(ends[0], &byte, 1) != 0);
		}
	usleep(20000);
	expect_counted_between(&nfree, -10 * 40, 0);
	expect_ok(close(ends[1]));
	while (wait(NULL) > 0)
		;
	expect_returned(&nfree, 24);
}

TEST(argument_strings_can_be_written,
     "argv and the environment lie on the stack, writable: as C promises.")
{
	extern char **environ;

	expect_no_fault(
		fault_write(environ[0] ? environ[0] : (char *)environ, 'X'));
}

TEST(jump_into_the_stack_or_heap,
     "Neither the stack nor the heap can be executed: SIGSEGV.")
{
	char *heap = malloc(100);
	char stack[100];

	memset(heap, 0, 100);
	memset(stack, 0, sizeof(stack));
	expect_eq(fault_jump((void *)((uintptr_t)(heap + 8) & -8ul)).signal,
		  SIGSEGV);
	expect_eq(fault_jump((void *)((uintptr_t)(stack + 8) & -8ul)).signal,
		  SIGSEGV);
	free(heap);
}
