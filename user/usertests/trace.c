// SPDX-License-Identifier: MIT
/*
 * trace.c - the kernel's trace of memory events: /proc/trace and its switches.
 *
 * The files are Quire's own, so the cases are skipped elsewhere.
 */

#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "testlib/fault.h"
#include "testlib/memory.h"
#include "testlib/where.h"

static void skip_unless_traced(void)
{
	skip_on(ON_LINUX | ON_EMULATOR, "only Quire has /proc/trace");
}

/* write(2) of @text to a file there; -1 and errno. */
static long tell(const char *path, const char *text)
{
	int fd = expect_ok(open(path, O_WRONLY));
	long n = write(fd, text, strlen(text));
	int error = errno;

	close(fd);
	errno = error;
	return n;
}

static void trace_switch(const char *digit)
{
	expect_eq(tell("/proc/tracing_on", digit), 1);
}

static long mark(const char *text)
{
	return tell("/proc/trace_marker", text);
}

/* On, and empty. */
static void trace_begin(void)
{
	skip_unless_traced();
	trace_switch("0");
	expect_eq(tell("/proc/trace", "x"), 1);
	trace_switch("1");
}

/* A whole file there, with a NUL behind it; the caller frees it. */
static char *read_file(const char *path)
{
	int fd = expect_ok(open(path, O_RDONLY));
	size_t room = 1 << 16, n = 0;
	char *text = malloc(room);
	ssize_t got;

	while (text &&
	       (got = expect_ok(read(fd, text + n, room - n - 1))) > 0) {
		n += got;
		if (n == room - 1)
			text = realloc(text, room *= 2);
	}
	expect(text != NULL);
	text[n] = '\0';
	close(fd);
	return text;
}

/* --- lines --------------------------------------------------------------- */

struct line {
	unsigned long time; /* ns; 0: not an event */
	unsigned hart;
	int pid, tid;
	unsigned long nlost; /* of a line that says so */
	char name[20];
	char rest[200];
};

/* The next line of *text, which moves on; false: there is none. */
static bool next_line(char **text, struct line *out)
{
	char *end = strchr(*text, '\n'), *line = *text;
	unsigned long seconds, ns;
	int rest = 0;

	if (!end)
		return false;
	*end = '\0';
	*text = end + 1;
	*out = (struct line){0};
	if (line[0] == '#') {
		sscanf(line, "# %lu events lost", &out->nlost);
		return true;
	}
	expect_eq(sscanf(line, "%lu.%lu [%u] %d/%d %19s%n", &seconds, &ns,
			 &out->hart, &out->pid, &out->tid, out->name, &rest),
		  6);
	out->time = seconds * 1000000000 + ns;
	snprintf(out->rest, sizeof(out->rest), "%s",
		 line + rest + (line[rest] == ' '));
	return true;
}

/* How many lines are @name's, of process @pid, and have @part in them. */
static size_t count_lines(int pid, const char *name, const char *part)
{
	char *whole = read_file("/proc/trace"), *text = whole;
	struct line line;
	size_t n = 0;

	while (next_line(&text, &line))
		n += line.pid == pid && strcmp(line.name, name) == 0 &&
		     strstr(line.rest, part) != NULL;
	free(whole);
	return n;
}

/* --- cases --------------------------------------------------------------- */

TEST(trace_records_only_while_it_is_on,
     "Switched off, marks are EBADF and faults are not recorded; what was "
     "recorded before can still be read.")
{
	char *p;
	size_t nfaults;

	trace_begin();
	expect_eq(mark("while on"), 8);
	trace_switch("0");
	nfaults = count_lines(getpid(), "fault", ""); /* our own code's */
	expect_errno(mark("while off"), EBADF);
	p = map_anonymous(1);
	p[0] = 1;
	expect_eq(count_lines(getpid(), "mark", "while on"), 1);
	expect_eq(count_lines(getpid(), "mark", "while off"), 0);
	expect_eq(count_lines(getpid(), "fault", ""), nfaults);
}

TEST(trace_says_whether_it_is_on,
     "tracing_on reads as it was written, and other texts are EINVAL.")
{
	char *said;

	trace_begin();
	said = read_file("/proc/tracing_on");
	expect_string(said, "1\n");
	free(said);
	expect_eq(tell("/proc/tracing_on", "0\n"), 2);
	expect_errno(tell("/proc/tracing_on", "2"), EINVAL);
	expect_errno(tell("/proc/tracing_on", "on"), EINVAL);
	expect_eq(tell("/proc/tracing_on", ""), 0);
	said = read_file("/proc/tracing_on");
	expect_string(said, "0\n");
}

