/* SPDX-License-Identifier: MIT */
#ifndef FS_PROC_H
#define FS_PROC_H

/*
 * proc.h - what the parts of procfs share: the tables of its files.
 *
 *   procfs.c        the tree: directories, links, reading
 *   proc_system.c   what the files in /proc itself say
 *   proc_process.c  what the files of one process say
 */

#include "fs/procfs.h"
#include "fs/text.h"

/* One name.  Which functions are there depends on the type in mode. */
struct proc_entry {
	const char *name;
	uint32_t mode;
	/* Regular files: write the text.  0 or a negative errno. */
	int (*show)(struct text *text, int pid);
	/* Links: their text; its length, at most @nbytes - 1, no NUL needed. */
	ssize_t (*read_link)(int pid, char *target, size_t nbytes);
	/* Links that are the thing itself: a reference to it. */
	int (*follow)(int pid, struct dentry **out);
};

/* Each ends with a row whose name is NULL. */
extern const struct proc_entry proc_root_entries[];
extern const struct proc_entry proc_process_entries[];

/* What number @fd of process @pid is: a reference, or -ENOENT. */
int proc_file_get(int pid, int fd, struct file **out);

/* /proc/mounts and /proc/<pid>/mounts. */
int proc_show_mounts(struct text *text, int pid);

#endif
