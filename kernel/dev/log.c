// SPDX-License-Identifier: MIT
/*
 * log.c - printk: what the kernel has to say, to whoever shows it.
 *
 * Whoever has something to say formats it on its own stack and then, with the
 * log's lock, hands it to the sink, so that lines come out whole.  The first
 * sink is the firmware's console, which is slow, but is always there; the
 * UART's driver takes over as soon as it can.
 *
 * printk may be called with any lock held and in any interrupt, so the log's
 * lock has nearly the highest rank; only the UART's is taken under it.
 *
 * Locks: log_lock (RANK_LOG).
 */

#include "arch/riscv/boot.h"
#include "kernel/lib/printk.h"
#include "kernel/sync/spinlock.h"

enum { MESSAGE_MAX = 512 };

static struct spinlock log_lock = SPINLOCK_INIT("log", RANK_LOG);
static void (*log_sink)(const char *bytes, size_t nbytes) = sbi_console_write;
static bool log_quiet;

void printk(const char *format, ...)
{
	char message[MESSAGE_MAX];
	unsigned long saved;
	va_list args;
	size_t n;

	va_start(args, format);
	n = vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	saved = spin_lock_irq(&log_lock);
	if (!log_quiet)
		log_sink(message, min_u64(n, sizeof(message) - 1));
	spin_unlock_irq(&log_lock, saved);
}

void printk_set_sink(void (*sink)(const char *bytes, size_t nbytes))
{
	unsigned long saved = spin_lock_irq(&log_lock);

	log_sink = sink;
	spin_unlock_irq(&log_lock, saved);
}

void printk_set_quiet(bool quiet)
{
	log_quiet = quiet;
}
