"""What is known of each board: data files, read and never executed."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, fields
from typing import Any

from spikelet import resources
from spikelet.errors import SpikeletError


@dataclass(frozen=True)
class Machine:
    """How an emulator runs a board.

    system         its program          package     the Debian package that has it
    arguments      of its command line  firmware    file name in the cache's folder `emulated`
    rom_address    int, where what is flashed stands in the machine's memory
    rom_size       int, bytes of room there
    """

    system: str
    package: str
    arguments: list[str]
    firmware: str
    rom_address: int
    rom_size: int


@dataclass(frozen=True)
class Board:
    """One board.

    name           of its file              description    one line
    port           as `--port` spells it    cpu            its core
    runtimes       interpreters it runs     kernels        of the runtime, the fastest first
    ram_free       int, bytes free for Python after boot; 0 where there is no fixed limit
    flash_free     int, bytes for files; 0 where there is no fixed limit
    usb_ids        (vendor, product) pairs  source         where each fact comes from
    """

    name: str
    description: str
    port: str
    cpu: str
    runtimes: tuple[str, ...]
    kernels: tuple[str, ...]
    ram_free: int
    flash_free: int
    usb_ids: tuple[tuple[int, int], ...]
    source: dict[str, str]
    machine: Machine | None = None

    @property
    def qemu(self) -> Machine:
        """How QEMU runs it; raises SpikeletError for a board that it does not run."""
        if self.machine is None:
            raise SpikeletError(f"{self.name} is not an emulated board")
        return self.machine


def names() -> list[str]:
    """Return the names of all boards, sorted."""
    return sorted(path.stem for path in resources.board_folder().glob("*.toml"))


def load(name: str) -> Board:
    """Return the board called `name`.

    Raises SpikeletError if there is none, or its file lacks something.
    """
    path = resources.board_folder() / f"{name}.toml"
    if name not in names():
        raise SpikeletError(f"no board is called {name!r}; there are: {', '.join(names())}")
    try:
        data = tomllib.loads(path.read_text("utf-8"))
        return _board(name, data)
    except (KeyError, TypeError, ValueError) as error:
        raise SpikeletError(f"{path} is not a board file: {error}") from None


def _board(name: str, data: dict[str, Any]) -> Board:
    machine = data.pop("qemu", None)
    known = {field.name for field in fields(Board)} - {"name", "machine"}
    if unknown := set(data) - known:
        raise TypeError(f"{', '.join(sorted(unknown))} is unknown")
    return Board(
        name=name,
        machine=None if machine is None else Machine(**machine),
        **{
            **data,
            "runtimes": tuple(data["runtimes"]),
            "kernels": tuple(data["kernels"]),
            "usb_ids": tuple((vendor, product) for vendor, product in data["usb_ids"]),
        },
    )
