// SPDX-License-Identifier: MIT
/*
 * trap.c - what a trap was, and who deals with it.
 *
 * scause says interrupt or exception.  Interrupts (timer, another hart, a
 * device) go to their handlers with interrupts off, wherever they came from.
 * An exception of user mode is a page fault, for the pager, or a mistake of
 * the program, for a signal.  An exception in the kernel is one of two
 * things:
 *
 *	a page fault in copy.S, at a user address, with SUM on: a copy met
 *	a page that is not there.  The pager is asked; if it can't help, or
 *	must not be asked, the copy ends short at its fixup.
 *
 *	anything else: a bug of ours, which is reported with all registers.
 *
 * The kernel is not preempted: an interrupt in it returns to where it was.
 */

#include "arch/riscv/csr.h"
#include "arch/riscv/irq.h"
#include "arch/riscv/layout.h"
#include "arch/riscv/pagetable.h"
#include "arch/riscv/thread.h"
#include "arch/riscv/trap_entry.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"

static const uint64_t CAUSE_INTERRUPT = 1ul << 63;

/* Interrupts, below that bit. */
enum { INTERRUPT_SOFTWARE = 1, INTERRUPT_TIMER = 5, INTERRUPT_EXTERNAL = 9 };

/* Exceptions, by scause: for a page fault, what access it was about; else,
 * which mistake of a program. */
static const struct exception {
	const char *name;
	int access;
	enum trap_kind kind;
} exceptions[] = {
	[0] = {"misaligned fetch", 0, TRAP_MISALIGNED},
	[1] = {"fetch access fault", 0, TRAP_ACCESS_FAULT},
	[2] = {"illegal instruction", 0, TRAP_ILLEGAL_INSTRUCTION},
	[3] = {"breakpoint", 0, TRAP_BREAKPOINT},
	[4] = {"misaligned load", 0, TRAP_MISALIGNED},
	[5] = {"load access fault", 0, TRAP_ACCESS_FAULT},
	[6] = {"misaligned store", 0, TRAP_MISALIGNED},
	[7] = {"store access fault", 0, TRAP_ACCESS_FAULT},
	[12] = {"page fault on fetch", VM_X},
	[13] = {"page fault on load", VM_R},
	[15] = {"page fault on store", VM_W},
};

static const struct exception *exception_of(const struct trap_frame *frame)
{
	static const struct exception unknown = {"unknown exception", 0,
						 TRAP_ILLEGAL_INSTRUCTION};
	size_t n = sizeof(exceptions) / sizeof(exceptions[0]);

	if (frame->cause < n && exceptions[frame->cause].name)
		return &exceptions[frame->cause];
	return &unknown;
}

bool trap_from_user(const struct trap_frame *frame)
{
	return !(frame->status & SSTATUS_SPP);
}

void trap_frame_sanitize(struct trap_frame *frame)
{
	struct thread *thread = thread_current();

	frame->status &= SSTATUS_FS;
	frame->status |= SSTATUS_SPIE;
	if (frame == thread_frame(thread))
		atomic_fetch_or(&thread->pending, THREAD_FRAME);
}

void trap_frame_init_user(struct trap_frame *frame, vaddr_t pc, vaddr_t sp)
{
	struct thread *thread = thread_current();

	*frame = (struct trap_frame){.pc = pc, .sp = sp};
	trap_frame_sanitize(frame);
	if (frame == thread_frame(thread)) {
		thread->fp = (struct fp_state){0};
		thread_load_fp(thread);
	}
}

/* The trap that killed the kernel, for the report. */
static const struct trap_frame *fatal_frame;

static void frame_print(const struct trap_frame *frame)
{
	static const char *const names[] = {
		"pc", "ra", "sp",  "gp",  "tp", "t0", "t1", "t2",
		"s0", "s1", "a0",  "a1",  "a2", "a3", "a4", "a5",
		"a6", "a7", "s2",  "s3",  "s4", "s5", "s6", "s7",
		"s8", "s9", "s10", "s11", "t3", "t4", "t5", "t6",
	};
	const uint64_t *value = &frame->pc;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		printk("%4s %016lx%s", names[i], value[i],
		       i % 4 == 3 ? "\n" : "");
}

