// SPDX-License-Identifier: MIT
/*
 * folders.c - folders: making, removing, walking, listing, and many processes
 * in one of them.
 */

#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "testlib/counter.h"
#include "testlib/files.h"
#include "testlib/where.h"

static ino_t inode_of(const char *name)
{
	struct stat st;

	expect_ok(stat(name, &st));
	return st.st_ino;
}

static void touch(const char *name)
{
	expect_ok(close(
		expect_ok(open(name, O_CREAT | O_EXCL | O_WRONLY, 0644))));
}

TEST(mkdir_and_rmdir,
     "A new folder has . and .., two links, and makes one more for its "
     "parent; removed, all is as before.")
{
	struct stat st;

	expect_ok(mkdir("folder", 0750));
	expect_ok(stat("folder", &st));
	expect_eq(st.st_mode, S_IFDIR | 0750);
	expect_eq(st.st_nlink, 2);
	expect_eq(inode_of("folder/."), inode_of("folder"));
	expect_eq(inode_of("folder/.."), inode_of("."));
	expect_ok(stat(".", &st));
	expect_eq(st.st_nlink, 3);
	expect_errno(mkdir("folder", 0755), EEXIST);
	expect_errno(mkdir("missing/x", 0755), ENOENT);
	expect_ok(rmdir("folder"));
	expect_ok(stat(".", &st));
	expect_eq(st.st_nlink, 2);
	expect_errno(rmdir("folder"), ENOENT);
}

TEST(rmdir_refuses,
     "A folder with something in it is ENOTEMPTY; \".\" is EINVAL, \"..\" is "
     "ENOTEMPTY, / is EBUSY.")
{
	expect_ok(mkdir("folder", 0755));
	touch("folder/file");
	expect_errno(rmdir("folder"), ENOTEMPTY);
	expect_errno(rmdir("folder/."), EINVAL);
	expect_errno(rmdir("folder/.."), ENOTEMPTY);
	expect_errno(rmdir("/"), EBUSY);
	expect_ok(unlink("folder/file"));
	expect_ok(rmdir("folder/"));
}

TEST(dots_and_slashes_in_paths,
     "., .., doubled and trailing slashes mean what they always do; .. of / "
     "is /.")
{
	expect_ok(mkdir("a", 0755));
	expect_ok(mkdir("a/b", 0755));
	touch("a/b/file");
	expect_eq(inode_of("a/b/../b/./file"), inode_of("a/b/file"));
	expect_eq(inode_of("a//b///file"), inode_of("a/b/file"));
	expect_eq(inode_of("a/b/"), inode_of("a/b"));
	expect_errno(open("a/b/file/", O_RDONLY), ENOTDIR);
	expect_errno(access("a/missing/../b", F_OK), ENOENT);
	expect_eq(inode_of("/.."), inode_of("/"));
	expect_eq(inode_of("/../.."), inode_of("/"));
}

TEST(working_folder_moves,
     "chdir and fchdir change where names start, getcwd says where; a file is "
     "ENOTDIR.")
{
	char before[PATH_MAX], after[PATH_MAX];
	int fd = expect_ok(open(".", O_RDONLY));

	expect(getcwd(before, sizeof(before)) != NULL);
	expect_ok(mkdir("folder", 0755));
	touch("file");
	expect_ok(chdir("folder"));
	expect(getcwd(after, sizeof(after)) != NULL);
	strcat(before, "/folder");
	expect_string(after, before);
	expect_ok(access("../file", F_OK));
	expect_errno(chdir("../file"), ENOTDIR);
	expect_errno(chdir("missing"), ENOENT);
	expect_ok(fchdir(fd));
	expect_ok(access("file", F_OK));
	expect(getcwd(after, 2) == NULL);
	expect_eq(errno, ERANGE);
}

TEST(working_folder_is_the_process_own,
     "A child starts in its parent's folder and moves without it.")
{
	pid_t child;

	expect_ok(mkdir("folder", 0755));
	child = expect_ok(fork());
	if (child == 0) {
		expect_ok(chdir("folder"));
		touch("file");
		_exit(0);
	}
	expect_exit(child, 0);
	expect_errno(access("file", F_OK), ENOENT);
	expect_ok(access("folder/file", F_OK));
}

