/* host-test: kernel/lib/fdt.c */
/* SPDX-License-Identifier: MIT */
/*
 * fdt_test.c - a device tree like that of QEMU's virt machine, built here, is
 * read back; then the same with random corruption, which may give any answer
 * but must never read outside the blob (ASan watches: the blob is exactly as
 * long as its allocation).  With a file's name as an argument that is read,
 * too.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/lib/errno.h"
#include "kernel/lib/fdt.h"

enum { MUTATIONS = 200000, BLOB_MAX = 8192 };

static unsigned long passed;

#define CHECK(cond) \
	do { \
		passed++; \
		if (!(cond)) { \
			printf("line %d: %s\n", __LINE__, #cond); \
			exit(1); \
		} \
	} while (0)

/* --- a builder --- */

static uint8_t structure[BLOB_MAX], strings[BLOB_MAX];
static uint32_t nstructure, nstrings;

static void put32(uint8_t *at, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		at[i] = value >> (24 - 8 * i);
}

static void word(uint32_t value)
{
	put32(structure + nstructure, value);
	nstructure += 4;
}

static void bytes(const void *from, uint32_t n)
{
	memcpy(structure + nstructure, from, n);
	nstructure += n;
	while (nstructure % 4)
		structure[nstructure++] = 0;
}

static void begin(const char *name)
{
	word(1);
	bytes(name, strlen(name) + 1);
}

static void end(void)
{
	word(2);
}

static void property(const char *name, const void *value, uint32_t n)
{
	word(3);
	word(n);
	word(nstrings);
	bytes(value, n);
	strcpy((char *)strings + nstrings, name);
	nstrings += strlen(name) + 1;
}

static void text(const char *name, const char *value)
{
	property(name, value, strlen(value) + 1);
}

static void cells(const char *name, const uint32_t *cell, uint32_t n)
{
	uint8_t value[64];

	for (uint32_t i = 0; i < n; i++)
		put32(value + 4 * i, cell[i]);
	property(name, value, 4 * n);
}

#define CELLS(name, ...) \
	cells(name, (uint32_t[]){__VA_ARGS__}, \
	      sizeof((uint32_t[]){__VA_ARGS__}) / 4)

static void build_tree(void)
{
	begin("");
	CELLS("#address-cells", 2);
	CELLS("#size-cells", 2);
	begin("memory@80000000");
	text("device_type", "memory");
	CELLS("reg", 0, 0x80000000, 1, 0x8000000);
	end();
	word(4); /* a NOP */
	begin("cpus");
	CELLS("#address-cells", 1);
	CELLS("#size-cells", 0);
	begin("cpu@7");
	CELLS("reg", 7);
	begin("interrupt-controller");
	CELLS("phandle", 42);
	property("interrupt-controller", "", 0);
	end();
	end();
	end();
	begin("soc");
	CELLS("#address-cells", 2);
	CELLS("#size-cells", 2);
	begin("serial@10000000");
	property("compatible", "vendor,uart\0ns16550a", 21);
	CELLS("reg", 0, 0x10000000, 0, 0x100);
	text("status", "okay");
	end();
	begin("virtio_mmio@10008000");
	text("compatible", "virtio,mmio");
	CELLS("reg", 0, 0x10008000, 0, 0x1000);
	text("status", "disabled");
	end();
	begin("virtio_mmio@10007000");
	text("compatible", "virtio,mmio");
	end();
	end();
	begin("chosen");
	text("stdout-path", "/soc/serial@10000000:115200");
	property("bad-string", "xyz", 3);
	end();
	end();
	word(9);
}

