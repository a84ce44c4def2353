// SPDX-License-Identifier: MIT
/*
 * uart.c - the serial port, a 16550A: the console's last few centimetres.
 *
 * Output is polled: each byte waits until the port can take it.  So it works
 * in a panic, and with any lock held; what is printed here is little, since
 * programs' data goes by faster ways.  Input is by interrupt: each byte goes to
 * the terminal.
 *
 * The firmware has set the line's speed; we leave it.
 *
 * Locks: uart_lock (RANK_UART) keeps two harts' output apart.
 */

#include "kernel/dev/dev.h"
#include "kernel/dev/drivers.h"
#include "kernel/dev/mmio.h"
#include "kernel/dev/tty.h"
#include "kernel/lib/printk.h"
#include "kernel/sync/spinlock.h"

/* Registers, and the bits of them that we use. */
enum {
	UART_DATA = 0,
	UART_INTERRUPT_ENABLE = 1,
	UART_FIFO_CONTROL = 2,
	UART_LINE_STATUS = 5,

	ENABLE_INPUT = 1 << 0,
	FIFO_ON = 1 << 0,
	STATUS_INPUT_READY = 1 << 0,
	STATUS_OUTPUT_EMPTY = 1 << 5,
};

static struct spinlock uart_lock = SPINLOCK_INIT("uart", RANK_UART);
static vaddr_t uart; /* 0: there is none */
static uint32_t register_shift, uart_source;
static void (*uart_input)(char byte);

static uint8_t read_register(int reg)
{
	return mmio_read8(uart + ((vaddr_t)reg << register_shift));
}

static void write_register(int reg, uint8_t value)
{
	mmio_write8(uart + ((vaddr_t)reg << register_shift), value);
}

static void put(char c)
{
	while (!(read_register(UART_LINE_STATUS) & STATUS_OUTPUT_EMPTY))
		hart_relax();
	write_register(UART_DATA, c);
}

void uart_write(const char *bytes, size_t nbytes)
{
	unsigned long saved = spin_lock_irq(&uart_lock);

	for (; uart && nbytes > 0; nbytes--)
		put(*bytes++);
	spin_unlock_irq(&uart_lock, saved);
}

/* The log's lines end in a newline alone; a terminal wants a return, too. */
static void log_to_uart(const char *bytes, size_t nbytes)
{
	unsigned long saved = spin_lock_irq(&uart_lock);

	for (; nbytes > 0; nbytes--, bytes++) {
		if (*bytes == '\n')
			put('\r');
		put(*bytes);
	}
	spin_unlock_irq(&uart_lock, saved);
}

static void uart_interrupt(void *unused)
{
	while (read_register(UART_LINE_STATUS) & STATUS_INPUT_READY)
		uart_input(read_register(UART_DATA));
}

void uart_start(void (*input)(char byte))
{
	if (!uart)
		return;
	uart_input = input;
	plic_register(uart_source, uart_interrupt, NULL);
	write_register(UART_INTERRUPT_ENABLE, ENABLE_INPUT);
}

/* The one that /chosen/stdout-path names ("/soc/serial@10000000:115200"), or
 * the first. */
static int find_node(const struct fdt *fdt)
{
	const char *path =
		fdt_string(fdt, fdt_find_path(fdt, "/chosen"), "stdout-path");
	int chosen = path ? fdt_find_path(fdt, path) : -1;
	int first = fdt_next_compatible(fdt, -1, "ns16550a");
	int node = first;

	while (node >= 0 && node != chosen)
		node = fdt_next_compatible(fdt, node, "ns16550a");
	return node >= 0 ? node : first;
}

void uart_init(const struct fdt *fdt)
{
	int node = find_node(fdt);
	uint64_t pa, nbytes;

	if (node < 0 || !fdt_reg(fdt, node, 0, &pa, &nbytes)) {
		printk("uart: none found\n");
		return;
	}
	fdt_cell(fdt, node, "reg-shift", 0, &register_shift);
	uart_source = plic_source(fdt, node);
	uart = mmio_address(pa);
	write_register(UART_INTERRUPT_ENABLE, 0);
	write_register(UART_FIFO_CONTROL, FIFO_ON);
	printk_set_sink(log_to_uart);
}
