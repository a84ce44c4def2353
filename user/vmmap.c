// SPDX-License-Identifier: MIT
/*
 * vmmap [PID]
 *
 * Draw the address space of a process (default: of vmmap itself).  Addresses
 * grow to the right and downwards.  A box is one interval of the kernel's
 * list, from the address at its upper edge to the one at its lower edge, and
 * beside it stand its size, its protection (p: private, s: shared) and what
 * is mapped.  Each letter in a box is a page, or a few in a large interval:
 *   F  in memory, a page of the file: the page cache's own, not a copy
 *   A  in memory, anonymous: zeros, or a private copy, of this process
 *   S  swapped out
 *   .  not in memory: nobody has touched it yet, or it was dropped
 * Small letters: some of several pages.  A colon: a hole.  From a kernel
 * without /proc/PID/pagemap there are only signs for what may be done:
 *   x  code   w  data that can be written   r  constants   -  nothing
 */

#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <unistd.h>

#include "include/mode.h"
#include "include/usage.h"

enum { WIDTH = 32, MAX_ROWS = 6 };

/* A line of /proc/PID/maps. */
struct interval {
	uint64_t start, end;
	char protection[5];
	char name[4096];
};

/* What some pages are doing. */
struct residency {
	uint64_t pages, file, anonymous, swapped;
};

static uint64_t page_size;
static int pagemap = -1; /* /proc/PID/pagemap, if the kernel has it */

static bool parse(const char *line, struct interval *v)
{
	int used = 0;

	v->name[0] = '\0';
	return sscanf(line, "%lx-%lx %4s %*x %*s %*u %n", &v->start, &v->end,
		      v->protection, &used) == 3 &&
	       (sscanf(line + used, "%4095[^\n]", v->name), true);
}

/* proc(5): bit 63 is "in memory", 62 "swapped", 61 "a page of a file". */
static void count(struct residency *r, uint64_t entry)
{
	r->pages++;
	if (entry >> 62 & 1)
		r->swapped++;
	else if (entry >> 63 && entry >> 61 & 1)
		r->file++;
	else if (entry >> 63)
		r->anonymous++;
}

/* Look at @npages pages from the address @start on, many at a time. */
static void look(struct residency *r, uint64_t start, uint64_t npages)
{
	uint64_t entries[512], place = start / page_size;

	while (npages > 0) {
		uint64_t n = npages < 512 ? npages : 512;

		memset(entries, 0, sizeof(entries));
		pread(pagemap, entries, n * sizeof(*entries),
		      place * sizeof(*entries));
		for (uint64_t i = 0; i < n; i++)
			count(r, entries[i]);
		place += n;
		npages -= n;
	}
}

static char sign(const char *protection)
{
	for (int i = 2; i >= 0; i--)
		if (protection[i] != '-')
			return protection[i];
	return '-';
}

static char letter(const struct residency *r)
{
	uint64_t present = r->file + r->anonymous + r->swapped;
	char c = r->anonymous ? 'A' : r->file ? 'F' : 'S';

	if (present == 0)
		return '.';
	return present == r->pages ? c : c - 'A' + 'a';
}

static void add(struct residency *sum, const struct residency *r)
{
	sum->pages += r->pages;
	sum->file += r->file;
	sum->anonymous += r->anonymous;
	sum->swapped += r->swapped;
}

/* One more row for each time that the interval is eight times as large. */
static unsigned rows_for(uint64_t npages)
{
	unsigned rows = 1;

	for (; npages > WIDTH && rows < MAX_ROWS; npages /= 8)
		rows++;
	return rows;
}

static void edge(uint64_t address)
{
	printf("%12lx +", address);
	for (int i = 0; i < WIDTH; i++)
		putchar('-');
	puts("+");
}

/* What stands beside the first row of the box. */
static void caption(const struct interval *v)
{
	printf("|  %-5s %s  %s\n", human_size(v->end - v->start), v->protection,
	       *v->name ? v->name : "anonymous");
}

/* The character for the interval's pages [from, to). */
static char cell(const struct interval *v, uint64_t from, uint64_t to,
		 struct residency *total)
{
	struct residency r = {0};

	if (from == to)
		return ' ';
	if (pagemap < 0)
		return sign(v->protection);
	look(&r, v->start + from * page_size, to - from);
	add(total, &r);
	return letter(&r);
}

/* Where the pages of cell @i of @cells end: few pages get a cell each, many
 * are dealt out evenly. */
static uint64_t cell_end(uint64_t i, uint64_t cells, uint64_t npages)
{
	if (npages >= cells)
		return (i + 1) * npages / cells;
	return i < npages ? i + 1 : npages;
}

static void draw(const struct interval *v, struct residency *total)
{
	uint64_t npages = (v->end - v->start) / page_size, page = 0;
	unsigned cells = rows_for(npages) * WIDTH;

	edge(v->start);
	for (unsigned i = 0; i < cells; i++) {
		uint64_t end = cell_end(i, cells, npages);

		if (i % WIDTH == 0)
			printf("%12s |", "");
		putchar(cell(v, page, end, total));
		page = end;
		if (i == WIDTH - 1)
			caption(v);
		else if (i % WIDTH == WIDTH - 1)
			puts("|");
	}
}

static void hole(uint64_t start, uint64_t end)
{
	edge(start);
	printf("%12s :%*s:  %s hole\n", "", WIDTH, "", human_size(end - start));
}

static void show_totals(uint64_t mapped, const struct residency *r)
{
	printf("\n%s mapped", human_size(mapped));
	if (pagemap >= 0) {
		printf("; in memory: %s of files,",
		       human_size(r->file * page_size));
		printf(" %s anonymous", human_size(r->anonymous * page_size));
	}
	putchar('\n');
}

static FILE *open_process(const char *pid)
{
	char path[64];
	FILE *maps;

	snprintf(path, sizeof(path), "/proc/%s/maps", pid);
	maps = fopen(path, "r");
	if (!maps)
		err(1, "%s", path);
	snprintf(path, sizeof(path), "/proc/%s/pagemap", pid);
	pagemap = open(path, O_RDONLY);
	return maps;
}

int main(int argc, char **argv)
{
	struct residency total = {0};
	uint64_t mapped = 0, end = 0;
	struct interval v;
	char line[5000];
	FILE *maps;

	option(argc, argv, "");
	if (argc - optind > 1)
		usage(EXIT_FAILURE);
	page_size = sysconf(_SC_PAGESIZE);
	maps = open_process(optind < argc ? argv[optind] : "self");
	while (fgets(line, sizeof(line), maps)) {
		if (!parse(line, &v))
			errx(1, "can't understand: %s", line);
		if (v.start > end)
			hole(end, v.start);
		draw(&v, &total);
		end = v.end;
		mapped += v.end - v.start;
	}
	if (end)
		edge(end);
	show_totals(mapped, &total);
	return finish(EXIT_SUCCESS);
}
