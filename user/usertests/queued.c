// SPDX-License-Identifier: MIT
/*
 * queued.c - who gets a signal, in what order, and what it says.
 *
 *	1 to 31    counted once, however often sent
 *	34 to 64   each is queued with what was sent along: the lowest number
 *	           first, and those of one number in the order of sending
 *
 * sigtimedwait shows the order best: handlers that become due at once are
 * stacked, so the last one to be entered is the first to run.
 */

#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "testlib/test.h"
#include "testlib/where.h"

static const struct timespec no_time;

static sigset_t set_of(int signal)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, signal);
	return set;
}

static void block(int signal)
{
	sigset_t set = set_of(signal);

	expect_ok(sigprocmask(SIG_BLOCK, &set, NULL));
}

static bool is_pending(int signal)
{
	sigset_t set;

	expect_ok(sigpending(&set));
	return sigismember(&set, signal);
}

static void queue(int signal, int value)
{
	expect_ok(sigqueue(getpid(), signal, (union sigval){value}));
}

/* What glibc has no function for. */
static long queue_info(pid_t pid, int signal, int code)
{
	siginfo_t info = {.si_code = code};

	return syscall(SYS_rt_sigqueueinfo, pid, signal, &info);
}

static long queue_task(pid_t pid, pid_t tid, int signal, int code)
{
	siginfo_t info = {.si_code = code};

	return syscall(SYS_rt_tgsigqueueinfo, pid, tid, signal, &info);
}

TEST(realtime_signals_wait_in_line,
     "Real-time signals are all kept, with their values; the lowest number "
     "comes first, and one number in the order of sending.")
{
	static const struct {
		int number, value;
	} sent[] = {{1, 10}, {2, 20}, {0, 1}, {1, 11}, {0, 2}, {2, 21}};
	static const int wanted[] = {1, 2, 10, 11, 20, 21};
	sigset_t set;
	siginfo_t info;

	sigemptyset(&set);
	for (int i = 0; i < 3; i++)
		sigaddset(&set, SIGRTMIN + i);
	expect_ok(sigprocmask(SIG_BLOCK, &set, NULL));
	for (int i = 0; i < 6; i++)
		queue(SIGRTMIN + sent[i].number, sent[i].value);
	for (int i = 0; i < 6; i++) {
		expect_ok(sigtimedwait(&set, &info, &no_time));
		expect_eq(info.si_value.sival_int, wanted[i]);
		expect_eq(info.si_code, SI_QUEUE);
		expect_eq(info.si_pid, getpid());
		expect_eq(info.si_uid, getuid());
	}
	expect_errno(sigtimedwait(&set, &info, &no_time), EAGAIN);
}

static volatile sig_atomic_t nhandled, handled[16];

static void note_order(int signal)
{
	handled[nhandled++] = signal;
}

TEST(handlers_due_at_once_are_stacked,
     "Of two signals that are let in together the second one's handler is "
     "entered before the first one's has run an instruction, unless the "
     "first one's mask keeps it away.")
{
	struct sigaction action = {.sa_handler = note_order};
	sigset_t both = set_of(SIGUSR1), old;

	skip_on(ON_EMULATOR, "qemu-user looks for one at a time");
	sigaddset(&both, SIGUSR2);
	for (int round = 0; round < 2; round++) {
		if (round == 1)
			sigaddset(&action.sa_mask, SIGUSR2);
		expect_ok(sigaction(SIGUSR1, &action, NULL));
		expect_ok(sigaction(SIGUSR2, &action, NULL));
		expect_ok(sigprocmask(SIG_BLOCK, &both, &old));
		raise(SIGUSR2);
		raise(SIGUSR1);
		nhandled = 0;
		expect_ok(sigprocmask(SIG_SETMASK, &old, NULL));
		expect_eq(nhandled, 2);
		expect_eq(handled[0], round ? SIGUSR1 : SIGUSR2);
		expect_eq(handled[1], round ? SIGUSR2 : SIGUSR1);
	}
}

