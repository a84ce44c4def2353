# SPDX-License-Identifier: MIT
"""Just enough of ext2 to see what is on an image: names and contents, as a
program would find them.  e2fsck has passed the image before."""

import stat
import struct

JUNK = b"\xee"
JOURNAL = 8  # its inode


class Volume:
    """An image in memory (anything that slices to bytes)."""

    def __init__(self, image):
        self.image = image
        sb = struct.unpack_from("<25I", image, 1024)
        self.nblocks, self.first_data = sb[1], sb[5]
        self.block_size = 1024 << sb[6]
        self.per_group, self.inodes_per_group = sb[8], sb[10]
        self.inode_size = struct.unpack_from("<H", image, 1024 + 88)[0]
        ngroups = -(-(self.nblocks - self.first_data) // self.per_group)
        table = (self.first_data + 1) * self.block_size
        self.groups = [struct.unpack_from("<3I", image, table + 32 * g)
                       for g in range(ngroups)]

    def block(self, number):
        at = number * self.block_size
        return self.image[at:at + self.block_size]

    def free_blocks(self):
        for g, (bitmap, _, _) in enumerate(self.groups):
            bits = self.block(bitmap)
            first = self.first_data + g * self.per_group
            for i in range(min(self.per_group, self.nblocks - first)):
                if not bits[i // 8] >> i % 8 & 1:
                    yield first + i

    def raw_inode(self, number):
        group, index = divmod(number - 1, self.inodes_per_group)
        return (self.groups[group][2] * self.block_size +
                index * self.inode_size)

    def pointers(self, number, depth):
        """What an indirect block of that depth maps: block numbers."""
        n = self.block_size // 4
        if not number:
            return [0] * n ** depth
        below = struct.unpack(f"<{n}I", self.block(number))
        if depth == 1:
            return below
        return [b for number in below
                for b in self.pointers(number, depth - 1)]

    def blocks(self, at, size):
        """The blocks of the inode at that offset: 0 is a hole."""
        n = -(-size // self.block_size)
        direct = struct.unpack_from("<15I", self.image, at + 40)
        found = list(direct[:12])
        for depth in 1, 2, 3:
            if len(found) < n:
                found += self.pointers(direct[11 + depth], depth)
        return found[:n]

    def journal(self):
        """The blocks of it."""
        at = self.raw_inode(JOURNAL)
        return [b for b in self.blocks(at, self.size(at)) if b]

    def has_errors(self):
        """Does it, or its journal, say that something went wrong?"""
        state, = struct.unpack_from("<H", self.image, 1024 + 58)
        error, = struct.unpack_from(">i", self.block(self.journal()[0]), 32)
        return bool(state & 2 or error)

    def size(self, at):
        low, = struct.unpack_from("<I", self.image, at + 4)
        high, = struct.unpack_from("<I", self.image, at + 108)
        return low | high << 32

    def entries(self, at):
        """(name, inode) of a folder."""
        for number in self.blocks(at, self.size(at)):
            block, offset = self.block(number), 0
            while offset < len(block):
                inode, length, n = struct.unpack_from("<IHB", block, offset)
                if inode:
                    name = block[offset + 8:offset + 8 + n].decode()
                    if name not in (".", ".."):
                        yield name, inode
                offset += length

    def link_target(self, at):
        size, nsectors = self.size(at), struct.unpack_from(
            "<I", self.image, at + 28)[0]
        if not nsectors:
            return self.image[at + 40:at + 40 + size].decode()
        return self.block(self.blocks(at, size)[0])[:size].decode()

    def walk(self, folder=2, prefix=""):
        """Each (path, kind, inode, offset of the inode): kind is f, d, l."""
        for name, inode in self.entries(self.raw_inode(folder)):
            path, at = prefix + name, self.raw_inode(inode)
            mode, = struct.unpack_from("<H", self.image, at)
            if stat.S_ISDIR(mode):
                yield path, "d", inode, at
                yield from self.walk(inode, path + "/")
            else:
                kind = "l" if stat.S_ISLNK(mode) else "f"
                yield path, kind, inode, at


def fill_free_blocks(path):
    """What is free has been somebody's."""
    with open(path, "r+b") as f:
        image = bytearray(f.read())
        volume = Volume(bytes(image))
        for number in volume.free_blocks():
            at = number * volume.block_size
            image[at:at + volume.block_size] = JUNK * volume.block_size
        f.seek(0)
        f.write(image)
