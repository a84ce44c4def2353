// SPDX-License-Identifier: MIT
/*
 * limits.c - getrlimit, setrlimit and prlimit: what they accept and refuse,
 * who inherits, and the limits on files, descriptors and processes.  (Those on
 * memory: mmaptest.)
 */

#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "testlib/files.h"
#include "testlib/where.h"

static struct rlimit get(int which)
{
	struct rlimit seen;

	expect_ok(getrlimit(which, &seen));
	return seen;
}

static void set(int which, rlim_t soft, rlim_t hard)
{
	struct rlimit new = {soft, hard};

	expect_ok(setrlimit(which, &new));
}

TEST(limits_are_kept_and_given_back,
     "Each limit can be lowered and is read back so; RLIM_INFINITY is larger "
     "than any number.")
{
	static const int all[] = {RLIMIT_AS,      RLIMIT_DATA,    RLIMIT_STACK,
				  RLIMIT_MEMLOCK, RLIMIT_FSIZE,   RLIMIT_NOFILE,
				  RLIMIT_NPROC,   RLIMIT_CORE,    RLIMIT_CPU,
				  RLIMIT_RSS,     RLIMIT_MSGQUEUE};

	skip_on(ON_EMULATOR, "some would limit the emulator");
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		rlim_t hard = get(all[i]).rlim_max;

		if (hard > 1ul << 40)
			hard = 1ul << 40;
		if (all[i] == RLIMIT_NOFILE && hard > 4096)
			hard = 4096;
		set(all[i], hard - 1, hard);
		expect_eq(get(all[i]).rlim_cur, hard - 1);
		expect_eq(get(all[i]).rlim_max, hard);
	}
	expect(get(RLIMIT_SIGPENDING).rlim_cur < RLIM_INFINITY);
}

TEST(limits_refuse_bad_arguments,
     "A soft limit above the hard one, and an unknown resource, are EINVAL, a "
     "bad address EFAULT, too many descriptors EPERM.")
{
	struct rlimit bad = {2000, 1000}, many = {1000, RLIM_INFINITY};

	skip_on(ON_EMULATOR, "qemu-user has checks of its own");
	expect_errno(setrlimit(RLIMIT_CORE, &bad), EINVAL);
	expect_errno(syscall(SYS_getrlimit, RLIM_NLIMITS, &bad), EINVAL);
	expect_errno(syscall(SYS_setrlimit, 1000, &many), EINVAL);
	expect_errno(setrlimit(RLIMIT_NOFILE, &many), EPERM);
	expect_errno(syscall(SYS_setrlimit, RLIMIT_CORE, 8), EFAULT);
	expect_errno(syscall(SYS_getrlimit, RLIMIT_CORE, 8), EFAULT);
	expect_errno(prlimit(1 << 30, RLIMIT_CORE, NULL, &bad), ESRCH);
	expect_eq(bad.rlim_cur, 2000);
}

TEST(limits_go_to_children,
     "fork inherits limits; the child's changes are its own, and prlimit can "
     "change them from outside.")
{
	struct rlimit new = {77, 99}, old;
	int ends[2];
	char byte;

	skip_on(ON_EMULATOR, "its processes are the host's");
	set(RLIMIT_CORE, 55, 99);
	expect_ok(pipe(ends));

	pid_t child = expect_ok(fork());

	if (child == 0) {
		close(ends[1]);
		expect_eq(read(ends[0], &byte, 1), 1);
		expect_eq(get(RLIMIT_CORE).rlim_cur, 77);
		set(RLIMIT_CORE, 1, 99);
		_exit(0);
	}
	expect_ok(prlimit(child, RLIMIT_CORE, &new, &old));
	expect_eq(old.rlim_cur, 55);
	expect_eq(write(ends[1], "x", 1), 1);
	expect_exit(child, 0);
	expect_eq(get(RLIMIT_CORE).rlim_cur, 55);
}

/* --- files ---------------------------------------------------------------- */

static volatile sig_atomic_t signals;

static void count_signal(int signal)
{
	(void)signal;
	signals++;
}

static int limited_file(rlim_t bytes)
{
	int fd = make_sparse("file", 0);

	skip_on(ON_EMULATOR, "it would limit the emulator's own files");
	expect(signal(SIGXFSZ, count_signal) != SIG_ERR);
	set(RLIMIT_FSIZE, bytes, RLIM_INFINITY);
	return fd;
}

