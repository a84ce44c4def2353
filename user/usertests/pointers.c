// SPDX-License-Identifier: MIT
/*
 * pointers.c - every call that takes an address gets bad ones.
 *
 * The calls are made by number, so that no library looks at the arguments
 * first.  A table says for each which argument is the address and what the
 * others are; each is then tried with addresses that are in no mapping, in
 * the kernel's half, in no half at all, and at the last bytes of a page with
 * nothing behind it.  The only right answer is EFAULT.
 */

#define _GNU_SOURCE
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "testlib/files.h"
#include "testlib/memory.h"
#include "testlib/where.h"

/* Stand-ins for arguments that are only known when the case runs. */
enum {
	ADDRESS = -1000, /* the address in question */
	FILE_FD,         /* a file of one page, open for both */
	FOLDER_FD,
	NAME,  /* "file" */
	SPARE, /* a page of good memory, zeroed */
};

struct call {
	const char *name;
	long number;
	long args[6];
};

#define CALL(name, ...) \
	{ \
#name, SYS_##name, \
		{ \
			__VA_ARGS__ \
		} \
	}

/* The kernel reads what the address is of. */
static const struct call reading[] = {
	CALL(write, FILE_FD, ADDRESS, 8),
	CALL(pwrite64, FILE_FD, ADDRESS, 8, 0),
	CALL(writev, FILE_FD, ADDRESS, 1),
	CALL(readv, FILE_FD, ADDRESS, 1),
	CALL(openat, AT_FDCWD, ADDRESS, O_RDONLY, 0),
	CALL(mkdirat, AT_FDCWD, ADDRESS, 0755),
	CALL(unlinkat, AT_FDCWD, ADDRESS, 0),
	CALL(linkat, AT_FDCWD, ADDRESS, AT_FDCWD, NAME, 0),
	CALL(linkat, AT_FDCWD, NAME, AT_FDCWD, ADDRESS, 0),
	CALL(symlinkat, ADDRESS, AT_FDCWD, NAME),
	CALL(symlinkat, NAME, AT_FDCWD, ADDRESS),
	CALL(renameat2, AT_FDCWD, ADDRESS, AT_FDCWD, NAME, 0),
	CALL(renameat2, AT_FDCWD, NAME, AT_FDCWD, ADDRESS, 0),
	CALL(readlinkat, AT_FDCWD, ADDRESS, SPARE, 100),
	CALL(newfstatat, AT_FDCWD, ADDRESS, SPARE, 0),
	CALL(faccessat, AT_FDCWD, ADDRESS, 0),
	CALL(fchmodat, AT_FDCWD, ADDRESS, 0644),
	CALL(fchownat, AT_FDCWD, ADDRESS, 0, 0, 0),
	CALL(utimensat, AT_FDCWD, ADDRESS, 0, 0),
	CALL(utimensat, AT_FDCWD, NAME, ADDRESS, 0),
	CALL(truncate, ADDRESS, 10),
	CALL(chdir, ADDRESS),
	CALL(statfs, ADDRESS, SPARE),
	CALL(execve, ADDRESS, SPARE, SPARE),
	CALL(execve, NAME, ADDRESS, SPARE),
	CALL(clock_nanosleep, CLOCK_MONOTONIC, 0, ADDRESS, 0),
	CALL(ppoll, ADDRESS, 1, 0, 0, 0),
	CALL(rt_sigaction, SIGUSR1, ADDRESS, 0, 8),
	CALL(rt_sigprocmask, SIG_BLOCK, ADDRESS, 0, 8),
	CALL(sigaltstack, ADDRESS, 0),
	CALL(prlimit64, 0, RLIMIT_CORE, ADDRESS, 0),
	CALL(futex, ADDRESS, FUTEX_WAIT, 0, 0, 0, 0),
};

