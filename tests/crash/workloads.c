// SPDX-License-Identifier: MIT
/*
 * workloads SEED DISK=NAME...: run workloads on disks whose power will fail.
 *
 * Each disk is mounted, worked on, and unmounted.  Before each operation a
 * line on standard output says what is about to be done, and after each call
 * that promises something what was promised; an answer on standard input is
 * waited for, so that the host knows what the disk had been given by then
 * (model.py lists the lines).  NAME "recover" does nothing but mount.
 *
 * Files consist of cells of 8 bytes, each of which says whose it is:
 *
 *	| file 10 bits | which cell 22 | version 16 | check 16 |
 *
 * so that no byte can be in a wrong place unnoticed.  A version is a number
 * that no other write to this disk has.
 *
 * DISK=NAME:ROUNDS does all of it as many times, and lets requests to the disk
 * fail (/proc/fail-request; the debug kernel has it).  The first round has no
 * failures, and counts the requests.  In each of the others one of them fails,
 * or it and some more, or all from it on, whether they come from the mount,
 * the workload, or the unmounting.  The workload ends when it hears of that,
 * and says "error"; with a ":deaf" behind it, it takes no notice when a
 * promise can't be made, to see that this is not overlooked.
 */

#define _GNU_SOURCE
#include "workloads.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

static uint64_t random_state;
static unsigned next_id, next_version;
static int injector = -1; /* /proc/fail-request, if there are failures */
static bool deaf;

/* --- the host --- */

unsigned any(unsigned n)
{
	/* splitmix64 */
	uint64_t z = random_state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return (z ^ z >> 31) % n;
}

void say(const char *format, ...)
{
	char line[700], answer;
	va_list args;

	va_start(args, format);
	int n = vsnprintf(line, sizeof(line) - 1, format, args);
	va_end(args);
	line[n++] = '\n';
	if (write(1, line, n) != n || read(0, &answer, 1) != 1)
		errx(1, "the host is gone");
}

/* It is not known whether what was said last has happened; that is the end. */
static void give_up(const char *what)
{
	if (injector < 0 || (errno != EIO && errno != EROFS))
		err(1, "%s", what);
	say("error %s", strerror(errno));
	exit(0);
}

/* What was said last did not happen. */
static int failed(int result)
{
	if (result >= 0)
		return result;
	if (errno != ENOSPC)
		give_up("not the error that was expected");
	say("failed");
	return -1;
}

/* --- names --- */

int make(struct file *f, const char *path)
{
	*f = (struct file){.id = next_id++};
	say("create %s %u", path, f->id);
	f->fd = failed(open(path, O_RDWR | O_CREAT | O_EXCL, 0644));
	return f->fd;
}

int make_folder(const char *path)
{
	say("mkdir %s", path);
	return failed(mkdir(path, 0755));
}

int make_symlink(const char *target, const char *path)
{
	say("symlink %s %s", target, path);
	return failed(symlink(target, path));
}

int make_link(const char *from, const char *to)
{
	say("link %s %s", from, to);
	return failed(link(from, to));
}

void move(const char *from, const char *to)
{
	say("rename %s %s", from, to);
	failed(rename(from, to));
}

void drop(const char *path)
{
	say("unlink %s", path);
	if (unlink(path))
		give_up(path);
}

void drop_folder(const char *path)
{
	say("rmdir %s", path);
	if (rmdir(path))
		give_up(path);
}

/* --- contents --- */

static uint64_t cell(unsigned file, unsigned index, unsigned version)
{
	uint64_t body = (uint64_t)file << 38 | (uint64_t)index << 16 | version;
	uint64_t check = (body * 0x9e3779b97f4a7c15 >> 48) | 1;

	return body << 16 | check;
}

static void grow_to(struct file *f, unsigned ncells)
{
	if (f->ncells < ncells)
		f->ncells = ncells;
}

/* How many cells were written: fewer when the disk is full. */
unsigned put(struct file *f, unsigned start, unsigned n)
{
	static uint64_t cells[CELLS_MAX];
	unsigned version = ++next_version;

	for (unsigned i = 0; i < n; i++)
		cells[i] = cell(f->id, start + i, version);
	say("write %u %u %u %u", f->id, start, n, version);
	ssize_t done = pwrite(f->fd, cells, n * 8, start * 8);

	if (done < 0 && errno != ENOSPC)
		give_up("write");
	if (done % 8 > 0)
		errx(1, "half a cell was written");
	unsigned ndone = done < 0 ? 0 : done / 8;

	if (ndone)
		grow_to(f, start + ndone);
	if (ndone < n)
		say("short %u", ndone);
	return ndone;
}

void append(struct file *f, unsigned n)
{
	put(f, f->ncells, n);
}

void store(struct file *f, volatile uint64_t *map, unsigned start, unsigned n)
{
	unsigned version = ++next_version;

	say("store %u %u %u %u", f->id, start, n, version);
	for (unsigned i = start; i < start + n; i++)
		map[i] = cell(f->id, i, version);
}

void cut(struct file *f, unsigned ncells)
{
	say("truncate %u %u", f->id, ncells);
	if (!failed(ftruncate(f->fd, ncells * 8)))
		f->ncells = ncells;
}

