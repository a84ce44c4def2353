// SPDX-License-Identifier: MIT
/*
 * tmpfs.c - the filesystem in memory: its limits, what it costs, and that all
 * of it comes back.  (That its files are files like others is shown by running
 * all of these programs in one: TMPDIR=/dev/shm.)
 */

#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/mman.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "testlib/counter.h"
#include "testlib/fault.h"
#include "testlib/files.h"
#include "testlib/memory.h"
#include "testlib/where.h"

/* A new tmpfs on the folder "mnt". */
static void mount_tmpfs(const char *options)
{
	if (mkdir("mnt", 0755) == -1)
		expect_eq(errno, EEXIST);
	if (mount("test", "mnt", "tmpfs", 0, options) == -1) {
		if (errno == EPERM)
			skip("only root may mount");
		expect_ok(-1);
	}
}

static struct statfs stat_tmpfs(void)
{
	struct statfs fs;

	expect_ok(statfs("mnt", &fs));
	expect_eq(fs.f_type, TMPFS_MAGIC);
	expect_eq(fs.f_bsize, PAGE);
	return fs;
}

static int make(const char *name)
{
	return open(name, O_CREAT | O_EXCL | O_RDWR, 0644);
}

/* Pages of "mnt" in use. */
static long used(void)
{
	struct statfs fs = stat_tmpfs();

	return fs.f_blocks - fs.f_bfree;
}

TEST(tmpfs_has_the_size_it_was_given,
     "size= and nr_inodes= show in statfs; writing stops at exactly so many "
     "pages with ENOSPC, and what is removed can be had again.")
{
	char page[PAGE];
	int fd;

	mount_tmpfs("size=64k,nr_inodes=10,mode=700");
	expect_eq(stat_tmpfs().f_blocks, 16);
	expect_eq(stat_tmpfs().f_files, 10);
	expect_eq(stat_tmpfs().f_ffree, 9);
	memset(page, 'p', PAGE);
	for (int round = 0; round < 3; round++) {
		fd = expect_ok(make("mnt/file"));
		for (int i = 0; i < 16; i++)
			expect_eq(write(fd, page, PAGE), PAGE);
		expect_errno(write(fd, page, 1), ENOSPC);
		expect_eq(file_size(fd), 16 * PAGE);
		expect_eq(used(), 16);
		expect_errno(umount("mnt"), EBUSY);
		expect_ok(unlink("mnt/file"));
		expect_eq(used(), 16); /* it is open */
		expect_eq(pread(fd, page, PAGE, 15 * PAGE), PAGE);
		expect_filled(page, 'p', PAGE);
		expect_ok(close(fd));
		expect_eq(used(), 0);
	}
	expect_ok(umount("mnt"));
}

TEST(tmpfs_counts_inodes,
     "nr_inodes= limits files, folders and links, a hard link too; each "
     "removal gives one back.")
{
	mount_tmpfs("nr_inodes=4,size=1m");
	expect_ok(close(expect_ok(make("mnt/a"))));
	expect_ok(link("mnt/a", "mnt/b"));
	expect_ok(mkdir("mnt/c", 0755));
	expect_errno(make("mnt/d"), ENOSPC);
	expect_errno(link("mnt/a", "mnt/d"), ENOSPC);
	expect_errno(symlink("x", "mnt/d"), ENOSPC);
	expect_errno(mkdir("mnt/d", 0755), ENOSPC);
	expect_ok(unlink("mnt/a"));
	expect_ok(symlink("x", "mnt/d"));
	expect_ok(rename("mnt/d", "mnt/b"));
	expect_ok(rmdir("mnt/c"));
	expect_eq(stat_tmpfs().f_ffree, 2);
	expect_ok(umount("mnt"));
}

