// SPDX-License-Identifier: MIT
/*
 * fdt.c - the flattened device tree (Devicetree Specification 0.4, ch. 5).
 *
 * The firmware describes the machine in one blob.  Its structure block is a
 * sequence of aligned, big-endian 32-bit tokens:
 *
 *      BEGIN_NODE "name\0"            a node, with
 *        PROP length name-offset value  its properties, then
 *        BEGIN_NODE ... END_NODE        its children
 *      END_NODE
 *      END
 *
 * There is no index: everything is found by stepping from token to token.  A
 * machine has some hundred nodes, and we look only at boot, so that is fast
 * enough, and it needs no memory.
 *
 * All stepping is in token_at(), which checks every length against the block
 * before it is used; a walk over a malformed tree ends early, as if the tree
 * ended there.
 *
 * Locks: none; the blob never changes.
 * Tests: tests/host/fdt_test.c.
 */

#include "kernel/lib/errno.h"
#include "kernel/lib/fdt.h"
#include "kernel/lib/string.h"

enum {
	FDT_BEGIN_NODE = 1,
	FDT_END_NODE = 2,
	FDT_PROP = 3,
	FDT_NOP = 4,
	FDT_MAGIC = 0xd00dfeed,
	FDT_VERSION = 17,
};

/* The header (5.2): words, which we look at by index. */
enum { MAGIC, TOTAL_SIZE, STRUCT_OFFSET, STRINGS_OFFSET, RESERVED_OFFSET };
enum { VERSION = 5, COMPATIBLE_VERSION, STRINGS_SIZE = 8, STRUCT_SIZE, WORDS };

/* One token, and where it ends. */
struct token {
	uint32_t kind;
	uint32_t next;        /* offset of the token behind it */
	const char *name;     /* BEGIN_NODE, PROP */
	const uint8_t *value; /* PROP */
	uint32_t nbytes;      /* PROP */
};

static uint32_t load_be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | p[1] << 16 | p[2] << 8 | p[3];
}

static uint64_t load_be64(const uint8_t *p)
{
	return (uint64_t)load_be32(p) << 32 | load_be32(p + 4);
}

uint32_t fdt_blob_size(const void *blob)
{
	const uint8_t *p = blob;

	if (load_be32(p + 4 * MAGIC) != FDT_MAGIC)
		return 0;
	return load_be32(p + 4 * TOTAL_SIZE);
}

/* Does [start, start + n) lie in the blob? */
static bool inside(const struct fdt *fdt, uint32_t start, uint32_t n)
{
	return start <= fdt->nbytes && n <= fdt->nbytes - start;
}

int fdt_open(struct fdt *fdt, const void *blob)
{
	uint32_t word[WORDS];

	*fdt = (struct fdt){.blob = blob, .nbytes = fdt_blob_size(blob)};
	if (fdt->nbytes < sizeof(word) || fdt->nbytes > INT32_MAX)
		return -EINVAL;
	for (int i = 0; i < WORDS; i++)
		word[i] = load_be32(fdt->blob + 4 * i);
	if (word[VERSION] < FDT_VERSION ||
	    word[COMPATIBLE_VERSION] > FDT_VERSION || word[STRUCT_OFFSET] % 4 ||
	    word[STRUCT_OFFSET] == 0 ||
	    !inside(fdt, word[STRUCT_OFFSET], word[STRUCT_SIZE]) ||
	    !inside(fdt, word[STRINGS_OFFSET], word[STRINGS_SIZE]) ||
	    !inside(fdt, word[RESERVED_OFFSET], 0))
		return -EINVAL;
	fdt->struct_start = word[STRUCT_OFFSET];
	fdt->struct_end = fdt->struct_start + word[STRUCT_SIZE];
	fdt->strings_start = word[STRINGS_OFFSET];
	fdt->strings_end = fdt->strings_start + word[STRINGS_SIZE];
	fdt->reserved_start = word[RESERVED_OFFSET];
	return 0;
}

/* A NUL-ended string within [at, end) of the blob, or NULL. */
static const char *string_at(const struct fdt *fdt, uint32_t at, uint32_t end)
{
	if (at >= end || !memchr(fdt->blob + at, '\0', end - at))
		return NULL;
	return (const char *)fdt->blob + at;
}

