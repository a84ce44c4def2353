// SPDX-License-Identifier: MIT
/*
 * proc_maps.c - an address space, as /proc/<pid> shows it.
 *
 *	maps           the list of intervals itself
 *	smaps          the same, with what each costs; rollup: in all
 *	pagemap        what lies at each page: an array of 64-bit words, indexed
 *	               by page number
 *
 * The process may fork, exec, unmap and exit meanwhile.  The address space is
 * held by a counted reference, its list by mm->lock, shared; page-table
 * entries are looked at under mm->ptl, and while an entry names a page it
 * keeps it.  So a text is true of one moment, each word of pagemap of its own.
 * User memory of the reader's is only touched with none of these locks.
 *
 * How many share a page is told by its count of references: one for each
 * entry, and one of the page cache's.  (Whoever works on a page just now is
 * counted, too, for that moment.)
 *
 * Book: chapter 4.  Tests: usertests, mmaptest.
 */
#include "fs/proc.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/sync/sched.h"
#include "mm/huge.h"
#include "mm/mm.h"
#include "mm/page.h"
#include "mm/slab.h"
#include "mm/swap.h"

enum { MAPS_NAME_COLUMN = 73 };

static const char *special_name(const struct mm *mm, const struct vma *v)
{
	if (v->flags & VMA_SPECIAL)
		return "[vdso]";
	if (v->flags & VMA_HEAP)
		return "[heap]";
	if (v->flags & VMA_STACK && v->start < mm->stack_top &&
	    mm->stack_top <= v->end)
		return "[stack]";
	return NULL;
}

/* A name may have line ends in it: they are shown as \012. */
static void add_escaped(struct text *text, const char *name, size_t nname)
{
	for (size_t i = 0; i < nname; i++) {
		if (name[i] == '\n')
			text_add(text, "\\012", 4);
		else
			text_add(text, &name[i], 1);
	}
}

static void show_vma(struct text *text, struct mm *mm, struct vma *v,
		     char *path)
{
	const struct inode *inode = v->file ? v->file->inode : NULL;
	const char *name = special_name(mm, v);
	size_t start = text->length;
	size_t nname = 0;

	if (v->file)
		nname = file_describe(v->file, path, PATH_MAX);
	else if (name)
		nname = strlen(name);
	text_printf(
		text, "%08lx-%08lx %c%c%c%c %08lx %02x:%02x %lu ", v->start,
		v->end, v->prot & VM_R ? 'r' : '-', v->prot & VM_W ? 'w' : '-',
		v->prot & VM_X ? 'x' : '-', v->flags & VMA_SHARED ? 's' : 'p',
		v->file ? v->pgoff << PAGE_SHIFT : 0,
		inode ? inode->super->dev >> 8 & 0xfff : 0,
		inode ? inode->super->dev & 0xff : 0, inode ? inode->ino : 0);
	if (nname) {
		while (text->length - start < MAPS_NAME_COLUMN)
			text_add(text, " ", 1);
		add_escaped(text, v->file ? path : name, nname);
	}
	text_add(text, "\n", 1);
}

/* Call @show for each interval, in order. */
static int show_vmas(struct text *text, int pid,
		     void (*show)(struct text *text, struct mm *mm,
				  struct vma *v, char *path))
{
	struct mm *mm = process_mm_get(pid);
	char *path;

	if (!mm)
		return 0;
	path = kmalloc(PATH_MAX);
	if (path) {
		read_lock(&mm->lock);
		for (struct vma *v = vma_next(&mm->vmas, NULL); v;
		     v = vma_next(&mm->vmas, v))
			show(text, mm, v, path);
		read_unlock(&mm->lock);
		kfree(path);
	}
	mm_put(mm);
	return path ? 0 : -ENOMEM;
}

int maps_show(struct text *text, int pid)
{
	return show_vmas(text, pid, show_vma);
}

/* --- smaps --- */

/* In bytes. */
struct cost {
	uint64_t rss, referenced, anonymous;
	uint64_t held[2][2];     /* [shared][dirty] */
	uint64_t pss, pss_dirty; /* each page divided by its sharers */
	uint64_t pss_anon, pss_shmem, pss_locked;
	uint64_t swap, pss_swap, huge;
};

