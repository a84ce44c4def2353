// SPDX-License-Identifier: MIT
/*
 * exec.c - execve: what a new image keeps and what it loses, arguments up to
 * the limit, and files that only look like programs.
 *
 * The new image is this very program, which then does one of the actions of
 * testlib/helper.c and answers by its exit status.
 */

#define _GNU_SOURCE
#include <elf.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "testlib/files.h"
#include "testlib/helper.h"
#include "testlib/memory.h"
#include "testlib/where.h"

extern char **environ;

/* The status with which a child that executed us with @args ended. */
static int helper_status(char *const args[], char *const env[])
{
	pid_t child = expect_ok(fork());
	int status;

	if (child == 0) {
		execve(program_path(), args, env);
		_exit(200);
	}
	expect_ok(waitpid(child, &status, 0));
	expect(WIFEXITED(status));
	return WEXITSTATUS(status);
}

TEST(exec_runs_with_arguments,
     "The new image gets its arguments, empty ones included.")
{
	char *const args[] = {"usertests", "@count", "one", "", "three", NULL};

	skip_unless_exec_works();
	expect_eq(helper_status(args, environ), 3);
}

TEST(exec_runs_with_environment,
     "The new image gets the environment it was given, and not ours.")
{
	char *const args[] = {"usertests", "@env", "QUIRE_A", "b=c", NULL};
	char *const env[] = {"X=y", "QUIRE_A=b=c", NULL};

	skip_unless_exec_works();
	expect_eq(helper_status(args, env), 0);
	expect_ok(setenv("QUIRE_A", "b=c", 1));
	expect_eq(helper_status(args, env + 2), 1);
	expect_eq(helper_status(args, environ), 0);
}

TEST(exec_keeps_the_process,
     "execve changes the program, not the process: the pid stays.")
{
	char number[20];
	pid_t child;

	skip_unless_exec_works();
	child = expect_ok(fork());
	if (child == 0) {
		snprintf(number, sizeof(number), "%d", getpid());
		execl(program_path(), "usertests", "@pid", number, NULL);
		_exit(200);
	}
	expect_exit(child, 0);
}

TEST(exec_closes_what_is_marked,
     "Descriptors with O_CLOEXEC or FD_CLOEXEC are closed by execve, others "
     "stay; a dup of a marked one is not marked.")
{
	char *args[] = {"usertests", "@closed", "50", NULL};
	int fd = make_file("file", 10);

	skip_unless_exec_works();
	expect_eq(dup3(fd, 50, O_CLOEXEC), 50);
	expect_eq(helper_status(args, environ), 0);
	expect_eq(dup2(50, 51), 51);
	args[1] = "@open";
	args[2] = "51";
	expect_eq(helper_status(args, environ), 0);
	expect_ok(fcntl(51, F_SETFD, FD_CLOEXEC));
	expect_eq(helper_status(args, environ), 1);
	expect_ok(fcntl(51, F_SETFD, 0));
	expect_eq(helper_status(args, environ), 0);
}

static void do_nothing(int signal)
{
	(void)signal;
}

TEST(exec_resets_handlers_and_keeps_ignored,
     "A handled signal is back at its default after execve, an ignored one "
     "stays ignored, a blocked one blocked.")
{
	char *args[] = {"usertests", "@signals", NULL};
	sigset_t set;

	skip_unless_exec_works();
	signal(SIGUSR1, SIG_IGN);
	signal(SIGUSR2, do_nothing);
	expect_eq(helper_status(args, environ), 0);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	expect_ok(sigprocmask(SIG_BLOCK, &set, NULL));
	args[1] = "@blocked";
	expect_eq(helper_status(args, environ), 0);
}

TEST(exec_with_many_arguments,
     "5,000 arguments of 16 bytes arrive, all of them.")
{
	enum { N = 5000 };
	char **args = calloc(N + 4, sizeof(*args)), total[20];

	skip_unless_exec_works();
	snprintf(total, sizeof(total), "%d", N * 16);
	args[0] = "usertests";
	args[1] = "@bytes";
	args[2] = total;
	for (int i = 0; i < N; i++)
		args[3 + i] = "sixteen bytes --";
	expect_eq(helper_status(args, environ), 0);
}