static bool property_at(const struct fdt *fdt, uint32_t at, struct token *t)
{
	uint32_t name, room = fdt->struct_end - at;

	if (room < 8)
		return false;
	t->nbytes = load_be32(fdt->blob + at);
	name = load_be32(fdt->blob + at + 4);
	if (t->nbytes > room - 8 ||
	    name >= fdt->strings_end - fdt->strings_start)
		return false;
	t->name = string_at(fdt, fdt->strings_start + name, fdt->strings_end);
	t->value = fdt->blob + at + 8;
	t->next = at + 8 + t->nbytes;
	return t->name;
}

/* Decode the token at @at; false at the end, and where there is no good one. */
static bool token_at(const struct fdt *fdt, uint32_t at, struct token *t)
{
	if (at < fdt->struct_start || at > fdt->struct_end ||
	    fdt->struct_end - at < 4)
		return false;
	*t = (struct token){.kind = load_be32(fdt->blob + at), .next = at + 4};
	switch (t->kind) {
	case FDT_BEGIN_NODE:
		t->name = string_at(fdt, at + 4, fdt->struct_end);
		if (!t->name)
			return false;
		t->next += strlen(t->name) + 1;
		break;
	case FDT_PROP:
		if (!property_at(fdt, at + 4, t))
			return false;
		break;
	case FDT_END_NODE:
	case FDT_NOP:
		break;
	default:
		return false;
	}
	t->next = (t->next + 3) & ~3u;
	return true;
}

static bool node_at(const struct fdt *fdt, int node, struct token *t)
{
	return node >= 0 && token_at(fdt, node, t) && t->kind == FDT_BEGIN_NODE;
}

int fdt_next(const struct fdt *fdt, int node)
{
	uint32_t at = fdt->struct_start;
	struct token t;

	if (node >= 0) {
		if (!node_at(fdt, node, &t))
			return -1;
		at = t.next;
	}
	for (; token_at(fdt, at, &t); at = t.next) {
		if (t.kind == FDT_BEGIN_NODE)
			return at;
	}
	return -1;
}

int fdt_first_child(const struct fdt *fdt, int node)
{
	struct token t;
	uint32_t at;

	if (!node_at(fdt, node, &t))
		return -1;
	for (at = t.next; token_at(fdt, at, &t); at = t.next) {
		if (t.kind == FDT_BEGIN_NODE)
			return at;
		if (t.kind == FDT_END_NODE)
			break;
	}
	return -1;
}

int fdt_next_sibling(const struct fdt *fdt, int node)
{
	struct token t;
	int depth = 0;
	uint32_t at;

	if (!node_at(fdt, node, &t))
		return -1;
	for (at = t.next; token_at(fdt, at, &t); at = t.next) {
		if (t.kind == FDT_BEGIN_NODE && depth++ < 0)
			return at;
		if (t.kind == FDT_END_NODE && --depth < -1)
			break;
	}
	return -1;
}

int fdt_parent(const struct fdt *fdt, int node)
{
	int parent = -1;
	int at = fdt_next(fdt, -1);

	/* Siblings lie in order: @node is below the last that starts before
	 * it. */
	while (at >= 0 && at < node) {
		int sibling = fdt_next_sibling(fdt, at);

		if (sibling >= 0 && sibling <= node) {
			at = sibling;
		} else {
			parent = at;
			at = fdt_first_child(fdt, at);
		}
	}
	return at == node ? parent : -1;
}

const char *fdt_name(const struct fdt *fdt, int node)
{
	struct token t;

	return node_at(fdt, node, &t) ? t.name : NULL;
}

const void *fdt_property(const struct fdt *fdt, int node, const char *name,
			 uint32_t *nbytes)
{
	struct token t;
	uint32_t at;

	if (!node_at(fdt, node, &t))
		return NULL;
	for (at = t.next; token_at(fdt, at, &t); at = t.next) {
		if (t.kind == FDT_PROP && strcmp(t.name, name) == 0) {
			*nbytes = t.nbytes;
			return t.value;
		}
		if (t.kind != FDT_PROP && t.kind != FDT_NOP)
			break;
	}
	return NULL;
}

const char *fdt_string(const struct fdt *fdt, int node, const char *name)
{
	uint32_t nbytes;
	const char *s = fdt_property(fdt, node, name, &nbytes);

	return s && memchr(s, '\0', nbytes) ? s : NULL;
}

