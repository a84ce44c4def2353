// SPDX-License-Identifier: MIT
/*
 * memory.c - the steps that change the address space.
 *
 * Where a mapping lands that is not told where to is each kernel's own
 * affair: such a one is unmapped again at once.
 */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "differ.h"

/* Which pages are private anonymous memory, all of whose frames are its own:
 * of others mincore(2) says what is in caches. */
static bool own_memory[ARENA_PAGES];
/* Which pages were mapped, and treated since, by one call: 0 is none.  They
 * are one interval on any kernel; of others Linux can't always make one. */
static unsigned origin[ARENA_PAGES], origins;
static char *heap;

struct range {
	char *start;
	size_t nbytes;
};

/* Mostly whole pages in the arena. */
static struct range any_range(unsigned most_pages)
{
	size_t first = below(ARENA_PAGES), npages = 1 + below(most_pages);

	if (npages > ARENA_PAGES - first)
		npages = ARENA_PAGES - first;
	struct range r = {ARENA + first * PAGE, npages * PAGE};
	if (one_in(12))
		r.nbytes -= 1 + below(PAGE - 1);
	switch (below(96)) {
	case 0:
		r.start += 1 + below(PAGE - 1);
		r.nbytes = 1 + below(PAGE);
		break;
	case 1:
		r.nbytes = 0;
		break;
	case 2:
		r.nbytes = -(size_t)PAGE * below(4) - below(2);
		break;
	}
	return r;
}

static void say_range(const char *what, struct range r)
{
	say("%s", what);
	say_address(r.start);
	if ((ssize_t)r.nbytes > 0 && r.nbytes % PAGE == 0)
		say(" pages %zu", r.nbytes / PAGE);
	else
		say(" bytes %zd", r.nbytes);
}

/* The pages that the calls make of it; none if they refuse it. */
static size_t first_page(struct range r)
{
	return (r.start - ARENA) / PAGE;
}

static size_t end_page(struct range r)
{
	return (r.start - ARENA + r.nbytes + PAGE - 1) / PAGE;
}

static void set_pages(struct range r, unsigned from, bool own)
{
	for (size_t page = first_page(r); page < end_page(r); page++) {
		origin[page] = from;
		own_memory[page] = own;
	}
}

/* What is done to the range alone sets it apart. */
static void set_apart(struct range r)
{
	origins++;
	if ((ssize_t)r.nbytes <= 0)
		return;
	for (size_t page = first_page(r); page < end_page(r); page++)
		if (page < ARENA_PAGES && origin[page])
			origin[page] = origin[page] * 1000003 + origins;
}

/* Never executable alone: whether that can be read depends on the hart. */
static int any_prot(void)
{
	static const int prots[] = {
		PROT_NONE,
		PROT_READ,
		PROT_WRITE,
		PROT_READ | PROT_WRITE,
		PROT_READ | PROT_WRITE,
		PROT_READ | PROT_WRITE,
		PROT_READ | PROT_EXEC,
		PROT_READ | PROT_WRITE | PROT_EXEC,
	};

	return prots[below(sizeof(prots) / sizeof(prots[0]))];
}

void memory_start(void)
{
	heap = sbrk(0);
	heap += -(uintptr_t)heap % PAGE;
	syscall(SYS_brk, heap);
}

char *heap_start(void)
{
	return heap;
}

/* --- mmap ---------------------------------------------------------------- */

static int any_flags(void)
{
	static const int extra[] = {MAP_POPULATE, MAP_NORESERVE, MAP_STACK,
				    MAP_LOCKED, MAP_POPULATE | MAP_NONBLOCK};
	int flags = one_in(2) ? MAP_PRIVATE : MAP_SHARED;

	if (one_in(32))
		flags = below(2) ? MAP_SHARED_VALIDATE : 0;
	switch (below(8)) {
	case 0:
		flags |= MAP_FIXED_NOREPLACE;
		break;
	case 1:
		break;
	default:
		flags |= MAP_FIXED;
	}
	if (one_in(6))
		flags |= extra[below(sizeof(extra) / sizeof(extra[0]))];
	return flags;
}

