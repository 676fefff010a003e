"""The network that a board holds."""

from __future__ import annotations

from spikelet.boards import raw_repl
from spikelet.boards.port import Port
from spikelet.errors import SpikeletError
from spikelet.networks import lif_file
from spikelet.networks.network import Network
from spikert.network.tables import TableError
from spikert.session import NETWORK


def held(port: Port) -> tuple[Network, frozenset[str]]:
    """Return the network that a board holds, and the names of all that was flashed with it.

    Raises SpikeletError if it holds no network, or a damaged one.
    """
    with port.connect() as transport:
        transport.exec("import sys\n" + port.prelude)
        paths = transport.eval("_paths")
        try:
            data = transport.fs_readfile(
                paths.get(NETWORK, NETWORK), chunk_size=raw_repl.READ_CHUNK
            )
        except OSError:
            raise SpikeletError(f"{port.name} holds no network; run spikelet flash") from None
        # A ROM names the places of all files, also of those that were not flashed.
        there = frozenset(name for name, path in paths.items() if transport.fs_exists(path))
    try:
        return lif_file.from_bytes(bytes(data)), there
    except TableError as error:
        raise SpikeletError(
            f"{port.name} holds a damaged network ({error}); flash it again"
        ) from None
