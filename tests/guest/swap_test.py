# SPDX-License-Identifier: MIT
"""Memory under pressure: more than there is, of anonymous memory and of
files; what swapon, swapoff and /proc say of it."""

import os
import re

from guestlib import GuestTest, imagelib, kernel, main, program

LONG = os.environ.get("QUIRE_LONG")


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
{FREE}""", "--kernel", kernel("debug"), "--mem", "32M", "--swap", "64M",
                          "--append", "transparent_hugepage=always")
        self.assertIn("sort: good", out)
        self.assertGreater(int(re.search(r"thp_fault_alloc (\d+)", out)[1]), 0)
        self.assertGreater(int(re.search(r"thp_split_pmd (\d+)", out)[1]), 0)
        self.assertGreater(int(re.search(r"pswpout (\d+)", out)[1]), 4000)
        self.check_back(out)

    def test_both_at_once(self):
        """A file and a sort, each larger than memory, beside a shell."""
        sizes = (512, 256, 300, "64M", "900M") if LONG else (
            64, 40, 64, "32M", "128M")
        file, sort, swap, memory, disk = sizes
        out = self.script(f"""{FREE}swapon /dev/vdb
pressure file {file} /big &
pressure sort {sort} &
for i in $(seq 20); do
	ls / > /dev/null && echo the shell lives
done
wait
swapoff /dev/vdb
{FREE}""", "--mem", memory, "--swap", f"{swap}M", "--size", disk,
                          timeout=3000)
        self.assertIn("sort: good", out)
        self.assertIn("file: good", out)
        self.assertEqual(out.count("the shell lives"), 20)
        self.check_back(out)

    def test_file(self):
        """A file of the root filesystem, made by the host's mkswap."""
        area = self.path("area")
        with open(area, "wb") as f:
            f.write(bytes(range(1, 129)) * (24 << 13))
        imagelib.run(imagelib.tool("mkswap"), area)
        out = self.script("""swapon /area
cat /proc/swaps
echo x 2> /dev/null >> /area || echo is in use
pressure sort 36
swapoff /area
swapoff /area || echo not twice
""", "--mem", "32M", "--add", f"{area}:/area")
        self.assertRegex(out, r"/area +file\t\t24572\t\t0\t\t-2")
        self.assertIn("is in use", out)
        self.assertIn("sort: good", out)
        self.assertIn("not twice", out)


if __name__ == "__main__":
    main()
