# SPDX-License-Identifier: MIT
"""The book's recorded sessions are what the guest prints.

A session (docs/sessions/NAME.txt) is lines "# command" as typed at the shell,
each followed by its output, in which "..." stands for anything.  Addresses
are those of a kernel that was booted with norandmaps.
"""

import glob
import os
import re

from guestlib import TREE, GuestTest, main


def parse(path):
    """[(command, expected output)] of a session."""
    steps = []
    with open(path, encoding="utf-8") as f:
        for line in f:
            if line.startswith("# "):
                steps.append((line[2:].rstrip("\n"), ""))
            elif steps:
                steps[-1] = (steps[-1][0], steps[-1][1] + line)
    return steps


def pattern(expected):
    return "".join(".*" if part == "..." else re.escape(part) for part in
                   re.split(r"(\.\.\.)", expected.strip())) + r"\s*"


class Sessions(GuestTest):
    def test_every_session(self):
        paths = sorted(glob.glob(os.path.join(TREE, "docs", "sessions",
                                              "*.txt")))
        self.assertTrue(paths)
        for path in paths:
            with self.subTest(session=os.path.basename(path)):
                self.replay(parse(path))

    def replay(self, steps):
        mark = "=-=-= next"
        script = "".join(f"{command}\necho '{mark}'\n" for command, _ in steps)
        with open(self.path("script"), "w", encoding="utf-8") as f:
            f.write(script)
        done = self.run_ok("--quiet", "--append", "norandmaps", "--add", self.path("script") +
                           ":/root/script", "--cwd", "/root", "sh", "-c",
                           "exec 2>&1; . /root/script")
        outputs = done.stdout.decode(errors="replace").split(mark + "\n")
        for (command, expected), output in zip(steps, outputs):
            self.assertRegex(output.strip(), re.compile(
                "^" + pattern(expected) + "$", re.DOTALL), command)


if __name__ == "__main__":
    main()
