# SPDX-License-Identifier: MIT
"""Includes point down only: no room may include from one above it."""

import re

import sources

# From the bottom to the top; a file belongs to the longest prefix.
ROOMS = ["kernel/lib", "arch/riscv", "kernel/sync", "kernel/block", "mm",
         "kernel/dev", "fs", "kernel/task", "kernel/syscall", "kernel"]
INCLUDE = re.compile(r'^\s*#\s*include\s+(["<])([^">]+)[">]', re.MULTILINE)
HARDWARE = re.compile(r"\bPTE_[A-Z]|\bcsr[rwsc]|\bsbi_(?!console_write)")
# The toolchain's headers that state an ABI or the language, nothing more.
SYSTEM = re.compile(r"(linux|asm|asm-generic)/|std(atomic|arg|bool|def|int|"
                    r"noreturn)\.h$")


def room(path):
    fits = [r for r in ROOMS if path.startswith(r + "/")]
    return max(fits, key=len) if fits else None


def check(path):
    text = sources.read(path)
    here = ROOMS.index(room(path))
    for bracket, target in INCLUDE.findall(text):
        if bracket == "<":
            if not SYSTEM.match(target):
                yield f"{path}: <{target}> is not for the kernel"
            continue
        there = room(target)
        if there is None:
            yield f'{path}: "{target}" is not a path from the root'
        elif ROOMS.index(there) > here:
            yield (f"{path}: includes {target}: an arrow from {ROOMS[here]} "
                   f"up to {there}")
    if not path.startswith("arch/") and HARDWARE.search(
            re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)):
        yield f"{path}: names a PTE bit, a CSR or an SBI call"


sources.finish("includes", [p for path in sources.files(sources.KERNEL)
                            for p in check(path)])
