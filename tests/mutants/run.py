# SPDX-License-Identifier: MIT
"""Can the tests fail?  Make a mistake in the kernel on purpose, and see.

usage: run.py [NAME...]           these mutants, e.g. 04-munmap-undone
       run.py --all               all of them
       run.py --pick N --seed S   N of them; another S, others
       run.py --rotate            a handful that the commit chooses, or all
                                  if QUIRE_LONG is set: what CTest calls

A mutant is a patch in this folder, named NN-what.patch after the entry of the
book's museum (docs/appendix-pitfalls.md) that it is an example of.  Above the
patch stand these lines:

    Mistake: what is wrong with it, in a sentence
    Killed by: PROGRAM CASE      mmaptest, usertests, guest NAME (a program of
                                 tests/guest/programs), or host NAME
    Machine: KERNEL HARTS MEMORY (if not default 2 128M)
    Ends: hang                   (if nothing is ever heard of it again)
    Tries: N                     (if it needs luck)

Only the files that the patch touches are copied, compiled and linked with the
build's other objects.  On the kernel as it is the case must pass.  The mutant
must still boot and pass a simple case, and then fail the one that is to kill
it, or panic there.  A mutant that survives is a hole in the tests.
"""

import argparse
import concurrent.futures
import functools
import os
import random
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.realpath(__file__))
TREE = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(TREE, "tests", "guest"))
sys.dont_write_bytecode = True
import guestlib  # noqa: E402

BUILD = guestlib.BUILD
HANDFUL = 8
HANG = 40      # seconds after which a mutant that should hang has done so
EXIT_TIMEOUT, EXIT_PANIC = 124, 70

# What a mutant has to be well enough for.
SIMPLE = {"mmaptest": "anonymous_memory_reads_as_zeros",
          "usertests": "system_has_a_name"}


class Problem(Exception):
    """Why a mutant could not be judged."""


class Mutant:
    """One patch, and what its head says."""

    def __init__(self, name):
        self.name = name
        self.path = os.path.join(HERE, name + ".patch")
        with open(self.path, encoding="utf-8") as f:
            text = f.read()
        self.pitfall = int(name[:2])
        head, _, patch = text.partition("\n--- ")
        fields = dict(re.findall(r"^([A-Z][a-z ]+): (.+)$", head, re.M))
        try:
            self.mistake = fields["Mistake"]
            self.program, *self.args = fields["Killed by"].split()
        except KeyError as error:
            raise Problem(f"{name}: no line {error}") from error
        self.machine = tuple(fields.get("Machine", "default 2 128M").split())
        self.ends = fields.get("Ends", "FAIL")
        self.tries = int(fields.get("Tries", "1"))
        self.files = re.findall(r"^\+\+\+ b/(\S+)", patch, re.M)

    @property
    def case(self):
        """The last word: the name that a program prints, or its own."""
        return self.args[-1]

    @property
    def target(self):
        if self.program == "host":
            return f"tests/host-{self.case}"
        return ("quire-debug.elf" if self.machine[0] == "debug"
                else "quire.elf")


def all_names():
    return sorted(name[:-len(".patch")] for name in os.listdir(HERE)
                  if name.endswith(".patch"))


# --- building one ----------------------------------------------------------

def run(command, **options):
    done = subprocess.run(command, capture_output=True, text=True,
                          check=False, **options)
    if done.returncode != 0:
        raise Problem((done.stdout + done.stderr).strip()[-2000:])
    return done.stdout


@functools.cache
def commands(target):
    """Ninja's commands for it: {source: (object, command)}, and the last."""
    lines = run(["ninja", "-C", BUILD, "-t", "commands", target]).splitlines()
    lines = [line for line in lines if not line.startswith("ninja:")]
    compiled = {}
    for line in lines:
        source = re.search(rf" -c {re.escape(TREE)}/(\S+)", line)
        made = re.search(r" -o (\S+)", line)
        if source and made:
            compiled[source[1]] = (made[1], line)
    return compiled, lines[-1]


@functools.cache
def dependents(header):
    """The objects that were made with a header."""
    found, current = set(), None
    for line in run(["ninja", "-C", BUILD, "-t", "deps"]).splitlines():
        if not line.startswith(" "):
            current = line.partition(":")[0]
        elif os.path.normpath(os.path.join(BUILD, line.strip())) == (
                os.path.join(TREE, header)):
            found.add(current)
    return found


def to_compile(mutant, compiled):
    """The sources that a patch concerns."""
    sources = set()
    for path in mutant.files:
        if path.endswith(".h"):
            made = dependents(path)
            sources |= {source for source, (target, _) in compiled.items()
                        if os.path.relpath(os.path.join(BUILD, target),
                                           BUILD) in made}
        elif path in compiled:
            sources.add(path)
        else:
            raise Problem(f"{path} is no part of {mutant.target}")
    return sorted(sources)


