"""The port that a spelling of `--port` means."""

from __future__ import annotations

from spikelet.boards.data_port import DataPort
from spikelet.boards.port import Port
from spikelet.boards.serial_port import SerialPort, attached, by_serial_number, the_only_one


def resolve_or_default(spelling: str | None) -> Port:
    """Return the port that `spelling` means; without one the only board attached, or the virtual one.

    Raises
    ------
    SpikeletError
        As `resolve` does.
    """
    if spelling is None:
        spelling = "auto" if attached() else "virtual"
    return resolve(spelling)


def resolve(spelling: str) -> Port:
    """Return the port that `spelling` means.

    virtual, unix[:PATH], qemu:m3|m0|rv32[:ELF], pico[:UF2], data:DEVICE, or as mpremote spells it:
    auto, id:SERIAL, a device
    Raises SpikeletError if there is none, or several, or the emulator is missing.
    """
    if (emulated := _emulated(spelling)) is not None:
        return emulated
    kind, _, rest = spelling.partition(":")
    if kind == "data":
        return DataPort(rest)
    if kind == "id":
        return SerialPort(by_serial_number(rest))
    if kind == "auto":
        return SerialPort(the_only_one())
    return SerialPort(rest if kind == "port" else spelling)


def _emulated(spelling: str) -> Port | None:
    """Return the board without hardware that `spelling` means, or None if it means another."""
    from spikelet.boards.virtual import emulated, pico

    kind, _, rest = spelling.partition(":")
    if kind == "virtual":
        return emulated.Virtual(spelling)
    if kind == "unix":
        return emulated.Unix(spelling, rest)
    if kind == "qemu":
        return emulated.Qemu(spelling, *rest.partition(":")[::2])
    if kind == "pico":
        return pico.Pico(spelling, rest)
    return None
