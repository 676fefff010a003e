"""Resolves --port and opens a session, for the verbs that use a board."""

import argparse
import contextlib
from collections.abc import Iterator, Mapping, Sequence

from spikelet.boards import resolve
from spikelet.boards.port import Port
from spikelet.cli.show import show_board
from spikelet.link.board_info import BoardInfo
from spikelet.link.link import Link
from spikelet.link.session import open_session
from spikelet.networks.network import Network
from spikelet.output import Output

# Names of a user's files in one line; JSON has them all.
SHOWN = 12


def port(args: argparse.Namespace, output: Output) -> Port:
    """Return the port of --port; without it the only attached board, or the virtual one."""
    port = resolve.resolve_or_default(args.port)
    output.results["port"] = port.name
    return port


def show_others(others: Sequence[str], backups: Mapping[str, str], output: Output) -> None:
    """Show the files on a board that Spikelet did not write: kept ones, and renamed ones."""
    if others:
        names = ", ".join(map(_readable, others[:SHOWN]))
        more = f" and {len(others) - SHOWN} more" if others[SHOWN:] else ""
        output.say(f"kept, because Spikelet did not write it: {names}{more}")
    for path, backup in backups.items():
        output.say(
            f"{_readable(path)} is yours, but Spikelet needs this name: it is {_readable(backup)} now"
        )


def _readable(path: str) -> str:
    """Return a path with its control characters escaped."""
    return path if path.isprintable() else repr(path)


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
