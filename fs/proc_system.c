// SPDX-License-Identifier: MIT
/*
 * proc_system.c - what the files in /proc itself say: about memory, time,
 * harts, mounts.
 *
 * The formats are Linux's, because programs parse them (free, top, ps, mount).
 * Lines about things that don't exist here are left out, unless a program
 * is known to miss them.  /proc/vmstat has Linux's names where the meaning is
 * the same, and counters of our own, called quire_*, by which the tests see
 * how something was done: pages written, faults by kind, shootdowns.
 *
 * Tests: usertests, mmaptest.
 */
#include "arch/riscv/boot.h"
#include "arch/riscv/pagetable.h"
#include "arch/riscv/time.h"
#include "fs/buffer.h"
#include "fs/proc.h"
#include "fs/swapfile.h"
#include "kernel/dev/dev.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"
#include "kernel/sync/sched.h"
#include "mm/commit.h"
#include "mm/dirty.h"
#include "mm/fault.h"
#include "mm/huge.h"
#include "mm/slab.h"
#include "mm/swap.h"

void proc_bytes(struct text *text, const char *name, uint64_t nbytes)
{
	char label[24];

	snprintf(label, sizeof(label), "%s:", name);
	text_printf(text, "%-16s%8lu kB\n", label, nbytes >> 10);
}

static void line_kib(struct text *text, const char *name, uint64_t npages)
{
	proc_bytes(text, name, npages << PAGE_SHIFT);
}

static int show_meminfo(struct text *text, int pid)
{
	struct page_counts n;

	page_count(&n);

	uint64_t clean = n.cached - min_u64(n.cached, n.dirty + n.shmem);
	uint64_t buffers = buffer_cached_bytes() >> PAGE_SHIFT;

	line_kib(text, "MemTotal", n.total);
	line_kib(text, "MemFree", n.free);
	line_kib(text, "MemAvailable", n.free + clean + buffers);
	line_kib(text, "Buffers", buffers);
	line_kib(text, "Cached", n.cached);
	line_kib(text, "SwapCached", n.swap_cached);
	line_kib(text, "SwapTotal", swap_counts.total);
	line_kib(text, "SwapFree", swap_counts.total - swap_counts.used);
	line_kib(text, "Dirty", n.dirty);
	line_kib(text, "Writeback", n.writeback);
	line_kib(text, "AnonPages", n.anonymous);
	line_kib(text, "Mapped", n.mapped);
	line_kib(text, "Shmem", n.shmem);
	line_kib(text, "Slab", n.slab);
	line_kib(text, "KernelStack", n.stacks);
	line_kib(text, "PageTables", n.tables);
	line_kib(text, "CommitLimit", commit_limit());
	line_kib(text, "Committed_AS", commit_npages);
	line_kib(text, "AnonHugePages", huge_counts.now << MEGAPAGE_ORDER);
	return 0;
}

static void line_count(struct text *text, const char *name, uint64_t n)
{
	text_printf(text, "%s %lu\n", name, n);
}

