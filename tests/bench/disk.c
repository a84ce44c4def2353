// SPDX-License-Identifier: MIT
/*
 * disk.c - rows: a filesystem on a disk, in the working directory: many names
 * in a folder, and what is read, written and made durable.
 *
 * They wait for the disk; only what is executed meanwhile is of interest
 * (bench.py counts it by a plugin in QEMU).
 */
#define _GNU_SOURCE
#include "bench.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NFILES = 10000, NPAGES = 64 << 8, CHUNK = 64 << 10 };

static char buffer[CHUNK];

/* --- many names --- */

/* The @i-th name, in no order. */
static const char *name_of(size_t i)
{
	static char name[40];

	snprintf(name, sizeof(name), "bench-many/file-%05zu",
		 i * 7919 % NFILES);
	return name;
}

static void create_all(void)
{
	must(mkdir("bench-many", 0755) == 0, "bench-many");
	for (size_t i = 0; i < NFILES; i++) {
		int fd = open(name_of(i), O_WRONLY | O_CREAT | O_EXCL, 0644);

		must(fd >= 0, name_of(i));
		close(fd);
	}
}

static void unlink_all(void)
{
	for (size_t i = 0; i < NFILES; i++)
		must(unlink(name_of(i)) == 0, name_of(i));
	must(rmdir("bench-many") == 0, "bench-many");
}

static void create_files(size_t n)
{
	(void)n;
	meter_start();
	create_all();
	meter_stop();
	unlink_all();
}

static void unlink_files(size_t n)
{
	(void)n;
	create_all();
	meter_start();
	unlink_all();
	meter_stop();
}

static void drop_caches(void)
{
	int fd;

	sync();
	fd = open("/proc/sys/vm/drop_caches", O_WRONLY);
	must(fd >= 0 && write(fd, "3\n", 2) == 2, "drop_caches");
	close(fd);
}

static void stat_files(size_t n, int cold)
{
	struct stat st;

	create_all();
	if (cold)
		drop_caches();
	meter_start();
	for (size_t i = 0; i < n; i++)
		must(stat(name_of(i * 31), &st) == 0, "stat");
	meter_stop();
	unlink_all();
}

static void stat_hot(size_t n)
{
	stat_files(n, 0);
}

static void stat_cold(size_t n)
{
	stat_files(n, 1);
}

/* Names that are not there: each is looked for among all that are. */
static void look_up(size_t n)
{
	char name[40];
	struct stat st;

	create_all();
	meter_start();
	for (size_t i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "bench-many/none-%05zu", i);
		must(stat(name, &st) < 0 && errno == ENOENT, name);
	}
	meter_stop();
	unlink_all();
}

/* --- much data --- */

static int write_file(size_t nbytes)
{
	int fd = open("bench-data", O_RDWR | O_CREAT | O_TRUNC, 0644);

	must(fd >= 0, "bench-data");
	for (size_t at = 0; at < nbytes; at += CHUNK)
		must(write(fd, buffer, CHUNK) == CHUNK, "write");
	return fd;
}

static void remove_file(int fd)
{
	close(fd);
	must(unlink("bench-data") == 0, "bench-data");
}

static void write_fsync(size_t n)
{
	int fd;

	meter_start();
	fd = write_file(n * PAGE);
	must(fsync(fd) == 0, "fsync");
	meter_stop();
	remove_file(fd);
}

static void read_file(size_t n, int cold)
{
	int fd = write_file(n * PAGE);

	must(fsync(fd) == 0, "fsync");
	if (cold)
		drop_caches();
	meter_start();
	for (size_t at = 0; at < n * PAGE; at += CHUNK)
		must(pread(fd, buffer, CHUNK, at) == CHUNK, "pread");
	meter_stop();
	remove_file(fd);
}

static void read_cold(size_t n)
{
	read_file(n, 1);
}

static void read_hot(size_t n)
{
	read_file(n, 0);
}

static void pwrite_random(size_t n)
{
	int fd = write_file(NPAGES * PAGE);

	must(fsync(fd) == 0, "fsync");
	meter_start();
	for (size_t i = 0; i < n; i++)
		must(pwrite(fd, buffer, PAGE, shuffled(i, NPAGES) * PAGE) ==
			     PAGE,
		     "pwrite");
	must(fsync(fd) == 0, "fsync");
	meter_stop();
	remove_file(fd);
}

static void store_random(size_t n)
{
	int fd = write_file(NPAGES * PAGE);
	char *p;

	must(fsync(fd) == 0, "fsync");
	meter_start();
	p = mmap(NULL, NPAGES * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		 0);
	must(p != MAP_FAILED, "mmap");
	for (size_t i = 0; i < n; i++)
		p[shuffled(i, NPAGES) * PAGE] = 1;
	must(msync(p, NPAGES * PAGE, MS_SYNC) == 0, "msync");
	unmap(p, NPAGES);
	meter_stop();
	remove_file(fd);
}

static void append_fsync(size_t n)
{
	int fd = write_file(0);

	meter_start();
	for (size_t i = 0; i < n; i++) {
		must(write(fd, buffer, PAGE) == PAGE, "write");
		must(fsync(fd) == 0, "fsync");
	}
	meter_stop();
	remove_file(fd);
}

const struct row disk_rows[] = {
	{"disk: create, 10,000 in a folder", create_files, NFILES},
	{"disk: stat, hot, 10,000 in a folder", stat_hot, NFILES},
	{"disk: stat, cold, 10,000 in a folder", stat_cold, NFILES},
	{"disk: no such name, 10,000 in a folder", look_up, NFILES},
	{"disk: unlink, 10,000 in a folder", unlink_files, NFILES},
	{"disk: write 64 MiB and fsync, per page", write_fsync, NPAGES},
	{"disk: read 64 MiB, cold, per page", read_cold, NPAGES},
	{"disk: read 64 MiB, hot, per page", read_hot, NPAGES},
	{"disk: random pwrite, then fsync, per page", pwrite_random, 4096},
	{"disk: random store, then msync, per page", store_random, 4096},
	{"disk: append 4 KiB and fsync", append_fsync, 200},
	{0},
};
