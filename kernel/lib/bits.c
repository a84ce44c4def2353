// SPDX-License-Identifier: MIT
/*
 * bits.c - counting zeros, where the compiler has no instruction for it.
 *
 * __builtin_ctzl() and __builtin_clzl() are one instruction with the Zbb
 * extension, which not every hart has.  Without it the compiler calls
 * functions of these names, which usually come with it in libgcc; but that
 * library is compiled for harts with floating point, and so can't be linked
 * with a kernel that leaves those registers to the user.
 *
 * Both halve the word that is looked at until one bit is left.  Undefined for
 * 0, like the builtins.
 */

#include "kernel/lib/types.h"

int __ctzdi2(uint64_t word);
int __clzdi2(uint64_t word);

int __ctzdi2(uint64_t word)
{
	int zeros = 0;

#pragma GCC unroll 6
	for (int half = 32; half; half /= 2) {
		if (word << (64 - half))
			continue; /* a one in the lower half */
		word >>= half;
		zeros += half;
	}
	return zeros;
}

int __clzdi2(uint64_t word)
{
	int zeros = 0;

#pragma GCC unroll 6
	for (int half = 32; half; half /= 2) {
		if (word >> (64 - half))
			continue;
		word <<= half;
		zeros += half;
	}
	return zeros;
}
