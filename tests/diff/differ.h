/* SPDX-License-Identifier: MIT */
#ifndef DIFFER_H
#define DIFFER_H

/*
 * differ.h - random sequences of memory and file operations, told in words.
 *
 * One sequence is a seed's: STEPS operations on ARENA_PAGES pages of address
 * space at a fixed place, on two files and a memory file.  Each step says in
 * one line what it did and what came of it; every so often a line tells what is
 * in each page.  The program is deterministic but for the kernel that it runs
 * on, so two kernels that agree give the same lines.
 *
 * A step draws its numbers from its seed and its own number alone: a sequence
 * with steps left out is the same as to all others, and can be made smaller.
 *
 * Nothing is done whose outcome Linux leaves open or to the filesystem, or
 * that its riscv64 copy loops get wrong: where the code looks picky, that is
 * why, and the place says so.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { PAGE = 4096, ARENA_PAGES = 32, STEPS = 500, SNAPSHOT_STEPS = 50 };

#define ARENA ((char *)0x2000000000)

/* What lies below it is for step_stack(). */
enum { PAGES_BELOW = 8192 };

/* --- random numbers (log.c) --- */
void draw_from(uint64_t seed, unsigned step);
uint64_t draw(void);
unsigned below(unsigned n);
bool one_in(unsigned n);

/* --- the log (log.c): memory that is shared with children --- */
void log_new(void); /* empty it */
const char *log_text(void);
uint64_t log_digest(void);
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
void say_prot(int prot);
void say_address(const void *at); /* as page+offset */
/* The end of a step's line: -1 stands for errno. */
void say_result(long result);

/* --- the files (files.c) --- */
enum { FILES = 2, FILE_PAGES = 12 };

/* See the opening text of files.c: how much is moved where. */
enum { SMALL = 64, NEAR = 128 };
char *near_an_edge(void);
char *away_from_edges(void);

struct descriptor {
	const char *name; /* "a", "a-readonly", ... */
	int fd, file;     /* file: which one, or -1 */
	int mode;         /* O_RDWR, ... */
};

/* Files may have sizes that are no whole pages.  Then nobody stores to a
 * shared mapping: what lies past the end would be the filesystem's affair. */
extern bool odd_sizes;

/* The files are on a tmpfs, which can make holes. */
extern bool in_memory;

void files_open(void);
void files_close(void);
const struct descriptor *file_any(void);
void step_transfer(void);
void step_read_write(void);
void step_seek(void);
void step_truncate(void);
void step_sync_file(void);
void step_seal(void);
void step_allocate(void);
void files_snapshot(void);

/* --- memory (memory.c) --- */
void memory_start(void);
void step_map(void);
void step_unmap(void);
void step_protect(void);
void step_sync(void);
void step_advise(void);
void step_resident(void);
void step_heap(void);
void step_remap(void);
void step_lock(void);
void step_copy_across(void);
void step_free(void);
void step_stack(void);
/* The heap's steps stay in HEAP_PAGES from here. */
enum { HEAP_PAGES = 12 };
char *heap_start(void);

/* --- /proc/self/maps (maps.c) --- */
void maps_snapshot(void);
void maps_say(const char *start, const char *end);

/* --- touching it (probe.c) --- */
void probe_start(void);
void probe_forked(void); /* in a child: the second thread is gone */
void step_access(void);
void step_jump(void);
/* A load or a store of a byte there, and what came of it. */
void probe_byte(char *at, bool store);
/* Stores to all of a page; false: can't be. */
bool probe_fill(char *page, uint64_t value);
void arena_snapshot(void);
uint64_t sum_page(const char *page);

/* --- sequences (sequence.c) --- */
/* Where main() has mounted a tmpfs. */
#define MEMORY_FOLDER "tmpfs"

/* Run @seed's steps, all or those in @wanted (STEPS flags), into the log. */
void sequence_run(uint64_t seed, const bool *wanted);

#endif
