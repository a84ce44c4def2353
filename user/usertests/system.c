// SPDX-License-Identifier: MIT
/*
 * system.c - time, names, random bytes, /dev and /proc: what programs ask the
 * system about itself.
 */

#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/statfs.h>
#include <sys/times.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "testlib/files.h"
#include "testlib/memory.h"
#include "testlib/where.h"

static long ns_of(clockid_t clock)
{
	struct timespec now;

	expect_ok(clock_gettime(clock, &now));
	expect_between(now.tv_nsec, 0, 999999999);
	return now.tv_sec * 1000000000 + now.tv_nsec;
}

TEST(time_does_not_run_backwards,
     "CLOCK_MONOTONIC never decreases, over 20,000 readings and from one "
     "process to another.")
{
	long *last = map_anonymous_shared(1);
	pid_t child = expect_ok(fork());

	for (int i = 0; i < 10000; i++) {
		long before = __atomic_load_n(last, __ATOMIC_SEQ_CST);
		long now = ns_of(CLOCK_MONOTONIC);

		expect(now >= before);
		__atomic_store_n(last, now, __ATOMIC_SEQ_CST);
	}
	if (child == 0)
		_exit(0);
	expect_exit(child, 0);
}

TEST(sleep_lasts_as_long_as_asked,
     "nanosleep and clock_nanosleep sleep for at least their time; bad times "
     "are EINVAL.")
{
	struct timespec ms = {.tv_nsec = 3000000};
	struct timespec bad = {.tv_nsec = 1000000000};
	struct timespec negative = {.tv_sec = -1};
	long start = ns_of(CLOCK_MONOTONIC);

	for (int i = 0; i < 3; i++)
		expect_ok(nanosleep(&ms, NULL));
	expect(ns_of(CLOCK_MONOTONIC) - start >= 9000000);
	expect_ok(clock_gettime(CLOCK_MONOTONIC, &ms));
	ms.tv_sec -= 1; /* a moment that has passed */
	expect_eq(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ms, NULL),
		  0);
	expect_errno(nanosleep(&bad, NULL), EINVAL);
	expect_errno(nanosleep(&negative, NULL), EINVAL);
	expect_errno(clock_gettime(99, &ms), EINVAL);
}

TEST(wall_clock_is_of_our_days,
     "CLOCK_REALTIME, time and gettimeofday agree, and it is after 2020.")
{
	long seconds = ns_of(CLOCK_REALTIME) / 1000000000;

	expect_between(time(NULL), seconds - 1, seconds + 2);
	expect(seconds > 1577836800);
}

TEST(time_used_is_counted,
     "A process that computes for 30 ms has used some time by getrusage, "
     "times and its own clock.")
{
	long start = ns_of(CLOCK_MONOTONIC);
	struct rusage used;

	while (ns_of(CLOCK_MONOTONIC) - start < 30000000)
		;
	expect_ok(getrusage(RUSAGE_SELF, &used));
	expect(used.ru_utime.tv_usec + used.ru_stime.tv_usec > 0);
	expect(ns_of(CLOCK_PROCESS_CPUTIME_ID) > 0);
	expect(times(NULL) > 0);
}

TEST(system_has_a_name,
     "uname says Linux's fields: a system, a release that starts with a "
     "number, a machine.")
{
	struct utsname name;

	expect_ok(uname(&name));
	expect(name.sysname[0] != '\0');
	expect_between(name.release[0], '1', '9');
	expect(name.machine[0] != '\0');
#ifdef __riscv
	expect_string(name.machine, "riscv64");
#endif
}

TEST(harts_are_counted,
     "The affinity mask has as many harts as are online, and a program can "
     "give up its turn.")
{
	cpu_set_t set;

	expect_ok(sched_getaffinity(0, sizeof(set), &set));
	expect_between(CPU_COUNT(&set), 1, harts_online());
	expect_ok(sched_yield());
}

