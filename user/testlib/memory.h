/* SPDX-License-Identifier: MIT */
#ifndef TESTLIB_MEMORY_H
#define TESTLIB_MEMORY_H

/*
 * memory.h - the mappings most cases start with, and /proc/self/maps.
 *
 * The functions end the case if they can't do what they say.  Here and in
 * the cases lengths are in bytes where a call of the kernel takes them, and
 * in pages where the name says so.
 */

#include <sys/mman.h>

#include "testlib/test.h"

/* Private anonymous memory, readable and writable; shared instead. */
void *map_anonymous(size_t npages);
void *map_anonymous_shared(size_t npages);

/* The first @npages of the file @fd, readable and writable. */
void *map_shared(int fd, size_t npages);
void *map_private(int fd, size_t npages);

/* @npages of address space with nothing mapped on either side of them, and,
 * once the caller maps over it, no neighbour to be merged with: PROT_NONE,
 * shared with nobody, no frame. */
char *reserve(size_t npages);

/* Make [at, at + npages) a hole again. */
void unmap(void *at, size_t npages);

/* One line of /proc/self/maps. */
struct map_line {
	unsigned long start, end;
	char rights[5]; /* "rw-p" */
	unsigned long offset;
	unsigned major, minor;
	unsigned long ino;
	char path[256];
};

/* The line that covers @at; false: there is none. */
bool map_line_at(const void *at, struct map_line *out);

/* How many lines lie in, or reach into, @npages from @at. */
size_t map_lines_in(const void *at, size_t npages);

/* Call @visit for each line, in order; how many there were. */
size_t map_lines(void (*visit)(const struct map_line *line, void *argument),
		 void *argument);

/* Skip where /proc/self/maps is another's, or made up (qemu-user). */
void skip_unless_maps_tell(void);

#endif