/* The kernel writes there. */
static const struct call writing[] = {
	CALL(read, FILE_FD, ADDRESS, 8),
	CALL(pread64, FILE_FD, ADDRESS, 8, 0),
	CALL(getdents64, FOLDER_FD, ADDRESS, 1000),
	CALL(newfstatat, AT_FDCWD, NAME, ADDRESS, 0),
	CALL(fstat, FILE_FD, ADDRESS),
	CALL(statfs, NAME, ADDRESS),
	CALL(fstatfs, FILE_FD, ADDRESS),
	CALL(getcwd, ADDRESS, 1000),
	CALL(pipe2, ADDRESS, 0),
	CALL(uname, ADDRESS),
	CALL(getrandom, ADDRESS, 8, 0),
	CALL(clock_gettime, CLOCK_MONOTONIC, ADDRESS),
	CALL(gettimeofday, ADDRESS, 0),
	CALL(times, ADDRESS),
	CALL(getrusage, RUSAGE_SELF, ADDRESS),
	CALL(prlimit64, 0, RLIMIT_STACK, 0, ADDRESS),
	CALL(rt_sigaction, SIGUSR1, 0, ADDRESS, 8),
	CALL(rt_sigprocmask, SIG_BLOCK, 0, ADDRESS, 8),
	CALL(sigaltstack, 0, ADDRESS),
	CALL(sched_getaffinity, 0, 128, ADDRESS),
};

enum {
	NREADING = sizeof(reading) / sizeof(reading[0]),
	NWRITING = sizeof(writing) / sizeof(writing[0]),
};

struct stage {
	int file, folder;
	void *spare;
};

static struct stage stage_make(void)
{
	struct stage stage = {.file = make_file("data", PAGE),
			      .folder = expect_ok(open(".", O_RDONLY)),
			      .spare = map_anonymous(1)};

	make_text("file", "#!/bin/sh\n");
	expect_ok(chmod("file", 0755));
	return stage;
}

static long argument(const struct stage *stage, long value, void *address)
{
	switch (value) {
	case ADDRESS:
		return (long)address;
	case FILE_FD:
		return stage->file;
	case FOLDER_FD:
		return stage->folder;
	case NAME:
		return (long)"file";
	case SPARE:
		return (long)stage->spare;
	default:
		return value;
	}
}

static void expect_refusal(const struct stage *stage, const struct call *call,
			   void *address)
{
	long a[6], result;

	for (int i = 0; i < 6; i++)
		a[i] = argument(stage, call->args[i], address);
	errno = 0;
	result = syscall(call->number, a[0], a[1], a[2], a[3], a[4], a[5]);
	if (result != -1 || errno != EFAULT)
		fail(HERE, "%s with %p: expected EFAULT, saw %ld (%s)",
		     call->name, address, result, strerrorname_np(errno));
}

/* The last bytes before a hole; @nbytes of them. */
static char *edge(size_t nbytes)
{
	char *p = reserve(2);

	expect_ok(mprotect(p, PAGE, PROT_READ | PROT_WRITE));
	unmap(p + PAGE, 1);
	memset(p, 'e', PAGE);
	return p + PAGE - nbytes;
}

static void *const bad[] = {
	(void *)8,           (void *)0x7000000000000000, (void *)-(1l << 38),
	(void *)-(1l << 31), (void *)-(long)PAGE,        (void *)-8l,
};

enum { NBAD = sizeof(bad) / sizeof(bad[0]) };

static void try_all(const struct call *calls, size_t ncalls)
{
	struct stage stage = stage_make();

	for (size_t i = 0; i < ncalls; i++)
		for (size_t j = 0; j < NBAD; j++)
			expect_refusal(&stage, &calls[i], bad[j]);
}

TEST(bad_addresses_to_read_from,
     "32 calls are given addresses that are not ours to read: EFAULT, and the "
     "kernel goes on.")
{
	try_all(reading, NREADING);
}

TEST(bad_addresses_to_write_to,
     "20 calls are given addresses that are not ours to write: EFAULT, and "
     "the kernel goes on.")
{
	try_all(writing, NWRITING);
}

TEST(results_do_not_fit_before_a_hole,
     "The same 20 are given the last 4 bytes before a hole.")
{
	struct stage stage = stage_make();
	char *last = edge(4);

	skip_on(ON_EMULATOR, "qemu-user converts some results in parts");
	for (int i = 0; i < NWRITING; i++)
		if (writing[i].number != SYS_read &&
		    writing[i].number != SYS_pread64 &&
		    writing[i].number != SYS_getrandom)
			expect_refusal(&stage, &writing[i], last);
}

