// SPDX-License-Identifier: MIT
/*
 * futex.c - sleeping on a word of user memory.
 *
 * A lock in user space is a word that is changed by atomic instructions.  Only
 * who finds it taken calls us, to sleep while the word has a certain value.
 * Looking at the word, and entering the queue, is one step for whoever holds
 * the queue's lock; a waker changes the word first, and then takes that lock.
 * So either we see the new value, or the waker sees us.
 *
 * The word is named by a key: the address space and address, or, for a word in
 * a shared mapping, the mapping and the offset in it.  Keys are hashed into
 * buckets; waiters lie on their tasks' stacks.  A waiter may be moved to
 * another bucket (requeue), so it looks for its bucket again after locking it.
 *
 * Locks: two buckets only in order of address.  User memory is only read with
 * faults off while a bucket is locked.
 */

#include <linux/futex.h>

#include "arch/riscv/time.h"
#include "arch/riscv/usercopy.h"
#include "kernel/lib/errno.h"
#include "kernel/sync/sched.h"
#include "kernel/task/futex.h"
#include "mm/mapping.h"

enum { BUCKETS = 256 };

struct futex_key {
	const void *object; /* struct mm, or struct mapping */
	uint64_t offset;    /* the address, or the byte in the file */
};

struct bucket {
	struct spinlock lock;
	struct list waiters; /* the longest waiting first */
} __attribute__((aligned(64)));

/* Guarded by the lock of the bucket it is in. */
struct futex_waiter {
	struct list link; /* empty: woken */
	struct bucket *_Atomic bucket;
	struct futex_key key;
	uint32_t bitset;
	struct task *task;
};

static struct bucket buckets[BUCKETS];

void futex_init(void)
{
	for (int i = 0; i < BUCKETS; i++) {
		spin_init(&buckets[i].lock, "futex", RANK_CACHE);
		list_init(&buckets[i].waiters);
	}
}

/* --- keys --- */

/* The mapping's key, if a shared mapping of a file is there; else private. */
static int shared_key(struct mm *mm, vaddr_t va, struct futex_key *key)
{
	struct vma *v;

	read_lock(&mm->lock);
	v = vma_at(&mm->vmas, va);
	if (v && v->flags & VMA_SHARED && v->file) {
		key->object = file_mapping(v->file);
		key->offset = (v->pgoff << PAGE_SHIFT) + (va - v->start);
	}
	read_unlock(&mm->lock);
	return v ? 0 : -EFAULT;
}

static int make_key(vaddr_t va, enum futex_scope scope, struct futex_key *key)
{
	struct mm *mm = task_current()->mm;

	if (va & 3)
		return -EINVAL;
	if (va >= USER_END)
		return -EFAULT;
	*key = (struct futex_key){.object = mm, .offset = va};
	return scope == FUTEX_SHARED ? shared_key(mm, va, key) : 0;
}

static struct bucket *bucket_of(const struct futex_key *key)
{
	uint64_t hash = (uint64_t)key->object / 16 + key->offset / 4;

	return &buckets[hash * 0x9e3779b97f4a7c15 >> 56];
}

static bool key_equal(const struct futex_key *a, const struct futex_key *b)
{
	return a->object == b->object && a->offset == b->offset;
}

/* --- waiting --- */

/*
 * Lock the bucket and read the word, in one step for wakers.  The page may
 * have to be faulted in, which can't be done with the lock held.
 */
static int lock_and_read(struct bucket *bucket, vaddr_t va, uint32_t *word)
{
	spin_lock(&bucket->lock);
	while (user_load_u32_nofault(va, word)) {
		spin_unlock(&bucket->lock);
		if (user_load_u32(va, word))
			return -EFAULT;
		spin_lock(&bucket->lock);
	}
	return 0;
}

static struct bucket *lock_bucket_of(struct futex_waiter *waiter)
{
	for (;;) {
		struct bucket *bucket = waiter->bucket;

		spin_lock(&bucket->lock);
		if (bucket == waiter->bucket)
			return bucket;
		spin_unlock(&bucket->lock); /* moved meanwhile */
	}
}

/* Asleep until woken, or there is another reason.  The bucket's lock must be
 * taken at the end in any case: until then a waker may be at the waiter. */
static int sleep(struct futex_waiter *waiter, uint64_t deadline)
{
	struct bucket *bucket;
	bool woken;
	int err = 0;

	sched_block_until(deadline);
	for (;;) {
		bucket = lock_bucket_of(waiter);
		woken = list_empty(&waiter->link);
		if (woken)
			err = 0;
		else if (sched_interrupted())
			err = -ERESTARTSYS;
		else if (deadline <= time_now())
			err = -ETIMEDOUT;
		else
			sched_prepare();
		if (woken || err)
			list_remove(&waiter->link);
		spin_unlock(&bucket->lock);
		if (woken || err)
			return err;
		sched_block_until(deadline);
	}
}

