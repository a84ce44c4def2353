// SPDX-License-Identifier: MIT
/*
 * altstack.c - the frame that a handler gets, where it is put, and what the
 * kernel makes of one that a program brings back.
 *
 *	a0 signal   a1 ──► siginfo_t    a2 ──► ucontext_t    ra ──► trampoline
 *
 * A frame is ordinary memory of the program: all of it may have been changed
 * when rt_sigreturn(2) reads it, and nothing but the program's own registers
 * may come of that.
 */

#define _GNU_SOURCE
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>
#include <unwind.h>

#include "testlib/memory.h"
#include "testlib/where.h"

#ifndef SS_AUTODISARM
#define SS_AUTODISARM (1u << 31)
#endif

enum { STACK_PAGES = 16 };

static char *use_stack(unsigned flags)
{
	stack_t stack = {.ss_sp = map_anonymous(STACK_PAGES),
			 .ss_size = STACK_PAGES * PAGE,
			 .ss_flags = flags};

	expect_ok(sigaltstack(&stack, NULL));
	return stack.ss_sp;
}

static void handle(int signal, void (*handler)(int, siginfo_t *, void *),
		   int flags)
{
	struct sigaction action = {.sa_sigaction = handler,
				   .sa_flags = flags | SA_SIGINFO};

	expect_ok(sigaction(signal, &action, NULL));
}

/* --- the alternate stack -------------------------------------------------- */

static volatile sig_atomic_t nruns, flags_inside, errno_inside;
static char *volatile places[8];

static void look_at_stack(int signal, siginfo_t *info, void *context)
{
	stack_t now, other = {.ss_sp = context, .ss_size = 1 << 16};

	(void)info;
	places[nruns++] = __builtin_frame_address(0);
	expect_ok(sigaltstack(NULL, &now));
	flags_inside = now.ss_flags;
	errno_inside = sigaltstack(&other, NULL) ? errno : 0;
	if (signal == SIGUSR1)
		raise(SIGUSR2);
}

TEST(stack_in_use_can_not_be_changed,
     "In a handler on the alternate stack sigaltstack says SS_ONSTACK, and a "
     "new one is EPERM; a second handler runs below the first.")
{
	char *stack = use_stack(0);

	handle(SIGUSR1, look_at_stack, SA_ONSTACK);
	handle(SIGUSR2, look_at_stack, SA_ONSTACK);
	raise(SIGUSR1);
	expect_eq(nruns, 2);
	expect_eq(flags_inside, SS_ONSTACK);
	expect_eq(errno_inside, EPERM);
	expect(stack <= places[1] && places[1] < places[0]);
	expect(places[0] < stack + STACK_PAGES * PAGE);
}

TEST(autodisarm_lends_the_stack_to_one_handler,
     "With SS_AUTODISARM the handler finds no alternate stack, and may set "
     "another; on its return the first is back, flag and all, each time.")
{
	char *stack;
	stack_t now;

	skip_on(ON_EMULATOR, "qemu-user 7.2 does not know the flag");
	stack = use_stack(SS_AUTODISARM);
	handle(SIGUSR2, look_at_stack, SA_ONSTACK);
	for (int i = 0; i < 3; i++) {
		raise(SIGUSR2);
		expect(stack <= places[i]);
		expect(places[i] < stack + STACK_PAGES * PAGE);
		expect_eq(flags_inside, SS_DISABLE);
		expect_eq(errno_inside, 0);
		expect_ok(sigaltstack(NULL, &now));
		expect_eq(now.ss_sp, stack);
		expect_eq((unsigned)now.ss_flags, SS_AUTODISARM);
	}
}

static void raise_again(int signal, siginfo_t *info, void *context)
{
	(void)info;
	(void)context;
	nruns++;
	raise(signal);
}

TEST(full_alternate_stack_ends_the_process,
     "Handlers nested until the alternate stack is full: SIGSEGV, not a frame "
     "below it, nor one at its top again.")
{
	pid_t child = expect_ok(fork());

	if (child == 0) {
		use_stack(0);
		handle(SIGUSR1, raise_again, SA_ONSTACK | SA_NODEFER);
		raise(SIGUSR1);
		_exit(0);
	}
	expect_killed(child, SIGSEGV);
}

static void *stack_of_thread(void *result)
{
	expect_ok(sigaltstack(NULL, result));
	return NULL;
}

