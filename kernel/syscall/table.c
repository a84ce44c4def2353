// SPDX-License-Identifier: MIT
/*
 * table.c - Linux's number of each system call, and the function for it.
 *
 * A number without one is -ENOSYS.  That is logged, once for each number, so
 * that whoever brings a new program sees what it wants; but not those that
 * every C library tries at its start and does without.
 */

#include <asm/unistd.h>

#ifndef __NR_riscv_hwprobe /* headers before Linux 6.4 */
#define __NR_riscv_hwprobe (__NR_arch_specific_syscall + 14)
#endif

#include "kernel/lib/printk.h"
#include "kernel/syscall/calls.h"
#include "kernel/task/task.h"
#include "kernel/task/trap.h"

static syscall_handler *const table[] = {
	/* processes and threads */
	[__NR_clone] = sys_clone,
	[__NR_clone3] = sys_clone3,
	[__NR_execve] = sys_execve,
	[__NR_exit] = sys_exit,
	[__NR_exit_group] = sys_exit_group,
	[__NR_wait4] = sys_wait4,
	[__NR_waitid] = sys_waitid,
	[__NR_set_tid_address] = sys_set_tid_address,
	[__NR_set_robust_list] = sys_set_robust_list,
	[__NR_get_robust_list] = sys_get_robust_list,
	[__NR_futex] = sys_futex,
	[__NR_prctl] = sys_prctl,

	/* who one is */
	[__NR_getpid] = sys_getpid,
	[__NR_getppid] = sys_getppid,
	[__NR_gettid] = sys_gettid,
	[__NR_setpgid] = sys_setpgid,
	[__NR_getpgid] = sys_getpgid,
	[__NR_setsid] = sys_setsid,
	[__NR_getsid] = sys_getsid,
	[__NR_getuid] = sys_get_root_id,
	[__NR_geteuid] = sys_get_root_id,
	[__NR_getgid] = sys_get_root_id,
	[__NR_getegid] = sys_get_root_id,
	[__NR_setuid] = sys_set_id,
	[__NR_setgid] = sys_set_id,
	[__NR_setreuid] = sys_set_two_ids,
	[__NR_setregid] = sys_set_two_ids,
	[__NR_setresuid] = sys_set_three_ids,
	[__NR_setresgid] = sys_set_three_ids,
	[__NR_getresuid] = sys_get_three_ids,
	[__NR_getresgid] = sys_get_three_ids,
	[__NR_setfsuid] = sys_set_fs_id,
	[__NR_setfsgid] = sys_set_fs_id,
	[__NR_getgroups] = sys_getgroups,
	[__NR_setgroups] = sys_setgroups,

	/* signals */
	[__NR_kill] = sys_kill,
	[__NR_tkill] = sys_tkill,
	[__NR_tgkill] = sys_tgkill,
	[__NR_rt_sigqueueinfo] = sys_rt_sigqueueinfo,
	[__NR_rt_tgsigqueueinfo] = sys_rt_tgsigqueueinfo,
	[__NR_rt_sigaction] = sys_rt_sigaction,
	[__NR_rt_sigprocmask] = sys_rt_sigprocmask,
	[__NR_rt_sigpending] = sys_rt_sigpending,
	[__NR_rt_sigsuspend] = sys_rt_sigsuspend,
	[__NR_rt_sigtimedwait] = sys_rt_sigtimedwait,
	[__NR_rt_sigreturn] = sys_rt_sigreturn,
	[__NR_sigaltstack] = sys_sigaltstack,
	[__NR_restart_syscall] = sys_restart_syscall,

	/* memory */
	[__NR_swapon] = sys_swapon,
	[__NR_swapoff] = sys_swapoff,
	[__NR_mmap] = sys_mmap,
	[__NR_mremap] = sys_mremap,
	[__NR_munmap] = sys_munmap,
	[__NR_mprotect] = sys_mprotect,
	[__NR_msync] = sys_msync,
	[__NR_madvise] = sys_madvise,
	[__NR_mincore] = sys_mincore,
	[__NR_brk] = sys_brk,
	[__NR_mlock] = sys_mlock,
	[__NR_mlock2] = sys_mlock2,
	[__NR_munlock] = sys_munlock,
	[__NR_mlockall] = sys_mlockall,
	[__NR_munlockall] = sys_munlockall,
	[__NR_process_vm_readv] = sys_process_vm_readv,
	[__NR_process_vm_writev] = sys_process_vm_writev,
	[__NR_riscv_flush_icache] = sys_riscv_flush_icache,
	[__NR_riscv_hwprobe] = sys_riscv_hwprobe,

	/* time */
	[__NR_clock_gettime] = sys_clock_gettime,
	[__NR_clock_getres] = sys_clock_getres,
	[__NR_clock_settime] = sys_set_time,
	[__NR_clock_nanosleep] = sys_clock_nanosleep,
	[__NR_nanosleep] = sys_nanosleep,
	[__NR_gettimeofday] = sys_gettimeofday,
	[__NR_settimeofday] = sys_set_time,
	[__NR_getitimer] = sys_getitimer,
	[__NR_setitimer] = sys_setitimer,
	[__NR_times] = sys_times,

	/* harts */
	[__NR_sched_yield] = sys_sched_yield,
	[__NR_sched_getaffinity] = sys_sched_getaffinity,
	[__NR_sched_setaffinity] = sys_sched_setaffinity,
	[__NR_sched_getscheduler] = sys_sched_getscheduler,
	[__NR_sched_setscheduler] = sys_sched_setscheduler,
	[__NR_sched_getparam] = sys_sched_getparam,
	[__NR_sched_setparam] = sys_sched_setparam,
	[__NR_sched_get_priority_max] = sys_sched_priority_limit,
	[__NR_sched_get_priority_min] = sys_sched_priority_limit,
	[__NR_getpriority] = sys_getpriority,
	[__NR_getcpu] = sys_getcpu,

	/* limits and use */
	[__NR_getrlimit] = sys_getrlimit,
	[__NR_setrlimit] = sys_setrlimit,
	[__NR_prlimit64] = sys_prlimit64,
	[__NR_getrusage] = sys_getrusage,

	/* the machine */
	[__NR_uname] = sys_uname,
	[__NR_sethostname] = sys_sethostname,
	[__NR_setdomainname] = sys_setdomainname,
	[__NR_sysinfo] = sys_sysinfo,
	[__NR_getrandom] = sys_getrandom,
	[__NR_personality] = sys_personality,
	[__NR_reboot] = sys_reboot,
	/* files */
	[__NR_read] = sys_read,
	[__NR_write] = sys_write,
	[__NR_readv] = sys_readv,
	[__NR_writev] = sys_writev,
	[__NR_pread64] = sys_pread64,
	[__NR_pwrite64] = sys_pwrite64,
	[__NR_preadv] = sys_preadv,
	[__NR_pwritev] = sys_pwritev,
	[__NR_preadv2] = sys_preadv2,
	[__NR_pwritev2] = sys_pwritev2,
	[__NR_lseek] = sys_lseek,
	[__NR_ftruncate] = sys_ftruncate,
	[__NR_truncate] = sys_truncate,
	[__NR_fallocate] = sys_fallocate,
	[__NR_fadvise64] = sys_fadvise64,
	[__NR_fsync] = sys_fsync,
	[__NR_fdatasync] = sys_fsync,
	[__NR_sync] = sys_sync,
	[__NR_syncfs] = sys_syncfs,
	[__NR_getdents64] = sys_getdents64,
	[__NR_close] = sys_close,
	[__NR_close_range] = sys_close_range,
	[__NR_dup] = sys_dup,
	[__NR_dup3] = sys_dup3,
	[__NR_fcntl] = sys_fcntl,
	[__NR_flock] = sys_flock,
	[__NR_ioctl] = sys_ioctl,
	[__NR_pipe2] = sys_pipe2,
	[__NR_memfd_create] = sys_memfd_create,
	[__NR_openat] = sys_openat,
	[__NR_mkdirat] = sys_mkdirat,
	[__NR_mknodat] = sys_mknodat,
	[__NR_symlinkat] = sys_symlinkat,
	[__NR_linkat] = sys_linkat,
	[__NR_unlinkat] = sys_unlinkat,
	[__NR_renameat2] = sys_renameat2,
	[__NR_readlinkat] = sys_readlinkat,
	[__NR_chdir] = sys_chdir,
	[__NR_fchdir] = sys_fchdir,
	[__NR_chroot] = sys_chroot,
	[__NR_getcwd] = sys_getcwd,
	[__NR_umask] = sys_umask,
	[__NR_newfstatat] = sys_newfstatat,
	[__NR_fstat] = sys_fstat,
	[__NR_statx] = sys_statx,
	[__NR_faccessat] = sys_faccessat,
	[__NR_faccessat2] = sys_faccessat2,
	[__NR_fchmod] = sys_fchmod,
	[__NR_fchmodat] = sys_fchmodat,
	[__NR_fchown] = sys_fchown,
	[__NR_fchownat] = sys_fchownat,
	[__NR_utimensat] = sys_utimensat,
	[__NR_socket] = sys_socket,
	[__NR_socketpair] = sys_socketpair,
	[__NR_bind] = sys_bind,
	[__NR_listen] = sys_listen,
	[__NR_connect] = sys_connect,
	[__NR_accept] = sys_accept,
	[__NR_accept4] = sys_accept4,
	[__NR_shutdown] = sys_shutdown,
	[__NR_getsockname] = sys_getsockname,
	[__NR_getpeername] = sys_getpeername,
	[__NR_setsockopt] = sys_setsockopt,
	[__NR_getsockopt] = sys_getsockopt,
	[__NR_sendto] = sys_sendto,
	[__NR_recvfrom] = sys_recvfrom,
	[__NR_sendmsg] = sys_sendmsg,
	[__NR_recvmsg] = sys_recvmsg,
	[__NR_sendmmsg] = sys_sendmmsg,
	[__NR_recvmmsg] = sys_recvmmsg,
	[__NR_mount] = sys_mount,
	[__NR_umount2] = sys_umount2,
	[__NR_statfs] = sys_statfs,
	[__NR_fstatfs] = sys_fstatfs,
	[__NR_ppoll] = sys_ppoll,
	[__NR_pselect6] = sys_pselect6,
	[__NR_epoll_create1] = sys_epoll_create1,
	[__NR_epoll_ctl] = sys_epoll_ctl,
	[__NR_epoll_pwait] = sys_epoll_pwait,
	[__NR_epoll_pwait2] = sys_epoll_pwait2,
	[__NR_eventfd2] = sys_eventfd2,
	[__NR_signalfd4] = sys_signalfd4,
	[__NR_timerfd_create] = sys_timerfd_create,
	[__NR_timerfd_settime] = sys_timerfd_settime,
	[__NR_timerfd_gettime] = sys_timerfd_gettime,
};

enum { TABLE_SIZE = sizeof(table) / sizeof(table[0]) };

/* What programs try, and do without if it isn't there. */
static bool is_optional(uint64_t number)
{
	switch (number) {
	case __NR_rseq:
	case __NR_membarrier:
	case __NR_io_uring_setup:
		return true;
	default:
		return false;
	}
}

static void log_unknown(uint64_t number)
{
	static atomic_ulong seen[512 / 64];
	uint64_t bit = 1ul << number % 64;

	if (number >= 512 || is_optional(number) ||
	    atomic_fetch_or(&seen[number / 64], bit) & bit)
		return;
	printk("%s[%d]: unknown system call %lu\n", task_current()->name,
	       task_current()->tid, number);
}

long syscall_dispatch(uint64_t number, const uint64_t *arg)
{
	if (number < TABLE_SIZE && table[number])
		return table[number](arg);
	log_unknown(number);
	return -ENOSYS;
}
