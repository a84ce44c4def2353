#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Let the power fail everywhere: is what was promised still there?

Workloads run in the guest on small disks whose writes and flushes are
recorded.  Each state in which a crash may leave a disk is made, recovered, and
judged; some are recovered by the guest, on a disk that is recorded in turn.
Then recordings are spoilt, as a filesystem with a mistake would write them, to
see that this is noticed.
"""

import argparse
import collections
import multiprocessing
import os
import random
import re
import struct
import subprocess
import sys
import tempfile
import time

TREE = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.realpath(__file__))))
BUILD = os.environ.get("QUIRE_BUILD", os.path.join(TREE, "build"))
LONG = bool(os.environ.get("QUIRE_LONG"))
sys.path.insert(0, os.path.join(TREE, "scripts"))
sys.dont_write_bytecode = True

import ext2  # noqa: E402
import imagelib  # noqa: E402
import judge  # noqa: E402
import model  # noqa: E402
import recording  # noqa: E402

WORKLOADS = ("storm", "appends", "shared", "records", "directory",
             "truncations", "full", "links", "symlinks", "orphans", "replace")
DISKS = 5  # besides the root: what QEMU's machine has room for
FEATURES = "none,has_journal,filetype,sparse_super,large_file"
TIMEOUT = 120
NOTHING = recording.Write(0, b"")
JOURNAL_MAGIC, COMMIT, REVOKE = 0xc03b3998, 2, 5


# --- recording -------------------------------------------------------------

def make_image(path, block_size):
    mib = 4 if block_size == 1024 else 16
    if os.path.exists(path):
        os.unlink(path)
    imagelib.run(imagelib.tool("mke2fs"), "-q", "-F", "-t", "ext2", "-b",
                 str(block_size), "-j", "-J", f"size={block_size // 1024}",
                 "-N", "256", "-m", "0", "-O", FEATURES, path, f"{mib}M")
    ext2.fill_free_blocks(path)


def hardware(path, n):
    """A disk whose writes go to PATH.log, too, as QEMU's arguments."""
    with open(path + ".log", "wb") as f:
        f.truncate(1 << 30)
    words = ["-blockdev", f"driver=file,filename={path},node-name=f{n}",
             "-blockdev", f"driver=raw,file=f{n},node-name=r{n}",
             "-blockdev", f"driver=file,filename={path}.log,node-name=l{n}",
             "-blockdev", f"driver=blklogwrites,file=r{n},log=l{n},"
             f"node-name=w{n},log-sector-size=512,log-super-update-interval=1",
             "-device", f"virtio-blk-device,drive=w{n},request-merging=off"]
    return [f"--qemu-arg={word}" for word in words]


def listen(guest, logs):
    """The lines of each disk, with where its log was when they came."""
    lines, disk = {}, None
    for line in guest.stdout:
        words = line.decode().split()
        if words[0] == "disk":
            disk = words[1]
            lines[disk] = []
        else:
            lines[disk].append((logs[disk].poll(), words))
        guest.stdin.write(b"\n")
        guest.stdin.flush()
    return lines


def run_guest(jobs, seed):
    """Each job is (name, image's path): a Recording of each."""
    program = os.path.join(BUILD, "tests", "programs", "workloads")
    logs, bases, words = {}, [], []
    for n, (name, path) in enumerate(jobs):
        words += hardware(path, n)
        logs["vd" + "bcdefg"[n]] = recording.Log(path + ".log")
        with open(path, "rb") as f:
            bases.append(f.read())
    command = [os.path.join(TREE, "scripts", "quire"), "run", "--build", BUILD,
               "--timeout", str(TIMEOUT), *words, "--", program, str(seed)]
    command += [f"{disk}={name}" for disk, (name, _) in zip(logs, jobs)]
    with tempfile.TemporaryFile() as errors:
        guest = subprocess.Popen(command, stdin=subprocess.PIPE,
                                 stdout=subprocess.PIPE, stderr=errors)
        lines = listen(guest, logs)
        if guest.wait():
            errors.seek(0)
            sys.exit(f"crash: the guest ended with {guest.returncode}: " +
                     errors.read()[-3000:].decode(errors="replace"))
    made = []
    for (name, path), (disk, log), base in zip(jobs, logs.items(), bases):
        log.poll()
        made.append(recording.Recording(name, base, log.entries, lines[disk]))
        os.unlink(path + ".log")
    return made


def record(names, seed, block_size, folder):
    """Recordings of workloads, each on a disk of its own."""
    made = []
    for at in range(0, len(names), DISKS):
        jobs = []
        for name in names[at:at + DISKS]:
            path = os.path.join(folder, f"{name}.img")
            make_image(path, block_size)
            jobs.append((name, path))
        made += run_guest(jobs, seed)
        for _, path in jobs:
            imagelib.run(imagelib.tool("e2fsck"), "-fn", path)
            os.unlink(path)
    return made


# --- judging ---------------------------------------------------------------

