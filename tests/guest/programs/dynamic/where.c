/* SPDX-License-Identifier: MIT */
/* Print where the program, the C library, the signal trampoline, the heap, a
 * new mapping and the stack are, and how many nanoseconds it took to touch
 * 25 fresh pages. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { NBYTES = 25 * 4096 };

static long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000 + t.tv_nsec;
}

static unsigned long trampoline(void)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	char line[400];

	while (maps && fgets(line, sizeof(line), maps))
		if (strstr(line, "[vdso]"))
			return strtoul(line, NULL, 16);
	return 0;
}

int main(void)
{
	char *map = mmap(NULL, NBYTES, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	long start = now();

	for (int i = 0; i < NBYTES; i += 4096)
		map[i] = 1;
	start = now() - start;
	printf("%p %p 0x%lx %p %p %p\n", (void *)main, (void *)printf,
	       trampoline(), sbrk(0), (void *)map, (void *)&map);
	fprintf(stderr, "%ld\n", start);
	return 0;
}
