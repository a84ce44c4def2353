/* host-test: tests/host/ext2_world.c fs/ext2_super.c fs/ext2_mount.c fs/ext2_alloc.c fs/ext2_map.c fs/ext2_record.c fs/ext2_inode.c fs/ext2_pages.c fs/ext2_size.c fs/ext2_dir.c fs/ext2_index.c fs/ext2_names.c fs/ext2_commit.c fs/ext2_journal.c fs/ext2_orphan.c fs/journal.c fs/journal_buffers.c fs/journal_recover.c fs/buffer.c fs/buffer_sync.c fs/inode.c fs/inode_times.c mm/radix.c kernel/lib/tree.c kernel/sync/mutex.c kernel/sync/waitq.c kernel/sync/spinlock.c */
// SPDX-License-Identifier: MIT
/*
 * ext2_model_test.c - random operations on ext2 against a model in memory.
 *
 * The model is a list of names and a list of nodes, with contents by the
 * kilobyte.  After some operations the whole tree is read and compared; now
 * and then the filesystem is unmounted, judged by e2fsck, and mounted again;
 * at the end debugfs, too, must find what the model says.  The disk is small,
 * so that it is often full; in some rounds requests and allocations fail, and
 * then operations must say so and change nothing.
 *
 * usage: [SEED [ROUNDS]]     VERBOSE=1 prints the log
 */

#include "kernel/lib/errno.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"
#include "mm/slab.h"
#include "tests/host/ext2_libc.h"
#include "tests/host/ext2_world.h"

enum { NAMES_MAX = 300, NODES_MAX = 400, CHUNK = 1024, FILE_MAX = 96 * 1024 };

struct chunk {
	uint64_t index;
	uint8_t data[CHUNK];
};

struct node {
	bool used;
	uint64_t ino;
	uint32_t mode, rdev;
	unsigned nnames, nsubdirs;
	struct node *parent; /* directories */
	uint64_t size;
	struct chunk *chunks;
	size_t nchunks;
	char *target;
	struct inode *open; /* held, perhaps without a name */
};

struct name {
	struct node *dir, *node; /* dir NULL: unused */
	char text[EXT2_NAME_MAX + 1];
};

static struct node nodes[NODES_MAX];
static struct name names[NAMES_MAX];
static struct super *super;
static char folder[64], image[80];
static unsigned nchecks;
static unsigned seed = 1;
static bool failures; /* of disk or memory are being provoked */

static void fail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf(" (seed %u, image %s)\n", seed, image);
	exit(1);
}