/* How many entries name the page? */
static unsigned nmapped(const struct page *pg)
{
	unsigned refs = pg->refs;

	return (pg->mapping || (page_flags(pg) & PAGE_SWAPPED)) && refs > 1
		       ? refs - 1
		       : refs;
}

static void cost_add(struct cost *c, const struct vma *v, const struct page *pg,
		     pte_t pte)
{
	bool dirty = pte_dirty(pte) || (page_flags(pg) & PAGE_DIRTY);
	unsigned n = nmapped(pg);
	uint64_t pss = PAGE_SIZE / n;

	c->rss += PAGE_SIZE;
	if (pte_accessed(pte))
		c->referenced += PAGE_SIZE;
	c->held[n > 1][dirty] += PAGE_SIZE;
	c->pss += pss;
	if (dirty)
		c->pss_dirty += pss;
	if (v->flags & VMA_LOCKED)
		c->pss_locked += pss;
	if (v->flags & VMA_SPECIAL) /* the kernel's own */
		return;
	if (!pg->mapping) {
		c->anonymous += PAGE_SIZE;
		c->pss_anon += pss;
	} else if (pg->mapping->memory_only) {
		c->pss_shmem += pss;
	}
}

static void cost_add_vma(struct cost *c, struct mm *mm, const struct vma *v)
{
	struct pte_span span = pte_span_start(v->start, v->end);

	while (pte_span_next(&mm->pagetable, &span)) {
		spin_lock(&mm->ptl);
		if (!span.nslots && pte_mega(pte_read(span.above)))
			c->huge += span.next - span.va;
		for (size_t i = 0; i < pte_span_npages(&span); i++) {
			pte_t pte = pte_span_read(&span, i);
			struct page *pg;

			if (pte_swapped(pte)) {
				c->swap += PAGE_SIZE;
				c->pss_swap +=
					PAGE_SIZE /
					swap_nsharers(pte_swap_place(pte));
			}
			if (!pte_has_page(pte))
				continue;
			pg = page_from_pfn(pte_pfn(pte));
			if (pg != page_of_zeros)
				cost_add(c, v, pg, pte);
		}
		spin_unlock(&mm->ptl);
	}
}

/* The part that smaps and its rollup have in common. */
static void show_cost(struct text *text, const struct cost *c, bool rollup)
{
	uint64_t file = c->pss - c->pss_anon - c->pss_shmem;

	proc_bytes(text, "Rss", c->rss);
	proc_bytes(text, "Pss", c->pss);
	proc_bytes(text, "Pss_Dirty", c->pss_dirty);
	if (rollup) {
		proc_bytes(text, "Pss_Anon", c->pss_anon);
		proc_bytes(text, "Pss_File", file);
		proc_bytes(text, "Pss_Shmem", c->pss_shmem);
	}
	proc_bytes(text, "Shared_Clean", c->held[true][false]);
	proc_bytes(text, "Shared_Dirty", c->held[true][true]);
	proc_bytes(text, "Private_Clean", c->held[false][false]);
	proc_bytes(text, "Private_Dirty", c->held[false][true]);
	proc_bytes(text, "Referenced", c->referenced);
	proc_bytes(text, "Anonymous", c->anonymous);
	proc_bytes(text, "AnonHugePages", c->huge);
	proc_bytes(text, "Swap", c->swap);
	proc_bytes(text, "SwapPss", c->pss_swap);
	proc_bytes(text, "Locked", c->pss_locked);
}

static void show_flags(struct text *text, const struct vma *v)
{
	const struct {
		bool set;
		const char *letters;
	} flags[] = {
		{v->prot & VM_R, "rd "},
		{v->prot & VM_W, "wr "},
		{v->prot & VM_X, "ex "},
		{v->flags & VMA_SHARED, "sh "},
		{v->maxprot & VM_R, "mr "},
		{v->maxprot & VM_W, "mw "},
		{v->maxprot & VM_X, "me "},
		{v->flags & VMA_SHARED, "ms "},
		{v->flags & VMA_STACK, "gd "},
		{v->flags & VMA_LOCKED, "lo "},
		{v->flags & VMA_SEQUENTIAL, "sr "},
		{v->flags & VMA_RANDOM, "rr "},
		{v->flags & VMA_DONTFORK, "dc "},
		{v->flags & VMA_ONFAULT, "lf "},
		{v->flags & VMA_NORESERVE, "nr "},
		{v->flags & VMA_WIPEONFORK, "wf "},
		{v->flags & VMA_HUGEPAGE, "hg "},
		{v->flags & VMA_NOHUGEPAGE, "nh "},
	};

	text_add(text, "VmFlags: ", 9);
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		if (flags[i].set)
			text_add(text, flags[i].letters, 3);
	text_add(text, "\n", 1);
}

