// SPDX-License-Identifier: MIT
/*
 * fdtable.c - small numbers for open files.
 *
 * A table is an array of pointers and two bitmaps over it: which numbers are
 * in use, and which of them close at exec.  POSIX wants the lowest free
 * number, so the first word of the bitmap that may have a zero bit is
 * remembered.  A full table is replaced by one of twice the size.
 *
 * A number is only ever given to a file that is open already, so nobody
 * finds a number that is taken and has no file.
 *
 * Locking: table->lock, a spinlock.  Files are put after it is released,
 * for that may sleep.
 *
 * Tests: tests/host/fdtable_test.c, usertests.
 */
#include "fs/fdtable.h"

#include "fs/locks.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "mm/slab.h"

enum { WORD_BITS = 64, FDTABLE_MIN = WORD_BITS };

/*
 * The arrays, in one piece of memory.  All under the table's lock.
 *
 * Invariants:
 *   F1  bit n of in_use  <=>  files[n] != NULL
 *   F2  cloexec is a subset of in_use
 *   F3  in_use has no zero bit in the words below first_free
 */
struct slots {
	size_t n; /* a multiple of WORD_BITS */
	size_t first_free;
	uint64_t *in_use, *cloexec;
	struct file *files[];
};

struct fdtable {
	atomic_uint refs; /* atomic */
	struct spinlock lock;
	struct slots *slots; /* (lock) */
};

static struct slots *slots_alloc(size_t n)
{
	size_t nwords = n / WORD_BITS;
	struct slots *s = kmalloc_zeroed(sizeof(*s) + n * sizeof(s->files[0]) +
					 2 * nwords * sizeof(s->in_use[0]));

	if (!s)
		return NULL;
	s->n = n;
	s->in_use = (uint64_t *)&s->files[n];
	s->cloexec = s->in_use + nwords;
	return s;
}

static bool bit_get(const uint64_t *bits, size_t n)
{
	return bits[n / WORD_BITS] >> n % WORD_BITS & 1;
}

static void bit_set(uint64_t *bits, size_t n, bool value)
{
	uint64_t mask = 1ul << n % WORD_BITS;

	if (value)
		bits[n / WORD_BITS] |= mask;
	else
		bits[n / WORD_BITS] &= ~mask;
}

/* The lowest free number >= @min; it may lie beyond the slots there are. */
static size_t slots_find_free(struct slots *s, size_t min)
{
	size_t word = max_u64(min / WORD_BITS, s->first_free);
	uint64_t below = 0; /* bits of the first word that are not wanted */

	if (word == min / WORD_BITS)
		below = (1ul << min % WORD_BITS) - 1;
	for (; word < s->n / WORD_BITS; word++, below = 0) {
		uint64_t taken = s->in_use[word] | below;

		if (~taken == 0)
			continue;
		if (min == 0)
			s->first_free = word;
		return word * WORD_BITS + __builtin_ctzl(~taken);
	}
	return max_u64(min, s->n);
}

/* Put @f (or nothing) at @fd, and return what was there. */
static struct file *slots_put(struct slots *s, size_t fd, struct file *f,
			      bool close_on_exec)
{
	struct file *old = s->files[fd];

	s->files[fd] = f;
	bit_set(s->in_use, fd, f != NULL);
	bit_set(s->cloexec, fd, f && close_on_exec);
	if (!f && fd / WORD_BITS < s->first_free)
		s->first_free = fd / WORD_BITS;
	return old;
}

static struct file *slots_get(const struct slots *s, int fd)
{
	return (unsigned)fd < s->n ? s->files[fd] : NULL;
}

/* The first number >= @fd whose bit is set in @bits, or s->n. */
static size_t next_bit(const struct slots *s, const uint64_t *bits, size_t fd)
{
	for (; fd < s->n; fd = (fd | (WORD_BITS - 1)) + 1) {
		uint64_t word = bits[fd / WORD_BITS] >> fd % WORD_BITS;

		if (word)
			return fd + __builtin_ctzl(word);
	}
	return s->n;
}

/* A copy of @from with room for number @fd, or NULL. */
static struct slots *slots_copy(const struct slots *from, size_t fd)
{
	size_t n = from->n, nbytes = from->n / WORD_BITS * sizeof(uint64_t);
	struct slots *to;

	while (n <= fd)
		n *= 2;
	to = slots_alloc(n);
	if (!to)
		return NULL;
	memcpy(to->in_use, from->in_use, nbytes);
	memcpy(to->cloexec, from->cloexec, nbytes);
	memcpy(to->files, from->files, from->n * sizeof(from->files[0]));
	to->first_free = from->first_free;
	return to;
}

/* Make sure that there is a slot @fd. */
static int table_reserve_locked(struct fdtable *table, size_t fd)
{
	struct slots *bigger;

	if (fd < table->slots->n)
		return 0;
	bigger = slots_copy(table->slots, fd);
	if (!bigger)
		return -ENOMEM;
	kfree(table->slots);
	table->slots = bigger;
	return 0;
}

/* A table of @slots, which are taken over; NULL if they are, or no memory. */
static struct fdtable *table_make(struct slots *slots)
{
	struct fdtable *table = slots ? kmalloc_zeroed(sizeof(*table)) : NULL;

	if (!table) {
		kfree(slots);
		return NULL;
	}
	table->slots = slots;
	table->refs = 1;
	spin_init(&table->lock, "fdtable", RANK_FILES);
	return table;
}

struct fdtable *fdtable_new(void)
{
	return table_make(slots_alloc(FDTABLE_MIN));
}

struct fdtable *fdtable_copy(struct fdtable *from)
{
	spin_lock(&from->lock);

