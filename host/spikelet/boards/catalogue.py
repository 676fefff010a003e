"""Load the facts about each board from its TOML file.

Board files are data: reading one executes no code.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from spikelet import installation
from spikelet.errors import RefusedInput, UsageError

RUNTIMES = ("micropython", "circuitpython", "cpython")
UsbId = tuple[int, int]


@dataclass(frozen=True)
class Machine:
    """Command line and memory map of the emulator that runs a board.

    Attributes
    ----------
    system : str
        Name of the emulator's program.
    package : str
        Debian package that contains the program.
    arguments : list of str
        Arguments of its command line.
    firmware : str
        File name in the folder `emulated` of the cache.
    rom_address : int
        Address in the machine's memory at which the flashed image begins.
    rom_size : int
        Capacity for the image, in bytes.
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

    Attributes
    ----------
    name : str
        One of RUNTIMES.
    kernels : tuple of str
        Kernels that run on it, the fastest first.
    firmware : str
        Name of the board in the sources of the firmware; CircuitPython's `board.board_id`.
    machine : tuple of str
        Possible values of MicroPython's `sys.implementation._machine` or `os.uname().machine`.
    firmware_shared : bool
        Whether other boards run the same firmware, which reports the same name there.
    variant : str
        Variant of the firmware to which the other facts apply.
    usb_ids : tuple of (int, int)
        (vendor, product) pairs of its serial port.
    usb_shared : bool
        Whether other devices show the same pairs.
    clock_mhz : int
        Clock in MHz if it differs from the board's, else 0.
    ram_free : int or None
        Bytes free for Python after boot; 0 without a fixed limit, None if only the board knows.
    flash_free : int or None
        Bytes of its file system, with 0 and None as above.
    file_system : str
        "fat" for a FAT file system; CircuitPython always has one.
    rom_size : int
        Bytes of the ROM partition of its firmware; 0 without one.
    usb_cdc_data : bool or None
        Whether boot.py can enable CircuitPython's second serial port.
    pins : mapping
        {purpose: pins as this interpreter spells them}
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

    def says(self, board_name: str) -> bool:
        """Return whether this interpreter reports `board_name` on this board."""
        if self.name == "circuitpython":
            return board_name == self.firmware
        return _spelled(board_name) in map(_spelled, self.machine)


@dataclass(frozen=True)
class Sensor:
    """A sensor on a board.

    Attributes
    ----------
    kind : str
        Measured quantity, such as "accelerometer" or "light".
    bus : str
        "i2c", "adc" or "pdm".
    chip : str
        Type in lower case; empty if unknown.
    address : int or None
        7-bit address on I2C.
    gyroscope : bool
        Whether the chip has a gyroscope as well.
    pins : mapping
        {runtime: {line: spelling}}, without the runtimes that cannot reach the sensor.
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

    Attributes
    ----------
    name : str
        Name of its file, without the ending.
    description : str
        One line.
    cpu : str
        Name of its core.
    runtimes : mapping of str to Runtime
        {name: interpreter}, with the fastest kernel's first.
    source : mapping of str to str
        {fact: source of the fact}
    port : str
        Spelling of `--port` for a board without hardware.
    clock_mhz : int
        Clock in MHz; 0 if not applicable.
    fpu : bool or None
        Whether the hardware computes floats; None if undocumented.
    ram, psram, flash : int
        Total bytes on the board; 0 if not applicable.
    sensors : tuple of Sensor
        Sensors on the board.
    machine : Machine or None
        Emulator of a board without hardware.
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
        """The default runtime."""
        return next(iter(self.runtimes.values()))

    @property
    def kernels(self) -> tuple[str, ...]:
        """Kernels of the default runtime, the fastest first."""
        return self.first.kernels

    @property
    def ram_free(self) -> int | None:
        """Bytes free for Python after boot; see Runtime."""
        return self.first.ram_free

    @property
    def flash_free(self) -> int | None:
        """Bytes of the file system; see Runtime."""
        return self.first.flash_free

    @property
    def qemu(self) -> Machine:
        """The settings of QEMU; raises SpikeletError for a board that QEMU does not run."""
        if self.machine is None:
            raise UsageError(f"{self.name} is not an emulated board")
        return self.machine


def board_names() -> list[str]:
    """Return the names of all boards, sorted."""
    return sorted(path.stem for path in installation.board_folder().glob("*.toml"))


def qemu_ports() -> list[str]:
    """Return the ports of the boards that QEMU emulates, such as qemu:m3."""
    return [name.replace("-", ":", 1) for name in board_names() if name.startswith("qemu-")]


def load_board_type(name: str) -> BoardType:
    """Return the board called `name`.

    Raises
    ------
    SpikeletError
        If no board has this name, or its file lacks a fact or has an unknown one.
    """
    path = installation.board_folder() / f"{name}.toml"
    if name not in board_names():
        raise UsageError(f"no board is called {name!r}; there are: {', '.join(board_names())}")
    try:
        data = tomllib.loads(path.read_text("utf-8"))
        return _board(name, data)
    except (KeyError, TypeError, ValueError) as error:
        raise RefusedInput(f"{path} is not a board file: {error}") from None


def every() -> list[BoardType]:
    """Return all boards, sorted by name."""
    return [load_board_type(name) for name in board_names()]


def _spelled(machine: str) -> str:
    """Return a machine's name without the spelling differences between versions."""
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
    """Yield (fact, source) of nested tables; the tables' names precede the fact."""
    for fact, origin in source.items():
        if isinstance(origin, dict):
            yield from _flat(origin, f"{above}{fact}.")
        else:
            yield above + fact, origin
