# SPDX-License-Identifier: MIT
"""What may be on the disk when the power fails, from what a workload said.

The lines of workloads.c, one for each operation before it begins, and one for
each promise after it was made.  `t` is how many of them had been said.

  create PATH FILE    mkdir PATH     symlink TARGET PATH    link FROM TO
  rename FROM TO      unlink PATH    rmdir PATH
  write FILE START N VERSION         store FILE START N VERSION   (cells)
  truncate FILE N
  failed              the last one did nothing      short N  only N cells
  kept FILE           fsync          kept-data FILE         fdatasync
  kept-range FILE START N            msync
  kept-folder PATH    fsync of it    kept-all               sync

Names: operations reach the disk in their order, each as a whole.  So the tree
is what it was after the first k operations, where k is not less than what was
promised, and not more than what was begun.  That rename is atomic follows.

Contents: a cell has the last version that was promised, or one that was begun
since; zeros are the version that a new file and a cut leave.  So with sizes.
"""

import bisect

NAMES = ("create", "mkdir", "symlink", "link", "rename", "unlink", "rmdir")
END = 1 << 22
ZERO = 0


class Bad(Exception):
    """A state of the disk that must not be."""


class Contents:
    """What one file may hold, as a list of [start, end, allowed versions,
    last version], and the sizes it may have."""

    def __init__(self):
        self.segments = [(0, END, frozenset((ZERO,)), ZERO)]
        self.sizes = (0, 0, 0)  # least, most, current

    def copy(self):
        other = Contents()
        other.segments, other.sizes = list(self.segments), self.sizes
        return other

    def change(self, start, end, update):
        """Let update(allowed, last) be so in [start, end)."""
        changed = []
        for a, b, allowed, last in self.segments:
            for x, y in (a, min(b, start)), (max(a, end), b):
                if x < y:
                    changed.append((x, y, allowed, last))
            x, y = max(a, start), min(b, end)
            if x < y:
                changed.append((x, y, *update(allowed, last)))
        self.segments = sorted(changed, key=lambda s: s[0])

    def resize(self, size):
        least, most, _ = self.sizes
        self.sizes = min(least, size), max(most, size), size

    def write(self, start, n, version):
        self.change(start, start + n,
                    lambda allowed, _: (allowed | {version}, version))

    def cut(self, size):
        self.change(size, END, lambda allowed, _: (allowed | {ZERO}, ZERO))
        self.resize(size)

    def keep(self, start=0, end=END):
        self.change(start, end, lambda _, last: (frozenset((last,)), last))

    def check(self, size, runs):
        """Runs are (start, n, version), or Bad's text for a version."""
        least, most, _ = self.sizes
        if not least * 8 <= size <= most * 8:
            raise Bad(f"size {size}, not {least * 8} to {most * 8}")
        at = 0
        for start, n, version in runs:
            if isinstance(version, str):
                raise Bad(f"cell {start}: {version}")
            while self.segments[at][1] <= start:
                at += 1
            i = at
            while i < len(self.segments) and self.segments[i][0] < start + n:
                if version not in self.segments[i][2]:
                    raise Bad(f"cell {max(start, self.segments[i][0])}: "
                              f"version {version}, not one of "
                              f"{sorted(self.segments[i][2])}")
                i += 1


