// SPDX-License-Identifier: MIT
/*
 * exchange.c - files of all kinds for another kernel, and what is seen of them.
 *
 * usage: exchange keep|crash FOLDER DEVICE TYPE [DEVICE TYPE]...
 *
 * On each device: say what is there, one line for each file with all that
 * stat(2) and reading it tell; make FOLDER with files of all kinds ("-": do
 * not), and say again what is there.  `crash` then removes open files, and
 * waits for its end, with everything on the disks but in their journals.
 */

#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

enum { ENTRIES = 400, PIECE = 65536, LARGE = 64 << 20, STRIDE = 256 << 20 };

static char bytes[PIECE];

static void must(long result, const char *what)
{
	if (result < 0)
		err(1, "%s", what);
}

/* --- what is there --- */

static uint64_t sum_piece(int fd, off_t at, uint64_t sum)
{
	ssize_t n = pread(fd, bytes, sizeof(bytes), at);

	must(n, "read");
	for (ssize_t i = 0; i < n; i++)
		sum = (sum ^ (unsigned char)bytes[i]) * 0x100000001b3;
	return sum;
}

/* Of all bytes, or of a few places in what is too long for that. */
static uint64_t sum_file(const char *path, off_t size)
{
	off_t step = size > LARGE ? STRIDE : PIECE;
	uint64_t sum = 0xcbf29ce484222325;
	int fd = open(path, O_RDONLY);

	must(fd, path);
	for (off_t at = 0; at < size; at += step)
		sum = sum_piece(fd, at, sum);
	if (size > PIECE)
		sum = sum_piece(fd, size - PIECE, sum);
	close(fd);
	return sum;
}

static int show(const char *path, const struct stat *s, int type,
		struct FTW *ftw)
{
	char target[300] = "";
	uint64_t sum = 0;

	(void)type, (void)ftw;
	if (S_ISLNK(s->st_mode))
		must(readlink(path, target, sizeof(target) - 1), path);
	if (S_ISREG(s->st_mode))
		sum = sum_file(path, s->st_size);
	printf("%s %lu %o %u:%u %lu links %ld bytes %ld blocks %u:%u "
	       "%ld.%09ld %ld.%09ld %016lx %s\n",
	       path, (unsigned long)s->st_ino, s->st_mode, s->st_uid, s->st_gid,
	       (unsigned long)s->st_nlink, (long)s->st_size, (long)s->st_blocks,
	       major(s->st_rdev), minor(s->st_rdev), s->st_mtim.tv_sec,
	       s->st_mtim.tv_nsec, s->st_ctim.tv_sec, s->st_ctim.tv_nsec, sum,
	       target);
	return 0;
}

static void show_all(const char *title, const char *device)
{
	printf("%s %s\n", title, device);
	if (nftw(".", show, 20, FTW_PHYS))
		err(1, "nftw");
}

/* --- files of all kinds --- */

/* @n bytes at @at of a file that may be there already. */
static void put(const char *name, off_t at, size_t n)
{
	int fd = open(name, O_CREAT | O_RDWR, 0644);

	must(fd, name);
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)(i * 7 + i / 253 + strlen(name));
	for (size_t done = 0; done < n; done += PIECE) {
		size_t here = n - done < PIECE ? n - done : PIECE;

		if (pwrite(fd, bytes, here, at + done) != (ssize_t)here)
			err(1, "%s", name);
	}
	close(fd);
}

static void make_contents(void)
{
	put("empty", 0, 0);
	put("small", 0, 100);
	put("pages", 0, 5000);
	put("big", 0, 700000);
	put("holes", 0, 10);
	put("holes", 300000, 4097);
	put("holes", 5000000, 1);
	put("sparse", 5l << 29, 33333); /* behind 2.5 GiB */
	put("cut", 0, 100000);
	must(truncate("cut", 12345), "cut");
	must(truncate("cut", 200000), "cut");

	int fd = open("pages", O_RDWR);
	char *p = mmap(NULL, 5000, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (p == MAP_FAILED)
		err(1, "mmap");
	memset(p + 4000, 'm', 500);
	must(munmap(p, 5000), "munmap");
	close(fd);
}

static void make_kinds(void)
{
	char target[201];

	memset(target, 'x', sizeof(target) - 1);
	target[sizeof(target) - 1] = '\0';
	must(symlink("small", "fast"), "fast");
	must(symlink(target, "slow"), "slow");
	must(link("small", "hard"), "hard");
	must(mkfifo("fifo", 0600), "fifo");
	must(mknod("socket", S_IFSOCK | 0700, 0), "socket");
	must(mknod("character", S_IFCHR | 0666, makedev(1, 3)), "character");
	must(mknod("block", S_IFBLK | 0640, makedev(300, 70000)), "block");
}

static void make_folders(void)
{
	char name[60];

	must(mkdir("many", 0755), "many");
	for (int i = 0; i < ENTRIES; i++) {
		sprintf(name, "many/%s-%d", i % 2 ? "a-rather-long-name" : "f",
			i);
		must(link("small", name), name);
		if (i % 3 == 0)
			must(unlink(name), name);
	}
	must(mkdir("moved", 01777), "moved");
	must(mkdir("moved/below", 0700), "below");
	put("moved/below/file", 0, 3000);
	must(rename("moved/below", "new-place"), "rename");
	must(rename("big", "moved/big"), "rename");
	must(chmod("moved", 01777), "moved");
}

static void make_attributes(void)
{
	const struct timespec times[][2] = {
		{{0, 0}, {-5, 123456789}},
		{{0, 0}, {4000000000, 987654321}},
	};

	must(chmod("small", 04751), "small");
	must(chown("small", 70000, 80000), "small");
	must(lchown("fast", 1, 2), "fast");
	must(utimensat(AT_FDCWD, "holes", times[0], 0), "holes");
	must(utimensat(AT_FDCWD, "moved/big", times[1], 0), "big");
}

static void make(const char *folder)
{
	must(mkdir(folder, 0755), folder);
	must(chdir(folder), folder);
	make_contents();
	make_kinds();
	make_folders();
	make_attributes();
	must(chdir(".."), "..");
}

/* Files that only their descriptors keep, and one that was cut. */
static void remove_open(void)
{
	for (int i = 0; i < 5; i++) {
		put("orphan", 0, 100000);
		must(open("orphan", O_RDWR), "orphan");
		must(unlink("orphan"), "orphan");
	}
	put("orphan", 0, 400000);
	must(truncate("orphan", 5), "orphan");
}

static void use(const char *how, const char *folder, const char *device,
		const char *type)
{
	bool crash = !strcmp(how, "crash");
	char where[60];

	snprintf(where, sizeof(where), "/tmp%s", strrchr(device, '/'));
	must(mkdir(where, 0700), where);
	if (mount(device, where, type, 0, NULL))
		err(1, "mount %s", device);
	must(chdir(where), where);
	show_all("before", device);
	if (strcmp(folder, "-"))
		make(folder);
	if (crash)
		remove_open();
	sync();
	show_all("after", device);
	must(chdir("/"), "/");
	if (!crash && umount(where))
		err(1, "umount %s", device);
}

int main(int argc, char **argv)
{
	if (argc < 5 || argc % 2 == 0)
		errx(2, "usage: exchange keep|crash FOLDER DEVICE TYPE ...");
	umask(0);
	for (int i = 3; i < argc; i += 2)
		use(argv[1], argv[2], argv[i], argv[i + 1]);
	puts("done");
	fflush(stdout);
	if (!strcmp(argv[1], "crash"))
		pause();
}
