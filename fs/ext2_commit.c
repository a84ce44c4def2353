// SPDX-License-Identifier: MIT
/*
 * ext2_commit.c - ext2 with a journal: handles, and what a commit is.
 *
 * The journal (journal.c) knows buffers.  What it takes for a transaction to
 * be complete is known here:
 *
 *   inodes    They are changed in memory, and stored into their table's buffer
 *             only now and then.  So those that have joined the transaction
 *             are stored when it is frozen: the fields that only handles
 *             change (block map, size, links), not those that chmod(2) or a
 *             clock changes at any time, which nothing else must agree with.
 *   counts    The super block's follow what the bitmaps say.
 *   contents  New blocks hold an old file's bytes until they are written; so
 *             they are, before the commit block ("ordered").  And blocks that
 *             were freed are not given away before it, or the file that has
 *             them again after a crash would find a stranger's bytes.
 *
 * A commit is made by whoever wants one, under commit_lock: fsync(2), the
 * flusher every five seconds, or an operation that finds the transaction full.
 * The last may hold inode locks, so a commit takes none of these; and since it
 * takes page locks, whoever has one can't wait for a commit (-EBUSY).
 *
 * Locking: commit_lock for commits; join_lock for the lists of inodes.
 * Tests: tests/host/journal_test.c, tests/host/ext2_model_test.c.
 */

#include "fs/ext2_core.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/printk.h"

/* --- handles --- */

void ext2_start(struct ext2 *fs)
{
	while (fs->journal && !journal_start(fs->journal, false))
		ext2_commit(fs);
}

bool ext2_start_try(struct ext2 *fs)
{
	return !fs->journal || journal_start(fs->journal, false);
}

void ext2_start_anyway(struct ext2 *fs)
{
	if (fs->journal)
		journal_start(fs->journal, true);
}

void ext2_stop(struct ext2 *fs)
{
	if (fs->journal)
		journal_stop(fs->journal);
}

/* --- inodes in transactions --- */

static bool has_joined(const struct ext2_node *node, unsigned side)
{
	return !list_empty(&node->joined_link[side]);
}

int ext2_join(struct inode *inode)
{
	struct ext2_node *node = ext2_node(inode);
	struct ext2 *fs = ext2_of(inode);
	struct ext2_raw_inode *raw;
	struct buffer *b;

	if (!fs->journal || has_joined(node, fs->journal->tid & 1))
		return 0;
	int err = ext2_raw_read(inode, &b, &raw);

	if (err)
		return err;
	/* Now the buffer is the transaction's, and nobody else writes it. */
	buffer_begin(b);
	buffer_end(b);

	unsigned side = fs->journal->tid & 1;

	spin_lock(&fs->join_lock);
	if (!has_joined(node, side)) {
		list_add_tail(&fs->joined[side], &node->joined_link[side]);
		node->ordered[side] = false;
		node->tid = fs->journal->tid;
		node->table = b;
		b = NULL;
	}
	spin_unlock(&fs->join_lock);
	if (b)
		buffer_put(b);
	return 0;
}

void ext2_order(struct inode *inode)
{
	struct ext2 *fs = ext2_of(inode);

	if (!fs->journal || !inode_is(inode, S_IFREG))
		return;
	spin_lock(&fs->join_lock);
	ext2_node(inode)->ordered[fs->journal->tid & 1] = true;
	spin_unlock(&fs->join_lock);
}

/* Off the list of one transaction.  join_lock is held. */
static void leave_locked(struct ext2 *fs, struct ext2_node *node, unsigned side)
{
	if (!has_joined(node, side))
		return;
	list_remove(&node->joined_link[side]);
	waitq_wake_all(&fs->left);
}

void ext2_leave(struct inode *inode)
{
	struct ext2_node *node = ext2_node(inode);
	struct ext2 *fs = ext2_of(inode);

	spin_lock(&fs->join_lock);
	leave_locked(fs, node, 0);
	leave_locked(fs, node, 1);
	if (node->table)
		buffer_put(node->table);
	node->table = NULL;
	spin_unlock(&fs->join_lock);
}

/* Also where nobody will see them again: the transaction to be committed does
 * not know that.  An error is with the mapping. */
static void write_pages(struct inode *inode, pgoff_t first)
{
	inode->mapping.promised = true;
	mapping_writeback(&inode->mapping, first, UINT64_MAX, true);
	inode->mapping.promised = false;
}

void ext2_write_promised(struct inode *inode, pgoff_t first)
{
	struct ext2_node *node = ext2_node(inode);
	struct ext2 *fs = ext2_of(inode);
	unsigned older = ~node->tid & 1;

	if (!fs->journal || !inode_is(inode, S_IFREG))
		return;
	spin_lock(&fs->join_lock);
	bool promised = has_joined(node, older) && node->ordered[older];
	spin_unlock(&fs->join_lock);
	if (promised)
		write_pages(inode, first);
	if (inode->nlink || first)
		return;
	/* Nobody will see the contents in a transaction in which it has no
	 * name; and the commit must not wait for an inode that goes. */
	spin_lock(&fs->join_lock);
	leave_locked(fs, node, older);
	node->ordered[!older] = false;
	spin_unlock(&fs->join_lock);
}

/* --- a commit --- */

