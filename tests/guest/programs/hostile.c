// SPDX-License-Identifier: MIT
/*
 * hostile.c - mount what is on a disk, and use all that is found there.
 *
 * usage: hostile DEVICE	one image for each line of standard input
 *
 * The host changes the disk, says so by a line with a number, the seed of what
 * happens, and waits for the answer: "mounted" or "refused".  Calls on the
 * image's files may fail in any way; but what was mounted can be unmounted.
 */

#define _GNU_SOURCE
#include <dirent.h>
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { VISITS_MAX = 60, DEPTH_MAX = 6 };

static unsigned nvisits;
static char bytes[9000];

static unsigned chance(unsigned n)
{
	return (unsigned)random() % n;
}

/* Calls may fail, and nobody minds. */
static void may_fail(long result)
{
	(void)result;
}

static void store(int fd)
{
	char *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (p == MAP_FAILED)
		return;
	may_fail(msync(p, 4096, MS_SYNC));
	may_fail(munmap(p, 4096));
}

static void use_file(int dir, const char *name, off_t size)
{
	int fd = openat(dir, name, O_RDWR | O_NONBLOCK);

	if (fd < 0)
		fd = openat(dir, name, O_RDONLY | O_NONBLOCK);
	if (fd < 0)
		return;
	may_fail(read(fd, bytes, sizeof(bytes)));
	if (size > 0)
		may_fail(pread(fd, bytes, 3000, random() % size));
	if (chance(2))
		may_fail(pwrite(fd, bytes, 1 + chance(sizeof(bytes)),
				chance(30000)));
	if (chance(3) == 0)
		may_fail(ftruncate(fd, random() % (size + 5000)));
	if (chance(3) == 0)
		store(fd);
	if (chance(4) == 0)
		may_fail(fsync(fd));
	close(fd);
}

static void change_name(int dir, const char *name)
{
	switch (chance(6)) {
	case 0:
		may_fail(unlinkat(dir, name, 0));
		break;
	case 1:
		may_fail(unlinkat(dir, name, AT_REMOVEDIR));
		break;
	case 2:
		may_fail(renameat(dir, name, dir, "new name"));
		break;
	case 3:
		may_fail(linkat(dir, name, dir, "another name", 0));
		break;
	}
}

static void make_names(int dir)
{
	int fd = openat(dir, "made", O_CREAT | O_RDWR, 0600);

	may_fail(mkdirat(dir, "folder", 0700));
	may_fail(symlinkat("made", dir, "link"));
	if (fd >= 0) {
		may_fail(write(fd, bytes, sizeof(bytes)));
		close(fd);
	}
}

static void use_folder(int fd, unsigned depth);

static void use_name(int dir, const char *name, unsigned depth)
{
	struct stat stat;

	if (fstatat(dir, name, &stat, AT_SYMLINK_NOFOLLOW))
		return;
	if (S_ISDIR(stat.st_mode) && depth < DEPTH_MAX)
		use_folder(openat(dir, name, O_RDONLY | O_DIRECTORY),
			   depth + 1);
	else if (S_ISREG(stat.st_mode))
		use_file(dir, name, stat.st_size);
	else if (S_ISLNK(stat.st_mode))
		may_fail(readlinkat(dir, name, bytes, sizeof(bytes)));
	change_name(dir, name);
}

/* Takes @fd over. */
static void use_folder(int fd, unsigned depth)
{
	DIR *folder = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (!folder)
		return;
	while (nvisits < VISITS_MAX && (entry = readdir(folder)))
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..") &&
		    chance(3)) {
			nvisits++;
			use_name(fd, entry->d_name, depth);
		}
	if (chance(2))
		make_names(fd);
	closedir(folder);
}

static const char *use_image(const char *device)
{
	unsigned long flags = chance(8) ? 0 : MS_RDONLY;
	struct statvfs statvfs_now;

	if (mount(device, "/mnt", "ext3", flags, NULL))
		return "refused";
	nvisits = 0;
	may_fail(statvfs("/mnt", &statvfs_now));
	use_folder(open("/mnt", O_RDONLY | O_DIRECTORY), 0);
	if (chance(2)) {
		sync();
		use_folder(open("/mnt", O_RDONLY | O_DIRECTORY), 0);
	}
	if (umount("/mnt"))
		err(1, "umount");
	return "mounted";
}

int main(int argc, char **argv)
{
	char line[40];

	if (argc != 2)
		errx(2, "usage: hostile DEVICE");
	while (fgets(line, sizeof(line), stdin)) {
		srandom((unsigned)atoi(line));
		puts(use_image(argv[1]));
		fflush(stdout);
	}
	puts("alive");
}
