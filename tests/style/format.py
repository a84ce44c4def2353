# SPDX-License-Identifier: MIT
"""Formatting is clang-format's; --fix applies it.

Versions format differently, so only version 14 (Debian 12; Ubuntu's and
Debian's package clang-format-14 elsewhere) is asked; without it this check is
skipped.
"""

import os
import shutil
import sys

import sources

EVERY = sources.KERNEL + ("user", "tests")


def clang_format():
    for name in ("clang-format-14", "clang-format"):
        if shutil.which(name) and " 14." in sources.output(
                name, "--version").stdout:
            return name
    print("format: skipped: no clang-format 14 here "
          "(apt-get install clang-format-14)")
    sys.exit(77)


tool = clang_format()
paths = [os.path.join(sources.TREE, p) for p in sources.files(EVERY)]
if "--fix" in sys.argv:
    sources.output(tool, "-i", *paths)
done = sources.output(tool, "--dry-run", "-Werror", *paths)
sources.finish("format", [line for line in done.stderr.splitlines()
                          if "error:" in line])