TEST(exec_with_one_huge_argument,
     "One argument of 100,000 bytes arrives whole; one of 128 KiB is too long "
     "(E2BIG).")
{
	enum { LONG = 100000, TOO_LONG = 128 << 10 };
	char *huge = calloc(1, TOO_LONG + 1);
	char *args[] = {"usertests", "@bytes", "100000", huge, NULL};

	skip_unless_exec_works();
	memset(huge, 'x', LONG);
	expect_eq(helper_status(args, environ), 0);
	memset(huge, 'x', TOO_LONG);
	expect_errno(execve(program_path(), args, environ), E2BIG);
}

TEST(exec_with_too_many_arguments,
     "Arguments that would fill the whole stack are E2BIG, and the caller "
     "goes on.")
{
	enum { N = 100 };
	char *huge = calloc(1, 120 << 10), *args[N + 1];

	skip_unless_exec_works();
	memset(huge, 'x', (120 << 10) - 1);
	for (int i = 0; i < N; i++)
		args[i] = huge;
	args[N] = NULL;
	expect_errno(execve(program_path(), args, environ), E2BIG);
}

TEST(exec_of_what_is_not_there,
     "A missing file is ENOENT, a folder and a file without the x bit are "
     "EACCES, a path through a file is ENOTDIR.")
{
	char *const args[] = {"x", NULL};

	make_text("file", "no program");
	expect_ok(mkdir("folder", 0755));
	expect_errno(execve("missing", args, environ), ENOENT);
	expect_errno(execve("", args, environ), ENOENT);
	expect_errno(execve("folder", args, environ), EACCES);
	expect_errno(execve("file", args, environ), EACCES);
	expect_errno(execve("file/x", args, environ), ENOTDIR);
}

TEST(exec_of_garbage, "Empty, text, random and cut-off files are ENOEXEC.")
{
	char *const args[] = {"x", NULL};
	unsigned char noise[4096];

	make_program("empty", "", 0);
	make_program("text", "hello, world\n", 13);
	fill_pattern(noise, sizeof(noise), 12345);
	make_program("noise", noise, sizeof(noise));
	make_program("magic", ELFMAG, SELFMAG);
	expect_errno(execve("empty", args, environ), ENOEXEC);
	expect_errno(execve("text", args, environ), ENOEXEC);
	expect_errno(execve("noise", args, environ), ENOEXEC);
	expect_errno(execve("magic", args, environ), ENOEXEC);
}

/* An executable with one segment, of which a case then spoils something. */
struct image {
	Elf64_Ehdr header;
	Elf64_Phdr segment;
	char code[64];
};

static struct image image_make(void)
{
	struct image image = {
		.header = {.e_ident = ELFMAG,
			   .e_type = ET_EXEC,
#ifdef __riscv
			   .e_machine = EM_RISCV,
#else
			   .e_machine = EM_X86_64,
#endif
			   .e_version = EV_CURRENT,
			   .e_entry = 0x10000,
			   .e_phoff = sizeof(Elf64_Ehdr),
			   .e_ehsize = sizeof(Elf64_Ehdr),
			   .e_phentsize = sizeof(Elf64_Phdr),
			   .e_phnum = 1},
		.segment = {.p_type = PT_LOAD,
			    .p_flags = PF_R | PF_X,
			    .p_vaddr = 0x10000,
			    .p_paddr = 0x10000,
			    .p_filesz = sizeof(struct image),
			    .p_memsz = sizeof(struct image),
			    .p_align = PAGE},
	};

	image.header.e_ident[EI_CLASS] = ELFCLASS64;
	image.header.e_ident[EI_DATA] = ELFDATA2LSB;
	image.header.e_ident[EI_VERSION] = EV_CURRENT;
	return image;
}

