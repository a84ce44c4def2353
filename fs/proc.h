/* SPDX-License-Identifier: MIT */
#ifndef FS_PROC_H
#define FS_PROC_H

/*
 * proc.h - what the parts of procfs share: the tables of its files.
 *
 *   procfs.c        the tree: directories, links, reading
 *   proc_system.c   what the files in /proc itself say
 *   proc_process.c  what the files of one process say
 *   proc_trace.c    the trace of memory events, and its switches
 *   proc_inject.c   fail-nth, in the debug build
 */

#include "fs/procfs.h"
#include "fs/text.h"

/* One name. */
struct proc_row {
	const char *name;
	uint32_t mode; /* S_IFREG: show; S_IFLNK: follow; S_IFDIR: rows */
	/* Write the text.  0 or a negative errno. */
	int (*show)(struct text *text, int pid);
	/* A reference to where the link leads; NULL: /proc/self. */
	int (*follow)(int pid, struct dentry **out);
	/* Take what is written (nothing, if the file is truncated): bytes or
	 * a negative errno.  NULL: EINVAL. */
	ssize_t (*write)(struct uio *uio);
	/* What is in the directory; NULL: it is fd. */
	const struct proc_row *rows;
};

/* Each ends with a row whose name is NULL. */
extern const struct proc_row proc_root_rows[], proc_process_rows[];

/* proc_trace.c */
int trace_show(struct text *text, int pid);
ssize_t trace_write(struct uio *uio);
ssize_t trace_write_marker(struct uio *uio);
int trace_show_on(struct text *text, int pid);
ssize_t trace_write_on(struct uio *uio);

#ifdef CONFIG_DEBUG
/* proc_inject.c */
int inject_show(struct text *text, int pid);
ssize_t inject_write(struct uio *uio);
#endif

/* mount.c: /proc/mounts, /proc/filesystems. */
int mount_show(struct text *text, int pid);
int mount_show_types(struct text *text, int pid);

#endif