TEST(queue_has_a_limit,
     "RLIMIT_SIGPENDING bounds what sigqueue keeps: then EAGAIN; kill still "
     "gets through, though not more than once.")
{
	struct rlimit limit = {5, 5};
	sigset_t set = set_of(SIGRTMIN);
	siginfo_t info;
	int n = 0;

	skip_on(ON_EMULATOR, "qemu-user has a queue of its own");
	block(SIGRTMIN);
	block(SIGUSR1);
	expect_ok(setrlimit(RLIMIT_SIGPENDING, &limit));
	while (n < 6 && sigqueue(getpid(), SIGRTMIN, (union sigval){n}) == 0)
		n++;
	expect_between(n, 1, 5); /* on Linux the user's other processes count */
	expect_eq(errno, EAGAIN);
	expect_ok(kill(getpid(), SIGRTMIN));
	expect_ok(kill(getpid(), SIGUSR1));
	expect_eq(is_pending(SIGUSR1), 1);
	for (int i = 0; i < n; i++) {
		expect_eq(sigtimedwait(&set, &info, &no_time), SIGRTMIN);
		expect_eq(info.si_value.sival_int, i);
	}
	set = set_of(SIGUSR1);
	expect_eq(sigtimedwait(&set, &info, &no_time), SIGUSR1);
	expect_eq(info.si_pid, getpid());
}

TEST(siginfo_can_not_be_forged,
     "rt_sigqueueinfo to another process with the code of the kernel or of "
     "kill is EPERM, to oneself it is not; it takes one process, no group.")
{
	pid_t child = expect_ok(fork());

	while (child == 0)
		pause();
	expect_errno(queue_info(child, SIGTERM, SI_USER), EPERM);
	expect_errno(queue_info(child, SIGTERM, SI_KERNEL), EPERM);
	expect_errno(queue_info(child, SIGTERM, SI_TKILL), EPERM);
	expect_errno(queue_task(child, child, SIGTERM, SI_USER), EPERM);
	expect_errno(queue_task(child, 0, SIGTERM, SI_USER), EINVAL);
	expect_errno(queue_info(-1, SIGTERM, SI_QUEUE), ESRCH);
	expect_errno(queue_info(0, SIGTERM, SI_QUEUE), ESRCH);
	expect_errno(queue_info(-child, SIGTERM, SI_QUEUE), ESRCH);
	expect_errno(syscall(SYS_rt_sigqueueinfo, child, SIGTERM, 8), EFAULT);
	expect_ok(queue_info(child, 0, SI_QUEUE));
	block(SIGUSR1);
	expect_ok(queue_info(getpid(), SIGUSR1, SI_USER));
	expect_eq(is_pending(SIGUSR1), 1);
	expect_ok(queue_info(child, SIGTERM, SI_QUEUE));
	expect_killed(child, SIGTERM);
}

TEST(nobody_there_comes_first,
     "A signal that does not exist, to a process that does not, is ESRCH; "
     "EINVAL is for those that do.")
{
	pid_t gone = expect_ok(fork());

	if (gone == 0)
		_exit(0);
	expect_exit(gone, 0);
	expect_errno(kill(gone, 65), ESRCH);
	expect_errno(kill(-gone, 65), ESRCH);
	expect_errno(kill(getpid(), 65), EINVAL);
	expect_errno(kill(0, 65), EINVAL);
	expect_errno(tgkill(getpid(), gone, 65), ESRCH);
	expect_errno(tgkill(getpid(), getpid(), 65), EINVAL);
	expect_errno(tgkill(getpid(), 0, SIGTERM), EINVAL);
	expect_errno(tgkill(0, getpid(), SIGTERM), EINVAL);
	expect_errno(tgkill(getppid(), getpid(), SIGTERM), ESRCH);
	expect_errno(syscall(SYS_tkill, 0, SIGTERM), EINVAL);
	expect_errno(syscall(SYS_tkill, gone, SIGTERM), ESRCH);
}

TEST(awaited_signal_is_not_thrown_away,
     "A signal that is ignored by default, blocked and waited for is "
     "delivered to the waiter, also if it comes during the wait.")
{
	static const struct timespec long_time = {.tv_sec = 60};
	sigset_t set = set_of(SIGCHLD);
	siginfo_t info;

	block(SIGCHLD);
	for (int i = 0; i < 10; i++) {
		pid_t child = expect_ok(fork());

		if (child == 0) {
			usleep(2000 * i);
			_exit(i);
		}
		expect_eq(sigtimedwait(&set, &info, &long_time), SIGCHLD);
		expect_eq(info.si_pid, child);
		expect_eq(info.si_status, i);
		expect_exit(child, i);
	}
}

/* The kernel's own struct sigaction: glibc's is arranged differently. */
struct kernel_action {
	void (*handler)(int);
	unsigned long flags, mask;
};

