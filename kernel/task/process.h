/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_TASK_PROCESS_H
#define KERNEL_TASK_PROCESS_H

/*
 * process.h - beginning, ending and waiting for processes (fork.c, exec.c,
 * exit.c, wait.c).
 */

#include "kernel/task/task.h"

void process_init(void);

/* --- fork.c --- */

/* For /proc/stat and sysinfo(2); (T). */
extern struct task_counts {
	uint64_t forks;
	unsigned tasks;
} task_counts;

/* What clone(2) and clone3(2) ask for. */
struct clone_request {
	uint64_t flags; /* CLONE_*, without a signal */
	int exit_signal;
	vaddr_t stack; /* the new stack pointer; 0: the old one */
	vaddr_t tls;
	vaddr_t parent_tid, child_tid;
};

/* The new task's tid, to the caller; or a negative errno. */
long task_clone(const struct clone_request *request);

/* The last reference is gone: all its resources were given up before. */
void process_free(struct process *p);

/* A parent that waits in vfork(2), on its stack. */
struct vfork_wait {
	struct task *task;
	bool done; /* (T) */
};

/* The child @p has got its own memory, or is done with ours.  Locks: (T). */
void process_vfork_done(struct process *p);

/* --- exec.c --- */

/* Where exec's strings come from: arrays of pointers, user's or our own. */
struct exec_strings {
	bool kernel;
	vaddr_t argv, envp;
};

/*
 * Replace the caller's program by that in @f, which @path named.  On success
 * the frame holds the new program's first instruction; a failure before the
 * point of no return changes nothing.  Takes over the reference to @f.
 */
long process_exec(struct file *f, const char *path,
		  const struct exec_strings *strings);

/* --- exit.c --- */

/* The caller leaves its address space: tell whoever waits for that by
 * clear_child_tid, or a robust lock. */
void task_release_mm(struct task *task);

/* End the calling task; and with the last one, the process. */
_Noreturn void task_exit(void);

/* End the calling process; @status as wait4 gives it. */
_Noreturn void process_exit(int status);

/* End all of the caller's process but the caller: exec.  0, or -EAGAIN where
 * somebody else was quicker to end us. */
int process_end_other_tasks(void);

/* A zombie is forgotten; process_free() is next.  Locks: (T). */
void process_leave_tree(struct process *p);

/* Let every process but the caller's end, and wait for it: power-off. */
void process_end_all_others(void);

/* User and system time of a task until now, in ns. */
void task_times(struct task *task, uint64_t *user, uint64_t *system);

/* What a process has used so far, its living tasks included.  Locks: (T). */
void process_usage(struct process *p, struct process_usage *used);

/* --- oom.c --- */

/*
 * A fault found no memory: make the largest process end, and wait a little.
 * False if it can't be tried again: it is us, or there is nobody.
 */
bool oom_make_room(void);

/* --- job.c --- */

/* setpgid(2), setsid(2). */
int process_set_group(int pid, int group);
int process_new_session(void);

bool process_group_orphaned(const struct pid *group); /* (T) */

/* @p, or its parent, ended: was @parent the last one who could have let @p's
 * group go on?  What is stopped in it gets SIGHUP, and goes on.  (T) */
void process_left_by(const struct process *p, const struct process *parent);

/* Leave one's group for another.  Locks: (T). */
void process_join_group(struct process *p, struct pid *group);

/* --- wait.c --- */

struct wait_request {
	int which; /* P_ALL, P_PID, P_PGID */
	int id;
	int options; /* WEXITED, WSTOPPED, WCONTINUED, WNOHANG, ... */
};

struct wait_result {
	int pid; /* 0: WNOHANG, and nothing has happened */
	int status;
	int code; /* CLD_* */
	struct process_usage used;
};

/* 0, -ECHILD, -ERESTARTSYS. */
int process_wait(const struct wait_request *request,
		 struct wait_result *result);

/* Something happened to @p (CLD_*) that its parent wants to know.  True if
 * nobody will wait for it: then it is to be freed.  Locks: (T). */
bool process_tell_parent(struct process *p, int code, int status);

#endif
