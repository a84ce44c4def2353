// SPDX-License-Identifier: MIT
/*
 * fork.c - new tasks and processes: clone(2), of which fork, vfork and
 * pthread_create are special cases.
 *
 *	               fork   vfork   pthread_create
 *	memory         copy   shared  shared    CLONE_VM
 *	files, cwd     copy   copy    shared    CLONE_FILES, CLONE_FS
 *	handlers       copy   copy    shared    CLONE_SIGHAND
 *	process        new    new     same      CLONE_THREAD
 *
 * A child is built where nobody sees it, so that a failure has nothing to
 * undo but what this file made; then publish() puts it into the tree of
 * processes, and from there on nothing can fail.
 *
 * Files, cwd and handlers belong to the process here, not to each task: so
 * CLONE_THREAD must share all of them (as every threads library does), and
 * handlers are shared by threads only.
 *
 * Book: chapter 4.
 */

#include <asm/unistd.h>
#include <linux/sched.h>

#include "arch/riscv/time.h"
#include "arch/riscv/usercopy.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/lib/trace.h"
#include "kernel/task/exec.h"
#include "kernel/task/process.h"
#include "kernel/task/sched.h"
#include "kernel/task/signal.h"
#include "mm/page.h"
#include "mm/slab.h"

struct spinlock process_tree_lock = SPINLOCK_INIT("process tree", RANK_PROCESS);

struct task_counts task_counts;
static struct slab_cache *process_cache;
static unsigned tasks_max; /* an eighth of memory may be kernel stacks */

static const uint64_t THREAD_SHARES =
	CLONE_VM | CLONE_SIGHAND | CLONE_FILES | CLONE_FS;
static const uint64_t NAMESPACES = CLONE_NEWNS | CLONE_NEWCGROUP |
				   CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER |
				   CLONE_NEWPID | CLONE_NEWNET | CLONE_PIDFD |
				   CLONE_INTO_CGROUP;

void process_init(void)
{
	struct page_counts counts;

	process_cache =
		slab_cache_create("process", sizeof(struct process), 64);
	if (!process_cache)
		panic("no memory for processes");
	page_count(&counts);
	tasks_max = (counts.total << PAGE_SHIFT) / 8 / KERNEL_STACK_SIZE;
}

/* --- a process --- */

static void set_default_limits(struct rlimit *limits)
{
	for (int i = 0; i < RLIM_NLIMITS; i++)
		limits[i] = (struct rlimit){RLIM_INFINITY, RLIM_INFINITY};
	limits[RLIMIT_STACK].rlim_cur = _STK_LIM;
	limits[RLIMIT_CORE].rlim_cur = 0;
	limits[RLIMIT_NOFILE] = (struct rlimit){1024, 4096};
	limits[RLIMIT_MEMLOCK] = (struct rlimit){MLOCK_LIMIT, MLOCK_LIMIT};
	limits[RLIMIT_SIGPENDING] = (struct rlimit){1024, 1024};
	limits[RLIMIT_NICE] = (struct rlimit){0, 0};
	limits[RLIMIT_RTPRIO] = (struct rlimit){0, 0};
}

/* Without memory, files and place in the tree; NULL: no memory. */
static struct process *process_new(const struct process *from)
{
	struct process *p = slab_alloc_zeroed(process_cache);

	if (!p)
		return NULL;
	list_init(&p->children);
	list_init(&p->zombies);
	list_init(&p->sibling_link);
	list_init(&p->group_link);
	list_init(&p->tasks);
	list_init(&p->pending.infos);
	spin_init(&p->signal_lock, "signal", RANK_SIGNAL);
	waitq_init(&p->children_changed);
	signal_init_itimer(p);
	p->start_time = time_now();
	if (!from) {
		set_default_limits(p->limits);
		return p;
	}
	memcpy(p->limits, from->limits, sizeof(p->limits));
	memcpy(p->actions, from->actions, sizeof(p->actions));
	memcpy(p->name, from->name, sizeof(p->name));
	p->vdso = from->vdso;
	p->personality = from->personality;
	return p;
}

/* Give back what a process that was never seen has got. */
static void process_discard(struct process *p)
{
	if (p->mm)
		mm_drop_user(p->mm);
	if (p->files)
		fdtable_put(p->files);
	if (p->fs)
		fs_context_put(p->fs);
	process_free(p);
}

void process_free(struct process *p)
{
	signal_queue_clear(&p->pending);
	slab_free(process_cache, p);
}

static struct process *process_copy(struct process *from, uint64_t flags)
{
	struct process *p = process_new(from);