/* Does a stack hold two words below @fp? */
static bool in_stack(vaddr_t fp)
{
	vaddr_t low = thread_current()->stack + 16;

	return fp % 8 == 0 && ((fp >= low && fp - low < KERNEL_STACK_SIZE) ||
			       (fp > (vaddr_t)overflow_stack &&
				fp <= (vaddr_t)overflow_stack_end));
}

/*
 * With frame pointers each function's frame ends in two words: where it
 * returns to, and its caller's frame pointer.
 */
void trap_print_backtrace(void)
{
	const uint64_t *fp = __builtin_frame_address(0);

	if (fatal_frame)
		frame_print(fatal_frame);
	printk("  called from");
	for (int i = 0; i < 24 && in_stack((vaddr_t)fp) && fp[-1]; i++) {
		printk("%s%016lx", i % 4 ? " " : "\n    ", fp[-1]);
		fp = (const uint64_t *)fp[-2];
	}
	printk("\n");
}

static _Noreturn void kernel_died(const struct trap_frame *frame)
{
	harts_stop_others();
	fatal_frame = frame;
	panic("%s in the kernel at %016lx, address %016lx",
	      exception_of(frame)->name, frame->pc, frame->value);
}

_Noreturn void trap_stack_overflow(vaddr_t sp, vaddr_t pc, vaddr_t address)
{
	panic("kernel stack overflow at %016lx: sp %016lx, address %016lx", pc,
	      sp, address);
}

static void handle_interrupt(struct trap_frame *frame)
{
	switch (frame->cause & ~CAUSE_INTERRUPT) {
	case INTERRUPT_TIMER:
		/* Pending until there is a new deadline: timer_set(). */
		csr_clear(sie, SIE_TIMER);
		trap_timer(trap_from_user(frame));
		break;
	case INTERRUPT_SOFTWARE:
		csr_clear(sip, SIE_SOFTWARE);
		ipi_handle();
		break;
	case INTERRUPT_EXTERNAL:
		trap_external();
		break;
	default:
		panic("unknown interrupt, scause %016lx", frame->cause);
	}
}

/* Interrupts off on entry; trap_entry.S turns them off again. */
void trap_from_user_mode(struct trap_frame *frame)
{
	const struct exception *exception;

	if (frame->cause & CAUSE_INTERRUPT) {
		handle_interrupt(frame);
		return;
	}
	irq_enable();
	exception = exception_of(frame);
	if (exception->access)
		trap_page_fault(frame, frame->value, exception->access);
	else
		trap_exception(frame, exception->kind);
}

/* Something is pending.  Interrupts are off, and off again on return. */
void trap_before_user_mode(struct trap_frame *frame)
{
	struct thread *thread = thread_current();

	while (atomic_load(&thread->pending) & ~(unsigned long)THREAD_FRAME) {
		trap_return_user(frame);
		irq_disable();
	}
	/* All of the frame will be loaded. */
	atomic_fetch_and(&thread->pending, ~(unsigned long)THREAD_FRAME);
}

/* Where a copy that faulted at @pc goes on, or 0 if it was no copy. */
static vaddr_t fixup_find(vaddr_t pc)
{
	const struct usercopy_fixup *fixup = usercopy_fixups;

	for (; fixup < usercopy_fixups_end; fixup++)
		if (pc >= fixup->start && pc < fixup->end)
			return fixup->landing;
	return 0;
}

static bool copy_resolved(struct trap_frame *frame)
{
	int access = exception_of(frame)->access;
	bool resolved;

	if (!access || thread_current()->nofault)
		return false;
	assert(frame->status & SSTATUS_SPIE);
	irq_enable();
	resolved = trap_page_fault(frame, frame->value, access);
	irq_disable();
	return resolved;
}

/* Interrupts off on entry and exit. */
void trap_from_kernel(struct trap_frame *frame)
{
	vaddr_t landing;

	if (frame->cause & CAUSE_INTERRUPT) {
		handle_interrupt(frame);
		return;
	}
	landing = fixup_find(frame->pc);
	if (!landing || frame->value >= USER_END ||
	    !(frame->status & SSTATUS_SUM)) {
		if (!kernel_fault_spurious(frame->value,
					   exception_of(frame)->access))
			kernel_died(frame);
	} else if (!copy_resolved(frame)) {
		frame->pc = landing;
	}
}
