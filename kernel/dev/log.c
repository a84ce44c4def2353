// SPDX-License-Identifier: MIT
/*
 * log.c - printk: the kernel's log, in a ring, and on the console.
 *
 * Whoever has something to say formats it on its own stack and then, with the
 * log's lock, appends it to a ring of bytes, from which the oldest fall out,
 * and hands it to the sink.  Before there is a driver there is no sink: the
 * ring keeps what was said, and the first sink gets it all.
 *
 * printk may be called with any lock held and in any interrupt, so the log's
 * lock has nearly the highest rank; only the UART's is taken under it.
 *
 * In a panic there are no locks any more, since their holders have been
 * stopped.  Only one hart runs then.
 *
 * Locks: log_lock (RANK_LOG).  Book: chapter 2.
 */

#include "kernel/dev/log.h"

#include "arch/riscv/boot.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"
#include "kernel/sync/spinlock.h"

enum { RING_SIZE = 32 << 10, MESSAGE_MAX = 512 };

static struct spinlock log_lock = SPINLOCK_INIT("log", RANK_LOG);
static char ring[RING_SIZE];
static uint64_t nwritten; /* bytes ever; the next goes to its remainder */
static void (*log_sink)(const char *bytes, size_t nbytes);
static bool log_quiet;
static atomic_bool in_panic;

static void append(const char *bytes, size_t nbytes)
{
	for (size_t i = 0; i < nbytes; i++)
		ring[nwritten++ % RING_SIZE] = bytes[i];
}

/* All that the ring still has, oldest first. */
static void replay(void (*sink)(const char *, size_t))
{
	size_t at = nwritten % RING_SIZE;

	if (nwritten > RING_SIZE)
		sink(ring + at, RING_SIZE - at);
	sink(ring, at);
}

/* Is the lock ours?  In a panic there is none. */
static bool lock(unsigned long *saved)
{
	if (log_in_panic())
		return false;
	*saved = spin_lock_irq(&log_lock);
	return true;
}

static void unlock(bool locked, unsigned long saved)
{
	if (locked)
		spin_unlock_irq(&log_lock, saved);
}

void vprintk(const char *format, va_list args)
{
	char message[MESSAGE_MAX];
	size_t n = vsnprintf(message, sizeof(message), format, args);
	unsigned long saved = 0;
	bool locked = lock(&saved);

	if (n >= sizeof(message))
		n = sizeof(message) - 1;
	append(message, n);
	if (log_sink && !log_quiet)
		log_sink(message, n);
	unlock(locked, saved);
}

void printk(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vprintk(format, args);
	va_end(args);
}

void printk_set_sink(void (*sink)(const char *bytes, size_t nbytes))
{
	unsigned long saved = 0;
	bool locked = lock(&saved);

	if (!log_sink && !log_quiet)
		replay(sink);
	log_sink = sink;
	unlock(locked, saved);
}

void printk_set_quiet(bool quiet)
{
	log_quiet = quiet;
}

void log_enter_panic(void)
{
	in_panic = true;
	log_quiet = false;
	if (!log_sink)
		printk_set_sink(sbi_console_write);
}

bool log_in_panic(void)
{
	return atomic_load_explicit(&in_panic, memory_order_relaxed);
}
