/* SPDX-License-Identifier: MIT */
#ifndef FS_PROC_H
#define FS_PROC_H

/*
 * proc.h - what the parts of procfs share: the tables of its files.
 *
 *   procfs.c        the tree: directories and links
 *   proc_file.c     reading and writing
 *   proc_system.c   what the files in /proc itself say
 *   proc_process.c  what the files of one process say
 *   proc_maps.c     those about its memory
 *   proc_sys.c      /proc/sys
 *   proc_trace.c    the trace of memory events, and its switches
 *   proc_inject.c   fail-nth and fail-request, in the debug build
 */

#include "fs/procfs.h"
#include "fs/text.h"

enum proc_kind {
	PROC_PLAIN,
	PROC_FDS, /* directories of numbers ... */
	PROC_FDINFO,
	PROC_TASKS,
	PROC_THREAD_SELF, /* a link, as self is */
};

/* One name. */
struct proc_row {
	const char *name;
	uint32_t mode; /* S_IFREG: show; S_IFLNK: follow; S_IFDIR: kind */
	/* Write the text.  0 or a negative errno. */
	int (*show)(struct text *text, int pid);
	/* A reference to where the link leads; NULL: /proc/self. */
	int (*follow)(int pid, struct dentry **out);
	/* Take what is written (nothing, if the file is truncated): bytes or
	 * a negative errno.  NULL: EINVAL. */
	ssize_t (*write)(struct uio *uio);
	/* Instead of these, for what is too large for a text: move bytes at
	 * @offset, through @page. */
	ssize_t (*move)(struct mm *mm, uint64_t offset, size_t nbytes,
			struct uio *uio, void *page, bool write);
	enum proc_kind kind;
};

/* Each ends with a row whose name is NULL. */
extern const struct proc_row proc_root_rows[], proc_process_rows[];

/* procfs.c: the row that an inode is, and of which process; NULL: it is one in
 * fdinfo, which shows this instead. */
const struct proc_row *proc_row_of(const struct inode *inode, int *pid);
int proc_show_fdinfo(struct text *text, const struct inode *inode);

/* proc_file.c: the operations of a regular file. */
void proc_file_init(struct inode *inode);

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
int inject_show_requests(struct text *text, int pid);
ssize_t inject_write_requests(struct uio *uio);
#endif

/* proc_maps.c */
int maps_show(struct text *text, int pid);
int maps_show_smaps(struct text *text, int pid);
int maps_show_rollup(struct text *text, int pid);
ssize_t maps_move_pagemap(struct mm *mm, uint64_t offset, size_t nbytes,
			  struct uio *uio, void *page, bool write);

/* proc_sys.c */
int sys_show_type(struct text *text, int pid);
int sys_show_release(struct text *text, int pid);
int sys_show_hostname(struct text *text, int pid);
int sys_show_boot_id(struct text *text, int pid);
int sys_show_uuid(struct text *text, int pid);
int sys_show_pid_max(struct text *text, int pid);
int sys_show_overcommit(struct text *text, int pid);
ssize_t sys_write_overcommit(struct uio *uio);
int sys_show_overcommit_ratio(struct text *text, int pid);
ssize_t sys_write_overcommit_ratio(struct uio *uio);
int sys_show_randomize(struct text *text, int pid);
ssize_t sys_write_randomize(struct uio *uio);
ssize_t sys_write_drop_caches(struct uio *uio);

/* What is written is a number up to @most, which may have its line's end. Bytes
 * (0: nothing was, and *@out is not set); -EINVAL, -EFAULT. */
ssize_t proc_number(struct uio *uio, uint64_t most, uint64_t *out);

enum { NSEC_PER_TICK = 10000000 /* USER_HZ is 100 */ };

/* "NAME:   1234 kB" */
void proc_bytes(struct text *text, const char *name, uint64_t nbytes);

/* mount.c: /proc/mounts, /proc/filesystems. */
int mount_show(struct text *text, int pid);
int mount_show_info(struct text *text, int pid);
int mount_show_types(struct text *text, int pid);

#endif
