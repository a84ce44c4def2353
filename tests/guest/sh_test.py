# SPDX-License-Identifier: MIT
"""The shell and the tools.

sh/NAME.sh is a script, sh/NAME.out what it prints; both hold on any Linux
(`dash sh/NAME.sh` made NAME.out), so that they judge the kernel as well as
the programs.  Job control needs a terminal and a person; here Session plays
the person.
"""

import glob
import os
import re
import time

from console_test import PROMPT, Session
from guestlib import TREE, GuestTest, main

SCRIPTS = os.path.join(TREE, "tests", "guest", "sh")


class Scripts(GuestTest):
    """All in one boot, each with an end mark that tells its status."""

    def test_each_script_prints_what_it_prints_on_linux(self):
        paths = sorted(glob.glob(os.path.join(SCRIPTS, "*.sh")))
        names = [os.path.basename(path) for path in paths]
        done = self.run_ok(
            "--quiet", "--add", SCRIPTS + ":/scripts", "--cwd", "/scripts",
            "sh", "-c", 'for s; do sh $s; echo "=== $s $?"; done', "all",
            *names)
        output = done.stdout.decode()
        for path, name in zip(paths, names):
            printed, _, output = output.partition(f"=== {name} 0\n")
            with open(path[:-3] + ".out", encoding="utf-8") as f:
                with self.subTest(script=name):
                    self.assertEqual(printed, f.read())


class Jobs(GuestTest):
    def setUp(self):
        super().setUp()
        self.session = Session()
        self.addCleanup(self.session.process.kill)
        self.session.read(PROMPT)

    def type(self, line, until=None, then=b""):
        """Type a line; when the program is busy, a key to interrupt it."""
        self.session.send(line + b"\n")
        self.session.read(re.compile(re.escape(line) + rb"\r\n"))
        if then:
            time.sleep(1)
            self.session.send(then)
        if until:
            self.session.read(re.compile(until))
        self.session.read(PROMPT)

    def finish(self):
        self.type(b"echo still here", rb"still here\r\n")
        self.session.send(b"exit\n")
        self.assertEqual(self.session.end(), 0)

    def test_stop_background_and_foreground(self):
        self.type(b"sleep 1000", rb"Stopped +sleep", then=b"\x1a")
        self.type(b"jobs", rb"\[1\] Stopped +sleep")
        self.type(b"bg", rb"sleep")
        self.type(b"jobs", rb"\[1\] Running +sleep")
        self.type(b"fg", then=b"\x03")
        self.type(b"echo $?", rb"130")
        self.finish()

    def test_background_jobs_are_told_of(self):
        self.type(b"sleep 1 &", rb"\[1\] \d+")
        self.type(b"sleep 2", rb"\[1\] Done +sleep 1")
        self.type(b"sleep 1000 &", rb"\[1\] \d+")
        self.session.send(b"kill %1; sleep 1\n")
        self.session.read(re.compile(rb"\[1\] Terminated +sleep 1000"))
        self.session.read(PROMPT)
        self.finish()

    def test_control_c_ends_loops_lines_and_substitutions(self):
        self.type(b"while true; do sleep 1; done", then=b"\x03")
        self.type(b"while :; do :; done", then=b"\x03")
        self.type(b"x=$(sleep 1000)", then=b"\x03")
        self.type(b"sleep 1000 | cat", then=b"\x03")
        self.type(b"read line", then=b"\x03")
        self.session.send(b"if true\n")
        self.session.read(re.compile(rb"> $"))
        self.session.send(b"\x03")
        self.session.read(PROMPT)
        self.finish()

    def test_errors_do_not_end_an_interactive_shell(self):
        self.type(b"echo )", rb"syntax error")
        self.type(b"echo ${nothing?is unset}", rb"is unset")
        self.type(b"nosuchprogram", rb"not found")
        self.type(b"sh -c 'kill -SEGV $$'", rb"Segmentation fault")
        self.finish()


if __name__ == "__main__":
    main()
