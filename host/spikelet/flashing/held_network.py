"""Reads the network on a board."""

from __future__ import annotations

from spikelet.boards import raw_repl
from spikelet.boards.port import Port
from spikelet.errors import SpikeletError
from spikelet.networks import lif_file
from spikelet.networks.answer_size import check_answer_size
from spikelet.networks.network import Network
from spikert.network.tables import TableError
from spikert.session import NETWORK


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
        paths = transport.eval("_paths")
        try:
            data = transport.fs_readfile(
                paths.get(NETWORK, NETWORK), chunk_size=raw_repl.READ_CHUNK
            )
        except OSError:
            raise SpikeletError(f"{port.name} holds no network; run spikelet flash") from None
        # Code that starts from a ROM names the paths of all files, also of missing ones.
        names = frozenset(name for name, path in paths.items() if transport.fs_exists(path))
    try:
        network = lif_file.from_bytes(bytes(data))
        check_answer_size(network)
        return network, names
    except TableError as error:
        raise SpikeletError(
            f"{port.name} holds a damaged network ({error}); flash it again"
        ) from None
