"""Vendors' drivers of sensors, put on a board by the tools that its own people use for it.

CircuitPython's libraries come by circup, through the board's drive; MicroPython's by mpremote's mip,
over its REPL. Both fetch them from where they are set up to. What is installed stands in the board's
folder lib, apart from all that Spikelet puts there.
Source: circup's manual; MicroPython's manual, "Package management".
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from mpremote import mip
from mpremote.commands import CommandError
from mpremote.transport import TransportError

from spikelet.boards import raw_repl
from spikelet.errors import SpikeletError
from spikelet.flashing import files_by_drive

if TYPE_CHECKING:
    from mpremote.transport_serial import SerialTransport

    from spikelet.boards.port import Port


def install(port: Port, interpreter: str, name: str) -> str:
    """Put a package on the board at a port; return what the tool said.

    interpreter    "micropython", "circuitpython"
    name           of the package as circup and mip know it; for mip also a .json file of one
    Raises SpikeletError where it cannot be had, or there is no way to put it there.
    """
    with port.connect() as transport:
        if interpreter == "micropython":
            return _by_mip(transport, port.name, name)
        files = files_by_drive.of(transport)
    if interpreter != "circuitpython":
        raise SpikeletError(f"{port.name} takes no packages; copy the driver into its folder lib")
    if files is None:
        raise SpikeletError(
            f"the drive of {port.name} (CIRCUITPY) is not mounted here, and circup needs it; mount it, "
            "or copy the driver into its folder lib"
        )
    return _by_circup(str(files.folder), name)


def _by_mip(transport: SerialTransport, board: str, name: str) -> str:
    wanted = {
        "command": ["install"],
        "packages": [name],
        "index": None,
        "target": None,
        "mpy": True,
    }
    try:
        return raw_repl.command(transport, mip.do_mip, **wanted)
    except (CommandError, OSError, ValueError, TransportError) as error:
        raise SpikeletError(
            f"mip could not put {name} on {board}: {error}; what it put there is in the board's lib"
        ) from None


def _by_circup(folder: str, name: str) -> str:
    program = shutil.which("circup")
    if program is None:
        raise SpikeletError(
            f"circup, which installs {name}, is not here; pip install 'spikelet[drivers]', or copy the "
            f"driver into {folder}/lib"
        )
    done = subprocess.run(
        [program, "--path", folder, "install", name], capture_output=True, text=True, check=False
    )
    said = done.stdout + done.stderr
    # It also ends well where it knows no such library.
    if done.returncode or not list(Path(folder, "lib").glob(f"{Path(name).stem}*")):
        raise SpikeletError(
            f"circup could not install {name}: {raw_repl.last_line(said)}; "
            "it needs the network, and a name that circup show lists"
        )
    return said
