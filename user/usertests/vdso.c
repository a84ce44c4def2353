// SPDX-License-Identifier: MIT
/*
 * vdso.c - the library that the kernel lends to every program.
 *
 *	AT_SYSINFO_EHDR ──► ELF header ─► dynamic section ─► names, versions
 *	                        └─► code: clocks without a system call
 *
 * It must look like any shared library to those who read it as one (the C
 * library, debuggers), and its clocks must be the kernel's.
 */
#include <elf.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "testlib/test.h"

struct library {
	uintptr_t base;
	const Elf64_Sym *symbols;
	const char *strings;
	const uint32_t *hash; /* nbucket, nchain, ... */
	const Elf64_Half *versions;
	const Elf64_Verdef *definitions;
};

static void note_tag(struct library *lib, const Elf64_Dyn *dyn)
{
	const void *at = (const void *)(lib->base + dyn->d_un.d_ptr);

	switch (dyn->d_tag) {
	case DT_SYMTAB:
		lib->symbols = at;
		break;
	case DT_STRTAB:
		lib->strings = at;
		break;
	case DT_HASH:
		lib->hash = at;
		break;
	case DT_VERSYM:
		lib->versions = at;
		break;
	case DT_VERDEF:
		lib->definitions = at;
		break;
	}
}

static struct library open_vdso(void)
{
	struct library lib = {.base = getauxval(AT_SYSINFO_EHDR)};
	const Elf64_Ehdr *header = (const Elf64_Ehdr *)lib.base;

	if (!lib.base)
		skip("there is no vDSO here (qemu-user)");
	expect_eq(memcmp(header->e_ident, ELFMAG, SELFMAG), 0);
	expect_eq(header->e_type, ET_DYN);
	expect_eq(header->e_machine, EM_RISCV);

	const Elf64_Phdr *segment =
		(const Elf64_Phdr *)(lib.base + header->e_phoff);

	for (size_t i = 0; i < header->e_phnum; i++) {
		if (segment[i].p_type == PT_LOAD)
			expect_eq(segment[i].p_vaddr, 0);
		if (segment[i].p_type != PT_DYNAMIC)
			continue;

		const Elf64_Dyn *dyn =
			(const Elf64_Dyn *)(lib.base + segment[i].p_vaddr);

		for (; dyn->d_tag != DT_NULL; dyn++)
			note_tag(&lib, dyn);
	}
	expect(lib.symbols && lib.strings && lib.versions && lib.definitions);
	return lib;
}

static const char *version_name(const struct library *lib, unsigned index)
{
	const Elf64_Verdef *def = lib->definitions;

	while (def->vd_ndx != index) {
		expect(def->vd_next);
		def = (const void *)((const char *)def + def->vd_next);
	}

	const Elf64_Verdaux *aux =
		(const void *)((const char *)def + def->vd_aux);

	return lib->strings + aux->vda_name;
}

static void *function(const struct library *lib, const char *name)
{
	/* Linux 6.12's has no DT_HASH: as many as its table has room for. */
	size_t n =
		lib->hash
			? lib->hash[1]
			: ((uintptr_t)lib->strings - (uintptr_t)lib->symbols) /
				  sizeof(*lib->symbols);

	for (size_t i = 1; i < n; i++) {
		const Elf64_Sym *symbol = &lib->symbols[i];

		if (strcmp(lib->strings + symbol->st_name, name) != 0)
			continue;
		expect_eq(ELF64_ST_TYPE(symbol->st_info), STT_FUNC);
		expect_eq(strcmp(version_name(lib, lib->versions[i]),
				 "LINUX_4.15"),
			  0);
		return (void *)(lib->base + symbol->st_value);
	}
	return NULL;
}

typedef int (*clock_function)(clockid_t clock, struct timespec *out);

static long ns_of(const struct timespec *t)
{
	expect(t->tv_nsec >= 0 && t->tv_nsec < 1000000000);
	return t->tv_sec * 1000000000 + t->tv_nsec;
}

static long ask_kernel(clockid_t clock)
{
	struct timespec t;

	expect_ok(syscall(SYS_clock_gettime, clock, &t));
	return ns_of(&t);
}

