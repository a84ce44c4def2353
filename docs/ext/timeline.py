# SPDX-License-Identifier: MIT
"""Directives that show a trace of the guest (docs/sessions/NAME.trace).

    ```{trace} traced touch fork       its lines from the one mark to the
    ```                                other

    ```{timeline} traced touch fork    the same as a picture: a row for each
    ```                                process, time to the right

A recorded trace is what `scripts/quire run --icount --trace NAME.trace` wrote;
tests/guest/trace_test.py looks whether the kernel would still say so.
"""

import os
import sys

from docutils import nodes
from sphinx.ext.graphviz import graphviz
from sphinx.util.docutils import SphinxDirective

TREE = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.realpath(__file__))))
sys.path.insert(0, os.path.join(TREE, "scripts"))
import tracelib  # noqa: E402

WIDTH, ROW, BAR = 9.0, 1.0, 0.22  # inches
COLOURS = {"anonymous-write": "#4e79a7", "copy-on-write": "#e15759",
           "file-read": "#bab0ac", "shared-write": "#59a14f",
           "fork": "#f28e2b", "msync": "#edc948", "harvest": "#b07aa1",
           "writeback": "#76b7b2", "mprotect": "#ff9da7",
           "munmap": "#9c755f"}


def window(path, first, last):
    """(lines, events) from the mark `first` to the mark `last`."""
    with open(path, encoding="utf-8") as f:
        lines = f.read().split("\n")
    marks = [number for number, line in enumerate(lines)
             if line.endswith((f" mark {first}", f" mark {last}"))]
    lines = lines[marks[0]:marks[-1] + 1]
    return lines, tracelib.parse("\n".join(lines))[0]


def depth(event, events):
    """How many other events of its task it lies within."""
    return sum(other.start <= event.start and event.end <= other.end and
               other is not event and other.tid == event.tid
               for other in events if other.took)


class Picture:
    """Collects nodes of a graph, placed by hand, for Graphviz's neato."""

    def __init__(self, start, end):
        self.start, self.scale = start, WIDTH / (end - start)
        self.lines = ['graph { node [shape=box, style=filled, label="", '
                      'fontname="sans", fontsize=9, penwidth=0.3];']

    def x(self, time):
        return (time - self.start) * self.scale

    def put(self, x, y, width, height, text="", **more):
        attributes = {"pos": f"{x + width / 2:.4f},{y:.4f}!",
                      "width": f"{width:.4f}", "height": f"{height:.4f}",
                      "fixedsize": "true", "label": text, **more}
        words = ", ".join(f'{k}="{v}"' for k, v in attributes.items())
        self.lines.append(f"n{len(self.lines)} [{words}];")

    def bar(self, event, row, nested):
        kind = event.args.get("kind", event.name)
        width = max((event.end - event.start) * self.scale, 0.01)
        self.put(self.x(event.start), row - nested * BAR, width, BAR * 0.9,
                 kind if width > 0.08 * len(kind) else "",
                 fillcolor=COLOURS.get(kind, "white"), tooltip=kind)

    def mark(self, event, row, text_row):
        x = self.x(event.end)
        self.put(x, (row + text_row) / 2, 0.01, text_row - row,
                 fillcolor="black")
        self.put(x, text_row + 0.08, len(event.text) * 0.08, 0.15, event.text,
                 style="", penwidth="0", fontsize="8")

    def legend(self, kinds, y):
        for n, kind in enumerate(sorted(kinds)):
            x, at = n % 5 * WIDTH / 5, y - n // 5 * 0.25
            self.put(x, at, 0.2, 0.15, fillcolor=COLOURS.get(kind, "white"))
            self.put(x + 0.25, at, 0.08 * len(kind), 0.15, kind, style="",
                     penwidth="0")

    def text(self):
        return "\n".join(self.lines) + "\n}"


def draw(events):
    """A graph of them: a row for each process."""
    picture = Picture(events[0].end, events[-1].end)
    pids = sorted({event.pid for event in events})
    rows = {pid: -n * ROW for n, pid in enumerate(pids)}
    nmarks = 0
    for event in events:
        row = rows[event.pid]
        if event.took:
            picture.bar(event, row, depth(event, events))
        elif event.name == "mark":
            picture.mark(event, row, row + 0.2 + 0.15 * (nmarks % 3))
            nmarks += 1
    for pid, row in rows.items():
        picture.put(-1.0, row, 0.9, 0.2, f"process {pid}", style="",
                    penwidth="0")
    kinds = {event.args.get("kind", event.name) for event in events
             if event.took}
    picture.legend(kinds, min(rows.values()) - 0.6)
    return picture.text()


class FromTrace(SphinxDirective):
    required_arguments = 3
    final_argument_whitespace = True

    def window(self):
        path = os.path.join(TREE, "docs", "sessions",
                            self.arguments[0] + ".trace")
        self.env.note_dependency(path)
        try:
            return window(path, *self.arguments[1:])
        except (OSError, IndexError, ValueError) as error:
            raise self.error(f"{path}: {error}")


class Trace(FromTrace):
    def run(self):
        text = "\n".join(line.strip() for line in self.window()[0])
        return [nodes.literal_block(text, text, language="none")]


class Timeline(FromTrace):
    def run(self):
        node = graphviz()
        node["code"] = draw(self.window()[1])
        node["options"] = {"graphviz_dot": "neato", "docname":
                           self.env.docname}
        node["alt"] = "timeline"
        return [node]


def setup(app):
    app.add_directive("trace", Trace)
    app.add_directive("timeline", Timeline)
    return {"parallel_read_safe": True}
