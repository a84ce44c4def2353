# SPDX-License-Identifier: MIT
"""Linux mounts what Quire wrote, and Quire what Linux wrote: files of all
kinds, on six disks, with and without a journal, also after a crash, when the
other kernel's journal is to be replayed.

tests/guest/programs/exchange.c says what each kernel sees; both must say the
same, and e2fsck must have no complaint after any of them.  A byte and a time
that are changed in between must be seen.
"""

import os
import subprocess
import sys

import guestlib
from guestlib import GuestTest, imagelib, main

LINUX = os.path.join(guestlib.TREE, "scripts", "linux")
KINDS = [(size, kind) for kind in ("ext3", "ext2")
         for size in (1024, 2048, 4096)]
SIZE = 24 << 20


class Exchange(GuestTest):
    def make_disks(self):
        disks = []
        for size, kind in KINDS:
            path = self.path(f"{kind}-{size}")
            os.makedirs(self.path("empty"), exist_ok=True)
            imagelib.make(path, self.path("empty"), size=SIZE,
                          block_size=size, standard_folders=False,
                          journal=kind == "ext3")
            disks.append((path, kind))
        return disks

    def linux(self, disks):
        command = [LINUX, "run", "--build", guestlib.BUILD]
        for path, _ in disks:
            command += ["--disk", path]
        return command, "/dev/vd%c", "a"

    def quire(self, disks):
        command = [guestlib.QUIRE, "run", "--build", guestlib.BUILD,
                   "--kernel", guestlib.kernel("debug")]
        for number, (path, _) in enumerate(disks):
            command += ["--qemu-arg=-drive", "--qemu-arg="
                        f"file={path},if=none,format=raw,id=d{number}",
                        "--qemu-arg=-device", "--qemu-arg="
                        f"virtio-blk-device,drive=d{number}"]
        return command, "/dev/vd%c", "b"

    def see(self, system, disks, how="keep", folder="-"):
        """[(before, after)] for each disk, as the program says it."""
        command, device, first = system(disks)
        names = [device % (ord(first) + n) for n in range(len(disks))]
        words = [w for name, (_, kind) in zip(names, disks)
                 for w in (name, kind)]
        guest = subprocess.Popen(
            [*command, "--quiet", "--timeout", "800", "--",
             guestlib.program("exchange"), how, folder, *words],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True)
        lines = []
        for line in guest.stdout:
            lines.append(line)
            if how == "crash" and line == "done\n":
                guest.terminate()
        log = guest.communicate()[1]
        self.assertEqual(lines[-1:], ["done\n"], log[-3000:])
        parts = "".join(lines[:-1]).split("after ")
        seen, before = [], parts[0].partition("\n")[2]
        for part in parts[1:]:
            after, _, rest = part.partition("\n")[2].partition("before ")
            seen.append((before, after))
            before = rest.partition("\n")[2]
        self.assertEqual(len(seen), len(disks))
        return seen

    def assert_all_clean(self, disks):
        for path, _ in disks:
            with self.subTest(disk=path):
                self.assert_clean(path)

    def assert_same(self, disks, expected, seen):
        for (path, _), (_, one), (other, _) in zip(disks, expected, seen):
            with self.subTest(disk=path):
                self.assertGreater(len(one.splitlines()), 250)
                self.assertEqual(one.splitlines(), other.splitlines())

    def change(self, disk):
        """A byte of one file, and the time of another."""
        done = imagelib.debugfs(
            disk, ["bmap /by-linux/pages 0",
                   "set_inode_field /by-quire/empty mtime 7"], "-w")
        block = int(done.stdout.split("pages 0\n")[1].split()[0])
        with open(disk, "r+b") as f:
            f.seek(block * imagelib.geometry(disk)[2])
            byte = f.read(1)[0]
            f.seek(-1, os.SEEK_CUR)
            f.write(bytes([byte ^ 1]))

    def assert_difference_is_seen(self, disk, expected):
        self.change(disk[0])
        [(_, other)] = self.see(self.quire, [disk])
        lines = zip(expected.splitlines(), other.splitlines(), strict=True)
        self.assertEqual({one.split()[0] for one, other in lines
                          if one != other},
                         {"./by-linux/pages", "./by-quire/empty"})

    def test_both_see_the_same(self):
        self.maxDiff = 3000
        disks = self.make_disks()
        made = self.see(self.linux, disks, folder="by-linux")
        self.assert_all_clean(disks)
        seen = self.see(self.quire, disks, folder="by-quire")
        self.assert_all_clean(disks)
        self.assert_same(disks, made, seen)
        again = self.see(self.linux, disks)
        self.assert_same(disks, seen, again)
        self.assert_difference_is_seen(disks[0], again[0][1])

        disks = disks[:3]  # with journals
        for one, other in ((self.linux, self.quire),
                           (self.quire, self.linux)):
            made = self.see(one, disks, "crash", f"crash-{one.__name__}")
            for path, _ in disks:
                self.assertTrue(imagelib.needs_replay(path), path)
            seen = self.see(other, disks)
            self.assert_same(disks, made, seen)
            self.assert_all_clean(disks)


if __name__ == "__main__":
    if subprocess.run([LINUX, "fetch", "--cached"], check=False,
                      stderr=subprocess.DEVNULL).returncode:
        print("skipped: no Linux kernel here (scripts/linux fetch)")
        sys.exit(77)
    main()
