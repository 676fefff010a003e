"""Resolves --port and opens a session, for the verbs that use a board."""

import argparse
import contextlib
from collections.abc import Iterator, Mapping, Sequence

from spikelet.boards import resolve
from spikelet.boards.port import Port
from spikelet.cli.show import show_board
from spikelet.errors import BoardGone, SpikeletError
from spikelet.flashing import flash, network_sensor
from spikelet.link.board_info import BoardInfo
from spikelet.link.link import Link
from spikelet.link.session import open_session
from spikelet.link.verify import check_identity
from spikelet.networks.network import Network
from spikelet.output import Output

# Names of a user's files in one line; JSON has them all.
SHOWN = 12


def port(args: argparse.Namespace, output: Output) -> Port:
    """Return the port of --port; without it the only attached board, or the virtual one."""
    port = resolve.resolve_or_default(args.port, args.timeout)
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
    port: Port, network: Network, kernel: str, output: Output, *, flash_other: bool = False
) -> Iterator[tuple[Link, BoardInfo]]:
    """Open a session with a board that holds `network`, and show the board.

    Parameters
    ----------
    port : Port
    network : Network
    kernel : str
    output : Output
    flash_other : bool
        Flash the network first if the board holds another one, or none.

    Yields
    ------
    (Link, BoardInfo)
    """
    if flash_other and not _holds(port, network):
        with output.progress("flashing") as progress:
            sensor = network_sensor.choose(network, replays=port.in_place)
            prepared = flash.prepare(port, network, flash.payload(network, sensor=sensor))
            report = flash.write_files(prepared, progress=progress, log=output.log)
        output.say(f"{report}; the board has loaded the network")
    with open_session(port, network, kernel, log=output.log) as (opened, info):
        show_board(port.name, info, output)
        yield opened, info


def _holds(port: Port, network: Network) -> bool:
    """Return whether a board has exactly this network in use."""
    try:
        with open_session(port) as (_, info):
            check_identity(network, info, port.name)
    except BoardGone:
        raise
    except SpikeletError:
        return False
    return True
