# SPDX-License-Identifier: MIT
"""scripts/quire run keeps its word: arguments, streams, statuses."""

import concurrent.futures
import os

from guestlib import GuestTest, main, program, quire


class Run(GuestTest):
    def test_arguments_and_exit_status(self):
        done = self.run_ok(program("hello"), "one", "two words", "-x",
                           status=3)
        self.assertEqual(done.stdout,
                         b"hello, one\nhello, two words\nhello, -x\n")

    def test_double_dash_ends_the_options(self):
        done = self.run_ok("--quiet", "--", program("hello"), "--", "-h",
                           status=2)
        self.assertEqual(done.stdout, b"hello, --\nhello, -h\n")
        self.assertEqual(done.stderr, b"")

    def test_null_dereference_is_139_and_named_on_the_log(self):
        done = self.run_ok(program("null"), status=139)
        self.assertIn(b"null[", done.stderr)
        self.assertIn(b"SIGSEGV", done.stderr)

    def test_streams_are_exact_to_the_byte(self):
        data = bytes(range(256)) * 1500 + b"\r\n\x01x\x04"
        done = self.run_ok("--quiet", program("streams"), stdin=data)
        self.assertEqual(done.stdout, data)
        self.assertEqual(done.stderr, f"{len(data)} bytes\r\n".encode())

    def test_empty_input_ends_at_once(self):
        done = self.run_ok("--quiet", program("streams"))
        self.assertEqual((done.stdout, done.stderr), (b"", b"0 bytes\r\n"))

    def test_environment_and_directory(self):
        done = self.run_ok("--env", "K=a b=c", "--cwd", "/tmp",
                           program("streams"), "env", "K")
        self.assertEqual(done.stdout, b"a b=c\n/tmp\n")

    def test_a_program_of_the_guest(self):
        done = self.run_ok("--quiet", "echo", "from", "inside")
        self.assertEqual(done.stdout, b"from inside\n")

    def test_an_added_file_is_there(self):
        with open(self.path("note"), "w", encoding="ascii") as f:
            f.write("added\n")
        done = self.run_ok("--add", self.path("note") + ":/data/a/note",
                           "cat", "/data/a/note")
        self.assertEqual(done.stdout, b"added\n")

    def test_a_root_of_ones_own(self):
        os.makedirs(self.path("root/etc"))
        with open(self.path("root/etc/who"), "w", encoding="ascii") as f:
            f.write("mine\n")
        done = self.run_ok("--root", self.path("root"), program("hello"),
                           "x", status=1)
        self.assertEqual(done.stdout, b"hello, x\n")

    def test_an_image_keeps_what_is_written(self):
        image = self.image()
        self.run_ok("--image", image, "--", "sh", "-c", "echo kept > /kept")
        done = self.run_ok("--image", image, "--", "cat", "/kept")
        self.assertEqual(done.stdout, b"kept\n")
        self.assert_clean(image)

    def test_what_is_not_there_is_127(self):
        done = self.run_ok("--quiet", "/no/such/program", status=127)
        self.assertIn(b"/no/such/program", done.stderr)

    def test_time_out_is_124(self):
        self.assertEqual(quire("sleep", "1000", timeout=8).returncode, 124)

    def test_a_kernel_that_can_not_go_on_is_70_with_its_report(self):
        done = self.run_ok("--quiet", "--append", "root=/dev/none", "echo",
                           status=70)
        self.assertIn(b"Boot failed: ", done.stderr)

    def test_several_guests_at_once(self):
        with concurrent.futures.ThreadPoolExecutor(3) as pool:
            runs = [pool.submit(quire, "--quiet", "echo", str(n))
                    for n in range(3)]
            self.assertEqual([run.result().stdout for run in runs],
                             [b"0\n", b"1\n", b"2\n"])


if __name__ == "__main__":
    main()
