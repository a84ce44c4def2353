#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Let requests to a disk fail everywhere: is what was promised still there?

The workloads of crash.py run in the guest, again and again, and in each round
the debug kernel lets one request fail, or some, or all from one on
(workloads.c): of the mount, the recovery, the work, or the unmounting.  The
process must end, the disk must be unmounted, and then be one that a crash may
leave: e2fsck, our own recovery and the model judge it as they judge those.
"""

import argparse
import collections
import multiprocessing
import os
import random
import subprocess
import sys
import tempfile
import time

import crash
import ext2
import judge
import model
import recording

DISKS = crash.DISKS


class Origin:
    """What a disk is before a round: its image, what has been said about it,
    and between which of these lines it may be."""

    def __init__(self, name, image, lines=(), instants=None):
        self.name, self.image = name, image
        self.lines, self.instants = list(lines), instants


class Point:
    """A round that is over: what the workload has said, and the disk."""

    def __init__(self, origin, said, image):
        self.name, self.image = origin.name, image
        self.lines = origin.lines + [w for w in said if w[0] != "error"]
        last = len(self.lines)
        self.instants = origin.instants or (last, last)
        self.ended = [" ".join(w[1:]) for w in said if w[0] == "error"]


# --- judging, in processes of their own ------------------------------------

JUDGE = {}


def judge_start(program):
    folder = tempfile.TemporaryDirectory(
        dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None)
    JUDGE.update(program=program, folder=folder)


def judge_point(point):
    """Why it is bad, or None."""
    nbytes = len(point.image)
    if JUDGE.get("nbytes") != nbytes:
        JUDGE["judge"] = judge.Judge(JUDGE["folder"].name, None, nbytes,
                                     JUDGE["program"])
        JUDGE["nbytes"] = nbytes
    judging = JUDGE["judge"]
    judging.forget(model.Model(point.lines))
    volume = ext2.Volume(point.image)
    judging.expected = (judge.AFTER_ERRORS if volume.has_errors() else
                        judge.EXPECTED)
    try:
        judging.check(point.image, 0, point.instants)
    except model.Bad as bad:
        return str(bad)
    return None


# --- rounds in the guest ---------------------------------------------------

def hardware(path, n):
    words = ["-blockdev", f"driver=file,filename={path},node-name=f{n}",
             "-blockdev", f"driver=raw,file=f{n},node-name=r{n}",
             "-device", f"virtio-blk-device,drive=r{n}"]
    return [f"--qemu-arg={word}" for word in words]


def points(guest, origins, paths):
    """Each point, as the guest comes to its end.  It waits for an answer to
    each line, so its disk is at rest then."""
    disk, said = None, []
    for line in guest.stdout:
        words = line.decode().split()
        if words[0] == "disk":
            disk, said = words[1], []
            with open(paths[disk], "r+b") as f:
                f.write(origins[disk].image)
        elif words[0] == "end":
            with open(paths[disk], "rb") as f:
                yield int(words[1]), Point(origins[disk], said, f.read())
        else:
            said.append(words)
        guest.stdin.write(b"\n")
        guest.stdin.flush()


def boot(origins, rounds, seed, args, folder, more=""):
    """A guest with a disk for each: (requests that have failed, point)."""
    program = os.path.join(crash.BUILD, "tests", "programs", "workloads")
    words, known, paths, jobs = [], {}, {}, []
    for n, origin in enumerate(origins):
        path, disk = os.path.join(folder, f"disk{n}"), "vd" + "bcdefg"[n]
        with open(path, "wb") as f:
            f.write(origin.image)
        words += hardware(path, n)
        known[disk], paths[disk] = origin, path
        jobs.append(f"{disk}={origin.name}:{rounds}{more}")
    command = [os.path.join(crash.TREE, "scripts", "quire"), "run", "--build",
               crash.BUILD, "--kernel", args.kernel, "--timeout", "3600",
               "--smp", "2", *words, "--", program, str(seed), *jobs]
    with tempfile.TemporaryFile() as errors:
        guest = subprocess.Popen(command, stdin=subprocess.PIPE,
                                 stdout=subprocess.PIPE, stderr=errors)
        yield from points(guest, known, paths)
        if guest.wait():
            errors.seek(0)
            sys.exit(f"errors: the guest ended with {guest.returncode}: " +
                     errors.read()[-3000:].decode(errors="replace"))


# --- origins ---------------------------------------------------------------

def fresh(names, block_size, folder):
    """New disks, for workloads."""
    path = os.path.join(folder, "fresh.img")
    crash.make_image(path, block_size)
    with open(path, "rb") as f:
        image = f.read()
    return [Origin(name, image) for name in names]


def crashed(recordings, n, seed):
    """Disks whose power has failed, for their recovery."""
    rng, origins = random.Random(seed), []
    for _ in range(n):
        recorded = rng.choice(recordings)
        state = rng.choice(recording.states_of(recorded, seed))
        disk = recording.Disk(recorded)
        disk.apply(state)
        lowest = state.writes[-1] + 1 if state.writes else state.start
        origins.append(Origin("recover", bytes(disk.image), recorded.lines,
                              recorded.instants(lowest, state.end)))
    return origins


# --- command ---------------------------------------------------------------

class Total:
    def __init__(self):
        self.npoints = self.nfailed = 0
        self.ended = collections.Counter()
        self.bad = []


def try_all(origins, rounds, seed, args, folder, more=""):
    """All that can be seen of errors on these disks."""
    total = Total()
    with multiprocessing.Pool(args.jobs, judge_start,
                              (args.recover,)) as pool:
        verdicts = []
        for at in range(0, len(origins), DISKS):
            for nfailed, point in boot(origins[at:at + DISKS], rounds, seed,
                                       args, folder, more):
                verdicts.append((point.name, nfailed, pool.apply_async(
                    judge_point, (point,))))
                total.npoints += nfailed > 0
                total.nfailed += nfailed
                total.ended.update(point.ended or ["success"])
        for name, nfailed, verdict in verdicts:
            if verdict.get():
                total.bad.append(f"{name}, {nfailed} failed: {verdict.get()}")
    return total


def report(what, total):
    ended = ", ".join(f"{n} {how}" for how, n in total.ended.most_common())
    print(f"{what}: errors at {total.npoints} points, {total.nfailed} "
          f"requests; processes ended with {ended}; {len(total.bad)} bad",
          flush=True)
    for line in total.bad[:10]:
        print(f"  {line}")


def options():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, metavar="N",
                        default=10_000 if crash.LONG else 400)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workload", default=",".join(crash.WORKLOADS))
    parser.add_argument("--recover", metavar="PROGRAM",
                        default=os.path.join(crash.BUILD, "tests", "recover"))
    parser.add_argument("--kernel", default=os.path.join(
        crash.BUILD, "quire-debug.elf"))
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    args = parser.parse_args()
    args.names = args.workload.split(",")
    return args


def one_round(args, seed, folder, rounds):
    """On disks of one block size: the workloads, and recoveries."""
    block_size = 1024 if seed % 2 else 4096
    work = try_all(fresh(args.names, block_size, folder), rounds, seed, args,
                   folder)
    report(f"seed {seed}, blocks of {block_size}", work)
    recordings = crash.record(random.Random(seed).sample(
        args.names, min(3, len(args.names))), seed, block_size, folder)
    again = try_all(crashed(recordings, DISKS, seed), rounds, seed, args,
                    folder)
    report("mounts after a crash", again)
    return [work, again]


def main():
    args = options()
    began, seed, totals, npoints = time.monotonic(), args.seed, [], 0
    with tempfile.TemporaryDirectory(prefix="errors-") as folder:
        rounds = 1 + max(2, min(100, args.points // 16))
        while npoints < args.points and not any(t.bad for t in totals):
            totals += one_round(args, seed, folder, rounds)
            npoints = sum(t.npoints for t in totals)
            seed += 1
        control = try_all(fresh(args.names[:DISKS], 1024, folder), 12, seed,
                          args, folder, ":deaf")
        report("control: promises that were not made", control)
    bad = sum(len(t.bad) for t in totals)
    print(f"errors at {npoints} points, {bad} bad, in "
          f"{time.monotonic() - began:.0f} s")
    sys.exit(bool(bad or not control.bad))


if __name__ == "__main__":
    main()
