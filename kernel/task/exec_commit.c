// SPDX-License-Identifier: MIT
/*
 * exec_commit.c - the second half of execve(2): moving into the new program.
 *
 * exec.c has made an address space with everything in it.  What can fail comes
 * first here, too: a copy of descriptors that are shared with others, and the
 * end of the caller's other threads.  Then the caller gives up its old memory,
 * and what belonged to the old program: handlers, close-on-exec descriptors,
 * the alternate stack.
 */

#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/lib/trace.h"
#include "kernel/task/exec.h"
#include "kernel/task/signal.h"

/* Move into the new program.  Only this task is left; nothing can fail. */
static void commit(const struct program *program)
{
	struct task *task = task_current();
	struct process *p = task->process;
	struct mm *old = task->mm;

	task_release_mm(task);
	spin_lock(&process_tree_lock);
	p->mm = program->mm;
	p->has_execed = true;
	string_copy(p->name, program->name, sizeof(p->name));
	process_vfork_done(p);
	spin_unlock(&process_tree_lock);
	string_copy(task->name, program->name, sizeof(task->name));
	p->vdso = program->vdso;
	task->mm = program->mm;
	mm_switch(task->mm);
	mm_drop_user(old);
	fdtable_close_on_exec(p->files);
	signal_exec(task);
	trap_frame_init_user(thread_frame(&task->thread), program->entry,
			     program->sp);
}

/* Descriptors shared with another process would lose theirs, too: then a
 * copy of our own, made before anything is given up. */
static int copy_shared_files(struct process *p, struct fdtable **copy)
{
	*copy = fdtable_is_shared(p->files) ? fdtable_copy(p->files) : NULL;
	return *copy || !fdtable_is_shared(p->files) ? 0 : -ENOMEM;
}

static void change_files(struct process *p, struct fdtable *files)
{
	struct fdtable *old = p->files;

	spin_lock(&process_tree_lock);
	p->files = files;
	spin_unlock(&process_tree_lock);
	fdtable_put(old);
}

long process_exec(struct file *f, const char *path,
		  const struct exec_strings *strings)
{
	struct process *p = task_current()->process;
	struct program program;
	struct fdtable *files;
	int err = program_load(&program, f, path, strings, p);

	if (err)
		return err;
	err = copy_shared_files(p, &files);
	if (err)
		goto drop;
	err = process_end_other_tasks();
	if (err)
		goto put;
	if (files)
		change_files(p, files);
	commit(&program);
	if (trace_is_on())
		trace_record_text(TRACE_EXEC, p->name, strlen(p->name));
	return 0;
put:
	if (files)
		fdtable_put(files);
drop:
	mm_drop_user(program.mm);
	return err;
}
