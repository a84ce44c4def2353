/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_SYSCALL_CALLS_H
#define KERNEL_SYSCALL_CALLS_H

/*
 * calls.h - the system calls that are not about files, by the file they are
 * in.  (Those on files: calls_fs.h.)
 */

#include "kernel/syscall/syscall.h"

/* process.c */
SYSCALL(clone);
SYSCALL(clone3);
SYSCALL(execve);
SYSCALL(exit);
SYSCALL(exit_group);
SYSCALL(wait4);
SYSCALL(waitid);
SYSCALL(set_tid_address);
SYSCALL(set_robust_list);
SYSCALL(get_robust_list);
SYSCALL(prctl);

/* identity.c */
SYSCALL(getpid);
SYSCALL(getppid);
SYSCALL(gettid);
SYSCALL(setpgid);
SYSCALL(getpgid);
SYSCALL(setsid);
SYSCALL(getsid);
SYSCALL(get_root_id);
SYSCALL(set_id);
SYSCALL(set_two_ids);
SYSCALL(set_three_ids);
SYSCALL(get_three_ids);
SYSCALL(set_fs_id);
SYSCALL(getgroups);
SYSCALL(setgroups);

/* signal.c */
SYSCALL(kill);
SYSCALL(tkill);
SYSCALL(tgkill);
SYSCALL(rt_sigqueueinfo);
SYSCALL(rt_tgsigqueueinfo);
SYSCALL(rt_sigaction);
SYSCALL(rt_sigprocmask);
SYSCALL(rt_sigpending);
SYSCALL(rt_sigsuspend);
SYSCALL(rt_sigtimedwait);
SYSCALL(rt_sigreturn);
SYSCALL(sigaltstack);

/* memory.c */
SYSCALL(mmap);
SYSCALL(mremap);
SYSCALL(munmap);
SYSCALL(mprotect);
SYSCALL(msync);
SYSCALL(madvise);
SYSCALL(mincore);
SYSCALL(brk);
SYSCALL(mlock);
SYSCALL(mlock2);
SYSCALL(munlock);
SYSCALL(mlockall);
SYSCALL(munlockall);
SYSCALL(riscv_flush_icache);

/* process_vm.c */
SYSCALL(process_vm_readv);
SYSCALL(process_vm_writev);

/* hwprobe.c */
SYSCALL(riscv_hwprobe);

/* time.c */
SYSCALL(clock_gettime);
SYSCALL(clock_getres);
SYSCALL(set_time);
SYSCALL(clock_nanosleep);
SYSCALL(nanosleep);
SYSCALL(restart_syscall);
SYSCALL(gettimeofday);
SYSCALL(getitimer);
SYSCALL(setitimer);
SYSCALL(times);

/* sched.c */
SYSCALL(sched_yield);
SYSCALL(sched_getaffinity);
SYSCALL(sched_setaffinity);
SYSCALL(sched_getscheduler);
SYSCALL(sched_setscheduler);
SYSCALL(sched_getparam);
SYSCALL(sched_setparam);
SYSCALL(sched_priority_limit);
SYSCALL(getpriority);
SYSCALL(getcpu);
SYSCALL(futex);

/* limits.c */
SYSCALL(getrlimit);
SYSCALL(setrlimit);
SYSCALL(prlimit64);
SYSCALL(getrusage);

/* system.c */
SYSCALL(uname);
SYSCALL(sethostname);
SYSCALL(setdomainname);
SYSCALL(sysinfo);
SYSCALL(getrandom);
SYSCALL(personality);
SYSCALL(reboot);

#endif