TEST(results_are_not_put_in_read_only_memory,
     "The same 20 are given a page without the right to write: EFAULT, and "
     "the page is as it was.")
{
	struct stage stage = stage_make();
	char *p = map_anonymous(1);

	memset(p, 'r', PAGE);
	expect_ok(mprotect(p, PAGE, PROT_READ));
	for (int i = 0; i < NWRITING; i++)
		expect_refusal(&stage, &writing[i], p);
	expect_filled(p, 'r', PAGE);
}

TEST(names_run_into_a_hole,
     "A path without an end before unmapped memory is EFAULT; one whose end "
     "is the page's last byte is read.")
{
	char *name = edge(5);

	make_text("file", "");
	memcpy(name, "filex", 5);
	expect_errno(open(name, O_RDONLY), EFAULT);
	expect_errno(mkdir(name, 0755), EFAULT);
	name[4] = '\0';
	expect_ok(open(name, O_RDONLY));
	expect_errno(mkdir(name, 0755), EEXIST);
}

TEST(vectors_with_absurd_lengths,
     "iovec counts and lengths that are negative, too many, or overflow in "
     "sum are EINVAL (51).")
{
	int fd = make_file("file", PAGE);
	char *p = map_anonymous(1);
	struct iovec two[2] = {{p, 10}, {p, SIZE_MAX / 2 + 1}};

	expect_errno(readv(fd, two, 2), EINVAL);
	expect_errno(writev(fd, two, 2), EINVAL);
	expect_errno(syscall(SYS_readv, fd, two, -1), EINVAL);
	expect_errno(syscall(SYS_writev, fd, two, IOV_MAX + 1), EINVAL);
	two[1].iov_len = 0;
	expect_eq(readv(fd, two, 2), 10);
	expect_eq(writev(fd, two, 0), 0);
}

TEST(vectors_with_a_bad_part,
     "writev whose second buffer is bad writes the first; whose first is bad, "
     "nothing.")
{
	int fd = make_sparse("file", 0);
	char good[] = "good";
	struct iovec parts[] = {{good, 4}, {(void *)8, 4}};
	struct iovec other[] = {{(void *)8, 4}, {good, 4}};

	skip_on(ON_EMULATOR, "qemu-user checks all buffers first");
	expect_eq(writev(fd, parts, 2), 4);
	expect_errno(writev(fd, other, 2), EFAULT);
	expect_eq(file_size(fd), 4);
}

TEST(wait_with_a_bad_address,
     "wait4 for a status in bad memory is EFAULT, not a crash.")
{
	pid_t child = expect_ok(fork());

	if (child == 0)
		_exit(3);
	expect_errno(syscall(SYS_wait4, child, (int *)-8l, 0, NULL), EFAULT);
}

TEST(calls_that_do_not_exist,
     "System calls of numbers that nobody has are ENOSYS (51).")
{
	static const long numbers[] = {1000, 12345, 0x7fffffff};

	for (int i = 0; i < 3; i++)
		expect_errno(syscall(numbers[i], 1, 2, 3, 4, 5, 6), ENOSYS);
}

TEST(descriptors_that_do_not_exist,
     "Calls on descriptors that are closed, negative or huge are EBADF.")
{
	static const int fds[] = {-1, 77, 1 << 20, INT_MAX, INT_MIN};
	struct stat st;
	char byte;

	for (int i = 0; i < 5; i++) {
		expect_errno(read(fds[i], &byte, 1), EBADF);
		expect_errno(write(fds[i], &byte, 1), EBADF);
		expect_errno(pread(fds[i], &byte, 1, 0), EBADF);
		expect_errno(lseek(fds[i], 0, SEEK_SET), EBADF);
		expect_errno(fstat(fds[i], &st), EBADF);
		expect_errno(ftruncate(fds[i], 0), EBADF);
		expect_errno(fsync(fds[i]), EBADF);
		expect_errno(close(fds[i]), EBADF);
		expect_errno(dup(fds[i]), EBADF);
		expect_errno(fcntl(fds[i], F_GETFD), EBADF);
		expect_errno(fchdir(fds[i]), EBADF);
		expect_errno(syscall(SYS_getdents64, fds[i], &byte, 1), EBADF);
	}
}
