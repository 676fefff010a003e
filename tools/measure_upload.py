"""Measure the upload of a file to a board's flash, with mpremote and with Spikelet in turn.

    python tools/measure_upload.py [--bytes 30000] [--runs 6]

The board is the emulated Pico. The tool prints medians: of the seconds that the host waits, and of the
seconds that pass on the board.
"""

from __future__ import annotations

import argparse
import random
import statistics
import time
from collections.abc import Callable

from mpremote.transport_serial import SerialTransport

from spikelet.boards import raw_repl, resolve
from spikelet.flashing.files_by_repl import BoardFiles

FILE = "measured.bin"


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--bytes", type=int, default=30_000)
    parser.add_argument("--runs", type=int, default=6)
    args = parser.parse_args()
    data = random.Random(30).randbytes(args.bytes)
    ways: dict[str, Callable[[SerialTransport], object]] = {
        "mpremote": lambda transport: transport.fs_writefile(FILE, data),
        "spikelet": lambda transport: list(
            BoardFiles(transport, everywhere=True).store({FILE: data})
        ),
    }
    seconds: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    with resolve.resolve("pico").powered() as board:
        for _ in range(args.runs):
            for name, way in ways.items():
                seconds[name].append(measured(board, way))
    for name, times in seconds.items():
        waited, passed = (statistics.median(column) for column in zip(*times, strict=True))
        print(f"{name}: {waited:.2f} s waited, {passed:.2f} s of the board")


def measured(board, way) -> tuple[float, float]:
    """Return the seconds that the host waits for an upload, and those that pass on the board."""
    with raw_repl.opened(board.name, board.device) as transport:
        start, before = time.monotonic(), board.stats()
        way(transport)
        waited, after = time.monotonic() - start, board.stats()
        transport.fs_rmfile(FILE)
    return waited, (after["cycles"] - before["cycles"]) / after["hertz"]


if __name__ == "__main__":
    main()
