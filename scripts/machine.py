# SPDX-License-Identifier: MIT
"""A QEMU `virt` machine that runs one program: what scripts/quire and
scripts/linux have in common.

The program's arguments, environment and three standard streams go over a
virtio-console device (user/quire-run.c is the other end, whatever the
kernel), so they are exact to the byte; the kernel's log comes over the serial
line and goes to standard error.
"""

import argparse
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import termios
import threading
import tty

HERE = os.path.dirname(os.path.realpath(__file__))
TREE = os.path.dirname(HERE)
NAME = os.path.basename(sys.argv[0])
EXIT_TIMEOUT, EXIT_PANIC, EXIT_USAGE = 124, 70, 125
# Either ends the machine, and is shown whatever --quiet says.
FATAL = (b"Kernel panic", b"Boot failed: ")
LOG_STARTS = (b"Quire", b"[    0.000000] Linux version", *FATAL)
STREAMS = ("stdin", "stdout", "stderr")
TRACE_PORT = "/dev/vport0p5"  # after control and the streams


def say(message):
    print(f"{NAME}: {message}", file=sys.stderr)


def fail(message, status=EXIT_USAGE):
    say(message)
    sys.exit(status)


def main(body):
    """Call body(folder) with a folder of its own; end with its status."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with tempfile.TemporaryDirectory(prefix=f"{NAME}-") as folder:
        status = body(folder)
    sys.stdout.flush()
    os._exit(status)  # a thread may still wait for our standard input


# --- options ---------------------------------------------------------------

def machine_options(command, mem):
    """What can be said of the machine, whatever it runs."""
    command.add_argument("--mem", default=mem, metavar="SIZE",
                         help="memory (default: %(default)s)")
    command.add_argument("--smp", type=int, default=2, metavar="N",
                         help="harts (default: %(default)s)")
    command.add_argument("--icount", action="store_true",
                         help="one instruction is one nanosecond: exactly "
                              "repeatable (one hart)")
    command.add_argument("--timeout", type=float, metavar="SECONDS",
                         help="give up: exit status 124")
    command.add_argument("--quiet", action="store_true",
                         help="no kernel log")
    command.add_argument("--build", metavar="DIR",
                         default=os.environ.get("QUIRE_BUILD",
                                                os.path.join(TREE, "build")),
                         help="build folder (default: %(default)s)")
    command.add_argument("--kernel", metavar="FILE",
                         help="another kernel than the usual one")
    command.add_argument("--qemu", metavar="PATH",
                         default=os.environ.get("QUIRE_QEMU",
                                                "qemu-system-riscv64"),
                         help="another QEMU (default: %(default)s)")
    command.add_argument("--qemu-arg", action="append", default=[],
                         metavar="ARG", help="one more argument for QEMU")
    command.add_argument("--append", default="", metavar="STRING",
                         help="more of the kernel's command line")
    command.add_argument("--gdb", action="store_true",
                         help="stop at the start and wait for gdb on "
                              "port 1234")


def program_options(run):
    """What can be said of the program."""
    run.add_argument("--env", action="append", default=[], metavar="K=V",
                     help="one variable of the program's environment")
    run.add_argument("--cwd", default="/", metavar="DIR",
                     help="its working directory in the guest (default: /)")
    run.add_argument("program", metavar="PROGRAM",
                     help="a path in the guest, or a host file that is a "
                          "riscv64 ELF: it is copied in")
    run.add_argument("args", nargs=argparse.REMAINDER, metavar="ARG")


# --- the program -----------------------------------------------------------

def is_riscv_elf(path):
    """A 64-bit ELF whose machine is RISC-V (EM_RISCV, 243)?"""
    try:
        with open(path, "rb") as f:
            head = f.read(20)
    except OSError:
        return False
    return head[:5] == b"\x7fELF\x02" and head[18:20] == b"\xf3\x00"


def guest_path(program, cwd):
    """Where in the guest a host's program will lie."""
    path = os.path.normpath(os.path.join("/", cwd, program))
    if program.startswith("../") or "/../" in program:
        return os.path.join("/", os.path.basename(program))
    return path


