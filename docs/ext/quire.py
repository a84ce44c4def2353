# SPDX-License-Identifier: MIT
"""Directives of the book.

    ```{code} mm/vma.c vma_find      a function, structure, enum or macro of
    ```                              the source, with the comment above it

    ```{code} mm/vma.c               the file's opening text
    ```

    ```{session} free                docs/sessions/free.txt, which the tests
    ```                              replay in the guest

    ```{syscalls}                    the system-call table, from table.c
    ```

    ```{museum} 1 11                 the tests and mutants of mistakes 1 to 11
    ```

Nothing is pasted into the book: a name that is gone breaks the build.
"""

import os
import re
import sys

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

TREE = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.realpath(__file__))))


sys.path.insert(0, os.path.join(TREE, "tests", "style"))
import museum  # noqa: E402


class Missing(Exception):
    """The book names something that the source doesn't have."""


def read(path):
    try:
        with open(os.path.join(TREE, path), encoding="utf-8") as f:
            return f.read().split("\n")
    except OSError as error:
        raise Missing(f"{path}: {error.strerror}") from error


def opening(lines):
    """The comment that a file opens with."""
    start = next(i for i, line in enumerate(lines) if line.startswith("/*")
                 and "SPDX" not in line)
    end = next(i for i in range(start, len(lines)) if "*/" in lines[i])
    return start, end


def definition_start(lines, symbol):
    """The line on which a symbol's definition begins."""
    name = re.escape(symbol)
    function = rf"^(?!\s|#|/|\}}).*\b{name}(\(|\[| = |\)\()"
    others = [rf"^(struct|enum|union) {name} \{{", rf"^#define {name}\b",
              rf"^typedef .*\b{name}\b", rf"^\.macro {name}\b",
              rf"^{name}:"]
    matches = [number for number, line in enumerate(lines)
               if re.search(function, line)]
    for number in matches:
        if not is_prototype(lines, number):
            return number
    for number, line in enumerate(lines):
        if any(re.search(pattern, line) for pattern in others):
            return number
    if matches:  # only declared, in a header
        return matches[0]
    # An enum without a name, by one of its constants.
    for number, line in enumerate(lines):
        if re.search(rf"^\t?(enum \{{ )?{name}( =|,)", line):
            while not lines[number].startswith("enum"):
                number -= 1
            return number
    return None


def is_prototype(lines, number):
    """A declaration that ends in a semicolon before any brace."""
    for line in lines[number:]:
        if "{" in line:
            return False
        if line.rstrip().endswith(";"):
            return True
    return True


def definition_end(lines, start):
    if lines[start].startswith("#define"):
        end = start
        while lines[end].endswith("\\"):
            end += 1
        return end
    if lines[start].startswith(".macro"):
        return next(i for i in range(start, len(lines))
                    if lines[i].startswith(".endm"))
    if lines[start].endswith(":"):
        end = start
        while lines[end + 1].strip():
            end += 1
        return end
    for number in range(start, len(lines)):
        line = lines[number]
        if number > start and line.startswith("}"):
            return number
        if line.rstrip().endswith(";") and not line.startswith("\t") and (
                "{" not in "".join(lines[start:number + 1])):
            return number
        if "{" in line and "}" in line and line.rstrip().endswith(";"):
            return number
        if is_prototype(lines, start) and line.rstrip().endswith(";"):
            return number
    return len(lines) - 1


def comment_above(lines, start):
    """Include the comment that stands right above a definition."""
    number = start
    if number > 0 and lines[number - 1].rstrip().endswith("*/"):
        number -= 1
        while not lines[number].lstrip().startswith("/*"):
            number -= 1
    return number


def excerpt(path, symbol=None):
    """(first line number, text) of what a directive names."""
    lines = read(path)
    if symbol is None:
        start, end = opening(lines)
    else:
        start = definition_start(lines, symbol)
        if start is None:
            raise Missing(f"{path} defines no {symbol}")
        end = definition_end(lines, start)
        start = comment_above(lines, start)
    return start + 1, "\n".join(lines[start:end + 1])


class Code(SphinxDirective):
    required_arguments = 1
    optional_arguments = 1

    def run(self):
        path, *symbol = self.arguments
        try:
            line, text = excerpt(path, *symbol)
        except Missing as error:
            raise self.error(str(error))
        self.env.note_dependency(os.path.join(TREE, path))
        language = "python" if path.endswith(".py") else (
            "gas" if path.endswith(".S") else "c")
        block = nodes.literal_block(text, text.expandtabs(8),
                                    language=language)
        caption = nodes.caption("", "", nodes.literal("", f"{path}:{line}"))
        return [nodes.container("", caption, block, literal_block=True,
                                classes=["literal-block-wrapper"])]


class Session(SphinxDirective):
    required_arguments = 1

    def run(self):
        path = f"docs/sessions/{self.arguments[0]}.txt"
        try:
            text = "\n".join(read(path)).rstrip()
        except Missing as error:
            raise self.error(str(error))
        self.env.note_dependency(os.path.join(TREE, path))
        return [nodes.literal_block(text, text, language="none")]


class Syscalls(SphinxDirective):
    """A table of every call: its number's name and where it is done."""

    def run(self):
        path = "kernel/syscall/table.c"
        try:
            rows = re.findall(r"\[__NR(?:3264)?_(\w+)\] = (?:\w+\()?sys_(\w+)",
                              "\n".join(read(path)))
        except Missing as error:
            raise self.error(str(error))
        self.env.note_dependency(os.path.join(TREE, path))
        if not rows:
            raise self.error(f"{path} has no entries")
        table = nodes.bullet_list()
        for name, handler in sorted(rows):
            table += nodes.list_item("", nodes.paragraph(
                "", "", nodes.literal("", name)))
        return [nodes.paragraph("", f"{len(rows)} calls:"), table]


class Museum(SphinxDirective):
    """Which tests and mutants belong to the mistakes of a section."""

    required_arguments = 2

    def run(self):
        first, last = map(int, self.arguments)
        tests, mutants = museum.tests(), museum.mutants()
        rows = nodes.bullet_list()
        for number in range(first, last + 1):
            names = [name for _, name in tests.get(number, [])]
            text = nodes.paragraph("", f"{number}: ")
            for name in names:
                text += [nodes.literal("", name), nodes.Text(" ")]
            for name in mutants.get(number, []):
                text += [nodes.Text("· "), nodes.emphasis("", name),
                         nodes.Text(" ")]
            rows += nodes.list_item("", text)
        return [rows]


def setup(app):
    app.add_directive("code", Code, override=True)
    app.add_directive("session", Session)
    app.add_directive("syscalls", Syscalls)
    app.add_directive("museum", Museum)
    return {"parallel_read_safe": True}
