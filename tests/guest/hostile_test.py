# SPDX-License-Identifier: MIT
"""Bad disks and bad programs: a clear message each, and never a panic that
is our own fault."""

import os
import struct

from guestlib import GuestTest, main, program, quire

# What the kernel says when it can't go on for lack of a root filesystem or of
# an init; a panic is a bug.
NO_ROOT = b"Boot failed: cannot mount root"
NO_INIT = b"Boot failed: no init found"
USER_BASE, KERNEL_BASE = 0x10000, 0xffffffff80200000


def elf(segments, entry=USER_BASE, machine=243, kind=2, **header):
    """A riscv64 ELF with program headers as told: (type, flags, offset, va,
    filesz, memsz, align)."""
    phoff = header.get("phoff", 64)
    phnum = header.get("phnum", len(segments))
    phentsize = header.get("phentsize", 56)
    image = struct.pack("<16sHHIQQQIHHHHHH", b"\x7fELF\2\1\1", kind, machine,
                        1, entry, phoff, 0, 0, 64, phentsize, phnum, 0, 0, 0)
    for kind_, flags, offset, va, filesz, memsz, align in segments:
        image += struct.pack("<IIQQQQQQ", kind_, flags, offset, va, va,
                             filesz, memsz, align)
    return image.ljust(4096, b"\0") + b"\x73\x00\x10\x00" * 1024


def load(offset=0, va=USER_BASE, filesz=8192, memsz=8192, align=4096):
    return (1, 7, offset, va, filesz, memsz, align)


HOSTILE_PROGRAMS = {
    "empty file": b"",
    "text that is no script": b"hello, world\n" * 100,
    "header only": elf([load()])[:64],
    "another machine": elf([load()], machine=62),
    "garbage after the magic": b"\x7fELF\2\1\1" + b"\xa5" * 4089,
    "segment in the kernel's half": elf([load(va=KERNEL_BASE)],
                                        entry=KERNEL_BASE),
    "segment that wraps": elf([load(va=(1 << 64) - 4096)]),
    "segment that reaches over the user half": elf(
        [load(va=0x3ffffff000, memsz=1 << 20)]),
    "segments that overlap": elf([load(), load(va=USER_BASE + 4096)]),
    "more in the file than in memory": elf([load(filesz=8192, memsz=16)]),
    "file part beyond the file": elf([load(filesz=1 << 40, memsz=1 << 40)]),
    "alignment 0": elf([load(align=0)]),
    "alignment 3": elf([load(align=3)]),
    "offset and address disagree": elf([load(offset=12)]),
    "program headers beyond the file": elf([load()], phoff=1 << 50),
    "program headers without size": elf([load()], phentsize=0),
    "65535 program headers": elf([load()], phnum=65535),
    "no segment": elf([]),
    "entry in the kernel": elf([load()], entry=KERNEL_BASE),
    "interpreter beyond the file": elf(
        [(3, 4, 1 << 40, 0, 20, 20, 1), load()]),
}


class Programs(GuestTest):
    """Each must end in an error of execve, or in a signal."""

    def test_hostile_executables(self):
        adds, paths = [], []
        for number, image in enumerate(HOSTILE_PROGRAMS.values()):
            paths.append(f"/p{number}")
            with open(self.path(f"p{number}"), "wb") as f:
                f.write(image)
            os.chmod(self.path(f"p{number}"), 0o755)
            adds += ["--add", f"{self.path(f'p{number}')}:/p{number}"]
        done = self.run_ok(*adds, program("execute"), *paths)
        lines = done.stdout.decode().splitlines()
        self.assertEqual(lines[-1], "alive")
        for name, line in zip(HOSTILE_PROGRAMS, lines):
            self.assertRegex(line, r"^(error|signal) \d+$", name)


class Disks(GuestTest):
    def boot(self, image, *args):
        return quire("--image", image, *args, command="boot", timeout=60)

    def assert_told(self, done, *words):
        """It ended by itself with a message that has one of the words."""
        text = done.stdout + done.stderr
        self.assertNotEqual(done.returncode, 124, text[-3000:])
        self.assertTrue(any(word in text for word in words), text[-3000:])
        self.assertNotIn(b"Kernel panic", text)

    def damaged(self, offset, data):
        image = self.image()
        with open(image, "r+b") as f:
            f.seek(offset)
            f.write(data)
        return image

    def test_no_disk(self):
        done = quire("--append", "root=/dev/vdz", command="boot", timeout=60)
        self.assert_told(done, NO_ROOT)

    def test_corrupt_super_blocks(self):
        for offset, data in ((56, b"\0\0"),            # magic
                             (24, b"\xff\xff\xff\xff"),  # block size
                             (4, b"\xff\xff\xff\xff"),   # blocks
                             (32, b"\0\0\0\0"),          # blocks per group
                             (40, b"\0\0\0\0"),          # inodes per group
                             (88, b"\x01\x00"),          # inode size
                             (96, b"\xff\xff\xff\xff")):  # features
            with self.subTest(offset=offset):
                self.assert_told(self.boot(self.damaged(1024 + offset, data)),
                                 NO_ROOT)

    def test_zeroed_group_descriptors(self):
        self.assert_told(self.boot(self.damaged(4096, bytes(4096))), NO_ROOT,
                         NO_INIT)

    def test_truncated_image(self):
        image = self.image()
        os.truncate(image, 1 << 20)
        self.assert_told(self.boot(image), NO_ROOT,
                         NO_INIT)

    def test_a_disk_of_noise(self):
        with open(self.path("noise"), "wb") as f:
            f.write(os.urandom(1 << 20))
        self.assert_told(self.boot(self.path("noise")), NO_ROOT)

    def test_no_init(self):
        done = self.run_ok("--append", "init=/no/such/init", program("hello"),
                           status=70)
        self.assertIn(b"/no/such/init", done.stderr)


if __name__ == "__main__":
    main()
