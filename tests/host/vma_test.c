/* host-test: mm/vma.c mm/rmap.c kernel/lib/tree.c kernel/sync/spinlock.c tests/host/slab_stub.c */
/* SPDX-License-Identifier: MIT */
/*
 * vma_test.c - the interval list against the most naive model there is: an
 * array that says, for each page, what is mapped there.
 *
 * After each operation the list must show exactly the array's pages, in as
 * few intervals as the array has runs; vma_check() must hold; the file's tree
 * must give what a scan of the list gives; and the gap search what a scan of
 * the array gives.  Once at random, with allocations that fail; and once for
 * all lists over a few pages and all ranges, so that no corner is left out.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/lib/assert.h"
#include "kernel/lib/errno.h"
#include "mm/rmap.h"
#include "mm/vma.h"
#include "tests/host/slab_stub.h"

enum { NPAGES = 300, NFILES = 3, STEPS = 1000000 };

/* What is mapped in one page; compared as bytes. */
struct cell {
	bool mapped;
	uint8_t prot, maxprot;
	uint16_t flags;
	struct file *file;
	pgoff_t pgoff;
};

struct file {
	long refs;
	struct mapping mapping;
};

static const vaddr_t BASE = 0x100000000;
static struct file files[NFILES];
static struct cell model[NPAGES];
static struct vma_list list;
static unsigned long checks;
static unsigned seed;

