/* host-test: kernel/task/elf.c */
/* SPDX-License-Identifier: MIT */
/*
 * elf_test.c - hostile program files.  A good one is accepted with the right
 * numbers; each mistake alone is refused; and whatever a million random
 * mutations let through keeps the promises that exec.c relies on.  Mistake 52.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/lib/errno.h"
#include "kernel/task/elf.h"

enum { SEED = 1, MUTATIONS = 1000000, NHEADERS = 5 };

static const vaddr_t LIMIT = 0x2aaaaaa000;
static const uint64_t FILE_SIZE = 0x5000;
static unsigned long passed;

#define CHECK(cond) \
	do { \
		passed++; \
		if (!(cond)) { \
			printf("line %d: %s\n", __LINE__, #cond); \
			exit(1); \
		} \
	} while (0)

struct program {
	struct elf64_hdr header;
	struct elf64_phdr headers[NHEADERS];
};

static struct program good(void)
{
	return (struct program){
		.header = {.e_ident = ELFMAG "\2\1\1",
			   .e_type = ET_EXEC,
			   .e_machine = EM_RISCV,
			   .e_entry = 0x10100,
			   .e_phoff = sizeof(struct elf64_hdr),
			   .e_phentsize = sizeof(struct elf64_phdr),
			   .e_phnum = NHEADERS},
		.headers = {{.p_type = PT_LOAD,
			     .p_flags = PF_R | PF_X,
			     .p_vaddr = 0x10000,
			     .p_filesz = 0x2100,
			     .p_memsz = 0x2100,
			     .p_align = 0x1000},
			    {.p_type = PT_LOAD,
			     .p_flags = PF_R | PF_W,
			     .p_offset = 0x2e00,
			     .p_vaddr = 0x13e00,
			     .p_filesz = 0x300,
			     .p_memsz = 0x4000,
			     .p_align = 0x1000},
			    {.p_type = PT_LOAD,
			     .p_flags = PF_R,
			     .p_vaddr = 0x20000,
			     .p_memsz = 0x1000},
			    {.p_type = PT_INTERP,
			     .p_offset = 0x200,
			     .p_filesz = 30},
			    {.p_type = PT_GNU_STACK, .p_flags = PF_R | PF_W}},
	};
}

static int check(const struct program *p, struct elf_image *image)
{
	int err = elf_check_header(&p->header);

	if (err)
		return err;
	if (p->header.e_phnum > NHEADERS)
		return -ENOEXEC; /* we have no more, as a file may */
	return elf_check_image(&p->header, p->headers, FILE_SIZE, LIMIT, image);
}

static void good_one_is_accepted(void)
{
	struct program p = good();
	struct elf_image image;
	struct elf_segment segment;

	CHECK(check(&p, &image) == 0);
	CHECK(image.start == 0x10000 && image.end == 0x21000);
	CHECK(image.headers == 0x10000 + sizeof(struct elf64_hdr));
	CHECK(image.entry == 0x10100 && image.nheaders == NHEADERS);
	CHECK(image.interpreter == 0x200 && image.ninterpreter == 30);
	CHECK(!image.position_independent && !image.executable_stack);
	CHECK(elf_segment(&p.headers[1], &segment));
	CHECK(segment.start == 0x13000 && segment.offset == 0x2000);
	CHECK(segment.data_end == 0x14100 && segment.file_end == 0x15000);
	CHECK(segment.end == 0x18000 && segment.prot == (VM_R | VM_W));
	CHECK(elf_segment(&p.headers[2], &segment));
	CHECK(segment.file_end == segment.start && segment.end == 0x21000);
	CHECK(!elf_segment(&p.headers[3], &segment));
}

#define REFUSED(change) \
	do { \
		struct program p = good(); \
		struct elf_image image; \
\
		change; \
		CHECK(check(&p, &image) == -ENOEXEC); \
	} while (0)

static void each_mistake_is_refused(void)
{
	REFUSED(p.header.e_ident[0] = 0);
	REFUSED(p.header.e_ident[EI_CLASS] = ELFCLASS32);
	REFUSED(p.header.e_ident[EI_DATA] = ELFDATA2MSB);
	REFUSED(p.header.e_machine = EM_X86_64);
	REFUSED(p.header.e_type = ET_REL);
	REFUSED(p.header.e_phentsize = 32);
	REFUSED(p.header.e_phnum = 0);
	REFUSED(p.header.e_phnum = 0xffff);
	REFUSED(p.headers[0].p_filesz = 0x2101); /* > p_memsz */
	REFUSED(p.headers[1].p_memsz = 0x2ff);   /* < p_filesz */
	REFUSED(p.headers[0].p_vaddr = 0x10008); /* not as offset */
	REFUSED(p.headers[1].p_vaddr = 0x12e00); /* the same page */
	REFUSED(p.headers[1].p_vaddr = 0x8e00);  /* descending */
	REFUSED(p.headers[0].p_memsz = 0x10000); /* overlap */
	REFUSED(p.headers[2].p_memsz = -0x1000); /* wraps */
	REFUSED(p.headers[2].p_vaddr = -0x1000); /* the kernel's */
	REFUSED(p.headers[2].p_vaddr = 0xffffffff80200000);
	REFUSED(p.headers[2].p_memsz = LIMIT - 0x1ffff); /* a byte too far */
	REFUSED(p.headers[1].p_offset = 0x4e00);         /* past the file */
	REFUSED(p.headers[1].p_offset = -0x200);         /* wraps in it */
	REFUSED(p.headers[3].p_filesz = 1);
	REFUSED(p.headers[3].p_filesz = 0x1001);
	REFUSED(memset(p.headers, 0, sizeof(p.headers))); /* no segment */
}

