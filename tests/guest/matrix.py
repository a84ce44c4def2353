# SPDX-License-Identifier: MIT
"""Run mmaptest or usertests in one configuration, and check the disk that it
leaves: one row of the matrix in guest.cmake."""

import argparse
import os
import re
import subprocess
import sys
import tempfile

import guestlib
from guestlib import imagelib

IMAGES = {1024: "quire-1k.img", 2048: "quire-2k.img", 4096: "quire.img"}
CLOSING = re.compile(r"^\w+: (\d+) passed, (\d+) failed, (\d+) skipped$",
                     re.MULTILINE)


def on_linux(name):
    """The same binary on Linux's ABI: qemu-user is the nearest there is."""
    for qemu in ("qemu-riscv64-static", "qemu-riscv64"):
        if guestlib.shutil.which(qemu):
            with tempfile.TemporaryDirectory() as folder:
                return subprocess.run([qemu, guestlib.user(name)], cwd=folder,
                                      capture_output=True, text=True,
                                      check=False), None
    print("skipped: no qemu-riscv64 here (apt-get install qemu-user-static)")
    sys.exit(77)


def on_linux_kernel(args):
    """And on Linux itself, if scripts/linux has been given its kernel."""
    done = subprocess.run(
        [os.path.join(guestlib.TREE, "scripts", "linux"), "run", "--quiet",
         "--smp", str(args.smp), "--timeout", "1500", "--build",
         guestlib.BUILD, "--", guestlib.user(args.program)],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode == 77:
        print("skipped:", done.stderr.strip())
        sys.exit(77)
    return done, None


def cpu_without_ad(qemu="qemu-system-riscv64"):
    """The QEMU option for harts that fault instead of setting A and D."""
    probe = subprocess.run([qemu, "-M", "virt", "-cpu",
                            "rv64,svade=on,svadu=off", "-S", "-display",
                            "none", "-monitor", "stdio"], input=b"quit\n",
                           capture_output=True, check=False)
    if probe.returncode != 0:
        print("skipped: this QEMU's harts always set A and D (7.2 has no "
              "property for it; 10.0 has)")
        sys.exit(77)
    return ["--qemu-arg=-cpu", "--qemu-arg=rv64,svade=on,svadu=off"]


def on_quire(args):
    with tempfile.TemporaryDirectory() as folder:
        image = os.path.join(folder, "disk.img")
        imagelib.copy(os.path.join(guestlib.BUILD, IMAGES[args.block_size]),
                      image)
        if args.ext2:
            imagelib.remove_journal(image)
        extra = cpu_without_ad(os.environ.get(
            "QUIRE_QEMU", "qemu-system-riscv64")) if args.no_ad else []
        command = [f"/bin/{args.program}"]
        if args.mem_free:
            extra += ["--append", f"mem_free={args.mem_free}"]
        if args.huge:
            extra += ["--append", "transparent_hugepage=always"]
        if args.swap:
            extra += ["--swap", args.swap]
            command = ["/bin/sh", "-c",
                       f"swapon /dev/vdb && exec {command[0]}"]
        done = guestlib.quire(
            "--kernel", guestlib.kernel(args.kernel), "--smp", str(args.smp),
            "--mem", args.mem, "--image", image, *extra,
            "--env", f"TMPDIR={args.folder}", "--",
            *command, timeout=1500)
        done.stdout = done.stdout.decode(errors="replace")
        done.stderr = done.stderr.decode(errors="replace")
        return done, imagelib.check(image)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("program")
    parser.add_argument("--linux", action="store_true")
    parser.add_argument("--linux-kernel", action="store_true")
    parser.add_argument("--kernel", default="default")
    parser.add_argument("--smp", type=int, default=2)
    parser.add_argument("--mem", default="128M")
    parser.add_argument("--block-size", type=int, default=4096)
    parser.add_argument("--folder", default="/tmp",
                        help="where the cases' files are made")
    parser.add_argument("--ext2", action="store_true",
                        help="a filesystem without a journal")
    parser.add_argument("--huge", action="store_true",
                        help="huge pages wherever they fit")
    parser.add_argument("--mem-free", metavar="N",
                        help="only so many frames are left free")
    parser.add_argument("--long", action="store_true",
                        help="only in scripts/test --long")
    parser.add_argument("--swap", metavar="SIZE", help="and a disk for swap")
    parser.add_argument("--no-ad", action="store_true",
                        help="harts without hardware update of A and D")
    args = parser.parse_args()
    if args.long and not os.environ.get("QUIRE_LONG"):
        print("skipped: only in scripts/test --long")
        sys.exit(77)
    done, complaint = (on_linux(args.program) if args.linux else
                       on_linux_kernel(args) if args.linux_kernel else
                       on_quire(args))
    closing = CLOSING.search(done.stdout)
    good = (done.returncode == 0 and closing and closing[2] == "0" and
            int(closing[1]) >= 60 and not complaint)
    if not good:
        print(done.stdout[-12000:])
        print(done.stderr[-6000:])
        print(complaint or "")
    print(closing[0] if closing else "no closing line",
          f"(status {done.returncode})")
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