TEST(removed_working_folder,
     "In a folder that was removed nothing can be made (ENOENT), getcwd is "
     "ENOENT, and chdir leads out of it.")
{
	char path[PATH_MAX];

	expect_ok(mkdir("folder", 0755));
	expect_ok(chdir("folder"));
	expect_ok(rmdir("../folder"));
	expect_errno(open("file", O_CREAT | O_RDWR, 0644), ENOENT);
	expect_errno(mkdir("x", 0755), ENOENT);
	expect(getcwd(path, sizeof(path)) == NULL);
	expect_eq(errno, ENOENT);
	expect_ok(chdir("/"));
}

TEST(names_relative_to_a_descriptor,
     "openat, mkdirat, unlinkat and fstatat start at the folder they are "
     "given; an absolute name ignores it.")
{
	int folder, fd;
	struct stat st;

	expect_ok(mkdir("folder", 0755));
	folder = expect_ok(open("folder", O_RDONLY | O_DIRECTORY));
	fd = expect_ok(openat(folder, "file", O_CREAT | O_RDWR, 0644));
	expect_ok(access("folder/file", F_OK));
	expect_ok(mkdirat(folder, "sub", 0755));
	expect_ok(fstatat(folder, "sub", &st, 0));
	expect_ok(fstatat(fd, "", &st, AT_EMPTY_PATH));
	expect_ok(fstatat(fd, "/", &st, 0));
	expect_errno(openat(fd, "x", O_RDONLY), ENOTDIR);
	expect_errno(openat(99, "x", O_RDONLY), EBADF);
	expect_ok(unlinkat(folder, "sub", AT_REMOVEDIR));
	expect_ok(unlinkat(folder, "file", 0));
	expect_ok(rmdir("folder"));
}

TEST(deep_paths,
     "100 folders in each other: made, walked down and up, and removed.")
{
	ino_t top = inode_of(".");

	for (int i = 0; i < 100; i++) {
		expect_ok(mkdir("d", 0755));
		expect_ok(chdir("d"));
	}
	touch("bottom");
	expect_ok(unlink("bottom"));
	for (int i = 0; i < 100; i++) {
		expect_ok(chdir(".."));
		expect_ok(rmdir("d"));
	}
	expect_eq(inode_of("."), top);
}

/* How many names there are, without . and .., each seen once. */
static int count_names(const char *path, int nnames)
{
	DIR *dir = opendir(path);
	char *seen = calloc(1, nnames);
	struct dirent *entry;
	int n = 0, dots = 0;

	expect(dir != NULL);
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.') {
			dots++;
			continue;
		}
		if (seen[atoi(entry->d_name)]++)
			fail(HERE, "expected each name once, saw %s again",
			     entry->d_name);
		n++;
	}
	expect_eq(dots, 2);
	expect_ok(closedir(dir));
	free(seen);
	return n;
}

TEST(folder_with_two_thousand_entries,
     "2,000 names are made, all listed once, each second removed, the others "
     "found, the rest removed.")
{
	enum { N = 2000 };
	char name[20];

	for (int i = 0; i < N; i++) {
		snprintf(name, sizeof(name), "%d", i);
		touch(name);
	}
	expect_eq(count_names(".", N), N);
	for (int i = 0; i < N; i += 2) {
		snprintf(name, sizeof(name), "%d", i);
		expect_ok(unlink(name));
	}
	expect_eq(count_names(".", N), N / 2);
	for (int i = 0; i < N; i++) {
		snprintf(name, sizeof(name), "%d", i);
		if (i % 2)
			expect_ok(unlink(name));
		else
			expect_errno(unlink(name), ENOENT);
	}
	expect_eq(count_names(".", N), 0);
}

