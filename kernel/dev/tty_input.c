// SPDX-License-Identifier: MIT
/*
 * tty_input.c - what happens to a byte typed at the terminal.
 *
 *      byte --> c_iflag: return becomes newline
 *           --> ISIG: ^C ^\ ^Z become signals
 *           --> ICANON: erase, kill and end of file edit the line
 *           --> ECHO: it is printed
 *           --> ring
 *
 * In canonical mode a line is edited at the ring's head, and readers see it
 * when its newline comes; in raw mode they see each byte at once.
 *
 * For the console all this runs in the UART's interrupt, so that ^C works
 * whatever the programs do.
 *
 * To rub out a character, the cursor must go back by the columns that the
 * character took: one, two (^A), up to eight (a tab), or none (the rest of a
 * UTF-8 sequence).  So the column is tracked, and the width of what is left of
 * the line is computed anew.
 *
 * Locks: tty->lock, held throughout.
 * Tests: tests/host/tty_test.c.
 */

#include <asm/signal.h>

#include "arch/riscv/time.h"
#include "kernel/dev/tty.h"

static bool is_control(uint8_t c)
{
	return c < ' ' || c == 0x7f;
}

/* The second and further bytes of a character in UTF-8. */
static bool is_continuation(const struct tty *tty, uint8_t c)
{
	return (tty->termios.c_iflag & IUTF8) && (c & 0xc0) == 0x80;
}

static bool is_key(const struct tty *tty, int key, uint8_t c)
{
	/* 0 turns a key off. */
	return c && tty->termios.c_cc[key] == c;
}

static bool shown_with_caret(const struct tty *tty, uint8_t c)
{
	return is_control(c) && c != '\n' && c != '\t' &&
	       (tty->termios.c_lflag & ECHOCTL);
}

static void echo(struct tty *tty, uint8_t c)
{
	bool newline = c == '\n' && tty_canonical(tty) &&
		       (tty->termios.c_lflag & ECHONL);

	if (!(tty->termios.c_lflag & ECHO) && !newline)
		return;
	if (shown_with_caret(tty, c)) {
		tty_put_locked(tty, '^');
		c ^= 0x40;
	}
	tty_put_locked(tty, c);
}

static uint8_t ring_byte(const struct tty *tty, uint32_t at)
{
	return tty->ring[at % TTY_RING_SIZE];
}

/* The column after the line up to the head, as it was echoed. */
static unsigned line_end_column(const struct tty *tty)
{
	unsigned column = tty->line_column;

	for (uint32_t at = tty->line; at != tty->head; at++) {
		uint8_t c = ring_byte(tty, at);

		if (c == '\t')
			column = (column | 7) + 1;
		else if (shown_with_caret(tty, c))
			column += 2;
		else if (!is_control(c) && !is_continuation(tty, c))
			column++;
	}
	return column;
}

/* Take the last character off the line, unseen. */
static void drop_last(struct tty *tty)
{
	uint8_t c;

	do
		c = ring_byte(tty, --tty->head);
	while (tty->head != tty->line && is_continuation(tty, c));
}

/* Make the screen agree with the shortened line. */
static void rub_out(struct tty *tty)
{
	unsigned end = line_end_column(tty);

	if (!(tty->termios.c_lflag & ECHO))
		return;
	while (tty->column > end) {
		tty_put_locked(tty, '\b');
		tty_put_locked(tty, ' ');
		tty_put_locked(tty, '\b');
	}
}

static void erase_character(struct tty *tty)
{
	if (tty->head == tty->line)
		return;
	drop_last(tty);
	rub_out(tty);
}

/* Blanks, and then what isn't blank, before the cursor. */
static void erase_word(struct tty *tty)
{
	bool in_word = false;

	while (tty->head != tty->line) {
		bool blank = ring_byte(tty, tty->head - 1) <= ' ';

		if (blank && in_word)
			break;
		in_word = !blank;
		drop_last(tty);
	}
	rub_out(tty);
}

static void erase_line(struct tty *tty)
{
	tty->head = tty->line;
	rub_out(tty);
}

/* Let readers have all of it. */
static void commit(struct tty *tty)
{
	tty->line = tty->head;
	waitq_wake_all(&tty->readable);
}

/* The last place is kept for what ends a line. */
static bool append(struct tty *tty, uint16_t entry)
{
	uint32_t room = TTY_RING_SIZE - (tty->head - tty->tail);

	if (room == 0 ||
	    (room == 1 && tty_canonical(tty) && entry < TTY_LINE_END))
		return false;
	tty->ring[tty->head++ % TTY_RING_SIZE] = entry;
	return true;
}

/* True if the byte was one that makes a signal. */
static bool handle_signal(struct tty *tty, uint8_t c)
{
	int sig = is_key(tty, VINTR, c)   ? SIGINT
		  : is_key(tty, VQUIT, c) ? SIGQUIT
		  : is_key(tty, VSUSP, c) ? SIGTSTP
					  : 0;

	if (!sig || !(tty->termios.c_lflag & ISIG))
		return false;
	if (!(tty->termios.c_lflag & NOFLSH))
		tty->tail = tty->line = tty->head;
	echo(tty, c);
	if (tty->group)
		tty->line_ops->signal(tty, sig);
	return true;
}

/* True if the byte edits or ends the line. */
static bool handle_line(struct tty *tty, uint8_t c)
{
	bool extended = tty->termios.c_lflag & IEXTEN;

	if (is_key(tty, VERASE, c)) {
		erase_character(tty);
	} else if (is_key(tty, VKILL, c)) {
		erase_line(tty);
	} else if (is_key(tty, VWERASE, c) && extended) {
		erase_word(tty);
	} else if (is_key(tty, VEOF, c)) {
		append(tty, TTY_LINE_END | TTY_EOF);
		commit(tty);
	} else if (c == '\n' || is_key(tty, VEOL, c) ||
		   (is_key(tty, VEOL2, c) && extended)) {
		echo(tty, c);
		append(tty, c | TTY_LINE_END);
		commit(tty);
	} else {
		return false;
	}
	return true;
}

/* c_iflag.  False if the byte is to be ignored. */
static bool translate(const struct tty *tty, uint8_t *c)
{
	uint32_t flags = tty->termios.c_iflag;

	if (flags & ISTRIP)
		*c &= 0x7f;
	if (*c == '\r') {
		if (flags & IGNCR)
			return false;
		if (flags & ICRNL)
			*c = '\n';
	} else if (*c == '\n' && (flags & INLCR)) {
		*c = '\r';
	}
	return true;
}

static void handle_byte(struct tty *tty, uint8_t c)
{
	if (!translate(tty, &c) || handle_signal(tty, c))
		return;
	if (tty_canonical(tty)) {
		if (tty->head == tty->line)
			tty->line_column = tty->column;
		if (handle_line(tty, c))
			return;
	}
	if (!append(tty, c))
		return;
	echo(tty, c);
	if (!tty_canonical(tty))
		commit(tty);
}

void tty_input_locked(struct tty *tty, uint8_t byte)
{
	tty->last_input = time_now();
	handle_byte(tty, byte);
}

void tty_input(struct tty *tty, uint8_t byte)
{
	unsigned long saved = spin_lock_irq(&tty->lock);

	tty_input_locked(tty, byte);
	tty_flush_locked(tty);
	spin_unlock_irq(&tty->lock, saved);
}
