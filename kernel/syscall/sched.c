// SPDX-License-Identifier: MIT
/*
 * sched.c - system calls about harts and the order of running; and futex(2).
 *
 * There is one policy, SCHED_NORMAL, and one priority.  Programs may ask, and
 * may set what is already so.
 */

#include "kernel/task/sched.h"
#include "kernel/task/signal.h"

#include <linux/futex.h>
#include <linux/sched.h>

#include "arch/riscv/time.h"
#include "arch/riscv/usercopy.h"
#include "kernel/syscall/calls.h"
#include "kernel/syscall/usage.h"
#include "kernel/task/futex.h"

SYSCALL(sched_yield)
{
	sched_yield();
	return 0;
}

/* The task @tid (0: the caller), which stays while the tree is locked, or
 * NULL.  Locks: (T). */
static struct task *find_task(int tid)
{
	struct pid *pid = pid_find(tid);

	if (!tid)
		return task_current();
	return pid ? pid->task : NULL;
}

static uint64_t all_harts(void)
{
	return UINT64_MAX >> (64 - hart_count());
}

SYSCALL(sched_getaffinity)
{
	struct task *task;
	uint64_t mask = 0;

	if (arg[1] < sizeof(mask) || arg[1] % sizeof(mask))
		return -EINVAL;
	spin_lock(&process_tree_lock);
	task = find_task(arg[0]);
	if (task)
		mask = task->affinity & all_harts();
	spin_unlock(&process_tree_lock);
	if (!task)
		return -ESRCH;
	/* The number of bytes, unlike the library's function. */
	if (user_write(arg[2], &mask, sizeof(mask)))
		return -EFAULT;
	return sizeof(mask);
}

SYSCALL(sched_setaffinity)
{
	struct task *task;
	uint64_t mask = 0;
	int err = -ESRCH;

	if (user_read(&mask, arg[2], min_u64(arg[1], sizeof(mask))))
		return -EFAULT;
	spin_lock(&process_tree_lock);
	task = find_task(arg[0]);
	if (task)
		err = sched_set_affinity(task, mask);
	spin_unlock(&process_tree_lock);
	return err;
}

static bool task_exists(int tid)
{
	bool exists;

	spin_lock(&process_tree_lock);
	exists = find_task(tid);
	spin_unlock(&process_tree_lock);
	return exists;
}

SYSCALL(sched_getscheduler)
{
	if ((int)arg[0] < 0)
		return -EINVAL;
	return task_exists(arg[0]) ? SCHED_NORMAL : -ESRCH;
}

SYSCALL(sched_getparam)
{
	int priority = 0;

	if ((int)arg[0] < 0 || !arg[1])
		return -EINVAL;
	if (!task_exists(arg[0]))
		return -ESRCH;
	return user_write(arg[1], &priority, sizeof(priority));
}

/* Only to what it is. */
static long set_policy(int tid, int policy, vaddr_t param)
{
	int priority;

	if (tid < 0 || !param)
		return -EINVAL;
	if (user_read(&priority, param, sizeof(priority)))
		return -EFAULT;
	if (!task_exists(tid))
		return -ESRCH;
	return (policy & ~SCHED_RESET_ON_FORK) == SCHED_NORMAL && !priority
		       ? 0
		       : -EINVAL;
}

SYSCALL(sched_setscheduler)
{
	return set_policy(arg[0], arg[1], arg[2]);
}

SYSCALL(sched_setparam)
{
	return set_policy(arg[0], SCHED_NORMAL, arg[1]);
}

/* sched_get_priority_max, sched_get_priority_min */
SYSCALL(sched_priority_limit)
{
	switch ((int)arg[0]) {
	case SCHED_NORMAL:
	case SCHED_BATCH:
	case SCHED_IDLE:
		return 0;
	default:
		return -EINVAL;
	}
}

SYSCALL(getpriority)
{
	/* As 20 - nice, so that errors can be told from answers. */
	return arg[0] > PRIO_USER ? -EINVAL : 20;
}

SYSCALL(getcpu)
{
	uint32_t hart = hart_index();
	uint32_t node = 0;

	if (user_write_wanted(arg[0], &hart, sizeof(hart)))
		return -EFAULT;
	return user_write_wanted(arg[1], &node, sizeof(node));
}

/* --- futex --- */

static int wait_deadline(int op, const uint64_t *arg, uint64_t *deadline)
{
	int err;

	*deadline = UINT64_MAX;
	if (!arg[3])
		return 0;
	/* WAIT says how long, WAIT_BITSET until when. */
	if ((op & FUTEX_CMD_MASK) == FUTEX_WAIT)
		return deadline_from_user(arg[3], deadline);
	err = ns_from_user_timespec(arg[3], deadline);
	if (!err && op & FUTEX_CLOCK_REALTIME)
		*deadline -= min_u64(*deadline, clock_realtime() - time_now());
	return err;
}

/* With a time a handler always ends it; without one it goes on, and what said
 * how long now says until when. */
static long wait_timed(const struct restart *restart)
{
	long err = futex_wait(restart->futex, restart->scope, restart->value,
			      restart->bitset, restart->deadline);

	if (err != -ERESTARTSYS || restart->deadline == UINT64_MAX)
		return err;
	task_current()->restart = *restart;
	return -ERESTART_RESTARTBLOCK;
}

static long wait_on(const uint64_t *arg, enum futex_scope scope,
		    uint32_t bitset)
{
	struct restart restart = {
		.again = wait_timed,
		.futex = arg[0],
		.value = arg[2],
		.bitset = bitset,
		.scope = scope,
	};
	long err = wait_deadline(arg[1], arg, &restart.deadline);

	return err ? err : wait_timed(&restart);
}

SYSCALL(futex)
{
	int op = arg[1];
	enum futex_scope scope =
		op & FUTEX_PRIVATE_FLAG ? FUTEX_PRIVATE : FUTEX_SHARED;

	switch (op & FUTEX_CMD_MASK) {
	case FUTEX_WAIT:
		return wait_on(arg, scope, FUTEX_BITSET_MATCH_ANY);
	case FUTEX_WAIT_BITSET:
		return wait_on(arg, scope, arg[5]);
	case FUTEX_WAKE:
		return futex_wake(arg[0], scope, arg[2],
				  FUTEX_BITSET_MATCH_ANY);
	case FUTEX_WAKE_BITSET:
		return futex_wake(arg[0], scope, arg[2], arg[5]);
	case FUTEX_REQUEUE:
		return futex_requeue(arg[0], arg[4], scope, arg[2], arg[3],
				     false, 0);
	case FUTEX_CMP_REQUEUE:
		return futex_requeue(arg[0], arg[4], scope, arg[2], arg[3],
				     true, arg[5]);
	case FUTEX_WAKE_OP:
		return futex_wake_op(arg[0], arg[4], scope, arg[2], arg[3],
				     arg[5]);
	default:
		return -ENOSYS;
	}
}