static void say_flags(int flags)
{
	static const char *const types[] = {"type-0", "shared", "private",
					    "shared-validate"};

	say(" %s", types[flags & MAP_TYPE]);
	if (flags & MAP_FIXED)
		say(" fixed");
	if (flags & MAP_FIXED_NOREPLACE)
		say(" noreplace");
	flags &= ~(MAP_TYPE | MAP_FIXED | MAP_FIXED_NOREPLACE | MAP_ANONYMOUS);
	if (flags)
		say(" %#x", flags);
}

static void map_done(struct range r, int flags, char *at)
{
	if (at == MAP_FAILED) {
		say_result(-1);
	} else if (at != r.start) {
		say(" = elsewhere\n");
		munmap(at, r.nbytes);
	} else {
		say(" = there\n");
		set_pages(r, ++origins,
			  (flags & MAP_ANONYMOUS) &&
				  (flags & MAP_TYPE) == MAP_PRIVATE);
	}
}

void step_map(void)
{
	struct range r = any_range(8);
	int prot = any_prot(), flags = any_flags();
	off_t offset = below(FILE_PAGES) * PAGE;
	const struct descriptor *d = file_any();

	if (one_in(64))
		offset = one_in(2) ? offset + 512 : -PAGE;
	if (below(5) < 2)
		flags |= MAP_ANONYMOUS;
	if (odd_sizes && (flags & MAP_TYPE) != MAP_PRIVATE)
		while (d->mode == O_RDWR)
			d = file_any();
	say_range("mmap", r);
	say_prot(prot);
	say_flags(flags);
	if (flags & MAP_ANONYMOUS)
		say(" anonymous");
	else
		say(" %s", d->name);
	say(" at %ld", (long)offset);
	map_done(r, flags, mmap(r.start, r.nbytes, prot, flags, d->fd, offset));
}

/* --- mremap -------------------------------------------------------------- */

/* The range is no longer than the call that mapped its first page made it. */
static struct range one_origin(struct range r)
{
	size_t page = first_page(r), end = page + 1;

	while (end < end_page(r) && origin[end] == origin[page])
		end++;
	r.nbytes = (end - page) * PAGE;
	return r;
}

/* Where the kernel put it is its own affair: back to a place of ours. */
static void bring_back(char *at, struct range old, size_t nbytes, bool own)
{
	struct range back = {ARENA + below(ARENA_PAGES) * PAGE, nbytes};

	say(" = elsewhere");
	if (end_page(back) > ARENA_PAGES)
		back.start = ARENA;
	char *now = mremap(at, nbytes, nbytes, MREMAP_MAYMOVE | MREMAP_FIXED,
			   back.start);
	say(", now");
	say_address(now);
	say("\n");
	if (old.nbytes)
		set_pages(old, 0, false);
	set_pages(back, ++origins, own);
}

static void remap_done(char *at, struct range old, size_t nbytes, int flags)
{
	bool own = own_memory[first_page(old)];

	if (at == MAP_FAILED) {
		say_result(-1);
	} else if (at < ARENA || at >= ARENA + ARENA_PAGES * PAGE) {
		if (flags & MREMAP_DONTUNMAP) {
			set_apart(old);
			old.nbytes = 0;
		}
		bring_back(at, old, nbytes, own);
	} else {
		say(" = there\n");
		if (flags & MREMAP_DONTUNMAP)
			set_apart(old); /* it is not locked any more */
		else
			set_pages(old, 0, false);
		set_pages((struct range){at, nbytes}, ++origins, own);
	}
}

/* Never one to a fixed place that fails after it has emptied that: what is
 * left then is each kernel's own affair. */
