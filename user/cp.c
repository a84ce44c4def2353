// SPDX-License-Identifier: MIT
/*
 * cp [-r] SOURCE TARGET
 * cp [-r] SOURCE... FOLDER
 *
 * Copy files.
 *   -r  also folders, with all that is in them; symbolic links stay links
 */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <unistd.h>

#include "include/target.h"

/* The bytes of @from to @to; false and errno. */
static bool copy_bytes(int from, int to)
{
	static char buffer[65536];
	ssize_t n;

	while ((n = read(from, buffer, sizeof(buffer))) > 0)
		for (ssize_t done = 0, m; done < n; done += m) {
			m = write(to, buffer + done, n - done);
			if (m < 0)
				return false;
		}
	return n == 0;
}

static bool copy_file(const char *source, const char *target, mode_t mode)
{
	int from = open(source, O_RDONLY);
	struct stat st, there;
	int to;
	bool done;

	if (from < 0)
		return false;
	if (fstat(from, &st) == 0 && stat(target, &there) == 0 &&
	    st.st_dev == there.st_dev && st.st_ino == there.st_ino)
		errx(1, "%s and %s are the same file", source, target);
	to = open(target, O_WRONLY | O_CREAT | O_TRUNC, mode & 0777);
	if (to < 0)
		err(1, "%s", target);
	done = copy_bytes(from, to);
	if (close(to) != 0) /* where some filesystems report a full disk */
		done = false;
	close(from);
	return done;
}

static bool copy_link(const char *source, const char *target)
{
	char text[4096];
	ssize_t length = readlink(source, text, sizeof(text) - 1);

	if (length < 0)
		return false;
	text[length] = '\0';
	return symlink(text, target) == 0;
}

static bool copy_folder(const char *target, mode_t mode)
{
	return mkdir(target, (mode & 0777) | S_IRWXU) == 0 ||
	       (errno == EEXIST && is_folder(target));
}

/* Copy one thing of the tree at @source, not what is in it. */
static bool copy_entry(const FTSENT *entry, const char *source,
		       const char *target)
{
	const char *below = entry->fts_path + strlen(source);
	mode_t mode = entry->fts_statp->st_mode;
	char *path;
	bool done;

	if (asprintf(&path, "%s%s", target, below) < 0)
		return false;
	if (entry->fts_info == FTS_D)
		done = copy_folder(path, mode);
	else if (entry->fts_info == FTS_SL)
		done = copy_link(entry->fts_path, path);
	else
		done = copy_file(entry->fts_path, path, mode);
	free(path);
	return done;
}

static int copy_tree(char *source, const char *target)
{
	char *roots[] = {source, NULL};
	FTS *fts = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	int status = EXIT_SUCCESS;
	FTSENT *entry;

	if (!fts)
		err(1, "%s", source);
	while ((entry = fts_read(fts))) {
		if (entry->fts_info == FTS_DP) /* a folder again, after all */
			continue;
		if (entry->fts_errno)
			errno = entry->fts_errno;
		else if (copy_entry(entry, source, target))
			continue;
		warn("%s", entry->fts_path);
		status = EXIT_FAILURE;
	}
	fts_close(fts);
	return status;
}

static int copy(char *source, const char *target, bool recursive)
{
	struct stat st;

	if (recursive)
		return copy_tree(source, target);
	if (is_folder(source)) {
		warnx("%s: is a folder (use -r)", source);
		return EXIT_FAILURE;
	}
	if (stat(source, &st) == 0 && copy_file(source, target, st.st_mode))
		return EXIT_SUCCESS;
	warn("%s to %s", source, target);
	return EXIT_FAILURE;
}

int main(int argc, char **argv)
{
	int status = EXIT_SUCCESS;
	bool recursive = false;
	const char *target;

	while (option(argc, argv, "rR") != -1)
		recursive = true;
	target = target_of(argc, argv);
	for (; optind < argc - 1; optind++) {
		char *name = target_name(target, argv[optind]);

		status |= copy(argv[optind], name, recursive);
		free(name);
	}
	return status;
}