static uint8_t *build(uint32_t *nbytes)
{
	static const uint8_t reserved[] = {0, 0, 0, 0, 0x80, 0, 0, 0,
					   0, 0, 0, 0, 0,    4, 0, 0};
	uint32_t at = 40, reserved_at = at, struct_at = at + 32;
	uint32_t strings_at;
	uint8_t *blob;

	build_tree();
	strings_at = struct_at + nstructure;
	*nbytes = strings_at + nstrings;
	blob = calloc(1, *nbytes);
	memcpy(blob + reserved_at, reserved, sizeof(reserved));
	memcpy(blob + struct_at, structure, nstructure);
	memcpy(blob + strings_at, strings, nstrings);
	uint32_t header[] = {0xd00dfeed,  *nbytes,   struct_at, strings_at,
			     reserved_at, 17,        16,        0,
			     nstrings,    nstructure};
	for (int i = 0; i < 10; i++)
		put32(blob + 4 * i, header[i]);
	return blob;
}

/* --- what it must say --- */

static void find(const struct fdt *fdt)
{
	int soc = fdt_find_path(fdt, "/soc");
	int uart = fdt_find_path(fdt, "/soc/serial@10000000");
	int node;

	CHECK(fdt_find_path(fdt, "/") == fdt_next(fdt, -1));
	CHECK(soc > 0 && strcmp(fdt_name(fdt, soc), "soc") == 0);
	CHECK(uart > soc && uart == fdt_find_path(fdt, "/soc/serial"));
	CHECK(uart == fdt_find_path(fdt, "/soc/serial@10000000:115200"));
	CHECK(fdt_find_path(fdt, "/soc/seria") == -1);
	CHECK(fdt_find_path(fdt, "/soc/serial@10000000/x") == -1);
	CHECK(fdt_next_compatible(fdt, -1, "ns16550a") == uart);
	CHECK(fdt_next_compatible(fdt, -1, "vendor,uart") == uart);
	CHECK(fdt_next_compatible(fdt, -1, "ns16550") == -1);
	CHECK(fdt_next_compatible(fdt, uart, "ns16550a") == -1);
	CHECK(fdt_parent(fdt, uart) == soc);
	CHECK(fdt_parent(fdt, soc) == fdt_next(fdt, -1));
	CHECK(fdt_parent(fdt, fdt_next(fdt, -1)) == -1);
	CHECK(fdt_parent(fdt, uart + 4) == -1);
	node = fdt_find_phandle(fdt, 42);
	CHECK(strcmp(fdt_name(fdt, fdt_parent(fdt, node)), "cpu@7") == 0);
	CHECK(fdt_find_phandle(fdt, 43) == -1);
	CHECK(fdt_first_child(fdt, soc) == uart);
	node = fdt_next_sibling(fdt, uart);
	CHECK(strcmp(fdt_name(fdt, node), "virtio_mmio@10008000") == 0);
	node = fdt_next_sibling(fdt, node);
	CHECK(strcmp(fdt_name(fdt, node), "virtio_mmio@10007000") == 0);
	CHECK(fdt_next_sibling(fdt, node) == -1);
	CHECK(fdt_first_child(fdt, node) == -1);
}

static void values(const struct fdt *fdt)
{
	int chosen = fdt_find_path(fdt, "/chosen");
	int memory = fdt_find_path(fdt, "/memory");
	uint64_t address, nbytes;
	uint32_t cell;

	CHECK(fdt_reg(fdt, memory, 0, &address, &nbytes));
	CHECK(address == 0x80000000 && nbytes == 0x108000000);
	CHECK(!fdt_reg(fdt, memory, 1, &address, &nbytes));
	CHECK(fdt_reg(fdt, fdt_find_path(fdt, "/cpus/cpu"), 0, &address,
		      &nbytes));
	CHECK(address == 7 && nbytes == 0);
	CHECK(strncmp(fdt_string(fdt, chosen, "stdout-path"), "/soc", 4) == 0);
	CHECK(!fdt_string(fdt, chosen, "bad-string"));
	CHECK(!fdt_string(fdt, chosen, "none"));
	CHECK(fdt_cell(fdt, memory, "reg", 1, &cell) && cell == 0x80000000);
	CHECK(!fdt_cell(fdt, memory, "reg", 4, &cell));
	CHECK(!fdt_cell(fdt, memory, "reg", UINT32_MAX, &cell));
	CHECK(fdt_enabled(fdt, memory));
	CHECK(fdt_enabled(fdt, fdt_find_path(fdt, "/soc/serial")));
	CHECK(!fdt_enabled(fdt, fdt_find_path(fdt, "/soc/virtio_mmio")));
	CHECK(fdt_reserved(fdt, 0, &address, &nbytes));
	CHECK(address == 0x80000000 && nbytes == 0x40000);
	CHECK(!fdt_reserved(fdt, 1, &address, &nbytes));
}

