# SPDX-License-Identifier: MIT
"""The kernel's trace (kernel/dev/trace.c), and what Perfetto makes of it.

A line of it is, with times of the guest's clock, at the event's end:

    SECONDS [HART] PROCESS/TASK NAME KEY=VALUE... [took=NANOSECONDS]

where `mark`, `more` (the rest of the mark before) and `exec` are followed by
text instead, and lines that start with # say what was lost.  As JSON this is
the Trace Event Format: an event that took time is a bar ("X"), one that did
not a moment ("i"), a mark a moment with its text as its name.
"""

import json
import re

LINE = re.compile(r" *(\d+)\.(\d{9}) \[(\d+)\] (\d+)/(\d+) ([a-z-]+) ?(.*)")
LOST = re.compile(r"# (\d+) events lost")
TEXTS = ("mark", "more", "exec")


class Event:
    """One line.  Times in ns; `start` is when it began."""

    def __init__(self, match):
        seconds, fraction, hart, pid, tid, self.name, rest = match.groups()
        self.end = int(seconds) * 1000000000 + int(fraction)
        self.hart, self.pid, self.tid = int(hart), int(pid), int(tid)
        self.args = {}
        self.took = None
        if self.name in TEXTS:
            self.text = rest
        else:
            pairs = dict(word.split("=", 1) for word in rest.split())
            took = pairs.pop("took", None)
            self.took = int(took) if took else None
            self.args = pairs
        self.start = self.end - (self.took or 0)


def parse(text):
    """(events in the order of the lines, how many were lost)."""
    events, nlost, marks = [], 0, {}
    for line in text.split("\n"):
        match = LINE.fullmatch(line)
        if match:
            event = Event(match)
            if event.name == "more" and event.tid in marks:
                marks[event.tid].text += event.text
                continue
            if event.name == "mark":
                marks[event.tid] = event
            events.append(event)
        elif found := LOST.match(line):
            nlost += int(found[1])
        elif line and not line.startswith("#"):
            raise ValueError(f"no line of a trace: {line!r}")
    return events, nlost


def number(text):
    """An argument: a number if it is a small one; addresses stay hex."""
    return int(text) if re.fullmatch(r"-?\d+", text) else text


def process_names(events):
    """What exec called each process last; a child has its parent's name."""
    names = {0: "kernel", 1: "init"}
    for event in events:
        if event.name == "exec":
            names[event.pid] = event.text
        elif event.name == "fork":
            child = int(event.args["process"])
            names.setdefault(child, names.get(event.pid, f"{child}"))
    return {event.pid: names.get(event.pid, f"{event.pid}")
            for event in events}


def json_event(event):
    args = {key: number(value) for key, value in event.args.items()}
    out = {"name": event.name, "cat": "kernel", "pid": event.pid,
           "tid": event.tid, "ts": event.start / 1000,
           "args": {**args, "hart": event.hart}}
    if event.name in TEXTS:
        out["args"]["text"] = event.text
    if event.name == "mark":
        out["name"], out["cat"] = event.text, "mark"
    if event.took is None:
        out.update(ph="i", s="t")
    else:
        out.update(ph="X", dur=event.took / 1000)
    return out


def to_json(text):
    """The whole, ready for json.dump(); and how many events were lost."""
    events, nlost = parse(text)
    out = [{"name": "process_name", "ph": "M", "pid": pid, "tid": pid,
            "args": {"name": name}}
           for pid, name in process_names(events).items()]
    out += sorted(map(json_event, events), key=lambda event: event["ts"])
    return {"displayTimeUnit": "ns", "traceEvents": out,
            "otherData": {"lost": nlost}}, nlost


def write(text, path):
    """Into a file: as JSON if that is its name's end, or as it is.  How many
    events were lost."""
    whole, nlost = to_json(text)
    events = whole.pop("traceEvents")
    with open(path, "w", encoding="utf-8") as f:
        if not path.endswith(".json"):
            f.write(text)
            return nlost
        f.write(json.dumps(whole)[:-1] + ', "traceEvents": [\n')
        f.write(",\n".join(map(json.dumps, events)) + "\n]}\n")
    return nlost
