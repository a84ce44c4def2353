// SPDX-License-Identifier: MIT
/*
 * panic.c - the end, when one of our own invariants is broken.
 *
 * The first hart to get here stops the others, says why, shows what it held,
 * how it got there and, if that was traced, what it did last, and ends the
 * machine, as panic= says.  It trusts as
 * little as it can: no locks, no memory, no scheduler.  A panic inside the
 * panic skips what is left of the report; one on another hart just waits to be
 * stopped.
 *
 * The first line is "Kernel panic: " and the message: scripts look for it.
 */

#include "arch/riscv/hart.h"
#include "arch/riscv/irq.h"
#include "arch/riscv/time.h"
#include "arch/riscv/trap.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/trace.h"
#include "kernel/sync/spinlock.h"

static atomic_uint panicking; /* the hart's index + 1 */
static bool timeout_set;
static long timeout;

void panic_set_timeout(long seconds)
{
	timeout_set = true;
	timeout = seconds;
}

static _Noreturn void wait_forever(void)
{
	for (;;)
		irq_wait();
}

static _Noreturn void end_machine(void)
{
	uint64_t start = time_now();

	if (!timeout_set)
		machine_power_off(true);
	if (timeout == 0)
		wait_forever();
	while (timeout > 0 &&
	       time_now() - start < (uint64_t)timeout * 1000000000)
		hart_relax();
	machine_reboot();
}

_Noreturn void panic(const char *format, ...)
{
	unsigned me = hart_index() + 1, first = 0;
	char message[256];
	va_list args;

	irq_disable();
	if (!atomic_compare_exchange_strong(&panicking, &first, me)) {
		if (first == me)
			end_machine();
		wait_forever();
	}
	trace_stop();
	harts_stop_others();
	spin_locks_broken = true;
	printk_set_quiet(false);
	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	printk("Kernel panic: %s\n", message);
	printk("  hart %u\n", hart_index());
	lockcheck_print_held();
	trap_print_backtrace();
	trace_print_last();
	end_machine();
}

_Noreturn void assert_failed(const char *expression, const char *file, int line,
			     const char *function)
{
	panic("assertion failed: %s (%s:%d, %s)", expression, file, line,
	      function);
}
