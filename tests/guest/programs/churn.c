// SPDX-License-Identifier: MIT
/*
 * churn.c - a workload that can be cut off anywhere.
 *
 * usage: churn FOLDER		for ever, in a new folder: say what is durable
 *        churn FOLDER N	are the files there that it said were?
 *
 * File n is written and fsynced, and then folder and n are printed; meanwhile
 * others are renamed, cut and removed.  Files n - KEPT + 1 to n must then
 * survive, whatever happens.
 */

#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { KEPT = 10, SIZE_MAX_FILE = 60000 };

static const char *folder;
static char data[SIZE_MAX_FILE], found[SIZE_MAX_FILE];

static size_t size_of(unsigned n)
{
	return 1 + n * 7919u % (n % 4 ? 3000 : SIZE_MAX_FILE - 1);
}

static void fill(unsigned n)
{
	for (size_t i = 0; i < size_of(n); i++)
		data[i] = (char)(1 + (n * 31 + i * 7 + i / 251) % 255);
}

static void name_of(char *out, unsigned n)
{
	sprintf(out, "%.20s/%s%08u", folder, n % 3 ? "" : "a-rather-long-name-",
		n);
}

static void write_one(unsigned n)
{
	char name[64], draft[80];

	fill(n);
	name_of(name, n);
	sprintf(draft, "%s.draft", name);

	int fd = open(draft, O_CREAT | O_EXCL | O_RDWR, 0600);

	if (fd < 0 || write(fd, data, size_of(n)) != (ssize_t)size_of(n))
		err(1, "%s", draft);
	/* Once it has its name by a rename, once it never had another. */
	if (n % 2 && rename(draft, name))
		err(1, "rename %s", draft);
	if (!(n % 2) && (link(draft, name) || unlink(draft)))
		err(1, "link %s", draft);
	if (fsync(fd))
		err(1, "fsync %s", name);
	close(fd);
}

/* What nobody relies on any more: cut it, remove it, perhaps while open. */
static void remove_one(unsigned n)
{
	char name[64];

	name_of(name, n);
	int fd = open(name, O_RDWR);

	if (fd < 0)
		return; /* of a run that was cut off */
	if (n % 5 == 0 && ftruncate(fd, (off_t)size_of(n) / 2))
		err(1, "cut %s", name);
	if (unlink(name))
		err(1, "unlink %s", name);
	close(fd);
}

static void check_one(unsigned n)
{
	char name[64];

	name_of(name, n);
	int fd = open(name, O_RDONLY);

	if (fd < 0)
		err(1, "%s", name);
	fill(n);
	if (read(fd, found, sizeof(found)) != (ssize_t)size_of(n) ||
	    memcmp(found, data, size_of(n)) != 0)
		errx(1, "%s: not what was written", name);
	close(fd);
}

int main(int argc, char **argv)
{
	if (argc < 2)
		errx(2, "usage: churn FOLDER [N]");
	folder = argv[1];
	if (argc > 2) {
		unsigned n = (unsigned)atoi(argv[2]);

		for (unsigned i = n > KEPT ? n - KEPT + 1 : 1; i <= n; i++)
			check_one(i);
		printf("all there\n");
		return 0;
	}
	if (mkdir(folder, 0700))
		err(1, "%s", folder);
	for (unsigned n = 1;; n++) {
		write_one(n);
		printf("%s %u\n", folder, n);
		fflush(stdout);
		if (n > KEPT)
			remove_one(n - KEPT);
	}
}