#define CHECK(cond) \
	do { \
		checks++; \
		if (!(cond)) \
			assert_failed(#cond, __FILE__, __LINE__, __func__); \
	} while (0)

void assert_failed(const char *expression, const char *file, int line,
		   const char *function)
{
	printf("%s:%d: %s: %s is false (seed %u)\n", file, line, function,
	       expression, seed);
	exit(1);
}

struct mapping *file_mapping(struct file *f)
{
	return &f->mapping;
}

void file_get(struct file *f)
{
	f->refs++;
}

void file_put(struct file *f)
{
	CHECK(--f->refs > 0); /* merging never drops the last one */
}

static vaddr_t address(size_t page)
{
	return BASE + page * PAGE_SIZE;
}

/* --- operations, on the list as mmap.c does them, and on the model --- */

static int remove_range(vaddr_t start, vaddr_t end)
{
	int err = vma_cut_range(&list, start, end);
	struct vma *v = vma_find(&list, start);

	while (!err && v && v->start < end) {
		struct vma *next = vma_next(&list, v);

		CHECK(v->start >= start && v->end <= end);
		vma_remove(&list, v);
		if (v->file)
			v->file->refs--;
		vma_free(v);
		v = next;
	}
	return err;
}

static int do_unmap(size_t from, size_t to)
{
	int err = remove_range(address(from), address(to));

	if (!err)
		memset(&model[from], 0, (to - from) * sizeof(*model));
	return err;
}

static int do_map(size_t from, size_t to, const struct cell *what)
{
	struct vma *v = vma_new();
	int err = v ? remove_range(address(from), address(to)) : -ENOMEM;

	if (err) {
		if (v)
			vma_free(v);
		return err;
	}
	v->start = address(from);
	v->end = address(to);
	v->prot = what->prot;
	v->maxprot = what->maxprot;
	v->flags = what->flags;
	v->file = what->file;
	v->pgoff = what->file ? what->pgoff : v->start >> PAGE_SHIFT;
	if (v->file)
		v->file->refs++;
	vma_insert(&list, v);
	vma_merge(&list, address(from), address(to));
	memset(&model[from], 0, (to - from) * sizeof(*model));
	for (size_t i = from; i < to; i++) {
		struct cell *c = &model[i];

		c->mapped = true;
		c->prot = what->prot;
		c->maxprot = what->maxprot;
		c->flags = what->flags;
		c->file = what->file;
		c->pgoff = what->file ? what->pgoff + i - from
				      : address(i) >> PAGE_SHIFT;
	}
	return 0;
}

static int do_protect(size_t from, size_t to, uint8_t prot)
{
	int err = vma_cut_range(&list, address(from), address(to));
	struct vma *v = vma_find(&list, address(from));

	if (err)
		return err;
	for (; v && v->start < address(to); v = vma_next(&list, v))
		v->prot = prot & v->maxprot;
	vma_merge(&list, address(from), address(to));
	for (size_t i = from; i < to; i++)
		if (model[i].mapped)
			model[i].prot = prot & model[i].maxprot;
	return 0;
}

/* The VMA at @page grows into the hole next to it, as brk and stacks do. */
static void do_grow(size_t page, bool down)
{
	struct vma *v = vma_at(&list, address(page));
	size_t first, last;

	if (!v)
		return;
	first = (v->start - BASE) / PAGE_SIZE;
	last = (v->end - BASE) / PAGE_SIZE - 1;
	if (down && first && !model[first - 1].mapped &&
	    model[first].pgoff > 0) {
		vma_set_bounds(&list, v, v->start - PAGE_SIZE, v->end);
		model[first - 1] = model[first];
		model[first - 1].pgoff--;
	}
	if (!down && last + 1 < NPAGES && !model[last + 1].mapped) {
		vma_set_bounds(&list, v, v->start, v->end + PAGE_SIZE);
		model[last + 1] = model[last];
		model[last + 1].pgoff++;
	}
	vma_merge(&list, BASE, address(NPAGES));
}

/* --- comparisons --- */

static bool continues(const struct cell *a, const struct cell *b)
{
	return a->mapped && b->mapped && a->prot == b->prot &&
	       a->maxprot == b->maxprot && a->flags == b->flags &&
	       a->file == b->file && a->pgoff + 1 == b->pgoff;
}

static void compare_list(size_t npages)
{
	size_t runs = 0, mapped = 0, page = 0;

	for (size_t i = 0; i < npages; i++) {
		mapped += model[i].mapped;
		runs += model[i].mapped &&
			!(i && continues(&model[i - 1], &model[i]));
	}
	vma_check(&list);
	CHECK(list.nvmas == runs && list.npages == mapped);
	for (struct vma *v = vma_next(&list, NULL); v; v = vma_next(&list, v)) {
		for (; address(page) < v->start; page++)
			CHECK(!model[page].mapped);
		for (; address(page) < v->end; page++) {
			const struct cell *c = &model[page];

			CHECK(c->mapped && c->prot == v->prot &&
			      c->flags == v->flags && c->file == v->file &&
			      c->pgoff == vma_pgoff(v, address(page)));
		}
	}
	for (; page < npages; page++)
		CHECK(!model[page].mapped);
}

static void compare_find(size_t page)
{
	struct vma *v = vma_find(&list, address(page));
	size_t i = page;

	CHECK(!vma_at(&list, address(page)) == !model[page].mapped);
	while (i < NPAGES && !model[i].mapped)
		i++;
	CHECK(!v == (i == NPAGES));
	if (v)
		CHECK(v->end > address(page) &&
		      (v->start <= address(page) || v->start == address(i)));
	if (model[page].mapped) /* the last byte is still inside */
		CHECK(vma_at(&list, address(page) + PAGE_SIZE - 1) == v);
}

/* Is [from, from + n) free, and clear of the guard gap of what is above? */
static bool fits(size_t from, size_t n)
{
	for (size_t i = from; i < from + n; i++)
		if (model[i].mapped)
			return false;
	for (size_t i = from + n; i < NPAGES; i++)
		if (model[i].mapped)
			return !(model[i].flags & VMA_STACK) ||
			       address(i) >=
				       address(from + n) + STACK_GUARD_GAP;
	return true;
}

static void compare_gap(size_t n, size_t low, size_t high)
{
	vaddr_t found =
		vma_find_gap(&list, n * PAGE_SIZE, address(low), address(high));
	vaddr_t expected = 0;

	for (size_t at = low; at + n <= high; at++)
		if (fits(at, n))
			expected = address(at);
	CHECK(found == expected);
}

/* Every VMA of the file that shows a page of [first, last], and no other. */
static void compare_rmap(struct file *f, pgoff_t first, pgoff_t last)
{
	size_t expected = 0, found = 0;
	pgoff_t at = 0;
	long refs = 1;

	for (struct vma *v = vma_next(&list, NULL); v; v = vma_next(&list, v)) {
		refs += v->file == f;
		expected += v->file == f && v->pgoff <= last &&
			    v->pgoff + vma_npages(v) > first;
	}
	for (struct vma *v = rmap_first(&f->mapping, first, last); v;
	     v = rmap_next(v, first, last)) {
		CHECK(v->pgoff >= at && v->file == f && v->pgoff <= last &&
		      v->pgoff + vma_npages(v) > first);
		at = v->pgoff;
		found++;
	}
	CHECK(found == expected && f->refs == refs);
}

/* --- random --- */

static size_t below(size_t n)
{
	return random() % n;
}

static struct cell random_cell(void)
{
	struct cell c = {.prot = below(4), .maxprot = 7};

	switch (below(4)) {
	case 0:
		c.file = &files[below(NFILES)];
		c.pgoff = below(4) * 10;
		c.flags = below(2) ? VMA_SHARED : 0;
		break;
	case 1:
		c.flags = below(16) ? 0 : VMA_STACK;
		break;
	}
	return c;
}

static void random_step(void)
{
	size_t from = below(NPAGES);
	size_t to = from + 1 + below(min_u64(NPAGES - from, 40));
	struct cell what = random_cell();

	slab_stub_fail_next(below(20) == 0);
	switch (below(8)) {
	case 0:
	case 1:
		do_map(from, to, &what);
		break;
	case 2:
		do_unmap(from, to);
		break;
	case 3:
		do_protect(from, to, what.prot);
		break;
	case 4:
		do_grow(from, below(2));
		break;
	case 5:
		compare_find(from);
		break;
	case 6:
		compare_gap(1 + below(60), from, to);
		compare_gap(1 + below(60), 0, NPAGES);
		break;
	case 7:
		compare_rmap(&files[below(NFILES)], from / 4, to / 4);
		break;
	}
	slab_stub_fail_next(false);
}

static void reset(void)
{
	CHECK(!do_unmap(0, NPAGES));
	CHECK(!list.nvmas && !slab_stub_in_use());
	for (int i = 0; i < NFILES; i++)
		CHECK(files[i].refs == 1 && !files[i].mapping.vmas.root &&
		      !files[i].mapping.nwritable);
}

static void test_random(void)
{
	for (int i = 0; i < STEPS; i++) {
		random_step();
		/* The whole comparison costs more than the operation. */
		if (i % 8 == 0 || i < 10000)
			compare_list(NPAGES);
	}
	reset();
}

/* --- exhaustive --- */

enum { SMALL = 6, KINDS = 4 };

static const struct cell kinds[KINDS] = {
	{.mapped = false},
	{.prot = VM_R, .maxprot = 7},
	{.prot = VM_R | VM_W, .maxprot = 7},
	{.prot = VM_R, .maxprot = 7, .file = &files[0], .flags = VMA_SHARED},
};

/* The list number @n: its digits say what each page is. */
static void build(unsigned n)
{
	CHECK(!do_unmap(0, SMALL));
	for (size_t page = 0; page < SMALL; page++, n /= KINDS) {
		struct cell what = kinds[n % KINDS];

		what.pgoff = page;
		if (n % KINDS)
			CHECK(!do_map(page, page + 1, &what));
	}
}

static void try_all(unsigned n, size_t from, size_t to)
{
	for (unsigned op = 0; op < KINDS + 2; op++) {
		struct cell what = kinds[op % KINDS];

		what.pgoff = from;
		build(n);
		if (op == 0)
			CHECK(!do_unmap(from, to));
		else if (op < KINDS)
			CHECK(!do_map(from, to, &what));
		else
			CHECK(!do_protect(from, to, op == KINDS ? 0 : 3));
		compare_list(SMALL);
	}
}

static void test_exhaustive(void)
{
	unsigned nlists = 1;

	for (size_t i = 0; i < SMALL; i++)
		nlists *= KINDS;
	for (unsigned n = 0; n < nlists; n++) {
		for (size_t from = 0; from < SMALL; from++)
			for (size_t to = from + 1; to <= SMALL; to++)
				try_all(n, from, to);
		for (size_t size = 1; size <= SMALL; size++)
			compare_gap(size, 0, SMALL);
		compare_rmap(&files[0], n % SMALL, n % SMALL);
	}
	reset();
}

int main(int argc, char **argv)
{
	seed = argc > 1 ? strtoul(argv[1], NULL, 0) : 1;
	printf("vma: seed %u\n", seed);
	srandom(seed);
	vma_init();
	vma_list_init(&list);
	for (int i = 0; i < NFILES; i++) {
		files[i].refs = 1;
		spin_init(&files[i].mapping.lock, "file", RANK_MAPPING);
	}
	test_exhaustive();
	test_random();
	printf("vma: %lu passed\n", checks);
	return 0;
}