volatile uint64_t *map_file(struct file *f)
{
	void *map = mmap(NULL, f->ncells * 8, PROT_READ | PROT_WRITE,
			 MAP_SHARED, f->fd, 0);

	if (map == MAP_FAILED)
		give_up("mmap");
	return map;
}

void forget(struct file *f)
{
	if (f->fd >= 0)
		close(f->fd);
	f->fd = -1;
}

/* --- promises --- */

static void must(int result, const char *what)
{
	if (result && !deaf)
		give_up(what);
}

void keep(struct file *f)
{
	if (any(2)) {
		must(fsync(f->fd), "fsync");
		say("kept %u", f->id);
	} else {
		must(fdatasync(f->fd), "fdatasync");
		say("kept-data %u", f->id);
	}
}

void keep_range(struct file *f, volatile uint64_t *map, unsigned start,
		unsigned n)
{
	unsigned first = start / CELLS_PER_PAGE * CELLS_PER_PAGE;

	must(msync((void *)(map + first), (start + n - first) * 8, MS_SYNC),
	     "msync");
	say("kept-range %u %u %u", f->id, start, n);
}

void keep_folder(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY);

	if (fd < 0)
		give_up(path);
	must(fsync(fd), "fsync of a folder");
	close(fd);
	say("kept-folder %s", path);
}

void keep_all(void)
{
	/* sync(2) can't say that it has failed. */
	if (any(2) && injector < 0) {
		sync();
	} else {
		int fd = open(".", O_RDONLY | O_DIRECTORY);

		if (fd < 0)
			give_up(".");
		must(syncfs(fd), "syncfs");
		close(fd);
	}
	say("kept-all");
}

/* --- failures --- */

struct requests {
	unsigned long n, nfailed;
};

static void inject(unsigned long value)
{
	if (dprintf(injector, "%lu", value) < 0)
		err(1, "fail-request");
}

static struct requests requests_read(void)
{
	struct requests r;
	char text[60] = "";

	if (pread(injector, text, sizeof(text) - 1, 0) <= 0 ||
	    sscanf(text, "%lu %lu", &r.n, &r.nfailed) != 2)
		err(1, "fail-request");
	return r;
}

/* One of @n requests fails, or some more after it. */
static void inject_any(unsigned long n)
{
	static const unsigned more[] = {0, 0, 3, INT32_MAX};

	inject(1 + any(n) + ((unsigned long)more[any(4)] << 32));
}

/* --- one disk --- */

static const struct workload *find(const char *name)
{
	const struct workload *w = workloads;

	while (w->name && strcmp(w->name, name))
		w++;
	if (!w->name)
		errx(2, "%s: no such workload", name);
	return w;
}

/* Work in a process of its own: when it has ended nothing is in use. */
static void work(const struct workload *w)
{
	int status;
	pid_t child = fork();

	if (child == 0) {
		if (chdir("/mnt"))
			give_up("chdir");
		w->run();
		exit(0);
	}
	if (child < 0 || waitpid(child, &status, 0) != child)
		err(1, "a process for the workload");
	/* What can't be read of a mapping is no number, but a signal. */
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS && injector >= 0)
		say("error SIGBUS");
	else if (status)
		errx(1, "the workload %s ended with %#x", w->name, status);
}

static void run(const char *disk, const char *name, uint64_t seed)
{
	char path[32];

	random_state = seed;
	next_id = next_version = 0;
	snprintf(path, sizeof(path), "/dev/%s", disk);
	if (mount(path, "/mnt", "ext2", 0, "")) {
		if (injector < 0 || errno != EIO)
			err(1, "%s", path);
		say("error mount");
		return;
	}
	work(find(name));
	if (umount("/mnt"))
		err(1, "umount");
}

static void run_rounds(const char *disk, const char *name, uint64_t seed,
		       unsigned rounds)
{
	struct requests r = {0};
	unsigned long n = 0;

	for (unsigned i = 0; i < rounds; i++) {
		say("disk %s", disk);
		random_state = seed << 32 | i;
		if (i == 0)
			inject(0);
		else
			inject_any(n);
		run(disk, name, seed);
		r = requests_read();
		inject(0);
		if (i == 0)
			n = r.n;
		say("end %lu", r.nfailed);
	}
}

/* NAME, NAME:ROUNDS, NAME:ROUNDS:deaf */
static void run_argument(const char *disk, char *name, uint64_t seed)
{
	char *rounds = strchr(name, ':');

	if (!rounds) {
		say("disk %s", disk);
		run(disk, name, seed);
		say("end");
		return;
	}
	*rounds++ = '\0';
	deaf = strstr(rounds, ":deaf");
	injector = open("/proc/fail-request", O_RDWR | O_CLOEXEC);
	if (injector < 0)
		err(1, "/proc/fail-request");
	run_rounds(disk, name, seed, strtoul(rounds, NULL, 10));
}

int main(int argc, char **argv)
{
	if (argc < 3)
		errx(2, "usage: workloads SEED DISK=NAME...");
	for (int i = 2; i < argc; i++) {
		char *name = strchr(argv[i], '=');

		if (!name)
			errx(2, "%s: not DISK=NAME", argv[i]);
		*name++ = '\0';
		run_argument(argv[i], name, strtoull(argv[1], NULL, 0));
	}
	return 0;
}
