# SPDX-License-Identifier: MIT
"""Memory under pressure: more than there is, of anonymous memory and of
files; what swapon, swapoff and /proc say of it."""

import re

from guestlib import GuestTest, kernel, main, program


class SwapTest(GuestTest):
    def script(self, text, *args, **options):
        """Run the lines in the guest's shell; what they print."""
        path = self.path("script")
        with open(path, "w", encoding="ascii") as f:
            f.write(text)
        return self.run_ok("--add", f"{path}:/script",
                           "--add", f"{program('pressure')}:/bin/pressure",
                           *args, "--", "/bin/sh", "/script",
                           **options).stdout.decode()


# Free frames and pages before and after: what was taken must come back.
FREE = "grep nr_free_pages /proc/vmstat\n"


class Pressure(SwapTest):
    def check_back(self, out):
        free = [int(n) for n in re.findall(r"nr_free_pages (\d+)", out)]
        self.assertGreater(free[-1], free[0] - 64, out)

    def test_sort_over_swap(self):
        out = self.script(f"""{FREE}swapon /dev/vdb
pressure sort 48
cat /proc/vmstat
swapoff /dev/vdb
{FREE}""", "--kernel", kernel("debug"), "--mem", "32M", "--swap", "64M")
        self.assertIn("sort: good", out)
        self.assertGreater(int(re.search(r"pswpout (\d+)", out)[1]), 4000)
        self.check_back(out)


if __name__ == "__main__":
    main()
