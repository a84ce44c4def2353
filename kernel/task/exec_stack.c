// SPDX-License-Identifier: MIT
/*
 * exec_stack.c - what a program finds on its stack when it starts.
 *
 *	sp -> argc
 *	      argv[0] ... argv[argc - 1], NULL
 *	      envp[0] ... NULL
 *	      auxv: pairs (type, value), the last one AT_NULL
 *	      16 random bytes (AT_RANDOM)
 *	      the strings: argv's, envp's, the path of the file (AT_EXECFN)
 *	top   8 bytes of zeros
 *
 * It is built from the top down, in the new address space, through a buffer
 * of one page that is copied out (mm_copy) whenever it is full: so strings may
 * be as long as the stack allows, while the kernel holds two pages.  The
 * pointers are found at the end by walking over the strings once more.
 *
 * Strings come from user memory that other threads may be changing, so what
 * counts is the copy.
 */

#include <linux/auxvec.h>
#include <linux/binfmts.h>
#include <linux/limits.h>

#include "arch/riscv/usercopy.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/random.h"
#include "kernel/lib/string.h"
#include "kernel/task/exec.h"
#include "mm/slab.h"

int stack_begin(struct stack_image *stack, struct mm *mm, uint64_t limit,
		uint64_t gap)
{
	static const uint64_t zeros;

	*stack =
		(struct stack_image){.mm = mm, .sp = mm->stack_top, .gap = gap};
	stack->room = max_u64(min_u64(limit, 3 * _STK_LIM) / 4, ARG_MAX);
	stack->page = kmalloc(PAGE_SIZE);
	stack->bounce = kmalloc(PAGE_SIZE);
	if (!stack->page || !stack->bounce)
		return -ENOMEM;
	memcpy(stack->page + PAGE_SIZE - sizeof(zeros), &zeros, sizeof(zeros));
	stack->sp -= sizeof(zeros);
	return 0;
}

void stack_discard(struct stack_image *stack)
{
	kfree(stack->page);
	kfree(stack->bounce);
}

/* Copy out what the buffer holds: from sp to the end of its page.  Nobody else
 * has this address space: only memory can be lacking. */
static int flush(struct stack_image *stack)
{
	vaddr_t base = page_down(stack->sp);
	size_t nbytes = base + PAGE_SIZE - stack->sp;

	if (mm_copy(stack->mm, stack->sp, stack->page + (stack->sp - base),
		    nbytes, true) != nbytes)
		return -ENOMEM;
	return 0;
}

/* Push raw bytes, the last one first. */
static int push(struct stack_image *stack, const void *bytes, size_t nbytes)
{
	if (nbytes > stack->room)
		return -E2BIG;
	stack->room -= nbytes;
	while (nbytes) {
		size_t space = page_offset(stack->sp);
		size_t n = min_u64(nbytes, space ? space : PAGE_SIZE);

		/* At a page's start the buffer is full; it is the next
		 * page's from here on. */
		if (!space && flush(stack))
			return -ENOMEM;
		stack->sp -= n;
		nbytes -= n;
		memcpy(stack->page + page_offset(stack->sp),
		       (const char *)bytes + nbytes, n);
	}
	return 0;
}

int stack_push_string(struct stack_image *stack, const char *s)
{
	return push(stack, s, strlen(s) + 1);
}

/* Bytes of a user string with its NUL, whose first page's worth is then in
 * the bounce buffer where it fits; or -EFAULT, -E2BIG. */
static ssize_t measure(struct stack_image *stack, vaddr_t string)
{
	for (size_t at = 0; at < MAX_ARG_STRLEN; at += PAGE_SIZE) {
		ssize_t n = copy_string_from_user(stack->bounce, string + at,
						  PAGE_SIZE);

		if (n >= 0)
			return at + n + 1;
		if (n != -ENAMETOOLONG)
			return n;
	}
	return -E2BIG;
}

static int push_user_string(struct stack_image *stack, vaddr_t string)
{
	ssize_t nbytes = measure(stack, string);
	size_t left = nbytes;
	int err = 0;

	if (nbytes < 0)
		return nbytes;
	if (left <= PAGE_SIZE)
		return push(stack, stack->bounce, left);
	while (left && !err) {
		size_t n = min_u64(left, PAGE_SIZE);

		left -= n;
		if (user_read(stack->bounce, string + left, n))
			return -EFAULT;
		/* Whatever another thread has made of it meanwhile. */
		if (left + n == (size_t)nbytes)
			stack->bounce[n - 1] = 0;
		err = push(stack, stack->bounce, n);
	}
	return err;
}

/* The @i-th pointer of an array of strings. */
static int fetch(bool kernel, vaddr_t array, size_t i, vaddr_t *string)
{
	vaddr_t at = array + i * sizeof(*string);

	if (kernel) {
		*string = *(const vaddr_t *)at;
		return 0;
	}
	return user_read(string, at, sizeof(*string));
}

