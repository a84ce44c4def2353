# SPDX-License-Identifier: MIT
"""The project's C files, and counting their lines: for the style checks."""

import os
import subprocess

TREE = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.realpath(__file__))))
KERNEL = ("arch", "mm", "fs", "kernel")


def files(folders, endings=(".c", ".h")):
    """Files below these top-level folders, as paths from the tree's root."""
    found = []
    for folder in folders:
        for place, _, names in os.walk(os.path.join(TREE, folder)):
            found += [os.path.relpath(os.path.join(place, name), TREE)
                      for name in names if name.endswith(endings)]
    return sorted(found)


def read(path):
    with open(os.path.join(TREE, path), encoding="utf-8") as f:
        return f.read()


def code_lines(text):
    """How many lines are neither blank nor only comment."""
    count, inside = 0, False
    for line in text.split("\n"):
        rest = line.strip()
        while rest:
            if inside:
                _, end, rest = rest.partition("*/")
                inside = not end
            elif rest.startswith("/*"):
                inside, rest = True, rest[2:]
            elif rest.startswith("//"):
                rest = ""
            else:
                count += 1
                before, start, after = rest.rpartition("/*")
                inside = bool(start) and "*/" not in after
                rest = ""
            rest = rest.strip()
    return count


def finish(name, problems):
    """Print what is wrong, one line each, and end with the right status."""
    for problem in problems:
        print(problem)
    print(f"{name}: {len(problems)} problems")
    raise SystemExit(1 if problems else 0)


def output(*command):
    return subprocess.run(command, capture_output=True, text=True,
                          check=False)