class Task:
    """Some states of a recording.  `instants`: for all of them, if it is a
    recovery's."""

    def __init__(self, recorded, states, instants=None, said=None):
        self.recorded, self.states = recorded, states
        self.instants = instants
        self.said = recorded.lines if said is None else said


class Result:
    """Numbers: states, different disks of each recording, of these those that
    are different after a replay, and those that were mounted natively."""

    def __init__(self):
        self.nstates = self.ndisks = self.nreplayed = self.nnative = 0
        self.bad = []  # (name, state, reason)

    def add(self, other):
        self.nstates += other.nstates
        self.ndisks += other.ndisks
        self.nreplayed += other.nreplayed
        self.nnative += other.nnative
        self.bad += other.bad


def keep_bad(where, task, state, disk, reason):
    """All that it takes to look at it again."""
    os.makedirs(where, exist_ok=True)
    stem = os.path.join(where, f"{task.recorded.name}-{os.getpid()}-"
                               f"{state.start}-{len(os.listdir(where))}")
    with open(stem + ".img", "wb") as f:
        f.write(disk.image)
    with open(stem + ".txt", "w", encoding="utf-8") as f:
        f.write(f"{reason}\n{state}\n")
        for position, words in zip(task.recorded.positions, task.said):
            f.write(f"{position} {' '.join(words)}\n")


def judge_state(judging, task, disk, state, key, why):
    """Raise Bad if it is."""
    lowest = state.writes[-1] + 1 if state.writes else state.start
    instants = task.instants or task.recorded.instants(lowest, state.end)
    if why != "0" and judging.native:
        raise model.Bad(f"our own recovery: {why}")
    judging.check(disk.image, key, instants)


def judge_task(job):
    """Runs in a process of its own."""
    task, args = job
    result = Result()
    recorded = task.recorded
    disk = recording.Disk(recorded)
    shared = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=shared) as folder:
        known = judge.replay_all(args.recover, recorded, task.states, folder)
        judging = judge.Judge(folder, model.Model(task.said),
                              len(recorded.base),
                              args.native and args.recover, args.closely)
        for state, (_, key, why) in zip(task.states, known):
            undo = disk.apply(state)
            try:
                judge_state(judging, task, disk, state, key, why)
            except model.Bad as bad:
                result.bad.append((recorded.name, str(state), str(bad)))
                if args.keep_bad and len(result.bad) <= 5:
                    keep_bad(args.keep_bad, task, state, disk, bad)
            disk.undo(undo)
        judging.end()
        result.nstates, result.nnative = len(task.states), judging.nnative
        result.ndisks = len({name for name, _, _ in known})
        result.nreplayed = judging.nimages
    return result


def judge_all(tasks, args):
    """The sum over all tasks, by as many processes as there are cores."""
    total = Result()
    tasks.sort(key=lambda task: -len(task.states))
    jobs = [(task, args) for task in tasks]
    with multiprocessing.Pool(args.jobs) as pool:
        for result in pool.imap_unordered(judge_task, jobs):
            total.add(result)
    return total


