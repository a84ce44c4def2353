# SPDX-License-Identifier: MIT
"""`ninja gdb`: the kernel stops at its first line, and the commands of
scripts/gdb/quire.py say what is there."""

import os
import shutil
import subprocess
import sys

from guestlib import BUILD, TIMEOUT, TREE, GuestTest, main


class Gdb(GuestTest):
    def test_commands_at_a_stop_in_a_process(self):
        commands = ["info symbol $pc + 0xffffffff00000000",
                    "break trap_syscall", "continue", "bt 1", "tasks", "vmas",
                    "pagetable $sp", "page 0x80400", "events 4", "kill",
                    "quit"]
        done = subprocess.run(
            [os.path.join(TREE, "scripts", "gdb", "session"), BUILD, "-batch"]
            + [w for c in commands for w in ("-ex", c)],
            capture_output=True, text=True, timeout=TIMEOUT, check=False,
            env={**os.environ, "QUIRE_OPTIONS": "--smp 1 --append trace=on"})
        text = done.stdout + done.stderr
        self.assertIn("_start in section .text", text)
        self.assertIn("trap_syscall (", text)
        self.assertRegex(text, r"(?m)^ +1 +1 +TASK_RUNNABLE +init")
        self.assertIn("level 0:", text)
        self.assertIn("is physical", text)
        self.assertIn("refs", text)
        self.assertRegex(text, r"(?m)^[0-9a-f]+-[0-9a-f]+ r-xp")
        self.assertRegex(text, r"(?m)^ +\d+\.\d{9} \[0\] 1/1 fault address=0x")
        self.assertNotIn("Python Exception", text)


if __name__ == "__main__":
    if not shutil.which("gdb-multiarch"):
        print("skipped: no gdb-multiarch here")
        sys.exit(77)
    main()
