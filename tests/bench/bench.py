# SPDX-License-Identifier: MIT
"""What operations cost in Quire, in instructions, beside Linux and the floor.

bench runs on one hart with --icount, and a plugin in QEMU counts what is
executed: exactly repeatable, whatever this machine is doing.  (Where a row
waits for the disk, going to sleep and waking up are in it, as often as the disk
is slower.)  The columns Debian (its own 6.12 kernel), minimal (one built for
nothing but this program) and floor (what the ABI and the hardware oblige to)
are stored in linux.json; --linux measures Debian's anew.  The rows "disk:" are
about a disk of their own, made alike for both kernels; Debian's are stored in
disks.json: on that ext3, and on an ext4 as mke2fs makes it.  `before` is the
stored run of Quire (quire.json, with the commit that made it); --store replaces
it, and its picture in the book.

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
import imagelib  # noqa: E402

STORED = os.path.join(HERE, "quire.json")
LINUX, DISKS = (os.path.join(HERE, name + ".json")
                for name in ("linux", "disks"))
STORED_SCALING = os.path.join(HERE, "scaling.json")
WORSE = 1.05  # times the stored cost: worth a mark
ONE_HART = ("--icount", "--smp", "1")
DISK_SIZE = 512 << 20
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


def make_disk(path, kind):
    """A new filesystem: as Quire's always are, or as mke2fs wants an ext4."""
    if kind == "ext4":
        with open(path, "wb") as f:
            f.truncate(DISK_SIZE)
        imagelib.run(imagelib.tool("mke2fs"), "-q", "-t", "ext4", path)
        return
    with tempfile.TemporaryDirectory() as empty:
        imagelib.make(path, empty, size=DISK_SIZE, standard_folders=False)


def linux_with(disk):
    """The arguments that run a program there, and the disk's name."""
    return [os.path.join(SCRIPTS, "linux"), "run", "--disk", disk], "/dev/vda"


def quire_with(disk):
    words = ("-drive", f"file={disk},if=none,format=raw,id=disk", "-device",
             "virtio-blk-device,drive=disk")
    return [os.path.join(SCRIPTS, "quire"), "run", "--size", "512M",
            *(f"--qemu-arg={word}" for word in words)], "/dev/vdb"


def measure_on_disk(system, build, kind, names):
    """The same, with a disk for those rows that want one."""
    with tempfile.TemporaryDirectory() as folder:
        disk = os.path.join(folder, "disk")
        make_disk(disk, kind)
        command, device = system(disk)
        rows = measure([*command, "--build", build, "--quiet", *ONE_HART,
                        "--mem", "1G"],
                       os.path.join(build, "tests", "programs", "bench"),
                       ["on", device, kind, *names])
        complaint = imagelib.check(disk)
        if complaint:
            sys.exit(f"bench: {kind}: {complaint}")
    return rows


def measure_linux(build, rows):
    """Debian's figures: of the rows at large, and of those on a disk."""
    disk = [name for name in rows if name.startswith("disk:")]
    plain = [name for name in rows if name not in disk]
    kinds = ("ext3", "ext4")
    on = {kind: measure_on_disk(linux_with, build, kind, disk)
          for kind in kinds if disk}
    return (measure_on_disk(linux_with, build, "ext3", plain) if plain else {},
            {name: [on[kind][name] for kind in kinds] for name in disk})


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


def measure_harts(command, bench, qemu, n, name="all harts: "):
    """{row: instructions} of that table's rows on @n harts.  A network without
    packets has a timer that ends the turn of a hart: after 1 us, or 125
    instructions, by all harts together."""
    turns = ("-icount", "shift=3", "-netdev", "hubport,id=net,hubid=0",
             "-object", "filter-buffer,id=turns,netdev=net,interval=1")
    return measure([*command, "--append", "norandmaps", "--smp", str(n),
                    *(f"--qemu-arg={word}" for word in turns)],
                   bench, [name], qemu)


def commit():
    done = subprocess.run(["git", "-C", HERE, "describe", "--always",
                           "--dirty"], capture_output=True, text=True,
                          check=False)
    return done.stdout.strip() or "unknown"


def number(value):
    return f"{value:,}" if value is not None else "-"


def mean(ratios):
    return math.exp(sum(map(math.log, ratios)) / len(ratios))


def show(heads, columns, rows, before):
    """A table: `columns` has each row's other figures."""
    if not rows:
        return
    heads = ("Quire", "before", *heads)
    print(f"{'instructions':47}" + "".join(f"{h:>11}" for h in heads) +
          f"{'/' + heads[3]:>9}")
    ratios = {}
    for name, cost in rows.items():
        others = columns.get(name, [None] * (len(heads) - 2))
        old = before.get(name)
        mark = "  dearer" if old and cost > old * WORSE else ""
        for head, value in zip(heads[2:], others):
            if value and head != "floor":
                ratios.setdefault(head, []).append(max(cost, 1) / value)
        ratio = f"{max(cost, 1) / others[1]:9.2f}" if others[1] else ""
        print(f"{name:47}" + "".join(
            f"{number(v):>11}" for v in (cost, old, *others)) + ratio + mark)
    for head, values in ratios.items():
        print(f"geometric mean of {len(values)} ratios to {head}: "
              f"{mean(values):.2f}")


def show_scaling(columns):
    """Rows by columns, and how much each grew."""
    few, *many = columns
    for row, cost in columns[few].items():
        print(f"{row:45}{number(cost):>10}" + "".join(
            f"{number(columns[n][row]):>13} {columns[n][row] / cost:6.2f}"
            for n in many if row in columns[n]))


def store(path, **results):
    results = {"commit": commit(), **results}  # the tree is as it was
    with open(path, "w", encoding="ascii") as f:
        json.dump(results, f, indent=1)
        f.write("\n")


def scaling(command, program, args):
    worlds = measure_scaling(command, program, args.build)
    print("; ".join(worlds))
    show_scaling(worlds)
    harts = {str(n): measure_harts(command, program, args.qemu, n)
             for n in range(1, 5)}
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
    if args.scaling:
        scaling([os.path.join(SCRIPTS, "quire"), "run", "--build", args.build,
                 "--quiet", "--size", "512M", "--cwd", "/tmp"],
                os.path.join(args.build, "tests", "programs", "bench"), args)
        return
    rows = measure_on_disk(quire_with, args.build, "ext3", args.row)
    debian, disks = load(LINUX), load(DISKS)
    if args.linux:
        plain, on_disk = measure_linux(args.build, rows)
        debian.update({name: [cost, *debian.get(name, (0, None, None))[1:]]
                       for name, cost in plain.items()})
        disks.update(on_disk)
    before = load(STORED)["rows"]
    show(("Debian", "minimal", "floor"), debian,
         {name: cost for name, cost in rows.items() if name not in disks},
         before)
    show(("ext3", "ext4"), disks,
         {name: cost for name, cost in rows.items() if name in disks}, before)
    if args.store:
        store(STORED, rows=rows)


if __name__ == "__main__":
    main()
