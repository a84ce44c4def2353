// SPDX-License-Identifier: MIT
/*
 * tty_session.c - whose a terminal is.
 *
 * A terminal belongs to a session, which has no other; and one of its process
 * groups is in the foreground: that gets the keyboard's signals, and may read.
 * A group in the background that tries is stopped by SIGTTIN instead.  When the
 * session's leader ends, or gives the terminal up, it is nobody's again.
 *
 * Locks: ttys_lock for the list, and for who takes a terminal.
 * Tests: tests/host/tty_test.c, usertests.
 */

#include "kernel/dev/tty.h"

#include <asm/signal.h>

#include "arch/riscv/usercopy.h"
#include "kernel/lib/errno.h"

struct spinlock ttys_lock = SPINLOCK_INIT("ttys", RANK_TTYS);
struct list ttys = {&ttys, &ttys};

bool tty_controls_caller(struct tty *tty)
{
	return tty->session && tty->session == tty_caller_session();
}

int tty_check_foreground(struct tty *tty, int sig)
{
	int group = tty_caller_group();

	if (!tty_controls_caller(tty) || !tty->group || tty->group == group)
		return 0;
	if (tty_stop_caller(sig))
		return -ERESTARTSYS;
	return sig == SIGTTIN ? -EIO : 0;
}

struct tty *tty_find_locked(int session)
{
	list_for_each_entry (struct tty, tty, &ttys, link)
		if (tty->session == session)
			return tty;
	return NULL;
}

uint32_t tty_of_session(int session, int *group)
{
	struct tty *tty;
	uint32_t rdev;

	spin_lock(&ttys_lock);
	tty = tty_find_locked(session);
	rdev = tty ? tty->rdev : 0;
	*group = tty ? tty->group : -1;
	spin_unlock(&ttys_lock);
	return rdev;
}

/* Make it the caller's controlling terminal: a session leader's only, whose
 * process group is its session, and who has no other. */
long tty_set_controlling(struct tty *tty)
{
	int session = tty_caller_session();
	long err = 0;

	spin_lock(&ttys_lock);
	if (tty->session != session) {
		if (session != tty_caller_group() || tty->session ||
		    tty_find_locked(session))
			err = -EPERM;
		else
			tty->session = tty->group = session;
	}
	spin_unlock(&ttys_lock);
	return err;
}

/* TIOCNOTTY: the leader gives up the session's terminal. */
long tty_give_up_controlling(struct tty *tty)
{
	int session = tty_caller_session();

	if (!tty_controls_caller(tty))
		return -ENOTTY;
	if (session != tty_caller_group())
		return -EPERM;
	tty_session_ended(session);
	return 0;
}

long tty_set_group(struct tty *tty, vaddr_t argument)
{
	int group, session, err;

	if (!tty_controls_caller(tty))
		return -ENOTTY;
	err = tty_check_foreground(tty, SIGTTOU);
	if (err)
		return err;
	if (user_read(&group, argument, sizeof(group)))
		return -EFAULT;
	if (group < 0)
		return -EINVAL;
	session = tty_group_session(group);
	if (session != tty->session)
		return session ? -EPERM : -ESRCH;
	tty->group = group;
	return 0;
}

void tty_session_ended(int session)
{
	struct tty *tty;
	int group = 0;

	spin_lock(&ttys_lock);
	tty = tty_find_locked(session);
	if (tty) {
		group = tty->group;
		tty->session = tty->group = 0;
	}
	spin_unlock(&ttys_lock);
	if (group) {
		tty_signal_group(group, SIGHUP);
		tty_signal_group(group, SIGCONT);
	}
}
