# SPDX-License-Identifier: MIT
"""What operations cost, counted in instructions, and who spends them."""

import os
import re
import subprocess
import sys

from guestlib import BUILD, TREE, GuestTest, main, program, quire

sys.path.insert(0, os.path.join(TREE, "tests", "bench"))
import bench  # noqa: E402
from bench import counting  # noqa: E402

QUIET = [os.path.join(TREE, "scripts", "quire"), "run", "--build", BUILD,
         "--quiet", "--size", "512M"]


WORLDS = "16 GiB reserved", "10,000 intervals", "1,000 processes", \
    "10,000 files"
# Each interval and each open file is copied by fork.
COPIED = {("10,000 intervals", "fork"), ("10,000 files", "fork")}


def costs(*rows, mem="1G"):
    """{row: instructions} of the rows of the benchmark that begin so."""
    done = quire("--icount", "--quiet", "--mem", mem, "--size", "512M",
                 program("bench"), *rows)
    lines = (line.split("\t") for line in done.stdout.decode().splitlines())
    return {name: int(cost) for name, cost, _ in lines}


class Cost(GuestTest):
    def test_profile_adds_up_and_names_functions(self):
        done = subprocess.run(
            [os.path.join(TREE, "scripts", "profile"), "--build", BUILD,
             "--code", "trap_syscall", "null"],
            capture_output=True, text=True, check=False)
        if "no C compiler" in done.stderr:
            self.skipTest(done.stderr)
        self.assertEqual(done.returncode, 0, done.stderr)
        lines = done.stdout.splitlines()
        self.assertEqual(lines[0], "null system call")
        whole = float(lines[1].split()[0])
        listed = [line.split() for line in lines[2:lines.index("")]]
        self.assertAlmostEqual(sum(float(line[0]) for line in listed), whole,
                               delta=2)
        names = [line[2] for line in listed]
        self.assertLess(names.index("trap_entry"), 3)
        self.assertIn("sys_getppid", names)
        # Each call runs it from its first instruction on, once.
        first = lines[lines.index("") + 1].split()
        self.assertAlmostEqual(float(first[0]), 1, delta=0.02)
        self.assertEqual(whole, costs("null")["null system call"])

    def test_cost_hardly_grows_with_the_number_of_intervals(self):
        rows = costs("fault with", "mmap with")
        for what in ("fault", "mmap"):
            self.assertLessEqual(rows[f"{what} with 10,000 intervals"],
                                 1.5 * rows[f"{what} with 10 intervals"])

    def test_cost_is_of_what_is_used_not_of_what_exists(self):
        few = {name.removeprefix("few: "): cost
               for name, cost in costs("few", mem="64M").items()}
        self.assertIn("null system call", few)
        many = costs("few", *(
            f"{world}: {row}" for world in WORLDS for row in few
            if (world, row[:4]) not in COPIED), mem="16G")
        for name, cost in many.items():
            with self.subTest(name):
                self.assertLessEqual(cost, 1.5 * few[name.split(": ", 1)[1]])
        self.assertEqual(len(many), 5 * len(few) - 4)

    def test_harts_hardly_wait_for_each_other_at_first_writes(self):
        qemu = os.environ.get("QUIRE_QEMU", "qemu-system-riscv64")
        version = re.search(r"version (\d+)\.(\d+)",
                            counting.output(qemu, "--version"))
        if tuple(map(int, version.groups())) < (8, 1):
            self.skipTest("QEMU before 8.1 starves harts under -icount")
        one, two = (bench.measure_harts(QUIET, program("bench"), qemu, n,
                                        "all harts: first write")
                    for n in (1, 2))
        self.assertEqual(len(two), 2)
        for name, cost in two.items():
            self.assertLessEqual(cost, 1.1 * one[name])


if __name__ == "__main__":
    main()