TEST(tmpfs_options_are_checked,
     "Sizes with k, m, g and %, and mode, uid, gid are understood; unknown "
     "options and bad numbers are EINVAL.")
{
	static const char *const bad[] = {"size=",  "size=x",  "size",
					  "mode=8", "bogus=1", "size=1m;"};
	struct stat st;

	mount_tmpfs("mode=1750,uid=3,gid=4,size=1m");
	expect_ok(stat("mnt", &st));
	expect_eq(st.st_mode, S_IFDIR | 01750);
	expect_eq(st.st_uid, 3);
	expect_eq(st.st_gid, 4);
	expect_eq(stat_tmpfs().f_blocks, 256);
	expect_ok(umount("mnt"));
	mount_tmpfs("nr_blocks=1k");
	expect_eq(stat_tmpfs().f_blocks, 1024);
	expect_ok(umount("mnt"));
	mount_tmpfs("size=5%");
	expect_between(stat_tmpfs().f_blocks, memory_total() / PAGE / 25,
		       memory_total() / PAGE / 15);
	expect_ok(umount("mnt"));
	mount_tmpfs("size=0");
	expect_eq(stat_tmpfs().f_blocks, 0);
	expect_ok(close(make_file("mnt/file", 3 * PAGE)));
	expect_ok(umount("mnt"));
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		expect_errno(mount("test", "mnt", "tmpfs", 0, bad[i]), EINVAL);
}

TEST(tmpfs_holes_cost_nothing,
     "A file of 1 TiB has no pages; reading a hole gives zeros and takes none; "
     "each store takes one.")
{
	const off_t far = 1l << 40;
	char page[PAGE];
	struct stat st;
	int fd;

	mount_tmpfs("size=16k");
	fd = expect_ok(make("mnt/file"));
	expect_ok(ftruncate(fd, far));
	for (int i = 0; i < 100; i++) {
		memset(page, 'x', PAGE);
		expect_eq(pread(fd, page, PAGE, i * far / 100), PAGE);
		expect_filled(page, 0, PAGE);
	}
	expect_eq(used(), 0);
	expect_eq(pwrite(fd, "y", 1, far - 1), 1);
	expect_eq(pwrite(fd, "y", 1, 5 * PAGE), 1);
	expect_eq(used(), 2);
	expect_ok(fstat(fd, &st));
	expect_eq(st.st_blocks, 16);
	expect_ok(ftruncate(fd, far / 2 + 1)); /* in a hole */
	expect_eq(used(), 1);
	expect_ok(ftruncate(fd, 0));
	expect_eq(used(), 0);
	expect_ok(close(fd));
	expect_ok(umount("mnt"));
}

TEST(tmpfs_write_that_fails_takes_nothing,
     "Writes from bad addresses past the end are EFAULT, and no page stays.")
{
	char *bad = reserve(1);
	int fd;

	mount_tmpfs("size=16k");
	fd = expect_ok(make("mnt/file"));
	for (int i = 0; i < 10; i++)
		expect_errno(pwrite(fd, bad, 10, i * PAGE + 7), EFAULT);
	expect_eq(used(), 0);
	expect_eq(file_size(fd), 0);
	expect_ok(close(fd));
	expect_ok(umount("mnt"));
}

TEST(tmpfs_full_is_sigbus_at_the_store,
     "A store to a mapped hole of a full tmpfs is SIGBUS; with room again it "
     "works.")
{
	int fd, other;
	char *p;

	mount_tmpfs("size=16k");
	fd = expect_ok(make("mnt/file"));
	expect_ok(ftruncate(fd, 8 * PAGE));
	p = map_shared(fd, 8);
	other = make_file("mnt/other", 2 * PAGE);
	expect_no_fault(fault_write(p, 1));
	expect_no_fault(fault_write(p + 7 * PAGE, 7));
	expect_fault(fault_write(p + 4 * PAGE, 1), SIGBUS, BUS_ADRERR,
		     p + 4 * PAGE);
	expect_ok(ftruncate(other, 0));
	expect_no_fault(fault_write(p + 4 * PAGE, 4));
	expect_eq(file_byte(fd, 4 * PAGE), 4);
	expect_eq(file_byte(fd, 7 * PAGE), 7);
	unmap(p, 8);
	expect_ok(close(fd));
	expect_ok(close(other));
	expect_ok(umount("mnt"));
}

static void fill_tree(void)
{
	char name[64];

	for (int i = 0; i < 30; i++) {
		snprintf(name, sizeof(name), "file%d", i);
		expect_ok(close(make_file(name, 2 * PAGE)));
		snprintf(name, sizeof(name), "link%d", i);
		expect_ok(symlink("somewhere", name));
		snprintf(name, sizeof(name), "hard%d", i);
		expect_ok(link("file0", name));
	}
}