void step_remap(void)
{
	struct range old = one_origin(any_range(6));
	size_t nbytes = old.nbytes, room = ARENA_PAGES - first_page(old);
	char *to = ARENA + below(ARENA_PAGES) * PAGE;
	int flags = one_in(4) ? 0 : MREMAP_MAYMOVE;

	if (one_in(2))
		nbytes = (1 + below(room < 6 ? room : 6)) * PAGE;
	if ((uintptr_t)old.start % PAGE == 0 && one_in(2))
		flags |= MREMAP_FIXED;
	if (one_in(6))
		flags |= MREMAP_DONTUNMAP;
	if (one_in(64))
		flags |= 8;
	if (to + nbytes > ARENA + ARENA_PAGES * PAGE)
		to = ARENA;
	say_range("mremap", old);
	say(" to pages %zu %#x", nbytes / PAGE, flags);
	say_address(to);
	remap_done(mremap(old.start, old.nbytes, nbytes, flags, to), old,
		   nbytes, flags);
}

/* --- the others ---------------------------------------------------------- */

void step_unmap(void)
{
	struct range r = any_range(4);
	int result = munmap(r.start, r.nbytes);

	say_range("munmap", r);
	say_result(result);
	if (result == 0)
		set_pages(r, 0, false);
}

void step_protect(void)
{
	struct range r = any_range(8);
	int prot = any_prot();

	if (one_in(64))
		prot |= 0x40;
	say_range("mprotect", r);
	say_prot(prot);
	say_result(mprotect(r.start, r.nbytes, prot));
	set_apart(r);
}

void step_sync(void)
{
	struct range r = any_range(16);
	int flags = one_in(4) ? below(16) : MS_SYNC;

	say_range("msync", r);
	say(" %#x", flags);
	say_result(msync(r.start, r.nbytes, flags));
}

/* Without MADV_FREE, which has a step of its own, and what splits intervals on
 * Linux alone. */
void step_advise(void)
{
	static const int advices[] = {
		MADV_DONTNEED,       MADV_DONTNEED,        MADV_DONTNEED,
		MADV_DONTNEED,       MADV_NORMAL,          MADV_RANDOM,
		MADV_SEQUENTIAL,     MADV_WILLNEED,        MADV_COLD,
		MADV_PAGEOUT,        MADV_DONTFORK,        MADV_DOFORK,
		MADV_WIPEONFORK,     MADV_KEEPONFORK,      MADV_POPULATE_READ,
		MADV_POPULATE_WRITE, MADV_DONTNEED_LOCKED, 99,
		MADV_REMOVE,
	};
	struct range r = any_range(8);
	/* Not every disk can do the last. */
	unsigned all = sizeof(advices) / sizeof(advices[0]) - !in_memory;
	int advice = advices[below(all)];

	say_range("madvise", r);
	say(" %d", advice);
	say_result(madvise(r.start, r.nbytes, advice));
	set_apart(r);
}

void step_resident(void)
{
	struct range r = any_range(16);
	unsigned char there[ARENA_PAGES];
	int result = mincore(r.start, r.nbytes, there);

	say_range("mincore", r);
	if (result == 0) {
		say(" ");
		for (size_t page = first_page(r); page < end_page(r); page++)
			say("%c", !own_memory[page]                 ? '?'
				  : there[page - first_page(r)] & 1 ? '1'
								    : '0');
	}
	say_result(result);
}

void step_lock(void)
{
	struct range r = any_range(6);

	switch (below(5)) {
	case 0:
		say_range("mlock", r);
		say_result(mlock(r.start, r.nbytes));
		break;
	case 1:
		say_range("mlock on fault", r);
		say_result(mlock2(r.start, r.nbytes, MLOCK_ONFAULT));
		break;
	case 2:
		say_range("munlock", r);
		say_result(munlock(r.start, r.nbytes));
		break;
	case 3:
		say("munlockall");
		say_result(munlockall());
		break;
	case 4:
		r = (struct range){ARENA, ARENA_PAGES * PAGE};
		int flags = below(one_in(16) ? 16 : 8);
		say("mlockall %#x", flags);
		say_result(mlockall(flags));
	}
	set_apart(r);
}

/* From one place of the arena to another, by way of the call that does so for
 * two processes: a page, or few bytes, as for files.  The other's are in one
 * page: of several Linux brings in all before it copies any. */
