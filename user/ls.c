// SPDX-License-Identifier: MIT
/*
 * ls [-adhilR] [PATH...]
 *
 * List what is in folders, and files, sorted by name.
 *   -a  also names that begin with a dot
 *   -d  folders themselves, not what is in them
 *   -h  sizes for people: 1.5K
 *   -i  inode numbers
 *   -l  long: mode, links, owner, group, size, time of change, name
 *   -R  also the folders in the folders, and so on
 */

#define _GNU_SOURCE
#include <dirent.h>
#include <stdbool.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "include/mode.h"
#include "include/usage.h"

static bool all, itself, human, inodes, details, recursive;
static int status;

/* "Nov 21 14:03", or the year when that is not this one. */
static const char *time_text(time_t when)
{
	static char text[40];
	time_t now = time(NULL);
	int year = localtime(&now)->tm_year;
	struct tm *tm = localtime(&when);

	strftime(text, sizeof(text),
		 tm->tm_year == year ? "%b %e %H:%M" : "%b %e  %Y", tm);
	return text;
}

static void show_details(const struct stat *st)
{
	char mode[11], size[40];

	mode_text(st->st_mode, mode);
	if (S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode))
		snprintf(size, sizeof(size), "%u, %u", major(st->st_rdev),
			 minor(st->st_rdev));
	else if (human)
		strcpy(size, human_size(st->st_size));
	else
		snprintf(size, sizeof(size), "%lld", (long long)st->st_size);
	printf("%s %3lu %-6s ", mode, (unsigned long)st->st_nlink,
	       user_name(st->st_uid));
	printf("%-6s %10s %s ", group_name(st->st_gid), size,
	       time_text(st->st_mtime));
}

/* One line: @path is where it is, @name what it is called here. */
static void show(const char *path, const char *name)
{
	char target[4096];
	struct stat st;
	ssize_t length;

	if (lstat(path, &st) != 0) {
		warn("%s", path);
		status = 2;
		return;
	}
	if (inodes)
		printf("%8lu ", (unsigned long)st.st_ino);
	if (details)
		show_details(&st);
	fputs(name, stdout);
	if (details && S_ISLNK(st.st_mode)) {
		length = readlink(path, target, sizeof(target));
		if (length >= 0)
			printf(" -> %.*s", (int)length, target);
	}
	putchar('\n');
}

static int wanted(const struct dirent *entry)
{
	return all || entry->d_name[0] != '.';
}

static bool is_folder(const char *path, bool follow)
{
	struct stat st;

	return (follow ? stat(path, &st) : lstat(path, &st)) == 0 &&
	       S_ISDIR(st.st_mode);
}

static bool is_dots(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

static void list(const char *folder, bool title)
{
	static bool first = true;
	struct dirent **entries;
	int count = scandir(folder, &entries, wanted, alphasort);

	if (count < 0) {
		warn("%s", folder);
		status = 2;
		return;
	}
	if (title)
		printf("%s%s:\n", first ? "" : "\n", folder);
	first = false;
	/* Twice over the list: first all names, then what is in them. */
	for (int pass = 0; pass <= recursive; pass++)
		for (int i = 0; i < count; i++) {
			const char *name = entries[i]->d_name;
			char *path;

			if (asprintf(&path, "%s/%s", folder, name) < 0)
				err(1, "%s", folder);
			if (pass == 0)
				show(path, name);
			else if (!is_dots(name) && is_folder(path, false))
				list(path, true);
			free(path);
		}
	for (int i = 0; i < count; i++)
		free(entries[i]);
	free(entries);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int main(int argc, char **argv)
{
	static char *here[] = {".", NULL};
	char **paths;
	bool titles;

	for (int letter; (letter = option(argc, argv, "adhilR")) != -1;) {
		all |= letter == 'a';
		itself |= letter == 'd';
		human |= letter == 'h';
		inodes |= letter == 'i';
		details |= letter == 'l';
		recursive |= letter == 'R';
	}
	paths = optind < argc ? argv + optind : here;
	titles = paths[1] || recursive;
	qsort(argv + optind, argc - optind, sizeof(*argv), by_name);
	for (char **path = paths; *path; path++)
		if (itself || !is_folder(*path, true))
			show(*path, *path);
	for (char **path = paths; *path && !itself; path++)
		if (is_folder(*path, true))
			list(*path, titles);
	return finish(status);
}