TEST(vdso_has_linux_functions,
     "The vDSO is a shared library with Linux's functions, under Linux's "
     "version.")
{
	static const char *const names[] = {
		"__vdso_rt_sigreturn",  "__vdso_gettimeofday",
		"__vdso_clock_gettime", "__vdso_clock_getres",
		"__vdso_getcpu",        "__vdso_flush_icache",
	};
	struct library lib = open_vdso();

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		expect(function(&lib, names[i]));
	expect(!function(&lib, "__vdso_nothing"));
}

TEST(vdso_clocks_are_the_kernels,
     "Every clock, read by the vDSO, lies between two readings by system "
     "call.")
{
	static const clockid_t clocks[] = {
		CLOCK_REALTIME,
		CLOCK_MONOTONIC,
		CLOCK_MONOTONIC_RAW,
		CLOCK_REALTIME_COARSE,
		CLOCK_MONOTONIC_COARSE,
		CLOCK_BOOTTIME,
		CLOCK_TAI,
		CLOCK_PROCESS_CPUTIME_ID,
		CLOCK_THREAD_CPUTIME_ID,
	};
	struct library lib = open_vdso();
	clock_function read = function(&lib, "__vdso_clock_gettime");

	for (size_t i = 0; i < sizeof(clocks) / sizeof(clocks[0]); i++)
		for (int times = 0; times < 100; times++) {
			long before = ask_kernel(clocks[i]);
			struct timespec t;

			expect_eq(read(clocks[i], &t), 0);
			expect(before <= ns_of(&t));
			expect(ns_of(&t) <= ask_kernel(clocks[i]));
		}
}

TEST(vdso_clocks_refuse_what_the_kernel_refuses,
     "A clock that does not exist is EINVAL by the vDSO, too; clock_getres "
     "agrees with the system call.")
{
	static const clockid_t wrong[] = {17, 31, 32, 64, 1 << 20, -1};
	struct library lib = open_vdso();
	clock_function read = function(&lib, "__vdso_clock_gettime");
	clock_function resolution = function(&lib, "__vdso_clock_getres");
	struct timespec a, b;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		expect_eq(read(wrong[i], &a), -EINVAL);
		expect_eq(resolution(wrong[i], &a), -EINVAL);
	}
	expect_eq(resolution(CLOCK_MONOTONIC, &a), 0);
	expect_ok(syscall(SYS_clock_getres, CLOCK_MONOTONIC, &b));
	expect_eq(ns_of(&a), ns_of(&b));
	expect_eq(resolution(CLOCK_MONOTONIC, NULL), 0);
}

TEST(vdso_gettimeofday_is_the_real_time,
     "gettimeofday by the vDSO is the real time in microseconds; either "
     "argument may be NULL.")
{
	struct library lib = open_vdso();
	int (*read)(struct timeval * now, struct timezone * zone) =
		function(&lib, "__vdso_gettimeofday");
	struct timezone zone = {1, 1};
	struct timeval now;
	long before = ask_kernel(CLOCK_REALTIME) / 1000;

	expect_eq(read(&now, &zone), 0);
	expect(before <= now.tv_sec * 1000000 + now.tv_usec);
	expect(now.tv_sec * 1000000 + now.tv_usec <=
	       ask_kernel(CLOCK_REALTIME) / 1000);
	expect_eq(zone.tz_minuteswest, 0);
	expect_eq(read(NULL, &zone), 0);
	expect_eq(read(&now, NULL), 0);
}

TEST(vdso_calls_reach_the_kernel,
     "getcpu by the vDSO names a hart, flush_icache succeeds.")
{
	struct library lib = open_vdso();
	int (*getcpu)(unsigned *cpu, unsigned *node, void *unused) =
		function(&lib, "__vdso_getcpu");
	int (*flush)(uintptr_t start, uintptr_t end, uintptr_t flags) =
		function(&lib, "__vdso_flush_icache");
	unsigned cpu = -1;

	expect_eq(getcpu(&cpu, NULL, NULL), 0);
	expect(cpu < (unsigned)sysconf(_SC_NPROCESSORS_CONF));
	expect_eq(flush(lib.base, lib.base + PAGE, 0), 0);
}
