/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_SYSCALL_CALLS_FS_H
#define KERNEL_SYSCALL_CALLS_FS_H

/* calls_fs.h - the handlers of system calls about files, for table.c. */

#include "kernel/syscall/syscall.h"

/* file.c: moving bytes */
SYSCALL(read);
SYSCALL(write);
SYSCALL(readv);
SYSCALL(writev);
SYSCALL(pread64);
SYSCALL(pwrite64);
SYSCALL(preadv);
SYSCALL(pwritev);
SYSCALL(preadv2);
SYSCALL(pwritev2);
SYSCALL(lseek);

/* file_size.c: what a file's contents and their place on disk are */
SYSCALL(ftruncate);
SYSCALL(truncate);
SYSCALL(fallocate);
SYSCALL(fadvise64);
SYSCALL(fsync); /* and fdatasync */
SYSCALL(sync);
SYSCALL(syncfs);
SYSCALL(getdents64);

/* fd.c: descriptors */
SYSCALL(close);
SYSCALL(close_range);
SYSCALL(dup);
SYSCALL(dup3);
SYSCALL(fcntl);
SYSCALL(ioctl);
SYSCALL(pipe2);
SYSCALL(memfd_create);

/* locks.c: locks on files; the part of fcntl that is about them */
SYSCALL(flock);
struct file;
long lock_control(int fd, struct file *f, unsigned command, vaddr_t at);

/* path.c: names */
SYSCALL(openat);
SYSCALL(mkdirat);
SYSCALL(mknodat);
SYSCALL(symlinkat);
SYSCALL(linkat);
SYSCALL(unlinkat);
SYSCALL(renameat2);
SYSCALL(readlinkat);
SYSCALL(chdir);
SYSCALL(fchdir);
SYSCALL(chroot);
SYSCALL(getcwd);
SYSCALL(umask);

/* path_attributes.c: what stat shows, and changing it */
SYSCALL(newfstatat);
SYSCALL(fstat);
SYSCALL(statx);
SYSCALL(faccessat);
SYSCALL(faccessat2);
SYSCALL(fchmod);
SYSCALL(fchmodat);
SYSCALL(fchown);
SYSCALL(fchownat);
SYSCALL(utimensat);

/* path_mount.c: filesystems */
SYSCALL(mount);
SYSCALL(umount2);
SYSCALL(statfs);
SYSCALL(fstatfs);

/* poll.c: waiting for several */
SYSCALL(ppoll);
SYSCALL(pselect6);

#endif
