// SPDX-License-Identifier: MIT
/*
 * refused.c - what programs see of a request that the disk refuses once.  A
 * write is reported once to each descriptor that was open, the page stays
 * marked, and the next attempt writes it.  A read is an error, or SIGBUS, and
 * the next one reads it.
 *
 * usage: refused FILE		with the debug kernel's /proc/fail-request
 */

#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PAGE = 4096 };

static char page[PAGE];
static const char *path;
static int injector;

/* Must fail with @error, or succeed (0). */
static void expect(const char *what, int result, int error)
{
	int saw = result < 0 ? errno : 0;

	if (saw != error)
		errx(1, "%s: expected %s, saw %s", what, strerror(error),
		     strerror(saw));
}

/* The next request to the disk fails, and @more after it. */
static void refuse_some(unsigned long more)
{
	if (dprintf(injector, "%lu", 1 + (more << 32)) < 0)
		err(1, "fail-request");
}

static void refuse(void)
{
	refuse_some(0);
}

static int file_open(int flags)
{
	int fd = open(path, O_RDWR | O_CREAT | flags, 0600);

	if (fd < 0)
		err(1, "%s", path);
	return fd;
}

static void fill(int fd, char c)
{
	memset(page, c, PAGE);
	expect("write", (int)pwrite(fd, page, PAGE, 0), 0);
}

static void by_fsync(int a, int b)
{
	fill(a, 'f');
	refuse();
	expect("fsync of what is refused", fsync(a), EIO);
	expect("fsync by another descriptor", fsync(b), EIO);
	int late = file_open(0);

	expect("fsync by one that was opened later", fsync(late), 0);
	close(late);
	expect("fsync again", fsync(a), 0);
}

static void by_dsync(int b)
{
	int fd = file_open(O_DSYNC);

	memset(page, 'd', PAGE);
	refuse();
	expect("a write with O_DSYNC", (int)pwrite(fd, page, PAGE, 0), EIO);
	expect("fdatasync by another descriptor", fdatasync(b), EIO);
	expect("fdatasync again", fdatasync(fd), 0);
	close(fd);
}

static void by_msync(int b)
{
	char *map = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, b, 0);

	if (map == MAP_FAILED)
		err(1, "mmap");
	memset(map, 'm', PAGE);
	refuse();
	expect("msync", msync(map, PAGE, MS_SYNC), EIO);
	expect("msync again", msync(map, PAGE, MS_SYNC), 0);
	munmap(map, PAGE);
}

/* Of errors on its filesystem, whoever has tried to write. */
static void by_syncfs(int a, int b)
{
	int elsewhere = open("/", O_RDONLY);

	expect("the first syncfs", syncfs(a), EIO);
	expect("the first syncfs by another descriptor", syncfs(b), EIO);
	fill(a, 's');
	refuse();
	expect("syncfs of another filesystem", syncfs(elsewhere), 0);
	expect("syncfs", syncfs(a), EIO);
	expect("syncfs by another descriptor", syncfs(b), EIO);
	int late = file_open(0);

	expect("syncfs by one that was opened later", syncfs(late), 0);
	expect("syncfs again", syncfs(a), 0);
	close(late);
	close(elsewhere);
}

/* Nothing of @fd's contents is in memory, and what is read first fails. */
static void refuse_reads(int fd)
{
	int caches = open("/proc/sys/vm/drop_caches", O_WRONLY);

	expect("fsync", fsync(fd), 0);
	if (caches < 0 || write(caches, "1", 1) != 1)
		err(1, "drop_caches");
	close(caches);
	refuse_some(1); /* what was read together is read once more alone */
}

static sigjmp_buf loaded;

static void on_sigbus(int number)
{
	(void)number;
	siglongjmp(loaded, 1);
}

static void by_read(int a)
{
	fill(a, 'r');
	refuse_reads(a);
	expect("read", (int)pread(a, page, PAGE, 0), EIO);
	expect("read again", (int)pread(a, page, PAGE, 0), 0);
	if (page[0] != 'r' || page[PAGE - 1] != 'r')
		errx(1, "read again: other bytes");
}

static void by_load(int a)
{
	volatile char *map = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, a, 0);
	volatile int nrefused = 0;

	if (map == MAP_FAILED)
		err(1, "mmap");
	fill(a, 'l');
	refuse_reads(a);
	signal(SIGBUS, on_sigbus);
	nrefused += sigsetjmp(loaded, 1);
	if (map[0] != 'l' || nrefused != 1)
		errx(1, "a load: %c, refused %d times", map[0], nrefused);
	munmap((void *)map, PAGE);
}

int main(int argc, char **argv)
{
	if (argc != 2)
		errx(2, "usage: refused FILE");
	path = argv[1];
	injector = open("/proc/fail-request", O_RDWR);
	if (injector < 0)
		err(1, "fail-request");
	int a = file_open(0), b = file_open(0);

	fill(a, 'a');
	expect("fsync", fsync(a), 0);
	by_read(a);
	by_load(a);
	by_fsync(a, b);
	by_dsync(b);
	by_msync(b);
	by_syncfs(a, b);
	printf("refused once, written at last\n");
}
