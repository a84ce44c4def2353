// SPDX-License-Identifier: MIT
/*
 * names.c - what names are good for: links, unlink, rename, symbolic links.
 *
 * A name is an entry of a folder and points at an inode; the inode lives as
 * long as there are names or open descriptors of it.
 */

#define _GNU_SOURCE
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "testlib/counter.h"
#include "testlib/files.h"
#include "testlib/where.h"

static nlink_t links_of(const char *name)
{
	struct stat st;

	expect_ok(lstat(name, &st));
	return st.st_nlink;
}

static ino_t inode_of(const char *name)
{
	struct stat st;

	expect_ok(lstat(name, &st));
	return st.st_ino;
}

TEST(hard_links_are_one_file,
     "link gives a file a second name and counts it; each can be removed "
     "first.")
{
	int fd = make_file("a", 10);
	struct stat st;

	expect_ok(link("a", "b"));
	expect_eq(links_of("a"), 2);
	expect_eq(inode_of("a"), inode_of("b"));
	expect_eq(pwrite(fd, "x", 1, 0), 1);
	expect_ok(unlink("a"));
	expect_eq(links_of("b"), 1);
	expect_eq(file_byte(expect_ok(open("b", O_RDONLY)), 0), 'x');
	expect_ok(unlink("b"));
	expect_ok(fstat(fd, &st));
	expect_eq(st.st_nlink, 0);
}

TEST(link_refuses,
     "link to a name that exists is EEXIST, of what does not exist ENOENT, of "
     "a folder EPERM.")
{
	make_text("a", "");
	make_text("b", "");
	expect_ok(mkdir("folder", 0755));
	expect_errno(link("a", "b"), EEXIST);
	expect_errno(link("missing", "c"), ENOENT);
	expect_errno(link("folder", "c"), EPERM);
	expect_errno(link("a", "missing/c"), ENOENT);
}

TEST(file_without_a_name_lives_while_open,
     "An unlinked file is read and written until the last descriptor is "
     "closed; its name is free for another.")
{
	int fd = make_file("file", 5000), other;

	expect_ok(unlink("file"));
	expect_errno(open("file", O_RDONLY), ENOENT);
	expect_errno(unlink("file"), ENOENT);
	other = make_file("file", 10);
	expect_eq(pwrite(fd, "x", 1, 4000), 1);
	expect_eq(file_byte(fd, 4000), 'x');
	expect_eq(file_size(fd), 5000);
	expect_eq(file_size(other), 10);
}

TEST(inodes_of_removed_files_return,
     "100 files that were unlinked while open are free again when closed: "
     "inodes in use and blocks free are as before.")
{
	struct counter inodes = counter_start("quire_inodes_in_use");
	size_t nfree = inodes_free();
	int fds[100];

	for (int i = 0; i < 100; i++) {
		fds[i] = make_file("file", 100);
		expect_ok(unlink("file"));
	}
	for (int i = 0; i < 100; i++)
		expect_ok(close(fds[i]));
	expect_counted(&inodes, 0);
	if (where() == ON_QUIRE)
		expect_eq(inodes_free(), nfree);
}

TEST(unlink_refuses_folders,
     "unlink of a folder is EISDIR, rmdir of a file ENOTDIR.")
{
	make_text("file", "");
	expect_ok(mkdir("folder", 0755));
	expect_errno(unlink("folder"), EISDIR);
	expect_errno(rmdir("file"), ENOTDIR);
	expect_errno(unlink("file/"), ENOTDIR);
	expect_ok(unlink("file"));
	expect_ok(rmdir("folder"));
}

TEST(rename_moves_the_name,
     "rename keeps the inode, takes the old name away, and replaces a file of "
     "the new name.")
{
	ino_t ino;
	int fd;

	make_text("a", "first");
	make_text("b", "second");
	fd = expect_ok(open("b", O_RDONLY));
	ino = inode_of("a");
	expect_ok(rename("a", "b"));
	expect_errno(access("a", F_OK), ENOENT);
	expect_eq(inode_of("b"), ino);
	expect_eq(file_byte(fd, 0), 's');
	expect_eq(file_byte(expect_ok(open("b", O_RDONLY)), 0), 'f');
}

