// SPDX-License-Identifier: MIT
/*
 * df [-hi] [PATH...]
 *
 * Show how full filesystems are, in KiB: those that the PATHs are in, or all
 * that are mounted and hold anything.
 *   -h  sizes for people: 1.5G
 *   -i  inodes instead of bytes
 */

#include <mntent.h>
#include <stdbool.h>
#include <sys/statvfs.h>

#include "include/mode.h"
#include "include/usage.h"

static bool human, inodes;

static void show_number(unsigned long long count, unsigned long unit)
{
	if (inodes)
		printf(" %10llu", count);
	else if (human)
		printf(" %10s", human_size(count * unit));
	else
		printf(" %10llu", count * unit / 1024);
}

static int show(const char *path, const char *device, bool if_any)
{
	struct statvfs fs;
	unsigned long long total, unused, available;

	if (statvfs(path, &fs) != 0) {
		warn("%s", path);
		return EXIT_FAILURE;
	}
	total = inodes ? fs.f_files : fs.f_blocks;
	unused = inodes ? fs.f_ffree : fs.f_bfree;
	available = inodes ? fs.f_favail : fs.f_bavail;
	if (total == 0 && if_any)
		return EXIT_SUCCESS;
	printf("%-14s", device);
	show_number(total, fs.f_frsize);
	show_number(total - unused, fs.f_frsize);
	show_number(available, fs.f_frsize);
	printf(" %4.0f%% %s\n", total ? 100.0 * (total - unused) / total : 0.0,
	       path);
	return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	int status = EXIT_SUCCESS;
	struct mntent *mount;
	FILE *mounts;

	for (int letter; (letter = option(argc, argv, "hi")) != -1;) {
		human |= letter == 'h';
		inodes |= letter == 'i';
	}
	printf("%-14s %10s %10s %10s  Used Path\n", "Filesystem",
	       inodes  ? "Inodes"
	       : human ? "Bytes"
		       : "KiB",
	       "Used", "Free");
	for (int i = optind; i < argc; i++)
		status |= show(argv[i], "-", false);
	mounts = optind < argc ? NULL : setmntent("/proc/mounts", "r");
	while (mounts && (mount = getmntent(mounts)))
		status |= show(mount->mnt_dir, mount->mnt_fsname, true);
	if (optind == argc && !mounts)
		status |= show("/", "-", false);
	if (mounts)
		endmntent(mounts);
	return finish(status);
}
