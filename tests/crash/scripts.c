// SPDX-License-Identifier: MIT
/*
 * scripts.c - the workloads: what a filesystem does when it is in use, in
 * small.  Between its promises each does enough for a commit to be interesting,
 * and not so much that the states after it could not be counted.
 */

#define _GNU_SOURCE
#include "workloads.h"

#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { NAME = 300 };

/* --- create, rename, unlink --- */

static struct {
	bool exists;
	struct file file;
} slots[3][12];

static void slot_name(char *path, unsigned folder, unsigned slot)
{
	snprintf(path, NAME, "d%u/name-%u", folder, slot);
}

static void slot_fill(unsigned d, unsigned s)
{
	char path[NAME];

	slot_name(path, d, s);
	make(&slots[d][s].file, path);
	slots[d][s].exists = true;
	if (any(2))
		append(&slots[d][s].file, 1 + any(300));
	if (any(4) == 0)
		keep(&slots[d][s].file);
	forget(&slots[d][s].file);
}

static void slot_move(unsigned d, unsigned s)
{
	unsigned d2 = any(3), s2 = any(12);
	char from[NAME], to[NAME];

	if (d == d2 && s == s2)
		return;
	slot_name(from, d, s);
	slot_name(to, d2, s2);
	move(from, to);
	slots[d2][s2] = slots[d][s];
	slots[d][s].exists = false;
}

static void storm(void)
{
	char path[NAME];

	for (unsigned d = 0; d < 3; d++) {
		snprintf(path, NAME, "d%u", d);
		make_folder(path);
	}
	memset(slots, 0, sizeof(slots));
	for (unsigned i = 0; i < 160; i++) {
		unsigned d = any(3), s = any(12), dice = any(10);

		slot_name(path, d, s);
		if (!slots[d][s].exists) {
			slot_fill(d, s);
		} else if (dice < 5) {
			slot_move(d, s);
		} else {
			drop(path);
			slots[d][s].exists = false;
		}
		if (any(25) == 0)
			keep_all();
		snprintf(path, NAME, "d%u", any(3));
		if (any(12) == 0)
			keep_folder(path);
	}
}

/* --- append and fsync --- */

static void appends(void)
{
	struct file f[3];

	make(&f[0], "log");
	make(&f[1], "log-dsync");
	make(&f[2], "log-slow");
	/* What each write(2) to it has done is kept. */
	close(f[1].fd);
	f[1].fd = open("log-dsync", O_RDWR | (any(2) ? O_DSYNC : O_SYNC));
	for (unsigned i = 0; i < 60; i++) {
		append(&f[0], 1 + any(any(4) ? 40 : 900));
		if (any(3))
			keep(&f[0]);
		if (any(3) == 0) {
			append(&f[1], 1 + any(200));
			say("kept-data %u", f[1].id);
		}
		if (any(3) == 0)
			append(&f[2], 1 + any(400));
		if (any(20) == 0)
			keep_all();
	}
	for (unsigned i = 0; i < 3; i++)
		forget(&f[i]);
}

/* --- a mapped file --- */

static void shared(void)
{
	struct file f, sparse;

	make(&f, "mapped");
	put(&f, 0, 16 * CELLS_PER_PAGE);
	make(&sparse, "sparse");
	cut(&sparse, 24 * CELLS_PER_PAGE);
	keep(&f);
	keep(&sparse);
	volatile uint64_t *map = map_file(&f), *holes = map_file(&sparse);

	for (unsigned i = 0; i < 120; i++) {
		struct file *which = any(3) ? &f : &sparse;
		volatile uint64_t *m = which == &f ? map : holes;
		unsigned start = any(which->ncells - 100), n = 1 + any(100);

		store(which, m, start, n);
		if (any(3) == 0)
			keep_range(which, m, start, n);
		if (any(20) == 0)
			put(which, any(which->ncells - 600), 600);
		if (any(15) == 0)
			keep(which);
		if (any(30) == 0)
			keep_all();
	}
	munmap((void *)map, f.ncells * 8);
	munmap((void *)holes, sparse.ncells * 8);
	forget(&f);
	forget(&sparse);
}

