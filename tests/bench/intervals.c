// SPDX-License-Identifier: MIT
/*
 * intervals.c - rows: the same with many intervals in the address space.
 *
 * Neighbouring pages of alternating rights can't be merged, so each page is
 * an interval; every fourth is left out, as a gap.
 */
#define _GNU_SOURCE
#include "bench.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* @n intervals: pages 4i (rw), 4i + 1 (r), 4i + 2 (rw), and a hole. */
struct crowd crowd_make(size_t n)
{
	struct crowd c = {.npages = (n / 3 + 1) * 4};

	c.p = map_anonymous(c.npages);
	for (size_t i = 0; i + 3 < c.npages; i += 4) {
		must(mprotect(c.p + (i + 1) * PAGE, PAGE, PROT_READ) == 0,
		     "mprotect");
		unmap(c.p + (i + 3) * PAGE, 1);
	}
	return c;
}

void crowd_end(struct crowd *c)
{
	unmap(c->p, c->npages);
}

static size_t ngroups(const struct crowd *c)
{
	return c->npages / 4;
}

/* Some power of two of groups, at random. */
static size_t group(const struct crowd *c, size_t i)
{
	size_t n = 1;

	while (2 * n <= ngroups(c))
		n *= 2;
	return shuffled(i, n);
}

/* Read faults, each in another interval, round after round: @n must be a
 * multiple of the groups. */
static void faults(size_t n, size_t nintervals)
{
	struct crowd c = crowd_make(nintervals);
	size_t ngroup = ngroups(&c);

	for (size_t done = 0; done < n; done += ngroup) {
		meter_start();
		for (size_t i = 0; i < ngroup; i++)
			(void)*(volatile char *)(c.p + i * 4 * PAGE);
		meter_stop();
		for (size_t i = 0; i < ngroup; i++)
			madvise(c.p + i * 4 * PAGE, PAGE, MADV_DONTNEED);
	}
	crowd_end(&c);
}

static void faults_10(size_t n)
{
	faults(n, 10);
}

static void faults_1000(size_t n)
{
	faults(n, 1000);
}

static void faults_10000(size_t n)
{
	faults(n, 10000);
}

/* mmap of pages that don't merge. */
static void map_pages(char **p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		p[i] = mmap(NULL, PAGE, i & 1 ? PROT_READ : PROT_NONE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void unmap_pages(char **p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		unmap(p[i], 1);
}

static void map_in_crowd(size_t n, size_t nintervals)
{
	struct crowd c = crowd_make(nintervals);
	char **p = malloc(n * sizeof(*p));

	meter_start();
	map_pages(p, n);
	meter_stop();
	unmap_pages(p, n);
	free(p);
	crowd_end(&c);
}

static void map_10(size_t n)
{
	map_in_crowd(n, 10);
}

static void map_10000(size_t n)
{
	map_in_crowd(n, 10000);
}

static void unmap_10000(size_t n)
{
	struct crowd c = crowd_make(10000);
	char **p = malloc(n * sizeof(*p));

	map_pages(p, n);
	meter_start();
	unmap_pages(p, n);
	meter_stop();
	free(p);
	crowd_end(&c);
}

static void fill_gap(size_t n)
{
	struct crowd c = crowd_make(10000);

	meter_start();
	for (size_t i = 0; i < n; i++) {
		char *at = c.p + (group(&c, i) * 4 + 3) * PAGE;

		must(mmap(at, PAGE, PROT_NONE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == at,
		     "mmap");
		unmap(at, 1);
	}
	meter_stop();
	crowd_end(&c);
}

static void fork_1000(size_t n)
{
	struct crowd c = crowd_make(1000);

	for (size_t i = 0; i < ngroups(&c); i++)
		c.p[i * 4 * PAGE] = 1;
	meter_start();
	for (size_t i = 0; i < n; i++) {
		pid_t child = fork();

		if (child == 0)
			_exit(0);
		waitpid(child, NULL, 0);
	}
	meter_stop();
	crowd_end(&c);
}

const struct row interval_rows[] = {
	{"fault with 10 intervals", faults_10, 1000},
	{"fault with 1,000 intervals", faults_1000, 1002},
	{"fault with 10,000 intervals", faults_10000, 3334},
	{"mmap with 10 intervals", map_10, 200},
	{"mmap with 10,000 intervals", map_10000, 200},
	{"munmap with 10,000 intervals", unmap_10000, 200},
	{"fill and free a gap with 10,000 intervals", fill_gap, 500},
	{"fork, exit, wait, with 1,000 intervals", fork_1000, 20},
	{0},
};
