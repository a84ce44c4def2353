// SPDX-License-Identifier: MIT
/*
 * sbi.c - asking the firmware.
 *
 * The kernel runs in supervisor mode; what only machine mode can do (start a
 * hart, interrupt or fence another one, program the timer, cut the power) is
 * asked of the firmware by an ecall, as the SBI specification 1.0 has it:
 *
 *	a7 extension, a6 function, a0..a4 arguments
 *	-> a0 error (0 or negative), a1 value
 *
 * Extensions are named by numbers that spell their names in ASCII.  OpenSBI
 * has had all those that we need since version 0.9; the debug console (DBCN)
 * is younger, and where it is missing the legacy call 1 writes a character.
 *
 * Nothing here takes a lock or sleeps.
 */

#include "arch/riscv/boot.h"
#include "arch/riscv/sbi.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/printk.h"

enum {
	SBI_LEGACY_PUTCHAR = 0x01,
	SBI_LEGACY_SHUTDOWN = 0x08,
	SBI_BASE = 0x10,
	SBI_TIME = 0x54494d45,
	SBI_IPI = 0x735049,
	SBI_RFENCE = 0x52464e43,
	SBI_HSM = 0x48534d,
	SBI_SRST = 0x53525354,
	SBI_DBCN = 0x4442434e,
};

enum { BASE_SPEC_VERSION = 0, BASE_PROBE = 3, BASE_MVENDORID = 4 };
enum { RFENCE_FENCE_I = 0, RFENCE_SFENCE = 1, RFENCE_SFENCE_ASID = 2 };
enum { DBCN_WRITE_BYTE = 2 };

struct sbi_result {
	long error, value;
};

static bool has_debug_console;

static struct sbi_result call(long extension, long function, uint64_t arg0,
			      uint64_t arg1, uint64_t arg2, uint64_t arg3,
			      uint64_t arg4)
{
	register uint64_t a0 asm("a0") = arg0;
	register uint64_t a1 asm("a1") = arg1;
	register uint64_t a2 asm("a2") = arg2;
	register uint64_t a3 asm("a3") = arg3;
	register uint64_t a4 asm("a4") = arg4;
	register long a6 asm("a6") = function;
	register long a7 asm("a7") = extension;

	asm volatile("ecall"
		     : "+r"(a0), "+r"(a1)
		     : "r"(a2), "r"(a3), "r"(a4), "r"(a6), "r"(a7)
		     : "memory");
	return (struct sbi_result){(long)a0, (long)a1};
}

static bool probe(long extension)
{
	return call(SBI_BASE, BASE_PROBE, extension, 0, 0, 0, 0).value != 0;
}

uint64_t sbi_machine_id(unsigned which)
{
	return call(SBI_BASE, BASE_MVENDORID + which, 0, 0, 0, 0, 0).value;
}

void sbi_init(void)
{
	long version = call(SBI_BASE, BASE_SPEC_VERSION, 0, 0, 0, 0, 0).value;

	if (!probe(SBI_TIME) || !probe(SBI_IPI) || !probe(SBI_RFENCE) ||
	    !probe(SBI_HSM))
		panic("the firmware lacks SBI TIME, IPI, RFENCE or HSM: "
		      "use OpenSBI 0.9 or newer");
	has_debug_console = probe(SBI_DBCN);
	printk("sbi: specification %ld.%ld\n", version >> 24 & 0x7f,
	       version & 0xffffff);
}

void sbi_console_write(const char *bytes, size_t nbytes)
{
	for (size_t i = 0; i < nbytes; i++) {
		uint8_t byte = (uint8_t)bytes[i];

		if (has_debug_console)
			call(SBI_DBCN, DBCN_WRITE_BYTE, byte, 0, 0, 0, 0);
		else
			call(SBI_LEGACY_PUTCHAR, 0, byte, 0, 0, 0, 0);
	}
}

void sbi_set_timer(uint64_t ticks)
{
	call(SBI_TIME, 0, ticks, 0, 0, 0, 0);
}

/*
 * Calls about several harts name them by a mask of 64 consecutive ids from a
 * base on.  Make one call for each such chunk of @harts, a mask of indices.
 */
static void call_harts(long extension, long function, unsigned long harts,
		       vaddr_t start, uint64_t nbytes, uint32_t asid)
{
	while (harts) {
		unsigned first = __builtin_ctzl(harts);
		unsigned long base = hart_get(first)->id, mask = 0;

		for (unsigned i = first; i < hart_count(); i++) {
			/* An id below the base makes a huge number of it. */
			unsigned long bit = hart_get(i)->id - base;

			if ((harts & 1ul << i) && bit < 64) {
				mask |= 1ul << bit;
				harts &= ~(1ul << i);
			}
		}
		call(extension, function, mask, base, start, nbytes, asid);
	}
}

void sbi_send_ipi(unsigned long harts)
{
	call_harts(SBI_IPI, 0, harts, 0, 0, 0);
}

void sbi_remote_fence_i(unsigned long harts)
{
	call_harts(SBI_RFENCE, RFENCE_FENCE_I, harts, 0, 0, 0);
}

void sbi_remote_sfence(unsigned long harts)
{
	call_harts(SBI_RFENCE, RFENCE_SFENCE, harts, 0, UINT64_MAX, 0);
}

void sbi_remote_sfence_asid(unsigned long harts, vaddr_t start, uint64_t nbytes,
			    uint32_t asid)
{
	call_harts(SBI_RFENCE, RFENCE_SFENCE_ASID, harts, start, nbytes, asid);
}

long sbi_hart_start(unsigned long id, paddr_t entry, uint64_t argument)
{
	return call(SBI_HSM, 0, id, entry, argument, 0, 0).error;
}

void sbi_reset(enum sbi_reset type, bool failure)
{
	if (probe(SBI_SRST))
		call(SBI_SRST, 0, type, failure, 0, 0, 0);
	if (type == SBI_SHUTDOWN)
		call(SBI_LEGACY_SHUTDOWN, 0, 0, 0, 0, 0, 0);
}