TEST(rename_between_folders,
     "A file and a folder move to another folder; the folder's .. and both "
     "link counts follow.")
{
	expect_ok(mkdir("from", 0755));
	expect_ok(mkdir("to", 0755));
	expect_ok(mkdir("from/folder", 0755));
	make_text("from/file", "x");
	expect_ok(rename("from/file", "to/file"));
	expect_eq(links_of("from"), 3);
	expect_ok(rename("from/folder", "to/moved"));
	expect_eq(links_of("from"), 2);
	expect_eq(links_of("to"), 3);
	expect_eq(inode_of("to/moved/.."), inode_of("to"));
	expect_ok(rmdir("from"));
}

TEST(rename_to_the_same_file,
     "rename of a name to itself, or to another link of the file, does "
     "nothing.")
{
	make_text("a", "x");
	expect_ok(rename("a", "a"));
	expect_ok(link("a", "b"));
	expect_ok(rename("a", "b"));
	expect_eq(links_of("a"), 2);
	expect_eq(links_of("b"), 2);
}

TEST(rename_refuses,
     "Into itself (EINVAL), over a full folder (ENOTEMPTY), file over folder "
     "(EISDIR) and folder over file (ENOTDIR), what is missing (ENOENT).")
{
	expect_ok(mkdir("a", 0755));
	expect_ok(mkdir("a/b", 0755));
	expect_ok(mkdir("full", 0755));
	make_text("full/x", "");
	make_text("file", "");
	expect_errno(rename("a", "a/b/c"), EINVAL);
	expect_errno(rename("a", "full"), ENOTEMPTY);
	expect_errno(rename("file", "a"), EISDIR);
	expect_errno(rename("a", "file"), ENOTDIR);
	expect_errno(rename("missing", "x"), ENOENT);
	expect_errno(rename("file", "missing/x"), ENOENT);
	expect_errno(rename("a/.", "x"), EBUSY);
	expect_ok(mkdir("empty", 0755));
	expect_ok(rename("a", "empty"));
	expect_ok(access("empty/b", F_OK));
}

TEST(rename_without_replacing,
     "renameat2 with RENAME_NOREPLACE is EEXIST where there is a file.")
{
	make_text("a", "x");
	make_text("b", "y");
	expect_errno(renameat2(AT_FDCWD, "a", AT_FDCWD, "b", RENAME_NOREPLACE),
		     EEXIST);
	expect_ok(renameat2(AT_FDCWD, "a", AT_FDCWD, "c", RENAME_NOREPLACE));
	expect_errno(access("a", F_OK), ENOENT);
}

TEST(names_have_a_longest_length,
     "A name of 255 bytes works in every call, one of 256 is ENAMETOOLONG.")
{
	char name[300], found[300] = {0};

	memset(name, 'n', sizeof(name));
	name[255] = '\0';
	make_text(name, "x");
	expect_ok(access(name, F_OK));
	expect_ok(symlink(name, "s"));
	expect_eq(readlink("s", found, 300), 255);
	expect_string(found, name);
	expect_ok(unlink(name));
	name[255] = 'n';
	name[256] = '\0';
	expect_errno(open(name, O_CREAT | O_RDWR, 0644), ENAMETOOLONG);
	expect_errno(mkdir(name, 0755), ENAMETOOLONG);
	expect_errno(unlink(name), ENAMETOOLONG);
}

TEST(paths_have_a_longest_length,
     "A path of PATH_MAX bytes without its end is ENAMETOOLONG, one just "
     "below, full of slashes and dots, is walked.")
{
	static char path[PATH_MAX + 100];

	for (int i = 0; i < PATH_MAX + 90; i++)
		path[i] = "./"[i % 2];
	make_text("file", "x");
	memcpy(path + 4000, "file", 5);
	expect_ok(access(path, F_OK));
	path[4004] = '/';
	path[4005] = '.';
	expect_errno(access(path, F_OK), ENAMETOOLONG);
}