static int show_vmstat(struct text *text, int pid)
{
	const struct fault_counts *f = &fault_counts;
	struct page_counts n;

	/* Count what is in use: names that nobody uses hold inodes, and
	 * blocks hold memory. */
	dentry_shrink(NULL, SIZE_MAX);
	buffer_shrink(NULL, SIZE_MAX);
	page_count(&n);
	line_count(text, "nr_free_pages", n.free);
	line_count(text, "nr_anon_pages", n.anonymous);
	line_count(text, "nr_mapped", n.mapped);
	line_count(text, "nr_file_pages", n.cached);
	line_count(text, "nr_dirty", n.dirty);
	line_count(text, "nr_writeback", n.writeback);
	line_count(text, "nr_shmem", n.shmem);
	line_count(text, "nr_page_table_pages", n.tables);
	line_count(text, "nr_swapcached", n.swap_cached);
	line_count(text, "nr_anon_transparent_hugepages", huge_counts.now);
	line_count(text, "pswpin", swap_counts.in);
	line_count(text, "pswpout", swap_counts.out);
	line_count(text, "pgfault", f->faults);
	line_count(text, "pgmajfault", f->major);
	line_count(text, "thp_fault_alloc", huge_counts.faults);
	line_count(text, "thp_fault_fallback", huge_counts.fallbacks);
	line_count(text, "thp_split_pmd", huge_counts.splits);
	line_count(text, "oom_kill", f->oom_kills);
	line_count(text, "quire_data_pages_written",
		   dirty_counts.pages_written);
	line_count(text, "quire_write_errors", dirty_counts.write_errors);
	line_count(text, "quire_harvests", dirty_counts.harvests);
	line_count(text, "quire_harvested", dirty_counts.harvested);
	line_count(text, "quire_fault_anonymous_zero", f->anonymous_zero);
	line_count(text, "quire_fault_anonymous_new", f->anonymous_new);
	line_count(text, "quire_fault_file_read", f->file_read);
	line_count(text, "quire_fault_file_write", f->file_write);
	line_count(text, "quire_cow_copies", f->cow_copies);
	line_count(text, "quire_cow_reuses", f->cow_reuses);
	line_count(text, "quire_fault_mended", f->mended);
	line_count(text, "quire_fault_stack_growth", f->stack_growths);
	line_count(text, "quire_tlb_shootdowns", tlb_shootdowns);
	line_count(text, "quire_slab_pages", n.slab);
#ifdef CONFIG_DEBUG
	line_count(text, "quire_slab_objects", slab_nobjects);
#endif
	line_count(text, "quire_stack_pages", n.stacks);
	line_count(text, "quire_inodes_in_use", inode_count_in_use());
	line_count(text, "quire_inodes_cached", inode_count_cached());
	return 0;
}

static void line_cpu(struct text *text, const char *name,
		     const struct hart_usage *t)
{
	text_printf(text, "%s %lu 0 %lu %lu 0 0 0 0 0 0\n", name,
		    t->user / NSEC_PER_TICK, t->system / NSEC_PER_TICK,
		    t->idle / NSEC_PER_TICK);
}

static struct hart_usage usage_sum(void)
{
	struct hart_usage sum = {0};

	for (unsigned i = 0; i < hart_count(); i++) {
		struct hart_usage t = sched_hart_usage(i);

		sum.user += t.user;
		sum.system += t.system;
		sum.idle += t.idle;
		sum.switches += t.switches;
	}
	return sum;
}

static int show_stat(struct text *text, int pid)
{
	struct hart_usage sum = usage_sum();
	struct process_totals totals;

	process_count(&totals);
	line_cpu(text, "cpu ", &sum);
	for (unsigned i = 0; i < hart_count(); i++) {
		struct hart_usage t = sched_hart_usage(i);
		char name[16];

		snprintf(name, sizeof(name), "cpu%u", i);
		line_cpu(text, name, &t);
	}
	line_count(text, "ctxt", sum.switches);
	line_count(text, "btime", rtc_boot_seconds());
	line_count(text, "processes", totals.forks);
	line_count(text, "procs_running", sched_count_runnable());
	line_count(text, "procs_blocked", 0);
	return 0;
}

static int show_loadavg(struct text *text, int pid)
{
	struct process_totals totals;

	process_count(&totals);
	text_printf(text, "0.00 0.00 0.00 %u/%u %d\n", sched_count_runnable(),
		    totals.tasks, totals.last_pid);
	return 0;
}

static int show_uptime(struct text *text, int pid)
{
	uint64_t up = time_now() / NSEC_PER_TICK;
	uint64_t idle = usage_sum().idle / NSEC_PER_TICK;

	text_printf(text, "%lu.%02lu %lu.%02lu\n", up / 100, up % 100,
		    idle / 100, idle % 100);
	return 0;
}

