/* SPDX-License-Identifier: MIT */
/*
 * plug LIBRARY: load it, call it, look at its mappings, try to write to what
 * is read-only after relocation, and unload it: all that a loader asks of
 * mmap, mprotect and munmap.  Twice, and fresh each time.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void *checked(void *p)
{
	if (p)
		return p;
	printf("%s\n", dlerror());
	exit(1);
}

/* The rights of the lines in /proc/self/maps that name @library. */
static void print_rights(const char *library)
{
	FILE *maps = checked(fopen("/proc/self/maps", "r"));
	char line[400], rights[5];

	printf("rights");
	while (fgets(line, sizeof(line), maps))
		if (strstr(line, library) &&
		    sscanf(line, "%*s %4s", rights) == 1)
			printf(" %s", rights);
	printf("\n");
	fclose(maps);
}

/* How a child ends that stores to @p. */
static void print_store(const char *const *p)
{
	int status;

	fflush(stdout);
	if (fork() == 0) {
		*(const char **)p = "three";
		_exit(0);
	}
	wait(&status);
	printf("store: signal %d\n",
	       WIFSIGNALED(status) ? WTERMSIG(status) : 0);
}

int main(int argc, char **argv)
{
	if (argc != 2)
		return 2;
	for (int i = 0; i < 2; i++) {
		void *library = checked(dlopen(argv[1], RTLD_NOW));
		const char *const *(*names)(void) =
			checked(dlsym(library, "plugin_names"));
		int (*calls)(void) = checked(dlsym(library, "plugin_calls"));

		calls();
		printf("call %d, %s\n", calls(), names()[2]);
		print_rights(argv[1]);
		print_store(names());
		dlclose(library);
		print_rights(argv[1]);
	}
	return 0;
}
