/* host-test: tests/host/ext2_world.c fs/ext2_super.c fs/ext2_mount.c fs/ext2_alloc.c fs/ext2_map.c fs/ext2_record.c fs/ext2_inode.c fs/ext2_pages.c fs/ext2_size.c fs/ext2_dir.c fs/ext2_index.c fs/ext2_names.c fs/ext2_commit.c fs/ext2_journal.c fs/ext2_orphan.c fs/journal.c fs/journal_buffers.c fs/journal_recover.c fs/buffer.c fs/buffer_sync.c fs/inode.c fs/inode_times.c mm/radix.c kernel/lib/tree.c kernel/sync/mutex.c kernel/sync/waitq.c kernel/sync/spinlock.c */
// SPDX-License-Identifier: MIT
/*
 * recover - mount images after a crash, by the kernel's own code on the host.
 *
 * Each line of standard input is "mount PATH" or "replay PATH": then of what
 * the mount has written only that is kept which came from the journal, up to
 * the super block that calls it empty.  The image is changed in place, and the
 * answer is a line with 0 or the errno of the mount.
 */

#include "fs/journal_format.h"
#include "kernel/lib/string.h"
#include "tests/host/ext2_libc.h"
#include "tests/host/ext2_world.h"

static bool empties_journal(const struct world_write *w)
{
	const struct journal_super *s = (void *)w->data;

	return w->nbytes && s->header.magic == journal_be32(JOURNAL_MAGIC) &&
	       s->header.type == journal_be32(JOURNAL_SUPER_V2) && !s->start;
}

/* On the disk as it was before, what was written by the replay alone. */
static void keep_replay(const char *path)
{
	size_t n = 0;

	while (n < world_nwrites && !empties_journal(&world_writes[n]))
		n++;
	world_load(path);
	if (n == world_nwrites)
		return; /* there was nothing in it */
	for (size_t i = 0; i <= n; i++)
		if (world_writes[i].nbytes)
			memcpy(world_image +
				       world_writes[i].sector * SECTOR_SIZE,
			       world_writes[i].data, world_writes[i].nbytes);
}

static int recover(const char *path, bool replay_only)
{
	struct super *super;

	world_load(path);
	world_record(true);
	int err = world_mount(false, &super);

	world_record(false);
	if (err)
		return err;
	world_unmount(super);
	world_drop_pages(1);
	if (replay_only)
		keep_replay(path);
	world_save(path);
	return 0;
}

int main(void)
{
	char line[300];

	world_start(1);
	while (fgets(line, sizeof(line), stdin)) {
		char *path = strchr(line, ' ');
		char *end = strchr(line, '\n');

		if (!path || !end)
			return 2;
		*path++ = *end = '\0';
		printf("%d\n", -recover(path, strcmp(line, "replay") == 0));
		fflush(stdout);
	}
	return 0;
}