TEST(tmpfs_umount_gives_all_back,
     "A tree 300 folders deep, with files and links in some, is unmounted as "
     "it is: its frames and inodes are free again.")
{
	struct counter frames, inodes;
	char *home;

	mount_tmpfs("size=4m"); /* once, so that caches have grown */
	expect_ok(umount("mnt"));
	frames = counter_start("nr_free_pages");
	inodes = counter_start("quire_inodes_in_use");
	home = get_current_dir_name();
	expect(home != NULL);
	mount_tmpfs("size=4m");
	expect_ok(chdir("mnt"));
	for (int depth = 0; depth < 300; depth++) {
		if (depth % 100 == 0)
			fill_tree();
		expect_ok(mkdir("d", 0755));
		expect_ok(chdir("d"));
	}
	expect_ok(chdir(home));
	expect_eq(used(), 3 * 30 * 2);
	expect_ok(umount("mnt"));
	expect_errno(access("mnt/d", F_OK), ENOENT);
	expect_counted(&inodes, 0);
	expect_returned(&frames, 16);
}

/* Read the current folder, and at each entry remove and add others; how many
 * names were seen that begin with @stays. */
static int count_while_removing(const char *stays, const char *goes)
{
	DIR *dir = opendir(".");
	int seen = 0, removed = 0, added = 0;
	struct dirent *entry;
	char name[32];

	expect(dir != NULL);
	while ((entry = readdir(dir))) {
		seen += strncmp(entry->d_name, stays, strlen(stays)) == 0;
		snprintf(name, sizeof(name), "%s%d", goes, removed++ % 500);
		if (unlink(name) == -1)
			expect_eq(errno, ENOENT);
		if (added++ % 10 == 0 && added < 500) {
			snprintf(name, sizeof(name), "new%d", added);
			expect_ok(close(expect_ok(make(name))));
		}
	}
	expect_ok(closedir(dir));
	return seen;
}

TEST(tmpfs_reads_its_folders_while_they_change,
     "readdir goes on at the right place when entries before and behind it "
     "are removed and added: each that stays is seen once.")
{
	char name[32];

	mount_tmpfs("size=1m");
	expect_ok(chdir("mnt"));
	for (int i = 0; i < 500; i++) {
		snprintf(name, sizeof(name), "stays%d", i);
		expect_ok(close(expect_ok(make(name))));
		snprintf(name, sizeof(name), "goes%d", i);
		expect_ok(close(expect_ok(make(name))));
	}
	expect_eq(count_while_removing("stays", "goes"), 500);
	expect_ok(chdir(".."));
	expect_ok(umount("mnt"));
}

TEST(shm_open_works,
     "POSIX shared memory: made by name in one process, found in another, "
     "gone when it is unlinked.")
{
	const char *name = "/usertests-shm";
	int fd = expect_ok(shm_open(name, O_CREAT | O_EXCL | O_RDWR, 0600));
	char *p;
	pid_t child;

	expect_ok(ftruncate(fd, 3 * PAGE));
	p = map_shared(fd, 3);
	expect_ok(close(fd));
	child = expect_ok(fork());
	if (child == 0) {
		char *q = map_shared(expect_ok(shm_open(name, O_RDWR, 0)), 3);

		strcpy(q + 2 * PAGE, "from the child");
		_exit(0);
	}
	expect_exit(child, 0);
	expect_string(p + 2 * PAGE, "from the child");
	expect_ok(shm_unlink(name));
	expect_errno(shm_open(name, O_RDWR, 0), ENOENT);
	expect_string(p + 2 * PAGE, "from the child");
}

TEST(dev_takes_new_names,
     "/dev is such a filesystem, too, with the devices in it from the start: "
     "others can be named there, and names removed.")
{
	const char *node = "/dev/usertests-null";
	const char *link = "/dev/usertests-link";
	int fd;

	if (mknod(node, S_IFCHR | 0600, makedev(1, 3)) == -1) {
		if (errno == EPERM || errno == EACCES)
			skip("only root may make devices");
		expect_ok(-1);
	}
	expect_ok(symlink("usertests-null", link));
	fd = expect_ok(open(link, O_RDWR));
	expect_eq(write(fd, "gone", 4), 4);
	expect_eq(read(fd, &fd, 4), 0);
	expect_ok(unlink(link));
	expect_ok(unlink(node));
	expect_errno(open(node, O_RDWR), ENOENT);
}
