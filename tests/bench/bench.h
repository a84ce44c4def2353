/* SPDX-License-Identifier: MIT */
#ifndef BENCH_H
#define BENCH_H

/*
 * bench.h - how a row of the cost table is measured.
 *
 * A row is a function that does its operation n times, and lets the meter run
 * meanwhile, in one go or several; what it prepares and clears away is not
 * counted.  Under `scripts/quire run --icount` a nanosecond is an instruction.
 *
 * scripts/profile counts between the same points, by the names of the meter's
 * functions.
 */

#include <stddef.h>

enum { PAGE = 4096 };

struct row {
	const char *name;
	void (*run)(size_t n);
	size_t n;
};

/* Each ends with a row without a name. */
extern const struct row fault_rows[], map_rows[], interval_rows[], file_rows[],
	process_rows[], wait_rows[], disk_rows[], huge_rows[], parallel_rows[];

/* A world to run rows in: beside much of something.  @within calls @run there.
 */
struct setting {
	const char *name;
	void (*within)(void (*run)(void));
};

extern const struct setting settings[];
extern const char *const scaled[]; /* names of the rows to run there, NULL */

/* A file of FILE_PAGES zeroed pages, all in the page cache, none dirty. */
extern int bench_file;
extern const char *const bench_file_name;
enum { FILE_PAGES = 16384 };

/* The program itself: as `bench exit' it ends at once. */
extern char *bench_program;

/* A child's count is its parent's, too.  Each is called, never inlined: a
 * plugin in QEMU knows them by their addresses. */
#define CALLED __attribute__((noinline))
CALLED void meter_reset(void);
CALLED void meter_start(void);
CALLED void meter_stop(void);
CALLED void meter_report(void);

/* End the program with a reason, unless @ok. */
void must(int ok, const char *what);

void *map_anonymous(size_t npages);
void *map_file(size_t npages, int prot, int flags);
void unmap(volatile void *p, size_t npages);

/* A new file without a name that is one hole of @npages. */
int hole_file(size_t npages);

/* Call @run beside @n processes that sleep. */
void beside_processes(size_t n, void (*run)(void));

/* So many intervals in the address space. */
struct crowd {
	char *p;
	size_t npages;
};

struct crowd crowd_make(size_t n);
void crowd_end(struct crowd *c);

/* Load from, or store to, each page, in order or in a random one. */
void touch_read(volatile char *p, size_t npages);
void touch_write(volatile char *p, size_t npages);
/* The @i-th of a random order of @n (a power of two). */
size_t shuffled(size_t i, size_t n);

#endif
