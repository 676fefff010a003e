"""Writes ROMFS images to the ROM partition of a board, which executes them in place.

MicroPython has a ROM partition from 1.25 on, on boards that were configured for it; mpremote writes it.
Source: MicroPython's manual, "Working with filesystems", and mpremote's `romfs deploy`.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from mpremote import commands
from mpremote.transport import TransportExecError

from spikelet import installation
from spikelet.boards import raw_repl, start_code
from spikelet.boards.port import Port, ReplPort
from spikelet.errors import RefusedInput, SpikeletError, UsageError
from spikelet.flashing import stage
from spikelet.flashing.inventory import Inventory
from spikelet.flashing.layout import Layout

if TYPE_CHECKING:
    from mpremote.transport_serial import SerialTransport

PARTITION = 0


class Rom(ReplPort):
    """A port that writes the files of its board to the ROM partition.

    Parameters
    ----------
    port : Port
        The port of the board.
    size : int
        Bytes of the partition; 0 without one.

    Raises
    ------
    SpikeletError
        If the board has no ROM partition.
    """

    in_place = True

    def __init__(self, port: Port, size: int) -> None:
        if not size:
            raise UsageError(
                f"{port.name} has no ROM partition; flash without --rom, or put a MicroPython there "
                "that has one"
            )
        self.port = port
        self.size = size
        self.name = port.name
        self.prelude = port.prelude + installation.board_side(
            "mount_rom", _paths=start_code.in_rom()
        )

    def connect(self) -> contextlib.AbstractContextManager[SerialTransport]:
        """Open the raw REPL of the board."""
        return self.port.connect()

    def is_in_use(self) -> bool:
        """Return whether the board starts from its ROM."""
        with self.connect() as transport:
            paths = Inventory.take(stage.files_of(transport)).in_use
        return bool(start_code.in_rom().items() & paths.items())

    def write_image(self, image: bytes) -> None:
        """Write an image to the partition.

        Raises
        ------
        SpikeletError
            If it does not fit, or cannot be written.
        """
        if len(image) > self.size:
            raise RefusedInput(
                f"{self.name}'s ROM partition has {self.size:,} bytes, below the {len(image):,} of "
                "the runtime and this network; flash without --rom, or train a smaller network"
            )
        with self.connect() as transport:
            deploy(transport, image)

    def activate(self, files: Mapping[str, bytes]) -> stage.UserFiles:
        """Let the board start from its ROM; return the user's files."""
        layout = Layout(entries=Layout.of_files(files).entries, paths=start_code.in_rom(files))
        with self.connect() as transport:
            board = stage.files_of(transport)
            look = stage.look_at(board, [layout])
            for _ in stage.stage(board, look):
                pass
            board.make([start_code.FOLDER])
            return replace(stage.conclude(board, layout), backups=look.backups)


def deploy(transport: SerialTransport, image: bytes) -> None:
    """Write an image to the first ROM partition of a board, over its raw REPL.

    Raises
    ------
    SpikeletError
        If the board has no ROM partition, or cannot write it.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "image.romfs")
        path.write_bytes(image)
        arguments = {"command": ["deploy"], "path": str(path), "partition": PARTITION, "mpy": False}
        try:
            raw_repl.command(transport, commands.do_romfs, **arguments)
        except commands.CommandError as error:
            raise SpikeletError(f"the board took no ROM image ({error})") from None
        except TransportExecError as error:
            reason = raw_repl.last_line(error.error_output)
            raise SpikeletError(f"the board could not write its ROM ({reason})") from None
