// SPDX-License-Identifier: MIT
/*
 * harts.c - which harts there are, starting them, and talking to them.
 *
 * The device tree has a node for each hart under /cpus, with the id that the
 * firmware knows it by: any number.  We count them 0, 1, 2 ..., the boot hart
 * first, and use those numbers in masks and arrays; sbi.c translates back.
 *
 * Harts that are disabled, or that can't run Linux programs (no RV64GC), or
 * that are more than HARTS_MAX, are left alone.
 *
 * Locking: the table is constant once harts_init() is through.  Harts are
 * started one after another by the boot hart.
 */

#include "arch/riscv/boot.h"
#include "arch/riscv/irq.h"
#include "arch/riscv/kernel_map.h"
#include "arch/riscv/layout.h"
#include "arch/riscv/sbi.h"
#include "arch/riscv/time.h"
#include "arch/riscv/trap_entry.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"

struct hart hart_table[HARTS_MAX];
struct thread *_Atomic hart_starting;
static unsigned nharts = 1;
static atomic_uint stopper; /* who called harts_stop_others(): index + 1 */

bool hart_has_sstc;

uint64_t hart_identity(enum hart_identity which)
{
	return sbi_machine_id(which);
}

unsigned hart_count(void)
{
	return nharts;
}

struct hart *hart_get(unsigned index)
{
	assert(index < nharts);
	return &hart_table[index];
}

/*
 * Is @name among the extensions of a hart?  They are a list of strings
 * ("riscv,isa-extensions"), or, in older trees, one string ("riscv,isa") of
 * single letters and then of names with _ before each:
 * rv64imafdch_zicsr_sstc.
 */
static bool cpu_has(int cpu, const char *name)
{
	size_t length = strlen(name);
	uint32_t nbytes;
	const char *s = fdt_property(&device_tree, cpu, "riscv,isa-extensions",
				     &nbytes);
	const char *end = s + nbytes;

	for (; s && s < end; s += strnlen(s, end - s) + 1)
		if (strnlen(s, end - s) == length && !memcmp(s, name, length))
			return true;
	s = fdt_string(&device_tree, cpu, "riscv,isa");
	if (!s || strncmp(s, "rv64", 4))
		return false;
	for (s += 4; length == 1 && *s && *s != '_'; s++)
		if (*s == *name || (*s == 'g' && strchr("imafd", *name)))
			return true;
	for (s = strchr(s, '_'); s; s = strchr(s, '_'))
		if (!strncmp(++s, name, length) &&
		    (s[length] == '_' || !s[length]))
			return true;
	return false;
}

/* Linux programs are compiled for RV64GC. */
static bool cpu_usable(int cpu)
{
	const char *type = fdt_string(&device_tree, cpu, "device_type");
	static const char *const needed[] = {"i", "m", "a", "f", "d", "c"};

	if (!type || strcmp(type, "cpu") || !fdt_enabled(&device_tree, cpu))
		return false;
	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		if (!cpu_has(cpu, needed[i]))
			return false;
	return true;
}

static void hart_add(unsigned long id, int cpu)
{
	struct hart *hart = &hart_table[id == hart_table[0].id ? 0 : nharts];

	if (hart == &hart_table[HARTS_MAX])
		return;
	if (hart != &hart_table[0])
		hart->index = nharts++;
	hart->id = id;
	hart_has_sstc = hart_has_sstc && cpu_has(cpu, "sstc");
}

void harts_init(unsigned long boot_id)
{
	int cpus = fdt_find_path(&device_tree, "/cpus");
	int cpu = cpus < 0 ? -1 : fdt_first_child(&device_tree, cpus);
	uint64_t id, unused;
	unsigned nunusable = 0;

	hart_table[0].id = boot_id;
	hart_has_sstc = true;
	for (; cpu >= 0; cpu = fdt_next_sibling(&device_tree, cpu)) {
		if (!fdt_reg(&device_tree, cpu, 0, &id, &unused))
			continue;
		if (cpu_usable(cpu) || id == boot_id)
			hart_add(id, cpu);
		else
			nunusable++;
	}
	if (nunusable)
		printk("harts: %u disabled, or not RV64GC\n", nunusable);
}

unsigned long harts_others_online(void)
{
	unsigned long mask = 0;

	for (unsigned i = 0; i < nharts; i++)
		if (i != hart_index() && atomic_load(&hart_table[i].online))
			mask |= 1ul << i;
	return mask;
}

static void start(struct hart *hart, struct thread *idle)
{
	long error;

	thread_init_kernel(idle, idle->stack, NULL, NULL);
	idle->hart = hart;
	atomic_store(&hart_starting, idle);
	error = sbi_hart_start(hart->id, image_to_phys(hart_entry), 0);
	if (error) {
		printk("harts: the firmware can't start hart %lu (%ld)\n",
		       hart->id, error);
		return;
	}
	while (!atomic_load(&hart->online))
		hart_relax();
}

void harts_start(struct thread *(*idle_thread)(unsigned index))
{
	for (unsigned i = 1; i < nharts; i++) {
		struct thread *idle = idle_thread(i);

		if (idle)
			start(&hart_table[i], idle);
	}
}

void hart_send_ipi(unsigned index)
{
	sbi_send_ipi(1ul << index);
}

static _Noreturn void hart_stop(void)
{
	irq_disable();
	atomic_store(&hart_current()->online, false);
	for (;;)
		irq_wait();
}

void ipi_handle(void)
{
	if (atomic_load(&stopper))
		hart_stop();
	trap_ipi();
}

void harts_stop_others(void)
{
	uint64_t deadline = time_now() + 10000000;
	unsigned before = 0, self = hart_index() + 1;

	if (!atomic_compare_exchange_strong(&stopper, &before, self)) {
		if (before == self)
			return;
		hart_stop(); /* two of us: the first one wins */
	}
	sbi_send_ipi(harts_others_online());
	/* One that has interrupts off won't come: don't wait for ever. */
	while (harts_others_online() && time_now() < deadline)
		hart_relax();
}

static _Noreturn void reset(enum sbi_reset type, bool failure)
{
	irq_disable();
	harts_stop_others();
	sbi_reset(type, failure);
	hart_stop();
}

void machine_power_off(bool failure)
{
	reset(SBI_SHUTDOWN, failure);
}

void machine_reboot(void)
{
	reset(SBI_COLD_REBOOT, false);
}
