"""Open and close sessions with the runtime of a board."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping

from spikelet.boards import data_port
from spikelet.boards.port import Port, SerialStream
from spikelet.errors import SpikeletError
from spikelet.link.board_info import BoardInfo
from spikelet.link.link import Link
from spikelet.link.verify import check_identity
from spikelet.networks.network import Network


def ignore(text: str) -> None:
    """Drop the text that a board prints."""


@contextlib.contextmanager
def open_session(
    port: Port,
    network: Network | None = None,
    kernel: str = "",
    *,
    paths: Mapping[str, str] | None = None,
    log: Callable[[str], None] = ignore,
) -> Iterator[tuple[Link, BoardInfo]]:
    """Start the runtime of a board and yield the link to it.

    Parameters
    ----------
    port : Port
    network : Network, optional
        The network that the board must hold.
    kernel : str
        The kernel to load the network with; empty for the fastest of the board.
    paths : mapping of str to str, optional
        {name: path} of files to load; the files in use by default.
    log : callable
        Called with the text that the board prints.

    Yields
    ------
    link : Link
    info : BoardInfo

    Raises
    ------
    SpikeletError
        If the board has no runtime, does not answer, lacks the kernel, or holds another network.
    """
    with port.session(paths) as stream:
        link = _link(stream, port, log)
        try:
            info = link.hello(kernel)
            if network is not None:
                check_identity(network, info, port.name)
            yield link, info
        finally:
            # Closing fails if the board is gone, and is then not necessary.
            with contextlib.suppress(SpikeletError):
                link.close()


def _link(stream: SerialStream, port: Port, log: Callable[[str], None]) -> Link:
    """Return a link; at a data port only the program of the board can answer."""
    if isinstance(port, data_port.DataPort):
        return Link(stream, port.name, log, attempts=data_port.ATTEMPTS, remedy=data_port.REMEDY)
    return Link(stream, port.name, log)
