/* SPDX-License-Identifier: MIT */
#ifndef TESTS_CRASH_WORKLOADS_H
#define TESTS_CRASH_WORKLOADS_H

/*
 * workloads.h - operations that the host is told of (workloads.c), and the
 * workloads that are made of them (scripts.c).
 *
 * An operation may fail with ENOSPC: it says so, and returns -1.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

enum { CELLS_PER_PAGE = 512, CELLS_MAX = 64 * CELLS_PER_PAGE };

struct file {
	unsigned id, ncells;
	int fd; /* -1: not open */
};

struct workload {
	const char *name;
	void (*run)(void);
};

/* The last one has no name. */
extern const struct workload workloads[];

unsigned any(unsigned n); /* random, [0, n) */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

int make(struct file *f, const char *path);
int make_folder(const char *path);
int make_symlink(const char *target, const char *path);
int make_link(const char *from, const char *to);
void move(const char *from, const char *to);
void drop(const char *path);
void drop_folder(const char *path);

unsigned put(struct file *f, unsigned start, unsigned n);
void append(struct file *f, unsigned n);
void cut(struct file *f, unsigned ncells);
volatile uint64_t *map_file(struct file *f);
void store(struct file *f, volatile uint64_t *map, unsigned start, unsigned n);
void forget(struct file *f); /* close it */

/* fsync or fdatasync; msync; fsync of a folder; sync or syncfs. */
void keep(struct file *f);
void keep_range(struct file *f, volatile uint64_t *map, unsigned start,
		unsigned n);
void keep_folder(const char *path);
void keep_all(void);

#endif
