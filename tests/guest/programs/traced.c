/* SPDX-License-Identifier: MIT */
/*
 * traced: do things to memory of which each is one event of a trace, with
 * marks between them, for trace_test.py to count.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PAGE = 4096, NPAGES = 7 };

static int marker;

static void *checked(void *p)
{
	if (p == MAP_FAILED)
		exit(1);
	return p;
}

static void mark(const char *text)
{
	if (write(marker, text, strlen(text)) < 0)
		exit(2);
}

int main(void)
{
	char *p = checked(mmap(NULL, NPAGES * PAGE, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	int fd = open("/tmp/traced", O_RDWR | O_CREAT | O_TRUNC, 0644);

	marker = open("/proc/trace_marker", O_WRONLY);
	if (marker < 0 || fd < 0 || ftruncate(fd, PAGE))
		return 3;

	char *file = checked(
		mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));

	file[0] = 1; /* its block is allocated here */
	if (msync(file, PAGE, MS_SYNC))
		return 4;
	mark("touch");
	for (int i = 0; i < NPAGES; i++)
		p[i * PAGE] = 1;
	mark("fork");

	pid_t child = fork();

	if (child == 0) {
		mark("child");
		p[0] = 2;
		mark("child done");
		_exit(7);
	}
	waitpid(child, NULL, 0);
	mark("store");
	file[1] = 2;
	mark("msync");
	if (msync(file, PAGE, MS_SYNC))
		return 5;
	mark("protect");
	mprotect(p, NPAGES * PAGE, PROT_READ);
	munmap(p, NPAGES * PAGE);
	mark("a text that is longer than what fits into one event");
	printf("%p %p %d\n", (void *)p, (void *)file, child);
	return 0;
}
