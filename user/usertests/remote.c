// SPDX-License-Identifier: MIT
/*
 * remote.c - another process's memory: process_vm_readv, process_vm_writev;
 * and what the harts say of themselves, riscv_hwprobe.
 */

#define _GNU_SOURCE
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "testlib/files.h"
#include "testlib/memory.h"
#include "testlib/where.h"

enum { FLUSH_ICACHE = 259, HWPROBE = 258 };

/* A child with memory that was ours at the fork, until ends[1] is closed. */
static pid_t hold_child(int ends[2], void (*first)(char *), char *p)
{
	pid_t child;
	char byte;

	skip_on(ON_EMULATOR, "its processes are the host's");
	expect_ok(pipe(ends));
	child = expect_ok(fork());
	if (child == 0) {
		close(ends[1]);
		if (first)
			first(p);
		while (read(ends[0], &byte, 1) > 0)
			if (byte == 'c')
				expect_eq(p[PAGE - 1], 'w');
		_exit(0);
	}
	return child;
}

static ssize_t reach(bool write, pid_t pid, void *near, void *far, size_t n)
{
	struct iovec here = {near, n}, there = {far, n};

	return write ? process_vm_writev(pid, &here, 1, &there, 1, 0)
		     : process_vm_readv(pid, &here, 1, &there, 1, 0);
}

TEST(process_vm_reads_and_writes,
     "Bytes go both ways across page ends, and a private page that fork "
     "shares is copied for the one written to (41).")
{
	char *p = map_anonymous(3), bytes[100];
	int ends[2];
	pid_t child;

	fill_pattern(p, 3 * PAGE, 0);
	child = hold_child(ends, NULL, p);
	memset(p, 0, 3 * PAGE);
	expect_eq(reach(false, child, bytes, p + PAGE - 50, 100), 100);
	expect_pattern(bytes, 100, PAGE - 50);
	memset(bytes, 'w', 100);
	expect_eq(reach(true, child, bytes, p + PAGE - 50, 100), 100);
	expect_filled(p, 0, 3 * PAGE);
	expect_eq(write(ends[1], "c", 1), 1);
	memset(bytes, 0, 100);
	expect_eq(reach(false, child, bytes, p + PAGE - 50, 100), 100);
	expect_filled(bytes, 'w', 100);
	expect_ok(close(ends[1]));
	expect_exit(child, 0);
}

TEST(process_vm_vectors_need_not_match,
     "Three pieces here and two there, of other lengths, are one stream of "
     "bytes; empty ones are passed over.")
{
	char *p = map_anonymous(2), a[10], b[25], c[5];
	struct iovec here[] = {{a, 10}, {NULL, 0}, {b, 25}, {c, 5}};
	struct iovec there[] = {{p + 100, 17}, {p, 0}, {p + PAGE, 23}};

	skip_on(ON_EMULATOR, "qemu-user has no process_vm_readv");
	fill_pattern(p, 2 * PAGE, 0);
	expect_eq(process_vm_readv(getpid(), here, 4, there, 3, 0), 40);
	expect_pattern(a, 10, 100);
	expect_pattern(b, 7, 110);
	expect_pattern(b + 7, 18, PAGE);
	expect_pattern(c, 5, PAGE + 18);
}

TEST(process_vm_ends_short,
     "Where the other's memory ends, or may not be written, what went before "
     "is counted; with nothing before it is EFAULT (23).")
{
	char *p = map_anonymous(3), bytes[2 * PAGE];

	skip_on(ON_EMULATOR, "qemu-user has no process_vm_readv");
	fill_pattern(p, PAGE, 0);
	unmap(p + PAGE, 1);
	expect_eq(reach(false, getpid(), bytes, p, 2 * PAGE), PAGE);
	expect_errno(reach(false, getpid(), bytes, p + PAGE, 1), EFAULT);
	expect_ok(mprotect(p + 2 * PAGE, PAGE, PROT_READ));
	expect_errno(reach(true, getpid(), bytes, p + 2 * PAGE, 1), EFAULT);
	expect_eq(reach(false, getpid(), bytes, p + 2 * PAGE, 1), 1);
	expect_errno(reach(false, getpid(), (void *)(p + PAGE), p, 1), EFAULT);
	expect_errno(reach(false, getpid(), bytes, (void *)-4096ul, 1), EFAULT);
}

