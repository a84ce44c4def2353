# SPDX-License-Identifier: MIT
"""What operations cost in Quire, in instructions, beside Linux and the floor.

bench runs on one hart with --icount, and a plugin in QEMU counts what is
executed: exactly repeatable, whatever this machine is doing, and without the
time in which a row waits for the disk.  The columns Debian (its own 6.12
kernel), minimal (one built for nothing but this program) and floor (what the
ABI and the hardware oblige to) are stored in linux.json; --linux measures
Debian's anew.  `before` is the stored run of Quire (quire.json, with the
commit that made it); --store replaces it, and its picture in the book.
"""

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.realpath(__file__))
SCRIPTS = os.path.join(HERE, "..", "..", "scripts")
sys.path.insert(0, SCRIPTS)
sys.dont_write_bytecode = True
import counting  # noqa: E402

STORED = os.path.join(HERE, "quire.json")
WORSE = 1.05  # times the stored cost: worth a mark


def load(path):
    with open(path, encoding="ascii") as f:
        return json.load(f)


def measure(command, bench, names):
    """{row: instructions} of the rows whose names begin so."""
    with tempfile.TemporaryDirectory() as folder:
        totals = os.path.join(folder, "totals")
        plugin = counting.build_plugin("qemu-system-riscv64", folder)
        done = subprocess.run(
            [*command, "--icount", "--mem", "1G",
             *counting.arguments(plugin, counting.meter(bench),
                                 totals=totals), bench, *names],
            capture_output=True, text=True, check=False)
        if done.returncode != 0:
            sys.exit(f"bench: status {done.returncode}: {done.stderr}")
        with open(totals, encoding="ascii") as f:
            executed = [int(line) for line in f]
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    return {name: total // int(n)
            for (name, _, n), total in zip(rows, executed, strict=True)}


def commit():
    done = subprocess.run(["git", "-C", HERE, "describe", "--always",
                           "--dirty"], capture_output=True, text=True,
                          check=False)
    return done.stdout.strip() or "unknown"


def number(value):
    return f"{value:,}" if value is not None else "-"


def mean(ratios):
    return math.exp(sum(map(math.log, ratios)) / len(ratios))


def show(rows, linux, before):
    heads = ("Quire", "before", "Debian", "minimal", "floor")
    print(f"{'instructions':47}" + "".join(f"{h:>11}" for h in heads) +
          f"{'/minimal':>9}")
    ratios = {"Debian": [], "minimal": []}
    for name, cost in rows.items():
        debian, minimal, floor = linux.get(name, (None, None, None))
        old = before.get(name)
        mark = "  dearer" if old and cost > old * WORSE else ""
        for key, value in (("Debian", debian), ("minimal", minimal)):
            if value:
                ratios[key].append(max(cost, 1) / value)
        ratio = f"{max(cost, 1) / minimal:9.2f}" if minimal else ""
        print(f"{name:47}" + "".join(
            f"{number(v):>11}" for v in (cost, old, debian, minimal, floor)) +
            ratio + mark)
    for key, values in ratios.items():
        if values:
            print(f"geometric mean of {len(values)} ratios to {key}: "
                  f"{mean(values):.2f}")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", required=True, help="the build folder")
    parser.add_argument("--linux", action="store_true",
                        help="measure Debian's kernel too (scripts/linux)")
    parser.add_argument("--store", action="store_true",
                        help="keep this run for later ones to compare with")
    parser.add_argument("row", nargs="*",
                        help="only rows whose names begin so")
    args = parser.parse_args()
    program = os.path.join(args.build, "tests", "programs", "bench")
    rows = measure([os.path.join(SCRIPTS, "quire"), "run", "--build",
                    args.build, "--quiet", "--size", "512M", "--cwd", "/tmp"],
                   program, args.row)
    linux = load(os.path.join(HERE, "linux.json"))
    if args.linux:
        fresh = measure([os.path.join(SCRIPTS, "linux"), "run", "--build",
                         args.build, "--quiet", "--cwd", "/tmp"], program,
                        args.row)
        # It has no disk there: those rows would be a tmpfs's.
        linux = {name: (fresh[name], *linux.get(name, (0, None, None))[1:])
                 for name in fresh if not name.startswith("disk:")}
    before = load(STORED)["rows"] if os.path.exists(STORED) else {}
    show(rows, linux, before)
    if args.store:
        with open(STORED, "w", encoding="ascii") as f:
            json.dump({"commit": commit(), "rows": rows}, f, indent=1)
            f.write("\n")


if __name__ == "__main__":
    main()