TEST(trace_bad_calls_are_refused,
     "Bad addresses are EFAULT; a file without that direction is EINVAL.")
{
	char *hole = reserve(1);
	char byte;
	int fd;

	trace_begin();
	fd = expect_ok(open("/proc/trace_marker", O_RDWR));
	expect_errno(write(fd, hole, 10), EFAULT);
	expect_errno(read(fd, &byte, 1), EINVAL);
	close(fd);
	fd = expect_ok(open("/proc/trace", O_RDONLY));
	expect_errno(read(fd, hole, 10), EFAULT);
	expect_errno(write(fd, &byte, 1), EBADF);
	close(fd);
	fd = expect_ok(open("/proc/tracing_on", O_WRONLY));
	expect_errno(write(fd, hole, 1), EFAULT);
	close(fd);
	expect_errno(tell("/proc/uptime", "7"), EINVAL);
	expect_errno(open("/proc/uptime", O_WRONLY | O_TRUNC), EINVAL);
	trace_switch("0");
}

TEST(trace_mark_is_kept_whole,
     "A mark longer than one event is all there, piece by piece; control "
     "characters in it don't break the line.")
{
	char *whole, *text, seen[200] = "";
	struct line line;

	trace_begin();
	expect_eq(mark("one\ntwo\n"), 8);
	expect_eq(mark("0123456789abcdefghijABCDEFGHIJ0123456789abcdefghijklm"),
		  53);
	trace_switch("0");
	whole = text = read_file("/proc/trace");
	while (next_line(&text, &line))
		if (line.pid == getpid() && (!strcmp(line.name, "mark") ||
					     !strcmp(line.name, "more"))) {
			strcat(seen, line.name);
			strcat(seen, line.rest);
		}
	expect_string(seen, "markone twomark0123456789abcdefghijABCDEFGHIJ01"
			    "more23456789abcdefghijklm");
	free(whole);
}

TEST(trace_is_cleared_by_truncating_it,
     "What was recorded before open(O_TRUNC), ftruncate or a write is gone; "
     "what comes after is there.")
{
	int fd;

	trace_begin();
	mark("a");
	fd = expect_ok(open("/proc/trace", O_WRONLY | O_TRUNC));
	mark("b");
	expect_eq(count_lines(getpid(), "mark", "a"), 0);
	expect_eq(count_lines(getpid(), "mark", "b"), 1);
	expect_ok(ftruncate(fd, 0));
	mark("c");
	expect_eq(count_lines(getpid(), "mark", "b"), 0);
	expect_eq(count_lines(getpid(), "mark", "c"), 1);
	expect_eq(write(fd, "", 1), 1);
	expect_eq(count_lines(getpid(), "mark", "c"), 0);
	trace_switch("0");
}

TEST(trace_has_each_fault_once,
     "Each page touched is one anonymous-write fault of it; a store after "
     "fork is one copy in one of the two, and the page itself in the other.")
{
	enum { NPAGES = 5 };
	char *p = map_anonymous(NPAGES);
	char address[100], page[40];
	pid_t child;

	trace_begin();
	for (int i = 0; i < NPAGES; i++)
		p[i * PAGE + 8] = 1;
	child = expect_ok(fork());
	if (child == 0) {
		p[0] = 2;
		_exit(0);
	}
	expect_exit(child, 0);
	p[0] = 3;
	trace_switch("0");
	for (int i = 0; i < NPAGES; i++) {
		snprintf(address, sizeof(address),
			 "address=0x%lx access=write kind=anonymous-write "
			 "result=0",
			 (long)p + i * PAGE + 8);
		expect_eq(count_lines(getpid(), "fault", address), 1);
	}
	snprintf(page, sizeof(page), "address=0x%lx", (long)p);
	expect_eq(count_lines(child, "cow-copy", page), 1);
	expect_eq(count_lines(getpid(), "cow-reuse", page), 1);
	snprintf(page, sizeof(page), "process=%d", child);
	expect_eq(count_lines(getpid(), "fork", page), 1);
	expect_eq(count_lines(child, "exit", "status=0x0 last=1"), 1);
}

