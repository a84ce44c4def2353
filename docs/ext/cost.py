# SPDX-License-Identifier: MIT
"""Directives that show what operations cost (tests/bench/quire.json, made by
`bench.py --store`, and linux.json and disks.json).

    ```{costs}          a table of all rows but those on a disk
    ```

    ```{diskcosts}      a table of those
    ```

    ```{costchart}      a picture of these rows, one on each line
    null system call
    ```

    ```{scaling} worlds     what grows beside much of something; or `harts'
    ```                     (scaling.json, made by `bench.py --scaling --store`)

    ```{overfloor}      rows against the floor; each line: ROW | what a reader
    ```                 should know of what is between
"""

import json
import math
import os

from docutils import nodes
from sphinx.ext.graphviz import graphviz
from sphinx.util.docutils import SphinxDirective

TREE = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.realpath(__file__))))
BENCH = os.path.join(TREE, "tests", "bench")
ROW, DECADE = 0.24, 1.1  # inches
FLOOR = 2  # where linux.json has it
# Who, their colour, and where their figure stands in linux.json's.
WHO = (("floor", "#bab0ac", FLOOR), ("Debian", "#e15759", 0),
       ("minimal", "#4e79a7", 1), ("Quire", "#59a14f", None))


def dot(lines, x, y, colour, size=0.1):
    lines.append(f'd{len(lines)} [pos="{x:.3f},{y:.3f}!", shape=circle, '
                 f'label="", width={size}, fillcolor="{colour}"];')


def words(lines, x, y, text, width=0.8):
    lines.append(f't{len(lines)} [pos="{x:.3f},{y:.3f}!", shape=none, '
                 f'style="", width={width}, label="{text}"];')


def x_of(cost):
    return DECADE * math.log10(max(cost, 1))


def draw(rows, quire, linux):
    """A graph for neato: a line of dots for each row, on a logarithmic scale,
    with the rows' names on the left."""
    lines = ['graph { node [style=filled, fontname="sans", fontsize=9, '
             'penwidth=0, fixedsize=true, width=0.1, height=0.1];']
    for n, row in enumerate(rows):
        y = -n * ROW
        words(lines, -1.4, y, row, 2.8)
        costs = {who: quire[row] if at is None else linux[row][at]
                 for who, _, at in WHO}
        left, right = x_of(min(costs.values())), x_of(max(costs.values()))
        lines.append(f'b{n} [pos="{(left + right) / 2:.3f},{y:.3f}!", '
                     f'shape=box, label="", width={right - left:.3f}, '
                     f'height=0.02, fillcolor="#dddddd"];')
        for who, colour, _ in WHO:
            dot(lines, x_of(costs[who]), y, colour)
    bottom = -len(rows) * ROW
    for power in range(7):
        words(lines, DECADE * power, bottom, f"{10 ** power:,}")
    for n, (who, colour, _) in enumerate(WHO):
        dot(lines, 1 + 1.4 * n, bottom - ROW, colour)
        words(lines, 1.5 + 1.4 * n, bottom - ROW, who)
    return "\n".join(lines) + "\n}"


class Cost(SphinxDirective):
    has_content = True

    def load(self, name):
        path = os.path.join(BENCH, name)
        self.env.note_dependency(path)
        with open(path, encoding="ascii") as f:
            return json.load(f)


class CostChart(Cost):
    def run(self):
        quire, linux = self.load("quire.json")["rows"], self.load("linux.json")
        missing = [row for row in self.content
                   if row not in quire or row not in linux]
        if missing:
            raise self.error(f"no such row: {missing[0]}")
        node = graphviz()
        node["code"] = draw(list(self.content), quire, linux)
        node["options"] = {"graphviz_dot": "neato",
                           "docname": self.env.docname}
        node["alt"] = "cost"
        return [node]


def cell(text):
    return nodes.entry("", nodes.paragraph("", text))


def table(heads, rows, widths={0: 5}):
    group = nodes.tgroup("", cols=len(heads))
    for n in range(len(heads)):
        group += nodes.colspec(colwidth=widths.get(n, 2))
    group += nodes.thead("", nodes.row("", *map(cell, heads)))
    group += nodes.tbody("", *(nodes.row("", *map(cell, row))
                               for row in rows))
    return nodes.table("", group)


def figure(n):
    return f"{n:,}" if n is not None else "-"


class Costs(Cost):
    def run(self):
        stored, linux = self.load("quire.json"), self.load("linux.json")
        disks = self.load("disks.json")
        rows = []
        for name, cost in stored["rows"].items():
            debian, minimal, floor = linux.get(name, (None,) * 3)
            if name not in disks:
                rows.append((name,
                             *map(figure, (cost, minimal, debian, floor))))
        return [nodes.paragraph("", f"At {stored['commit']}:"),
                table(("instructions", "Quire", "minimal", "Debian", "floor"),
                      rows)]


class DiskCosts(Cost):
    def run(self):
        quire = self.load("quire.json")["rows"]
        rows = [(name, *map(figure, (quire.get(name), *others)))
                for name, others in self.load("disks.json").items()]
        return [table(("instructions", "Quire", "Linux, ext3", "Linux, ext4"),
                      rows)]


class Scaling(Cost):
    """Rows by columns; the first of them is what the others grow from."""

    required_arguments = 1

    def run(self):
        columns = self.load("scaling.json")[self.arguments[0]]
        names = dict.fromkeys(row for rows in columns.values() for row in rows)
        rows = [(name.split(": ")[-1],
                 *(figure(column.get(name)) for column in columns.values()))
                for name in names]
        return [table(("instructions", *columns), rows)]


class OverFloor(Cost):
    has_content = True

    def run(self):
        quire, linux = self.load("quire.json")["rows"], self.load("linux.json")
        rows = []
        for line in self.content:
            name, why = map(str.strip, line.split("|"))
            if name not in quire or name not in linux:
                raise self.error(f"no such row: {name}")
            cost, floor = quire[name], linux[name][FLOOR]
            rows.append((name, figure(cost), figure(floor),
                         f"{cost / floor:.1f}", why))
        return [table(("row", "Quire", "floor", "times", "what is between"),
                      rows, {0: 5, 4: 12})]


def setup(app):
    app.add_directive("costs", Costs)
    app.add_directive("diskcosts", DiskCosts)
    app.add_directive("costchart", CostChart)
    app.add_directive("scaling", Scaling)
    app.add_directive("overfloor", OverFloor)
    return {"parallel_read_safe": True}