TEST(process_vm_reads_what_may_be_read,
     "Pages that may only be written are not read, though harts would; what "
     "the other shall get is brought in before ours is found missing (23).")
{
	char *p = map_anonymous(3);
	unsigned char there;

	skip_on(ON_EMULATOR, "a host without write-only pages answers");
	expect_ok(mprotect(p, PAGE, PROT_WRITE));
	expect_errno(reach(false, getpid(), p + PAGE, p, 1), EFAULT);
	expect_eq(reach(true, getpid(), p + PAGE, p, 1), 1);
	unmap(p + PAGE, 1);
	expect_errno(reach(true, getpid(), p + PAGE, p + 2 * PAGE, 1), EFAULT);
	expect_ok(mincore(p + 2 * PAGE, PAGE, &there));
	expect_eq(there & 1, 1);
}

TEST(process_vm_refuses_bad_arguments,
     "Flags, more than IOV_MAX pieces and negative lengths are EINVAL, a bad "
     "vector EFAULT, nobody ESRCH; nothing to move is 0 before that.")
{
	static struct iovec many[1025];
	char byte = 'b';
	struct iovec one = {&byte, 1}, bad = {&byte, -(size_t)1};
	struct iovec empty = {&byte, 0}, *wild = (struct iovec *)8;
	pid_t self = getpid(), nobody = 1 << 30;

	skip_on(ON_EMULATOR, "qemu-user has no process_vm_readv");
	expect_errno(process_vm_readv(self, &one, 1, &one, 1, 1), EINVAL);
	expect_errno(process_vm_readv(self, many, 1025, &one, 1, 0), EINVAL);
	expect_errno(process_vm_readv(self, &one, 1, many, 1025, 0), EINVAL);
	expect_errno(process_vm_readv(self, &bad, 1, &one, 1, 0), EINVAL);
	expect_errno(process_vm_readv(self, wild, 1, &one, 1, 0), EFAULT);
	expect_errno(process_vm_readv(self, &one, 1, wild, 1, 0), EFAULT);
	expect_errno(process_vm_readv(nobody, &one, 1, &one, 1, 0), ESRCH);
	expect_errno(process_vm_writev(-1, &one, 1, &one, 1, 0), ESRCH);
	expect_eq(process_vm_readv(nobody, &one, 1, &empty, 1, 0), 0);
	expect_eq(process_vm_readv(nobody, &empty, 1, &one, 1, 0), 0);
	expect_eq(process_vm_readv(nobody, NULL, 0, wild, 1, 0), 0);
}

TEST(process_vm_of_the_dead_is_esrch, "A zombie has no memory: ESRCH (45).")
{
	int ends[2];
	siginfo_t info;
	char byte;
	pid_t child = hold_child(ends, NULL, NULL);

	expect_ok(close(ends[1]));
	expect_ok(waitid(P_PID, child, &info, WEXITED | WNOWAIT));
	expect_errno(reach(false, child, &byte, &byte, 1), ESRCH);
	expect_exit(child, 0);
}

static void map_large(char *p)
{
	memset(p, 'l', 2048 * PAGE);
}

TEST(process_vm_races_with_exit,
     "Reading a process that is killed meanwhile ends with bytes, EFAULT or "
     "ESRCH (45, 47).")
{
	size_t n = 2048 * PAGE;
	char *p = map_anonymous(2048), *to = malloc(n);

	for (int round = 0; round < 5; round++) {
		int ends[2];
		pid_t child = hold_child(ends, map_large, p);
		pid_t killer = expect_ok(fork());
		ssize_t seen;

		if (killer == 0)
			_exit(kill(child, SIGKILL) != 0);
		do {
			seen = reach(false, child, to, p, n);
			for (ssize_t i = 0; i < seen; i += PAGE)
				expect(to[i] == 'l' || to[i] == 0);
		} while (seen == (ssize_t)n);
		expect(seen > 0 || errno == EFAULT || errno == ESRCH);
		expect_exit(killer, 0);
		expect_killed(child, SIGKILL);
		expect_ok(close(ends[0]));
		expect_ok(close(ends[1]));
	}
	free(to);
}

