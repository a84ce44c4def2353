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
static volatile uint64_t sum_seen;

/* Map the hot file, add up one word or every word of each page, unmap. */
static void map_read_unmap(size_t n, size_t words)
{
	volatile uint64_t *p;
	uint64_t sum = 0;

	meter_start();
	p = map_file(n, PROT_READ, MAP_SHARED);
	for (size_t i = 0; i < n; i++)
#pragma GCC unroll 8
		for (size_t word = 0; word < words; word++)
			sum += p[i * PAGE / sizeof(*p) + word];
	sum_seen = sum;
	unmap(p, n);
	meter_stop();
}

static void map_read_word(size_t n)
{
	map_read_unmap(n, 1);
}

static void map_read_all(size_t n)
{
	map_read_unmap(n, PAGE / sizeof(uint64_t));
}

/* read(2) the file by @nbytes; @n is in pages. */
static void read_by(size_t n, size_t nbytes, int fd)
{
	meter_start();
	for (size_t at = 0; at < n * PAGE; at += nbytes)
		must(pread(fd, buffer, nbytes, at) == (ssize_t)nbytes, "pread");
	meter_stop();
}

static void read_4k(size_t n)
{
	read_by(n, PAGE, bench_file);
}

static void read_64k(size_t n)
{
	read_by(n, sizeof(buffer), bench_file);
}

static void read_hole(size_t n)
{
	int fd = hole_file(n);

	read_by(n, PAGE, fd);
	close(fd);
}

static void pread_byte(size_t n)
{
	meter_start();
	for (size_t i = 0; i < n; i++)
		must(pread(bench_file, buffer, 1, 0) == 1, "pread");
	meter_stop();
}

static void write_pages(size_t n)
{
	meter_start();
	for (size_t i = 0; i < n; i++)
		must(pwrite(bench_file, buffer, PAGE, i * PAGE) == PAGE,
		     "pwrite");
	meter_stop();
}

static void write_dirty(size_t n)
{
	write_pages(n);
	meter_reset();
	write_pages(n);
}

static void write_clean(size_t n)
{
	fsync(bench_file);
	write_pages(n);
}

static void append(size_t n)
{
	const char *name = "/tmp/bench-append";
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0644);

	must(fd >= 0, name);
	meter_start();
	for (size_t i = 0; i < n; i++)
		must(write(fd, buffer, PAGE) == PAGE, "write");
	meter_stop();
	close(fd);
	unlink(name);
}

static void open_close(size_t n)
{
	meter_start();
	for (size_t i = 0; i < n; i++)
		close(open(bench_file_name, O_RDONLY));
	meter_stop();
}

static void stat_path(size_t n)
{
	struct stat st;

	meter_start();
	for (size_t i = 0; i < n; i++)
		stat(bench_file_name, &st);
	meter_stop();
}

/* Nothing is dirty: the cost of finding that out. */
static void msync_clean(size_t n)
{
	const size_t npages = FILE_PAGES;
	volatile char *p = map_file(npages, PROT_READ | PROT_WRITE, MAP_SHARED);

	touch_read(p, npages);
	for (int i = 0; i < 2; i++) /* then nothing is new to it */
		msync((void *)p, npages * PAGE, MS_SYNC);
	meter_start();
	for (size_t i = 0; i < n; i++)
		must(msync((void *)p, npages * PAGE, MS_SYNC) == 0, "msync");
	meter_stop();
	unmap(p, npages);
}

/* Waits for the disk, so the clock counts the host's too. */
static void msync_dirty(size_t n)
{
	volatile char *p = map_file(n, PROT_READ | PROT_WRITE, MAP_SHARED);

	touch_write(p, n);
	meter_start();
	must(msync((void *)p, n * PAGE, MS_SYNC) == 0, "msync");
	meter_stop();
	unmap(p, n);
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
