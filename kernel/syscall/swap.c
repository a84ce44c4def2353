// SPDX-License-Identifier: MIT
/*
 * swap.c - swapon(2) and swapoff(2).
 *
 * Tests: tests/guest/swap_test.py, mmaptest "swap".
 */
#include "fs/swapfile.h"
#include "kernel/syscall/calls.h"
#include "kernel/syscall/path_args.h"

/* SWAP_FLAG_*: only the C library's headers have them. */
enum { PREFER = 0x8000, PRIORITY = 0x7fff, DISCARDS = 0x70000 };

SYSCALL(swapon)
{
	struct path_arg path;
	int flags = arg[1];
	int err;

	if (flags & ~(PREFER | PRIORITY | DISCARDS))
		return -EINVAL;
	err = path_arg_get(&path, AT_FDCWD, arg[0]);
	if (err)
		return err;
	err = swapfile_on(caller_fs(), path.name,
			  flags & PREFER ? flags & PRIORITY : -1);
	path_arg_put(&path);
	return err;
}

SYSCALL(swapoff)
{
	struct path_arg path;
	int err = path_arg_get(&path, AT_FDCWD, arg[0]);

	if (err)
		return err;
	err = swapfile_off(caller_fs(), path.name);
	path_arg_put(&path);
	return err;
}
