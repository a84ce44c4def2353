// SPDX-License-Identifier: MIT
/*
 * memfile.c - files whose contents are in memory and nowhere else.
 *
 * Such a file is its page cache: a page that is not there was never stored to
 * and is zero, so holes cost nothing; one that is there stays until it is cut
 * off, or the file's last link and last user are gone.  Reading a hole leaves
 * it one, mapping and touching it does not.  tmpfs gives its files a common
 * allowance of pages (mapping->room).
 *
 * Two kinds have no name.  MAP_SHARED | MAP_ANONYMOUS memory is a file that
 * every process that inherits the mapping finds its pages in.  memfd_create(2)
 * gives out a descriptor, whose owner can promise others, by *seals*, what he
 * won't do to the file any more: make it shorter or longer, write to it.
 *
 * A seal against writing must not come while a shared mapping could still
 * store: mapping->nwritable counts those, and both that count and the seals
 * are looked at and changed under mapping->lock.
 *
 * Locking: the inode lock for sizes, holes and seals; mapping->lock for seals
 * as well, so either is enough to read them.
 *
 * Book: chapter 7.  Tests: mmaptest, usertests.
 */
#include "fs/memfile.h"

#include <linux/falloc.h>
#include <linux/magic.h>

#include "fs/pseudo.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/sync/sched.h"
#include "mm/commit.h"
#include "mm/slab.h"

enum {
	SEALS_WRITE = F_SEAL_WRITE | F_SEAL_FUTURE_WRITE,
	SEALS_SIZE = F_SEAL_SHRINK | F_SEAL_GROW,
	SEALS_ALL = F_SEAL_SEAL | SEALS_SIZE | SEALS_WRITE | F_SEAL_EXEC,
};

/* --- contents --- */

static void zero_pages(struct mapping *mapping, struct page **pages, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		page_zero(page_address(pages[i]));
		page_set_flags(pages[i], PAGE_UPTODATE);
		page_unlock(pages[i]);
	}
}

static const struct mapping_ops memfile_mapping_ops = {
	.read_pages = zero_pages,
	.dirtied = inode_mapping_dirtied,
	.hold = inode_mapping_hold,
	.release = inode_mapping_release,
};

static int memfile_resize(struct inode *inode, uint64_t nbytes)
{
	uint64_t size = inode_size(inode);

	if ((nbytes < size && (inode->seals & F_SEAL_SHRINK)) ||
	    (nbytes > size && (inode->seals & F_SEAL_GROW)))
		return -EPERM;
	return mapping_resize(&inode->mapping, nbytes);
}

/* --- holes --- */

/* Zero [start, end), which lies in one page, if that is there. */
static void zero_part(struct mapping *mapping, uint64_t start, uint64_t end)
{
	struct page *pg = NULL;

	if (start < end)
		pg = mapping_find_page(mapping, start >> PAGE_SHIFT);
	if (!pg)
		return;
	page_lock(pg);
	memset((char *)page_address(pg) + page_offset(start), 0, end - start);
	page_clear_flags(pg, PAGE_FETCHED);
	page_unlock(pg);
	page_put(pg);
}

static int punch(struct inode *inode, uint64_t start, uint64_t end)
{
	struct mapping *mapping = &inode->mapping;

	if (inode->seals & SEALS_WRITE)
		return -EPERM;
	zero_part(mapping, start, min_u64(end, page_up(start)));
	zero_part(mapping, max_u64(start, page_down(end)), end);
	mapping_punch(mapping, page_up(start) >> PAGE_SHIFT, end >> PAGE_SHIFT);
	return 0;
}

/* Pages of [first, end) that were made just now are not uptodate: let them
 * be zeros, or, if not all could be made, go again. */
static void settle(struct mapping *mapping, pgoff_t first, pgoff_t end,
		   bool keep)
{
	for (pgoff_t index = first; index < end; index++) {
		struct page *pg = mapping_find_page(mapping, index);

		if (!pg)
			continue;
		page_lock(pg);
		if (pg->mapping == mapping &&
		    !(page_flags(pg) & PAGE_UPTODATE)) {
			if (keep) {
				page_zero(page_address(pg));
				page_set_flags(pg, PAGE_UPTODATE);
			} else {
				spin_lock(&mapping->lock);
				mapping_remove_page_locked(mapping, pg);
				spin_unlock(&mapping->lock);
			}
		}
		page_unlock(pg);
		page_put(pg);
	}
}

/* Have all of the pages [first, end), or change nothing. */
static int fill(struct mapping *mapping, pgoff_t first, pgoff_t end)
{
	pgoff_t index = first;
	struct page *pg;
	int err = end - first > page_ntotal ? -ENOSPC : 0;

	while (!err && index < end) {
		err = mapping_get_locked(mapping, index, &pg);
		if (err)
			break;
		page_unlock(pg);
		page_put(pg);
		index++;
		sched_point();
		if (sched_interrupted())
			err = -EINTR;
	}
	settle(mapping, first, index, !err);
	return err;
}