/* --- a small database ---
 *
 * A record's new version goes to a log, which is kept; then to its place in
 * the table, which is kept; then the log is emptied.  So at any time each
 * record is whole in one of the two: model.py need not know that, since it
 * follows from what it asks of each cell.
 */
static void records(void)
{
	enum { RECORD = 40, NRECORDS = 64 };
	struct file table, log;

	make(&table, "table");
	make(&log, "table.log");
	put(&table, 0, RECORD * NRECORDS);
	keep(&table);
	keep(&log);
	for (unsigned i = 0; i < 30; i++) {
		unsigned which[4], n = 1 + any(4);

		for (unsigned k = 0; k < n; k++) {
			which[k] = any(NRECORDS);
			append(&log, RECORD);
		}
		keep(&log);
		for (unsigned k = 0; k < n; k++)
			put(&table, which[k] * RECORD, RECORD);
		keep(&table);
		cut(&log, 0);
		if (any(2))
			keep(&log);
	}
	forget(&table);
	forget(&log);
}

/* --- a folder that grows and shrinks --- */

static void long_name(char *path, const char *folder, unsigned n)
{
	snprintf(path, NAME, "%s/%0*u", folder, 20 + n * 37 % 80, n);
}

/* The blocks that a folder has had become a file's: what the journal still
 * holds of them must not come back. */
static void directory(void)
{
	enum { NAMES = 90 };
	struct file f, data;
	char path[NAME];

	for (unsigned round = 0; round < 3; round++) {
		make_folder("grown");
		for (unsigned i = 0; i < NAMES; i++) {
			long_name(path, "grown", i);
			make(&f, path);
			forget(&f);
			if (any(40) == 0)
				keep_folder("grown");
		}
		keep_all();
		make_folder("new");
		move("grown", "new/grown");
		for (unsigned i = 0; i < NAMES; i++) {
			long_name(path, "new/grown", i);
			drop(path);
			if (any(60) == 0)
				keep_folder("new/grown");
		}
		drop_folder("new/grown");
		drop_folder("new");
		if (any(2))
			keep_folder(".");
		snprintf(path, NAME, "data-%u", round);
		make(&data, path);
		for (unsigned i = 0; i < 6; i++) {
			append(&data, 2000);
			keep(&data);
		}
		forget(&data);
	}
}

/* --- truncate and extend again --- */

static void truncations(void)
{
	struct file f[2];

	make(&f[0], "cut-a");
	make(&f[1], "cut-b");
	for (unsigned i = 0; i < 70; i++) {
		struct file *w = &f[any(2)];

		switch (any(5)) {
		case 0:
		case 1:
			append(w, 1 + any(2500));
			break;
		case 2:
			cut(w, any(w->ncells + 1));
			break;
		case 3:
			cut(w, w->ncells + any(3000));
			break;
		case 4:
			put(w, any(w->ncells + 1), 1 + any(700));
			break;
		}
		if (w->ncells > 20000)
			cut(w, any(3) * 500);
		if (any(2))
			keep(w);
		if (any(15) == 0)
			keep_all();
	}
	forget(&f[0]);
	forget(&f[1]);
}

/* --- a full disk --- */

static void full(void)
{
	struct file f, small;
	char path[NAME];

	for (unsigned round = 0; round < 3; round++) {
		unsigned n = 0;

		make(&f, "filler");
		while (put(&f, f.ncells, 16000) == 16000)
			continue;
		while (put(&f, f.ncells, 100) == 100)
			continue;
		keep(&f);
		for (; n < 40; n++) {
			snprintf(path, NAME, "small-%u-%u", round, n);
			if (make(&small, path) < 0)
				break;
			put(&small, 0, 200);
			forget(&small);
		}
		make_folder("no-room");
		if (access("no-room", F_OK) == 0)
			drop_folder("no-room");
		cut(&f, f.ncells / 2);
		make(&small, "after");
		append(&small, 3000);
		keep(&small);
		forget(&small);
		drop("after");
		drop("filler");
		forget(&f);
		while (n-- > 0) {
			snprintf(path, NAME, "small-%u-%u", round, n);
			drop(path);
		}
		if (any(2))
			keep_all();
	}
}