/* Name @i exists in the large folder, if it should. */
static void expect_name(int i, bool exists)
{
	char name[32];
	struct stat st;

	snprintf(name, sizeof(name), "large/name-%d", i);
	if (exists)
		expect_ok(stat(name, &st));
	else
		expect_errno(stat(name, &st), ENOENT);
}

static void name_call(int (*call)(const char *name), int i)
{
	char name[32];

	snprintf(name, sizeof(name), "large/name-%d", i);
	expect_ok(call(name));
}

static int make(const char *name)
{
	touch(name);
	return 0;
}

TEST(large_folder_is_searched_cold,
     "In a folder of a thousand names, all known, or none of them since the "
     "caches were dropped, each name is found that is there, and no other.")
{
	enum { N = 1000 };

	expect_ok(mkdir("large", 0755));
	for (int i = 0; i < N; i++)
		name_call(make, i);
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < N + 100; i++)
			expect_name(i, i < N);
		sync();
		drop_caches();
	}
	for (int i = 0; i < N; i += 3)
		name_call(unlink, i);
	for (int i = 0; i < N; i += 6)
		name_call(make, i);
	expect_ok(rename("large/name-1", "large/name-3"));
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < N; i++)
			expect_name(i,
				    i == 3 || (i != 1 && (i % 3 || !(i % 6))));
		sync();
		drop_caches();
	}
}

TEST(listing_while_removing,
     "All entries are removed while they are listed, by a small buffer: "
     "nothing stays and nothing crashes.")
{
	enum { N = 150 };
	char name[20];
	static char buffer[1024] __attribute__((aligned(8)));
	int fd, n = 0;
	long got;

	expect_ok(mkdir("folder", 0755));
	expect_ok(chdir("folder"));
	for (int i = 0; i < N; i++) {
		snprintf(name, sizeof(name), "%d", i);
		touch(name);
	}
	fd = expect_ok(open(".", O_RDONLY));
	while ((got = syscall(SYS_getdents64, fd, buffer, 200)) > 0)
		for (long at = 0; at < got;) {
			struct dirent64 *entry = (void *)(buffer + at);

			if (entry->d_name[0] != '.') {
				expect_ok(unlink(entry->d_name));
				n++;
			}
			at += entry->d_reclen;
		}
	expect_eq(got, 0);
	expect_eq(n, N);
	expect_eq(count_names(".", N), 0);
}

TEST(listing_while_adding,
     "Names that are there all the time are listed exactly once while others "
     "are added.")
{
	enum { N = 50 };
	char name[20], seen[N] = {0};
	struct dirent *entry;
	int extra = 1000;
	DIR *dir;

	for (int i = 0; i < N; i++) {
		snprintf(name, sizeof(name), "%d", i);
		touch(name);
	}
	dir = opendir(".");
	expect(dir != NULL);
	while ((entry = readdir(dir))) {
		int i = atoi(entry->d_name);

		if (entry->d_name[0] != '.' && i < N)
			seen[i]++;
		if (extra < 1100) {
			snprintf(name, sizeof(name), "%d", extra++);
			touch(name);
		}
	}
	expect_filled(seen, 1, N);
	expect_ok(closedir(dir));
}

TEST(listing_from_the_start_again,
     "rewinddir and seekdir give the same names again; a buffer too small for "
     "one is EINVAL.")
{
	struct dirent *entry;
	char first[256], tiny[8];
	DIR *dir;
	long place;

	touch("1");
	touch("2");
	dir = opendir(".");
	expect(dir != NULL);
	expect(readdir(dir) != NULL);
	place = telldir(dir);
	entry = readdir(dir);
	expect(entry != NULL);
	strcpy(first, entry->d_name);
	while (readdir(dir))
		;
	seekdir(dir, place);
	entry = readdir(dir);
	expect(entry != NULL);
	expect_string(entry->d_name, first);
	rewinddir(dir);
	expect_errno(syscall(SYS_getdents64, dirfd(dir), tiny, sizeof(tiny)),
		     EINVAL);
}

