# SPDX-License-Identifier: MIT
"""Every allocation fails once, in every call: the errno, no panic, nothing
changed, nothing lost.  The debug kernel can do that (mm/inject.h)."""

from guestlib import GuestTest, kernel, main, program


class FailNth(GuestTest):
    def check(self, harts):
        image = self.image()
        done = self.run_ok("--kernel", kernel("debug"), "--smp", harts,
                           "--image", image, program("failnth"))
        self.assertRegex(done.stdout, rb"failnth: \d+ passed, 0 failed")
        self.assert_clean(image)

    def test_on_one_hart(self):
        self.check("1")

    def test_on_two_harts(self):
        self.check("2")


if __name__ == "__main__":
    main()
