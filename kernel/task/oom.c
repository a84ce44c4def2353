// SPDX-License-Identifier: MIT
/*
 * oom.c - memory is full, and nothing can be reclaimed: one process ends so
 * that the others can go on.
 *
 * It is the one with the most pages of its own, in memory or swapped out, since
 * it gives the most back, and the youngest of several; never init.  While a
 * victim is on its way out, everybody who needs memory waits and tries again.
 * Who waits here holds nothing that the victim could need, so it does end;
 * should it take very long all the same, it is joined by the next largest.
 *
 * The search is linear in the number of processes: this is no hot path.
 */

#include "arch/riscv/time.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/trace.h"
#include "kernel/sync/sched.h"
#include "kernel/task/process.h"
#include "kernel/task/signal.h"
#include "mm/fault.h"
#include "mm/inject.h"
#include "mm/swap.h"

enum { PAUSE = NSEC_PER_SEC / 500 }; /* before the fault is tried again */

/* Before there is another victim: far more than a busy machine needs. */
static const uint64_t PATIENCE = 30ul * NSEC_PER_SEC;

static uint64_t last_kill; /* (T) when; 0: never */

static bool is_dying(const struct process *p)
{
	return p->exiting || p->pending.set & SIGNAL_BIT(SIGKILL);
}

static uint64_t size_of(const struct process *p)
{
	return p->mm->resident_anon + p->mm->resident_shmem + p->mm->swapped;
}

/* Processes that differ by less are of one size, and the youngest of them
 * goes: a fork bomb's children before the parent that waits for them. */
enum { GRANULE = 64 }; /* pages */

static bool is_better_victim(const struct process *p,
			     const struct process *victim)
{
	uint64_t size = size_of(p) / GRANULE;
	uint64_t victim_size = size_of(victim) / GRANULE;

	return size != victim_size ? size > victim_size
				   : p->start_time >= victim->start_time;
}

/* (T) The largest that is not dying; *dying: somebody is, and not long. */
static struct process *find_victim(bool *dying)
{
	struct process *victim = NULL;

	*dying = false;
	for (struct process *p = process_from(2); p;
	     p = process_from(p->pid + 1)) {
		if (!p->mm)
			continue;
		if (is_dying(p))
			*dying = time_now() < last_kill + PATIENCE;
		else if (!victim || is_better_victim(p, victim))
			victim = p;
		if (*dying)
			return NULL;
	}
	return victim;
}

static void say_why(const struct process *victim)
{
	const struct page_tally *n = &page_tally;

	printk("out of memory: killed %s[%d], %lu KiB; of %lu frames %lu are "
	       "free, %lu hold files (%lu in memory only, %lu dirty), %lu "
	       "tables, %lu slabs, %lu stacks; %lu of %lu swap slots are "
	       "free\n",
	       victim->name, victim->pid, size_of(victim) << (PAGE_SHIFT - 10),
	       page_ntotal, page_nfree(), n->cached, n->shmem, n->dirty,
	       n->tables, n->slab, n->stacks,
	       swap_counts.total - swap_counts.used, swap_counts.total);
}

bool oom_make_room(void)
{
	siginfo_t info = {.si_signo = SIGKILL, .si_code = SI_KERNEL};
	struct process *victim;
	bool dying;

	if (signal_fatal_pending())
		return false;
	if (inject_end())
		return true;
	spin_lock(&process_tree_lock);
	victim = find_victim(&dying);
	if (victim) {
		last_kill = time_now();
		atomic_fetch_add(&fault_counts.oom_kills, 1);
		say_why(victim);
		trace(TRACE_OOM_KILL, victim->pid,
		      size_of(victim) << (PAGE_SHIFT - 10));
		signal_send_process(victim, &info);
	}
	spin_unlock(&process_tree_lock);
	if (signal_fatal_pending() || (!victim && !dying))
		return false;
	sched_prepare();
	sched_block_until(time_now() + PAUSE);
	return true;
}
