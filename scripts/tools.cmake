# SPDX-License-Identifier: MIT
#
# Find the tools that the build needs before anything else happens, and say in
# one line which package brings a missing one.

function(require_tool variable package)
	find_program(${variable} NAMES ${ARGN})
	if(NOT ${variable})
		list(GET ARGN 0 name)
		message(FATAL_ERROR "${name} is missing: install it with "
			"`apt-get install ${package}` (or run scripts/run, "
			"which does)")
	endif()
endfunction()

require_tool(CROSS_GCC "gcc-riscv64-linux-gnu libc6-dev-riscv64-cross"
	riscv64-linux-gnu-gcc)
require_tool(PYTHON python3 python3)
# Where root's path does not reach, mke2fs and e2fsck still are in sbin.
list(APPEND CMAKE_PROGRAM_PATH /usr/sbin /sbin)
require_tool(MKE2FS e2fsprogs mke2fs)
require_tool(DEBUGFS e2fsprogs debugfs)
# Needed only to run, test or write the book: those targets say so themselves.
find_program(QEMU qemu-system-riscv64)
find_program(NATIVE_CC NAMES gcc cc clang)
find_program(SPHINX_BUILD sphinx-build)
find_program(XELATEX xelatex)
