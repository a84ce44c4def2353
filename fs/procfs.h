/* SPDX-License-Identifier: MIT */
#ifndef FS_PROCFS_H
#define FS_PROCFS_H

/*
 * procfs.h - /proc: what the kernel knows, as text.
 *
 * Processes live in a higher room.  What procfs shows of them it asks for
 * here; kernel/task/ answers.
 */

#include <linux/resource.h>
#include <linux/utsname.h>

#include "fs/fdtable.h"
#include "fs/path.h"

int procfs_mount(struct block_device *none, bool read_only, struct super **out);

/* --- kernel/task/ provides (kernel/task/info.c): --- */

struct mm;

/* One process, or one thread of it, as /proc/<pid>/stat and status show it.
 * Times in ns. */
struct process_info {
	int pid, parent, group, session;
	int tty_rdev, tty_group; /* 0 and -1: no terminal */
	char name[16];
	char state; /* 'R' 'S' 'D' 'T' 'Z' */
	unsigned nthreads;
	unsigned hart;       /* ran last on */
	uint64_t start_time; /* time_now() then */
	uint64_t user_time, system_time;
	uint64_t children_user_time, children_system_time;
	uint64_t pending, shared_pending, blocked, ignored, caught;
	int exit_signal;
};

/* Here and below @pid may also be the tid of any thread of a process.  False:
 * no such process (zombies are still there). */
bool process_info_get(int pid, struct process_info *info);

/* Counted references: mm_put(), fdtable_put(), fs_context_put() them.  NULL:
 * no such process, or it has none any more. */
struct mm *process_mm_get(int pid);
struct fdtable *process_files_get(int pid);
struct fs_context *process_fs_get(int pid);

/* Where exec puts things: always there (0), at random but for the heap (1),
 * all at random (2). */
extern atomic_uint randomize_va_space;

/* The smallest pid from @pid on, or 0. */
int process_next(int pid);

/* The smallest tid from @tid on in process @pid, or 0. */
int process_next_task(int pid, int tid);

/* Its resource limits: RLIM_NLIMITS of them.  False: no such process. */
bool process_limits_get(int pid, struct rlimit *limits);

/* What uname(2) says (kernel/syscall/system.c). */
void system_names(struct new_utsname *out);

/* One more than the largest number of a process. */
extern const int process_pid_max;

/* For /proc/stat and /proc/loadavg. */
struct process_totals {
	uint64_t forks; /* since boot */
	unsigned tasks; /* now */
	int last_pid;
};
void process_count(struct process_totals *totals);

#endif
