"""A board that is only a process, reached over a socket.

    python board.py FOLDER [INTERPRETER]

FOLDER is the board's file system. The process prints the port that it listens on, serves a raw REPL
to the first that connects there, and ends with the connection. Without an INTERPRETER, a MicroPython
or CircuitPython built for this computer, it is the virtual board: CPython, where the firmware finds
strict stand-ins for a board's modules, and nothing of Spikelet but what was flashed into FOLDER.
"""

import importlib.machinery
import io
import os
import socket
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

import repl  # beside this file, which runs as a script

HERE = Path(__file__).parent


class FlashedOnly:
    """Finds the firmware in the board's folder, never in the host's packages."""

    @staticmethod
    def find_spec(
        name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Return the spec of a module that was flashed."""
        if name.partition(".")[0] != "spikert":
            return None
        places = [place for place in sys.path if not os.path.isabs(place)]  # of the board, not here
        spec = importlib.machinery.PathFinder.find_spec(name, path or places, target)
        if spec is None:
            raise ModuleNotFoundError(f"no module named '{name}'", name=name)
        return spec


def accept() -> socket.socket:
    """Print a port, and return the first connection that comes to it."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        print(server.getsockname()[1], flush=True)
        connection, _ = server.accept()
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def become(interpreter: str, connection: socket.socket) -> None:
    """Turn this process into the interpreter, with the connection as its console."""
    os.dup2(connection.fileno(), 0)
    os.dup2(connection.fileno(), 1)
    os.execv(interpreter, [interpreter, str(HERE / "repl.py")])


def serve(connection: socket.socket) -> None:
    """Be the virtual board."""
    sys.dont_write_bytecode = True
    sys.path[:0] = [str(HERE / "modules"), "lib"]  # where libraries are on boards
    sys.meta_path.insert(0, FlashedOnly)
    reader = connection.makefile("rb")
    writer = connection.makefile("wb", buffering=0)
    sys.stdin = io.TextIOWrapper(reader)
    sys.stdout = io.TextIOWrapper(writer, write_through=True)
    repl.serve(reader, writer)


if __name__ == "__main__":
    os.chdir(sys.argv[1])
    if sys.argv[2:]:
        become(sys.argv[2], accept())
    else:
        serve(accept())