TEST(alternate_stack_is_inherited_by_fork_only,
     "A forked process has its parent's alternate stack, a thread has none.")
{
	char *stack = use_stack(0);
	pthread_t thread;
	stack_t seen;
	pid_t child;

	errno = pthread_create(&thread, NULL, stack_of_thread, &seen);
	expect(errno == 0);
	errno = pthread_join(thread, NULL);
	expect(errno == 0);
	expect_eq(seen.ss_flags, SS_DISABLE);
	child = expect_ok(fork());
	if (child == 0) {
		expect_ok(sigaltstack(NULL, &seen));
		expect_eq(seen.ss_sp, stack);
		expect_eq(seen.ss_size, STACK_PAGES * PAGE);
		_exit(0);
	}
	expect_exit(child, 0);
}

TEST(alternate_stack_has_rules,
     "Unknown flags are EINVAL, too small is ENOMEM, SS_DISABLE forgets it, "
     "and a bad pointer is EFAULT before all else.")
{
	stack_t stack = {.ss_sp = map_anonymous(1), .ss_size = PAGE}, old;

	stack.ss_flags = 4;
	expect_errno(sigaltstack(&stack, NULL), EINVAL);
	stack.ss_flags = SS_ONSTACK | SS_DISABLE;
	expect_errno(sigaltstack(&stack, NULL), EINVAL);
	stack.ss_flags = SS_ONSTACK; /* taken for 0 */
	expect_ok(sigaltstack(&stack, NULL));
	expect_ok(sigaltstack(NULL, &old));
	expect_eq(old.ss_flags, 0);
	stack.ss_size = 2047;
	expect_errno(sigaltstack(&stack, NULL), ENOMEM);
	expect_errno(syscall(SYS_sigaltstack, 8, NULL), EFAULT);
	stack.ss_flags = SS_DISABLE;
	expect_ok(sigaltstack(&stack, &old));
	expect_eq(old.ss_size, PAGE);
	expect_ok(sigaltstack(NULL, &old));
	expect_eq(old.ss_flags, SS_DISABLE);
	expect_eq(old.ss_sp, NULL);
	expect_eq(old.ss_size, 0);
}

static __attribute__((noipa)) int dig(int depth)
{
	volatile char frame[1024];

	frame[0] = depth;
	return depth < 0 ? 0 : dig(depth + 1) + frame[0];
}

static _Thread_local sigjmp_buf way_out;

static void jump_out(int signal, siginfo_t *info, void *context)
{
	(void)info;
	(void)context;
	siglongjmp(way_out, signal);
}

static void *overflow_often(void *argument)
{
	use_stack(0);
	for (volatile int i = 0; i < 200; i++)
		if (sigsetjmp(way_out, 1) == 0)
			dig(0);
	return argument;
}

TEST(overflow_is_survived_again_and_again,
     "Three threads overflow their stacks 200 times each, and jump out of the "
     "handler on their alternate stacks.")
{
	pthread_t threads[3];
	pthread_attr_t small;

	pthread_attr_init(&small);
	errno = pthread_attr_setstacksize(&small, 16 * PAGE);
	expect(errno == 0);
	handle(SIGSEGV, jump_out, SA_ONSTACK);
	for (int i = 0; i < 3; i++) {
		errno = pthread_create(&threads[i], &small, overflow_often,
				       NULL);
		expect(errno == 0);
	}
	for (int i = 0; i < 3; i++) {
		errno = pthread_join(threads[i], NULL);
		expect(errno == 0);
	}
}

/* --- the frame ------------------------------------------------------------ */

/* What Linux defines: sizes, and where things are. */
_Static_assert(sizeof(siginfo_t) == 128, "siginfo_t");
_Static_assert(offsetof(ucontext_t, uc_stack) == 16, "uc_stack");
_Static_assert(offsetof(ucontext_t, uc_sigmask) == 40, "uc_sigmask");
_Static_assert(offsetof(ucontext_t, uc_mcontext) == 176, "uc_mcontext");

enum {
	REGISTERS = 32 * 8, /* pc, x1 to x31; the floating ones follow */
	END_MARK = REGISTERS + 516,
	FRAME = 128 + 176 + REGISTERS + 528,
};

static volatile uint64_t mask_of_frame, flags_of_frame, link_of_frame;
static volatile uint64_t info_of_frame, context_of_frame, sp_of_frame;
static volatile uint32_t end_of_frame[3];
static uint32_t trampoline[2];

