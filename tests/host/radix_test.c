/* host-test: mm/radix.c tests/host/slab_stub.c */
/* SPDX-License-Identifier: MIT */
/*
 * radix_test.c - random operations on a radix tree against a plain sorted
 * array of what should be in it, with tags, with failing allocations, and at
 * the ends of the index range.
 */
#include <stdio.h>
#include <stdlib.h>

#include "kernel/lib/assert.h"
#include "kernel/lib/errno.h"
#include "mm/radix.h"
#include "tests/host/slab_stub.h"

enum { INDICES = 400, OPERATIONS = 400000 };

struct model {
	uint64_t index;
	void *item;
	bool dirty, writing;
};

static struct model model[INDICES]; /* sorted by index; item NULL: absent */
static struct radix radix;
static unsigned long checks;

#define CHECK(cond) \
	do { \
		checks++; \
		if (!(cond)) { \
			printf("radix_test.c:%d: %s\n", __LINE__, #cond); \
			exit(1); \
		} \
	} while (0)

void assert_failed(const char *expression, const char *file, int line,
		   const char *function)
{
	printf("%s:%d: %s: assertion %s failed\n", file, line, function,
	       expression);
	abort();
}

static int by_index(const void *a, const void *b)
{
	const struct model *x = a, *y = b;

	return (x->index > y->index) - (x->index < y->index);
}

/* Clusters near powers of 64, the largest index, and some anywhere. */
static void choose_indices(void)
{
	for (int i = 0; i < INDICES; i++) {
		uint64_t base = 0;

		switch (i % 4) {
		case 0:
			base = 1ul << 6 * (i / 4 % 10);
			break;
		case 1:
			base = -(uint64_t)INDICES;
			break;
		case 2:
			base = (uint64_t)random() << 31 | random();
			break;
		}
		model[i] = (struct model){.index = base + i};
	}
	qsort(model, INDICES, sizeof(*model), by_index);
}

/* The model's first entry at or after @index with the tag. */
static struct model *model_next(enum radix_tag tag, uint64_t index)
{
	for (struct model *m = model; m < model + INDICES; m++)
		if (m->index >= index && m->item &&
		    (tag == RADIX_PRESENT || (tag == RADIX_DIRTY && m->dirty) ||
		     (tag == RADIX_WRITING && m->writing)))
			return m;
	return NULL;
}

static void check_next(enum radix_tag tag, uint64_t from)
{
	uint64_t index = from;
	void *item = radix_next(&radix, tag, &index);
	struct model *m = model_next(tag, from);

	CHECK(!item == !m);
	if (m)
		CHECK(item == m->item && index == m->index);
	CHECK(radix_any(&radix, tag) == !!model_next(tag, 0));
}

/* What radix_slots() shows is what radix_find() finds, and it goes on to the
 * end of what was asked for or of a node. */
static void check_slots(uint64_t from)
{
	size_t wanted = 1 + random() % 100, n = wanted;
	void **slot = radix_slots(&radix, from, &n);

	CHECK(n == wanted || (from + n) % 64 == 0);
	CHECK(n > 0 && n <= wanted);
	for (size_t i = 0; i < n; i++)
		CHECK(radix_find(&radix, from + i) == (slot ? slot[i] : NULL));
}

static void insert(struct model *m)
{
	int err = radix_insert(&radix, m->index, m + 1);

	if (m->item) {
		CHECK(err == -EEXIST || err == -ENOMEM);
		return;
	}
	CHECK(err == 0 || err == -ENOMEM);
	if (!err) {
		m->item = m + 1;
		m->dirty = m->writing = false;
	}
}

static void step(void)
{
	struct model *m = &model[random() % INDICES];

	slab_stub_fail_next(random() % 50 == 0);
	switch (random() % 7) {
	case 0:
	case 1:
		insert(m);
		break;
	case 2:
		CHECK(radix_remove(&radix, m->index) == m->item);
		m->item = NULL;
		break;
	case 3:
		if (m->item) {
			radix_set_tag(&radix, RADIX_DIRTY, m->index);
			m->dirty = true;
		}
		break;
	case 4:
		if (m->item) {
			radix_clear_tag(&radix, RADIX_DIRTY, m->index);
			m->dirty = false;
		}
		break;
	case 5:
		check_next(random() % RADIX_NTAGS, m->index + random() % 2);
		break;
	case 6:
		check_slots(m->index - random() % 70);
		break;
	}
	slab_stub_fail_next(false);
	CHECK(radix_find(&radix, m->index) == m->item);
}

int main(int argc, char **argv)
{
	unsigned seed = argc > 1 ? strtoul(argv[1], NULL, 0) : 1;

	printf("radix: seed %u\n", seed);
	srandom(seed);
	radix_init();
	choose_indices();
	for (int i = 0; i < OPERATIONS; i++)
		step();
	for (struct model *m = model; m < model + INDICES; m++)
		CHECK(radix_remove(&radix, m->index) == m->item);
	CHECK(radix_empty(&radix));
	CHECK(slab_stub_in_use() == 0);
	printf("radix: %lu passed, 0 failed\n", checks);
	return 0;
}
