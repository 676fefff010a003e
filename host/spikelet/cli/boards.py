"""The verb `boards`: lists the known boards, or shows one."""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.table import Table

from spikelet.boards import catalogue, identify, serial_port
from spikelet.boards.catalogue import BoardType, Runtime, Sensor
from spikelet.boards.identify import Identity
from spikelet.output import Output, printing

EXAMPLE = "spikelet boards pico"

# Columns of the table in a pipe, at most.
WIDTH = 100
NAMES = {"micropython": "MicroPython", "circuitpython": "CircuitPython", "cpython": "CPython"}
UNKNOWN = "unknown until the board reports it"
CERTAIN, GUESS = "*", "?"
KEY = f"""\
Every interpreter runs the kernel plain as well.
{CERTAIN} attached, by its USB ids; {GUESS} perhaps: other boards share its ids; see spikelet doctor"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the name of a board."""
    parser.add_argument("name", nargs="?", metavar="NAME", help="board to show in full")


def run(args: argparse.Namespace, output: Output) -> int:
    """Show the table of boards, or one board."""
    attached = {
        port.device: (port, identify.by_usb((port.vid, port.pid)))
        for port in serial_port.attached_ports()
    }
    identities = {device: identity for device, (_, identity) in attached.items()}
    if args.name:
        known = catalogue.load_board_type(args.name)
        output.results |= _facts(known, identities)
        _show(known, identities, output)
        return 0
    every = catalogue.every()
    output.results["boards"] = [_facts(board, identities) for board in every]
    output.results["ports"] = list(attached)
    _table(every, identities, output)
    for device, (port, identity) in attached.items():
        output.say(f"{device}: {port.vid:04x}:{port.pid:04x} {port.description}: {identity}")
    return 0


def _facts(board: BoardType, attached: Mapping[str, Identity]) -> dict[str, Any]:
    """Return the whole file of a board and its ports, for JSON."""
    at = [device for device, identity in attached.items() if board in identity.boards]
    sure = [device for device in at if attached[device].certain]
    first = {key: getattr(board, key) for key in ("kernels", "ram_free", "flash_free")}
    return asdict(board) | first | {"attached": sure, "perhaps_attached": sorted({*at} - {*sure})}


def _table(every: Sequence[BoardType], attached: Mapping[str, Identity], output: Output) -> None:
    people = Console(quiet=output.json, highlight=False)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("", "board", "MicroPython", "CircuitPython"):
        table.add_column(column, no_wrap=True)
    for column in ("MHz", "RAM", "flash"):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("sensors", overflow="fold")
    for board in every:
        table.add_row(
            _mark(board, attached),
            board.name,
            "CPython: ulab" if "cpython" in board.runtimes else _kernels(board, "micropython"),
            _kernels(board, "circuitpython"),
            str(board.clock_mhz or ""),
            _size(board.ram),
            _size(board.flash),
            ", ".join(dict.fromkeys(map(_sensor, board.sensors))),
        )
    if not people.is_terminal or people.width > WIDTH:
        people.width = WIDTH
    with printing():
        people.print(table)
    output.say(KEY)


def _mark(board: BoardType, attached: Mapping[str, Identity]) -> str:
    certain = [identity.certain for identity in attached.values() if board in identity.boards]
    return "" if not certain else CERTAIN if any(certain) else GUESS


def _kernels(board: BoardType, name: str) -> str:
    """Return the kernels of one runtime of a board, without the last one, which all boards have."""
    if name not in board.runtimes:
        return "-"
    return ", ".join(board.runtimes[name].kernels[:-1]) or "plain"


def _sensor(sensor: Sensor) -> str:
    """Return the chip of a sensor if a driver needs it, else the quantity that it measures."""
    return sensor.chip if sensor.chip and sensor.bus == "i2c" else sensor.kind


def _size(size: int | None) -> str:
    """Return a size in KiB or MiB; "" without a size."""
    if not size:
        return ""
    return f"{size / 2**20:.3g} MiB" if size >= 2**20 else f"{size / 2**10:.3g} KiB"


def _show(board: BoardType, attached: Mapping[str, Identity], output: Output) -> None:
    """Show all facts about one board."""
    output.say(f"{board.name}: {board.description}")
    clock = f" at {board.clock_mhz} MHz" if board.clock_mhz else ""
    fpu = {True: ", floats in hardware", False: ", no floats in hardware", None: ""}[board.fpu]
    output.say(f"core       {board.cpu}{clock}{fpu}")
    if board.ram:
        psram = f" and {board.psram:,} of PSRAM" if board.psram else ""
        output.say(f"memory     {board.ram:,} bytes of RAM{psram}, {board.flash:,} of flash")
    if board.port:
        output.say(f"emulated   --port {board.port}")
    for device, identity in attached.items():
        if board in identity.boards:
            output.say(f"attached   {device}: {identity}")
    for sensor in board.sensors:
        address = "" if sensor.address is None else f" at {sensor.address:#x}"
        chip = f" {sensor.chip}" if sensor.chip else ""
        gyroscope = " and gyroscope" if sensor.gyroscope else ""
        output.say(f"sensor     {sensor.kind}{gyroscope}{chip}, {sensor.bus}{address}")
        for name, pins in sensor.pins.items():
            output.say(f"  {NAMES[name]}: {_spelled(pins)}")
    for runtime in board.runtimes.values():
        _show_runtime(runtime, output)
    output.say("sources")
    for fact, place in board.source.items():
        output.say(f"  {fact}: {place}")


def _show_runtime(runtime: Runtime, output: Output) -> None:
    firmware = f", firmware {runtime.firmware}" if runtime.firmware else ""
    variant = f", variant {runtime.variant}" if runtime.variant else ""
    clock = f", at {runtime.clock_mhz} MHz" if runtime.clock_mhz else ""
    output.say(f"{NAMES[runtime.name]}{firmware}{variant}{clock}")
    output.say(f"  kernels    {', '.join(runtime.kernels)}")
    output.say(f"  RAM free   {_free(runtime.ram_free)}")
    output.say(f"  files      {_free(runtime.flash_free)}")
    if runtime.rom_size:
        output.say(f"  ROM        {runtime.rom_size:,} bytes")
    if runtime.machine:
        shared = ", as other boards do" if runtime.firmware_shared else ""
        output.say(f"  says       {' or '.join(runtime.machine)}{shared}")
    if runtime.usb_ids:
        ids = ", ".join(f"{vendor:04x}:{product:04x}" for vendor, product in runtime.usb_ids)
        shared = ", as other devices do" if runtime.usb_shared else ""
        output.say(f"  USB ids    {ids}{shared}")
    if runtime.usb_cdc_data is not None:
        can = "can" if runtime.usb_cdc_data else "cannot"
        output.say(f"  usb_cdc    boot.py {can} enable usb_cdc.data")
    for purpose, pins in runtime.pins.items():
        output.say(f"  {purpose:<10} {_spelled(pins)}")


def _free(size: int | None) -> str:
    if size is None:
        return UNKNOWN
    return f"{size:,} bytes" if size else "no fixed limit"


def _spelled(pins: Any) -> str:
    if isinstance(pins, Mapping):
        return ", ".join(f"{line} {pin}" for line, pin in pins.items())
    return ", ".join(map(str, pins)) if isinstance(pins, list) else str(pins)
