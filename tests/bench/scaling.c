// SPDX-License-Identifier: MIT
/*
 * scaling.c - the same operations beside many of something: what grows?
 *
 * A setting puts the program into a world with much in it; the rows are those
 * of other tables, an eighth as often, for some settings make some rows slow.
 * How much memory there is, bench.py chooses.
 */
#define _GNU_SOURCE
#include "bench.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

enum { FILES = 10000, INTERVALS = 10000, PROCESSES = 1000 };
enum { RESERVED = 16 << 18 }; /* pages: 16 GiB */

const char *const scaled[] = {
	"null system call",
	"first write of a fresh anonymous page",
	"read fault on a hot file, one page in 16",
	"mmap 1 page, touch, munmap",
	"fork, exit, wait, small",
	"fork, exec (static glibc), wait",
	"1 byte there and back, two processes",
	"signal to self, handled",
	"open and close",
	"epoll_wait, one is ready",
	NULL,
};

static void few(void (*run)(void))
{
	beside_processes(10, run);
}

static void intervals(void (*run)(void))
{
	struct crowd c = crowd_make(INTERVALS);

	run();
	crowd_end(&c);
}

static void processes(void (*run)(void))
{
	beside_processes(PROCESSES, run);
}

static void files(void (*run)(void))
{
	const struct rlimit enough = {FILES + 100, FILES + 100};
	static int fds[FILES];

	must(setrlimit(RLIMIT_NOFILE, &enough) == 0, "setrlimit");
	for (size_t i = 0; i < FILES; i++) {
		fds[i] = open("/", O_RDONLY);
		must(fds[i] >= 0, "open");
	}
	run();
	for (size_t i = 0; i < FILES; i++)
		close(fds[i]);
}

static void reserved(void (*run)(void))
{
	volatile char *p = map_anonymous(RESERVED);

	p[0] = p[(RESERVED - 1ul) * PAGE] = 1;
	run();
	unmap(p, RESERVED);
}

const struct setting settings[] = {
	{"few", few},
	{"16 GiB reserved", reserved},
	{"10,000 intervals", intervals},
	{"1,000 processes", processes},
	{"10,000 files", files},
	{0},
};