#define check(cond) \
	((cond) ? (void)nchecks++ \
		: fail("%s:%d: %s", __FILE__, __LINE__, #cond))

static void run(const char *format, ...)
{
	char command[600];
	va_list args;

	va_start(args, format);
	vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	if (world_run("%s", command))
		fail("failed: %s", command);
}

/* --- the model --- */

static struct node *node_new(uint32_t mode)
{
	for (size_t i = 0; i < NODES_MAX; i++)
		if (!nodes[i].used) {
			nodes[i] = (struct node){.used = true, .mode = mode};
			return &nodes[i];
		}
	return NULL;
}

static void node_check_free(struct node *node)
{
	if (node->nnames || node->open)
		return;
	free(node->chunks);
	free(node->target);
	node->used = false;
}

static struct name *name_new(struct node *dir, const char *text,
			     struct node *node)
{
	for (size_t i = 0; i < NAMES_MAX; i++)
		if (!names[i].dir) {
			names[i].dir = dir;
			names[i].node = node;
			strcpy(names[i].text, text);
			node->nnames++;
			if (S_ISDIR(node->mode)) {
				node->parent = dir;
				dir->nsubdirs++;
			}
			return &names[i];
		}
	return NULL;
}

static void name_drop(struct name *name)
{
	if (S_ISDIR(name->node->mode))
		name->dir->nsubdirs--;
	name->node->nnames--;
	name->dir = NULL;
	node_check_free(name->node);
}

static size_t count_names(void)
{
	size_t n = 0;

	for (size_t i = 0; i < NAMES_MAX; i++)
		n += names[i].dir != NULL;
	return n;
}

static bool is_empty(const struct node *dir)
{
	for (size_t i = 0; i < NAMES_MAX; i++)
		if (names[i].dir == dir)
			return false;
	return true;
}

static bool is_below(const struct node *node, const struct node *top)
{
	while (node != top && node != &nodes[0])
		node = node->parent;
	return node == top;
}

static struct name *name_find(const struct node *dir, const char *text)
{
	for (size_t i = 0; i < NAMES_MAX; i++)
		if (names[i].dir == dir && !strcmp(names[i].text, text))
			return &names[i];
	return NULL;
}

/* Any name, or NULL. */
static struct name *name_any(void)
{
	size_t start = world_random(NAMES_MAX);

	for (size_t i = 0; i < NAMES_MAX; i++) {
		struct name *name = &names[(start + i) % NAMES_MAX];

		if (name->dir)
			return name;
	}
	return NULL;
}

static struct node *dir_any(void)
{
	size_t start = world_random(NODES_MAX);

	for (size_t i = 0; i < NODES_MAX; i++) {
		struct node *node = &nodes[(start + i) % NODES_MAX];

		/* Most things happen in few directories. */
		if (node->used && S_ISDIR(node->mode) &&
		    (node == &nodes[0] || node->nnames))
			return world_random(3) ? node : &nodes[0];
	}
	return &nodes[0];
}

static struct node *file_any(void)
{
	size_t start = world_random(NODES_MAX);

	for (size_t i = 0; i < NODES_MAX; i++) {
		struct node *node = &nodes[(start + i) % NODES_MAX];

		if (node->used && S_ISREG(node->mode))
			return node;
	}
	return NULL;
}

static struct chunk *chunk_get(struct node *node, uint64_t index, bool make)
{
	for (size_t i = 0; i < node->nchunks; i++)
		if (node->chunks[i].index == index)
			return &node->chunks[i];
	if (!make)
		return NULL;
	node->chunks = realloc(node->chunks,
			       (node->nchunks + 1) * sizeof(struct chunk));
	struct chunk *chunk = &node->chunks[node->nchunks++];

	memset(chunk, 0, sizeof(*chunk));
	chunk->index = index;
	return chunk;
}

static void model_write(struct node *node, uint64_t offset, const uint8_t *data,
			size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint64_t at = offset + i;

		chunk_get(node, at / CHUNK, true)->data[at % CHUNK] = data[i];
	}
	node->size = max_u64(node->size, offset + n);
}

static void model_resize(struct node *node, uint64_t size)
{
	for (size_t i = 0; i < node->nchunks; i++) {
		struct chunk *c = &node->chunks[i];
		uint64_t start = c->index * CHUNK;

		if (size <= start)
			memset(c->data, 0, CHUNK);
		else if (size - start < CHUNK)
			memset(c->data + (size - start), 0,
			       CHUNK - (size - start));
	}
	node->size = size;
}

/* --- reaching inodes --- */

/* Referenced. */
static struct inode *inode_of(struct node *node)
{
	struct inode *inode;

	if (node->open)
		return inode_hold(node->open);
	int err = inode_get(super, node->ino, &inode);

	if (err && failures)
		return NULL;
	check(!err);
	return inode;
}

static void check_inode(struct node *node, struct inode *inode)
{
	unsigned nlink =
		S_ISDIR(node->mode) ? 2 + node->nsubdirs : node->nnames;

	check(inode->ino == node->ino);
	check(inode->mode == node->mode);
	check(inode->nlink == nlink);
	check(inode->rdev == node->rdev);
	if (!S_ISDIR(node->mode) && inode_size(inode) != node->size)
		fail("ino %llu: size %llu, not %llu",
		     (unsigned long long)node->ino,
		     (unsigned long long)inode_size(inode),
		     (unsigned long long)node->size);
}

static void check_contents(struct node *node, struct inode *inode)
{
	uint8_t data[CHUNK];
	static const uint8_t zeros[CHUNK];
	uint64_t n = (node->size + CHUNK - 1) / CHUNK;

	for (uint64_t i = 0; i < n; i++) {
		struct chunk *chunk = chunk_get(node, i, false);
		size_t here = min_u64(CHUNK, node->size - i * CHUNK);
		ssize_t got = world_read(inode, i * CHUNK, data, CHUNK);

		if (got < 0 && failures)
			return;
		check(got == (ssize_t)here);
		const uint8_t *want = chunk ? chunk->data : zeros;

		for (size_t j = 0; j < here; j++)
			if (data[j] != want[j])
				fail("ino %llu: at %llu of %llu: %x, not %x",
				     (unsigned long long)node->ino,
				     (unsigned long long)i * CHUNK + j,
				     (unsigned long long)node->size, data[j],
				     want[j]);
	}
}

struct collect {
	struct dir_visit visit;
	struct node *dir;
	unsigned n, budget;
	uint64_t next;
	bool stopped;
};

static bool collect_entry(struct dir_visit *visit, const char *text, size_t n,
			  uint64_t ino, unsigned type, uint64_t next)
{
	struct collect *c = container_of(visit, struct collect, visit);
	char copy[EXT2_NAME_MAX + 1];

	if (!c->budget--) {
		c->stopped = true;
		return false;
	}
	memcpy(copy, text, n);
	copy[n] = '\0';
	c->next = next;
	if (!strcmp(copy, ".")) {
		check(ino == c->dir->ino);
	} else if (!strcmp(copy, "..")) {
		check(ino == (c->dir->parent ? c->dir->parent : c->dir)->ino);
	} else if (c->dir != &nodes[0] || strcmp(copy, "lost+found")) {
		struct name *name = name_find(c->dir, copy);

		if (!name)
			fail("unexpected name %s", copy);
		check(ino == name->node->ino);
		check(type == 0 || type == name->node->mode >> 12);
		c->n++;
	}
	return true;
}

/* Read a directory in several turns. */
static void check_dir(struct node *dir, struct inode *inode)
{
	struct collect c = {.visit.entry = collect_entry, .dir = dir};
	unsigned n = 0;

	do {
		c.stopped = false;
		c.budget = (unsigned)(1 + world_random(100));
		inode_lock(inode);
		int err = inode->ops->read_dir(inode, c.next, &c.visit);
		inode_unlock(inode);
		if (err && failures)
			return;
		check(!err);
	} while (c.stopped);
	for (size_t i = 0; i < NAMES_MAX; i++)
		n += names[i].dir == dir;
	check(c.n == n);
}

static void check_node(struct node *node)
{
	struct inode *inode = inode_of(node);

	if (!inode)
		return;
	check_inode(node, inode);
	if (S_ISREG(node->mode))
		check_contents(node, inode);
	if (S_ISDIR(node->mode) && (node == &nodes[0] || node->nnames))
		check_dir(node, inode);
	if (S_ISLNK(node->mode)) {
		char target[4100];
		int err = inode->ops->read_link(inode, target, sizeof(target));

		check((err && failures) || !strcmp(target, node->target));
	}
	inode_put(inode);
}

static void check_all(void)
{
	for (size_t i = 0; i < NODES_MAX; i++)
		if (nodes[i].used)
			check_node(&nodes[i]);
}

/* --- operations --- */

static void text_random(char *text)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz.-_ABC";
	size_t n =
		world_random(6) ? 1 + world_random(6) : 1 + world_random(255);

	do {
		for (size_t i = 0; i < n; i++)
			text[i] = letters[world_random(sizeof(letters) - 1)];
		text[n] = '\0';
	} while (!strcmp(text, ".") || !strcmp(text, ".."));
}

