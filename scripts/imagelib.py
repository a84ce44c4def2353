# SPDX-License-Identifier: MIT
"""Making and changing ext3 and ext2 images with e2fsprogs, for make-image and quire.

An image is described by host paths and where they go in the guest; mke2fs -d
makes it, debugfs changes one that exists, resize2fs makes it larger.
"""

import os
import re
import shutil
import stat
import subprocess
import tempfile

FEATURES = "none,filetype,sparse_super,large_file"
# The space for a journal is a hole in a new file: it need not be zeroed.
OPTIONS = "root_owner=0:0,lazy_journal_init=1"
MIB = 1 << 20


class ImageError(Exception):
    """What went wrong, in one line."""


def tool(name):
    """The path of an e2fsprogs tool, also where PATH lacks sbin."""
    path = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")
    if not path:
        raise ImageError(f"{name} is missing: apt-get install e2fsprogs")
    return path


def run(*command, stdin=None, ok=(0,)):
    done = subprocess.run(command, input=stdin, capture_output=True, text=True)
    if done.returncode not in ok:
        lines = (done.stderr + done.stdout).strip().splitlines()
        raise ImageError(f"{os.path.basename(command[0])}: "
                         f"{lines[-1] if lines else 'failed'}")
    return done.stdout


def parse_size(text):
    """Bytes in "64M", "1G", "512K" or a plain number, as QEMU reads them."""
    match = re.fullmatch(r"(\d+)([KMGT]?)(i?B)?", text.strip(), re.IGNORECASE)
    if not match:
        raise ImageError(f"{text}: not a size (write 64M, 1G ...)")
    return int(match[1]) << " KMGT".index(match[2].upper() or " ") * 10


def make_swap(path, size):
    """A disk of that size for swapon(8)."""
    with open(path, "wb") as f:
        f.truncate(size)
    run(tool("mkswap"), path)


def tree_size(path):
    """Bytes of disk a host file or tree will need, by whole blocks."""
    if os.path.islink(path) or not os.path.isdir(path):
        return os.lstat(path).st_size + 8192
    return 8192 + sum(tree_size(entry.path) for entry in os.scandir(path))


def stage(folder, adds):
    """Copy each (host, guest) into a staging folder as the guest sees it."""
    for host, guest in adds:
        target = os.path.join(folder, guest.lstrip("/"))
        if not os.path.lexists(host):
            raise ImageError(f"{host}: no such file to put into the image")
        os.makedirs(os.path.dirname(target) or folder, exist_ok=True)
        if os.path.isdir(host) and not os.path.islink(host):
            shutil.copytree(host, target, symlinks=True, dirs_exist_ok=True)
        else:
            shutil.copy2(host, target, follow_symlinks=not
                         os.path.islink(host))