	if (!p)
		return NULL;
	p->fs = flags & CLONE_FS ? fs_context_hold(from->fs)
				 : fs_context_copy(from->fs);
	p->files = flags & CLONE_FILES ? fdtable_hold(from->files)
				       : fdtable_copy(from->files);
	if (p->fs && p->files)
		p->mm = flags & CLONE_VM ? mm_add_user(from->mm)
					 : mm_fork(from->mm);
	if (p->mm)
		return p;
	process_discard(p);
	return NULL;
}

/* --- a task in it --- */

/* The child's first steps, on its own stack, on the way to user mode. */
static void task_begin(void)
{
	struct task *task = task_current();

	sched_enter();
	if (task->set_child_tid)
		user_write(task->set_child_tid, &task->tid, sizeof(task->tid));
}

static void task_copy(struct task *child, const struct clone_request *request)
{
	struct task *task = task_current();
	struct trap_frame frame = *thread_frame(&task->thread);

	frame.a[0] = 0;
	if (request->stack)
		frame.sp = request->stack;
	if (request->flags & CLONE_SETTLS)
		frame.tp = request->tls;
	if (request->flags & CLONE_CHILD_SETTID)
		child->set_child_tid = request->child_tid;
	if (request->flags & CLONE_CHILD_CLEARTID)
		child->clear_child_tid = request->child_tid;
	/* Two tasks can't use one alternate stack, unless one waits. */
	if (!(request->flags & CLONE_VM) || request->flags & CLONE_VFORK)
		child->signal_stack = task->signal_stack;
	child->blocked = task->blocked;
	child->affinity = task->affinity;
	child->mm = child->process->mm;
	thread_save_fp(&task->thread);
	thread_init_user(&child->thread, child->thread.stack, &frame,
			 &task->thread.fp, task_begin);
}

/* --- into the tree: (T) is held --- */

static void link_task(struct task *task, struct pid *pid)
{
	struct process *p = task->process;

	task->pid = pid;
	task->tid = pid->number;
	pid->task = task;
	p->ntasks++;
	task_counts.tasks++;
	task_counts.forks++;
	list_add_tail(&p->tasks, &task->process_link);
}

static void link_process(struct process *p, struct process *parent,
			 struct pid *pid)
{
	p->id = pid_hold(pid);
	p->pid = pid->number;
	pid->process = p;
	p->parent = parent;
	if (parent)
		list_add_tail(&parent->children, &p->sibling_link);
}

/* A signal to our group, or to all, came after @seen of them.  It is for the
 * child as well, which the sender has not seen: so it must be taken first, and
 * the call made again.  (T) */
static bool broadcast_missed(uint64_t seen)
{
	return signal_broadcasts != seen && sched_interrupted();
}

static int publish(struct task *child, const struct clone_request *request,
		   uint64_t seen)
{
	struct process *self = task_current()->process;
	struct process *p = child->process;
	struct process *parent = self;
	struct pid *pid;
	int err = -EAGAIN;

	spin_lock(&process_tree_lock);
	if (p != self && broadcast_missed(seen)) {
		spin_unlock(&process_tree_lock);
		return -ERESTARTNOINTR;
	}
	spin_lock(&p->signal_lock);
	/* Whoever ends all tasks has not seen this one. */
	if (p->exiting || p->execing)
		goto unlock;
	pid = pid_alloc();
	if (!pid)
		goto unlock;
	err = 0;
	link_task(child, pid);
	if (p != self) {
		if (request->flags & CLONE_PARENT)
			parent = self->parent ? self->parent : self;
		link_process(p, parent, pid);
		process_join_group(p, self->group);
		p->session = pid_hold(self->session);
		p->exit_signal = request->flags & CLONE_PARENT
					 ? self->exit_signal
					 : request->exit_signal;
	}
	child->process_id = p->pid;
unlock:
	spin_unlock(&p->signal_lock);
	spin_unlock(&process_tree_lock);
	return err;
}

/* --- clone --- */

static int check_flags(const struct clone_request *request)
{
	uint64_t flags = request->flags;

	if (flags & NAMESPACES)
		return -EINVAL;
	if (flags & CLONE_THREAD && (flags & THREAD_SHARES) != THREAD_SHARES)
		return -EINVAL;
	if (flags & CLONE_SIGHAND && !(flags & CLONE_THREAD))
		return -EINVAL;
	if (request->exit_signal < 0 || request->exit_signal > _NSIG)
		return -EINVAL;
	return 0;
}

static int join_process(struct task *child, uint64_t flags)
{
	struct process *self = task_current()->process;

	if (flags & CLONE_THREAD) {
		mm_add_user(self->mm);
		child->process = self;
		return 0;
	}
	child->process = process_copy(self, flags);
	if (!child->process)
		return -ENOMEM;
	if (flags & CLONE_CLEAR_SIGHAND)
		signal_reset_handlers(child->process);
	return 0;
}

