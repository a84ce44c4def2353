// SPDX-License-Identifier: MIT
/*
 * counter.c - reading /proc/vmstat: one "name value" per line.
 *
 * Read with read(2) into a buffer on the stack, so that a look at the
 * counters moves none of them after the first.
 */

#define _GNU_SOURCE
#include "testlib/counter.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "testlib/where.h"

static size_t read_whole(const char *path, char *out, size_t nbytes)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t n = 0;
	ssize_t got;

	if (fd < 0)
		return 0;
	while (n < nbytes - 1 && (got = read(fd, out + n, nbytes - 1 - n)) > 0)
		n += got;
	close(fd);
	out[n] = '\0';
	return n;
}

long counter_read(const char *name)
{
	char text[8192];
	size_t nname = strlen(name);

	if (where() != ON_QUIRE || !read_whole("/proc/vmstat", text, 8192))
		return -1;
	for (char *line = text; *line;) {
		if (strncmp(line, name, nname) == 0 && line[nname] == ' ')
			return strtol(line + nname, NULL, 10);
		line += strcspn(line, "\n");
		line += *line == '\n';
	}
	return -1;
}

/* Frames that hold disk blocks.  A look at any counter lets go of those that
 * nobody needs: one comes first, or they are counted as free frames, too. */
static long buffers_kept(const char *name)
{
	counter_read(name);
	return memory_of_buffers() / PAGE;
}

struct counter counter_start(const char *name)
{
	long buffers = buffers_kept(name);

	if (where() == ON_QUIRE)
		prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
	return (struct counter){name, counter_read(name), buffers};
}

long counter_since(const struct counter *counter)
{
	if (counter->start < 0)
		return 0;
	return counter_read(counter->name) - counter->start;
}

void skip_unless_counted(const char *name)
{
	if (where() != ON_QUIRE)
		skip("only Quire counts %s quietly enough", name);
	if (counter_read(name) < 0)
		skip("/proc/vmstat has no %s", name);
}

void check_returned(const struct counter *counter, long slack,
		    struct place place)
{
	long missing = 0;

	for (int i = 0; i < 200 && counter->start >= 0; i++) {
		long gained = buffers_kept(counter->name) - counter->buffers;

		missing = -counter_since(counter) - gained;
		if (missing <= slack)
			return;
		usleep(10000);
	}
	if (missing > slack)
		skip_if_memory_is_short();
	if (missing > slack)
		fail(place, "expected at most %ld frames lost, saw %ld", slack,
		     missing);
}

void check_counted(const struct counter *counter, long low, long high,
		   struct place place)
{
	long n = counter_since(counter);

	if (counter->start < 0 || (n >= low && n <= high))
		return;
	skip_if_memory_is_short();
	fail(place, "counter %s: expected %ld to %ld more, saw %ld",
	     counter->name, low, high, n);
}

void drop_caches(void)
{
	int fd;

	if (where() != ON_QUIRE)
		return;
	fd = open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC);
	if (fd >= 0 && write(fd, "3\n", 2) != 2)
		fprintf(stderr, "drop_caches: no effect\n");
	close(fd);
}
