// SPDX-License-Identifier: MIT
/*
 * mmaptest - show that memory mapping works, case by case.
 *
 * usage: mmaptest [NAME...]    run the cases of these names, or all
 *        mmaptest -l           list the cases and what each shows
 *        mmaptest -h, --help   print this
 *
 * Each case prints one line: ok, FAIL or skip, its name, and for the last
 * two the reason.  The last line counts them.  The exit status is 0 if none
 * failed, 1 otherwise.
 *
 * Files are made in a fresh folder in $TMPDIR, /tmp or the current folder,
 * which is removed at the end.
 */

#include "usage.h"

#include "testlib/helper.h"
#include "testlib/test.h"

int main(int argc, char **argv)
{
	int letter;

	helper_main(argc, argv);
	while ((letter = option(argc, argv, "lh")) != -1) {
		if (letter == 'h')
			usage(EXIT_SUCCESS);
		test_list();
		return EXIT_SUCCESS;
	}
	return test_run("mmaptest", argv + optind);
}
