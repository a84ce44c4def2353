// SPDX-License-Identifier: MIT
/*
 * profile_plugin.c - a QEMU plugin that counts how often each instruction runs.
 *
 * scripts/profile compiles it for this machine and loads it:
 *
 *	-plugin profile.so,out=FILE,totals=FILE,reset=A,start=A,stop=A,report=A
 *
 * An instruction at address `reset' sets all counts to 0, one at `start' lets
 * them run, and one at `stop' halts them; without `start' they always run.  One
 * at `report' adds a line to `totals': the sum of all counts.  At the end `out'
 * gets a line for each instruction that ran: its address and its count.  The
 * counts of one hart are exact; of several, nearly.
 *
 * Debian's QEMU comes without the header for plugins, so what is used of it is
 * declared here.  It has not changed from QEMU 7.2 to 10.0 but for a number
 * that the plugin must show, its version of the interface (PLUGIN_VERSION).
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- QEMU's side --- */

struct tb;
struct insn;
typedef void (*insn_run)(unsigned cpu, void *data);

void qemu_plugin_register_vcpu_tb_trans_cb(uint64_t id,
					   void (*made)(uint64_t id,
							struct tb *tb));
size_t qemu_plugin_tb_n_insns(const struct tb *tb);
struct insn *qemu_plugin_tb_get_insn(const struct tb *tb, size_t i);
uint64_t qemu_plugin_insn_vaddr(const struct insn *insn);
void qemu_plugin_register_vcpu_insn_exec_cb(struct insn *insn, insn_run run,
					    int flags, void *data);
void qemu_plugin_register_atexit_cb(uint64_t id,
				    void (*end)(uint64_t id, void *data),
				    void *data);

#define EXPORT __attribute__((visibility("default")))

EXPORT int qemu_plugin_version = PLUGIN_VERSION;

/* --- ours --- */

struct counter {
	struct counter *next; /* in its bucket */
	uint64_t address, n;
};

enum { NBUCKETS = 1 << 16 };
static struct counter *buckets[NBUCKETS];
static const char *out, *totals;
static uint64_t reset_at = -1, start_at = -1, stop_at = -1, report_at = -1;
static uint64_t total;
static bool running = true;

/* Blocks are translated again and again: look whether it is there. */
static struct counter *counter_of(uint64_t address)
{
	struct counter **bucket = &buckets[address / 2 % NBUCKETS];
	struct counter *counter = *bucket;

	while (counter && counter->address != address)
		counter = counter->next;
	if (!counter) {
		counter = calloc(1, sizeof(*counter));
		if (!counter)
			abort();
		*counter = (struct counter){*bucket, address, 0};
		*bucket = counter;
	}
	return counter;
}

static void count(unsigned cpu, void *data)
{
	struct counter *counter = data;

	(void)cpu;
	counter->n += running;
	total += running;
}

static void reset(unsigned cpu, void *data)
{
	(void)cpu, (void)data;
	for (size_t i = 0; i < NBUCKETS; i++)
		for (struct counter *c = buckets[i]; c; c = c->next)
			c->n = 0;
	total = 0;
}

static void report(unsigned cpu, void *data)
{
	FILE *f = totals ? fopen(totals, "a") : NULL;

	(void)cpu, (void)data;
	if (!f)
		return;
	fprintf(f, "%lu\n", total);
	fclose(f);
}

static void start(unsigned cpu, void *data)
{
	(void)cpu, (void)data;
	running = true;
}

static void stop(unsigned cpu, void *data)
{
	(void)cpu, (void)data;
	running = false;
}

static void made(uint64_t id, struct tb *tb)
{
	(void)id;
	for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
		struct insn *insn = qemu_plugin_tb_get_insn(tb, i);
		uint64_t address = qemu_plugin_insn_vaddr(insn);
		insn_run run = address == reset_at    ? reset
			       : address == start_at  ? start
			       : address == stop_at   ? stop
			       : address == report_at ? report
						      : count;

		qemu_plugin_register_vcpu_insn_exec_cb(insn, run, 0,
						       counter_of(address));
	}
}

static void end(uint64_t id, void *data)
{
	FILE *f = out ? fopen(out, "w") : NULL;

	(void)id, (void)data;
	if (!f)
		return;
	for (size_t i = 0; i < NBUCKETS; i++)
		for (struct counter *c = buckets[i]; c; c = c->next)
			if (c->n)
				fprintf(f, "%lx %lu\n", c->address, c->n);
	fclose(f);
}

/* "name=value": the value, or NULL if it is another name's. */
static const char *value_of(const char *argument, const char *name)
{
	size_t n = strlen(name);

	return strncmp(argument, name, n) == 0 && argument[n] == '='
		       ? argument + n + 1
		       : NULL;
}

EXPORT int qemu_plugin_install(uint64_t id, const void *info, int argc,
			       char **argv)
{
	const char *value;

	(void)info;
	for (int i = 0; i < argc; i++) {
		if ((value = value_of(argv[i], "out")))
			out = value;
		else if ((value = value_of(argv[i], "totals")))
			totals = value;
		else if ((value = value_of(argv[i], "report")))
			report_at = strtoul(value, NULL, 16);
		else if ((value = value_of(argv[i], "reset")))
			reset_at = strtoul(value, NULL, 16);
		else if ((value = value_of(argv[i], "start")))
			start_at = strtoul(value, NULL, 16);
		else if ((value = value_of(argv[i], "stop")))
			stop_at = strtoul(value, NULL, 16);
		else
			return -1;
	}
	running = start_at == UINT64_MAX;
	qemu_plugin_register_vcpu_tb_trans_cb(id, made);
	qemu_plugin_register_atexit_cb(id, end, NULL);
	return 0;
}