TEST(types_in_a_listing,
     "getdents64 tells files, folders, links and FIFOs apart, with the inode "
     "that stat has.")
{
	DIR *dir;
	struct dirent *entry;
	struct stat st;

	touch("file");
	expect_ok(mkdir("folder", 0755));
	expect_ok(symlink("file", "link"));
	expect_ok(mkfifo("fifo", 0600));
	dir = opendir(".");
	expect(dir != NULL);
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		expect_ok(lstat(entry->d_name, &st));
		expect_eq(entry->d_ino, st.st_ino);
		expect_eq(entry->d_type, IFTODT(st.st_mode));
	}
}

/* A child that does something to the files 0 to 9, many times. */
static pid_t fork_storm(void (*step)(const char *name))
{
	pid_t child = expect_ok(fork());
	char name[4];

	for (int i = 0; child == 0 && i < 300; i++) {
		snprintf(name, sizeof(name), "%d", i * 7 % 10);
		step(name);
	}
	if (child == 0)
		_exit(0);
	return child;
}

static void create_step(const char *name)
{
	int fd = open(name, O_CREAT | O_RDWR, 0644);

	if (fd >= 0)
		close(fd);
	else
		expect_eq(errno, ENOENT);
}

static void unlink_step(const char *name)
{
	if (unlink(name) != 0)
		expect_eq(errno, ENOENT);
}

static void rename_step(const char *name)
{
	if (rename(name, "moved") != 0)
		expect_eq(errno, ENOENT);
}

static void link_step(const char *name)
{
	if (link(name, "linked") != 0)
		expect(errno == ENOENT || errno == EEXIST);
	if (unlink("linked") != 0)
		expect_eq(errno, ENOENT);
}

TEST(create_and_unlink_at_once,
     "Four processes create, remove, rename and link the same ten names: the "
     "folder stays whole.")
{
	pid_t children[4] = {fork_storm(create_step), fork_storm(unlink_step),
			     fork_storm(rename_step), fork_storm(link_step)};
	char name[4];

	for (int i = 0; i < 4; i++)
		expect_exit(children[i], 0);
	unlink("moved");
	for (int i = 0; i < 10; i++) {
		snprintf(name, sizeof(name), "%d", i);
		unlink(name);
	}
	expect_eq(count_names(".", 10), 0);
}

TEST(exclusive_create_has_one_winner,
     "Four processes create one name with O_EXCL, 50 times: one succeeds each "
     "time.")
{
	int ends[2], wins = 0;
	pid_t children[4];
	char byte, name[20];

	expect_ok(pipe(ends));
	for (int i = 0; i < 4; i++) {
		children[i] = expect_ok(fork());
		for (int n = 0; children[i] == 0 && n < 50; n++) {
			snprintf(name, sizeof(name), "%d", n);
			if (open(name, O_CREAT | O_EXCL | O_RDWR, 0644) >= 0)
				expect_eq(write(ends[1], "w", 1), 1);
			else
				expect_eq(errno, EEXIST);
		}
		if (children[i] == 0)
			_exit(0);
	}
	expect_ok(close(ends[1]));
	while (read(ends[0], &byte, 1) == 1)
		wins++;
	for (int i = 0; i < 4; i++)
		expect_exit(children[i], 0);
	expect_eq(wins, 50);
}

TEST(folders_made_and_removed_at_once,
     "Four processes make and remove folders in one folder, each its own and "
     "one in common.")
{
	pid_t children[4];
	char name[20];

	for (int i = 0; i < 4; i++) {
		children[i] = expect_ok(fork());
		for (int n = 0; children[i] == 0 && n < 100; n++) {
			snprintf(name, sizeof(name), "%d", 100 + i);
			expect_ok(mkdir(name, 0755));
			if (mkdir("0", 0755) != 0)
				expect_eq(errno, EEXIST);
			expect_ok(rmdir(name));
			if (rmdir("0") != 0)
				expect_eq(errno, ENOENT);
		}
		if (children[i] == 0)
			_exit(0);
	}
	for (int i = 0; i < 4; i++)
		expect_exit(children[i], 0);
	expect_eq(count_names(".", 200), 0);
}
