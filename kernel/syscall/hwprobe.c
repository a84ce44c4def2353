// SPDX-License-Identifier: MIT
/*
 * hwprobe.c - riscv_hwprobe: what the harts can do, as pairs of key and value.
 *
 * A program asks for the values of keys, of some harts or all; or, the other
 * way round (WHICH_CPUS), which of some harts have the values that it gives.
 * All harts are the same here.  What we don't know for sure is said to be
 * unknown, and an extension that programs can't use, because its registers
 * would not be saved, is not there.
 *
 * The numbers are those of Linux's asm/hwprobe.h, which toolchains before
 * Linux 6.4 lack.
 */

#include "arch/riscv/hart.h"
#include "arch/riscv/layout.h"
#include "arch/riscv/time.h"
#include "arch/riscv/usercopy.h"
#include "kernel/syscall/calls.h"

enum { WHICH_CPUS = 1 };

enum {
	KEY_VENDOR_ID,
	KEY_ARCHITECTURE_ID,
	KEY_IMPLEMENTATION_ID,
	KEY_BASE,       /* a set of bits */
	KEY_EXTENSIONS, /* a set of bits */
	KEY_MISALIGNED, /* a set of bits: 0 is "unknown" */
	KEY_ZICBOZ_BLOCK_SIZE,
	KEY_HIGHEST_ADDRESS,
	KEY_TIME_FREQUENCY,
	KEY_MISALIGNED_SCALAR, /* 0: unknown */
	NKEYS
};

enum { BASE_IMA = 1, EXTENSION_FD = 1, EXTENSION_C = 2 };

struct pair {
	int64_t key;
	uint64_t value;
};

static bool key_known(int64_t key)
{
	return key >= 0 && key < NKEYS;
}

static uint64_t value_of(int64_t key)
{
	switch (key) {
	case KEY_VENDOR_ID:
		return hart_identity(HART_VENDOR);
	case KEY_ARCHITECTURE_ID:
		return hart_identity(HART_ARCHITECTURE);
	case KEY_IMPLEMENTATION_ID:
		return hart_identity(HART_IMPLEMENTATION);
	case KEY_BASE:
		return BASE_IMA;
	case KEY_EXTENSIONS:
		return EXTENSION_FD | EXTENSION_C;
	case KEY_HIGHEST_ADDRESS:
		return USER_END;
	case KEY_TIME_FREQUENCY:
		return time_frequency();
	default:
		return 0;
	}
}

/* Of a set of bits the asker's must be among ours. */
static bool value_has(int64_t key, uint64_t asked)
{
	if (key >= KEY_BASE && key <= KEY_MISALIGNED)
		return !(asked & ~value_of(key));
	return asked == value_of(key);
}

/* Each key gets its value; or (@match) must have it: *match, if all have. */
static int answer(vaddr_t pairs, size_t npairs, bool *match)
{
	struct pair pair;

	for (; npairs--; pairs += sizeof(pair)) {
		if (user_read(&pair, pairs, sizeof(pair)))
			return -EFAULT;

		bool known = key_known(pair.key);

		if (match && known) {
			*match &= value_has(pair.key, pair.value);
			continue;
		}
		if (match)
			*match = false;
		pair.value = known ? value_of(pair.key) : 0;
		if (!known)
			pair.key = -1;
		if (user_write(pairs, &pair, sizeof(pair)))
			return -EFAULT;
	}
	return 0;
}

SYSCALL(riscv_hwprobe)
{
	uint64_t online = UINT64_MAX >> (HARTS_MAX - hart_count());
	uint64_t harts = 0;
	size_t nbytes = min_u64(arg[2], sizeof(harts));
	bool which = (unsigned)arg[4] == WHICH_CPUS;
	bool match = true;
	int err;

	if ((arg[4] && !which) || (which && (!arg[2] || !arg[3])))
		return -EINVAL;
	if ((arg[2] || arg[3]) && user_read(&harts, arg[3], nbytes))
		return -EFAULT;
	if (!harts && (which || (!arg[2] && !arg[3])))
		harts = online;
	harts &= online;
	if (!harts && !which)
		return -EINVAL;
	err = answer(arg[0], arg[1], which ? &match : NULL);
	if (err || !which)
		return err;
	if (!match)
		harts = 0;
	return user_write(arg[3], &harts, nbytes);
}
