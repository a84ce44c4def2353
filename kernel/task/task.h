/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_TASK_TASK_H
#define KERNEL_TASK_TASK_H

/*
 * task.h - processes and the threads (tasks) in them.
 *
 * A task is what the scheduler runs; a process is what owns memory, files
 * and signal handlers, what has a parent and what wait(2) sees.  Most
 * processes have one task.  A kernel thread is a task without a process.
 *
 * A task's struct lives until its last switch is done (sched.c frees it); a
 * process's until its parent has waited for it (wait.c).
 */

#include <linux/signal.h>
#include <linux/resource.h>

#include "arch/riscv/thread.h"
#include "fs/fdtable.h"
#include "fs/path.h"
#include "kernel/sync/lockcheck.h"
#include "kernel/task/clock.h"
#include "kernel/task/pid.h"
#include "kernel/task/work.h"
#include "mm/inject.h"
#include "mm/mm.h"

/*
 *            sched_prepare        sched_block
 *  RUNNABLE -------------> PREPARED ------> BLOCKED
 *      ^ ^------ wake, cancel ----'            |
 *      '------------------------------- wake --'
 */
enum task_state {
	TASK_RUNNABLE, /* in a run queue, or running */
	TASK_PREPARED, /* announced that it will block (kernel/sync/sched.h) */
	TASK_BLOCKED,
	TASK_DEAD, /* its last switch is done or under way */
};

/* Beside arch/'s THREAD_*: a reason to look before user mode. */
enum { TASK_RESTORE_MASK = 4 }; /* saved_blocked is to be put back */

/* Signals sent and not delivered yet; a set bit may have no info behind it
 * (there was no memory for one). */
struct signal_queue {
	uint64_t set; /* bit sig - 1 */
	struct list infos;
	unsigned nitems;
};

/* Work of a system call that a signal cut short, and that goes on if no
 * handler ran (restart_syscall(2)): a sleep until a deadline. */
struct restart {
	long (*again)(const struct restart *); /* NULL: nothing to do */
	uint64_t deadline;
	vaddr_t remaining; /* where nanosleep's second argument points */
	vaddr_t futex;     /* or what FUTEX_WAIT waits for */
	uint32_t value, bitset;
	int scope;
};

/* Field locks: (r) its run queue's, (s) process->signal_lock, (t) only
 * itself, (c) constant, (T) process_tree_lock, (a) atomic. */
struct task {
	struct thread thread;           /* first: tp points here */
	_Atomic(enum task_state) state; /* (a) to and from BLOCKED under (r) */
	struct list run_link;           /* (r) */
	uint64_t slice_left;            /* (r) ns before its turn is over */
	atomic_ulong affinity;          /* (a) mask of harts it may run on */
	uint64_t runtime;               /* (r) ns on any hart */
	uint64_t user_ticks, system_ticks; /* (r) what ticks found it in */
	uint64_t user_told, system_told;   /* (T) of runtime: task_times() */
	int tid;                           /* (c) but for exec */
	struct pid *pid;             /* (T) counted; kernel threads: NULL */
	struct process *process;     /* (c) NULL: kernel thread */
	int process_id;              /* (c) its pid; outlives it */
	struct list process_link;    /* (T and s) in process->tasks */
	struct mm *mm;               /* (t) the process's, or NULL */
	uint64_t blocked;            /* (s) signal mask */
	uint64_t saved_blocked;      /* (t) with TASK_RESTORE_MASK */
	uint64_t awaited;            /* (s) by sigtimedwait, just now */
	struct signal_queue pending; /* (s) for this task alone */
	stack_t signal_stack;        /* (t) sigaltstack */
	struct restart restart;      /* (t) */
	vaddr_t set_child_tid;       /* (t) until it has started */
	vaddr_t clear_child_tid;     /* (t) set_tid_address */
	vaddr_t robust_list;         /* (t) */
	char name[16];               /* (t) comm */
#ifdef CONFIG_DEBUG
	struct lock_stack locks;    /* (t) for lockcheck.c */
	struct injection injection; /* (t) for mm/inject.c */
#endif
};

