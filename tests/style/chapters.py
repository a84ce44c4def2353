# SPDX-License-Identifier: MIT
"""A file that says "Book: chapter N" is spoken of there."""

import re

import sources


def chapters():
    """The book's chapters, in order: the table of contents that has
    numbers."""
    contents = re.search(r":numbered:\n\n(.*?)\n```",
                         sources.read("docs/index.md"), re.DOTALL)
    return [sources.read(f"docs/{name}.md")
            for name in contents.group(1).split()]


def check_file(path, book):
    said = re.search(r"\bBook: ((?:[^.]|\n)*)", sources.read(path))
    if not said:
        return
    numbers = [int(n) for n in re.findall(r"\d+", said.group(1))]
    if not numbers:
        yield f"{path}: which chapter of the book?"
    for number in numbers:
        if not 1 <= number <= len(book) or path not in book[number - 1]:
            yield f"{path}: chapter {number} of the book does not name it"


BOOK = chapters()
sources.finish("chapters", [p for path in sources.files(
    (*sources.KERNEL, "user")) for p in check_file(path, BOOK)])
