"""`spikelet boards`."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spikelet.cli.output import Output

SUMMARY = "List the boards that Spikelet knows, and the ports where one is attached."
EXAMPLE = "spikelet boards"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add nothing: `boards` takes no arguments of its own."""


def run(args: argparse.Namespace, output: Output) -> int:
    """Show the table of boards."""
    from serial.tools import list_ports

    from spikelet import boards

    attached = [port for port in list_ports.comports() if port.vid is not None]
    rows = []
    output.results["boards"] = []
    for name in boards.names():
        board = boards.load(name)
        devices = [port.device for port in attached if (port.vid, port.pid) in board.usb_ids]
        output.results["boards"].append(
            {
                "name": name,
                "description": board.description,
                "port": board.port,
                "runtimes": board.runtimes,
                "kernels": board.kernels,
                "ram_free": board.ram_free,
                "attached": devices,
            }
        )
        rows.append(
            (name, board.port, ", ".join(board.kernels), ", ".join(devices), board.description)
        )
    output.table(("board", "--port", "kernels", "attached", "what it is"), rows)
    output.results["ports"] = [port.device for port in attached]
    for port in attached:
        output.say(f"{port.device}: {port.vid:04x}:{port.pid:04x} {port.description}")
    return 0
