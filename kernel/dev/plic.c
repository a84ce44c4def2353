// SPDX-License-Identifier: MIT
/*
 * plic.c - the platform-level interrupt controller (RISC-V PLIC spec 1.0).
 *
 * Devices raise sources, numbered from 1; harts listen in contexts, one for
 * each privilege mode of each hart.  A context has a bit for each source it
 * wants, and a threshold of priority.
 *
 *      uart --10--+             +-- context 0: hart 0, M mode
 *      disk ---8--+--> PLIC ----+-- context 1: hart 0, S mode
 *      ...                      +-- context 2: hart 1, M mode ...
 *
 * The hart that is interrupted claims the source, which hides it from the
 * others, runs the handler, and completes, which lets it through again.
 *
 * All sources go to the boot hart: were they offered to each, all would be
 * interrupted and all but one in vain.
 *
 * Which context is whose is the order of "interrupts-extended", a list of
 * (phandle of a hart's own interrupt controller, interrupt there).
 *
 * Locks: none; handlers are registered at boot only.
 */

#include "arch/riscv/hart.h"
#include "kernel/dev/dev.h"
#include "kernel/dev/drivers.h"
#include "kernel/dev/mmio.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/printk.h"

enum {
	/* Byte offsets. */
	PLIC_PRIORITY = 0,
	PLIC_ENABLE = 0x2000,
	PLIC_ENABLE_STRIDE = 0x80,
	PLIC_CONTEXT = 0x200000, /* threshold, then claim and complete */
	PLIC_CONTEXT_STRIDE = 0x1000,
	PLIC_CLAIM = 4,

	SOURCES_MAX = 128,
	SUPERVISOR_EXTERNAL = 9, /* Priv. spec, "scause" */
};

static vaddr_t plic;
static const struct hart *boot_hart;

static struct {
	void (*fn)(void *);
	void *arg;
} handlers[SOURCES_MAX];

static vaddr_t context_address(const struct hart *hart)
{
	return plic + PLIC_CONTEXT +
	       hart->interrupt_context * PLIC_CONTEXT_STRIDE;
}

/* The hart whose own interrupt controller has this phandle, or NULL. */
static struct hart *hart_of(const struct fdt *fdt, uint32_t phandle)
{
	int cpu = fdt_parent(fdt, fdt_find_phandle(fdt, phandle));
	uint64_t id, nothing;

	if (!fdt_reg(fdt, cpu, 0, &id, &nothing))
		return NULL;
	for (unsigned i = 0; i < hart_count(); i++) {
		if (hart_get(i)->id == id)
			return hart_get(i);
	}
	return NULL;
}

static void find_contexts(const struct fdt *fdt, int node)
{
	uint32_t phandle, interrupt;

	for (uint32_t i = 0;; i++) {
		struct hart *hart;

		if (!fdt_cell(fdt, node, "interrupts-extended", 2 * i,
			      &phandle) ||
		    !fdt_cell(fdt, node, "interrupts-extended", 2 * i + 1,
			      &interrupt))
			return;
		hart = interrupt == SUPERVISOR_EXTERNAL ? hart_of(fdt, phandle)
							: NULL;
		if (hart)
			hart->interrupt_context = i;
	}
}

void plic_init(const struct fdt *fdt)
{
	int node = fdt_next_compatible(fdt, -1, "riscv,plic0");
	uint64_t pa, nbytes;

	if (node < 0)
		node = fdt_next_compatible(fdt, -1, "sifive,plic-1.0.0");
	if (node < 0 || !fdt_reg(fdt, node, 0, &pa, &nbytes))
		panic("the device tree has no PLIC");
	find_contexts(fdt, node);
	plic = mmio_address(pa);
	boot_hart = hart_current();
}

void plic_init_hart(void)
{
	mmio_write32(context_address(hart_current()), 0);
}

uint32_t plic_source(const struct fdt *fdt, int node)
{
	uint32_t source = 0;

	fdt_cell(fdt, node, "interrupts", 0, &source);
	return source;
}

void plic_register(uint32_t source, void (*handler)(void *), void *arg)
{
	vaddr_t enable = plic + PLIC_ENABLE + source / 32 * 4 +
			 boot_hart->interrupt_context * PLIC_ENABLE_STRIDE;

	if (source == 0 || source >= SOURCES_MAX) {
		printk("plic: no interrupt source %u\n", source);
		return;
	}
	handlers[source].fn = handler;
	handlers[source].arg = arg;
	mmio_write32(plic + PLIC_PRIORITY + 4 * source, 1);
	mmio_write32(enable, mmio_read32(enable) | 1u << source % 32);
}

void plic_handle(void)
{
	vaddr_t claim = context_address(hart_current()) + PLIC_CLAIM;
	uint32_t source;

	while ((source = mmio_read32(claim))) {
		if (source < SOURCES_MAX && handlers[source].fn)
			handlers[source].fn(handlers[source].arg);
		mmio_write32(claim, source);
	}
}