TEST(unknown_flags_are_not_kept,
     "sigaction gives back the flags that the kernel knows, and no other "
     "(SA_UNSUPPORTED among them); the mask without SIGKILL and SIGSTOP.")
{
	enum { UNSUPPORTED = 0x400, RESTORER = 0x04000000 };
	struct kernel_action new = {
		.handler = note_order,
		.flags = SA_RESTART | SA_NODEFER | SA_ONSTACK | SA_SIGINFO |
			 UNSUPPORTED | RESTORER,
		.mask = -1ul,
	};
	struct kernel_action old;

	skip_on(ON_EMULATOR, "qemu-user 7.2 keeps them all");
	expect_ok(syscall(SYS_rt_sigaction, SIGUSR1, &new, NULL, 8));
	expect_ok(syscall(SYS_rt_sigaction, SIGUSR1, NULL, &old, 8));
	expect_eq(old.flags, SA_RESTART | SA_NODEFER | SA_ONSTACK | SA_SIGINFO);
	expect_eq(~old.mask, 1ul << (SIGKILL - 1) | 1ul << (SIGSTOP - 1));
	expect_errno(syscall(SYS_rt_sigaction, SIGUSR1, NULL, &old, 16),
		     EINVAL);
	expect_errno(syscall(SYS_rt_sigaction, 0, NULL, &old, 8), EINVAL);
	expect_errno(syscall(SYS_rt_sigaction, SIGKILL, 8, NULL, 8), EFAULT);
	expect_ok(syscall(SYS_rt_sigaction, SIGKILL, NULL, &old, 8));
}

TEST(ignoring_throws_away_what_is_pending,
     "A pending signal is gone once it is ignored, by SIG_IGN or by default, "
     "even while it is blocked.")
{
	block(SIGUSR1);
	block(SIGURG);
	signal(SIGURG, note_order);
	raise(SIGUSR1);
	raise(SIGURG);
	expect(is_pending(SIGUSR1) && is_pending(SIGURG));
	signal(SIGUSR1, SIG_IGN);
	signal(SIGURG, SIG_DFL);
	expect(!is_pending(SIGUSR1) && !is_pending(SIGURG));
	raise(SIGUSR1); /* blocked, and so kept, though it is ignored */
	expect_eq(is_pending(SIGUSR1), 1);
}

/* --- stopping and going on ------------------------------------------------ */

/* The next SIGCHLD, which is blocked, is about @child and says @code. */
static void expect_child(pid_t child, int code, int status)
{
	sigset_t set = set_of(SIGCHLD);
	siginfo_t info;

	expect_eq(sigwaitinfo(&set, &info), SIGCHLD);
	expect_eq(info.si_pid, child);
	expect_eq(info.si_code, code);
	expect_eq(info.si_status, status);
}

TEST(sigchld_tells_all_changes,
     "SIGCHLD comes with CLD_STOPPED, CLD_CONTINUED, CLD_KILLED and "
     "CLD_EXITED, and the signal or status; SA_NOCLDSTOP spares the first "
     "two.")
{
	struct sigaction action = {.sa_handler = note_order};
	pid_t child;
	int status;

	skip_on(ON_EMULATOR, "qemu-user queues SIGCHLD by itself");
	child = expect_ok(fork());
	while (child == 0)
		pause();
	block(SIGCHLD);
	expect_ok(sigaction(SIGCHLD, &action, NULL));
	expect_ok(kill(child, SIGSTOP));
	expect_child(child, CLD_STOPPED, SIGSTOP);
	expect_ok(kill(child, SIGCONT));
	expect_child(child, CLD_CONTINUED, SIGCONT);
	action.sa_flags = SA_NOCLDSTOP;
	expect_ok(sigaction(SIGCHLD, &action, NULL));
	expect_ok(kill(child, SIGSTOP));
	expect_eq(waitpid(child, &status, WUNTRACED), child);
	expect_eq(status, SIGSTOP << 8 | 0x7f);
	expect_ok(kill(child, SIGCONT));
	expect_eq(waitpid(child, &status, WCONTINUED), child);
	expect_eq(status, 0xffff);
	expect_eq(is_pending(SIGCHLD), 0);
	expect_ok(kill(child, SIGTERM));
	expect_child(child, CLD_KILLED, SIGTERM);
	expect_killed(child, SIGTERM);
}

