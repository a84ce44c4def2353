// SPDX-License-Identifier: MIT
/*
 * clock.c - alarms, and the one timer that each hart has.
 *
 * A hart's timer can be set for one moment, and setting it is a call of the
 * firmware, so it is left alone whenever it will go off soon enough anyway.
 * It serves two purposes: ticks, every 4 ms, while the hart runs a task; and
 * the earliest of the alarms in the hart's tree.  An idle hart has no ticks.
 *
 * ring() is called without the lock, so that it can take others.  Hence the
 * field `ringing`: alarm_cancel() waits until the alarm it wants back isn't
 * the one that rings just now.
 *
 * Locks: each clock has its own, taken with interrupts off.
 */

#include "kernel/task/clock.h"

#include "arch/riscv/hart.h"
#include "arch/riscv/time.h"
#include "arch/riscv/trap.h"
#include "kernel/dev/dev.h"
#include "kernel/lib/assert.h"
#include "kernel/task/sched.h"

/*
 * Field locks: (k) lock, (h) only its hart with interrupts off.
 */
struct clock {
	struct spinlock lock;
	struct tree alarms;            /* (k) by deadline */
	struct alarm *_Atomic ringing; /* set by its hart, under (k) */
	uint64_t armed;                /* (h) when the timer goes off */
} __attribute__((aligned(64)));

static struct clock clocks[HARTS_MAX];

static struct clock *own_clock(void)
{
	return &clocks[hart_index()];
}

static struct alarm *first_alarm(struct clock *clock)
{
	struct tree_node *node = tree_first(&clock->alarms);

	return node ? container_of(node, struct alarm, node) : NULL;
}

static void arm(struct clock *clock, uint64_t deadline)
{
	clock->armed = deadline;
	timer_set(deadline);
}

static void insert_locked(struct clock *clock, struct alarm *alarm)
{
	struct tree_node *parent = NULL;
	struct tree_node *node = clock->alarms.root;
	int side = 0;

	while (node) {
		parent = node;
		side = alarm->deadline >=
		       container_of(node, struct alarm, node)->deadline;
		node = node->child[side];
	}
	tree_insert(&clock->alarms, parent, side, &alarm->node);
	alarm->clock = clock;
}

void alarm_set(struct alarm *alarm, uint64_t deadline)
{
	unsigned long irq = irq_save();
	struct clock *clock = own_clock();

	assert(!alarm->clock);
	spin_lock(&clock->lock);
	alarm->deadline = deadline;
	insert_locked(clock, alarm);
	if (deadline < clock->armed)
		arm(clock, deadline);
	spin_unlock(&clock->lock);
	irq_restore(irq);
}

bool alarm_cancel(struct alarm *alarm)
{
	struct clock *clock = alarm->clock;
	bool was_set = false;
	unsigned long irq;

	if (!clock)
		return false;
	irq = spin_lock_irq(&clock->lock);
	if (alarm->clock && clock->ringing != alarm) {
		tree_remove(&clock->alarms, &alarm->node);
		alarm->clock = NULL;
		was_set = true;
	}
	spin_unlock_irq(&clock->lock, irq);
	while (alarm->clock)
		hart_relax();
	return was_set;
}

/* Take one alarm that is due out of the tree, and mark it as ringing. */
static struct alarm *take_due(struct clock *clock, uint64_t now)
{
	struct alarm *alarm;

	spin_lock(&clock->lock);
	alarm = first_alarm(clock);
	if (alarm && alarm->deadline <= now)
		tree_remove(&clock->alarms, &alarm->node);
	else
		alarm = NULL;
	clock->ringing = alarm;
	spin_unlock(&clock->lock);
	return alarm;
}

void trap_timer(bool from_user)
{
	struct clock *clock = own_clock();
	uint64_t now = time_now();
	uint64_t next = UINT64_MAX;
	struct alarm *alarm;

	lockcheck_interrupt_enter();
	clock->armed = UINT64_MAX;
	while ((alarm = take_due(clock, now)) != NULL) {
		alarm->ring(alarm);
		/* Now its owner may free it. */
		alarm->clock = NULL;
	}
	spin_lock(&clock->lock);
	alarm = first_alarm(clock);
	if (alarm)
		next = alarm->deadline;
	spin_unlock(&clock->lock);
	if (sched_tick(now, from_user))
		next = min_u64(next, now + TICK);
	arm(clock, next);
	lockcheck_interrupt_leave();
}

void clock_need_tick(uint64_t now)
{
	struct clock *clock = own_clock();

	if (clock->armed > now + TICK)
		arm(clock, now + TICK);
}

struct sleeper {
	struct alarm alarm;
	struct task *task;
};

static void sleeper_ring(struct alarm *alarm)
{
	sched_wake(container_of(alarm, struct sleeper, alarm)->task);
}

void sched_block_until(uint64_t deadline)
{
	struct sleeper sleeper = {.task = task_current(),
				  .alarm.ring = sleeper_ring};

	if (deadline == UINT64_MAX) {
		sched_block();
		return;
	}
	if (deadline <= time_now()) {
		sched_cancel();
		return;
	}
	alarm_set(&sleeper.alarm, deadline);
	sched_block();
	alarm_cancel(&sleeper.alarm);
}

uint64_t clock_realtime(void)
{
	return rtc_boot_seconds() * NSEC_PER_SEC + time_now();
}

void clock_init(void)
{
	for (unsigned i = 0; i < hart_count(); i++) {
		spin_init(&clocks[i].lock, "clock", RANK_TIMER);
		clocks[i].armed = UINT64_MAX;
	}
}