static void interpreters_outside_the_file_are_no_reading(void)
{
	struct program p = good();
	struct elf_image image;

	p.headers[3].p_offset = FILE_SIZE - 29; /* a byte too far */
	CHECK(check(&p, &image) == -EIO);
	p.headers[3].p_offset = 1ul << 40;
	CHECK(check(&p, &image) == -EIO);
	p.headers[3].p_offset = -1ul;
	CHECK(check(&p, &image) == -EINVAL);
	p.headers[3].p_offset = FILE_SIZE - 30;
	CHECK(check(&p, &image) == 0);
}

static void odd_ones_are_accepted(void)
{
	struct program p = good();
	struct elf_image image;

	p.headers[0].p_align = 0;
	p.headers[1].p_align = 1;
	p.headers[2].p_memsz = LIMIT - 0x20000;
	CHECK(check(&p, &image) == 0 && image.end == LIMIT);
	p = good();
	p.header.e_type = ET_DYN;
	p.headers[4].p_flags |= PF_X;
	p.headers[0].p_align = 1ul << 21;
	CHECK(check(&p, &image) == 0 && image.position_independent);
	CHECK(image.executable_stack && image.align == 1ul << 21);
	p.headers[1].p_align = (1ul << 21) + 1; /* no alignment */
	CHECK(check(&p, &image) == 0 && image.align == 1ul << 21);
	p.headers[1].p_align = 1ul << 63;
	CHECK(check(&p, &image) == 0 && image.align == 1ul << 63);
}

/* What exec.c takes for granted. */
static void check_promises(const struct program *p,
			   const struct elf_image *image)
{
	vaddr_t end = image->start;

	CHECK(image->start < image->end && image->end <= LIMIT);
	for (unsigned i = 0; i < p->header.e_phnum; i++) {
		struct elf_segment s;

		if (!elf_segment(&p->headers[i], &s))
			continue;
		CHECK(s.start >= end && s.start <= s.data_end);
		CHECK(s.data_end <= s.file_end && s.file_end <= s.end);
		CHECK(s.start < s.end && s.end <= image->end);
		CHECK(!page_offset(s.start | s.file_end | s.end | s.offset));
		CHECK(s.data_end - s.start <= FILE_SIZE - s.offset ||
		      s.data_end == s.start);
		end = s.end;
	}
	CHECK(end == image->end);
	CHECK(image->interpreter + image->ninterpreter <= FILE_SIZE);
}

static uint64_t random_value(uint64_t old)
{
	static const uint64_t edges[] = {
		0,
		1,
		0xfff,
		0x1000,
		0x5000,
		1ul << 63,
		-1ul,
		-0x1000ul,
		0x2aaaaaa000,
		0x4000000000,
		0xffffffff80200000,
	};

	switch (rand() % 4) {
	case 0:
		return edges[rand() % (sizeof(edges) / sizeof(edges[0]))];
	case 1:
		return old + rand() % 0x2001 - 0x1000;
	case 2:
		return old ^ 1ul << rand() % 64;
	default:
		return (uint64_t)rand() << 32 ^ (uint64_t)rand() << 8;
	}
}

static void mutations_keep_the_promises(void)
{
	unsigned long accepted = 0;

	srand(SEED);
	for (int i = 0; i < MUTATIONS; i++) {
		struct program p = good();
		struct elf_image image;

		for (int n = rand() % 4 + 1; n; n--) {
			size_t nwords = sizeof(p) / sizeof(uint64_t);
			size_t at = rand() % nwords * sizeof(uint64_t);
			uint64_t word;

			memcpy(&word, (char *)&p + at, sizeof(word));
			word = random_value(word);
			memcpy((char *)&p + at, &word, sizeof(word));
		}
		if (check(&p, &image))
			continue;
		check_promises(&p, &image);
		accepted++;
	}
	/* Mutations of the header's unused fields, at least. */
	CHECK(accepted > MUTATIONS / 100 && accepted < MUTATIONS);
}

int main(void)
{
	good_one_is_accepted();
	each_mistake_is_refused();
	interpreters_outside_the_file_are_no_reading();
	odd_ones_are_accepted();
	mutations_keep_the_promises();
	printf("elf: %lu passed\n", passed);
}
