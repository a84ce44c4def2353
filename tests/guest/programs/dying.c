// SPDX-License-Identifier: MIT
/*
 * dying.c - what programs see of a journal that can't be written any more.
 *
 * usage: dying FOLDER		on a disk that will fail
 */

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { ROUNDS = 2000 };

static char folder[100], name[200], bytes[3000];

/* Must fail with @error, or succeed (0). */
static void expect(const char *what, int result, int error)
{
	int saw = result < 0 ? errno : 0;

	if (saw != error)
		errx(1, "%s: expected %s, saw %s", what, strerror(error),
		     strerror(saw));
}

/* Make files until one can't be made durable; it is open then. */
static int fill(void)
{
	for (unsigned i = 0; i < ROUNDS; i++) {
		sprintf(name, "%s/%u", folder, i);

		int fd = open(name, O_CREAT | O_RDWR, 0600);

		if (fd < 0 || write(fd, bytes, sizeof(bytes)) < 0)
			err(1, "%s", name);
		int other = open(name, O_RDWR);

		if (fsync(fd)) {
			expect("fsync", -1, EIO);
			expect("fsync by another descriptor", fsync(other),
			       EIO);
			expect("the same once more", fsync(other), 0);
			close(other);
			return fd;
		}
		close(other);
		close(fd);
	}
	errx(1, "the disk never failed");
}

int main(int argc, char **argv)
{
	struct statvfs statvfs_now;

	if (argc != 2)
		errx(2, "usage: dying FOLDER");
	snprintf(folder, sizeof(folder), "%s", argv[1]);
	memset(bytes, 'd', sizeof(bytes));

	int fd = fill();

	expect("reported once", fsync(fd), 0);
	expect("write", (int)write(fd, bytes, 1), EROFS);
	expect("mkdir", mkdir(strcat(folder, "/new"), 0700), EROFS);
	expect("unlink", unlink(name), EROFS);
	expect("read", (int)pread(fd, bytes, sizeof(bytes), 0), 0);
	if (bytes[0] != 'd')
		errx(1, "%s: other bytes", name);
	expect("statvfs", statvfs(name, &statvfs_now), 0);
	printf("dead, and no worse\n");
}
