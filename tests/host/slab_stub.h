/* SPDX-License-Identifier: MIT */
#ifndef TESTS_HOST_SLAB_STUB_H
#define TESTS_HOST_SLAB_STUB_H

/* slab_stub.h - mm/slab.h on the host's malloc, with failure on demand. */

#include "mm/slab.h"

void slab_stub_fail_next(bool fail);
size_t slab_stub_in_use(void);

#endif
