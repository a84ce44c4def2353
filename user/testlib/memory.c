// SPDX-License-Identifier: MIT
/*
 * memory.c - mappings for cases, and what /proc/self/maps says of them.
 */

#define _GNU_SOURCE
#include "testlib/memory.h"

#include <stdio.h>
#include <string.h>

#include "testlib/where.h"

enum { READ_WRITE = PROT_READ | PROT_WRITE };

void *map_anonymous(size_t npages)
{
	return expect_mapped(mmap(NULL, npages * PAGE, READ_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
}

void *map_anonymous_shared(size_t npages)
{
	return expect_mapped(mmap(NULL, npages * PAGE, READ_WRITE,
				  MAP_SHARED | MAP_ANONYMOUS, -1, 0));
}

void *map_shared(int fd, size_t npages)
{
	return expect_mapped(
		mmap(NULL, npages * PAGE, READ_WRITE, MAP_SHARED, fd, 0));
}

void *map_private(int fd, size_t npages)
{
	return expect_mapped(
		mmap(NULL, npages * PAGE, READ_WRITE, MAP_PRIVATE, fd, 0));
}

char *reserve(size_t npages)
{
	/* Two more, which go again: a hole of one page on either side. */
	char *p = expect_mapped(
		mmap(NULL, (npages + 2) * PAGE, PROT_NONE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));

	unmap(p, 1);
	unmap(p + (npages + 1) * PAGE, 1);
	return p + PAGE;
}

void unmap(void *at, size_t npages)
{
	expect_ok(munmap(at, npages * PAGE));
}

static bool parse(const char *text, struct map_line *line)
{
	line->path[0] = '\0';
	return sscanf(text, "%lx-%lx %4s %lx %x:%x %lu %255[^\n]", &line->start,
		      &line->end, line->rights, &line->offset, &line->major,
		      &line->minor, &line->ino, line->path) >= 7;
}

size_t map_lines(void (*visit)(const struct map_line *line, void *argument),
		 void *argument)
{
	static char text[512];
	FILE *in = fopen("/proc/self/maps", "re");
	struct map_line line;
	size_t n = 0;

	if (!in)
		fail(HERE, "/proc/self/maps: %s", strerror(errno));
	for (; fgets(text, sizeof(text), in); n++) {
		if (!parse(text, &line))
			fail(HERE,
			     "/proc/self/maps: expected "
			     "\"start-end rights offset device inode "
			     "path\", saw \"%s\"",
			     text);
		visit(&line, argument);
	}
	fclose(in);
	return n;
}

struct search {
	unsigned long start, end;
	size_t n;
	struct map_line found; /* the last one */
};

static void look(const struct map_line *line, void *argument)
{
	struct search *search = argument;

	if (line->start < search->end && search->start < line->end) {
		search->found = *line;
		search->n++;
	}
}

bool map_line_at(const void *at, struct map_line *out)
{
	unsigned long va = (unsigned long)at;
	struct search search = {.start = va, .end = va + 1};

	map_lines(look, &search);
	*out = search.found;
	return search.n == 1;
}

size_t map_lines_in(const void *at, size_t npages)
{
	unsigned long va = (unsigned long)at;
	struct search search = {.start = va, .end = va + npages * PAGE};

	map_lines(look, &search);
	return search.n;
}

void skip_unless_maps_tell(void)
{
	skip_on(ON_EMULATOR, "qemu-user makes up /proc/self/maps");
}