def make(image, root, adds=(), size=None, block_size=4096,
         standard_folders=True, journal=True):
    """Make `image` from the tree `root` with `adds` on top.

    Without a size: at least 64 MiB, a quarter of it and 32 MiB free.
    """
    with tempfile.TemporaryDirectory(prefix="quire-") as folder:
        source = root
        if adds or standard_folders:
            source = os.path.join(folder, "root")
            shutil.copytree(root, source, symlinks=True)
            stage(source, adds)
        if standard_folders:
            for name in ("dev", "proc", "tmp", "root", "home", "mnt"):
                os.makedirs(os.path.join(source, name), exist_ok=True)
            os.chmod(os.path.join(source, "tmp"), 0o1777)
        if size is None:
            used = tree_size(source)
            size = max(64 * MIB, used * 4 // 3 + 32 * MIB)
        size = -(-size // MIB) * MIB
        with tempfile.NamedTemporaryFile(
                dir=os.path.dirname(os.path.abspath(image)),
                prefix=".image-", delete=False) as draft:
            os.ftruncate(draft.fileno(), size)
        try:
            run(tool("mke2fs"), "-q", "-F", "-t", "ext2", "-O",
                FEATURES + (",has_journal" if journal else ""),
                "-b", str(block_size), "-m", "0", "-I", "256",
                "-i", str(max(4096, block_size)), "-L", "quire",
                "-E", OPTIONS, "-d", source, draft.name)
            os.chmod(draft.name, 0o644)
            os.replace(draft.name, image)
        except ImageError:
            os.unlink(draft.name)
            raise


def remove_journal(image):
    """Make an ext3 image an ext2 one."""
    run(tool("tune2fs"), "-O", "^has_journal", image)


def needs_replay(image):
    """Is there something in its journal, after a crash?"""
    with open(image, "rb") as f:
        f.seek(1024 + 96)
        return bool(f.read(1)[0] & 4)


def replay(image):
    """After a crash: the journal first, since debugfs would not look at it."""
    if needs_replay(image):
        run(tool("e2fsck"), "-fy", image, ok=(0, 1))


def copy(source, target):
    """A private copy, sparse, in no time where the host can share blocks."""
    run("cp", "--sparse=always", "--reflink=auto", source, target)


def geometry(image):
    """(blocks, free blocks, block size) by the super block."""
    with open(image, "rb") as f:
        f.seek(1024)
        block = f.read(1024)
    if len(block) < 1024 or block[56:58] != b"\x53\xef":
        raise ImageError(f"{image}: not an ext2 or ext3 image")
    word = [int.from_bytes(block[i:i + 4], "little") for i in range(0, 32, 4)]
    return word[1], word[3], 1024 << word[6]


def grow(image, size):
    """Make the filesystem `size` bytes large, if it is smaller."""
    blocks, _, block_size = geometry(image)
    if blocks * block_size >= size:
        return
    with open(image, "r+b") as f:
        f.truncate(size)
    run(tool("e2fsck"), "-fy", image, ok=(0, 1))
    run(tool("resize2fs"), "-f", image)


def quote(path):
    if '"' in path or "\n" in path:
        raise ImageError(f"{path!r}: a name that debugfs can't take")
    return f'"{path}"'


def add_commands(host, guest, made):
    """debugfs commands that put one file or tree of the host at `guest`."""
    mode = os.lstat(host).st_mode
    parent = os.path.dirname(guest)
    for end in [m.end() for m in re.finditer("[^/]+", parent)]:
        if parent[:end] not in made:
            made.add(parent[:end])
            yield f"mkdir {quote(parent[:end])}"
    if stat.S_ISLNK(mode):
        yield f"rm {quote(guest)}"
        yield f"symlink {quote(guest)} {quote(os.readlink(host))}"
    elif stat.S_ISDIR(mode):
        if guest not in made and guest != "/":
            made.add(guest)
            yield f"mkdir {quote(guest)}"
        for entry in sorted(os.listdir(host)):
            yield from add_commands(os.path.join(host, entry),
                                    os.path.join(guest, entry), made)
    else:
        yield f"rm {quote(guest)}"
        yield f"write {quote(host)} {quote(guest)}"
        yield f"set_inode_field {quote(guest)} mode 0{mode:o}"
        yield f"set_inode_field {quote(guest)} uid 0"
        yield f"set_inode_field {quote(guest)} gid 0"


def folders_of(host, guest):
    """Every folder of the guest that adding `host` at `guest` needs."""
    parent = os.path.dirname(guest)
    found = {parent[:m.end()] for m in re.finditer("[^/]+", parent)}
    if os.path.isdir(host) and not os.path.islink(host):
        found.add(guest)
        for name in os.listdir(host):
            found |= folders_of(os.path.join(host, name),
                                os.path.join(guest, name))
    return found - {"/"}


def existing_folders(image, folders):
    """Which of them are there: debugfs's mkdir leaks an inode on those."""
    if not folders:
        return set()
    found = set()
    shown = debugfs(image, [f"stat {quote(f)}" for f in sorted(folders)])
    for part in shown.stdout.split("debugfs: stat ")[1:]:
        name, _, rest = part.partition("\n")
        if "Type: directory" in rest:
            found.add(name.strip('"'))
    return found


def debugfs(image, commands, *options):
    with tempfile.NamedTemporaryFile("w", suffix=".debugfs") as script:
        script.write("\n".join(commands) + "\n")
        script.flush()
        return subprocess.run([tool("debugfs"), *options, "-f", script.name,
                               image], capture_output=True, text=True)


def add(image, adds):
    """Put each (host, guest) into an existing image, growing it to fit."""
    if not adds:
        return
    replay(image)
    need = sum(tree_size(host) for host, _ in adds)
    blocks, free, block_size = geometry(image)
    if free * block_size < need + 4 * MIB:
        grow(image, blocks * block_size + need * 5 // 4 + 16 * MIB)
    adds = [(os.path.abspath(host), guest) for host, guest in adds]
    made = existing_folders(image, set().union(
        *(folders_of(host, guest) for host, guest in adds)))
    commands = [c for host, guest in adds
                for c in add_commands(host, guest, made)]
    done = debugfs(image, commands, "-w")
    for line in done.stderr.splitlines():
        if "Could not allocate" in line or "No space" in line:
            raise ImageError(f"{image}: no room for the added files: {line}")


def read_file(image, path):
    """The bytes of a file in the image."""
    done = subprocess.run([tool("debugfs"), "-R", f"cat {quote(path)}", image],
                          capture_output=True)
    if b"File not found" in done.stderr:
        raise ImageError(f"{image}: no {path} in it")
    return done.stdout


def check(image):
    """What e2fsck -fn complains of; empty if it is content (status 0)."""
    done = subprocess.run([tool("e2fsck"), "-fn", image],
                          capture_output=True, text=True)
    return "" if done.returncode == 0 else done.stdout + done.stderr
