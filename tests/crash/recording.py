# SPDX-License-Identifier: MIT
"""What a disk was given, in which order, and how it may look afterwards.

QEMU's blklogwrites appends each write and flush to a log as it completes, in
the format of Linux's dm-log-writes.  Flushes cut it into epochs: what came
before a flush is there, and of what came after it any subset may be, and any
sectors of a write.
"""

import os
import random
import struct

import ext2

SECTOR = 512
MAGIC = 0x6a736677736872
FLUSH = 1
EXHAUSTIVE = 10         # writes in an epoch whose every subset is tried
SUBSETS, TEARS = 400, 4  # else so many; and so many tears of each write


class Write:
    """Sectors from `first` on."""

    def __init__(self, first, data):
        self.first, self.data = first, data
        self.nsectors = len(data) // SECTOR


class Log:
    """A log that QEMU is still writing.  Entries are Writes, and None for a
    flush."""

    def __init__(self, path):
        self.file = open(path, "rb", buffering=0)
        self.at = SECTOR
        self.entries = []

    def poll(self):
        """How many entries there are by now.  The super block counts those,
        too, that a flush has overtaken on their way into the log."""
        self.file.seek(16)
        known, = struct.unpack("<Q", self.file.read(8) or bytes(8))
        while True:
            self.file.seek(self.at)
            head = self.file.read(32)
            if len(head) < 32 or head == bytes(32):
                break
            first, nsectors, flags, _ = struct.unpack("<4Q", head)
            self.at += SECTOR
            if nsectors:
                self.file.seek(self.at)
                self.entries.append(Write(first, self.file.read(
                    nsectors * SECTOR)))
                self.at += nsectors * SECTOR
            if flags & FLUSH:
                self.entries.append(None)
        return max(known, len(self.entries))


class Recording:
    """`lines`: (entries in the log, what was said then)."""

    def __init__(self, name, base, entries, lines):
        self.name, self.base, self.entries = name, base, entries
        self.positions = [position for position, _ in lines]
        self.lines = [words for _, words in lines]

    def save(self, folder):
        """As recover.c wants it."""
        base = ext2.Volume(self.base)
        with open(os.path.join(folder, "base"), "wb") as f:
            f.write(self.base)
        with open(os.path.join(folder, "log"), "wb") as f:
            for entry in self.entries:
                entry = entry or Write(0, b"")
                f.write(struct.pack("<2Q", entry.first, entry.nsectors))
                f.write(entry.data)
        with open(os.path.join(folder, "journal"), "wb") as f:
            n = base.block_size // SECTOR
            for number in base.journal():
                f.write(struct.pack("<2Q", number * n, n))

    def epochs(self):
        """[start, end) of the writes between two flushes."""
        start = 0
        for i, entry in enumerate(self.entries + [None]):
            if entry is None:
                yield start, i
                start = i + 1

    def instants(self, start, end):
        """The power fails when entries [0, start) are logged, or more, but
        not more than `end`: between how many lines said."""
        return (sum(p < start for p in self.positions),
                sum(p <= end for p in self.positions))


class State:
    """Epoch [start, end), of which `writes` have come; of one of these only
    the sectors in `torn`."""

    def __init__(self, start, end, writes, torn=None):
        self.start, self.end, self.writes, self.torn = start, end, writes, torn

    def line(self):
        """As recover.c wants it."""
        torn, sectors = self.torn or (-1, [])
        return " ".join(map(str, [self.start, len(self.writes), *self.writes,
                                  torn, len(sectors), *sectors])) + "\n"

    def __str__(self):
        return (f"entries before {self.start}, of those before {self.end} "
                f"{self.writes}, torn {self.torn}")


def subsets(writes, rng):
    n = len(writes)
    if n <= EXHAUSTIVE:
        for mask in range(1 << n):
            yield [w for i, w in enumerate(writes) if mask >> i & 1]
        return
    for i in range(n + 1):
        yield writes[:i]
        if i < n:
            yield writes[:i] + writes[i + 1:]
    for _ in range(SUBSETS):
        weight = rng.random()
        yield [w for w in writes if rng.random() < weight]


def states_of_epoch(recording, start, end, seed):
    """All that are to be tried."""
    rng = random.Random(f"{seed} {start}")
    writes = [i for i in range(start, end) if recording.entries[i]]
    for chosen in subsets(writes, rng):
        yield State(start, end, chosen)
    for w in writes:
        n = recording.entries[w].nsectors
        for tear in range(TEARS if n > 1 else 0):
            others = [x for x in writes if x < w or rng.random() < 0.5]
            sectors = [i for i in range(n) if rng.random() < 0.5]
            if tear == 0:
                sectors = list(range(rng.randrange(1, n)))
            yield State(start, end, sorted({*others, w}), (w, sectors))


def states_of(recording, seed):
    return [state for start, end in recording.epochs()
            for state in states_of_epoch(recording, start, end, seed)]


def sample(states, n, seed):
    """At most n, evenly, in their order."""
    if len(states) <= n:
        return states
    rng = random.Random(seed)
    return [states[i] for i in sorted(rng.sample(range(len(states)), n))]


class Disk:
    """The contents after what has been applied."""

    def __init__(self, recording):
        self.recording = recording
        self.image = bytearray(recording.base)
        self.done = 0    # entries applied for good

    def put(self, at, data):
        """How it was."""
        old = bytes(self.image[at:at + len(data)])
        self.image[at:at + len(data)] = data
        return at, old

    def write(self, number, only=None):
        write = self.recording.entries[number]
        at = write.first * SECTOR
        if only is None:
            return [self.put(at, write.data)]
        return [self.put(at + i * SECTOR,
                         write.data[i * SECTOR:(i + 1) * SECTOR])
                for i in only]

    def apply(self, state):
        """What takes it back."""
        for i in range(self.done, state.start):
            if self.recording.entries[i]:
                self.write(i)
        self.done = max(self.done, state.start)
        undo = []
        for number in state.writes:
            torn = state.torn and state.torn[0] == number
            undo += self.write(number, state.torn[1] if torn else None)
        return undo

    def undo(self, undo):
        for at, old in reversed(undo):
            self.put(at, old)
