"""Serve a board that is a process over a socket.

    python serve.py FOLDER [INTERPRETER]

FOLDER is the board's file system. The process prints its port, serves a raw REPL to the first
connection and ends with it. INTERPRETER is a MicroPython or CircuitPython for this computer. Without it,
the process is the virtual board: CPython with strict replacements for a board's modules. Code on it can
import these replacements and the files in FOLDER.
"""

import io
import os
import socket
import sys
from pathlib import Path

# A module of this file's folder, because the file runs as a script.
import repl

HERE = Path(__file__).parent


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
    sys.path.insert(0, str(HERE / "modules"))
    reader = connection.makefile("rb")
    writer = connection.makefile("wb", buffering=0)
    sys.stdin = io.TextIOWrapper(reader)
    sys.stdout = io.TextIOWrapper(writer, write_through=True)
    # Modules of the two folders, which see the streams above.
    import console  # noqa: PLC0415
    from board_modules import BoardModules  # noqa: PLC0415
    from kept import Kept  # noqa: PLC0415

    console.Console.connect(connection, reader)
    Kept.power_up(Path("..").resolve())
    board = BoardModules({"input": console.ask})
    repl.serve(reader, writer, {"__builtins__": board.builtins})


if __name__ == "__main__":
    os.chdir(sys.argv[1])
    if sys.argv[2:]:
        become(sys.argv[2], accept())
    else:
        serve(accept())