static void look_at_frame(int signal, siginfo_t *info, void *argument)
{
	ucontext_t *context = argument;
	uint32_t *end = (uint32_t *)((char *)&context->uc_mcontext + END_MARK);

	(void)signal;
	memcpy(trampoline, __builtin_return_address(0), sizeof(trampoline));
	mask_of_frame = *(uint64_t *)&context->uc_sigmask;
	flags_of_frame = context->__uc_flags;
	link_of_frame = (uint64_t)context->uc_link;
	info_of_frame = (uint64_t)info;
	context_of_frame = (uint64_t)context;
	sp_of_frame = context->uc_mcontext.__gregs[REG_SP];
	for (int i = 0; i < 3; i++)
		end_of_frame[i] = end[i];
}

TEST(frame_is_laid_out_as_on_linux,
     "siginfo and ucontext lie 16-aligned just below the old stack pointer; "
     "flags, link and the extensions' end mark are 0; the handler returns to "
     "the two instructions that debuggers look for.")
{
	sigset_t set;

	skip_on(ON_EMULATOR, "qemu-user has a layout of its own");
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	expect_ok(sigprocmask(SIG_SETMASK, &set, NULL));
	handle(SIGUSR1, look_at_frame, 0);
	raise(SIGUSR1);
	expect_eq(trampoline[0], 0x08b00893); /* li a7, 139 */
	expect_eq(trampoline[1], 0x00000073); /* ecall */
	expect_eq(mask_of_frame, 1ul << (SIGTERM - 1));
	expect_eq(flags_of_frame, 0);
	expect_eq(link_of_frame, 0);
	expect_eq(context_of_frame, info_of_frame + 128);
	expect_eq(info_of_frame, (sp_of_frame - FRAME) & ~15ul);
	for (int i = 0; i < 3; i++)
		expect_eq(end_of_frame[i], 0);
}

static void change_registers(int signal, siginfo_t *info, void *argument)
{
	mcontext_t *registers = &((ucontext_t *)argument)->uc_mcontext;

	(void)signal;
	expect_eq(registers->__gregs[REG_PC], info->si_addr);
	expect_eq(registers->__gregs[REG_A0], 3);
	registers->__gregs[REG_PC] += 4;
	registers->__gregs[REG_A0] = 1000;
	registers->__fpregs.__d.__f[10] = 0x4045000000000000; /* 42.0 */
}

TEST(handler_may_change_registers,
     "What a handler puts into the frame's registers, floating ones and pc "
     "too, is in them when it has returned.")
{
	handle(SIGTRAP, change_registers, 0);

	register long a0 asm("a0") = 3;
	register double fa0 asm("fa0") = 1.5;

	asm volatile(".option push; .option norvc; ebreak; .option pop"
		     : "+r"(a0), "+f"(fa0)::"memory");
	expect_eq(a0, 1000);
	expect(fa0 == 42.0);
}

static struct {
	int nframes;
	bool saw_fault;
} unwound;

static void *volatile store_at;
static __attribute__((noipa)) void fault_here(void)
{
	*(volatile char *)store_at = 1;
}

static _Unwind_Reason_Code visit(struct _Unwind_Context *context, void *data)
{
	uintptr_t ip = _Unwind_GetIP(context);

	(void)data;
	unwound.nframes++;
	if (_Unwind_FindEnclosingFunction((void *)ip) == (void *)fault_here)
		unwound.saw_fault = true;
	return unwound.nframes < 64 ? _URC_NO_REASON : _URC_END_OF_STACK;
}

static void unwind(int signal, siginfo_t *info, void *context)
{
	(void)signal;
	(void)info;
	(void)context;
	_Unwind_Backtrace(visit, NULL);
	store_at = NULL;
	siglongjmp(way_out, 1);
}

TEST(unwinding_goes_through_a_handler,
     "_Unwind_Backtrace in a handler finds the function that faulted, and "
     "who called it, behind the kernel's frame.")
{
	handle(SIGSEGV, unwind, 0);
	if (sigsetjmp(way_out, 1) == 0)
		fault_here();
	expect(unwound.saw_fault);
	expect_between(unwound.nframes, 4, 63);
}

/* --- hostile frames ------------------------------------------------------- */

static __attribute__((noreturn)) void sigreturn_at(const void *sp)
{
	register long a7 asm("a7") = SYS_rt_sigreturn;

	asm volatile("mv sp, %0; ecall; unimp" ::"r"(sp), "r"(a7));
	__builtin_unreachable();
}

