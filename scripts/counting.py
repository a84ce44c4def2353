# SPDX-License-Identifier: MIT
"""The plugin for QEMU that counts instructions (profile_plugin.c), and where
in the benchmark it starts and stops."""

import os
import re
import shutil
import subprocess

HERE = os.path.dirname(os.path.realpath(__file__))
TOOLS = "riscv64-linux-gnu-"
METER = ("reset", "start", "stop", "report")


class CountingError(Exception):
    """What is missing, in one line."""


def output(*command):
    return subprocess.run(command, capture_output=True, text=True,
                          check=True).stdout


def functions(path):
    """[(address, name)] of an ELF file's functions."""
    found = []
    for line in output(TOOLS + "nm", path).splitlines():
        address, _, kind_name = line.strip().partition(" ")
        kind, _, name = kind_name.partition(" ")
        if kind in "tTwW" and not name.startswith(("$", ".L")):
            found.append((int(address, 16), name))
    return found


def meter(bench):
    """{"reset": address ...} of the benchmark's meter."""
    addresses = {name: address for address, name in functions(bench)}
    return {name: addresses[f"meter_{name}"] for name in METER}


def build_plugin(qemu, folder):
    """The plugin for this QEMU, made by this machine's own compiler."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if not compiler:
        raise CountingError("no C compiler for this machine: "
                            "apt-get install gcc")
    major = re.search(r"version (\d+)", output(qemu, "--version"))[1]
    plugin = os.path.join(folder, "profile.so")
    subprocess.run([compiler, "-shared", "-fPIC", "-O2",
                    f"-DPLUGIN_VERSION={1 if int(major) < 9 else 2}",
                    "-o", plugin, os.path.join(HERE, "profile_plugin.c")],
                   check=True)
    return plugin


def arguments(plugin, points, **files):
    """QEMU's arguments, as options of scripts/quire and scripts/linux."""
    words = [plugin, *(f"{k}={v}" for k, v in files.items()),
             *(f"{k}={v:x}" for k, v in points.items())]
    return ["--qemu-arg=-plugin", "--qemu-arg=" + ",".join(words)]
