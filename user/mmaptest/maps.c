// SPDX-License-Identifier: MIT
/*
 * maps.c - /proc/self/maps tells the truth about the list of intervals, in
 * Linux's format, and so shows whether neighbours were merged and cut:
 *
 *	start-end rights offset major:minor inode        path
 *	10000-7d000 r-xp 00000000 fe:00 12               /bin/mmaptest
 */

#define _GNU_SOURCE
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "testlib/fault.h"
#include "testlib/files.h"
#include "testlib/memory.h"
#include "testlib/where.h"

enum {
	READ_WRITE = PROT_READ | PROT_WRITE,
	PLACED = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
};

static void place_anonymous(char *at, size_t npages, int prot)
{
	expect_mapped(mmap(at, npages * PAGE, prot, PLACED, -1, 0));
}

static void place_file(char *at, size_t npages, int fd, size_t page)
{
	expect_mapped(mmap(at, npages * PAGE, READ_WRITE,
			   MAP_SHARED | MAP_FIXED, fd, page * PAGE));
}

struct walk {
	unsigned long end; /* of the line before */
	bool heap, stack, program;
};

static void check_line(const struct map_line *line, void *argument)
{
	struct walk *walk = argument;

	expect(walk->end <= line->start);
	expect(line->start < line->end);
	expect_eq(line->start % PAGE, 0);
	expect_eq(line->end % PAGE, 0);
	expect_eq(strspn(line->rights, "rwxps-"), 4);
	walk->end = line->end;
	walk->heap |= strcmp(line->path, "[heap]") == 0;
	walk->stack |= strcmp(line->path, "[stack]") == 0;
	walk->program |= strcmp(line->path, program_path()) == 0;
}

TEST(maps_is_a_sorted_list_of_disjoint_intervals,
     "Each line has all fields; the intervals are aligned, sorted, disjoint; "
     "program, heap and stack are named.")
{
	struct walk walk = {0};

	skip_unless_maps_tell();
	expect_ok((long)sbrk(PAGE));
	expect_between(map_lines(check_line, &walk), 4, 1000);
	expect(walk.heap);
	expect(walk.stack);
	expect(walk.program);
}

TEST(maps_shows_rights_and_sharing,
     "The letters follow PROT_* and MAP_SHARED, also after mprotect.")
{
	static const struct {
		int prot;
		const char *rights;
	} kinds[] = {
		{PROT_NONE, "---p"},  {PROT_READ, "r--p"},
		{READ_WRITE, "rw-p"}, {PROT_READ | PROT_EXEC, "r-xp"},
		{PROT_EXEC, "--xp"},  {READ_WRITE | PROT_EXEC, "rwxp"},
	};
	struct map_line line;
	char *p = map_anonymous_shared(1);

	skip_unless_maps_tell();
	expect(map_line_at(p, &line));
	expect_string(line.rights, "rw-s");
	p = reserve(1);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		expect_ok(mprotect(p, PAGE, kinds[i].prot));
		expect(map_line_at(p, &line));
		expect_string(line.rights, kinds[i].rights);
	}
}

TEST(maps_shows_file_offset_and_inode,
     "A file mapping's line has its offset, device and inode as fstat has "
     "them, and the path from the root.")
{
	int fd = make_file("file", 4 * PAGE);
	struct map_line line;
	struct stat st;
	char path[PATH_MAX];
	char *p = reserve(2);

	skip_unless_maps_tell();
	place_file(p, 2, fd, 2);
	expect_ok(fstat(fd, &st));
	expect(map_line_at(p, &line));
	expect_eq(line.offset, 2 * PAGE);
	expect_eq(line.ino, st.st_ino);
	expect_eq(line.major, major(st.st_dev));
	expect_eq(line.minor, minor(st.st_dev));
	expect(realpath("file", path) != NULL);
	expect_string(line.path, path);
	expect_eq(line.end - line.start, 2 * PAGE);
}

TEST(maps_says_when_the_file_is_deleted,
     "A mapped file without a name is shown with its last one and (deleted).")
{
	int fd = make_file("file", PAGE);
	struct map_line line;
	char *p = map_shared(fd, 1);
	size_t n;

	skip_unless_maps_tell();
	expect_ok(unlink("file"));
	expect(map_line_at(p, &line));
	n = strlen(line.path);
	expect(n > 15);
	expect_string(line.path + n - 15, "/file (deleted)");
}

TEST(anonymous_neighbours_merge,
     "Two anonymous mappings side by side with the same rights are one "
     "interval; with other rights they are two (7).")
{
	char *p = reserve(6);

	skip_unless_maps_tell();
	place_anonymous(p, 2, READ_WRITE);
	place_anonymous(p + 2 * PAGE, 2, READ_WRITE);
	expect_eq(map_lines_in(p, 4), 1);
	place_anonymous(p + 4 * PAGE, 2, PROT_READ);
	expect_eq(map_lines_in(p, 6), 2);
}

