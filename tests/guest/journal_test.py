# SPDX-License-Identifier: MIT
"""The journal in the running kernel: QEMU is killed in the middle of a
workload, and the disk that it leaves must be whole, by our recovery and by
e2fsck's, and keep what fsync promised.

Another disk fails in the middle of its journal: the filesystem becomes
read-only, each descriptor hears of it once, and the system runs on.

(What a disk loses that has a cache of its own is tests/host/journal_test.c's
subject: there every subset of its writes can be tried.)
"""

import os
import signal
import subprocess

import guestlib
from guestlib import GuestTest, imagelib, main


FOLDERS = ("/a", "/b", "/c")


def second_disk(image):
    """The last of our options: /dev/vdb."""
    return ("--qemu-arg=-drive",
            f"--qemu-arg=file={image},if=none,format=raw,id=second",
            "--qemu-arg=-device",
            "--qemu-arg=virtio-blk-device,drive=second", "--")


class Killed(GuestTest):
    def killed(self, image, after):
        """Run three at once, until they have promised `after` files: what
        each has promised, {folder: number}."""
        quire = subprocess.Popen(
            [guestlib.QUIRE, "run", "--build", guestlib.BUILD, "--quiet",
             "--kernel", guestlib.kernel("debug"), "--timeout", "300",
             "--smp", "4", "--image", image,
             "--add", guestlib.program("churn") + ":/bin/churn", "--",
             "/bin/sh", "-c", "for f; do churn $f & done; wait", "all",
             *FOLDERS], stdout=subprocess.PIPE, stdin=subprocess.DEVNULL,
            start_new_session=True)
        promised = dict.fromkeys(FOLDERS, 0)
        alive = True
        # What was under way when it was killed may be half a line.
        for line in iter(quire.stdout.readline, b""):
            if line.endswith(b"\n"):
                folder, number = line.decode().split()
                promised[folder] = int(number)
            if alive and sum(promised.values()) >= after:
                os.killpg(quire.pid, signal.SIGKILL)
                alive = False
        quire.stdout.close()
        quire.wait()
        self.assertFalse(alive, "it has ended by itself")
        return promised

    def assert_kept(self, image, promised):
        """Mount it, as a second disk: on the first one scripts/quire puts
        things by debugfs, and has e2fsck replay the journal before."""
        checks = "; ".join(f"churn /mnt{folder} {number}"
                           for folder, number in promised.items() if number)
        done = self.run_ok(
            "--add", guestlib.program("churn") + ":/bin/churn",
            *second_disk(image), "/bin/sh", "-ec",
            f"mount -t ext3 /dev/vdb /mnt; {checks}; umount /mnt")
        self.assertEqual(set(done.stdout.splitlines()), {b"all there"})
        self.assert_clean(image)
        return done.stderr.decode()

    def test_what_was_promised_survives(self):
        for name, after in ("quire.img", 45), ("quire-1k.img", 90):
            with self.subTest(image=name):
                image = self.image(name)
                promised = self.killed(image, after)
                other = self.path("other.img")
                imagelib.copy(image, other)
                log = self.assert_kept(image, promised)
                self.assertIn("journal replayed", log)
                done = subprocess.run([imagelib.tool("e2fsck"), "-fy", other],
                                      capture_output=True, check=False)
                self.assertIn(done.returncode, (0, 1), done.stdout)
                self.assert_clean(other)
                self.assert_kept(other, promised)


class Dying(GuestTest):
    def sector(self, image, block):
        """Where block number `block` of the journal lies."""
        done = subprocess.run([imagelib.tool("debugfs"), "-R",
                               f"bmap <8> {block}", image],
                              capture_output=True, check=True)
        return int(done.stdout) * imagelib.geometry(image)[2] // 512

    def heads(self, image):
        """What the super blocks say: the filesystem's, and the journal's."""
        done = subprocess.run([imagelib.tool("dumpe2fs"), "-h", image],
                              capture_output=True, check=True, text=True)
        return dict(line.replace(" ", "").split(":", 1)
                    for line in done.stdout.splitlines() if ":" in line)

    def test_a_failed_journal_write_makes_it_read_only(self):
        image = self.image("quire-1k.img")
        drive = ",".join((
            "driver=blkdebug", "node-name=dying", "image.driver=file",
            f"image.filename={image}", "inject-error.0.event=none",
            "inject-error.0.iotype=write",
            f"inject-error.0.sector={self.sector(image, 300)}",
            "inject-error.0.errno=5"))
        done = self.run_ok(
            "--add", guestlib.program("dying") + ":/bin/dying",
            "--qemu-arg=-blockdev", "--qemu-arg=" + drive,
            "--qemu-arg=-device", "--qemu-arg=virtio-blk-device,drive=dying,"
            "werror=report,rerror=report", "--", "/bin/sh", "-ec",
            "mount -t ext3 /dev/vdb /mnt; mkdir /mnt/f; dying /mnt/f; "
            "umount /mnt; echo and gone")
        self.assertEqual(done.stdout, b"dead, and no worse\nand gone\n")
        log = done.stderr.decode()
        self.assertEqual(log.count("read-only from now on"), 1, log)
        heads = self.heads(image)
        self.assertEqual(heads["Journalerrno"], "-5")
        self.assertIn("needs_recovery", heads["Filesystemfeatures"])
        self.run_ok(*second_disk(image), "/bin/sh", "-ec",
                    "mount -t ext3 /dev/vdb /mnt; umount /mnt")
        heads = self.heads(image)
        self.assertNotIn("Journalerrno", heads)
        self.assertEqual(heads["Filesystemstate"], "cleanwitherrors")
        done = subprocess.run([imagelib.tool("e2fsck"), "-fy", image],
                              capture_output=True, check=False)
        self.assertIn(done.returncode, (0, 1), done.stdout)
        self.assert_clean(image)

    def test_a_refused_write_is_reported_once(self):
        image = self.image("quire-1k.img")
        done = self.run_ok(
            "--kernel", guestlib.kernel("debug"),
            "--add", guestlib.program("refused") + ":/bin/refused",
            *second_disk(image), "/bin/sh", "-ec", "mount -t ext3 /dev/vdb /mnt; "
            "refused /mnt/f; umount /mnt; mount -t ext3 /dev/vdb /mnt; "
            "head -c 4 /mnt/f; umount /mnt")
        self.assertEqual(done.stdout, b"refused once, written at last\nssss")
        self.assert_clean(image)


if __name__ == "__main__":
    main()
