// SPDX-License-Identifier: MIT
/*
 * where.c - finding out what we run on.
 *
 * Quire says so in uname(2).  An emulator of user mode shows its host
 * wherever it has not learnt to lie: the name of the process, or an
 * architecture of the kernel that is not the program's.
 */

#define _GNU_SOURCE
#include "testlib/where.h"
#include "testlib/test.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

static bool first_line(const char *path, char *line, size_t nbytes)
{
	FILE *in = fopen(path, "r");
	bool good = in && fgets(line, nbytes, in);

	if (in)
		fclose(in);
	if (good)
		line[strcspn(line, "\n")] = '\0';
	return good;
}

static enum where find_out(void)
{
	struct utsname name;
	char line[100];

	expect_ok(uname(&name));
	if (strcasestr(name.release, "quire"))
		return ON_QUIRE;
	if (first_line("/proc/self/comm", line, sizeof(line)) &&
	    strncmp(line, "qemu-", 5) == 0)
		return ON_EMULATOR;
	if (first_line("/proc/sys/kernel/arch", line, sizeof(line)) &&
	    strcmp(line, name.machine) != 0)
		return ON_EMULATOR;
	return ON_LINUX;
}

enum where where(void)
{
	static enum where known;

	if (!known)
		known = find_out();
	return known;
}

void skip_on(unsigned places, const char *reason)
{
	if (where() & places)
		skip("%s", reason);
}

const char *program_path(void)
{
	static char path[PATH_MAX];

	if (!path[0] && !realpath((const char *)getauxval(AT_EXECFN), path))
		fail(HERE, "can't find this program's own file");
	return path;
}

void skip_unless_exec_works(void)
{
	pid_t child = expect_ok(fork());
	int status;

	if (child == 0) {
		execl(program_path(), program_path(), "@exit", "0", NULL);
		_exit(1);
	}
	expect_ok(waitpid(child, &status, 0));
	if (status != 0 && where() == ON_EMULATOR)
		skip("this emulator can't execute riscv64 programs "
		     "(no binfmt_misc)");
}

unsigned harts_online(void)
{
	return sysconf(_SC_NPROCESSORS_ONLN);
}

static size_t meminfo(const char *key)
{
	FILE *in = fopen("/proc/meminfo", "r");
	char line[200];
	unsigned long kib = 0;

	if (!in)
		fail(HERE, "can't open /proc/meminfo: %s", strerror(errno));
	while (fgets(line, sizeof(line), in))
		if (strncmp(line, key, strlen(key)) == 0)
			kib = strtoul(line + strlen(key), NULL, 10);
	fclose(in);
	return kib * 1024;
}

size_t memory_total(void)
{
	return meminfo("MemTotal:");
}

enum { LITTLE = 8 << 20 };

void skip_if_memory_is_short(void)
{
	if (where() == ON_QUIRE && memory_available() < LITTLE)
		skip("there is too little memory");
}

size_t memory_of_swap(void)
{
	return meminfo("SwapTotal:");
}

bool memory_may_end(void)
{
	return where() == ON_QUIRE &&
	       memory_available() + memory_of_swap() < LITTLE;
}

size_t memory_available(void)
{
	return meminfo("MemAvailable:");
}

size_t memory_free(void)
{
	return meminfo("MemFree:");
}

size_t memory_of_buffers(void)
{
	return meminfo("Buffers:");
}

size_t memory_of_files(void)
{
	return meminfo("Cached:");
}
