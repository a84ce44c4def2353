// SPDX-License-Identifier: MIT
/*
 * failnth - let every allocation of every call fail, one at a time.
 *
 * usage: failnth [NAME...]    run the cases of these names, or all
 *
 * A case says what to do, how to take it back, and what must still be true
 * after it failed.  It is done with the first allocation failing, then with
 * the second, and so on, until it gets through with none failing.  A failure
 * may only be the errno that the case names, and may change nothing: neither
 * the mappings, nor the next free descriptor, nor what the case looks at.
 * Faults never fail: they are tried again (mm/inject.h).  All that is done
 * several times over, and then the kernel has as many objects and frames in
 * use as before.
 *
 * Only the debug kernel has /proc/self/fail-nth.
 */

#include <stdlib.h>
#include <string.h>

#include "trial.h"

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "--executed") == 0) {
		fail_fd = atoi(argv[2]);
		tell_parent();
	}
	return test_run("failnth", argv + 1);
}
