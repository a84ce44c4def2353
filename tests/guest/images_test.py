# SPDX-License-Identifier: MIT
"""Images that lie, mounted in the guest: each is an error or a mount that can
be used and ended, and the kernel goes on.

The good images, and the damage, are those of tests/host/ext2_hostile_test.c.
One machine sees hundreds of them, on its second disk, which we change while
nothing is mounted there.
"""

import os
import subprocess

import guestlib
from guestlib import GuestTest, main

IMAGES = 2000   # on both kernels together
SEED = 1
ROOM = 10 << 20  # no good image is larger


def damages(folder):
    """(what it is, good image, patches); the good images go to `folder`."""
    done = subprocess.run(
        [os.path.join(guestlib.BUILD, "tests", "host-ext2_hostile"),
         str(IMAGES), str(SEED)], capture_output=True, text=True, check=True,
        env={**os.environ, "SAVE": folder,
             "PATH": os.environ["PATH"] + ":/usr/sbin:/sbin"})
    for line in done.stdout.splitlines():
        name, case, *patches = line.split()
        yield f"{name} {case}", name, [patch.split(":") for patch in patches]


class Images(GuestTest):
    def good(self, name):
        with open(self.path(name), "rb") as f:
            return f.read()

    def put(self, good, patches):
        """The damaged image, onto the disk."""
        image = bytearray(good)
        for at, nbytes, value in patches:
            at, nbytes = int(at), int(nbytes)
            image[at:at + nbytes] = int(value, 16).to_bytes(
                4, "little")[:nbytes]
        with open(self.path("disk"), "r+b") as f:
            f.write(image)

    def start(self, kernel):
        drive = f"file={self.path('disk')},if=none,format=raw,id=hostile"
        return subprocess.Popen(
            [guestlib.QUIRE, "run", "--build", guestlib.BUILD, "--quiet",
             "--kernel", guestlib.kernel(kernel), "--timeout", "3000",
             "--qemu-arg=-drive", "--qemu-arg=" + drive, "--qemu-arg=-device",
             "--qemu-arg=virtio-blk-device,drive=hostile", "--",
             guestlib.program("hostile"), "/dev/vdb"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE)

    def use(self, kernel, images):
        """How many of them were mounted."""
        with open(self.path("disk"), "wb") as f:
            f.truncate(ROOM)
        guest = self.start(kernel)
        nmounted = 0
        for number, (what, name, patches) in enumerate(images):
            self.put(self.good(name), patches)
            guest.stdin.write(b"%d\n" % number)
            guest.stdin.flush()
            answer = guest.stdout.readline()
            if answer not in (b"mounted\n", b"refused\n"):
                log = guest.communicate()[1].decode(errors="replace")
                self.fail(f"{what}, {patches}, number {number}: {answer}\n" +
                          log[-4000:])
            nmounted += answer == b"mounted\n"
        out, log = guest.communicate()
        self.assertEqual((out, guest.returncode), (b"alive\n", 0), log)
        return nmounted

    def test_hostile_images(self):
        images = list(damages(self.folder))
        self.assertEqual(len(images), IMAGES)
        for kernel, share in ("default", images[::2]), ("debug", images[1::2]):
            with self.subTest(kernel=kernel):
                nmounted = self.use(kernel, share)
                print(f"{nmounted} of {len(share)} mounted")
                self.assertGreater(nmounted, len(share) // 3)


if __name__ == "__main__":
    main()
