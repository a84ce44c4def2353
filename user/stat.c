// SPDX-License-Identifier: MIT
/*
 * stat [-L] PATH...
 *
 * Show what the inodes of files say.
 *   -L  of a symbolic link show the file that it leads to
 */

#include <stdbool.h>
#include <sys/sysmacros.h>
#include <time.h>

#include "include/mode.h"
#include "include/usage.h"

static const char *type_name(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFDIR:
		return "folder";
	case S_IFLNK:
		return "symbolic link";
	case S_IFCHR:
		return "character device";
	case S_IFBLK:
		return "block device";
	case S_IFIFO:
		return "pipe";
	case S_IFSOCK:
		return "socket";
	default:
		return "file";
	}
}

static void show_time(const char *name, const struct timespec *when)
{
	char date[40], zone[10];
	struct tm *tm = localtime(&when->tv_sec);

	strftime(date, sizeof(date), "%Y-%m-%d %H:%M:%S", tm);
	strftime(zone, sizeof(zone), "%z", tm);
	printf("%s: %s.%09ld %s\n", name, date, when->tv_nsec, zone);
}

static void show(const char *path, const struct stat *st)
{
	char mode[11];

	mode_text(st->st_mode, mode);
	printf("  File: %s (%s)\n", path, type_name(st->st_mode));
	printf("  Size: %-12lld Blocks: %-8lld IO block: %-6ld",
	       (long long)st->st_size, (long long)st->st_blocks,
	       (long)st->st_blksize);
	if (S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode))
		printf(" Type: %u,%u", major(st->st_rdev), minor(st->st_rdev));
	printf("\nDevice: %u,%u  Inode: %-10lu Links: %lu\n", major(st->st_dev),
	       minor(st->st_dev), (unsigned long)st->st_ino,
	       (unsigned long)st->st_nlink);
	printf("  Mode: %04o %s  Owner: %u %s", st->st_mode & 07777, mode,
	       st->st_uid, user_name(st->st_uid));
	printf("  Group: %u %s\n", st->st_gid, group_name(st->st_gid));
	show_time("Access", &st->st_atim);
	show_time("Modify", &st->st_mtim);
	show_time("Change", &st->st_ctim);
}

int main(int argc, char **argv)
{
	int status = EXIT_SUCCESS;
	bool follow = false;
	struct stat st;

	while (option(argc, argv, "L") != -1)
		follow = true;
	if (optind == argc)
		usage(EXIT_FAILURE);
	for (; optind < argc; optind++) {
		const char *path = argv[optind];

		if ((follow ? stat(path, &st) : lstat(path, &st)) == 0) {
			show(path, &st);
		} else {
			warn("%s", path);
			status = EXIT_FAILURE;
		}
	}
	return finish(status);
}
