"""Put the process of the virtual board behind a pseudo-terminal, a serial device."""

import contextlib
import os
import pty
import socket
import subprocess
import sys
import threading
import tty
from pathlib import Path

from spikelet.boards.virtual import emulated


class FakeSerialBoard:
    """A process with a raw REPL behind a pseudo-terminal; it keeps running between connections."""

    def __init__(self, folder: Path) -> None:
        command = [sys.executable, str(emulated.SERVE), str(folder)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        number = int(self.process.stdout.readline())
        self.connection = socket.create_connection(("127.0.0.1", number))
        self.ours, theirs = pty.openpty()
        tty.setraw(theirs)
        self.device = os.ttyname(theirs)
        # Kept open, so that the device outlives each of its users.
        self.theirs = theirs
        for pump in (self._to_board, self._to_host):
            threading.Thread(target=pump, daemon=True).start()

    def _to_board(self) -> None:
        with contextlib.suppress(OSError):
            while data := os.read(self.ours, 4096):
                self.connection.sendall(data)

    def _to_host(self) -> None:
        with contextlib.suppress(OSError):
            while data := self.connection.recv(4096):
                os.write(self.ours, data)

    def unplug(self) -> None:
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.connection.close()
        os.close(self.theirs)
        os.close(self.ours)