TEST(random_bytes_are_random,
     "getrandom fills what it is given, differently each time; unknown flags "
     "are EINVAL.")
{
	unsigned char a[256] = {0}, b[256] = {0};
	int zeros = 0;

	expect_eq(getrandom(a, 256, 0), 256);
	expect_eq(getrandom(b, 256, GRND_NONBLOCK), 256);
	expect(memcmp(a, b, 256) != 0);
	for (int i = 0; i < 256; i++)
		zeros += a[i] == 0;
	expect(zeros < 32);
	expect_eq(getrandom(a, 0, 0), 0);
	expect_errno(getrandom(a, 1, 0x100), EINVAL);
}

TEST(null_and_zero_and_full,
     "/dev/null takes all and gives nothing, /dev/zero gives zeros, /dev/full "
     "is full.")
{
	int null = expect_ok(open("/dev/null", O_RDWR));
	int zero = expect_ok(open("/dev/zero", O_RDWR));
	int full = expect_ok(open("/dev/full", O_RDWR));
	char bytes[100];

	memset(bytes, 1, 100);
	expect_eq(write(null, bytes, 100), 100);
	expect_eq(read(null, bytes, 100), 0);
	expect_eq(read(zero, bytes, 100), 100);
	expect_filled(bytes, 0, 100);
	expect_eq(write(zero, bytes, 100), 100);
	expect_errno(write(full, bytes, 1), ENOSPC);
	expect_eq(read(full, bytes, 100), 100);
}

TEST(random_devices, "/dev/urandom and /dev/random give bytes that differ.")
{
	int one = expect_ok(open("/dev/urandom", O_RDONLY));
	int other = expect_ok(open("/dev/random", O_RDONLY));
	char a[64], b[64];

	expect_eq(read(one, a, 64), 64);
	expect_eq(read(other, b, 64), 64);
	expect(memcmp(a, b, 64) != 0);
}

TEST(files_are_no_terminals, "Terminal requests to files and pipes are ENOTTY.")
{
	int fd = make_file("file", 10), ends[2], n;

	expect_ok(pipe(ends));
	expect_eq(isatty(fd), 0);
	expect_eq(isatty(ends[0]), 0);
	expect_errno(ioctl(fd, TIOCGWINSZ, &n), ENOTTY);
	expect_errno(ioctl(99, TIOCGWINSZ, &n), EBADF);
}

TEST(filesystem_has_numbers,
     "statfs: block size, blocks and inodes, no more free than there are.")
{
	struct statfs fs;

	expect_ok(statfs(".", &fs));
	expect_between(fs.f_bsize, 512, 1 << 20);
	expect(fs.f_bfree <= fs.f_blocks);
	expect(fs.f_bavail <= fs.f_bfree);
	expect(fs.f_ffree <= fs.f_files);
	expect_between(fs.f_namelen, 255, 255);
	expect_ok(statfs("/proc", &fs));
	expect_eq(fs.f_type, 0x9fa0);
}

TEST(limits_can_be_read_and_set,
     "getrlimit and setrlimit: a soft limit can be lowered and raised up to "
     "the hard one, not beyond (EINVAL).")
{
	struct rlimit limit, seen;

	expect_ok(getrlimit(RLIMIT_STACK, &limit));
	expect(limit.rlim_cur >= 1 << 20);
	expect_ok(getrlimit(RLIMIT_CORE, &limit));
	limit.rlim_cur = 0;
	limit.rlim_max = 1000;
	expect_ok(setrlimit(RLIMIT_CORE, &limit));
	expect_ok(getrlimit(RLIMIT_CORE, &seen));
	expect_eq(seen.rlim_cur, 0);
	expect_eq(seen.rlim_max, 1000);
	limit.rlim_cur = 1001;
	expect_errno(setrlimit(RLIMIT_CORE, &limit), EINVAL);
	expect_errno(getrlimit(99, &limit), EINVAL);
}