/* An operation failed: was that to be expected? */
static void check_error(int err)
{
	if (err != -ENOSPC && !(failures && (err == -EIO || err == -ENOMEM)))
		fail("unexpected error %d", err);
}

static void op_create(uint32_t mode)
{
	static const uint32_t rdevs[] = {0x103, 0xff01, 0x10100, 0x7ff12345};
	uint32_t rdev =
		S_ISCHR(mode) || S_ISBLK(mode) ? rdevs[world_random(4)] : 0;
	struct node *dir = dir_any(), *node = node_new(mode);
	char text[EXT2_NAME_MAX + 1];
	struct inode *idir = inode_of(dir), *inode;

	text_random(text);
	if (idir && node && !name_find(dir, text) &&
	    count_names() < NAMES_MAX) {
		inode_lock(idir);
		int err = idir->ops->create(idir, text, strlen(text), mode,
					    rdev, &inode);
		inode_unlock(idir);
		if (err) {
			check_error(err);
		} else {
			node->ino = inode->ino;
			node->rdev = rdev;
			name_new(dir, text, node);
			check_inode(node, inode);
			inode_put(inode);
		}
	}
	if (node)
		node_check_free(node);
	if (idir)
		inode_put(idir);
}

static void op_symlink(void)
{
	struct node *dir = dir_any(), *node = node_new(S_IFLNK | 0777);
	char text[EXT2_NAME_MAX + 1], target[1024];
	struct inode *idir = inode_of(dir), *inode;
	size_t n =
		1 + (world_random(2) ? world_random(70) : world_random(1022));

	memset(target, 't', n);
	target[n] = '\0';
	text_random(text);
	if (idir && node && !name_find(dir, text) &&
	    count_names() < NAMES_MAX) {
		inode_lock(idir);
		int err = idir->ops->symlink(idir, text, strlen(text), target,
					     &inode);
		inode_unlock(idir);
		if (err) {
			check_error(err);
		} else {
			node->ino = inode->ino;
			node->size = n;
			node->target = strdup(target);
			name_new(dir, text, node);
			check_inode(node, inode);
			inode_put(inode);
		}
	}
	if (node)
		node_check_free(node);
	if (idir)
		inode_put(idir);
}

