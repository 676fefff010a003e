"""List the boards that tests run on, and skip or fail without them."""

import os

import pytest

from spikelet import installation
from spikelet.boards import resolve
from spikelet.errors import SpikeletError

REQUIRED = os.environ.get("SPIKELET_REQUIRE_BOARDS") == "1"
"""Whether a missing emulated board is a failure; set if everything is installed."""

BOARDS = {
    "virtual": ("ulab", "plain"),
    "unix": ("viper", "plain"),
    "qemu:m3": ("thumb", "viper", "plain"),
    "qemu:m0": ("thumb", "viper", "plain"),
    "qemu:rv32": ("viper", "plain"),
    "pico": ("thumb", "viper", "plain"),
    "unix:micropython-ulab": ("viper", "ulab", "plain"),
    "unix:circuitpython": ("viper", "ulab", "plain"),
}
"""The kernels of each board, fastest first."""


def marks(name: str):
    """Return the marks of a test on this board."""
    if name == "virtual":
        return ()
    return (pytest.mark.ulab,) if name.startswith("unix:") else (pytest.mark.emulated,)


def absent(reason: str) -> None:
    """Skip a test because something is not installed, or fail if it is required."""
    if REQUIRED:
        pytest.fail(reason)
    pytest.skip(reason)


def blank(name: str):
    """Return an emulated board with an empty flash."""
    board = opened(name)
    (installation.cache_folder(board.storage) / "flash.bin").unlink(missing_ok=True)
    return board


def opened(name: str):
    """Return the board at a port; if it is missing, the test skips or fails."""
    try:
        return resolve.resolve(name)
    except SpikeletError as error:
        return absent(str(error))
