# SPDX-License-Identifier: MIT
"""Is this state of a disk one that a crash may leave?

First recover.c replays the journal of each, by the kernel's own code and by
e2fsck's, which are to give the same disk, byte for byte.  Most disks are alike
afterwards, and one of those that are is looked at: e2fsck must find nothing to
do but replay the journal and clear orphans, and what is then on the image the
model judges; and of some, a mount by our own code must leave an image that
e2fsck finds nothing in.
"""

import mmap
import os
import re
import struct
import subprocess

import ext2
import imagelib
from model import Bad, ZERO

# What e2fsck -fy may say.
EXPECTED = re.compile(
    r"e2fsck [\d.]+ .*|Pass \d.*|.*: recovering journal|"
    r"Clearing orphaned inode \d+ .*|Truncating orphaned inode \d+ .*|"
    r"\s*|.*\*\*\*\*\* FILE SYSTEM WAS MODIFIED \*\*\*\*\*|"
    r".*: \d+/\d+ files \(.*\), \d+/\d+ blocks")
# And where the journal has been aborted: then it doesn't trust the list of
# orphans, and finds them by itself, as if they had leaked.
AFTER_ERRORS = re.compile(
    EXPECTED.pattern + r"|Deleted inode \d+ has zero dtime\. .*|"
    r"Inodes that were part of a corrupted orphan linked list found\. .*|"
    r"Inode \d+ was part of the orphaned inode list\. .*|"
    r"(Block|Inode) bitmap differences:( +-[-\d()]+)+|Fix\? yes|"
    r"Free (blocks|inodes) count wrong .*")
JOURNAL_SUPER = struct.pack(">2I", 0xc03b3998, 4)
NULL = os.open(os.devnull, os.O_RDWR)


