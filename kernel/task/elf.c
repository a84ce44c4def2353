// SPDX-License-Identifier: MIT
/*
 * elf.c - is this a program, and where do its parts go?
 *
 * An ELF file has a header, which points to a table of program headers.  Those
 * of type PT_LOAD are the segments: so many bytes of the file, at that
 * address, with these rights, and zeros up to their size in memory.  (System V
 * ABI, "Object Files" and "Program Loading".)
 *
 * Every number here was written by a stranger.  What elf_check_image() has let
 * pass is true for the rest of the kernel: no sum overflows, all segments lie
 * below the limit and inside the file, in ascending order, and no two share a
 * page; so mapping them one after the other can't hit anything.
 *
 * Nothing here allocates, sleeps or locks.  Tests: tests/host/elf_test.c.
 * Book: chapter 4.
 */

#include "kernel/task/elf.h"

#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"

int elf_check_header(const struct elf64_hdr *header)
{
	if (memcmp(header->e_ident, ELFMAG, SELFMAG) ||
	    header->e_ident[EI_CLASS] != ELFCLASS64 ||
	    header->e_ident[EI_DATA] != ELFDATA2LSB)
		return -ENOEXEC;
	if (header->e_type != ET_EXEC && header->e_type != ET_DYN)
		return -ENOEXEC;
	if (header->e_machine != EM_RISCV ||
	    header->e_phentsize != sizeof(struct elf64_phdr) ||
	    !header->e_phnum || header->e_phnum > ELF_PHNUM_MAX)
		return -ENOEXEC;
	return 0;
}

/* [start, start + nbytes) without overflow, and inside [0, limit). */
static bool range_ok(uint64_t start, uint64_t nbytes, uint64_t limit)
{
	return start <= limit && nbytes <= limit - start;
}

static int check_segment(const struct elf64_phdr *header, uint64_t file_nbytes,
			 vaddr_t limit)
{
	if (header->p_filesz > header->p_memsz ||
	    !range_ok(header->p_offset, header->p_filesz, file_nbytes) ||
	    !range_ok(header->p_vaddr, header->p_memsz, limit) ||
	    page_offset(header->p_offset) != page_offset(header->p_vaddr))
		return -ENOEXEC;
	return 0;
}

bool elf_segment(const struct elf64_phdr *header, struct elf_segment *segment)
{
	uint64_t skew = page_offset(header->p_vaddr);

	if (header->p_type != PT_LOAD || !header->p_memsz)
		return false;
	*segment = (struct elf_segment){
		.start = header->p_vaddr - skew,
		.data_end = header->p_vaddr + header->p_filesz,
		.file_end = page_up(header->p_vaddr + header->p_filesz),
		.end = page_up(header->p_vaddr + header->p_memsz),
		.offset = header->p_offset - skew,
		.prot = (header->p_flags & PF_R ? VM_R : 0) |
			(header->p_flags & PF_W ? VM_W : 0) |
			(header->p_flags & PF_X ? VM_X : 0),
	};
	if (!header->p_filesz)
		segment->file_end = segment->data_end = segment->start;
	return true;
}

static int check_load(const struct elf64_hdr *header,
		      const struct elf64_phdr *load, uint64_t file_nbytes,
		      vaddr_t limit, struct elf_image *image)
{
	struct elf_segment segment;

	if (check_segment(load, file_nbytes, limit))
		return -ENOEXEC;
	if (!elf_segment(load, &segment))
		return 0;
	if (segment.start < image->end)
		return -ENOEXEC; /* not ascending, or in the same page */
	if (!image->end)
		image->start = segment.start;
	image->end = segment.end;
	/* Linux takes an alignment that is none for a page's. */
	if (!(load->p_align & (load->p_align - 1)))
		image->align = max_u64(image->align, load->p_align);
	if (header->e_phoff >= load->p_offset &&
	    header->e_phoff - load->p_offset < load->p_filesz)
		image->headers =
			load->p_vaddr + (header->e_phoff - load->p_offset);
	return 0;
}

static int check_interpreter(const struct elf64_phdr *header,
			     uint64_t file_nbytes, struct elf_image *image)
{
	/* A path has at least one character and its NUL. */
	if (header->p_filesz < 2 || header->p_filesz > PAGE_SIZE)
		return -ENOEXEC;
	/* As a read there would fail. */
	if (header->p_offset > INT64_MAX)
		return -EINVAL;
	if (!range_ok(header->p_offset, header->p_filesz, file_nbytes))
		return -EIO;
	image->interpreter = header->p_offset;
	image->ninterpreter = header->p_filesz;
	return 0;
}

int elf_check_image(const struct elf64_hdr *header,
		    const struct elf64_phdr *headers, uint64_t file_nbytes,
		    vaddr_t limit, struct elf_image *image)
{
	int err = 0;

	*image = (struct elf_image){
		.position_independent = header->e_type == ET_DYN,
		.entry = header->e_entry,
		.nheaders = header->e_phnum,
		.align = PAGE_SIZE,
	};
	for (unsigned i = 0; i < header->e_phnum && !err; i++) {
		const struct elf64_phdr *h = &headers[i];

		if (h->p_type == PT_LOAD)
			err = check_load(header, h, file_nbytes, limit, image);
		else if (h->p_type == PT_INTERP && !image->ninterpreter)
			err = check_interpreter(h, file_nbytes, image);
		else if (h->p_type == PT_GNU_STACK)
			image->executable_stack = h->p_flags & PF_X;
	}
	if (!err && !image->end)
		err = -ENOEXEC; /* nothing to run */
	return err;
}
