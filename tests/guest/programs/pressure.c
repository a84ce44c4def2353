// SPDX-License-Identifier: MIT
/*
 * pressure sort MIB       sort so much anonymous memory
 * pressure file MIB PATH  make a file of that size by a shared mapping, in
 *                         random order, and look at all of it
 *
 * Meant for machines with less memory than MIB.
 */
#include <err.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PAGE = 4096, WORDS = PAGE / sizeof(uint64_t), SMALL = 16 };

static uint64_t mix(uint64_t x)
{
	x ^= x >> 31;
	x *= 0x9e3779b97f4a7c15;
	return x ^ x >> 29;
}

static void *map(size_t nbytes, int flags, int fd)
{
	void *at = mmap(NULL, nbytes, PROT_READ | PROT_WRITE, flags, fd, 0);

	if (at == MAP_FAILED)
		err(1, "mmap");
	return at;
}

/* --- sort --- */

static void insertion_sort(uint64_t *a, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		uint64_t x = a[i];
		size_t at = i;

		for (; at && a[at - 1] > x; at--)
			a[at] = a[at - 1];
		a[at] = x;
	}
}

/* In place: the smaller part by recursion, so that the stack stays small. */
static void sort(uint64_t *a, size_t n)
{
	while (n > SMALL) {
		uint64_t pivot = a[n / 2];
		size_t i = 0, k = n - 1;

		for (;; i++, k--) {
			while (a[i] < pivot)
				i++;
			while (a[k] > pivot)
				k--;
			if (i >= k)
				break;
			uint64_t x = a[i];

			a[i] = a[k];
			a[k] = x;
		}
		k++;
		if (k < n - k) {
			sort(a, k);
			a += k;
			n -= k;
		} else {
			sort(a + k, n - k);
			n = k;
		}
	}
	insertion_sort(a, n);
}

static void sort_memory(size_t nbytes)
{
	uint64_t *a = map(nbytes, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	size_t n = nbytes / sizeof(*a);
	uint64_t sum = 0;

	for (size_t i = 0; i < n; i++) {
		a[i] = mix(i + 1);
		sum += a[i];
	}
	sort(a, n);
	for (size_t i = 0; i < n; i++) {
		sum -= a[i];
		if (i && a[i - 1] > a[i])
			errx(1, "sort: %zu is out of order", i);
	}
	if (sum)
		errx(1, "sort: something was lost");
	munmap(a, nbytes);
}

/* --- file --- */

/* The @i-th of @n pages in an order without order: n is a power of two. */
static size_t shuffled(size_t i, size_t n, size_t seed)
{
	return (i * 0x9e3779b1 + seed) & (n - 1);
}

static void check_page(const uint64_t *at, size_t page)
{
	for (size_t i = 0; i < WORDS; i++)
		if (at[i] != mix(page * WORDS + i + 1))
			errx(1, "page %zu, word %zu: %lx", page, i, at[i]);
}

static void write_file(size_t nbytes, const char *path)
{
	size_t n = nbytes / PAGE;
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	uint64_t *a, buffer[WORDS];

	if (fd < 0 || ftruncate(fd, nbytes) != 0)
		err(1, "%s", path);
	a = map(nbytes, MAP_SHARED, fd);
	for (size_t i = 0; i < n; i++) {
		size_t page = shuffled(i, n, 12345);

		for (size_t k = 0; k < WORDS; k++)
			a[page * WORDS + k] = mix(page * WORDS + k + 1);
	}
	for (size_t i = 0; i < n; i++) {
		size_t page = shuffled(i, n, 777);

		check_page(a + page * WORDS, page);
	}
	munmap(a, nbytes);
	for (size_t i = 0; i < n; i++) {
		if (read(fd, buffer, PAGE) != PAGE)
			err(1, "%s: read", path);
		check_page(buffer, i);
	}
	close(fd);
	unlink(path);
}

int main(int argc, char **argv)
{
	size_t nbytes = argc > 2 ? strtoul(argv[2], NULL, 0) << 20 : 0;

	if (argc == 3 && !strcmp(argv[1], "sort"))
		sort_memory(nbytes);
	else if (argc == 4 && !strcmp(argv[1], "file"))
		write_file(nbytes, argv[3]);
	else
		errx(2, "usage: pressure sort MIB | pressure file MIB PATH");
	printf("%s: good\n", argv[1]);
	return 0;
}