class Reader:
    """Trees, with all that was seen before remembered."""

    def __init__(self):
        self.runs_of = {}    # block -> runs
        self.content_of = {}  # runs and size -> number
        self.contents = []
        self.verdicts = {}

    def parse(self, block):
        """Runs (start, n, (file, first cell, version)); ZERO if zeros."""
        found = []
        for i, word in enumerate(struct.unpack(f"<{len(block) // 8}Q",
                                               block)):
            body, check = word >> 16, word & 0xffff
            what = body >> 38, (body >> 16 & 0x3fffff) - i, body & 0xffff
            if word and check != (body * 0x9e3779b97f4a7c15 >> 48
                                  & 0xffff | 1):
                what = f"no cell: {word:016x}"
            elif not word:
                what = ZERO
            if found and found[-1][2] == what:
                found[-1][1] += 1
            else:
                found.append([i, 1, what])
        return tuple(map(tuple, found))

    def content(self, volume, at, size):
        """A number for what the file at that inode holds."""
        step, runs = volume.block_size, []
        for i, number in enumerate(volume.blocks(at, size)):
            block = volume.block(number) if number else bytes(step)
            block = block[:size - i * step]
            if block not in self.runs_of:
                self.runs_of[block] = self.parse(block)
            runs.append(self.runs_of[block])
        key = size, tuple(runs)
        if key not in self.content_of:
            self.content_of[key] = len(self.contents)
            self.contents.append((step // 8, runs))
        return self.content_of[key]

    def versions(self, number, file):
        """The runs of a file's cells, as Contents.check wants them."""
        step, blocks = self.contents[number]
        for i, runs in enumerate(blocks):
            for start, n, what in runs:
                if isinstance(what, tuple):
                    owner, first, version = what
                    what = version
                    if owner != file:
                        what = f"file {owner}'s"
                    elif first != i * step:
                        what = f"cell {first + start} of it"
                yield i * step + start, n, what

    def check(self, allowed, key, file, size, number):
        key += (number,)
        if key not in self.verdicts:
            try:
                allowed.check(size, self.versions(number, file))
                self.verdicts[key] = None
            except Bad as bad:
                self.verdicts[key] = bad
        if self.verdicts[key]:
            raise self.verdicts[key]


class Tree:
    """What is on an image: key for the names, files by path."""

    def __init__(self, reader, image):
        volume = ext2.Volume(image)
        names, self.files = [], {}
        self.reader = reader
        for path, kind, inode, at in volume.walk():
            names.append((path, kind, volume.link_target(at)
                          if kind == "l" else None))
            if kind == "f":
                size = volume.size(at)
                self.files[path] = (inode, size,
                                    reader.content(volume, at, size))
        self.key = frozenset(names)


class ImageFile:
    """A file in memory that programs of the host work on."""

    def __init__(self, path, nbytes):
        self.path, self.output = path, path + ".out"
        self.file = open(path, "w+b")
        self.file.truncate(nbytes)
        self.map = mmap.mmap(self.file.fileno(), nbytes)
        self.e2fsck_path = imagelib.tool("e2fsck")
        self.out = open(self.output, "w+b")

    def e2fsck(self, *options):
        """Its status and what it said."""
        self.out.seek(0)
        self.out.truncate()
        child = os.posix_spawn(
            self.e2fsck_path, ["e2fsck", *options, self.path], os.environ,
            file_actions=[(os.POSIX_SPAWN_DUP2, NULL, 0),
                          (os.POSIX_SPAWN_DUP2, self.out.fileno(), 1),
                          (os.POSIX_SPAWN_DUP2, self.out.fileno(), 2)])
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        self.out.seek(0)
        return status, self.out.read().decode(errors="replace")

    def assert_clean(self, who):
        status, said = self.e2fsck("-fn")
        if status:
            raise Bad(f"e2fsck -fn after {who}: " + complaint(said))

    def assert_recovers(self, expected):
        status, said = self.e2fsck("-fy")
        found = complaint(said, expected)
        if status > 1 or found:
            raise Bad("e2fsck -fy: " + (found or f"{status}"))
        return "orphan" in said


def complaint(said, expected=EXPECTED):
    return "; ".join(line for line in said.splitlines()
                     if not expected.fullmatch(line))[:300]


class Native:
    """recover.c, running."""

    def __init__(self, program):
        self.program = program
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            [self.program], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, bufsize=1,
            # Images are large: freed ones are not to be hoarded.
            env={**os.environ, "ASAN_OPTIONS": "quarantine_size_mb=1"})

    def __call__(self, how, path):
        self.process.stdin.write(f"{how} {path}\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline().strip()
        if answer.isdecimal():
            if answer != "0":
                raise Bad(f"our own recovery ({how}): errno {answer}")
            return
        died = self.process.communicate()[0]
        self.start()
        raise Bad(f"our own recovery ({how}) died: {answer} {died[:1000]}")

    def end(self):
        self.process.stdin.close()
        self.process.wait()


class Judge:
    """`native`: recover.c's program or None.  One image in `one_in` is looked
    at in both ways, and twice by e2fsck."""

    def __init__(self, folder, model, nbytes, native=None, one_in=1):
        self.model, self.reader = model, Reader()
        self.expected = EXPECTED
        self.image = ImageFile(os.path.join(folder, "e2fsck.img"), nbytes)
        self.native, self.one_in = native and Native(native), one_in
        if self.native:
            self.ours = ImageFile(os.path.join(folder, "ours.img"), nbytes)
        self.trees = {}  # key -> trees, or Bad
        self.verdicts = {}
        self.nimages = self.nnative = 0

    def forget(self, other):
        """From now on it is about another model's images."""
        self.model, self.reader = other, Reader()
        self.trees, self.verdicts = {}, {}

    def end(self):
        if self.native:
            self.native.end()

    def compare(self, pristine):
        """Replay by both."""
        self.image.map[:] = pristine
        self.ours.map[:] = pristine
        status, said = self.image.e2fsck("-y", "-E", "journal_only")
        if status > 1:
            raise Bad("e2fsck's replay: " + said[:300])
        if "orphaned" in said:  # it does more: debugfs does not
            self.image.map[:] = pristine
            imagelib.debugfs(self.image.path, ["journal_run"], "-w")
        self.native("replay", self.ours.path)
        step = 1024
        theirs, ours = self.image.map[:], self.ours.map[:]
        if theirs == ours:
            return
        for at in range(0, len(pristine), step):
            # Super blocks tell who has done it, and when.
            if theirs[at:at + step] != ours[at:at + step] and at != step and \
                    theirs[at:at + 8] != JOURNAL_SUPER:
                raise Bad(f"replay differs from e2fsck's at byte {at}")

    def look_natively(self, pristine):
        self.nnative += 1
        self.compare(pristine)
        self.ours.map[:] = pristine
        self.native("mount", self.ours.path)
        if self.expected is not EXPECTED:
            self.ours.assert_recovers(self.expected)
        self.ours.assert_clean("our own recovery")
        return Tree(self.reader, self.ours.map)

    def look(self, pristine):
        """The trees that recovery makes of it."""
        trees = []
        self.nimages += 1
        closely = self.nimages % self.one_in == 0
        if self.native and closely:
            trees.append(self.look_natively(pristine))
        self.image.map[:] = pristine
        # It has looked at all that it has only replayed.
        if self.image.assert_recovers(self.expected) or closely:
            self.image.assert_clean("recovery")
        trees.append(Tree(self.reader, self.image.map))
        return trees

    def check(self, image, key, instants):
        """Raise Bad if this image must not be at one of those instants.
        Images with the same key are alike after a replay."""
        if key not in self.trees:
            try:
                self.trees[key] = self.look(image)
            except Bad as bad:
                self.trees[key] = bad
            except (struct.error, IndexError, UnicodeDecodeError) as error:
                self.trees[key] = Bad(f"unreadable: {error}")
        trees = self.trees[key]
        if isinstance(trees, Bad):
            raise trees
        for t in range(instants[0], instants[1] + 1):
            if (key, t) not in self.verdicts:
                for tree in trees:
                    self.model.check(tree, t)
                self.verdicts[key, t] = True


def replay_all(program, recorded, states, folder):
    """(hash of the disk, hash of it after a replay, why that is bad) of each
    state, by recover.c; these hashes tell equal ones."""
    recorded.save(folder)
    path = os.pathsep.join((os.environ["PATH"], "/usr/sbin", "/sbin"))
    done = subprocess.run(
        [program, folder], input="".join(s.line() for s in states),
        capture_output=True, text=True, check=False,
        env={**os.environ, "PATH": path})
    found = [line.split(None, 2) for line in done.stdout.splitlines()]
    if done.returncode or len(found) != len(states):
        raise RuntimeError("recover has died: " +
                           (done.stdout + done.stderr)[-3000:])
    return found