static int memfile_allocate(struct inode *inode, int mode, uint64_t start,
			    uint64_t end)
{
	bool grows = end > inode_size(inode);
	int err;

	if (mode & ~(FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE))
		return -EOPNOTSUPP;
	if (mode & FALLOC_FL_PUNCH_HOLE)
		return punch(inode, start, end);
	if (grows && (inode->seals & F_SEAL_GROW))
		return -EPERM;
	err = fill(&inode->mapping, start >> PAGE_SHIFT,
		   page_up(end) >> PAGE_SHIFT);
	if (!err && grows && !(mode & FALLOC_FL_KEEP_SIZE))
		err = mapping_resize(&inode->mapping, end);
	return err;
}

static const struct inode_ops memfile_ops = {
	.resize = memfile_resize,
	.allocate = memfile_allocate,
};

void memfile_init(struct inode *inode, atomic_long *room)
{
	inode->ops = &memfile_ops;
	inode->seals = F_SEAL_SEAL;
	inode->mapping.ops = &memfile_mapping_ops;
	inode->mapping.memory_only = true;
	inode->mapping.room = room;
}

/* --- seals --- */

static bool can_be_sealed(const struct inode *inode)
{
	return inode_is(inode, S_IFREG) && inode->mapping.memory_only;
}

long seals_get(struct file *f)
{
	return can_be_sealed(f->inode) ? (long)f->inode->seals : -EINVAL;
}

static int add_locked(struct inode *inode, unsigned seals)
{
	int err = 0;

	if (inode->seals & F_SEAL_SEAL)
		return -EPERM;
	/* What shall stay executable shall stay what it is. */
	if ((seals & F_SEAL_EXEC) && (inode->mode & 0111))
		seals |= SEALS_SIZE | SEALS_WRITE;
	spin_lock(&inode->mapping.lock);
	if ((seals & ~inode->seals & F_SEAL_WRITE) && inode->mapping.nwritable)
		err = -EBUSY;
	else
		inode->seals |= seals;
	spin_unlock(&inode->mapping.lock);
	return err;
}

long seals_add(struct file *f, unsigned seals)
{
	int err;

	if (!file_writable(f))
		return -EPERM;
	if ((seals & ~SEALS_ALL) || !can_be_sealed(f->inode))
		return -EINVAL;
	inode_lock(f->inode);
	err = add_locked(f->inode, seals);
	inode_unlock(f->inode);
	return err;
}

bool seals_let_write(const struct inode *inode, uint64_t end)
{
	bool grows = end > inode_size(inode);

	return !(inode->seals & (SEALS_WRITE | (grows ? F_SEAL_GROW : 0)));
}

bool seals_map_begin(struct file *f)
{
	struct mapping *mapping = f->mapping;
	bool sealed;

	if (!mapping)
		return false;
	spin_lock(&mapping->lock);
	sealed = f->inode->seals & SEALS_WRITE;
	if (!sealed)
		mapping->nwritable++;
	spin_unlock(&mapping->lock);
	return sealed;
}

void seals_map_end(struct file *f, bool sealed)
{
	if (!f->mapping || sealed)
		return;
	spin_lock(&f->mapping->lock);
	f->mapping->nwritable--;
	spin_unlock(&f->mapping->lock);
}

/* --- files without a name in any folder --- */

/* What Linux shows; two of them, to tell who has promised its pages. */
static const char zero_name[] = "dev/zero", unpromised_name[] = "dev/zero";

static void name_free(const char *name)
{
	if (name != zero_name && name != unpromised_name)
		kfree((void *)name);
}

static uint64_t npages_of(const struct inode *inode)
{
	return page_up(inode_size(inode)) >> PAGE_SHIFT;
}

static void shared_forget(struct inode *inode)
{
	if (inode->private == zero_name)
		atomic_fetch_sub(&commit_npages, npages_of(inode));
	name_free(inode->private);
}

static const struct super_ops shared_super_ops = {
	.magic = TMPFS_MAGIC,
	.forget_inode = shared_forget,
};

static struct super shared_super = {
	.ops = &shared_super_ops,
	.type = "shared",
	.dev = PSEUDO_DEV_SHARED,
	.max_size = INT64_MAX,
};

/* Its @name (kfree()d with it, but for zero_name) is taken over, come what
 * may. */
static int new_nameless(const char *name, uint32_t mode, unsigned seals,
			struct file **out)
{
	struct inode *inode = pseudo_inode_new(&shared_super, S_IFREG | mode);

	if (!inode) {
		name_free(name);
		return -ENOMEM;
	}
	memfile_init(inode, NULL);
	inode->seals = seals;
	inode->private = (void *)name;
	*out = file_new(inode, NULL, O_RDWR);
	inode_put(inode);
	return *out ? 0 : -ENOMEM;
}

int memfile_new(const char *name, uint32_t mode, unsigned seals,
		struct file **out)
{
	size_t nbytes = strlen(name) + 1;
	char *copy = kmalloc(nbytes);

	if (!copy)
		return -ENOMEM;
	memcpy(copy, name, nbytes);
	return new_nameless(copy, mode, seals, out);
}

int file_new_shared_anonymous(uint64_t nbytes, bool promised, struct file **out)
{
	uint64_t npages = page_up(nbytes) >> PAGE_SHIFT;
	int err = !promised || commit_may_add(npages) ? 0 : -ENOMEM;

	if (!err)
		err = new_nameless(promised ? zero_name : unpromised_name, 0666,
				   F_SEAL_SEAL, out);
	if (err)
		return err;
	(*out)->inode->mapping.size = nbytes;
	if (promised)
		atomic_fetch_add(&commit_npages, npages);
	return 0;
}
