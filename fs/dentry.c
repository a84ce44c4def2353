// SPDX-License-Identifier: MIT
/*
 * dentry.c - the cache of names.
 *
 * A path is walked one component at a time: (directory, name) -> inode.  The
 * answers are kept, "no such file" too, in a hash table by parent and name,
 * so that a walk over known names asks no filesystem, takes no directory's
 * lock, and costs a hash and a comparison per component.
 *
 * Each dentry holds its parent, so that the names in use form a tree up to
 * the root of their filesystem; ".." and getcwd(2) are read off it.  Where a
 * filesystem is mounted, the point and the root name each other.
 *
 *        "/" ---- "home" ---- "ann" (inode 12)
 *         |          \------- "bob" (negative)
 *         \------ "proc" -mount_root-> "/" (of procfs)
 *
 * What a name means changes only with its directory's inode lock held, and
 * under dentry_lock: create makes a negative dentry positive; unlink makes it
 * negative again, or, if somebody else still holds it, takes it out of the
 * table for good (unlinked), so that its holders keep what they had; rename
 * moves it.  So lookups see either the old or the new name, never a mix.
 *
 * Tests: usertests.
 */
#include "fs/dentry.h"

#include "kernel/lib/assert.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "mm/slab.h"

enum { DENTRY_HASH_SIZE = 4096, DENTRY_SHRINK_BATCH = 16 };

struct spinlock dentry_lock = SPINLOCK_INIT("dentries", RANK_DENTRY);
static struct list hash_table[DENTRY_HASH_SIZE];
static struct list unused; /* by lru_link */
static size_t nunused;
static size_t nunused_max;             /* constant */
static struct slab_cache *dentry_slab; /* constant */

void dentry_init_cache(void)
{
	struct page_counts frames;

	for (size_t i = 0; i < DENTRY_HASH_SIZE; i++)
		list_init(&hash_table[i]);
	list_init(&unused);
	dentry_slab = slab_cache_create("dentry", sizeof(struct dentry), 0);
	page_count(&frames);
	nunused_max = max_u64(512, min_u64(frames.total / 8, 65536));
}

static uint32_t name_hash(const struct dentry *dir, const char *name,
			  size_t nname)
{
	uint64_t hash = (uintptr_t)dir >> 4;

	for (size_t i = 0; i < nname; i++)
		hash = (hash ^ (uint8_t)name[i]) * 0x100000001b3;
	return hash >> 32 ^ hash;
}

static struct list *hash_chain(uint32_t hash)
{
	return &hash_table[hash % DENTRY_HASH_SIZE];
}

/* --- life and death --- */

static struct name *name_new(const char *text, size_t nbytes)
{
	struct name *name = kmalloc(sizeof(*name) + nbytes + 1);

	if (!name)
		return NULL;
	name->refs = 1;
	name->nbytes = nbytes;
	memcpy(name->text, text, nbytes);
	name->text[nbytes] = '\0';
	return name;
}

static void name_put_locked(struct name *name)
{
	if (--name->refs == 0)
		kfree(name);
}

static struct dentry *dentry_alloc(struct super *super, const char *text,
				   size_t nbytes)
{
	struct dentry *d = slab_alloc_zeroed(dentry_slab);
	struct name *name = name_new(text, nbytes);

	if (!d || !name) {
		kfree(name);
		if (d)
			slab_free(dentry_slab, d);
		return NULL;
	}
	d->refs = 1;
	d->super = super;
	d->name = name;
	d->volatile_name = super->transient;
	list_init(&d->hash_link);
	list_init(&d->child_link);
	list_init(&d->children);
	list_init(&d->lru_link);
	return d;
}

struct dentry *dentry_new_root(struct super *super, struct inode *inode)
{
	struct dentry *d = dentry_alloc(super, "/", 1);

	if (!d)
		return NULL;
	d->parent = d;
	d->inode = inode;
	return d;
}

struct dentry *dentry_hold(struct dentry *d)
{
	unsigned before = atomic_fetch_add(&d->refs, 1);

	assert(before > 0);
	return d;
}

struct dentry *dentry_hold_locked(struct dentry *d)
{
	if (atomic_fetch_add(&d->refs, 1) == 0) {
		list_remove(&d->lru_link);
		nunused--;
	}
	return d;
}

/* No references left: out of the table and of its parent's children. */
static void detach_locked(struct dentry *d)
{
	list_remove(&d->hash_link);
	list_remove(&d->child_link);
	name_put_locked(d->name);
}

/* Free a detached dentry.  Its parent, if it has one, is left to be put. */
static struct dentry *dentry_free(struct dentry *d)
{
	struct dentry *parent = d->parent == d ? NULL : d->parent;

	if (d->inode)
		inode_put_wait(d->inode);
	slab_free(dentry_slab, d);
	return parent;
}

/* Drop a reference; if the dentry is dead, its parent's is next: returned. */
static struct dentry *put_one(struct dentry *d)
{
	unsigned refs = atomic_load_explicit(&d->refs, memory_order_relaxed);

	while (refs > 1)
		if (atomic_compare_exchange_weak(&d->refs, &refs, refs - 1))
			return NULL;

	spin_lock(&dentry_lock);
	if (atomic_fetch_sub(&d->refs, 1) != 1) {
		spin_unlock(&dentry_lock);
		return NULL;
	}
	/* A name in a directory that is gone is of no use any more. */
	if (!list_empty(&d->hash_link) && !d->parent->unlinked) {
		list_add_tail(&unused, &d->lru_link);
		nunused++;
		spin_unlock(&dentry_lock);
		return NULL;
	}
	detach_locked(d);
	spin_unlock(&dentry_lock);
	return dentry_free(d);
}

