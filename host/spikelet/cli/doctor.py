"""`spikelet doctor`."""

import argparse
import json
import platform
import signal
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from spikelet.boards import serial_port
from spikelet.errors import SpikeletError
from spikelet.flashing import readiness
from spikelet.flashing.readiness import Examination
from spikelet.output import Output
from spikelet.version import __version__

EXAMPLE = "spikelet doctor"
NO_HARDWARE = ("virtual", "unix", "qemu:m3", "qemu:m0", "qemu:rv32", "pico")

DEVICE_LIMIT = 10.0  # seconds in which a board at a cable has answered
EMULATED_LIMIT = 60.0  # seconds for one that this computer has to run as well
GRACE = 2.0  # seconds to end in, before it is made to


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the port."""
    parser.add_argument(
        "--port",
        metavar="P",
        help="examine only this one (default: all without hardware, and all that are attached)",
    )


def run(args: argparse.Namespace, output: Output) -> int:
    """Examine the ports, and say what was found."""

    output.results |= {"version": __version__, "ports": {}, "next": []}
    if args.port:
        output.results["ports"][args.port] = found = _examined(args.port)
        _show(args.port, found, output)
        return 0
    attached = serial_port.attached()
    output.results["attached"] = attached
    output.say(
        f"spikelet {__version__} on Python {platform.python_version()}, {platform.platform()}"
    )
    for name, found in _examine_apart((*attached, *NO_HARDWARE), attached):
        output.results["ports"][name] = found
        _show(name, found, output)
    if advice := _of_all(attached):
        output.results["next"].append(advice)
        output.say(advice)
    return 0


def _of_all(attached: Sequence[str]) -> str:
    """Return what to do about how many boards are attached."""
    if not attached:
        return (
            "no board is attached; plug one in with a cable that carries data to see it here, or "
            "use --port virtual"
        )
    if len(attached) > 1:
        return f"{len(attached)} boards are attached; name the one you mean with --port"
    return ""


def _examined(name: str) -> dict[str, Any]:
    """Return what is at a port, for machines."""

    try:
        found = readiness.examine(name)
    except SpikeletError as error:
        return {"works": False, "says": str(error), "next": []}
    asked = found.interpreter
    return {
        "works": True,
        "says": _lines(found),
        "next": list(found.advice),
        "runtime": asked.name,
        "version": found.version,
        "machine": asked.machine,
        "boards": [board.name for board in found.identity.boards],
        "identified": found.identity.certain,
        "ulab": asked.ulab,
        "emitters": asked.emitters,
        "bytecode": asked.bytecode,
        "architecture": asked.architecture,
        "memory_free": asked.memory_free,
        "files": {
            "size": asked.flash_size,
            "free": asked.flash_free,
            "read_only": found.read_only,
        },
        "rom_size": asked.rom_size,
        "holds_runtime": found.runtime,
        "network_bytes": found.network,
    }


def _lines(found: Examination) -> list[str]:
    """Return what people are told about a board."""
    asked = found.interpreter
    is_board = f": {found.identity}" if found.identity.boards else ""
    native = ", ".join(asked.emitters) or "no native code"
    memory = f", {asked.memory_free:,} bytes of memory free" if asked.memory_free else ""
    held = "no runtime of Spikelet"
    if found.runtime:
        held = f"a runtime, {f'a network of {found.network:,} bytes' if found.network else 'no network'}"
    return [
        f"{found.runs} on {asked.machine}{is_board}",
        f"{native}; {f'ulab {asked.ulab}' if asked.ulab else 'no ulab'}{memory}",
        f"{_files(found)}; {held}",
    ]


def _files(found: Examination) -> str:
    asked = found.interpreter
    rom = f", ROM partition of {asked.rom_size:,}" if asked.rom_size else ""
    if found.on_a_computer:
        return f"files in a folder of this computer{rom}"
    if not asked.flash_size:
        return f"no file system of its own{rom}"
    state = ", read-only" if found.read_only else ""
    return f"{asked.flash_free:,} of {asked.flash_size:,} bytes for files free{state}{rom}"


def _show(name: str, found: dict[str, Any], output: Output) -> None:
    if not found["works"]:
        says = found["says"]
        output.say(f"--  {says if says.startswith(name) else f'{name}: {says}'}")
        return
    first, *others = found["says"]
    output.say(f"ok  {name}: {first}")
    for line in others:
        output.say(f"    {line}")
    for sentence in found["next"]:
        output.say(f"    next: {sentence}")


def _examine_apart(
    names: Sequence[str], attached: Sequence[str]
) -> list[tuple[str, dict[str, Any]]]:
    """Examine each port in a process of its own, which can be ended if its board never answers.

    Boards at cables, which may take their time, are all asked at once; those that this computer has
    to run, two at a time.
    """

    with ThreadPoolExecutor(len(attached) + 2) as pool:
        return list(
            zip(names, pool.map(lambda name: _apart(name, name in attached), names), strict=True)
        )


def _apart(name: str, is_device: bool) -> dict[str, Any]:

    command = [sys.executable, "-m", "spikelet", "doctor", "--json", "--port", name]
    limit = DEVICE_LIMIT if is_device else EMULATED_LIMIT
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        try:
            said = process.communicate(timeout=limit)[0]
        except subprocess.TimeoutExpired:
            _end(process)
            says = f"{name} has not said what it is in {limit:.0f} s; reset it and try again"
            return {"works": False, "says": says, "next": []}
    try:
        found: dict[str, Any] = json.loads(said)["ports"][name]
    except (ValueError, KeyError):
        says = f"{name} could not be examined; run spikelet doctor --port {name} to see why"
        return {"works": False, "says": says, "next": []}
    return found


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process as Ctrl-C does, so that it ends what it started, else at once."""

    process.send_signal(signal.SIGINT)
    try:
        process.wait(GRACE)
    except subprocess.TimeoutExpired:
        process.kill()
