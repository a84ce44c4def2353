// SPDX-License-Identifier: MIT
/*
 * maps.c - what /proc/self/maps says of the arena.
 */

#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "differ.h"

struct line {
	unsigned long start, end, offset;
	char prot[5], name[100];
};

static bool line_parse(const char *text, struct line *line)
{
	line->name[0] = '\0';
	return sscanf(text, "%lx-%lx %4s %lx %*s %*s%*[ ]%99[^\n]",
		      &line->start, &line->end, line->prot, &line->offset,
		      line->name) >= 4;
}

/* May one line be told for the two?  Kernels merge when they can, and Linux
 * can't when pages of the two come from different forks. */
static bool line_joins(const struct line *a, const struct line *b)
{
	return a->end == b->start && strcmp(a->prot, b->prot) == 0 &&
	       strcmp(a->name, b->name) == 0 &&
	       (!a->name[0] || a->offset + (a->end - a->start) == b->offset);
}

static void line_say(const struct line *line)
{
	const char *slash = strrchr(line->name, '/');
	bool file = slash && slash[1] && !slash[2];

	say_address((char *)line->start);
	say(":%lu %s", (line->end - line->start) / PAGE, line->prot);
	if (file)
		say(" %s@%lu", slash + 1, line->offset / PAGE);
}

/* All of it at once: it changes while it is read in pieces. */
static const char *maps_read(void)
{
	static char text[1 << 16];
	int fd = open("/proc/self/maps", O_RDONLY);
	size_t used = 0;
	ssize_t n;

	while ((n = read(fd, text + used, sizeof(text) - 1 - used)) > 0)
		used += n;
	text[used] = '\0';
	close(fd);
	return text;
}

void maps_say(const char *start, const char *stop)
{
	unsigned long first = (unsigned long)start, end = (unsigned long)stop;
	struct line line, last = {0};

	for (const char *text = maps_read(); *text;
	     text = strchr(text, '\n') + 1) {
		if (!line_parse(text, &line) || line.end <= first ||
		    line.start >= end)
			continue;
		if (last.end && line_joins(&last, &line)) {
			last.end = line.end;
			continue;
		}
		if (last.end)
			line_say(&last);
		last = line;
	}
	if (last.end)
		line_say(&last);
	say("\n");
}

void maps_snapshot(void)
{
	say("maps");
	maps_say(ARENA, ARENA + ARENA_PAGES * PAGE);
}