static int show_version(struct text *text, int pid)
{
	text_printf(text, "Quire version 1 (Linux ABI, riscv64, SMP)\n");
	return 0;
}

static int show_cpuinfo(struct text *text, int pid)
{
	for (unsigned i = 0; i < hart_count(); i++)
		text_printf(text,
			    "processor\t: %u\n"
			    "hart\t\t: %lu\n"
			    "isa\t\t: rv64imafdc\n"
			    "mmu\t\t: sv39\n\n",
			    i, hart_get(i)->id);
	return 0;
}

static int show_cmdline(struct text *text, int pid)
{
	int chosen = fdt_find_path(&device_tree, "/chosen");
	const char *args = fdt_string(&device_tree, chosen, "bootargs");

	if (args)
		text_add(text, args, strlen(args));
	text_add(text, "\n", 1);
	return 0;
}

const struct proc_row proc_root_rows[] = {
	{"cmdline", S_IFREG | 0444, .show = show_cmdline},
	{"cpuinfo", S_IFREG | 0444, .show = show_cpuinfo},
#ifdef CONFIG_DEBUG
	{"fail-request", S_IFREG | 0600, .show = inject_show_requests,
	 .write = inject_write_requests},
#endif
	{"filesystems", S_IFREG | 0444, .show = mount_show_types},
	{"loadavg", S_IFREG | 0444, .show = show_loadavg},
	{"meminfo", S_IFREG | 0444, .show = show_meminfo},
	{"mounts", S_IFREG | 0444, .show = mount_show},
	{"self", S_IFLNK | 0777, .kind = PROC_PLAIN},
	{"stat", S_IFREG | 0444, .show = show_stat},
	{"swaps", S_IFREG | 0444, .show = swapfile_show},
	{"sys", S_IFDIR | 0555, .kind = PROC_PLAIN},
	{"sys/kernel", S_IFDIR | 0555, .kind = PROC_PLAIN},
	{"sys/kernel/hostname", S_IFREG | 0444, .show = sys_show_hostname},
	{"sys/kernel/osrelease", S_IFREG | 0444, .show = sys_show_release},
	{"sys/kernel/ostype", S_IFREG | 0444, .show = sys_show_type},
	{"sys/kernel/pid_max", S_IFREG | 0444, .show = sys_show_pid_max},
	{"sys/kernel/randomize_va_space", S_IFREG | 0644,
	 .show = sys_show_randomize, .write = sys_write_randomize},
	{"sys/kernel/random", S_IFDIR | 0555, .kind = PROC_PLAIN},
	{"sys/kernel/random/boot_id", S_IFREG | 0444, .show = sys_show_boot_id},
	{"sys/kernel/random/uuid", S_IFREG | 0444, .show = sys_show_uuid},
	{"sys/vm", S_IFDIR | 0555, .kind = PROC_PLAIN},
	{"sys/vm/drop_caches", S_IFREG | 0200, .write = sys_write_drop_caches},
	{"sys/vm/overcommit_memory", S_IFREG | 0644,
	 .show = sys_show_overcommit, .write = sys_write_overcommit},
	{"sys/vm/overcommit_ratio", S_IFREG | 0644,
	 .show = sys_show_overcommit_ratio,
	 .write = sys_write_overcommit_ratio},
	{"thread-self", S_IFLNK | 0777, .kind = PROC_THREAD_SELF},
	{"trace", S_IFREG | 0640, .show = trace_show, .write = trace_write},
	{"trace_marker", S_IFREG | 0222, .write = trace_write_marker},
	{"tracing_on", S_IFREG | 0640, .show = trace_show_on,
	 .write = trace_write_on},
	{"uptime", S_IFREG | 0444, .show = show_uptime},
	{"version", S_IFREG | 0444, .show = show_version},
	{"vmstat", S_IFREG | 0444, .show = show_vmstat},
	{0},
};