/* Execute it in a child: it must not work, and only the child may suffer. */
static void expect_no_program(const struct image *image)
{
	char *const args[] = {"x", NULL};
	pid_t child;
	int status;

	make_program("image", image, sizeof(*image));
	child = expect_ok(fork());
	if (child == 0) {
		execve("image", args, environ);
		_exit(errno == ENOEXEC || errno == ENOMEM || errno == EINVAL ||
		      errno == EIO || errno == EFAULT);
	}
	expect_ok(waitpid(child, &status, 0));
	expect(WIFSIGNALED(status) || WEXITSTATUS(status) == 1);
	expect_ok(unlink("image"));
}

TEST(exec_of_hostile_headers,
     "ELF files with absurd addresses, sizes, counts and alignments fail, or "
     "die at once, alone (52).")
{
	struct image good = image_make(), bad;

	bad = good; /* in the kernel's half */
	bad.segment.p_vaddr = 0xffffffff80200000;
	expect_no_program(&bad);
	bad = good; /* over the end of user space */
	bad.segment.p_memsz = 1ul << 60;
	expect_no_program(&bad);
	bad = good; /* the address wraps */
	bad.segment.p_vaddr = 0xfffffffffffff000;
	bad.segment.p_memsz = 0x3000;
	expect_no_program(&bad);
	bad = good; /* more bytes in the file than in memory */
	bad.segment.p_filesz = 0x100000;
	bad.segment.p_memsz = 0x1000;
	expect_no_program(&bad);
	bad = good; /* beyond the end of the file */
	bad.segment.p_offset = 1ul << 40;
	expect_no_program(&bad);
	bad = good; /* more headers than the file has */
	bad.header.e_phnum = 1000;
	expect_no_program(&bad);
	bad = good; /* headers of another size */
	bad.header.e_phentsize = 3;
	expect_no_program(&bad);
	bad = good; /* headers far away */
	bad.header.e_phoff = 0x7ffffffffffffff0;
	expect_no_program(&bad);
	bad = good; /* starts nowhere */
	bad.header.e_entry = 0xffffffffffffff00;
	expect_no_program(&bad);
	bad = good; /* for another machine */
	bad.header.e_machine = EM_SPARC;
	expect_no_program(&bad);
}

TEST(exec_of_a_script,
     "#! names the interpreter: it gets its argument, the script's name and "
     "the script's arguments.")
{
	char text[300];
	char *const args[] = {"script", "a", "b", NULL};
	pid_t child;

	skip_unless_exec_works();
	/* interpreter @count script a b: three after the action */
	snprintf(text, sizeof(text), "#!%s @count\n", program_path());
	make_text("script", text);
	expect_ok(chmod("script", 0755));
	child = expect_ok(fork());
	if (child == 0) {
		execve("./script", args, environ);
		_exit(200);
	}
	expect_exit(child, 3);
}

TEST(program_in_use_cannot_be_written,
     "A file that is being executed is ETXTBSY for writing, one open for "
     "writing is ETXTBSY for execve.")
{
	char *const args[] = {"x", "@exit", "0", NULL};
	int fd = expect_ok(open(program_path(), O_RDONLY));

	skip_on(ON_EMULATOR, "the host executes qemu");
	expect_errno(open(program_path(), O_WRONLY), ETXTBSY);
	expect_ok(close(fd));
	make_program("copy", "#!/x\n", 5);
	fd = expect_ok(open("copy", O_WRONLY));
	expect_errno(execve("copy", args, environ), ETXTBSY);
}

TEST(exec_storm,
     "20 children in a row, four at a time, execute the program and exit.")
{
	pid_t children[4];

	skip_unless_exec_works();
	for (int round = 0; round < 5; round++) {
		for (int i = 0; i < 4; i++) {
			children[i] = expect_ok(fork());
			if (children[i] == 0) {
				execl(program_path(), "x", "@exit", "5", NULL);
				_exit(200);
			}
		}
		for (int i = 0; i < 4; i++)
			expect_exit(children[i], 5);
	}
}
