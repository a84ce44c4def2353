/* SPDX-License-Identifier: MIT */
/* Print where the program, the C library, the signal trampoline, the heap, a
 * new mapping and the stack are; and on standard error how many nanoseconds
 * it takes to touch 25 fresh pages, the least of ten times: without the ticks
 * and the disk's interrupts. */
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

static char *map_fresh(void)
{
	return mmap(NULL, NBYTES, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static long touch(char *map)
{
	long start = now();

	for (int i = 0; i < NBYTES; i += 4096)
		map[i] = 1;
	return now() - start;
}

int main(void)
{
	char *map = map_fresh();
	long least = touch(map);

	for (int i = 0; i < 9; i++) {
		long time = touch(map_fresh());

		least = time < least ? time : least;
	}
	printf("%p %p 0x%lx %p %p %p\n", (void *)main, (void *)printf,
	       trampoline(), sbrk(0), (void *)map, (void *)&map);
	fprintf(stderr, "%ld\n", least);
	return 0;
}