# --- QEMU ------------------------------------------------------------------

def qemu_command(args, hardware, bus, cmdline, channels):
    """The machine, with some hardware of its own and virtio devices on that
    bus; `channels` are our socket pairs' far ends, by name."""
    command = [args.qemu, "-machine", "virt", "-bios", "default",
               "-nodefaults", "-display", "none", "-no-reboot",
               "-smp", str(args.smp), "-m", args.mem,
               "-kernel", args.kernel, "-append", cmdline,
               "-global", "virtio-mmio.force-legacy=false", *hardware]
    for name, far in channels.items():
        command += ["-chardev", f"socket,id={name},fd={far.fileno()}"]
    command += ["-serial", "chardev:serial"]
    ports = [name for name in channels if name != "serial"]
    if ports:
        command += ["-device", f"virtio-serial-{bus}"]
    for number, name in enumerate(ports, 1):
        command += ["-device", f"virtserialport,chardev={name},"
                               f"nr={number},name={name}"]
    if args.icount:
        command += ["-icount", "shift=0"]
    if args.gdb:
        command += ["-s", "-S"]
    return command + args.qemu_arg


class Guest:
    """A running machine, and our near ends of its channels."""

    def __init__(self, args, hardware, bus, cmdline, names):
        pairs = {name: socket.socketpair() for name in names}
        self.near = {name: near for name, (near, _) in pairs.items()}
        far = {name: far for name, (_, far) in pairs.items()}
        # Should we be killed, QEMU goes too.
        command = ["setpriv", "--pdeathsig", "KILL"] + qemu_command(
            args, hardware, bus, cmdline, far)
        if not shutil.which(args.qemu):
            fail(f"{args.qemu} is missing: apt-get install "
                 "qemu-system-misc (Debian 13: qemu-system-riscv)")
        self.qemu = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            pass_fds=[s.fileno() for s in far.values()])
        for s in far.values():
            s.close()

    def kill(self):
        self.qemu.kill()


def pump(near, out, watch=None):
    """Copy what the guest sends to a descriptor of ours, until it ends."""
    open_for_output = True
    while True:
        try:
            data = near.recv(65536)
        except OSError:
            return
        if not data:
            return
        if watch:
            data = watch(data)
        try:
            while data and open_for_output:
                data = data[os.write(out, data):]
        except OSError:
            open_for_output = False  # our reader is gone; the guest goes on


def feed(near):
    """Our standard input into the guest, with its end."""
    try:
        while data := os.read(0, 65536):
            near.sendall(data)
        near.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def type_in(near, log):
    """Our standard input as keys on the serial line, ^D at its end.  What
    comes before the kernel has begun the firmware would throw away."""
    log.begun.wait()
    try:
        while data := os.read(0, 65536):
            near.sendall(data)
        near.sendall(b"\x04")
    except OSError:
        pass


class Log:
    """The kernel's log: where it goes, and whether it tells of the end.

    The serial line carries the firmware's banner first; the log begins with
    a line that says "Quire".
    """

    def __init__(self, quiet):
        self.quiet = quiet
        self.begun = threading.Event()
        self.fatal = False
        self.held = b""

    def __call__(self, data):
        """What of `data` to show, without the line's carriage returns."""
        data = data.replace(b"\r", b"")
        self.held += data
        if not self.begun.is_set():
            starts = [self.held.find(word) for word in LOG_STARTS
                      if word in self.held]
            if not starts:
                return b""
            start = min(starts)
            self.begun.set()
            data = self.held = self.held[start:]
        ends = [self.held.index(word) for word in FATAL if word in self.held]
        if ends and not self.fatal:
            self.fatal = True
            data = self.held[min(ends):] if self.quiet else data
        self.held = self.held[-max(map(len, FATAL)):]
        return data if self.fatal or not self.quiet else b""


