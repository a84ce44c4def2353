# SPDX-License-Identifier: MIT
"""Judge Quire by Linux: random sequences on both, and what differs.

  diff.py [--seeds FIRST-LAST] [--smp N,...] [--kernel FILE]
  diff.py --show SEED [STEP...]
  diff.py --record [--seeds FIRST-LAST]

Each seed's sequence (differ.h) runs on both kernels.  Where the words differ,
steps are left out for as long as they still do, and what remains is shown.
That wants Linux's kernel (scripts/linux fetch).  --recorded is content with
what Linux said when --record was asked last: it says only whether they differ.
"""

import argparse
import itertools
import os
import subprocess
import sys
import threading

HERE = os.path.dirname(os.path.realpath(__file__))
TREE = os.path.dirname(os.path.dirname(HERE))
SCRIPTS = os.path.join(TREE, "scripts")
RECORD = os.path.join(HERE, "linux.txt")
STEPS, BATCH = 500, 50
LONG = (1, 10000)  # the seeds of `scripts/test --long`
EXIT_SKIPPED = 77
SECONDS = 36000  # beyond any run's need: the program has an alarm for hangs


class Gone(Exception):
    """A machine ended."""


class Kernel:
    """One of the two, with the program running on it once it is asked."""

    def __init__(self, name, args, *options):
        self.name = name
        self.command = [
            os.path.join(SCRIPTS, name), "run", "--quiet", "--build",
            args.build, "--timeout", str(SECONDS), "--cwd", "/tmp", *options,
            "--", args.program]
        self.process = None

    def ask(self, line):
        if not self.process:
            self.process = subprocess.Popen(
                self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                text=True, bufsize=1)
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def line(self):
        line = self.process.stdout.readline()
        if not line:
            self.process.wait()
            raise Gone(f"{self.name} ended with status "
                       f"{self.process.returncode}")
        return line.rstrip("\n")

    def digests(self, first, last):
        """Each seed's, as they come."""
        self.ask(f"digests {first} {last - first + 1}")
        for seed in range(first, last + 1):
            number, digest = self.line().split()
            assert int(number) == seed, number
            yield digest

    def words(self, seed, steps):
        self.ask("words " + " ".join(map(str, (seed, *steps))))
        return list(iter(self.line, "end"))

    def end(self):
        if self.process:
            self.process.stdin.close()
            self.process.stdout.close()
            self.process.wait()
            self.process = None


# --- what differs ----------------------------------------------------------

def both_words(kernels, seed, steps):
    """The lines of each kernel; one that dies says so, and starts again."""
    answers = []
    for kernel in kernels:
        try:
            answers.append(kernel.words(seed, steps))
        except Gone as gone:
            answers.append([str(gone)])
            kernel.process = None
    return answers


def differ(kernels, seed, steps):
    first, second = both_words(kernels, seed, steps)
    return first != second


def cut_at_difference(kernels, seed):
    """The steps up to the first that says something else."""
    lines = both_words(kernels, seed, ())
    steps = []
    for one, other in itertools.zip_longest(*lines, fillvalue=""):
        number = one.split(" ", 1)[0]
        if number.isdigit():
            steps.append(int(number))
        if one != other:
            break
    return steps if differ(kernels, seed, steps) else list(range(STEPS))


def shrink(kernels, seed, steps):
    """Leave out runs of steps, ever shorter ones, while the two differ."""
    length = len(steps) // 2
    while length:
        start = 0
        while start < len(steps):
            fewer = steps[:start] + steps[start + length:]
            if fewer and differ(kernels, seed, fewer):
                steps = fewer
            else:
                start += length
        length //= 2
    return steps


def show(kernels, seed, steps):
    """Both kernels' words, what they agree on once."""
    print(f"seed {seed}, steps {' '.join(map(str, steps))}")
    for one, other in itertools.zip_longest(
            *both_words(kernels, seed, steps), fillvalue="(nothing)"):
        if one == other:
            print(f"        {one}")
        else:
            for kernel, line in zip(kernels, (one, other)):
                print(f"{kernel.name:>6}: {line}")
    sys.stdout.flush()


