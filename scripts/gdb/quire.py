# SPDX-License-Identifier: MIT
"""gdb commands that show Quire's structures.

  tasks            every process, its threads and what they do
  vmas [PID]       the interval list of a process (default: the current one)
  pagetable ADDR   the walk of a virtual address through the three levels
  page PFN         what the kernel knows of a frame
  events [N]       the last N (default 32) of the trace on all harts

Sourced by scripts/gdb/session; works on a live machine or at a panic.
"""

import re

import gdb

PAGE_SHIFT = 12
LINEAR_START = 0xffffffc000000000
ENTRY_BITS = "VRWXUGAD"


def value(expression):
    return gdb.parse_and_eval(expression)


def word(address):
    """Eight bytes of physical memory, through the linear map."""
    raw = gdb.selected_inferior().read_memory(address + LINEAR_START, 8)
    return int.from_bytes(bytes(raw), "little")


def list_elements(head, type_name, member):
    """The elements of one of kernel/lib/list.h's lists."""
    kind = gdb.lookup_type(type_name)
    offset = next(f.bitpos // 8 for f in kind.fields() if f.name == member)
    link = head["next"]
    while int(link) and link != head.address:
        start = gdb.Value(int(link) - offset)
        yield start.cast(kind.pointer()).dereference()
        link = link["next"]


def processes():
    """Every process, by the table of pids (kernel/task/pid.c)."""
    leaves = value("'kernel/task/pid.c'::leaves")
    size = int(value("LEAF"))
    for i in range(leaves.type.range()[1] + 1):
        if not int(leaves[i]):
            continue
        for j in range(size):
            pid = leaves[i][j]
            if int(pid) and int(pid["process"]):
                yield pid["process"].dereference()


def text(array):
    return array.string(errors="replace")


def current_process():
    task = value("(struct task *)$tp")
    return task["process"] if int(task) else None


def find_process(argument):
    if not argument:
        found = current_process()
        if found is None or not int(found):
            raise gdb.GdbError("no process runs on this hart; say vmas PID")
        return found.dereference()
    pid = int(argument, 0)
    for process in processes():
        if int(process["pid"]) == pid:
            return process
    raise gdb.GdbError(f"no process {pid}; `tasks` lists them")


class Tasks(gdb.Command):
    """tasks: every process, its threads and what they do."""

    def __init__(self):
        super().__init__("tasks", gdb.COMMAND_STATUS)

    def invoke(self, argument, from_tty):
        print("  pid   tid  state          name")
        for process in processes():
            for task in list_elements(process["tasks"], "struct task",
                                      "process_link"):
                print(f"{int(process['pid']):5} {int(task['tid']):5}  "
                      f"{str(task['state']):13}  {text(task['name'])}")


class Vmas(gdb.Command):
    """vmas [PID]: the interval list of a process."""

    def __init__(self):
        super().__init__("vmas", gdb.COMMAND_DATA)

    def invoke(self, argument, from_tty):
        process = find_process(argument)
        mm = process["mm"]
        if not int(mm):
            raise gdb.GdbError("it has no address space any more")
        for v in list_elements(mm["vmas"]["vmas"], "struct vma", "link"):
            prot = int(v["prot"])
            rights = "".join(letter if prot & bit else "-" for letter, bit
                             in (("r", 1), ("w", 2), ("x", 4)))
            kind = "s" if int(v["flags"]) & 1 else "p"
            file = f"file {int(v['file']):#x}" if int(v["file"]) else ""
            print(f"{int(v['start']):012x}-{int(v['end']):012x} {rights}"
                  f"{kind} {int(v['pgoff']):8x} {file}")


class Pagetable(gdb.Command):
    """pagetable ADDR: the walk of a virtual address, by this hart's satp."""

    def __init__(self):
        super().__init__("pagetable", gdb.COMMAND_DATA)

    def invoke(self, argument, from_tty):
        if not argument:
            raise gdb.GdbError("pagetable ADDR")
        address = int(value(argument)) & (1 << 64) - 1
        satp = int(value("$satp")) & (1 << 64) - 1
        if satp >> 60 != 8:
            raise gdb.GdbError("this hart runs without a page table yet")
        table = (satp & (1 << 44) - 1) << PAGE_SHIFT
        for level in (2, 1, 0):
            index = address >> PAGE_SHIFT + 9 * level & 511
            entry = word(table + 8 * index)
            bits = "".join(letter if entry >> n & 1 else "-"
                           for n, letter in enumerate(ENTRY_BITS))
            target = (entry >> 10 & (1 << 44) - 1) << PAGE_SHIFT
            print(f"level {level}: table {table:#x}[{index:3}] = "
                  f"{entry:#018x}  {bits[::-1]}  -> {target:#x}")
            if not entry & 1:
                print("not mapped")
                return
            if entry & 0b1110:
                inside = address & (1 << PAGE_SHIFT + 9 * level) - 1
                print(f"{address:#x} is physical {target + inside:#x}")
                return
            table = target


class Page(gdb.Command):
    """page PFN: what the kernel knows of a frame."""

    def __init__(self):
        super().__init__("page", gdb.COMMAND_DATA)

    def invoke(self, argument, from_tty):
        if not argument:
            raise gdb.GdbError("page PFN")
        pfn = int(value(argument))
        frames = value("page_frames")
        i = pfn - int(frames["first"])
        if not 0 <= i < int(frames["n"]):
            raise gdb.GdbError(f"frame {pfn:#x} is not memory of ours")
        print((frames["page"] + i).dereference())


class Events(gdb.Command):
    """events [N]: the last N events of the trace, if it was switched on."""

    def __init__(self):
        super().__init__("events", gdb.COMMAND_DATA)

    def arguments(self, event, form):
        """The event's arguments, as its format wants them."""
        if ".32s" in form:
            return (text(event["text"]),)
        char = gdb.lookup_type("char").pointer()
        return tuple(
            event["arg"][n].cast(char).string() if kind == "s" else
            int(event["arg"][n].cast(gdb.lookup_type("long")))
            & ((1 << 64) - 1 if kind == "x" else -1)
            for n, kind in enumerate(re.findall(r"%l?([sdux])", form)))

    def invoke(self, argument, from_tty):
        wanted = int(argument or "32", 0)
        forms, rings, size = (value(f"'kernel/dev/trace.c'::{name}")
                              for name in ("formats", "rings", "nevents"))
        lines = []
        for hart in range(int(value("hart_count()"))):
            head, events = int(rings[hart]["head"]), rings[hart]["events"]
            for n in range(max(0, head - min(wanted, int(size))), head):
                event = events[n % int(size)]
                form = forms[int(event["kind"])].string()
                lines.append((int(event["time"]), hart,
                              f"{int(event['pid'])}/{int(event['tid'])} " +
                              form % self.arguments(event, form)))
        for time, hart, what in sorted(lines)[-wanted:]:
            print(f"{time / 1e9:15.9f} [{hart}] {what}")


Tasks()
Vmas()
Pagetable()
Page()
Events()
