/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_TASK_ELF_H
#define KERNEL_TASK_ELF_H

/*
 * elf.h - what a program file says about itself, checked (elf.c).
 */

#include <linux/elf.h>

#include "kernel/lib/types.h"

/* Program headers that fit in 64 KiB, as on Linux. */
enum { ELF_PHNUM_MAX = 65536 / sizeof(struct elf64_phdr) };

/* One loadable segment, cut into pages:
 *
 *	start       file_end(page)     end(page)
 *	|---- from the file ----|-- zeros --|
 *	          ^data_end: zeros begin here, inside the last file page
 */
struct elf_segment {
	vaddr_t start;    /* page of its first byte */
	vaddr_t data_end; /* first byte that the file doesn't give */
	vaddr_t file_end; /* data_end, rounded up to a page */
	vaddr_t end;      /* rounded up */
	uint64_t offset;  /* in the file, of start; in bytes */
	int prot;         /* VM_* */
};

/* Facts about the whole.  Addresses are as in the file: a position
 * independent one is moved by a bias, later. */
struct elf_image {
	bool position_independent;
	bool executable_stack;
	vaddr_t entry;
	vaddr_t headers; /* address of the program headers, or 0 */
	unsigned nheaders;
	vaddr_t start, end;    /* pages that segments cover */
	uint64_t align;        /* the largest p_align, at least a page */
	uint64_t interpreter;  /* offset of its path in the file */
	uint64_t ninterpreter; /* bytes with the NUL; 0: none */
};

/* The file's first bytes: 0 or -ENOEXEC. */
int elf_check_header(const struct elf64_hdr *header);

/*
 * All program headers of a header that was found good, of a file of
 * @file_nbytes, with all segments in [0, limit): 0, -ENOEXEC, or for an
 * interpreter's path that isn't in the file -EIO or -EINVAL.
 */
int elf_check_image(const struct elf64_hdr *header,
		    const struct elf64_phdr *headers, uint64_t file_nbytes,
		    vaddr_t limit, struct elf_image *image);

/* After that: the segment of a header, false if it isn't loaded. */
bool elf_segment(const struct elf64_phdr *header, struct elf_segment *segment);

#endif
