// SPDX-License-Identifier: MIT
/*
 * path_mount.c - mounting filesystems, and asking how full they are.
 *
 * Tests: usertests.
 */
#include <asm/statfs.h>
#include <linux/mount.h>

#include "arch/riscv/usercopy.h"
#include "fs/mount.h"
#include "kernel/syscall/calls.h"
#include "kernel/syscall/path_args.h"

enum { TYPE_MAX = 32, OPTIONS_MAX = 256 };
enum { UMOUNT_FLAGS = 1 | 2, UMOUNT_NO_FOLLOW = 8 };

static long statfs_inode(struct inode *inode, const void *what)
{
	struct super *super = inode->super;
	struct statfs out = {
		.f_type = super->ops->magic,
		.f_bsize = PAGE_SIZE,
		.f_frsize = PAGE_SIZE,
		.f_namelen = NAME_MAX,
	};
	long err = super->ops->statfs ? super->ops->statfs(super, &out) : 0;

	if (err)
		return err;
	if (super->read_only)
		out.f_flags |= MS_RDONLY;
	return user_write(*(const vaddr_t *)what, &out, sizeof(out));
}

SYSCALL(statfs)
{
	return with_inode(AT_FDCWD, arg[0], 0, 0, statfs_inode, &arg[1]);
}

SYSCALL(fstatfs)
{
	return with_inode_fd(arg[0], true, statfs_inode, &arg[1]);
}

/* @source and @data may be NULL for types that need none. */
static long mount_with(vaddr_t source, const char *path, const char *type,
		       unsigned long flags, vaddr_t data)
{
	struct path_arg from = {.name = "none"};
	char options[OPTIONS_MAX] = "";
	long err = source ? path_arg_get(&from, AT_FDCWD, source) : 0;

	if (err)
		return err;
	if (data)
		err = copy_string_from_user(options, data, sizeof(options));
	if (err == -ENAMETOOLONG)
		err = -EINVAL;
	if (err >= 0)
		err = mount_at(caller_fs(), from.name, path, type, flags,
			       options);
	path_arg_put(&from);
	return err;
}

/* mount(source, target, type, flags, data).  Of the flags only MS_RDONLY has
 * a meaning here. */
SYSCALL(mount)
{
	struct path_arg path;
	char type[TYPE_MAX];
	long err;

	if (!arg[2])
		return -EINVAL;
	err = copy_string_from_user(type, arg[2], sizeof(type));
	if (err < 0)
		return err == -ENAMETOOLONG ? -ENODEV : err;
	err = path_arg_get(&path, AT_FDCWD, arg[1]);
	if (err)
		return err;
	err = mount_with(arg[0], path.name, type, arg[3], arg[4]);
	path_arg_put(&path);
	return err;
}

SYSCALL(umount2)
{
	struct path_arg path;
	unsigned flags = arg[1];
	long err;

	if (flags & ~(UMOUNT_FLAGS | UMOUNT_NO_FOLLOW))
		return -EINVAL;
	err = path_arg_get(&path, AT_FDCWD, arg[0]);
	if (err)
		return err;
	err = mount_remove(caller_fs(), path.name, !(flags & UMOUNT_NO_FOLLOW));
	path_arg_put(&path);
	return err;
}
