# SPDX-License-Identifier: MIT
"""Promises of mm/ that are seen best from outside the guest."""

import re

from guestlib import GuestTest, imagelib, main, program

BOOT_LIMIT = 20_000_000  # instructions, from OpenSBI's jump to init


class Promises(GuestTest):
    def test_one_gib_sparse_file_in_64_mib(self):
        done = self.run_ok("--mem", "64M", program("sparse"))
        self.assertEqual(done.stdout, b"mmap took 0 frames\ntail\n")

    def test_shared_stores_reach_the_disk_and_only_one_page(self):
        image = self.image()
        done = self.run_ok("--image", image, program("shared"), "/data")
        self.assertEqual(done.stdout, b"1 pages written\n")
        data = imagelib.read_file(image, "/data")
        self.assertEqual(data[8192:8210], b"kept after kill -9")
        self.assertEqual(data[500 * 4096:500 * 4096 + 1], b"x")
        self.assert_clean(image)

    def boot_instructions(self, memory):
        done = self.run_ok("--icount", "--mem", memory, program("hello"))
        found = re.search(rb"init after (\d+) ns", done.stderr)
        self.assertTrue(found, done.stderr[-2000:])
        return int(found[1])

    def test_boot_takes_few_instructions(self):
        small = self.boot_instructions("128M")
        print(f"\nboot to init: {small:,} instructions at 128 MiB")
        self.assertLess(small, BOOT_LIMIT)
        large = self.boot_instructions("4G")
        print(f"boot to init: {large:,} instructions at 4 GiB")
        # The frame array: one struct page of 64 bytes for each frame more.
        frames = (4096 - 128) << 20 >> 12
        self.assertLess(large - small, frames * 40)


if __name__ == "__main__":
    main()
