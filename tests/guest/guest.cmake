# SPDX-License-Identifier: MIT
#
# Tests that boot the kernel.  All of them go through scripts/quire, which has
# e2fsck look at each disk that is left (QUIRE_CHECK).

# --- small programs of the tests' own -----------------------------------
#
# programs/NAME.c is static, and runs in any root; programs/dynamic/NAME.c
# needs the image's C library, and libNAME.c there is a library itself.

# guest_program(SOURCE...)
function(guest_program source)
	get_filename_component(name ${source} NAME_WE)
	add_executable(guest-${name} EXCLUDE_FROM_ALL ${source} ${ARGN})
	set_target_properties(guest-${name} PROPERTIES OUTPUT_NAME ${name}
		RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests/programs)
	target_compile_options(guest-${name} PRIVATE -std=gnu17 -O1 -Wall
		-Wextra -Werror)
	if(source MATCHES "/programs/dynamic/lib")
		set_target_properties(guest-${name} PROPERTIES SUFFIX .so)
		target_compile_options(guest-${name} PRIVATE -fPIC)
		target_link_options(guest-${name} PRIVATE -shared)
	elseif(source MATCHES "/programs/dynamic/")
		target_compile_options(guest-${name} PRIVATE -fPIE)
		target_link_options(guest-${name} PRIVATE -pie -pthread)
		target_link_libraries(guest-${name} PRIVATE m)
	else()
		target_link_options(guest-${name} PRIVATE -static -pthread)
	endif()
	add_dependencies(test-programs guest-${name})
endfunction()

file(GLOB sources CONFIGURE_DEPENDS guest/programs/*.c
	guest/programs/dynamic/*.c)
foreach(source ${sources})
	guest_program(${source})
endforeach()

# This one is written in cases, as mmaptest is.
file(GLOB sources CONFIGURE_DEPENDS guest/programs/failnth/*.c
	${CMAKE_SOURCE_DIR}/user/testlib/*.c)
guest_program(guest/programs/failnth/failnth.c ${sources})
target_include_directories(guest-failnth PRIVATE ${CMAKE_SOURCE_DIR}/user)

# guest_test(NAME SECONDS COMMAND...)
function(guest_test name seconds)
	add_test(NAME ${name} COMMAND ${ARGN})
	set_tests_properties(${name} PROPERTIES FIXTURES_REQUIRED built
		TIMEOUT ${seconds} SKIP_RETURN_CODE 77
		ENVIRONMENT "QUIRE_BUILD=${CMAKE_BINARY_DIR};QUIRE_CHECK=1")
endfunction()

# --- one file, one subject ----------------------------------------------

file(GLOB scripts CONFIGURE_DEPENDS guest/*_test.py)
foreach(script ${scripts})
	get_filename_component(name ${script} NAME_WE)
	string(REPLACE "_test" "" name ${name})
	guest_test(guest.${name} 900 ${PY} ${script})
endforeach()

# --- mmaptest and usertests ---------------------------------------------
#
# On Linux's ABI first, then on Quire over a matrix that covers each value of
# each axis, and the pairs that have ever mattered.

set(MATRIX ${PY} ${CMAKE_CURRENT_SOURCE_DIR}/guest/matrix.py)
foreach(program mmaptest usertests)
	guest_test(linux.${program} 900 ${MATRIX} ${program} --linux)
	guest_test(linux-kernel.${program} 1800 ${MATRIX} ${program}
		--linux-kernel)
	#          kernel  harts memory block  more
	foreach(row
		"default  1      128M   4096  --ext2"
		"default  2      32M    1024"
		"default  4      4G     4096  --huge"
		"default  2      128M   2048"
		"default  4      128M   1024"
		"debug    1      32M    4096"
		"debug    2      128M   1024  --ext2"
		"debug    4      128M   4096"
		"default  2      128M   4096  --no-ad")
		separate_arguments(row UNIX_COMMAND "${row}")
		list(POP_FRONT row kernel harts memory block)
		string(JOIN "-" name ${kernel} ${harts} ${memory} ${block}
			${row})
		string(REPLACE "---" "-" name ${name})
		guest_test(guest.${program}.${name} 1800 ${MATRIX} ${program}
			--kernel ${kernel} --smp ${harts} --mem ${memory}
			--block-size ${block} ${row})
	endforeach()
endforeach()

# And where 400 frames are all there is to have: in `scripts/test --long`.
foreach(program mmaptest usertests)
	foreach(harts 1 2 4)
		guest_test(guest.${program}.frames-${harts}-long 3600 ${MATRIX}
			${program} --mem-free 400 --smp ${harts} --long)
		guest_test(guest.${program}.frames-${harts}-swap-long 3600
			${MATRIX} ${program} --mem-free 400 --smp ${harts}
			--swap 64M --long)
	endforeach()
endforeach()

# The filesystem in memory is to do what the one on the disk does.
guest_test(guest.usertests.tmpfs 1800 ${MATRIX} usertests --folder /dev/shm)