/* --- the harts ------------------------------------------------------------ */

struct pair {
	int64_t key;
	uint64_t value;
};

static long probe(struct pair *pairs, size_t n, void *harts, size_t nbytes,
		  unsigned flags)
{
	return syscall(HWPROBE, pairs, n, nbytes, harts, flags);
}

static void skip_unless_probed(void)
{
	struct pair pair = {3, 0};

	if (probe(&pair, 1, NULL, 0, 0) == -1 && errno == ENOSYS)
		skip("this kernel is older than Linux 6.4");
}

TEST(hwprobe_tells_what_harts_can_do,
     "Base I, M, A; F, D and C; values for known keys, and key -1 for unknown "
     "ones.")
{
	struct pair pairs[] = {{3, 9}, {4, 9}, {0, 9}, {1000, 9}, {-7, 9}};
	uint64_t harts = 1;

	skip_unless_probed();
	expect_ok(probe(pairs, 5, NULL, 0, 0));
	expect_eq(pairs[0].key, 3);
	expect_eq(pairs[0].value & 1, 1);
	expect_eq(pairs[1].value & 3, 3);
	expect_eq(pairs[2].key, 0);
	expect_eq(pairs[3].key, -1);
	expect_eq(pairs[3].value, 0);
	expect_eq(pairs[4].key, -1);
	expect_ok(probe(pairs, 1, &harts, sizeof(harts), 0));
}

TEST(hwprobe_finds_harts_with_values,
     "WHICH_CPUS keeps the harts that have all the values, and none where a "
     "key is unknown or a value is another.")
{
	struct pair can = {4, 3}, cannot = {4, 1ul << 63}, unknown = {999, 0};
	uint64_t harts = 1;

	skip_unless_probed();
	if (probe(&can, 1, &harts, sizeof(harts), 1) == -1 && errno == EINVAL)
		skip("this kernel is older than Linux 6.9");
	expect_eq(harts, 1);
	harts = 0; /* all */
	expect_ok(probe(&can, 1, &harts, sizeof(harts), 1));
	expect_eq(__builtin_popcountl(harts), harts_online());
	expect_ok(probe(&cannot, 1, &harts, sizeof(harts), 1));
	expect_eq(harts, 0);
	harts = 1;
	expect_ok(probe(&unknown, 1, &harts, sizeof(harts), 1));
	expect_eq(harts, 0);
	expect_eq(unknown.key, -1);
}

TEST(hwprobe_refuses_bad_arguments,
     "Unknown flags and a set without a hart are EINVAL, bad addresses "
     "EFAULT.")
{
	struct pair pair = {3, 0};
	uint64_t none = 0, nobody = 1ul << 63;

	skip_unless_probed();
	skip_on(ON_EMULATOR, "qemu-user has checks of its own");
	expect_errno(probe(&pair, 1, NULL, 0, 2), EINVAL);
	expect_errno(probe(&pair, 1, NULL, 0, 1), EINVAL);
	expect_errno(probe(&pair, 1, &none, sizeof(none), 0), EINVAL);
	if (harts_online() < 64)
		expect_errno(probe(&pair, 1, &nobody, sizeof(nobody), 0),
			     EINVAL);
	expect_errno(probe((struct pair *)8, 1, NULL, 0, 0), EFAULT);
	expect_errno(probe(&pair, 1, (void *)8, 8, 0), EFAULT);
	expect_ok(probe(NULL, 0, NULL, 0, 0));
}

TEST(flush_icache_knows_one_flag,
     "riscv_flush_icache takes flag 1, for this thread alone, and no other "
     "(49).")
{
	char code[64];

	expect_ok(syscall(FLUSH_ICACHE, code, code + 64, 0));
	expect_ok(syscall(FLUSH_ICACHE, code, code + 64, 1));
	if (where() != ON_EMULATOR)
		expect_errno(syscall(FLUSH_ICACHE, code, code + 64, 2), EINVAL);
}
