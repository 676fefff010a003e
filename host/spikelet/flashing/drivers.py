"""Installs vendors' drivers of sensors on a board, with circup or mip.

circup installs CircuitPython's libraries through the drive of the board; mpremote's mip installs
MicroPython's packages over its REPL. Both download from the index in their settings. They install into
the folder lib of the board, apart from Spikelet's files.
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
from spikelet.errors import SpikeletError, UsageError
from spikelet.flashing.files_by_drive import DriveFiles

if TYPE_CHECKING:
    from mpremote.transport_serial import SerialTransport

    from spikelet.boards.port import Port


def install_driver(port: Port, interpreter: str, name: str) -> str:
    """Install a package on the board at a port.

    Parameters
    ----------
    port : Port
    interpreter : str
        "micropython" or "circuitpython".
    name : str
        The name of the package in circup or mip; for mip also a .json file that describes it.

    Returns
    -------
    str
        The output of circup or mip.

    Raises
    ------
    SpikeletError
        If the package cannot be downloaded or installed, or the board takes no packages.
    """
    with port.connect() as transport:
        if interpreter == "micropython":
            return _by_mip(transport, port.name, name)
        files = DriveFiles.of(transport)
    if interpreter != "circuitpython":
        raise UsageError(f"{port.name} takes no packages; copy the driver into its folder lib")
    if files is None:
        raise SpikeletError(
            f"the drive of {port.name} (CIRCUITPY) is not mounted here, and circup needs it; mount it, "
            "or copy the driver into its folder lib"
        )
    return _by_circup(str(files.folder), name)


def _by_mip(transport: SerialTransport, board: str, name: str) -> str:
    arguments = {
        "command": ["install"],
        "packages": [name],
        "index": None,
        "target": None,
        "mpy": True,
    }
    try:
        return raw_repl.command(transport, mip.do_mip, **arguments)
    except (CommandError, OSError, ValueError, TransportError) as error:
        raise SpikeletError(
            f"mip could not put {name} on {board}: {error}; any files of it are in the board's lib"
        ) from None


def _by_circup(folder: str, name: str) -> str:
    program = shutil.which("circup")
    if program is None:
        raise SpikeletError(
            f"circup, which installs {name}, is not here; pip install 'spikelet[drivers]', or copy the "
            f"driver into {folder}/lib"
        )
    run = subprocess.run(
        [program, "--path", folder, "install", name],
        capture_output=True,
        text=True,
        check=False,
    )
    output = run.stdout + run.stderr
    # circup also exits with 0 if it does not know the library.
    if run.returncode or not list(Path(folder, "lib").glob(f"{Path(name).stem}*")):
        raise SpikeletError(
            f"circup could not install {name}: {raw_repl.last_line(output)}; "
            "it needs the network, and a name that circup show lists"
        )
    return output
