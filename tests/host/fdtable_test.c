/* host-test: fs/fdtable.c kernel/sync/spinlock.c tests/host/slab_stub.c */
/* SPDX-License-Identifier: MIT */
/*
 * fdtable_test.c - descriptor tables against a model, an array of pointers in
 * which the lowest free number is searched for.  Every reference that a table
 * takes is given back, and a failed allocation changes nothing.
 */
#include "fs/fdtable.h"
#include "fs/locks.h"
#include "kernel/lib/errno.h"
#include "tests/host/ext2_libc.h"
#include "tests/host/slab_stub.h"

int rand(void); /* <stdlib.h> collides with the kernel's headers */

enum { NFILES = 8, LIMIT = 700, STEPS = 400000 };

static struct file files[NFILES];
static const struct file_ops plain;

struct model {
	struct file *file[LIMIT];
	bool close_on_exec[LIMIT];
};

_Noreturn void assert_failed(const char *expression, const char *file, int line,
			     const char *function)
{
	printf("%s:%d: %s\n", file, line, expression);
	exit(1);
}

void file_get(struct file *f)
{
	f->refs++;
}

void file_put(struct file *f)
{
	f->refs--;
}

/* The locks that go with a closed descriptor are usertests'. */
void locks_drop(struct inode *inode, const void *owner)
{
}

static void check(bool ok, const char *what, long seen)
{
	if (ok)
		return;
	printf("fdtable: %s (seen: %ld)\n", what, seen);
	exit(1);
}

static int model_free(const struct model *m, int min)
{
	while (min < LIMIT && m->file[min])
		min++;
	return min < LIMIT ? min : -EMFILE;
}

static void model_set(struct model *m, int fd, struct file *f, bool cloexec)
{
	m->file[fd] = f;
	m->close_on_exec[fd] = f && cloexec;
}

/* Each number means the same in both, and each file has as many references
 * as numbers. */
static void compare(struct fdtable *table, const struct model *m,
		    unsigned tables)
{
	unsigned uses[NFILES] = {0};

	for (int fd = 0; fd < LIMIT; fd++) {
		struct file *f;
		int err = fdtable_get(table, fd, &f);

		check((err == 0) == (m->file[fd] != NULL), "in use", fd);
		if (err)
			continue;
		file_put(f);
		check(f == m->file[fd], "another file", fd);
		check(!fdtable_get_flags(table, fd) == !m->close_on_exec[fd],
		      "close on exec", fd);
		uses[f - files] += tables;
	}
	for (int i = 0; i < NFILES; i++)
		check(files[i].refs == uses[i], "references", files[i].refs);
}

static void step_install(struct fdtable *table, struct model *m)
{
	struct file *f = &files[rand() % NFILES];
	bool cloexec = rand() % 2;
	int min = rand() % 3 ? 0 : rand() % LIMIT;
	int expected = model_free(m, min);

	slab_stub_fail_next(rand() % 50 == 0);
	file_get(f);

	int fd = fdtable_install(table, f, min, LIMIT, cloexec);

	slab_stub_fail_next(false);
	if (fd != -ENOMEM)
		check(fd == expected, "not the lowest free number", fd);
	if (fd >= 0)
		model_set(m, fd, f, cloexec);
}

static void step_install_at(struct fdtable *table, struct model *m)
{
	struct file *f = &files[rand() % NFILES];
	int fd = rand() % (LIMIT + 5) - 2;

	file_get(f);

	int got = fdtable_install_at(table, f, fd, LIMIT, false);

	if (fd < 0 || fd >= LIMIT) {
		check(got == -EBADF, "dup3 out of bounds", got);
		return;
	}
	check(got == fd, "dup3", got);
	model_set(m, fd, f, false);
}

static void step_range(struct fdtable *table, struct model *m)
{
	unsigned first = rand() % LIMIT, last = first + rand() % 100;
	bool mark = rand() % 2;

	check(fdtable_close_range(table, first, last, mark) == 0, "range", 0);
	for (unsigned fd = first; fd <= last && fd < LIMIT; fd++) {
		if (mark)
			m->close_on_exec[fd] = m->file[fd] != NULL;
		else
			model_set(m, fd, NULL, false);
	}
}

static void step_copy(struct fdtable *table, const struct model *m)
{
	struct fdtable *copy = fdtable_copy(table);

	check(copy != NULL, "copy", 0);
	compare(copy, m, 2);
	fdtable_put(copy);
}

static void step(struct fdtable *table, struct model *m)
{
	int fd = rand() % LIMIT;

	switch (rand() % 100) {
	case 0:
		step_range(table, m);
		break;
	case 1:
		step_copy(table, m);
		break;
	case 2:
		fdtable_close_on_exec(table);
		for (int i = 0; i < LIMIT; i++)
			if (m->close_on_exec[i])
				model_set(m, i, NULL, false);
		break;
	case 3 ... 12:
		step_install_at(table, m);
		break;
	case 13 ... 50:
		check(fdtable_close(table, fd) == (m->file[fd] ? 0 : -EBADF),
		      "close", fd);
		model_set(m, fd, NULL, false);
		break;
	default:
		step_install(table, m);
	}
}

int main(void)
{
	struct fdtable *table = fdtable_new();
	static struct model m;

	for (int i = 0; i < NFILES; i++)
		files[i].ops = &plain;
	for (int i = 0; i < STEPS; i++) {
		step(table, &m);
		if (i % 500 == 0)
			compare(table, &m, 1);
	}
	compare(table, &m, 1);
	fdtable_put(table);
	for (int i = 0; i < NFILES; i++)
		check(files[i].refs == 0, "leaked", files[i].refs);
	check(slab_stub_in_use() == 0, "memory leaked", slab_stub_in_use());
	printf("fdtable: %d passed\n", STEPS);
	return 0;
}