/* Into their buffers with the frozen transaction's inodes. */
static void store_joined(struct ext2 *fs, unsigned side)
{
	spin_lock(&fs->join_lock);
	list_for_each_entry (struct ext2_node, node, &fs->joined[side],
			     joined_link[side]) {
		ext2_store_joined(node->inode, node->table);
		buffer_put(node->table);
		node->table = NULL;
		if (!node->inode->nlink)
			node->ordered[side] = false;
	}
	spin_unlock(&fs->join_lock);
}

/* A reference to be let go of when the commit is over: the last one frees the
 * inode, which may take a commit.  join_lock is held; true: put it now. */
static bool put_later_locked(struct ext2 *fs, struct ext2_node *node)
{
	if (!list_empty(&node->held_link))
		return true; /* that one has a reference */
	list_add(&fs->held, &node->held_link);
	return false;
}

/* Write the pages of one inode, at the head of the list.  join_lock is held,
 * and let go of meanwhile. */
static void write_ordered(struct ext2 *fs, struct ext2_node *node,
			  unsigned side)
{
	struct inode *inode = node->inode;

	if (!inode_mapping_hold(&inode->mapping)) {
		/* Without links it is about to write them by itself; else it
		 * is clean. */
		if (!inode->nlink)
			waitq_wait(&fs->left, &fs->join_lock);
		else
			node->ordered[side] = false;
		return;
	}
	spin_unlock(&fs->join_lock);
	write_pages(inode, 0);
	spin_lock(&fs->join_lock);
	node->ordered[side] = false;

	bool now = put_later_locked(fs, node);

	if (!now)
		return;
	spin_unlock(&fs->join_lock);
	inode_mapping_release(&inode->mapping);
	spin_lock(&fs->join_lock);
}

/* All that the transaction's new blocks hold; unless it has failed.  Its inodes
 * go to the list `written`. */
static void write_contents(struct ext2 *fs, unsigned side, bool failed)
{
	spin_lock(&fs->join_lock);
	while (!list_empty(&fs->joined[side])) {
		struct list *link = fs->joined[side].next;
		struct ext2_node *node =
			list_entry(link, struct ext2_node, joined_link[side]);

		if (!failed && node->ordered[side]) {
			write_ordered(fs, node, side);
			continue;
		}
		list_remove(link);
		list_add_tail(&fs->written, link);
	}
	spin_unlock(&fs->join_lock);
}

/* Every descriptor of a file in a transaction that will never count hears of
 * it once.  join_lock is held. */
static void spread_error_locked(struct list *inodes, unsigned side)
{
	list_for_each_entry (struct ext2_node, node, inodes, joined_link[side])
		mapping_note_error(&node->inode->mapping, -EIO);
}

/* The commit of @side, whose inodes are on `written`, has failed. */
static void fail(struct ext2 *fs, unsigned side, int err)
{
	printk("ext2: %s: journal: error %d; read-only from now on\n",
	       fs->device->name, err);
	fs->super.read_only = true;
	spin_lock(&fs->join_lock);
	spread_error_locked(&fs->written, side);
	spread_error_locked(&fs->joined[!side], !side);
	spin_unlock(&fs->join_lock);
}

static void commit_end(struct ext2 *fs)
{
	spin_lock(&fs->join_lock);
	while (list_pop(&fs->written))
		;
	spin_unlock(&fs->join_lock);
}

static int commit_locked(struct ext2 *fs)
{
	struct journal *j = fs->journal;

	journal_freeze(j);
	unsigned side = j->tid & 1;

	ext2_store_super(fs);
	store_joined(fs, side);
	int err = journal_log(j);

	write_contents(fs, side, err);
	if (!err)
		err = journal_seal(j);
	if (!err) {
		ext2_unpin(fs, side);
		err = journal_checkpoint(j, false);
	}
	if (err)
		fail(fs, side, err);
	commit_end(fs);
	return err;
}

/* References that commits took. */
static void put_held(struct ext2 *fs)
{
	for (;;) {
		spin_lock(&fs->join_lock);
		struct list *link = list_pop(&fs->held);

		spin_unlock(&fs->join_lock);
		if (!link)
			return;
		inode_mapping_release(
			&list_entry(link, struct ext2_node, held_link)
				 ->inode->mapping);
	}
}

int ext2_commit_tid(struct ext2 *fs, uint32_t tid)
{
	struct journal *j = fs->journal;
	int err = 0;

	mutex_lock(&fs->commit_lock);
	if (j->aborted)
		err = -EROFS;
	else if (tid == j->tid && !journal_is_idle(j))
		err = commit_locked(fs);
	mutex_unlock(&fs->commit_lock);
	put_held(fs);
	return err;
}

int ext2_commit(struct ext2 *fs)
{
	return ext2_commit_tid(fs, fs->journal->tid);
}

int ext2_make_durable(struct inode *inode)
{
	struct ext2_node *node = ext2_node(inode);
	struct ext2 *fs = ext2_of(inode);

	spin_lock(&fs->join_lock);
	bool joined = has_joined(node, 0) || has_joined(node, 1);
	uint32_t tid = node->tid;

	spin_unlock(&fs->join_lock);
	return joined ? ext2_commit_tid(fs, tid) : block_flush(fs->device);
}

bool ext2_make_room(struct ext2 *fs)
{
	return atomic_exchange(&fs->wants_room, false) && ext2_commit(fs) == 0;
}