TEST(stop_and_continue_undo_each_other,
     "SIGCONT takes back a stop that is pending, and a stop a pending "
     "SIGCONT.")
{
	signal(SIGCONT, note_order);
	block(SIGCONT);
	block(SIGTSTP);
	raise(SIGTSTP);
	expect(is_pending(SIGTSTP));
	raise(SIGCONT);
	expect(!is_pending(SIGTSTP) && is_pending(SIGCONT));
	raise(SIGTSTP);
	expect(is_pending(SIGTSTP) && !is_pending(SIGCONT));
}

TEST(orphaned_group_is_not_stopped,
     "SIGTSTP, SIGTTIN and SIGTTOU do nothing by default in a group that "
     "nobody could let go on; SIGSTOP does.")
{
	pid_t child = expect_ok(fork());
	int status;

	if (child == 0) {
		expect_ok(setsid());
		raise(SIGTSTP);
		raise(SIGTTIN);
		raise(SIGTTOU);
		raise(SIGSTOP);
		_exit(3);
	}
	expect_eq(waitpid(child, &status, WUNTRACED), child);
	expect_eq(status, SIGSTOP << 8 | 0x7f);
	expect_ok(kill(child, SIGCONT));
	expect_exit(child, 3);
}

static int report_end;

static void report_hangup(int signal)
{
	char byte = signal;

	expect_eq(write(report_end, &byte, 1), 1);
}

TEST(stopped_orphans_are_let_go,
     "A stopped group whose last tie to its session ends gets SIGHUP and "
     "SIGCONT.")
{
	int ends[2], status;
	pid_t shell;
	char byte;

	expect_ok(pipe(ends));
	shell = expect_ok(fork());
	if (shell == 0) {
		pid_t job;

		expect_ok(setsid());
		job = expect_ok(fork());
		if (job == 0) {
			report_end = ends[1];
			expect_ok(setpgid(0, 0));
			signal(SIGHUP, report_hangup);
			raise(SIGSTOP);
			_exit(0);
		}
		expect_eq(waitpid(job, &status, WUNTRACED), job);
		expect(WIFSTOPPED(status));
		_exit(0);
	}
	expect_ok(close(ends[1]));
	expect_exit(shell, 0);
	expect_eq(read(ends[0], &byte, 1), 1);
	expect_eq(byte, SIGHUP);
	expect_eq(read(ends[0], &byte, 1), 0); /* it went on, and ended */
}

/* --- groups and threads --------------------------------------------------- */

/* A process that is never the same for long. */
static void relay(void)
{
	while (fork() > 0)
		for (;;)
			pause();
	for (;;) {
		pid_t child = fork();

		if (child > 0)
			_exit(0);
	}
}

TEST(forks_do_not_escape_a_signal_to_the_group,
     "SIGKILL to a group whose processes fork and exit as fast as they can "
     "leaves none: no child is missed.")
{
	for (int i = 0; i < 20; i++) {
		int ends[2];
		pid_t first;
		char byte;

		expect_ok(pipe(ends));
		first = expect_ok(fork());
		if (first == 0) {
			expect_ok(setpgid(0, 0));
			expect_eq(write(ends[1], "g", 1), 1);
			relay();
		}
		expect_ok(close(ends[1]));
		expect_eq(read(ends[0], &byte, 1), 1);
		usleep(1000 * (i % 4));
		kill(-first, SIGKILL);
		/* The end of file says that all are gone. */
		expect_eq(read(ends[0], &byte, 1), 0);
		expect_ok(close(ends[0]));
		expect_ok(waitpid(first, NULL, 0));
	}
}

static void *wait_for_usr1(void *result)
{
	sigset_t set = set_of(SIGUSR1);

	*(int *)result = sigwaitinfo(&set, NULL);
	return NULL;
}

TEST(process_signal_finds_the_waiting_thread,
     "A signal to the process that all threads block goes to the one that "
     "waits for it.")
{
	pthread_t thread;
	int seen = 0;

	block(SIGUSR1);
	errno = pthread_create(&thread, NULL, wait_for_usr1, &seen);
	expect(errno == 0);
	expect_ok(kill(getpid(), SIGUSR1));
	errno = pthread_join(thread, NULL);
	expect(errno == 0);
	expect_eq(seen, SIGUSR1);
	expect_eq(is_pending(SIGUSR1), 0);
}