static void op_link(void)
{
	struct node *dir = dir_any(), *node = file_any();
	char text[EXT2_NAME_MAX + 1];

	text_random(text);
	if (!node || !node->nnames || name_find(dir, text) ||
	    count_names() == NAMES_MAX)
		return;
	struct inode *idir = inode_of(dir), *inode = inode_of(node);

	if (idir && inode) {
		inode_lock(idir);
		inode_lock_child(inode);
		int err = idir->ops->link(idir, text, strlen(text), inode);
		inode_unlock(inode);
		inode_unlock(idir);
		if (err)
			check_error(err);
		else
			name_new(dir, text, node);
	}
	if (idir)
		inode_put(idir);
	if (inode)
		inode_put(inode);
}

static void op_unlink(void)
{
	struct name *name = name_any();

	if (!name)
		return;
	struct node *node = name->node;
	struct inode *idir = inode_of(name->dir), *inode = NULL;

	if (idir) {
		inode_lock(idir);
		int err = idir->ops->lookup(idir, name->text,
					    strlen(name->text), &inode);
		if (err)
			check_error(err);
		else
			check(inode->ino == node->ino);
		inode_unlock(idir);
	}
	if (inode) {
		inode_lock(idir);
		inode_lock_child(inode);
		int err = idir->ops->unlink(idir, name->text,
					    strlen(name->text), inode);
		inode_unlock(inode);
		inode_unlock(idir);
		if (err == -ENOTEMPTY) {
			check(S_ISDIR(node->mode) && !is_empty(node));
		} else if (err) {
			check_error(err);
		} else {
			check(!S_ISDIR(node->mode) || is_empty(node));
			/* Some stay open without a name. */
			if (node->nnames == 1 && !node->open &&
			    S_ISREG(node->mode) && world_random(4) == 0)
				node->open = inode_hold(inode);
			name_drop(name);
		}
		inode_put(inode);
	}
	if (idir)
		inode_put(idir);
}

