// SPDX-License-Identifier: MIT
/*
 * usercopy.c - the doors between kernel and user memory.
 *
 * The kernel runs on the user's page table, so user memory is simply there;
 * but sstatus.SUM is off, and a load or store of it traps.  These functions
 * turn SUM on around a loop of copy.S and off again; no other code does.
 *
 * A page fault inside the loop goes to the pager like one of the program
 * itself, and the loop goes on.  If the pager says no, or the caller can't
 * have it asked (the _nofault forms), trap.c moves the loop to its end, and
 * it reports how far it came.
 *
 * Any address a program can name is harmless here: what does not lie wholly
 * in the user half is refused before the loop starts, and what is not mapped
 * ends it.
 */

#include "arch/riscv/csr.h"
#include "arch/riscv/layout.h"
#include "arch/riscv/thread.h"
#include "arch/riscv/usercopy.h"
#include "kernel/lib/errno.h"

/* copy.S */
size_t copy_bytes(void *to, const void *from, size_t nbytes);
size_t zero_bytes(void *to, size_t unused, size_t nbytes);
ssize_t copy_string(char *to, const char *from, size_t nbytes);
int load_u32(const uint32_t *at, uint32_t *value);
int compare_exchange_u32(uint32_t *at, uint32_t old, uint32_t new,
			 uint32_t *seen);
int touch_u32(uint32_t *at);

static bool range_ok(vaddr_t va, size_t nbytes)
{
	return va < USER_END && nbytes <= USER_END - va;
}

static void user_open(void)
{
	csr_set(sstatus, SSTATUS_SUM);
}

static void user_close(void)
{
	csr_clear(sstatus, SSTATUS_SUM);
}

/* @user is the one of the two that must lie in the user half. */
static size_t user_copy(void *to, const void *from, vaddr_t user, size_t nbytes)
{
	size_t left;

	if (!range_ok(user, nbytes))
		return nbytes;
	user_open();
	left = copy_bytes(to, from, nbytes);
	user_close();
	return left;
}

size_t copy_from_user(void *to, vaddr_t from, size_t nbytes)
{
	return user_copy(to, (const void *)from, from, nbytes);
}

size_t copy_to_user(vaddr_t to, const void *from, size_t nbytes)
{
	return user_copy((void *)to, from, to, nbytes);
}

size_t zero_user(vaddr_t to, size_t nbytes)
{
	size_t left;

	if (!range_ok(to, nbytes))
		return nbytes;
	user_open();
	left = zero_bytes((void *)to, 0, nbytes);
	user_close();
	return left;
}

/* Returns what nofault_end() wants back: they may be nested. */
static bool nofault_begin(void)
{
	struct thread *thread = thread_current();
	bool old = thread->nofault;

	thread->nofault = true;
	return old;
}

static void nofault_end(bool old)
{
	thread_current()->nofault = old;
}

size_t copy_from_user_nofault(void *to, vaddr_t from, size_t nbytes)
{
	bool old = nofault_begin();
	size_t left = copy_from_user(to, from, nbytes);

	nofault_end(old);
	return left;
}

size_t copy_to_user_nofault(vaddr_t to, const void *from, size_t nbytes)
{
	bool old = nofault_begin();
	size_t left = copy_to_user(to, from, nbytes);

	nofault_end(old);
	return left;
}

ssize_t copy_string_from_user(char *to, vaddr_t from, size_t nbytes)
{
	size_t room;
	ssize_t length;

	if (from >= USER_END)
		return -EFAULT;
	room = min_u64(nbytes, USER_END - from);
	user_open();
	length = copy_string(to, (const char *)from, room);
	user_close();
	/* It ran into the end of user memory, not of the buffer. */
	if (length == -ENAMETOOLONG && room < nbytes)
		return -EFAULT;
	return length;
}

/* For all of the page, by the aligned word that has @va's byte. */
static int touch(vaddr_t va, int access)
{
	uint32_t *word = (uint32_t *)(va - va % sizeof(*word)), unused;
	int err;

	user_open();
	err = access & VM_W ? touch_u32(word) : load_u32(word, &unused);
	user_close();
	return err;
}

int user_fault_in(vaddr_t start, size_t nbytes, int access)
{
	vaddr_t va = start;

	if (!range_ok(start, nbytes))
		return -EFAULT;
	while (va < start + nbytes) {
		if (touch(va, access))
			return va == start ? -EFAULT : 0;
		va = page_down(va) + PAGE_SIZE;
	}
	return 0;
}

/* An aligned word never straddles the end of user memory. */
static bool word_ok(vaddr_t va)
{
	return va < USER_END && va % sizeof(uint32_t) == 0;
}

int user_load_u32(vaddr_t va, uint32_t *value)
{
	int err;

	if (!word_ok(va))
		return -EFAULT;
	user_open();
	err = load_u32((const uint32_t *)va, value);
	user_close();
	return err;
}

int user_load_u32_nofault(vaddr_t va, uint32_t *value)
{
	bool old = nofault_begin();
	int err = user_load_u32(va, value);

	nofault_end(old);
	return err;
}

int user_compare_exchange_u32(vaddr_t va, uint32_t old, uint32_t new,
			      uint32_t *seen)
{
	int err;

	if (!word_ok(va))
		return -EFAULT;
	user_open();
	err = compare_exchange_u32((uint32_t *)va, old, new, seen);
	user_close();
	return err;
}
