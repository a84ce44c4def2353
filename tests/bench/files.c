// SPDX-License-Identifier: MIT
/*
 * files.c - rows: reading and writing what is in the page cache, and names.
 */
#define _GNU_SOURCE
#include "bench.h"

#include <fcntl.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static char buffer[64 << 10];

/* Map the hot file, load one word or every word of each page, unmap. */
static long map_read_unmap(size_t n, size_t words)
{
	long start = now();
	volatile uint64_t *p = map_file(n, PROT_READ, MAP_SHARED);

	for (size_t i = 0; i < n; i++)
		for (size_t word = 0; word < words; word++)
			(void)p[i * PAGE / sizeof(*p) + word];
	unmap(p, n);
	return now() - start;
}

static long map_read_word(size_t n)
{
	return map_read_unmap(n, 1);
}

static long map_read_all(size_t n)
{
	return map_read_unmap(n, PAGE / sizeof(uint64_t));
}

/* read(2) the file by @nbytes; @n is in pages. */
static long read_by(size_t n, size_t nbytes, int fd)
{
	long start = now();

	for (size_t at = 0; at < n * PAGE; at += nbytes)
		must(pread(fd, buffer, nbytes, at) == (ssize_t)nbytes, "pread");
	return now() - start;
}

static long read_4k(size_t n)
{
	return read_by(n, PAGE, bench_file);
}

static long read_64k(size_t n)
{
	return read_by(n, sizeof(buffer), bench_file);
}

static long read_hole(size_t n)
{
	int fd = hole_file(n);
	long cost = read_by(n, PAGE, fd);

	close(fd);
	return cost;
}

static long pread_byte(size_t n)
{
	long start = now();

	for (size_t i = 0; i < n; i++)
		must(pread(bench_file, buffer, 1, 0) == 1, "pread");
	return now() - start;
}

static long write_pages(size_t n)
{
	long start = now();

	for (size_t i = 0; i < n; i++)
		must(pwrite(bench_file, buffer, PAGE, i * PAGE) == PAGE,
		     "pwrite");
	return now() - start;
}

static long write_dirty(size_t n)
{
	write_pages(n);
	return write_pages(n);
}

static long write_clean(size_t n)
{
	fsync(bench_file);
	return write_pages(n);
}

static long append(size_t n)
{
	const char *name = "/tmp/bench-append";
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0644);
	long start;

	must(fd >= 0, name);
	start = now();
	for (size_t i = 0; i < n; i++)
		must(write(fd, buffer, PAGE) == PAGE, "write");
	start = now() - start;
	close(fd);
	unlink(name);
	return start;
}

static long open_close(size_t n)
{
	long start = now();

	for (size_t i = 0; i < n; i++)
		close(open(bench_file_name, O_RDONLY));
	return now() - start;
}

static long stat_path(size_t n)
{
	struct stat st;
	long start = now();

	for (size_t i = 0; i < n; i++)
		stat(bench_file_name, &st);
	return now() - start;
}

/* Nothing is dirty: the cost of finding that out. */
static long msync_clean(size_t n)
{
	const size_t npages = FILE_PAGES;
	volatile char *p = map_file(npages, PROT_READ | PROT_WRITE, MAP_SHARED);
	long start;

	touch_read(p, npages);
	msync((void *)p, npages * PAGE, MS_SYNC);
	start = now();
	for (size_t i = 0; i < n; i++)
		must(msync((void *)p, npages * PAGE, MS_SYNC) == 0, "msync");
	start = now() - start;
	unmap(p, npages);
	return start;
}

/* Waits for the disk, so the clock counts the host's too. */
static long msync_dirty(size_t n)
{
	volatile char *p = map_file(n, PROT_READ | PROT_WRITE, MAP_SHARED);
	long start;

	touch_write(p, n);
	start = now();
	must(msync((void *)p, n * PAGE, MS_SYNC) == 0, "msync");
	start = now() - start;
	unmap(p, n);
	return start;
}

const struct row file_rows[] = {
	{"map a hot 32 MiB file, read one word per page", map_read_word, 8192},
	{"the same, summing every word", map_read_all, 8192},
	{"read(2) by 4 KiB, per page", read_4k, 8192},
	{"read(2) by 64 KiB, per page", read_64k, 8192},
	{"read(2) of a hole, per page", read_hole, 2048},
	{"pread of 1 byte, hot", pread_byte, 1000},
	{"pwrite of 4 KiB over a dirty page", write_dirty, 1000},
	{"pwrite of 4 KiB over a clean page", write_clean, 1000},
	{"append 4 KiB", append, 1000},
	{"open and close", open_close, 500},
	{"stat", stat_path, 500},
	{"msync of 64 MiB resident, nothing dirty", msync_clean, 20},
	{"msync of 1,024 dirty pages, per page", msync_dirty, 1024},
	{0},
};