static void read_text(const char *path, char *text, size_t nbytes)
{
	int fd = expect_ok(open(path, O_RDONLY));
	size_t n = 0;
	ssize_t got;

	while (n < nbytes - 1 && (got = read(fd, text + n, nbytes - 1 - n)) > 0)
		n += got;
	text[n] = '\0';
	expect(n > 0);
	expect_ok(close(fd));
}

TEST(proc_self_stat,
     "/proc/self/stat: pid, name in parentheses, state, parent, group.")
{
	char text[2000], state, *rest;
	int parent, group;

	read_text("/proc/self/stat", text, sizeof(text));
	expect_eq(atoi(text), getpid());
	rest = strrchr(text, ')');
	expect(rest != NULL && strchr(text, '(') < rest);
	expect_eq(sscanf(rest + 1, " %c %d %d", &state, &parent, &group), 3);
	if (where() == ON_EMULATOR) /* which leaves most of it 0 */
		return;
	expect_eq(parent, getppid());
	expect(strchr("RSDZT", state) != NULL);
}

TEST(proc_self_status,
     "/proc/self/status has Name, State, Pid, PPid, VmSize, VmRSS, Threads.")
{
	static const char *const keys[] = {
		"Name:\t", "State:\t", "Pid:\t",    "PPid:\t",
		"VmSize:", "VmRSS:",   "Threads:\t"};
	char text[4000], *pid;

	read_text("/proc/self/status", text, sizeof(text));
	for (int i = 0; i < 7; i++)
		if (!strstr(text, keys[i]))
			fail(HERE, "expected \"%s\" in it, saw:\n%s", keys[i],
			     text);
	pid = strstr(text, "\nPid:\t");
	expect(pid != NULL);
	expect_eq(atoi(pid + 6), getpid());
}

TEST(proc_of_another_process,
     "/proc/PID of a child shows its state, and is gone when it was waited "
     "for (45).")
{
	char path[50], text[2000];
	pid_t child = expect_ok(fork());

	while (child == 0)
		pause();
	snprintf(path, sizeof(path), "/proc/%d/stat", child);
	read_text(path, text, sizeof(text));
	expect_eq(atoi(text), child);
	expect_ok(kill(child, SIGKILL));
	expect_killed(child, SIGKILL);
	expect_errno(open(path, O_RDONLY), ENOENT);
	expect_errno(open("/proc/99999999/stat", O_RDONLY), ENOENT);
}

TEST(proc_lists_processes,
     "The folder /proc has a number for this process and for a child.")
{
	pid_t child = expect_ok(fork());
	bool me = false, it = false;
	struct dirent *entry;
	DIR *dir;

	while (child == 0)
		pause();
	dir = opendir("/proc");
	expect(dir != NULL);
	while ((entry = readdir(dir))) {
		me |= atoi(entry->d_name) == getpid();
		it |= atoi(entry->d_name) == child;
	}
	expect(me);
	expect(it);
	expect_ok(closedir(dir));
	expect_ok(kill(child, SIGKILL));
	expect_killed(child, SIGKILL);
}

TEST(proc_meminfo,
     "/proc/meminfo: MemTotal, MemFree and MemAvailable in kB, and they make "
     "sense.")
{
	skip_if_memory_is_short();
	expect(memory_total() >= 16ul << 20);
	expect_between(memory_available(), 1, memory_total());
}

TEST(proc_goes_on_while_processes_die,
     "The maps and stat of children that exec nothing, but exit at any "
     "moment, are read: text or an error, never a crash (45).")
{
	char path[50], text[2000];

	for (int i = 0; i < 50; i++) {
		pid_t child = expect_ok(fork());
		int fd;

		if (child == 0)
			_exit(0);
		snprintf(path, sizeof(path), "/proc/%d/%s", child,
			 i % 2 ? "maps" : "stat");
		fd = open(path, O_RDONLY);
		if (fd >= 0) {
			while (read(fd, text, 100) > 0)
				;
			expect_ok(close(fd));
		}
		expect_exit(child, 0);
	}
}