/* The child never was: undo join_process(). */
static void leave_process(struct task *child)
{
	struct process *p = child->process;

	child->mm = NULL;
	if (p == task_current()->process)
		mm_drop_user(p->mm);
	else
		process_discard(p);
}

/* Sleep until @child, of vfork, has execed or ended; or we are killed. */
static void wait_vfork(struct process *child, struct vfork_wait *wait)
{
	spin_lock(&process_tree_lock);
	while (!wait->done && !signal_fatal_pending()) {
		sched_prepare();
		spin_unlock(&process_tree_lock);
		sched_block();
		spin_lock(&process_tree_lock);
	}
	if (!wait->done)
		child->vfork = NULL;
	spin_unlock(&process_tree_lock);
}

void process_vfork_done(struct process *p)
{
	struct vfork_wait *wait = p->vfork;

	if (!wait)
		return;
	p->vfork = NULL;
	wait->done = true;
	sched_wake(wait->task);
}

long task_clone(const struct clone_request *request)
{
	struct vfork_wait wait = {.task = task_current()};
	uint64_t began = trace_clock();
	uint64_t seen = signal_broadcasts; /* before we look at our own */
	struct process *p;
	struct task *child;
	int err = check_flags(request);
	int tid;

	if (err)
		return err;
	if (sched_interrupted())
		return -ERESTARTNOINTR;
	if (task_counts.tasks >= tasks_max)
		return -EAGAIN;
	child = task_new(wait.task->name);
	if (!child)
		return -ENOMEM;
	err = join_process(child, request->flags);
	if (err)
		goto free;
	p = child->process;
	if (request->flags & CLONE_VFORK && p != wait.task->process)
		p->vfork = &wait;
	task_copy(child, request);
	err = publish(child, request, seen);
	if (err)
		goto leave;
	tid = child->tid;
	if (request->flags & CLONE_PARENT_SETTID)
		user_write(request->parent_tid, &tid, sizeof(tid));
	trace_since(began, TRACE_FORK, tid, child->process_id, request->flags);
	sched_start_task(child);
	if (request->flags & CLONE_VFORK && p != wait.task->process)
		wait_vfork(p, &wait);
	return tid;
leave:
	leave_process(child);
free:
	task_free(child);
	return err;
}

/* --- the first process --- */

/* Read and write the console on descriptors 0, 1 and 2. */
static void open_console(struct process *p)
{
	struct file *f;

	if (path_open(p->fs, NULL, "/dev/console", O_RDWR, 0, &f))
		return;
	for (int fd = 0; fd < 3; fd++) {
		file_get(f);
		fdtable_install(p->files, f, fd, 3, false);
	}
	file_put(f);
}

static void start_init(struct process *p, struct task *task,
		       const struct program *program)
{
	struct trap_frame frame;
	struct pid *pid;

	p->mm = program->mm;
	p->vdso = program->vdso;
	string_copy(p->name, program->name, sizeof(p->name));
	task->process = p;
	task->mm = p->mm;
	trap_frame_init_user(&frame, program->entry, program->sp);
	thread_init_user(&task->thread, task->thread.stack, &frame, NULL,
			 task_begin);
	spin_lock(&process_tree_lock);
	pid = pid_alloc();
	assert(pid && pid->number == 1);
	link_task(task, pid);
	link_process(p, NULL, pid);
	process_join_group(p, pid);
	p->session = pid_hold(pid);
	task->process_id = p->pid;
	p->exit_signal = SIGCHLD;
	spin_unlock(&process_tree_lock);
	sched_start_task(task);
}

int process_start_init(const char *path, char *const argv[], char *const envp[])
{
	struct exec_strings strings = {true, (vaddr_t)argv, (vaddr_t)envp};
	struct process *p = process_new(NULL);
	struct task *task = task_new("init");
	struct program program;
	struct file *f;
	int err = -ENOMEM;

	if (!p || !task)
		goto free;
	p->fs = fs_context_new();
	p->files = fdtable_new();
	if (!p->fs || !p->files)
		goto free;
	err = path_open_executable(p->fs, NULL, path, PATH_FOLLOW, &f);
	if (err)
		goto free;
	err = program_load(&program, f, path, &strings, p);
	if (err)
		goto free;
	open_console(p);
	string_copy(task->name, program.name, sizeof(task->name));
	start_init(p, task, &program);
	return 0;
free:
	if (task)
		task_free(task);
	if (p)
		process_discard(p);
	return err;
}