/* Field locks: (T) process_tree_lock, (s) signal_lock, (c) constant, (t) its
 * one task (exec), others only read their own process's. */
struct process {
	int pid;                          /* (c) */
	struct pid *id, *group, *session; /* (T) counted; id (c) */
	struct list group_link;           /* (T) in group->group */
	struct process *parent;           /* (T) */
	struct list children, zombies;    /* (T) the living, and the dead */
	struct list sibling_link;         /* (T) in one of the parent's two */
	struct list tasks;                /* (T and s; read with either) */
	unsigned ntasks;                  /* (T) alive */
	struct mm *mm;                    /* (T) changes; counted use */
	struct fdtable *files;            /* (T) changes; counted */
	struct fs_context *fs;            /* (T) changes; counted */
	vaddr_t vdso;                     /* (t) see arch/riscv/vdso.h */
	atomic_uint personality;          /* (a) ADDR_NO_RANDOMIZE */
	struct spinlock signal_lock;      /* RANK_SIGNAL */
	struct sigaction actions[_NSIG];  /* (s) by number - 1 */
	struct signal_queue pending;      /* (s) for any of its tasks */
	bool exiting;                     /* (s) all its tasks shall end */
	bool stopped;                     /* (s) all its tasks shall stand */
	bool stop_coming;                 /* (s) taken, not yet in force */
	struct task *execing;             /* (s) all but this one shall end */
	int status;                    /* (s) of the end, as wait4 gives it */
	int stop_signal;               /* (T) what stopped it */
	bool stop_unreported;          /* (T) wait may tell of the stop */
	bool continue_unreported;      /* (T) or of the going on */
	bool zombie;                   /* (T) */
	bool has_execed;               /* (T) setpgid refuses it */
	int exit_signal;               /* (T) to the parent; 0: none */
	struct waitq children_changed; /* with (T) */
	struct vfork_wait *vfork;      /* (T) who waits for exec or exit */
	struct rlimit limits[RLIM_NLIMITS];      /* (s) changes */
	struct alarm itimer;                     /* (s) ITIMER_REAL */
	uint64_t itimer_interval;                /* (s) */
	struct work itimer_work;                 /* sends SIGALRM */
	uint64_t start_time;                     /* (c) */
	struct process_usage {                   /* (T) */
		uint64_t user_time, system_time; /* ns */
		uint64_t faults_minor, faults_major;
		uint64_t max_resident; /* pages */
	} used, children_used; /* by dead tasks; by waited-for children */
	char name[16];         /* of the program */
};

static inline struct task *task_current(void)
{
	return (struct task *)thread_current();
}

/* The tree of processes, pids, groups.  Never taken in an interrupt. */
extern struct spinlock process_tree_lock;

/* Start a kernel thread; 0 or -ENOMEM. */
int task_start_kernel(const char *name, void (*fn)(void *), void *arg);

/* Scheduling starts: each hart's first thread becomes its idle thread. */
_Noreturn void sched_start(void);
/* Once, on the boot hart, with memory: its thread becomes a task. */
void task_init(void);
struct thread *task_idle_thread(unsigned hart);

/*
 * The first process, running @path with @argv and @envp.  A negative errno if
 * that can't be executed; then it may be tried again.  Called by a kernel
 * thread, when the root is mounted.
 */
int process_start_init(const char *path, char *const argv[],
		       char *const envp[]);

/* Look one up by pid, with the tree lock held; NULL if there is none. */
struct process *process_find(int pid);
/* The same by the number of any of its threads. */
struct process *process_of(int id);
/* The one with the smallest pid from @pid on. */
struct process *process_from(int pid);

/* --- for kernel/task/ itself --- */

/* A task with a kernel stack, that is nobody's yet; NULL: no memory. */
struct task *task_new(const char *name);
void task_free(struct task *task);

#endif