TEST(symlinks_are_followed,
     "open follows links, relative to where they are; O_NOFOLLOW is ELOOP; "
     "lstat and readlink see the link itself.")
{
	char target[100] = {0};
	struct stat st;

	expect_ok(mkdir("folder", 0755));
	make_text("folder/file", "x");
	expect_ok(symlink("file", "folder/link"));
	expect_ok(symlink("folder", "short"));
	expect_eq(file_byte(expect_ok(open("short/link", O_RDONLY)), 0), 'x');
	expect_errno(open("folder/link", O_RDONLY | O_NOFOLLOW), ELOOP);
	expect_ok(lstat("folder/link", &st));
	expect(S_ISLNK(st.st_mode));
	expect_eq(st.st_size, 4);
	expect_eq(readlink("folder/link", target, 100), 4);
	expect_string(target, "file");
	expect_eq(readlink("folder/link", target, 2), 2);
	expect_errno(readlink("folder/file", target, 100), EINVAL);
	expect_ok(unlink("folder/link"));
	expect_ok(access("folder/file", F_OK));
}

TEST(symlinks_to_nowhere,
     "A link whose target is missing is ENOENT to open, and can create it.")
{
	expect_ok(symlink("target", "link"));
	expect_errno(open("link", O_RDONLY), ENOENT);
	expect_errno(open("link", O_CREAT | O_EXCL | O_RDWR, 0644), EEXIST);
	expect_ok(open("link", O_CREAT | O_RDWR, 0644));
	expect_ok(access("target", F_OK));
	expect_errno(symlink("x", "link"), EEXIST);
	expect_errno(symlink("", "y"), ENOENT);
}

TEST(symlink_loops_end,
     "Links to each other, and to itself, are ELOOP; a chain of 20 is "
     "followed.")
{
	char from[20], to[20];

	expect_ok(symlink("a", "b"));
	expect_ok(symlink("b", "a"));
	expect_ok(symlink("self", "self"));
	expect_errno(open("a", O_RDONLY), ELOOP);
	expect_errno(open("self/x", O_RDONLY), ELOOP);
	make_text("chain0", "end");
	for (int i = 1; i <= 20; i++) {
		snprintf(from, sizeof(from), "chain%d", i);
		snprintf(to, sizeof(to), "chain%d", i - 1);
		expect_ok(symlink(to, from));
	}
	expect_eq(file_byte(expect_ok(open("chain20", O_RDONLY)), 0), 'e');
}

TEST(long_symlinks_are_whole,
     "Targets of 50, 59, 60, 61 and 1,000 bytes are read back: short ones lie "
     "in the inode, long ones in a block.")
{
	static const int lengths[] = {50, 59, 60, 61, 1000};
	char target[1001], found[1100];

	for (int i = 0; i < 5; i++) {
		int n = lengths[i];

		memset(target, 'a' + i, n);
		target[n] = '\0';
		expect_ok(symlink(target, "link"));
		expect_eq(readlink("link", found, sizeof(found)), n);
		expect_filled(found, 'a' + i, n);
		expect_ok(unlink("link"));
	}
}

TEST(fifo_has_a_name, "mkfifo makes a pipe that two processes find by name.")
{
	char text[6] = {0};
	pid_t child;
	int fd;

	expect_ok(mkfifo("fifo", 0600));
	child = expect_ok(fork());
	if (child == 0) {
		fd = expect_ok(open("fifo", O_WRONLY));
		expect_eq(write(fd, "hello", 5), 5);
		_exit(0);
	}
	fd = expect_ok(open("fifo", O_RDONLY));
	expect_eq(read(fd, text, 5), 5);
	expect_string(text, "hello");
	expect_eq(read(fd, text, 5), 0);
	expect_exit(child, 0);
}
