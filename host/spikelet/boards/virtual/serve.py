"""Serve a board that is a process over a socket.

    python serve.py FOLDER [INTERPRETER]

FOLDER is the board's file system. The process prints its port, serves a raw REPL to the first
connection and ends with it. INTERPRETER is a MicroPython or CircuitPython for this computer. Without it,
the process is the virtual board: CPython with strict replacements for a board's modules. Of Spikelet, it
can import only the files in FOLDER.
"""

import importlib.machinery
import io
import os
import socket
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

# A module of this file's folder, because the file runs as a script.
import repl

HERE = Path(__file__).parent


class Console(io.BufferedReader):
    """The input of the virtual board; Ctrl-C interrupts code that reads it, as on a real board."""

    def readinto(self, buffer: Any) -> int:
        """Read the bytes that have come, at least one; raise KeyboardInterrupt at Ctrl-C."""
        view = memoryview(buffer).cast("B")
        arrived = self.peek()[: len(view)]
        before, interrupt, _ = arrived.partition(repl.CTRL_C)
        if interrupt and not before:
            self.read(1)
            raise KeyboardInterrupt
        view[: len(before)] = self.read(len(before))
        return len(before)


class FlashedOnly:
    """Finder of the firmware in the board's folder, and never in the host's packages."""

    @staticmethod
    def find_spec(
        name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Return the spec of a flashed module; None for a module outside the firmware."""
        if name.partition(".")[0] != "spikert":
            return None
        # Relative paths are the board's, absolute ones are the host's.
        places = [place for place in sys.path if not os.path.isabs(place)]
        spec = importlib.machinery.PathFinder.find_spec(name, path or places, target)
        if spec is None:
            raise ModuleNotFoundError(f"no module named '{name}'", name=name)
        return spec


def accept() -> socket.socket:
    """Print a port and return the first connection to it."""
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
    """Run the virtual board until the connection ends."""
    sys.dont_write_bytecode = True
    # Boards have their libraries in lib.
    sys.path[:0] = [str(HERE / "modules"), "lib"]
    sys.meta_path.insert(0, FlashedOnly)
    reader = Console(connection.makefile("rb", buffering=0))
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
