"""Resolves --port and opens a session, for the verbs that use a board."""

import argparse
import contextlib
from collections.abc import Iterator

from spikelet.boards import resolve
from spikelet.boards.port import Port
from spikelet.cli.show import show_board
from spikelet.link.board_info import BoardInfo
from spikelet.link.link import Link
from spikelet.link.session import open_session
from spikelet.networks.network import Network
from spikelet.output import Output


def port(args: argparse.Namespace, output: Output) -> Port:
    """Return the port of --port; without it the only attached board, or the virtual one."""
    port = resolve.resolve_or_default(args.port, args.timeout)
    output.results["port"] = port.name
    return port


@contextlib.contextmanager
def link(
    port: Port, network: Network, kernel: str, output: Output
) -> Iterator[tuple[Link, BoardInfo]]:
    """Open a session with a board that holds `network`, and show the board.

    Yields
    ------
    (Link, BoardInfo)
    """
    with open_session(port, network, kernel, log=output.log) as (opened, info):
        show_board(port.name, info, output)
        yield opened, info