TEST(file_size_limit_cuts_a_write,
     "A write across RLIMIT_FSIZE is short, one that starts there EFBIG with "
     "SIGXFSZ; what lies below can be written.")
{
	int fd = limited_file(10000);
	char bytes[4096];

	memset(bytes, 'b', sizeof(bytes));
	expect_eq(write(fd, bytes, 4096), 4096);
	expect_eq(write(fd, bytes, 4096), 4096);
	expect_eq(write(fd, bytes, 4096), 10000 - 8192);
	expect_eq(signals, 0);
	expect_errno(write(fd, bytes, 1), EFBIG);
	expect_eq(signals, 1);
	expect_errno(pwrite(fd, bytes, 1, 20000), EFBIG);
	expect_eq(signals, 2);
	expect_eq(write(fd, bytes, 0), 0);
	expect_eq(pwrite(fd, bytes, 4096, 9000), 1000);
	expect_eq(signals, 2);
	expect_eq(file_size(fd), 10000);
}

TEST(file_size_limit_holds_for_truncate_and_append,
     "truncate beyond RLIMIT_FSIZE is EFBIG with SIGXFSZ, to it and below is "
     "not; appending is at the end.")
{
	int fd = limited_file(5000);

	expect_ok(ftruncate(fd, 5000));
	expect_errno(ftruncate(fd, 5001), EFBIG);
	expect_errno(truncate("file", 9999), EFBIG);
	expect_eq(signals, 2);
	expect_eq(file_size(fd), 5000);
	expect_ok(ftruncate(fd, 4999));
	fd = expect_ok(open("file", O_WRONLY | O_APPEND));
	expect_eq(write(fd, "ab", 2), 1);
	expect_errno(write(fd, "b", 1), EFBIG);
	expect_eq(signals, 3);
	/* A file that is larger already may shrink, to above the limit. */
	set(RLIMIT_FSIZE, 100, RLIM_INFINITY);
	expect_ok(ftruncate(fd, 4000));
	expect_eq(signals, 3);
}

TEST(file_size_limit_holds_for_fallocate,
     "fallocate beyond RLIMIT_FSIZE is EFBIG with SIGXFSZ, and makes nothing.")
{
	int fd;

	limited_file(5000);
	fd = expect_ok(memfd_create("file", 0));
	expect_ok(fallocate(fd, 0, 0, 5000));
	expect_errno(fallocate(fd, 0, 4000, 1001), EFBIG);
	expect_eq(signals, 1);
	expect_eq(file_size(fd), 5000);
}

TEST(file_size_signal_kills_by_default,
     "Who does not handle SIGXFSZ dies of it; pipes have no limit.")
{
	int fd = limited_file(10), ends[2];
	pid_t child = expect_ok(fork());

	if (child == 0) {
		signal(SIGXFSZ, SIG_DFL);
		expect_ok(pipe(ends));
		expect_eq(write(ends[1], "more than ten bytes", 19), 19);
		expect_eq(write(fd, "more than ten bytes", 19), 10);
		write(fd, "x", 1);
		_exit(0);
	}
	expect_killed(child, SIGXFSZ);
}

TEST(descriptor_limit_is_emfile,
     "Descriptors at and above RLIMIT_NOFILE are not given out: EMFILE, EBADF "
     "for dup2, EINVAL for F_DUPFD; those open stay.")
{
	int high = expect_ok(fcntl(0, F_DUPFD, 20)), fd, last = -1;

	skip_on(ON_EMULATOR, "it has descriptors of its own");
	set(RLIMIT_NOFILE, 12, 1024);
	while ((fd = dup(0)) >= 0)
		last = fd;
	expect_eq(errno, EMFILE);
	expect_eq(last, 11);
	expect_errno(dup2(0, 12), EBADF);
	expect_errno(fcntl(0, F_DUPFD, 12), EINVAL);
	expect_ok(fcntl(high, F_GETFD));
	expect_ok(close(high));
}

TEST(root_is_above_the_process_limit,
     "RLIMIT_NPROC binds users, not root; and no core is dumped under "
     "RLIMIT_CORE 0.")
{
	int status;
	pid_t child;

	if (geteuid() != 0)
		skip("not root");
	skip_on(ON_EMULATOR, "its processes are the host's");
	set(RLIMIT_NPROC, 0, RLIM_INFINITY);
	set(RLIMIT_CORE, 0, 0);
	child = expect_ok(fork());
	if (child == 0)
		abort();
	expect_ok(waitpid(child, &status, 0));
	expect_eq(WTERMSIG(status), SIGABRT);
	expect(!WCOREDUMP(status));
}
