/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_TASK_FUTEX_H
#define KERNEL_TASK_FUTEX_H

/*
 * futex.h - sleeping on a word of user memory (futex.c).
 */

#include "kernel/task/task.h"

/* How a futex is named: by its address in this address space only, or by
 * what is mapped there. */
enum futex_scope { FUTEX_PRIVATE, FUTEX_SHARED };

/*
 * Sleep while the word at @va is @value, until a wake whose bits meet
 * @bitset, or @deadline (UINT64_MAX: none).  0; -EAGAIN: it is another value;
 * -ETIMEDOUT; -ERESTARTSYS; -EFAULT; -EINVAL: not aligned.
 */
int futex_wait(vaddr_t va, enum futex_scope scope, uint32_t value,
	       uint32_t bitset, uint64_t deadline);

/* Wake at most @n; how many, or a negative errno. */
int futex_wake(vaddr_t va, enum futex_scope scope, int n, uint32_t bitset);

/*
 * Wake @nwake waiters at @from and let up to @nmove others wait at @to
 * instead; if @check, only if the word at @from is @value (else -EAGAIN).  How
 * many were woken or moved.
 */
int futex_requeue(vaddr_t from, vaddr_t to, enum futex_scope scope, int nwake,
		  int nmove, bool check, uint32_t value);

/* FUTEX_WAKE_OP: change the word at @second by @operation, wake @n at @first,
 * and, if the old value meets the operation's condition, @n2 at @second. */
int futex_wake_op(vaddr_t first, vaddr_t second, enum futex_scope scope, int n,
		  int n2, uint32_t operation);

/* The calling task ends: store 0 at @va, and wake one. */
void futex_clear_and_wake(vaddr_t va);

/* The calling task ends: free the locks on its robust list. */
void futex_release_robust_list(struct task *task);

void futex_init(void);

#endif
