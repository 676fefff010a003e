"""List the boards that tests run on, and skip or fail without them."""

import os

import pytest

from spikelet import installation
from spikelet.boards import resolve
from spikelet.errors import SpikeletError

CIRCUITPYTHON_UF2 = os.environ.get("SPIKELET_CIRCUITPYTHON_UF2", "circuitpython-pico.uf2")
"""CircuitPython's firmware for the emulated Pico: a path, or a name in the folder of built firmware."""

REQUIRED = os.environ.get("SPIKELET_REQUIRE_BOARDS") == "1"
"""Whether a missing board is a failure, if boards/emulated/build makes it; set in .ci/run."""

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


def absent(name: str, reason: str) -> None:
    """Skip a test because a board is not installed, or fail if it is required.

    No build makes micropython-ulab and circuitpython, the boards whose names begin with unix: .
    """
    if REQUIRED and not name.startswith("unix:"):
        pytest.fail(reason)
    pytest.skip(reason)


def circuitpython_pico(storage: str):
    """Return an emulated Pico with CircuitPython and an empty flash; without a firmware the test skips.

    Parameters
    ----------
    storage : str
        Folder of its flash.
    """
    try:
        board = resolve.resolve(f"pico:{CIRCUITPYTHON_UF2}")
    except SpikeletError as error:
        reason = (
            f"no CircuitPython on the emulated Pico ({error}); see docs/how-to/try-circuitpython.md"
        )
        return pytest.skip(reason)
    board.storage = storage
    (installation.cache_folder(board.storage) / "flash.bin").unlink(missing_ok=True)
    return board


def blank(name: str, storage: str = ""):
    """Return an emulated board with an empty flash.

    Parameters
    ----------
    name : str
    storage : str
        Folder of its flash, if not the board's own, which the tests share.
    """
    board = opened(name)
    board.storage = storage or board.storage
    (installation.cache_folder(board.storage) / "flash.bin").unlink(missing_ok=True)
    return board


def opened(name: str):
    """Return the board at a port; if it is missing, the test skips or fails."""
    try:
        return resolve.resolve(name)
    except SpikeletError as error:
        return absent(name, str(error))
