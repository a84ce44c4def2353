/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_SYSCALL_CALLS_H
#define KERNEL_SYSCALL_CALLS_H

/*
 * calls.h - the handlers of all system calls, by the file they are in, for
 * table.c.
 */

#include "kernel/syscall/syscall.h"

/* process.c */
syscall_handler sys_clone, sys_clone3, sys_execve, sys_exit, sys_exit_group,
	sys_wait4, sys_waitid, sys_set_tid_address, sys_set_robust_list,
	sys_get_robust_list, sys_prctl;

/* identity.c */
syscall_handler sys_getpid, sys_getppid, sys_gettid, sys_setpgid, sys_getpgid,
	sys_setsid, sys_getsid, sys_get_root_id, sys_set_id, sys_set_two_ids,
	sys_set_three_ids, sys_get_three_ids, sys_set_fs_id, sys_getgroups,
	sys_setgroups;

/* signal.c */
syscall_handler sys_kill, sys_tkill, sys_tgkill, sys_rt_sigqueueinfo,
	sys_rt_tgsigqueueinfo, sys_rt_sigaction, sys_rt_sigprocmask,
	sys_rt_sigpending, sys_rt_sigsuspend, sys_rt_sigtimedwait,
	sys_rt_sigreturn, sys_sigaltstack;

/* memory.c */
syscall_handler sys_mmap, sys_mremap, sys_munmap, sys_mprotect, sys_msync,
	sys_madvise, sys_mincore, sys_brk, sys_mlock, sys_mlock2, sys_munlock,
	sys_mlockall, sys_munlockall, sys_riscv_flush_icache;

/* swap.c */
SYSCALL(swapon);
SYSCALL(swapoff);

/* process_vm.c */
syscall_handler sys_process_vm_readv, sys_process_vm_writev;

/* hwprobe.c */
syscall_handler sys_riscv_hwprobe;

/* time.c */
syscall_handler sys_clock_gettime, sys_clock_getres, sys_set_time,
	sys_clock_nanosleep, sys_nanosleep, sys_restart_syscall,
	sys_gettimeofday, sys_getitimer, sys_setitimer, sys_times;

/* sched.c */
syscall_handler sys_sched_yield, sys_sched_getaffinity, sys_sched_setaffinity,
	sys_sched_getscheduler, sys_sched_setscheduler, sys_sched_getparam,
	sys_sched_setparam, sys_sched_priority_limit, sys_getpriority,
	sys_getcpu, sys_futex;

/* limits.c */
syscall_handler sys_getrlimit, sys_setrlimit, sys_prlimit64, sys_getrusage;

/* system.c */
syscall_handler sys_uname, sys_sethostname, sys_setdomainname, sys_sysinfo,
	sys_getrandom, sys_personality, sys_reboot;

/* file.c: moving bytes */
syscall_handler sys_read, sys_write, sys_readv, sys_writev, sys_pread64,
	sys_pwrite64, sys_preadv, sys_pwritev, sys_preadv2, sys_pwritev2,
	sys_lseek;

/* file_size.c: what a file's contents and their place on disk are */
syscall_handler sys_ftruncate, sys_truncate, sys_fallocate, sys_fadvise64,
	sys_fsync, sys_sync, sys_syncfs, sys_getdents64;

/* fd.c: descriptors */
syscall_handler sys_close, sys_close_range, sys_dup, sys_dup3, sys_fcntl,
	sys_ioctl, sys_pipe2, sys_memfd_create;

/* locks.c: locks on files; the part of fcntl that is about them */
syscall_handler sys_flock;
struct file;
long lock_control(int fd, struct file *f, unsigned command, vaddr_t at);

/* path.c: names */
syscall_handler sys_openat, sys_mkdirat, sys_mknodat, sys_symlinkat, sys_linkat,
	sys_unlinkat, sys_renameat2, sys_readlinkat, sys_chdir, sys_fchdir,
	sys_chroot, sys_getcwd, sys_umask;

/* path_attributes.c: what stat shows, and changing it */
syscall_handler sys_newfstatat, sys_fstat, sys_statx, sys_faccessat,
	sys_faccessat2, sys_fchmod, sys_fchmodat, sys_fchown, sys_fchownat,
	sys_utimensat;

/* socket.c: sockets */
syscall_handler sys_socket, sys_socketpair, sys_bind, sys_listen, sys_connect,
	sys_accept, sys_accept4, sys_shutdown, sys_getsockname, sys_getpeername,
	sys_setsockopt, sys_getsockopt;

/* socket_message.c: what is sent by them */
syscall_handler sys_sendto, sys_recvfrom, sys_sendmsg, sys_recvmsg,
	sys_sendmmsg, sys_recvmmsg;

/* path_mount.c: filesystems */
syscall_handler sys_mount, sys_umount2, sys_statfs, sys_fstatfs;

/* poll.c: waiting for several */
syscall_handler sys_ppoll, sys_pselect6;

/* event.c: waiting for many, and files that are made to be waited for */
syscall_handler sys_epoll_create1, sys_epoll_ctl, sys_epoll_pwait,
	sys_epoll_pwait2, sys_eventfd2, sys_signalfd4, sys_timerfd_create,
	sys_timerfd_settime, sys_timerfd_gettime;

#endif