def tasks_of(recordings, n, seed):
    """n states: as many of each recording, or all that it has."""
    known = [(r, recording.states_of(r, seed)) for r in recordings]
    known.sort(key=lambda pair: len(pair[1]))
    tasks = []
    for i, (recorded, states) in enumerate(known):
        chosen = recording.sample(states, n // (len(known) - i), seed)
        n -= len(chosen)
        tasks.append(Task(recorded, chosen))
    return tasks


# --- crashes during recovery -----------------------------------------------

def recoveries(recordings, n, args, folder):
    """The guest mounts n states, and its writes are recorded: tasks."""
    rng = random.Random(args.seed)
    tasks = []
    for at in range(0, n, DISKS):
        jobs, origins = [], []
        for i in range(min(DISKS, n - at)):
            recorded = recordings[(at + i) % len(recordings)]
            state = rng.choice(recording.states_of(recorded, args.seed))
            disk = recording.Disk(recorded)
            disk.apply(state)
            path = os.path.join(folder, f"recovery{i}.img")
            with open(path, "wb") as f:
                f.write(disk.image)
            jobs.append(("recover", path))
            lowest = state.writes[-1] + 1 if state.writes else state.start
            origins.append((recorded, recorded.instants(lowest, state.end)))
        for again, (recorded, instants) in zip(run_guest(jobs, 0), origins):
            again.name = f"recovery of {recorded.name}"
            states = recording.states_of(again, args.seed)
            states = recording.sample(states, args.states // n // 4,
                                      args.seed)
            tasks.append(Task(again, states, instants, recorded.lines))
    return tasks


# --- controls: what must be noticed ----------------------------------------

def journal_block(entry, kind):
    return entry and entry.data and struct.unpack_from(">2I", entry.data) == (
        JOURNAL_MAGIC, kind)


def without_flushes(entries):
    """As if the disk had not been told to flush."""
    return [e or NOTHING for e in entries]


def fifth_flushes(entries):
    flushes = [i for i, e in enumerate(entries) if not e]
    kept = set(flushes[::5])
    return [e or (None if i in kept else NOTHING)
            for i, e in enumerate(entries)]


def commit_first(entries):
    """The commit block goes before the transaction that it is to seal."""
    changed, start = list(entries), 0
    for i, entry in enumerate(entries):
        if journal_block(entry, COMMIT) and not entries[i - 1]:
            changed[start:i + 1] = [changed[i], *changed[start:i]]
        elif not entry and not journal_block(
                entries[i + 1] if i + 1 < len(entries) else None, COMMIT):
            start = i + 1
    return changed


def lost_writes(entries):
    """Each fiftieth never comes."""
    return [NOTHING if i % 50 == 7 and e else e
            for i, e in enumerate(entries)]


def without_revokes(entries):
    """They name no blocks."""
    changed = []
    for entry in entries:
        if journal_block(entry, REVOKE):
            data = bytearray(entry.data)
            struct.pack_into(">I", data, 12, 16)
            entry = recording.Write(entry.first, bytes(data))
        changed.append(entry)
    return changed


CONTROLS = (without_flushes, fifth_flushes, commit_first, lost_writes,
            without_revokes)


def kinds(result):
    """By what it was noticed."""
    found = collections.Counter()
    for _, _, reason in result.bad:
        word = re.match(r"\w*", reason)[0]
        found[word if word in ("names", "e2fsck") else "contents"] += 1
    return ", ".join(f"{n} {kind}" for kind, n in found.items())


def check_controls(recordings, args):
    """The controls that nothing was noticed of."""
    missed = []
    for control in CONTROLS:
        spoilt = [recording.Recording(
            r.name, r.base, control(r.entries),
            list(zip(r.positions, r.lines))) for r in recordings]
        args = argparse.Namespace(**{**vars(args), "keep_bad": None,
                                     "native": False})
        result = judge_all(tasks_of(spoilt, args.control_states, args.seed),
                           args)
        print(f"control {control.__name__}: {len(result.bad)} bad of "
              f"{result.nstates} states: {kinds(result)}", flush=True)
        if not result.bad:
            missed.append(control.__name__)
    return missed


# --- command ---------------------------------------------------------------

def options():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workload", default="all",
                        help="all, or names: " + ", ".join(WORKLOADS))
    parser.add_argument("--states", type=int, metavar="N",
                        default=1_000_000 if LONG else 30_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--block-size", type=int, default=1024)
    parser.add_argument("--recoveries", type=int, metavar="N",
                        default=50 if LONG else 5,
                        help="states whose recovery by the guest is recorded")
    parser.add_argument("--control-states", type=int, metavar="N",
                        default=2000 if LONG else 400,
                        help="states of each spoilt set of recordings")
    parser.add_argument("--recover", metavar="PROGRAM",
                        default=os.path.join(BUILD, "tests", "recover"))
    parser.add_argument("--closely", type=int, metavar="N",
                        default=16,
                        help="of the disks that are different after a "
                        "replay, mount one in N natively, too")
    parser.add_argument("--keep-bad", metavar="DIR",
                        help="write bad states, and why they are, here")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    args = parser.parse_args()
    args.native = True
    args.names = (list(WORKLOADS) if args.workload == "all"
                  else args.workload.split(","))
    if not set(args.names) <= set(WORKLOADS):
        parser.error(f"no such workload: {args.workload}")
    return args


def report(what, result):
    print(f"{what}: {result.nstates} states, {result.ndisks} different "
          f"disks, {result.nreplayed} after a replay, {result.nnative} of "
          f"these mounted natively; {len(result.bad)} bad", flush=True)
    for name, state, reason in result.bad[:10]:
        print(f"  {name}: {reason}\n    {state}")


def one_round(args, folder):
    """Record, and judge all states, or as many as are still wanted."""
    recordings = record(args.names, args.seed, args.block_size, folder)
    result = judge_all(tasks_of(recordings, args.states, args.seed), args)
    report(f"seed {args.seed}, blocks of {args.block_size}", result)
    return recordings, result


def main():
    args = options()
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="crash-") as folder:
        recordings, total = one_round(args, folder)
        if args.recoveries:
            again = judge_all(recoveries(recordings, args.recoveries, args,
                                         folder), args)
            report("crashes during recovery", again)
            total.add(again)
        missed = []
        if args.control_states:
            missed = check_controls(recordings, args)
        wanted = args.states
        while total.nstates < wanted and not total.bad:
            args.states = wanted - total.nstates
            args.seed += 1
            args.block_size = 5120 - args.block_size
            total.add(one_round(args, folder)[1])
    report(f"all in {time.monotonic() - began:.0f} s", total)
    if missed:
        print("not noticed:", *missed)
    sys.exit(bool(total.bad or missed))


if __name__ == "__main__":
    main()
