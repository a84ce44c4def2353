// SPDX-License-Identifier: MIT
/*
 * interpreter.c - PT_INTERP: the program that execve starts instead, to load
 * the other one; and what becomes of a name that leads nowhere good.
 *
 * Both are made here, byte by byte: one segment with the headers, the name and
 * a few instructions that exit with a status of their own, so that a case sees
 * which of the two was started.
 */

#define _GNU_SOURCE
#include <elf.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "testlib/files.h"
#include "testlib/where.h"

enum { PROGRAM = 1, INTERPRETER = 2 }; /* who exits with what */

static const uint64_t PROGRAM_BASE = 0x400000, INTERPRETER_BASE = 0x800000;

struct image {
	Elf64_Ehdr header;
	Elf64_Phdr load, interpreter;
	char path[64];
	uint8_t code[32];
};

/* exit(@status) */
static void write_code(uint8_t *code, unsigned status)
{
#ifdef __riscv
	/* li a0, status; li a7, 93; ecall */
	uint32_t words[] = {0x513 | status << 20, 0x05d00893, 0x73};
#else
	/* mov $status, %edi; mov $60, %eax; syscall */
	uint8_t words[] = {0xbf, status, 0, 0, 0, 0xb8, 60, 0, 0, 0, 0x0f, 5};
#endif

	memcpy(code, words, sizeof(words));
}

/* At @base (0: position-independent), naming @path (NULL: no interpreter). */
static struct image image_make(uint64_t base, const char *path, int status)
{
	struct image image = {
		.header = {.e_ident = ELFMAG "\2\1\1",
			   .e_type = base ? ET_EXEC : ET_DYN,
#ifdef __riscv
			   .e_machine = EM_RISCV,
#else
			   .e_machine = EM_X86_64,
#endif
			   .e_version = EV_CURRENT,
			   .e_entry = base + offsetof(struct image, code),
			   .e_phoff = offsetof(struct image, load),
			   .e_ehsize = sizeof(Elf64_Ehdr),
			   .e_phentsize = sizeof(Elf64_Phdr),
			   .e_phnum = path ? 2 : 1},
		.load = {.p_type = PT_LOAD,
			 .p_flags = PF_R | PF_X,
			 .p_vaddr = base,
			 .p_filesz = sizeof(struct image),
			 .p_memsz = sizeof(struct image),
			 .p_align = PAGE},
		.interpreter = {.p_type = PT_INTERP,
				.p_offset = offsetof(struct image, path),
				.p_filesz = path ? strlen(path) + 1 : 0},
	};

	if (path)
		strcpy(image.path, path);
	write_code(image.code, status);
	return image;
}

/* Execute @image in a child: execve's errno, or 0 if something was started,
 * and then how that ended. */
static int run(const struct image *image, int *status)
{
	char *const args[] = {"program", NULL};
	int errors[2], error = 0;
	pid_t child;

	make_program("program", image, sizeof(*image));
	expect_ok(pipe2(errors, O_CLOEXEC));
	child = expect_ok(fork());
	if (child == 0) {
		execve("program", args, args + 1);
		expect_eq(write(errors[1], &errno, sizeof(int)), sizeof(int));
		_exit(200);
	}
	expect_ok(close(errors[1]));
	expect_ok(read(errors[0], &error, sizeof(error)));
	expect_ok(close(errors[0]));
	expect_ok(waitpid(child, status, 0));
	expect_ok(unlink("program"));
	return error;
}

static void expect_runs(const struct image *image, int wanted)
{
	int status;

	expect_eq(run(image, &status), 0);
	expect(WIFEXITED(status));
	expect_eq(WEXITSTATUS(status), wanted);
}

static void expect_error(const struct image *image, int wanted)
{
	int status;

	expect_eq(run(image, &status), wanted);
}

/* A program at @base that names @path can't be started: @wanted. */
static void expect_refused(const char *path, int wanted)
{
	struct image image = image_make(PROGRAM_BASE, path, PROGRAM);

	expect_error(&image, wanted);
	image = image_make(0, path, PROGRAM);
	expect_error(&image, wanted);
}

/* Linux has given up the caller by then, and kills it; we return an error. */
static void expect_fails(const struct image *image)
{
	int status, error = run(image, &status);

	if (where() == ON_QUIRE)
		expect(error == ENOMEM || error == ELIBBAD);
	else
		expect(error || WIFSIGNALED(status));
}

/* Whichever: but nobody else is harmed. */
static void expect_runs_or_fails(const struct image *image)
{
	int status;

	if (!run(image, &status))
		expect(WIFSIGNALED(status) || WEXITSTATUS(status) == PROGRAM);
}

TEST(interpreter_is_started_instead,
     "A program with PT_INTERP, at a fixed address or not, starts in its "
     "interpreter, be that at a fixed address or not.")
{
	static const uint64_t bases[][2] = {{PROGRAM_BASE, INTERPRETER_BASE},
					    {PROGRAM_BASE, 0},
					    {0, INTERPRETER_BASE},
					    {0, 0}};

	skip_unless_exec_works();
	for (int i = 0; i < 4; i++) {
		struct image loader =
			image_make(bases[i][1], NULL, INTERPRETER);
		struct image image = image_make(bases[i][0], "loader", PROGRAM);

		make_program("loader", &loader, sizeof(loader));
		expect_runs(&image, INTERPRETER);
		image.header.e_phnum = 1; /* without PT_INTERP */
		expect_runs(&image, PROGRAM);
	}
}