static volatile int code_seen;
static void *volatile address_seen;

static void note_and_jump(int signal, siginfo_t *info, void *context)
{
	(void)context;
	code_seen = info->si_code;
	address_seen = info->si_addr;
	siglongjmp(way_out, signal);
}

/* The signal that comes of a sigreturn with this stack pointer. */
static int try_sigreturn(const void *sp)
{
	volatile int signal = sigsetjmp(way_out, 1);

	if (signal == 0)
		sigreturn_at(sp);
	return signal;
}

static void catch_all(void)
{
	use_stack(0);
	handle(SIGSEGV, note_and_jump, SA_ONSTACK | SA_NODEFER);
	handle(SIGBUS, note_and_jump, SA_ONSTACK | SA_NODEFER);
	handle(SIGILL, note_and_jump, SA_ONSTACK | SA_NODEFER);
}

/* A frame with this pc, and a stack pointer that is good for nothing; only
 * what the handler needs, gp and tp, is right. */
static char *make_frame(uint64_t pc)
{
	static _Alignas(16) char frame[FRAME];
	uint64_t registers[5] = {pc};

	asm("mv %0, gp; mv %1, tp" : "=r"(registers[3]), "=r"(registers[4]));
	memset(frame, 0, sizeof(frame));
	memcpy(frame + 128 + 176, registers, sizeof(registers));
	return frame;
}

TEST(sigreturn_without_a_frame_is_sigsegv,
     "rt_sigreturn with a stack pointer that has no frame, or not all of "
     "one, is SIGSEGV, from the kernel.")
{
	char *page = reserve(1);
	const void *bad[] = {NULL, (void *)8, page, (void *)-16ul,
			     (void *)0xffffffc080200000};

	skip_on(ON_EMULATOR, "qemu-user reads past the end");
	catch_all();
	for (int i = 0; i < 5; i++) {
		expect_eq(try_sigreturn(bad[i]), SIGSEGV);
		expect_eq(code_seen, SI_KERNEL);
		expect_eq(address_seen, NULL);
	}
	expect_ok(mprotect(page, PAGE, PROT_READ | PROT_WRITE));
	unmap(page + PAGE, 1);
	/* Linux has the registers by the time that it misses the end. */
	memcpy(page + PAGE - FRAME + 16, make_frame(0), FRAME - 16);
	expect_eq(try_sigreturn(page + PAGE - FRAME + 16), SIGSEGV);
	expect_eq(code_seen, SI_KERNEL);
}

TEST(sigreturn_gives_no_rights,
     "A frame whose pc is the kernel's, or no address at all, is SIGSEGV "
     "there; one with extensions' state behind the registers is refused.")
{
	static const uint64_t bad[] = {0xffffffff80200000, 0xffffffc000000000,
				       0x8000000000000000, 0x4000000000, 2};
	char *frame;

	skip_on(ON_EMULATOR,
		"qemu-user has no such frames, nor such addresses");
	catch_all();
	for (int i = 0; i < 5; i++) {
		expect_eq(try_sigreturn(make_frame(bad[i])), SIGSEGV);
		expect_eq(address_seen, bad[i]);
	}
	for (int i = 0; i < 12; i++) {
		frame = make_frame((uint64_t)fault_here);
		frame[128 + 176 + END_MARK + i] = 1;
		expect_eq(try_sigreturn(frame), SIGSEGV);
		expect_eq(code_seen, SI_KERNEL);
	}
	/* And without: it is a jump to there, with x10 = 0. */
	expect_eq(try_sigreturn(make_frame((uint64_t)fault_here)), SIGSEGV);
	expect(code_seen != SI_KERNEL);
}

TEST(random_frames_harm_nobody,
     "500 frames of random bytes, at any alignment, end in a signal each, "
     "and not in the kernel.")
{
	static char frame[FRAME + 16];

	skip_on(ON_EMULATOR, "its own memory would be touched");
	srand(1);
	for (int i = 0; i < 500; i++) {
		pid_t child;

		for (size_t at = 0; at < sizeof(frame); at++)
			frame[at] = rand();
		if (i % 2)
			memset(frame + 128 + 176 + END_MARK, 0, 28);
		child = expect_ok(fork());
		if (child == 0)
			sigreturn_at(frame + i % 16);
		expect_killed(child, SIGSEGV);
	}
}