class Model:
    """`lines`: what was said, in its order."""

    def __init__(self, lines):
        self.shapes = [{"lost+found": ("d", None)}]
        self.begun, self.promised = [0], [0]  # by t
        self.touched = {}   # op that last named a file, or changed a folder
        self.created = {}
        self.files = {}     # id -> ([t], [Contents]) of its changes
        for i, words in enumerate(lines):
            after = lines[i + 1] if i + 1 < len(lines) else [""]
            self.begun.append(self.begun[-1])
            self.promised.append(self.promised[-1])
            if words[0] in NAMES:
                self.name(words, after[0] == "failed")
            elif words[0].startswith("kept"):
                self.keep(i + 1, *words)
            elif words[0] in ("write", "store", "truncate"):
                self.content(i + 1, *words, after=after)
        self.by_shape = {}
        for k, shape in enumerate(self.shapes):
            self.by_shape.setdefault(self.key(shape), []).append(k)

    @staticmethod
    def key(shape):
        """Names and kinds alone: whose file it is can't be seen."""
        return frozenset((path, kind, what if kind == "l" else None)
                         for path, (kind, what) in shape.items())

    # --- names ---

    def name(self, words, failed):
        shape = self.shapes[-1]
        k = len(self.shapes)
        if not failed:
            shape = dict(shape)
            getattr(self, words[0])(shape, k, *words[1:])
            paths = {"create": words[1:2], "symlink": words[2:]}
            for path in paths.get(words[0], words[1:]):
                self.touched[path.rpartition("/")[0] or "."] = k
        self.shapes.append(shape)
        self.begun[-1] = k

    def create(self, shape, k, path, file):
        shape[path] = ("f", int(file))
        self.touched[int(file)] = self.created[int(file)] = k
        self.files[int(file)] = ([0], [Contents()])

    def mkdir(self, shape, _, path):
        shape[path] = ("d", None)

    def symlink(self, shape, _, target, path):
        shape[path] = ("l", target)

    def link(self, shape, k, old, new):
        shape[new] = shape[old]
        self.touched[shape[old][1]] = k

    def rename(self, shape, k, old, new):
        for path in [p for p in shape if p.startswith(old + "/")]:
            shape[new + path[len(old):]] = shape.pop(path)
        shape[new] = shape.pop(old)
        self.touched[shape[new][1]] = k

    def unlink(self, shape, _, path):
        del shape[path]

    rmdir = unlink

    # --- contents and promises ---

    def next(self, file, t):
        times, contents = self.files[file]
        times.append(t)
        contents.append(contents[-1].copy())
        return contents[-1]

    def content(self, t, what, file, *numbers, after):
        numbers = [int(n) for n in numbers]
        if after[0] == "failed":
            return
        if after[0] == "short":
            numbers[1] = int(after[1])
        contents = self.next(int(file), t)
        if what == "truncate":
            contents.cut(*numbers)
            return
        contents.write(*numbers)
        end = numbers[0] + numbers[1]
        if what == "write" and numbers[1] and end > contents.sizes[2]:
            contents.resize(end)

    def promise(self, k):
        self.promised[-1] = max(self.promised[-1], k)

    def keep_file(self, file, t):
        contents = self.next(file, t)
        contents.keep()
        contents.sizes = (contents.sizes[2],) * 3

    def keep(self, t, how, what=None, *numbers):
        if how == "kept-all":
            for file in self.files:
                self.keep_file(file, t)
            self.promise(len(self.shapes) - 1)
        elif how == "kept-folder":
            self.promise(self.touched.get(what, 0))
        elif how == "kept-range":
            start, n = map(int, numbers)
            self.next(int(what), t).keep(start, start + n)
        else:
            self.keep_file(int(what), t)
            self.promise((self.touched if how == "kept" else
                          self.created)[int(what)])

    # --- judging ---

    def contents(self, file, t):
        """What it may hold, and a key for that."""
        times, contents = self.files[file]
        i = bisect.bisect_right(times, t) - 1
        return contents[i], (file, i)

    def check(self, tree, t):
        """Raise Bad unless `tree` may be there when t lines were said."""
        low, high = self.promised[t], self.begun[t]
        ks = self.by_shape.get(tree.key, ())
        ks = [k for k in ks if low <= k <= high]
        if not ks:
            known = self.by_shape.get(tree.key)
            raise Bad(f"names: as after {known} operations, not after "
                      f"{low} to {high}" if known else
                      f"names: such a tree never was; " +
                      self.difference(tree, high))
        for k in reversed(ks):
            try:
                self.check_files(tree, self.shapes[k], t)
                return
            except Bad as bad:
                reason = bad
        raise reason

    def difference(self, tree, k):
        """How it differs from the tree after k operations."""
        late = self.key(self.shapes[k])
        return (f"after {k}: lacks {sorted(late - tree.key, key=str)}, "
                f"has {sorted(tree.key - late, key=str)}")

    def check_files(self, tree, shape, t):
        inodes = {}
        for path, (inode, size, content) in tree.files.items():
            file = shape[path][1]
            if inodes.setdefault(file, inode) != inode:
                raise Bad(f"{path}: not the same file under all its names")
            contents, key = self.contents(file, t)
            try:
                tree.reader.check(contents, key, file, size, content)
            except Bad as bad:
                raise Bad(f"{path}: {bad}") from None
        if len(set(inodes.values())) != len(inodes):
            raise Bad("two files in one inode")
