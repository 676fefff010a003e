"""The verb `doctor`: examines every port, and says how to fix problems."""

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
from spikelet.errors import RIGHT, BoardError, SpikeletError
from spikelet.flashing import readiness
from spikelet.flashing.readiness import Readiness
from spikelet.output import Output
from spikelet.version import __version__

EXAMPLE = "spikelet doctor"
NO_HARDWARE = ("virtual", "unix", "qemu:m3", "qemu:m0", "qemu:rv32", "pico")

# Seconds for the answer of a board at a cable.
DEVICE_LIMIT = 10.0
# Seconds for the answer of a board that this computer emulates.
EMULATED_LIMIT = 60.0
# Seconds in which a process must end before the command kills it.
GRACE = 2.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the port."""
    parser.add_argument(
        "--port",
        metavar="P",
        help="examine only this port (default: all attached boards, and all boards without hardware)",
    )


def run(args: argparse.Namespace, output: Output) -> int:
    """Show a report on the ports; fail if the named one, or an attached board, does not work."""
    output.results |= {"version": __version__, "ports": {}, "next": []}
    if args.port:
        output.results["ports"][args.port] = report = _examined(args.port)
        _show(args.port, report, output)
        return RIGHT if report["works"] else report["status"]
    attached = serial_port.attached()
    output.results["attached"] = attached
    output.say(
        f"spikelet {__version__} on Python {platform.python_version()}, {platform.platform()}"
    )
    for name, report in _examine_apart((*attached, *NO_HARDWARE), attached):
        output.results["ports"][name] = report
        _show(name, report, output)
    if advice := _of_all(attached):
        output.results["next"].append(advice)
        output.say(advice)
    works = all(output.results["ports"][name]["works"] for name in attached)
    return RIGHT if works else BoardError.status


def _of_all(attached: Sequence[str]) -> str:
    """Return advice if no board or more than one is attached; else ""."""
    if not attached:
        return (
            "no board is attached; plug one in with a cable that carries data to see it here, or "
            "use --port virtual"
        )
    if len(attached) > 1:
        return f"{len(attached)} boards are attached; name the one you mean with --port"
    return ""


def _examined(name: str) -> dict[str, Any]:
    """Return the report on a port, for JSON."""
    try:
        state = readiness.check_readiness(name)
    except SpikeletError as error:
        return _dead(str(error), error.status)
    interpreter = state.interpreter
    return {
        "works": True,
        "says": _lines(state),
        "next": list(state.advice),
        "runtime": interpreter.name,
        "version": state.version,
        "machine": interpreter.machine,
        "boards": [board.name for board in state.identity.boards],
        "identified": state.identity.certain,
        "ulab": interpreter.ulab,
        "emitters": interpreter.emitters,
        "bytecode": interpreter.bytecode,
        "architecture": interpreter.architecture,
        "memory_free": interpreter.memory_free,
        "files": {
            "size": interpreter.flash_size,
            "free": interpreter.flash_free,
            "read_only": state.read_only,
        },
        "rom_size": interpreter.rom_size,
        "holds_runtime": state.runtime,
        "network_bytes": state.network,
    }


def _dead(says: str, status: int = BoardError.status) -> dict[str, Any]:
    """Return the report on a port without a board that works."""
    return {"works": False, "says": says, "status": status, "next": []}


def _lines(state: Readiness) -> list[str]:
    """Return the report on a board as sentences."""
    interpreter = state.interpreter
    is_board = f": {state.identity}" if state.identity.boards else ""
    native = ", ".join(interpreter.emitters) or "no native code"
    memory = (
        f", {interpreter.memory_free:,} bytes of memory free" if interpreter.memory_free else ""
    )
    contents = "no runtime of Spikelet"
    if state.runtime:
        contents = (
            "a runtime, "
            f"{f'a network of {state.network:,} bytes' if state.network else 'no network'}"
        )
    return [
        f"{state.runs} on {interpreter.machine}{is_board}",
        f"{native}; {f'ulab {interpreter.ulab}' if interpreter.ulab else 'no ulab'}{memory}",
        f"{_files(state)}; {contents}",
    ]


def _files(board: Readiness) -> str:
    interpreter = board.interpreter
    rom = f", ROM partition of {interpreter.rom_size:,}" if interpreter.rom_size else ""
    if board.on_a_computer:
        return f"files in a folder of this computer{rom}"
    if not interpreter.flash_size:
        return f"no file system of its own{rom}"
    state = ", read-only" if board.read_only else ""
    return (
        f"{interpreter.flash_free:,} of {interpreter.flash_size:,} bytes for files free{state}{rom}"
    )


def _show(name: str, report: dict[str, Any], output: Output) -> None:
    if not report["works"]:
        says = report["says"]
        output.say(f"--  {says if says.startswith(name) else f'{name}: {says}'}")
        return
    first, *others = report["says"]
    output.say(f"ok  {name}: {first}")
    for line in others:
        output.say(f"    {line}")
    for sentence in report["next"]:
        output.say(f"    next: {sentence}")


def _examine_apart(
    names: Sequence[str], attached: Sequence[str]
) -> list[tuple[str, dict[str, Any]]]:
    """Examine each port in a process of its own, which the command can end if no answer comes.

    It asks all boards at cables at once, because they can be slow. It runs two emulated boards at a
    time.
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
            answer = process.communicate(timeout=limit)[0]
        except subprocess.TimeoutExpired:
            _end(process)
            says = f"{name} has not answered in {limit:.0f} s; reset it and try again"
            return _dead(says)
    try:
        report: dict[str, Any] = json.loads(answer)["ports"][name]
    except (ValueError, KeyError):
        says = f"{name} could not be examined; run spikelet doctor --port {name} to see why"
        return _dead(says)
    return report


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process like Ctrl-C, so that it ends its own processes; kill it after `GRACE`."""
    process.send_signal(signal.SIGINT)
    try:
        process.wait(GRACE)
    except subprocess.TimeoutExpired:
        process.kill()