def build(mutant, folder):
    """Apply, compile, link; the path of the result."""
    for path in mutant.files:
        copy = os.path.join(folder, path)
        os.makedirs(os.path.dirname(copy), exist_ok=True)
        with open(os.path.join(TREE, path), "rb") as old, \
                open(copy, "wb") as new:
            new.write(old.read())
    run(["patch", "-p1", "--batch", "--no-backup-if-mismatch", "-d", folder,
         "-i", mutant.path])
    compiled, link = commands(mutant.target)
    for number, source in enumerate(to_compile(mutant, compiled)):
        made, command = compiled[source]
        mine = os.path.join(folder, f"{number}.o")
        if source in mutant.files:
            command = command.replace(f"{TREE}/{source}",
                                      os.path.join(folder, source))
        command = command.replace(made, mine).replace(
            f" -I{TREE} ", f" -I{folder} -I{TREE} ")
        run(command, shell=True, cwd=BUILD)
        link = re.sub(rf"(?<=\s){re.escape(made)}(?=\s)", mine, link)
    result = os.path.join(folder, "mutant")
    link = re.sub(r" -o \S+", f" -o {result}", link)
    run(link, shell=True, cwd=BUILD)
    return result


# --- running ---------------------------------------------------------------

def run_guest(kernel, machine, program, args, timeout):
    """(exit status, output) of a program in the guest."""
    where = (guestlib.program(args[0]) if program == "guest"
             else f"/bin/{program}")
    done = guestlib.quire(
        "--quiet", "--kernel", kernel, "--smp", machine[1], "--mem",
        machine[2], "--", where, *args[program == "guest":], timeout=timeout)
    return done.returncode, (done.stdout + done.stderr).decode(
        errors="replace")


def judge(mutant, status, output):
    """What became of it: a word, and whether that is its death."""
    simple = SIMPLE.get(mutant.program)
    if simple and f"ok   {simple}\n" not in output:
        return "stillborn", False
    if status == EXIT_PANIC:
        return "panic", True
    if status == EXIT_TIMEOUT:
        return "hang", mutant.ends == "hang"
    failed = f"FAIL {mutant.case}\n" in output if simple else status != 0
    return ("FAIL", True) if failed else ("survived", False)


def try_once(mutant, binary):
    if mutant.program == "host":
        done = subprocess.run([binary], capture_output=True, check=False,
                              timeout=guestlib.TIMEOUT)
        return done.returncode, ""
    simple = SIMPLE.get(mutant.program)
    return run_guest(binary, mutant.machine, mutant.program,
                     ([simple] if simple else []) + mutant.args,
                     HANG if mutant.ends == "hang" else guestlib.TIMEOUT)


def kill(mutant):
    """(name, word, dead, details)"""
    with tempfile.TemporaryDirectory(prefix="quire-mutant-") as folder:
        try:
            binary = build(mutant, folder)
            for _ in range(mutant.tries):
                status, output = try_once(mutant, binary)
                word, dead = judge(mutant, status, output)
                if dead:
                    break
        except (Problem, subprocess.TimeoutExpired) as error:
            return mutant, "error", False, str(error)
    return mutant, word, dead, output[-1500:]


def healthy(mutants):
    """What the cases say of the kernel as it is: problems."""
    groups = {}
    for mutant in mutants:
        key = (mutant.machine, mutant.program)
        if mutant.program == "guest":
            key += (mutant.args[0],)
        groups.setdefault(key, []).append(mutant)
    for (machine, program, *_), members in sorted(groups.items()):
        if program == "host":
            names = {m.case for m in members}
            bad = [n for n in sorted(names) if subprocess.run(
                [os.path.join(BUILD, "tests", f"host-{n}")],
                capture_output=True, check=False).returncode]
        else:
            args = sorted({m.case for m in members})
            if program == "guest":
                args = members[0].args
            status, output = run_guest(guestlib.kernel(machine[0]), machine,
                                       program, args, guestlib.TIMEOUT)
            bad = [f"{args}: status {status}\n{output[-1500:]}"] \
                if status else []
        for what in bad:
            yield f"without a mutant, {program} on {machine} fails: {what}"


# --- which -----------------------------------------------------------------

def commit_seed():
    done = guestlib.subprocess.run(
        ["git", "-C", TREE, "rev-parse", "HEAD"], capture_output=True,
        text=True, check=False)
    return done.stdout.strip() or "no commit"


def choose(args):
    names = all_names()
    if args.rotate and not os.environ.get("QUIRE_LONG"):
        args.pick, args.seed = HANDFUL, commit_seed()
    if args.pick:
        print(f"seed {args.seed}")
        return sorted(random.Random(args.seed).sample(
            names, min(args.pick, len(names))))
    return args.names if args.names else names


def options():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--pick", type=int, metavar="N")
    parser.add_argument("--seed", default="0")
    parser.add_argument("--rotate", action="store_true")
    parser.add_argument("--jobs", type=int, default=1, metavar="N",
                        help="how many at a time (default: %(default)s)")
    parser.add_argument("--verbose", action="store_true",
                        help="the last lines that each printed")
    args = parser.parse_args()
    if not (args.names or args.all or args.pick or args.rotate):
        parser.error("which?  NAME..., --all, --pick N or --rotate")
    return args


def main():
    args = options()
    try:
        mutants = [Mutant(name.removesuffix(".patch"))
                   for name in choose(args)]
    except (Problem, OSError) as error:
        sys.exit(f"run.py: {error}")
    problems = list(healthy(mutants))
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        for mutant, word, dead, details in pool.map(kill, mutants):
            print(f"{'ok' if dead else 'BAD':4} {mutant.name:36} {word:9}"
                  f"{mutant.program} {' '.join(mutant.args)}", flush=True)
            if not dead:
                problems.append(f"{mutant.name}: {word}")
            if args.verbose or not dead:
                print(details)
    for problem in problems:
        print(problem)
    print(f"mutants: {len(mutants)} made, {len(problems)} problems")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
