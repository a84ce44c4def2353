/* SPDX-License-Identifier: MIT */
#ifndef TESTS_HOST_FRAMES_H
#define TESTS_HOST_FRAMES_H

/*
 * frames.h - physical memory for tests: an arena of the host's, at the
 * physical address whose place in the linear map is the arena itself.
 */

#include "kernel/lib/assert.h"
#include "kernel/lib/types.h"

struct page;

enum { FRAMES_MAX = 24 << 8 }; /* 24 MiB, with a hole in it */

extern unsigned long checks;

#define CHECK(cond) \
	do { \
		checks++; \
		if (!(cond)) \
			assert_failed(#cond, __FILE__, __LINE__, __func__); \
	} while (0)

/* page_init() on the arena; the seed may be given as an argument. */
void frames_start(const char *name, int argc, char **argv);
int frames_end(const char *name); /* main()'s result */

/* Where in the arena; is that memory page_init() was told of; and by how much
 * the arena's start misses an alignment to 2^order frames. */
size_t frames_index(const struct page *pg);
bool frames_usable(size_t index);
size_t frames_misalignment(unsigned order);

#endif
