/* SPDX-License-Identifier: MIT */
/* Print what getpid() says, by printf, and the square root of the number of
 * arguments, by libm: three libraries to find. */
#include <math.h>
#include <stdio.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	(void)argv;
	printf("%s %.4f\n", getpid() == 4242 ? "preloaded" : "pid",
	       sqrt(argc - 1));
	return argc - 1;
}
