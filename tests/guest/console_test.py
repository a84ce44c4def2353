# SPDX-License-Identifier: MIT
"""The console as a person has it: a shell on a terminal, line editing, ^C,
^D, and that the shell outlives whatever dies in it."""

import os
import pty
import re
import select
import subprocess
import time

from guestlib import BUILD, QUIRE, TIMEOUT, GuestTest, imagelib, main, program

PROMPT = re.compile(rb"[#$] $")


class Session:
    """scripts/quire boot on a pseudo-terminal, with expect and send."""

    def __init__(self, *args):
        self.near, far = pty.openpty()
        self.process = subprocess.Popen(
            [QUIRE, "boot", "--build", BUILD, "--timeout", str(TIMEOUT),
             *args], stdin=far, stdout=far, stderr=far, close_fds=True,
            start_new_session=True)
        os.close(far)
        self.text = b""

    def read(self, until):
        """Everything up to a match of `until` (a compiled pattern)."""
        deadline = time.monotonic() + TIMEOUT
        while not until.search(self.text):
            ready, _, _ = select.select([self.near], [], [], 1)
            if ready:
                try:
                    self.text += os.read(self.near, 4096)
                except OSError:
                    break
            elif time.monotonic() > deadline or (
                    self.process.poll() is not None):
                break
        found = until.search(self.text)
        if not found:
            raise AssertionError(f"no {until.pattern} in {self.text!r}")
        before, self.text = (self.text[:found.end()],
                             self.text[found.end():])
        return before

    def send(self, text):
        os.write(self.near, text)

    def command(self, line):
        """Run one line; its output, without the echo and the prompt."""
        self.send(line + b"\n")
        output = self.read(PROMPT).replace(b"\r\n", b"\n")
        return b"\n".join(output.split(b"\n")[1:-1])

    def end(self):
        status = self.process.wait(TIMEOUT)
        os.close(self.near)
        return status


class Console(GuestTest):
    def setUp(self):
        super().setUp()
        self.disk = self.image()
        imagelib.add(self.disk, [(program("null"), "/bin/null"),
                                 (program("wild"), "/bin/wild")])
        self.session = Session("--image", self.disk)
        self.addCleanup(self.session.process.kill)
        self.session.read(PROMPT)

    def finish(self):
        self.session.send(b"exit\n")
        self.assertEqual(self.session.end(), 0)
        self.assert_clean(self.disk)

    def frames(self):
        """Frames that are free, or only cache what is on the disk."""
        self.session.command(b"sync")
        lines = self.session.command(
            b"grep nr_f..._*pages /proc/vmstat")
        return sum(int(line.split()[-1]) for line in lines.splitlines())

    def test_echo_and_line_editing(self):
        self.session.send(b"echo wrong\x15echo rigth\x7f\x7f\x7fght\n")
        self.assertIn(b"right", self.session.read(PROMPT))
        self.finish()

    def test_control_c_ends_the_program_and_not_the_shell(self):
        self.session.send(b"sleep 1000\n")
        self.session.read(re.compile(rb"sleep 1000\r\n"))
        time.sleep(1)
        self.session.send(b"\x03")
        self.session.read(PROMPT)
        self.assertEqual(self.session.command(b"echo $?"), b"130")
        self.session.send(b"cat | cat\n")
        self.session.read(re.compile(rb"cat \| cat\r\n"))
        self.session.send(b"through\n")
        self.session.read(re.compile(rb"through\r\nthrough\r\n"))
        self.session.send(b"\x03")
        self.session.read(PROMPT)
        self.finish()

    def test_control_d_ends_input_and_at_the_prompt_the_session(self):
        self.session.send(b"wc -c\n")
        self.session.read(re.compile(rb"wc -c\r\n"))
        self.session.send(b"12345\n\x04")
        self.assertIn(b"6", self.session.read(PROMPT))
        self.session.send(b"\x04")
        self.assertEqual(self.session.end(), 0)
        self.assert_clean(self.disk)

    def test_programs_that_go_wrong_die_alone(self):
        """Kernel addresses, stack overflow, all of memory: the shell goes
        on, and the frames come back."""
        for mode in (b"kernel", b"stack", b"memory", b"jump"):
            self.session.command(b"wild " + mode)
        self.frames()
        before = self.frames()
        for mode in (b"kernel", b"stack", b"memory", b"jump"):
            output = self.session.command(b"wild " + mode)
            status = int(self.session.command(b"echo $?").split()[-1])
            self.assertIn(status, (137, 139), output)
        self.assertLess(abs(before - self.frames()), 16)
        self.finish()

    def test_the_demos_pass(self):
        self.session.command(b"mmap_demo")
        self.assertEqual(self.session.command(b"echo $?"), b"0")
        self.assertIn(b"[stack]", self.session.command(b"vmmap $$"))
        self.finish()



class Piped(GuestTest):
    def test_input_that_is_there_before_the_boot_is_whole(self):
        done = subprocess.run(
            [QUIRE, "boot", "--build", BUILD, "--timeout", str(TIMEOUT)],
            input=b"echo $((6 * 7)) is the answer\n",
            capture_output=True, check=False)
        self.assertIn(b"# 42 is the answer", done.stdout)
        self.assertEqual(done.returncode, 0)


if __name__ == "__main__":
    main()