bool fdt_cell(const struct fdt *fdt, int node, const char *name, uint32_t index,
	      uint32_t *value)
{
	uint32_t nbytes;
	const uint8_t *cells = fdt_property(fdt, node, name, &nbytes);

	if (!cells || index >= nbytes / 4)
		return false;
	*value = load_be32(cells + 4 * index);
	return true;
}

/* Does the path's next component, @n characters, name the node?  The unit
 * address may be left out, as in "/soc/serial" for "/soc/serial@10000000". */
static bool name_matches(const char *name, const char *component, size_t n)
{
	return strncmp(name, component, n) == 0 &&
	       (name[n] == '\0' || name[n] == '@');
}

/* How long a path's first component is.  A colon ends a path: what follows,
 * in /chosen/stdout-path, are options. */
static size_t component_length(const char *path)
{
	size_t n = 0;

	while (path[n] && path[n] != '/' && path[n] != ':')
		n++;
	return n;
}

int fdt_find_path(const struct fdt *fdt, const char *path)
{
	int node = fdt_next(fdt, -1);

	while (node >= 0) {
		size_t n;

		while (*path == '/')
			path++;
		n = component_length(path);
		if (n == 0)
			break;
		node = fdt_first_child(fdt, node);
		while (node >= 0 && !name_matches(fdt_name(fdt, node), path, n))
			node = fdt_next_sibling(fdt, node);
		path += n;
	}
	return node;
}

/* "compatible" is a list of strings, each with its NUL. */
static bool is_compatible(const struct fdt *fdt, int node, const char *name)
{
	uint32_t nbytes, at = 0;
	const char *list = fdt_property(fdt, node, "compatible", &nbytes);
	size_t n;

	for (; list && at < nbytes; at += n + 1) {
		n = strnlen(list + at, nbytes - at);
		if (n == strlen(name) && strncmp(list + at, name, n) == 0)
			return true;
	}
	return false;
}

int fdt_next_compatible(const struct fdt *fdt, int node, const char *name)
{
	do
		node = fdt_next(fdt, node);
	while (node >= 0 && !is_compatible(fdt, node, name));
	return node;
}

int fdt_find_phandle(const struct fdt *fdt, uint32_t phandle)
{
	int node = -1;
	uint32_t value;

	do
		node = fdt_next(fdt, node);
	while (node >= 0 && !(fdt_cell(fdt, node, "phandle", 0, &value) &&
			      value == phandle));
	return node;
}

/* @ncells cells from the @first on, as one number. */
static bool cells_at(const struct fdt *fdt, int node, const char *name,
		     uint32_t first, uint32_t ncells, uint64_t *value)
{
	uint32_t cell;

	*value = 0;
	for (uint32_t i = 0; i < ncells; i++) {
		if (!fdt_cell(fdt, node, name, first + i, &cell))
			return false;
		*value = *value << 32 | cell;
	}
	return true;
}

bool fdt_reg(const struct fdt *fdt, int node, uint32_t index, uint64_t *address,
	     uint64_t *nbytes)
{
	int parent = fdt_parent(fdt, node);
	/* What the specification says where the parent doesn't (2.3.5). */
	uint32_t naddress = 2, nsize = 1, first;

	fdt_cell(fdt, parent, "#address-cells", 0, &naddress);
	fdt_cell(fdt, parent, "#size-cells", 0, &nsize);
	if (naddress > 2 || nsize > 2 || index > INT16_MAX)
		return false;
	first = index * (naddress + nsize);
	return cells_at(fdt, node, "reg", first, naddress, address) &&
	       cells_at(fdt, node, "reg", first + naddress, nsize, nbytes);
}

bool fdt_reserved(const struct fdt *fdt, uint32_t index, uint64_t *address,
		  uint64_t *nbytes)
{
	uint32_t at = fdt->reserved_start;

	/* The list ends with an empty pair. */
	for (uint32_t i = 0; inside(fdt, at, 16); i++, at += 16) {
		*address = load_be64(fdt->blob + at);
		*nbytes = load_be64(fdt->blob + at + 8);
		if (!*nbytes)
			return false;
		if (i == index)
			return true;
	}
	return false;
}

bool fdt_enabled(const struct fdt *fdt, int node)
{
	uint32_t nbytes;
	const char *status;

	if (!fdt_property(fdt, node, "status", &nbytes))
		return true;
	status = fdt_string(fdt, node, "status");
	return status &&
	       (strcmp(status, "okay") == 0 || strcmp(status, "ok") == 0);
}
