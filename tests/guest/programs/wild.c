/* SPDX-License-Identifier: MIT */
/* wild kernel|stack|memory|jump: go wrong in that way. */
#include <stdlib.h>
#include <string.h>

static int deeper(volatile char *above)
{
	volatile char here[4096];

	here[0] = above[0];
	return here[0] ? 1 : deeper(here) + here[0];
}

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "";
	char start = 0;

	if (!strcmp(mode, "kernel"))
		*(volatile long *)0xffffffc080200000 = 1;
	if (!strcmp(mode, "jump"))
		((void (*)(void))0xffffffff80200000)();
	if (!strcmp(mode, "stack"))
		return deeper(&start);
	if (!strcmp(mode, "memory"))
		for (;;) {
			char *block = malloc(1 << 20);

			if (!block)
				abort();
			memset(block, 1, 1 << 20);
		}
	return 0;
}