/* --- hard links --- */

static void links(void)
{
	struct file f[4];
	bool there[4][6] = {{0}};
	char a[NAME], b[NAME];

	for (unsigned i = 0; i < 4; i++) {
		snprintf(a, NAME, "file%u-0", i);
		make(&f[i], a);
		append(&f[i], 50 + any(200));
		there[i][0] = true;
	}
	for (unsigned i = 0; i < 90; i++) {
		unsigned k = any(4), from = any(6), to = any(6);

		snprintf(a, NAME, "file%u-%u", k, from);
		snprintf(b, NAME, "file%u-%u", k, to);
		if (!there[k][from])
			continue;
		if (!there[k][to]) {
			make_link(a, b);
			there[k][to] = true;
		} else if (from != to) {
			drop(b);
			there[k][to] = false;
		}
		if (any(5) == 0)
			append(&f[k], 30);
		if (any(5) == 0)
			keep(&f[k]);
		if (any(10) == 0)
			keep_folder(".");
	}
	for (unsigned i = 0; i < 4; i++)
		forget(&f[i]);
}

/* --- symbolic links --- */

static void symlinks(void)
{
	bool there[8] = {0};
	char path[NAME], other[NAME], target[NAME];

	for (unsigned i = 0; i < 90; i++) {
		unsigned k = any(8), n = any(2) ? 5 : 70 + any(200);

		snprintf(path, NAME, "link%u", k);
		snprintf(other, NAME, "link%u", any(8));
		snprintf(target, NAME, "%0*u", n, i);
		if (!there[k]) {
			make_symlink(target, path);
			there[k] = true;
		} else if (any(2)) {
			drop(path);
			there[k] = false;
		} else if (strcmp(path, other)) {
			move(path, other);
			there[k] = false;
			there[other[4] - '0'] = true;
		}
		if (any(6) == 0)
			keep_folder(".");
		if (any(12) == 0)
			keep_all();
	}
}

/* --- files without a name --- */

static void orphans(void)
{
	struct file f[6], other;
	unsigned next = 0;
	char path[NAME];

	for (unsigned i = 0; i < 6; i++)
		f[i].fd = -1;
	make(&other, "other");
	for (unsigned i = 0; i < 60; i++) {
		struct file *w = &f[any(6)];

		if (w->fd < 0) {
			snprintf(path, NAME, "orphan-%u", next++);
			make(w, path);
			append(w, 1 + any(4000));
			if (any(2))
				keep(w);
			drop(path);
		} else if (any(3)) {
			append(w, 1 + any(1500));
		} else if (any(2)) {
			cut(w, any(w->ncells));
		} else {
			forget(w);
		}
		if (any(3) == 0 && w->fd >= 0)
			keep(w);
		if (any(3) == 0) {
			append(&other, 10);
			keep(&other);
		}
	}
	for (unsigned i = 0; i < 6; i++)
		forget(&f[i]);
	forget(&other);
}

/* --- a file replaced as a whole, as an editor does --- */

static void replace(void)
{
	struct file f;

	make(&f, "text");
	append(&f, 1000);
	keep(&f);
	forget(&f);
	for (unsigned i = 0; i < 40; i++) {
		make(&f, "text.new");
		append(&f, 100 + any(2000));
		keep(&f);
		forget(&f);
		move("text.new", "text");
		if (any(3) == 0)
			keep_folder(".");
	}
}

/* Mounting is all that is done to a disk whose power has failed. */
static void recover(void)
{
}

const struct workload workloads[] = {
	{"storm", storm},
	{"appends", appends},
	{"shared", shared},
	{"records", records},
	{"directory", directory},
	{"truncations", truncations},
	{"full", full},
	{"links", links},
	{"symlinks", symlinks},
	{"orphans", orphans},
	{"replace", replace},
	{"recover", recover},
	{0},
};
