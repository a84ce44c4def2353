// SPDX-License-Identifier: MIT
/*
 * smaps.c - reading /proc/self.
 */

#define _GNU_SOURCE
#include "testlib/smaps.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

char *read_proc(const char *name)
{
	static char text[1 << 20];
	char path[64];
	size_t n = 0;
	ssize_t got;
	int fd;

	snprintf(path, sizeof(path), "/proc/self/%s", name);
	fd = expect_ok(open(path, O_RDONLY));
	while ((got = read(fd, text + n, sizeof(text) - 1 - n)) > 0)
		n += got;
	expect_ok(got);
	expect_ok(close(fd));
	text[n] = '\0';
	return text;
}

long proc_field(const char *from, const char *name)
{
	char key[32];
	const char *at;

	snprintf(key, sizeof(key), "\n%s:", name);
	at = strstr(from, key);
	if (!at)
		fail(HERE, "expected a field %s, saw:\n%.800s", name, from);
	return strtol(at + strlen(key), NULL, 10);
}

const char *smap_of(const void *p)
{
	char start[32];
	char *at = read_proc("smaps");

	snprintf(start, sizeof(start), "%08lx-", (unsigned long)p);
	while (at && strncmp(at, start, strlen(start)) != 0) {
		at = strchr(at, '\n');
		at = at ? at + 1 : NULL;
	}
	if (!at)
		fail(HERE, "expected a mapping at %p", p);
	return at;
}

long smap(const void *p, const char *name)
{
	return proc_field(smap_of(p), name);
}