TEST(interpreter_of_an_interpreter_is_nobody,
     "An interpreter's own PT_INTERP is not looked at, and a program may "
     "name itself: it is loaded twice.")
{
	struct image loader = image_make(0, "missing", INTERPRETER);
	struct image image = image_make(0, "loader", PROGRAM);

	skip_unless_exec_works();
	make_program("loader", &loader, sizeof(loader));
	expect_runs(&image, INTERPRETER);
	image = image_make(0, "program", PROGRAM);
	expect_runs(&image, PROGRAM);
	image = image_make(PROGRAM_BASE, "program", PROGRAM);
	expect_runs(&image, PROGRAM);
}

TEST(interpreter_over_the_program,
     "An interpreter whose fixed address is the program's takes its place.")
{
	struct image loader = image_make(PROGRAM_BASE, NULL, INTERPRETER);
	struct image image = image_make(PROGRAM_BASE, "loader", PROGRAM);

	skip_unless_exec_works();
	make_program("loader", &loader, sizeof(loader));
	expect_runs(&image, INTERPRETER);
}

TEST(interpreter_that_is_no_program,
     "Missing is ENOENT, a folder or not executable EACCES, cut off EIO, and "
     "anything else ELIBBAD; the caller goes on.")
{
	struct image loader = image_make(0, NULL, INTERPRETER);
	char noise[4096];

	skip_unless_exec_works();
	expect_refused("missing", ENOENT);
	make_text("text", "no program");
	expect_refused("text", EACCES);
	expect_refused("text/x", ENOTDIR);
	expect_ok(mkdir("folder", 0755));
	expect_refused("folder", EACCES);
	make_program("short", "short", 5);
	expect_refused("short", EIO);
	fill_pattern(noise, sizeof(noise), 12345);
	make_program("noise", noise, sizeof(noise));
	expect_refused("noise", ELIBBAD);
	make_program("headless", &loader, sizeof(loader.header));
	expect_refused("headless", ELIBBAD);
	make_program("script",
		     "#!/bin/sh\n"
		     "echo no interpreter is a script "
		     "xxxxxxxxxxxxxxxxxxxxxxxxxxxx\n",
		     70);
	expect_refused("script", ELIBBAD);
	loader.header.e_machine = EM_SPARC;
	make_program("alien", &loader, sizeof(loader));
	expect_refused("alien", ELIBBAD);
}

TEST(interpreter_with_a_bad_name,
     "A name without a NUL at its end, or shorter or longer than a path, is "
     "ENOEXEC; one that is not in the file EIO or EINVAL.")
{
	const struct image good = image_make(0, "loader", PROGRAM);
	struct image loader = image_make(0, NULL, INTERPRETER), bad;

	skip_unless_exec_works();
	make_program("loader", &loader, sizeof(loader));
	bad = good;
	bad.interpreter.p_filesz--; /* no NUL */
	expect_error(&bad, ENOEXEC);
	bad.interpreter.p_filesz = 1;
	expect_error(&bad, ENOEXEC);
	bad.interpreter.p_filesz = 0;
	expect_error(&bad, ENOEXEC);
	bad.interpreter.p_filesz = 4097;
	expect_error(&bad, ENOEXEC);
	bad.interpreter.p_filesz = UINT64_MAX;
	expect_error(&bad, ENOEXEC);
	bad = good;
	bad.interpreter.p_filesz = 1000; /* it has only some of them */
	expect_error(&bad, EIO);
	bad = good;
	bad.interpreter.p_offset = 1ul << 40;
	expect_error(&bad, EIO);
	bad.interpreter.p_offset = -4096;
	expect_error(&bad, EINVAL);
	expect_runs(&good, INTERPRETER);
}

TEST(alignment_that_cannot_be_had,
     "An alignment that is no power of two is ignored; one larger than memory "
     "does not move a program out of it.")
{
	struct image image = image_make(0, NULL, PROGRAM);

	skip_unless_exec_works();
	image.load.p_align = 3;
	expect_runs(&image, PROGRAM);
	image.load.p_align = 0;
	expect_runs(&image, PROGRAM);
	image.load.p_align = 1 << 30;
	expect_runs(&image, PROGRAM);
	image = image_make(PROGRAM_BASE, NULL, PROGRAM);
	image.load.p_align = 1ul << 63;
	expect_runs(&image, PROGRAM);
}

TEST(images_without_room,
     "An interpreter without a segment, or larger than memory, and a program "
     "that would reach into its own stack can't be started.")
{
	struct image loader = image_make(0, NULL, INTERPRETER);
	struct image image = image_make(0, "loader", PROGRAM);

	skip_unless_exec_works();
	loader.load.p_type = PT_NOTE;
	make_program("loader", &loader, sizeof(loader));
	expect_fails(&image);
	loader.load.p_type = PT_LOAD;
	loader.load.p_memsz = 1ul << 46;
	make_program("loader", &loader, sizeof(loader));
	expect_fails(&image);
	image = image_make(0, NULL, PROGRAM);
	image.load.p_align = 1ul << 63; /* only 0 is aligned like that */
	expect_runs_or_fails(&image);
	/* Ever larger, until they are in nobody's way or don't fit at all. */
	image = image_make(0, NULL, PROGRAM);
	image.load.p_flags |= PF_W;
	for (int shift = 34; shift < 48; shift++) {
		image.load.p_memsz = 3ul << (shift - 1);
		expect_runs_or_fails(&image);
	}
}
