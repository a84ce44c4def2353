/* SPDX-License-Identifier: MIT */
/* LD_PRELOAD=libpreload.so makes every process number 4242. */
#include <unistd.h>

pid_t getpid(void)
{
	return 4242;
}
