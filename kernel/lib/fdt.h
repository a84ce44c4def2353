/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_LIB_FDT_H
#define KERNEL_LIB_FDT_H

/*
 * fdt.h - reading the flattened device tree (Devicetree Specification 0.4,
 * chapter 5) in place, without memory of our own.
 *
 * A node is the offset of its FDT_BEGIN_NODE token; negative means none.
 * The blob comes from the firmware, but every offset is checked all the same.
 */

#include "kernel/lib/types.h"

struct fdt {
	const uint8_t *blob;
	uint32_t nbytes;
	uint32_t struct_start, struct_end;
	uint32_t strings_start, strings_end;
	uint32_t reserved_start;
};

/* Check the header.  0, or -EINVAL. */
int fdt_open(struct fdt *fdt, const void *blob);

/* The whole size from a header, or 0 if it isn't one. */
uint32_t fdt_blob_size(const void *blob);

/* The node at @path, "/cpus" or "/" say, or -1. */
int fdt_find_path(const struct fdt *fdt, const char *path);

/* The next node after @node (-1: the first, the root) in the order of the
 * blob, whatever its depth, or -1. */
int fdt_next(const struct fdt *fdt, int node);

/* The first child, and the next one of the same parent, or -1. */
int fdt_first_child(const struct fdt *fdt, int node);
int fdt_next_sibling(const struct fdt *fdt, int node);

/* The node's parent, or -1. */
int fdt_parent(const struct fdt *fdt, int node);

/* The next node after @node (-1: from the start) compatible with @name. */
int fdt_next_compatible(const struct fdt *fdt, int node, const char *name);

/* The node with this phandle, or -1. */
int fdt_find_phandle(const struct fdt *fdt, uint32_t phandle);

const char *fdt_name(const struct fdt *fdt, int node);

/* A property's value and its length, or NULL. */
const void *fdt_property(const struct fdt *fdt, int node, const char *name,
			 uint32_t *nbytes);

/* The property as a NUL-ended string, or NULL. */
const char *fdt_string(const struct fdt *fdt, int node, const char *name);

/* The @index-th big-endian 32-bit cell.  False if it is not there. */
bool fdt_cell(const struct fdt *fdt, int node, const char *name, uint32_t index,
	      uint32_t *value);

/* The @index-th (address, size) pair of "reg", by the parent's #cells. */
bool fdt_reg(const struct fdt *fdt, int node, uint32_t index, uint64_t *address,
	     uint64_t *nbytes);

/* The @index-th (address, size) of the memory reservation block. */
bool fdt_reserved(const struct fdt *fdt, uint32_t index, uint64_t *address,
		  uint64_t *nbytes);

/* True unless "status" says otherwise than "okay" or "ok". */
bool fdt_enabled(const struct fdt *fdt, int node);

#endif