	struct fdtable *table = table_make(slots_copy(from->slots, 0));

	if (table) {
		struct slots *s = table->slots;

		for (size_t fd = next_bit(s, s->in_use, 0); fd < s->n;
		     fd = next_bit(s, s->in_use, fd + 1))
			file_get(s->files[fd]);
	}
	spin_unlock(&from->lock);
	return table;
}

struct fdtable *fdtable_hold(struct fdtable *table)
{
	atomic_fetch_add(&table->refs, 1);
	return table;
}

void fdtable_put(struct fdtable *table)
{
	if (atomic_fetch_sub(&table->refs, 1) != 1)
		return;
	fdtable_close_range(table, 0, UINT32_MAX, false);
	kfree(table->slots);
	kfree(table);
}

bool fdtable_is_shared(struct fdtable *table)
{
	return table->refs > 1;
}

int fdtable_get(struct fdtable *table, int fd, struct file **out)
{
	spin_lock(&table->lock);

	struct file *f = slots_get(table->slots, fd);

	if (f)
		file_get(f);
	spin_unlock(&table->lock);
	*out = f;
	return f ? 0 : -EBADF;
}

int fdtable_install(struct fdtable *table, struct file *f, int min,
		    uint64_t limit, bool close_on_exec)
{
	limit = min_u64(limit, INT32_MAX);
	spin_lock(&table->lock);

	size_t fd = slots_find_free(table->slots, min);
	int err = fd < limit ? table_reserve_locked(table, fd) : -EMFILE;

	if (!err)
		slots_put(table->slots, fd, f, close_on_exec);
	spin_unlock(&table->lock);
	if (!err)
		return fd;
	file_put(f);
	return err;
}

bool fdtable_has_room(struct fdtable *table, uint64_t limit)
{
	spin_lock(&table->lock);

	bool room = slots_find_free(table->slots, 0) < limit;

	spin_unlock(&table->lock);
	return room;
}

/* A descriptor is closed: with any of a file go the table's locks on it. */
static void let_go(struct fdtable *table, struct file *f)
{
	locks_drop(f->inode, table);
	if (f->ops->flush)
		f->ops->flush(f);
	file_put(f);
}

int fdtable_install_at(struct fdtable *table, struct file *f, int fd,
		       uint64_t limit, bool close_on_exec)
{
	struct file *old = NULL;
	int err = -EBADF;

	spin_lock(&table->lock);
	if (fd >= 0 && (uint64_t)fd < limit)
		err = table_reserve_locked(table, fd);
	if (!err)
		old = slots_put(table->slots, fd, f, close_on_exec);
	spin_unlock(&table->lock);
	if (err)
		file_put(f);
	if (old)
		let_go(table, old);
	return err ? err : fd;
}

int fdtable_close(struct fdtable *table, int fd)
{
	struct file *f;

	spin_lock(&table->lock);
	f = slots_get(table->slots, fd);
	if (f)
		slots_put(table->slots, fd, NULL, false);
	spin_unlock(&table->lock);
	if (!f)
		return -EBADF;
	let_go(table, f);
	return 0;
}

/* Take out the first file in [*first, @last] (of those that close at exec,
 * if @marked), or NULL; *first moves on. */
static struct file *take_next(struct fdtable *table, size_t *first, size_t last,
			      bool marked)
{
	struct file *f = NULL;

	spin_lock(&table->lock);

	struct slots *s = table->slots;
	size_t fd = next_bit(s, marked ? s->cloexec : s->in_use, *first);

	if (fd < s->n && fd <= last)
		f = slots_put(s, fd, NULL, false);
	spin_unlock(&table->lock);
	*first = fd + 1;
	return f;
}

static void mark_range(struct fdtable *table, size_t first, size_t last)
{
	spin_lock(&table->lock);

	struct slots *s = table->slots;

	for (size_t fd = next_bit(s, s->in_use, first); fd < s->n && fd <= last;
	     fd = next_bit(s, s->in_use, fd + 1))
		bit_set(s->cloexec, fd, true);
	spin_unlock(&table->lock);
}

int fdtable_close_range(struct fdtable *table, unsigned first, unsigned last,
			bool only_mark)
{
	size_t fd = first;
	struct file *f;

	if (first > last)
		return -EINVAL;
	if (only_mark) {
		mark_range(table, first, last);
		return 0;
	}
	while ((f = take_next(table, &fd, last, false)))
		let_go(table, f);
	return 0;
}

void fdtable_close_on_exec(struct fdtable *table)
{
	size_t fd = 0;
	struct file *f;

	while ((f = take_next(table, &fd, UINT32_MAX, true)))
		let_go(table, f);
}

int fdtable_get_flags(struct fdtable *table, int fd)
{
	int flags = -EBADF;

	spin_lock(&table->lock);
	if (slots_get(table->slots, fd))
		flags = bit_get(table->slots->cloexec, fd) ? FD_CLOEXEC : 0;
	spin_unlock(&table->lock);
	return flags;
}

int fdtable_set_flags(struct fdtable *table, int fd, int flags)
{
	int err = -EBADF;

	spin_lock(&table->lock);
	if (slots_get(table->slots, fd)) {
		bit_set(table->slots->cloexec, fd, flags & FD_CLOEXEC);
		err = 0;
	}
	spin_unlock(&table->lock);
	return err;
}

int fdtable_next(struct fdtable *table, int fd)
{
	spin_lock(&table->lock);

	struct slots *s = table->slots;
	size_t next = next_bit(s, s->in_use, fd < 0 ? 0 : fd);
	int found = next < s->n ? (int)next : -1;

	spin_unlock(&table->lock);
	return found;
}
