// SPDX-License-Identifier: MIT
/*
 * ubsan.c - what the compiler's undefined-behaviour checks call (debug build).
 *
 * With -fsanitize=undefined the compiler puts a test before each operation
 * that the C standard leaves undefined for some operands, and a call of one
 * of these functions where the test fails.  Each gets a pointer to a record
 * about the place, which begins with the source location; that, and the kind,
 * is all that we report.  The operands are in the registers that the panic's
 * backtrace leads to.
 */

#include "kernel/lib/assert.h"
#include "kernel/lib/types.h"

#ifdef CONFIG_DEBUG

struct location {
	const char *file;
	uint32_t line, column;
};

#define HANDLER(name, what) \
	void __ubsan_handle_##name(const struct location *at); \
	void __ubsan_handle_##name(const struct location *at) \
	{ \
		panic("undefined behaviour: %s (%s:%u)", what, at->file, \
		      at->line); \
	}

HANDLER(add_overflow, "addition overflows")
HANDLER(sub_overflow, "subtraction overflows")
HANDLER(mul_overflow, "multiplication overflows")
HANDLER(negate_overflow, "negation overflows")
HANDLER(divrem_overflow, "division by zero, or overflow")
HANDLER(shift_out_of_bounds, "shift by too much, or of a negative number")
HANDLER(out_of_bounds, "array index out of bounds")
HANDLER(type_mismatch_v1, "null, misaligned or too small object")
HANDLER(pointer_overflow, "pointer arithmetic overflows")
HANDLER(load_invalid_value, "load of a value its type doesn't have")
HANDLER(builtin_unreachable, "unreachable place reached")
HANDLER(invalid_builtin, "builtin called with zero")
HANDLER(nonnull_arg, "null argument")
HANDLER(vla_bound_not_positive, "array of no size")

#endif
