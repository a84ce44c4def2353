// SPDX-License-Identifier: MIT
/*
 * probe.c - loads, stores and jumps, by one of two threads.
 *
 * A second thread makes some of the accesses, so that what one hart knows of
 * the address space is seen to be told to another.  Only one runs at a time.
 */

#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/cachectl.h>

#include "differ.h"

enum kind { LOAD, STORE, JUMP, SUM, FILL };

enum { STACK_BYTES = 1 << 16 };

/* One access, and what came of it. */
struct probe {
	enum kind kind;
	char *at;
	unsigned nbytes; /* 1, 2, 4 or 8 */
	uint64_t value;
	int signal, code;
	char *address;
};

static _Thread_local sigjmp_buf way_back;
static _Thread_local siginfo_t caught;
static struct probe *handed_over;
static sem_t wanted, done;
static bool second_thread;

/* The signal is not masked while it is handled (SA_NODEFER), so that there is
 * no mask to restore. */
static void catch (int signal, siginfo_t *info, void *context)
{
	(void)signal, (void)context;
	caught = *info;
	siglongjmp(way_back, 1);
}

static uint64_t load(const char *at, unsigned nbytes)
{
	switch (nbytes) {
	case 1:
		return *(volatile uint8_t *)at;
	case 2:
		return *(volatile uint16_t *)at;
	case 4:
		return *(volatile uint32_t *)at;
	default:
		return *(volatile uint64_t *)at;
	}
}

static void store(char *at, unsigned nbytes, uint64_t value)
{
	switch (nbytes) {
	case 1:
		*(volatile uint8_t *)at = value;
		break;
	case 2:
		*(volatile uint16_t *)at = value;
		break;
	case 4:
		*(volatile uint32_t *)at = value;
		break;
	default:
		*(volatile uint64_t *)at = value;
	}
}

uint64_t sum_page(const char *page)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < PAGE; i += sizeof(uint64_t))
		sum = (sum + *(volatile uint64_t *)(page + i)) * 0x100000001b3;
	return sum >> 32 ^ (uint32_t)sum;
}

static void probe_now(struct probe *p)
{
	p->signal = 0;
	if (sigsetjmp(way_back, 0) != 0) {
		p->signal = caught.si_signo;
		p->code = caught.si_code;
		p->address = caught.si_addr;
		return;
	}
	switch (p->kind) {
	case LOAD:
		p->value = load(p->at, p->nbytes);
		break;
	case STORE:
		store(p->at, p->nbytes, p->value);
		break;
	case JUMP:
		((void (*)(void))p->at)();
		break;
	case SUM:
		p->value = sum_page(p->at);
		break;
	case FILL:
		for (size_t i = 0; i < PAGE; i += sizeof(p->value))
			store(p->at + i, sizeof(p->value), p->value);
	}
}

static void *serve(void *unused)
{
	for (;;) {
		while (sem_wait(&wanted) != 0)
			continue;
		probe_now(handed_over);
		sem_post(&done);
	}
	return unused;
}

static void probe(struct probe *p)
{
	if (!second_thread || !one_in(4)) {
		probe_now(p);
		return;
	}
	handed_over = p;
	sem_post(&wanted);
	while (sem_wait(&done) != 0)
		continue;
}

void probe_start(void)
{
	struct sigaction action = {.sa_sigaction = catch,
				   .sa_flags = SA_SIGINFO | SA_NODEFER};
	pthread_attr_t attributes;
	pthread_t thread;

	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGBUS, &action, NULL);
	sigaction(SIGILL, &action, NULL);
	sem_init(&wanted, 0, 0);
	sem_init(&done, 0, 0);
	/* mlockall() brings in all of its stack. */
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK_BYTES);
	if (pthread_create(&thread, &attributes, serve, NULL) != 0)
		abort();
	second_thread = true;
}

void probe_forked(void)
{
	second_thread = false;
}

/* --- the steps ----------------------------------------------------------- */

static void say_outcome(const struct probe *p)
{
	const char *name = p->signal == SIGSEGV  ? "SIGSEGV"
			   : p->signal == SIGBUS ? "SIGBUS"
						 : "SIGILL";

	if (p->signal) {
		say(" = %s %d", name, p->code);
		if (p->address >= ARENA - PAGES_BELOW * PAGE &&
		    p->address <= ARENA + (ARENA_PAGES + 2) * PAGE)
			say_address(p->address);
		else
			say(" heap+%td", p->address - heap_start());
	} else if (p->kind == LOAD) {
		say(" = %#lx", p->value);
	}
	say("\n");
}

void probe_byte(char *at, bool stores)
{
	struct probe p = {.kind = stores ? STORE : LOAD, .at = at, .nbytes = 1};

	probe(&p);
	say("        %s", stores ? "store" : "load");
	say_address(at);
	say_outcome(&p);
}

bool probe_fill(char *page, uint64_t value)
{
	struct probe p = {.kind = FILL, .at = page, .value = value};

	probe(&p);
	return !p.signal;
}

/* In the arena or up to a page beside it, near a page's edge rather often. */
static char *any_address(void)
{
	long page = below(ARENA_PAGES + 2) - 1L;
	long offset = one_in(3) ? below(16) - 8L : below(PAGE);

	return ARENA + page * PAGE + offset;
}

void step_access(void)
{
	struct probe p = {.kind = one_in(3) ? LOAD : STORE,
			  .at = any_address(),
			  .nbytes = 1 << below(4),
			  .value = draw()};

	say("%s%u", p.kind == LOAD ? "load" : "store", p.nbytes * 8);
	if (one_in(16)) {
		size_t offset = below(HEAP_PAGES * PAGE);
		p.at = heap_start() + offset;
		say(" heap+%zu", offset);
	} else {
		say_address(p.at);
	}
	probe(&p);
	say_outcome(&p);
}

/* Put a `ret` there and jump to it; if that can't be stored, jump only if
 * there is one already, or nothing that can be read. */
void step_jump(void)
{
	char *at = ARENA + below(ARENA_PAGES) * PAGE + below(PAGE / 2) * 2;
	struct probe p = {
		.kind = STORE, .at = at, .nbytes = 2, .value = 0x8082};

	say("jump");
	say_address(at);
	probe(&p);
	p.kind = LOAD;
	probe(&p);
	if (!p.signal && p.value != 0x8082) {
		say(" = %#lx there\n", p.value);
		return;
	}
	__riscv_flush_icache(at, at + 2, 0);
	p.kind = JUMP;
	probe(&p);
	say_outcome(&p);
}

void arena_snapshot(void)
{
	say("arena");
	for (unsigned page = 0; page < ARENA_PAGES; page++) {
		struct probe p = {.kind = SUM, .at = ARENA + page * PAGE};
		probe_now(&p);
		if (p.signal)
			say(" %s", p.signal == SIGBUS      ? "bus"
				   : p.code == SEGV_MAPERR ? "-"
							   : "no");
		else
			say(" %lx", p.value);
	}
	say("\n");
}