int futex_wait(vaddr_t va, enum futex_scope scope, uint32_t value,
	       uint32_t bitset, uint64_t deadline)
{
	struct futex_waiter waiter = {.bitset = bitset, .task = task_current()};
	struct bucket *bucket;
	uint32_t word;
	int err;

	if (!bitset)
		return -EINVAL;
	err = make_key(va, scope, &waiter.key);
	if (err)
		return err;
	bucket = bucket_of(&waiter.key);
	waiter.bucket = bucket;
	err = lock_and_read(bucket, va, &word);
	if (err)
		return err;
	if (word != value) {
		spin_unlock(&bucket->lock);
		return -EAGAIN;
	}
	list_add_tail(&bucket->waiters, &waiter.link);
	sched_prepare();
	spin_unlock(&bucket->lock);
	if (!sched_interrupted())
		return sleep(&waiter, deadline);
	sched_cancel();
	return sleep(&waiter, 0);
}

/* --- waking --- */

static int wake_locked(struct bucket *bucket, const struct futex_key *key,
		       int n, uint32_t bitset)
{
	int woken = 0;

	list_for_each_entry_safe (struct futex_waiter, waiter, &bucket->waiters,
				  link) {
		if (woken >= n)
			break;
		if (!key_equal(&waiter->key, key) || !(waiter->bitset & bitset))
			continue;
		list_remove(&waiter->link);
		/* It can't go away before it had this lock. */
		sched_wake(waiter->task);
		woken++;
	}
	return woken;
}

static int wake_key(const struct futex_key *key, int n, uint32_t bitset)
{
	struct bucket *bucket = bucket_of(key);
	int woken;

	spin_lock(&bucket->lock);
	woken = wake_locked(bucket, key, n, bitset);
	spin_unlock(&bucket->lock);
	return woken;
}

int futex_wake(vaddr_t va, enum futex_scope scope, int n, uint32_t bitset)
{
	struct futex_key key;
	int err = bitset ? make_key(va, scope, &key) : -EINVAL;

	return err ? err : wake_key(&key, n, bitset);
}

/* --- moving --- */

static void lock_two(struct bucket *a, struct bucket *b)
{
	if (a == b) {
		spin_lock(&a->lock);
		return;
	}
	spin_lock(a < b ? &a->lock : &b->lock);
	while (!spin_trylock(a < b ? &b->lock : &a->lock))
		hart_relax();
}

static void unlock_two(struct bucket *a, struct bucket *b)
{
	spin_unlock(&a->lock);
	if (a != b)
		spin_unlock(&b->lock);
}

static int move_locked(struct bucket *from, const struct futex_key *old,
		       struct bucket *to, const struct futex_key *new, int n)
{
	struct list moved;
	int count = 0;

	list_init(&moved);
	list_for_each_entry_safe (struct futex_waiter, waiter, &from->waiters,
				  link) {
		if (count >= n)
			break;
		if (!key_equal(&waiter->key, old))
			continue;
		list_remove(&waiter->link);
		list_add_tail(&moved, &waiter->link);
		waiter->key = *new;
		waiter->bucket = to;
		count++;
	}
	list_splice_tail(&to->waiters, &moved);
	return count;
}

int futex_requeue(vaddr_t from, vaddr_t to, enum futex_scope scope, int nwake,
		  int nmove, bool check, uint32_t value)
{
	struct futex_key old, new;
	struct bucket *a, *b;
	uint32_t word = value;
	int err = make_key(from, scope, &old);
	int n;

	if (!err)
		err = make_key(to, scope, &new);
	if (err)
		return err;
	if (nwake < 0 || nmove < 0)
		return -EINVAL;
	a = bucket_of(&old);
	b = bucket_of(&new);
	lock_two(a, b);
	while (check && user_load_u32_nofault(from, &word)) {
		unlock_two(a, b);
		if (user_load_u32(from, &word))
			return -EFAULT;
		lock_two(a, b);
	}
	n = -EAGAIN;
	if (word == value) {
		n = wake_locked(a, &old, nwake, FUTEX_BITSET_MATCH_ANY);
		n += move_locked(a, &old, b, &new, nmove);
	}
	unlock_two(a, b);
	return n;
}

/* --- FUTEX_WAKE_OP --- */

/* The fields of the operation word are 4 and twice 12 bits, signed. */
static int32_t field(uint32_t operation, int shift)
{
	return (int32_t)(operation << (20 - shift)) >> 20;
}

