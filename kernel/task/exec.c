// SPDX-License-Identifier: MIT
/*
 * exec.c - running a program file.
 *
 * program_load() finds the file (following #! lines), checks it, and builds
 * the whole new address space beside the old one: segments as private
 * mappings of the file (nothing is read but headers; the pager does that), the
 * program interpreter if one is named, the stack with its strings, and the
 * vDSO.  All of this can fail, and then the caller goes on as if nothing had
 * been.
 *
 * exec_commit.c then moves the caller into it, and that can't fail.
 *
 * Book: chapters 4 and 12.
 */

#include <asm/hwcap.h>
#include <linux/auxvec.h>
#include <linux/binfmts.h>
#include <linux/mman.h>

#include "arch/riscv/pagetable.h"
#include "arch/riscv/vdso.h"
#include "kernel/dev/dev.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/task/clock.h"
#include "kernel/task/elf.h"
#include "kernel/task/exec.h"
#include "kernel/task/signal.h"
#include "mm/mmap.h"
#include "mm/page.h"
#include "mm/slab.h"

enum {
	SCRIPTS_MAX = 5,         /* #! lines naming scripts naming ... */
	STACK_BYTES = 132 << 10, /* mapped at first; more by faults */
};

/* One program file: its headers, and where it goes. */
struct image {
	struct file *file; /* counted */
	struct elf64_hdr header;
	struct elf64_phdr *headers; /* kmalloc'ed */
	struct elf_image elf;
	vaddr_t bias;
};

struct script {
	char line[BINPRM_BUF_SIZE]; /* "#!", cut into strings */
	const char *interpreter, *argument;
};

/* Everything program_load() needs for a while. */
struct loader {
	struct image program, interpreter;
	struct script scripts[SCRIPTS_MAX];
	size_t nscripts;
	struct layout layout;
	struct stack_image stack;
};

/* --- the file --- */

