// SPDX-License-Identifier: MIT
/*
 * system.c - system calls about the machine as a whole: its name, its state,
 * random numbers, and turning it off.
 */

#include <linux/personality.h>
#include <linux/reboot.h>
#include <linux/sysinfo.h>
#include <linux/utsname.h>

#include "arch/riscv/time.h"
#include "arch/riscv/usercopy.h"
#include "fs/mount.h"
#include "fs/procfs.h"
#include "fs/swapfile.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/random.h"
#include "kernel/lib/string.h"
#include "kernel/sync/sched.h"
#include "kernel/syscall/calls.h"
#include "kernel/task/process.h"
#include "mm/swap.h"

/* --- names --- */

/*
 * Programs ask for these to decide what they can call: libraries refuse to
 * start on a "Linux" older than they were built for.  So we say which ABI we
 * speak, and who we really are behind it.  Names: (T).
 */
static struct new_utsname names = {
	.sysname = "Linux",
	.nodename = "quire",
	.release = "6.12.0-quire",
	.version = "#1 SMP Quire",
	.machine = "riscv64",
	.domainname = "(none)",
};

void system_names(struct new_utsname *out)
{
	spin_lock(&process_tree_lock);
	*out = names;
	spin_unlock(&process_tree_lock);
}

SYSCALL(uname)
{
	struct new_utsname out;

	system_names(&out);
	return user_write(arg[0], &out, sizeof(out));
}

static long set_name(char *name, vaddr_t from, uint64_t nbytes)
{
	char in[__NEW_UTS_LEN + 1] = {0};

	if (nbytes > __NEW_UTS_LEN)
		return -EINVAL;
	if (user_read(in, from, nbytes))
		return -EFAULT;
	spin_lock(&process_tree_lock);
	memcpy(name, in, sizeof(in));
	spin_unlock(&process_tree_lock);
	return 0;
}

SYSCALL(sethostname)
{
	return set_name(names.nodename, arg[0], arg[1]);
}

SYSCALL(setdomainname)
{
	return set_name(names.domainname, arg[0], arg[1]);
}

SYSCALL(personality)
{
	struct process *p = task_current()->process;
	uint32_t wanted = arg[0];

	if (wanted == UINT32_MAX)
		return p->personality;
	/* There is only PER_LINUX, with one flag that means something. */
	if (wanted & ~ADDR_NO_RANDOMIZE)
		return -EINVAL;
	return atomic_exchange(&p->personality, wanted);
}

/* --- state --- */

SYSCALL(sysinfo)
{
	struct sysinfo out = {.mem_unit = 1};
	struct page_counts counts;

	page_count(&counts);
	out.uptime = time_now() / NSEC_PER_SEC;
	out.totalram = counts.total << PAGE_SHIFT;
	out.freeram = counts.free << PAGE_SHIFT;
	out.sharedram = counts.shmem << PAGE_SHIFT;
	out.totalswap = swap_counts.total << PAGE_SHIFT;
	out.freeswap = (swap_counts.total - swap_counts.used) << PAGE_SHIFT;
	out.bufferram = counts.slab << PAGE_SHIFT;
	spin_lock(&process_tree_lock);
	out.procs = task_counts.tasks;
	spin_unlock(&process_tree_lock);
	return user_write(arg[0], &out, sizeof(out));
}

SYSCALL(getrandom)
{
	enum { FLAGS = 7 }; /* GRND_*: we are always ready */
	uint64_t left = min_u64(arg[1], INT32_MAX);
	uint64_t done = 0;
	uint8_t bytes[256];

	if (arg[2] & ~(uint64_t)FLAGS)
		return -EINVAL;
	while (left) {
		size_t n = min_u64(left, sizeof(bytes));

		random_bytes(bytes, n);
		if (user_write(arg[0] + done, bytes, n))
			return done ? (long)done : -EFAULT;
		done += n;
		left -= n;
		sched_point();
		if (sched_interrupted())
			break;
	}
	return done;
}

/* --- the end --- */

/*
 * Linux's reboot(2) does what it says at once, and leaves it to init to end
 * all processes and unmount first.  We do that ourselves, so that the disk is
 * clean whoever calls.
 */
static void shut_down(void)
{
	process_end_all_others();
	fdtable_close_range(task_current()->process->files, 0, UINT32_MAX,
			    false);
	swapfile_off_all();
	mount_shutdown();
}

SYSCALL(reboot)
{
	uint32_t magic2 = arg[1];

	if ((uint32_t)arg[0] != LINUX_REBOOT_MAGIC1 ||
	    (magic2 != LINUX_REBOOT_MAGIC2 && magic2 != LINUX_REBOOT_MAGIC2A &&
	     magic2 != LINUX_REBOOT_MAGIC2B && magic2 != LINUX_REBOOT_MAGIC2C))
		return -EINVAL;
	switch ((uint32_t)arg[2]) {
	case LINUX_REBOOT_CMD_HALT:
	case LINUX_REBOOT_CMD_POWER_OFF:
		shut_down();
		printk("Power off\n");
		machine_power_off(false);
	case LINUX_REBOOT_CMD_RESTART:
	case LINUX_REBOOT_CMD_RESTART2:
		shut_down();
		printk("Restart\n");
		machine_reboot();
	case LINUX_REBOOT_CMD_CAD_ON:
	case LINUX_REBOOT_CMD_CAD_OFF:
		return 0; /* there is no Ctrl-Alt-Del */
	default:
		return -EINVAL;
	}
}