void dentry_put(struct dentry *d)
{
	while (d)
		d = put_one(d);
	if (nunused > nunused_max)
		dentry_shrink(NULL, DENTRY_SHRINK_BATCH);
}

/* Detach the least recently used name, or NULL. */
static struct dentry *unused_take(const struct super *super)
{
	struct dentry *found = NULL;

	spin_lock(&dentry_lock);
	list_for_each_entry (struct dentry, d, &unused, lru_link) {
		if (super && d->super != super)
			continue;
		list_remove(&d->lru_link);
		nunused--;
		detach_locked(d);
		found = d;
		break;
	}
	spin_unlock(&dentry_lock);
	return found;
}

size_t dentry_shrink(struct super *super, size_t max)
{
	size_t n = 0;
	struct dentry *d;

	for (; n < max && (d = unused_take(super)); n++) {
		struct dentry *parent = dentry_free(d);

		/* Not dentry_put(): it might call us. */
		while (parent)
			parent = put_one(parent);
	}
	return n;
}

/* --- lookup --- */

static struct dentry *cache_find(struct dentry *dir, const char *name,
				 size_t nname, uint32_t hash)
{
	struct list *chain = hash_chain(hash);
	struct dentry *found = NULL;

	spin_lock(&dentry_lock);
	list_for_each_entry (struct dentry, d, chain, hash_link) {
		if (d->hash == hash && d->parent == dir &&
		    d->name->nbytes == nname &&
		    memcmp(d->name->text, name, nname) == 0) {
			found = dentry_hold_locked(d);
			break;
		}
	}
	spin_unlock(&dentry_lock);
	return found;
}

/* A new name below @dir, whose inode lock keeps others from adding it too. */
static void cache_insert(struct dentry *d, struct dentry *dir, uint32_t hash)
{
	d->parent = dentry_hold(dir);
	d->hash = hash;
	spin_lock(&dentry_lock);
	list_add(&dir->children, &d->child_link);
	if (!d->volatile_name)
		list_add(hash_chain(hash), &d->hash_link);
	spin_unlock(&dentry_lock);
}

/* Ask the filesystem. */
static int lookup_miss(struct dentry *dir, const char *name, size_t nname,
		       uint32_t hash, struct dentry **out)
{
	struct dentry *d = dentry_alloc(dir->super, name, nname);

	if (!d)
		return -ENOMEM;

	int err = dir->inode->ops->lookup(dir->inode, name, nname, &d->inode);

	/* A name that is looked up each time needs no note of its absence. */
	if (err && (err != -ENOENT || d->volatile_name)) {
		kfree(d->name);
		slab_free(dentry_slab, d);
		return err;
	}
	cache_insert(d, dir, hash);
	*out = d;
	return 0;
}

int dentry_lookup_locked(struct dentry *dir, const char *name, size_t nname,
			 struct dentry **out)
{
	uint32_t hash = name_hash(dir, name, nname);

	if (dir->unlinked)
		return -ENOENT;
	*out = cache_find(dir, name, nname, hash);
	return *out ? 0 : lookup_miss(dir, name, nname, hash, out);
}

int dentry_lookup(struct dentry *dir, const char *name, size_t nname,
		  struct dentry **out)
{
	*out = cache_find(dir, name, nname, name_hash(dir, name, nname));
	if (*out)
		return 0;
	inode_lock(dir->inode);

	int err = dentry_lookup_locked(dir, name, nname, out);

	inode_unlock(dir->inode);
	return err;
}

/* --- changes --- */

void dentry_instantiate(struct dentry *d, struct inode *inode)
{
	spin_lock(&dentry_lock);
	assert(!d->inode && !d->unlinked);
	d->inode = inode;
	spin_unlock(&dentry_lock);
}

/* Move the unused negative names below @d, which is being removed, to @dead:
 * they would keep it alive. */
static void prune_locked(struct dentry *d, struct list *dead)
{
	list_for_each_entry_safe (struct dentry, child, &d->children,
				  child_link) {
		if (child->refs > 0 || child->inode)
			continue;
		list_remove(&child->lru_link);
		nunused--;
		detach_locked(child);
		list_add(dead, &child->child_link);
	}
}

static void free_pruned(struct list *dead)
{
	list_for_each_entry_safe (struct dentry, d, dead, child_link)
		dentry_put(dentry_free(d));
}

static void unlink_locked(struct dentry *d)
{
	list_remove(&d->hash_link);
	d->unlinked = true;
}

struct inode *dentry_forget(struct dentry *d)
{
	struct inode *inode = NULL;
	struct list dead;

	list_init(&dead);
	spin_lock(&dentry_lock);
	prune_locked(d, &dead);
	spin_unlock(&dentry_lock);
	free_pruned(&dead);

	spin_lock(&dentry_lock);
	if (d->refs == 1) {
		inode = d->inode;
		d->inode = NULL;
	} else {
		unlink_locked(d);
	}
	spin_unlock(&dentry_lock);
	return inode;
}

void dentry_move(struct dentry *d, struct dentry *target)
{
	struct dentry *old_parent = d->parent;
	struct list dead;

	list_init(&dead);
	dentry_hold(target->parent);
	spin_lock(&dentry_lock);
	prune_locked(target, &dead);
	unlink_locked(target);
	list_remove(&d->hash_link);
	list_remove(&d->child_link);
	name_put_locked(d->name);
	d->name = target->name;
	d->name->refs++;
	d->parent = target->parent;
	d->hash = target->hash;
	list_add(&d->parent->children, &d->child_link);
	list_add(hash_chain(d->hash), &d->hash_link);
	spin_unlock(&dentry_lock);
	free_pruned(&dead);
	dentry_put(old_parent);
}