static void lock_all(struct inode **inodes, bool lock)
{
	for (unsigned i = 0; i < 4; i++) {
		bool again = !inodes[i];

		for (unsigned j = 0; j < i; j++)
			again |= inodes[j] == inodes[i];
		if (!again && lock)
			inode_lock(inodes[i]);
		else if (!again)
			inode_unlock(inodes[i]);
	}
}

static void rename_done(struct name *from, struct name *to, struct node *dir,
			const char *text)
{
	struct node *node = from->node;

	if (to)
		name_drop(to);
	node->nnames++; /* so that it isn't freed in between */
	name_drop(from);
	node->nnames--;
	name_new(dir, text, node);
}

static void op_rename(void)
{
	struct name *from = name_any(),
		    *to = world_random(2) ? name_any() : NULL;
	char text[EXT2_NAME_MAX + 1];

	if (!from)
		return;
	struct node *node = from->node, *dir = to ? to->dir : dir_any();

	text_random(text);
	if (to)
		strcpy(text, to->text);
	to = name_find(dir, text);
	if (to && (to->node == node ||
		   S_ISDIR(to->node->mode) != S_ISDIR(node->mode)))
		return;
	if (S_ISDIR(node->mode) && is_below(dir, node))
		return;
	if (to && is_below(from->dir, to->node))
		return;
	struct inode *all[4] = {inode_of(from->dir), inode_of(dir),
				inode_of(node), to ? inode_of(to->node) : NULL};

	if (all[0] && all[1] && all[2] && !(to && !all[3])) {
		lock_all(all, true);
		int err = all[0]->ops->rename(all[0], from->text,
					      strlen(from->text), all[1], text,
					      strlen(text), all[2], all[3]);
		lock_all(all, false);
		if (err == -ENOTEMPTY)
			check(to && !is_empty(to->node));
		else if (err)
			check_error(err);
		else
			rename_done(from, to, dir, text);
	}
	for (unsigned i = 0; i < 4; i++)
		if (all[i])
			inode_put(all[i]);
}

static void op_write(void)
{
	static uint8_t data[20000];
	struct node *node = file_any();
	size_t n = 1 + world_random(world_random(3) ? 3000 : sizeof(data));
	uint64_t offset;

	if (!node)
		return;
	struct inode *inode = inode_of(node);

	if (!inode)
		return;
	offset = world_random(2) ? node->size : world_random(FILE_MAX);
	if (world_random(50) == 0)
		offset = world_random(600 * 1024);
	if (offset + n > 700 * 1024)
		offset = 0;
	for (size_t i = 0; i < n; i++)
		data[i] = (uint8_t)world_random(256);
	ssize_t done = world_write(inode, offset, data, n);

	if (done < 0)
		check_error((int)done);
	else
		model_write(node, offset, data, done);
	inode_put(inode);
}

static void op_resize(void)
{
	struct node *node = file_any();
	struct inode *inode = node ? inode_of(node) : NULL;

	if (!inode)
		return;
	uint64_t size =
		world_random(world_random(4) ? node->size + 2000 : 500 * 1024);

	inode_lock(inode);
	int err = inode->ops->resize(inode, size);
	inode_unlock(inode);
	if (err)
		check_error(err);
	else
		model_resize(node, size);
	/* A failed one may have cut the file, but not freed its blocks. */
	if (err && inode_size(inode) == size)
		model_resize(node, size);
	inode_put(inode);
}

static void op_close(void)
{
	for (size_t i = 0; i < NODES_MAX; i++)
		if (nodes[i].used && nodes[i].open) {
			inode_put(nodes[i].open);
			nodes[i].open = NULL;
			node_check_free(&nodes[i]);
			return;
		}
}

static void op_housekeeping(void)
{
	switch (world_random(5)) {
	case 0:
		world_writeback();
		break;
	case 1:
		world_sync(super);
		break;
	case 2:
		world_drop_pages(2);
		break;
	case 3:
		inode_sync_all(super);
		inode_shrink(super, 1 + world_random(50));
		break;
	case 4:
		buffer_shrink(NULL, 1 + world_random(100));
		break;
	}
}

