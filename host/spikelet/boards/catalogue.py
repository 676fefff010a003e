"""What is known of each board: data files, read and never executed."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from spikelet import installation
from spikelet.errors import SpikeletError

RUNTIMES = ("micropython", "circuitpython", "cpython")
UsbId = tuple[int, int]


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
class Runtime:
    """An interpreter on a board.

    name               one of RUNTIMES
    kernels            that run on it, the fastest first
    firmware           what its sources call the board; CircuitPython says it as board.board_id
    machine            what MicroPython's sys.implementation._machine or os.uname().machine may say
    firmware_shared    bool, whether other boards run the same firmware, which says the same there
    variant            of the firmware that the other facts hold for
    usb_ids            (vendor, product) pairs of its serial port
    usb_shared         bool, whether other devices show the same pairs
    clock_mhz          int, where it is not the board's
    ram_free           int, bytes free for Python after boot; 0 where there is no fixed limit, None
                       where it is unknown until the board is asked
    flash_free         the same of its file system
    file_system        "fat" where it is one; CircuitPython's is in any case
    rom_size           int, bytes of the ROM partition that its firmware has; 0 without one
    usb_cdc_data       bool, whether boot.py can enable CircuitPython's second serial port
    pins               {purpose: as this interpreter spells them}
    """

    name: str
    kernels: tuple[str, ...]
    firmware: str = ""
    machine: tuple[str, ...] = ()
    firmware_shared: bool = False
    variant: str = ""
    usb_ids: tuple[UsbId, ...] = ()
    usb_shared: bool = False
    clock_mhz: int = 0
    ram_free: int | None = None
    flash_free: int | None = None
    file_system: str = ""
    rom_size: int = 0
    usb_cdc_data: bool | None = None
    pins: Mapping[str, Any] = field(default_factory=dict)

    @property
    def fat(self) -> bool:
        """Whether its file system is FAT; littlefs otherwise."""
        return self.name == "circuitpython" or self.file_system == "fat"

    def says(self, said: str) -> bool:
        """Return whether `said` is how this interpreter calls this board."""
        if self.name == "circuitpython":
            return said == self.firmware
        return _spelled(said) in map(_spelled, self.machine)


@dataclass(frozen=True)
class Sensor:
    """A sensor on a board.

    kind         what it measures            chip         its type, lower case, where it is known
    bus          "i2c", "adc" or "pdm"       address      int of 7 bits, on I2C
    gyroscope    bool, whether it has one    pins         {runtime: {line: spelling}}; a runtime
                 as well                                  that does not reach it is missing
    """

    kind: str
    bus: str
    chip: str = ""
    address: int | None = None
    gyroscope: bool = False
    pins: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class BoardType:
    """One board.

    name           of its file            description    one line
    port           as `--port` spells it, for a board without hardware
    cpu            its core               clock_mhz      int, 0 where it means nothing
    fpu            bool, whether it computes floats in hardware; None where nobody says
    ram, psram, flash    int, bytes that the board has in all; 0 where it means nothing
    runtimes       {name: interpreter}, that of the fastest kernel first
    sensors        on the board           source         {fact: where it comes from}
    """

    name: str
    description: str
    cpu: str
    runtimes: Mapping[str, Runtime]
    source: Mapping[str, str]
    port: str = ""
    clock_mhz: int = 0
    fpu: bool | None = None
    ram: int = 0
    psram: int = 0
    flash: int = 0
    sensors: tuple[Sensor, ...] = ()
    machine: Machine | None = None

    @property
    def first(self) -> Runtime:
        """The runtime that counts where none was named."""
        return next(iter(self.runtimes.values()))

    @property
    def kernels(self) -> tuple[str, ...]:
        """The first runtime's kernels, the fastest first."""
        return self.first.kernels

    @property
    def ram_free(self) -> int | None:
        """Bytes free for Python after boot, as Runtime has them."""
        return self.first.ram_free

    @property
    def flash_free(self) -> int | None:
        """Bytes of the file system, as Runtime has them."""
        return self.first.flash_free

    @property
    def qemu(self) -> Machine:
        """How QEMU runs it; raises SpikeletError for a board that it does not run."""
        if self.machine is None:
            raise SpikeletError(f"{self.name} is not an emulated board")
        return self.machine


def board_names() -> list[str]:
    """Return the names of all boards, sorted."""
    return sorted(path.stem for path in installation.board_folder().glob("*.toml"))


def load_board_type(name: str) -> BoardType:
    """Return the board called `name`.

    Raises SpikeletError if there is none, or its file lacks something.
    """
    path = installation.board_folder() / f"{name}.toml"
    if name not in board_names():
        raise SpikeletError(f"no board is called {name!r}; there are: {', '.join(board_names())}")
    try:
        data = tomllib.loads(path.read_text("utf-8"))
        return _board(name, data)
    except (KeyError, TypeError, ValueError) as error:
        raise SpikeletError(f"{path} is not a board file: {error}") from None


def every() -> list[BoardType]:
    """Return all boards, sorted by name."""
    return [load_board_type(name) for name in board_names()]


def _spelled(machine: str) -> str:
    """Return a machine's name without what versions of an interpreter spell differently."""
    return machine.lower().replace("-", "")


def _board(name: str, data: dict[str, Any]) -> BoardType:
    runtimes = {key: _runtime(key, data.pop(key)) for key in RUNTIMES if key in data}
    if not runtimes:
        raise TypeError(f"it has none of the tables {', '.join(RUNTIMES)}")
    machine = data.pop("qemu", None)
    sensors = data.pop("sensors", ())
    known = {each.name for each in fields(BoardType)} - {"name", "machine", "runtimes", "sensors"}
    if unknown := set(data) - known:
        raise TypeError(f"{', '.join(sorted(unknown))} is unknown")
    return BoardType(
        name=name,
        runtimes=runtimes,
        sensors=tuple(_sensor(sensor) for sensor in sensors),
        machine=None if machine is None else Machine(**machine),
        **{**data, "source": dict(_flat(data["source"]))},
    )


def _runtime(name: str, data: dict[str, Any]) -> Runtime:
    return Runtime(
        name=name,
        **{
            **data,
            "kernels": tuple(data["kernels"]),
            "machine": tuple(data.get("machine", ())),
            "usb_ids": tuple((vendor, product) for vendor, product in data.get("usb_ids", ())),
        },
    )


def _sensor(data: dict[str, Any]) -> Sensor:
    pins = {runtime: data.pop(runtime) for runtime in RUNTIMES if runtime in data}
    return Sensor(**data, pins=pins)


def _flat(source: Mapping[str, Any], above: str = "") -> Iterable[tuple[str, str]]:
    """Yield the sources of nested tables, each by its fact with the tables' names before it."""
    for fact, where in source.items():
        if isinstance(where, dict):
            yield from _flat(where, f"{above}{fact}.")
        else:
            yield above + fact, where
