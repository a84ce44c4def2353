# SPDX-License-Identifier: MIT
"""What the guest tests share: running programs through scripts/quire, images
of their own, and looking at what is left on them."""

import os
import shutil
import subprocess
import sys
import tempfile
import unittest

TREE = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.realpath(__file__))))
BUILD = os.environ.get("QUIRE_BUILD", os.path.join(TREE, "build"))
QUIRE = os.path.join(TREE, "scripts", "quire")
TIMEOUT = 300  # far beyond any run's need: it only ends one that hangs

sys.path.insert(0, os.path.join(TREE, "scripts"))
sys.dont_write_bytecode = True
import imagelib  # noqa: E402


def program(name):
    """A program of tests/guest/programs."""
    return os.path.join(BUILD, "tests", "programs", name)


def user(name):
    """A program of user/."""
    return os.path.join(BUILD, "user", name)


def kernel(kind):
    """The kernel of that preset, whichever preset this build folder has."""
    debug = os.path.join(BUILD, "quire-debug.elf")
    return debug if kind == "debug" else os.path.join(BUILD, "quire.elf")


def quire(*args, stdin=b"", timeout=TIMEOUT, command="run"):
    """Run scripts/quire; the result has returncode, stdout and stderr."""
    return subprocess.run(
        [QUIRE, command, "--build", BUILD, "--timeout", str(timeout), *args],
        input=stdin, capture_output=True, timeout=timeout + 60, check=False)


class GuestTest(unittest.TestCase):
    """A test with a folder of its own."""

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="quire-test-")
        self.addCleanup(shutil.rmtree, self.folder)

    def path(self, name):
        return os.path.join(self.folder, name)

    def image(self, name="quire.img"):
        """A copy of one of the build's images, to keep what is written."""
        copy = self.path("disk.img")
        imagelib.copy(os.path.join(BUILD, name), copy)
        return copy

    def assert_clean(self, image):
        """e2fsck has nothing to say of the image that a run left."""
        self.assertEqual(imagelib.check(image), "")

    def run_ok(self, *args, status=0, **options):
        done = quire(*args, **options)
        self.assertEqual(done.returncode, status,
                         done.stdout[-2000:].decode(errors="replace") +
                         done.stderr[-4000:].decode(errors="replace"))
        return done


def main():
    unittest.main(verbosity=2)
