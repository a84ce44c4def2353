# SPDX-License-Identifier: MIT
"""Run bench.c in Quire on one hart with --icount, and print what each
operation costs in instructions, beside Linux and the floor.

The Linux columns (linux.json) were measured once, with the same operations in
the same QEMU: Debian 13's own 6.12 kernel, one built with nothing that this
program doesn't need, and what the ABI and the hardware oblige to.
"""

import json
import math
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.realpath(__file__))
QUIRE = os.path.join(HERE, "..", "..", "scripts", "quire")


def main():
    build, program = sys.argv[1:3]
    with open(os.path.join(HERE, "linux.json"), encoding="ascii") as f:
        linux = json.load(f)
    done = subprocess.run([QUIRE, "run", "--build", build, "--icount",
                           "--quiet", program], capture_output=True,
                          text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"bench: status {done.returncode}: {done.stderr}")
    print(f"{'instructions':40}{'Quire':>9}{'Debian':>9}{'minimal':>9}"
          f"{'floor':>9}{'ratio':>7}")
    logs = []
    for line in done.stdout.splitlines():
        name, cost = line.split("\t")
        debian, minimal, floor = linux[name]
        ratio = max(int(cost), 1) / minimal
        logs.append(math.log(ratio))
        print(f"{name:40}{int(cost):9,}{debian:9,}{minimal:9,}{floor:9,}"
              f"{ratio:7.2f}")
    print(f"{'geometric mean of the ratios to minimal':76}"
          f"{math.exp(sum(logs) / len(logs)):7.2f}")


if __name__ == "__main__":
    main()