TEST(trace_tells_how_faults_end,
     "A fault that ends in a signal has the errno for its result: no right is "
     "EACCES, nothing there EFAULT.")
{
	char *p = reserve(1);
	char line[80];

	trace_begin();
	expect_fault(fault_read(p + 5), SIGSEGV, SEGV_ACCERR, p + 5);
	unmap(p, 1);
	expect_fault(fault_write(p + 7, 1), SIGSEGV, SEGV_MAPERR, p + 7);
	trace_switch("0");
	snprintf(line, sizeof(line), "=0x%lx access=read kind=none result=-13",
		 (long)p + 5);
	expect_eq(count_lines(getpid(), "fault", line), 1);
	snprintf(line, sizeof(line), "=0x%lx access=write kind=none result=-14",
		 (long)p + 7);
	expect_eq(count_lines(getpid(), "fault", line), 1);
	snprintf(line, sizeof(line), "start=0x%lx bytes=4096 result=0",
		 (long)p);
	expect_eq(count_lines(getpid(), "munmap", line), 1);
}

TEST(trace_overrun_keeps_the_newest,
     "When a ring is full the oldest events go: the marks that are left are "
     "the last ones, without a gap, and the rest is counted as lost.")
{
	cpu_set_t one;
	char *whole, *text, number[20];
	unsigned long nlost = 0;
	long n, first = -1, last = -1;
	struct line line;
	int fd;

	skip_unless_traced();
	CPU_ZERO(&one);
	CPU_SET(0, &one);
	expect_ok(sched_setaffinity(0, sizeof(one), &one));
	trace_begin();
	whole = read_file("/proc/trace");
	text = strstr(whole, "ns; ");
	expect(text != NULL);
	n = strtol(text + 4, NULL, 10) * 1024 / 64;
	free(whole);
	fd = expect_ok(open("/proc/trace_marker", O_WRONLY));
	for (long i = 0; i < 2 * n; i++) {
		snprintf(number, sizeof(number), "%ld", i);
		expect_ok(write(fd, number, strlen(number)));
	}
	trace_switch("0");
	whole = text = read_file("/proc/trace");
	while (next_line(&text, &line)) {
		nlost += line.nlost;
		if (line.pid != getpid() || strcmp(line.name, "mark") != 0)
			continue;
		long i = strtol(line.rest, NULL, 10);
		if (first < 0)
			first = i;
		else
			expect_eq(i, last + 1);
		last = i;
	}
	expect_eq(last, 2 * n - 1);
	expect_between(first, n, 2 * n - 1);
	expect(nlost >= (unsigned long)first);
	free(whole);
}

/* --- reading while others write ------------------------------------------ */

enum { WRITERS = 4, READINGS = 12 };

/* Mark 0, 1, 2 ... until told to stop. */
static _Noreturn void write_marks(int *stop)
{
	int fd = expect_ok(open("/proc/trace_marker", O_WRONLY));
	char number[20];

	for (long i = 0; !__atomic_load_n(stop, __ATOMIC_RELAXED); i++) {
		snprintf(number, sizeof(number), "%ld", i);
		expect_ok(write(fd, number, strlen(number)));
	}
	_exit(0);
}

/* Lines are in order of time, and each writer's marks in order; none is
 * missing, unless losses are told.  How many marks there were. */
static size_t check_reading(const pid_t *writers)
{
	char *whole = read_file("/proc/trace"), *text = whole;
	long last[WRITERS] = {-1, -1, -1, -1};
	unsigned long before = 0, nlost = 0;
	size_t n = 0, ngaps = 0;
	struct line line;

	while (next_line(&text, &line)) {
		nlost += line.nlost;
		if (!line.time)
			continue;
		expect(line.time >= before);
		before = line.time;
		for (int w = 0; w < WRITERS; w++) {
			if (line.pid != writers[w] || strcmp(line.name, "mark"))
				continue;
			long i = strtol(line.rest, NULL, 10);
			expect(i > last[w]);
			ngaps += last[w] >= 0 && i != last[w] + 1;
			last[w] = i;
			n++;
		}
	}
	free(whole);
	expect(ngaps == 0 || nlost > 0);
	return n;
}

TEST(trace_can_be_read_while_others_write,
     "Readings while four processes write are each whole lines in order, in "
     "which nothing is missing that is not said to be lost.")
{
	int *stop = map_anonymous_shared(1);
	pid_t writers[WRITERS];
	size_t n = 0;

	trace_begin();
	for (int w = 0; w < WRITERS; w++) {
		writers[w] = expect_ok(fork());
		if (writers[w] == 0)
			write_marks(stop);
	}
	for (int i = 0; i < READINGS || n == 0; i++) {
		if (i % 3 == 2) /* clearing is no loss */
			expect_eq(tell("/proc/trace", "x"), 1);
		n += check_reading(writers);
		sched_yield();
	}
	__atomic_store_n(stop, 1, __ATOMIC_RELAXED);
	for (int w = 0; w < WRITERS; w++)
		expect_exit(writers[w], 0);
	trace_switch("0");
}
