/* SPDX-License-Identifier: MIT */
#ifndef ARCH_RISCV_USERCOPY_H
#define ARCH_RISCV_USERCOPY_H

/*
 * usercopy.h - the only code that touches user memory, with sstatus.SUM on
 * for just that long.
 *
 * A fault inside is resolved like one of user mode (it may sleep), so no
 * spinlock, page lock or inode lock may be held; the _nofault forms end short
 * instead, and may be called with anything held.  The copies return the number
 * of bytes NOT copied: 0 is success.  Addresses outside the user half copy
 * nothing.
 */

#include "kernel/lib/errno.h"
#include "kernel/lib/types.h"

size_t copy_from_user(void *to, vaddr_t from, size_t nbytes);
size_t copy_to_user(vaddr_t to, const void *from, size_t nbytes);
size_t zero_user(vaddr_t to, size_t nbytes);

/* All of it, as a structure wants: 0 or -EFAULT. */
static inline int user_read(void *to, vaddr_t from, size_t nbytes)
{
	return copy_from_user(to, from, nbytes) ? -EFAULT : 0;
}

static inline int user_write(vaddr_t to, const void *from, size_t nbytes)
{
	return copy_to_user(to, from, nbytes) ? -EFAULT : 0;
}

/* A result that the program may do without: then @to is NULL. */
static inline int user_write_wanted(vaddr_t to, const void *from, size_t nbytes)
{
	return to ? user_write(to, from, nbytes) : 0;
}

size_t copy_from_user_nofault(void *to, vaddr_t from, size_t nbytes);
size_t copy_to_user_nofault(vaddr_t to, const void *from, size_t nbytes);

/*
 * Copy a string with its NUL into @to.  Returns its length without the NUL;
 * -EFAULT; or -ENAMETOOLONG if there is no NUL in the first @nbytes.
 */
ssize_t copy_string_from_user(char *to, vaddr_t from, size_t nbytes);

/* Touch the first byte of each page of a range, for reading or for writing
 * (VM_R, VM_W), so that a _nofault copy will probably succeed.  Returns 0,
 * or -EFAULT if not even the first byte can be had. */
int user_fault_in(vaddr_t start, size_t nbytes, int access);

/* Atomic operations on an aligned user word, for futexes.  0 or -EFAULT. */
int user_load_u32(vaddr_t va, uint32_t *value);
int user_load_u32_nofault(vaddr_t va, uint32_t *value);
int user_compare_exchange_u32(vaddr_t va, uint32_t old, uint32_t new,
			      uint32_t *seen);

#endif