# --- many seeds ------------------------------------------------------------

def gather(kernel, first, last, found):
    """All digests of one kernel, or those that there are before it ends."""
    try:
        found.extend(kernel.digests(first, last))
    except (Gone, OSError) as gone:
        print(f"{kernel.name}, {first}-{last}: {gone}")
        kernel.process = None


def digests(kernels, first, last):
    """Both kernels' for a batch of seeds; the machines run side by side."""
    answers = [[] for _ in kernels]
    threads = [threading.Thread(target=gather, args=(kernel, first, last, to))
               for kernel, to in zip(kernels, answers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [to + [None] * (last + 1 - first - len(to)) for to in answers]


def linux_is_here():
    return subprocess.run([os.path.join(SCRIPTS, "linux"), "fetch", "--cached"],
                          capture_output=True, check=False).returncode == 0


class Record:
    """Linux's digests as they were written down, from seed 1."""

    name = "record"

    def digests(self, first, last):
        with open(RECORD, encoding="ascii") as f:
            return f.read().split()[first - 1:last]

    @staticmethod
    def write(linux, first, last):
        with open(RECORD, "w", encoding="ascii") as f:
            f.writelines(d + "\n" for d in linux.digests(first, last))


def judge(args, judge, quires):
    """How many seeds the two differ on; batches go to one Quire after the
    other, which have different numbers of harts."""
    first, last = args.seeds
    wrong = 0
    for start, quire in zip(range(first, last + 1, BATCH),
                            itertools.cycle(quires)):
        end = min(start + BATCH - 1, last)
        pair = (judge, quire)
        for seed, one, other in zip(range(start, end + 1),
                                    *digests(pair, start, end)):
            if one and one == other:
                continue
            wrong += 1
            print(f"seed {seed}: they differ")
            if wrong <= args.most and not args.recorded:
                steps = cut_at_difference(pair, seed)
                show(pair, seed, shrink(pair, seed, steps))
        print(f"seeds {first}-{end}: {end + 1 - first - wrong} agree, "
              f"{wrong} do not", flush=True)
    return wrong


def seeds(text):
    first, _, last = text.partition("-")
    return int(first), int(last or first)


def options():
    build = os.environ.get("QUIRE_BUILD", os.path.join(TREE, "build"))
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=seeds, default=(1, 100))
    parser.add_argument("--smp", default="2", metavar="N,...",
                        help="Quire's harts, by turns")
    parser.add_argument("--build", default=build)
    parser.add_argument("--kernel", help="another kernel of Quire's")
    parser.add_argument("--program", help="another than the build's differ")
    parser.add_argument("--most", type=int, default=5,
                        help="how many differences to make small")
    parser.add_argument("--record", action="store_true",
                        help="write down what Linux says of the seeds")
    parser.add_argument("--recorded", action="store_true",
                        help="compare with that")
    parser.add_argument("--show", nargs="+", type=int,
                        metavar=("SEED", "STEP"))
    args = parser.parse_args()
    if not args.program:
        args.program = os.path.join(args.build, "tests", "differ")
    if os.environ.get("QUIRE_LONG") and args.recorded:
        args.recorded, args.seeds, args.smp = False, LONG, "1,2,4"
    return args


def main():
    args = options()
    linux = Kernel("linux", args, "--smp", "1")
    more = ("--kernel", args.kernel) if args.kernel else ()
    quires = [Kernel("quire", args, "--smp", smp, *more)
              for smp in args.smp.split(",")]
    if not args.recorded and not linux_is_here():
        print("skipped: no Linux kernel (scripts/linux fetch)")
        return EXIT_SKIPPED
    if args.record:
        Record.write(linux, *args.seeds)
    elif args.show:
        show((linux, quires[0]), args.show[0], args.show[1:])
    else:
        judging = Record() if args.recorded else linux
        return 1 if judge(args, judging, quires) else 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
