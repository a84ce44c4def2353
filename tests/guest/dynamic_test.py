# SPDX-License-Identifier: MIT
"""Dynamic programs: the loader and the C library of the image, and what they
ask of the kernel."""

import os
import shutil
import subprocess

from guestlib import GuestTest, kernel, main, program, user


def library(name):
    return program(name + ".so")


class Dynamic(GuestTest):
    def test_a_dynamic_program_of_the_host_runs_with_nothing_added(self):
        done = self.run_ok("--quiet", program("pid"), "a", "b", status=2)
        self.assertEqual((done.stdout, done.stderr), (b"pid 1.4142\n", b""))

    def test_tools_are_dynamic_and_what_must_run_alone_is_static(self):
        for name, wanted in (("ls", True), ("sh", True), ("init", False),
                             ("quire-run", False), ("usertests", False),
                             ("mmaptest", False)):
            with open(user(name), "rb") as f:
                dynamic = b"ld-linux-riscv64-lp64d.so.1\0" in f.read(4096)
            self.assertEqual(dynamic, wanted, name)

    def test_preload_comes_first(self):
        done = self.run_ok("--quiet", "--add", library("libpreload") + ":/p.so",
                           "--env", "LD_PRELOAD=/p.so", program("pid"), "a",
                           status=1)
        self.assertEqual(done.stdout, b"preloaded 1.0000\n")

    def test_the_loader_is_a_program_too(self):
        done = self.run_ok("--quiet", "/lib/ld-linux-riscv64-lp64d.so.1",
                           "/bin/echo", "by hand")
        self.assertEqual(done.stdout, b"by hand\n")

    def test_the_environment_leads_to_other_libraries(self):
        script = ("mkdir /opt; cp /lib/*/libm.so.6 /opt; "
                  "LD_LIBRARY_PATH=/opt LD_TRACE_LOADED_OBJECTS=1 /pid")
        done = self.run_ok("--quiet", "--add", program("pid") + ":/pid",
                           "--", "sh", "-c", script)
        self.assertIn(b"libm.so.6 => /opt/libm.so.6", done.stdout)
        self.assertIn(b"libc.so.6 => /lib/", done.stdout)

    def test_a_crowd_of_processes_in_32_mib(self):
        """On four harts, with all checks of the debug kernel."""
        script = ("i=0; while [ $i -lt 20 ]; do seq 1 50 | sort -r | "
                  "head -n 1 >> /out & i=$((i+1)); done; wait; "
                  "sort -u /out; wc -l < /out")
        done = self.run_ok("--quiet", "--kernel", kernel("debug"), "--smp",
                           "4", "--mem", "32M", "--", "sh", "-c", script)
        self.assertEqual(done.stdout.split(), [b"9", b"20"])

    def test_a_library_comes_and_goes(self):
        done = self.run_ok("--quiet", "--add",
                           library("libplugin") + ":/plugin.so",
                           program("plug"), "/plugin.so")
        self.assertRegex(done.stdout, (rb"^(begin\n"
                                       rb"call 2, two\n"
                                       rb"rights.* r-xp.* r--p.* rw-p\n"
                                       rb"store: signal 11\n"
                                       rb"end\n"
                                       rb"rights\n){2}$"))

    def test_the_text_of_libc_is_in_memory_once(self):
        done = self.run_ok("--quiet", program("twice"))
        self.assertRegex(done.stdout, rb"^[12]\d\d pages, as many entries, "
                                      rb"few frames\n$")

    def test_all_places_are_random(self):
        done = self.run_ok("--quiet", "--add", program("where") + ":/where",
                           "--", "sh", "-c", "/where; " * 4)
        runs = [line.split() for line in done.stdout.splitlines()]
        self.assertEqual(len(runs), 4)
        for places in zip(*runs):
            # All four alike: once in 2^54 times.
            self.assertGreater(len(set(places)), 1, places)

    def test_boot_option_norandmaps(self):
        done = self.run_ok("--quiet", "--append", "norandmaps", "--add",
                           program("where") + ":/where", "--", "sh", "-c",
                           "/where; " * 2)
        first, second = done.stdout.splitlines()
        self.assertEqual(first, second)
        self.assertTrue(first.startswith(b"0x2aaaaa"), first)

    def test_counted_instructions_are_repeatable(self):
        first, second = (self.run_ok("--quiet", "--icount", program("where"))
                         for _ in range(2))
        self.assertEqual(first.stdout, second.stdout)
        # The clock counts in steps of 100 ns, which begin anywhere.
        self.assertLessEqual(abs(int(first.stderr) - int(second.stderr)), 100)

    def test_in_a_root_without_a_libc(self):
        """Our own end is static; a dynamic program's loader is missing."""
        os.mkdir(self.path("root"))
        done = self.run_ok("--quiet", "--root", self.path("root"),
                           program("pid"), status=127)
        self.assertIn(b"No such file", done.stderr)

    def test_a_root_with_a_libc_of_its_own(self):
        """Its libraries are used, wherever its loader finds them."""
        lib = self.path("root/usr/lib")
        os.makedirs(lib)
        os.symlink("usr/lib", self.path("root/lib"))
        for name in ("ld-linux-riscv64-lp64d.so.1", "libc.so.6", "libm.so.6"):
            path = subprocess.run(
                ["riscv64-linux-gnu-gcc", f"-print-file-name={name}"],
                capture_output=True, text=True, check=True).stdout.strip()
            shutil.copy(path, lib)
        done = self.run_ok("--quiet", "--root", self.path("root"),
                           program("pid"))
        self.assertEqual(done.stdout, b"pid 0.0000\n")


if __name__ == "__main__":
    main()