static void op_any(void)
{
	static const uint32_t special[] = {S_IFCHR | 0600, S_IFBLK | 0660,
					   S_IFIFO | 0644, S_IFSOCK | 0700};
	unsigned dice = (unsigned)world_random(100);
	/* Phases in which names become more, or fewer. */
	bool growing = count_names() < 40 || world_random(2);

	if (dice < 12 && growing)
		op_create(S_IFREG | 0644);
	else if (dice < 16 && growing)
		op_create(S_IFDIR | 0755);
	else if (dice < 19 && growing)
		op_create(special[world_random(4)]);
	else if (dice < 23 && growing)
		op_symlink();
	else if (dice < 27 && growing)
		op_link();
	else if (dice < 40)
		op_unlink();
	else if (dice < 50)
		op_rename();
	else if (dice < 75)
		op_write();
	else if (dice < 85)
		op_resize();
	else if (dice < 88)
		op_close();
	else if (dice < 96)
		op_housekeeping();
	else if (name_any())
		check_node(name_any()->node);
}

/* --- a run --- */

static void close_all(void)
{
	for (size_t i = 0; i < NODES_MAX; i++)
		op_close();
}

static void mount(void)
{
	check(!world_mount(false, &super));
	nodes[0].ino = EXT2_ROOT_INO;
}

static void remount(void)
{
	close_all();
	world_drop_pages(1);
	world_unmount(super);
	check(inode_count_cached() == 0);
	check(world_in_use == 0);
	if (!world_fsck(image))
		fail("e2fsck complains");
	mount();
	check_all();
}

/* Append the path of @dir, with a slash behind it. */
static void path_append(char *path, const struct node *dir)
{
	if (dir == &nodes[0])
		return;
	path_append(path, dir->parent);
	for (size_t i = 0; i < NAMES_MAX; i++)
		if (names[i].dir && names[i].node == dir)
			strcpy(path + strlen(path), names[i].text);
	strcpy(path + strlen(path), "/");
}

static void check_dumped(const struct name *name)
{
	static uint8_t data[FILE_MAX * 8];
	static char path[NAMES_MAX * EXT2_NAME_MAX];
	struct node *node = name->node;

	strcpy(path, folder);
	strcpy(path + strlen(path), "/out/");
	path_append(path, name->dir);
	strcpy(path + strlen(path), name->text);

	FILE *f = fopen(path, "rb");

	if (!f)
		return; /* too long for the host */
	size_t n = fread(data, 1, sizeof(data), f);

	fclose(f);
	check(n == node->size);
	for (size_t j = 0; j < node->nchunks; j++) {
		struct chunk *c = &node->chunks[j];
		uint64_t start = c->index * CHUNK;

		if (start < n)
			check(!memcmp(data + start, c->data,
				      min_u64(CHUNK, n - start)));
	}
}

/* The same through debugfs. */
static void check_dump(void)
{
	run("rm -rf %s/out && mkdir %s/out && "
	    "debugfs -R 'rdump / %s/out' %s >/dev/null 2>&1",
	    folder, folder, folder, image);
	for (size_t i = 0; i < NAMES_MAX; i++)
		if (names[i].dir && S_ISREG(names[i].node->mode))
			check_dumped(&names[i]);
}

static void forget_model(void)
{
	for (size_t i = 0; i < NAMES_MAX; i++)
		names[i].dir = NULL;
	for (size_t i = 0; i < NODES_MAX; i++) {
		if (!nodes[i].used)
			continue;
		free(nodes[i].chunks);
		free(nodes[i].target);
		nodes[i].used = false;
	}
	node_new(S_IFDIR | 0755);
	nodes[0].nsubdirs = 1; /* lost+found */
}

static void make_image(const char *options)
{
	char command[300];

	snprintf(command, sizeof(command), options, image);
	run("rm -f %s && mke2fs -q -F -t ext2 %s >/dev/null", image, command);
	world_load(image);
}

