# SPDX-License-Identifier: MIT
"""Each header compiles alone: it includes what it needs."""

import concurrent.futures
import os
import sys

import sources

FLAGS = ("-std=gnu17 -ffreestanding -mcmodel=medany -fsyntax-only -Wall "
         "-march=rv64imac_zicsr_zifencei -mabi=lp64 -Wextra -Wshadow "
         "-Wno-unused-parameter -Werror -x c").split()


def compile_alone(path):
    done = sources.output("riscv64-linux-gnu-gcc", *FLAGS, f"-I{sources.TREE}",
                          "-include", os.path.join(sources.TREE, path),
                          "/dev/null")
    return [] if done.returncode == 0 else [f"{path}:", done.stderr]


with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
    results = pool.map(compile_alone,
                       sources.files(sources.KERNEL, (".h",)))
sources.finish("headers", [p for r in results for p in r])
