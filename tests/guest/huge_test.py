# SPDX-License-Identifier: MIT
"""Who gets huge pages: the boot option.  All else is mmaptest's."""

from guestlib import GuestTest, main


class Huge(GuestTest):
    def test_boot_option(self):
        for word in ("always", "madvise", "never"):
            out = self.run_ok("--append", f"transparent_hugepage={word}", "--",
                              "/bin/mmaptest", "huge_boot_option_decides")
            self.assertIn(b"1 passed", out.stdout)


if __name__ == "__main__":
    main()