/* Ask everything of every node.  Returns how many nodes there are. */
static int walk(const struct fdt *fdt)
{
	int node = -1, n = 0;
	uint64_t address, nbytes;
	uint32_t cell;

	while ((node = fdt_next(fdt, node)) >= 0) {
		fdt_name(fdt, node);
		fdt_parent(fdt, node);
		fdt_next_sibling(fdt, node);
		fdt_first_child(fdt, node);
		fdt_enabled(fdt, node);
		fdt_string(fdt, node, "stdout-path");
		fdt_cell(fdt, node, "phandle", 0, &cell);
		for (uint32_t i = 0; i < 3; i++)
			fdt_reg(fdt, node, i, &address, &nbytes);
		n++;
	}
	fdt_find_path(fdt, "/soc/virtio_mmio@10007000");
	fdt_next_compatible(fdt, -1, "virtio,mmio");
	fdt_find_phandle(fdt, 42);
	for (uint32_t i = 0; fdt_reserved(fdt, i, &address, &nbytes); i++)
		;
	return n;
}

static void mutate(const uint8_t *blob, uint32_t nbytes)
{
	uint8_t *copy = malloc(nbytes);
	struct fdt fdt;
	unsigned long opened = 0;

	for (int i = 0; i < MUTATIONS; i++) {
		memcpy(copy, blob, nbytes);
		for (int n = 1 + rand() % 4; n > 0; n--) {
			static const uint8_t nasty[] = {0,    1,    2,   3,
							0x7f, 0x80, 0xff};
			uint32_t at = rand() % nbytes;

			copy[at] = rand() % 2 ? nasty[rand() % 7] : rand();
		}
		/* The firmware's word on the size we must trust. */
		if (fdt_blob_size(copy) > nbytes)
			continue;
		if (fdt_open(&fdt, copy) == 0) {
			walk(&fdt);
			opened++;
		}
		passed++;
	}
	CHECK(opened > MUTATIONS / 2);
	free(copy);
}

static void read_file(const char *name)
{
	FILE *f = fopen(name, "rb");
	uint8_t *blob = malloc(1 << 20);
	size_t n = f ? fread(blob, 1, 1 << 20, f) : 0;
	struct fdt fdt;

	CHECK(n > 40 && fdt_blob_size(blob) <= n);
	CHECK(fdt_open(&fdt, blob) == 0);
	printf("%s: %d nodes\n", name, walk(&fdt));
	blob = realloc(blob, fdt.nbytes);
	mutate(blob, fdt.nbytes);
	free(blob);
	fclose(f);
}

int main(int argc, char **argv)
{
	uint32_t nbytes;
	uint8_t *blob = build(&nbytes);
	struct fdt fdt;

	CHECK(fdt_open(&fdt, blob) == 0);
	find(&fdt);
	values(&fdt);
	CHECK(walk(&fdt) == 10);
	mutate(blob, nbytes);
	blob[0] ^= 1;
	CHECK(fdt_blob_size(blob) == 0 && fdt_open(&fdt, blob) == -EINVAL);
	if (argc > 1)
		read_file(argv[1]);
	free(blob);
	printf("fdt: %lu passed\n", passed);
	return 0;
}