/* Read exactly so many bytes. */
static int read_exact(struct file *f, void *to, size_t nbytes, uint64_t offset)
{
	ssize_t n = file_read_kernel(f, to, nbytes, offset);

	if (n < 0)
		return n;
	return n == (ssize_t)nbytes ? 0 : -EIO;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Cut "#! /bin/sh  -x \n" into "/bin/sh" and "-x": one argument at most. */
static int parse_script(struct script *script)
{
	char *line = script->line + 2;
	char *end = memchr(line, '\n', sizeof(script->line) - 3);

	if (!end)
		end = line + strnlen(line, sizeof(script->line) - 3);
	while (end > line && is_blank(end[-1]))
		end--;
	*end = '\0';
	while (is_blank(*line))
		line++;
	if (!*line)
		return -ENOEXEC;
	script->interpreter = line;
	while (*line && !is_blank(*line))
		line++;
	if (*line) {
		*line++ = '\0';
		while (is_blank(*line))
			line++;
		script->argument = line;
	}
	return 0;
}

/*
 * Follow #! lines from loader->program.file until it is something else,
 * whose first bytes are then in loader->program.header.
 */
static int resolve_scripts(struct loader *loader, struct fs_context *fs)
{
	struct image *program = &loader->program;

	for (;;) {
		struct script *script = &loader->scripts[loader->nscripts];
		struct file *f;
		ssize_t n;
		int err;

		if (loader->nscripts == SCRIPTS_MAX)
			return -ELOOP;
		n = file_read_kernel(program->file, script->line,
				     sizeof(script->line), 0);
		if (n < 0)
			return n;
		if (script->line[0] != '#' || script->line[1] != '!') {
			memcpy(&program->header, script->line,
			       sizeof(program->header));
			return n < (ssize_t)sizeof(program->header) ? -ENOEXEC
								    : 0;
		}
		err = parse_script(script);
		if (!err)
			err = path_open_executable(
				fs, NULL, script->interpreter, PATH_FOLLOW, &f);
		if (err)
			return err;
		file_put(program->file);
		program->file = f;
		loader->nscripts++;
	}
}

/* With the header read: the rest of what the file says. */
static int read_image(struct image *image)
{
	int err = elf_check_header(&image->header);
	size_t nbytes;

	if (err)
		return err;
	nbytes = image->header.e_phnum * sizeof(*image->headers);
	image->headers = kmalloc(nbytes);
	if (!image->headers)
		return -ENOMEM;
	err = read_exact(image->file, image->headers, nbytes,
			 image->header.e_phoff);
	if (err)
		return -ENOEXEC; /* whatever it was, as on Linux */
	return elf_check_image(&image->header, image->headers,
			       inode_size(image->file->inode), PIE_BASE,
			       &image->elf);
}

/* Open what PT_INTERP names, and read its headers. */
static int read_interpreter(struct loader *loader, struct fs_context *fs)
{
	const struct elf_image *elf = &loader->program.elf;
	struct image *interpreter = &loader->interpreter;
	char *path = kmalloc(elf->ninterpreter);
	int err = path ? 0 : -ENOMEM;

	if (!err)
		err = read_exact(loader->program.file, path, elf->ninterpreter,
				 elf->interpreter);
	if (!err && path[elf->ninterpreter - 1])
		err = -ENOEXEC; /* no NUL at its end */
	if (!err)
		err = path_open_executable(fs, NULL, path, PATH_FOLLOW,
					   &interpreter->file);
	kfree(path);
	if (!err)
		err = read_exact(interpreter->file, &interpreter->header,
				 sizeof(interpreter->header), 0);
	if (err)
		return err;
	err = read_image(interpreter);
	return err && err != -ENOMEM ? -ELIBBAD : err;
}

/* --- its segments --- */

/* Map [start, end) of the new address space at just that place. */
static int map(struct mm *mm, vaddr_t start, vaddr_t end, int prot,
	       struct file *f, uint64_t offset)
{
	struct mmap_request request = {
		.addr = start,
		.nbytes = end - start,
		.prot = prot,
		.flags = MAP_PRIVATE | MAP_FIXED | (f ? 0 : MAP_ANONYMOUS),
		.file = f,
		.offset = offset,
		.may_read = true,
	};

	return start == end ? 0 : mmap_map(mm, &request, &start);
}

/* The last page from the file ends with other parts of the file: where
 * memory goes on there with zeros, write them. */
static int zero_tail(struct mm *mm, const struct elf_segment *segment,
		     vaddr_t bias)
{
	size_t nbytes = segment->file_end - segment->data_end;

	if (!(segment->prot & VM_W))
		return 0;
	return mm_copy(mm, segment->data_end + bias,
		       page_address(page_of_zeros), nbytes, true) == nbytes
		       ? 0
		       : -ENOMEM;
}

static int map_segment(struct mm *mm, const struct image *image,
		       const struct elf_segment *segment)
{
	vaddr_t start = segment->start + image->bias;
	vaddr_t file_end = segment->file_end + image->bias;
	vaddr_t end = segment->end + image->bias;
	int err = map(mm, start, file_end, segment->prot, image->file,
		      segment->offset);

	if (!err)
		err = map(mm, file_end, end, segment->prot, NULL, 0);
	if (!err)
		err = zero_tail(mm, segment, image->bias);
	if (segment->prot & VM_X && !mm->code_end) {
		mm->code_start = start;
		mm->code_end = end;
	} else if (segment->prot & VM_W && !mm->data_end) {
		mm->data_start = start;
		mm->data_end = segment->data_end + image->bias;
	}
	return err;
}

static int map_image(struct mm *mm, const struct image *image)
{
	struct elf_segment segment;
	int err = 0;

	for (unsigned i = 0; i < image->elf.nheaders && !err; i++)
		if (elf_segment(&image->headers[i], &segment))
			err = map_segment(mm, image, &segment);
	return err;
}

/* Where there is room for the interpreter: let mmap look for it.  Nobody else
 * maps anything here, so the place stays free. */
static int place_interpreter(struct mm *mm, struct image *image)
{
	struct mmap_request request = {
		.nbytes = image->elf.end - image->elf.start,
		.flags = MAP_PRIVATE | MAP_ANONYMOUS,
	};
	vaddr_t at;
	int err = mmap_map(mm, &request, &at);

	if (err)
		return err;
	image->bias = at - image->elf.start;
	return mmap_unmap(mm, at, request.nbytes);
}

static int map_images(struct mm *mm, struct loader *loader)
{
	struct image *program = &loader->program;
	struct image *interpreter = &loader->interpreter;
	int err;

	if (program->elf.position_independent)
		program->bias =
			(loader->layout.program & ~(program->elf.align - 1)) -
			program->elf.start;
	err = map_image(mm, program);
	if (err)
		return err;
	mmap_set_heap(mm, program->elf.end + program->bias +
				  loader->layout.heap_gap);
	if (!interpreter->file)
		return 0;
	if (interpreter->elf.position_independent)
		err = place_interpreter(mm, interpreter);
	return err ? err : map_image(mm, interpreter);
}

/* --- the stack --- */

static int map_stack(struct mm *mm, const struct loader *loader)
{
	bool executable = loader->program.elf.executable_stack;

	mm->mmap_top = loader->layout.mmap_top;
	return mmap_stack(mm, loader->layout.stack_top, STACK_BYTES,
			  VM_R | VM_W | (executable ? VM_X : 0));
}

static void add_auxv(struct stack_image *stack, const struct loader *loader)
{
	const struct image *program = &loader->program;

	stack_add_aux(stack, AT_HWCAP,
		      COMPAT_HWCAP_ISA_I | COMPAT_HWCAP_ISA_M |
			      COMPAT_HWCAP_ISA_A | COMPAT_HWCAP_ISA_F |
			      COMPAT_HWCAP_ISA_D | COMPAT_HWCAP_ISA_C);
	stack_add_aux(stack, AT_PAGESZ, PAGE_SIZE);
	stack_add_aux(stack, AT_CLKTCK, 100);
	stack_add_aux(stack, AT_PHDR, program->elf.headers + program->bias);
	stack_add_aux(stack, AT_PHENT, sizeof(struct elf64_phdr));
	stack_add_aux(stack, AT_PHNUM, program->elf.nheaders);
	stack_add_aux(stack, AT_BASE, loader->interpreter.bias);
	stack_add_aux(stack, AT_FLAGS, 0);
	stack_add_aux(stack, AT_ENTRY, program->elf.entry + program->bias);
	stack_add_aux(stack, AT_UID, 0);
	stack_add_aux(stack, AT_EUID, 0);
	stack_add_aux(stack, AT_GID, 0);
	stack_add_aux(stack, AT_EGID, 0);
	stack_add_aux(stack, AT_SECURE, 0);
	stack_add_aux(stack, AT_EXECFN, stack->path);
	stack_add_aux(stack, AT_MINSIGSTKSZ, SIGNAL_FRAME_SIZE);
}

static int map_vdso(struct mm *mm, vaddr_t *va)
{
	static struct page *page;

	/* The first program is made before there is a second hart at it. */
	if (!page) {
		page = page_alloc_zeroed();
		if (!page)
			return -ENOMEM;
		vdso_fill(page_address(page),
			  rtc_boot_seconds() * NSEC_PER_SEC);
		icache_flush_all();
	}
	return mmap_special(mm, va, page);
}

static int push_all(struct stack_image *stack, const struct loader *loader,
		    const char *path, const struct exec_strings *strings)
{
	int err = stack_push_string(stack, path);

	stack->path = stack->sp;
	if (!err)
		err = stack_push_strings(stack, strings,
					 loader->nscripts ? 1 : 0);
	/* A script: its path instead of argv[0], and the interpreter, with
	 * its argument, before it; and so on, outwards. */
	for (size_t i = 0; i < loader->nscripts && !err; i++) {
		const struct script *script = &loader->scripts[i];

		if (i == 0) {
			err = stack_push_string(stack, path);
			stack->argc++;
		}
		if (!err && script->argument) {
			err = stack_push_string(stack, script->argument);
			stack->argc++;
		}
		if (!err)
			err = stack_push_string(stack, script->interpreter);
		stack->argc++;
	}
	return err;
}

static int build_stack(struct program *program, struct loader *loader,
		       const char *path, const struct exec_strings *strings)
{
	struct stack_image *stack = &loader->stack;
	int err = stack_begin(stack, program->mm, process_limit(RLIMIT_STACK),
			      loader->layout.stack_gap);

	if (!err)
		err = push_all(stack, loader, path, strings);
	if (!err) {
		stack_add_aux(stack, AT_SYSINFO_EHDR, program->vdso);
		add_auxv(stack, loader);
		err = stack_finish(stack, &program->sp);
	}
	stack_discard(stack);
	return err;
}

/* --- all of it --- */

static int build(struct program *program, struct loader *loader,
		 const char *path, const struct exec_strings *strings,
		 struct process *p)
{
	struct mm *mm = mm_create();
	int err;

	if (!mm)
		return -ENOMEM;
	mm_publish(mm);
	mm->no_huge = p->mm && p->mm->no_huge;
	program->mm = mm;
	layout_choose(&loader->layout, p);
	err = map_stack(mm, loader);
	if (!err)
		err = map_images(mm, loader);
	if (!err)
		err = map_vdso(mm, &program->vdso);
	if (!err)
		err = build_stack(program, loader, path, strings);
	if (err) {
		mm_drop_user(mm);
		return err;
	}
	mm->executable = loader->program.file;
	file_get(mm->executable);
	string_copy(mm->name, program->name, sizeof(mm->name));
	return 0;
}

static vaddr_t first_instruction(const struct loader *loader)
{
	const struct image *image = loader->interpreter.file
					    ? &loader->interpreter
					    : &loader->program;

	return image->elf.entry + image->bias;
}

static void image_discard(struct image *image)
{
	kfree(image->headers);
	if (image->file)
		file_put(image->file);
}

int program_load(struct program *program, struct file *f, const char *path,
		 const struct exec_strings *strings, struct process *p)
{
	struct loader *loader = kmalloc_zeroed(sizeof(*loader));
	const char *slash = strrchr(path, '/');
	int err;

	if (!loader) {
		file_put(f);
		return -ENOMEM;
	}
	*program = (struct program){0};
	string_copy(program->name, slash ? slash + 1 : path,
		    sizeof(program->name));
	loader->program.file = f;
	err = resolve_scripts(loader, p->fs);
	if (!err)
		err = read_image(&loader->program);
	if (!err && loader->program.elf.ninterpreter)
		err = read_interpreter(loader, p->fs);
	if (!err)
		err = build(program, loader, path, strings, p);
	program->entry = first_instruction(loader);
	image_discard(&loader->interpreter);
	image_discard(&loader->program);
	kfree(loader);
	return err;
}
