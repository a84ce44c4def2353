// SPDX-License-Identifier: MIT
/*
 * inject.c - counting down to the allocation that shall fail (inject.h).
 *
 * Locking: none, each task has a count of its own.  Interrupt handlers
 * allocate nothing, so they don't count for whom they interrupt.
 */

#include "mm/inject.h"

#ifdef CONFIG_DEBUG

bool inject_failure(void)
{
	struct injection *injection = task_injection();

	if (!injection->left || --injection->left)
		return false;
	injection->in_vain = true;
	return true;
}

bool inject_in_vain(void)
{
	return task_injection()->in_vain;
}

bool inject_end(void)
{
	struct injection *injection = task_injection();
	bool in_vain = injection->in_vain;

	injection->in_vain = false;
	return in_vain;
}

#endif
