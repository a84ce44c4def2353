# SPDX-License-Identifier: MIT
"""The museum of mistakes (docs/appendix-pitfalls.md): every mistake in it has
a test that names it, and a mutant, or says why it has none.  Every mutant's
patch applies to the tree: a run makes only a handful of them.

A case of mmaptest, usertests or failnth names mistakes at the end of its
sentence, by number: "... keeps its bytes (10)."  Any other test names them in
a comment: "Mistake 52." or "Mistakes 29 and 44."
"""

import collections
import os
import re
import subprocess

import sources

PAGE = "docs/appendix-pitfalls.md"
MUTANTS_MIN = 40
CASES = ("user/mmaptest", "user/usertests", "tests/guest/programs/failnth")
CASE = re.compile(r'^TEST\((\w+),\s*((?:"(?:[^"\\]|\\.)*"\s*)+)\)', re.M)
CITED = re.compile(r"\((\d+(?:, \d+)*)\)\.$")
OTHERS = re.compile(r"Mistakes? (\d+(?:(?:, | and )\d+)*)")


def entries():
    """{number: text}"""
    return {int(number): text for number, text in re.findall(
        r"^(\d+)\. (.+)$", sources.read(PAGE), re.M)}


def cases(path):
    """(name, sentence) of each TEST() in a file."""
    for name, literals in CASE.findall(sources.read(path)):
        yield name, "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', literals))


def tests():
    """{number: [(program, test)]}"""
    found = collections.defaultdict(list)
    for path in sources.files(CASES, (".c",)):
        program = os.path.basename(os.path.dirname(path))
        for name, sentence in cases(path):
            cited = CITED.search(sentence)
            for number in re.findall(r"\d+", cited[1]) if cited else []:
                found[int(number)].append((program, name))
    for path in sources.files(("tests/host", "tests/guest"),
                              ("_test.c", "_test.py")):
        kind, name = path.split("/")[1:3]
        name = f"{kind}.{name.rpartition('_test')[0]}"
        numbers = {int(n) for cited in OTHERS.findall(sources.read(path))
                   for n in re.findall(r"\d+", cited)}
        for number in numbers:
            found[number].append((kind, name))
    return found


def mutants():
    """{number: [name]}"""
    found = collections.defaultdict(list)
    for path in sources.files(("tests/mutants",), (".patch",)):
        name = os.path.basename(path)[:-len(".patch")]
        found[int(name[:2])].append(name)
    return found


def stale():
    """The patches that no longer apply."""
    for path in sources.files(("tests/mutants",), (".patch",)):
        done = subprocess.run(
            ["patch", "-p1", "--dry-run", "--batch", "-i", path],
            cwd=sources.TREE, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            yield f"{path}: does not apply: {done.stdout.strip()}"


def problems():
    texts, tested, mutated = entries(), tests(), mutants()
    for number, text in texts.items():
        if "*Does not apply" in text:
            continue
        if not tested[number]:
            yield f"{PAGE}: no test names mistake {number}"
        if not mutated[number] and "*No mutant" not in text:
            yield f"{PAGE}: no mutant makes mistake {number}"
    for number in sorted((set(tested) | set(mutated)) - set(texts)):
        yield f"{PAGE}: there is no mistake {number}"
    count = sum(len(names) for names in mutated.values())
    if count < MUTANTS_MIN:
        yield f"tests/mutants: {count} mutants (at least {MUTANTS_MIN})"
    yield from stale()


if __name__ == "__main__":
    sources.finish("museum", list(problems()))
