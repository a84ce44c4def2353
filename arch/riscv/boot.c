// SPDX-License-Identifier: MIT
/*
 * boot.c - what RISC-V needs before, and on each hart when, the kernel can
 * run.
 *
 *	entry.S       the first table, the boot thread, kernel_main()
 *	arch_init     the device tree: harts, clock, memory
 *	arch_init_hart  the final table, the trap vector, interrupts
 *
 * arch_init() gets along without any memory but the image's, and works on the
 * device tree where the firmware left it.  arch_init_hart() runs again on
 * each hart that harts_start() brings up.
 */

#include "arch/riscv/boot.h"
#include "arch/riscv/csr.h"
#include "arch/riscv/layout.h"
#include "arch/riscv/pagetable.h"
#include "arch/riscv/sbi.h"
#include "arch/riscv/time.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/printk.h"

struct fdt device_tree;

static paddr_t memory_end;

/* Let user mode read the clock, but no other counter, as Linux does. */
enum { COUNTER_TIME = 1 << 1 };

const struct memory_range *arch_init(unsigned long hartid, paddr_t fdt)
{
	const struct memory_range *memory;
	uint32_t frequency = 0;
	int cpus;

	sbi_init();
	if (fdt_open(&device_tree, phys_to_virt(fdt)))
		panic("no device tree at physical address %016lx", fdt);
	cpus = fdt_find_path(&device_tree, "/cpus");
	if (cpus >= 0)
		fdt_cell(&device_tree, cpus, "timebase-frequency", 0,
			 &frequency);
	if (!frequency)
		panic("the device tree does not say how fast the clock runs");
	time_init(frequency);
	harts_init(hartid);
	memory = memory_init(fdt, device_tree.nbytes);
	/* We go on reading the device tree, wherever it lies. */
	memory_end = page_up(fdt + device_tree.nbytes);
	for (const struct memory_range *m = memory; m->nbytes; m++)
		memory_end = max_u64(memory_end, m->start + m->nbytes);
	return memory;
}

void arch_init_hart(void)
{
	if (!kernel_pagetable.root) {
		tlb_init();
		pagetable_init_kernel(memory_end);
	}
	pagetable_enter_kernel();
	csr_write(scounteren, COUNTER_TIME);
	csr_write(sie, SIE_SOFTWARE | SIE_EXTERNAL);
	atomic_store(&hart_current()->online, true);
}