static int apply(uint32_t operation, uint32_t old, uint32_t *new)
{
	uint32_t argument = field(operation, 12);

	if (operation >> 28 & FUTEX_OP_OPARG_SHIFT)
		argument = 1u << (argument & 31);
	switch (operation >> 28 & 7) {
	case FUTEX_OP_SET:
		*new = argument;
		return 0;
	case FUTEX_OP_ADD:
		*new = old + argument;
		return 0;
	case FUTEX_OP_OR:
		*new = old | argument;
		return 0;
	case FUTEX_OP_ANDN:
		*new = old & ~argument;
		return 0;
	case FUTEX_OP_XOR:
		*new = old ^ argument;
		return 0;
	default:
		return -ENOSYS;
	}
}

static int condition(uint32_t operation, int32_t old)
{
	int32_t argument = field(operation, 0);

	switch (operation >> 24 & 15) {
	case FUTEX_OP_CMP_EQ:
		return old == argument;
	case FUTEX_OP_CMP_NE:
		return old != argument;
	case FUTEX_OP_CMP_LT:
		return old < argument;
	case FUTEX_OP_CMP_LE:
		return old <= argument;
	case FUTEX_OP_CMP_GT:
		return old > argument;
	case FUTEX_OP_CMP_GE:
		return old >= argument;
	default:
		return -ENOSYS;
	}
}

/* Replace the word by what the operation makes of it; the old one. */
static int change_word(vaddr_t va, uint32_t operation, uint32_t *old)
{
	uint32_t new, seen;
	int err = user_load_u32(va, old);

	for (;;) {
		if (!err)
			err = apply(operation, *old, &new);
		if (!err)
			err = user_compare_exchange_u32(va, *old, new, &seen);
		if (err || seen == *old)
			return err;
		*old = seen;
	}
}

int futex_wake_op(vaddr_t first, vaddr_t second, enum futex_scope scope, int n,
		  int n2, uint32_t operation)
{
	struct futex_key key, key2;
	uint32_t old;
	int woken;
	int err = make_key(first, scope, &key);

	if (!err)
		err = make_key(second, scope, &key2);
	if (!err)
		err = condition(operation, 0) < 0 ? -ENOSYS : 0;
	/* No lock is needed: who comes to wait after this sees the new word,
	 * and who came before it is woken. */
	if (!err)
		err = change_word(second, operation, &old);
	if (err)
		return err;
	woken = wake_key(&key, n, FUTEX_BITSET_MATCH_ANY);
	if (condition(operation, old))
		woken += wake_key(&key2, n2, FUTEX_BITSET_MATCH_ANY);
	return woken;
}

/* --- the end of a task --- */

void futex_clear_and_wake(vaddr_t va)
{
	uint32_t zero = 0;

	if (user_write(va, &zero, sizeof(zero)))
		return;
	/* In private memory both scopes give the same key. */
	futex_wake(va, FUTEX_SHARED, 1, FUTEX_BITSET_MATCH_ANY);
}

/* A lock on the list that the task still owns: mark it, wake a waiter. */
static void release_robust(const struct task *task, vaddr_t word)
{
	uint32_t old, seen;

	if (word & 3 || user_load_u32(word, &old))
		return;
	while ((old & FUTEX_TID_MASK) == (uint32_t)task->tid) {
		uint32_t new = (old & FUTEX_WAITERS) | FUTEX_OWNER_DIED;

		if (user_compare_exchange_u32(word, old, new, &seen))
			return;
		if (seen == old) {
			if (old & FUTEX_WAITERS)
				futex_wake(word, FUTEX_SHARED, 1,
					   FUTEX_BITSET_MATCH_ANY);
			return;
		}
		old = seen;
	}
}

void futex_release_robust_list(struct task *task)
{
	struct robust_list_head head;
	vaddr_t entry;

	if (!task->robust_list ||
	    user_read(&head, task->robust_list, sizeof(head)))
		return;
	/* Bit 0 of an entry says "priority inheritance", which we ignore.  The
	 * list is the user's, and may be a circle. */
	entry = (vaddr_t)head.list.next;
	for (int i = 0; i < ROBUST_LIST_LIMIT; i++) {
		vaddr_t next;

		if ((entry & ~1ul) == task->robust_list)
			break;
		if (user_read(&next, entry & ~1ul, sizeof(next)))
			break;
		if (entry != (vaddr_t)head.list_op_pending)
			release_robust(task,
				       (entry & ~1ul) + head.futex_offset);
		entry = next;
	}
	if (head.list_op_pending)
		release_robust(task, ((vaddr_t)head.list_op_pending & ~1ul) +
					     head.futex_offset);
}