static void show_smap(struct text *text, struct mm *mm, struct vma *v,
		      char *path)
{
	struct cost c = {0};

	cost_add_vma(&c, mm, v);
	show_vma(text, mm, v, path);
	proc_bytes(text, "Size", v->end - v->start);
	proc_bytes(text, "KernelPageSize", PAGE_SIZE);
	proc_bytes(text, "MMUPageSize", PAGE_SIZE);
	show_cost(text, &c, false);
	text_printf(text, "THPeligible:    %8u\n", huge_eligible(v));
	show_flags(text, v);
}

int maps_show_smaps(struct text *text, int pid)
{
	return show_vmas(text, pid, show_smap);
}

int maps_show_rollup(struct text *text, int pid)
{
	struct mm *mm = process_mm_get(pid);
	struct cost c = {0};
	vaddr_t start = 0, end = 0;

	if (!mm)
		return -ESRCH;
	read_lock(&mm->lock);
	for (struct vma *v = vma_next(&mm->vmas, NULL); v;
	     v = vma_next(&mm->vmas, v)) {
		start = end ? start : v->start;
		end = v->end;
		cost_add_vma(&c, mm, v);
	}
	read_unlock(&mm->lock);
	mm_put(mm);
	if (!end)
		return -ESRCH;
	text_printf(text,
		    "%08lx-%08lx ---p 00000000 00:00 0                    "
		    "      [rollup]\n",
		    start, end);
	show_cost(text, &c, true);
	return 0;
}

/* --- pagemap --- */

static const uint64_t PAGEMAP_PRESENT = 1ul << 63, PAGEMAP_FILE = 1ul << 61,
		      PAGEMAP_SWAPPED = 1ul << 62,
		      PAGEMAP_EXCLUSIVE = 1ul << 56;

static uint64_t pagemap_word(pte_t pte)
{
	const struct page *pg = page_from_pfn(pte_pfn(pte));
	uint64_t word = PAGEMAP_PRESENT | pte_pfn(pte);

	if (pte_swapped(pte))
		return PAGEMAP_SWAPPED | pte_swap_place(pte);

	if (pg == page_of_zeros)
		return word;
	if (pg->mapping)
		word |= PAGEMAP_FILE;
	return nmapped(pg) == 1 ? word | PAGEMAP_EXCLUSIVE : word;
}

/* The words of @n pages from @va on. */
static void pagemap_fill(struct mm *mm, vaddr_t va, uint64_t *words, size_t n)
{
	struct pte_span span = pte_span_start(va, va + n * PAGE_SIZE);

	memset(words, 0, n * sizeof(*words));
	read_lock(&mm->lock);
	spin_lock(&mm->ptl);
	while (pte_span_next(&mm->pagetable, &span)) {
		uint64_t *at = words + ((span.va - va) >> PAGE_SHIFT);

		for (size_t i = 0; i < pte_span_npages(&span); i++) {
			pte_t pte = pte_span_read(&span, i);

			if (!pte_none(pte))
				at[i] = pagemap_word(pte);
		}
	}
	spin_unlock(&mm->ptl);
	read_unlock(&mm->lock);
}

ssize_t maps_move_pagemap(struct mm *mm, uint64_t offset, size_t nbytes,
			  struct uio *uio, void *page, bool write)
{
	const uint64_t end = USER_END >> PAGE_SHIFT << 3;
	size_t total = 0, n, put;

	if (write || offset % 8 || nbytes % 8)
		return -EINVAL;
	nbytes = offset < end ? min_u64(nbytes, end - offset) : 0;
	while (total < nbytes && !sched_killed()) {
		n = min_u64(nbytes - total, PAGE_SIZE);
		pagemap_fill(mm, (offset + total) / 8 << PAGE_SHIFT, page,
			     n / 8);
		put = uio_copy_to(uio, page, n);
		total += put;
		if (put < n)
			return total ? (ssize_t)total : -EFAULT;
		sched_point();
	}
	return total;
}