TEST(a_filled_gap_merges_both_sides,
     "A mapping in the gap between two makes one interval of three.")
{
	char *p = reserve(3);

	skip_unless_maps_tell();
	place_anonymous(p, 1, READ_WRITE);
	place_anonymous(p + 2 * PAGE, 1, READ_WRITE);
	expect_eq(map_lines_in(p, 3), 3);
	place_anonymous(p + PAGE, 1, READ_WRITE);
	expect_eq(map_lines_in(p, 3), 1);
}

TEST(file_neighbours_merge_only_in_sequence,
     "Mappings of one file side by side merge if the offsets go on, and only "
     "then (7).")
{
	int fd = make_file("file", 6 * PAGE), other = make_file("other", PAGE);
	char *p = reserve(6);

	skip_unless_maps_tell();
	place_file(p, 2, fd, 0);
	place_file(p + 2 * PAGE, 1, fd, 2);
	expect_eq(map_lines_in(p, 3), 1);
	place_file(p + 3 * PAGE, 1, fd, 5);
	expect_eq(map_lines_in(p, 4), 2);
	place_file(p + 4 * PAGE, 1, fd, 4);
	expect_eq(map_lines_in(p, 5), 3);
	place_file(p + 5 * PAGE, 1, other, 0);
	expect_eq(map_lines_in(p, 6), 4);
	expect_pattern(p, 3 * PAGE, 0);
	expect_pattern(p + 3 * PAGE, PAGE, 5 * PAGE);
	expect_pattern(p + 4 * PAGE, PAGE, 4 * PAGE);
	expect_pattern(p + 5 * PAGE, PAGE, 0);
}

TEST(private_and_shared_neighbours_do_not_merge,
     "Shared and private mappings of consecutive pages stay two intervals, "
     "with the meaning of each (7).")
{
	int fd = make_file("file", 2 * PAGE);
	char *p = reserve(2);

	skip_unless_maps_tell();
	place_file(p, 1, fd, 0);
	expect_mapped(mmap(p + PAGE, PAGE, READ_WRITE, MAP_PRIVATE | MAP_FIXED,
			   fd, PAGE));
	expect_eq(map_lines_in(p, 2), 2);
	p[0] = p[PAGE] = 'm';
	expect_eq(file_byte(fd, 0), 'm');
	expect_eq(file_byte(fd, PAGE), pattern(PAGE));
}

TEST(mprotect_splits_and_merges,
     "Other rights for the middle make three intervals of one; the old rights "
     "make it one again (7).")
{
	int fd = make_file("file", 9 * PAGE);
	char *p = reserve(9);

	skip_unless_maps_tell();
	place_file(p, 9, fd, 0);
	expect_pattern(p, 9 * PAGE, 0);
	for (int i = 0; i < 3; i++) {
		expect_ok(mprotect(p + 3 * PAGE, 3 * PAGE, PROT_READ));
		expect_eq(map_lines_in(p, 9), 3);
		expect_ok(mprotect(p + 3 * PAGE, 3 * PAGE, READ_WRITE));
		expect_eq(map_lines_in(p, 9), 1);
	}
	expect_pattern(p, 9 * PAGE, 0);
}

TEST(mprotect_moves_the_border,
     "mprotect of a range that reaches into a neighbour with those rights "
     "moves the border between the two.")
{
	struct map_line line;
	char *p = reserve(6);

	skip_unless_maps_tell();
	place_anonymous(p, 6, READ_WRITE);
	expect_ok(mprotect(p + 3 * PAGE, 3 * PAGE, PROT_READ));
	expect_ok(mprotect(p + PAGE, 3 * PAGE, PROT_READ));
	expect_eq(map_lines_in(p, 6), 2);
	expect(map_line_at(p, &line));
	expect_eq(line.end, p + PAGE);
}

TEST(munmap_cuts,
     "Unmapping the middle leaves two intervals with exact ends and the "
     "second one's offset (4).")
{
	int fd = make_file("file", 9 * PAGE);
	struct map_line line;
	char *p = reserve(9);

	skip_unless_maps_tell();
	place_file(p, 9, fd, 0);
	unmap(p + 3 * PAGE, 2);
	expect_eq(map_lines_in(p, 9), 2);
	expect(map_line_at(p, &line));
	expect_eq(line.end, p + 3 * PAGE);
	expect(map_line_at(p + 8 * PAGE, &line));
	expect_eq(line.start, p + 5 * PAGE);
	expect_eq(line.offset, 5 * PAGE);
	expect(!map_line_at(p + 3 * PAGE, &line));
	expect(!map_line_at(p + 5 * PAGE - 1, &line));
}
