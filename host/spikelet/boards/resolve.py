"""Turn the value of `--port` into a port."""

from __future__ import annotations

from spikelet.boards.data_port import DataPort
from spikelet.boards.port import Port
from spikelet.boards.serial_port import SerialPort, attached, by_serial_number, the_only_one
from spikelet.boards.virtual import emulated, pico
from spikelet.boards.virtual.pico_data_port import PicoDataPort


def resolve_or_default(spelling: str | None) -> Port:
    """Return the port for `spelling`; by default the only attached board, or the virtual one.

    Raises
    ------
    SpikeletError
        See `resolve`.
    """
    if spelling is None:
        spelling = "auto" if attached() else "virtual"
    return resolve(spelling)


def resolve(spelling: str) -> Port:
    """Return the port for `spelling`.

    Parameters
    ----------
    spelling : str
        virtual, unix[:PATH], qemu:m3|m0|rv32[:ELF], pico[:UF2], data:DEVICE, data:pico:UF2; or as in
        mpremote: auto, id:SERIAL or a device.

    Raises
    ------
    SpikeletError
        If no board or several boards match, or the emulator is missing.
    """
    if (port := _emulated(spelling)) is not None:
        return port
    kind, _, rest = spelling.partition(":")
    if kind == "data":
        board = _emulated(rest)
        return PicoDataPort(board) if isinstance(board, pico.Pico) else DataPort(rest)
    if kind == "id":
        return SerialPort(by_serial_number(rest))
    if kind == "auto":
        return SerialPort(the_only_one())
    return SerialPort(rest if kind == "port" else spelling)


def _emulated(spelling: str) -> Port | None:
    """Return the port of a board without hardware, or None for another spelling."""
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
