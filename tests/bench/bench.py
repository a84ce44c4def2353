# SPDX-License-Identifier: MIT
"""What operations cost in Quire, in instructions, beside Linux and the floor.

bench runs on one hart with --icount, and a plugin in QEMU counts what is
executed: exactly repeatable, whatever this machine is doing, and without the
time in which a row waits for the disk.  The columns Debian (its own 6.12
kernel), minimal (one built for nothing but this program) and floor (what the
ABI and the hardware oblige to) are stored in linux.json; --linux measures
Debian's anew.  `before` is the stored run of Quire (quire.json, with the
commit that made it); --store replaces it, and its picture in the book.

--scaling measures the rows of scaling.c in each setting, in little memory and
in much, and those of parallel.c on 1 to 4 harts.  The harts then take turns
every 30 instructions or so, in QEMU's one thread, which is as repeatable; but
only QEMU from 8.1 on lets all of them run (--qemu).
"""

import argparse
import json
import math
import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.realpath(__file__))
SCRIPTS = os.path.join(HERE, "..", "..", "scripts")
sys.path.insert(0, SCRIPTS)
sys.dont_write_bytecode = True
import counting  # noqa: E402

STORED = os.path.join(HERE, "quire.json")
STORED_SCALING = os.path.join(HERE, "scaling.json")
WORSE = 1.05  # times the stored cost: worth a mark
ONE_HART = ("--icount",)
SETTINGS = ("few", "16 GiB reserved", "10,000 intervals", "1,000 processes",
            "10,000 files")


def load(path):
    with open(path, encoding="ascii") as f:
        return json.load(f)


def measure(command, bench, names, qemu="qemu-system-riscv64"):
    """{row: instructions} of the rows whose names begin so."""
    with tempfile.TemporaryDirectory() as folder:
        totals = os.path.join(folder, "totals")
        plugin = counting.build_plugin(qemu, folder)
        done = subprocess.run(
            [*command, "--qemu", qemu,
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


def boot_cost(build, memory):
    """From the kernel's entry to init's first instruction."""
    done = subprocess.run([os.path.join(SCRIPTS, "profile"), "--build", build,
                           "--mem", memory, "--boot"],
                          capture_output=True, text=True, check=True)
    return int(done.stdout.split()[0].replace(",", ""))


def measure_scaling(command, bench, build):
    """{world: {row: instructions}}: few of everything in 64 MiB, then in
    16 GiB beside much of something."""
    worlds = {"few": {"boot, to init": boot_cost(build, "64M")},
              "16 GiB": {"boot, to init": boot_cost(build, "16G")}}
    for memory, settings in (("64M", SETTINGS[:1]), ("16G", SETTINGS)):
        rows = measure([*command, *ONE_HART, "--mem", memory], bench,
                       settings)
        for name, cost in rows.items():
            setting, row = name.split(": ", 1)
            world = "16 GiB" if memory == "16G" and setting == "few" \
                else setting
            worlds.setdefault(world, {})[row] = cost
    return worlds


def measure_harts(command, bench, qemu):
    """{harts: {row: instructions}}.  A network without packets has a timer
    that ends the turn of a hart: after 1 us, or 125 instructions, by all
    harts together."""
    turns = ("-icount", "shift=3", "-netdev", "hubport,id=net,hubid=0",
             "-object", "filter-buffer,id=turns,netdev=net,interval=1")
    return {str(n): measure(
        [*command, "--append", "norandmaps", "--smp", str(n),
         *(f"--qemu-arg={word}" for word in turns)],
        bench, ["all harts: "], qemu) for n in range(1, 5)}


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


def show_scaling(columns):
    """Rows by columns, and how much each grew."""
    few, *many = columns
    for row, cost in columns[few].items():
        print(f"{row:45}{number(cost):>10}" + "".join(
            f"{number(columns[n][row]):>13} {columns[n][row] / cost:6.2f}"
            for n in many if row in columns[n]))


def store(path, **results):
    with open(path, "w", encoding="ascii") as f:
        json.dump({"commit": commit(), **results}, f, indent=1)
        f.write("\n")


def scaling(command, program, args):
    worlds = measure_scaling(command, program, args.build)
    print("; ".join(worlds))
    show_scaling(worlds)
    harts = measure_harts(command, program, args.qemu)
    print("harts: " + ", ".join(harts))
    show_scaling(harts)
    if args.store:
        store(STORED_SCALING, worlds=worlds, harts=harts)


def options():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", required=True, help="the build folder")
    parser.add_argument("--linux", action="store_true",
                        help="measure Debian's kernel too (scripts/linux)")
    parser.add_argument("--scaling", action="store_true",
                        help="measure what grows instead")
    parser.add_argument("--qemu", default="qemu-system-riscv64",
                        metavar="PATH", help="for several harts")
    parser.add_argument("--store", action="store_true",
                        help="keep this run for later ones to compare with")
    parser.add_argument("row", nargs="*",
                        help="only rows whose names begin so")
    return parser.parse_args()


def main():
    args = options()
    program = os.path.join(args.build, "tests", "programs", "bench")
    quire = [os.path.join(SCRIPTS, "quire"), "run", "--build", args.build,
             "--quiet", "--size", "512M", "--cwd", "/tmp"]
    if args.scaling:
        scaling(quire, program, args)
        return
    rows = measure([*quire, *ONE_HART, "--mem", "1G"], program, args.row)
    linux = load(os.path.join(HERE, "linux.json"))
    if args.linux:
        fresh = measure([os.path.join(SCRIPTS, "linux"), "run", "--build",
                         args.build, "--quiet", "--cwd", "/tmp", *ONE_HART,
                         "--mem", "1G"], program, args.row)
        # It has no disk there: those rows would be a tmpfs's.
        linux = {name: (fresh[name], *linux.get(name, (0, None, None))[1:])
                 for name in fresh if not name.startswith("disk:")}
    before = load(STORED)["rows"] if os.path.exists(STORED) else {}
    show(rows, linux, before)
    if args.store:
        store(STORED, rows=rows)


if __name__ == "__main__":
    main()
