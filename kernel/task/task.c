// SPDX-License-Identifier: MIT
/*
 * task.c - making tasks: the struct, the kernel stack, kernel threads, and
 * each hart's idle task.
 *
 * A task is made in three steps: task_new() gives a struct and a stack that
 * nobody else knows; the caller fills in what kind of task it is, and its
 * first instruction (thread_init_kernel, thread_init_user); sched_start_task()
 * lets it run.  Until then task_free() undoes everything.
 *
 * The boot task, on which the kernel comes up, ends as hart 0's idle task.
 */

#include "kernel/task/task.h"

#include "kernel/lib/assert.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/task/futex.h"
#include "kernel/task/process.h"
#include "kernel/task/sched.h"
#include "kernel/task/signal.h"
#include "kernel/task/work.h"
#include "mm/slab.h"

static struct slab_cache *task_cache;
static struct task *idle_tasks[HARTS_MAX];

static void init_fields(struct task *task, const char *name)
{
	list_init(&task->run_link);
	list_init(&task->process_link);
	list_init(&task->pending.infos);
	task->affinity = UINT64_MAX;
	task->signal_stack.ss_flags = SS_DISABLE;
	string_copy(task->name, name, sizeof(task->name));
}

struct task *task_new(const char *name)
{
	struct task *task = slab_alloc_zeroed(task_cache);

	if (!task)
		return NULL;
	init_fields(task, name);
	task->thread.stack = kernel_stack_alloc();
	if (task->thread.stack)
		return task;
	slab_free(task_cache, task);
	return NULL;
}

void task_free(struct task *task)
{
	assert(!task->mm && list_empty(&task->process_link));
	signal_queue_clear(&task->pending);
	kernel_stack_free(task->thread.stack);
	slab_free(task_cache, task);
}

/* --- kernel threads --- */

struct kernel_start {
	void (*fn)(void *);
	void *arg;
};

static void kernel_thread(void *arg)
{
	struct kernel_start start = *(struct kernel_start *)arg;

	sched_enter();
	kfree(arg);
	start.fn(start.arg);
	sched_exit();
}

int task_start_kernel(const char *name, void (*fn)(void *), void *arg)
{
	struct kernel_start *start = kmalloc(sizeof(*start));
	struct task *task = start ? task_new(name) : NULL;

	if (!task) {
		kfree(start);
		return -ENOMEM;
	}
	*start = (struct kernel_start){fn, arg};
	thread_init_kernel(&task->thread, task->thread.stack, kernel_thread,
			   start);
	sched_start_task(task);
	return 0;
}

/* --- start --- */

struct thread *task_idle_thread(unsigned hart)
{
	return &idle_tasks[hart]->thread;
}

static void init_idle(unsigned hart)
{
	struct task *task = hart ? task_new("idle") : task_current();

	if (!task)
		panic("no memory for hart %u's idle task", hart);
	task->thread.hart = hart_get(hart);
	idle_tasks[hart] = task;
	sched_init_hart(hart, task);
}

void task_init(void)
{
	task_cache = slab_cache_create("task", sizeof(struct task), 64);
	if (!task_cache)
		panic("no memory for tasks");
	clock_init();
	process_init();
	signal_init();
	futex_init();
	init_fields(task_current(), "idle");
	for (unsigned i = 0; i < hart_count(); i++)
		init_idle(i);
	work_init();
}

#ifdef CONFIG_DEBUG
struct lock_stack *sched_lock_stack(void)
{
	return &task_current()->locks;
}

struct injection *task_injection(void)
{
	return &task_current()->injection;
}
#endif
