/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_TASK_TASK_H
#define KERNEL_TASK_TASK_H

/*
 * task.h - processes and the threads (tasks) in them.
 *
 * A task is what the scheduler runs; a process is what owns memory, files
 * and signal handlers, what has a parent and what wait(2) sees.  Most
 * processes have one task.  A kernel thread is a task without a process.
 */

#include <asm/signal.h>
#include <linux/resource.h>
#include <linux/wait.h>

#include "arch/riscv/thread.h"
#include "fs/fdtable.h"
#include "fs/path.h"
#include "mm/mm.h"

enum task_state {
	TASK_RUNNABLE, /* in a run queue, or running */
	TASK_PREPARED, /* announced that it will block (kernel/sync/sched.h) */
	TASK_BLOCKED,
	TASK_DEAD, /* its last switch is done or under way */
};

/* Field locks: (r) its run queue's, (s) process->signal_lock, (t) only
 * itself, (c) constant, (T) process_tree_lock. */
struct task {
	struct thread thread;           /* first: tp points here */
	_Atomic(enum task_state) state; /* (r) */
	struct list run_link;           /* (r) */
	uint64_t slice_end;             /* (r) */
	uint64_t runtime, user_time, system_time;
	int tid;                  /* (c) */
	struct process *process;  /* (c) NULL: kernel thread */
	struct list process_link; /* (T) among its process's tasks */
	struct mm *mm;            /* (t) the process's, or NULL */
	sigset_t blocked;         /* (s) signal mask */
	sigset_t saved_blocked;   /* (t) rt_sigsuspend */
	bool restore_blocked;     /* (t) */
	struct list pending;      /* (s) queued signals for this task */
	sigset_t pending_set;     /* (s) */
	stack_t signal_stack;     /* (t) sigaltstack */
	vaddr_t clear_child_tid;  /* (t) set_tid_address */
	vaddr_t robust_list;      /* (t) */
	char name[16];            /* comm */
};

/* A process.  Field locks: (T) process_tree_lock, (s) signal_lock, (c). */
struct process {
	int pid;                            /* (c) */
	int group, session;                 /* (T) */
	struct process *parent;             /* (T) */
	struct list children, sibling_link; /* (T) */
	struct list tasks;                  /* (T) */
	unsigned ntasks;                    /* (T) alive */
	struct mm *mm;                      /* counted use */
	struct fdtable *files;              /* counted */
	struct fs_context *fs;              /* counted */
	struct spinlock signal_lock;
	struct sigaction_table *actions; /* counted; (s) */
	struct list pending;             /* (s) */
	sigset_t pending_set;            /* (s) */
	bool exiting;                    /* (s) exit_group or a fatal signal */
	bool stopped;                    /* (s) */
	int exit_status;                 /* (s) as wait4 gives it */
	int exit_signal;                 /* (c) to the parent; 0: none */
	bool zombie;                     /* (T) */
	struct waitq children_changed;
	struct process *vfork_parent;       /* waits until we exec or exit */
	struct rlimit limits[RLIM_NLIMITS]; /* (s) */
	uint64_t start_time;
	uint64_t children_user_time, children_system_time;
	struct list all_link; /* (T) */
	char name[16];
};

static inline struct task *task_current(void)
{
	return (struct task *)thread_current();
}

extern struct spinlock process_tree_lock;

/* Start a kernel thread; 0 or -ENOMEM. */
int task_start_kernel(const char *name, void (*fn)(void *), void *arg);

/* Scheduling starts: the boot hart becomes its idle thread. */
_Noreturn void sched_start(void);
void task_init(void);
struct thread *task_idle_thread(unsigned hart);

/* The first process, running @path with @argv and @envp; panics if it can't. */
void process_start_init(const char *path, char *const argv[],
			char *const envp[]);

/* Look one up by pid, with the tree lock held; NULL if there is none. */
struct process *process_find(int pid);

#endif
