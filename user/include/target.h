/* SPDX-License-Identifier: MIT */
#ifndef USER_TARGET_H
#define USER_TARGET_H

/*
 * target.h - where cp, mv and ln put things: `cp FILE... FOLDER` means
 * FOLDER/FILE for each, `cp FILE NAME` means NAME.
 */

#include <libgen.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

#include "usage.h"

static inline bool is_folder(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* The last word of the command line, when those before it are the sources;
 * checks that several sources go to a folder. */
static inline const char *target_of(int argc, char **argv)
{
	if (argc - optind < 2)
		usage(EXIT_FAILURE);
	if (argc - optind > 2 && !is_folder(argv[argc - 1]))
		errx(1, "%s: not a folder", argv[argc - 1]);
	return argv[argc - 1];
}

/* The name that @source gets at @target; to be freed. */
static inline char *target_name(const char *target, const char *source)
{
	char *copy = strdup(source), *name = NULL;

	if (!is_folder(target))
		name = strdup(target);
	else if (asprintf(&name, "%s/%s", target, basename(copy)) < 0)
		err(1, "%s", source);
	free(copy);
	return name;
}

#endif
