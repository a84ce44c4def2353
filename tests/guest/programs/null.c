/* SPDX-License-Identifier: MIT */
/* Store through a null pointer. */
#include <stddef.h>

int main(void)
{
	*(int *volatile)NULL = 1;
	return 0;
}
