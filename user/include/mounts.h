/* SPDX-License-Identifier: MIT */
#ifndef USER_MOUNTS_H
#define USER_MOUNTS_H

/*
 * mounts.h - what programs expect to find mounted, done by whoever is init:
 * /proc, /dev (if the kernel has found no folder for it), the names of
 * pseudo-terminals on /dev/pts, and, for shm_open(3), a tmpfs on /dev/shm. What
 * is there already is left alone.
 */

#include <err.h>
#include <errno.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

static inline void mount_kernel_filesystems(void)
{
	mkdir("/proc", 0555);
	if (mount("proc", "/proc", "proc", 0, NULL) != 0 && errno != EBUSY)
		warn("/proc");
	if (access("/dev/null", F_OK) != 0 &&
	    mount("devtmpfs", "/dev", "devtmpfs", 0, NULL) != 0)
		warn("/dev");
	mkdir("/dev/pts", 0755); /* Quire's /dev has both */
	mkdir("/dev/shm", 01777);
	if (mount("devpts", "/dev/pts", "devpts", MS_NOSUID | MS_NOEXEC,
		  NULL) != 0)
		warn("/dev/pts");
	if (mount("tmpfs", "/dev/shm", "tmpfs", MS_NOSUID | MS_NODEV, NULL) !=
	    0)
		warn("/dev/shm");
}

#endif