static void run_model(const char *options, unsigned rounds)
{
	make_image(options);
	forget_model();
	mount();
	for (unsigned i = 0; i < rounds; i++) {
		for (unsigned j = 0; j < 300; j++)
			op_any();
		check_all();
		if (world_random(3) == 0)
			remount();
	}
	remount();
	world_unmount(super);
	check(world_fsck(image));
	check_dump();
	check(world_log_lines() == 0);
	check(world_strays == 0);
}

/*
 * Allocations fail: what an operation reports, and the tree as seen through
 * the mount, must agree.  The only harm that may be left is that something
 * was not freed: e2fsck mends that, and the tree is still the same.
 */
static void run_failures(const char *options, unsigned rounds)
{
	make_image(options);
	forget_model();
	mount();
	for (unsigned i = 0; i < rounds; i++) {
		failures = true;
		for (unsigned j = 0; j < 100; j++) {
			world_fail_memory(world_random(3) ? world_random(8)
							  : 0);
			op_any();
			world_fail_memory(0);
		}
		failures = false;
		check_all();
	}
	close_all();
	world_unmount(super);
	check(world_in_use == 0);
	world_save(image);
	run("e2fsck -fy %s >/dev/null 2>&1; test $? -lt 2", image);
	world_load(image);
	mount();
	check_all();
	world_unmount(super);
	check(world_fsck(image));
	check(world_strays == 0);
	world_log_lines();
}

/* Without a journal, too, fsync keeps the file and its name when the power
 * fails, but e2fsck comes before the mount. */
static void check_fsync(void)
{
	static uint8_t data[70000], seen[sizeof(data)];
	struct inode *inode;

	make_image("-b 1024 %s 3M");
	mount();
	check(!super->root->ops->create(super->root, "kept", 4, S_IFREG | 0600,
					0, &inode));
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)world_random(256);
	check(world_write(inode, 0, data, sizeof(data)) == sizeof(data));
	world_record(true);
	check(!world_fsync(inode));
	world_record(false);
	check(world_nwrites && !world_writes[world_nwrites - 1].nbytes);
	world_save(image);
	inode_put(inode);
	world_unmount(super);
	world_drop_pages(1);

	run("e2fsck -fy %s >/dev/null 2>&1; test $? -lt 2", image);
	world_load(image);
	mount();
	check(!super->root->ops->lookup(super->root, "kept", 4, &inode));
	check(world_read(inode, 0, seen, sizeof(seen)) == sizeof(seen));
	check(!memcmp(data, seen, sizeof(seen)));
	inode_put(inode);
	world_unmount(super);
	world_log_lines();
}

int main(int argc, char **argv)
{
	static const char *const options[] = {
		"-b 1024 -I 128 %s 3M",
		"-b 2048 -I 256 %s 6M",
		"-b 4096 -I 256 %s 10M",
		"-b 1024 $REVISION_0 %s 4M",
		"-b 1024 -g 256 -N 600 -O ^resize_inode %s 4M",
		"-b 1024 -I 512 -O "
		"^filetype,^sparse_super,^resize_inode,^large_file -g 1024 "
		"%s 5M",
		"-b 1024 -J size=1 -j %s 6M",
		"-b 4096 -J size=4 -j %s 16M",
		"-b 2048 -O none -N 64 %s 2M",
	};
	unsigned rounds = argc > 2 ? (unsigned)atoi(argv[2]) : 6;

	if (argc > 1)
		seed = (unsigned)atoi(argv[1]);
	strcpy(folder, "/tmp/ext2-model-XXXXXX");
	if (!mkdtemp(folder))
		fail("mkdtemp");
	snprintf(image, sizeof(image), "%s/image", folder);
	world_start(seed);
	for (size_t i = 0; i < sizeof(options) / sizeof(*options); i++) {
		run_model(options[i], rounds);
		run_failures(options[i], rounds);
	}
	check_fsync();
	run("rm -rf %s", folder);
	printf("ext2_model: %u passed\n", nchecks);
	return 0;
}
