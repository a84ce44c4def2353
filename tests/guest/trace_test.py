# SPDX-License-Identifier: MIT
"""scripts/quire run --trace: what is in the file is what the program did."""

import json
import os

from guestlib import TREE, GuestTest, main, program

import tracelib  # scripts/, by guestlib

TIMED = {"fault", "harvest", "writeback", "shootdown", "mmap", "munmap",
         "mprotect", "msync", "fork"}
MOMENTS = {"cow-copy", "cow-reuse", "exec", "exit", "oom-kill"}
PAGE, NPAGES = 4096, 7


class Trace(GuestTest):
    def traced(self, *args, **options):
        """Run with --trace; (the finished run, the trace's whole JSON)."""
        done = self.run_ok("--quiet", "--trace", self.path("out.json"), *args,
                           **options)
        with open(self.path("out.json"), encoding="utf-8") as f:
            whole = json.load(f)
        self.check_schema(whole)
        return done, whole

    def check_schema(self, whole):
        """What Perfetto asks of a trace, and what we promise."""
        self.assertEqual(set(whole), {"displayTimeUnit", "otherData",
                                      "traceEvents"})
        named, last = set(), 0
        for event in whole["traceEvents"]:
            for key, kind in (("name", str), ("ph", str), ("pid", int),
                              ("tid", int), ("args", dict)):
                self.assertIsInstance(event[key], kind, event)
            if event["ph"] == "M":
                self.assertEqual(event["name"], "process_name")
                self.assertIsInstance(event["args"]["name"], str)
                named.add(event["pid"])
                continue
            self.assertIn(event["pid"], named)
            self.assertGreaterEqual(event["ts"], last, "not in order")
            last = event["ts"]
            self.assertIsInstance(event["args"]["hart"], int)
            if event["ph"] == "X":
                self.assertIn(event["name"], TIMED)
                self.assertGreater(event["dur"], 0)
            else:
                self.assertEqual((event["ph"], event["s"]), ("i", "t"))
                self.assertTrue(event["cat"] == "mark" or
                                event["name"] in MOMENTS | TIMED, event)

    def names(self, whole):
        return {e["pid"]: e["args"]["name"] for e in whole["traceEvents"]
                if e["ph"] == "M"}

    def check_known_program(self, *options):
        done, whole = self.traced(*options, program("traced"))
        p, file, child = done.stdout.split()
        p, child = int(p, 16), int(child)
        self.assertEqual(whole["otherData"]["lost"], 0)
        names = self.names(whole)
        pids = [pid for pid, name in names.items() if name == "traced"]
        self.assertEqual(len(pids), 2, names)
        self.assertIn(child, pids)
        events = [e for e in whole["traceEvents"] if e["pid"] in pids and
                  e["ph"] != "M"]
        marks = [e["name"] for e in events if e["cat"] == "mark"]
        self.assertEqual(marks, [
            "touch", "fork", "child", "child done", "store", "msync",
            "protect", "a text that is longer than what fits into one event"])
        return events, p, int(file, 16), child

    @staticmethod
    def between(events, first, end):
        at = [e["name"] for e in events]
        return events[at.index(first) + 1:at.index(end)]

    def test_a_known_program_gives_exactly_its_events(self):
        events, p, file, child = self.check_known_program("--icount")

        def of_page(event, start, npages):
            address = int(event["args"].get("address", "0"), 16)
            return start <= address < start + npages * PAGE

        touched = [e for e in self.between(events, "touch", "fork")
                   if of_page(e, p, NPAGES)]
        self.assertEqual(
            [(e["name"], e["args"]["access"], e["args"]["kind"],
              e["args"]["result"], int(e["args"]["address"], 16))
             for e in touched],
            [("fault", "write", "anonymous-write", 0, p + i * PAGE)
             for i in range(NPAGES)])
        forks = [e for e in events if e["name"] == "fork" and
                 e["cat"] == "kernel" and "child" in e["args"]]
        self.assertEqual([f["args"]["process"] for f in forks], [child])
        # The child's store into p: one copy, within one fault.
        inside = [e for e in self.between(events, "child", "child done")
                  if of_page(e, p, NPAGES)]
        self.assertEqual([(e["name"], e["pid"]) for e in inside],
                         [("fault", child), ("cow-copy", child)])
        self.assertEqual(inside[0]["args"]["kind"], "copy-on-write")
        ends = [e for e in events if e["name"] == "exit"]
        self.assertEqual([(e["pid"] == child, e["args"]["status"],
                           e["args"]["last"]) for e in ends],
                         [(True, "0x700", 1), (False, "0x0", 1)])
        # The store through a mapping that was harvested before: no fault.
        self.assertEqual([e for e in events if e["name"] == "fault" and
                          of_page(e, file, 1)][1:], [])
        synced = [e for e in events[[e["name"] for e in events].index(
            "store"):] if e["name"] in ("harvest", "writeback")]
        self.assertEqual([(e["name"], e["args"]["first"], e["args"]["pages"])
                          for e in sorted(synced, key=lambda e: e["name"])],
                         [("harvest", 0, 1), ("writeback", 0, 1)])
        self.assertEqual(synced[0]["args"]["inode"],
                         synced[1]["args"]["inode"])
        calls = self.between(events, "protect", "a text that is longer than "
                             "what fits into one event")
        self.assertEqual([(e["name"], e["args"]["bytes"]) for e in calls
                          if e["name"].startswith("m")],
                         [("mprotect", NPAGES * PAGE),
                          ("munmap", NPAGES * PAGE)])

    def happenings(self, path):
        """What in a trace of `traced` is not the C library's doing."""
        with open(path, encoding="utf-8") as f:
            events, nlost = tracelib.parse(f.read())
        self.assertEqual(nlost, 0)
        names = [e.text if e.name == "mark" else e.name for e in events]
        events = events[names.index("touch"):]
        p = next(int(e.args["start"], 16) for e in events
                 if e.name == "munmap")
        kept = []
        for event in events:
            address = int(event.args.get("address", hex(p)), 16)
            if event.name != "exec" and event.pid > 1 and \
                    p <= address < p + NPAGES * PAGE:
                kept.append((event.name, getattr(event, "text", ""),
                             event.args.get("kind"), event.args.get("pages"),
                             event.args.get("result")))
        return kept

    def test_the_trace_in_the_book_is_what_the_guest_prints(self):
        path = self.path("traced.trace")
        self.run_ok("--quiet", "--icount", "--trace", path, program("traced"))
        book = os.path.join(TREE, "docs", "sessions", "traced.trace")
        self.assertEqual(self.happenings(path), self.happenings(book))

    def test_the_same_on_several_harts(self):
        self.check_known_program("--smp", "4")

    def test_bytes_of_the_streams_stay_exact(self):
        data = bytes(range(256)) * 1500 + b"\r\n\x01x\x04"
        done, _ = self.traced(program("streams"), stdin=data)
        self.assertEqual(done.stdout, data)
        self.assertEqual(done.stderr, f"{len(data)} bytes\r\n".encode())

    def test_what_is_lost_is_said(self):
        done, whole = self.traced("--append", "trace_buf_size=4K",
                                  program("traced"))
        lost = whole["otherData"]["lost"]
        self.assertGreater(lost, 0)
        self.assertIn(f"lacks {lost} events".encode(), done.stderr)
        kept = [e for e in whole["traceEvents"] if e["ph"] != "M"]
        self.assertLessEqual(len(kept), 2 * 63)

    def test_a_shootdown_names_the_harts(self):
        _, whole = self.traced(
            "mmaptest", "taking_access_away_is_told_to_other_harts")
        masks = {int(e["args"]["harts"], 16) for e in whole["traceEvents"]
                 if e["name"] == "shootdown"}
        self.assertTrue(masks)
        self.assertLessEqual(masks, {1, 2})

    def test_who_is_killed_when_memory_is_full(self):
        _, whole = self.traced("--mem", "32M", "sort", "/dev/zero",
                               status=137)
        kills = [e for e in whole["traceEvents"] if e["name"] == "oom-kill"]
        self.assertEqual([self.names(whole)[e["args"]["victim"]]
                          for e in kills], ["sort"])
        self.assertGreater(kills[0]["args"]["kib"], 8192)

    def test_a_root_of_ones_own(self):
        _, whole = self.traced("--root", self.folder, program("hello"),
                               status=0)
        self.assertIn("hello", self.names(whole).values())

    def test_a_panic_prints_the_last_events(self):
        done = self.run_ok("--trace", self.path("none.json"), "--append",
                           "trace=on init=/bin/true", "true", status=70)
        text = done.stderr.decode(errors="replace")
        report = text[text.index("Kernel panic: init exited"):]
        lines = report[report.index("last events"):].splitlines()[1:]
        events = [line for line in lines if " 1/1 " in line]
        self.assertGreater(len(events), 0)
        self.assertLessEqual(len([x for x in lines if "] " in x]), 32)
        self.assertIn("1/1 exit status=0", events[-1])
        self.assertIn("before its trace was here", text)


if __name__ == "__main__":
    main()