class Terminal:
    """Our terminal as the guest's console: raw, and restored at the end."""

    def __enter__(self):
        self.saved = termios.tcgetattr(0)
        tty.setraw(0)
        return self

    def __exit__(self, *_):
        termios.tcsetattr(0, termios.TCSADRAIN, self.saved)

    @staticmethod
    def keys(near, guest):
        """Keys to the serial line; Ctrl-A x ends the machine."""
        prefix = False
        while key := os.read(0, 1):
            if prefix and key in b"xX":
                guest.kill()
                return
            if key == b"\x01" and not prefix:
                prefix = True
                continue
            prefix = False
            try:
                near.sendall(key)
            except OSError:
                return


def wait(guest, args, threads, finished=None):
    """QEMU's end, or the time-out; then let the streams run dry."""
    timed_out = False
    try:
        guest.qemu.wait(args.timeout)
    except subprocess.TimeoutExpired:
        timed_out = True
        guest.kill()
        guest.qemu.wait()
    for thread in threads:
        thread.join(10)
    if timed_out:
        say(f"no end after {args.timeout:g} seconds")
    complaint = guest.qemu.stderr.read().decode(errors="replace").strip()
    if guest.qemu.returncode == 1 and complaint and not finished:
        print(complaint, file=sys.stderr)
    return timed_out


def start(function, *arguments):
    thread = threading.Thread(target=function, args=arguments, daemon=True)
    thread.start()
    return thread


# --- one job ---------------------------------------------------------------

def job(args, where, trace):
    """What to run, as user/quire-run.c reads it."""
    path = args.program
    if is_riscv_elf(path):
        path = guest_path(path, args.cwd)
    records = [("program", path), ("cwd", args.cwd)]
    records += [("arg", arg) for arg in [args.program] + args.args]
    environment = dict(e.partition("=")[::2] for e in args.env)
    environment.setdefault("PATH", "/bin:/sbin:/usr/bin:/usr/sbin")
    records += [("env", f"{k}={v}") for k, v in environment.items()]
    records += [(name, where[name]) for name in STREAMS]
    if trace is not None:
        records.append(("trace", TRACE_PORT))
    if "console" in where.values():
        size = shutil.get_terminal_size()
        records.append(("window", f"{size.lines} {size.columns}"))
    return b"".join(os.fsencode(f"{k}={v}") + b"\0"
                    for k, v in records) + b"\0"


def collect(near, result):
    """All that comes from a port, as text: the one line that says how the
    program ended, or the trace."""
    data = b""
    try:
        while chunk := near.recv(65536):
            data += chunk
    except OSError:
        pass
    result.append(data.decode(errors="replace"))


def exit_status(text):
    kind, _, rest = text.strip().partition(" ")
    if kind == "exit":
        return int(rest)
    if kind == "signal":
        return 128 + int(rest)
    if kind == "error":
        number, _, what = rest.partition(" ")
        say(what)
        return 127 if number == "2" else 126
    return None


def run_job(args, hardware, bus, cmdline, trace=None):
    """Boot to user/quire-run.c, let it run the program; the exit status.
    `trace` is a list that gets the kernel's trace of it, as text."""
    interactive = os.isatty(0)
    where = {name: "console" if interactive and os.isatty(fd) else "port"
             for fd, name in enumerate(STREAMS)}
    guest = Guest(args, hardware, bus, cmdline,
                  ("serial", "control", *STREAMS,
                   *(() if trace is None else ("trace",))))
    log = Log(args.quiet and not interactive)
    result = []
    guest.near["control"].sendall(job(args, where, trace))
    threads = [start(collect, guest.near["control"], result),
               start(pump, guest.near["stdout"], 1),
               start(pump, guest.near["stderr"], 2)]
    if trace is not None:
        threads.append(start(collect, guest.near["trace"], trace))
    if interactive:
        with Terminal():
            threads.append(start(pump, guest.near["serial"], 2))
            start(Terminal.keys, guest.near["serial"], guest)
            timed_out = wait(guest, args, threads, result)
    else:
        threads.append(start(pump, guest.near["serial"], 2, log))
        start(feed, guest.near["stdin"])
        timed_out = wait(guest, args, threads, result)
    if timed_out:
        return EXIT_TIMEOUT
    if log.fatal:
        return EXIT_PANIC
    status = exit_status(result[0]) if result else None
    if status is None:
        say("the machine ended before the program did")
        return EXIT_PANIC
    return status