void step_copy_across(void)
{
	bool whole = one_in(2), writes = one_in(2);
	size_t nbytes = whole ? PAGE : below(SMALL + 1);
	char *at = whole ? ARENA + below(ARENA_PAGES) * PAGE : near_an_edge();
	char *there =
		whole ? ARENA + below(ARENA_PAGES) * PAGE : away_from_edges();
	struct iovec near = {at, nbytes};
	struct iovec far = {there, nbytes};

	say("process_vm_%s", writes ? "writev" : "readv");
	say_address(near.iov_base);
	say(" and");
	say_address(far.iov_base);
	say(" bytes %zu", nbytes);
	say_result(writes ? process_vm_writev(getpid(), &near, 1, &far, 1, 0)
			  : process_vm_readv(getpid(), &near, 1, &far, 1, 0));
}

static bool fill_range(struct range r, uint64_t value)
{
	bool all = true;

	for (size_t at = 0; at < r.nbytes; at += PAGE)
		if (!probe_fill(r.start + at, value + at))
			all = false;
	return all;
}

/* MADV_FREE promises nothing until the next store: that comes at once. */
void step_free(void)
{
	size_t first = below(ARENA_PAGES), room = ARENA_PAGES - first;
	size_t npages = 1 + below(room < 4 ? room : 4);
	struct range r = {ARENA + first * PAGE, npages * PAGE};
	uint64_t value = draw();

	say_range("free", r);
	if (!fill_range(r, value)) {
		say(" not writable\n");
		return;
	}
	say_result(madvise(r.start, r.nbytes, MADV_FREE));
	if (!fill_range(r, value + 1))
		say("        not writable any more\n");
}

/* --- stacks -------------------------------------------------------------- */

/* How far below the arena they are, at most and at least. */
enum { STACK_ROOM = 1200, GAP = 256 };

static void map_low(const char *what, struct range r, int flags)
{
	static const int prots[] = {PROT_READ | PROT_WRITE, PROT_READ,
				    PROT_NONE};
	int prot = prots[one_in(3) ? below(3) : 0];

	if (one_in(8))
		flags |= one_in(2) ? MAP_LOCKED : MAP_POPULATE;
	say_range(what, r);
	say_prot(prot);
	say_flags(flags);
	say("\n");
	if (mmap(r.start, r.nbytes, prot, flags, -1, 0) != r.start)
		abort();
}

/* A mapping that grows down; perhaps something below it; and touches around
 * its end, within and beyond the gap that there must be between the two. */
void step_stack(void)
{
	enum { FLAGS = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED };
	size_t npages = 1 + below(3);
	char *start = ARENA - (GAP + 3 + below(STACK_ROOM)) * PAGE;

	map_low("stack", (struct range){start, npages * PAGE},
		FLAGS | MAP_GROWSDOWN);
	if (one_in(2)) {
		size_t distance = 1 + below(one_in(3) ? 2 * GAP : GAP + 20);
		map_low("        below",
			(struct range){start - distance * PAGE, PAGE},
			FLAGS | (one_in(4) ? MAP_GROWSDOWN : 0));
	}
	for (unsigned n = 1 + below(6); n; n--) {
		size_t far = 1 + below((one_in(3) ? 3000 : GAP + 20) * PAGE);
		probe_byte(start - far, one_in(2));
	}
	if (one_in(3)) {
		char *last = start + (npages - 1) * PAGE;
		say("        mprotect down");
		say_result(mprotect(last, PAGE, PROT_READ | PROT_GROWSDOWN));
	}
	say("        maps");
	maps_say(ARENA - PAGES_BELOW * PAGE, ARENA);
	munmap(ARENA - PAGES_BELOW * PAGE, PAGES_BELOW * PAGE);
}

void step_heap(void)
{
	char *wanted = heap + below(HEAP_PAGES * PAGE + 1);

	say("brk %td = %td\n", wanted - heap,
	    (char *)syscall(SYS_brk, wanted) - heap);
}
