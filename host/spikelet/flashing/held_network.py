"""Reads the network on a board."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mpremote.transport import TransportExecError

from spikelet.boards.answers import ask
from spikelet.boards.port import Port
from spikelet.boards.start_code import FOLDER
from spikelet.errors import SpikeletError
from spikelet.flashing.layout import parse_listing
from spikelet.networks import lif_file
from spikelet.networks.answer_size import check_answer_size
from spikelet.networks.network import Network
from spikert.network.tables import TableError
from spikert.session import NETWORK

if TYPE_CHECKING:
    from mpremote.transport_serial import SerialTransport

# Bytes in one answer, and of the longest file.
READ_CHUNK = 512
LONGEST = 1 << 26


def read_virtual(folder: Path) -> Network | None:
    """Return the network in the file system of a virtual board; None without a usable one."""
    try:
        paths = parse_listing((folder / FOLDER / "active").read_bytes())
        return lif_file.from_bytes((folder / (paths or {})[NETWORK]).read_bytes())
    except (OSError, KeyError, SpikeletError, TableError):
        return None


def read_held_network(port: Port) -> tuple[Network, frozenset[str]]:
    """Return the network on a board, and the names of the files that were flashed with it.

    Returns
    -------
    network : Network
    names : frozenset of str
        Of network.lif, samples.bin and sensor.json those that the board has.

    Raises
    ------
    SpikeletError
        If the board has no network, or a damaged one.
    """
    with port.connect() as transport:
        transport.exec("import sys\n" + port.prelude)
        paths = ask(transport, "_paths", {str: str})
        # Code that starts from a ROM names the paths of all files, also of missing ones.
        names = frozenset(name for name, path in paths.items() if _exists(transport, path))
        data = _read(transport, paths.get(NETWORK, NETWORK))
    if data is None:
        raise SpikeletError(f"{port.name} holds no network; run spikelet flash")
    try:
        network = lif_file.from_bytes(data)
        check_answer_size(network)
        return network, names
    except TableError as error:
        raise SpikeletError(
            f"{port.name} holds a damaged network ({error}); flash it again"
        ) from None


def _exists(transport: SerialTransport, path: str) -> bool:
    try:
        transport.exec(f"import os\nos.stat({path!r})")
    except TransportExecError:
        return False
    return True


def _read(transport: SerialTransport, path: str) -> bytes | None:
    """Return the bytes of a file on a board, None if it cannot be read."""
    try:
        transport.exec(f"_file = open({path!r}, 'rb')")
    except TransportExecError:
        return None
    data = b""
    while len(data) < LONGEST:
        # The place makes a repeated request harmless.
        part = ask(transport, f"(_file.seek({len(data)}), _file.read({READ_CHUNK}))[1]", bytes)
        data += part
        if len(part) < READ_CHUNK:
            break
    transport.exec("_file.close()")
    return data
