// SPDX-License-Identifier: MIT
/*
 * rm [-fr] PATH...
 *
 * Remove names of files.  A file whose last name is gone is gone too, once
 * nobody has it open or mapped.
 *   -f  it is no error when there is no such name
 *   -r  also folders, with all that is in them
 */

#include <errno.h>
#include <fts.h>
#include <stdbool.h>
#include <unistd.h>

#include "include/usage.h"

static bool force;

static int complain(const char *path)
{
	if (force && errno == ENOENT)
		return EXIT_SUCCESS;
	warn("%s", path);
	return EXIT_FAILURE;
}

static int remove_tree(char *path)
{
	char *roots[] = {path, NULL};
	FTS *fts = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	int status = EXIT_SUCCESS;
	FTSENT *entry;

	if (!fts)
		err(1, "%s", path);
	while ((entry = fts_read(fts))) {
		switch (entry->fts_info) {
		case FTS_D: /* now what is in it; FTS_DP comes afterwards */
			continue;
		case FTS_NS:
		case FTS_DNR:
		case FTS_ERR:
			errno = entry->fts_errno;
			status |= complain(entry->fts_path);
			continue;
		}
		if (remove(entry->fts_path) != 0)
			status |= complain(entry->fts_path);
	}
	fts_close(fts);
	return status;
}

int main(int argc, char **argv)
{
	int status = EXIT_SUCCESS;
	bool recursive = false;

	for (int letter; (letter = option(argc, argv, "frR")) != -1;) {
		force |= letter == 'f';
		recursive |= letter != 'f';
	}
	if (optind == argc && !force)
		usage(EXIT_FAILURE);
	for (; optind < argc; optind++)
		if (recursive)
			status |= remove_tree(argv[optind]);
		else if (unlink(argv[optind]) != 0)
			status |= complain(argv[optind]);
	return status;
}
