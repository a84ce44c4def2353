/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_TASK_EXEC_H
#define KERNEL_TASK_EXEC_H

/*
 * exec.h - a program made ready to run, in an address space that nobody uses
 * yet (exec.c), and its first stack (exec_stack.c).
 */

#include "kernel/task/process.h"

/* --- exec_layout.c --- */

/* The lowest place of position-independent programs, and the highest of
 * stacks. */
static const vaddr_t PIE_BASE = 0x2aaaaaa000; /* two thirds of user memory */
static const vaddr_t STACK_TOP = 0x4000000000 - (4 << PAGE_SHIFT);

/* Where the parts of one address space go. */
struct layout {
	vaddr_t program;    /* if it is position-independent */
	uint64_t heap_gap;  /* from the program's end to the heap */
	vaddr_t mmap_top;   /* mappings are sought below it */
	vaddr_t stack_top;  /* page-aligned */
	uint64_t stack_gap; /* bytes unused under the stack's strings */
};

/* For a program of @p's. */
void layout_choose(struct layout *layout, const struct process *p);

/* --- exec.c --- */

/* What exec commits. */
struct program {
	struct mm *mm; /* one use of it, ours */
	vaddr_t entry, sp;
	vaddr_t vdso;
	char name[16];
};

/*
 * Load @f, which @path named (scripts: their interpreter, looked up from
 * @p's directory), with the caller's strings, under @p's limits.  Takes over
 * the reference to @f, also on failure.  On success program->mm is ours.
 * Errors: as execve(2); nothing has changed then.
 */
int program_load(struct program *program, struct file *f, const char *path,
		 const struct exec_strings *strings, struct process *p);

/* --- exec_stack.c --- */

enum { AUXV_MAX = 24 };

/* What the new stack shall hold.  Strings come first, then one call lays
 * out the rest below them. */
struct stack_image {
	struct mm *mm;
	vaddr_t sp;    /* all above is written, or in the buffer */
	uint64_t room; /* bytes that may still be pushed: E2BIG */
	size_t argc, envc;
	uint8_t *page; /* the page around sp, not written yet */
	char *bounce;  /* PAGE_SIZE for a piece of a user string */
	vaddr_t path;  /* where AT_EXECFN lies */
	uint64_t auxv[AUXV_MAX][2];
	size_t nauxv;
	uint64_t gap; /* bytes to leave unused below the strings */
};

/* At @mm's stack_top: 0 or -ENOMEM.  stack_discard() in any case later. */
int stack_begin(struct stack_image *stack, struct mm *mm, uint64_t limit,
		uint64_t gap);
void stack_discard(struct stack_image *stack);

/* Push one of our strings: 0, -E2BIG, -EFAULT. */
int stack_push_string(struct stack_image *stack, const char *s);

/* Push envp, then argv from its @skip-th string on, last ones first. */
int stack_push_strings(struct stack_image *stack,
		       const struct exec_strings *strings, size_t skip);

void stack_add_aux(struct stack_image *stack, uint64_t type, uint64_t value);

/* Lay out argc, the pointers and auxv; @argv and the strings of the
 * environment follow one another from @stack->sp on.  The new sp. */
int stack_finish(struct stack_image *stack, vaddr_t *sp);

#endif
