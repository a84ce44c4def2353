# SPDX-License-Identifier: MIT
"""The promises of size: files, functions and columns that can be read, and
the figures that the README gives for mm/ and the whole kernel."""

import re

import sources

FILE_LINES, FUNCTION_LINES, COLUMNS = 500, 60, 80
MM_LINES, ALL_LINES = 6150, 35500


def functions(lines):
    """(first line, length) of each function, by the style's braces."""
    start = None
    for number, line in enumerate(lines):
        if line == "{":
            start = number
        elif line == "}" and start is not None:
            yield start, number - start + 1
            start = None


def check_file(path):
    lines = sources.read(path).split("\n")
    if "SPDX-License-Identifier: MIT" not in lines[0]:
        yield f"{path}:1: the first line is not the licence's"
    if len(lines) > FILE_LINES + 1:
        yield f"{path}: {len(lines)} lines (at most {FILE_LINES})"
    for number, line in enumerate(lines, 1):
        width = len(line.expandtabs(8))
        if width > COLUMNS:
            yield f"{path}:{number}: {width} columns (at most {COLUMNS})"
    for start, length in functions(lines):
        if length > FUNCTION_LINES:
            yield (f"{path}:{start}: a function of {length} lines "
                   f"(at most {FUNCTION_LINES})")


def count(*folders):
    return sum(sources.code_lines(sources.read(p))
               for p in sources.files(folders, (".c", ".h", ".S")))


def check_counts():
    mm, everything = count("mm"), count(*sources.KERNEL)
    for name, lines, limit in (("mm", mm, MM_LINES),
                               ("the kernel", everything, ALL_LINES)):
        if lines > limit:
            yield f"{name} has {lines} lines of code (promised: {limit})"
    said = [int(n.replace(",", "")) for n in re.findall(
        r"\*\*([\d,]+)\*\* lines", sources.read("README.md"))]
    if said != [mm, everything]:
        yield (f"README.md says {said} lines for mm and the kernel; the tree "
               f"has {[mm, everything]} (`ninja -C build loc`)")


problems = [p for path in sources.files(sources.KERNEL) for p in
            check_file(path)]
sources.finish("shape", problems + list(check_counts()))