/* How many pointers before the NULL; they too take room. */
static int count(struct stack_image *stack, bool kernel, vaddr_t array,
		 size_t *n)
{
	vaddr_t string;
	int err;

	for (*n = 0; array; ++*n) {
		err = fetch(kernel, array, *n, &string);
		if (err || !string)
			return err;
		if (stack->room < sizeof(string))
			return -E2BIG;
		stack->room -= sizeof(string);
	}
	return 0;
}

static int push_array(struct stack_image *stack, bool kernel, vaddr_t array,
		      size_t first, size_t n)
{
	vaddr_t string;
	int err = 0;

	while (n-- > first && !err) {
		err = fetch(kernel, array, n, &string);
		if (err)
			break;
		err = kernel ? stack_push_string(stack, (const char *)string)
			     : push_user_string(stack, string);
	}
	return err;
}

int stack_push_strings(struct stack_image *stack,
		       const struct exec_strings *strings, size_t skip)
{
	bool kernel = strings->kernel;
	size_t argc, envc;
	int err = count(stack, kernel, strings->argv, &argc);

	if (!err)
		err = count(stack, kernel, strings->envp, &envc);
	if (!err)
		err = push_array(stack, kernel, strings->envp, 0, envc);
	if (err)
		return err;
	stack->mm->env_start = stack->sp;
	stack->envc = envc;
	stack->argc = argc > skip ? argc - skip : 0;
	err = push_array(stack, kernel, strings->argv, skip, argc);
	/* Programs rely on argv[0]: Linux gives an empty one since 5.18. */
	if (err || argc || skip)
		return err;
	stack->argc = 1;
	return stack_push_string(stack, "");
}

void stack_add_aux(struct stack_image *stack, uint64_t type, uint64_t value)
{
	assert(stack->nauxv < AUXV_MAX);
	stack->auxv[stack->nauxv][0] = type;
	stack->auxv[stack->nauxv++][1] = value;
}

/* --- the pointers --- */

/* Write words upwards from @to: a few at a time. */
struct words {
	struct mm *mm;
	vaddr_t to;
	size_t n;
	uint64_t word[32];
	bool failed;
};

static void words_flush(struct words *out)
{
	size_t nbytes = out->n * sizeof(out->word[0]);

	if (mm_copy(out->mm, out->to, out->word, nbytes, true) != nbytes)
		out->failed = true;
	out->to += nbytes;
	out->n = 0;
}

static void words_add(struct words *out, uint64_t word)
{
	if (out->n == sizeof(out->word) / sizeof(out->word[0]))
		words_flush(out);
	out->word[out->n++] = word;
}

/* The address behind the string at @at; the page that it lies in is in the
 * buffer, and stays there for the next one. */
static vaddr_t string_end(struct stack_image *stack, vaddr_t at)
{
	for (;;) {
		size_t offset = page_offset(at);
		uint8_t *from = stack->page + offset;
		uint8_t *nul = memchr(from, 0, PAGE_SIZE - offset);

		if (nul)
			at += nul - from + 1;
		else
			at = page_down(at) + PAGE_SIZE;
		if (!page_offset(at) && at < stack->mm->stack_top) {
			size_t n = mm_copy(stack->mm, at, stack->page,
					   PAGE_SIZE, false);

			assert(n == PAGE_SIZE); /* flush() has put it there */
		}
		if (nul)
			return at;
	}
}

static void add_strings(struct stack_image *stack, struct words *out,
			vaddr_t *at, size_t n)
{
	while (n--) {
		words_add(out, *at);
		*at = string_end(stack, *at);
	}
	words_add(out, 0);
}

int stack_finish(struct stack_image *stack, vaddr_t *sp)
{
	vaddr_t strings = stack->sp;
	struct words out = {.mm = stack->mm};
	uint8_t random[16];
	size_t nwords;

	stack->mm->args_start = strings;
	stack->mm->args_end = stack->mm->env_start;
	stack->mm->env_end = stack->path;
	if (flush(stack))
		return -ENOMEM;
	random_bytes(random, sizeof(random));
	out.to = ((strings - stack->gap) & ~15ul) - sizeof(random);
	if (mm_copy(out.mm, out.to, random, sizeof(random), true) !=
	    sizeof(random))
		return -ENOMEM;
	stack_add_aux(stack, AT_RANDOM, out.to);
	stack_add_aux(stack, AT_NULL, 0);
	nwords = 1 + stack->argc + 1 + stack->envc + 1 + 2 * stack->nauxv;
	out.to = (out.to - nwords * sizeof(uint64_t)) & ~15ul;
	*sp = out.to;
	words_add(&out, stack->argc);
	add_strings(stack, &out, &strings, stack->argc);
	add_strings(stack, &out, &strings, stack->envc);
	for (size_t i = 0; i < stack->nauxv; i++) {
		words_add(&out, stack->auxv[i][0]);
		words_add(&out, stack->auxv[i][1]);
	}
	words_flush(&out);
	stack->mm->aux_end = out.to;
	stack->mm->aux_start = out.to - stack->nauxv * sizeof(stack->auxv[0]);
	return out.failed ? -ENOMEM : 0;
}
