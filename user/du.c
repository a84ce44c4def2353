// SPDX-License-Identifier: MIT
/*
 * du [-ahs] [PATH...]
 *
 * Show how much room on disk each folder takes with all that is in it, in
 * KiB.  A file with several names counts once.
 *   -a  each file too
 *   -h  sizes for people: 1.5M
 *   -s  only the PATHs themselves
 */

#include <errno.h>
#include <fts.h>
#include <search.h>
#include <stdbool.h>

#include "include/mode.h"
#include "include/usage.h"

static bool files, human, summary;
static void *seen; /* a tree of the inodes of files with several names */

struct identity {
	dev_t device;
	ino_t inode;
};

static int compare(const void *left, const void *right)
{
	return memcmp(left, right, sizeof(struct identity));
}

static bool counted_before(const struct stat *st)
{
	struct identity *identity = calloc(1, sizeof(*identity)), **found;

	if (!identity)
		err(1, "du");
	identity->device = st->st_dev;
	identity->inode = st->st_ino;
	found = tsearch(identity, &seen, compare);
	if (!found)
		err(1, "du");
	if (*found == identity)
		return false;
	free(identity);
	return true;
}

static void show(const FTSENT *entry, long blocks)
{
	if (human)
		printf("%-8s%s\n", human_size(blocks * 512ULL),
		       entry->fts_path);
	else
		printf("%-8ld%s\n", (blocks + 1) / 2, entry->fts_path);
}

/* A folder's sum is kept in its entry (fts_number) until all that is in it
 * has been seen, and then goes up to the folder around it. */
static void count(FTSENT *entry)
{
	const struct stat *st = entry->fts_statp;
	long blocks = st->st_blocks;
	bool is_folder = entry->fts_info == FTS_DP;

	if (!is_folder && st->st_nlink > 1 && counted_before(st))
		return;
	if (is_folder)
		blocks += entry->fts_number;
	entry->fts_parent->fts_number += blocks;
	if (entry->fts_level == 0 || (!summary && (is_folder || files)))
		show(entry, blocks);
}

int main(int argc, char **argv)
{
	static char *here[] = {".", NULL};
	int status = EXIT_SUCCESS;
	FTSENT *entry;
	FTS *fts;

	for (int letter; (letter = option(argc, argv, "ahs")) != -1;) {
		files |= letter == 'a';
		human |= letter == 'h';
		summary |= letter == 's';
	}
	fts = fts_open(optind < argc ? argv + optind : here,
		       FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	if (!fts)
		err(1, "du");
	while ((entry = fts_read(fts))) {
		if (entry->fts_errno) {
			errno = entry->fts_errno;
			warn("%s", entry->fts_path);
			status = EXIT_FAILURE;
		} else if (entry->fts_info != FTS_D) {
			count(entry);
		}
	}
	return finish(status);
}
